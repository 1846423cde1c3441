//! The scan of made-up trees, and of the test's own process.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::capture::state::SnapshotFd;
use crate::format::row::fd_flags;

const CLOCK: ClockBase = ClockBase { offset_ns: 1_000_000_000_000, error_ns: 0, sampled_ns: 0 };

/// A tree of processes in a scratch folder.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new() -> Tree {
        let tree = Tree { folder: tempfile::tempdir().unwrap() };
        tree.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        tree.write("etc/group", "root:x:0:\n");
        tree.write("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\n");
        tree.write("proc/self/net/fib_trie", "     |-- 10.0.0.7\n        /32 host LOCAL\n");
        tree
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn thread(&self, pid: i64, tid: i64, ppid: i64, namespaces: &str) {
        let stat =
            format!("{tid} (t{tid}) S {ppid} {pid} {pid} 34816 1 0 5 0 6 0 0 0 0 0 20 0 1 0 {} 0 0\n", pid * 100);
        let status = format!(
            "Name:\tt\nTgid:\t{pid}\nUid:\t1000\t33\t0\t0\nGid:\t1000\t34\t0\t0\nNStgid:\t{pid}{namespaces}\n\
             NSpid:\t{tid}{namespaces}\nNSpgid:\t{pid}{namespaces}\nNSsid:\t{pid}{namespaces}\nVmSize:\t 64 kB\n\
             CapEff:\t00000000000000ff\n"
        );
        if pid == tid {
            self.write(&format!("proc/{pid}/stat"), &stat);
            self.write(&format!("proc/{pid}/status"), &status);
        }
        self.write(&format!("proc/{pid}/task/{tid}/stat"), &stat);
        self.write(&format!("proc/{pid}/task/{tid}/status"), &status);
    }

    fn process(&self, pid: i64, ppid: i64) {
        self.thread(pid, pid, ppid, "");
        self.write(&format!("proc/{pid}/cmdline"), &format!("/bin/p{pid}\0one\0two\0"));
        self.write(&format!("proc/{pid}/environ"), "HOME=/root\0");
        self.write(&format!("proc/{pid}/cgroup"), "0::/a.slice\n");
        self.write(&format!("proc/{pid}/loginuid"), "1000");
        self.write(&format!("proc/{pid}/limits"), "Max open files            1024  4096  files\n");
        self.link(&format!("proc/{pid}/exe"), "/bin/true (deleted)");
        self.link(&format!("proc/{pid}/cwd"), "/home");
        self.link(&format!("proc/{pid}/root"), "/");
        self.link(&format!("proc/{pid}/ns/net"), "net:[1]");
        fs::create_dir_all(self.path(&format!("proc/{pid}/fd"))).unwrap();
    }

    fn fd(&self, pid: i64, num: i64, target: &str, info: &str) {
        self.link(&format!("proc/{pid}/fd/{num}"), target);
        self.write(&format!("proc/{pid}/fdinfo/{num}"), info);
    }

    fn scan(&self) -> ProcScan {
        ProcScan::new(CLOCK).with_root(self.folder.path())
    }
}

fn find(snapshot: &Snapshot, tid: i64) -> &SnapshotThread {
    snapshot.threads.iter().find(|thread| thread.row.tid == tid).unwrap()
}

