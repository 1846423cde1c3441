//! Blocks: from events to compressed columns and back. Nothing outside knows how a block's bytes lie.
//!
//! A [`BlockBuilder`] takes events; [`UnencodedBlock::encode`] makes the frame, on whichever thread; a [`RawBlock`] is
//! what a reader finds; [`RawBlock::decode`] gives a [`Block`], whose columns are inflated when first asked for.

mod builder;
mod built;
mod decode;
mod derived;
mod dimension_cells;
mod encode;
mod follow;
mod gather;
mod interning;
mod layout;
mod pack;
mod sizes;
mod steps;
mod tallies;
mod tally_rows;
mod usage;
mod view;

pub use builder::{BlockBuilder, BlockOptions, EventOutline, ROWS_LIMIT, UnencodedBlock};
pub use decode::{Block, RawBlock};
pub use encode::EncodedBlock;
pub use usage::BlockUse;
pub use view::{ColumnSize, DimensionTable, EventTable};

pub(crate) use pack::{pack_alone, unpack_alone};
