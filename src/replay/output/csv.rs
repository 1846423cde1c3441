//! Alerts as CSV.

use super::Columns;
use super::columns::{CellStyle, ColumnsSheet};
use crate::format::Damage;
use crate::replay::eval::{Alert, AlertPrinter, BlockPrinter};

/// Alerts as CSV with a line of headings.
#[derive(Clone, Debug)]
pub struct CsvPrinter {
    /// The columns.
    pub columns: Columns,
}

impl AlertPrinter for CsvPrinter {
    fn print_heading(&self, out: &mut Vec<u8>) {
        self.columns.write_headings(out);
    }

    fn for_block(&self) -> Box<dyn BlockPrinter + '_> {
        Box::new(Lines(self.columns.sheet(CellStyle::Csv)))
    }
}

/// Lines of values with commas between.
pub(super) struct Lines<'c>(pub(super) ColumnsSheet<'c>);

impl BlockPrinter for Lines<'_> {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        self.0.write_line(alert, out)
    }
}
