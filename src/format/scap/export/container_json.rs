//! What a capture knows of a container, in the JSON of Falco's container events.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::format::Damage;
use crate::format::dimension::ContainerColumn;
use crate::format::row::{Text, probe_words};

use super::rows::Rows;

/// How many characters a short id has.
const SHORT_ID_LEN: usize = 12;

/// Falco's numbers of container types.
const RUNTIMES: [(&str, i64); 12] = [
    ("docker", 0),
    ("lxc", 1),
    ("libvirt-lxc", 2),
    ("mesos", 3),
    ("rkt", 4),
    ("custom", 5),
    ("cri", 6),
    ("containerd", 7),
    ("cri-o", 8),
    ("bpm", 9),
    ("static", 10),
    ("podman", 11),
];

/// Keys that hold a text, and the columns they come from.
const TEXTS: [(&str, ContainerColumn); 11] = [
    ("id", ContainerColumn::Id),
    ("full_id", ContainerColumn::FullId),
    ("name", ContainerColumn::Name),
    ("image", ContainerColumn::Image),
    ("imagerepo", ContainerColumn::ImageRepository),
    ("imagetag", ContainerColumn::ImageTag),
    ("imagedigest", ContainerColumn::ImageDigest),
    ("imageid", ContainerColumn::ImageId),
    ("ip", ContainerColumn::Ip),
    ("pod_sandbox_id", ContainerColumn::PodSandboxId),
    ("cni_json", ContainerColumn::CniJson),
];

/// Keys that hold a truth value.
const TRUTHS: [(&str, ContainerColumn); 4] = [
    ("privileged", ContainerColumn::Privileged),
    ("host_pid", ContainerColumn::HostPid),
    ("host_network", ContainerColumn::HostNetwork),
    ("host_ipc", ContainerColumn::HostIpc),
];

/// Names of a mount's parts here and in Falco's JSON.
const MOUNT_KEYS: [(&str, &str); 5] =
    [("source", "Source"), ("dest", "Destination"), ("mode", "Mode"), ("rdwr", "RW"), ("propagation", "Propagation")];

/// The JSON of a container; `None` where nothing but its id is known.
pub(super) fn container_json(rows: &Rows<'_>, row: usize) -> Result<Option<String>, Damage> {
    let text = |column| rows.container_text(row, column);
    if text(ContainerColumn::Name)?.is_empty() && text(ContainerColumn::Image)?.is_empty() {
        return Ok(None);
    }
    let mut container = Map::new();
    for (key, column) in TEXTS {
        container.insert(key.to_owned(), json!(String::from_utf8_lossy(text(column)?)));
    }
    for (key, column) in TRUTHS {
        if let Some(truth) = rows.container_int(row, column)? {
            container.insert(key.to_owned(), json!(truth != 0));
        }
    }
    let runtime = text(ContainerColumn::Runtime)?;
    if let Some((_, number)) = RUNTIMES.iter().find(|(name, _)| name.as_bytes() == runtime) {
        container.insert("type".to_owned(), json!(number));
    }
    let started_ns = rows.container_int(row, ContainerColumn::StartTs)?.unwrap_or_default();
    container.insert("created_time".to_owned(), json!(started_ns / 1_000_000_000));
    let mut labels = labels_of(text(ContainerColumn::LabelsJson)?);
    for (key, column) in [
        ("io.kubernetes.pod.name", ContainerColumn::PodName),
        ("io.kubernetes.pod.namespace", ContainerColumn::PodNamespace),
        ("io.kubernetes.pod.uid", ContainerColumn::PodUid),
    ] {
        let value = text(column)?;
        if !value.is_empty() {
            labels.entry(key).or_insert_with(|| json!(String::from_utf8_lossy(value)));
        }
    }
    if !labels.is_empty() {
        container.insert("labels".to_owned(), Json::Object(labels));
    }
    let pod_labels = labels_of(text(ContainerColumn::PodLabelsJson)?);
    if !pod_labels.is_empty() {
        container.insert("pod_sandbox_labels".to_owned(), Json::Object(pod_labels));
    }
    container.insert("Mounts".to_owned(), mounts(text(ContainerColumn::MountsJson)?));
    for (key, column) in [
        ("Healthcheck", ContainerColumn::Healthcheck),
        ("LivenessProbe", ContainerColumn::LivenessProbe),
        ("ReadinessProbe", ContainerColumn::ReadinessProbe),
    ] {
        if let Some(mut words) = words_of(text(column)?) {
            let exe = words.next().unwrap_or_default();
            container.insert(key.to_owned(), json!({ "exe": exe, "args": words.collect::<Vec<_>>() }));
        }
    }
    Ok(Some(json!({ "container": container }).to_string()))
}

/// The words of a probe's command; in captures of earlier versions there are spaces between them.
fn words_of(command: &[u8]) -> Option<std::vec::IntoIter<Cow<'_, str>>> {
    let words: Vec<&[u8]> = match probe_words(command) {
        Some(words) => words.collect(),
        None if command.is_empty() || command == b"NONE" => return None,
        None => command.split(|&byte| byte == b' ').collect(),
    };
    Some(words.into_iter().map(String::from_utf8_lossy).collect::<Vec<_>>().into_iter())
}

/// Labels out of their text, none where that is no object. Falco refuses a container with a label that is no text.
fn labels_of(text: &[u8]) -> Map<String, Json> {
    let Ok(Json::Object(mut labels)) = serde_json::from_slice(text) else { return Map::new() };
    for label in labels.values_mut().filter(|label| !label.is_string()) {
        *label = Json::String(if label.is_null() { String::new() } else { label.to_string() });
    }
    labels
}

/// The sandbox of a container's pod and its JSON, where it is the sandbox that Falco asks for the pod's address: where
/// the network plugin's result is not known.
pub(super) fn sandbox_json(rows: &Rows<'_>, row: usize) -> Result<Option<(Text, String)>, Damage> {
    let text = |column| rows.container_text(row, column);
    let (full_id, ip) = (text(ContainerColumn::PodSandboxId)?, text(ContainerColumn::PodIp)?);
    if full_id.is_empty() || ip.is_empty() || !text(ContainerColumn::CniJson)?.is_empty() {
        return Ok(None);
    }
    let id = full_id.get(..SHORT_ID_LEN).unwrap_or(full_id);
    let shown = String::from_utf8_lossy;
    let container = json!({
        "id": shown(id),
        "full_id": shown(full_id),
        "ip": shown(ip),
        "is_pod_sandbox": true,
        "pod_sandbox_labels": labels_of(text(ContainerColumn::PodLabelsJson)?),
    });
    Ok(Some((Text::from(id), json!({ "container": container }).to_string())))
}

/// The mounts with the names that Falco has for their parts.
fn mounts(text: &[u8]) -> Json {
    let Ok(Json::Array(mut mounts)) = serde_json::from_slice(text) else { return json!([]) };
    for mount in mounts.iter_mut().filter_map(Json::as_object_mut) {
        for (ours, falco) in MOUNT_KEYS {
            if let Some(part) = mount.remove(ours) {
                mount.insert(falco.to_owned(), part);
            }
        }
        // Falco takes a truth value here and refuses anything else
        if let Some(part) = mount.get_mut("RW").filter(|part| !part.is_boolean()) {
            *part = Json::Bool(*part == "true");
        }
    }
    Json::Array(mounts)
}
