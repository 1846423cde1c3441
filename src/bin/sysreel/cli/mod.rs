//! What may be typed: commands, options and their help. Nothing here acts.

mod convert;
mod fields;
mod rules;
mod selection;
mod test;

use std::path::PathBuf;
#[cfg(feature = "record")]
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use sysreel::replay::rules::Priority;

pub(crate) use self::convert::{CaptureForm, ConvertArgs};
pub(crate) use self::fields::{FieldsArgs, ListForm};
pub(crate) use self::rules::{
    CheckArgs, DiffArgs, ExplainArgs, ListArgs, RuleListForm, RulesArgs, RulesCommand, SilenceArgs,
};
pub(crate) use self::selection::{MatchingArgs, RuleMatching, SelectionArgs};
pub(crate) use self::test::{Annotations, TestArgs};
use crate::time::TimePoint;
#[cfg(feature = "record")]
use crate::time::parse_duration;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "sysreel",
    version,
    about = "A flight recorder for Linux system calls",
    long_about = "A flight recorder for Linux system calls: `record` writes what the kernel did to a compressed \
                  capture file, `replay` runs Falco-compatible rules over captures, in parallel and offline, as often \
                  as wanted.",
    after_help = EXIT_STATUS,
    max_term_width = 110,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// When to use colours on a terminal
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  done (also when the reader of the output went away)
  1  done, and an alert met --fail-on, a warning --deny-warnings, a rule test failed, or `rules diff` found a
     difference
  2  could not do all of it: bad usage, bad rules, a damaged capture, no permission
  `record -- COMMAND` passes on the command's own status, 128 + signal if a signal ended it";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "record")]
    Record(RecordArgs),
    /// Record system calls into a capture file (not in this build)
    #[cfg(not(feature = "record"))]
    #[command(disable_help_flag = true)]
    Record {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        ignored: Vec<std::ffi::OsString>,
    },
    Replay(ReplayArgs),
    Test(TestArgs),
    Events(EventsArgs),
    Convert(ConvertArgs),
    Info(InfoArgs),
    Fields(FieldsArgs),
    Rules(RulesArgs),
}

/// Record system calls into a capture file
///
/// Needs root, or CAP_BPF and CAP_PERFMON (and CAP_SYS_PTRACE to know what ran before); Linux 5.8 or newer with BTF.
/// Without COMMAND, --pid, --container and --cgroup it records the whole host, but never itself. Ctrl-C, SIGTERM,
/// --duration and --max-size all end with a complete file.
#[cfg(feature = "record")]
#[derive(Debug, Args)]
#[command(after_help = RECORD_EXAMPLES)]
pub(crate) struct RecordArgs {
    /// Where the capture goes; `-` is standard output (what COMMAND prints goes to standard error then)
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Write over FILE if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Stop after this time: 500ms, 30s, 5m, 1h30m; a COMMAND goes on, and its status is waited for
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// Stop before the file grows beyond this size: 500K, 200M, 1G. The inventory of threads and descriptors that were
    /// there is left out where it would take half of that
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_size: Option<u64>,
    /// Which events: `security`, `all`, categories (file, net, process, ...) and event names, with - to leave one out
    #[arg(long, value_name = "SET", default_value = "security", allow_hyphen_values = true)]
    pub(crate) events: String,
    /// Only this container, by name or (a prefix of) its id, or all that run now of an image, REPOSITORY[:TAG], which a
    /// name goes before; may be given more than once
    #[arg(long, value_name = "CONTAINER")]
    pub(crate) container: Vec<String>,
    /// Only this control group and what is below it, as a path under /sys/fs/cgroup; may be given more than once
    #[arg(long, value_name = "PATH")]
    pub(crate) cgroup: Vec<String>,
    /// Only this process and its descendants; may be given more than once
    #[arg(long, value_name = "PID", conflicts_with_all = ["container", "cgroup"])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=4_194_304))]
    pub(crate) pid: Vec<u32>,
    /// Docker's data folder, for names of containers; by default that of /etc/docker/daemon.json, or /var/lib/docker
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) docker_root: Vec<PathBuf>,
    /// containerd's state folder, for names of containers and pods; by default /run/containerd and those of k3s and Docker
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) containerd_state: Vec<PathBuf>,
    /// containerd's root folder, for images, labels and pods; by default /var/lib/containerd and those of k3s and Docker
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) containerd_root: Vec<PathBuf>,
    /// Podman's or CRI-O's storage folder; by default /var/lib/containers/storage and those in users' home folders
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) storage_root: Vec<PathBuf>,
    /// Socket of Docker's daemon or of Podman's service, asked for containers that no folder has; by default /run/docker.sock
    /// and /run/podman/podman.sock
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    pub(crate) docker_socket: Vec<PathBuf>,
    /// How much of each buffer that a call reads or writes is kept
    #[arg(long, value_name = "BYTES", default_value_t = 80, value_parser = clap::value_parser!(u32).range(0..=60_928))]
    pub(crate) snaplen: u32,
    /// Size of the ring between the kernel and the recorder: a power of two, at least 64K
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_ring_size)]
    pub(crate) ring_size: u32,
    /// Run this command and record exactly it and what it starts, from its first instruction
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["pid", "container", "cgroup"])]
    pub(crate) command: Vec<std::ffi::OsString>,
}

