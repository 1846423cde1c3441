//! A container of Podman's, which has no daemon: alerts name it, its image and its labels. SYSREEL_PODMAN_TESTS=1.

use std::path::Path;

use tempfile::TempDir;

use super::busybox::pack_image;
use super::daemon::{client, output_of_success, path_in};
use crate::binary::run;
use crate::kernel::enabled;
use crate::recording::Recording;

const IMAGE: &str = "docker.io/library/httpd:2.4";

/// Limits that hold wherever tests run: Podman's own may be higher than what is allowed.
pub(crate) const LIMITS: [&str; 6] =
    ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--ulimit", "core=0:0"];

/// Podman with folders of the test's own; its containers end with the test.
pub(crate) struct Podman {
    folder: TempDir,
}

impl Podman {
    /// With an image of busybox.
    pub(crate) fn with_busybox(tag: &str) -> Podman {
        let podman = Podman { folder: TempDir::new().unwrap() };
        podman.succeed(&["load", "--quiet", "--input", &pack_image(podman.folder(), tag, &[])]);
        podman
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn storage(&self) -> String {
        path_in(self.folder(), "storage")
    }

    /// Runs a podman command that must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let (storage, run, tmp) = (self.storage(), path_in(self.folder(), "run"), path_in(self.folder(), "tmp"));
        let places = ["--root", &storage, "--runroot", &run, "--tmpdir", &tmp, "--storage-driver", "vfs"];
        // neither systemd nor its journal need run
        let machine = ["--cgroup-manager", "cgroupfs", "--events-backend", "file"];
        output_of_success(client("podman", &[&places[..], &machine, arguments].concat()), arguments)
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = std::panic::catch_unwind(|| self.succeed(&["rm", "--all", "--force", "--time", "0"]));
    }
}

#[test]
fn alerts_in_a_container_of_podman_name_it_and_its_image() {
    if !enabled("SYSREEL_PODMAN_TESTS", "root, eBPF and Podman") {
        return;
    }
    let podman = Podman::with_busybox(IMAGE);
    let start = ["run", "--detach", "--name", "shop", "--network", "none", "--label", "team=web"];
    let full_id = podman.succeed(&[&start[..], &LIMITS, &[IMAGE, "/bin/sleep", "600"]].concat());

    let capture = path_in(podman.folder(), "shop.reel");
    let storage = podman.storage();
    let recording = Recording::start(&capture, &["--container", "shop", "--storage-root", &storage]);
    podman.succeed(&["exec", "--tty", "shop", "/bin/sh", "-c", "mkdir /falco; echo intruder >>/etc/passwd"]);
    podman.succeed(&["exec", "--user", "alice", "shop", "/bin/id"]);
    let recorded = recording.interrupt();
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    assert!(recorded.stderr.contains("Podman"), "what was found is told first: {}", recorded.stderr);

    let fields = "rule,container.full_id,container.name,container.type,container.image.repository,\
                  container.image.tag,container.label[team],user.name";
    let replayed = run(&["replay", &capture, "--format", fields]);
    assert_eq!(replayed.status, Some(0), "{}", replayed.stderr);
    let origin = format!("{full_id},shop,podman,docker.io/library/httpd,2.4,web,root");
    for rule in ["Terminal shell in a container", "Write in the root directory", "Write below /etc"] {
        let alert = format!("{rule},{origin}");
        assert!(replayed.stdout.lines().any(|line| line == alert), "{alert} is missing from:\n{}", replayed.stdout);
    }
    let alice = run(&["events", &capture, "proc.name = id and evt.type = execve", "--format", "user.uid,user.name"]);
    assert_eq!(alice.stdout, "1000,alice\n", "{}", alice.stderr);
}
