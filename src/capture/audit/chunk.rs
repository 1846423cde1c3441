//! A part of a log in which each document begins a line: nearly always a line is one, and is read in one pass.
//!
//! Documents that span lines, and several on one line, are read too. What is broken is told by its line. The lines behind
//! a document that began and broke are passed over as long as they look like the rest of it: see [`begins_document`].

use super::batch::{Batch, FoundEvent};
use super::events::{Finds, Refusal, find_events};
use super::without_byte_order_mark;
use crate::format::json::{JsonError, JsonValue};

/// How many times over a part is read at most in search of the end of documents that turn out to be broken, and what is
/// read of it in any case, bytes. Only lines that somebody made for it need more; after that a document is a line.
const REREADS: usize = 8;
const FREE_REREADS: usize = 1 << 20;

/// Whether a line that begins so can begin a document, or something else that is to be told of, and not the inside of
/// a document that is printed over several lines.
pub(super) fn begins_document(first: u8) -> bool {
    !matches!(first, b' ' | b'\t' | b'\r' | b'\n' | b'}' | b']' | b',' | b':' | b'"')
}

/// Reads whole lines.
pub(super) fn read_chunk(mut text: Vec<u8>) -> Batch {
    let Chunk { mut batch, spread, .. } = Chunk::read(&text);
    batch.log_bytes = text.len() as u64;
    text.extend_from_slice(&spread);
    batch.text = text;
    batch
}

struct Chunk<'t> {
    text: &'t [u8],
    /// The place at hand.
    at: usize,
    /// Where the line begins in which that is.
    line_start: usize,
    /// Bytes of documents that turned out to be broken.
    reread: usize,
    /// Events that spanned lines, without blanks; they come behind the text.
    spread: Vec<u8>,
    batch: Batch,
}

impl<'t> Chunk<'t> {
    fn read(text: &'t [u8]) -> Chunk<'t> {
        let mut chunk = Chunk { text, at: 0, line_start: 0, reread: 0, spread: Vec::new(), batch: Batch::default() };
        while chunk.at < text.len() {
            chunk.take_line();
        }
        chunk
    }

    /// What lies between two places.
    fn part(&self, from: usize, to: usize) -> &'t [u8] {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Where the line ends in which `at` lies: at its line break, or at the end of the text.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }

    /// Goes on at a place ahead.
    fn go_to(&mut self, at: usize) {
        let passed = self.part(self.at, at);
        self.batch.lines += memchr::memchr_iter(b'\n', passed).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', passed) {
            self.line_start = self.at + last + 1;
        }
        self.at = at;
    }

    /// Takes the rest of the line at hand, or the document that it begins with.
    fn take_line(&mut self) {
        let end = self.line_end(self.at);
        let rest = self.part(self.at, end);
        let document = without_byte_order_mark(rest).trim_ascii();
        let next = (end + 1).min(self.text.len());
        if document.is_empty() {
            return self.go_to(next);
        }
        let start = self.at + (document.as_ptr().addr() - rest.as_ptr().addr());
        let mut events = Events { batch: &mut self.batch, text: self.text, at: start, spread: None, line: 0 };
        match find_events(document, &mut events) {
            Ok(()) => {
                self.batch.lines += u64::from(next > end);
                self.line_start = next;
                self.at = next;
            }
            Err(error) => {
                self.at = start;
                self.take_other(error, end);
            }
        }
    }

    /// Takes what begins at the place at hand and is not all of the rest of its line, which ends at `line_end`.
    fn take_other(&mut self, error: JsonError, line_end: usize) {
        let is_document = matches!(self.text.get(self.at), Some(b'{' | b'['));
        if !is_document || self.reread > FREE_REREADS + REREADS * self.at {
            let wrong = match error {
                JsonError::Invalid(at) => JsonError::Invalid(self.at + at),
                JsonError::Unfinished | JsonError::TooDeep => error,
            };
            return self.refuse(wrong, line_end, line_end);
        }
        // A line that is wrong inside is wrong however it goes on; what ends too early may go on.
        let limit = if error == JsonError::Unfinished { self.text.len() } else { line_end };
        match JsonValue::read(self.part(0, limit), self.at) {
            Ok((value, end)) => self.take_value(value, end),
            Err(error) => {
                let wrong = if let JsonError::Invalid(at) = error { at } else { limit };
                self.reread += wrong - self.at;
                let is_closed = matches!(self.part(self.at, line_end).trim_ascii_end().last(), Some(b'}' | b']'));
                let end = if is_closed { line_end } else { self.end_of_broken(line_end) };
                self.refuse(error, line_end, end);
            }
        }
    }

