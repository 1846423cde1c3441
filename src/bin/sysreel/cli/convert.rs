//! What may be typed after `sysreel convert`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::SummaryArgs;

/// Convert captures: Falco's and sysdig's .scap to .reel, .reel to .scap, audit logs to .reel
///
/// The form of IN is told by its content. A .scap file that is written holds the state before the first event and every
/// event with its parameters, as a recording of Falco 0.44 does; Falco and sysreel replay it to the same alerts. A
/// capture that was made of a .scap file becomes one with the same events and fields. What .scap has no place for is
/// said at the end.
#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub(crate) struct ConvertArgs {
    /// The capture to read; `-` is standard input (not for a conversion to .scap, which reads it twice)
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The file to write; `-` is standard output
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Form of OUT; by default what its name ends in
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: Option<CaptureForm>,
    /// Write over OUT if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) summary: SummaryArgs,
}

const CONVERT_EXAMPLES: &str = "\
Examples:
  sysreel convert old.scap old.reel                     replays many times faster
  sysreel convert host.reel host.scap.gz                for Falco, sysdig and what else reads .scap
  sysreel convert --to scap.gz host.reel - > host.scap.gz";

/// The form of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaptureForm {
    /// A capture of sysreel
    Reel,
    /// A capture of Falco or sysdig
    Scap,
    /// The same, compressed with gzip
    #[value(name = "scap.gz")]
    ScapGz,
}

impl CaptureForm {
    /// The form that a file name ends in.
    pub(crate) fn of_name(name: &str) -> Option<CaptureForm> {
        let name = name.to_ascii_lowercase();
        [(".reel", CaptureForm::Reel), (".scap", CaptureForm::Scap), (".scap.gz", CaptureForm::ScapGz)]
            .into_iter()
            .find(|(ending, _)| name.ends_with(ending))
            .map(|(_, form)| form)
    }
}
