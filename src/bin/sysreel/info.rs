//! `sysreel info`: what is in a capture.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::anyhow;
use comfy_table::Cell;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sysreel::format::schema::EventKind;
use sysreel::format::{CaptureHeader, Ending, Shortfall, Verdict, Verification, verify};

use crate::cli::{InfoArgs, InfoFormat};
use crate::exit::Exit;
use crate::facts::{ContainerFacts, Facts, PodName};
use crate::listing::print;
use crate::source::is_standard;
use crate::source::open_capture;
use crate::summary::describe_ending;
use crate::table::{Look, Target, bytes, count, new_table, number, printable, thousands};
use crate::terminal::Terminal;
use crate::time::{show_duration, show_time};

/// Runs the command.
pub(crate) fn run(args: &InfoArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    if args.verify && is_standard(&args.capture) {
        return Err(anyhow!("--verify reads the capture twice, so it needs a file"));
    }
    let mut reader = open_capture(&args.capture)?;
    if args.verify && !reader.has_chain() {
        return Err(anyhow!("--verify follows the hash chain of a .reel file, and {} has none", reader.file()));
    }
    let facts = Facts::collect(&mut reader);
    let verification = if args.verify { Some(verify(open_capture(&args.capture)?)) } else { None };
    let file_bytes = std::fs::metadata(&args.capture).ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());

    let report =
        Report { file: reader.file(), file_bytes, header: reader.header(), facts: &facts, verification: &verification };
    let text = match args.output {
        InfoFormat::Text => report.text(terminal),
        InfoFormat::Json => format!("{}\n", report.json()),
    };
    print(&text)?;

    for damage in &facts.damages {
        terminal.note(&format!("sysreel: {damage}"));
    }
    let problem = describe_ending(facts.ending.as_ref());
    if let Some(problem) = &problem {
        terminal.note(&format!("sysreel: {}: {problem}", reader.file()));
    }
    let verified = verification.as_ref().is_none_or(|verification| verification.verdict == Verdict::Intact);
    Ok(if facts.damages.is_empty() && problem.is_none() && verified { Exit::Done } else { Exit::Incomplete })
}

/// Everything that is told.
struct Report<'a> {
    file: &'a str,
    file_bytes: Option<u64>,
    header: &'a CaptureHeader,
    facts: &'a Facts,
    verification: &'a Option<Verification>,
}

