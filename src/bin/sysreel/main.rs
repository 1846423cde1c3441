//! The `sysreel` command: what was typed -> what it means -> the rooms of the library -> output and exit status.

#![deny(unreachable_pub)]

mod alerts;
mod cli;
mod convert;
mod destination;
mod event_list;
mod events;
mod exit;
mod facts;
mod fields;
mod info;
#[cfg(feature = "record")]
mod known_state;
mod listing;
mod named_output;
mod profile;
mod progress;
#[cfg(feature = "record")]
mod pump;
#[cfg(feature = "record")]
mod record;
#[cfg(feature = "record")]
mod recording;
mod replay;
mod rules;
mod ruleset;
#[cfg(feature = "record")]
mod scope;
mod selection;
#[cfg(feature = "record")]
mod signals;
#[cfg(feature = "record")]
mod size_limit;
mod source;
mod summary;
mod table;
mod terminal;
mod test;
mod time;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::{Exit, is_broken_pipe};
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::probe(cli.color);
    let outcome = match cli.command {
        #[cfg(feature = "record")]
        Command::Record(args) => record::run(&args, &terminal),
        #[cfg(not(feature = "record"))]
        Command::Record { .. } => Err(anyhow::anyhow!(
            "this sysreel was built without live recording; build it with the default features to record"
        )),
        Command::Replay(args) => replay::run(&args, &terminal),
        Command::Test(args) => test::run(&args, &terminal),
        Command::Events(args) => events::run(&args, &terminal),
        Command::Convert(args) => convert::run(&args, &terminal),
        Command::Fields(args) => fields::run(&args, &terminal),
        Command::Info(args) => info::run(&args, &terminal),
        Command::Rules(args) => rules::run(&args, &terminal),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            note_error(&error, &terminal);
            Exit::Incomplete.into()
        }
    }
}

/// Says on standard error why something could not be done.
fn note_error(error: &anyhow::Error, terminal: &Terminal) {
    for line in with_causes(error).lines() {
        terminal.note(&format!("sysreel: {line}"));
    }
}

/// The error and what led to it, each once: the messages of many errors end in their cause already.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
