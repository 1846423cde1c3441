//! Programs over blocks: matches, in order, on all processors.
//!
//! [`evaluate_block`] is one block on one thread; [`replay()`] runs over whole captures. The only user of rayon.

mod alert;
mod bits;
mod block;
mod classes;
mod comparisons;
mod job;
mod keys;
mod made;
mod merge;
mod profile;
mod replay;
mod scope;
mod single;
mod summary;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod wanted;

pub use alert::{Alert, AlertPrinter, BlockPrinter};
pub use block::{BlockCost, BlockOptions, Match, RuleCost, evaluate_block, evaluate_view};
pub use profile::{BlockProfile, ReplayProfile, StageTimes};
pub use replay::{ReplayError, ReplayOptions, replay, replay_each};
pub use summary::{ReplaySummary, RuleCount};
pub use wanted::PassedOver;
