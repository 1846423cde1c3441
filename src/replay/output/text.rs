//! Alerts and events as lines of text.

use super::OutputFormat;
use super::message::write_template;
use crate::format::Damage;
use crate::format::dimension::ThreadColumn;
use crate::replay::eval::{Alert, AlertPrinter};
use crate::replay::fields::{Argument, FieldValue, Purpose, TimeStyle, clock, field_value, lookup, write_printable};

/// Alerts as Falco prints them: `15:04:05.123456789: Warning A shell was spawned`; or in a format of the user's.
#[derive(Clone, Debug, Default)]
pub struct TextPrinter {
    /// The user's format.
    pub format: Option<OutputFormat>,
}

impl AlertPrinter for TextPrinter {
    fn print(&self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        match &self.format {
            None => {
                write_prefix(alert, out)?;
                write_template(&alert.rule.output, &alert.event, out)?;
                out.push(b'\n');
            }
            Some(OutputFormat::Template(template)) => {
                write_template(template, &alert.event, out)?;
                out.push(b'\n');
            }
            Some(OutputFormat::Columns(columns)) => columns.write_line(alert, out)?,
        }
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
    fn print(&self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
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
        for name in ["evt.type", "evt.info"] {
            let Some(field) = lookup(name) else { continue };
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
