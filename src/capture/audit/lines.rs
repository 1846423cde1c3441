//! Logs with a document on each line, or on a few lines each, read on several threads.
//!
//! ```text
//! one thread: cuts the stream where a line begins a document -> several: parse -> who asks for batches gets them in the
//! log's order
//! ```
//!
//! All queues are bounded, and everything ends when the batches are no longer asked for.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::batch::Batch;
use super::chunk::{begins_document, read_chunk};

/// Bytes that are read at a time: a block of the capture each. Small enough that a few are evaluated at once, large
/// enough that a block's own cost does not show.
pub(super) const CHUNK: usize = 4 << 20;

/// The longest line, or document that spans lines. It may be a whole list of events, of which a webhook sends at most
/// 12 MiB at once.
pub(super) const LINE_LIMIT: usize = 64 << 20;

/// More threads than this wait for the one that reads.
const MOST_THREADS: usize = 8;

/// Batches in the order of the log: each comes out of a queue of its own, into which whoever parsed it puts it.
pub(super) type Batches = Receiver<Receiver<Batch>>;

/// A chunk of whole documents, and where what comes of it goes.
type Work = (Vec<u8>, Sender<Batch>);

/// Starts reading. `start` is what was read of the stream already.
pub(super) fn read_lines(start: Vec<u8>, stream: Box<dyn Read + Send>) -> io::Result<Batches> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let (ordered, batches) = sync_channel(threads + 1);
    let (work, chunks) = sync_channel(threads);
    let chunks = Arc::new(Mutex::new(chunks));
    for at in 0..threads {
        let chunks = Arc::clone(&chunks);
        thread::Builder::new().name(format!("audit-{at}")).spawn(move || parse_chunks(&chunks))?;
    }
    let mut cutter = Cutter { stream, carry: start, is_over: false };
    thread::Builder::new().name("audit-read".to_owned()).spawn(move || {
        // An error means that nobody wants more.
        while let Some(piece) = cutter.next() {
            if hand_over(piece, &ordered, &work).is_none() {
                return;
            }
        }
    })?;
    Ok(batches)
}

fn parse_chunks(chunks: &Mutex<Receiver<Work>>) {
    loop {
        let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((text, sender)) = next else { return };
        // Nobody may want it any more.
        let _ = sender.send(read_chunk(text));
    }
}

fn hand_over(piece: Piece, ordered: &SyncSender<Receiver<Batch>>, work: &SyncSender<Work>) -> Option<()> {
    let (sender, receiver) = channel();
    ordered.send(receiver).ok()?;
    match piece {
        Piece::Lines(text) => work.send((text, sender)).ok(),
        Piece::Trouble(batch) => sender.send(batch).ok(),
    }
}

/// A part of the stream.
#[derive(Debug)]
enum Piece {
    /// Whole lines.
    Lines(Vec<u8>),
    /// What could not be read.
    Trouble(Batch),
}

/// Cuts a stream where a line begins a document.
struct Cutter {
    stream: Box<dyn Read + Send>,
    /// What was read behind the last cut.
    carry: Vec<u8>,
    is_over: bool,
}

impl Cutter {
    fn next(&mut self) -> Option<Piece> {
        if self.is_over {
            return None;
        }
        let mut text = std::mem::take(&mut self.carry);
        let mut searched = 0;
        loop {
            match read_some(&mut *self.stream, &mut text, CHUNK) {
                Ok(true) => {}
                Ok(false) => {
                    self.is_over = true;
                    return (!text.is_empty()).then_some(Piece::Lines(text));
                }
                Err(error) if text.is_empty() => {
                    self.is_over = true;
                    return Some(Piece::Trouble(trouble(error.to_string(), 0, 0)));
                }
                // What was read before the error comes first; the next read gives the error again, or the end.
                Err(error) => {
                    self.stream = Box::new(Broken(Some(error)));
                    return Some(Piece::Lines(text));
                }
            }
            if let Some(start) = last_start(&text, searched) {
                self.carry = text.split_off(start);
                return Some(Piece::Lines(text));
            }
            // A line may end with the last byte, and the next one begin a document.
            searched = text.len() - 1;
            if text.len() > LINE_LIMIT {
                return Some(Piece::Trouble(self.pass_over(text)));
            }
        }
    }

    /// Drops a document of which this was read, up to the next line that begins one.
    fn pass_over(&mut self, mut text: Vec<u8>) -> Batch {
        let (mut length, mut breaks) = (0, 0);
        loop {
            let start = first_start(&text);
            let end = start.unwrap_or(text.len());
            // The last byte is looked at again with what follows.
            let passed = if start.is_some() { end } else { end.saturating_sub(1) };
            length += passed as u64;
            breaks += memchr::memchr_iter(b'\n', text.get(..passed).unwrap_or_default()).count() as u64;
            text.drain(..passed);
            if start.is_some() {
                self.carry = text;
                return trouble(too_long(length - 1, breaks - 1), length, breaks);
            }
            match read_some(&mut *self.stream, &mut text, CHUNK) {
                Ok(true) => {}
                Ok(false) => {
                    self.is_over = true;
                    break;
                }
                Err(error) => {
                    self.stream = Box::new(Broken(Some(error)));
                    break;
                }
            }
        }
        let ends_line = text == b"\n";
        let (length, breaks) = (length + text.len() as u64, breaks + u64::from(ends_line));
        trouble(too_long(length - u64::from(ends_line), breaks - u64::from(ends_line)), length, breaks)
    }
}

/// The start of the last line that begins a document, of those that begin behind `from`.
fn last_start(text: &[u8], from: usize) -> Option<usize> {
    let searched = text.get(from..).unwrap_or_default();
    let starts = memchr::memrchr_iter(b'\n', searched).map(|line_end| from + line_end + 1);
    starts.into_iter().find(|start| text.get(*start).is_some_and(|first| begins_document(*first)))
}

/// The start of the first line, but for the one at hand, that begins a document.
fn first_start(text: &[u8]) -> Option<usize> {
    let starts = memchr::memchr_iter(b'\n', text).map(|line_end| line_end + 1);
    starts.into_iter().find(|start| text.get(*start).is_some_and(|first| begins_document(*first)))
}

fn too_long(length: u64, breaks: u64) -> String {
    let what = if breaks == 0 { "line" } else { "document" };
    format!("a {what} of {length} bytes; the longest that is read has {LINE_LIMIT}")
}

fn trouble(what: String, log_bytes: u64, lines: u64) -> Batch {
    let mut batch = Batch { log_bytes, lines, ..Batch::default() };
    batch.note_trouble(0, 0, 0, what);
    batch
}

/// A stream whose error was met.
pub(super) struct Broken(pub(super) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Reads until `text` has `more` further bytes, or fewer at the end; whether there were any. What was read before an error
/// is in `text`.
pub(super) fn read_some(stream: &mut dyn Read, text: &mut Vec<u8>, more: usize) -> io::Result<bool> {
    let before = text.len();
    text.reserve(more);
    stream.take(more as u64).read_to_end(text)?;
    Ok(text.len() > before)
}
