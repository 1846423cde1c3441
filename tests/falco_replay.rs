//! Falco's own regression suite: what it finds in captures of system calls, we find.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::binary::run;
use crate::falco_data::falco_data;

/// The alerts by rule that are expected of a case; `None` where only the absence of an error is.
fn expected(case: &Value) -> Option<BTreeMap<String, u64>> {
    let counts = |value: &Value| {
        let by_rule = value.as_object().unwrap().iter();
        by_rule.map(|(rule, count)| (rule.clone(), count.as_u64().unwrap())).collect()
    };
    case["reference"].get("alerts_by_rule").map(counts)
}

fn arguments(case: &Value, folder: &std::path::Path) -> Vec<String> {
    let path = |value: &Value| folder.join(value.as_str().unwrap()).to_str().unwrap().to_owned();
    let mut arguments = vec!["replay".to_owned(), path(&case["capture"]), "-o".to_owned(), "json".to_owned()];
    for rules in case["rules"].as_array().unwrap() {
        arguments.extend(["-r".to_owned(), path(rules)]);
    }
    for (option, typed) in [("disabled_rules", "-D"), ("enabled_tags", "-t"), ("disabled_tags", "-T")] {
        for value in case["options"][option].as_array().into_iter().flatten() {
            arguments.extend([typed.to_owned(), value.as_str().unwrap().to_owned()]);
        }
    }
    if let Some(priority) = case["options"]["min_priority"].as_str() {
        arguments.extend(["--min-priority".to_owned(), priority.to_owned()]);
    }
    if case["options"]["all_events"] == true {
        arguments.push("-A".to_owned());
    }
    arguments
}

#[test]
#[allow(clippy::print_stderr, reason = "says how many cases ran")]
fn every_replay_case_of_system_calls_gives_the_alerts_that_falco_gives() {
    let Some(folder) = falco_data("suite") else { return };
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in cases.iter().filter(|case| case["kind"] == "replay" && case["event_source"] == "syscall") {
        let name = case["name"].as_str().unwrap();
        // an output channel that is no part of replay; the alerts that go to it are those of other cases
        if case["needs"].as_array().is_some_and(|needs| {
            needs.iter().any(|need| need.as_str().is_some_and(|need| need.starts_with("feature:")))
        }) {
            eprintln!("skipped: {name} needs {}", case["needs"]);
            continue;
        }
        ran += 1;
        let run = run(&arguments(case, &folder));
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for line in run.stdout.lines() {
            let alert: Value = serde_json::from_str(line).unwrap();
            *found.entry(alert["rule"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        if run.status != Some(0) {
            wrong.push(format!("{name}: status {:?}: {}", run.status, run.stderr));
        }
        if let Some(expected) = expected(case)
            && expected != found
        {
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
        }
    }
    eprintln!("{ran} replay cases ran");
    assert!(ran >= 50, "only {ran} cases ran");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
