//! Programs over blocks: matches, in order, on all processors.
//!
//! [`evaluate_block`] is one block on one thread; [`replay()`] runs over whole captures. The only user of rayon.

mod alert;
mod bits;
mod block;
mod job;
mod keys;
mod made;
mod merge;
mod replay;
mod single;
mod summary;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use alert::{Alert, AlertPrinter, BlockPrinter};
pub use block::{BlockOptions, Match, RuleCost, evaluate_block, evaluate_view};
pub use replay::{ReplayError, ReplayOptions, replay, replay_each};
pub use summary::{ReplaySummary, RuleCount};