#[cfg(feature = "record")]
const RECORD_EXAMPLES: &str = "\
Examples:
  sysreel record -o host.reel --duration 5m                    the whole host, five minutes
  sysreel record -o web.reel --container web --max-size 200M   one container
  sysreel record -o web.reel --container nginx:1.21            all that run of an image
  sysreel record -o build.reel --events all,-clock_gettime -- make
  sysreel record -o - -- ./installer.sh | sysreel replay -     straight into the rules";

/// Run rules over captures and print the alerts
///
/// Several captures are read as one, in order of time. Same captures and rules, same alerts in the same order, whatever
/// the number of threads.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES)]
pub(crate) struct ReplayArgs {
    /// Captures to read; `-` is standard input
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<PathBuf>,
    /// Rule files in Falco's format, or folders of them, read in the order given; without any, the built-in rules
    #[arg(short, long, value_name = "RULES.yaml", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) silence: SilenceArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) range: RangeArgs,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) matching: MatchingArgs,
    /// Exit with status 1 if there is an alert of this priority or a worse one
    #[arg(long, value_name = "P", value_parser = parse_priority)]
    pub(crate) fail_on: Option<Priority>,
    /// Run again whenever a rule file changes, until Ctrl-C; for writing rules against a capture
    ///
    /// Also when a file comes into a folder of rules or leaves it. Rules that have mistakes are told, and nothing is run
    /// until they change. Captures are read anew each time.
    #[arg(long, conflicts_with = "fail_on")]
    pub(crate) watch: bool,
    /// Print on standard error what each rule cost, where the time went, and what of the captures was not even read
    ///
    /// For each rule the rows it looked at, those it matched and the time; time by stage, added up over all threads;
    /// which blocks were passed over and why, and how many tables, columns and bytes of the others were read. JSON has
    /// that for each block.
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub(crate) profile: Option<ProfileForm>,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    #[command(flatten)]
    pub(crate) summary: SummaryArgs,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  sysreel replay host.reel                                     built-in rules, text alerts
  sysreel replay a.reel b.reel -r falco_rules.yaml -o json     upstream rules, JSON lines
  sysreel replay host.reel --format time,container-id,container-name,user
  sysreel replay host.reel -o table --format time,rule,process,FILE:fd.name
  sysreel replay host.reel --from 14:05:00 --to 14:06:00 --min-priority warning
  sysreel replay host.reel -r my_rules.yaml --watch            again after each change of the rules
  sysreel replay ci.reel -r team_rules.yaml --fail-on error    exit status 1 if a rule of that weight fired";

/// Print the events of a capture, or the kinds of event there are
///
/// Every event, or those for which CONDITION holds: a condition as rules have it, macros and lists aside.
///
/// With --list no capture is read: words in its place are parts of the names that are wanted.
#[derive(Debug, Args)]
#[command(after_help = EVENTS_EXAMPLES)]
pub(crate) struct EventsArgs {
    /// Capture to read; `-` is standard input
    #[arg(value_name = "CAPTURE", value_hint = ValueHint::FilePath, required_unless_present = "list")]
    pub(crate) capture: Option<PathBuf>,
    /// Only events for which this holds
    #[arg(value_name = "CONDITION")]
    pub(crate) condition: Option<String>,
    /// List the kinds of event, with number, category and parameters
    #[arg(long, conflicts_with = "text")]
    pub(crate) list: bool,
    /// Form of the output; by default text, or a table for --list
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub(crate) output: Option<EventsForm>,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
    #[command(flatten)]
    pub(crate) range: RangeArgs,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    #[command(flatten)]
    pub(crate) summary: SummaryArgs,
}

const EVENTS_EXAMPLES: &str = "\
Examples:
  sysreel events host.reel
  sysreel events host.reel 'evt.type = execve and container.id != host'
  sysreel events host.reel 'fd.name startswith /etc' --format '%evt.time %proc.name %evt.type %fd.name'
  sysreel events host.reel 'evt.type = connect' -o csv --format time,process,pid,ADDRESS:fd.name
  sysreel events --list                                        every kind of event and its parameters
  sysreel events --list 'open*' -o json                        those that begin so";

/// Say what is in a capture: where and when, events by kind, containers, pods, losses
#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
pub(crate) struct InfoArgs {
    /// Capture to describe; `-` is standard input
    #[arg(value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) capture: PathBuf,
    /// Also read every byte and check the capture's chain of hashes
    #[arg(long)]
    pub(crate) verify: bool,
    /// Text for people or JSON for programs
    #[arg(short, long, value_enum, default_value_t = InfoFormat::Text, value_name = "FORMAT")]
    pub(crate) output: InfoFormat,
}

const INFO_EXAMPLES: &str = "\
Examples:
  sysreel info host.reel
  sysreel info host.reel --verify
  sysreel info host.reel -o json";

/// How alerts and events are printed.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Form of the output; by default text, or a table for alerts on a terminal without --format
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub(crate) output: Option<OutputForm>,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What alerts and events are printed with.
#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// What is printed: a list of columns or a text with %fields
    ///
    /// A list of columns: the aliases time, container-id, container-name, image, user, rule, priority, message,
    /// process, pid, command, file, pod, namespace, host, any field name, or HEADER:field. With the text form, each
    /// alert is one line of exactly those values with commas between them.
    ///
    /// Or a text in Falco's way: '%evt.time %container.name %proc.cmdline'.
    #[arg(long = "format", value_name = "F")]
    pub(crate) text: Option<String>,
}

