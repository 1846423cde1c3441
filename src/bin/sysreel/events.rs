//! `sysreel events`: the events of a capture, all or some.

use sysreel::replay::compile::Program;
use sysreel::replay::eval::ReplayOptions;
use sysreel::replay::rules::{Expr, RuleFile, parse_condition};

use crate::alerts::{Output, Subject, open_captures, print, set_range};
use crate::cli::EventsArgs;
use crate::exit::Exit;
use crate::ruleset::print_diagnostics;
use crate::summary::{print_summary, report_problems};
use crate::terminal::Terminal;

/// The name that diagnostics have for the condition.
const CONDITION_FILE: &str = "CONDITION";

/// Runs the command.
pub(crate) fn run(args: &EventsArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let condition = args.condition.as_deref().map(|text| read_condition(text, terminal));
    let output = Output::choose(&args.output, Subject::Events, terminal)?;
    let (None | Some(Some(_)), Some(output)) = (&condition, output) else { return Ok(Exit::Incomplete) };
    let captures = open_captures(std::slice::from_ref(&args.capture), terminal)?;
    if captures.readers.is_empty() {
        return Ok(Exit::Incomplete);
    }
    let mut options = ReplayOptions { threads: args.threads.threads.unwrap_or(0), ..ReplayOptions::default() };
    set_range(&mut options, &args.range, &captures.readers)?;
    let program = Program::of_events(condition.flatten().as_ref());

    let summary = print(captures.readers, &program, &options, &output, terminal)?;

    let complete = report_problems(&summary, terminal);
    // unlike alerts, events scroll a person's screen away: their summary is for those who ask
    if args.summary.summary {
        print_summary(&summary, Subject::Events, terminal);
    }
    Ok(if complete { Exit::Done } else { Exit::Incomplete })
}

fn read_condition(text: &str, terminal: &Terminal) -> Option<Expr> {
    match parse_condition(text) {
        Ok(condition) => Some(condition),
        Err(mut diagnostics) => {
            for diagnostic in &mut diagnostics {
                CONDITION_FILE.clone_into(&mut diagnostic.file);
            }
            print_diagnostics(&diagnostics, &[RuleFile::new(CONDITION_FILE, text)], terminal);
            None
        }
    }
}
