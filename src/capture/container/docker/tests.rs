#![allow(clippy::unwrap_used)]

use super::*;

pub(crate) const ID: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
pub(crate) const OTHER: &str = "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeeeffff";
const IMAGE: &str = "sha256:1dfa3357c10138610f5d5690f44ef41b3f7822d8ae15d8b42535c1ec52946a7c";

/// A folder laid out as Docker's root.
pub(crate) struct DockerTree {
    folder: tempfile::TempDir,
}

impl DockerTree {
    pub(crate) fn new() -> DockerTree {
        let tree = DockerTree { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(tree.root().join("containers")).unwrap();
        tree
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Writes a file whole at once, as Docker does.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let unfinished = path.with_extension("tmp");
        fs::write(&unfinished, text).unwrap();
        fs::rename(unfinished, path).unwrap();
    }

    /// A container with little more than a name.
    pub(crate) fn container(&self, id: &str, name: &str, running: bool) {
        self.file(&format!("containers/{id}/hostconfig.json"), "{}");
        let pid = if running { 3211 } else { 0 };
        let config = serde_json::json!({ "Name": format!("/{name}"), "State": { "Running": running, "Pid": pid } });
        self.file(&format!("containers/{id}/config.v2.json"), &config.to_string());
    }

    pub(crate) fn remove(&self, id: &str) {
        fs::remove_dir_all(self.root().join("containers").join(id)).unwrap();
    }

    fn with(&self, config: &serde_json::Value, host: &serde_json::Value) -> RuntimeContainer {
        self.file(&format!("containers/{ID}/config.v2.json"), &config.to_string());
        self.file(&format!("containers/{ID}/hostconfig.json"), &host.to_string());
        read_container(&self.root(), ID).unwrap()
    }
}

fn shown(text: &Text) -> &str {
    std::str::from_utf8(text).unwrap()
}

#[test]
fn a_running_container_has_all_its_facts() {
    let tree = DockerTree::new();
    let repositories = serde_json::json!({ "Repositories": { "nginx": {
        "nginx:1.21": IMAGE, "nginx@sha256:beef": IMAGE, "nginx@sha256:old": "sha256:other" } } });
    tree.file("image/overlay2/repositories.json", &repositories.to_string());
    let config = serde_json::json!({
        "ID": ID, "Name": "/web", "Image": IMAGE,
        "State": { "Running": true, "Pid": 3211, "StartedAt": "2026-11-21T03:08:58.275791934Z" },
        "Config": {
            "Image": "nginx:1.21",
            "Labels": { "app": "shop", "a\"b": "c\\d", "long": "x".repeat(5000) },
            "Healthcheck": { "Test": ["CMD-SHELL", "true || exit 1"], "Interval": 1_000_000 },
        },
        "NetworkSettings": { "Networks": {
            "backend": { "IPAddress": "10.9.0.2" }, "bridge": { "IPAddress": "172.17.0.2" }, "none": null } },
        "MountPoints": {
            "/vol": {
                "Source": "/srv/vol", "Destination": "/vol", "RW": false, "Relabel": "ro", "Propagation": "rprivate" },
            "/data": { "Source": "/volumes/named/_data", "Destination": "/data", "RW": true, "Relabel": "z" },
        },
    });
    let host = serde_json::json!({ "Privileged": true, "NetworkMode": "host", "PidMode": "", "IpcMode": "private" });
    let RuntimeContainer { row, pid, is_running, .. } = tree.with(&config, &host);
    assert_eq!((pid, is_running), (Some(3211), true));
    let texts = [&row.name, &row.runtime, &row.image, &row.image_repository, &row.image_tag, &row.image_digest];
    assert_eq!(texts.map(shown), ["web", "docker", "nginx:1.21", "nginx", "1.21", "sha256:beef"]);
    assert_eq!(format!("sha256:{}", shown(&row.image_id)), IMAGE);
    assert_eq!(shown(&row.labels_json), r#"{"a\"b":"c\\d","app":"shop"}"#);
    let mounts: serde_json::Value = serde_json::from_slice(&row.mounts_json).unwrap();
    let expected = serde_json::json!([
        { "source": "/volumes/named/_data", "dest": "/data", "mode": "z", "rdwr": true, "propagation": "" },
        { "source": "/srv/vol", "dest": "/vol", "mode": "ro", "rdwr": false, "propagation": "rprivate" },
    ]);
    assert_eq!(mounts, expected);
    let facts = [row.privileged, row.host_pid, row.host_network, row.host_ipc];
    assert_eq!(facts, [Some(true), Some(false), Some(true), Some(false)]);
    assert_eq!(row.start_ts_ns, 1_795_230_538_275_791_934);
    assert_eq!([&row.ip, &row.healthcheck].map(shown), ["172.17.0.2", "/bin/sh\0-c\0true || exit 1\0"]);
}

#[test]
fn pod_facts_come_from_labels_and_from_the_sandbox() {
    let tree = DockerTree::new();
    let sandbox = serde_json::json!({
        "Name": "/k8s_POD_web-0", "Config": { "Labels": {
            "app": "shop", "io.kubernetes.pod.name": "web-0", "annotation.x": "y",
            "io.kubernetes.docker.type": "podsandbox" } },
        "NetworkSettings": { "Networks": { "cni": { "IPAddress": "", "GlobalIPv6Address": "fd00::2" } } },
    });
    tree.file(&format!("containers/{OTHER}/config.v2.json"), &sandbox.to_string());
    let definition = r#"{"spec": {"containers": [{"livenessProbe": {"exec": {"command": ["cat", "/alive"]}}}]}}"#;
    let config = serde_json::json!({ "Config": { "Labels": {
        "io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": "1b2c",
        "io.kubernetes.sandbox.id": OTHER, "io.kubernetes.container.last-applied-config": definition } } });
    let host = serde_json::json!({ "NetworkMode": format!("container:{OTHER}") });
    let row = tree.with(&config, &host).row;
    let texts = [&row.pod_name, &row.pod_namespace, &row.pod_uid, &row.pod_sandbox_id, &row.pod_ip, &row.ip];
    assert_eq!(texts.map(shown), ["web-0", "shop", "1b2c", OTHER, "fd00::2", "fd00::2"]);
    assert_eq!([&row.pod_labels_json, &row.liveness_probe].map(shown), [r#"{"app":"shop"}"#, "cat\0/alive\0"]);
    let own = read_container(&tree.root(), OTHER).unwrap();
    assert_eq!(shown(&own.row.pod_sandbox_id), OTHER);
    // Without its second file nothing is said of modes, and the container is not taken for whole.
    assert_eq!((own.row.privileged, own.row.host_network), (None, None));
}

#[test]
fn a_container_that_never_ran_has_no_start() {
    let tree = DockerTree::new();
    let config = serde_json::json!({ "State": { "Running": false, "Pid": 7, "StartedAt": "0001-01-01T00:00:00Z" } });
    let container = tree.with(&config, &serde_json::json!({}));
    assert_eq!((container.row.start_ts_ns, container.pid, container.is_running), (0, None, false));
}

#[test]
fn whatever_is_in_the_files_is_no_panic() {
    let tree = DockerTree::new();
    let file = format!("containers/{ID}/config.v2.json");
    tree.file(&format!("containers/{ID}/hostconfig.json"), "null");
    for text in ["", "{", "[]", "7", "\u{0}", "{\"Name\": []}", "{\"State\": {\"Pid\": \"x\"}}", "null"] {
        tree.file(&file, text);
        let error = read_container(&tree.root(), ID).err();
        assert!(matches!(error, Some(StateError::Malformed { .. })), "{text}: {error:?}");
    }
    for text in
        ["{}", r#"{"Name": null, "Config": {"Labels": {"a": null}}, "MountPoints": {"/": null}, "State": {"Pid": -1}}"#]
    {
        tree.file(&file, text);
        tree.file(&format!("containers/{ID}/hostconfig.json"), "{}");
        assert!(read_container(&tree.root(), ID).is_ok(), "{text}");
    }
    let nested = format!("{{\"Config\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    tree.file(&file, &nested);
    assert!(matches!(read_container(&tree.root(), ID), Err(StateError::Malformed { .. })));
    tree.file(&file, &" ".repeat((4 << 20) + 1));
    assert!(matches!(read_container(&tree.root(), ID), Err(StateError::NoSmallFile { .. })));
    fs::remove_file(tree.root().join(&file)).unwrap();
    fs::create_dir(tree.root().join(&file)).unwrap();
    assert!(matches!(read_container(&tree.root(), ID), Err(StateError::NoSmallFile { .. })));
    assert!(matches!(read_container(&tree.root(), OTHER), Err(StateError::NotThere { .. })));
    assert!(matches!(read_container(&tree.root(), "../../etc"), Err(StateError::NotThere { .. })));
}

#[test]
fn remapped_roots_are_found_below_the_root() {
    let tree = DockerTree::new();
    tree.file(&format!("165536.165536/containers/{ID}/config.v2.json"), "{}");
    tree.file("1.2.3/containers/x", "");
    tree.file("165536.165537/image/x", "");
    let found = state_folders(&tree.root()).unwrap();
    assert_eq!(found, [tree.root(), tree.root().join("165536.165536")]);
    assert_eq!(container_ids(&found[1]).unwrap(), BTreeSet::from([ID.to_owned()]));
    assert!(matches!(state_folders(&tree.root().join("nowhere")), Err(StateError::NotThere { .. })));
    assert!(state_folders(&tree.root().join("containers")).unwrap().is_empty());
}
