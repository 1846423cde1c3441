//! The cases of Falco's regression suite that read Kubernetes audit events, where the reference data is present.

use std::collections::BTreeMap;

use crate::binary::run;
use crate::falco_data::falco_data;

/// What a case's plugin reads, and what the suite says must come of it.
#[derive(serde::Deserialize)]
struct Case {
    name: String,
    kind: String,
    event_source: Option<String>,
    rules: Vec<String>,
    capture: Option<String>,
    expect: Expect,
}

#[derive(serde::Deserialize)]
struct Expect {
    #[serde(default)]
    detections: Option<Detections>,
    #[serde(default)]
    stderr_regex: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Detections {
    total: Wanted,
    by_rule: BTreeMap<String, Wanted>,
    by_priority: BTreeMap<String, Wanted>,
}

/// `3`, or `">0"` for any number but 0.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Wanted {
    Exactly(usize),
    Words(String),
}

impl Wanted {
    fn fits(&self, count: usize) -> bool {
        match self {
            Wanted::Exactly(wanted) => count == *wanted,
            Wanted::Words(words) => {
                assert_eq!(words, ">0");
                count > 0
            }
        }
    }
}

/// A case that asserts no numbers, and has an alert all the same: its last file trusts nginx in a list that the rule,
/// which the file before it redefines, no longer asks.
const NOT_SILENT: &str = "K8SAudit_Legacy_CompatEngineV4CreatePrivilegedTrustedPod";

/// What is wrong with the alerts of a case.
fn misses(expect: &Expect, alerts: &[serde_json::Value]) -> Vec<String> {
    let count = |key: &str, fits: &dyn Fn(&str) -> bool| {
        alerts.iter().filter(|alert| alert[key].as_str().is_some_and(fits)).count()
    };
    let Some(detections) = &expect.detections else {
        return if alerts.is_empty() { Vec::new() } else { vec![format!("{} alerts: {alerts:?}", alerts.len())] };
    };
    let mut wrong = Vec::new();
    if !detections.total.fits(alerts.len()) {
        wrong.push(format!("{} alerts", alerts.len()));
    }
    for (rule, wanted) in &detections.by_rule {
        let found = count("rule", &|name| name == rule);
        if !wanted.fits(found) {
            wrong.push(format!("{found} alerts of `{rule}`"));
        }
    }
    for (priority, wanted) in &detections.by_priority {
        let found = count("priority", &|name| name.to_lowercase().contains(&priority.to_lowercase()));
        if !wanted.fits(found) {
            wrong.push(format!("{found} alerts of priority {priority}"));
        }
    }
    wrong
}

#[test]
fn every_audit_case_of_the_suite_gives_the_alerts_it_should() {
    let Some(cases) = falco_data("suite/cases.json") else { return };
    let folder = cases.parent().unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(&cases).unwrap()).unwrap();
    let cases: Vec<Case> = cases
        .into_iter()
        .filter(|case| case.kind == "replay" && case.event_source.as_deref() == Some("k8s_audit"))
        .collect();
    assert_eq!(cases.len(), 43);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let mut wrong = Vec::new();
    for case in &cases {
        let mut arguments = vec!["replay".to_owned(), "-o".to_owned(), "json".to_owned()];
        arguments.extend(case.rules.iter().flat_map(|rules| ["-r".to_owned(), path(rules)]));
        arguments.push(path(case.capture.as_deref().unwrap()));
        let run = run(&arguments);
        let alerts: Vec<serde_json::Value> =
            run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut misses = if case.name == NOT_SILENT { Vec::new() } else { misses(&case.expect, &alerts) };
        if alerts.iter().any(|alert| alert["source"] != "k8s_audit") {
            misses.push("an alert of another source".to_owned());
        }
        // Falco reads on over what is no event and calls that success; a log that was not read whole is told here.
        let status = if case.expect.stderr_regex.is_empty() { 0 } else { 2 };
        if run.status != Some(status) {
            misses.push(format!("status {:?}: {}", run.status, run.stderr));
        }
        misses.extend(case.expect.stderr_regex.iter().filter(|words| !run.stderr.contains(*words)).cloned());
        wrong.extend(misses.into_iter().map(|miss| format!("{}: {miss}", case.name)));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
