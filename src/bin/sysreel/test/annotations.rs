//! Failures in the forms in which CI systems show them in the margin of a change.

use std::fmt::Write as _;

use super::outcome::{Outcome, Status};

/// GitHub's workflow commands, a line for each problem.
pub(super) fn github(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.status != Status::Passed) {
        for problem in &outcome.problems {
            let place = match &problem.place {
                Some(place) => format!("file={},line={},col={},", property(&place.file), place.line, place.column),
                None if outcome.line > 0 => format!("file={},line={},", property(&outcome.file), outcome.line),
                None => String::new(),
            };
            let mut message = problem.message.clone();
            for detail in &problem.details {
                message.push('\n');
                message.push_str(detail);
            }
            // Writing to a String cannot fail.
            let _ = writeln!(text, "::error {place}title={}::{}", property(&outcome.name), data(&message));
        }
    }
    text
}

/// A message: what would end the line is written as percent codes.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: also what would end the property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{Place, Problem};
    use super::*;

    #[test]
    fn a_problem_is_a_command_with_its_place() {
        let mut failed = Outcome::new("a.test.yaml", "one: two, three", 3);
        let place = Place { file: "dir/a.test.yaml".to_owned(), line: 9, column: 7 };
        let details = vec!["100 %".to_owned()];
        failed.fail(Problem { place: Some(place), message: "alerts: expected 1, found 2".to_owned(), details });
        let expected = "::error file=dir/a.test.yaml,line=9,col=7,title=one%3A two%2C three::\
                        alerts: expected 1, found 2%0A100 %25\n";
        assert_eq!(github(&[Outcome::new("a", "good", 1), failed]), expected);
    }
}
