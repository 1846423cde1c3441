//! Captures of other programs, as blocks: `.scap` files of Falco and sysdig.
//!
//! Enters: what `format::scap` reads. Leaves: a [`Reader`] whose blocks are made while they are read, so that whoever
//! takes a capture of ours takes these. State and fields come out as in today's Falco; what an old recording says in
//! the form of its time is brought into today's first (`convert`).
//!
//! ```text
//! scap's reader: inflate | this room's thread: parse, convert, state, block builder | who reads: columns, evaluation
//! ```
//!
//! The threads are joined by bounded queues: what a file of any length takes is its live state and a few blocks.

mod container_json;
mod convert;
mod enter_events;
mod machine;
mod pipeline;

use std::io::Read;

use crate::format::scap::ScapReader;
use crate::format::{BlockOptions, FormatError, Reader};

/// Opens a `.scap` file: plain, or compressed with gzip or zstd. `name` stands in messages for the file.
///
/// Reads up to the first event. Fails when this is no such file, or when nothing of it can be read; what is damaged
/// further on is reported by [`Reader::next_block`].
pub fn open(name: &str, stream: Box<dyn Read + Send>) -> Result<Reader, FormatError> {
    open_in_blocks(name, stream, BlockOptions::default())
}

/// Likewise, into blocks of another size than the usual one.
pub fn open_in_blocks(name: &str, stream: Box<dyn Read + Send>, blocks: BlockOptions) -> Result<Reader, FormatError> {
    pipeline::start(name, ScapReader::open(name, stream)?, blocks)
}
