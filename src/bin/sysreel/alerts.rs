//! Alerts and events on their way to standard output, in the form that was asked for.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use comfy_table::Table;
use jiff::tz::TimeZone;
use sysreel::format::Reader;
use sysreel::replay::compile::Program;
use sysreel::replay::eval::{AlertPrinter, ReplayError, ReplayOptions, ReplaySummary, replay, replay_each};
use sysreel::replay::output::{
    Columns, CsvPrinter, EventLinePrinter, FORMAT_FILE, JsonPrinter, OutputFormat, TextPrinter,
};
use sysreel::replay::rules::RuleFile;

use crate::cli::{FormatArgs, OutputForm, RangeArgs};
use crate::named_output::standard_output;
use crate::ruleset::print_diagnostics;
use crate::source::{is_standard, open_capture};
use crate::table::{Look, Target, new_table, printable};
use crate::terminal::Terminal;

/// So many rows of a table are laid out together; then a new table begins, so that memory stays bounded.
const TABLE_ROWS: usize = 10_000;

/// Bytes collected before they are written.
const OUTPUT_BUFFER: usize = 1 << 16;

/// What is printed: alerts of rules or plain events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subject {
    /// Alerts.
    Alerts,
    /// Events.
    Events,
}

/// The form of the output, checked.
#[derive(Debug)]
pub(crate) enum Output {
    /// A line each.
    Lines(LinePrinter),
    /// Rows of a table.
    Table(Columns),
}

/// The printers of lines.
#[derive(Debug)]
pub(crate) enum LinePrinter {
    /// Alerts as Falco prints them, or anything in a format of the user's.
    Text(TextPrinter),
    /// Events as sysdig prints them.
    EventLine(EventLinePrinter),
    /// JSON objects.
    Json(JsonPrinter),
    /// Comma-separated values.
    Csv(CsvPrinter),
}

impl LinePrinter {
    fn as_printer(&self) -> &(dyn AlertPrinter + Sync) {
        match self {
            LinePrinter::Text(printer) => printer,
            LinePrinter::EventLine(printer) => printer,
            LinePrinter::Json(printer) => printer,
            LinePrinter::Csv(printer) => printer,
        }
    }
}

impl Output {
    /// What `-o` and `--format` ask for; `None` if the format has mistakes, which were printed then.
    pub(crate) fn choose(
        form: Option<OutputForm>,
        format: &FormatArgs,
        subject: Subject,
        terminal: &Terminal,
    ) -> anyhow::Result<Option<Output>> {
        let format = match &format.text {
            None => None,
            Some(text) => match OutputFormat::parse(text) {
                Ok(format) => Some(format),
                Err(diagnostics) => {
                    print_diagnostics(&diagnostics, &[RuleFile::new(FORMAT_FILE, text.clone())], terminal);
                    return Ok(None);
                }
            },
        };
        let form = form.unwrap_or(match subject {
            Subject::Alerts if terminal.stdout_is_terminal && format.is_none() => OutputForm::Table,
            Subject::Alerts | Subject::Events => OutputForm::Text,
        });
        let printer = match (form, format) {
            (OutputForm::Table | OutputForm::Csv, Some(OutputFormat::Template(_))) => {
                return Err(anyhow!(
                    "a table and CSV have columns: give --format a list (time,rule,USER:user.name), not a text"
                ));
            }
            (OutputForm::Text, None) if subject == Subject::Events => LinePrinter::EventLine(EventLinePrinter),
            (OutputForm::Text, format) => LinePrinter::Text(TextPrinter { format }),
            (OutputForm::Json, None) if subject == Subject::Events => {
                LinePrinter::Json(JsonPrinter { format: Some(OutputFormat::Columns(known(Columns::EVENTS))) })
            }
            (OutputForm::Json, format) => LinePrinter::Json(JsonPrinter { format }),
            (OutputForm::Csv, format) => {
                LinePrinter::Csv(CsvPrinter { columns: columns_or(format, subject, Columns::ALERT_CSV) })
            }
            (OutputForm::Table, format) => {
                return Ok(Some(Output::Table(columns_or(format, subject, Columns::ALERT_TABLE))));
            }
        };
        Ok(Some(Output::Lines(printer)))
    }
}

