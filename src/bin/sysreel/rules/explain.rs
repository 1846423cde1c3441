//! `sysreel rules explain`: everything about one rule.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::anyhow;
use serde_json::{Value, json};
use sysreel::replay::compile::{RuleWork, TableWork, work_of};
use sysreel::replay::rules::{RuleDescription, TypedRule};

use super::describe;
use super::layout::{condition_lines, push_text, push_words};
use crate::cli::{ExplainArgs, InfoFormat};
use crate::exit::Exit;
use crate::listing::print;
use crate::table::{count, printable};
use crate::terminal::Terminal;

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let Some((rules, description)) = describe(&args.rules, &args.silence.codes(), terminal)? else {
        return Ok(Exit::Incomplete);
    };
    let rule = description.rule(&args.rule).map_err(|near| match near {
        Some(near) => anyhow!("there is no rule `{}`; did you mean `{near}`?", args.rule),
        None => anyhow!("there is no rule `{}`; `sysreel rules list` shows those that there are", args.rule),
    })?;
    let work = rules.iter().find(|typed: &&TypedRule| typed.name == rule.info.name).map(work_of);
    match args.output {
        InfoFormat::Text => print(&text(rule, work.as_ref()))?,
        InfoFormat::Json => print(&format!("{}\n", json_text(rule, work.as_ref())?))?,
    }
    Ok(Exit::Done)
}

fn text(rule: &RuleDescription, work: Option<&RuleWork>) -> String {
    let (info, details) = (&rule.info, &rule.details);
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:<12}{}", printable(value));
    };
    line("rule", &info.name);
    line("defined in", &rule.defined_in);
    line("priority", &info.priority);
    line("source", &info.source);
    line("enabled", if info.enabled { "yes" } else { "no" });
    if !info.tags.is_empty() {
        line("tags", &joined(&info.tags));
    }
    text.push_str("\ndescription\n");
    push_text(&info.description, 2, &mut text);
    text.push_str("\ncondition, with every macro and list in place\n");
    match &rule.condition {
        Some(condition) => text.push_str(&condition_lines(condition, 2)),
        None => push_text(&info.condition, 2, &mut text),
    }
    text.push_str("\noutput\n");
    push_text(&info.output, 2, &mut text);
    let parts: [(&str, &BTreeSet<String>); 5] = [
        ("macros it names", &details.macros),
        ("lists it names", &details.lists),
        ("exceptions", &details.exception_names),
        ("fields of the condition", &details.condition_fields),
        ("fields of the output", &details.output_fields),
    ];
    for (title, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(text, "\n{title}");
        push_words(&names.iter().cloned().collect::<Vec<_>>(), ", ", 2, &mut text);
    }
    match work {
        Some(work) => push_work(work, &mut text),
        None => text.push_str("\nIt is not evaluated: it is for events of an unknown source, or is skipped.\n"),
    }
    text
}

fn push_work(work: &RuleWork, text: &mut String) {
    let kinds = count(work.known_kinds as u64, "kind");
    let _ = writeln!(text, "\nevents it looks at: {} of {kinds}", work.kinds.len());
    if work.kinds.len() < work.known_kinds {
        let names: Vec<String> = work.kinds.iter().map(|kind| (*kind).to_owned()).collect();
        push_words(&names, ", ", 2, text);
    }
    text.push_str("\nwhat it costs\n");
    if work.decided_by_kind > 0 {
        let comparisons = count(work.decided_by_kind as u64, "comparison");
        let _ = writeln!(text, "  {comparisons} decided by the kind of event, and never made");
    }
    let tables =
        [("once per thread", &work.thread), ("once per descriptor", &work.descriptor), ("for each event", &work.event)];
    for (when, table) in tables.into_iter().filter(|(_, table)| table.comparisons > 0) {
        let _ = writeln!(text, "  {} {when}, of", count(table.comparisons as u64, "comparison"));
        push_words(&table.fields.iter().cloned().collect::<Vec<_>>(), ", ", 4, text);
    }
    if work.kinds.is_empty() {
        text.push_str("  nothing: no event can match\n");
    }
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The document that describes one rule, with what it costs under a key of ours.
fn json_text(rule: &RuleDescription, work: Option<&RuleWork>) -> anyhow::Result<String> {
    let mut described = serde_json::to_value(rule)?;
    if let Value::Object(keys) = &mut described {
        let table = |table: &TableWork| json!({"comparisons": table.comparisons, "fields": table.fields});
        let cost = work.map(|work| {
            json!({
                "event_kinds": work.kinds,
                "known_event_kinds": work.known_kinds,
                "decided_by_kind": work.decided_by_kind,
                "thread": table(&work.thread),
                "descriptor": table(&work.descriptor),
                "event": table(&work.event),
            })
        });
        keys.insert("cost".to_owned(), json!(cost));
        keys.insert("defined_in".to_owned(), json!(rule.defined_in));
    }
    Ok(json!({ "rules": [described] }).to_string())
}
