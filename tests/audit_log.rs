//! Kubernetes audit logs on the command line: every form in, alerts out, beside system calls and in captures.

use std::io::Write;
use std::sync::Arc;

use sysreel::format::builder::{CaptureBuilder, text};
use sysreel::format::row::ThreadRow;
use sysreel::format::schema::EventKind;

use crate::binary::{run, run_with_input};
use crate::falco_data::falco_data;
use crate::story::on_disk;

const RULES: &str = r#"
- rule: Shell
  desc: a program on the node
  condition: evt.type = execve
  output: "node %proc.name"
  priority: Notice

- rule: Request
  desc: a request to the cluster
  condition: ka.verb exists
  output: "cluster %ka.verb %ka.user.groups %jevt.value[/user/username]"
  priority: Warning
  source: k8s_audit
  tags: [k8s]
"#;

/// An event at this second of the minute in which made-up captures begin (2026-01-02 03:04:05).
fn event(verb: &str, second: &str) -> String {
    format!(
        r#"{{"kind":"Event","auditID":"id","verb":"{verb}","user":{{"username":"ana","groups":["a","b"]}},"stageTimestamp":"2026-01-02T03:04:{second}Z"}}"#
    )
}

/// A capture in which two programs start, 0.3 and 0.5 seconds after its begin.
fn node() -> CaptureBuilder {
    let mut capture = CaptureBuilder::new();
    for name in ["first", "second"] {
        let thread = Arc::new(ThreadRow { tid: 7, pid: 7, comm: text(name), ..ThreadRow::default() });
        let after = if name == "first" { 300_000_000 } else { 200_000_000 };
        capture.event(EventKind::EXECVE, &thread).after_ns(after).param("res", 0).happens();
    }
    capture
}

#[test]
fn alerts_of_audit_events_are_text_and_json_as_falco_prints_them() {
    let file = on_disk(node());
    let rules = file.beside("rules.yaml", RULES);
    let log = file.beside("audit.log", event("get", "05.1") + "\n");
    let found = run(&["replay", &log, "-r", &rules]);
    assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(found.stdout, @"03:04:05.100000000: Warning cluster get (a,b) ana");
    let found = run(&["replay", &log, "-r", &rules, "-o", "json"]);
    insta::assert_snapshot!(found.stdout, @r#"{"hostname":"","message":"cluster get (a,b) ana","output":"03:04:05.100000000: Warning cluster get (a,b) ana","output_fields":{"evt.time":1767323045100000000,"jevt.value[/user/username]":"ana","ka.user.groups":["a","b"],"ka.verb":"get"},"priority":"Warning","rule":"Request","source":"k8s_audit","tags":["k8s"],"time":"2026-01-02T03:04:05.100000000Z"}"#);
    let found = run(&["replay", &log, "-r", &rules, "--format", "time,user,rule"]);
    insta::assert_snapshot!(found.stdout, @"03:04:05.100000000,ana,Request");
}

const BOTH: [&str; 5] = ["cluster get", "node first", "cluster list", "node second", "cluster watch"];

#[track_caller]
fn check_order(stdout: &str) {
    assert_eq!(stdout.lines().count(), BOTH.len(), "{stdout}");
    for (alert, wanted) in stdout.lines().zip(BOTH) {
        assert!(alert.contains(wanted), "{alert}: {wanted}");
    }
}

#[test]
fn the_node_and_the_audit_log_are_one_in_order_of_time() {
    let file = on_disk(node());
    let rules = file.beside("rules.yaml", RULES);
    let events = [event("get", "05.1"), event("list", "05.4"), event("watch", "05.6")].join("\n");
    let log = file.beside("audit.log", &events);
    for captures in [[file.path(), &log], [&log, file.path()]] {
        let found = run(&[&["replay", "-r", &rules], captures.as_slice()].concat());
        assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""));
        check_order(&found.stdout);
    }
    let found = run(&["replay", "-r", &rules, &log, file.path(), "--format", "%evt.source %ka.verb"]);
    assert_eq!(
        found.stdout.lines().collect::<Vec<_>>(),
        ["k8s_audit get", "syscall <NA>", "k8s_audit list", "syscall <NA>", "k8s_audit watch"]
    );
}

