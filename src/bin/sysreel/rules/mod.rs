//! `sysreel rules`: what there is to know of rules without running them.

mod alert_diff;
mod check;
mod diff;
mod document;
mod explain;
mod layout;
mod list;

use std::path::PathBuf;

use sysreel::replay::rules::{Code, Compiler, Description, TypedRule};

use crate::cli::{RulesArgs, RulesCommand};
use crate::exit::Exit;
use crate::ruleset::{print_diagnostics, read_or_builtin};
use crate::terminal::Terminal;

/// Runs the command.
pub(crate) fn run(args: &RulesArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    match &args.command {
        RulesCommand::Check(args) => check::run(args, terminal),
        RulesCommand::List(args) => list::run(args, terminal),
        RulesCommand::Explain(args) => explain::run(args, terminal),
        RulesCommand::Diff(args) => diff::run(args, terminal),
    }
}

/// The rules of files or the built-in ones, with their description. `None` if they have errors; those were printed then,
/// as are warnings in any case.
fn describe(
    paths: &[PathBuf],
    silenced: &[Code],
    terminal: &Terminal,
) -> anyhow::Result<Option<(Vec<TypedRule>, Description)>> {
    let files = read_or_builtin(paths)?;
    let mut compiler = Compiler::new();
    for file in &files {
        compiler.add_file(file.clone());
    }
    let (rules, mut diagnostics, description) = compiler.describe();
    diagnostics.retain(|found| !silenced.contains(&found.code));
    let usable = print_diagnostics(&diagnostics, &files, terminal);
    Ok(usable.then_some((rules, description)))
}
