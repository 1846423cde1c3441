//! The files that tests read, for whoever runs them again when one changes.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sysreel::replay::rules::RuleFile;
use sysreel::replay::suite::{Input, RuleSource, TestCase, read_test_file};

use super::discovery::{find_captures, find_test_files, read_text, test_files_in};
use crate::watch::{Watch, Watched};

/// Whether the test files that were typed can be read again and again.
pub(super) fn check_can_watch(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths {
        std::fs::metadata(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        test_files(path).check("tests")?;
    }
    Ok(())
}

/// Looks at the test files, and at what they name as they are then.
pub(super) fn watch_tests(paths: &[PathBuf]) -> Watch {
    let mut watch = Watch::start(paths.iter().map(|path| test_files(path)).collect());
    // what cannot be found or read is told when the tests are run
    for path in find_test_files(paths).unwrap_or_default() {
        watch.add(files_of(&path));
    }
    watch
}

fn test_files(path: &Path) -> Watched {
    Watched::new(path.to_owned(), test_files_in)
}

/// What the tests of a file read.
fn files_of(path: &Path) -> Vec<Watched> {
    let Ok(text) = read_text(path, "test file") else { return Vec::new() };
    let (tests, _) = read_test_file(&RuleFile::new(path.display().to_string(), text));
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    tests.tests.iter().flat_map(|case| files_of_case(case, folder)).collect()
}

fn files_of_case(case: &TestCase, folder: &Path) -> Vec<Watched> {
    let rules = case.settings.rules.iter().filter_map(|source| match &source.value {
        RuleSource::BuiltIn => None,
        RuleSource::Path(path) => Some(Watched::rules(folder.join(path))),
    });
    let capture = |path: &str| Watched::new(folder.join(path).components().collect(), find_captures);
    let mut files: Vec<Watched> = rules.collect();
    match &case.input {
        Input::Captures(captures, expect) => {
            files.extend(captures.iter().map(|path| capture(&path.value)));
            files.extend(expect.golden.iter().map(|golden| capture(&golden.value.0)));
        }
        Input::Baseline(places) => files.extend(places.iter().map(|place| capture(&place.value))),
    }
    files
}
