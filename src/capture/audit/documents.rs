//! Logs whose documents span lines: pretty-printed events, lists and arrays of any length, read item by item.
//!
//! Of a list only the item at hand is in memory. What cannot be read is passed over up to the next line that begins a
//! document in its first column.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::BYTE_ORDER_MARK;
use super::batch::{Batch, FoundEvent, TROUBLES_APART};
use super::events::{EVENT_LIMIT, Finds, Refusal, find_events, take_event};
use super::lines::{Batches, CHUNK, read_some};
use crate::format::json::{JsonError, JsonKind, JsonValue, MAX_DEPTH};

/// Batches that lie ready.
const READY: usize = 2;

/// The most bytes of a document that is looked at as a whole: what is no list of events, or an item of one.
const DOCUMENT_LIMIT: usize = 2 * EVENT_LIMIT;

/// Starts reading. `start` is what was read of the stream already.
pub(super) fn read_documents(start: Vec<u8>, stream: Box<dyn Read + Send>) -> io::Result<Batches> {
    let (ordered, batches) = sync_channel(READY);
    let reader = Documents::new(start, stream);
    thread::Builder::new().name("audit-read".to_owned()).spawn(move || reader.run(&ordered))?;
    Ok(batches)
}

/// What the place at hand lies in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Around {
    Array,
    /// The items of an event list.
    Items,
}

struct Documents {
    stream: Box<dyn Read + Send>,
    /// What is read and not yet taken.
    window: Vec<u8>,
    /// The place at hand in the window.
    at: usize,
    /// Up to where in the window lines were counted.
    counted: usize,
    is_over: bool,
    error: Option<io::Error>,
    around: Vec<Around>,
    batch: Batch,
    /// Where the window starts, from where the batch does.
    window_offset: u64,
}

impl Documents {
    fn new(start: Vec<u8>, stream: Box<dyn Read + Send>) -> Documents {
        Documents {
            stream,
            window: start,
            at: 0,
            counted: 0,
            is_over: false,
            error: None,
            around: Vec::new(),
            batch: Batch::default(),
            window_offset: 0,
        }
    }

    fn run(mut self, ordered: &SyncSender<Receiver<Batch>>) {
        let send = |batch: Batch| {
            let (sender, receiver) = channel();
            // The receiver is still here, so this cannot fail.
            let _ = sender.send(batch);
            ordered.send(receiver).is_ok()
        };
        while self.step() {
            if self.batch.text.len() >= CHUNK && !send(self.take_batch()) {
                return;
            }
        }
        if let Some(error) = self.error.take() {
            self.trouble_at(self.at, error.to_string());
        } else if !self.around.is_empty() {
            self.trouble_at(self.at, Refusal::NotJson(JsonError::Unfinished).to_string());
        }
        send(self.take_batch());
    }

    /// Ends the batch at the place at hand.
    fn take_batch(&mut self) -> Batch {
        self.drop_taken();
        self.batch.log_bytes = std::mem::take(&mut self.window_offset);
        std::mem::take(&mut self.batch)
    }

    /// Drops what was taken from the window.
    fn drop_taken(&mut self) {
        self.count_lines(self.at);
        self.window.drain(..self.at);
        self.window_offset += self.at as u64;
        // A place that could not be read may lie behind the one at hand.
        self.counted = self.counted.saturating_sub(self.at);
        self.at = 0;
    }

    fn count_lines(&mut self, to: usize) {
        if let Some(passed) = self.window.get(self.counted..to) {
            self.batch.lines += memchr::memchr_iter(b'\n', passed).count() as u64;
            self.counted = to;
        }
    }

    fn trouble_at(&mut self, at: usize, what: String) {
        self.count_lines(at);
        let offset = self.window_offset + at as u64;
        self.batch.note_trouble(self.batch.lines, self.batch.lines, offset, what);
    }

    /// Reads more into the window; `false` at the end.
    fn fill(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        if self.at > CHUNK {
            self.drop_taken();
        }
        // Twice as much each time, so that what is parsed again and again is not parsed often.
        let more = (self.window.len() - self.at).max(CHUNK / 4);
        match read_some(&mut *self.stream, &mut self.window, more) {
            Ok(more) => self.is_over = !more,
            Err(error) => {
                self.is_over = true;
                self.error = Some(error);
            }
        }
        // What came before an error is read as well.
        !self.is_over || self.error.is_some()
    }

