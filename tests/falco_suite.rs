//! Falco's own regression suite: what it says of rule files, we say. (What it says of captures is in a file of its own.)

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use sysreel::replay::compile::work_of;
use sysreel::replay::rules::{Compiler, Resolved, RuleFile, Severity, parse_condition};

use crate::binary::{Run, run};
use crate::falco_data::falco_data;

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    rules: Vec<String>,
    options: Options,
    expect: Expectation,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    reference: Option<Reference>,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    describe: Option<String>,
}

#[derive(Deserialize)]
struct Expectation {
    #[serde(default)]
    describe: Vec<Claim>,
    #[serde(default)]
    stdout_contains: Vec<String>,
    #[serde(default)]
    validation: Option<Validation>,
}

/// What is said of a value of the description.
#[derive(Deserialize)]
struct Claim {
    path: String,
    op: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Validation {
    successful: bool,
    errors: Vec<Wanted>,
    warnings: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    code: String,
    item_type: String,
    #[serde(default)]
    item_name: String,
}

/// What Falco did.
#[derive(Deserialize)]
struct Reference {
    exit_code: Option<i32>,
    #[serde(default)]
    results: Vec<FileResult>,
}

#[derive(Deserialize, Debug)]
struct FileResult {
    #[serde(alias = "name")]
    file: String,
    successful: bool,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

#[derive(Deserialize, Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Finding {
    code: String,
    locations: Vec<(String, String)>,
}

/// The cases of these kinds, and the folder they are in.
fn cases(folder: &Path, kind: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(folder.join("cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    cases.into_iter().filter(|case| case.kind == kind).collect()
}

fn paths(folder: &Path, case: &Case) -> Vec<String> {
    case.rules.iter().map(|name| folder.join(name).display().to_string()).collect()
}

fn run_with(arguments: &[&str], files: &[String]) -> Run {
    run(&arguments.iter().copied().chain(files.iter().map(String::as_str)).collect::<Vec<_>>())
}

/// The results of our document, in the shape of the reference.
fn results(document: &Value) -> Vec<FileResult> {
    let findings = |problems: &Value| -> Vec<Finding> {
        let finding = |problem: &Value| Finding {
            code: problem["code"].as_str().unwrap().to_owned(),
            locations: problem["context"]["locations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|location| {
                    let text = |key: &str| location[key].as_str().unwrap().to_owned();
                    (text("item_type"), text("item_name"))
                })
                .collect(),
        };
        problems.as_array().unwrap().iter().map(finding).collect()
    };
    document["falco_load_results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| FileResult {
            file: result["name"].as_str().unwrap().to_owned(),
            successful: result["successful"].as_bool().unwrap(),
            errors: findings(&result["errors"]),
            warnings: findings(&result["warnings"]),
        })
        .collect()
}

/// What differs between our result of a file and Falco's. Falco stops at the first error of a file: we may say more then.
fn differences(ours: &FileResult, theirs: &FileResult) -> Vec<String> {
    let mut differences = Vec::new();
    if !ours.file.ends_with(&theirs.file) || ours.successful != theirs.successful {
        differences.push(format!("{} is successful: {}", ours.file, ours.successful));
    }
    for wanted in theirs.errors.iter().chain(&theirs.warnings) {
        if !ours.errors.iter().chain(&ours.warnings).any(|found| found == wanted) {
            differences.push(format!("no {wanted:?} among {:?} and {:?}", ours.errors, ours.warnings));
        }
    }
    if theirs.successful {
        let extra = ours.warnings.iter().filter(|found| !theirs.warnings.contains(found));
        differences.extend(extra.map(|found| format!("{found:?} is not Falco's")));
    }
    differences
}

#[test]
fn rule_files_give_the_codes_items_and_names_that_falco_gives() {
    let Some(folder) = falco_data("suite") else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in cases(&folder, "validate") {
        let run = run_with(&["rules", "check", "-o", "json"], &paths(&folder, &case));
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        let ours = results(&document);
        ran += 1;
        let mut report = |text: String| wrong.push(format!("{}: {text}", case.name));
        match (&case.reference, &case.expect.validation) {
            (Some(reference), _) => {
                let status = if reference.exit_code == Some(0) { 0 } else { 2 };
                if run.status != Some(status) {
                    report(format!("status {:?}", run.status));
                }
                if ours.len() != reference.results.len() {
                    report(format!("{} results", ours.len()));
                }
                for (ours, theirs) in ours.iter().zip(&reference.results) {
                    differences(ours, theirs).into_iter().for_each(&mut report);
                }
            }
            (None, Some(wanted)) => {
                let successful = ours.iter().all(|result| result.successful);
                if successful != wanted.successful {
                    report(format!("successful: {successful}"));
                }
                for wanted in wanted.errors.iter().chain(&wanted.warnings) {
                    let is_wanted = |found: &Finding| {
                        found.code.eq_ignore_ascii_case(&wanted.code)
                            && found.locations.contains(&(wanted.item_type.clone(), wanted.item_name.clone()))
                    };
                    if !ours.iter().any(|result| result.errors.iter().chain(&result.warnings).any(is_wanted)) {
                        report(format!("no {} of {} {}", wanted.code, wanted.item_type, wanted.item_name));
                    }
                }
            }
            (None, None) => panic!("{} expects nothing", case.name),
        }
    }
    eprintln!("validate: {ran} cases ran, 0 were skipped");
    assert!(ran >= 25, "only {ran} cases");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn rule_files_of_replays_load_as_they_do_for_falco() {
    let Some(folder) = falco_data("suite") else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in cases(&folder, "replay") {
        let Some(reference) = &case.reference else { continue };
        let run = run_with(&["rules", "list"], &paths(&folder, &case));
        ran += 1;
        if (run.status == Some(0)) != (reference.exit_code == Some(0)) {
            wrong.push(format!("{}: status {:?}\n{}", case.name, run.status, run.stderr));
        }
    }
    assert!(ran >= 45, "only {ran} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The value at a path such as `rules[0].info.name`.
fn at<'v>(document: &'v Value, path: &str) -> &'v Value {
    path.split(['.', '[']).filter(|part| !part.is_empty()).fold(document, |value, part| match part.strip_suffix(']') {
        Some(index) => &value[index.parse::<usize>().unwrap()],
        None => &value[part],
    })
}

fn holds(document: &Value, claim: &Claim) -> bool {
    let value = at(document, &claim.path);
    match claim.op.as_str() {
        "is_object" => value.is_object(),
        "eq" => *value == claim.value,
        "eq_path" => value == at(document, claim.value.as_str().unwrap()),
        "len" => value.as_array().map(Vec::len) == claim.value.as_u64().and_then(|len| usize::try_from(len).ok()),
        "empty" => value.as_array().is_some_and(Vec::is_empty),
        "not_empty" => value.as_array().is_some_and(|values| !values.is_empty()),
        "contains" => value.as_array().is_some_and(|values| values.contains(&claim.value)),
        other => panic!("a claim of an unknown sort: {other}"),
    }
}

#[test]
fn rules_are_described_as_falco_describes_them() {
    let Some(folder) = falco_data("suite") else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for case in cases(&folder, "describe") {
        let files = paths(&folder, &case);
        let described = case.options.describe.clone().unwrap();
        let run = if described == "*" {
            let form = if case.expect.describe.is_empty() { "table" } else { "json" };
            run_with(&["rules", "list", "-o", form], &files)
        } else {
            let files: Vec<String> = files.iter().flat_map(|file| ["-r".to_owned(), file.clone()]).collect();
            run_with(&["rules", "explain", &described], &files)
        };
        ran += 1;
        let fails = case.reference.as_ref().is_some_and(|reference| reference.exit_code != Some(0));
        if (run.status == Some(0)) == fails {
            wrong.push(format!("{}: status {:?}\n{}", case.name, run.status, run.stderr));
            continue;
        }
        if !case.expect.describe.is_empty() {
            let document: Value = serde_json::from_str(&run.stdout).unwrap();
            for claim in case.expect.describe.iter().filter(|claim| !holds(&document, claim)) {
                let found = at(&document, &claim.path);
                wrong.push(format!("{}: {} {} {}, not {found}", case.name, claim.path, claim.op, claim.value));
            }
        }
        // Macros and lists are in the JSON form only.
        for text in &case.expect.stdout_contains {
            let everything = run_with(&["rules", "list", "-o", "json"], &paths(&folder, &case)).stdout;
            if !everything.contains(text.as_str()) {
                wrong.push(format!("{}: `{text}` is not told", case.name));
            }
        }
        assert!(case.needs.iter().all(|need| need.starts_with("plugin:")), "{:?}", case.needs);
    }
    eprintln!("describe: {ran} cases ran, 0 were skipped");
    assert!(ran >= 3, "only {ran} cases");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_upstream_rule_is_explained() {
    let Some(folder) = falco_data("rules") else { return };
    let mut compiler = Compiler::new();
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in &names {
        compiler.add_file(RuleFile::new(path.display().to_string(), std::fs::read_to_string(path).unwrap()));
    }
    let (typed, found, description) = compiler.describe();
    assert!(found.iter().all(|found| found.severity == Severity::Warning), "{found:?}");
    assert!(description.rules.len() >= 140, "{} rules", description.rules.len());
    let macros: Vec<&str> = description.macros.iter().map(|one| one.info.name.as_str()).collect();
    for rule in &description.rules {
        let name = &rule.info.name;
        assert_eq!(names_left(rule.condition.as_ref().unwrap(), &macros), [""; 0], "{name}");
        let typed = typed.iter().find(|typed| typed.name == *name).unwrap();
        // Names of addresses cannot be looked up after the fact.
        let needs_resolver = rule.details.condition_fields.contains("fd.sip.name");
        assert!(!work_of(typed).kinds.is_empty() || needs_resolver, "{name} can match nothing");
        // As the engine prints it, it is the same condition.
        let again = parse_condition(&rule.details.condition_compiled);
        if rule.info.source == "syscall" {
            assert_eq!(again.as_ref(), Ok(&typed.condition), "{name}");
        }
    }
    for rule in description.rules.iter().step_by(29) {
        let run = run(&["rules", "explain", &rule.info.name, "-r", &folder.display().to_string()]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
        assert!(run.stdout.contains("what it costs"), "{}", run.stdout);
    }
}

/// Macros that were not put in place.
fn names_left<'m>(condition: &Resolved, macros: &[&'m str]) -> Vec<&'m str> {
    match condition {
        Resolved::And(parts) | Resolved::Or(parts) => parts.iter().flat_map(|part| names_left(part, macros)).collect(),
        Resolved::Not(part) => names_left(part, macros),
        Resolved::Test(_) => Vec::new(),
        Resolved::Name(name) => macros.iter().copied().filter(|known| known == name).collect(),
    }
}
