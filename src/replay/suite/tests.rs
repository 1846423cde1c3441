//! Wrong test files, and what is said of them.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::read_test_file;
use crate::replay::rules::{RuleFile, Severity, diagnostic};

/// `NAME.yaml` and what is said of it, `NAME.txt`. `SYSREEL_BLESS=1` writes the texts anew.
#[test]
fn wrong_test_files_are_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rule-tests");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() >= 28, "{} files", paths.len());
    let mut wrong = Vec::new();
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy();
        let file = RuleFile::new(name, std::fs::read_to_string(path).unwrap());
        let (_, problems) = read_test_file(&file);
        assert!(problems.iter().any(|problem| problem.severity == Severity::Error), "{}", path.display());
        let text = diagnostic::render(&problems, &[file], false);
        let golden = path.with_extension("txt");
        if std::env::var_os("SYSREEL_BLESS").is_some() {
            std::fs::write(&golden, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if text != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
