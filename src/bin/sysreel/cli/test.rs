//! What may be typed after `sysreel test`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{SelectionArgs, SilenceArgs, ThreadArgs};

/// Test rules: what they must and must not find in captures
///
/// A test file says, in YAML, which rules, which captures, and what is expected: counts of alerts, alerts with their
/// values, captures that must stay silent, a golden file of alerts. docs/rule-tests.md describes them. Of a
/// folder, the files named tests.yaml and *.test.yaml in it and below are taken. Times are printed in UTC.
#[derive(Debug, Args)]
#[command(after_help = TEST_EXAMPLES)]
pub(crate) struct TestArgs {
    /// Test files, and folders with test files
    #[arg(required = true, value_name = "FILE-OR-DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Only tests that have NAME in their name; `*` stands for any letters
    #[arg(long, value_name = "NAME")]
    pub(crate) filter: Option<String>,
    /// Write golden files as the alerts are now, and say what changed
    #[arg(long)]
    pub(crate) bless: bool,
    /// Run again whenever a test file, or a rule file, capture or golden file of a test changes, until Ctrl-C
    ///
    /// Also when such a file comes into a folder or leaves it. What has mistakes is told, and run again when it changes.
    #[arg(long, conflicts_with = "bless")]
    pub(crate) watch: bool,
    /// Fail if there are rules of which no test demands an alert
    #[arg(long, conflicts_with = "filter")]
    pub(crate) require_coverage: bool,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
    /// Also print failures in the form in which a CI system shows them in the margin of a change; on GitHub by default
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) annotations: Option<Annotations>,
    /// Print what each rule cost: rows looked at, rows matched, time
    #[arg(long)]
    pub(crate) profile: bool,
    #[command(flatten)]
    pub(crate) silence: SilenceArgs,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
}

const TEST_EXAMPLES: &str = "\
Examples:
  sysreel test tests/                                   all test files below the folder
  sysreel test shells.test.yaml --filter 'nginx'        tests with nginx in their name
  sysreel test tests/ --junit report.xml --require-coverage
  sysreel test tests/ --watch                           again after each change of tests, rules or captures
  sysreel test tests/ --bless                           rewrites golden files; look at what changed

Exit status: 0 all passed; 1 a test failed; 2 a test could not run";

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Annotations {
    /// None
    None,
    /// `::error file=...` lines
    Github,
}
