#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::super::bolt::tests::{Node, bucket, bytes, file};
use super::super::resolve::resolve_containers;
use super::super::runtimes::RuntimeFolders;
use super::*;

const ID: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
const SANDBOX: &str = "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeeeffff";
const IMAGE_ID: &str = "b303f3011d9287b00b09fb00d8c73ee995b4b1014f7e7fe16dcd800635d23c0b";

/// containerd's folders.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new() -> Tree {
        Tree { folder: tempfile::tempdir().unwrap() }
    }

    fn folders(&self) -> ContainerdFolders {
        ContainerdFolders { states: vec![self.folder.path().join("run")], roots: vec![self.folder.path().join("lib")] }
    }

    fn bundle(&self, namespace: &str, id: &str, config: &Json) {
        let folder = self.folder.path().join("run").join(BUNDLES).join(namespace).join(id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
        fs::write(folder.join("init.pid"), "3211").unwrap();
    }

    fn database(&self, namespaces: Vec<(String, Node)>) {
        let path = self.folder.path().join("lib").join(DATABASE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file(vec![("v1".to_owned(), Node::Bucket(namespaces))])).unwrap();
    }

    fn pod_bundles(&self) {
        let state = self.folder.path().join("run/io.containerd.grpc.v1.cri/sandboxes/x/hosts");
        let annotations = json!({
            "io.kubernetes.cri.container-name": "nginx",
            "io.kubernetes.cri.container-type": "container",
            "io.kubernetes.cri.image-name": "docker.io/library/nginx:1.21",
            "io.kubernetes.cri.sandbox-id": SANDBOX,
            "io.kubernetes.cri.sandbox-name": "web-0",
            "io.kubernetes.cri.sandbox-namespace": "shop",
            "io.kubernetes.cri.sandbox-uid": "1b2c" });
        let config = json!({
            "annotations": annotations, "root": { "path": "rootfs" },
            "process": { "capabilities": { "bounding": ["CAP_CHOWN"] } },
            "mounts": [
                { "destination": "/data", "type": "bind", "source": "/srv", "options": ["rbind", "rprivate", "ro"] },
                { "destination": "/etc/hosts", "type": "bind", "source": state, "options": ["rbind"] }],
            "linux": { "maskedPaths": ["/proc/kcore"], "namespaces": [
                { "type": "pid" }, { "type": "ipc", "path": "/proc/7/ns/ipc" }, { "type": "mount" },
                { "type": "network", "path": "/proc/7/ns/net" }] } });
        self.bundle("k8s.io", ID, &config);
        let sandbox = json!({
            "annotations": {
                "io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": SANDBOX,
                "io.kubernetes.cri.sandbox-name": "web-0" },
            "linux": { "namespaces": [{ "type": "pid" }, { "type": "ipc" }, { "type": "mount" }] } });
        self.bundle("k8s.io", SANDBOX, &sandbox);
    }

    fn pod_database(&self) {
        let told = json!({ "Version": "v1", "Metadata": { "ID": ID, "SandboxID": SANDBOX, "Config": {
            "metadata": { "name": "nginx" }, "image": { "image": "docker.io/library/nginx:1.21" },
            "labels": { "io.kubernetes.pod.name": "web-0", "io.kubernetes.container.name": "nginx" },
            "linux": { "security_context": { "privileged": true } } },
            "ImageRef": format!("sha256:{IMAGE_ID}") } });
        let definition = r#"{"spec": {"containers": [{"name": "nginx", "livenessProbe": {"exec": {"command": ["cat", "/alive"]}}}]}}"#;
        let of_pod = json!({ "Version": "v1", "Metadata": { "ID": SANDBOX, "Config": {
            "metadata": { "name": "web-0", "uid": "1b2c", "namespace": "shop" },
            "labels": { "app": "shop", "io.kubernetes.pod.name": "web-0" },
            "annotations": { "kubectl.kubernetes.io/last-applied-configuration": definition } },
            "IP": "10.88.0.7", "CNIResult": { "Interfaces": { "eth0": {} } } } });
        let container = bucket([
            ("image", bytes("docker.io/library/nginx:1.21")),
            ("labels", bucket([("io.cri-containerd.kind", bytes("container")), ("maintainer", bytes("x"))])),
            ("extensions", bucket([(CRI_CONTAINER, bytes(packed(&told)))])),
        ]);
        let sandbox = bucket([("extensions", bucket([(CRI_SANDBOX, bytes(packed(&of_pod)))]))]);
        let image = bucket([("target", bucket([("digest", bytes("sha256:beef")), ("size", bytes([7]))]))]);
        self.database(vec![(
            "k8s.io".to_owned(),
            bucket([
                ("containers", bucket([(ID, container), (SANDBOX, sandbox)])),
                ("images", bucket([("docker.io/library/nginx:1.21", image)])),
            ]),
        )]);
    }
}

