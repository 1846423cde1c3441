use super::*;

#[test]
fn a_process_from_the_snapshot_has_its_parent_user_and_session() {
    let mut story = Story::begin();
    let seen = story.look(100);
    assert_eq!(text(&seen.thread.comm), "bash");
    assert_eq!(text(&seen.thread.parent.as_ref().unwrap().comm), "init");
    assert_eq!(text(&seen.thread.user.as_ref().unwrap().name), "alice");
    assert!(seen.thread.session_leader.is_none(), "it leads its session itself");
    assert!(seen.thread.login_user.is_none());
}

#[test]
fn an_event_that_changes_nothing_gets_the_same_rows() {
    let mut story = Story::begin();
    story.open(100, 3, "/etc/passwd");
    let first = story.read(100, 3);
    let second = story.read(100, 3);
    assert!(Arc::ptr_eq(&first.thread, &second.thread));
    assert!(Arc::ptr_eq(first.fd.as_ref().unwrap(), second.fd.as_ref().unwrap()));
}

#[test]
fn a_child_is_the_same_whichever_return_from_clone_comes_first() {
    let mut parent_first = Story::begin();
    parent_first.fork_in_parent(100, 101);
    let one = parent_first.fork_in_child(100, 101);
    let mut child_first = Story::begin();
    let two = child_first.fork_in_child(100, 101);
    child_first.fork_in_parent(100, 101);
    let later = child_first.look(101);
    assert!(Arc::ptr_eq(&two.thread, &later.thread), "the parent's return changes nothing");
    for seen in [one, two] {
        assert_eq!((seen.thread.pid, seen.thread.ppid, seen.thread.vpid), (101, 100, 101));
        assert_eq!(text(&seen.thread.cwd), "/home/alice");
        assert_eq!(seen.stdio()[2].as_deref(), Some("/dev/pts/0"));
        assert_eq!(text(&seen.thread.session_leader.as_ref().unwrap().comm), "bash");
    }
}

#[test]
fn execve_replaces_the_program_and_closes_what_is_marked() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.open_with(101, 3, "/etc/hosts", 1 | 4096);
    story.open(101, 4, "/etc/passwd");
    let seen = story.exec(101, "/usr/bin/cat");
    assert_eq!((text(&seen.thread.comm), text(&seen.thread.exepath)), ("cat".into(), "/usr/bin/cat".into()));
    assert_eq!(text(&seen.thread.args), "-a\0b\0");
    assert_eq!(text(&seen.thread.env), "HOME=/root\0");
    assert_eq!(story.read(101, 3).fd().type_char, 0, "close-on-exec");
    assert_eq!(story.read(101, 4).fd_name(), "/etc/passwd");
}

#[test]
fn a_failed_execve_changes_nothing() {
    let mut story = Story::begin();
    let before = story.look(100);
    let seen = story.event(100, EventKind::EXECVE, &[("res", Value::Int(-2)), ("exe", word("nothing"))]);
    assert!(Arc::ptr_eq(&before.thread, &seen.thread));
}

#[test]
fn execve_ends_the_other_threads_of_the_process() {
    let mut story = Story::begin();
    story.event(
        101,
        EventKind::CLONE3,
        &[
            ("res", Value::Int(0)),
            ("pid", Value::Int(100)),
            ("ptid", Value::Int(1)),
            ("flags", Value::Int(8192 | 1 | 2)),
        ],
    );
    let count = story.state.thread_count();
    // The first thread ended; the second one calls execve and returns from it with the first one's number.
    story.exit(100, 0);
    let seen = story.exec(100, "/bin/ls");
    assert_eq!((text(&seen.thread.comm), seen.thread.tid, seen.thread.pid), ("ls".into(), 100, 100));
    assert_eq!(story.state.thread_count(), count - 1);
}

#[test]
fn threads_share_descriptors_and_directory_and_processes_do_not() {
    let mut story = Story::begin();
    story.event(
        101,
        EventKind::CLONE3,
        &[
            ("res", Value::Int(0)),
            ("pid", Value::Int(100)),
            ("ptid", Value::Int(1)),
            ("flags", Value::Int(8192 | 1 | 2)),
        ],
    );
    story.fork(100, 102);
    story.open(101, 7, "/etc/hosts");
    story.event(101, EventKind::CHDIR, &[("res", Value::Int(0)), ("path", word("../bob"))]);
    assert_eq!(story.read(100, 7).fd_name(), "/etc/hosts");
    assert_eq!(text(&story.look(100).thread.cwd), "/home/bob");
    assert_eq!(story.read(102, 7).fd().type_char, 0);
    assert_eq!(text(&story.look(102).thread.cwd), "/home/alice");
}

