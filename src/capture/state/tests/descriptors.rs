use super::*;
use crate::format::row::fd_flags;

#[test]
fn open_names_the_file_and_close_still_sees_it() {
    let mut story = Story::begin();
    let opened = story.open(100, 3, "../bob/./notes.txt");
    assert_eq!((opened.fd_name().as_str(), opened.fd().type_char), ("/home/bob/notes.txt", b'f'));
    assert_eq!((text(&opened.fd().name_raw).as_str(), opened.fd().ino), ("../bob/./notes.txt", 42));
    assert_eq!(opened.path.as_deref(), Some("/home/bob/notes.txt"));
    assert_eq!(story.close(100, 3).fd_name(), "/home/bob/notes.txt");
    let again = story.close(100, 3);
    assert_eq!((again.fd().num, again.fd().flags), (3, fd_flags::NO_DESCRIPTOR));
}

#[test]
fn a_failed_open_has_its_path_and_no_number() {
    let mut story = Story::begin();
    let seen = story.open(100, -2, "/nowhere");
    assert_eq!((seen.fd().num, seen.fd_name().as_str(), seen.fd().type_char), (-1, "/nowhere", b'f'));
    assert_eq!(seen.fd().flags, fd_flags::NO_DESCRIPTOR);
    assert_eq!(seen.path.as_deref(), Some("/nowhere"));
    let old = story.event(100, EventKind::OPEN, &[("fd", Value::Int(-2)), ("name", word("x"))]);
    assert_eq!((old.fd().type_char, old.fd_name().as_str()), (0, "/home/alice/x"));
}

#[test]
fn paths_are_relative_to_the_directory_descriptor() {
    let mut story = Story::begin();
    let directory = story.open_with(100, 5, "/etc", 1 | 1024);
    assert_eq!(directory.fd().type_char, b'd');
    let at = |dirfd| [("fd", Value::Int(6)), ("dirfd", Value::Int(dirfd)), ("name", word("passwd"))];
    assert_eq!(story.event(100, EventKind::OPENAT, &at(5)).fd_name(), "/etc/passwd");
    assert_eq!(story.event(100, EventKind::OPENAT, &at(77)).fd_name(), "<UNKNOWN>passwd");
}

#[test]
fn openat2_and_creat_have_their_parameters_elsewhere() {
    let mut story = Story::begin();
    let how = [
        ("fd", Value::Int(3)),
        ("dirfd", Value::Int(-100)),
        ("name", word("a")),
        ("dev", Value::Int(7)),
        ("ino", Value::Int(8)),
    ];
    let seen = story.event(100, EventKind::OPENAT2, &how);
    assert_eq!((seen.fd_name().as_str(), seen.fd().dev, seen.fd().ino), ("/home/alice/a", 7, 8));
    let creat = [
        ("fd", Value::Int(4)),
        ("name", word("b")),
        ("dev", Value::Int(7)),
        ("ino", Value::Int(9)),
        ("creat_flags", Value::Int(1)),
    ];
    let seen = story.event(100, EventKind::CREAT, &creat);
    assert_eq!((seen.fd().ino, seen.fd().flags), (9, fd_flags::UPPER_LAYER));
    assert_eq!(seen.path, None, "creat has no fs.path");
}

#[test]
fn the_same_file_opened_again_has_the_same_row() {
    let mut story = Story::begin();
    story.fork(100, 101);
    let one = story.open(100, 3, "/usr/lib/libc.so.6");
    let two = story.open(101, 3, "/usr/lib/libc.so.6");
    assert!(Arc::ptr_eq(one.fd.as_ref().unwrap(), two.fd.as_ref().unwrap()));
}

#[test]
fn dup_is_about_the_new_descriptor_or_the_old_number() {
    let mut story = Story::begin();
    story.open(100, 3, "/tmp/out");
    let dup = |old, new| [("res", Value::Int(new)), ("oldfd", Value::Int(old))];
    let seen = story.event(100, EventKind::DUP, &dup(3, 4));
    assert_eq!((seen.fd().num, seen.fd_name().as_str()), (4, "/tmp/out"));
    let failed = story.event(100, EventKind::DUP, &dup(555, -9));
    assert_eq!((failed.fd().num, failed.fd().type_char), (555, 0));
    let unknown = story.event(100, EventKind::DUP2, &dup(77, 4));
    assert_eq!(unknown.fd().num, 77);
    assert_eq!(story.read(100, 4).fd().type_char, 0, "what replaced it is not known");
}

