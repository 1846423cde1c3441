//! Parts of a log, read: the unit that threads hand each other.

use super::events::{Finds, Refusal, find_events};

/// A part of a log with the events in it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What the places of events count from.
    pub(super) text: Vec<u8>,
    pub(super) events: Vec<FoundEvent>,
    pub(super) troubles: Vec<Trouble>,
    /// How many lines end in this part.
    pub(super) lines: u64,
    /// How many bytes of the log it is.
    pub(super) log_bytes: u64,
}

/// An event in a batch's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FoundEvent {
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) ts_ns: u64,
}

/// What could not be read, by its place in the batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Trouble {
    /// The line, counted from the batch's first.
    pub(super) line: u64,
    /// Bytes of the log from where the batch begins.
    pub(super) offset: u64,
    pub(super) what: String,
}

impl Batch {
    /// Reads whole lines, a document on each.
    pub(super) fn of_lines(text: Vec<u8>) -> Batch {
        let mut batch = Batch { log_bytes: text.len() as u64, ..Batch::default() };
        let mut start = 0;
        while start < text.len() {
            let rest = text.get(start..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest);
            let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            if !line.trim_ascii().is_empty() {
                find_events(line, &mut Lines { batch: &mut batch, line, start });
            }
            batch.lines += u64::from(length.is_some());
            start += line.len() + 1;
        }
        batch.text = text;
        batch
    }
}

/// Notes the events of a line.
struct Lines<'a> {
    batch: &'a mut Batch,
    line: &'a [u8],
    /// Where the line starts.
    start: usize,
}

impl Lines<'_> {
    fn place_of(&self, part: &[u8]) -> usize {
        self.start + (part.as_ptr().addr() - self.line.as_ptr().addr())
    }
}

impl<'a> Finds<'a> for Lines<'a> {
    fn event(&mut self, text: &'a [u8], ts_ns: u64) {
        let start = self.place_of(text);
        self.batch.events.push(FoundEvent { start, len: text.len(), ts_ns });
    }

    fn refuse(&mut self, text: &'a [u8], why: Refusal) {
        let offset = self.place_of(text) as u64;
        self.batch.troubles.push(Trouble { line: self.batch.lines, offset, what: why.to_string() });
    }
}
