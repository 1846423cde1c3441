//! `sysreel rules diff`: how rules changed, and what that does to the alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use serde_json::{Map, Value, json};
use sysreel::replay::compile::Selection;
use sysreel::replay::rules::{Description, Resolved, ResolvedRight, RuleDescription, TypedRule};

use super::alert_diff::{AlertDiff, compare_alerts};
use super::describe;
use crate::cli::{DiffArgs, InfoFormat, RuleMatching};
use crate::exit::Exit;
use crate::listing::print;
use crate::selection::warn_of_steps_useless_in_both;
use crate::table::{count, printable};
use crate::terminal::Terminal;

/// Runs the command.
pub(super) fn run(args: &DiffArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let is_selective = args.selection.selection != Selection::default();
    if args.capture.is_empty() && (is_selective || args.matching.rule_matching != RuleMatching::First) {
        bail!("options that select rules say whose alerts are compared: they need --capture");
    }
    let load = |last: &PathBuf| -> anyhow::Result<Option<(Vec<TypedRule>, Description)>> {
        let paths: Vec<PathBuf> = args.rules.iter().chain([last]).cloned().collect();
        describe(&paths, &args.silence.codes(), terminal)
    };
    let (old, new) = (load(&args.old)?, load(&args.new)?);
    let (Some((old_rules, old)), Some((new_rules, new))) = (old, new) else { return Ok(Exit::Incomplete) };
    let rules = RuleDiff::of(&old, &new);
    warn_of_steps_useless_in_both(&args.selection.selection, &old_rules, &new_rules, terminal);
    let alerts = if args.capture.is_empty() {
        None
    } else {
        match compare_alerts(args, &old_rules, &new_rules, terminal)? {
            Some(alerts) => Some(alerts),
            None => return Ok(Exit::Incomplete),
        }
    };
    let text = match args.output {
        InfoFormat::Text => text(&rules, alerts.as_ref()),
        InfoFormat::Json => format!("{}\n", document(&rules, alerts.as_ref())),
    };
    print(&text)?;
    let alerts_differ = alerts.as_ref().is_some_and(AlertDiff::is_different);
    Ok(match alerts {
        Some(alerts) if !alerts.is_complete => Exit::Incomplete,
        Some(_) | None if alerts_differ || !rules.is_empty() => Exit::FailOn,
        Some(_) | None => Exit::Done,
    })
}

/// What became of the rules.
struct RuleDiff<'d> {
    removed: Vec<&'d RuleDescription>,
    added: Vec<&'d RuleDescription>,
    changed: Vec<(&'d str, Vec<Change>)>,
}

/// A key of a rule, and what it says before and now.
struct Change {
    key: &'static str,
    old: Value,
    new: Value,
    /// What went and what came, in the words for people.
    lines: Vec<String>,
}

impl<'d> RuleDiff<'d> {
    fn of(old: &'d Description, new: &'d Description) -> RuleDiff<'d> {
        let by_name = |description: &'d Description| -> BTreeMap<&'d str, &'d RuleDescription> {
            description.rules.iter().map(|rule| (rule.info.name.as_str(), rule)).collect()
        };
        let (before, now) = (by_name(old), by_name(new));
        let mut diff = RuleDiff { removed: Vec::new(), added: Vec::new(), changed: Vec::new() };
        for rule in &old.rules {
            match now.get(rule.info.name.as_str()) {
                None => diff.removed.push(rule),
                Some(later) => {
                    let changes = changes(rule, later);
                    if !changes.is_empty() {
                        diff.changed.push((&rule.info.name, changes));
                    }
                }
            }
        }
        diff.added.extend(new.rules.iter().filter(|rule| !before.contains_key(rule.info.name.as_str())));
        diff
    }

    fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }
}

fn changes(old: &RuleDescription, new: &RuleDescription) -> Vec<Change> {
    let mut changes = Vec::new();
    let words = [
        ("priority", &old.info.priority, &new.info.priority),
        ("source", &old.info.source, &new.info.source),
        ("output", &old.details.output_compiled, &new.details.output_compiled),
        ("description", &old.info.description, &new.info.description),
    ];
    for (key, old, new) in words {
        if old != new {
            let lines = match key {
                "priority" | "source" => vec![format!("{old} -> {new}")],
                _ => vec![format!("- {old}"), format!("+ {new}")],
            };
            changes.push(Change { key, old: json!(old), new: json!(new), lines });
        }
    }
    if old.info.enabled != new.info.enabled {
        let word = |enabled: bool| if enabled { "yes" } else { "no" };
        let line = format!("{} -> {}", word(old.info.enabled), word(new.info.enabled));
        changes.push(Change {
            key: "enabled",
            old: json!(old.info.enabled),
            new: json!(new.info.enabled),
            lines: vec![line],
        });
    }
    if old.info.tags != new.info.tags {
        let (before, now) = (&old.info.tags, &new.info.tags);
        let lines = gone_and_new(before.iter().map(String::as_str), now.iter().map(String::as_str));
        changes.push(Change { key: "tags", old: json!(before), new: json!(now), lines });
    }
    let (before, now) = (&old.details.condition_compiled, &new.details.condition_compiled);
    if before != now {
        let mut lines = condition_lines(old.condition.as_ref(), new.condition.as_ref());
        if lines.is_empty() {
            lines.push("the same parts in another order".to_owned());
        }
        changes.push(Change { key: "condition", old: json!(before), new: json!(now), lines });
    }
    changes
}

