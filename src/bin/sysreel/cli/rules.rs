//! `sysreel rules`, and the options about rule files that other commands share.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use sysreel::replay::rules::{Code, warnings_named};

use super::{InfoFormat, MatchingArgs, SelectionArgs, ThreadArgs};

/// Check, list, explain and compare rules
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

/// The commands below `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    Check(CheckArgs),
    List(ListArgs),
    Explain(ExplainArgs),
    Diff(DiffArgs),
}

/// Say what is wrong with rule files
///
/// All problems of all files at once, each with its place. Files are loaded in the order given, each before those that
/// follow are known. A folder stands for the .yaml and .yml files in it, in the order of their names, without rule tests
/// (tests.yaml, *.test.yaml).
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// Rule files and folders of them
    #[arg(required = true, value_name = "RULES", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Exit with status 1 if there is a warning
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    #[command(flatten)]
    pub(crate) silence: SilenceArgs,
    /// Text for people, or for programs the JSON document that `falco -V` prints with json_output=true
    #[arg(short, long, value_enum, default_value_t = InfoFormat::Text, value_name = "FORMAT")]
    pub(crate) output: InfoFormat,
}

const CHECK_EXAMPLES: &str = "\
Exit status:
  0  all files load
  1  all files load, and there are warnings that --deny-warnings denies
  2  a file does not load, or cannot be read

Positions in the JSON document are those in the files, for conditions too: lines and columns from 0, offsets in bytes.

Examples:
  sysreel rules check falco_rules.yaml my_rules.yaml
  sysreel rules check rules.d --deny-warnings --silence no-event-type,unused-list
  sysreel rules check rules.d -o json";

/// List rules
///
/// All of them, or with options that select rules those that `replay` with the same options would try.
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct ListArgs {
    /// Rule files and folders of them; without any, the built-in rules
    #[arg(value_name = "RULES", value_hint = ValueHint::AnyPath)]
    rules: Vec<PathBuf>,
    /// The same, as other commands have it
    #[arg(short = 'r', long = "rules", value_name = "RULES", value_hint = ValueHint::AnyPath)]
    #[arg(conflicts_with = "rules")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) silence: SilenceArgs,
    /// A table, or JSON with every rule, macro and list in the form of `falco -L` with json_output=true
    #[arg(short, long, value_enum, default_value_t = RuleListForm::Table, value_name = "FORM")]
    pub(crate) output: RuleListForm,
}

impl ListArgs {
    /// The rule files, whichever way they were typed.
    pub(crate) fn rules(&self) -> &[PathBuf] {
        if self.rules.is_empty() { &self.files } else { &self.rules }
    }
}

const LIST_EXAMPLES: &str = "\
Examples:
  sysreel rules list
  sysreel rules list -r falco_rules.yaml -t network            what `replay` with these options would try
  sysreel rules list rules.d -o json | jq '.rules[].info.name'";

/// Explain a rule
///
/// Its condition with every macro and list in place, the events and fields that it looks at, and what it costs.
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// Name of the rule
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Rule files and folders of them; without any, the built-in rules
    #[arg(short, long, value_name = "RULES", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) silence: SilenceArgs,
    /// Text for people, or JSON in the form of `falco -l RULE` with json_output=true
    #[arg(short, long, value_enum, default_value_t = InfoFormat::Text, value_name = "FORMAT")]
    pub(crate) output: InfoFormat,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  sysreel rules explain 'Write below /etc'
  sysreel rules explain 'Terminal shell in container' -r falco_rules.yaml -r my_rules.yaml";

/// Say how the rules of two files differ
///
/// Rules that are only in the first (-), only in the second (+), and those that differ (~) with what differs. Conditions
/// are compared with all macros and lists in place. With --capture also the alerts that go and come; options that select
/// rules say of which rules.
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The rules before: a file or a folder
    #[arg(value_name = "OLD", value_hint = ValueHint::AnyPath)]
    pub(crate) old: PathBuf,
    /// The rules now: a file or a folder
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    pub(crate) new: PathBuf,
    /// Rule files that are loaded before either, such as those that both append to
    #[arg(short, long, value_name = "RULES", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Also run both over these captures, and compare the alerts
    #[arg(long, num_args = 1.., value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) capture: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) silence: SilenceArgs,
    /// Text for people or JSON for programs
    #[arg(short, long, value_enum, default_value_t = InfoFormat::Text, value_name = "FORMAT")]
    pub(crate) output: InfoFormat,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) matching: MatchingArgs,
}

const DIFF_EXAMPLES: &str = "\
Exit status:
  0  no difference
  1  the rules differ, or with --capture the alerts
  2  could not tell: a file does not load, a capture is damaged

Examples:
  sysreel rules diff falco_rules-4.0.yaml falco_rules-5.1.yaml
  sysreel rules diff old.yaml new.yaml -r falco_rules.yaml --capture host.reel ci.reel";

/// Which warnings of rule files are not shown.
#[derive(Debug, Args, Default)]
pub(crate) struct SilenceArgs {
    /// Do not show these warnings of rule files: names such as unused-macro, or Falco's such as LOAD_UNUSED_MACRO
    #[arg(long, value_name = "CODE[,CODE]", value_delimiter = ',', value_parser = parse_warning)]
    silence: Vec<Silenced>,
}

impl SilenceArgs {
    /// The sorts of problems that are not shown.
    pub(crate) fn codes(&self) -> Vec<Code> {
        self.silence.iter().flat_map(|silenced| silenced.0.iter().copied()).collect()
    }
}

/// What one name silences: a name of Falco's may stand for several of ours.
#[derive(Debug, Clone)]
struct Silenced(Vec<Code>);

fn parse_warning(name: &str) -> Result<Silenced, String> {
    warnings_named(name).map(Silenced)
}

/// The form of `rules list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuleListForm {
    /// A table that fits the terminal
    Table,
    /// One JSON object
    Json,
}
