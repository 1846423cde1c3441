//! Parts of a log, read: the unit that threads hand each other.

/// So many troubles of a batch are kept each on its own; after that, those of lines that follow each other are one. So
/// what is told of a hostile log takes no more memory than the log.
pub(super) const TROUBLES_APART: usize = 1000;

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
    /// The last of the lines that it is about.
    pub(super) last_line: u64,
    /// Bytes of the log from where the batch begins.
    pub(super) offset: u64,
    pub(super) what: String,
    /// Whether that is wrong with the first of the lines, and something with each of the others.
    pub(super) has_more: bool,
}

impl Trouble {
    /// What is said of it, where so many lines lie before the batch.
    pub(super) fn describe(&self, lines_before: u64) -> String {
        let (first, last) = (lines_before + self.line + 1, lines_before + self.last_line + 1);
        let and_more = if self.has_more { ", and more of that kind" } else { "" };
        if first == last {
            format!("line {first}: {}{and_more}", self.what)
        } else {
            format!("lines {first} to {last}: {}{and_more}", self.what)
        }
    }
}

impl Batch {
    /// Notes what is wrong with the lines from one to another.
    pub(super) fn note_trouble(&mut self, line: u64, last_line: u64, offset: u64, what: String) {
        if self.troubles.len() >= TROUBLES_APART
            && let Some(last) = self.troubles.last_mut()
            && last.last_line + 1 >= line
        {
            last.last_line = last_line;
            last.has_more = true;
            return;
        }
        self.troubles.push(Trouble { line, last_line, offset, what, has_more: false });
    }
}
