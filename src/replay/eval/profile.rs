//! What a replay read, what it passed over and why, and where its time went: kept only when measured.

use std::time::Instant;

use super::wanted::PassedOver;
use crate::format::{BlockHeader, BlockUse};

/// Time by stage, ns, added up over all threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StageTimes {
    /// Reading frames; of a foreign file: waiting for whoever makes the blocks.
    pub read_ns: u64,
    /// Checking blocks against their hashes, and reading their directories.
    pub check_ns: u64,
    /// Inflating columns.
    pub inflate_ns: u64,
    /// Decoding columns after that.
    pub decode_ns: u64,
    /// Comparisons asked of the threads' and descriptors' tables.
    pub dimension_ns: u64,
    /// Everything else that conditions ask, of events' own rows.
    pub row_ns: u64,
    /// Making text of alerts.
    pub output_ns: u64,
    /// Writing it, in order.
    pub write_ns: u64,
}

impl StageTimes {
    /// Every stage's name and time, in the order in which a block passes through them.
    pub fn stages(&self) -> [(&'static str, u64); 8] {
        [
            ("read", self.read_ns),
            ("check", self.check_ns),
            ("inflate", self.inflate_ns),
            ("decode", self.decode_ns),
            ("dimension atoms", self.dimension_ns),
            ("row atoms", self.row_ns),
            ("output", self.output_ns),
            ("write", self.write_ns),
        ]
    }

    fn add(&mut self, other: &StageTimes) {
        self.read_ns += other.read_ns;
        self.check_ns += other.check_ns;
        self.inflate_ns += other.inflate_ns;
        self.decode_ns += other.decode_ns;
        self.dimension_ns += other.dimension_ns;
        self.row_ns += other.row_ns;
        self.output_ns += other.output_ns;
        self.write_ns += other.write_ns;
    }
}

/// What was done with a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockProfile {
    /// Which of the captures it is in, in the order in which they were given.
    pub capture: usize,
    /// The number of its first event.
    pub first_num: u64,
    /// Its events.
    pub rows: u32,
    /// What of it was read, or why nothing was.
    pub outcome: Result<BlockUse, PassedOver>,
}

impl BlockProfile {
    /// Of a block of the first capture.
    pub(super) fn new(header: &BlockHeader, outcome: Result<BlockUse, PassedOver>) -> BlockProfile {
        BlockProfile { capture: 0, first_num: header.first_num, rows: header.rows, outcome }
    }
}

/// What a replay did with its captures' blocks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReplayProfile {
    /// Time by stage.
    pub stages: StageTimes,
    /// Every block that is whole, in file order, capture after capture.
    pub blocks: Vec<BlockProfile>,
    /// Bytes of the files that were read.
    pub bytes_read: u64,
    /// Bytes of blocks that were passed over.
    pub bytes_passed_over: u64,
}

impl ReplayProfile {
    /// How many blocks were passed over for a reason.
    pub fn passed_over(&self, reason: PassedOver) -> u64 {
        self.blocks.iter().filter(|block| block.outcome == Err(reason)).count() as u64
    }

    /// What was read of all blocks together.
    pub fn usage(&self) -> BlockUse {
        let read = self.blocks.iter().filter_map(|block| block.outcome.ok());
        read.fold(BlockUse::default(), |sum, block| BlockUse {
            tables: sum.tables + block.tables,
            tables_read: sum.tables_read + block.tables_read,
            columns: sum.columns + block.columns,
            columns_read: sum.columns_read + block.columns_read,
            bytes: sum.bytes + block.bytes,
            bytes_decoded: sum.bytes_decoded + block.bytes_decoded,
            inflate_ns: sum.inflate_ns + block.inflate_ns,
            decode_ns: sum.decode_ns + block.decode_ns,
        })
    }

    /// Adds a block that was read.
    pub(super) fn add_read(&mut self, capture: usize, stages: &StageTimes, block: BlockProfile) {
        self.stages.add(stages);
        self.blocks.push(BlockProfile { capture, ..block });
    }

    /// Adds what was passed over of a capture, which is at its end.
    pub(super) fn end_capture(&mut self, capture: usize, passed_over: Vec<BlockProfile>, bytes: (u64, u64)) {
        self.blocks.extend(passed_over.into_iter().map(|block| BlockProfile { capture, ..block }));
        // blocks come as they are done
        self.blocks.sort_by_key(|block| (block.capture, block.first_num, block.rows));
        self.bytes_read += bytes.0;
        self.bytes_passed_over += bytes.1;
    }
}

/// Measures one piece of work after the other, if it measures at all.
pub(super) struct Lap {
    started: Option<Instant>,
}

impl Lap {
    pub(super) fn start(measures: bool) -> Lap {
        Lap { started: measures.then(Instant::now) }
    }

    /// Time since the start or the last call, ns; 0 unless measured.
    pub(super) fn ns(&mut self) -> u64 {
        let Some(started) = self.started else { return 0 };
        let now = Instant::now();
        self.started = Some(now);
        u64::try_from(now.duration_since(started).as_nanos()).unwrap_or(u64::MAX)
    }
}