#[test]
fn fcntl_duplicates_and_marks() {
    let mut story = Story::begin();
    story.open(100, 3, "/tmp/out");
    let fcntl = |story: &mut Story, res, cmd, arg| {
        let given =
            [("res", Value::Int(res)), ("fd", Value::Int(3)), ("cmd", Value::Int(cmd)), ("arg", Value::Int(arg))];
        story.event(100, EventKind::FCNTL, &given)
    };
    assert_eq!(fcntl(&mut story, 10, 1, 10).fd().num, 10);
    assert_eq!(fcntl(&mut story, 11, 26, 10).fd().num, 11);
    assert_eq!(fcntl(&mut story, 0, 3, 1).fd().num, 3);
    story.exec(100, "/bin/true");
    assert_eq!(story.read(100, 10).fd_name(), "/tmp/out");
    assert_eq!(story.read(100, 11).fd().type_char, 0, "F_DUPFD_CLOEXEC");
    assert_eq!(story.read(100, 3).fd().type_char, 0, "F_SETFD");
}

#[test]
fn standard_descriptors_show_in_the_threads_row() {
    let mut story = Story::begin();
    story.open(100, 3, "/tmp/out");
    let seen = story.event(
        100,
        EventKind::DUP2,
        &[("res", Value::Int(1)), ("oldfd", Value::Int(3)), ("newfd", Value::Int(1))],
    );
    assert_eq!(seen.stdio()[1].as_deref(), Some("/tmp/out"));
    assert_eq!(story.close(100, 1).stdio()[1].as_deref(), Some("/tmp/out"), "close still sees it");
    assert_eq!(story.look(100).stdio()[1], None);
}

#[test]
fn pipes_and_pairs_are_about_their_second_end() {
    let mut story = Story::begin();
    let ends = [("res", Value::Int(0)), ("fd1", Value::Int(3)), ("fd2", Value::Int(4))];
    let pipe = story.event(100, EventKind::PIPE, &ends);
    assert_eq!((pipe.fd().num, pipe.fd().type_char, pipe.fd_name().as_str()), (4, b'p', ""));
    let pair = story.event(100, EventKind::SOCKETPAIR, &[ends[0], ends[1], ends[2], ("domain", Value::Int(1))]);
    assert_eq!((pair.fd().num, pair.fd().type_char), (4, b'u'));
    let failed = story.event(100, EventKind::SOCKETPAIR, &[("res", Value::Int(-95))]);
    assert_eq!(failed.fd().num, -1);
}

#[test]
fn every_kind_of_descriptor_has_its_letter() {
    let cases = [
        (EventKind::EVENTFD2, "res", b'e'),
        (EventKind::SIGNALFD4, "res", b's'),
        (EventKind::TIMERFD_CREATE, "res", b't'),
        (EventKind::INOTIFY_INIT1, "res", b'i'),
        (EventKind::EPOLL_CREATE1, "res", b'l'),
        (EventKind::USERFAULTFD, "res", b'U'),
        (EventKind::IO_URING_SETUP, "res", b'r'),
        (EventKind::MEMFD_CREATE, "fd", b'm'),
        (EventKind::PIDFD_OPEN, "fd", b'P'),
        (EventKind::BPF, "fd", b'b'),
    ];
    let mut story = Story::begin();
    for (kind, result, letter) in cases {
        let seen = story.event(100, kind, &[(result, Value::Int(9))]);
        assert_eq!((seen.fd().num, seen.fd().type_char), (9, letter), "{}", kind.name());
        assert_eq!(story.event(100, kind, &[(result, Value::Int(-22))]).fd().num, -1, "{}", kind.name());
    }
    let memfd = story.event(100, EventKind::MEMFD_CREATE, &[("fd", Value::Int(3)), ("name", word("payload"))]);
    assert_eq!(memfd.fd_name(), "payload");
    let pidfd = story.event(100, EventKind::PIDFD_OPEN, &[("fd", Value::Int(4)), ("pid", Value::Int(1))]);
    assert_eq!(pidfd.fd_name(), "/proc/1");
}

#[test]
fn pidfd_getfd_copies_another_process_descriptor() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.open(101, 3, "/etc/issue");
    story.event(100, EventKind::PIDFD_OPEN, &[("fd", Value::Int(9)), ("pid", Value::Int(101))]);
    let given = [("fd", Value::Int(10)), ("pid_fd", Value::Int(9)), ("target_fd", Value::Int(3))];
    assert_eq!(story.event(100, EventKind::PIDFD_GETFD, &given).fd_name(), "/etc/issue");
}

#[test]
fn close_range_closes_or_marks() {
    let mut story = Story::begin();
    for fd in 3..8 {
        story.open(100, fd, "/etc/hosts");
    }
    let range = |first, last, flags| {
        [("res", Value::Int(0)), ("first", Value::Int(first)), ("last", Value::Int(last)), ("flags", Value::Int(flags))]
    };
    story.event(100, EventKind::CLOSE_RANGE, &range(3, 4, 0));
    story.event(100, EventKind::CLOSE_RANGE, &range(5, 6, 4));
    assert_eq!(story.read(100, 4).fd().type_char, 0);
    assert_eq!(story.read(100, 6).fd_name(), "/etc/hosts");
    story.exec(100, "/bin/true");
    assert_eq!(story.read(100, 6).fd().type_char, 0);
    assert_eq!(story.read(100, 7).fd_name(), "/etc/hosts");
    story.event(100, EventKind::CLOSE_RANGE, &range(0, i64::from(u32::MAX), 0));
    assert_eq!(story.look(100).stdio(), [None, None, None]);
}

