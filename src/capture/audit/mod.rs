//! Kubernetes audit logs, as blocks of plugin events.
//!
//! Enters: what an API server writes to its log file or sends to a webhook: a JSON document on each line, documents that
//! span lines, lists of events, arrays of these, one after the other in any mixture. Leaves: a [`Reader`] whose blocks hold rows of the kind `pluginevent`:
//! the number of Falco's plugin and the event's JSON, at the event's `stageTimestamp`, in the order of the log.
//!
//! What is no event is a [`crate::format::Damage`] that names its line; the rest is read. Memory is bounded, whatever
//! the log holds: by the length of a line where every line is a document, by that of an event elsewhere. What the JSON says is nobody's business here: see `replay::fields`.
//!
//! ```text
//! stream -> lines (several threads) | documents (one thread) -> batches of events, in order -> blocks
//! ```

mod batch;
mod blocks;
mod chunk;
mod documents;
mod events;
mod lines;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod timestamp;

use std::io::Read;

use self::blocks::Blocks;
use self::lines::{Broken, read_some};
use crate::format::envelope::{self, unwrap_start};
use crate::format::json::JsonValue;
use crate::format::{CaptureHeader, FormatError, Reader};

/// How much is read to see whether every line is a document.
const START: usize = 1 << 20;

/// Marks UTF-8 at the start of files that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Whether a file whose first bytes these are may be an audit log: JSON that begins with an object or an array, as it is
/// or compressed, or the end of a longer log, which begins inside of a line and has an event on the next. A few hundred
/// bytes tell the former, as many as a line and a half the latter.
pub fn looks_like_audit_log(start: &[u8]) -> bool {
    let inside = unwrap_start(start);
    let is_json = matches!(without_byte_order_mark(&inside).trim_ascii_start().first(), Some(b'{' | b'['));
    is_json || start.split(|byte| *byte == b'\n').skip(1).any(begins_event)
}

/// Whether a line begins as the API server's events do.
fn begins_event(line: &[u8]) -> bool {
    let rest = [&b"{"[..], b"\"kind\"", b":", b"\"Event\""]
        .iter()
        .try_fold(line, |rest, word| rest.trim_ascii_start().strip_prefix(*word));
    rest.is_some()
}

/// A text without the mark that it may begin with. Files that were put together have such marks inside, too.
fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Opens an audit log, plain or compressed with gzip or zstd; `name` stands in messages for the file.
///
/// # Errors
/// The log cannot be read, or no threads can be had. What is damaged is reported by [`Reader::next_block`].
pub fn open(name: &str, stream: Box<dyn Read + Send>) -> Result<Reader, FormatError> {
    let failed = |source| FormatError::Read { file: name.to_owned(), source };
    let mut stream = envelope::unwrap(stream).map_err(failed)?.stream;
    let mut start = Vec::new();
    if let Err(error) = read_some(&mut *stream, &mut start, START) {
        if start.is_empty() {
            return Err(failed(error));
        }
        stream = Box::new(Broken(Some(error)));
    }
    let has_line_documents = without_byte_order_mark(&start)
        .split(|byte| *byte == b'\n')
        .find(|line| matches!(line.first(), Some(b'{' | b'[')))
        .is_some_and(|line| line.len() < START && JsonValue::parse(line).is_ok());
    let batches =
        if has_line_documents { lines::read_lines(start, stream) } else { documents::read_documents(start, stream) };
    let mut blocks = Blocks::new(name, batches.map_err(failed)?);
    let header = CaptureHeader {
        started_ns: blocks.first_ts_ns(),
        recorder: "Kubernetes audit log".to_owned(),
        ..CaptureHeader::default()
    };
    Ok(Reader::from_blocks(name, header, blocks).with_damage_apart())
}
