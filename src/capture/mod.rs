//! From kernel facts to rows: live recording, state, containers, and the recorder that joins them. No rules in here.
//!
//! Enters: [`raw::RawEvent`]s, in the event table's terms. Leaves: [`crate::format::row::Event`]s with everything that
//! was known at that moment about the thread, its ancestors, its container and the descriptor.

pub mod audit;
pub mod container;
pub mod import;
#[cfg(feature = "record")]
pub mod live;
pub mod raw;
pub mod recorder;
pub mod state;
