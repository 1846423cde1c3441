//! A container of Docker's, recorded by its name: alerts name the container and its image. SYSREEL_DOCKER_TESTS=1.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::busybox::pack_image;
use super::daemon::{Daemon, client, output_of_success, path_in};
use crate::binary::run;
use crate::kernel::enabled;
use crate::recording::Recording;

/// A daemon that ends with the test, and its containers with it.
pub(crate) struct Docker {
    pub(crate) daemon: Daemon,
}

impl Docker {
    pub(crate) fn start() -> Docker {
        let arguments = |folder: &Path| {
            let socket = format!("unix://{}", path_in(folder, "socket"));
            let (data, exec, pid) = (path_in(folder, "data"), path_in(folder, "exec"), path_in(folder, "pid"));
            let places = ["--host", &socket, "--data-root", &data, "--exec-root", &exec, "--pidfile", &pid];
            let no_network = ["--bridge=none", "--iptables=false", "--ip6tables=false"];
            places.into_iter().chain(no_network).map(str::to_owned).collect()
        };
        let answers = |folder: &Path| docker(folder, &["version"]).status.success();
        Docker { daemon: Daemon::start("dockerd", arguments, answers) }
    }

    /// Runs a docker command that must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        output_of_success(docker(self.daemon.folder(), arguments), arguments)
    }

    /// Makes an image with nothing but a static busybox in it.
    pub(crate) fn load_busybox(&self, tag: &str) {
        self.succeed(&["load", "--input", &pack_image(self.daemon.folder(), tag, &[])]);
    }
}

/// A docker command, for the daemon in this folder.
fn docker(folder: &Path, arguments: &[&str]) -> Output {
    client("docker", &[&["-H", &format!("unix://{}", path_in(folder, "socket"))], arguments].concat())
}

impl Drop for Docker {
    fn drop(&mut self) {
        let left = docker(self.daemon.folder(), &["ps", "-aq"]);
        for container in String::from_utf8_lossy(&left.stdout).lines() {
            docker(self.daemon.folder(), &["rm", "-f", container]);
        }
    }
}

#[test]
fn a_container_is_recorded_by_its_name_and_alerts_name_its_image() {
    if !enabled("SYSREEL_DOCKER_TESTS", "root, eBPF and Docker's daemon") {
        return;
    }
    let docker = Docker::start();
    docker.load_busybox("nginx:1.21");
    let run_container = |name: &str| {
        docker.succeed(&["run", "-d", "--name", name, "--network", "none", "nginx:1.21", "/bin/sleep", "600"])
    };
    let full_id = run_container("web");
    run_container("neighbour");

    let capture = docker.daemon.path("web.reel");
    let options = ["--container", "web", "--docker-root", &docker.daemon.path("data")];
    let recording = Recording::start(&capture, &options);
    // a terminal makes it an interactive shell
    docker.succeed(&["exec", "-t", "web", "/bin/sh", "-c", "mkdir /falco; echo intruder >>/etc/passwd"]);
    docker.succeed(&["exec", "-u", "alice", "web", "/bin/id"]);
    docker.succeed(&["exec", "-t", "neighbour", "/bin/sh", "-c", "mkdir /elsewhere"]);
    let recorded = recording.interrupt();
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);

    let short_id = &full_id[..12];
    let replayed = run(&["replay", &capture, "--format", "rule,container-id,container-name,image,user"]);
    assert_eq!(replayed.status, Some(0), "{}", replayed.stderr);
    let origin = format!("{short_id},web,nginx:1.21,root");
    for rule in ["Terminal shell in a container", "Write in the root directory", "Write below /etc"] {
        let alert = format!("{rule},{origin}");
        assert!(replayed.stdout.lines().any(|line| line == alert), "{alert} is missing from:\n{}", replayed.stdout);
    }
    assert!(replayed.stdout.lines().all(|line| line.contains(&origin)), "{}", replayed.stdout);

    let message = run(&["replay", &capture]).stdout;
    assert!(message.contains("container=web") && message.contains("image=nginx:1.21"), "{message}");

    let alice = run(&["events", &capture, "proc.name = id and evt.type = execve", "--format", "user.uid,user.name"]);
    assert_eq!(alice.stdout, "1000,alice\n", "{}", alice.stderr);

    // what the runtime does inside before the program's execve is there too, so execve decides
    let condition = "evt.type = execve and evt.rawres = 0";
    let programs = run(&["events", &capture, condition, "--format", "proc.name,container.name"]);
    let programs: BTreeSet<&str> = programs.stdout.lines().collect();
    assert_eq!(programs, BTreeSet::from(["sh,web", "id,web"]), "only the container is recorded");

    let info = run(&["info", &capture, "-o", "json", "--verify"]);
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    assert_eq!(info["containers"].as_array().map(Vec::len), Some(1), "{info}");
    let container = &info["containers"][0];
    assert_eq!((&container["full_id"], &container["name"]), (&full_id.into(), &"web".into()));
    assert_eq!((&info["verify"], &info["lost"]), (&"intact".into(), &0.into()));
}

