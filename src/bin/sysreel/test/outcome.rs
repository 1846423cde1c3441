//! What came of a test, as reports tell it.

use std::collections::BTreeSet;
use std::time::Duration;

use sysreel::replay::eval::RuleCount;
use sysreel::replay::rules::{Diagnostic, RuleFile, Span};
use sysreel::replay::suite::Failure;

/// What came of a test.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The test file as it was named.
    pub(super) file: String,
    /// The test's name; of a file that cannot be used, the file's.
    pub(super) name: String,
    /// Line of the test's name, from 1; 0 where there is none.
    pub(super) line: usize,
    pub(super) status: Status,
    pub(super) problems: Vec<Problem>,
    /// Worth saying although nothing is wrong.
    pub(super) notes: Vec<String>,
    pub(super) took: Duration,
    /// The rules that are on, with what each found and cost.
    pub(super) by_rule: Vec<RuleCount>,
    /// The rules that are on by default or in this test.
    pub(super) loaded: BTreeSet<String>,
    /// The rules of which the test demands an alert.
    pub(super) demanded: BTreeSet<String>,
}

/// Whether a test passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Passed,
    Failed,
    /// It could not run, or not to its end.
    NotRun,
}

/// Why a test did not pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    /// File, line and column.
    pub(super) place: Option<Place>,
    pub(super) message: String,
    pub(super) details: Vec<String>,
}

/// A place in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) file: String,
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 1.
    pub(super) column: usize,
}

impl Place {
    /// Where bytes of a file stand.
    pub(super) fn of(span: &Span, source: &RuleFile) -> Place {
        let mut start = span.start.min(source.text.len());
        while !source.text.is_char_boundary(start) {
            start -= 1;
        }
        let before = source.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: source.name.clone(),
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            column: 1 + before.get(line_start..).unwrap_or_default().chars().count(),
        }
    }
}

impl Problem {
    pub(super) fn plain(message: String) -> Problem {
        Problem { place: None, message, details: Vec::new() }
    }

    pub(super) fn at(span: &Span, source: &RuleFile, message: String) -> Problem {
        Problem { place: Some(Place::of(span, source)), message, details: Vec::new() }
    }

    pub(super) fn of_failure(failure: &Failure, source: &RuleFile) -> Problem {
        Problem { details: failure.details.clone(), ..Problem::at(&failure.span, source, failure.message.clone()) }
    }

    pub(super) fn of_diagnostic(diagnostic: &Diagnostic, source: &RuleFile) -> Problem {
        let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        Problem::at(&diagnostic.span, source, format!("{}{help}", diagnostic.message))
    }
}

impl Outcome {
    /// Of a test that is still to run.
    pub(super) fn new(file: &str, name: &str, line: usize) -> Outcome {
        Outcome {
            file: file.to_owned(),
            name: name.to_owned(),
            line,
            status: Status::Passed,
            problems: Vec::new(),
            notes: Vec::new(),
            took: Duration::ZERO,
            by_rule: Vec::new(),
            loaded: BTreeSet::new(),
            demanded: BTreeSet::new(),
        }
    }

    /// Of a file none of whose tests can run.
    pub(super) fn of_file(file: &str, problems: Vec<Problem>) -> Outcome {
        Outcome { status: Status::NotRun, problems, ..Outcome::new(file, file, 0) }
    }

    /// Notes that an expectation was not met.
    pub(super) fn fail(&mut self, problem: Problem) {
        if self.status == Status::Passed {
            self.status = Status::Failed;
        }
        self.problems.push(problem);
    }

    /// Notes why the test could not run.
    pub(super) fn cannot_run(&mut self, problem: Problem) {
        self.status = Status::NotRun;
        self.problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let source = RuleFile::new("f", "a\nöb c\n");
        let place = |start: usize| {
            let place = Place::of(&(start..start), &source);
            (place.line, place.column)
        };
        assert_eq!((place(0), place(2), place(4), place(3)), ((1, 1), (2, 1), (2, 2), (2, 1)));
        assert_eq!(place(100), (3, 1));
    }
}
