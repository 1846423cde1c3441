//! `sysreel replay`: rules over captures.

use std::fs;

use anyhow::{Context, bail};
use sysreel::replay::compile::Program;
use sysreel::replay::eval::ReplayOptions;
use sysreel::replay::rules::TypedRule;

use crate::alerts::{Output, Subject, open_captures, print, set_range};
use crate::cli::{ProfileForm, ReplayArgs, RuleMatching};
use crate::exit::Exit;
use crate::note_error;
use crate::profile::{Costs, profile_document, profile_of_stages, profile_table};
use crate::ruleset::load_rules;
use crate::selection::warn_of_useless_steps;
use crate::source::is_standard;
use crate::summary::{print_summary, report_problems};
use crate::table::Target;
use crate::terminal::Terminal;
use crate::watch::{Watch, Watched, run_again_and_again};

/// Runs the command.
pub(crate) fn run(args: &ReplayArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    if args.watch {
        return run_after_changes(args, terminal);
    }
    // everything that was typed is checked before anything is printed
    let rules = load_rules(&args.rules, &args.silence.codes(), terminal)?;
    let output = choose_output(args, terminal)?;
    let (Some(rules), Some(output)) = (rules, output) else { return Ok(Exit::Incomplete) };
    evaluate(args, &rules, &output, terminal)
}

fn choose_output(args: &ReplayArgs, terminal: &Terminal) -> anyhow::Result<Option<Output>> {
    Output::choose(args.output.output, &args.output.format, Subject::Alerts, terminal)
}

/// Evaluates after every change of the rule files.
fn run_after_changes(args: &ReplayArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let watched: Vec<Watched> = args.rules.iter().cloned().map(Watched::rules).collect();
    check_can_watch(args, &watched)?;
    let Some(output) = choose_output(args, terminal)? else { return Ok(Exit::Incomplete) };
    let mut evaluate_once = || {
        match load_rules(&args.rules, &args.silence.codes(), terminal) {
            Ok(Some(rules)) => {
                // what could not be read was said, and may be there the next time
                evaluate(args, &rules, &output, terminal)?;
            }
            Ok(None) => {}
            Err(error) => note_error(&error, terminal),
        }
        Ok(())
    };
    run_again_and_again("the rules", &mut || Watch::start(watched.clone()), &mut evaluate_once, terminal)
}

/// Whether what was typed can be read again and again.
fn check_can_watch(args: &ReplayArgs, rules: &[Watched]) -> anyhow::Result<()> {
    if rules.is_empty() {
        bail!("--watch: there is no rule file to watch; name one with -r");
    }
    for path in &args.captures {
        if is_standard(path) {
            bail!("--watch reads the captures after every change, and standard input can be read only once");
        }
        let shown = path.display();
        let metadata = fs::metadata(path).with_context(|| format!("{shown}: cannot be read"))?;
        if !metadata.is_file() {
            bail!("{shown}: --watch reads the captures after every change, and this is no ordinary file");
        }
    }
    rules.iter().try_for_each(|rules| rules.check("rules"))
}

/// Loaded rules over the captures, as they are now.
fn evaluate(args: &ReplayArgs, rules: &[TypedRule], output: &Output, terminal: &Terminal) -> anyhow::Result<Exit> {
    let selection = &args.selection.selection;
    warn_of_useless_steps(selection, rules, terminal);
    let captures = open_captures(&args.captures, terminal)?;
    if captures.readers.is_empty() {
        return Ok(Exit::Incomplete);
    }
    let mut options = ReplayOptions {
        threads: args.threads.threads.unwrap_or(0),
        all_matches: args.matching.rule_matching == RuleMatching::All,
        measures: args.profile.is_some(),
        ..ReplayOptions::default()
    };
    set_range(&mut options, &args.range, &captures.readers)?;
    let program = Program::compile(rules, selection);

    let summary = print(captures.readers, &program, &options, output, terminal)?;

    let complete = report_problems(&summary, terminal) && captures.unopened == 0;
    if terminal.wants_summary(&args.summary) {
        print_summary(&summary, Subject::Alerts, terminal);
    }
    match args.profile {
        None => {}
        Some(ProfileForm::Text) => {
            let mut costs = Costs::default();
            costs.add(&summary.by_rule);
            terminal.note(&profile_table(&costs, Target::Stderr, terminal));
            terminal.note(&profile_of_stages(&summary, terminal));
        }
        Some(ProfileForm::Json) => terminal.note(&profile_document(&summary).to_string()),
    }
    let fails = args.fail_on.is_some_and(|least| summary.worst().is_some_and(|worst| worst <= least));
    Ok(match (complete, fails) {
        (false, _) => Exit::Incomplete,
        (true, true) => Exit::FailOn,
        (true, false) => Exit::Done,
    })
}
