//! `sysreel rules check`: all problems of all files.

use sysreel::replay::rules::{Diagnostic, RuleFile, Severity, Validation, diagnostic, validate};

use super::document;
use crate::cli::{CheckArgs, InfoFormat};
use crate::exit::Exit;
use crate::listing::print;
use crate::ruleset::read_rule_files;
use crate::table::count;
use crate::terminal::Terminal;

/// Runs the command.
pub(super) fn run(args: &CheckArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let (files, unreadable) = read_rule_files(&args.rules);
    let mut validation = validate(&files);
    let silenced = args.silence.codes();
    let is_shown = |found: &Diagnostic| !silenced.contains(&found.code);
    validation.diagnostics.retain(is_shown);
    for result in &mut validation.results {
        result.diagnostics.retain(is_shown);
    }
    validation.diagnostics.splice(0..0, unreadable.iter().cloned());
    let number_of =
        |severity: Severity| validation.diagnostics.iter().filter(|found| found.severity == severity).count();
    let (errors, warnings) = (number_of(Severity::Error), number_of(Severity::Warning));
    match args.output {
        InfoFormat::Text => {
            let text = diagnostic::render(&validation.diagnostics, &files, terminal.color_stdout);
            print(&format!("{text}{}\n", closing_line(&validation, &files, (errors, warnings), unreadable.len())))?;
        }
        InfoFormat::Json => print(&format!("{}\n", document::load_results(&validation, &unreadable, &files)))?,
    }
    Ok(if errors > 0 {
        Exit::Incomplete
    } else if args.deny_warnings && warnings > 0 {
        Exit::FailOn
    } else {
        Exit::Done
    })
}

fn closing_line(
    validation: &Validation,
    files: &[RuleFile],
    (errors, warnings): (usize, usize),
    unreadable: usize,
) -> String {
    let counted = |number: usize, thing: &str| count(number as u64, thing);
    let of_files = counted(files.len() + unreadable, "file");
    match (errors, warnings) {
        (0, 0) => format!("no problem in {of_files} with {}", counted(validation.rules.len(), "rule")),
        (0, _) => {
            format!("{} in {of_files} with {}", counted(warnings, "warning"), counted(validation.rules.len(), "rule"))
        }
        (_, 0) => format!("{} in {of_files}", counted(errors, "error")),
        (_, _) => format!("{} and {} in {of_files}", counted(errors, "error"), counted(warnings, "warning")),
    }
}
