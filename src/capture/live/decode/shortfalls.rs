//! What an event lacks because the kernel side could not read it or had no room for it.

use super::super::wire::Blob;
use crate::format::Shortfall;

/// What one event lacks. Only what its parameters are made of counts: a number that was fetched as if it were a
/// pointer, because the kernel side does not know which it is, is no pointer that could not be read. Data that ends at
/// the recording's snaplen lacks nothing either: that was asked for, and the event has its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shortfalls {
    /// An argument was longer than what is recorded of one.
    pub truncated: bool,
    /// A pointer could not be read, or not to its end.
    pub unreadable: bool,
}

impl Shortfalls {
    /// The same, and what this blob lacks.
    pub(super) fn with(self, blob: &Blob<'_>) -> Shortfalls {
        Shortfalls { truncated: self.truncated || blob.truncated, unreadable: self.unreadable || blob.fault }
    }

    /// Every sort that there is.
    pub fn iter(self) -> impl Iterator<Item = Shortfall> {
        let truncated = self.truncated.then_some(Shortfall::TruncatedArgument);
        let unreadable = self.unreadable.then_some(Shortfall::UnreadablePointer);
        truncated.into_iter().chain(unreadable)
    }
}
