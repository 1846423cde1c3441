//! Docker's state on disk: what the daemon knows of its containers, without asking it.
//!
//! Enters: the daemon's root folder (`/var/lib/docker`). Leaves: a [`ContainerRow`] per container. A container that is
//! just being started may not be there yet, or lack its start time and address; who asks may ask again.

mod files;
mod image;
mod inspect;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::format::row::{ContainerRow, Text};

use super::details::{RuntimeContainer, is_full_id, labels_json, nanoseconds, text};
use super::probes;
use super::state_file::{StateError, read_json};
pub(super) use files::Healthcheck;
use files::{ContainerFile, HostFile, NetworkSettings, RepositoriesFile};
use image::ImageNames;
pub(super) use inspect::inspect;

/// Where Docker keeps its state unless told otherwise.
pub const DEFAULT_ROOT: &str = "/var/lib/docker";

/// Where the daemon's configuration may name another root.
const DAEMON_CONFIGURATION: &str = "/etc/docker/daemon.json";

/// The largest daemon configuration that is read, in bytes.
const CONFIGURATION_LIMIT: u64 = 1 << 20;

/// Roots to look at when none is given: the one of `/etc/docker/daemon.json` if it names one, else
/// [`DEFAULT_ROOT`].
pub(super) fn default_roots() -> Vec<PathBuf> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "kebab-case")]
    struct Daemon {
        data_root: Option<PathBuf>,
        /// The name it had before 17.05.
        graph: Option<PathBuf>,
    }
    let daemon: Daemon = read_json(Path::new(DAEMON_CONFIGURATION), CONFIGURATION_LIMIT).unwrap_or_default();
    vec![daemon.data_root.or(daemon.graph).unwrap_or_else(|| PathBuf::from(DEFAULT_ROOT))]
}

/// Folders with Docker's state in a root: the root itself, and with user namespaces (`userns-remap`) those below it
/// called `UID.GID`. Fails when the root is not there or cannot be read; empty when it holds no state.
pub(super) fn state_folders(root: &Path) -> Result<Vec<PathBuf>, StateError> {
    let is_remapped = |name: &str| {
        name.split_once('.').is_some_and(|(uid, gid)| {
            [uid, gid].iter().all(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    let entries = fs::read_dir(root).map_err(|error| StateError::at(root, error))?;
    let mut folders: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_remapped))
        .map(|e| e.path())
        .collect();
    folders.sort();
    folders.insert(0, root.to_owned());
    folders.retain(|folder| folder.join("containers").is_dir());
    Ok(folders)
}

/// Ids of all containers in a folder of Docker's state, in order.
pub(super) fn container_ids(folder: &Path) -> Result<BTreeSet<String>, StateError> {
    let containers = folder.join("containers");
    let entries = fs::read_dir(&containers).map_err(|error| StateError::at(&containers, error))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).filter(|id| is_full_id(id)).collect())
}

/// The name of a container, without anything else that is known of it.
pub(super) fn container_name(folder: &Path, full_id: &str) -> Result<String, StateError> {
    Ok(ContainerFile::read(&container_folder(folder, full_id))?.plain_name().to_owned())
}

/// Everything that a folder of Docker's state says of a container.
pub(super) fn read_container(folder: &Path, full_id: &str) -> Result<RuntimeContainer, StateError> {
    let own = container_folder(folder, full_id);
    if !is_full_id(full_id) {
        return Err(StateError::NotThere { path: own });
    }
    let file = ContainerFile::read(&own)?;
    let host = match HostFile::read(&own) {
        Ok(host) => Some(host),
        Err(StateError::NotThere { .. }) => None,
        Err(error) => return Err(error),
    };
    let images = RepositoriesFile::read_all(folder);
    let other = |id: &str| ContainerFile::read(&container_folder(folder, id)).ok();
    Ok(Told { full_id, file: &file, host: host.as_ref(), images: &images, other: &other }.describe("docker"))
}

/// What Docker says of a container, in its files or when asked.
struct Told<'a> {
    full_id: &'a str,
    file: &'a ContainerFile,
    host: Option<&'a HostFile>,
    images: &'a [RepositoriesFile],
    /// What it says of another container, by full id.
    other: &'a dyn Fn(&str) -> Option<ContainerFile>,
}