fn columns_or(format: Option<OutputFormat>, subject: Subject, of_alerts: &str) -> Columns {
    match (format, subject) {
        (Some(OutputFormat::Columns(columns)), _) => columns,
        (None | Some(OutputFormat::Template(_)), Subject::Alerts) => known(of_alerts),
        (None | Some(OutputFormat::Template(_)), Subject::Events) => known(Columns::EVENTS),
    }
}

fn known(columns: &str) -> Columns {
    Columns::parse(columns).expect("the library's own columns are known to it")
}

/// Captures that could be opened.
pub(crate) struct Captures {
    /// In the order given.
    pub(crate) readers: Vec<Reader>,
    /// How many could not be opened; each was said on standard error.
    pub(crate) unopened: usize,
}

/// Opens captures, `-` for standard input.
pub(crate) fn open_captures(paths: &[PathBuf], terminal: &Terminal) -> anyhow::Result<Captures> {
    if paths.iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(anyhow!("`-` is standard input and can be read only once"));
    }
    let mut captures = Captures { readers: Vec::with_capacity(paths.len()), unopened: 0 };
    for path in paths {
        match open_capture(path) {
            Ok(reader) => captures.readers.push(reader),
            Err(error) => {
                captures.unopened += 1;
                terminal.note(&format!("sysreel: {error}"));
            }
        }
    }
    Ok(captures)
}

/// Turns `--from` and `--to` into times, of the capture that starts first.
pub(crate) fn set_range(options: &mut ReplayOptions, range: &RangeArgs, readers: &[Reader]) -> anyhow::Result<()> {
    let start_ns = readers.iter().map(|reader| reader.header().started_ns).min().unwrap_or(0);
    let resolve = |point: &Option<crate::time::TimePoint>, name: &str| match point {
        None => Ok(None),
        Some(point) => match point.resolve(start_ns, &TimeZone::system()) {
            Some(ts_ns) => Ok(Some(ts_ns)),
            None => Err(anyhow!("{name}: this time is before 1970 or too far ahead")),
        },
    };
    options.from_ns = resolve(&range.from, "--from")?;
    options.to_ns = resolve(&range.to, "--to")?;
    if let (Some(from_ns), Some(to_ns)) = (options.from_ns, options.to_ns)
        && from_ns > to_ns
    {
        return Err(anyhow!("--from is after --to"));
    }
    Ok(())
}

/// Evaluates captures and prints what is found on standard output.
pub(crate) fn print(
    readers: Vec<Reader>,
    program: &Program,
    options: &ReplayOptions,
    output: &Output,
    terminal: &Terminal,
) -> anyhow::Result<ReplaySummary> {
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, standard_output());
    let summary = match output {
        Output::Lines(printer) => replay(readers, program, options, printer.as_printer(), &mut out)?,
        Output::Table(columns) => print_table(readers, program, options, columns, terminal, &mut out)?,
    };
    out.flush()?;
    Ok(summary)
}

fn print_table(
    readers: Vec<Reader>,
    program: &Program,
    options: &ReplayOptions,
    columns: &Columns,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Result<ReplaySummary, ReplayError> {
    let heads: Vec<String> = columns.headings().into_iter().map(str::to_owned).collect();
    let fresh = || new_table(&heads, Look::Ruled, Target::Stdout, terminal.color_stdout);
    let mut table = fresh();
    let summary = replay_each(readers, program, options, &|alert| columns.row(alert), &mut |row: Vec<String>| {
        table.add_row(row.iter().map(|value| printable(value)));
        if table.row_count() >= TABLE_ROWS {
            write_table(&std::mem::replace(&mut table, fresh()), out)?;
        }
        Ok(())
    })?;
    if !table.is_empty() {
        write_table(&table, out).map_err(ReplayError::Output)?;
    }
    Ok(summary)
}

fn write_table(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    // comfy-table fills the last column with blanks; nobody wants them in a file
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
