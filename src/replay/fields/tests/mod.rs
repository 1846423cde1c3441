//! Values of fields, event by event, as Falco prints them.

mod audit;
mod process;

use std::sync::Arc;

use super::*;
use crate::format::builder::{CaptureBuilder, STORY_START_NS, Story, text};
use crate::format::row::{Container, ContainerRow, FdRow, GroupRow, ThreadRow, UserRow, fd_flags};
use crate::format::schema::EventKind;

/// A field as rule files write it, on an event that is told.
fn of<'s>(tell: impl FnOnce(&mut CaptureBuilder), fields: &[&'s str]) -> Vec<(&'s str, String)> {
    let mut capture = CaptureBuilder::new();
    tell(&mut capture);
    let block = capture.blocks().remove(0);
    let facts = CaptureFacts { host_name: "story".to_owned(), first_ts_ns: STORY_START_NS };
    let view = BlockView::new(&block, &facts);
    let (kind, rows) = block.kinds()[block.kinds().len() - 1];
    let table = block.table(kind).unwrap();
    let row = EventRow::new(&view, &table, rows as usize - 1);
    fields.iter().map(|name| (*name, value(&row, name, Purpose::Print).to_text())).collect()
}

fn value<'b>(row: &EventRow<'_, 'b>, name: &str, purpose: Purpose) -> FieldValue<'b> {
    let (base, arg) = match name.split_once('[') {
        Some((base, arg)) => (base, arg.strip_suffix(']').unwrap()),
        None => match ["evt.arg.", "evt.rawarg.", "evt.abspath.", "thread.cgroup.", "container.label."]
            .iter()
            .find(|prefix| name.starts_with(**prefix))
        {
            Some(prefix) => (prefix.strip_suffix('.').unwrap(), &name[prefix.len()..]),
            None => (name, ""),
        },
    };
    let arg = match (arg, arg.parse()) {
        ("", _) => Argument::None,
        (_, Ok(index)) => Argument::Index(index),
        (key, Err(_)) => Argument::Key(key),
    };
    field_value(lookup(base).unwrap_or_else(|| panic!("no field {base}")), arg, row, purpose).unwrap()
}

fn check(tell: impl FnOnce(&mut CaptureBuilder), expected: &[(&str, &str)]) {
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    let found = of(tell, &names);
    let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(found, expected);
}

fn shell() -> ThreadRow {
    ThreadRow {
        tid: 210,
        pid: 210,
        ppid: 200,
        vtid: 7,
        vpid: 7,
        pgid: 210,
        vpgid: 7,
        sid: 5,
        loginuid: u32::MAX,
        comm: text("cat"),
        exe: text("/bin/cat"),
        exepath: text("/usr/bin/cat"),
        args: text("-A\0/etc/two words\0"),
        env: text("HOME=/root\0PATH=/bin\0"),
        cwd: text("/tmp/w"),
        cgroups: text("cpu=/a\0memory=/b\0"),
        clone_ts_ns: STORY_START_NS - 5,
        parent: Some(Arc::new(ThreadRow {
            tid: 200,
            pid: 200,
            comm: text("run.sh"),
            exe: text("/bin/sh"),
            vpid: 5,
            sid: 5,
            parent: Some(Arc::new(ThreadRow { tid: 1, pid: 1, comm: text("unshare"), ..ThreadRow::default() })),
            ..ThreadRow::default()
        })),
        ..ThreadRow::default()
    }
}

fn event(capture: &mut CaptureBuilder, kind: EventKind) -> Story<'_> {
    capture.event(kind, &Arc::new(shell()))
}

fn file(num: i64, letter: u8, name: &str) -> Arc<FdRow> {
    Arc::new(FdRow { num, type_char: letter, name: text(name), ..FdRow::default() })
}

