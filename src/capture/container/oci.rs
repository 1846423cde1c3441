//! OCI bundles: the `config.json` that every runtime writes for the program that starts a container.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::format::row::Text;

use super::details::text;
use super::state_file::{StateError, read_json};

/// The largest bundle configuration that is read, in bytes. They have some 20 kilobytes, most of it seccomp rules.
const CONFIG_LIMIT: u64 = 8 << 20;

/// A capability that only privileged containers, and those that ask for it by name, have ...
const ADMIN_CAPABILITY: &str = "CAP_SYS_ADMIN";

/// ... and how many a privileged one has at the least. Kernels have 38 to 41; without a list there are 14.
const ALL_CAPABILITIES: usize = 36;

/// `config.json`, as far as it is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bundle {
    pub(super) annotations: Option<BTreeMap<String, String>>,
    mounts: Option<Vec<Mount>>,
    process: Option<Process>,
    linux: Option<Linux>,
    root: Option<Root>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Root {
    path: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Mount {
    destination: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    options: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Process {
    capabilities: Option<Capabilities>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Capabilities {
    bounding: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Linux {
    namespaces: Option<Vec<Namespace>>,
    masked_paths: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespace {
    #[serde(rename = "type")]
    kind: Option<String>,
    path: Option<String>,
}

/// Where a container's namespace of some kind comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NamespaceSource {
    /// It is the host's.
    Host,
    /// It was made for the container.
    Own,
    /// It was there before: another container's, the pod's, one that a network plugin made.
    Joined,
}

impl Bundle {
    /// Reads the file in a bundle's folder.
    pub(super) fn read(folder: &Path) -> Result<Bundle, StateError> {
        read_json(&folder.join("config.json"), CONFIG_LIMIT)
    }

    /// The container's root folder; `folder` is the bundle's.
    pub(super) fn root(&self, folder: &Path) -> Option<PathBuf> {
        self.root.as_ref()?.path.as_ref().map(|path| folder.join(path))
    }

    /// The value of an annotation; empty when there is none.
    pub(super) fn annotation(&self, name: &str) -> &str {
        self.annotations.as_ref().and_then(|all| all.get(name)).map(String::as_str).unwrap_or_default()
    }

    /// Where the namespace of this kind (`pid`, `network`, `ipc`) comes from.
    pub(super) fn namespace(&self, kind: &str) -> NamespaceSource {
        let all = self.linux.as_ref().and_then(|linux| linux.namespaces.as_deref()).unwrap_or_default();
        match all.iter().find(|namespace| namespace.kind.as_deref() == Some(kind)) {
            None => NamespaceSource::Host,
            Some(namespace) if namespace.path.as_deref().unwrap_or_default().is_empty() => NamespaceSource::Own,
            Some(_) => NamespaceSource::Joined,
        }
    }

    /// Whether the container has what `--privileged` gives: all capabilities, and nothing hidden from it.
    pub(super) fn looks_privileged(&self) -> bool {
        let capabilities = self.process.as_ref().and_then(|process| process.capabilities.as_ref());
        let bounding = capabilities.and_then(|all| all.bounding.as_deref()).unwrap_or_default();
        let masked = self.linux.as_ref().and_then(|linux| linux.masked_paths.as_deref()).unwrap_or_default();
        bounding.len() >= ALL_CAPABILITIES && bounding.iter().any(|name| name == ADMIN_CAPABILITY) && masked.is_empty()
    }

    /// A JSON array of the host's files and folders mounted inside, in the order of their destinations, without those
    /// that the runtime itself makes for every container (their sources are below a folder for which `is_own`); empty
    /// text when there is none.
    pub(super) fn mounts_json(&self, is_own: impl Fn(&str) -> bool) -> Text {
        let mut mounts: Vec<_> = self
            .mounts
            .iter()
            .flatten()
            .filter_map(|mount| {
                let options = mount.options.as_deref().unwrap_or_default();
                let has = |name: &str| options.iter().any(|option| option == name);
                let is_bind = mount.kind.as_deref() == Some("bind") || has("bind") || has("rbind");
                let source = mount.source.as_deref().unwrap_or_default();
                if !is_bind || is_own(source) {
                    return None;
                }
                let propagations = ["rprivate", "private", "rslave", "slave", "rshared", "shared"];
                Some((
                    mount.destination.as_deref().unwrap_or_default(),
                    source,
                    !has("ro"),
                    propagations.into_iter().find(|name| has(name)),
                ))
            })
            .collect();
        mounts.sort_unstable();
        let mounts: Vec<_> = mounts
            .into_iter()
            .map(|(dest, source, rdwr, propagation)| {
                serde_json::json!({
                    "source": source, "dest": dest, "mode": "", "rdwr": rdwr,
                    "propagation": propagation.unwrap_or_default(),
                })
            })
            .collect();
        if mounts.is_empty() { Text::default() } else { text(&Json::from(mounts).to_string()) }
    }
}

/// When a file was written, in ns since the epoch; 0 when that is not known.
pub(super) fn written_at(path: &Path) -> u64 {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bundle(json: serde_json::Value) -> Bundle {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn mounts_are_those_of_the_hosts_files() {
        let bundle = bundle(serde_json::json!({ "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"] },
            { "destination": "/host", "type": "bind", "source": "/", "options": ["rbind", "rslave"] },
            { "destination": "/data", "source": "/srv", "options": ["bind", "ro", "rprivate"] },
            { "destination": "/etc/hosts", "type": "bind", "source": "/run/pod/hosts", "options": ["rbind"] }] }));
        let mounts: serde_json::Value =
            serde_json::from_slice(&bundle.mounts_json(|source| source.starts_with("/run/pod/"))).unwrap();
        let expected = serde_json::json!([
            { "source": "/srv", "dest": "/data", "mode": "", "rdwr": false, "propagation": "rprivate" },
            { "source": "/", "dest": "/host", "mode": "", "rdwr": true, "propagation": "rslave" }]);
        assert_eq!(mounts, expected);
        assert!(Bundle::default().mounts_json(|_| false).is_empty());
    }

    #[test]
    fn namespaces_that_are_not_listed_are_the_hosts() {
        let bundle = bundle(serde_json::json!({ "linux": { "namespaces": [
            { "type": "pid" }, { "type": "network", "path": "/proc/7/ns/net" }] } }));
        let found = ["pid", "network", "ipc"].map(|kind| bundle.namespace(kind));
        assert_eq!(found, [NamespaceSource::Own, NamespaceSource::Joined, NamespaceSource::Host]);
    }

    #[test]
    fn privileged_is_who_has_all_capabilities_and_sees_all_of_proc() {
        let names = |count: usize| -> Vec<String> {
            (0..count).map(|at| if at == 21 { ADMIN_CAPABILITY.to_owned() } else { format!("CAP_{at}") }).collect()
        };
        let with = |count: usize, masked: &[&str]| {
            bundle(serde_json::json!({
                "process": { "capabilities": { "bounding": names(count) } }, "linux": { "maskedPaths": masked } }))
        };
        assert!(with(41, &[]).looks_privileged());
        assert!(!with(41, &["/proc/kcore"]).looks_privileged());
        assert!(!with(14, &[]).looks_privileged());
        assert!(!Bundle::default().looks_privileged());
    }
}
