//! Rules that no test demands an alert of.

use std::collections::BTreeSet;

use super::outcome::{Outcome, Problem, Status};

/// Which rules there are, and which of them are tested.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    rules: BTreeSet<String>,
    tested: BTreeSet<String>,
}

impl Coverage {
    /// Adds the rules of a test.
    pub(super) fn note(&mut self, outcome: &Outcome) {
        self.rules.extend(outcome.loaded.iter().cloned());
        self.tested.extend(outcome.demanded.iter().cloned());
    }

    /// How many rules there are.
    pub(super) fn rules(&self) -> usize {
        self.rules.len()
    }

    /// The rules without a test, by name.
    pub(super) fn untested(&self) -> Vec<String> {
        self.rules.difference(&self.tested).cloned().collect()
    }

    /// The failure of having such rules.
    pub(super) fn outcome(&self, untested: &[String]) -> Outcome {
        let details = untested.to_vec();
        let message = format!("{} of {} rules have no test", untested.len(), self.rules.len());
        let problem = Problem { place: None, message, details };
        let mut outcome = Outcome::new("--require-coverage", "every rule has a test", 0);
        outcome.status = Status::Failed;
        outcome.problems.push(problem);
        outcome
    }
}
