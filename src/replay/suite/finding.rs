//! What came of a test.

use std::collections::BTreeSet;

use crate::replay::eval::ReplaySummary;
use crate::replay::rules::Span;

/// An expectation that was not met.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Where the expectation stands in the test file.
    pub span: Span,
    /// What was expected, and what was found.
    pub message: String,
    /// Alerts that show it, a line each.
    pub details: Vec<String>,
}

/// What came of evaluating a test's captures.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Expectations that were not met; empty if the test passes.
    pub failures: Vec<Failure>,
    /// The rules of which the test demands an alert.
    pub demanded: BTreeSet<String>,
    /// The alerts as they stand in the golden file, if the test has one.
    pub golden: Option<String>,
    /// What the replay says of itself: damage, rules and their costs.
    pub summary: ReplaySummary,
}