fn socket(role: u8) -> Arc<FdRow> {
    Arc::new(FdRow {
        num: 4,
        type_char: b'4',
        name: text("127.0.0.1:60684->10.0.0.2:18080"),
        l4proto: 1,
        role,
        client_ip: text([127, 0, 0, 1]),
        client_port: 60684,
        server_ip: text([10, 0, 0, 2]),
        server_port: 18080,
        flags: fd_flags::CONNECTED,
        ..FdRow::default()
    })
}

#[test]
fn an_opened_file_shows_flags_mode_and_path() {
    check(
        |capture| {
            event(capture, EventKind::OPENAT)
                .fd(&file(3, b'f', "/tmp/w/new.txt"))
                .path("/tmp/w/new.txt")
                .param("fd", 3)
                .param("dirfd", -100)
                .param("name", "new.txt")
                .param("flags", 4 + 2 + 256 + 16384)
                .param("mode", 0o666)
                .param("dev", 0xFE00)
                .param("ino", 602)
                .happens();
        },
        &[
            (
                "evt.args",
                "fd=3(<f>/tmp/w/new.txt) dirfd=-100(AT_FDCWD) name=new.txt(/tmp/w/new.txt) \
                 flags=16646(O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED) mode=0666 dev=FE00 ino=602",
            ),
            ("evt.arg.fd", "<f>/tmp/w/new.txt"),
            ("evt.arg[0]", "<f>/tmp/w/new.txt"),
            ("evt.arg.dirfd", "AT_FDCWD"),
            ("evt.arg.name", "/tmp/w/new.txt"),
            ("evt.rawarg.name", "new.txt"),
            ("evt.rawarg.flags", "4106"),
            ("evt.rawarg.dirfd", "-100"),
            ("evt.arg.path", "<NA>"),
            ("evt.type", "openat"),
            ("evt.category", "file"),
            ("evt.res", "SUCCESS"),
            ("evt.rawres", "3"),
            ("evt.failed", "false"),
            ("evt.is_open_read", "false"),
            ("evt.is_open_write", "true"),
            ("evt.is_open_exec", "false"),
            ("evt.is_open_create", "true"),
            ("evt.count.error.file", "0"),
            ("evt.count.error.net", "<NA>"),
            ("evt.abspath", "/tmp/w/new.txt"),
            ("fs.path.name", "/tmp/w/new.txt"),
            ("fs.path.nameraw", "new.txt"),
            ("fs.path.source", "<NA>"),
            ("fd.name", "/tmp/w/new.txt"),
            ("fd.directory", "/tmp/w"),
            ("fd.filename", "new.txt"),
            ("fd.type", "file"),
            ("fd.typechar", "f"),
            ("fd.uid", "2103"),
            ("fd.containername", ":/tmp/w/new.txt"),
            ("fd.containerdirectory", ":/tmp/w"),
            ("fd.l4proto", "<NA>"),
            ("fd.sip", "<NA>"),
            ("evt.reltime", "1000"),
            ("evt.rawtime.ns", "1000"),
            ("evt.num", "1"),
            ("evt.cpu", "0"),
            ("evt.hostname", "story"),
        ],
    );
}

#[test]
fn a_failed_open_has_the_error_and_the_path() {
    check(
        |capture| {
            event(capture, EventKind::OPENAT)
                .fd(&file(-1, b'f', "/etc/missing"))
                .path("/etc/missing")
                .param("fd", -2)
                .param("dirfd", 9)
                .param("name", "missing")
                .param("flags", 4096 + 3)
                .param("mode", 0)
                .happens();
        },
        &[
            (
                "evt.args",
                "fd=-2(ENOENT) dirfd=9(<d>/etc) name=missing(/etc/missing) flags=4099(O_RDWR|O_CLOEXEC) mode=0 \
                 dev=<NA> ino=<NA>",
            ),
            ("evt.res", "ENOENT"),
            ("evt.count.error", "1"),
            ("evt.count.error.file", "1"),
            ("evt.is_open_read", "true"),
            ("evt.is_open_write", "true"),
            ("fs.path.name", "/etc/missing"),
            ("fd.num", "-1"),
            ("fd.name", "/etc/missing"),
            ("fd.typechar", "f"),
            ("fd.type", "<NA>"),
            ("fd.filename", "<NA>"),
            ("fd.directory", "/etc"),
            ("evt.arg.dev", "<NA>"),
        ],
    );
}

