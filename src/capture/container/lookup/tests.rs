#![allow(clippy::unwrap_used)]

use super::*;
use crate::capture::container::docker::tests::{DockerTree, ID, OTHER};

fn folders(docker: Vec<std::path::PathBuf>) -> RuntimeFolders {
    RuntimeFolders { docker, ..RuntimeFolders::default() }
}

fn container(id: &str) -> Arc<Container> {
    let full_id = Text::from(id.as_bytes());
    Arc::new(Container { id: Text::from(&id.as_bytes()[..12]), full_id, ..Container::default() })
}

fn met(runtime: &'static str) -> Meeting {
    Meeting { runtime, ts_ns: 0 }
}

/// Waits for what another thread does; for ever if it does not.
fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn details_are_filled_on_a_thread_of_its_own() {
    let tree = DockerTree::new();
    tree.container(ID, "web", true);
    let (mut lookup, handle, notes) = StateLookup::start(folders(vec![tree.root()]));
    assert!(notes.is_empty(), "{notes:?}");
    let web = container(ID);
    lookup.request(&web, met("docker"));
    handle.settle(Duration::from_secs(2));
    assert_eq!(&*web.details.get().unwrap().name, b"web");
}

#[test]
fn a_containers_own_users_are_handed_over_once() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("io.containerd.runtime.v2.task/default").join(ID);
    std::fs::create_dir_all(bundle.join("rootfs/etc")).unwrap();
    std::fs::write(bundle.join("config.json"), r#"{"root": {"path": "rootfs"}}"#).unwrap();
    std::fs::write(bundle.join("rootfs/etc/passwd"), "alice:x:1000:1000:::\n").unwrap();
    let states = vec![folder.path().to_owned()];
    let containerd = crate::capture::container::containerd::ContainerdFolders { states, roots: Vec::new() };
    let (mut lookup, handle, _) = StateLookup::start(RuntimeFolders { containerd, ..RuntimeFolders::default() });
    assert!(lookup.accounts().is_none());
    lookup.request(&container(ID), met("containerd"));
    handle.settle(Duration::from_secs(5));
    let told = lookup.accounts().unwrap();
    assert_eq!((&*told.id, told.passwd.as_slice()), (&ID.as_bytes()[..12], &b"alice:x:1000:1000:::\n"[..]));
    assert!(lookup.accounts().is_none());
}

#[test]
fn a_container_whose_files_come_later_holds_up_no_other() {
    let tree = DockerTree::new();
    tree.container(OTHER, "db", true);
    let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
    let (late, there) = (container(ID), container(OTHER));
    lookup.request(&late, met(""));
    lookup.request(&there, met("docker"));
    wait_until(|| there.details.get().is_some());
    assert_eq!(&*there.details.get().unwrap().name, b"db");
    assert!(late.details.get().is_none());
    tree.container(ID, "web", true);
    handle.settle(Duration::from_secs(10));
    assert_eq!(&*late.details.get().unwrap().name, b"web");
}

#[test]
fn a_container_that_docker_does_not_know_is_waited_for_once() {
    let tree = DockerTree::new();
    let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
    let unknown = container(ID);
    lookup.request(&unknown, met("docker"));
    let at_most = Duration::from_secs(1);
    handle.settle(at_most);
    let second = Instant::now();
    handle.settle(at_most);
    assert!(second.elapsed() < at_most);
    drop(lookup);
    assert_eq!(&*unknown.details.get().unwrap().runtime, b"docker");
    assert!(unknown.details.get().unwrap().name.is_empty());
}

#[test]
fn the_end_takes_what_is_known_by_then() {
    let tree = DockerTree::new();
    tree.container(ID, "job", false);
    let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
    let job = container(ID);
    lookup.request(&job, met("docker"));
    drop(lookup);
    assert_eq!(&*job.details.get().unwrap().name, b"job");
    handle.settle(Duration::from_secs(5));
}

