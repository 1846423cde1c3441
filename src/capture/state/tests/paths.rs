use super::*;

#[test]
fn a_call_with_one_path_names_it_and_only_if_it_succeeded() {
    let mut story = Story::begin();
    let made = story.event(100, EventKind::MKDIR, &[("res", Value::Int(0)), ("path", word("new"))]);
    assert_eq!(made.path.as_deref(), Some("/home/alice/new"));
    let failed = story.event(100, EventKind::MKDIR, &[("res", Value::Int(-17)), ("path", word("new"))]);
    assert_eq!(failed.path, None);
}

#[test]
fn a_path_below_a_directory_descriptor_is_resolved_and_the_event_is_about_the_directory() {
    let mut story = Story::begin();
    story.open_with(100, 3, "/var/log", 1025);
    let seen = story.event(
        100,
        EventKind::UNLINKAT,
        &[("res", Value::Int(0)), ("dirfd", Value::Int(3)), ("name", word("auth.log"))],
    );
    assert_eq!((seen.path.as_deref(), seen.fd_name().as_str()), (Some("/var/log/auth.log"), "/var/log"));
    let here = story.event(
        100,
        EventKind::UNLINKAT,
        &[("res", Value::Int(0)), ("dirfd", Value::Int(-100)), ("name", word("x"))],
    );
    assert_eq!(here.path.as_deref(), Some("/home/alice/x"));
}

#[test]
fn renames_and_links_have_a_source_and_a_target() {
    let mut story = Story::begin();
    let both = |seen: &Seen| (seen.path.clone().unwrap(), seen.source_path.clone().unwrap());
    let expect = |target: &str, source: &str| (target.to_owned(), source.to_owned());
    let two = [("res", Value::Int(0)), ("oldpath", word("old")), ("newpath", word("/tmp/new"))];
    let renamed = story.event(100, EventKind::RENAME, &two);
    assert_eq!(both(&renamed), expect("/tmp/new", "/home/alice/old"));
    let linked = story.event(100, EventKind::LINK, &two);
    assert_eq!(both(&linked), expect("/home/alice/old", "/tmp/new"));
    let symlink = [("res", Value::Int(0)), ("target", word("a")), ("linkpath", word("b"))];
    let seen = story.event(100, EventKind::SYMLINK, &symlink);
    assert_eq!(both(&seen), expect("/home/alice/a", "/home/alice/b"));
    let mounted = story.event(
        100,
        EventKind::MOUNT,
        &[("res", Value::Int(0)), ("dev", word("/dev/sda1")), ("dir", word("/mnt/x/.."))],
    );
    assert_eq!(both(&mounted), expect("/mnt", "/dev/sda1"));
}

#[test]
fn fchmod_names_the_file_of_its_descriptor() {
    let mut story = Story::begin();
    story.open(100, 3, "/etc/crontab");
    let seen = story.event(100, EventKind::FCHMOD, &[("res", Value::Int(0)), ("fd", Value::Int(3))]);
    assert_eq!(seen.path.as_deref(), Some("/etc/crontab"));
}

#[test]
fn directories_follow_chdir_fchdir_and_chroot() {
    let mut story = Story::begin();
    let chdir = story.event(100, EventKind::CHDIR, &[("res", Value::Int(0)), ("path", word("/srv/demo/"))]);
    assert_eq!(text(&chdir.thread.cwd), "/srv/demo");
    story.event(100, EventKind::CHDIR, &[("res", Value::Int(-2)), ("path", word("/nowhere"))]);
    let chroot = story.event(100, EventKind::CHROOT, &[("res", Value::Int(0)), ("path", word("."))]);
    assert_eq!(text(&chroot.thread.root), "/srv/demo");
    let again = story.event(100, EventKind::CHROOT, &[("res", Value::Int(0)), ("path", word("/inner"))]);
    assert_eq!(text(&again.thread.root), "/srv/demo/inner");
    story.open_with(100, 3, "/usr/share", 1025);
    let moved = story.event(100, EventKind::FCHDIR, &[("res", Value::Int(0)), ("fd", Value::Int(3))]);
    assert_eq!(text(&moved.thread.cwd), "/usr/share");
    let lost = story.event(100, EventKind::FCHDIR, &[("res", Value::Int(0)), ("fd", Value::Int(99))]);
    assert_eq!(text(&lost.thread.cwd), "", "never a wrong one");
    let learned = story.event(100, EventKind::GETCWD, &[("res", Value::Int(5)), ("path", word("/opt"))]);
    assert_eq!(text(&learned.thread.cwd), "/opt");
}