#[test]
fn a_failed_call_on_a_path_shows_it_in_its_argument_only() {
    check(
        |capture| {
            event(capture, EventKind::UNLINKAT)
                .fd(&file(-100, 0, ""))
                .path("/tmp/w/gone")
                .param("res", -2)
                .param("dirfd", -100)
                .param("name", "gone")
                .param("flags", 0)
                .happens();
        },
        &[
            ("evt.args", "res=-2(ENOENT) dirfd=-100(AT_FDCWD) name=gone(/tmp/w/gone) flags=0"),
            ("fs.path.name", "<NA>"),
            ("evt.abspath", "/tmp/w/gone"),
            ("fd.num", "-100"),
            ("fd.name", ""),
            ("fd.typechar", "o"),
            ("fd.directory", "/"),
            ("evt.count.error.other", "1"),
        ],
    );
}

#[test]
fn a_link_has_a_source_and_a_target() {
    check(
        |capture| {
            event(capture, EventKind::LINKAT)
                .path("/tmp/w/f1")
                .source_path("/tmp/w/h1")
                .param("res", 0)
                .param("olddir", -100)
                .param("oldpath", "f1")
                .param("newdir", -100)
                .param("newpath", "h1")
                .param("flags", 0)
                .happens();
        },
        &[
            (
                "evt.args",
                "res=0 olddir=-100(AT_FDCWD) oldpath=f1(/tmp/w/f1) newdir=-100(AT_FDCWD) newpath=h1(/tmp/w/h1) flags=0",
            ),
            ("fs.path.source", "/tmp/w/h1"),
            ("fs.path.sourceraw", "h1"),
            ("fs.path.target", "/tmp/w/f1"),
            ("fs.path.targetraw", "f1"),
            ("fs.path.name", "<NA>"),
            ("evt.abspath.src", "/tmp/w/f1"),
            ("evt.abspath.dst", "/tmp/w/h1"),
        ],
    );
}

#[test]
fn a_connection_shows_both_ends() {
    let tuple = [2, 127, 0, 0, 1, 0x0C, 0xED, 10, 0, 0, 2, 0xA0, 0x46];
    let tell = |role| {
        move |capture: &mut CaptureBuilder| {
            event(capture, EventKind::CONNECT)
                .fd(&socket(role))
                .param("res", -115)
                .param("tuple", &tuple)
                .param("fd", 4)
                .param("addr", &[2, 10, 0, 0, 2, 0xA0, 0x46])
                .happens();
        }
    };
    check(
        tell(1),
        &[
            (
                "evt.args",
                "res=-115(EINPROGRESS) tuple=127.0.0.1:60684->10.0.0.2:18080 \
                 fd=4(<4t>127.0.0.1:60684->10.0.0.2:18080) addr=10.0.0.2:18080",
            ),
            ("evt.category", "net"),
            ("evt.count.error.net", "1"),
            ("fd.type", "ipv4"),
            ("fd.sockfamily", "ip"),
            ("fd.l4proto", "tcp"),
            ("fd.cip", "127.0.0.1"),
            ("fd.sip", "10.0.0.2"),
            ("fd.lip", "127.0.0.1"),
            ("fd.rip", "10.0.0.2"),
            ("fd.lport", "60684"),
            ("fd.rport", "18080"),
            ("fd.sproto", "18080"),
            ("fd.is_server", "false"),
            ("fd.connected", "true"),
            ("fd.ip", "<NA>"),
            ("fd.net", "<NA>"),
            ("fd.snet", "<IPNET>"),
            ("fd.directory", "<NA>"),
        ],
    );
    check(tell(2), &[("fd.lip", "10.0.0.2"), ("fd.rip", "127.0.0.1"), ("fd.is_server", "true")]);
}

