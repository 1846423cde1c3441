//! Alerts are counted and compared one by one, in order: nothing grows with their number but the text that is compared
//! with a golden file.

use std::collections::{BTreeMap, BTreeSet};

use super::count::Count;
use super::file::{AlertPattern, Expectations};
use super::finding::{Failure, Finding};
use super::golden::{Change, GoldenForm, compare_lines};
use crate::format::Damage;
use crate::replay::compile::value_of;
use crate::replay::eval::{Alert, AlertPrinter, ReplaySummary};
use crate::replay::fields::Purpose;
use crate::replay::output::{JsonPrinter, TextPrinter, message_of};
use crate::replay::rules::{FieldExpr, Priority};

/// So many alerts are shown where there are more than expected.
const EXAMPLES: usize = 5;

/// So many changed lines of a golden file are shown.
const CHANGES_SHOWN: usize = 40;

/// A golden file is for people to look through; more text than this is not collected.
pub(super) const GOLDEN_BYTES: usize = 64 << 20;

/// What is looked at in every alert.
#[derive(Debug)]
pub(super) struct Gaze {
    /// The fields of all patterns, each once.
    fields: Vec<FieldExpr>,
    wants_message: bool,
    golden: Option<GoldenForm>,
}

/// An alert, as far as expectations look at it.
#[derive(Debug)]
pub(super) struct Seen {
    rule: String,
    priority: Priority,
    /// As Falco prints it.
    line: String,
    message: String,
    /// Of the gaze's fields.
    values: Vec<String>,
    golden: String,
}

impl Gaze {
    pub(super) fn new(expect: &Expectations) -> Gaze {
        let patterns = || expect.alerts.iter().chain(&expect.no_alerts);
        let mut fields: Vec<FieldExpr> = Vec::new();
        for pattern in patterns().flat_map(|pattern| &pattern.fields) {
            if !fields.contains(&pattern.field) {
                fields.push(pattern.field.clone());
            }
        }
        Gaze {
            fields,
            wants_message: patterns().any(|pattern| pattern.output.is_some()),
            golden: expect.golden.as_ref().map(|golden| golden.value.1),
        }
    }

    /// Looks at an alert, on any thread.
    pub(super) fn look(&self, alert: &Alert<'_, '_>) -> Result<Seen, Damage> {
        let mut line = Vec::new();
        TextPrinter::default().for_block().print(alert, &mut line)?;
        let golden = match self.golden {
            None => Vec::new(),
            Some(GoldenForm::Text) => line.clone(),
            Some(GoldenForm::Json) => {
                let mut text = Vec::new();
                JsonPrinter::default().for_block().print(alert, &mut text)?;
                text
            }
        };
        let message = if self.wants_message { message_of(alert)? } else { Vec::new() };
        let mut values = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            values.push(value_of(field, &alert.event, Purpose::Print)?.to_text());
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned();
        Ok(Seen {
            rule: alert.rule.name.clone(),
            priority: alert.rule.priority,
            line: text(line),
            message: text(message),
            values,
            golden: String::from_utf8_lossy(&golden).into_owned(),
        })
    }
}

/// What a pattern says of an alert that it does not fit.
#[derive(Debug)]
struct Miss {
    /// How much of the pattern fits.
    score: usize,
    /// The alert.
    line: String,
    /// What does not fit.
    differences: Vec<String>,
}

/// What was found for a pattern.
#[derive(Debug, Default)]
struct PatternTally {
    found: u64,
    examples: Vec<String>,
    nearest: Option<Miss>,
}

/// What was found so far.
#[derive(Debug)]
pub(super) struct Tally<'e> {
    expect: &'e Expectations,
    gaze: &'e Gaze,
    total: u64,
    examples: Vec<String>,
    by_rule: BTreeMap<String, Vec<String>>,
    alerts: Vec<PatternTally>,
    no_alerts: Vec<PatternTally>,
    demanded: BTreeSet<String>,
    golden: String,
}

