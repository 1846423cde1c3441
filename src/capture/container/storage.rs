//! The containers/storage folder that Podman and CRI-O share: which containers and images there are, each container's
//! OCI bundle, and Podman's own database.
//!
//! Enters: storage folders, root's (`/var/lib/containers/storage`) and those of users. Neither program need run. A
//! bundle's annotations tell whose it is. Podman's database gives labels and pods.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::format::row::ContainerRow;

use super::details::{RuntimeContainer, is_full_id, labels_json, text};
use super::docker::Healthcheck;
use super::oci::{Bundle, NamespaceSource, written_at};
use super::podman::{Note, read_note};
use super::probes;
use super::reference::Reference;
use super::state_file::{StateError, read_json};

/// Where root's containers are.
const DEFAULT_ROOT: &str = "/var/lib/containers/storage";

/// Below a user's home folder: where that user's containers are.
const USER_ROOT: &str = ".local/share/containers/storage";

/// The largest list of containers or images that is read, in bytes.
const LIST_LIMIT: u64 = 32 << 20;

/// An entry of `DRIVER-containers/containers.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StoredContainer {
    id: String,
    names: Option<Vec<String>>,
    /// The image's id.
    image: Option<String>,
    /// JSON within JSON.
    metadata: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct StoredMetadata {
    image_name: Option<String>,
    name: Option<String>,
}

/// An entry of `DRIVER-images/images.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StoredImage {
    id: String,
    digest: Option<String>,
    names: Option<Vec<String>>,
}

/// What Podman's database says of a container.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodmanContainer {
    labels: Option<BTreeMap<String, String>>,
    pod: Option<String>,
    healthcheck: Option<Healthcheck>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodmanPod {
    name: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodmanPodState {
    #[serde(rename = "infraContainerID", alias = "InfraContainerID")]
    infra_container_id: Option<String>,
}

/// A volume as CRI-O notes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CrioVolume {
    container_path: Option<String>,
    host_path: Option<String>,
    readonly: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CrioMetadata {
    name: Option<String>,
}

/// The usual storage folders that are there: root's, and those of the users that `passwd` lists.
pub(super) fn usual_roots() -> Vec<PathBuf> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let homes = passwd.lines().filter_map(|line| line.split(':').nth(5)).filter(|home| home.starts_with('/'));
    let mut roots: Vec<_> = homes.map(|home| Path::new(home).join(USER_ROOT)).collect();
    roots.push(PathBuf::from(DEFAULT_ROOT));
    roots.sort();
    roots.dedup();
    roots.retain(|root| has_state(root));
    roots
}

/// Whether a storage folder holds any containers' state.
pub(super) fn has_state(root: &Path) -> bool {
    !driver_folders(root, "-containers").is_empty()
}

/// Folders that hold one for each of a storage folder's containers.
pub(super) fn container_folders(root: &Path) -> Vec<PathBuf> {
    driver_folders(root, "-containers")
}