    /// The next byte that is no blank, read if need be; the place at hand is before it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.window.get(self.at).copied() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(0xEF) if self.is_at_byte_order_mark() => self.at += BYTE_ORDER_MARK.len(),
                Some(byte) => return Some(byte),
                None if self.fill() => {}
                None => return None,
            }
        }
    }

    fn is_at_byte_order_mark(&mut self) -> bool {
        while self.window.len() - self.at < BYTE_ORDER_MARK.len() && self.fill() {}
        self.window.get(self.at..).is_some_and(|rest| rest.starts_with(BYTE_ORDER_MARK))
    }

    /// Takes what comes next; `false` at the end.
    fn step(&mut self) -> bool {
        match (self.peek(), self.around.last()) {
            (None, _) => return false,
            (Some(b','), Some(_)) => self.at += 1,
            (Some(b'['), _) if self.around.len() < MAX_DEPTH => {
                self.at += 1;
                self.around.push(Around::Array);
            }
            (Some(b']'), Some(Around::Array)) => {
                self.at += 1;
                self.around.pop();
            }
            (Some(b']'), Some(Around::Items)) => {
                self.at += 1;
                self.around.pop();
                self.leave_list();
            }
            (Some(_), _) => self.take_value(),
        }
        true
    }

    /// Passes over the members of a list of events behind its items, to its closing brace.
    fn leave_list(&mut self) {
        loop {
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => match self.read_value() {
                    Some(Ok(end)) => self.at = end,
                    Some(Err(why)) => return self.give_up(why),
                    None => return,
                },
                None => return self.give_up(Refusal::NotJson(JsonError::Unfinished)),
            }
        }
    }

    /// Reads on until the value at hand is whole: its end, or why it cannot be read. `None` where it is a list of events
    /// whose items begin where the place at hand is now.
    fn read_value(&mut self) -> Option<Result<usize, Refusal>> {
        loop {
            let read = JsonValue::read(&self.window, self.at).map(|(value, end)| (value.kind(), end));
            match read {
                // More digits may follow.
                Ok((JsonKind::Number, end)) if end == self.window.len() => {
                    if !self.fill() {
                        return Some(Ok(end));
                    }
                }
                Ok((_, end)) => return Some(Ok(end)),
                Err(JsonError::Unfinished) => {
                    if let Some(items) = items_of_list(self.window.get(self.at..).unwrap_or_default()) {
                        self.at += items;
                        self.around.push(Around::Items);
                        return None;
                    }
                    let length = self.window.len() - self.at;
                    if length > DOCUMENT_LIMIT {
                        return Some(Err(Refusal::TooLong(length)));
                    }
                    if !self.fill() {
                        return Some(Err(Refusal::NotJson(JsonError::Unfinished)));
                    }
                }
                Err(error) => return Some(Err(Refusal::NotJson(error))),
            }
        }
    }

    fn take_value(&mut self) {
        let end = match self.read_value() {
            Some(Ok(end)) => end,
            Some(Err(why)) => return self.give_up(why),
            None => return,
        };
        let is_item = self.around.last() == Some(&Around::Items);
        let text = self.window.get(self.at..end).unwrap_or_default();
        let mut found = Found { events: Vec::new(), refused: Vec::new() };
        if is_item {
            let item = JsonValue::checked(text);
            take_event(item, item.get("stageTimestamp"), &mut found);
        } else {
            // It was read, so this cannot fail.
            let _ = find_events(text, &mut found);
        }
        for (event, ts_ns) in &found.events {
            let start = self.batch.text.len();
            JsonValue::checked(event).write_compact(&mut self.batch.text);
            self.batch.events.push(FoundEvent { start, len: self.batch.text.len() - start, ts_ns: *ts_ns });
        }
        let base = text.as_ptr().addr();
        let refused: Vec<(usize, Refusal)> =
            found.refused.iter().map(|(part, why)| (self.at + (part.as_ptr().addr() - base), *why)).collect();
        for (at, why) in refused {
            self.trouble_at(at, why.to_string());
        }
        self.at = end;
    }

    /// Says why the document at hand cannot be read, and goes on at the next that begins a line.
    fn give_up(&mut self, why: Refusal) {
        match why {
            // The place is said by its line; an offset into what is in memory at the moment would mean nothing.
            Refusal::NotJson(JsonError::Invalid(at)) => self.trouble_at(at, "not JSON from here on".to_owned()),
            why => self.trouble_at(self.at, why.to_string()),
        }
        self.around.clear();
        self.at += 1;
        while !self.is_at_line_of_document() {
            let rest = self.window.get(self.at..).unwrap_or_default();
            match memchr::memchr(b'\n', rest) {
                Some(end) => self.at += end + 1,
                None => self.at = self.window.len(),
            }
            if self.at >= self.window.len() && !self.fill() {
                return;
            }
        }
    }

    /// Whether a line begins here, with a document.
    fn is_at_line_of_document(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|before| self.window.get(before));
        before == Some(&b'\n') && matches!(self.window.get(self.at), Some(b'{' | b'['))
    }
}

/// What a document holds.
struct Found<'t> {
    events: Vec<(&'t [u8], u64)>,
    /// At most one more than [`TROUBLES_APART`], of which the last stands for all that follow.
    refused: Vec<(&'t [u8], Refusal)>,
}

impl<'t> Finds<'t> for Found<'t> {
    fn event(&mut self, text: &'t [u8], ts_ns: u64) {
        self.events.push((text, ts_ns));
    }

    fn refuse(&mut self, text: &'t [u8], why: Refusal) {
        if self.refused.len() > TROUBLES_APART {
            self.refused.pop();
        }
        self.refused.push((text, why));
    }
}

/// The offset behind the bracket that begins the items of an object that is not read to its end; `None` where what is
/// there of it does not come to such a bracket.
fn items_of_list(text: &[u8]) -> Option<usize> {
    let mut members = JsonValue::checked(text).members();
    let mut end = 1;
    for (_, value) in members.by_ref() {
        end = value.text().as_ptr().addr() - text.as_ptr().addr() + value.text().len();
    }
    let rest = text.get(end..)?;
    let name = rest.trim_ascii_start();
    let name = name.strip_prefix(b",").unwrap_or(name).trim_ascii_start();
    let items = name.strip_prefix(b"\"items\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let items = items.strip_prefix(b"[")?;
    Some(text.len() - items.len())
}