#[test]
fn clone_files_shares_the_table_between_processes_until_execve() {
    let mut story = Story::begin();
    story.event(
        101,
        EventKind::CLONE,
        &[("res", Value::Int(0)), ("pid", Value::Int(101)), ("ptid", Value::Int(100)), ("flags", Value::Int(1))],
    );
    story.open(101, 5, "/etc/hosts");
    assert_eq!(story.read(100, 5).fd_name(), "/etc/hosts");
    story.exec(101, "/bin/ls");
    story.close(101, 5);
    assert_eq!(story.read(100, 5).fd_name(), "/etc/hosts");
}

#[test]
fn a_change_of_the_parent_shows_in_the_rows_of_its_descendants() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.fork(101, 102);
    let before = story.look(102);
    story.event(
        100,
        EventKind::PRCTL,
        &[("res", Value::Int(0)), ("option", Value::Int(15)), ("arg2_str", word("new"))],
    );
    let after = story.look(102);
    let grandparent = |seen: &Seen| text(&seen.thread.parent.as_ref().unwrap().parent.as_ref().unwrap().comm);
    assert_eq!((grandparent(&before), grandparent(&after)), ("bash".into(), "new".into()));
    assert!(Arc::ptr_eq(&after.thread, &story.look(102).thread));
}

#[test]
fn orphans_go_to_the_reaper() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.fork(101, 102);
    let exit = story.exit(101, 1);
    assert_eq!(text(&exit.thread.comm), "bash", "the event of the exit still has its thread");
    let seen = story.look(102);
    assert_eq!(seen.thread.ppid, 1);
    assert_eq!(text(&seen.thread.parent.as_ref().unwrap().comm), "init");
    assert!(seen.thread.session_leader.is_none(), "the line of ancestors in the session is broken");
}

#[test]
fn an_orphan_without_a_known_reaper_keeps_what_was_known_of_its_parent() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.fork(101, 102);
    story.exit(101, 0);
    assert_eq!(text(&story.look(102).thread.parent.as_ref().unwrap().comm), "bash");
    // Its number is given to another process, which is not its parent.
    story.fork(1, 101);
    story.exec(101, "/bin/other");
    assert_eq!(text(&story.look(102).thread.parent.as_ref().unwrap().comm), "bash");
}

#[test]
fn a_child_that_is_gone_before_its_parents_clone_returns_leaves_nothing() {
    let mut story = Story::begin();
    let count = story.state.thread_count();
    story.fork_in_child(100, 101);
    story.exit(101, 0);
    story.fork_in_parent(100, 101);
    story.look(100);
    assert_eq!(story.state.thread_count(), count);
}

#[test]
fn a_reused_number_is_a_new_process() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.open(101, 9, "/etc/shadow");
    story.fork(1, 101);
    assert_eq!(story.look(101).thread.ppid, 1);
    assert_eq!(story.read(101, 9).fd().type_char, 0);
}

#[test]
fn in_a_pid_namespace_a_child_inherits_what_its_parent_had_when_clone_returned() {
    let mut story = Story::begin();
    story.event(
        201,
        EventKind::CLONE,
        &[
            ("res", Value::Int(0)),
            ("pid", Value::Int(201)),
            ("ptid", Value::Int(100)),
            ("flags", Value::Int(536_870_912)),
            ("vtid", Value::Int(1)),
            ("vpid", Value::Int(1)),
        ],
    );
    story.event(
        201,
        EventKind::PIPE2,
        &[("res", Value::Int(0)), ("fd1", Value::Int(3)), ("fd2", Value::Int(4)), ("ino", Value::Int(77))],
    );
    let in_namespace = Value::Int(536_870_912);
    story.event(
        201,
        EventKind::CLONE,
        &[("res", Value::Int(2)), ("flags", in_namespace), ("vtid", Value::Int(1)), ("vpid", Value::Int(1))],
    );
    story.close(201, 4);
    let child = [
        ("res", Value::Int(0)),
        ("pid", Value::Int(202)),
        ("ptid", Value::Int(201)),
        ("flags", in_namespace),
        ("vtid", Value::Int(2)),
        ("vpid", Value::Int(2)),
    ];
    let seen = story.event(202, EventKind::CLONE, &child);
    assert_eq!((seen.thread.pid, seen.thread.vpid, seen.thread.ppid), (202, 2, 201));
    assert_eq!(story.read(202, 4).fd().ino, 77);
    assert_eq!(story.read(201, 4).fd().type_char, 0);
}