impl Report<'_> {
    fn text(&self, terminal: &Terminal) -> String {
        let zone = TimeZone::system();
        let (header, facts) = (self.header, self.facts);
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<10} {value}");
        };
        let size = self.file_bytes.map_or(String::new(), |size| format!("{}, ", bytes(size)));
        line("capture", format!("{} ({size}format {})", self.file, header.version));
        line("recorded", format!("{} by {}", show_time(header.started_ns, &zone), or_unknown(&header.recorder)));
        line(
            "host",
            format!(
                "{}, Linux {} {}, {} processors, boot {}",
                or_unknown(&header.host_name),
                or_unknown(&header.kernel_release),
                header.arch,
                header.cpus,
                or_unknown(&header.boot_id),
            ),
        );
        for (name, value) in &header.options {
            line("option", format!("{name} = {}", printable(value)));
        }
        for note in &header.notes {
            line("note", printable(note));
        }
        line("events", format!("{} in {}{}", thousands(facts.events), count(facts.blocks, "block"), self.density()));
        if let Some((first, last)) = facts.time_range {
            line("from", show_time(first, &zone));
            let length = Duration::from_nanos(last.saturating_sub(first));
            line("to", format!("{} ({})", show_time(last, &zone), show_duration(length)));
        }
        line("drops", if facts.lost() == 0 { "none".to_owned() } else { thousands(facts.lost()) });
        for (number, count) in &facts.shortfalls {
            line("lacking", format!("{}, {}", describe_shortfall(*number), times(*count)));
        }
        let ending = describe_ending(facts.ending.as_ref()).unwrap_or_else(|| "complete".to_owned());
        line("end", ending);
        if let Some(verification) = self.verification {
            line("verify", verification.verdict.word().to_owned());
            if let Some(link) = &verification.chain_end {
                line("chain end", hex(link));
            }
            for finding in &verification.findings {
                line("", finding.to_string());
            }
        }
        let tables = [
            self.kinds_table(terminal),
            self.losses_table(terminal),
            self.containers_table(terminal),
            self.pods_table(terminal),
        ];
        for table in tables.into_iter().flatten() {
            text.push('\n');
            text.push_str(&table);
        }
        text
    }

    fn density(&self) -> String {
        match (self.file_bytes, self.facts.events) {
            (Some(size), events @ 1..) => {
                let hundredths = u128::from(size) * 100 / u128::from(events);
                format!(", {}.{:02} bytes per event", hundredths / 100, hundredths % 100)
            }
            (None, _) | (_, 0) => String::new(),
        }
    }

    fn kinds_table(&self, terminal: &Terminal) -> Option<String> {
        let mut kinds: Vec<(&str, u64)> = self.facts.kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
        kinds.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        draw(
            &["EVENTS", "KIND"],
            terminal,
            kinds.into_iter().map(|(name, count)| vec![number(thousands(count)), Cell::new(name)]),
        )
    }

    fn losses_table(&self, terminal: &Terminal) -> Option<String> {
        let zone = TimeZone::system();
        draw(
            &["LOST", "KIND", "FIRST", "LAST"],
            terminal,
            self.facts.losses.iter().map(|(kind, loss)| {
                vec![
                    number(thousands(loss.count)),
                    Cell::new(kind_name(*kind)),
                    Cell::new(show_time(loss.first_ts_ns, &zone)),
                    Cell::new(show_time(loss.last_ts_ns, &zone)),
                ]
            }),
        )
    }

    fn containers_table(&self, terminal: &Terminal) -> Option<String> {
        let zone = TimeZone::system();
        let heads = ["CONTAINER", "NAME", "IMAGE", "POD", "EVENTS", "FIRST", "LAST"];
        draw(
            &heads,
            terminal,
            by_first_event(self.facts).into_iter().map(|container| {
                vec![
                    Cell::new(shown(&container.id)),
                    Cell::new(shown(&container.name)),
                    Cell::new(shown(&container.image)),
                    Cell::new(shown_pod(&container.pod)),
                    number(thousands(container.events)),
                    Cell::new(show_time(container.first_ts_ns, &zone)),
                    Cell::new(show_time(container.last_ts_ns, &zone)),
                ]
            }),
        )
    }

    fn pods_table(&self, terminal: &Terminal) -> Option<String> {
        let zone = TimeZone::system();
        let heads = ["POD", "UID", "CONTAINERS", "EVENTS", "FIRST", "LAST"];
        draw(
            &heads,
            terminal,
            self.facts.pods().into_iter().map(|pod| {
                vec![
                    Cell::new(shown_pod(pod.name)),
                    Cell::new(shown(&pod.name.uid)),
                    number(thousands(pod.containers.len() as u64)),
                    number(thousands(pod.events)),
                    Cell::new(show_time(pod.first_ts_ns, &zone)),
                    Cell::new(show_time(pod.last_ts_ns, &zone)),
                ]
            }),
        )
    }

    fn json(&self) -> Value {
        let (header, facts) = (self.header, self.facts);
        let options: Vec<Value> =
            header.options.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let kinds: serde_json::Map<String, Value> =
            facts.kinds.iter().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect();
        let losses = facts.losses.iter().map(|(kind, loss)| {
            json!({
                "kind": kind.map(EventKind::name),
                "count": loss.count,
                "first_ns": loss.first_ts_ns,
                "last_ns": loss.last_ts_ns,
            })
        });
        let shortfalls: serde_json::Map<String, Value> =
            facts.shortfalls.iter().map(|(number, count)| (shortfall_key(*number), json!(count))).collect();
        let containers = by_first_event(facts).into_iter().map(|container| {
            json!({
                "id": lossy(&container.id),
                "full_id": known(&container.full_id),
                "name": known(&container.name),
                "image": known(&container.image),
                "pod": known(&container.pod.name),
                "pod_namespace": known(&container.pod.namespace),
                "events": container.events,
                "first_ns": container.first_ts_ns,
                "last_ns": container.last_ts_ns,
            })
        });
        let pods = facts.pods().into_iter().map(|pod| {
            json!({
                "name": lossy(&pod.name.name),
                "namespace": known(&pod.name.namespace),
                "uid": known(&pod.name.uid),
                "containers": pod.containers.iter().map(|id| lossy(id)).collect::<Vec<_>>(),
                "events": pod.events,
                "first_ns": pod.first_ts_ns,
                "last_ns": pod.last_ts_ns,
            })
        });
        let damages = facts
            .damages
            .iter()
            .map(|damage| json!({"offset": damage.offset, "block": damage.block, "what": damage.what}));
        let verification = self.verification.as_ref();
        json!({
            "file": self.file,
            "bytes": self.file_bytes,
            "version": header.version,
            "recorder": header.recorder,
            "host": header.host_name,
            "kernel": header.kernel_release,
            "arch": header.arch,
            "boot_id": header.boot_id,
            "cpus": header.cpus,
            "started_ns": header.started_ns,
            "options": options,
            "notes": header.notes,
            "blocks": facts.blocks,
            "events": facts.events,
            "first_ns": facts.time_range.map(|(first, _)| first),
            "last_ns": facts.time_range.map(|(_, last)| last),
            "kinds": kinds,
            "lost": facts.lost(),
            "losses": losses.collect::<Vec<_>>(),
            "shortfalls": shortfalls,
            "containers": containers.collect::<Vec<_>>(),
            "pods": pods.collect::<Vec<_>>(),
            "complete": matches!(facts.ending, Some(Ending::Complete(_))),
            "damages": damages.collect::<Vec<_>>(),
            "verify": verification.map(|verification| verification.verdict.word()),
            "chain_end": verification.and_then(|verification| verification.chain_end.as_ref()).map(hex),
        })
    }
}

