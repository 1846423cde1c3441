//! Batches of audit events -> blocks.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::Batch;
use super::lines::Batches;
use crate::format::row::{Event, ThreadRow, Value};
use crate::format::schema::{AUDIT_PLUGIN, EventKind};
use crate::format::{BlockBuilder, BlockOptions, Damage, UnencodedBlock};

/// A finished block, or a place that could not be read.
pub(super) type Made = Result<UnencodedBlock, Damage>;

/// The blocks of a log, in its order.
pub(super) struct Blocks {
    name: String,
    batches: Batches,
    waiting: VecDeque<Made>,
    /// No thread of the machine made these events.
    thread: Arc<ThreadRow>,
    num: u64,
    lines: u64,
    offset: u64,
    first_ts_ns: Option<u64>,
}

impl Blocks {
    pub(super) fn new(name: &str, batches: Batches) -> Blocks {
        Blocks {
            name: name.to_owned(),
            batches,
            waiting: VecDeque::new(),
            thread: Arc::default(),
            num: 0,
            lines: 0,
            offset: 0,
            first_ts_ns: None,
        }
    }

    /// The time of the log's first event, as far as its first batch has one.
    pub(super) fn first_ts_ns(&mut self) -> u64 {
        if self.waiting.is_empty() {
            self.take_batch();
        }
        self.first_ts_ns.unwrap_or(0)
    }

    /// `None` at the end.
    fn take_batch(&mut self) -> Option<()> {
        // A batch that never comes, because the thread that had it died, is passed over like an empty one: its panic
        // was told where it happened.
        let batch = self.batches.recv().ok()?.recv().unwrap_or_default();
        self.take_troubles(&batch);
        self.take_events(&batch);
        self.lines += batch.lines;
        self.offset += batch.log_bytes;
        Some(())
    }

    fn take_troubles(&mut self, batch: &Batch) {
        for trouble in &batch.troubles {
            self.waiting.push_back(Err(Damage {
                file: self.name.clone(),
                offset: self.offset + trouble.offset,
                block: None,
                what: trouble.describe(self.lines),
            }));
        }
    }

    fn take_events(&mut self, batch: &Batch) {
        let mut builder = BlockBuilder::new(BlockOptions::default());
        for event in &batch.events {
            let Some(text) = batch.text.get(event.start..event.start + event.len) else { continue };
            self.num += 1;
            self.first_ts_ns.get_or_insert(event.ts_ns);
            let params = [Value::Int(i64::from(AUDIT_PLUGIN)), Value::Bytes(text)];
            let bare = Event::bare(EventKind::PLUGINEVENT, &self.thread, &params);
            builder.push(&Event { num: self.num, ts_ns: event.ts_ns, ..bare });
            if builder.is_full() {
                let full = std::mem::replace(&mut builder, BlockBuilder::new(BlockOptions::default()));
                self.waiting.push_back(Ok(full.finish()));
            }
        }
        if !builder.is_empty() {
            self.waiting.push_back(Ok(builder.finish()));
        }
    }
}

impl Iterator for Blocks {
    type Item = Made;

    fn next(&mut self) -> Option<Made> {
        while self.waiting.is_empty() {
            self.take_batch()?;
        }
        self.waiting.pop_front()
    }
}
