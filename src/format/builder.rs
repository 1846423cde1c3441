//! Small captures made up in memory, for tests of every room and for benchmarks.
//!
//! ```
//! use std::sync::Arc;
//! use sysreel::format::builder::{CaptureBuilder, text};
//! use sysreel::format::row::{FdRow, ThreadRow};
//! use sysreel::format::schema::EventKind;
//!
//! let bash = Arc::new(ThreadRow { tid: 100, pid: 100, comm: text("bash"), ..ThreadRow::default() });
//! let shadow = Arc::new(FdRow { num: 3, name: text("/etc/shadow"), ..FdRow::default() });
//!
//! let mut capture = CaptureBuilder::new();
//! capture.event(EventKind::OPENAT, &bash).fd(&shadow).path("/etc/shadow").param("name", "/etc/shadow").happens();
//! capture.end_block();
//! capture.event(EventKind::CLOSE, &bash).after_ns(500).fd(&shadow).param("res", 0).happens();
//! let blocks = capture.blocks();
//! assert_eq!(blocks.len(), 2);
//! ```

use std::sync::Arc;

use super::block::{Block, BlockBuilder, BlockOptions};
use super::header::{CaptureHeader, Loss, Shortfall};
use super::reader::Reader;
use super::row::{Event, FdRow, Text, ThreadRow, Value};
use super::schema::EventKind;
use super::writer::Writer;

/// When the first event of a made-up capture happens: 2026-01-02 03:04:05 UTC.
pub const STORY_START_NS: u64 = 1_767_323_045_000_000_000;

/// Text of a row.
pub fn text(text: impl AsRef<[u8]>) -> Text {
    Text::from(text.as_ref())
}

/// Builds a capture event by event. Times, numbers and processors go on by themselves unless told.
///
/// Its methods panic on a story that makes no sense (a parameter that the kind does not have, or of the wrong type):
/// that is a mistake in the test.
#[derive(Debug)]
pub struct CaptureBuilder {
    header: CaptureHeader,
    options: BlockOptions,
    writer: Option<Writer<Vec<u8>>>,
    block: BlockBuilder,
    next_num: u64,
    ts_ns: u64,
}

impl Default for CaptureBuilder {
    fn default() -> CaptureBuilder {
        CaptureBuilder::new()
    }
}

impl CaptureBuilder {
    /// An empty capture of a machine called `story`.
    pub fn new() -> CaptureBuilder {
        CaptureBuilder::with(CaptureHeader {
            host_name: "story".to_owned(),
            kernel_release: "6.1.0".to_owned(),
            arch: "x86_64".to_owned(),
            boot_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            cpus: 2,
            started_ns: STORY_START_NS,
            recorder: "story".to_owned(),
            ..CaptureHeader::default()
        })
    }

    /// An empty capture with this header.
    pub fn with(header: CaptureHeader) -> CaptureBuilder {
        let options = BlockOptions::default();
        CaptureBuilder {
            header,
            options,
            writer: None,
            block: BlockBuilder::new(options),
            next_num: 1,
            ts_ns: STORY_START_NS,
        }
    }

    /// How many events make a full block from here on.
    #[must_use]
    pub fn block_rows(mut self, rows: usize) -> CaptureBuilder {
        self.options.rows = rows;
        self.block = BlockBuilder::new(self.options);
        self
    }

