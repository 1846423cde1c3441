//! Values of one block's events as text: what depends on a row of the thread or descriptor table, or on the kind alone,
//! is written once and copied from then on.

use super::columns::CellStyle;
use crate::format::Damage;
use crate::format::schema::KIND_LIMIT;
use crate::replay::compile::{reads_of, value_of, value_of_kind};
use crate::replay::fields::{EventRow, FieldValue, Purpose, Reads};
use crate::replay::rules::FieldExpr;

/// What was written of one field, for the events of one block.
#[derive(Debug)]
pub(super) struct FieldSheet<'f> {
    field: &'f FieldExpr,
    style: CellStyle,
    kinds: Vec<OfKind>,
    /// By row of the table that the field reads.
    rows: Vec<Option<Written>>,
    text: Vec<u8>,
}

/// A part of the text.
#[derive(Clone, Copy, Debug)]
struct Written {
    start: usize,
    end: usize,
}

/// What a field is for a kind.
#[derive(Clone, Copy, Debug)]
enum OfKind {
    NotAsked,
    /// The same for all of its events.
    Same(Written),
    Differs,
}

impl<'f> FieldSheet<'f> {
    /// An empty sheet.
    pub(super) fn new(field: &'f FieldExpr, style: CellStyle) -> FieldSheet<'f> {
        FieldSheet { field, style, kinds: Vec::new(), rows: Vec::new(), text: Vec::new() }
    }

    /// Appends the field's value for an event. All events must be of one block.
    pub(super) fn write(&mut self, event: &EventRow<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        let row = match reads_of(self.field) {
            Reads::Kind | Reads::Row => return self.write_by_kind(event, out),
            Reads::Thread => event.thread()?,
            Reads::Fd => event.fd()?,
        };
        let Some(row) = row else { return self.write_value(event, out) };
        if let Some(Some(written)) = self.rows.get(row) {
            self.copy(*written, out);
            return Ok(());
        }
        let start = out.len();
        self.write_value(event, out)?;
        if self.rows.len() <= row {
            self.rows.resize(row + 1, None);
        }
        let written = self.keep(out, start);
        if let Some(slot) = self.rows.get_mut(row) {
            *slot = Some(written);
        }
        Ok(())
    }

    fn write_by_kind(&mut self, event: &EventRow<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        let kind = usize::from(event.kind().0);
        // The event that stands for a loss has none of its kind's parameters.
        if kind >= KIND_LIMIT || event.loss().is_some() {
            return self.write_value(event, out);
        }
        if self.kinds.is_empty() {
            self.kinds.resize(KIND_LIMIT, OfKind::NotAsked);
        }
        match self.kinds.get(kind) {
            Some(OfKind::Same(written)) => {
                self.copy(*written, out);
                Ok(())
            }
            Some(OfKind::Differs) | None => self.write_value(event, out),
            Some(OfKind::NotAsked) => {
                let start = out.len();
                let known = match event.info().and_then(|info| value_of_kind(self.field, info)) {
                    Some(value) => {
                        write_value(&value, self.style, out);
                        OfKind::Same(self.keep(out, start))
                    }
                    None => {
                        self.write_value(event, out)?;
                        OfKind::Differs
                    }
                };
                if let Some(slot) = self.kinds.get_mut(kind) {
                    *slot = known;
                }
                Ok(())
            }
        }
    }

    fn write_value(&self, event: &EventRow<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        write_value(&value_of(self.field, event, Purpose::Print)?, self.style, out);
        Ok(())
    }

    fn copy(&self, written: Written, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.get(written.start..written.end).unwrap_or_default());
    }

    /// Keeps what was written behind `start`.
    fn keep(&mut self, out: &[u8], start: usize) -> Written {
        let at = self.text.len();
        self.text.extend_from_slice(out.get(start..).unwrap_or_default());
        Written { start: at, end: self.text.len() }
    }
}

/// Appends a value as a style wants it.
pub(super) fn write_value(value: &FieldValue<'_>, style: CellStyle, out: &mut Vec<u8>) {
    match style {
        CellStyle::Text => value.write_text(out),
        CellStyle::Json => value.write_json(out),
        CellStyle::Csv => match value {
            // Digits and words never need quotes.
            FieldValue::Int(_) | FieldValue::UInt(_) | FieldValue::Bool(_) | FieldValue::Missing => {
                value.write_text(out);
            }
            _ => {
                let start = out.len();
                value.write_text(out);
                quote_cell(out, start);
            }
        },
    }
}

/// Puts what stands behind `start` into quotes if a reader of CSV would take it apart otherwise.
pub(super) fn quote_cell(out: &mut Vec<u8>, start: usize) {
    let cell = out.get(start..).unwrap_or_default();
    if memchr::memchr3(b',', b'"', b'\n', cell).is_none() && !cell.contains(&b'\r') {
        return;
    }
    let cell = out.split_off(start);
    out.push(b'"');
    for byte in cell {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