impl<'e> Tally<'e> {
    pub(super) fn new(expect: &'e Expectations, gaze: &'e Gaze) -> Tally<'e> {
        let demanded = expect.counts.iter().filter(|count| count.count.value.least > 0);
        let named = expect.alerts.iter().filter(|pattern| pattern.count.least > 0);
        let demanded = demanded.map(|count| &count.rule).chain(named.filter_map(|pattern| pattern.rule.as_ref()));
        Tally {
            expect,
            gaze,
            total: 0,
            examples: Vec::new(),
            by_rule: BTreeMap::new(),
            alerts: expect.alerts.iter().map(|_| PatternTally::default()).collect(),
            no_alerts: expect.no_alerts.iter().map(|_| PatternTally::default()).collect(),
            demanded: demanded.map(|rule| rule.value.clone()).collect(),
            golden: String::new(),
        }
    }

    /// Takes an alert; false if its text is more than a golden file may have.
    pub(super) fn take(&mut self, seen: &Seen) -> bool {
        self.total += 1;
        remember(&mut self.examples, &seen.line);
        match self.by_rule.get_mut(&seen.rule) {
            Some(examples) => remember(examples, &seen.line),
            None => {
                self.by_rule.insert(seen.rule.clone(), vec![seen.line.clone()]);
            }
        }
        for (pattern, tally) in self.expect.alerts.iter().zip(&mut self.alerts) {
            if judge(pattern, seen, self.gaze, tally) && pattern.count.least > 0 {
                self.demanded.insert(seen.rule.clone());
            }
        }
        for (pattern, tally) in self.expect.no_alerts.iter().zip(&mut self.no_alerts) {
            judge(pattern, seen, self.gaze, tally);
        }
        if self.expect.golden.is_some() {
            self.demanded.insert(seen.rule.clone());
            self.golden.push_str(&seen.golden);
        }
        self.golden.len() <= GOLDEN_BYTES
    }

    /// Compares what was found with what was expected; `golden` is the golden file's text, if there is one.
    pub(super) fn finish(self, golden: Option<&str>, summary: ReplaySummary) -> Finding {
        let mut failures = Vec::new();
        let examples_of = |rule: &str| self.by_rule.get(rule).cloned().unwrap_or_default();
        if let Some(total) = &self.expect.total
            && !total.value.holds(self.total)
        {
            let examples = self.examples.clone();
            failures.push(Failure {
                span: total.span.clone(),
                message: told("alerts", total.value, self.total),
                details: with_rest(examples, self.total),
            });
        }
        let mut named = 0;
        for count in &self.expect.counts {
            let rule = &count.rule.value;
            let takes_part = summary.by_rule.iter().any(|found| found.name == *rule);
            let found = summary.by_rule.iter().filter(|found| found.name == *rule).map(|found| found.alerts).sum();
            named += found;
            if count.count.value.holds(found) {
                continue;
            }
            let mut details = with_rest(examples_of(rule), found);
            if !takes_part {
                details.push("the rule is switched off in this test".to_owned());
            }
            let message = told(&format!("alerts of `{rule}`"), count.count.value, found);
            failures.push(Failure { span: count.count.span.clone(), message, details });
        }
        let others = self.total.saturating_sub(named);
        if let Some(expected) = &self.expect.others
            && !expected.value.holds(others)
        {
            let is_named = |rule: &str| self.expect.counts.iter().any(|count| count.rule.value == rule);
            let of_others = summary.by_rule.iter().filter(|rule| rule.alerts > 0 && !is_named(&rule.name));
            let details = of_others.map(|rule| format!("{} of `{}`", rule.alerts, rule.name)).collect();
            let message = told("alerts of other rules", expected.value, others);
            failures.push(Failure { span: expected.span.clone(), message, details });
        }
        for (pattern, tally) in self.expect.alerts.iter().zip(self.alerts) {
            if !pattern.count.holds(tally.found) {
                failures.push(missed(pattern, tally));
            }
        }
        for (pattern, tally) in self.expect.no_alerts.iter().zip(self.no_alerts) {
            if tally.found > 0 {
                let message = told(&format!("alerts {}", describe(pattern)), Count::NONE, tally.found);
                let details = with_rest(tally.examples, tally.found);
                failures.push(Failure { span: pattern.span.clone(), message, details });
            }
        }
        let found = self.expect.golden.as_ref().map(|expected| {
            failures.extend(compare_golden(&expected.value.0, &expected.span, golden, &self.golden));
            self.golden
        });
        Finding { failures, demanded: self.demanded, golden: found, summary }
    }
}

fn remember(examples: &mut Vec<String>, line: &str) {
    if examples.len() < EXAMPLES {
        examples.push(line.to_owned());
    }
}

fn with_rest(mut examples: Vec<String>, found: u64) -> Vec<String> {
    let more = found.saturating_sub(examples.len() as u64);
    if more > 0 {
        examples.push(format!("and {more} more"));
    }
    examples
}