    /// Takes a document that was read.
    fn take_value(&mut self, value: JsonValue<'t>, end: usize) {
        let spread = memchr::memchr(b'\n', value.text()).is_some().then_some(&mut self.spread);
        let mut events = Events { batch: &mut self.batch, text: self.text, at: self.at, spread, line: 0 };
        // It was read, so this cannot fail.
        let _ = find_events(value.text(), &mut events);
        self.go_to(end);
    }

    /// The end of the last line that looks like the inside of the document that begins on a line before.
    fn end_of_broken(&self, line_end: usize) -> usize {
        let mut end = line_end;
        while let Some(first) = self.text.get(end + 1)
            && !begins_document(*first)
        {
            end = self.line_end(end + 1);
        }
        end
    }

    /// Says why what is at hand cannot be read, and goes on behind `end`, where a line ends.
    fn refuse(&mut self, error: JsonError, line_end: usize, end: usize) {
        let next = (end + 1).min(self.text.len());
        match error {
            // What is wrong lies on a later line, which is the document's own.
            JsonError::Invalid(at) if at > line_end && at < end => {
                self.go_to(at);
                let column = at - self.line_start + 1;
                let what =
                    format!("not JSON from byte {column} on; the document that this line belongs to is left out");
                self.batch.note_trouble(self.batch.lines, self.batch.lines, at as u64, what);
            }
            error => {
                let (line, offset) = (self.batch.lines, self.at as u64);
                let what = match error {
                    JsonError::Invalid(at) if at < line_end => JsonError::Invalid(at - self.line_start),
                    JsonError::Invalid(_) | JsonError::Unfinished => JsonError::Unfinished,
                    JsonError::TooDeep => JsonError::TooDeep,
                };
                self.go_to(end);
                self.batch.note_trouble(line, self.batch.lines, offset, Refusal::NotJson(what).to_string());
            }
        }
        self.go_to(next);
    }
}

/// Notes the events of a document.
struct Events<'c, 't> {
    batch: &'c mut Batch,
    text: &'t [u8],
    /// Up to where lines were counted, and how many there were from where the document begins.
    at: usize,
    line: u64,
    /// Where events go whose document spans lines.
    spread: Option<&'c mut Vec<u8>>,
}

impl<'t> Finds<'t> for Events<'_, 't> {
    fn event(&mut self, event: &'t [u8], ts_ns: u64) {
        let (start, len) = match &mut self.spread {
            None => (event.as_ptr().addr() - self.text.as_ptr().addr(), event.len()),
            Some(spread) => {
                let before = spread.len();
                JsonValue::checked(event).write_compact(spread);
                (self.text.len() + before, spread.len() - before)
            }
        };
        self.batch.events.push(FoundEvent { start, len, ts_ns });
    }

    fn refuse(&mut self, refused: &'t [u8], why: Refusal) {
        let start = refused.as_ptr().addr() - self.text.as_ptr().addr();
        let passed = self.text.get(self.at..start).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.at = start;
        let line = self.batch.lines + self.line;
        self.batch.note_trouble(line, line, start as u64, why.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_open_and_never_close_are_not_read_again_and_again() {
        // Each line is read as deep as JSON is: without a limit 300 times its length.
        for opening in [format!("[{}\n", "0,".repeat(500)), "{\"a\":\n".repeat(200), "[\n".repeat(500)] {
            let text = opening.repeat((4 << 20) / opening.len());
            let chunk = Chunk::read(text.as_bytes());
            assert!(chunk.batch.events.is_empty() && !chunk.batch.troubles.is_empty());
            assert!(chunk.reread > FREE_REREADS, "{}", chunk.reread);
            let most = FREE_REREADS + (REREADS + 1) * text.len();
            assert!(chunk.reread <= most, "{} of {}", chunk.reread, text.len());
        }
    }
}