fn by_first_event(facts: &Facts) -> Vec<&ContainerFacts> {
    let mut containers: Vec<_> = facts.containers.values().collect();
    containers.sort_by_key(|container| (container.first_ts_ns, &container.id));
    containers
}

fn draw(heads: &[&str], terminal: &Terminal, rows: impl Iterator<Item = Vec<Cell>>) -> Option<String> {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let mut table = new_table(&heads, Look::Plain, Target::Stdout, terminal.color_stdout);
    table.add_rows(rows);
    if table.is_empty() {
        return None;
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Some(text)
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", thousands(count)) }
}

fn shortfall_of(number: u16) -> Option<Shortfall> {
    Shortfall::ALL.iter().copied().find(|shortfall| *shortfall as u16 == number)
}

fn describe_shortfall(number: u16) -> String {
    match shortfall_of(number) {
        Some(Shortfall::TruncatedArgument) => "an argument was longer than what is recorded of one".to_owned(),
        Some(Shortfall::UnreadablePointer) => "memory that an argument points to could not be read".to_owned(),
        Some(Shortfall::UnknownThread) => "nothing was known of the thread".to_owned(),
        Some(Shortfall::UnknownDescriptor) => "nothing was known of the descriptor".to_owned(),
        None => format!("what a newer version calls number {number}"),
    }
}

fn shortfall_key(number: u16) -> String {
    match shortfall_of(number) {
        Some(Shortfall::TruncatedArgument) => "truncated_argument".to_owned(),
        Some(Shortfall::UnreadablePointer) => "unreadable_pointer".to_owned(),
        Some(Shortfall::UnknownThread) => "unknown_thread".to_owned(),
        Some(Shortfall::UnknownDescriptor) => "unknown_descriptor".to_owned(),
        None => number.to_string(),
    }
}

fn kind_name(kind: Option<EventKind>) -> &'static str {
    kind.map_or("unknown", EventKind::name)
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".to_owned() } else { printable(text) }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Text for a table's cell.
fn shown(text: &[u8]) -> String {
    printable(&lossy(text))
}

/// `NAMESPACE/NAME`.
fn shown_pod(pod: &PodName) -> String {
    if pod.namespace.is_empty() { shown(&pod.name) } else { format!("{}/{}", shown(&pod.namespace), shown(&pod.name)) }
}

/// Text for JSON, `null` where nothing is known.
fn known(text: &[u8]) -> Option<String> {
    if text.is_empty() { None } else { Some(lossy(text)) }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
