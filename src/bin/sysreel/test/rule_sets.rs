//! Rules of tests: loaded once for all tests that name the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sysreel::replay::rules::{Code, Compiler, Diagnostic, RuleFile, Severity, TypedRule, builtin_rules, diagnostic};
use sysreel::replay::suite::{RuleSource, Settings};

use super::outcome::Problem;
use crate::ruleset::read_rule_files;
use crate::terminal::Terminal;

/// The rules of some files, or why they cannot be used.
pub(super) type RuleSet = Result<Vec<TypedRule>, Vec<Problem>>;

/// All rules that tests ask for so far.
pub(super) struct RuleSets<'a> {
    loaded: BTreeMap<Vec<RuleSource>, Arc<RuleSet>>,
    silenced: &'a [Code],
    terminal: Terminal,
    /// Warnings that were printed: other tests may load the same files with more.
    warned: Vec<Diagnostic>,
}

impl<'a> RuleSets<'a> {
    /// No rules yet; warnings of those to come are printed, but for the silenced ones.
    pub(super) fn new(silenced: &'a [Code], terminal: Terminal) -> RuleSets<'a> {
        RuleSets { loaded: BTreeMap::new(), silenced, terminal, warned: Vec::new() }
    }

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
        if let Some(rules) = self.loaded.get(&sources) {
            return Arc::clone(rules);
        }
        let (files, rules, diagnostics) = load(&sources);
        self.warn(&diagnostics, &files);
        let rules = Arc::new(rules);
        self.loaded.insert(sources, Arc::clone(&rules));
        rules
    }

    /// Prints the warnings that are new. Errors are told with each test that they keep from running.
    fn warn(&mut self, diagnostics: &[Diagnostic], files: &[RuleFile]) {
        let is_news = |found: &&Diagnostic| {
            found.severity != Severity::Error && !self.silenced.contains(&found.code) && !self.warned.contains(found)
        };
        let news: Vec<Diagnostic> = diagnostics.iter().filter(is_news).cloned().collect();
        if !news.is_empty() {
            self.terminal.note(&diagnostic::render(&news, files, self.terminal.color_stderr));
            self.warned.extend(news);
        }
    }
}

/// The files, their rules or what keeps them from being used, and all that is said of them.
fn load(sources: &[RuleSource]) -> (Vec<RuleFile>, RuleSet, Vec<Diagnostic>) {
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
        return (files, Err(problems), Vec::new());
    }
    let mut compiler = Compiler::new();
    for file in &files {
        compiler.add_file(file.clone());
    }
    let (rules, diagnostics) = compiler.build();
    let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
    let problems: Vec<Problem> =
        diagnostics.iter().filter(is_error).map(|diagnostic| problem_of(diagnostic, &files)).collect();
    let rules = if problems.is_empty() { Ok(rules) } else { Err(problems) };
    (files, rules, diagnostics)
}

fn problem_of(diagnostic: &Diagnostic, files: &[RuleFile]) -> Problem {
    match files.iter().find(|file| file.name == diagnostic.file) {
        Some(file) => Problem::of_diagnostic(diagnostic, file),
        None => Problem::plain(diagnostic.message.clone()),
    }
}
