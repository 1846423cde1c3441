//! The files of Docker's state that are read, and the parts of them that are used.
//!
//! Docker writes them for itself, not for others: every part may be missing, and unknown ones are passed over.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::super::state_file::{StateError, read_json};

/// The largest container file that is read, in bytes. They have some kilobytes; labels and health logs make them grow.
const CONTAINER_FILE_LIMIT: u64 = 4 << 20;

/// The largest list of images that is read, in bytes.
const REPOSITORIES_LIMIT: u64 = 32 << 20;

/// `containers/ID/config.v2.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ContainerFile {
    pub(super) name: Option<String>,
    /// The image's id, `sha256:` and 64 digits.
    pub(super) image: Option<String>,
    /// With containerd's image store: the manifest the container was made from.
    pub(super) image_manifest: Option<serde::de::IgnoredAny>,
    pub(super) state: Option<RunState>,
    pub(super) config: Option<Config>,
    pub(super) network_settings: Option<NetworkSettings>,
    pub(super) mount_points: Option<BTreeMap<String, Option<MountPoint>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct RunState {
    pub(super) running: Option<bool>,
    pub(super) pid: Option<i64>,
    /// RFC 3339; the year 1 for a container that never ran.
    pub(super) started_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Config {
    /// As it was named when the container was made.
    pub(super) image: Option<String>,
    pub(super) labels: Option<BTreeMap<String, Option<String>>>,
    pub(super) healthcheck: Option<Healthcheck>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in super::super) struct Healthcheck {
    /// `["NONE"]`, `["CMD", ARG...]` or `["CMD-SHELL", COMMAND]`.
    pub(in super::super) test: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NetworkSettings {
    pub(super) networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoint {
    #[serde(rename = "IPAddress")]
    pub(super) ip_address: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    pub(super) global_ipv6_address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct MountPoint {
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    #[serde(rename = "RW")]
    pub(super) rw: Option<bool>,
    /// What the interface calls `Mode`.
    pub(super) relabel: Option<String>,
    pub(super) propagation: Option<String>,
}

/// `containers/ID/hostconfig.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HostFile {
    pub(super) privileged: Option<bool>,
    pub(super) network_mode: Option<String>,
    pub(super) pid_mode: Option<String>,
    pub(super) ipc_mode: Option<String>,
}

/// `image/DRIVER/repositories.json`: by repository, names with tag or digest, and the image id each stands for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct RepositoriesFile {
    pub(super) repositories: Option<BTreeMap<String, Option<BTreeMap<String, String>>>>,
}

impl ContainerFile {
    /// Reads the file in a container's folder.
    pub(super) fn read(folder: &Path) -> Result<ContainerFile, StateError> {
        read_json(&folder.join("config.v2.json"), CONTAINER_FILE_LIMIT)
    }
}

impl HostFile {
    /// Reads the file in a container's folder.
    pub(super) fn read(folder: &Path) -> Result<HostFile, StateError> {
        read_json(&folder.join("hostconfig.json"), CONTAINER_FILE_LIMIT)
    }
}

impl RepositoriesFile {
    /// Reads the lists of all storage drivers of a root; what cannot be read is passed over, since an image's digest
    /// is a small part of what is known of a container.
    pub(super) fn read_all(root: &Path) -> Vec<RepositoriesFile> {
        let Ok(drivers) = fs::read_dir(root.join("image")) else { return Vec::new() };
        drivers
            .flatten()
            .filter_map(|driver| read_json(&driver.path().join("repositories.json"), REPOSITORIES_LIMIT).ok())
            .collect()
    }
}
