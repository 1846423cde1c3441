//! `sysreel replay`: rules over captures.

use sysreel::replay::compile::Program;
use sysreel::replay::eval::ReplayOptions;

use crate::alerts::{Output, Subject, open_captures, print, set_range};
use crate::cli::{ReplayArgs, RuleMatching};
use crate::exit::Exit;
use crate::profile::{Costs, profile_table};
use crate::ruleset::load_rules;
use crate::selection::warn_of_useless_steps;
use crate::summary::{print_summary, report_problems};
use crate::table::Target;
use crate::terminal::Terminal;

/// Runs the command.
pub(crate) fn run(args: &ReplayArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    // everything that was typed is checked before anything is printed
    let rules = load_rules(&args.rules, &args.silence.codes(), terminal)?;
    let output = Output::choose(args.output.output, &args.output.format, Subject::Alerts, terminal)?;
    let (Some(rules), Some(output)) = (rules, output) else { return Ok(Exit::Incomplete) };
    let selection = &args.selection.selection;
    warn_of_useless_steps(selection, &rules, terminal);
    let captures = open_captures(&args.captures, terminal)?;
    if captures.readers.is_empty() {
        return Ok(Exit::Incomplete);
    }
    let mut options = ReplayOptions {
        threads: args.threads.threads.unwrap_or(0),
        all_matches: args.matching.rule_matching == RuleMatching::All,
        measures: args.profile,
        ..ReplayOptions::default()
    };
    set_range(&mut options, &args.range, &captures.readers)?;
    let program = Program::compile(&rules, selection);

    let summary = print(captures.readers, &program, &options, &output, terminal)?;

    let complete = report_problems(&summary, terminal) && captures.unopened == 0;
    if terminal.wants_summary(&args.summary) {
        print_summary(&summary, Subject::Alerts, terminal);
    }
    if args.profile {
        let mut costs = Costs::default();
        costs.add(&summary.by_rule);
        terminal.note(&profile_table(&costs, Target::Stderr, terminal));
    }
    let fails = args.fail_on.is_some_and(|least| summary.worst().is_some_and(|worst| worst <= least));
    Ok(match (complete, fails) {
        (false, _) => Exit::Incomplete,
        (true, true) => Exit::FailOn,
        (true, false) => Exit::Done,
    })
}