#[test]
fn users_change_with_setuid_and_its_family() {
    let mut story = Story::begin();
    let user = |seen: &Seen| text(&seen.thread.user.as_ref().unwrap().name);
    let seen = story.event(100, EventKind::SETUID, &[("res", Value::Int(0)), ("uid", Value::Int(1001))]);
    assert_eq!(user(&seen), "bob");
    let failed = story.event(100, EventKind::SETUID, &[("res", Value::Int(-1)), ("uid", Value::Int(0))]);
    assert_eq!(user(&failed), "bob");
    let none = Value::Int(i64::from(u32::MAX));
    let kept = story.event(
        100,
        EventKind::SETRESUID,
        &[("res", Value::Int(0)), ("ruid", Value::Int(0)), ("euid", none), ("suid", none)],
    );
    assert_eq!(user(&kept), "bob", "-1 leaves an id alone");
    let group = story.event(100, EventKind::SETGID, &[("res", Value::Int(0)), ("gid", Value::Int(0))]);
    assert_eq!(text(&group.thread.group.as_ref().unwrap().name), "root");
}

#[test]
fn setsid_makes_a_leader_without_a_terminal() {
    let mut story = Story::begin();
    story.fork(100, 101);
    let seen = story.event(101, EventKind::SETSID, &[("res", Value::Int(101))]);
    assert_eq!((seen.thread.sid, seen.thread.pgid, seen.thread.vpgid, seen.thread.tty), (101, 101, 101, 0));
    assert!(seen.thread.session_leader.is_none());
    story.fork(101, 102);
    assert_eq!(story.look(102).thread.session_leader.as_ref().unwrap().pid, 101);
}

#[test]
fn setpgid_moves_a_child_into_its_own_group() {
    let mut story = Story::begin();
    story.fork(100, 101);
    story.event(100, EventKind::SETPGID, &[("res", Value::Int(0)), ("pid", Value::Int(101)), ("pgid", Value::Int(0))]);
    assert_eq!(story.look(101).thread.pgid, 101);
    assert_eq!(story.look(100).thread.pgid, 100);
}

#[test]
fn capset_prctl_and_setrlimit_show_at_once() {
    let mut story = Story::begin();
    let caps = [
        ("res", Value::Int(0)),
        ("cap_inheritable", Value::Int(1)),
        ("cap_permitted", Value::Int(3)),
        ("cap_effective", Value::Int(2)),
    ];
    let seen = story.event(100, EventKind::CAPSET, &caps);
    assert_eq!((seen.thread.cap_inheritable, seen.thread.cap_permitted, seen.thread.cap_effective), (1, 3, 2));
    let name = word("a-name-that-is-too-long");
    let seen =
        story.event(100, EventKind::PRCTL, &[("res", Value::Int(0)), ("option", Value::Int(15)), ("arg2_str", name)]);
    assert_eq!(text(&seen.thread.comm), "a-name-that-is-");
    let limit = [("res", Value::Int(0)), ("cur", Value::Int(64)), ("max", Value::Int(64)), ("resource", Value::Int(7))];
    assert_eq!(story.event(100, EventKind::SETRLIMIT, &limit).thread.fdlimit, 64);
}

#[test]
fn an_unknown_thread_has_a_row_with_its_numbers() {
    let mut story = Story::begin();
    let seen = story.look(4711);
    assert_eq!((seen.thread.tid, seen.thread.pid, seen.thread.ppid), (4711, 4711, 0));
    assert!(seen.thread.user.is_none() && seen.thread.comm.is_empty());
}

#[test]
fn an_unknown_thread_of_a_known_process_is_one_of_its_threads() {
    let mut story = Story::begin();
    let raw = RawEvent { kind: EventKind::GETUID, ts_ns: 5, cpu: 0, tid: 150, pid: 100, params: &[Value::Int(0)] };
    let seen = story.state.apply(&raw);
    assert_eq!((seen.thread.tid, seen.thread.pid), (150, 100));
    assert_eq!(*seen.thread.comm, *b"bash");
    story.open(150, 8, "/etc/hosts");
    assert_eq!(story.read(100, 8).fd_name(), "/etc/hosts");
}

