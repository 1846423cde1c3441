//! Containers that do nothing and end at once, several at a time: each has its name in the capture. By hand, with more
//! of them and figures: `just burst`.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;

use super::containerd::Containerd;
use super::daemon::path_in;
use super::docker::Docker;
use super::podman::{LIMITS, Podman};
use crate::binary::run;
use crate::kernel::enabled;
use crate::recording::Recording;

const IMAGE: &str = "registry.example:5000/team/job:2.0";

/// How many are started: SYSREEL_BURST.
fn count() -> usize {
    std::env::var("SYSREEL_BURST").ok().and_then(|count| count.parse().ok()).unwrap_or(12)
}

/// How many are started at the same time.
const AT_ONCE: usize = 3;

/// The id of one of them; the first twelve digits tell it from others.
fn id(at: usize) -> String {
    format!("{at:012x}{}", "b0b1".repeat(13))
}

/// Starts all of them, and gives the time that this took in seconds.
fn start_all(start: impl Fn(usize) + Sync) -> f64 {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count() {
                        return;
                    }
                    start(at);
                }
            });
        }
    });
    started.elapsed().as_secs_f64()
}

/// What the kernel says of the recorder's memory: resident now and at the most, in KiB.
fn memory_of(recorder: &Child) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", recorder.id())).unwrap();
    let figure = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (figure("VmRSS:"), figure("VmHWM:"))
}

/// Every container of the burst is in the capture, with its name, its image and the name of its user.
fn check(capture: &str, user: &str) {
    let fields = "container.id,container.name,container.image.repository,container.image.tag,user.name";
    let condition = "evt.type = execve and evt.rawres = 0 and proc.name = true";
    let programs = run(&["events", capture, condition, "--format", fields]);
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in programs.stdout.lines() {
        let values: Vec<&str> = line.split(',').collect();
        if values[2..] == ["registry.example:5000/team/job", "2.0", user] && values[1].starts_with("job-") {
            *named.entry(values[1]).or_default() += 1;
        } else {
            wrong.push(line);
        }
    }
    eprintln!("{} of {} containers with name, image and user", named.len(), count());
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
    assert_eq!(named.len(), count(), "{programs:?}");

    let info = run(&["info", capture, "-o", "json", "--verify"]);
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    let mut lifetimes_ms: Vec<u64> = info["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|container| (container["last_ns"].as_u64().unwrap() - container["first_ns"].as_u64().unwrap()) / 1_000_000)
        .collect();
    lifetimes_ms.sort_unstable();
    eprintln!("from first to last event, ms: {lifetimes_ms:?}");
    assert_eq!(info["verify"], "intact");
}

#[test]
fn containerds_containers_that_end_at_once_have_names() {
    if !enabled("SYSREEL_CONTAINERD_TESTS", "root, eBPF and containerd") {
        return;
    }
    let containerd = Containerd::start();
    containerd.import_busybox(IMAGE);
    let capture = containerd.daemon.path("burst.reel");
    let (state, root) = (containerd.daemon.path("state"), containerd.daemon.path("root"));
    let cgroup = format!("/{}", containerd.namespace);
    // the control group of all is there once a container was
    containerd.run_container(&["--rm"], IMAGE, &id(count()), &["/bin/true"]);
    let options = ["--cgroup", &cgroup, "--containerd-state", &state, "--containerd-root", &root];
    let recording = Recording::start(&capture, &options);
    let before = memory_of(recording.child());
    let seconds = start_all(|at| {
        let (id, name) = (id(at), format!("nerdctl/name=job-{at}"));
        containerd.run_container(&["--rm", "--label", &name], IMAGE, &id, &["/bin/true"]);
    });
    let after = memory_of(recording.child());
    let recorded = recording.interrupt();
    eprintln!("{} containers in {seconds:.1} s; memory {before:?} -> {after:?} KiB\n{}", count(), recorded.stderr);
    check(&capture, "root");
}

#[test]
fn dockers_containers_that_end_at_once_have_names() {
    if !enabled("SYSREEL_DOCKER_TESTS", "root, eBPF and Docker's daemon") {
        return;
    }
    let docker = Docker::start();
    docker.load_busybox(IMAGE);
    let capture = docker.daemon.path("burst.reel");
    let cgroup = format!("/sysreel-test-docker-{}", std::process::id());
    docker.succeed(&["run", "--rm", "--network", "none", "--cgroup-parent", &cgroup, IMAGE, "/bin/true"]);
    let data = docker.daemon.path("data");
    let state = docker.daemon.path("exec/containerd/daemon");
    let options = ["--cgroup", &cgroup, "--docker-root", &data, "--containerd-state", &state];
    let recording = Recording::start(&capture, &options);
    let before = memory_of(recording.child());
    let seconds = start_all(|at| {
        let name = format!("job-{at}");
        let start =
            ["run", "--rm", "--network", "none", "--user", "alice", "--cgroup-parent", &cgroup, "--name", &name];
        docker.succeed(&[&start[..], &[IMAGE, "/bin/true"]].concat());
    });
    let after = memory_of(recording.child());
    let recorded = recording.interrupt();
    eprintln!("{} containers in {seconds:.1} s; memory {before:?} -> {after:?} KiB\n{}", count(), recorded.stderr);
    check(&capture, "alice");
}

#[test]
fn podmans_containers_that_end_at_once_have_names() {
    if !enabled("SYSREEL_PODMAN_TESTS", "root, eBPF and Podman") {
        return;
    }
    let podman = Podman::with_busybox(IMAGE);
    let cgroup = format!("/sysreel-test-podman-{}", std::process::id());
    let start = ["run", "--rm", "--network", "none", "--user", "alice", "--cgroup-parent", &cgroup];
    podman.succeed(&[&start[..], &LIMITS, &[IMAGE, "/bin/true"]].concat());
    let capture = path_in(podman.folder(), "burst.reel");
    let recording = Recording::start(&capture, &["--cgroup", &cgroup, "--storage-root", &podman.storage()]);
    let before = memory_of(recording.child());
    let seconds = start_all(|at| {
        podman.succeed(&[&start[..], &LIMITS, &["--name", &format!("job-{at}"), IMAGE, "/bin/true"]].concat());
    });
    let after = memory_of(recording.child());
    let recorded = recording.interrupt();
    eprintln!("{} containers in {seconds:.1} s; memory {before:?} -> {after:?} KiB\n{}", count(), recorded.stderr);
    check(&capture, "alice");
}
