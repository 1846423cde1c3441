//! `sysreel events`: the events of a capture, all or some, or the kinds of event there are.

use anyhow::{Context, anyhow};
use sysreel::replay::compile::Program;
use sysreel::replay::eval::ReplayOptions;
use sysreel::replay::rules::{Expr, RuleFile, parse_condition};

use crate::alerts::{Output, Subject, open_captures, print, set_range};
use crate::cli::{EventsArgs, EventsForm, ListForm, OutputForm};
use crate::event_list;
use crate::exit::Exit;
use crate::ruleset::print_diagnostics;
use crate::summary::{print_summary, report_problems};
use crate::terminal::Terminal;

/// The name that diagnostics have for the condition.
const CONDITION_FILE: &str = "CONDITION";

/// Runs the command.
pub(crate) fn run(args: &EventsArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    if args.list {
        let words = args.capture.iter().map(|word| word.to_string_lossy().into_owned());
        let patterns: Vec<String> = words.chain(args.condition.clone()).collect();
        event_list::run(&patterns, list_form(args.output)?, terminal)?;
        return Ok(Exit::Done);
    }
    let capture = args.capture.as_ref().context("a capture to read is wanted")?;
    let form = event_form(args.output)?;
    let condition = args.condition.as_deref().map(|text| read_condition(text, terminal));
    let output = Output::choose(form, &args.format, Subject::Events, terminal)?;
    let (None | Some(Some(_)), Some(output)) = (&condition, output) else { return Ok(Exit::Incomplete) };
    let captures = open_captures(std::slice::from_ref(capture), terminal)?;
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

/// The form of a list of kinds.
fn list_form(form: Option<EventsForm>) -> anyhow::Result<ListForm> {
    match form {
        None | Some(EventsForm::Table) => Ok(ListForm::Table),
        Some(EventsForm::Json) => Ok(ListForm::Json),
        Some(EventsForm::Markdown) => Ok(ListForm::Markdown),
        Some(EventsForm::Text | EventsForm::Csv) => Err(anyhow!("--list is printed as table, json or markdown")),
    }
}

/// The form of events.
fn event_form(form: Option<EventsForm>) -> anyhow::Result<Option<OutputForm>> {
    match form {
        None => Ok(None),
        Some(EventsForm::Text) => Ok(Some(OutputForm::Text)),
        Some(EventsForm::Table) => Ok(Some(OutputForm::Table)),
        Some(EventsForm::Json) => Ok(Some(OutputForm::Json)),
        Some(EventsForm::Csv) => Ok(Some(OutputForm::Csv)),
        Some(EventsForm::Markdown) => {
            Err(anyhow!("markdown is a form of --list; events are printed as text, table, json or csv"))
        }
    }
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
