//! Programs over blocks: matches, in order, on all processors.
//!
//! [`evaluate_block`] is one block on one thread; [`replay`] runs over whole captures. The only user of rayon.

mod bits;
mod block;
mod keys;
mod replay;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use block::{BlockOptions, Match, RuleCost, evaluate_block, evaluate_view};
pub use replay::{Alert, AlertPrinter, ReplayError, ReplayOptions, ReplaySummary, RuleCount, replay, replay_each};
