//! The built-in rules over made-up captures: what they are there for, and what must leave them silent.

use std::sync::{Arc, OnceLock};

use sysreel::format::builder::{CaptureBuilder, text};
use sysreel::format::row::{Container, ContainerRow, FdRow, ThreadRow, UserRow};
use sysreel::format::schema::EventKind;
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::eval::evaluate_block;
use sysreel::replay::rules::{Compiler, builtin_rules};

/// Falco's numbers of open flags.
const O_RDONLY: i64 = 1;
const O_WRONLY: i64 = 2;
const O_CREAT: i64 = 4;
const O_APPEND: i64 = 8;
const O_TRUNC: i64 = 256;

/// `execve_flags`: the program lies in memory.
const EXE_FROM_MEMFD: u32 = 1 << 2;

/// The rules that a capture sets off, in the order of events.
fn alerts(capture: CaptureBuilder) -> Vec<String> {
    let mut compiler = Compiler::new();
    compiler.add_file(builtin_rules());
    let (rules, found) = compiler.build();
    assert!(found.is_empty(), "{found:#?}");
    let program = Program::compile(&rules, &Selection::default());
    let mut names = Vec::new();
    for block in capture.blocks() {
        for found in evaluate_block(&program, &block).unwrap() {
            names.push(program.rule(found.rule).unwrap().name.clone());
        }
    }
    names
}

fn container(name: &str, image: &str, privileged: bool) -> Arc<Container> {
    let (repository, tag) = image.split_once(':').unwrap();
    let details = ContainerRow {
        name: text(name),
        image: text(image),
        image_repository: text(repository),
        image_tag: text(tag),
        privileged: Some(privileged),
        ..ContainerRow::default()
    };
    let id: String = name.chars().cycle().take(64).collect();
    Arc::new(Container {
        id: text(&id[..12]),
        full_id: text(&id),
        details: OnceLock::from(details),
        ..Container::default()
    })
}

fn nginx() -> Option<Arc<Container>> {
    Some(container("nginx", "nginx:1.21", false))
}

/// A process of root's. Its parent is the container's shim, or what is given.
fn process(name: &str, container: Option<Arc<Container>>, parent: Option<&Arc<ThreadRow>>) -> ThreadRow {
    let shim = Arc::new(ThreadRow { tid: 50, pid: 50, comm: text("containerd-shim"), ..ThreadRow::default() });
    let parent = parent.cloned().unwrap_or(shim);
    ThreadRow {
        tid: 100,
        pid: 100,
        ppid: parent.pid,
        vpid: 7,
        vtid: 7,
        comm: text(name),
        exe: text(name),
        exepath: text(format!("/usr/bin/{name}")),
        parent: Some(parent),
        user: Some(Arc::new(UserRow { uid: 0, name: text("root"), ..UserRow::default() })),
        container,
        ..ThreadRow::default()
    }
}

fn exec(capture: &mut CaptureBuilder, thread: ThreadRow) -> Arc<ThreadRow> {
    let thread = Arc::new(thread);
    capture.event(EventKind::EXECVE, &thread).param("res", 0).happens();
    thread
}

fn open(capture: &mut CaptureBuilder, thread: &Arc<ThreadRow>, path: &str, flags: i64) {
    let fd = Arc::new(FdRow { num: 3, type_char: b'f', name: text(path), ..FdRow::default() });
    let event = capture.event(EventKind::OPENAT, thread).fd(&fd).path(path);
    event.param("fd", 3).param("dirfd", -100).param("name", path).param("flags", flags).happens();
}

/// The rules that opening a file so sets off.
fn alerts_of_open(thread: ThreadRow, path: &str, flags: i64) -> Vec<String> {
    let mut capture = CaptureBuilder::new();
    open(&mut capture, &Arc::new(thread), path, flags);
    alerts(capture)
}

#[test]
fn a_shell_in_a_container_and_the_directory_it_makes_are_seen() {
    let mut capture = CaptureBuilder::new();
    let shell = exec(&mut capture, ThreadRow { tty: 34816, ..process("sh", nginx(), None) });
    let mkdir = exec(&mut capture, ThreadRow { tty: 34816, ..process("mkdir", nginx(), Some(&shell)) });
    let event = capture.event(EventKind::MKDIR, &mkdir).path("/falco");
    event.param("res", 0).param("path", "falco").happens();
    assert_eq!(alerts(capture), ["Terminal shell in a container", "Write in the root directory"]);
}

