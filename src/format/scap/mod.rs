//! Files of Falco and sysdig (`.scap`): what is in them, block by block. Nothing is interpreted here.
//!
//! Enters: a stream of bytes, as it is or compressed. Leaves: [`ScapItem`]s in the order of the file; the entries of a
//! long list come in several items. What an event's
//! parameters mean is in [`crate::format::schema::codes`]; who a thread was when an event happened is for whoever keeps
//! state (`capture`).

mod batch;
mod block_type;
mod entries;
mod event;
mod export;
mod item;
mod output;
mod packed;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use event::ScapEvent;
pub use export::{ScapExport, ScapExportFigures, Survey};
pub use item::{
    ScapAddr, ScapFd, ScapFdInfo, ScapFdType, ScapGroup, ScapInterface, ScapItem, ScapMachine, ScapThread, ScapUser,
};
pub use output::{ScapOutput, ScapWrapping};
pub use reader::ScapReader;
pub use writer::{ScapEventHead, ScapWriter};