/// A value in the envelope that the database keeps it in.
fn packed(value: &Json) -> Vec<u8> {
    let value = value.to_string().into_bytes();
    let kind = b"github.com/containerd/cri/pkg/store/Metadata";
    let mut message = vec![0x0a, kind.len() as u8];
    message.extend(kind);
    message.push(0x12);
    let mut len = value.len();
    while len >= 0x80 {
        message.push(len as u8 | 0x80);
        len >>= 7;
    }
    message.push(len as u8);
    message.extend(value);
    message
}

fn shown(text: &Text) -> &str {
    std::str::from_utf8(text).unwrap()
}

#[test]
fn a_pods_container_has_all_its_facts() {
    let tree = Tree::new();
    tree.pod_bundles();
    tree.pod_database();
    let RuntimeContainer { row, pid, is_running, root } = tree.folders().read_container(ID).unwrap();
    assert!(root.unwrap().ends_with(format!("k8s.io/{ID}/rootfs")));
    assert_eq!((pid, is_running), (Some(3211), true));
    let texts = [&row.name, &row.runtime, &row.image, &row.image_repository, &row.image_tag, &row.image_digest];
    let image = "docker.io/library/nginx";
    assert_eq!(texts.map(shown), ["nginx", "containerd", &format!("{image}:1.21"), image, "1.21", "sha256:beef"]);
    assert_eq!(shown(&row.image_id), IMAGE_ID);
    let texts = [&row.pod_name, &row.pod_namespace, &row.pod_uid, &row.pod_sandbox_id, &row.pod_ip, &row.ip];
    assert_eq!(texts.map(shown), ["web-0", "shop", "1b2c", SANDBOX, "10.88.0.7", "10.88.0.7"]);
    assert_eq!(shown(&row.pod_labels_json), r#"{"app":"shop"}"#);
    assert!(shown(&row.labels_json).contains("io.kubernetes.container.name"), "{:?}", row.labels_json);
    assert_eq!([&row.liveness_probe, &row.readiness_probe].map(shown), ["cat\0/alive\0", ""]);
    assert_eq!(shown(&row.cni_json), r#"{"Interfaces":{"eth0":{}}}"#);
    let mounts = json!([{ "source": "/srv", "dest": "/data", "mode": "", "rdwr": false, "propagation": "rprivate" }]);
    assert_eq!(serde_json::from_slice::<Json>(&row.mounts_json).unwrap(), mounts);
    // The pod shares the host's network and has an ipc namespace of its own.
    let facts = [row.privileged, row.host_pid, row.host_network, row.host_ipc];
    assert_eq!(facts, [Some(true), Some(false), Some(true), Some(false)]);
    assert!(row.start_ts_ns > 1_600_000_000_000_000_000);
}

#[test]
fn a_sandbox_is_named_after_its_pod() {
    let tree = Tree::new();
    tree.pod_bundles();
    tree.pod_database();
    let row = tree.folders().read_container(SANDBOX).unwrap().row;
    assert_eq!(
        [&row.name, &row.pod_name, &row.pod_sandbox_id, &row.pod_uid].map(shown),
        ["web-0", "web-0", SANDBOX, "1b2c"]
    );
    assert_eq!((row.host_network, row.host_ipc, row.privileged), (Some(true), Some(false), Some(false)));
}

#[test]
fn a_name_that_a_pod_and_its_container_have_means_the_container() {
    let tree = Tree::new();
    let (sandbox, container) = ("1".repeat(64), "2".repeat(64));
    let bundle = |kind: &str, name: &str| {
        json!({ "annotations": {
            "io.kubernetes.cri.container-type": kind, name: "nginx", "io.kubernetes.cri.sandbox-id": sandbox } })
    };
    tree.bundle("k8s.io", &sandbox, &bundle("sandbox", "io.kubernetes.cri.sandbox-name"));
    tree.bundle("k8s.io", &container, &bundle("container", "io.kubernetes.cri.container-name"));
    let folders = RuntimeFolders { containerd: tree.folders(), ..RuntimeFolders::default() };
    let found = |wanted: &str| {
        resolve_containers(&folders, wanted).unwrap().into_iter().map(|found| found.full_id).collect::<Vec<_>>()
    };
    assert_eq!((found("nginx"), found(&sandbox)), (vec![container], vec![sandbox.clone()]));
}

#[test]
fn of_several_names_of_an_image_the_one_that_was_asked_for_counts() {
    let told_by = |annotation: &str| {
        let tree = Tree::new();
        tree.bundle("k8s.io", ID, &json!({ "annotations": { "io.kubernetes.cri.image-name": annotation } }));
        tree.pod_database();
        let row = tree.folders().read_container(ID).unwrap().row;
        [&row.image, &row.image_tag].map(shown).join(" ")
    };
    assert_eq!(told_by("docker.io/library/httpd:2.4"), "docker.io/library/nginx:1.21 1.21");
    assert_eq!(told_by("docker.io/library/nginx:1.21"), "docker.io/library/nginx:1.21 1.21");
    // the name that was asked for is short for this one
    assert_eq!(
        told_by("mirror.example/docker.io/library/nginx:1.21"),
        "mirror.example/docker.io/library/nginx:1.21 1.21"
    );
}

#[test]
fn the_bundle_alone_is_enough_and_so_is_the_database() {
    let tree = Tree::new();
    tree.pod_bundles();
    let row = tree.folders().read_container(ID).unwrap().row;
    assert_eq!([&row.name, &row.image_tag, &row.pod_name].map(shown), ["nginx", "1.21", "web-0"]);
    assert_eq!(row.privileged, Some(false));
    let tree = Tree::new();
    tree.pod_database();
    let container = tree.folders().read_container(ID).unwrap();
    let row = &container.row;
    assert_eq!([&row.name, &row.image_tag, &row.pod_name].map(shown), ["nginx", "1.21", "web-0"]);
    assert_eq!((container.is_running, container.pid, row.host_pid), (false, None, None));
}

#[test]
fn containers_without_pods_have_image_and_labels_from_the_database() {
    let tree = Tree::new();
    tree.bundle(
        "default",
        ID,
        &json!({ "annotations": { "note": "x" }, "linux": { "namespaces": [{ "type": "pid" }] } }),
    );
    let container = bucket([
        ("image", bytes("registry.example:5000/team/app:v2")),
        ("labels", bucket([("nerdctl/name", bytes("web")), ("team", bytes("shop"))])),
    ]);
    tree.database(vec![(
        "default".to_owned(),
        bucket([("containers", bucket([(ID, container)])), ("images", bucket([]))]),
    )]);
    let row = tree.folders().read_container(ID).unwrap().row;
    let texts = [&row.name, &row.image_repository, &row.image_tag, &row.pod_name, &row.pod_sandbox_id];
    assert_eq!(texts.map(shown), ["web", "registry.example:5000/team/app", "v2", "", ""]);
    assert_eq!(shown(&row.labels_json), r#"{"nerdctl/name":"web","team":"shop"}"#);
    assert_eq!((row.host_pid, row.host_network), (Some(false), Some(true)));
}

#[test]
fn without_any_name_the_short_id_is_one_except_for_docker() {
    let tree = Tree::new();
    tree.bundle("default", ID, &json!({}));
    tree.bundle("moby", SANDBOX, &json!({}));
    let row = tree.folders().read_container(ID).unwrap().row;
    assert_eq!([&row.name, &row.runtime, &row.image, &row.image_tag].map(shown), [&ID[..12], "containerd", "", ""]);
    let row = tree.folders().read_container(SANDBOX).unwrap().row;
    assert_eq!([&row.name, &row.runtime].map(shown), ["", "docker"]);
    assert_eq!(tree.folders().container_ids(), [ID, SANDBOX]);
}

#[test]
fn whatever_is_in_the_files_is_no_panic() {
    let tree = Tree::new();
    assert!(!tree.folders().has_state());
    assert!(matches!(tree.folders().read_container(ID), Err(StateError::NotThere { .. })));
    assert!(matches!(tree.folders().read_container("../../etc"), Err(StateError::NotThere { .. })));
    for config in [json!(7), json!({ "annotations": 7 }), json!({ "mounts": [7] })] {
        tree.bundle("k8s.io", ID, &config);
        assert!(matches!(tree.folders().read_container(ID), Err(StateError::Malformed { .. })), "{config}");
    }
    tree.bundle("k8s.io", ID, &json!({ "annotations": null, "mounts": null, "linux": null, "process": null }));
    assert!(tree.folders().read_container(ID).is_ok());
    let database = tree.folder.path().join("lib").join(DATABASE);
    fs::create_dir_all(database.parent().unwrap()).unwrap();
    fs::write(&database, "no database").unwrap();
    assert_eq!(shown(&tree.folders().read_container(ID).unwrap().row.name), &ID[..12]);
    for message in
        [&[][..], &[0x12], &[0x12, 0xff, 0xff], &[0x0a, 1, 7], &[0xff; 9], &[0x12, 0x80, 0x80, 0x80, 0x80, 1]]
    {
        let _ = packed_value(message);
    }
    assert_eq!(packed_value(&[0x0a, 1, b'x', 0x12, 2, b'h', b'i']), Some(&b"hi"[..]));
}