/// Which part of a capture.
#[derive(Debug, Args)]
pub(crate) struct RangeArgs {
    /// Only events at or after this time: RFC 3339, HH:MM:SS (on the day the capture starts), or +10s after its start
    #[arg(long, value_name = "T", value_parser = TimePoint::parse, allow_hyphen_values = true)]
    pub(crate) from: Option<TimePoint>,
    /// Only events before or at this time; the same forms
    #[arg(long, value_name = "T", value_parser = TimePoint::parse, allow_hyphen_values = true)]
    pub(crate) to: Option<TimePoint>,
}

/// How many threads.
#[derive(Debug, Args)]
pub(crate) struct ThreadArgs {
    /// Threads that evaluate; by default one per processor
    #[arg(short = 'j', long, value_name = "THREADS", value_parser = parse_threads)]
    pub(crate) threads: Option<usize>,
}

/// Whether a summary follows.
#[derive(Debug, Args)]
pub(crate) struct SummaryArgs {
    /// Print a summary on standard error even if that is not a terminal
    #[arg(long, overrides_with = "no_summary")]
    pub(crate) summary: bool,
    /// Print no summary
    #[arg(long, overrides_with = "summary")]
    pub(crate) no_summary: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of alerts and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputForm {
    /// A line each, as Falco and sysdig print them
    Text,
    /// A table that fits the terminal
    Table,
    /// A JSON object per line, with Falco's keys
    Json,
    /// Comma-separated values with a header line
    Csv,
}

/// The form of what `events` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventsForm {
    /// A line each, as sysdig prints them
    Text,
    /// A table that fits the terminal
    Table,
    /// A JSON object per event; one array for --list
    Json,
    /// Comma-separated values with a header line
    Csv,
    /// A table for documents, for --list
    Markdown,
}

