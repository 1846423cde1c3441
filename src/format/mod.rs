//! The capture file (`.reel`): schema of events and dimensions, columns, blocks, reader and writer.
//!
//! No operating system, no eBPF, no rules in here. See `docs` of each module for the bytes.

pub mod dimension;
pub mod row;
pub mod schema;
