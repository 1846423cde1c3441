//! `sysreel rules list`: which rules there are.

use std::collections::HashSet;

use sysreel::replay::compile::Selection;
use sysreel::replay::rules::RuleDescription;

use super::describe;
use crate::cli::{ListArgs, RuleListForm};
use crate::exit::Exit;
use crate::listing::{Listing, print};
use crate::selection::warn_of_useless_steps;
use crate::table::printable;
use crate::terminal::Terminal;

/// Runs the command.
pub(super) fn run(args: &ListArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let Some((rules, mut description)) = describe(args.rules(), &args.silence.codes(), terminal)? else {
        return Ok(Exit::Incomplete);
    };
    let selection = &args.selection.selection;
    if *selection != Selection::default() {
        warn_of_useless_steps(selection, &rules, terminal);
        let taken: HashSet<&str> =
            rules.iter().filter(|rule| selection.takes(rule)).map(|rule| rule.name.as_str()).collect();
        description.rules.retain(|rule| taken.contains(rule.info.name.as_str()));
        for rule in &mut description.rules {
            // also where only an option switched it on
            rule.info.enabled = true;
        }
    }
    match args.output {
        RuleListForm::Table => {
            let heads = &["Rule", "Priority", "Source", "Enabled", "Tags"];
            let rows = description.rules.iter().map(row).collect();
            print(&Listing { heads, rows }.table(terminal))?;
        }
        RuleListForm::Json => print(&format!("{}\n", serde_json::to_string(&description)?))?,
    }
    Ok(Exit::Done)
}

fn row(rule: &RuleDescription) -> Vec<String> {
    let info = &rule.info;
    let tags: Vec<&str> = info.tags.iter().map(String::as_str).collect();
    let enabled = if info.enabled { "yes" } else { "no" };
    [info.name.as_str(), &info.priority, &info.source, enabled, &tags.join(", ")].map(printable).to_vec()
}
