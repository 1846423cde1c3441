use super::{RecordBuilder, Task, blob_id, call, minus};

fn check(rows: &[(RecordBuilder, &str)]) {
    for (record, expected) in rows {
        assert_eq!(record.shown(), *expected);
    }
}

fn task(tid: u32, pid: u32, ppid: u32, vtid: u32, vpid: u32, comm: &str) -> Task {
    let mut name = [0; 16];
    name[..comm.len()].copy_from_slice(comm.as_bytes());
    Task {
        tid,
        pid,
        ppid,
        vtid,
        vpid,
        pgid: 23720,
        vpgid: 23721,
        sid: 1,
        vsid: 1,
        tty: 34817,
        loginuid: u32::MAX,
        uid: 1000,
        gid: 100,
        exe_flags: 1,
        cap_inheritable: 0,
        cap_permitted: 0x1ff_feff_ffff,
        cap_effective: 0x1ff_feff_dfff,
        exe_ino: 943_051,
        exe_ino_ctime_ns: 1_700_000_000_000_000_001,
        exe_ino_mtime_ns: 1_700_000_000_000_000_002,
        start_boottime_ns: 5,
        pidns_init_start_ns: 226_869_495,
        vm_size_kb: 512,
        vm_rss_kb: 4,
        vm_swap_kb: 1 << 40,
        pf_major: 1,
        pf_minor: 112,
        fdlimit: 20_000,
        cgroup_id: 7,
        comm: name,
    }
}

/// The facts that clone events carry between `res` and `flags`.
fn facts(ids: &str) -> String {
    format!(
        "exe='/bin/sh' args='/usr/local/bin/x.sh\\x00' {ids} cwd='/tmp/fo' fdlimit=20000 pgft_maj=1 pgft_min=112 \
         vm_size=512 vm_rss=4 vm_swap=4294967295 comm='x.sh' cgroups='cpu=/\\x00memory=/user\\x00'"
    )
}

fn with_blobs(record: RecordBuilder, task: &Task) -> RecordBuilder {
    record
        .task(task)
        .blob(blob_id::ARGV, b"/bin/sh\0/usr/local/bin/x.sh\0")
        .blob(blob_id::CWD, b"fo\0tmp\0")
        .blob(blob_id::CGROUPS, b"cpu=/\0memory=/user\0")
}

#[test]
fn a_clone_is_told_by_parent_and_child() {
    let flags = 0x120_0011; // CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD
    let parent = task(23720, 23720, 23719, 23720, 23720, "x.sh");
    let child = task(23721, 23721, 23720, 23721, 23721, "x.sh");
    let nested = task(23877, 23876, 23874, 4, 3, "x.sh");
    let thread = 0x3d_0f00;
    check(&[
        (
            with_blobs(call("clone", 23721, &[flags]), &parent).blob(blob_id::CHILD, child.as_bytes()),
            &format!(
                "clone res=23721 {} flags=0x1800000 uid=1000 gid=100 vtid=23720 vpid=23720 pidns_init_start_ts=0",
                facts("tid=23720 pid=23720 ptid=23719")
            ),
        ),
        (
            with_blobs(call("clone", 0, &[flags]), &child),
            &format!(
                "clone res=0 {} flags=0x1800000 uid=1000 gid=100 vtid=23721 vpid=23721 pidns_init_start_ts=227869495",
                facts("tid=23721 pid=23721 ptid=23720")
            ),
        ),
        (
            with_blobs(call("clone3", 0, &[1, 88]).longs(0, &[thread]), &nested),
            &format!(
                "clone3 res=0 {} flags=0x2280ba03 uid=1000 gid=100 vtid=4 vpid=3 pidns_init_start_ts=227869495",
                facts("tid=23877 pid=23876 ptid=23874")
            ),
        ),
        (
            with_blobs(call("vfork", 23721, &[]), &parent),
            &format!(
                "vfork res=23721 {} flags=0x0 uid=1000 gid=100 vtid=23720 vpid=23720 pidns_init_start_ts=0",
                facts("tid=23720 pid=23720 ptid=23719")
            ),
        ),
    ]);
}

#[test]
fn a_child_that_an_earlier_unshare_moved_is_in_a_pid_namespace_of_its_own() {
    let parent = task(50, 50, 1, 50, 50, "unshare");
    let child = task(51, 51, 50, 1, 1, "unshare");
    let flags_of = |record: RecordBuilder| {
        let shown = record.task(&parent).blob(blob_id::CHILD, child.as_bytes()).shown();
        shown.split(' ').find_map(|word| word.strip_prefix("flags=").map(str::to_owned)).unwrap()
    };
    assert_eq!(flags_of(call("clone", 51, &[0x120_0011])), "0x21800000");
    // The reference has no such mark where the clone itself asked for the namespace.
    assert_eq!(flags_of(call("clone", 51, &[0x2000_0011])), "0x40");
}

