//! The index: the footer that says where every block lies. A convenience; a file without one is read by its frames.

use serde::{Deserialize, Serialize};

use super::header::BlockHeader;

/// Where one block lies and what it says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Offset of the block's frame in the file.
    pub offset: u64,
    /// Length of the whole frame.
    pub length: u64,
    /// The block's header.
    pub header: BlockHeader,
}

/// The footer of a complete capture.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Index {
    /// All blocks in file order.
    pub blocks: Vec<IndexEntry>,
    /// Events in all blocks.
    pub events: u64,
    /// Events lost, over all blocks.
    pub lost: u64,
    /// First link of the hash chain: the one of the header frame.
    pub chain_start: [u8; 32],
    /// Last link: the one of the last block.
    pub chain_end: [u8; 32],
}

impl Index {
    /// Smallest and largest time in the capture, ns since the epoch; `None` without events.
    pub fn time_range(&self) -> Option<(u64, u64)> {
        let mut blocks = self.blocks.iter().map(|entry| &entry.header).filter(|header| header.rows > 0);
        let first = blocks.next()?;
        Some(blocks.fold((first.first_ts_ns, first.last_ts_ns), |(from, to), header| {
            (from.min(header.first_ts_ns), to.max(header.last_ts_ns))
        }))
    }
}
