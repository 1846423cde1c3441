//! Containers of containerd's, one there before the recording and one that comes and goes while it runs: both have
//! name, image and labels in the capture. Needs root, eBPF and containerd: with SYSREEL_CONTAINERD_TESTS=1 it runs and
//! must pass, without it it says that it is skipped.
//!
//! The daemon is started for the test, with sockets and data of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{command, interrupt, run};
use crate::kernel::enabled;

const WEB: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
const JOB: &str = "b0b1c2d3e4f5a6978869504132231405f6e7d8c9baab9c8d7e6f504132231405";
const IMAGE: &str = "registry.example:5000/team/nginx:1.21";

/// A daemon that ends with the test.
struct Daemon {
    folder: TempDir,
    child: Child,
    /// A containerd namespace of the test's own: the parent of its containers' cgroups has this name.
    namespace: String,
}

impl Daemon {
    fn start() -> Daemon {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let config = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\n\
             address = {:?}\n[plugins.\"io.containerd.internal.v1.opt\"]\npath = {:?}\n",
            at("root"),
            at("state"),
            at("socket"),
            at("opt")
        );
        std::fs::write(at("config.toml"), config).unwrap();
        let log = std::fs::File::create(at("log")).unwrap();
        let child = Command::new("containerd")
            .args(["--config", &at("config.toml")])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("containerd is installed");
        let namespace = format!("sysreel-test-{}", std::process::id());
        let daemon = Daemon { folder, child, namespace };
        let started = Instant::now();
        while !daemon.ctr(&["version"]).status.success() {
            if started.elapsed() > Duration::from_secs(60) {
                panic!("containerd does not answer:\n{}", std::fs::read_to_string(daemon.path("log")).unwrap());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        daemon
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn ctr(&self, arguments: &[&str]) -> std::process::Output {
        Command::new("ctr")
            .args(["--address", &self.path("socket"), "--namespace", &self.namespace])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("ctr is installed with containerd")
    }

    /// Runs a ctr command that must succeed.
    fn succeed(&self, arguments: &[&str]) {
        let output = self.ctr(arguments);
        assert!(output.status.success(), "ctr {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes an image with nothing but a static busybox in it.
    fn import_busybox(&self) {
        let tree = self.folder.path().join("tree");
        for folder in ["bin", "etc", "root", "tmp", "proc", "sys", "dev", "run"] {
            std::fs::create_dir_all(tree.join(folder)).unwrap();
        }
        std::fs::copy("/bin/busybox", tree.join("bin/busybox")).expect("busybox-static is installed");
        for applet in ["sh", "sleep", "mkdir"] {
            std::os::unix::fs::symlink("busybox", tree.join("bin").join(applet)).unwrap();
        }
        std::fs::write(tree.join("etc/passwd"), "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n").unwrap();
        for file in ["etc/hosts", "etc/resolv.conf"] {
            std::fs::write(tree.join(file), "").unwrap();
        }
        let tool = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output().unwrap();
            assert!(output.status.success(), "{program} {arguments:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let archive = self.folder.path().join("archive");
        std::fs::create_dir(&archive).unwrap();
        let layer = archive.join("layer.tar").to_str().unwrap().to_owned();
        tool("tar", &["-C", tree.to_str().unwrap(), "-cf", &layer, "."]);
        let checksum = tool("sha256sum", &[&layer]);
        let config = json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux",
            "config": { "Env": ["PATH=/bin"] },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", &checksum[..64])] } });
        std::fs::write(archive.join("config.json"), config.to_string()).unwrap();
        let manifest = json!([{ "Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"] }]);
        std::fs::write(archive.join("manifest.json"), manifest.to_string()).unwrap();
        let image = self.path("image.tar");
        let members = ["config.json", "layer.tar", "manifest.json"];
        tool("tar", &[&["-C", archive.to_str().unwrap(), "-cf", &image], &members[..]].concat());
        self.succeed(&["images", "import", "--snapshotter", "native", &image]);
    }

    fn run_container(&self, options: &[&str], id: &str, program: &[&str]) {
        let start = ["run", "--snapshotter", "native", "--net-host"];
        self.succeed(&[&start[..], options, &[IMAGE, id], program].concat());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        for id in [WEB, JOB] {
            self.ctr(&["tasks", "delete", "--force", id]);
            self.ctr(&["containers", "delete", id]);
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn containers_of_containerd_have_names_images_and_labels() {
    if !enabled("SYSREEL_CONTAINERD_TESTS", "root, eBPF and containerd") {
        return;
    }
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.run_container(&["--detach", "--label", "nerdctl/name=web"], WEB, &["/bin/sleep", "600"]);

    let capture = daemon.path("containers.reel");
    let recording = command()
        .args(["record", "-o", &capture, "--cgroup", &format!("/{}", daemon.namespace)])
        .args(["--containerd-state", &daemon.path("state"), "--containerd-root", &daemon.path("root")])
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
    daemon.succeed(&["tasks", "exec", "--exec-id", "one", "--user", "1000", WEB, "/bin/mkdir", "-p", "/tmp"]);
    let labels = ["--rm", "--label", "team=shop", "--mount", "type=bind,src=/tmp,dst=/data,options=rbind:ro"];
    daemon.run_container(&labels, JOB, &["/bin/sleep", "1"]);
    let recorded = interrupt(recording);
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