#[test]
fn a_record_without_facts_keeps_what_the_header_says() {
    check(&[(
        call("fork", -11, &[]),
        "fork res=-11 exe=- args=- tid=11 pid=10 ptid=- cwd=- fdlimit=- pgft_maj=- pgft_min=- vm_size=- vm_rss=- \
         vm_swap=- comm=- cgroups=- flags=0x0 uid=- gid=- vtid=- vpid=- pidns_init_start_ts=0",
    )]);
}

#[test]
fn an_exec_that_worked_has_the_new_image() {
    let new = task(23720, 23720, 23719, 23720, 23720, "x.sh");
    let exec = |name: &str| {
        with_blobs(call(name, 0, &[]).record_type(3), &new)
            .blob(blob_id::ENVP, b"PATH=/bin\0A=1\0")
            .blob(blob_id::EXEPATH, b"dash\0bin\0usr\0")
            .blob(blob_id::FILENAME, b"/usr/local/bin/x.sh\0")
    };
    let expected = format!(
        "execve res=0 {} env='PATH=/bin\\x00A=1\\x00' tty=34817 vpgid=23721 loginuid=4294967295 flags=0x1 \
         cap_inheritable=0x0 cap_permitted=0x1fffeffffff cap_effective=0x1fffeffdfff exe_ino=943051 \
         exe_ino_ctime=1700000000000000001 exe_ino_mtime=1700000000000000002 uid=1000 \
         trusted_exepath='/usr/bin/dash' pgid=23720 gid=100 filename='/usr/local/bin/x.sh'",
        facts("tid=23720 pid=23720 ptid=23719")
    );
    check(&[(exec("execve"), &expected), (exec("execveat"), &expected)]);
}

#[test]
fn an_exec_that_failed_keeps_its_kind_and_what_was_asked_for() {
    let old = task(23232, 23232, 23186, 23232, 23232, "renamed-main");
    let shown = call("execveat", -2, &[]).task(&old).blob(blob_id::ARGV, b"x\0").shown();
    assert!(shown.starts_with("execveat res=-2 exe='x' args='' tid=23232 "), "{shown}");
    assert!(shown.contains(" comm='renamed-main' "), "{shown}");
    assert!(shown.ends_with(" trusted_exepath=- pgid=23720 gid=100"), "{shown}");
    let shown = call("execve", -2, &[1]).text(0, "/bin/nope").marked_blob(blob_id::ARGV, 2, b"").shown();
    assert!(shown.starts_with("execve res=-2 exe=- args=- "), "{shown}");
    assert!(shown.ends_with(" filename='/bin/nope'"), "{shown}");
}

#[test]
fn arguments_cut_short_still_end_in_nul() {
    let shown = |argv: &[u8]| call("execve", -7, &[]).marked_blob(blob_id::ARGV, 1, argv).shown();
    assert!(shown(b"true\0LLLL").starts_with("execve res=-7 exe='true' args='LLLL\\x00' "));
    assert!(shown(b"tru").starts_with("execve res=-7 exe='tru' args='' "));
    assert!(shown(b"\0").starts_with("execve res=-7 exe='' args='' "));
    assert!(shown(b"a\0\0\0").starts_with("execve res=-7 exe='a' args='\\x00\\x00' "));
}

#[test]
fn paths_are_joined_from_the_root_down() {
    let cwd = |components: &[u8]| {
        let shown = call("fork", 1, &[]).blob(blob_id::CWD, components).shown();
        shown.split(' ').find_map(|word| word.strip_prefix("cwd=").map(str::to_owned)).unwrap()
    };
    assert_eq!(cwd(b"c\0b\0a\0"), "'/a/b/c'");
    assert_eq!(cwd(b"c\0b\0a\0/\0"), "'/a/b/c'");
    assert_eq!(cwd(b"/\0"), "'/'");
    assert_eq!(cwd(b""), "'/'");
}

#[test]
fn an_executable_in_memory_has_a_name_and_no_folder() {
    let memfd = Task { exe_flags: 5, ..task(1, 1, 0, 1, 1, "payload") };
    let exec = call("execve", 0, &[]).record_type(3).task(&memfd).blob(blob_id::EXEPATH, b"memfd:payload\0");
    assert!(exec.shown().contains(" trusted_exepath='memfd:payload' "), "{}", exec.shown());
}

#[test]
fn an_exit_is_split_into_status_and_signal() {
    let exit = |status, reaper| call("exit_group", status, &[reaper]).record_type(2);
    check(&[
        (exit(0, 0), "procexit status=0 ret=0 sig=0 core=0 reaper_tid=0"),
        (exit(32512, 1), "procexit status=32512 ret=127 sig=0 core=0 reaper_tid=1"),
        (exit(15, 0), "procexit status=15 ret=0 sig=15 core=0 reaper_tid=0"),
        (exit(139, 23215), "procexit status=139 ret=0 sig=11 core=1 reaper_tid=23215"),
    ]);
}