#[test]
fn a_container_that_is_started_again_has_details_of_that_run() {
    if !enabled("SYSREEL_DOCKER_TESTS", "root, eBPF and Docker's daemon") {
        return;
    }
    let docker = Docker::start();
    docker.load_busybox("nginx:1.21");
    let cgroup = format!("/sysreel-test-restart-{}", std::process::id());
    let run_container = ["run", "-d", "--name", "web", "--network", "none", "--cgroup-parent", &cgroup];
    docker.succeed(&[&run_container[..], &["nginx:1.21", "/bin/sleep", "600"]].concat());

    let capture = docker.daemon.path("restart.reel");
    let options = ["--cgroup", &cgroup, "--docker-root", &docker.daemon.path("data")];
    let recording = Recording::start(&capture, &options);
    docker.succeed(&["exec", "web", "/bin/mkdir", "/one"]);
    // what a container is called is one of the details; the time of its start is in events, too
    docker.succeed(&["rename", "web", "shop"]);
    docker.succeed(&["exec", "shop", "/bin/mkdir", "/two"]);
    docker.succeed(&["restart", "-t", "0", "shop"]);
    docker.succeed(&["exec", "shop", "/bin/mkdir", "/three"]);
    let recorded = recording.interrupt();
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);

    let condition = "evt.type = execve and evt.rawres = 0 and proc.name = mkdir";
    let programs = run(&["events", &capture, condition, "--format", "proc.args,container.name"]);
    assert_eq!(programs.stdout, "/one,web\n/two,web\n/three,shop\n", "{}", programs.stderr);
    let info = run(&["info", &capture, "-o", "json"]);
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    assert_eq!(info["containers"].as_array().map(Vec::len), Some(1), "{info}");
}

#[test]
fn the_daemon_is_asked_for_containers_whose_folder_is_not_known() {
    if !enabled("SYSREEL_DOCKER_TESTS", "root, eBPF and Docker's daemon") {
        return;
    }
    let docker = Docker::start();
    docker.load_busybox("registry.example/team/nginx:1.21");
    let run_container = ["run", "-d", "--name", "web", "--network", "none", "--label", "team=shop"];
    docker.succeed(&[&run_container[..], &["registry.example/team/nginx:1.21", "/bin/sleep", "600"]].concat());

    let capture = docker.daemon.path("asked.reel");
    let (nowhere, socket) = (docker.daemon.path("nowhere"), docker.daemon.path("socket"));
    let options = ["--container", "web", "--docker-root", &nowhere, "--docker-socket", &socket];
    let recording = Recording::start(&capture, &options);
    docker.succeed(&["exec", "-u", "alice", "web", "/bin/mkdir", "-p", "/tmp"]);
    let recorded = recording.interrupt();
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    assert!(recorded.stderr.contains(&socket), "what is asked is told first: {}", recorded.stderr);

    let condition = "evt.type = execve and evt.rawres = 0 and proc.name = mkdir";
    let fields = "container.name,container.type,container.image.repository,container.image.tag,\
                  container.label[team],user.name";
    let programs = run(&["events", &capture, condition, "--format", fields]);
    assert_eq!(programs.stdout, "web,docker,registry.example/team/nginx,1.21,shop,alice\n", "{}", programs.stderr);

    // with nobody to ask, the container's processes still show its users
    let full_id = docker.succeed(&["inspect", "--format", "{{.Id}}", "web"]);
    let (capture, cgroup) = (docker.daemon.path("unknown.reel"), format!("/docker/{full_id}"));
    let options = ["--cgroup", &cgroup, "--docker-root", &nowhere, "--docker-socket", &nowhere];
    let recording = Recording::start(&capture, &options);
    docker.succeed(&["exec", "-u", "alice", "web", "/bin/mkdir", "-p", "/tmp"]);
    let recorded = recording.interrupt();
    assert!(recorded.stderr.contains("1 container, 1 without a name"), "{}", recorded.stderr);
    let programs = run(&["events", &capture, condition, "--format", "container.id,user.name"]);
    assert_eq!(programs.stdout, format!("{},alice\n", &full_id[..12]), "{}", programs.stderr);
}
