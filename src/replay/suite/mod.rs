//! Rule tests: what rules must and must not find in captures.
//!
//! ```text
//! text of a test file -> TestFile (rules, captures, selection, expectations; every part with its place)
//! test, rules, captures that are open -> replay -> Tally (what was found, one alert at a time) -> Finding
//! ```
//!
//! What is wrong with a test file comes out as diagnostics, as for rule files; what a test did not find as it should be,
//! as [`Failure`]s with the place of the expectation. Not here: finding and opening files, and reports (`src/bin`).

mod count;
mod file;
mod finding;
mod golden;
mod pattern;
mod reader;
mod run;
mod tally;
#[cfg(test)]
mod tests;

pub use count::Count;
pub use file::{
    AlertPattern, CountOfRule, Expectations, FieldPattern, Input, Placed, RuleSource, Settings, TestCase, TestFile,
};
pub use finding::{Failure, Finding};
pub use golden::{Change, GoldenForm, compare_lines};
pub use pattern::TextPattern;
pub use reader::read_test_file;
pub use run::{check_against_rules, run_test};
