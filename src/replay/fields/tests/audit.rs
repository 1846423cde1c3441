//! Fields of Kubernetes audit events: every one of them, by events of the sorts that they are about.

use std::collections::BTreeSet;

use super::*;

/// Checks fields of an event with this text.
#[track_caller]
fn check_audit(json: &str, expected: &[(&str, &str)]) {
    let tell = |capture: &mut CaptureBuilder| {
        let event = capture.event(EventKind::PLUGINEVENT, &Arc::default());
        event.param("plugin_id", 1).param("event_data", json).happens();
    };
    check(tell, expected);
}

const POD: &str = r#"{
  "kind": "Event", "auditID": "id-1", "stage": "ResponseComplete", "verb": "create", "requestURI": "/api/v1/namespaces/shop/pods?dryRun=All",
  "user": {"username": "ana", "groups": ["devs", "system:authenticated"]},
  "impersonatedUser": {"username": "root"}, "sourceIPs": ["192.0.2.1", "10.0.0.1"], "userAgent": "kubectl/v1.31",
  "objectRef": {"resource": "pods", "namespace": "shop", "name": "web", "apiVersion": "v1"},
  "responseStatus": {"code": 201, "reason": "Created", "metadata": {}},
  "requestObject": {"spec": {
    "hostIPC": false, "hostNetwork": true, "hostPID": null, "runAsUser": 5,
    "securityContext": {"runAsUser": 1000, "runAsGroup": 1001, "fsGroup": 2000, "supplementalGroups": [3000, 3001]},
    "containers": [
      {"name": "web", "image": "nginx:1.21", "command": ["sh", "-c"], "args": ["echo \"a\"", "b"], "runAsGroup": 9,
       "ports": [{"containerPort": 80}, {"containerPort": 81, "hostPort": 8081}],
       "securityContext": {"privileged": true, "allowPrivilegeEscalation": true, "readOnlyRootFilesystem": false,
         "runAsUser": 7, "runAsGroup": 8, "procMount": "Unmasked", "capabilities": {"add": ["NET_ADMIN", "SYS_TIME"]}}},
      {"name": "log", "image": "registry.example.com:5000/log@sha256:abc"}],
    "volumes": [{"name": "a", "hostPath": {"path": "/etc/kubernetes", "type": ""}}, {"name": "b", "emptyDir": {}},
      {"name": "c", "flexVolume": {"driver": "example/disk"}}, {"name": "d", "hostPath": {"path": "/proc"}}]}},
  "responseObject": {"metadata": {"name": "web-7d5b"}},
  "stageTimestamp": "2026-03-01T00:00:01Z",
  "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "", "cluster_name": "east",
    "authentication.openshift.io/decision": "error", "authentication.openshift.io/username": "kubeadmin",
    "validation.policy.admission.k8s.io/validation_failure": "[{\"message\":\"no\"}]",
    "pod-security.kubernetes.io/audit-violations": "would violate"}}"#;