#[test]
fn an_unknown_thread_is_looked_up_with_its_ancestors() {
    struct Machine;
    impl crate::capture::state::ProcessSource for Machine {
        fn look_up(&mut self, tid: i64, _: i64) -> Option<SnapshotThread> {
            match tid {
                500 => Some(known_thread(500, 500, 499, "worker")),
                499 => Some(known_thread(499, 499, 1, "server")),
                _ => None,
            }
        }
    }
    let mut story = Story::begin();
    story.state = story.state.with_process_source(Box::new(Machine));
    let seen = story.look(500);
    let parent = seen.thread.parent.as_ref().unwrap();
    assert_eq!((text(&seen.thread.comm), text(&parent.comm)), ("worker".into(), "server".into()));
    assert_eq!(text(&parent.parent.as_ref().unwrap().comm), "init");
    assert!(story.look(501).thread.comm.is_empty());
}

#[test]
fn a_container_is_known_by_its_cgroup_and_its_users_have_no_names() {
    let id = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
    let cgroups = format!("cpu=/docker/{id}\0io=/docker/{id}\0");
    let mut story = Story::begin();
    story.fork(100, 101);
    let seen = story.event(
        101,
        EventKind::EXECVE,
        &[("res", Value::Int(0)), ("cgroups", word(&cgroups)), ("uid", Value::Int(1000)), ("gid", Value::Int(0))],
    );
    let container = seen.thread.container.as_ref().unwrap();
    assert_eq!((text(&container.id), text(&container.full_id)), ("4f1c9e0b7d2a".into(), id.into()));
    assert_eq!(text(&seen.thread.user.as_ref().unwrap().name), "");
    assert_eq!(text(&seen.thread.group.as_ref().unwrap().name), "root");
    assert!(text(&seen.thread.cgroups).contains("\0blkio=/docker/"));
    story.fork(101, 102);
    assert!(Arc::ptr_eq(container, story.look(102).thread.container.as_ref().unwrap()));
    assert!(story.look(100).thread.container.is_none());
}

#[test]
fn a_container_that_is_started_again_is_looked_up_again() {
    let cgroups = format!("cpu=/docker/{}\0", "4f1c9e0b7d2a0000".repeat(4));
    let mut story = Story::begin();
    let enter = |story: &mut Story, tid: i64| {
        let given =
            [("res", Value::Int(0)), ("cgroups", word(&cgroups)), ("uid", Value::Int(0)), ("gid", Value::Int(0))];
        story.fork(100, tid);
        Arc::clone(story.event(tid, EventKind::EXECVE, &given).thread.container.as_ref().unwrap())
    };
    let first = enter(&mut story, 101);
    assert!(Arc::ptr_eq(&first, &enter(&mut story, 102)), "somebody enters a container that runs");
    assert!(Arc::ptr_eq(&first, story.exec(101, "/bin/web").thread.container.as_ref().unwrap()));
    story.exit(101, 0);
    assert!(Arc::ptr_eq(&first, &enter(&mut story, 103)), "one of its processes is left");
    for tid in [102, 103] {
        story.exit(tid, 0);
    }
    let second = enter(&mut story, 104);
    assert_eq!((&second.full_id, first.run, second.run), (&first.full_id, 0, 1));
    assert!(Arc::ptr_eq(&second, story.exec(104, "/bin/web").thread.container.as_ref().unwrap()));
}

#[test]
fn memory_figures_follow_mappings_only_if_asked() {
    let mapping =
        [("res", Value::Int(0)), ("vm_size", Value::Int(900)), ("vm_rss", Value::Int(9)), ("vm_swap", Value::Int(0))];
    let mut story = Story::begin();
    assert_eq!(story.event(100, EventKind::MUNMAP, &mapping).thread.vm_size_kb, 0);
    let mut story = Story::begin();
    story.state = story.state.with_memory_figures(crate::capture::state::MemoryFigures::AtOnce);
    let first = story.event(100, EventKind::MUNMAP, &mapping);
    let memory = first.tallies.and_then(|tallies| tallies.memory).unwrap();
    assert_eq!((memory.vm_size_kb, memory.vm_rss_kb, first.thread.vm_size_kb), (900, 9, 0));
    assert!(Arc::ptr_eq(&first.thread, &story.event(100, EventKind::MUNMAP, &mapping).thread));
}
