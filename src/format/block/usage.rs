//! How much of a block was read, and what that took.

use std::cell::Cell;
use std::time::Instant;

use super::decode::Block;

/// What was read of a block so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BlockUse {
    /// Tables that the block has.
    pub tables: u64,
    /// Tables of which a column was decoded.
    pub tables_read: u64,
    /// Columns that the block has.
    pub columns: u64,
    /// Columns that were decoded.
    pub columns_read: u64,
    /// Bytes of the block's body; 0 of a block that never was bytes.
    pub bytes: u64,
    /// Bytes of the columns that were decoded, as they lie in the file.
    pub bytes_decoded: u64,
    /// Time for inflating columns, ns; 0 unless [`Block::measure`] was called.
    pub inflate_ns: u64,
    /// Time for decoding them after that, likewise.
    pub decode_ns: u64,
}

/// Adds up the time of some work; stands still, and costs nothing, until it is switched on.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    is_on: Cell<bool>,
    /// Work that calls for more of the same sort is counted once.
    is_running: Cell<bool>,
    ns: Cell<u64>,
}

impl Stopwatch {
    pub(super) fn ns(&self) -> u64 {
        self.ns.get()
    }

    pub(super) fn switch_on(&self) {
        self.is_on.set(true);
    }

    pub(super) fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        if !self.is_on.get() || self.is_running.get() {
            return work();
        }
        self.is_running.set(true);
        let started = Instant::now();
        let done = work();
        let ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.ns.set(self.ns.get().saturating_add(ns));
        self.is_running.set(false);
        done
    }
}

impl Block {
    /// Times reading columns from here on.
    pub fn measure(&self) {
        self.reading.switch_on();
        self.unpacker.inflating().switch_on();
    }

    /// Time that reading columns took, ns; 0 unless [`Block::measure`] was called.
    pub fn columns_ns(&self) -> u64 {
        self.reading.ns()
    }

    /// What was read so far.
    pub fn usage(&self) -> BlockUse {
        let mut usage = BlockUse {
            tables: self.tables.len() as u64,
            bytes: self.body_len() as u64,
            bytes_decoded: self.page_len_if_read() as u64,
            inflate_ns: self.unpacker.inflating().ns(),
            decode_ns: self.reading.ns().saturating_sub(self.unpacker.inflating().ns()),
            ..BlockUse::default()
        };
        for table in &self.tables {
            let mut read = 0;
            for (is_read, stored) in table.columns_read() {
                usage.columns += 1;
                if is_read {
                    read += 1;
                    usage.bytes_decoded += stored as u64;
                }
            }
            usage.columns_read += read;
            usage.tables_read += u64::from(read > 0);
        }
        usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_counts_nested_work_once_and_nothing_while_it_is_off() {
        let watch = Stopwatch::default();
        let work = || std::thread::sleep(std::time::Duration::from_millis(2));
        watch.time(work);
        assert_eq!(watch.ns(), 0);
        watch.switch_on();
        let started = Instant::now();
        watch.time(|| watch.time(work));
        assert!(u128::from(watch.ns()) <= started.elapsed().as_nanos());
        assert!(watch.ns() >= 2_000_000);
    }
}