/// The form of `--profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileForm {
    /// Tables
    Text,
    /// One JSON object
    Json,
}

/// The form of `info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InfoFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

fn parse_priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| {
        let names: Vec<String> = Priority::ALL.iter().map(|priority| priority.name().to_ascii_lowercase()).collect();
        format!("not a priority; there are {}", names.join(", "))
    })
}

fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(threads @ 1..=1024) => Ok(threads),
        Ok(_) | Err(_) => Err("a number from 1 to 1024 is wanted".to_owned()),
    }
}

#[cfg(feature = "record")]
/// Reads `200M`: a whole number of bytes, or of KiB, MiB, GiB, TiB with K, M, G, T (also KiB, KB and so on).
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| "a size such as 500K, 200M or 1G is wanted".to_owned())?;
    let unit = unit.trim().to_ascii_lowercase();
    let shift = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit) {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(format!("unknown unit `{unit}`; K, M, G or T are wanted")),
    };
    match number.checked_mul(1 << shift) {
        Some(0) => Err("a size above zero is wanted".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("too large".to_owned()),
    }
}

#[cfg(feature = "record")]
fn parse_ring_size(text: &str) -> Result<u32, String> {
    let bytes = parse_size(text)?;
    match u32::try_from(bytes) {
        Ok(size) if size.is_power_of_two() && (1 << 16..=1 << 30).contains(&size) => Ok(size),
        Ok(_) | Err(_) => Err("a power of two from 64K to 1G is wanted".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[cfg(feature = "record")]
    #[test]
    fn sizes_have_units_of_1024() {
        assert_eq!(parse_size("4096"), Ok(4096));
        assert_eq!(parse_size("200M"), Ok(200 << 20));
        assert_eq!(parse_size("1G"), Ok(1 << 30));
        assert_eq!(parse_size("3 KiB"), Ok(3 << 10));
        assert!(parse_size("").is_err());
        assert!(parse_size("M").is_err());
        assert!(parse_size("0").is_err());
        assert!(parse_size("1.5G").is_err());
        assert!(parse_size("99999999999T").is_err());
    }

    #[cfg(feature = "record")]
    #[test]
    fn snaplen_goes_up_to_what_a_record_holds() {
        let most = sysreel::capture::live::SNAPLEN_MAX.to_string();
        let typed = |snaplen: &str| Cli::try_parse_from(["sysreel", "record", "-o", "x", "--snaplen", snaplen]).is_ok();
        assert!(typed(&most));
        assert!(!typed(&format!("{most}0")));
    }

    #[cfg(feature = "record")]
    #[test]
    fn ring_sizes_are_powers_of_two() {
        assert_eq!(parse_ring_size("8M"), Ok(8 << 20));
        assert!(parse_ring_size("3M").is_err());
        assert!(parse_ring_size("4K").is_err());
        assert!(parse_ring_size("8G").is_err());
    }

    #[cfg(feature = "record")]
    #[test]
    fn a_command_follows_two_dashes_and_excludes_other_scopes() {
        let cli = Cli::try_parse_from(["sysreel", "record", "-o", "x.reel", "--", "ls", "-l"]).unwrap();
        let Command::Record(args) = cli.command else { panic!("record was typed") };
        assert_eq!(args.command, ["ls", "-l"]);
        assert!(Cli::try_parse_from(["sysreel", "record", "-o", "x", "--pid", "1", "--", "ls"]).is_err());
    }

    #[test]
    fn the_last_of_summary_and_no_summary_holds() {
        let cli = Cli::try_parse_from(["sysreel", "replay", "x", "--summary", "--no-summary"]).unwrap();
        let Command::Replay(args) = cli.command else { panic!("replay was typed") };
        assert!(!args.summary.summary && args.summary.no_summary);
    }
}
