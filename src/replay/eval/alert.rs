//! Alerts, and what writes them.

use crate::format::Damage;
use crate::replay::compile::RuleHead;
use crate::replay::fields::EventRow;

/// An event that a rule matched, as printers see it.
#[derive(Clone, Copy)]
pub struct Alert<'v, 'b> {
    /// The rule.
    pub rule: &'v RuleHead,
    /// The event.
    pub event: EventRow<'v, 'b>,
    /// How many events the recording lost while the alert's block was made: what led to it may be among them.
    pub lost_events: u64,
}

/// Writes alerts as text.
pub trait AlertPrinter {
    /// What stands before the first alert: a heading, or nothing.
    fn print_heading(&self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// What writes the alerts of one block.
    fn for_block(&self) -> Box<dyn BlockPrinter + '_>;
}

/// Writes the alerts of one block, and may remember what rows of its tables look like.
pub trait BlockPrinter {
    /// Appends an alert, with its line end.
    ///
    /// # Errors
    /// A column that is printed cannot be read.
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage>;
}
