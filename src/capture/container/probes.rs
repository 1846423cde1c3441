//! Health checks and probes as rows have them: words that each end in NUL.

use serde::Deserialize;

use super::docker::Healthcheck;

/// Where the pod's definition is kept: a label of containers by Kubernetes' own Docker runtime, the annotation that
/// `kubectl apply` leaves, and the same among the labels of a sandbox.
const DEFINITION_NAMES: [&str; 3] = [
    "io.kubernetes.container.last-applied-config",
    "kubectl.kubernetes.io/last-applied-configuration",
    "annotation.kubectl.kubernetes.io/last-applied-configuration",
];

/// The pod's definition among labels or annotations, whose values `get` gives; empty when there is none.
pub(super) fn pod_definition<'a>(get: impl Fn(&str) -> Option<&'a str>) -> &'a str {
    DEFINITION_NAMES.into_iter().find_map(get).unwrap_or_default()
}

/// Words, each with its end.
fn ended(words: &[String]) -> String {
    words.iter().flat_map(|word| [word.as_str(), "\0"]).collect()
}

/// The command of a health check; `NONE` for one that is switched off, empty when none is configured.
pub(super) fn healthcheck_command(healthcheck: &Healthcheck) -> String {
    let Some(test) = healthcheck.test.as_deref() else { return String::new() };
    match test {
        [kind, ..] if kind == "NONE" => "NONE".to_owned(),
        [kind, command @ ..] if kind == "CMD" => ended(command),
        [kind, command, ..] if kind == "CMD-SHELL" => format!("/bin/sh\0-c\0{command}\0"),
        _ => String::new(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    spec: Option<PodSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    containers: Option<Vec<PodContainer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodContainer {
    name: Option<String>,
    liveness_probe: Option<Probe>,
    readiness_probe: Option<Probe>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Probe {
    exec: Option<ExecProbe>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExecProbe {
    command: Option<Vec<String>>,
}

/// Commands of the liveness and the readiness probe of the container called `name` (else of the first one) in a pod's
/// definition; empty for probes that run no command.
pub(super) fn probe_commands(definition: &str, name: &str) -> (String, String) {
    let pod: Pod = serde_json::from_str(definition).unwrap_or_default();
    let containers = pod.spec.and_then(|spec| spec.containers).unwrap_or_default();
    let own = containers.iter().find(|container| !name.is_empty() && container.name.as_deref() == Some(name));
    let Some(container) = own.or(containers.first()) else { return Default::default() };
    let command = |probe: &Option<Probe>| {
        let command = probe.as_ref().and_then(|probe| probe.exec.as_ref()).and_then(|exec| exec.command.as_ref());
        command.map(|command| ended(command)).unwrap_or_default()
    };
    (command(&container.liveness_probe), command(&container.readiness_probe))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(test: &[&str]) -> String {
        healthcheck_command(&Healthcheck { test: Some(test.iter().map(|&part| part.to_owned()).collect()) })
    }

    #[test]
    fn health_checks_are_command_lines() {
        assert_eq!(command(&["CMD", "curl", "-f", "http://localhost"]), "curl\0-f\0http://localhost\0");
        assert_eq!(command(&["CMD-SHELL", "true || exit 1"]), "/bin/sh\0-c\0true || exit 1\0");
        assert_eq!(command(&["NONE"]), "NONE");
        assert_eq!(command(&[]), "");
        assert_eq!(command(&["CMD-SHELL"]), "");
        assert_eq!(healthcheck_command(&Healthcheck { test: None }), "");
    }

    #[test]
    fn probes_are_those_of_the_named_container() {
        let definition = r#"{"spec": {"containers": [
            {"name": "a", "livenessProbe": {"exec": {"command": ["cat", "/alive"]}}},
            {"name": "b", "readinessProbe": {"exec": {"command": ["ready"]}}, "livenessProbe": {"httpGet": {}}}]}}"#;
        assert_eq!(probe_commands(definition, "a"), ("cat\0/alive\0".to_owned(), String::new()));
        assert_eq!(probe_commands(definition, "b"), (String::new(), "ready\0".to_owned()));
        assert_eq!(probe_commands(definition, ""), ("cat\0/alive\0".to_owned(), String::new()));
        assert_eq!(probe_commands("{", "a"), Default::default());
        assert_eq!(probe_commands(r#"{"spec": {"containers": []}}"#, "a"), Default::default());
    }
}
