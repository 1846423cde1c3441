//! Alerts and events as lines of text.

use super::OutputFormat;
use super::columns::CellStyle;
use super::csv::Lines;
use super::message::{fit, write_template};
use super::sheet::FieldSheet;
use crate::format::Damage;
use crate::format::dimension::ThreadColumn;
use crate::replay::eval::{Alert, AlertPrinter, BlockPrinter};
use crate::replay::fields::{
    Argument, Field, FieldValue, Purpose, TimeStyle, clock, field_value, lookup, write_printable,
};
use crate::replay::rules::{Template, TemplatePart};

/// Alerts as Falco prints them: `15:04:05.123456789: Warning A shell was spawned`; or in a format of the user's.
#[derive(Clone, Debug, Default)]
pub struct TextPrinter {
    /// The user's format.
    pub format: Option<OutputFormat>,
}

impl AlertPrinter for TextPrinter {
    fn for_block(&self) -> Box<dyn BlockPrinter + '_> {
        match &self.format {
            None => Box::new(FalcoLines),
            Some(OutputFormat::Template(template)) => Box::new(TemplateLines::new(template)),
            Some(OutputFormat::Columns(columns)) => Box::new(Lines(columns.sheet(CellStyle::Csv))),
        }
    }
}

/// Time, priority and the rule's output.
struct FalcoLines;

impl BlockPrinter for FalcoLines {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        write_prefix(alert, out)?;
        write_template(&alert.rule.output, &alert.event, out)?;
        out.push(b'\n');
        Ok(())
    }
}

/// A text of the user's with values in it.
struct TemplateLines<'t>(Vec<LinePart<'t>>);

enum LinePart<'t> {
    Text(&'t str),
    /// With the width that its value is fitted to.
    Field(FieldSheet<'t>, Option<usize>),
}

impl<'t> TemplateLines<'t> {
    fn new(template: &'t Template) -> TemplateLines<'t> {
        let parts = template.parts.iter().map(|part| match part {
            TemplatePart::Text(text) => LinePart::Text(text),
            TemplatePart::Field { expr, width, .. } => LinePart::Field(FieldSheet::new(expr, CellStyle::Text), *width),
        });
        TemplateLines(parts.collect())
    }
}

impl BlockPrinter for TemplateLines<'_> {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        for part in &mut self.0 {
            match part {
                LinePart::Text(text) => out.extend_from_slice(text.as_bytes()),
                LinePart::Field(sheet, width) => {
                    let start = out.len();
                    sheet.write(&alert.event, out)?;
                    fit(out, start, *width);
                }
            }
        }
        out.push(b'\n');
        Ok(())
    }
}

/// Appends time and priority, as they stand before an alert's message.
pub(super) fn write_prefix(alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
    clock::write_time(TimeStyle::Clock, alert.event.ts_ns()?, out);
    out.extend_from_slice(b": ");
    out.extend_from_slice(alert.rule.priority.name().as_bytes());
    out.push(b' ');
    Ok(())
}

/// Events as sysdig prints them: `17 15:04:05.123456789 0 bash (4711) openat fd=3(<f>/etc/passwd) ...`; an event is a
/// whole call, so there is no direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventLinePrinter;

impl AlertPrinter for EventLinePrinter {
    fn for_block(&self) -> Box<dyn BlockPrinter + '_> {
        Box::new(EventLines { ends: ["evt.type", "evt.info"].map(lookup) })
    }
}

/// Lines as [`EventLinePrinter`] has them.
struct EventLines {
    /// The fields that a line ends with.
    ends: [Option<&'static Field>; 2],
}

impl BlockPrinter for EventLines {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        let event = &alert.event;
        FieldValue::uint(event.num()?).write_text(out);
        out.push(b' ');
        clock::write_time(TimeStyle::Clock, event.ts_ns()?, out);
        out.push(b' ');
        FieldValue::int(event.cpu()?).write_text(out);
        out.push(b' ');
        match event.thread()? {
            Some(thread) => {
                write_printable(event.view().thread_text(thread, ThreadColumn::Comm)?, out);
                out.extend_from_slice(b" (");
                FieldValue::int(event.view().thread_int(thread, ThreadColumn::Tid)?).write_text(out);
                out.push(b')');
            }
            None => out.extend_from_slice(b"<NA> (<NA>)"),
        }
        for field in self.ends.into_iter().flatten() {
            let at = out.len();
            out.push(b' ');
            field_value(field, Argument::None, event, Purpose::Print)?.write_text(out);
            if out.len() == at + 1 {
                out.pop();
            }
        }
        out.push(b'\n');
        Ok(())
    }
}
