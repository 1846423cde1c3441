//! Pods of containerd's, made over its CRI socket as a kubelet makes them (scripts/cri.sh): one that somebody enters as
//! `kubectl exec -it` does, and one that starts while the recording runs. Alerts name pod, namespace, labels and image.
//! SYSREEL_CONTAINERD_TESTS=1.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::busybox::pack_image;
use super::containerd::ctr;
use super::daemon::{Daemon, client, output_of_success, path_in};
use crate::binary::run;
use crate::kernel::enabled;
use crate::recording::Recording;

const IMAGE: &str = "docker.io/library/nginx:1.21";
const PAUSE: &str = "registry.k8s.io/pause:3.9";

/// The namespace of containerd's in which pods are.
const NAMESPACE: &str = "k8s.io";

/// Ids of a pod's sandbox and its container.
struct Pod {
    sandbox: String,
    container: String,
}

/// A daemon that ends with the test, and its pods with it.
struct Cri {
    daemon: Daemon,
    /// The parent of its pods' cgroups: below the kubelet's, and the test's own.
    cgroup: String,
    sandboxes: Vec<String>,
}

impl Cri {
    fn start() -> Cri {
        let arguments = |folder: &Path| {
            let at = |name: &str| path_in(folder, name);
            // Where tests run, lower scores for the out-of-memory killer may be forbidden, and there is no overlay.
            let config = format!(
                "version = 2\nroot = {:?}\nstate = {:?}\n[grpc]\naddress = {:?}\n\
                 [plugins.\"io.containerd.internal.v1.opt\"]\npath = {:?}\n\
                 [plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = {PAUSE:?}\nrestrict_oom_score_adj = true\n\
                 [plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n",
                at("root"),
                at("state"),
                at("socket"),
                at("opt")
            );
            std::fs::write(at("config.toml"), config).unwrap();
            vec!["--config".to_owned(), at("config.toml")]
        };
        let answers = |folder: &Path| ctr(folder, NAMESPACE, &["version"]).status.success();
        let daemon = Daemon::start("containerd", arguments, answers);
        for tag in [IMAGE, PAUSE] {
            let import = ["images", "import", "--snapshotter", "native", &pack_image(daemon.folder(), tag, &[])];
            output_of_success(ctr(daemon.folder(), NAMESPACE, &import), &import);
        }
        Cri { daemon, cgroup: format!("/kubepods/sysreel-test-{}", std::process::id()), sandboxes: Vec::new() }
    }

    /// What a kubelet does: `arguments` are those of scripts/cri.sh.
    fn kubelet(&self, arguments: &[&str]) -> Output {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/cri.sh");
        let socket = self.daemon.path("socket");
        client(script, &[&[socket.as_str()], arguments].concat())
    }

    fn run_pod(&mut self, options: &[&str], pod: &str, program: &[&str]) -> Pod {
        let arguments = [&["run", "-c", &self.cgroup], options, &[pod, IMAGE], program].concat();
        let ids = output_of_success(self.kubelet(&arguments), &arguments);
        let (sandbox, container) = ids.split_once(' ').unwrap();
        self.sandboxes.push(sandbox.to_owned());
        Pod { sandbox: sandbox.to_owned(), container: container.to_owned() }
    }

    /// Runs a command line in a shell with a terminal, as the daemon does for `kubectl exec -it`.
    fn type_in_shell(&self, pod: &Pod, line: &str) {
        let socket = self.daemon.path("socket");
        let exec = format!("tasks exec --exec-id shell --tty {} /bin/sh -c '{line}'", pod.container);
        let command = format!("ctr --address {socket} --namespace {NAMESPACE} {exec}");
        let arguments = ["--quiet", "--return", "--command", &command, "/dev/null"];
        output_of_success(client("script", &arguments), &arguments);
    }
}

impl Drop for Cri {
    fn drop(&mut self) {
        for sandbox in &self.sandboxes {
            self.kubelet(&["remove", sandbox]);
        }
        // the cgroups of pods are the kubelet's to remove
        let below = format!("*{}*", self.cgroup);
        client("find", &["/sys/fs/cgroup", "-depth", "-type", "d", "-path", &below, "-exec", "rmdir", "{}", "+"]);
    }
}

#[test]
fn alerts_in_pods_name_the_pod_its_namespace_labels_and_image() {
    if !enabled("SYSREEL_CONTAINERD_TESTS", "root, eBPF and containerd") {
        return;
    }
    let mut cri = Cri::start();
    let uid = "6f0b8d1c-52a7-4f5e-9c43-7d1e0a9b2c84";
    let web = cri.run_pod(&["-n", "shop", "-u", uid, "-l", "app=web"], "web-0", &["/bin/sleep", "600"]);

    let capture = cri.daemon.path("pods.reel");
    let (state, root) = (cri.daemon.path("state"), cri.daemon.path("root"));
    let cgroup = cri.cgroup.clone();
    let options = ["--cgroup", &cgroup, "--containerd-state", &state, "--containerd-root", &root];
    let recording = Recording::start(&capture, &options);
    cri.type_in_shell(&web, "mkdir /falco");
    let node =
        cri.run_pod(&["-n", "ops", "-l", "app=node", "-p", "-m", "/etc:/host"], "node-0", &["/bin/sleep", "601"]);
    let recorded = recording.interrupt();
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);

    let fields = "rule,container.name,container.image.repository,container.image.tag,user.name,\
                  k8s.pod.name,k8s.ns.name,k8s.pod.label[app],container.privileged,container.full_id,\
                  k8s.pod.full_sandbox_id";
    let replayed = run(&["replay", &capture, "--format", fields]);
    assert_eq!(replayed.status, Some(0), "{}", replayed.stderr);
    let facts = "nginx,docker.io/library/nginx,1.21,root";
    let of_web = format!("{facts},web-0,shop,web,false,{},{}", web.container, web.sandbox);
    let of_node = format!("{facts},node-0,ops,node,true,{},{}", node.container, node.sandbox);
    for alert in [
        format!("Terminal shell in a container,{of_web}"),
        format!("Write in the root directory,{of_web}"),
        format!("Privileged container started,{of_node}"),
    ] {
        assert!(replayed.stdout.lines().any(|line| line == alert), "{alert} is missing from:\n{}", replayed.stdout);
    }

    let condition = "evt.type = execve and evt.rawres = 0 and proc.name = sleep and k8s.pod.name = node-0";
    let mounts = "container.mount.source[/host],container.mount.dest[/etc],container.host_network,container.type";
    let started = run(&["events", &capture, condition, "--format", mounts]);
    assert!(started.stdout.lines().any(|line| line == "/etc,/host,true,containerd"), "{}", started.stdout);
    let shell = "proc.name = sh and evt.type = execve and evt.rawres = 0";
    let uids = run(&["events", &capture, shell, "--format", "k8s.pod.uid"]);
    assert_eq!(uids.stdout, format!("{uid}\n"), "{}", uids.stderr);

    let info = run(&["info", &capture, "-o", "json", "--verify"]);
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    assert_eq!((&info["verify"], &info["lost"]), (&"intact".into(), &0.into()));
    let pods: Vec<_> = info["pods"].as_array().unwrap().iter().map(|pod| (&pod["namespace"], &pod["name"])).collect();
    assert_eq!(pods, [(&"shop".into(), &"web-0".into()), (&"ops".into(), &"node-0".into())], "{info}");
    assert_eq!(
        (&info["pods"][0]["uid"], &info["pods"][0]["containers"]),
        (&uid.into(), &[&web.container[..12]][..].into())
    );
}