#[test]
fn a_capture_with_both_kinds_replays_on_one_time_line() {
    let mut capture = CaptureBuilder::new();
    let thread = Arc::new(ThreadRow { tid: 7, pid: 7, comm: text("first"), ..ThreadRow::default() });
    let audit = |capture: &mut CaptureBuilder, verb: &str| {
        let json = event(verb, "05");
        let event = capture.event(EventKind::PLUGINEVENT, &Arc::default());
        event.param("plugin_id", 1).param("event_data", json.as_str()).happens();
    };
    audit(&mut capture, "get");
    capture.event(EventKind::EXECVE, &thread).param("res", 0).happens();
    audit(&mut capture, "list");
    capture.end_block();
    let second = Arc::new(ThreadRow { comm: text("second"), ..ThreadRow::clone(&thread) });
    capture.event(EventKind::EXECVE, &second).param("res", 0).happens();
    audit(&mut capture, "watch");
    let file = on_disk(capture);
    let rules = file.beside("rules.yaml", RULES);
    let found = run(&["replay", file.path(), "-r", &rules]);
    assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""));
    check_order(&found.stdout);
}

#[test]
fn a_rule_sees_events_of_its_own_source_only() {
    let file = on_disk(node());
    let rules = file.beside(
        "all.yaml",
        "- rule: Everything on the node\n  desc: d\n  condition: evt.num >= 0\n  output: node\n  priority: Notice\n\
         - rule: Everything in the cluster\n  desc: d\n  condition: not evt.num < 0\n  output: cluster\n  priority: Notice\n  source: k8s_audit\n",
    );
    let log = file.beside("audit.log", event("get", "05.1"));
    let found =
        run(&["replay", "-r", &rules, &log, file.path(), "--rule-matching", "all", "--format", "%evt.source %evt.num"]);
    assert_eq!(found.stdout.lines().collect::<Vec<_>>(), ["k8s_audit 1", "syscall 1", "syscall 2"], "{}", found.stderr);
}

#[test]
fn standard_input_and_compressed_logs_are_read() {
    let file = on_disk(node());
    let rules = file.beside("rules.yaml", RULES);
    let log = event("get", "05.1") + "\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(log.as_bytes()).unwrap();
    for bytes in [log.clone().into_bytes(), gzip.finish().unwrap(), zstd::encode_all(log.as_bytes(), 3).unwrap()] {
        let path = file.beside("audit", &bytes);
        for found in [run(&["replay", "-r", &rules, &path]), run_with_input(&["replay", "-r", &rules, "-"], &bytes)] {
            assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""));
            assert_eq!(found.stdout, "03:04:05.100000000: Warning cluster get (a,b) ana\n");
        }
    }
}

#[test]
fn lines_that_are_no_events_are_named_and_the_exit_status_is_2() {
    let file = on_disk(node());
    let rules = file.beside("rules.yaml", RULES);
    let events = [event("get", "05.1"), event("list", "05.2")];
    let log = file.beside("audit.log", format!("{}\nnothing\n{}\n{{}}\n", events[0], events[1]));
    let found = run(&["replay", "-r", &rules, &log]);
    assert_eq!(found.status, Some(2));
    assert_eq!(found.stdout.lines().count(), 2);
    let log = log.as_str();
    let told: Vec<String> = found.stderr.lines().map(|line| line.replace(log, "LOG")).collect();
    assert_eq!(
        told,
        [
            "sysreel: LOG: at byte 132: line 2: not JSON from byte 1 on",
            "sysreel: LOG: at byte 273: line 4: data not recognized as a k8s audit event"
        ]
    );
}

