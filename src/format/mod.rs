//! The capture file (`.reel`): schema of events and dimensions, columns, blocks, reader and writer.
//!
//! Enters: [`row::Event`]s, pushed into a [`BlockBuilder`]. Leaves: [`Block`]s, whose columns are decoded when asked for.
//! Between them lies the file, whose bytes nobody outside knows. No operating system, no eBPF, no rules in here.
//!
//! # What is guaranteed
//!
//! - A block is complete in itself: its events, and every thread, descriptor, container, user and group row that they
//!   refer to, with all ancestors. Blocks can be read in any order, skipped, or lost.
//! - No bytes, however made, make a reader crash, hang, or allocate more than a declared limit. References that a decoded
//!   column gives are in range, and following a thread's parents ends.
//! - A block whose bytes are not what was written is reported as [`Damage`] with its place and left out; the rest is
//!   read. A file cut off anywhere gives every whole block before the cut.
//! - Who notes down [`Summary::chain_end`] can tell later whether a file is what was written ([`verify()`]).
//!
//! # The bytes
//!
//! Numbers are little-endian. The grammar is given where the bytes are read:
//!
//! ```text
//! capture  = preamble header-frame ( inventory-frame | block-frame )* [ index-frame trailer ]
//! preamble = magic (8 bytes: 89 'REEL' 0D 0A 1A) version (u32) zero (u32)
//! frame    = head (128 bytes) record body                  see `frame`
//!   header-frame: record = CaptureHeader, no body          see `header`, `records`
//!   block-frame:  record = BlockHeader, body = columns     see `header`, `block::decode`
//!   inventory-frame: record = version and origin, body = one stream    see `inventory`
//!   index-frame:  no record, body = one stream of Index    see `index`, `block::pack`
//! trailer  = offset of the index frame (u64) check (8 bytes) end marker (8 bytes)
//! body     = directory, page of small columns, columns     see `block::decode`
//! column   = nulls, codec, streams                         see `column`, `column::ints`, `column::bytes`
//!          | derived from another column                   see `block::derived`
//! stream   = bytes, or a zstd frame of them                see `block::pack`
//! ```
//!
//! A frame is written with one call, so that a recorder that is killed leaves whole frames and at most one torn one. The
//! index is a convenience: without it a file is read frame by frame. Every frame begins with a marker and checks its own
//! head, so that reading finds the next one after damage.
//!
//! # Versions
//!
//! A reader refuses a file of a newer version and says so. Within a version a writer may add tables, columns of a
//! dimension, and frames of another sort: a reader passes over those that it does not know, and a column that is not
//! there reads as null. A new codec, or a change of a record, is a new version. `tests/data` keeps a small file of each
//! version, which is never made anew.

pub mod block;
mod block_stream;
pub mod builder;
pub mod column;
mod cursor;
mod damage;
pub mod dimension;
mod encoders;
pub(crate) mod envelope;
mod error;
mod frame;
pub mod header;
pub mod index;
mod inventory;
pub mod json;
mod keyed_hash;
mod kinship;
mod near;
mod random_access;
mod reader;
mod records;
pub mod row;
pub mod scap;
pub mod schema;
mod source;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

pub use block::{
    Block, BlockBuilder, BlockOptions, BlockUse, DimensionTable, EncodedBlock, EventOutline, EventTable, RawBlock,
    UnencodedBlock,
};
pub(crate) use block_stream::AskedKinds;
pub use column::{BytesColumn, IntColumn};
pub use damage::Damage;
pub use encoders::{EncodedBlocks, Encoders};
pub use error::FormatError;
pub use header::{BlockHeader, CaptureHeader, Loss, Shortfall};
pub use index::{Index, IndexEntry};
pub use inventory::{Inventory, InventoryOrigin};
pub(crate) use near::nearest;
pub use reader::{Ending, Reader};
pub use verify::{Verdict, Verification, verify};
pub use writer::{Summary, Writer};