#[test]
fn calls_without_a_valid_descriptor_say_which_number_they_were_given() {
    let mut story = Story::begin();
    let seen = story.event(100, EventKind::MMAP, &[("res", Value::Int(4096)), ("fd", Value::Int(-1))]);
    assert_eq!((seen.fd().num, seen.fd().type_char), (-1, 0));
    let seen = story.event(100, EventKind::NEWFSTATAT, &[("res", Value::Int(0)), ("dirfd", Value::Int(-100))]);
    assert_eq!(seen.fd().num, -100);
    assert!(story.look(100).fd.is_none());
}

/// What the parameters that are descriptors mean, by name.
fn named(seen: &Seen) -> Vec<Option<String>> {
    seen.fd_list.iter().map(|fd| fd.as_ref().map(|fd| text(&fd.name))).collect()
}

#[test]
fn an_event_lists_what_its_parameters_mean_that_its_own_descriptor_does_not_tell() {
    let mut story = Story::begin();
    story.open(100, 3, "/etc");
    story.open(100, 4, "/etc/hosts");
    let some = |name: &str| Some(name.to_owned());
    let copied = story.event(
        100,
        EventKind::COPY_FILE_RANGE,
        &[("res", Value::Int(7)), ("fdout", Value::Int(4)), ("fdin", Value::Int(3))],
    );
    assert_eq!((copied.fd_name().as_str(), named(&copied)), ("/etc/hosts", vec![None, some("/etc")]));
    let open_at = |story: &mut Story, dirfd| {
        let given = [("fd", Value::Int(5)), ("dirfd", Value::Int(dirfd)), ("name", word("passwd"))];
        named(&story.event(100, EventKind::OPENAT, &given))
    };
    assert_eq!(open_at(&mut story, 3), [None, some("/etc")], "opened as a file, which the path does not tell");
    story.open_with(100, 6, "/etc", 1 | 1024);
    assert_eq!(open_at(&mut story, 6), [], "the path tells");
    for dirfd in [-100, 77, 0] {
        assert_eq!(open_at(&mut story, dirfd), [], "{dirfd}: none, not known, or one of the thread's streams");
    }
}

#[test]
fn a_copy_is_listed_only_where_it_is_not_known_what_was_copied() {
    let mut story = Story::begin();
    story.open(100, 3, "/etc/hosts");
    story.open(100, 8, "/etc/issue");
    let copied = |story: &mut Story, old| {
        let given = [("res", Value::Int(8)), ("oldfd", Value::Int(old)), ("newfd", Value::Int(8))];
        named(&story.event(100, EventKind::DUP2, &given))
    };
    assert_eq!(copied(&mut story, 3), []);
    let by_fcntl = [("res", Value::Int(9)), ("fd", Value::Int(3)), ("cmd", Value::Int(1))];
    assert_eq!(named(&story.event(100, EventKind::FCNTL, &by_fcntl)), []);
    // To the kernel number 8 is something unknown from then on.
    assert_eq!(copied(&mut story, 77), []);
    story.open(100, 8, "/etc/issue");
    let refused = [("res", Value::Int(-9)), ("oldfd", Value::Int(77)), ("newfd", Value::Int(8))];
    let refused = story.event(100, EventKind::DUP2, &refused);
    assert_eq!(named(&refused), [None, None, Some("/etc/issue".to_owned())]);
}

#[test]
fn an_event_knows_the_users_and_groups_that_it_names() {
    let mut story = Story::begin();
    let mut names = |kind, given: Given<'_>| {
        let seen = story.event(100, kind, given);
        seen.accounts
    };
    let given = [("res", Value::Int(-1)), ("ruid", Value::Int(1001)), ("euid", Value::Int(0))];
    assert_eq!(names(EventKind::SETREUID, &given), ["bob", "root"]);
    let given = [("res", Value::Int(-1)), ("rgid", Value::Int(0)), ("egid", Value::Int(1000))];
    assert_eq!(names(EventKind::SETRESGID, &given), ["root"], "the other one is the thread's own");
    let unchanged = i64::from(u32::MAX);
    let given = [("res", Value::Int(-1)), ("ruid", Value::Int(unchanged)), ("euid", Value::Int(77))];
    assert_eq!(names(EventKind::SETREUID, &given), [""; 0], "as it is, and nobody knows");
    assert_eq!(names(EventKind::GETUID, &[("uid", Value::Int(1000))]), [""; 0], "the thread's row tells who that is");
}