fn text(text: &Text) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[test]
fn a_process_and_its_threads_are_told_in_full() {
    let tree = Tree::new();
    tree.process(1, 0);
    tree.process(20, 1);
    tree.thread(20, 21, 1, "");
    let snapshot = tree.scan().host();
    assert_eq!(snapshot.threads.len(), 3);
    assert_eq!(snapshot.notes, Vec::<String>::new());
    assert_eq!(snapshot.local_addresses, ["10.0.0.7".parse::<IpAddr>().unwrap()]);
    let SnapshotThread { row, uid, gid, .. } = find(&snapshot, 20);
    assert_eq!((row.tid, row.pid, row.ppid, row.pgid, row.sid, *uid, *gid), (20, 20, 1, 20, 20, 33, 34));
    assert_eq!((text(&row.exe), text(&row.args)), ("/bin/p20".to_owned(), "one\0two\0".to_owned()));
    assert_eq!((text(&row.env), text(&row.cgroups)), ("HOME=/root\0".to_owned(), "cpu=/a.slice\0".to_owned()));
    assert_eq!((text(&row.cwd), text(&row.root)), ("/home".to_owned(), "/".to_owned()));
    assert_eq!(text(&row.exepath), "/bin/true (deleted)");
    assert_eq!((row.loginuid, row.fdlimit, row.tty, row.cap_effective), (1000, 1024, 34816, 255));
    assert_eq!((row.clone_ts_ns, row.pidns_init_start_ns), (1_020_000_000_000, 1_001_000_000_000));
    let thread = &find(&snapshot, 21).row;
    assert_eq!(
        (thread.tid, thread.pid, text(&thread.comm), text(&thread.exe)),
        (21, 20, "t21".into(), "/bin/p20".into())
    );
}

#[test]
fn of_ancestors_only_names_are_read_and_strangers_are_left_out() {
    let tree = Tree::new();
    for (pid, ppid) in [(1, 0), (5, 1), (6, 5), (7, 6), (8, 7), (9, 1)] {
        tree.process(pid, ppid);
        tree.fd(pid, 0, "/dev/null", "flags:\t02\n");
    }
    let snapshot = tree.scan().processes(&[7, 4_000_000]);
    let mut tids: Vec<i64> = snapshot.threads.iter().map(|thread| thread.row.tid).collect();
    tids.sort_unstable();
    assert_eq!(tids, [1, 5, 6, 7, 8]);
    for tid in [1, 5, 6] {
        let ancestor = find(&snapshot, tid);
        assert!(ancestor.fds.is_empty() && ancestor.row.env.is_empty() && ancestor.row.cwd.is_empty());
        assert_eq!(text(&ancestor.row.exe), format!("/bin/p{tid}"));
    }
    for tid in [7, 8] {
        let recorded = find(&snapshot, tid);
        assert!(recorded.fds.len() == 1 && !recorded.row.env.is_empty());
    }
}

#[test]
fn descriptors_get_types_names_and_flags() {
    let tree = Tree::new();
    tree.process(20, 1);
    tree.write("there", "");
    let file = tree.path("there").to_str().unwrap().to_owned();
    let folder = tree.folder.path().to_str().unwrap().to_owned();
    tree.fd(20, 0, &file, "pos:\t0\nflags:\t0100001\n");
    tree.fd(20, 1, &folder, "flags:\t02200000\n");
    tree.fd(20, 2, "pipe:[77]", "flags:\t01\n");
    tree.fd(20, 3, "anon_inode:[eventpoll]", "flags:\t02000002\n");
    tree.fd(20, 4, "/memfd:m (deleted)", "flags:\t02\n");
    tree.fd(20, 5, "anon_inode:[pidfd]", "flags:\t02000002\nPid:\t20\n");
    tree.fd(20, 6, "socket:[100]", "flags:\t02\n");
    tree.fd(20, 7, "socket:[101]", "flags:\t02\n");
    tree.fd(20, 8, "socket:[102]", "flags:\t02\n");
    tree.fd(20, 9, "socket:[103]", "flags:\t02\n");
    tree.fd(20, 10, "socket:[104]", "flags:\t02\n");
    let rest = "00000000:00000000 00:00000000 00000000 0 0";
    tree.write(
        "proc/20/net/tcp",
        &format!(
            "heading\n 0: 00000000:0050 00000000:0000 0A {rest} 100 1\n 1: 0700000A:0050 0100007F:1000 01 {rest} 101\n \
             2: 0700000A:9000 0100000A:0051 01 {rest} 102\n"
        ),
    );
    tree.write("proc/20/net/unix", "heading\n0: 00000003 00000000 00000000 0001 03 103 /run/x\n");
    tree.write("proc/20/net/netlink", "heading\n0 0 0 00000000 0 0 0 2 0 104\n");
    let snapshot = tree.scan().host();
    let fds = &find(&snapshot, 20).fds;
    let told: Vec<_> = fds.iter().map(|fd| (fd.row.type_char as char, text(&fd.row.name), fd.close_on_exec)).collect();
    let expected = [
        ('f', file.as_str(), false),
        ('d', folder.as_str(), true),
        ('p', "pipe:[77]", false),
        ('l', "", true),
        ('m', "m", false),
        ('P', "/proc/20", true),
        ('4', "0.0.0.0:80", false),
        ('4', "127.0.0.1:4096->10.0.0.7:80", false),
        ('4', "10.0.0.7:36864->10.0.0.1:81", false),
        ('u', "/run/x", false),
        ('n', "", false),
    ];
    assert_eq!(told, expected.map(|(kind, name, cloexec)| (kind, name.to_owned(), cloexec)));
    assert_eq!((fds[0].row.open_flags, fds[1].row.open_flags & 0x1401), (2, 0x1401));
    assert_eq!(fds[2].row.ino, 77);
    assert!(fds[0].row.ino != 0 && fds[0].row.dev != 0);
    let sockets: Vec<_> = fds[6..9].iter().map(|fd| (fd.row.l4proto, fd.row.role, fd.row.flags)).collect();
    assert_eq!(sockets, [(1, 0, fd_flags::SERVER_SOCKET), (1, 3, fd_flags::CONNECTED), (1, 1, fd_flags::CONNECTED)]);
}

