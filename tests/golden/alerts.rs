//! Alerts against those of Falco, line by line.

use std::path::Path;

use serde_json::Value as Json;
use sysreel::replay::compile::{Program, RuleChoice, Selection, SelectionStep};
use sysreel::replay::eval::{ReplayOptions, replay};
use sysreel::replay::output::JsonPrinter;
use sysreel::replay::rules::{Compiler, Priority, RuleFile};

/// The rules of one selection, and the name that the files of its alerts end in.
pub(super) struct Rules {
    name: &'static str,
    program: Program,
    all_matches: bool,
}

/// The three selections.
pub(super) fn programs(rules: &Path) -> Vec<Rules> {
    let everything = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];
    let enable_all = || {
        let everything = SelectionStep { enables: true, rules: RuleChoice::All };
        Selection::new([everything]).at_least(Some(Priority::Debug))
    };
    vec![
        Rules { name: "default", program: program(rules, &everything[..1], &Selection::default()), all_matches: false },
        Rules { name: "all", program: program(rules, &everything, &enable_all()), all_matches: false },
        Rules { name: "all_matching_all", program: program(rules, &everything, &enable_all()), all_matches: true },
    ]
}

fn program(folder: &Path, files: &[&str], selection: &Selection) -> Program {
    let mut compiler = Compiler::new();
    for file in files {
        compiler.add_file(RuleFile::new(*file, std::fs::read_to_string(folder.join(file)).unwrap()));
    }
    let (rules, _) = compiler.build();
    Program::compile(&rules, selection)
}

/// Compares the alerts of a capture for each selection.
pub(super) fn compare(golden: &Path, capture: &str, programs: &[Rules]) -> Vec<Result<(), String>> {
    programs.iter().map(|rules| compare_set(golden, capture, rules)).collect()
}

fn compare_set(golden: &Path, capture: &str, rules: &Rules) -> Result<(), String> {
    let expected =
        std::fs::read_to_string(golden.join("alerts").join(format!("{capture}.{}.jsonl", rules.name))).unwrap();
    let options = ReplayOptions { all_matches: rules.all_matches, threads: 1, ..ReplayOptions::default() };
    let printer = JsonPrinter { format: None };
    let mut out = Vec::new();
    replay(vec![super::open(golden, capture)], &rules.program, &options, &printer, &mut out).unwrap();
    let ours = String::from_utf8(out).unwrap();
    let (expected, ours): (Vec<Json>, Vec<Json>) =
        (expected.lines().map(alert).collect(), ours.lines().map(alert).collect());
    if let Some((theirs, ours)) = expected.iter().zip(&ours).find(|(theirs, ours)| theirs != ours) {
        return Err(format!("{}: Falco has\n  {theirs}\nand we\n  {ours}", rules.name));
    }
    match expected.len().cmp(&ours.len()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(format!("{}: more alerts than Falco's: {}", rules.name, ours[expected.len()])),
        std::cmp::Ordering::Greater => Err(format!("{}: missing: {}", rules.name, expected[ours.len()])),
    }
}

/// An alert without what depends on the machine that replays, and without Falco's prefix of the output: that has the
/// time in the style that Falco was told to use.
fn alert(line: &str) -> Json {
    let mut alert: Json = line.parse().unwrap();
    let object = alert.as_object_mut().unwrap();
    object.remove("hostname");
    object.remove("output");
    if let Some(Json::Object(fields)) = object.get_mut("output_fields") {
        fields.remove("evt.time");
        fields.remove("evt.time.iso8601");
    }
    alert
}
