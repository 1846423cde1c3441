//! What container events say of a container.
//!
//! Three generations say it as JSON with the same keys, in events of their own or in asynchronous ones; the oldest had
//! a few parameters instead.

use serde_json::{Map, Value as Json};

use crate::format::row::{ContainerRow, Text};

/// A container as an event tells of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ToldContainer {
    /// Short id.
    pub(super) id: Text,
    /// Full id; empty where only the short one is told.
    pub(super) full_id: Text,
    pub(super) details: ContainerRow,
}

/// Numbers of container types, and what `container.type` says of them.
const RUNTIMES: [(i64, &str); 13] = [
    (0, "docker"),
    (1, "lxc"),
    (2, "libvirt-lxc"),
    (3, "mesos"),
    (4, "rkt"),
    (5, "custom"),
    (6, "cri"),
    (7, "containerd"),
    (8, "cri-o"),
    (9, "bpm"),
    (10, "static"),
    (11, "podman"),
    (0xffff, "host"),
];

/// The name of a container type.
pub(super) fn runtime_name(number: i64) -> &'static str {
    RUNTIMES.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name)
}

/// Reads the JSON of a container event; `None` when it tells of no container.
pub(super) fn read_container(json: &[u8]) -> Option<ToldContainer> {
    let json = json.strip_suffix(b"\0").unwrap_or(json);
    let Json::Object(all) = serde_json::from_slice(json).ok()? else { return None };
    let container = match all.get("container") {
        Some(Json::Object(container)) => container,
        _ => &all,
    };
    let text = |name: &str| text_of(container, name);
    let id = text("id");
    if id.is_empty() {
        return None;
    }
    let labels = container.get("labels").and_then(Json::as_object);
    let pod_labels = container.get("pod_sandbox_labels").and_then(Json::as_object);
    let label = |name: &str| labels.map(|labels| text_of(labels, name)).unwrap_or_default();
    let number = |name: &str| container.get(name).and_then(Json::as_i64);
    let created = number("created_time").and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0);
    let probes = probes_of(container);
    let details = ContainerRow {
        name: text("name"),
        runtime: number("type").map(|number| Text::from(runtime_name(number).as_bytes())).unwrap_or_default(),
        image: text("image"),
        image_repository: text("imagerepo"),
        image_tag: text("imagetag"),
        image_digest: text("imagedigest"),
        image_id: text("imageid"),
        labels_json: labels.map(json_text).unwrap_or_default(),
        mounts_json: mounts_of(container),
        privileged: truth(container, "privileged"),
        host_pid: truth(container, "host_pid"),
        host_network: truth(container, "host_network"),
        host_ipc: truth(container, "host_ipc"),
        start_ts_ns: created.saturating_mul(1_000_000_000),
        ip: text("ip"),
        healthcheck: probes.healthcheck,
        liveness_probe: probes.liveness,
        readiness_probe: probes.readiness,
        pod_name: label("io.kubernetes.pod.name"),
        pod_namespace: label("io.kubernetes.pod.namespace"),
        pod_uid: label("io.kubernetes.pod.uid"),
        pod_sandbox_id: text("pod_sandbox_id"),
        pod_labels_json: pod_labels.map(json_text).unwrap_or_default(),
        // of a pod without a result of the network plugin its sandbox tells the address
        pod_ip: if text("cni_json").is_empty() { Text::default() } else { text("ip") },
        cni_json: text("cni_json"),
    };
    Some(ToldContainer { id, full_id: text("full_id"), details })
}

struct Probes {
    healthcheck: Text,
    liveness: Text,
    readiness: Text,
}

/// Health checks and probes: a program and its arguments each.
fn probes_of(container: &Map<String, Json>) -> Probes {
    let probe = |name: &str| {
        let Some(probe) = container.get(name).and_then(Json::as_object) else { return Text::default() };
        let exe = probe.get("exe").and_then(Json::as_str).unwrap_or_default();
        let args = probe.get("args").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let words = std::iter::once(exe).chain(args.iter().filter_map(Json::as_str));
        Text::from(words.flat_map(|word| [word, "\0"]).collect::<String>().into_bytes())
    };
    Probes { healthcheck: probe("Healthcheck"), liveness: probe("LivenessProbe"), readiness: probe("ReadinessProbe") }
}

/// The mounts as this project writes them; empty when there are none.
fn mounts_of(container: &Map<String, Json>) -> Text {
    match container.get("Mounts").or_else(|| container.get("mounts")) {
        Some(Json::Array(mounts)) if !mounts.is_empty() => {
            Text::from(Json::Array(mounts.clone()).to_string().into_bytes())
        }
        _ => Text::default(),
    }
}

fn json_text(object: &Map<String, Json>) -> Text {
    Text::from(Json::Object(object.clone()).to_string().into_bytes())
}

fn text_of(object: &Map<String, Json>, name: &str) -> Text {
    Text::from(object.get(name).and_then(Json::as_str).unwrap_or_default().as_bytes())
}

fn truth(object: &Map<String, Json>, name: &str) -> Option<bool> {
    object.get(name).and_then(Json::as_bool)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_a_container_event_is_read() {
        let json = br#"{"container":{"Mounts":[],"id":"9dbcbd0c435f","image":"nginx:latest","imagerepo":"nginx",
            "imagetag":"latest","ip":"172.17.0.2","labels":{"maintainer":"x","io.kubernetes.pod.name":"web-1"},
            "name":"epic_cray","privileged":true,"type":0}}"#;
        let told = read_container(json).unwrap();
        assert_eq!((&*told.id, &*told.full_id), (&b"9dbcbd0c435f"[..], &b""[..]));
        assert_eq!((&*told.details.runtime, &*told.details.image_tag), (&b"docker"[..], &b"latest"[..]));
        assert_eq!((&*told.details.pod_name, told.details.privileged), (&b"web-1"[..], Some(true)));
        assert!(told.details.mounts_json.is_empty());
    }

    #[test]
    fn what_is_no_container_is_none() {
        for json in [&b""[..], b"{", b"[]", b"{\"container\":{}}", b"{\"container\":{\"id\":7}}", b"\xff"] {
            assert_eq!(read_container(json), None);
        }
    }
}
