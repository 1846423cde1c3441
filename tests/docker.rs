//! A container of ours, recorded by its name: alerts name the container and its image. Needs root, eBPF and Docker's
//! daemon: with SYSREEL_DOCKER_TESTS=1 it runs and must pass, without it it says that it is skipped.
//!
//! The daemon is started for the test, with sockets and data of its own and no network.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{command, interrupt, run};
use crate::kernel::enabled;

/// A daemon that ends with the test.
struct Daemon {
    folder: TempDir,
    child: Child,
}

impl Daemon {
    fn start() -> Daemon {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let log = std::fs::File::create(at("log")).unwrap();
        let child = Command::new("dockerd")
            .args([
                "--host",
                &format!("unix://{}", at("socket")),
                "--data-root",
                &at("data"),
                "--exec-root",
                &at("exec"),
            ])
            .args(["--pidfile", &at("pid"), "--bridge=none", "--iptables=false", "--ip6tables=false"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("dockerd is installed");
        let daemon = Daemon { folder, child };
        let started = Instant::now();
        while !daemon.docker(&["version"]).status.success() {
            if started.elapsed() > Duration::from_secs(60) {
                panic!("dockerd does not answer:\n{}", std::fs::read_to_string(daemon.path("log")).unwrap());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        daemon
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn docker(&self, arguments: &[&str]) -> std::process::Output {
        Command::new("docker")
            .args(["-H", &format!("unix://{}", self.path("socket"))])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("docker is installed")
    }

    /// Runs a docker command that must succeed.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.docker(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes an image with nothing but a static busybox in it.
    fn import_busybox(&self, image: &str) {
        let tree = self.folder.path().join("tree");
        for folder in ["bin", "etc", "root", "tmp", "proc", "sys", "dev"] {
            std::fs::create_dir_all(tree.join(folder)).unwrap();
        }
        std::fs::copy("/bin/busybox", tree.join("bin/busybox")).expect("busybox-static is installed");
        for applet in ["sh", "sleep", "mkdir", "cat", "id"] {
            std::os::unix::fs::symlink("busybox", tree.join("bin").join(applet)).unwrap();
        }
        std::fs::write(tree.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n")
            .unwrap();
        let archive = self.path("tree.tar");
        let packed = Command::new("tar").args(["-C", tree.to_str().unwrap(), "-cf", &archive, "."]).status().unwrap();
        assert!(packed.success());
        self.succeed(&["import", &archive, image]);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let left = self.docker(&["ps", "-aq"]);
        for container in String::from_utf8_lossy(&left.stdout).lines() {
            self.docker(&["rm", "-f", container]);
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn a_container_is_recorded_by_its_name_and_alerts_name_its_image() {
    if !enabled("SYSREEL_DOCKER_TESTS", "root, eBPF and Docker's daemon") {
        return;
    }
    let daemon = Daemon::start();
    daemon.import_busybox("nginx:1.21");
    let run_container = |name: &str| {
        daemon.succeed(&["run", "-d", "--name", name, "--network", "none", "nginx:1.21", "/bin/sleep", "600"])
    };
    let full_id = run_container("web");
    run_container("neighbour");

    let capture = daemon.path("web.reel");
    let recording = command()
        .args(["record", "-o", &capture, "--container", "web", "--docker-root", &daemon.path("data")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !Path::new(&capture).exists() {
        assert!(started.elapsed() < Duration::from_secs(30), "the recording did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    // a terminal makes it an interactive shell
    daemon.succeed(&["exec", "-t", "web", "/bin/sh", "-c", "mkdir /falco; echo intruder >>/etc/passwd"]);
    daemon.succeed(&["exec", "-u", "alice", "web", "/bin/id"]);
    daemon.succeed(&["exec", "-t", "neighbour", "/bin/sh", "-c", "mkdir /elsewhere"]);
    let recorded = interrupt(recording);
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