#[test]
fn what_a_process_asks_of_itself() {
    check(&[
        (call("setsid", -1, &[]), "setsid res=-1"),
        (call("setpgid", -3, &[99999, 1]), "setpgid res=-3 pid=99999 pgid=1"),
        (call("prctl", 0, &[15, 1]).text(1, "worker-1"), "prctl res=0 option=15 arg2_str='worker-1' arg2_int=0"),
        (call("prctl", 0, &[38, 1]), "prctl res=0 option=38 arg2_str=- arg2_int=1"),
        (call("prctl", 0, &[37, 1]).blob(1, b"\x01\0"), "prctl res=0 option=37 arg2_str=- arg2_int=1"),
        (call("prctl", 0, &[37, 1]).blob(1, b"\0"), "prctl res=0 option=37 arg2_str=- arg2_int=0"),
        (call("unshare", -22, &[0x12345]), "unshare res=-22 flags=0xa402"),
        (call("setns", -22, &[3, 0x2_0000]), "setns res=-22 fd=3 nstype=0x20"),
        (call("chroot", -2, &[1]).text(0, "/does/not/exist"), "chroot res=-2 path='/does/not/exist'"),
        (call("seccomp", -14, &[2, 0]), "seccomp res=-14 op=2 flags=0x0"),
        (
            call("capset", 0, &[1, 2]).words(1, &[0xfeff_dfff, 0xfeff_ffff, 1, 0x1ff, 0x1ff, 0]),
            "capset res=0 cap_inheritable=0x1 cap_permitted=0x1fffeffffff cap_effective=0x1fffeffdfff",
        ),
        (
            call("capset", -1, &[1, 2]).task(&task(1, 1, 0, 1, 1, "a")),
            "capset res=-1 cap_inheritable=0x0 cap_permitted=0x1fffeffffff cap_effective=0x1fffeffdfff",
        ),
    ]);
}

#[test]
fn tracing_shows_what_was_read_and_which_signal_goes_on() {
    check(&[
        (
            call("ptrace", 0, &[2, 23223, 0x5606_b74b_a290, 1]).blob(3, b"/var\0\0\0\0"),
            "ptrace res=0 addr=0090a24bb706560000 data=002f76617200000000 request=3 pid=23223",
        ),
        (call("ptrace", 0, &[7, 23223, 0, 0]), "ptrace res=0 addr=000000000000000000 data=0100 request=8 pid=23223"),
        (
            call("ptrace", -3, &[16, 2_097_152, 7, 7]),
            "ptrace res=-3 addr=000000000000000000 data=000000000000000000 request=11 pid=2097152",
        ),
        (
            call("ptrace", -5, &[12345, 1, 0, 0]),
            "ptrace res=-5 addr=000000000000000000 data=000000000000000000 request=0 pid=1",
        ),
    ]);
}

#[test]
fn ids_and_limits() {
    let all = minus(1);
    check(&[
        (call("setuid", -1, &[0]), "setuid res=-1 uid=0"),
        (call("setreuid", 0, &[all, 1001]), "setreuid res=0 ruid=4294967295 euid=1001"),
        (call("setresuid", 0, &[all, 0, all]), "setresuid res=0 ruid=4294967295 euid=0 suid=4294967295"),
        (call("getuid", 65534, &[]), "getuid uid=65534"),
        (
            call("getresgid", 0, &[1, 2, 3]).words(0, &[33]).words(1, &[34]).words(2, &[35]),
            "getresgid res=0 rgid=33 egid=34 sgid=35",
        ),
        (call("getresuid", -14, &[1, 2, 3]), "getresuid res=-14 ruid=- euid=- suid=-"),
        (
            call("setrlimit", 0, &[1, 1]).longs(1, &[1 << 20, 1 << 21]),
            "setrlimit res=0 cur=1048576 max=2097152 resource=1",
        ),
        (
            call("getrlimit", 0, &[3, 1]).longs(1, &[8_388_608, u64::MAX]),
            "getrlimit res=0 cur=8388608 max=-1 resource=3",
        ),
        (
            call("prlimit64", 0, &[0, 7, 1, 0]).longs(2, &[256, 20_000]),
            "prlimit res=0 newcur=256 newmax=20000 oldcur=0 oldmax=0 pid=0 resource=7",
        ),
        (
            call("prlimit64", -3, &[1 << 21, 6, 0, 1]),
            "prlimit res=-3 newcur=0 newmax=0 oldcur=-1 oldmax=-1 pid=2097152 resource=6",
        ),
        (call("prlimit64", -22, &[0, 99]), "prlimit res=-22 newcur=0 newmax=0 oldcur=-1 oldmax=-1 pid=0 resource=255"),
        (call("pidfd_open", -3, &[1 << 21, 0]), "pidfd_open fd=-3 pid=2097152 flags=0x0"),
        (call("pidfd_getfd", 5, &[3, 4, 0]), "pidfd_getfd fd=5 pid_fd=3 target_fd=4 flags=0x0"),
        (call("nanosleep", 0, &[1]).longs(0, &[1, 500]), "nanosleep res=0 interval=1000000500"),
    ]);
}