/// Full ids of a storage folder's containers that were started at some time.
pub(super) fn container_ids(root: &Path) -> Vec<String> {
    let folders = driver_folders(root, "-containers");
    let mut ids: Vec<_> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()))
        .filter(|id| {
            is_full_id(id) && folders.iter().any(|folder| bundle_folder(folder, id).join("config.json").exists())
        })
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Everything that a storage folder says of a container.
pub(super) fn read_container(root: &Path, full_id: &str) -> Result<RuntimeContainer, StateError> {
    let mut failed = StateError::NotThere { path: root.join(full_id) };
    if !is_full_id(full_id) {
        return Err(failed);
    }
    for folder in driver_folders(root, "-containers") {
        let own = bundle_folder(&folder, full_id);
        match Bundle::read(&own) {
            Ok(bundle) => return Ok(describe(root, &folder, full_id, &own, &bundle)),
            Err(StateError::NotThere { .. }) => {}
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Folders `DRIVER-containers` or `DRIVER-images` of a storage folder.
fn driver_folders(root: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(kind)))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

fn bundle_folder(containers: &Path, full_id: &str) -> PathBuf {
    containers.join(full_id).join("userdata")
}

fn describe(root: &Path, containers: &Path, full_id: &str, own: &Path, bundle: &Bundle) -> RuntimeContainer {
    let list: Vec<StoredContainer> = read_json(&containers.join("containers.json"), LIST_LIMIT).unwrap_or_default();
    let stored = list.into_iter().find(|container| container.id == full_id).unwrap_or_default();
    let metadata: StoredMetadata = stored.metadata.as_deref().and_then(parsed).unwrap_or_default();
    let mut row = if bundle.annotation("io.container.manager") == "libpod"
        || bundle.annotation("io.kubernetes.cri-o.ContainerID").is_empty()
    {
        let name = metadata.name.or_else(|| stored.names.as_ref()?.first().cloned()).unwrap_or_default();
        podman(root, full_id, bundle, &name)
    } else {
        crio(containers, full_id, bundle)
    };

    let crio_name =
        ["io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.SomeNameOfTheImage", "io.kubernetes.cri-o.Image"]
            .map(|name| bundle.annotation(name));
    let image_id = stored.image.unwrap_or_default();
    let images = driver_folders(root, "-images").into_iter().flat_map(|folder| {
        let images: Vec<StoredImage> = read_json(&folder.join("images.json"), LIST_LIMIT).unwrap_or_default();
        images
    });
    let image = images.into_iter().find(|image| !image_id.is_empty() && image.id == image_id).unwrap_or_default();
    let names = image.names.unwrap_or_default();
    let is_name = |name: &&str| !name.is_empty() && !is_full_id(name.strip_prefix("sha256:").unwrap_or(name));
    let told = metadata.image_name.as_deref().into_iter().chain(crio_name);
    let named = told.chain(names.iter().map(String::as_str)).find(is_name).unwrap_or_default();
    let reference = Reference::parse(named);
    row.image = text(named);
    row.image_repository = text(reference.repository);
    row.image_tag = text(if named.is_empty() { "" } else { reference.meant_tag() });
    row.image_digest = text(reference.digest.or(image.digest.as_deref()).unwrap_or_default());
    row.image_id = text(&image_id);
    row.start_ts_ns = written_at(&own.join("config.json"));
    RuntimeContainer { row, pid: None, is_running: true, root: bundle.root(own) }
}

/// What Podman's notes give.
fn podman(root: &Path, full_id: &str, bundle: &Bundle, name: &str) -> ContainerRow {
    let told = read_note(root, Note::Container, full_id);
    let told: PodmanContainer = told.as_deref().and_then(parsed).unwrap_or_default();
    let pod_id = told.pod.unwrap_or_default();
    let of_pod = |note: Note| if pod_id.is_empty() { None } else { read_note(root, note, &pod_id) };
    let pod: PodmanPod = of_pod(Note::Pod).as_deref().and_then(parsed).unwrap_or_default();
    let pod_state: PodmanPodState = of_pod(Note::PodState).as_deref().and_then(parsed).unwrap_or_default();
    let is_host = |kind: &str| Some(bundle.namespace(kind) == NamespaceSource::Host);
    let privileged = match bundle.annotation("io.podman.annotations.privileged") {
        "" => bundle.looks_privileged(),
        told => told == "TRUE",
    };
    ContainerRow {
        name: text(name),
        runtime: text("podman"),
        labels_json: labels_json(pairs(told.labels.as_ref())),
        mounts_json: bundle.mounts_json(is_userdata),
        privileged: Some(privileged),
        host_pid: is_host("pid"),
        host_network: is_host("network"),
        host_ipc: is_host("ipc"),
        healthcheck: text(&told.healthcheck.as_ref().map(probes::healthcheck_command).unwrap_or_default()),
        pod_name: text(pod.name.as_deref().unwrap_or_default()),
        pod_uid: text(&pod_id),
        pod_sandbox_id: text(pod_state.infra_container_id.as_deref().unwrap_or_default()),
        pod_labels_json: labels_json(pairs(pod.labels.as_ref())),
        ..ContainerRow::default()
    }
}

/// What CRI-O's annotations give, and those of the pod's sandbox.
fn crio(containers: &Path, full_id: &str, bundle: &Bundle) -> ContainerRow {
    let note = |name: &str| bundle.annotation(&format!("io.kubernetes.cri-o.{name}"));
    let is_sandbox = note("ContainerType") == "sandbox";
    let sandbox_id = if is_sandbox { full_id } else { note("SandboxID") };
    let read;
    let sandbox = if is_sandbox || !is_full_id(sandbox_id) {
        bundle
    } else {
        read = Bundle::read(&bundle_folder(containers, sandbox_id)).unwrap_or_default();
        &read
    };
    let of_sandbox = |name: &str| sandbox.annotation(&format!("io.kubernetes.cri-o.{name}"));
    let labels: BTreeMap<String, String> = parsed(note("Labels")).unwrap_or_default();
    let pod_labels: BTreeMap<String, String> = parsed(of_sandbox("Labels")).unwrap_or_default();
    let pod_label = |name: &str, other: &str| {
        let label = pod_labels.get(name).or_else(|| labels.get(name)).map(String::as_str).unwrap_or_default();
        text(if label.is_empty() { other } else { label })
    };
    let metadata: CrioMetadata = parsed(note("Metadata")).unwrap_or_default();
    let kube_name = labels.get("io.kubernetes.container.name").map(String::as_str);
    let name = metadata.name.as_deref().or(kube_name).filter(|name| !name.is_empty()).unwrap_or(note("ContainerName"));
    let pod_annotations: BTreeMap<String, String> = parsed(of_sandbox("Annotations")).unwrap_or_default();
    let definition = probes::pod_definition(|name| pod_annotations.get(name).map(String::as_str));
    let (liveness_probe, readiness_probe) = probes::probe_commands(definition, name);
    let volumes: Vec<CrioVolume> = parsed(note("Volumes")).unwrap_or_default();
    let mounts: Vec<Json> = volumes
        .iter()
        .map(|volume| {
            serde_json::json!({
                "source": volume.host_path.as_deref().unwrap_or_default(),
                "dest": volume.container_path.as_deref().unwrap_or_default(),
                "mode": "", "rdwr": !volume.readonly.unwrap_or(false), "propagation": "" })
        })
        .collect();
    let is_host = |kind: &str| {
        Some(match bundle.namespace(kind) {
            NamespaceSource::Host => true,
            NamespaceSource::Own => false,
            // CRI-O pins a pod's namespaces and so joins the host's in no other case than this one.
            NamespaceSource::Joined => kind == "network" && of_sandbox("HostNetwork") == "true",
        })
    };
    let ip = of_sandbox("IP.0");
    ContainerRow {
        name: text(name),
        runtime: text("cri-o"),
        labels_json: labels_json(pairs(Some(&labels))),
        mounts_json: if mounts.is_empty() {
            bundle.mounts_json(is_userdata)
        } else {
            text(&Json::from(mounts).to_string())
        },
        privileged: Some(bundle.looks_privileged()),
        host_pid: is_host("pid"),
        host_network: is_host("network"),
        host_ipc: is_host("ipc"),
        ip: text(ip),
        liveness_probe: text(&liveness_probe),
        readiness_probe: text(&readiness_probe),
        pod_name: pod_label("io.kubernetes.pod.name", of_sandbox("KubeName")),
        pod_namespace: pod_label("io.kubernetes.pod.namespace", of_sandbox("Namespace")),
        pod_uid: pod_label("io.kubernetes.pod.uid", ""),
        pod_sandbox_id: text(sandbox_id),
        pod_labels_json: labels_json(pairs(Some(&pod_labels)).filter(|(name, _)| !name.starts_with("io.kubernetes."))),
        pod_ip: text(ip),
        cni_json: text(of_sandbox("CNIResult")),
        ..ContainerRow::default()
    }
}

/// Files that these runtimes mount into every container.
fn is_userdata(source: &str) -> bool {
    source.contains("-containers/") && source.contains("/userdata/")
}

fn pairs(labels: Option<&BTreeMap<String, String>>) -> impl Iterator<Item = (&str, &str)> {
    labels.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn parsed<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests;