#[test]
fn reads_and_writes_are_about_what_they_read_and_write() {
    check(
        |capture| {
            event(capture, EventKind::WRITE)
                .fd(&file(1, b'p', ""))
                .param("res", 6)
                .param("data", "udp\tq\n")
                .param("fd", 1)
                .param("size", 6)
                .happens();
        },
        &[
            ("evt.args", "res=6 data=udp.q. fd=1(<p>) size=6"),
            ("evt.category", "ipc"),
            ("evt.buffer", "udp.q."),
            ("evt.buflen", "6"),
            ("evt.io_dir", "write"),
            ("evt.is_io", "true"),
            ("evt.is_io_write", "true"),
            ("evt.is_io_read", "false"),
            ("evt.is_syslog", "false"),
        ],
    );
}

#[test]
fn numbers_with_words_show_both() {
    check(
        |capture| {
            event(capture, EventKind::TGKILL)
                .param("res", 0)
                .param("pid", 200)
                .param("tid", 999)
                .param("sig", 9)
                .happens();
        },
        &[("evt.args", "res=0 pid=200(run.sh) tid=999 sig=9(SIGKILL)"), ("evt.arg.sig", "SIGKILL")],
    );
    check(
        |capture| {
            event(capture, EventKind::SOCKET)
                .fd(&file(3, b'u', ""))
                .param("fd", 3)
                .param("domain", 1)
                .param("type", 1)
                .param("proto", 0)
                .param("flags", 0)
                .happens();
        },
        &[("evt.args", "fd=3(<u>) domain=1(AF_LOCAL|AF_UNIX) type=1 proto=0 flags=0(O_NONE)")],
    );
    check(
        |capture| {
            event(capture, EventKind::FCHMODAT)
                .param("res", 0)
                .param("dirfd", -100)
                .param("filename", "/tmp/x")
                .param("mode", 0o755)
                .happens();
        },
        &[(
            "evt.args",
            "res=0 dirfd=-100(AT_FDCWD) filename=/tmp/x \
             mode=0755(S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR)",
        )],
    );
    check(
        |capture| {
            event(capture, EventKind::NANOSLEEP).param("res", 0).param("interval", 1_000_999_203_i64).happens();
        },
        &[("evt.args", "res=0 interval=1000999203(1.000999203s)"), ("evt.is_wait", "true"), ("evt.category", "sleep")],
    );
    check(
        |capture| event(capture, EventKind::PIPE2).param("res", 0).param("fd1", 3).param("fd2", 4).happens(),
        &[("evt.args", "res=0 fd1=3(<p>) fd2=4(<p>) ino=<NA> flags=<NA>"), ("evt.category", "IPC")],
    );
    check(
        |capture| {
            event(capture, EventKind::LSEEK).param("res", 4).param("offset", -60).param("whence", 1).happens();
        },
        &[("evt.arg.offset", "-60"), ("evt.arg.whence", "SEEK_CUR"), ("evt.rawarg.offset", "18446744073709551556")],
    );
}

#[test]
fn a_generic_event_is_the_call_it_says() {
    check(
        |capture| event(capture, EventKind::SYSCALL).param("ID", 15).param("nativeID", 8).happens(),
        &[
            ("evt.type", "lseek"),
            ("syscall.type", "lseek"),
            ("evt.category", "other"),
            ("evt.args", ""),
            ("evt.res", "<NA>"),
        ],
    );
}