fn told(what: &str, expected: Count, found: u64) -> String {
    let found = if found == 0 { "none".to_owned() } else { found.to_string() };
    format!("{what}: expected {expected}, found {found}")
}

/// Compares an alert with a pattern; whether it fits.
fn judge(pattern: &AlertPattern, seen: &Seen, gaze: &Gaze, tally: &mut PatternTally) -> bool {
    let mut score = 0;
    let mut differences = Vec::new();
    let mut weigh = |fits: bool, weight: usize, difference: &dyn Fn() -> String| {
        if fits {
            score += weight;
        } else {
            differences.push(difference());
        }
    };
    if let Some(rule) = &pattern.rule {
        // an alert of another rule is near only if there is none of this one
        weigh(rule.value == seen.rule, 100, &|| format!("rule: expected `{}`, found `{}`", rule.value, seen.rule));
    }
    if let Some(priority) = pattern.priority {
        let difference = || format!("priority: expected {}, found {}", priority.name(), seen.priority.name());
        weigh(priority == seen.priority, 1, &difference);
    }
    if let Some(output) = &pattern.output {
        weigh(output.holds(&seen.message), 1, &|| format!("output: expected {output}, found `{}`", seen.message));
    }
    for field in &pattern.fields {
        let at = gaze.fields.iter().position(|other| *other == field.field);
        let value = at.and_then(|at| seen.values.get(at)).map_or("", String::as_str);
        let difference = || format!("{}: expected {}, found `{value}`", field.name, field.pattern);
        weigh(field.pattern.holds(value), 1, &difference);
    }
    if differences.is_empty() {
        tally.found += 1;
        remember(&mut tally.examples, &seen.line);
        return true;
    }
    if score > 0 && tally.nearest.as_ref().is_none_or(|nearest| nearest.score < score) {
        tally.nearest = Some(Miss { score, line: seen.line.clone(), differences });
    }
    false
}

/// `of `Rule` with proc.name `sh``.
fn describe(pattern: &AlertPattern) -> String {
    let mut parts = Vec::new();
    if let Some(priority) = pattern.priority {
        parts.push(format!("priority {}", priority.name()));
    }
    parts.extend(pattern.output.as_ref().map(|output| format!("output {output}")));
    parts.extend(pattern.fields.iter().map(|field| format!("{} {}", field.name, field.pattern)));
    let rule = pattern.rule.as_ref().map(|rule| format!("of `{}`", rule.value));
    match (rule, parts.is_empty()) {
        (Some(rule), true) => rule,
        (Some(rule), false) => format!("{rule} with {}", parts.join(", ")),
        (None, _) => format!("with {}", parts.join(", ")),
    }
}

fn missed(pattern: &AlertPattern, tally: PatternTally) -> Failure {
    let mut details = with_rest(tally.examples, tally.found);
    if tally.found < pattern.count.least
        && let Some(nearest) = tally.nearest
    {
        details.push(format!("nearest: {}", nearest.line));
        details.extend(nearest.differences.into_iter().map(|difference| format!("  {difference}")));
    }
    let message = told(&format!("alerts {}", describe(pattern)), pattern.count, tally.found);
    Failure { span: pattern.span.clone(), message, details }
}

fn compare_golden(
    path: &str,
    span: &crate::replay::rules::Span,
    expected: Option<&str>,
    found: &str,
) -> Option<Failure> {
    let Some(expected) = expected else {
        let message = format!("the golden file `{path}` does not exist; `--bless` writes it");
        return Some(Failure { span: span.clone(), message, details: Vec::new() });
    };
    let expected: Vec<&str> = expected.lines().collect();
    let found: Vec<&str> = found.lines().collect();
    let changes = compare_lines(&expected, &found);
    if changes.is_empty() {
        return None;
    }
    let gone = changes.iter().filter(|change| matches!(change, Change::Gone(_))).count();
    let new = changes.len() - gone;
    let mut details: Vec<String> = changes
        .iter()
        .take(CHANGES_SHOWN)
        .map(|change| match change {
            Change::Gone(line) => format!("- {line}"),
            Change::New(line) => format!("+ {line}"),
        })
        .collect();
    if changes.len() > CHANGES_SHOWN {
        details.push(format!("and {} more changed lines", changes.len() - CHANGES_SHOWN));
    }
    let message = format!("the alerts are not those of `{path}`: {gone} gone, {new} new");
    Some(Failure { span: span.clone(), message, details })
}
