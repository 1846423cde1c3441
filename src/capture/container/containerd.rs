//! containerd's state on disk: of pods (CRI), of nerdctl, of `ctr`, and the bundles of Docker's containers.
//!
//! Enters: the daemon's state folders (`/run/containerd`), with a bundle per running container, and its root folders
//! (`/var/lib/containerd`), with the database of everything else it knows: images, labels, pods. Either alone is
//! enough for a name. The daemon need not run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;

use crate::format::row::{ContainerRow, Text};

use super::bolt::{BoltFile, Transaction};
use super::cgroup::SHORT_ID_LEN;
use super::details::{RuntimeContainer, is_full_id, labels_json, text};
use super::oci::{Bundle, NamespaceSource, written_at};
use super::probes;
use super::reference::Reference;
use super::state_file::StateError;

/// Below a state folder: bundles, as `NAMESPACE/ID`.
const BUNDLES: &str = "io.containerd.runtime.v2.task";

/// Below a root folder: the database.
const DATABASE: &str = "io.containerd.metadata.v1.bolt/meta.db";

/// The namespace in which Docker has its containers.
const DOCKER_NAMESPACE: &str = "moby";

/// Where the CRI plugin keeps what it was told, among a container's extensions.
const CRI_CONTAINER: &str = "io.cri-containerd.container.metadata";
const CRI_SANDBOX: &str = "io.cri-containerd.sandbox.metadata";

/// Folders to look at when none is given: containerd's own, k3s's and Docker's.
const DEFAULT_STATES: [&str; 3] = ["/run/containerd", "/run/k3s/containerd", "/run/docker/containerd/daemon"];
const DEFAULT_ROOTS: [&str; 3] =
    ["/var/lib/containerd", "/var/lib/rancher/k3s/agent/containerd", "/var/lib/docker/containerd/daemon"];

/// Where containerd keeps its state.
#[derive(Clone, Debug, Default)]
pub struct ContainerdFolders {
    /// State folders: what does not outlive a restart of the machine.
    pub states: Vec<PathBuf>,
    /// Root folders: what does.
    pub roots: Vec<PathBuf>,
}

/// What the database says of a container.
#[derive(Debug, Default)]
struct Known {
    image: String,
    image_digest: String,
    labels: BTreeMap<String, String>,
    cri: Option<CriMetadata>,
    sandbox: Option<CriMetadata>,
}