#[test]
fn names_of_other_threads_are_those_of_the_time() {
    let old = Arc::new(ThreadRow { tid: 300, pid: 300, comm: text("old"), ..ThreadRow::default() });
    let new = Arc::new(ThreadRow { comm: text("new"), ..(*old).clone() });
    let killer = Arc::new(shell());
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::CLOSE, &old).happens();
    capture.event(EventKind::KILL, &killer).param("pid", 300).happens();
    capture.event(EventKind::CLOSE, &new).happens();
    capture.event(EventKind::KILL, &killer).param("pid", 300).happens();
    let block = capture.blocks().remove(0);
    let facts = CaptureFacts::default();
    let view = BlockView::new(&block, &facts);
    let table = block.table(EventKind::KILL).unwrap();
    let name = |row| value(&EventRow::new(&view, &table, row), "evt.arg.pid", Purpose::Print).to_text();
    assert_eq!([name(0), name(1)], ["old", "new"]);
}

#[test]
fn a_thread_that_has_ended_has_no_name_until_its_id_is_used_again() {
    let old = Arc::new(ThreadRow { tid: 300, pid: 300, comm: text("old"), ..ThreadRow::default() });
    let new = Arc::new(ThreadRow { comm: text("new"), ..(*old).clone() });
    let killer = Arc::new(shell());
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::CLOSE, &old).happens();
    capture.event(EventKind::KILL, &killer).param("pid", 300).happens();
    capture.event(EventKind::PROCEXIT, &old).happens();
    capture.event(EventKind::KILL, &killer).param("pid", 300).happens();
    capture.event(EventKind::CLOSE, &new).happens();
    capture.event(EventKind::KILL, &killer).param("pid", 300).happens();
    let block = capture.blocks().remove(0);
    let facts = CaptureFacts::default();
    let view = BlockView::new(&block, &facts);
    let table = block.table(EventKind::KILL).unwrap();
    let name = |row| value(&EventRow::new(&view, &table, row), "evt.arg.pid", Purpose::Print).to_text();
    assert_eq!([name(0), name(1), name(2)], ["old", "300", "new"]);
}

#[test]
fn a_child_in_another_pid_namespace_is_named_once_it_is_there() {
    let shell = Arc::new(shell());
    let child = |vtid| ThreadRow { tid: 300, pid: 300, vtid, comm: text("child"), ..ThreadRow::default() };
    for (vtid, expected) in [(300, "child"), (1, "300")] {
        let mut capture = CaptureBuilder::new();
        capture.event(EventKind::CLONE, &shell).param("res", 300).happens();
        capture.event(EventKind::CLOSE, &Arc::new(child(vtid))).happens();
        let block = capture.blocks().remove(0);
        let facts = CaptureFacts::default();
        let view = BlockView::new(&block, &facts);
        let table = block.table(EventKind::CLONE).unwrap();
        let name = value(&EventRow::new(&view, &table, 0), "evt.arg.res", Purpose::Print).to_text();
        assert_eq!(name, expected);
    }
}

#[test]
fn a_child_with_the_same_parent_is_named_once_it_is_there() {
    let tell = |flags: i64| {
        move |capture: &mut CaptureBuilder| {
            event(capture, EventKind::CLONE).param("res", 300).param("flags", flags).happens();
            let child =
                Arc::new(ThreadRow { tid: 300, pid: 300, vtid: 300, comm: text("kid"), ..ThreadRow::default() });
            capture.event(EventKind::CLONE, &child).num(2).param("res", 0).happens();
        }
    };
    let name_of_first = |flags| {
        let mut capture = CaptureBuilder::new();
        tell(flags)(&mut capture);
        let block = capture.blocks().remove(0);
        let facts = CaptureFacts::default();
        let view = BlockView::new(&block, &facts);
        let table = block.table(EventKind::CLONE).unwrap();
        value(&EventRow::new(&view, &table, 0), "evt.arg.res", Purpose::Print).to_text()
    };
    assert_eq!((name_of_first(0), name_of_first(256)), ("kid".to_owned(), "300".to_owned()));
}

