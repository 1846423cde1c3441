//! What could not be read, told once for each thing and reason.

use std::collections::BTreeMap;
use std::io;

use super::files::is_gone;

/// Counts of things that could not be read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    counts: BTreeMap<(&'static str, String), u32>,
}

impl Notes {
    /// The value, or a note of what failed. Something that is gone is not worth one.
    pub(super) fn check<T>(&mut self, what: &'static str, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if !is_gone(&error) {
                    self.add(what, &error);
                }
                None
            }
        }
    }

    /// Notes that something could not be read.
    pub(super) fn add(&mut self, what: &'static str, error: &io::Error) {
        *self.counts.entry((what, error.to_string())).or_default() += 1;
    }

    /// The notes in words. None are left.
    pub(super) fn take(&mut self) -> Vec<String> {
        let counts = std::mem::take(&mut self.counts);
        let times = |count| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        counts
            .into_iter()
            .map(|((what, reason), count)| format!("cannot read {what}, {}: {reason}", times(count)))
            .collect()
    }
}