const OF_POD: &[(&str, &str)] = &[
    ("ka.auditid", "id-1"),
    ("ka.stage", "ResponseComplete"),
    ("ka.auth.decision", "allow"),
    ("ka.auth.reason", ""),
    ("ka.auth.openshift.decision", "error"),
    ("ka.auth.openshift.username", "kubeadmin"),
    ("ka.validations.admission.policy.failure", "[{\"message\":\"no\"}]"),
    ("ka.security.pod.violations", "would violate"),
    ("ka.user.name", "ana"),
    ("ka.user.groups", "(devs,system:authenticated)"),
    ("ka.impuser.name", "root"),
    ("ka.verb", "create"),
    ("ka.uri", "/api/v1/namespaces/shop/pods?dryRun=All"),
    ("ka.uri.param[dryRun]", "All"),
    ("ka.uri.param[command]", "<NA>"),
    ("ka.target.name", "web"),
    ("ka.target.namespace", "shop"),
    ("ka.target.resource", "pods"),
    ("ka.target.subresource", "<NA>"),
    ("ka.target.pod.name", "web-7d5b"),
    ("ka.req.pod.containers.args", "(echo \"a\" b)"),
    ("ka.req.pod.containers.args[1]", "<NA>"),
    ("ka.req.pod.containers.command", "(sh -c)"),
    ("ka.req.pod.containers.command[0]", "(sh -c)"),
    ("ka.req.pod.containers.name", "(web,log)"),
    ("ka.req.pod.containers.name[1]", "(log)"),
    ("ka.req.pod.containers.image", "(nginx:1.21,registry.example.com:5000/log@sha256:abc)"),
    ("ka.req.pod.containers.image[0]", "(nginx:1.21)"),
    ("ka.req.pod.containers.image[2]", "<NA>"),
    ("ka.req.container.image", "nginx:1.21"),
    // A registry's port ends the name for the plugin.
    ("ka.req.pod.containers.image.repository", "(nginx,registry.example.com)"),
    ("ka.req.pod.containers.image.repository[0]", "(nginx)"),
    ("ka.req.container.image.repository", "nginx"),
    ("ka.req.pod.host_ipc", "false"),
    ("ka.req.pod.host_network", "true"),
    ("ka.req.container.host_network", "true"),
    ("ka.req.pod.host_pid", "null"),
    ("ka.req.pod.containers.host_port", "(80,8081)"),
    ("ka.req.pod.containers.host_port[1]", "<NA>"),
    ("ka.req.pod.containers.privileged", "(true)"),
    ("ka.req.pod.containers.privileged[1]", "<NA>"),
    ("ka.req.container.privileged", "true"),
    ("ka.req.pod.containers.allow_privilege_escalation", "(true)"),
    ("ka.req.pod.containers.read_only_fs", "(false)"),
    ("ka.req.pod.run_as_user", "1000"),
    ("ka.req.pod.containers.run_as_user", "(7)"),
    // The plugin looks beside the security contexts: of the pod 5, of the group 9 and nothing.
    ("ka.req.pod.containers.eff_run_as_user", "(5,5)"),
    ("ka.req.pod.run_as_group", "1001"),
    ("ka.req.pod.containers.run_as_group", "(8)"),
    ("ka.req.pod.containers.eff_run_as_group", "(9,0)"),
    ("ka.req.pod.containers.eff_run_as_group[0]", "(9)"),
    ("ka.req.pod.containers.proc_mount", "(Unmasked)"),
    ("ka.req.pod.fs_group", "2000"),
    ("ka.req.pod.supplemental_groups", "(3000,3001)"),
    ("ka.req.pod.containers.add_capabilities", "([\"NET_ADMIN\",\"SYS_TIME\"])"),
    ("ka.req.pod.volumes.hostpath", "(/etc/kubernetes,/proc)"),
    ("ka.req.pod.volumes.hostpath[3]", "(/proc)"),
    ("ka.req.pod.volumes.hostpath[1]", "<NA>"),
    ("ka.req.volume.hostpath[/etc/kubernetes]", "true"),
    ("ka.req.volume.hostpath[/etc*]", "true"),
    ("ka.req.volume.hostpath[/etc]", "false"),
    // The plugin takes the name for position 0.
    ("ka.req.volume.hostpath[/proc]", "false"),
    ("ka.req.pod.volumes.flexvolume_driver", "(example/disk)"),
    ("ka.req.pod.volumes.volume_type", "(hostPath,emptyDir,flexVolume,hostPath)"),
    ("ka.req.pod.volumes.volume_type[1]", "(emptyDir)"),
    ("ka.resp.name", "web-7d5b"),
    ("ka.response.code", "201"),
    ("ka.response.reason", "Created"),
    ("ka.useragent", "kubectl/v1.31"),
    ("ka.sourceips", "(192.0.2.1,10.0.0.1)"),
    ("ka.sourceips[1]", "(10.0.0.1)"),
    ("ka.cluster.name", "east"),
    ("jevt.value[/objectRef/name]", "web"),
    ("json.value[verb]", "create"),
    ("json.value[/requestObject/spec/containers/1/name]", "log"),
    ("json.value[/requestObject/spec/volumes/0]", r#"{"name":"a","hostPath":{"path":"/etc/kubernetes","type":""}}"#),
    ("jevt.value[/annotations/authorization.k8s.io~1decision]", "allow"),
    ("jevt.value[/nothing]", "<NA>"),
    ("jevt.value[/verb/x]", "<NA>"),
    ("jevt.rawtime", "1767323045000001000"),
    ("json.rawtime", "1767323045000001000"),
    ("jevt.time", "03:04:05.000001000"),
    ("jevt.time.iso8601", "2026-01-02T03:04:05.000001000+0000"),
    ("evt.source", "k8s_audit"),
    ("evt.pluginname", "k8saudit"),
    ("evt.num", "1"),
    ("evt.is_async", "false"),
    ("proc.name", "<NA>"),
    ("fd.name", "<NA>"),
    ("container.id", "<NA>"),
];

const BINDING: &str = r#"{"kind":"Event","auditID":"id-2","verb":"create","objectRef":{"resource":"clusterrolebindings"},
  "requestObject":{"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":[
    {"kind":"User","name":"ana"},{"kind":"ServiceAccount","name":"web","namespace":"shop"},
    {"kind":"ServiceAccount","name":"lost"},{"kind":"Group","name":"ops"},{"kind":"User"}]}}"#;