#[test]
fn a_child_without_an_event_has_its_parents_name() {
    let named = |flags: i64, vtid: i64| {
        let tell = |capture: &mut CaptureBuilder| {
            let story = event(capture, EventKind::CLONE).param("res", 300).param("flags", flags);
            story.param("vtid", vtid).param("comm", "renamed").happens();
        };
        of(tell, &["evt.arg.res"]).remove(0).1
    };
    assert_eq!(named(0, 210), "renamed");
    for (flags, vtid) in [(0, 7), (64, 210), (256, 210), (134_217_728, 210), (536_870_912, 210)] {
        assert_eq!(named(flags, vtid), "300", "{flags}: Falco waits for the child's own return");
    }
}

#[test]
fn further_descriptors_of_an_event_are_named() {
    let (out, input) = (file(1, b'f', "/var/log/session.log"), file(7, b'f', "/etc/hosts"));
    check(
        |capture| {
            event(capture, EventKind::COPY_FILE_RANGE)
                .fd(&out)
                .fd_list([Some(&out), Some(&input)])
                .param("res", 9)
                .param("fdout", 1)
                .param("offout", 0)
                .param("fdin", 7)
                .param("offin", 0)
                .param("len", 9)
                .happens();
        },
        &[
            ("evt.args", "res=9 fdout=1(<f>/var/log/session.log) offout=0 fdin=7(<f>/etc/hosts) offin=0 len=9"),
            ("evt.arg.fdin", "<f>/etc/hosts"),
            ("fd.name", "/var/log/session.log"),
        ],
    );
    // What was copied is not known, and where it was to go still is what it was.
    check(
        |capture| {
            event(capture, EventKind::DUP2)
                .fd(&file(4, 0, ""))
                .fd_list([Some(&input), None, Some(&input)])
                .param("res", 7)
                .param("oldfd", 4)
                .param("newfd", 7)
                .happens();
        },
        &[("evt.args", "res=7(<f>/etc/hosts) oldfd=4 newfd=7(<f>/etc/hosts)")],
    );
    // A directory that was opened without saying that it is one; the call failed.
    check(
        |capture| {
            event(capture, EventKind::LINKAT)
                .fd_list([None, Some(&file(3, b'f', "/etc"))])
                .param("res", -18)
                .param("olddir", -100)
                .param("oldpath", "a")
                .param("newdir", 3)
                .param("newpath", "b")
                .param("flags", 0)
                .happens();
        },
        &[
            ("evt.arg.newdir", "<f>/etc"),
            ("evt.arg.newpath", "/etc/b"),
            ("evt.arg.oldpath", "/tmp/w/a"),
            ("evt.abspath.dst", "/etc/b"),
        ],
    );
}

#[test]
fn a_path_below_an_unknown_directory_stands_alone_in_arguments() {
    check(
        |capture| {
            event(capture, EventKind::OPENAT)
                .fd(&file(-1, b'f', "<UNKNOWN>nothing"))
                .path("<UNKNOWN>nothing")
                .param("fd", -9)
                .param("dirfd", 77)
                .param("name", "nothing")
                .happens();
        },
        &[("evt.arg.name", "nothing"), ("fd.name", "<UNKNOWN>nothing"), ("evt.abspath", "<UNKNOWN>/nothing")],
    );
}

#[test]
fn parameters_that_an_old_recording_lacks_are_not_there() {
    check(
        |capture| event(capture, EventKind::PROCEXIT).param("status", 0).happens(),
        &[("evt.args", "status=0"), ("evt.arg.sig", "<NA>"), ("evt.arg[1]", "<NA>"), ("evt.arg[0]", "0")],
    );
    check(
        |capture| event(capture, EventKind::SETSOCKOPT).happens(),
        &[("evt.args", ""), ("evt.arg.res", "<NA>"), ("evt.rawarg.level", "<NA>")],
    );
    let mut capture = CaptureBuilder::new();
    event(&mut capture, EventKind::SETSOCKOPT).param("res", 0).param("optlen", 4).happens();
    event(&mut capture, EventKind::SETSOCKOPT).happens();
    let block = capture.blocks().remove(0);
    let facts = CaptureFacts::default();
    let view = BlockView::new(&block, &facts);
    let table = block.table(EventKind::SETSOCKOPT).unwrap();
    let of = |row| value(&EventRow::new(&view, &table, row), "evt.arg.level", Purpose::Print);
    assert_eq!((of(0), of(1)), (FieldValue::text(b"<NA>"), FieldValue::Missing));
}