#[test]
fn an_inner_pid_namespace_has_numbers_and_a_start_of_its_own() {
    let tree = Tree::new();
    for (pid, inner) in [(1, ""), (30, "\t1"), (31, "\t2")] {
        tree.process(pid, 0);
        tree.thread(pid, pid, 0, inner);
        if pid != 1 {
            tree.link(&format!("proc/{pid}/ns/pid"), "pid:[55]");
        }
    }
    let snapshot = tree.scan().host();
    let row = &find(&snapshot, 31).row;
    assert_eq!((row.vtid, row.vpid, row.vpgid, row.sid, row.pgid), (2, 2, 2, 2, 31));
    assert_eq!(row.pidns_init_start_ns, 1_030_000_000_000);
}

#[test]
fn torn_and_missing_files_cost_only_what_they_hold() {
    let tree = Tree::new();
    tree.process(20, 1);
    tree.process(21, 20);
    tree.write("proc/22/task/22/stat", "22 (x");
    fs::create_dir_all(tree.path("proc/23")).unwrap();
    fs::remove_dir_all(tree.path("proc/21/fd")).unwrap();
    fs::remove_file(tree.path("proc/21/exe")).unwrap();
    fs::remove_file(tree.path("proc/20/environ")).unwrap();
    fs::create_dir(tree.path("proc/20/environ")).unwrap();
    tree.fd(20, 0, "socket:[9]", "");
    tree.fd(20, 1, "pipe:[]", "flags:\tx\n");
    let snapshot = tree.scan().host();
    assert_eq!(snapshot.threads.len(), 2);
    assert_eq!(find(&snapshot, 20).fds.len(), 2);
    assert_eq!(snapshot.notes.len(), 1);
    assert!(snapshot.notes[0].starts_with("cannot read an environment, once: "), "{:?}", snapshot.notes);
    assert_eq!(ProcScan::new(CLOCK).with_root(Path::new("/nowhere")).host().threads.len(), 0);
}

#[test]
fn a_look_up_finds_a_thread_and_reads_little_of_its_parent() {
    let tree = Tree::new();
    for (pid, ppid) in [(1, 0), (20, 1)] {
        tree.process(pid, ppid);
        tree.fd(pid, 0, "pipe:[7]", "flags:\t02\n");
    }
    tree.thread(20, 21, 1, "");
    tree.write("proc/21/status", "Tgid:\t20\n");
    let mut scan = tree.scan();
    let thread = scan.look_up(21, 0).unwrap();
    assert_eq!((thread.row.tid, thread.row.pid, thread.fds.len()), (21, 20, 0));
    assert!(!thread.row.env.is_empty());
    assert_eq!(scan.look_up(20, 20).unwrap().fds.len(), 1);
    let parent = scan.look_up(1, 1).unwrap();
    assert!(parent.fds.is_empty() && parent.row.env.is_empty());
    assert!(scan.look_up(99, 20).is_none());
    assert!(scan.look_up(-4, 0).is_none());
    scan.host();
    scan.look_up(20, 20).unwrap();
    assert_eq!(scan.look_up(1, 1).unwrap().fds.len(), 1);
}