#[test]
fn a_shell_on_the_host_or_without_a_terminal_is_not_seen() {
    let mut capture = CaptureBuilder::new();
    exec(&mut capture, ThreadRow { tty: 34816, ..process("bash", None, None) });
    exec(&mut capture, process("sh", nginx(), None));
    let shell = exec(&mut capture, process("sh", nginx(), None));
    exec(&mut capture, ThreadRow { tty: 34816, ..process("sh", nginx(), Some(&shell)) });
    let failed = Arc::new(ThreadRow { tty: 34816, ..process("sh", nginx(), None) });
    capture.event(EventKind::EXECVE, &failed).param("res", -2).happens();
    assert_eq!(alerts(capture), [""; 0]);
}

#[test]
fn a_changed_account_file_is_seen_however_it_is_changed() {
    let httpd = || Some(container("httpd", "httpd:2.4", false));
    let mut capture = CaptureBuilder::new();
    let shell = Arc::new(process("sh", httpd(), None));
    open(&mut capture, &shell, "/etc/passwd", O_WRONLY | O_CREAT | O_APPEND);
    let sed = Arc::new(process("sed", httpd(), None));
    let event = capture.event(EventKind::RENAME, &sed).path("/etc/passwd").source_path("/etc/sedAbCdEf");
    event.param("res", 0).param("oldpath", "/etc/sedAbCdEf").param("newpath", "/etc/passwd").happens();
    assert_eq!(alerts(capture), ["Write below /etc", "Write below /etc"]);
}

#[test]
fn those_who_may_write_below_etc_do_it_silently() {
    let dpkg = Arc::new(process("dpkg", nginx(), None));
    for thread in [
        process("dpkg", nginx(), None),
        process("sh", nginx(), Some(&dpkg)),
        process("useradd", None, None),
        process("systemd-sysuser", None, None),
        process("runc:[2:INIT]", nginx(), None),
    ] {
        assert_eq!(alerts_of_open(thread, "/etc/passwd", O_WRONLY), [""; 0]);
    }
    assert_eq!(alerts_of_open(process("useradd", nginx(), None), "/etc/passwd", O_WRONLY), ["Write below /etc"]);
    assert_eq!(alerts_of_open(process("sh", None, None), "/etc/passwd", O_RDONLY), [""; 0]);
    assert_eq!(alerts_of_open(process("dhclient", None, None), "/etc/resolv.conf", O_WRONLY), [""; 0]);
}

#[test]
fn a_package_manager_in_a_container_is_seen_once() {
    let mut capture = CaptureBuilder::new();
    let apt = exec(&mut capture, process("apt-get", nginx(), None));
    let dpkg = exec(&mut capture, process("dpkg", nginx(), Some(&apt)));
    let script = exec(&mut capture, process("sh", nginx(), Some(&dpkg)));
    exec(&mut capture, process("dpkg-trigger", nginx(), Some(&script)));
    open(&mut capture, &dpkg, "/usr/local/bin/tool.dpkg-new", O_WRONLY | O_CREAT);
    exec(&mut capture, process("apt-get", None, None));
    assert_eq!(alerts(capture), ["Package management in a container"]);
}

#[test]
fn writes_and_reads_of_what_matters_are_seen() {
    let of = |name: &str, path: &str, flags: i64| alerts_of_open(process(name, nginx(), None), path, flags);
    assert_eq!(of("curl", "/usr/bin/ls", O_WRONLY | O_TRUNC), ["Write below a binary directory"]);
    assert_eq!(of("curl", "/root/.ssh/authorized_keys", O_WRONLY), ["Write below /root"]);
    assert_eq!(of("bash", "/root/.bash_history", O_WRONLY), [""; 0]);
    assert_eq!(of("curl", "/tool", O_WRONLY | O_CREAT), ["Write in the root directory"]);
    assert_eq!(of("curl", "/srv/tool", O_WRONLY | O_CREAT), [""; 0]);
    assert_eq!(of("cat", "/etc/shadow", O_RDONLY), ["Sensitive file read by an untrusted program"]);
    assert_eq!(of("cat", "/root/.ssh/id_ed25519", O_RDONLY), ["Sensitive file read by an untrusted program"]);
    assert_eq!(of("cat", "/home/alice/.ssh/id_rsa.pub", O_RDONLY), [""; 0]);
    assert_eq!(of("sshd", "/etc/shadow", O_RDONLY), [""; 0]);
    assert_eq!(of("sh", "/var/log/auth.log", O_WRONLY | O_TRUNC), ["Log file cleared"]);
    assert_eq!(of("nginx", "/var/log/nginx/access.log", O_WRONLY | O_APPEND), [""; 0]);
    assert_eq!(of("logrotate", "/var/log/auth.log", O_WRONLY | O_TRUNC), [""; 0]);
}