const OF_BINDING: &[(&str, &str)] = &[
    ("ka.req.binding.subjects.user_names", "(ana)"),
    ("ka.req.binding.subjects.serviceaccount_names", "(web,lost)"),
    ("ka.req.binding.subjects.serviceaccount_ns_names", "(shop:web)"),
    ("ka.req.binding.subjects.group_names", "(ops)"),
    ("ka.req.binding.role", "cluster-admin"),
    ("ka.req.binding.subject.has_name[anybody]", "true"),
    ("ka.target.pod.name", "<NA>"),
    ("ka.req.pod.containers.image", "<NA>"),
    ("ka.req.container.privileged", "<NA>"),
    ("ka.user.groups", "<NA>"),
];

#[test]
fn fields_of_a_pod_are_those_of_the_plugin() {
    check_audit(POD, OF_POD);
}

#[test]
fn fields_of_a_role_binding_are_those_of_the_plugin() {
    check_audit(BINDING, OF_BINDING);
    let subjects = of_json(BINDING, "ka.req.binding.subjects");
    assert!(subjects.starts_with(r#"({"kind":"User","name":"ana"},{"kind":"ServiceAccount","#), "{subjects}");
}

const ROLE: &str = r#"{"auditID":"id-3","requestObject":{"rules":[
    {"apiGroups":["","apps"],"resources":["pods"],"verbs":["*"]},
    {"nonResourceURLs":["/metrics"],"verbs":["get"]}]}}"#;

const OF_ROLE: &[(&str, &str)] = &[
    (
        "ka.req.role.rules",
        r#"({"apiGroups":["","apps"],"resources":["pods"],"verbs":["*"]},{"nonResourceURLs":["/metrics"],"verbs":["get"]})"#,
    ),
    ("ka.req.role.rules.apiGroups", "(,apps)"),
    ("ka.req.role.rules.apiGroups[1]", "<NA>"),
    ("ka.req.role.rules.nonResourceURLs", "(/metrics)"),
    ("ka.req.role.rules.verbs", "(*,get)"),
    ("ka.req.role.rules.verbs[1]", "(get)"),
    ("ka.req.role.rules.resources", "(pods)"),
];

