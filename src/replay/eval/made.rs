//! Values that have to be made of several columns, kept while a kind's events are under question: rules ask many things
//! of the same argument.

use crate::format::Damage;
use crate::replay::compile::Matcher;
use crate::replay::fields::FieldValue;

/// The values of one field, by row of the kind's table.
#[derive(Debug, Default)]
pub(super) struct MadeValues {
    cells: Vec<Cell>,
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    NotMade,
    Missing,
    /// A part of the text.
    Text {
        start: usize,
        end: usize,
    },
    /// Nothing that is kept: it is made again for each comparison.
    Other,
}

impl MadeValues {
    /// Whether a comparison holds for a row's value, which is made if that is its first.
    pub(super) fn hold<'b>(
        &mut self,
        matcher: &Matcher,
        row: usize,
        make: impl FnOnce() -> Result<FieldValue<'b>, Damage>,
    ) -> Result<bool, Damage> {
        match self.cells.get(row).copied().unwrap_or(Cell::NotMade) {
            Cell::Missing => Ok(matcher.holds(&FieldValue::Missing)),
            Cell::Text { start, end } => {
                Ok(matcher.holds(&FieldValue::text(self.text.get(start..end).unwrap_or_default())))
            }
            Cell::Other => Ok(matcher.holds(&make()?)),
            Cell::NotMade => {
                let value = make()?;
                self.keep(row, &value);
                Ok(matcher.holds(&value))
            }
        }
    }

    fn keep(&mut self, row: usize, value: &FieldValue<'_>) {
        if self.cells.len() <= row {
            self.cells.resize(row + 1, Cell::NotMade);
        }
        let cell = match value {
            FieldValue::Missing => Cell::Missing,
            FieldValue::Text(text) => {
                let start = self.text.len();
                self.text.extend_from_slice(text);
                Cell::Text { start, end: self.text.len() }
            }
            _ => Cell::Other,
        };
        if let Some(slot) = self.cells.get_mut(row) {
            *slot = cell;
        }
    }
}
