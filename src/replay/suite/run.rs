//! A test over captures that are open.

use std::io;

use super::file::{Expectations, Settings, TestCase};
use super::finding::Finding;
use super::tally::{GOLDEN_BYTES, Gaze, Tally};
use crate::format::Reader;
use crate::replay::compile::{Program, RuleChoice, Selection};
use crate::replay::eval::{ReplayError, ReplayOptions, replay_each};
use crate::replay::rules::{Code, Diagnostic, Span, TypedRule, nearest};

impl Settings {
    /// Which rules take part.
    pub fn selection(&self) -> Selection {
        Selection::new(self.steps.iter().map(|step| step.value.clone())).at_least(self.min_priority)
    }
}

/// What a test says of rules that are not there: names in its expectations, and steps that select none. `file` is the
/// test file's name.
pub fn check_against_rules(case: &TestCase, rules: &[TypedRule], file: &str) -> Vec<Diagnostic> {
    let problem = |span: &Span, message: String, near: Option<String>| {
        let help = near.map(|near| format!("did you mean `{near}`?"));
        Diagnostic::new(Code::NoSuchItem, file, span.clone(), message, help)
    };
    let mut problems = Vec::new();
    for name in case.named_rules() {
        if !rules.iter().any(|rule| rule.name == name.value) {
            let near = nearest(&name.value, rules.iter().map(|rule| rule.name.as_str())).map(str::to_owned);
            problems.push(problem(&name.span, format!("there is no rule `{}`", name.value), near));
        }
    }
    for step in &case.settings.steps {
        let selection = Selection::new([step.value.clone()]);
        for useless in selection.useless_steps(rules) {
            let message = match &useless.step.rules {
                RuleChoice::All => continue,
                RuleChoice::Name(name) => format!("no rule has the name `{name}`"),
                RuleChoice::NamePart(part) => format!("no rule has `{part}` in its name"),
                RuleChoice::Tag(tag) => format!("no rule has the tag `{tag}`"),
            };
            problems.push(problem(&step.span, message, useless.near));
        }
    }
    problems.sort_by_key(|problem| problem.span.start);
    problems
}

/// Evaluates captures and compares the alerts with what is expected. `golden` is the text of the golden file, if there
/// is one. Whether everything could be read is in the finding's summary.
///
/// # Errors
/// No threads can be had, or the alerts are more than a golden file can have.
pub fn run_test(
    expect: &Expectations,
    readers: Vec<Reader>,
    rules: &[TypedRule],
    selection: &Selection,
    options: &ReplayOptions,
    golden: Option<&str>,
) -> Result<Finding, ReplayError> {
    let program = Program::compile(rules, selection);
    let gaze = Gaze::new(expect);
    let mut tally = Tally::new(expect, &gaze);
    let summary = replay_each(readers, &program, options, &|alert| gaze.look(alert), &mut |seen| {
        if tally.take(&seen) {
            return Ok(());
        }
        Err(io::Error::other(format!("more than {} MiB of them for a golden file", GOLDEN_BYTES >> 20)))
    })?;
    Ok(tally.finish(golden, summary))
}
