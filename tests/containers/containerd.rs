//! Containers of containerd's, one there before the recording and one that comes and goes while it runs: both have
//! name, image and labels in the capture. SYSREEL_CONTAINERD_TESTS=1.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::busybox::pack_image;
use super::daemon::{Daemon, client, output_of_success, path_in};
use crate::binary::run;
use crate::kernel::enabled;
use crate::recording::Recording;

const WEB: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
const JOB: &str = "b0b1c2d3e4f5a6978869504132231405f6e7d8c9baab9c8d7e6f504132231405";
const IMAGE: &str = "registry.example:5000/team/nginx:1.21";

/// A daemon that ends with the test, and its containers with it.
pub(crate) struct Containerd {
    pub(crate) daemon: Daemon,
    /// A containerd namespace of the test's own: the parent of its containers' cgroups has this name.
    pub(crate) namespace: String,
}

impl Containerd {
    pub(crate) fn start() -> Containerd {
        let arguments = |folder: &Path| {
            let at = |name: &str| path_in(folder, name);
            let config = format!(
                "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\n\
                 address = {:?}\n[plugins.\"io.containerd.internal.v1.opt\"]\npath = {:?}\n",
                at("root"),
                at("state"),
                at("socket"),
                at("opt")
            );
            std::fs::write(at("config.toml"), config).unwrap();
            vec!["--config".to_owned(), at("config.toml")]
        };
        let namespace = format!("sysreel-test-{}", std::process::id());
        let answers = |folder: &Path| ctr(folder, &namespace, &["version"]).status.success();
        let daemon = Daemon::start("containerd", arguments, answers);
        Containerd { daemon, namespace }
    }

    pub(crate) fn ctr(&self, arguments: &[&str]) -> Output {
        ctr(self.daemon.folder(), &self.namespace, arguments)
    }

    /// Runs a ctr command that must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) {
        output_of_success(self.ctr(arguments), arguments);
    }

    /// Makes an image with nothing but a static busybox in it.
    pub(crate) fn import_busybox(&self, tag: &str) {
        let image = pack_image(self.daemon.folder(), tag, &[]);
        self.succeed(&["images", "import", "--snapshotter", "native", &image]);
    }

    pub(crate) fn run_container(&self, options: &[&str], image: &str, id: &str, program: &[&str]) {
        let start = ["run", "--snapshotter", "native", "--net-host"];
        self.succeed(&[&start[..], options, &[image, id], program].concat());
    }
}

/// A ctr command, for the daemon in this folder.
pub(super) fn ctr(folder: &Path, namespace: &str, arguments: &[&str]) -> Output {
    client("ctr", &[&["--address", &path_in(folder, "socket"), "--namespace", namespace], arguments].concat())
}

impl Drop for Containerd {
    fn drop(&mut self) {
        for id in [WEB, JOB] {
            self.ctr(&["tasks", "delete", "--force", id]);
            self.ctr(&["containers", "delete", id]);
        }
    }
}

#[test]
fn containers_of_containerd_have_names_images_and_labels() {
    if !enabled("SYSREEL_CONTAINERD_TESTS", "root, eBPF and containerd") {
        return;
    }
    let containerd = Containerd::start();
    containerd.import_busybox(IMAGE);
    containerd.run_container(&["--detach", "--label", "nerdctl/name=web"], IMAGE, WEB, &["/bin/sleep", "600"]);

    let capture = containerd.daemon.path("containers.reel");
    let (state, root) = (containerd.daemon.path("state"), containerd.daemon.path("root"));
    let cgroup = format!("/{}", containerd.namespace);
    let options = ["--cgroup", &cgroup, "--containerd-state", &state, "--containerd-root", &root];
    let recording = Recording::start(&capture, &options);
    containerd.succeed(&["tasks", "exec", "--exec-id", "one", "--user", "1000", WEB, "/bin/mkdir", "-p", "/tmp"]);
    let labels = ["--rm", "--label", "team=shop", "--mount", "type=bind,src=/tmp,dst=/data,options=rbind:ro"];
    containerd.run_container(&labels, IMAGE, JOB, &["/bin/sleep", "1"]);
    let recorded = recording.interrupt();
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    assert!(recorded.stderr.contains("containerd in"), "what was found is told first: {}", recorded.stderr);

    let fields = "proc.name,container.name,container.type,container.image.repository,container.image.tag,\
                  container.host_network,container.host_pid,container.privileged";
    let condition = "evt.type = execve and evt.rawres = 0 and proc.name in (mkdir, sleep)";
    let programs = run(&["events", &capture, condition, "--format", fields]);
    let facts = "containerd,registry.example:5000/team/nginx,1.21,true,false,false";
    let expected = [format!("mkdir,web,{facts}"), format!("sleep,{},{facts}", &JOB[..12])];
    let programs: BTreeSet<&str> = programs.stdout.lines().collect();
    assert_eq!(programs, expected.iter().map(String::as_str).collect());

    let condition = format!("{condition} and container.id = {}", &JOB[..12]);
    let job = run(&["events", &capture, &condition, "--format", "container.label[team],container.mount.dest[/tmp]"]);
    assert_eq!(job.stdout, "shop,/data\n", "{}", job.stderr);
    let web = format!("evt.type = execve and evt.rawres = 0 and container.id = {}", &WEB[..12]);
    let alice = run(&["events", &capture, &web, "--format", "user.uid,user.name"]);
    assert_eq!(alice.stdout, "1000,alice\n", "users are the container's own: {}", alice.stderr);
    let digest = run(&["events", &capture, &condition, "--format", "container.image.digest"]);
    assert!(digest.stdout.starts_with("sha256:") && digest.stdout.trim().len() == 71, "{}", digest.stdout);

    let info = run(&["info", &capture, "-o", "json", "--verify"]);
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    let containers = info["containers"].as_array().unwrap();
    let ids: BTreeSet<_> = containers.iter().filter_map(|container| container["full_id"].as_str()).collect();
    assert_eq!(ids, BTreeSet::from([WEB, JOB]), "{info}");
    assert_eq!(info["verify"], "intact");
}