    /// Begins an event, 1 µs after the one before on processor 0; [`Story::happens`] puts it into the capture.
    pub fn event<'b>(&'b mut self, kind: EventKind, thread: &Arc<ThreadRow>) -> Story<'b> {
        let params = kind.info().map_or(0, |info| info.params.len());
        Story {
            kind,
            num: self.next_num,
            ts_ns: self.ts_ns + 1000,
            cpu: 0,
            thread: Arc::clone(thread),
            fd: None,
            path: None,
            source_path: None,
            fd_list: Vec::new(),
            params: vec![StoryValue::Null; params],
            capture: self,
        }
    }

    /// Notes that events were lost.
    pub fn loss(&mut self, loss: Loss) {
        self.block.note_loss(loss);
    }

    /// Notes that something could not be seen, once.
    pub fn shortfall(&mut self, shortfall: Shortfall) {
        self.block.note_shortfall(shortfall, 1);
    }

    /// Puts an event as it is into the capture; its number and time are the event's own.
    pub fn push(&mut self, event: &Event<'_>) {
        self.block.push(event);
        self.ts_ns = event.ts_ns;
        self.next_num = event.num + 1;
        if self.block.is_full() {
            self.end_block();
        }
    }

    /// Ends the block in hand, if there is anything in it.
    pub fn end_block(&mut self) {
        if self.block.is_empty() {
            return;
        }
        let block = std::mem::replace(&mut self.block, BlockBuilder::new(self.options));
        let encoded = block.finish().encode().expect("a story's block is within the limits");
        self.writer().write_block(encoded).expect("memory takes every write");
    }

    fn writer(&mut self) -> &mut Writer<Vec<u8>> {
        let header = &self.header;
        self.writer.get_or_insert_with(|| Writer::new(Vec::new(), header).expect("memory takes every write"))
    }

    /// The file, complete.
    pub fn finish(mut self) -> Vec<u8> {
        self.end_block();
        self.writer();
        let writer = self.writer.take().expect("it was just made");
        writer.finish_into().expect("memory takes every write").1
    }

    /// The file as far as it is written, without index: what a killed recorder leaves.
    pub fn abandon(mut self) -> Vec<u8> {
        self.end_block();
        self.writer();
        self.writer.take().expect("it was just made").abandon()
    }

    /// A reader of the complete file.
    pub fn reader(self) -> Reader {
        Reader::from_bytes("story.reel", self.finish()).expect("a file just written")
    }

    /// The blocks of the complete file, decoded.
    pub fn blocks(self) -> Vec<Block> {
        let mut reader = self.reader();
        std::iter::from_fn(move || reader.next_block(&mut |_| true))
            .map(|block| block.and_then(|block| block.decode()).expect("a file just written"))
            .collect()
    }
}

/// A value in a story.
#[derive(Clone, Debug)]
pub enum StoryValue {
    /// Not known.
    Null,
    /// A number.
    Int(i64),
    /// A byte string.
    Bytes(Vec<u8>),
}

macro_rules! from_int {
    ($($int:ty),+) => { $(impl From<$int> for StoryValue {
        fn from(value: $int) -> StoryValue { StoryValue::Int(i64::from(value)) }
    })+ };
}
from_int!(i64, i32, u32, u16, u8, bool);

impl From<&str> for StoryValue {
    fn from(value: &str) -> StoryValue {
        StoryValue::Bytes(value.as_bytes().to_vec())
    }
}

impl From<&[u8]> for StoryValue {
    fn from(value: &[u8]) -> StoryValue {
        StoryValue::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for StoryValue {
    fn from(value: &[u8; N]) -> StoryValue {
        StoryValue::Bytes(value.to_vec())
    }
}

/// An event in the making.
#[derive(Debug)]
#[must_use = "an event is in the capture once it `happens`"]
pub struct Story<'b> {
    capture: &'b mut CaptureBuilder,
    kind: EventKind,
    num: u64,
    ts_ns: u64,
    cpu: u16,
    thread: Arc<ThreadRow>,
    fd: Option<Arc<FdRow>>,
    path: Option<Vec<u8>>,
    source_path: Option<Vec<u8>>,
    fd_list: Vec<Option<Arc<FdRow>>>,
    params: Vec<StoryValue>,
}

impl Story<'_> {
    /// The event's number.
    pub fn num(mut self, num: u64) -> Self {
        self.num = num;
        self
    }

    /// The event's time, ns since the epoch.
    pub fn at_ns(mut self, ts_ns: u64) -> Self {
        self.ts_ns = ts_ns;
        self
    }

    /// The event's time, ns after the event before.
    pub fn after_ns(mut self, ns: u64) -> Self {
        self.ts_ns = self.capture.ts_ns + ns;
        self
    }

    /// The processor.
    pub fn cpu(mut self, cpu: u16) -> Self {
        self.cpu = cpu;
        self
    }

    /// The descriptor.
    pub fn fd(mut self, fd: &Arc<FdRow>) -> Self {
        self.fd = Some(Arc::clone(fd));
        self
    }