#[test]
fn a_container_that_is_gone_before_it_is_asked_for_has_what_was_read_when_it_was_written() {
    let tree = DockerTree::new();
    let (mut lookup, handle, notes) = StateLookup::start(folders(vec![tree.root()]));
    assert!(notes.is_empty(), "{notes:?}");
    tree.container(ID, "job", true);
    wait_until(|| handle.queue.lock().ahead.get(ID).is_some_and(|early| early.is_running));
    tree.remove(ID);
    let job = container(ID);
    lookup.request(&job, met("docker"));
    handle.settle(Duration::from_secs(5));
    assert_eq!(&*job.details.get().unwrap().name, b"job");
    let LookupFigures { containers, named, longest } = handle.figures();
    assert_eq!((containers, named), (1, 1));
    assert!(longest > Duration::ZERO);
}

#[test]
fn what_is_known_of_a_container_that_does_not_run_yet_is_its_draft() {
    let tree = DockerTree::new();
    tree.container(ID, "web", false);
    let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
    let web = container(ID);
    lookup.request(&web, met("docker"));
    wait_until(|| web.known().is_some());
    assert_eq!((&*web.known().unwrap().name, web.details.get().is_none()), (&b"web"[..], true));
    tree.container(ID, "web2", true);
    handle.settle(Duration::from_secs(5));
    assert_eq!(&*web.known().unwrap().name, b"web2");
}

#[test]
fn what_is_true_of_an_earlier_run_is_not_told_of_this_one() {
    let started = |start_ts_ns: u64, is_running: bool, met_ts_ns: u64| {
        let row = ContainerRow { start_ts_ns, ip: Text::from(*b"10.0.0.1"), ..ContainerRow::default() };
        let row = of_run(RuntimeContainer { row, pid: None, is_running, root: None }, met_ts_ns).row;
        (row.start_ts_ns, row.ip.len())
    };
    let late = 60 * CLOCK_SLACK_NS;
    assert_eq!(started(7, false, late), (0, 0), "it ended, and is being started again");
    assert_eq!(started(7, true, late), (7, 8), "it has been running for a while");
    assert_eq!(started(late, false, late - 5), (late, 8), "it was started, and has ended already");
    assert_eq!(started(7, false, 0), (7, 8));
}

#[test]
fn a_daemon_is_asked_for_what_no_folder_has() {
    use crate::capture::container::api::tests::{answer, serve};

    let tree = DockerTree::new();
    let socket = tree.root().join("socket");
    let body =
        format!(r#"{{"Id": "{ID}", "Name": "web", "State": {{"Running": true, "Pid": 7}}, "HostConfig": {{}}}}"#);
    let daemon = serve(&socket, vec![answer("200 OK", "OK"), answer("200 OK", &body)]);
    let folders = RuntimeFolders { sockets: vec![socket], ..folders(vec![tree.root()]) };
    let (mut lookup, handle, _) = StateLookup::start(folders);
    let (there, asked) = (container(OTHER), container(ID));
    tree.container(OTHER, "db", true);
    lookup.request(&there, met("docker"));
    lookup.request(&asked, met("docker"));
    handle.settle(Duration::from_secs(5));
    assert_eq!(&*there.details.get().unwrap().name, b"db");
    assert_eq!(&*asked.details.get().unwrap().name, b"web");
    assert_eq!(daemon.join().unwrap().len(), 2, "only for the one");
}

#[test]
fn a_container_removed_meanwhile_keeps_what_was_read() {
    let tree = DockerTree::new();
    tree.container(ID, "job", false);
    let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
    let job = container(ID);
    lookup.request(&job, met("docker"));
    wait_until(|| job.known().is_some());
    assert!(job.details.get().is_none());
    tree.remove(ID);
    handle.settle(Duration::from_secs(2));
    assert_eq!(&*job.details.get().unwrap().name, b"job");
}

#[test]
fn folders_of_no_use_are_noted_and_runtimes_without_state_give_their_name_only() {
    let tree = DockerTree::new();
    let nowhere = tree.root().join("nowhere");
    let empty = tree.root().join("containers");
    let (mut lookup, handle, notes) = StateLookup::start(folders(vec![nowhere, empty]));
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("is not there"), "{notes:?}");
    assert!(notes[1].contains("holds no Docker state"), "{notes:?}");
    let (podman, docker) = (container(ID), container(OTHER));
    lookup.request(&podman, met("podman"));
    lookup.request(&docker, met("docker"));
    handle.settle(Duration::from_secs(2));
    assert_eq!(&*podman.details.get().unwrap().runtime, b"podman");
    assert_eq!(&*docker.details.get().unwrap().runtime, b"docker");
}