#[test]
fn documents_of_other_forms_and_a_torn_first_line_are_read() {
    let file = on_disk(node());
    let rules = file.beside("rules.yaml", RULES);
    let value: serde_json::Value = serde_json::from_str(&event("list", "05.2")).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let log =
        file.beside("audit.log", format!("\"}}}}\n{}\n{pretty}\n{}", event("get", "05.1"), event("watch", "05.3")));
    let found = run(&["replay", "-r", &rules, &log, "--format", "%ka.verb"]);
    assert_eq!((found.status, found.stdout.as_str()), (Some(2), "get\nlist\nwatch\n"), "{}", found.stderr);
    assert_eq!(
        found.stderr.replace(&log, "LOG"),
        "sysreel: LOG: at byte 0: line 1: the JSON text ends in the middle of a value\n"
    );
}

#[test]
fn what_is_no_audit_log_is_told_with_what_to_do() {
    let file = on_disk(node());
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(event("get", "05.1").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (content, told) in [
        (utf16, "it looks like UTF-16 text; an audit log is read as UTF-8"),
        (b"- rule: R\n".to_vec(), "it looks like text; a Kubernetes audit log is JSON, and rule files go behind -r"),
        (Vec::new(), "the file is empty"),
        (b"{".to_vec(), "line 1: the JSON text ends in the middle of a value"),
        (b"{}".to_vec(), "line 1: data not recognized as a k8s audit event"),
    ] {
        let log = file.beside("audit.log", content);
        let found = run(&["replay", &log]);
        assert_eq!((found.status, found.stdout.as_str()), (Some(2), ""), "{told}");
        assert!(found.stderr.contains(told), "{told}: {}", found.stderr);
    }
}

#[test]
fn a_config_map_with_a_key_is_the_alert_of_falcos_rules() {
    let Some(rules) = falco_data("rules/k8s_audit_rules.yaml") else { return };
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-captures/configmap-with-credential.json");
    let found = run(&["replay", "-r", rules.to_str().unwrap(), log]);
    assert_eq!(found.status, Some(0), "{}", found.stderr);
    let alerts: Vec<&str> = found.stdout.lines().filter(|alert| alert.contains("private credential")).collect();
    let told = "Warning K8s configmap with private credential (user=kubernetes-admin verb=create resource=configmaps configmap=backup-settings)";
    assert!(matches!(alerts[..], [alert] if alert.ends_with(told)), "{}", found.stdout);
    assert!(!found.stdout.contains("<NA>"), "{}", found.stdout);
}

#[test]
fn a_log_without_any_event_is_told_once() {
    let file = on_disk(node());
    let log = file.beside("audit.log", "{\"kind\": 0}\n");
    let found = run(&["replay", &log]);
    assert_eq!(found.status, Some(2));
    assert_eq!(found.stderr, format!("sysreel: {log}: at byte 0: line 1: data not recognized as a k8s audit event\n"));
}

#[test]
fn events_and_info_read_audit_logs() {
    let file = on_disk(node());
    let log = file.beside("audit.log", [event("get", "05.1"), event("list", "06.1")].join("\n"));
    let found = run(&["events", &log, "ka.verb = list", "--format", "evt.num,evt.type,ka.verb,proc.name"]);
    assert_eq!((found.stdout.as_str(), found.stderr.as_str()), ("2,pluginevent,list,<NA>\n", ""));
    let found = run(&["events", file.path(), "ka.verb exists or proc.name = second", "--format", "evt.num"]);
    assert_eq!(found.stdout, "2\n");
    let found = run(&["info", &log, "-o", "json"]);
    assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""));
    let info: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(info["events"], 2, "{info}");
}

#[test]
fn an_audit_log_becomes_a_capture_with_the_same_alerts() {
    let file = on_disk(node());
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-captures/configmap-with-credential.json");
    let reel = file.beside("audit.reel", "");
    std::fs::remove_file(&reel).unwrap();
    let found = run(&["convert", log, &reel]);
    assert_eq!(found.status, Some(0), "{}", found.stderr);
    let (of_log, of_reel) = (run(&["replay", log]), run(&["replay", &reel]));
    assert_eq!((of_reel.status, &of_reel.stdout), (Some(0), &of_log.stdout));
    assert_eq!(of_log.stdout.lines().count(), 4);
}