/// What the CRI plugin was told when it made a container or a sandbox.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct CriMetadata {
    #[serde(rename = "SandboxID")]
    sandbox_id: Option<String>,
    config: Option<CriConfig>,
    image_ref: Option<String>,
    #[serde(rename = "IP")]
    ip: Option<String>,
    #[serde(rename = "CNIResult")]
    cni_result: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriConfig {
    metadata: Option<CriName>,
    image: Option<CriImage>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    linux: Option<CriLinux>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriName {
    name: Option<String>,
    uid: Option<String>,
    namespace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriImage {
    image: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriLinux {
    security_context: Option<CriSecurity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriSecurity {
    privileged: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CriEnvelope {
    #[serde(rename = "Metadata")]
    metadata: Option<CriMetadata>,
}

impl ContainerdFolders {
    /// The usual folders that are there.
    pub fn usual() -> ContainerdFolders {
        let there = |folders: [&str; 3]| folders.into_iter().map(PathBuf::from).filter(|path| path.is_dir()).collect();
        ContainerdFolders { states: there(DEFAULT_STATES), roots: there(DEFAULT_ROOTS) }
    }

    /// Whether there is anything to look at.
    pub(super) fn has_state(&self) -> bool {
        !self.namespaces().is_empty() || self.databases().any(|path| path.is_file())
    }

    /// Full ids of the containers that have a bundle.
    pub(super) fn container_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .namespaces()
            .iter()
            .filter_map(|namespace| fs::read_dir(namespace).ok())
            .flat_map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()))
            .filter(|id| is_full_id(id))
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Folders that hold one for each namespace, where bundles are.
    pub(super) fn bundle_folders(&self) -> Vec<PathBuf> {
        self.states.iter().map(|state| state.join(BUNDLES)).collect()
    }

    /// The root folder that a container's bundle names.
    pub(super) fn root_of(&self, full_id: &str) -> Option<PathBuf> {
        let folders = self.namespaces().into_iter().map(|namespace| namespace.join(full_id));
        folders.filter(|_| is_full_id(full_id)).find_map(|folder| Bundle::read(&folder).ok()?.root(&folder))
    }

    /// Everything that is known of a container: an error when it is nothing.
    pub(super) fn read_container(&self, full_id: &str) -> Result<RuntimeContainer, StateError> {
        let nowhere = || StateError::NotThere { path: Path::new(BUNDLES).join(full_id) };
        if !is_full_id(full_id) {
            return Err(nowhere());
        }
        let mut failed = None;
        for namespace in self.namespaces() {
            let folder = namespace.join(full_id);
            match Bundle::read(&folder) {
                Ok(bundle) => {
                    let name = namespace.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    let known = self.known(Some(name), full_id, bundle.annotation("io.kubernetes.cri.sandbox-id"));
                    return Ok(self.describe(full_id, Some((&folder, &bundle)), known.unwrap_or_default(), name));
                }
                Err(StateError::NotThere { .. }) => {}
                Err(error) => failed = Some(error),
            }
        }
        match self.known(None, full_id, "") {
            Some(known) => Ok(self.describe(full_id, None, known, "")),
            None => Err(failed.unwrap_or_else(nowhere)),
        }
    }

    /// Folders with bundles, one per namespace.
    fn namespaces(&self) -> Vec<PathBuf> {
        let entries = self.states.iter().filter_map(|state| fs::read_dir(state.join(BUNDLES)).ok());
        let mut folders: Vec<_> = entries.flatten().flatten().map(|entry| entry.path()).collect();
        folders.sort();
        folders
    }

    fn databases(&self) -> impl Iterator<Item = PathBuf> {
        self.roots.iter().map(|root| root.join(DATABASE))
    }

    /// What a database says of a container in one namespace, or in whatever namespace has it.
    fn known(&self, namespace: Option<&str>, full_id: &str, sandbox_id: &str) -> Option<Known> {
        self.databases().find_map(|path| {
            // A database that cannot be read leaves what the bundle says.
            let file = BoltFile::open(&path).ok()?;
            file.read(|now| {
                let namespaces = match namespace {
                    Some(name) => vec![name.to_owned()],
                    None => match now.bucket(&["v1"])? {
                        Some(bucket) => now.entries(&bucket)?.into_iter().map(|(name, _)| name).collect(),
                        None => Vec::new(),
                    },
                };
                for namespace in namespaces {
                    if let Some(known) = Known::read(now, &namespace, full_id, sandbox_id)? {
                        return Ok(Some(known));
                    }
                }
                Ok(None)
            })
            .ok()
            .flatten()
        })
    }

    fn sandbox_bundle(&self, sandbox_id: &str) -> Option<Bundle> {
        if !is_full_id(sandbox_id) {
            return None;
        }
        self.namespaces().iter().find_map(|namespace| Bundle::read(&namespace.join(sandbox_id)).ok())
    }

    fn describe(
        &self,
        full_id: &str,
        bundle: Option<(&Path, &Bundle)>,
        known: Known,
        namespace: &str,
    ) -> RuntimeContainer {
        let of_bundle = |name: &str| bundle.map(|(_, bundle)| bundle.annotation(name)).unwrap_or_default();
        let config = known.cri.as_ref().and_then(|cri| cri.config.as_ref());
        let pod = known.sandbox.as_ref().and_then(|sandbox| sandbox.config.as_ref());
        let pod_name = pod.and_then(|pod| pod.metadata.as_ref());
        let is_sandbox = of_bundle("io.kubernetes.cri.container-type") == "sandbox"
            || (known.cri.is_none() && known.sandbox.is_some());
        let sandbox_id = known.cri.as_ref().and_then(|cri| cri.sandbox_id.as_deref());
        let sandbox_id = first([
            of_bundle("io.kubernetes.cri.sandbox-id"),
            sandbox_id.unwrap_or_default(),
            if is_sandbox { full_id } else { "" },
        ]);
        let pod_text = |annotation: &str, told: Option<&String>, label: &str| {
            let label = config.and_then(|config| config.labels.as_ref()).and_then(|labels| labels.get(label));
            let [told, label] = [told, label].map(|text| text.map(String::as_str).unwrap_or_default());
            text(first([of_bundle(annotation), told, label]))
        };

        let cri_name = config.and_then(|config| config.metadata.as_ref()).and_then(|name| name.name.as_deref());
        let sandbox_name = pod_name.and_then(|name| name.name.as_deref()).unwrap_or_default();
        let name = first([
            of_bundle("io.kubernetes.cri.container-name"),
            cri_name.unwrap_or_default(),
            if is_sandbox { first([of_bundle("io.kubernetes.cri.sandbox-name"), sandbox_name, ""]) } else { "" },
            known.labels.get("nerdctl/name").map(String::as_str).unwrap_or_default(),
            of_bundle("nerdctl/name"),
            // Docker's own state has the names of its containers.
            if namespace == DOCKER_NAMESPACE { "" } else { full_id.get(..SHORT_ID_LEN).unwrap_or_default() },
        ]);

        let asked = config.and_then(|config| config.image.as_ref()).and_then(|image| image.image.as_deref());
        let asked = asked.unwrap_or_default();
        let is_name = |image: &&str| !image.is_empty() && !is_image_id(image);
        let found = [of_bundle("io.kubernetes.cri.image-name"), &known.image].into_iter().find(is_name);
        let found = found.unwrap_or_default();
        // Of several names of an image the daemon tells any; what was asked for may be short for the one it tells.
        let is_short = asked.contains('@') || found.strip_suffix(asked).is_some_and(|start| start.ends_with('/'));
        let image = if is_name(&asked) && !(is_short && is_name(&found)) { asked } else { found };
        let reference = Reference::parse(image);
        let image_id = known.cri.as_ref().and_then(|cri| cri.image_ref.as_deref()).unwrap_or_default();
        let image_id = image_id.strip_prefix("sha256:").unwrap_or(image_id);

        let annotations = bundle.and_then(|(_, bundle)| bundle.annotations.as_ref());
        let own_labels = if is_sandbox { pod.and_then(|pod| pod.labels.as_ref()) } else { None };
        let labels = config.and_then(|config| config.labels.as_ref()).or(own_labels);
        let labels = labels.or(Some(&known.labels).filter(|labels| !labels.is_empty())).or(annotations);
        let is_label = |name: &str| !name.starts_with("io.kubernetes.cri.") && !name.starts_with("io.cri-containerd.");
        let pod_annotations = pod.and_then(|pod| pod.annotations.as_ref());
        let definition = probes::pod_definition(|name| pod_annotations?.get(name).map(String::as_str));
        let (liveness_probe, readiness_probe) = probes::probe_commands(definition, name);

        let privileged = config
            .and_then(|config| config.linux.as_ref())
            .and_then(|linux| linux.security_context.as_ref().map(|security| security.privileged.unwrap_or(false)));
        let sandbox_bundle = if is_sandbox { None } else { self.sandbox_bundle(sandbox_id) };
        let is_host = |kind: &str| {
            let (_, bundle) = bundle?;
            Some(match (bundle.namespace(kind), &sandbox_bundle) {
                (NamespaceSource::Host, _) => true,
                (NamespaceSource::Own, _) => false,
                (NamespaceSource::Joined, Some(sandbox)) => sandbox.namespace(kind) == NamespaceSource::Host,
                (NamespaceSource::Joined, None) => false,
            })
        };
        let ip = known.sandbox.as_ref().and_then(|sandbox| sandbox.ip.as_deref()).unwrap_or_default();
        let cni = known.sandbox.as_ref().and_then(|sandbox| sandbox.cni_result.as_ref());
        let is_own = |source: &str| {
            let mut folders = self.states.iter().chain(&self.roots);
            folders.any(|folder| Path::new(source).starts_with(folder))
        };
        let row = ContainerRow {
            name: text(name),
            runtime: text(if namespace == DOCKER_NAMESPACE { "docker" } else { "containerd" }),
            image: text(image),
            image_repository: text(reference.repository),
            image_tag: text(if image.is_empty() { "" } else { reference.meant_tag() }),
            image_digest: text(first([reference.digest.unwrap_or_default(), &known.image_digest, ""])),
            image_id: text(image_id),
            labels_json: labels_json(
                labels
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .filter(|(name, _)| is_label(name)),
            ),
            mounts_json: bundle.map(|(_, bundle)| bundle.mounts_json(is_own)).unwrap_or_default(),
            privileged: privileged.or(bundle.map(|(_, bundle)| bundle.looks_privileged())),
            host_pid: is_host("pid"),
            host_network: is_host("network"),
            host_ipc: is_host("ipc"),
            start_ts_ns: bundle.map_or(0, |(folder, _)| written_at(&folder.join("init.pid"))),
            ip: text(ip),
            healthcheck: Text::default(),
            liveness_probe: text(&liveness_probe),
            readiness_probe: text(&readiness_probe),
            pod_name: pod_text(
                "io.kubernetes.cri.sandbox-name",
                pod_name.and_then(|name| name.name.as_ref()),
                "io.kubernetes.pod.name",
            ),
            pod_namespace: pod_text(
                "io.kubernetes.cri.sandbox-namespace",
                pod_name.and_then(|name| name.namespace.as_ref()),
                "io.kubernetes.pod.namespace",
            ),
            pod_uid: pod_text(
                "io.kubernetes.cri.sandbox-uid",
                pod_name.and_then(|name| name.uid.as_ref()),
                "io.kubernetes.pod.uid",
            ),
            pod_sandbox_id: text(sandbox_id),
            pod_labels_json: labels_json(
                pod.and_then(|pod| pod.labels.as_ref())
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .filter(|(name, _)| !name.starts_with("io.kubernetes.")),
            ),
            pod_ip: text(ip),
            cni_json: text(&cni.filter(|cni| !cni.is_null()).map(Json::to_string).unwrap_or_default()),
        };
        let pid = bundle.and_then(|(folder, _)| fs::read_to_string(folder.join("init.pid")).ok());
        let pid = pid.and_then(|pid| pid.trim().parse().ok()).filter(|pid| *pid != 0);
        let root = bundle.and_then(|(folder, bundle)| bundle.root(folder));
        RuntimeContainer { row, pid, is_running: pid.is_some(), root }
    }
}

impl Known {
    fn read(
        now: &Transaction<'_>,
        namespace: &str,
        full_id: &str,
        sandbox_id: &str,
    ) -> Result<Option<Known>, StateError> {
        let Some(container) = now.bucket(&["v1", namespace, "containers", full_id])? else { return Ok(None) };
        let image = now.value(&container, "image")?.and_then(|image| String::from_utf8(image).ok()).unwrap_or_default();
        let labels = now.bucket(&["v1", namespace, "containers", full_id, "labels"])?;
        let labels = labels.map(|labels| now.entries(&labels)).transpose()?.unwrap_or_default().into_iter().collect();
        let mut image_digest = None;
        if !image.is_empty()
            && let Some(target) = now.bucket(&["v1", namespace, "images", &image, "target"])?
        {
            image_digest = now.value(&target, "digest")?;
        }
        let extension = |id: &str, name: &str| -> Result<Option<CriMetadata>, StateError> {
            let Some(extensions) = now.bucket(&["v1", namespace, "containers", id, "extensions"])? else {
                return Ok(None);
            };
            let packed = now.value(&extensions, name)?.unwrap_or_default();
            let told: Option<CriEnvelope> = packed_value(&packed).and_then(|json| serde_json::from_slice(json).ok());
            Ok(told.and_then(|told| told.metadata))
        };
        let cri = extension(full_id, CRI_CONTAINER)?;
        let told = cri.as_ref().and_then(|cri| cri.sandbox_id.as_deref()).unwrap_or_default();
        let sandbox = extension(first([sandbox_id, told, full_id]), CRI_SANDBOX)?;
        Ok(Some(Known {
            image,
            image_digest: image_digest.and_then(|digest| String::from_utf8(digest).ok()).unwrap_or_default(),
            labels,
            cri,
            sandbox,
        }))
    }
}

/// The value within a packed message (a type's name as field 1, the value as field 2).
fn packed_value(mut message: &[u8]) -> Option<&[u8]> {
    while let Some((tag, rest)) = message.split_first() {
        let mut rest = rest;
        let mut len = 0_usize;
        for shift in (0..28).step_by(7) {
            let (byte, after) = rest.split_first()?;
            rest = after;
            len |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (field, after) = rest.split_at_checked(len)?;
        match tag {
            0x12 => return Some(field),
            0x0a => message = after,
            _ => return None,
        }
    }
    None
}

/// Whether an image is named by its id.
fn is_image_id(image: &str) -> bool {
    is_full_id(image.strip_prefix("sha256:").unwrap_or(image))
}

/// The first text that is not empty.
fn first<const N: usize>(texts: [&str; N]) -> &str {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests;
