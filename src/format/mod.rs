//! The capture file (`.reel`): schema of events and dimensions, columns, blocks, reader and writer.
//!
//! No operating system, no eBPF, no rules in here. See `docs` of each module for the bytes.

pub mod block;
pub mod builder;
pub mod column;
mod cursor;
mod damage;
pub mod dimension;
mod error;
mod frame;
pub mod header;
pub mod index;
mod keyed_hash;
mod kinship;
mod random_access;
mod reader;
mod records;
pub mod row;
pub mod schema;
mod source;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use block::{
    Block, BlockBuilder, BlockOptions, DimensionTable, EncodedBlock, EventTable, RawBlock, UnencodedBlock,
};
pub use column::{BytesColumn, IntColumn};
pub use damage::Damage;
pub use error::FormatError;
pub use header::{BlockHeader, CaptureHeader, Loss};
pub use index::{Index, IndexEntry};
pub use reader::{Ending, Reader};
pub use verify::{Verdict, Verification, verify};
pub use writer::{Summary, Writer};