/// `- a, b` and `+ c`: what only one side has.
fn gone_and_new<'t>(old: impl Iterator<Item = &'t str>, new: impl Iterator<Item = &'t str>) -> Vec<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (old.collect(), new.collect());
    let side = |sign: char, words: Vec<&str>| (!words.is_empty()).then(|| format!("{sign} {}", words.join(", ")));
    let gone = side('-', old.difference(&new).copied().collect());
    gone.into_iter().chain(side('+', new.difference(&old).copied().collect())).collect()
}

/// The parts of a condition that all must hold and that went or came; of a list that changed only the values that did.
fn condition_lines(old: Option<&Resolved>, new: Option<&Resolved>) -> Vec<String> {
    let parts = |condition: Option<&Resolved>| -> BTreeMap<String, Option<ListTest>> {
        let parts = match condition {
            Some(Resolved::And(parts)) => parts.as_slice(),
            Some(other) => std::slice::from_ref(other),
            None => &[],
        };
        parts.iter().map(|part| (part.to_string(), ListTest::of(part))).collect()
    };
    let (old, new) = (parts(old), parts(new));
    let gone: Vec<_> = old.iter().filter(|(text, _)| !new.contains_key(*text)).collect();
    let mut come: Vec<_> = new.iter().filter(|(text, _)| !old.contains_key(*text)).collect();
    let mut lines = Vec::new();
    for (text, list) in gone {
        let partner = list.as_ref().and_then(|list| {
            come.iter().position(|(_, other)| other.as_ref().is_some_and(|other| other.head == list.head))
        });
        match (list, partner.map(|at| come.remove(at))) {
            (Some(before), Some((_, Some(now)))) => {
                lines.push(format!("{} (", before.head));
                let values = gone_and_new(before.values(), now.values());
                lines.extend(values.into_iter().map(|line| format!("  {line}")));
                lines.push(")".to_owned());
            }
            _ => lines.push(format!("- {text}")),
        }
    }
    lines.extend(come.into_iter().map(|(text, _)| format!("+ {text}")));
    lines
}

/// A comparison with a list, or the opposite of one.
#[derive(Clone)]
struct ListTest {
    head: String,
    values: BTreeSet<String>,
}

impl ListTest {
    fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    fn of(part: &Resolved) -> Option<ListTest> {
        let (word, part) = match part {
            Resolved::Not(inner) => ("not ", &**inner),
            other => ("", other),
        };
        let Resolved::Test(test) = part else { return None };
        let ResolvedRight::List(values) = &test.right else { return None };
        Some(ListTest { head: format!("{word}{} {}", test.field, test.op), values: values.iter().cloned().collect() })
    }
}

fn text(rules: &RuleDiff<'_>, alerts: Option<&AlertDiff>) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for (sign, rule) in rules.removed.iter().map(|rule| ('-', rule)).chain(rules.added.iter().map(|rule| ('+', rule))) {
        let _ = writeln!(text, "{sign} {} ({})", printable(&rule.info.name), rule.info.priority);
    }
    for (name, changes) in &rules.changed {
        let _ = writeln!(text, "~ {}", printable(name));
        for change in changes {
            let _ = writeln!(text, "    {}", change.key);
            for line in &change.lines {
                let _ = writeln!(text, "      {}", printable(line));
            }
        }
    }
    if let Some(alerts) = alerts {
        alerts.write_text(&mut text);
    }
    let rule_count = |number: usize| count(number as u64, "rule");
    let _ = if rules.is_empty() {
        writeln!(text, "the rules are the same")
    } else {
        writeln!(
            text,
            "{} removed, {} added, {} changed",
            rule_count(rules.removed.len()),
            rules.added.len(),
            rules.changed.len()
        )
    };
    text
}

fn document(rules: &RuleDiff<'_>, alerts: Option<&AlertDiff>) -> Value {
    let heads = |rules: &[&RuleDescription]| -> Vec<Value> {
        rules.iter().map(|rule| json!({"name": rule.info.name, "priority": rule.info.priority})).collect()
    };
    let changed: Vec<Value> = rules
        .changed
        .iter()
        .map(|(name, changes)| {
            let keys: Map<String, Value> = changes
                .iter()
                .map(|change| (change.key.to_owned(), json!({"old": change.old, "new": change.new})))
                .collect();
            json!({"name": name, "changes": keys})
        })
        .collect();
    let mut document = json!({"removed": heads(&rules.removed), "added": heads(&rules.added), "changed": changed});
    if let (Some(alerts), Value::Object(keys)) = (alerts, &mut document) {
        keys.insert("alerts".to_owned(), alerts.json());
    }
    document
}