#[test]
fn steps_out_of_a_container_are_seen() {
    let mut capture = CaptureBuilder::new();
    exec(&mut capture, process("kubectl", nginx(), None));
    let privileged = Some(container("tools", "tools:1", true));
    exec(&mut capture, ThreadRow { vpid: 1, ..process("sleep", privileged, None) });
    let nsenter = Arc::new(process("nsenter", nginx(), None));
    capture.event(EventKind::SETNS, &nsenter).param("res", 0).happens();
    let runc = Arc::new(process("runc:[1:CHILD]", nginx(), None));
    capture.event(EventKind::SETNS, &runc).param("res", 0).happens();
    let insmod = Arc::new(process("insmod", nginx(), None));
    capture.event(EventKind::FINIT_MODULE, &insmod).param("res", 0).happens();
    let modprobe = Arc::new(process("modprobe", None, None));
    capture.event(EventKind::FINIT_MODULE, &modprobe).param("res", 0).happens();
    assert_eq!(
        alerts(capture),
        [
            "Kubernetes or container client in a container",
            "Privileged container started",
            "Namespace changed by an unexpected program",
            "Kernel module loaded",
        ]
    );
}

#[test]
fn folders_of_the_node_in_a_container_are_seen_when_it_starts() {
    let with = |source: &str| {
        let mounts = format!(
            r#"[{{"source":"{source}","dest":"/host","mode":"","rdwr":true,"propagation":"rprivate"}},
                {{"source":"/srv","dest":"/data","mode":"","rdwr":false,"propagation":"rprivate"}}]"#
        );
        let plain = container("tools", "tools:1", false);
        let details = ContainerRow { mounts_json: text(mounts), ..plain.details.get().unwrap().clone() };
        let (id, full_id) = (plain.id.clone(), plain.full_id.clone());
        let details = OnceLock::from(details);
        let container = Some(Arc::new(Container { id, full_id, details, ..Container::default() }));
        let mut capture = CaptureBuilder::new();
        exec(&mut capture, ThreadRow { vpid: 1, ..process("sleep", container, None) });
        alerts(capture)
    };
    for source in ["/", "/etc", "/etc/kubernetes/pki", "/root/.ssh", "/var/run/docker.sock", "/var/lib/kubelet"] {
        assert_eq!(with(source), ["Container with a sensitive folder of its node started"], "{source}");
    }
    for source in ["/etc/localtime", "/var/lib/kubelet/pods/1/volumes/token", "/var/log", "/srv/web"] {
        assert_eq!(with(source), [""; 0], "{source}");
    }
}

#[test]
fn a_connection_to_the_api_server_is_seen() {
    let mut capture = CaptureBuilder::new();
    let curl = Arc::new(process("curl", nginx(), None));
    let to = |address: [u8; 4], port: u16| {
        let name = format!("10.1.0.7:40000->{}.{}.{}.{}:{port}", address[0], address[1], address[2], address[3]);
        Arc::new(FdRow {
            num: 3,
            type_char: b'4',
            name: text(name),
            l4proto: 1,
            role: 1,
            client_ip: text([10, 1, 0, 7]),
            client_port: 40000,
            server_ip: text(address),
            server_port: port,
            ..FdRow::default()
        })
    };
    for fd in [to([10, 96, 0, 1], 443), to([192, 168, 3, 4], 6443), to([93, 184, 216, 34], 443)] {
        capture.event(EventKind::CONNECT, &curl).fd(&fd).param("res", 0).happens();
    }
    let coredns = Arc::new(process("coredns", nginx(), None));
    capture.event(EventKind::CONNECT, &coredns).fd(&to([10, 96, 0, 1], 443)).param("res", 0).happens();
    assert_eq!(alerts(capture), ["Connection to the Kubernetes API server from a container"; 2]);
}

#[test]
fn programs_in_memory_and_attached_debuggers_are_seen() {
    const PTRACE_TRACEME: i64 = 1;
    const PTRACE_ATTACH: i64 = 11;
    const PTRACE_SEIZE: i64 = 20;
    let mut capture = CaptureBuilder::new();
    let in_memory = |name: &str| ThreadRow {
        exepath: text("memfd:payload (deleted)"),
        exe_flags: EXE_FROM_MEMFD,
        ..process(name, None, Some(&Arc::new(process("sh", None, None))))
    };
    exec(&mut capture, in_memory("payload"));
    exec(&mut capture, in_memory("runc:[2:INIT]"));
    let attach = |capture: &mut CaptureBuilder, name: &str, container, request: i64| {
        let thread = Arc::new(process(name, container, None));
        let event = capture.event(EventKind::PTRACE, &thread).param("res", 0);
        event.param("request", request).param("pid", 42).happens();
    };
    attach(&mut capture, "reader", None, PTRACE_ATTACH);
    attach(&mut capture, "reader", None, PTRACE_TRACEME);
    attach(&mut capture, "gdb", None, PTRACE_ATTACH);
    attach(&mut capture, "gdb", nginx(), PTRACE_SEIZE);
    assert_eq!(
        alerts(capture),
        ["Program run from memory", "Attached to another process", "Attached to another process"]
    );
}
