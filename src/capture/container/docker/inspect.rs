//! What Docker's daemon says of a container when it is asked, and Podman's service, which answers in the same form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::details::{RuntimeContainer, is_full_id};
use super::super::reference::Reference;
use super::Told;
use super::files::{Config, ContainerFile, HostFile, MountPoint, NetworkSettings, RepositoriesFile, RunState};

/// The answer to `/containers/ID/json`, as far as it is used. Most of it is as in the daemon's files.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: Option<String>,
    image: Option<String>,
    state: Option<RunState>,
    config: Option<Config>,
    host_config: Option<HostFile>,
    network_settings: Option<NetworkSettings>,
    mounts: Option<Vec<Mount>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Mount {
    source: Option<String>,
    destination: Option<String>,
    mode: Option<String>,
    #[serde(rename = "RW")]
    rw: Option<bool>,
    propagation: Option<String>,
}

/// The answer to `/images/ID/json`, likewise.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedImage {
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

/// Asks for a container by id or name: its full id and everything that is said of it. `get` gives the answer to a
/// request for a path.
pub(in super::super) fn inspect(
    runtime: &str,
    wanted: &str,
    get: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Option<(String, RuntimeContainer)> {
    let (full_id, file, host) = container(wanted, get)?;
    let image = file.image.as_deref().unwrap_or_default();
    let images: Vec<_> = images_of(image, get).into_iter().collect();
    let other = |id: &str| container(id, get).map(|(_, file, _)| file);
    let told = Told { full_id: &full_id, file: &file, host: host.as_ref(), images: &images, other: &other };
    let container = told.describe(runtime);
    Some((full_id, container))
}

fn container(wanted: &str, get: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<(String, ContainerFile, Option<HostFile>)> {
    // What else a path may hold would have to be written differently; no container is called so.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if wanted.is_empty() || !wanted.bytes().all(is_plain) {
        return None;
    }
    let told: Inspected = parsed(get(&format!("/containers/{wanted}/json"))?)?;
    if !is_full_id(&told.id) {
        return None;
    }
    let mounts = told.mounts.into_iter().flatten().map(|mount| {
        let Mount { source, destination, mode, rw, propagation } = mount;
        let point = MountPoint { source, destination, rw, relabel: mode, propagation };
        (point.destination.clone().unwrap_or_default(), Some(point))
    });
    let file = ContainerFile {
        name: told.name,
        image: told.image,
        image_manifest: None,
        state: told.state,
        config: told.config,
        network_settings: told.network_settings,
        mount_points: Some(mounts.collect()),
    };
    Some((told.id, file, told.host_config))
}

/// The names of an image, in the form of the daemon's own list.
fn images_of(image: &str, get: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<RepositoriesFile> {
    if !is_full_id(image.strip_prefix("sha256:").unwrap_or(image)) {
        return None;
    }
    let told: InspectedImage = parsed(get(&format!("/images/{image}/json"))?)?;
    let mut repositories: BTreeMap<String, Option<BTreeMap<String, String>>> = BTreeMap::new();
    for name in told.repo_tags.into_iter().chain(told.repo_digests).flatten() {
        let repository = Reference::parse(&name).repository.to_owned();
        repositories.entry(repository).or_default().get_or_insert_default().insert(name, image.to_owned());
    }
    Some(RepositoriesFile { repositories: Some(repositories) })
}

fn parsed<T: DeserializeOwned>(body: Vec<u8>) -> Option<T> {
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::ID;
    use super::*;

    const IMAGE: &str = "sha256:1dfa3357c10138610f5d5690f44ef41b3f7822d8ae15d8b42535c1ec52946a7c";

    #[test]
    fn a_container_is_described_as_from_the_daemons_files() {
        let container = serde_json::json!({
            "Id": ID, "Name": "/web", "Image": IMAGE,
            "State": { "Running": true, "Pid": 3211, "StartedAt": "2026-11-21T08:00:00.5Z" },
            "Config": { "Image": "nginx:1.21", "Labels": { "team": "shop" }, "Healthcheck": { "Test": ["CMD", "true"] } },
            "HostConfig": { "Privileged": true, "NetworkMode": "host", "PidMode": "", "IpcMode": "private" },
            "Mounts": [{ "Source": "/srv", "Destination": "/data", "Mode": "z", "RW": true, "Propagation": "rprivate" }],
            "NetworkSettings": { "Networks": { "bridge": { "IPAddress": "172.17.0.2" } } } });
        let image = serde_json::json!({
            "RepoTags": ["nginx:1.21"], "RepoDigests": ["nginx@sha256:aa"], "Unknown": 1 });
        let asked = std::cell::RefCell::new(Vec::new());
        let get = |path: &str| {
            asked.borrow_mut().push(path.to_owned());
            Some(if path.starts_with("/images/") { image.to_string() } else { container.to_string() }.into_bytes())
        };
        let (full_id, found) = inspect("podman", "web", &get).unwrap();
        assert_eq!((full_id.as_str(), found.pid, found.is_running), (ID, Some(3211), true));
        let row = found.row;
        let texts = [&row.name, &row.runtime, &row.image_repository, &row.image_tag, &row.image_digest, &row.ip];
        let texts = texts.map(|text| std::str::from_utf8(text).unwrap());
        assert_eq!(texts, ["web", "podman", "nginx", "1.21", "sha256:aa", "172.17.0.2"]);
        assert_eq!((row.privileged, row.host_network, row.host_pid), (Some(true), Some(true), Some(false)));
        assert_eq!(&*row.labels_json, br#"{"team":"shop"}"#);
        assert!(String::from_utf8_lossy(&row.mounts_json).contains(r#""dest":"/data""#));
        assert_eq!((&*row.healthcheck, row.start_ts_ns), (&b"true\0"[..], 1_795_248_000_500_000_000));
        assert_eq!(*asked.borrow(), ["/containers/web/json".to_owned(), format!("/images/{IMAGE}/json")]);
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        for wanted in ["", "a/b", "../x", "a b", "a?b", "a%2f"] {
            assert!(inspect("docker", wanted, &|_| panic!("asked for {wanted}")).is_none());
        }
        assert!(inspect("docker", "web", &|_| Some(b"{}".to_vec())).is_none());
        assert!(inspect("docker", "web", &|_| None).is_none());
    }
}
