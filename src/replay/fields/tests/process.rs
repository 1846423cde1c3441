//! Threads, users, groups, containers.

use std::sync::Arc;

use super::*;

#[test]
fn a_process_shows_itself_and_its_ancestors() {
    check(
        |capture| event(capture, EventKind::CLOSE).param("res", 0).param("fd", 9).happens(),
        &[
            ("proc.name", "cat"),
            ("proc.exe", "/bin/cat"),
            ("proc.args", "-A /etc/two words"),
            ("proc.args[1]", "/etc/two words"),
            ("proc.args[2]", ""),
            ("proc.cmdline", "cat -A /etc/two words"),
            ("proc.exeline", "/bin/cat -A /etc/two words"),
            ("proc.cmdnargs", "2"),
            ("proc.cmdlenargs", "16"),
            ("proc.env[HOME]", "/root"),
            ("proc.env[NONE]", ""),
            ("proc.env", "HOME=/root PATH=/bin"),
            ("proc.cwd", "/tmp/w/"),
            ("proc.pname", "run.sh"),
            ("proc.pcmdline", "run.sh"),
            ("proc.pvpid", "5"),
            ("proc.ppid", "200"),
            ("proc.aname", "run.sh unshare"),
            ("proc.aname[0]", "cat"),
            ("proc.aname[2]", "unshare"),
            ("proc.aname[3]", "<NA>"),
            ("proc.apid", "210"),
            ("proc.apid[1]", "200"),
            ("proc.sname", "run.sh"),
            ("proc.pgid.name", "cat"),
            ("proc.loginshellid", "200"),
            ("proc.duration", "1005"),
            ("proc.ppid.duration", "<NA>"),
            ("proc.ppid.ts", "0"),
            ("proc.is_sid_leader", "false"),
            ("proc.is_vpgid_leader", "true"),
            ("proc.stdin.name", "<NA>"),
            ("thread.ismain", "true"),
            ("thread.cgroup.memory", "/b"),
            ("thread.cgroups", "cpu=/a memory=/b"),
            ("thread.cap_effective", ""),
            ("user.uid", "<NA>"),
            ("user.loginuid", "-1"),
            ("user.loginname", "<NA>"),
            ("container.id", "host"),
            ("container.name", "host"),
            ("container.image", ""),
            ("container.privileged", "false"),
            ("k8s.pod.name", "<NA>"),
            ("proc.nthreads", "<NA>"),
        ],
    );
}

#[test]
fn a_test_of_any_ancestor_sees_them_all() {
    let mut capture = CaptureBuilder::new();
    event(&mut capture, EventKind::CLOSE).happens();
    let block = capture.blocks().remove(0);
    let facts = CaptureFacts::default();
    let view = BlockView::new(&block, &facts);
    let table = block.table(EventKind::CLOSE).unwrap();
    let row = EventRow::new(&view, &table, 0);
    let names = FieldValue::List(vec![FieldValue::text(b"run.sh"), FieldValue::text(b"unshare")]);
    assert_eq!(value(&row, "proc.aname", Purpose::Test), names);
    assert_eq!(
        value(&row, "proc.apid", Purpose::Test),
        FieldValue::List(vec![FieldValue::Int(200), FieldValue::Int(1)])
    );
}

#[test]
fn users_groups_and_containers_are_the_threads() {
    let details = ContainerRow {
        name: text("web"),
        runtime: text("docker"),
        image: text("nginx:1.21"),
        image_repository: text("nginx"),
        image_tag: text("1.21"),
        privileged: Some(true),
        labels_json: text(r#"{"app":"web","tier":"front"}"#),
        mounts_json: text(
            r#"[{"source":"/etc","dest":"/host/etc","mode":"ro","rdwr":false,"propagation":"rprivate"}]"#,
        ),
        pod_name: text("web-0"),
        pod_sandbox_id: text("0123456789abcdef"),
        ..ContainerRow::default()
    };
    let container = Container { id: text("4f1c9e0b7d2a"), full_id: text("4f1c9e0b7d2a8356"), ..Container::default() };
    container.details.set(details).unwrap();
    let root = Arc::new(UserRow { uid: 0, name: text("root"), home: text("/root"), shell: text("/bin/bash") });
    let thread = Arc::new(ThreadRow {
        user: Some(Arc::clone(&root)),
        group: Some(Arc::new(GroupRow { gid: 33, name: text("") })),
        loginuid: 1000,
        login_user: Some(Arc::new(UserRow { uid: 1000, name: text("alice"), ..UserRow::default() })),
        container: Some(Arc::new(container)),
        cap_effective: 1 | 1 << 21,
        pidns_init_start_ns: STORY_START_NS,
        ..shell()
    });
    check(
        |capture| {
            capture
                .event(EventKind::SETRESUID, &thread)
                .fd(&file(3, b'f', "/x"))
                .param("res", 0)
                .param("ruid", i64::from(u32::MAX))
                .param("euid", 0)
                .param("suid", 77)
                .happens();
        },
        &[
            ("evt.args", "res=0 ruid=-1(<NONE>) euid=0(root) suid=77(<NA>)"),
            ("user.uid", "0"),
            ("user.name", "root"),
            ("user.shell", "/bin/bash"),
            ("user.loginuid", "1000"),
            ("user.loginname", "alice"),
            ("group.gid", "33"),
            ("group.name", "<NA>"),
            ("container.id", "4f1c9e0b7d2a"),
            ("container.full_id", "4f1c9e0b7d2a8356"),
            ("container.name", "web"),
            ("container.type", "docker"),
            ("container.image", "nginx:1.21"),
            ("container.image.repository", "nginx"),
            ("container.image.digest", ""),
            ("container.privileged", "true"),
            ("container.host_pid", "false"),
            ("container.label.app", "web"),
            ("container.label.none", "<NA>"),
            ("container.labels", "app:web, tier:front"),
            ("container.mounts", "/etc:/host/etc:ro:false:rprivate"),
            ("container.mount.dest[/etc]", "/host/etc"),
            ("container.mount.source[/host/*]", "/etc"),
            ("container.mount.mode[0]", "ro"),
            ("container.duration", "1000"),
            ("k8s.pod.name", "web-0"),
            ("k8s.ns.name", "<NA>"),
            ("k8s.pod.sandbox_id", "0123456789ab"),
            ("thread.cap_effective", "CAP_CHOWN CAP_SYS_ADMIN"),
            ("fd.containername", "4f1c9e0b7d2a:/x"),
        ],
    );
}

#[test]
fn a_thread_without_a_process_lacks_what_falco_asks_its_first_thread_for() {
    let lone = Arc::new(ThreadRow {
        tid: 16_518,
        pid: -1,
        ppid: -1,
        vtid: -1,
        vpid: -1,
        comm: text("<NA>"),
        ..ThreadRow::default()
    });
    check(
        |capture| capture.event(EventKind::CLOSE, &lone).param("res", 0).happens(),
        &[
            ("proc.name", "<NA>"),
            ("proc.pid", "-1"),
            ("proc.cwd", "./"),
            ("proc.vpid", "<NA>"),
            ("thread.vtid", "<NA>"),
            ("thread.cgroups", "<NA>"),
            ("proc.apid[0]", "<NA>"),
            ("proc.aenv[1]", ""),
            ("proc.fdlimit", "0"),
        ],
    );
}