    /// The resolved path.
    pub fn path(mut self, path: impl AsRef<[u8]>) -> Self {
        self.path = Some(path.as_ref().to_vec());
        self
    }

    /// The resolved source path.
    pub fn source_path(mut self, path: impl AsRef<[u8]>) -> Self {
        self.source_path = Some(path.as_ref().to_vec());
        self
    }

    /// What the parameters that are descriptors mean, or the descriptors of a list.
    pub fn fd_list<'f>(mut self, fds: impl IntoIterator<Item = Option<&'f Arc<FdRow>>>) -> Self {
        self.fd_list = fds.into_iter().map(|fd| fd.map(Arc::clone)).collect();
        self
    }

    /// A parameter by its name in the event table; those not named are null.
    pub fn param(mut self, name: &str, value: impl Into<StoryValue>) -> Self {
        let at = self.kind.info().and_then(|info| info.param(name));
        let at = at.unwrap_or_else(|| panic!("{} has no parameter {name}", self.kind.name()));
        self.params[at] = value.into();
        self
    }

    /// Puts the event into the capture.
    pub fn happens(self) {
        let params: Vec<Value<'_>> = self
            .params
            .iter()
            .map(|value| match value {
                StoryValue::Null => Value::Null,
                StoryValue::Int(value) => Value::Int(*value),
                StoryValue::Bytes(value) => Value::Bytes(value),
            })
            .collect();
        self.capture.push(&Event {
            num: self.num,
            ts_ns: self.ts_ns,
            cpu: self.cpu,
            fd: self.fd.as_ref(),
            path: self.path.as_deref(),
            source_path: self.source_path.as_deref(),
            fd_list: &self.fd_list,
            ..Event::bare(self.kind, &self.thread, &params)
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::format::dimension::{Dimension, ThreadColumn};

    #[test]
    fn a_story_is_read_as_it_was_told() {
        let init = Arc::new(ThreadRow { tid: 1, pid: 1, comm: text("init"), ..ThreadRow::default() });
        let bash =
            Arc::new(ThreadRow { tid: 7, pid: 7, comm: text("bash"), parent: Some(init), ..ThreadRow::default() });
        let shadow = Arc::new(FdRow { num: 3, name: text("/etc/shadow"), ..FdRow::default() });
        let mut capture = CaptureBuilder::new();
        capture.event(EventKind::OPENAT, &bash).fd(&shadow).path("/etc/shadow").param("name", "shadow").happens();
        capture.event(EventKind::CLOSE, &bash).fd(&shadow).param("res", 0).happens();
        capture.event(EventKind::OPENAT, &bash).param("fd", -2).param("name", "nothing").happens();
        let blocks = capture.blocks();
        let [block] = blocks.as_slice() else { panic!("one block") };
        assert_eq!(block.kinds(), [(EventKind::CLOSE, 1), (EventKind::OPENAT, 2)]);
        let table = block.table(EventKind::OPENAT).unwrap();
        assert_eq!(table.seq().unwrap().values(), [0, 2]);
        assert_eq!(table.path().unwrap().get(0), Some(&b"/etc/shadow"[..]));
        assert_eq!(table.path().unwrap().get(1), None);
        assert_eq!(table.fd().unwrap().get(0), Some(0));
        assert_eq!(table.fd().unwrap().get(1), None);
        let name = EventKind::OPENAT.info().unwrap().param("name").unwrap();
        assert_eq!(table.param_bytes(name).unwrap().get(1), Some(&b"nothing"[..]));
        let thread = table.thread().unwrap().get(0).unwrap() as usize;
        let threads = block.dimension(Dimension::Thread);
        assert_eq!(threads.bytes(ThreadColumn::Comm as u16).unwrap().get(thread), Some(&b"bash"[..]));
        let parent = threads.int(ThreadColumn::Parent as u16).unwrap().get(thread).unwrap() as usize;
        assert_eq!(threads.bytes(ThreadColumn::Comm as u16).unwrap().get(parent), Some(&b"init"[..]));
        assert_eq!(block.ts_ns().unwrap().values()[2] as u64, STORY_START_NS + 3000);
        assert_eq!(block.num().unwrap().values(), [1, 2, 3]);
    }
}