impl Told<'_> {
    fn describe(&self, runtime: &str) -> RuntimeContainer {
        let Told { full_id, file, host, images, other } = *self;
        let state = file.state.as_ref();
        let config = file.config.as_ref();
        let named = config.and_then(|config| config.image.as_deref()).unwrap_or_default();
        let has_manifest = file.image_manifest.is_some();
        let image = ImageNames::find(named, file.image.as_deref().unwrap_or_default(), has_manifest, images);
        let labels = labels_of(file);
        let label = |name: &str| labels.get(name).copied().unwrap_or_default();
        let pod = Pod::find(full_id, &labels, other);
        let definition = probes::pod_definition(|name| labels.get(name).copied());
        let (liveness_probe, readiness_probe) =
            probes::probe_commands(definition, label("io.kubernetes.container.name"));
        let healthcheck = config.and_then(|config| config.healthcheck.as_ref());

        let network_mode = host.map(|host| host.network_mode.as_deref().unwrap_or_default());
        let mut ip = address(file.network_settings.as_ref());
        if ip.is_empty() {
            // It shares the network of another container: that one has the address.
            let sharer = network_mode.and_then(|mode| mode.strip_prefix("container:")).filter(|id| is_full_id(id));
            let sharer = sharer.and_then(other);
            ip = sharer.map(|sharer| address(sharer.network_settings.as_ref())).unwrap_or_default();
        }
        let is_host = |mode: Option<&str>| mode == Some("host");
        let row = ContainerRow {
            name: text(file.plain_name()),
            runtime: text(runtime),
            image: text(named),
            image_repository: text(&image.repository),
            image_tag: text(&image.tag),
            image_digest: text(&image.digest),
            image_id: text(&image.id),
            labels_json: labels_json(labels.iter().map(|(name, value)| (*name, *value))),
            mounts_json: mounts_json(file),
            privileged: host.map(|host| host.privileged.unwrap_or(false)),
            host_pid: host.map(|host| is_host(host.pid_mode.as_deref())),
            host_network: host.map(|_| is_host(network_mode)),
            host_ipc: host.map(|host| is_host(host.ipc_mode.as_deref())),
            start_ts_ns: state.and_then(|state| state.started_at.as_deref()).map_or(0, nanoseconds),
            ip: text(&ip),
            healthcheck: text(&healthcheck.map(probes::healthcheck_command).unwrap_or_default()),
            liveness_probe: text(&liveness_probe),
            readiness_probe: text(&readiness_probe),
            pod_name: text(label("io.kubernetes.pod.name")),
            pod_namespace: text(label("io.kubernetes.pod.namespace")),
            pod_uid: text(label("io.kubernetes.pod.uid")),
            pod_sandbox_id: text(&pod.sandbox_id),
            pod_labels_json: pod.labels_json,
            pod_ip: text(&pod.ip),
            cni_json: Text::default(),
        };
        let is_running = state.and_then(|state| state.running).unwrap_or(false);
        let pid = state.and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok());
        RuntimeContainer {
            row,
            pid: pid.filter(|pid| is_running && *pid != 0),
            is_running: is_running && host.is_some(),
            root: None,
        }
    }
}

fn container_folder(folder: &Path, full_id: &str) -> PathBuf {
    folder.join("containers").join(full_id)
}

impl ContainerFile {
    /// Docker's own names begin with a slash.
    fn plain_name(&self) -> &str {
        let name = self.name.as_deref().unwrap_or_default();
        name.strip_prefix('/').unwrap_or(name)
    }
}

/// What the sandbox container of a pod knows.
#[derive(Debug, Default)]
struct Pod {
    sandbox_id: String,
    labels_json: Text,
    ip: String,
}

impl Pod {
    fn find(full_id: &str, labels: &BTreeMap<&str, &str>, other: &dyn Fn(&str) -> Option<ContainerFile>) -> Pod {
        let is_sandbox = labels.get("io.kubernetes.docker.type") == Some(&"podsandbox");
        let named = labels.get("io.kubernetes.sandbox.id").copied();
        let Some(sandbox_id) = named.or(is_sandbox.then_some(full_id)).filter(|id| is_full_id(id)) else {
            return Pod::default();
        };
        let sandbox = other(sandbox_id).unwrap_or_default();
        // The runtime keeps its own notes, and the pod's annotations, beside the pod's labels.
        let is_own = |name: &str| !name.starts_with("io.kubernetes.") && !name.starts_with("annotation.");
        Pod {
            sandbox_id: sandbox_id.to_owned(),
            labels_json: labels_json(labels_of(&sandbox).into_iter().filter(|(name, _)| is_own(name))),
            ip: address(sandbox.network_settings.as_ref()),
        }
    }
}

fn labels_of(file: &ContainerFile) -> BTreeMap<&str, &str> {
    let labels = file.config.as_ref().and_then(|config| config.labels.as_ref());
    labels.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default())).collect()
}

/// A JSON array of mounts in the order of their destinations; empty text when there is none.
fn mounts_json(file: &ContainerFile) -> Text {
    let mounts: Vec<_> = file
        .mount_points
        .iter()
        .flat_map(BTreeMap::values)
        .flatten()
        .map(|mount| {
            serde_json::json!({
                "source": mount.source.as_deref().unwrap_or_default(),
                "dest": mount.destination.as_deref().unwrap_or_default(),
                "mode": mount.relabel.as_deref().unwrap_or_default(),
                "rdwr": mount.rw.unwrap_or(false),
                "propagation": mount.propagation.as_deref().unwrap_or_default(),
            })
        })
        .collect();
    if mounts.is_empty() { Text::default() } else { text(&serde_json::Value::from(mounts).to_string()) }
}

/// The address in Docker's default network, else in the first network that gives one.
fn address(settings: Option<&NetworkSettings>) -> String {
    let Some(networks) = settings.and_then(|settings| settings.networks.as_ref()) else { return String::new() };
    let default = networks.get("bridge").into_iter();
    let endpoints: Vec<_> = default.chain(networks.values()).flatten().collect();
    let filled = |address: &&str| !address.is_empty();
    let version_4 = endpoints.iter().filter_map(|endpoint| endpoint.ip_address.as_deref()).find(filled);
    let version_6 = endpoints.iter().filter_map(|endpoint| endpoint.global_ipv6_address.as_deref()).find(filled);
    version_4.or(version_6).unwrap_or_default().to_owned()
}

#[cfg(test)]
pub(super) mod tests;