fn fd_of(thread: &SnapshotThread, num: RawFd) -> &SnapshotFd {
    thread.fds.iter().find(|fd| fd.row.num == i64::from(num)).unwrap()
}

#[test]
fn this_test_is_found_with_its_facts_and_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = fs::File::create(folder.path().join("file")).unwrap();
    file.write_all(b"x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(folder.path().join("sock")).unwrap();
    let (pair, _other) = UnixStream::pair().unwrap();
    let pid = i64::from(std::process::id());
    let clock = ClockBase::sample().unwrap();
    let thread = ProcScan::new(clock).look_up(pid, pid).unwrap();
    let row = &thread.row;
    assert_eq!((row.tid, row.pid, row.ppid), (pid, pid, i64::from(std::os::unix::process::parent_id())));
    assert_eq!(text(&row.exepath), std::env::current_exe().unwrap().to_str().unwrap());
    assert_eq!(text(&row.cwd), std::env::current_dir().unwrap().to_str().unwrap());
    assert_eq!(text(&row.exe), std::env::args().next().unwrap());
    assert!(row.clone_ts_ns < clock.sampled_ns && row.clone_ts_ns > clock.sampled_ns - 3_600_000_000_000);
    assert!(row.exe_ino != 0 && row.vm_rss_kb > 0 && row.fdlimit > 0);
    let opened = fd_of(&thread, file.as_raw_fd());
    assert_eq!((opened.row.type_char, opened.close_on_exec, opened.row.open_flags), (b'f', true, 0x1002));
    assert_eq!(text(&opened.row.name), folder.path().join("file").to_str().unwrap());
    let (here, there) = (listener.local_addr().unwrap(), client.local_addr().unwrap());
    assert_eq!(text(&fd_of(&thread, listener.as_raw_fd()).row.name), here.to_string());
    for end in [&client, &server] {
        let row = &fd_of(&thread, end.as_raw_fd()).row;
        assert_eq!((text(&row.name), row.role, row.l4proto), (format!("{there}->{here}"), 3, 1));
    }
    let row = &fd_of(&thread, udp.as_raw_fd()).row;
    assert_eq!((text(&row.name), row.l4proto), (udp.local_addr().unwrap().to_string(), 2));
    let row = &fd_of(&thread, unix.as_raw_fd()).row;
    assert_eq!((row.type_char, text(&row.name)), (b'u', folder.path().join("sock").to_str().unwrap().to_owned()));
    let row = &fd_of(&thread, pair.as_raw_fd()).row;
    assert_eq!((row.type_char, row.flags), (b'u', fd_flags::CONNECTED));
}

#[test]
fn a_child_is_found_with_environment_and_pipe() {
    let mut child = Command::new("sleep")
        .arg("60")
        .env_clear()
        .env("MARK", "here")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = i64::from(child.id());
    let thread = ProcScan::new(CLOCK).look_up(pid, pid);
    child.kill().unwrap();
    child.wait().unwrap();
    let thread = thread.unwrap();
    assert_eq!((text(&thread.row.env), text(&thread.row.args)), ("MARK=here\0".to_owned(), "60\0".to_owned()));
    assert_eq!(thread.row.ppid, i64::from(std::process::id()));
    assert_eq!((fd_of(&thread, 0).row.type_char, text(&fd_of(&thread, 1).row.name)), (b'p', "/dev/null".to_owned()));
    assert!(ProcScan::new(CLOCK).look_up(pid, pid).is_none());
}
