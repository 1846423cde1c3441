//! Rules of tests: loaded once for all tests that name the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sysreel::replay::rules::{Compiler, Diagnostic, RuleFile, Severity, TypedRule, builtin_rules};
use sysreel::replay::suite::{RuleSource, Settings};

use super::outcome::Problem;
use crate::ruleset::read_rule_files;

/// The rules of some files, or why they cannot be used.
pub(super) type RuleSet = Result<Vec<TypedRule>, Vec<Problem>>;

/// All rules that tests ask for so far.
#[derive(Default)]
pub(super) struct RuleSets {
    loaded: BTreeMap<Vec<RuleSource>, Arc<RuleSet>>,
}

impl RuleSets {
    /// The rules that a test asks for; relative paths begin at `folder`.
    pub(super) fn load(&mut self, settings: &Settings, folder: &Path) -> Arc<RuleSet> {
        let mut sources: Vec<RuleSource> = settings
            .rules
            .iter()
            .map(|source| match &source.value {
                RuleSource::BuiltIn => RuleSource::BuiltIn,
                RuleSource::Path(path) => RuleSource::Path(folder.join(path).display().to_string()),
            })
            .collect();
        if sources.is_empty() {
            sources.push(RuleSource::BuiltIn);
        }
        Arc::clone(self.loaded.entry(sources).or_insert_with_key(|sources| Arc::new(load(sources))))
    }
}

fn load(sources: &[RuleSource]) -> RuleSet {
    let mut files: Vec<RuleFile> = Vec::new();
    let mut problems = Vec::new();
    for source in sources {
        match source {
            RuleSource::BuiltIn => files.push(builtin_rules()),
            RuleSource::Path(path) => {
                let (read, unreadable) = read_rule_files(&[PathBuf::from(path)]);
                files.extend(read);
                problems.extend(unreadable.into_iter().map(|problem| Problem::plain(problem.message)));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut compiler = Compiler::new();
    for file in &files {
        compiler.add_file(file.clone());
    }
    let (rules, diagnostics) = compiler.build();
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
    let problems: Vec<Problem> =
        diagnostics.iter().filter(is_error).map(|diagnostic| problem_of(diagnostic, &files)).collect();
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

fn problem_of(diagnostic: &Diagnostic, files: &[RuleFile]) -> Problem {
    match files.iter().find(|file| file.name == diagnostic.file) {
        Some(file) => Problem::of_diagnostic(diagnostic, file),
        None => Problem::plain(diagnostic.message.clone()),
    }
}