const OTHERS: &[(&str, &str, &str)] = &[
    (
        "ka.req.configmap.obj",
        r#"{"auditID":"x","requestObject":{"data":{"a": "x: \"1\"", "b" : 2}}}"#,
        r#"{"a":"x: \"1\"","b":2}"#,
    ),
    ("ka.req.configmap.name", r#"{"auditID":"x","objectRef":{"name":"settings"}}"#, "settings"),
    ("ka.req.service.type", r#"{"auditID":"x","requestObject":{"spec":{"type":"NodePort"}}}"#, "NodePort"),
    (
        "ka.req.service.ports",
        r#"{"auditID":"x","requestObject":{"spec":{"ports":[{"port":80},{"port":443}]}}}"#,
        r#"([{"port":80},{"port":443}])"#,
    ),
    ("ka.target.subresource", r#"{"auditID":"x","objectRef":{"resource":"pods","subresource":"exec"}}"#, "exec"),
    (
        "jevt.obj",
        r#"{"b":[],"a":{"c":1}}"#,
        "{\u{FFFD}  \"b\": [],\u{FFFD}  \"a\": {\u{FFFD}    \"c\": 1\u{FFFD}  }\u{FFFD}}",
    ),
    ("json.obj", "{}", "{}"),
];

/// A field of an event with this text.
fn of_json(json: &str, field: &str) -> String {
    let tell = |capture: &mut CaptureBuilder| {
        let event = capture.event(EventKind::PLUGINEVENT, &Arc::default());
        event.param("plugin_id", 1).param("event_data", json).happens();
    };
    of(tell, &[field]).remove(0).1
}

#[test]
fn fields_of_roles_config_maps_and_services_are_those_of_the_plugin() {
    check_audit(ROLE, OF_ROLE);
    for (field, json, expected) in OTHERS {
        assert_eq!(of_json(json, field), *expected, "{field}");
    }
}

#[test]
fn every_field_of_audit_events_is_tested_here() {
    let base = |name: &'static str| name.split('[').next().unwrap_or(name);
    let tested: BTreeSet<&str> = [OF_POD, OF_BINDING, OF_ROLE].concat().iter().map(|(name, _)| base(name)).collect();
    let others: BTreeSet<&str> = OTHERS.iter().map(|(name, ..)| base(name)).collect();
    let of_audit = FIELDS.iter().filter(|field| !field.sources.has(Source::Syscall));
    let untested: Vec<&str> =
        of_audit.map(|field| field.name).filter(|name| !tested.contains(name) && !others.contains(name)).collect();
    assert_eq!(untested, ["ka.req.binding.subjects"], "the last has an assertion of its own");
}

#[test]
fn values_of_another_form_than_expected_are_missing() {
    for (json, field) in [
        // Without an id it is no audit event.
        (r#"{"verb":"get"}"#, "ka.verb"),
        (r#"{"auditID":"x","user":{"groups":"devs"}}"#, "ka.user.groups"),
        (r#"{"auditID":"x","user":{"groups":[]}}"#, "ka.user.groups"),
        (r#"{"auditID":"x","user":["ana"]}"#, "ka.user.name"),
        (r#"{"auditID":"x","requestObject":{"spec":{"containers":[]}}}"#, "ka.req.container.image"),
        // One container without an image hides those of the others, as in the plugin.
        (
            r#"{"auditID":"x","requestObject":{"spec":{"containers":[{"image":"a"},{}]}}}"#,
            "ka.req.pod.containers.image",
        ),
        (
            r#"{"auditID":"x","requestObject":{"spec":{"containers":[{"command":[1]}]}}}"#,
            "ka.req.pod.containers.command",
        ),
        (
            r#"{"auditID":"x","requestObject":{"spec":{"containers":[{"ports":{}}]}}}"#,
            "ka.req.pod.containers.host_port",
        ),
        (r#"{"auditID":"x","requestObject":{"subjects":{}}}"#, "ka.req.binding.subjects.user_names"),
        (r#"{"auditID":"x","sourceIPs":"192.0.2.1"}"#, "ka.sourceips"),
        // What does not end is no event at all.
        (r#"{"auditID":"x","verb":"get""#, "ka.verb"),
        (r#"{"auditID":"x","verb":"get","a":[}"#, "jevt.value[/verb]"),
        ("", "jevt.obj"),
        ("[]", "jevt.value[/0]"),
        ("null", "jevt.rawtime"),
    ] {
        assert_eq!(of_json(json, field), "<NA>", "{field} of {json}");
    }
    for (json, field, expected) in [
        (r#"{"auditID":"x","verb":12e3}"#, "ka.verb", "12e3"),
        (r#"{"auditID":"x","verb":{"a" : [ 1 ]}}"#, "ka.verb", r#"{"a":[1]}"#),
        (r#"{"auditID":"x","verb":"\u0067et","verb":"put"}"#, "ka.verb", "get"),
        (r#"{"auditID":"x","v\u0065rb":"get"}"#, "ka.verb", "get"),
        (r#" {"auditID":"x","verb":"a\u0000b"} "#, "ka.verb", "a\u{FFFD}b"),
    ] {
        assert_eq!(of_json(json, field), expected, "{field} of {json}");
    }
}

#[test]
fn an_event_with_very_many_members_has_all_of_them() {
    let members: Vec<String> = (0..500).map(|at| format!("\"m{at}\":{at}")).collect();
    let json = format!("{{{},\"auditID\":\"x\",\"verb\":\"get\"}}", members.join(","));
    assert_eq!(of_json(&json, "ka.verb"), "get");
    assert_eq!(of_json(&json, "json.value[/m499]"), "499");
    assert_eq!(of_json(&format!("{}x", json), "ka.verb"), "<NA>");
}

#[test]
fn system_calls_have_no_fields_of_audit_events() {
    let tell = |capture: &mut CaptureBuilder| capture.event(EventKind::CLOSE, &Arc::new(shell())).happens();
    check(tell, &[("ka.verb", "<NA>"), ("jevt.obj", "<NA>"), ("evt.pluginname", "<NA>"), ("evt.source", "syscall")]);
}

#[test]
fn events_of_other_plugins_have_no_source() {
    let tell = |capture: &mut CaptureBuilder| {
        capture
            .event(EventKind::PLUGINEVENT, &Arc::default())
            .param("plugin_id", 2)
            .param("event_data", "{}")
            .happens();
    };
    check(tell, &[("evt.source", "<NA>"), ("evt.pluginname", "<NA>"), ("evt.plugininfo", "{}")]);
}
