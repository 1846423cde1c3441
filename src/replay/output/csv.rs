//! Alerts as CSV.

use super::Columns;
use crate::format::Damage;
use crate::replay::eval::{Alert, AlertPrinter};

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

    fn print(&self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        self.columns.write_line(alert, out)
    }
}
