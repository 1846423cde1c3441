//! Wrong test files, and what is said of them.
#![allow(clippy::unwrap_used)]

use super::read_test_file;
use crate::replay::rules::wrong_files::check_explanations;
use crate::replay::rules::{RuleFile, Severity, diagnostic};

#[test]
fn wrong_test_files_are_explained() {
    check_explanations("tests/data/rule-tests", 28, |path| {
        let name = path.file_name().unwrap().to_string_lossy();
        let file = RuleFile::new(name, std::fs::read_to_string(path).unwrap());
        let (_, problems) = read_test_file(&file);
        assert!(problems.iter().any(|problem| problem.severity == Severity::Error), "{}", path.display());
        diagnostic::render(&problems, &[file], false)
    });
}

#[test]
fn a_test_takes_the_settings_of_its_file_and_changes_them() {
    let text = "\
rules: [a.yaml, built-in]
select: [{disable: '*'}]
min-priority: error
rule-matching: all
tests:
  - {test: One, baseline: x}
  - {test: Two, baseline: x, rules: b, select: [{tag: t}], min-priority: debug, rule-matching: first}
";
    let (file, problems) = read_test_file(&RuleFile::new("t", text));
    assert_eq!(problems, []);
    let told: Vec<String> = file
        .tests
        .iter()
        .map(|test| {
            let settings = &test.settings;
            let sources = settings.rules.iter().map(|source| format!("{:?}", source.value)).collect::<Vec<_>>();
            let priority = settings.min_priority.unwrap().name();
            format!("{} {} {priority} {}", sources.join("+"), settings.steps.len(), settings.all_matches)
        })
        .collect();
    assert_eq!(told, ["Path(\"a.yaml\")+BuiltIn 1 Error true", "Path(\"b\") 2 Debug false"]);
}
