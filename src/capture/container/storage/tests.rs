#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::super::bolt::tests::{bucket, bytes, file};
use super::super::podman::BOLT_FILE;
use super::super::sqlite::tests::{POD, container_id, write_files};
use super::*;
use crate::format::row::Text;

const ID: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
const OTHER: &str = "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeeeffff";
const IMAGE: &str = "d43f6244152e2ed3bdcd426990006c17ae91e414beb26bcae1ade5fa2d2c2342";

struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new() -> Tree {
        Tree { folder: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn bundle(&self, id: &str, config: &Json) {
        self.file(&format!("overlay-containers/{id}/userdata/config.json"), config.to_string());
    }

    fn lists(&self, metadata: &Json) {
        let containers = json!([{ "id": ID, "names": ["web"], "image": IMAGE, "metadata": metadata.to_string() }]);
        self.file("overlay-containers/containers.json", containers.to_string());
        let images = json!([
            { "id": "other", "digest": "sha256:cafe", "names": ["x:y"] },
            { "id": IMAGE, "digest": "sha256:beef", "names": ["docker.io/library/nginx:1.21"] }]);
        self.file("overlay-images/images.json", images.to_string());
    }

    fn row(&self, id: &str) -> ContainerRow {
        read_container(self.root(), id).unwrap().row
    }
}

fn shown(text: &Text) -> &str {
    std::str::from_utf8(text).unwrap()
}

#[test]
fn a_container_of_podmans_has_name_image_labels_and_pod() {
    let tree = Tree::new();
    tree.lists(&json!({ "image-name": "docker.io/library/nginx:1.21", "image-id": IMAGE, "name": "web" }));
    let userdata = format!("/var/lib/containers/storage/overlay-containers/{ID}/userdata/shm");
    tree.bundle(
        ID,
        &json!({
            "annotations": {
                "io.container.manager": "libpod", "io.kubernetes.cri-o.Created": "2026-11-21T06:29:32.867111648Z",
                "io.podman.annotations.privileged": "TRUE" },
            "mounts": [
                { "destination": "/dev/shm", "type": "bind", "source": userdata, "options": ["bind"] },
                { "destination": "/data", "type": "bind", "source": "/srv", "options": ["ro", "rprivate", "rbind"] }],
            "linux": { "namespaces": [{ "type": "pid" }, { "type": "ipc", "path": "/proc/7/ns/ipc" }] } }),
    );
    let told = json!({ "labels": { "app": "shop" }, "pod": OTHER, "healthcheck": { "Test": ["CMD-SHELL", "true"] } });
    let pod = json!({ "id": OTHER, "name": "shop-pod", "labels": { "tier": "front" } });
    let state = json!({ "infraContainerID": ID });
    tree.file(
        BOLT_FILE,
        file(vec![
            ("ctr".to_owned(), bucket([(ID, bucket([("config", bytes(told.to_string()))]))])),
            (
                "pod".to_owned(),
                bucket([(OTHER, bucket([("config", bytes(pod.to_string())), ("state", bytes(state.to_string()))]))]),
            ),
        ]),
    );
    let row = tree.row(ID);
    let texts = [&row.name, &row.runtime, &row.image_repository, &row.image_tag, &row.image_digest, &row.image_id];
    assert_eq!(texts.map(shown), ["web", "podman", "docker.io/library/nginx", "1.21", "sha256:beef", IMAGE]);
    assert_eq!([&row.labels_json, &row.pod_labels_json].map(shown), [r#"{"app":"shop"}"#, r#"{"tier":"front"}"#]);
    assert_eq!(
        [&row.pod_name, &row.pod_sandbox_id, &row.healthcheck].map(shown),
        ["shop-pod", ID, "/bin/sh\0-c\0true\0"]
    );
    let facts = [row.privileged, row.host_pid, row.host_network, row.host_ipc];
    assert_eq!(facts, [Some(true), Some(false), Some(true), Some(false)]);
    let mounts: Json = serde_json::from_slice(&row.mounts_json).unwrap();
    assert_eq!((mounts.as_array().unwrap().len(), &mounts[0]["dest"]), (1, &json!("/data")));
    assert!(row.start_ts_ns > 1_600_000_000_000_000_000);
    assert_eq!(container_ids(tree.root()), [ID]);
}

#[test]
fn labels_and_pods_are_in_podmans_newer_database_too() {
    let tree = Tree::new();
    write_files(tree.root());
    let (id, infra) = (container_id(2), container_id(1));
    tree.bundle(&id, &json!({ "annotations": { "io.container.manager": "libpod" } }));
    let row = tree.row(&id);
    let labels: Json = serde_json::from_slice(&row.labels_json).unwrap();
    assert_eq!(labels["number"], "2");
    let texts = [&row.pod_name, &row.pod_uid, &row.pod_sandbox_id, &row.pod_labels_json, &row.healthcheck];
    assert_eq!(texts.map(shown), ["shop", POD, &infra, r#"{"app":"web"}"#, "true\0"]);
}

#[test]
fn without_podmans_database_the_lists_give_name_and_image() {
    let tree = Tree::new();
    tree.bundle(ID, &json!({ "annotations": { "io.container.manager": "libpod" } }));
    tree.lists(&json!({}));
    let row = tree.row(ID);
    let texts = [&row.name, &row.image, &row.labels_json, &row.pod_name];
    assert_eq!(texts.map(shown), ["web", "docker.io/library/nginx:1.21", "", ""]);
    tree.file(BOLT_FILE, "no database");
    assert_eq!(shown(&tree.row(ID).name), "web");
}

#[test]
fn a_container_of_crios_has_its_pods_facts_from_the_sandbox() {
    let tree = Tree::new();
    tree.lists(&json!({ "image-name": IMAGE, "image-id": IMAGE, "pod-name": "k8s_web-0_shop_1b2c_0" }));
    let labels = json!({
        "io.kubernetes.container.name": "nginx", "io.kubernetes.pod.name": "web-0",
        "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": "1b2c" });
    let volumes = json!([{ "container_path": "/data", "host_path": "/srv", "readonly": true }]);
    tree.bundle(
        ID,
        &json!({
            "annotations": {
                "io.container.manager": "cri-o", "io.kubernetes.cri-o.ContainerID": ID,
                "io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": OTHER,
                "io.kubernetes.cri-o.Metadata": r#"{"name":"nginx"}"#, "io.kubernetes.cri-o.Image": IMAGE,
                "io.kubernetes.cri-o.ImageName": "quay.example/shop/nginx:1.21",
                "io.kubernetes.cri-o.Labels": labels.to_string(), "io.kubernetes.cri-o.Volumes": volumes.to_string() },
            "linux": { "namespaces": [
                { "type": "pid" }, { "type": "network", "path": "/var/run/netns/x" }, { "type": "ipc", "path": "/y" }] } }),
    );
    let definition =
        r#"{"spec": {"containers": [{"name": "nginx", "readinessProbe": {"exec": {"command": ["ready"]}}}]}}"#;
    let pod_labels = json!({ "app": "shop", "io.kubernetes.pod.name": "web-0" });
    tree.bundle(
        OTHER,
        &json!({ "annotations": {
            "io.kubernetes.cri-o.ContainerID": OTHER, "io.kubernetes.cri-o.ContainerType": "sandbox",
            "io.kubernetes.cri-o.KubeName": "web-0", "io.kubernetes.cri-o.Namespace": "shop",
            "io.kubernetes.cri-o.IP.0": "10.85.0.4", "io.kubernetes.cri-o.HostNetwork": "false",
            "io.kubernetes.cri-o.CNIResult": r#"{"cniVersion":"1.0.0"}"#,
            "io.kubernetes.cri-o.Labels": pod_labels.to_string(),
            "io.kubernetes.cri-o.Annotations":
                json!({ "kubectl.kubernetes.io/last-applied-configuration": definition }).to_string() } }),
    );
    let row = tree.row(ID);
    let texts = [&row.name, &row.runtime, &row.image_repository, &row.image_tag, &row.image_digest];
    assert_eq!(texts.map(shown), ["nginx", "cri-o", "quay.example/shop/nginx", "1.21", "sha256:beef"]);
    let texts = [&row.pod_name, &row.pod_namespace, &row.pod_uid, &row.pod_sandbox_id, &row.pod_ip, &row.ip];
    assert_eq!(texts.map(shown), ["web-0", "shop", "1b2c", OTHER, "10.85.0.4", "10.85.0.4"]);
    let texts = [&row.pod_labels_json, &row.cni_json, &row.readiness_probe];
    assert_eq!(texts.map(shown), [r#"{"app":"shop"}"#, r#"{"cniVersion":"1.0.0"}"#, "ready\0"]);
    let facts = [row.privileged, row.host_pid, row.host_network, row.host_ipc];
    assert_eq!(facts, [Some(false), Some(false), Some(false), Some(false)]);
    let mounts = json!([{ "source": "/srv", "dest": "/data", "mode": "", "rdwr": false, "propagation": "" }]);
    assert_eq!(serde_json::from_slice::<Json>(&row.mounts_json).unwrap(), mounts);
    let sandbox = tree.row(OTHER);
    assert_eq!([&sandbox.pod_name, &sandbox.pod_sandbox_id, &sandbox.pod_ip].map(shown), ["web-0", OTHER, "10.85.0.4"]);
}

#[test]
fn whatever_is_in_the_files_is_no_panic() {
    let tree = Tree::new();
    assert!(!has_state(tree.root()));
    assert!(matches!(read_container(tree.root(), ID), Err(StateError::NotThere { .. })));
    assert!(matches!(read_container(tree.root(), "../x"), Err(StateError::NotThere { .. })));
    tree.bundle(ID, &json!(7));
    assert!(matches!(read_container(tree.root(), ID), Err(StateError::Malformed { .. })));
    tree.bundle(
        ID,
        &json!({ "annotations": { "io.kubernetes.cri-o.ContainerID": "x", "io.kubernetes.cri-o.Labels": "[" } }),
    );
    tree.file("overlay-containers/containers.json", "{");
    tree.file("overlay-images/images.json", "[7]");
    assert_eq!(shown(&tree.row(ID).runtime), "cri-o");
}