#[test]
fn a_key_without_a_description_is_printed_as_falco_does() {
    check(
        |capture| event(capture, EventKind::KEYCTL).param("operation", 1).param("arg2", &[1u8, 0]).happens(),
        &[("evt.arg.arg2", "")],
    );
    check(
        |capture| event(capture, EventKind::KEYCTL).param("operation", 1).param("arg2", &[1u8]).happens(),
        &[("evt.arg.arg2", "(null)")],
    );
}

#[test]
fn an_absolute_path_is_what_was_asked_for_even_if_the_call_failed() {
    let failed = |path: &'static str, dirfd: i64, expected: &'static str| {
        check(
            move |capture| {
                let event = event(capture, EventKind::UNLINKAT).param("res", -2).param("dirfd", dirfd);
                event.param("name", path).param("flags", 0).happens();
            },
            &[("evt.abspath", expected), ("fs.path.name", "<NA>")],
        );
    };
    failed("missing", -100, "/tmp/w/missing");
    failed("/tmp//a/", -100, "/tmp/a");
    failed("missing", 77, "<UNKNOWN>/missing");
    check(
        |capture| {
            let event = event(capture, EventKind::MKDIRAT).path("/etc").param("res", 0).param("dirfd", 5);
            event.param("path", "etc").param("mode", 0o755).happens();
        },
        &[("evt.abspath", "//etc"), ("fs.path.name", "/etc")],
    );
    check(|capture| event(capture, EventKind::NEWFSTATAT).path("/etc").happens(), &[("evt.abspath", "<NA>")]);
}

#[test]
fn every_field_of_every_kind_has_a_value_or_none_without_a_fuss() {
    let mut capture = CaptureBuilder::new();
    for info in crate::format::schema::EVENTS {
        event(&mut capture, info.kind).happens();
        let mut story = event(&mut capture, info.kind).fd(&socket(1)).path("/x").source_path("/y");
        for param in info.params {
            story = match param.ty.physical() {
                crate::format::schema::Physical::Int => story.param(param.name, -1),
                crate::format::schema::Physical::Bytes => story.param(param.name, &[2u8, 1, 0, 0, 0, 255]),
            };
        }
        story.happens();
    }
    let blocks = capture.blocks();
    let facts = CaptureFacts::default();
    for block in &blocks {
        let view = BlockView::new(block, &facts);
        for &(kind, rows) in block.kinds() {
            let table = block.table(kind).unwrap();
            for row in 0..rows as usize {
                let row = EventRow::new(&view, &table, row);
                for field in FIELDS {
                    for arg in [Argument::None, Argument::Index(0), Argument::Index(9), Argument::Key("res")] {
                        for purpose in [Purpose::Test, Purpose::Print] {
                            let value = field_value(field, arg, &row, purpose).unwrap();
                            if !field.access.is_recorded() {
                                assert!(value.is_missing(), "{}", field.name);
                            }
                            let mut json = Vec::new();
                            value.write_json(&mut json);
                            let json = serde_json::from_slice::<serde_json::Value>(&json);
                            assert!(json.is_ok(), "{} of {}: {value:?}", field.name, kind.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_catalogue_has_each_field_once_and_says_what_it_is() {
    let mut names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    for field in FIELDS {
        assert!(field.about.ends_with('.') && field.about.len() >= 8, "{}", field.name);
    }
    assert!(lookup("k8s.svc.name").unwrap().access.cannot_be_had_offline());
    assert!(!lookup("evt.latency").unwrap().access.cannot_be_had_offline());
    assert!(!lookup("evt.latency").unwrap().access.is_recorded());
}
