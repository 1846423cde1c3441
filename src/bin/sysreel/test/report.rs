//! The report for people, test by test.

use std::io::{self, Write};
use std::time::Duration;

use super::outcome::{Outcome, Problem, Status};
use crate::table::printable;
use crate::terminal::Terminal;
use crate::time::show_duration;

/// Writes the report.
pub(super) struct Report<W> {
    out: W,
    terminal: Terminal,
    /// The file whose tests are being told.
    file: Option<String>,
}

impl<W: Write> Report<W> {
    pub(super) fn new(out: W, terminal: Terminal) -> Report<W> {
        Report { out, terminal, file: None }
    }

    /// Tells what came of a test.
    pub(super) fn tell(&mut self, outcome: &Outcome) -> io::Result<()> {
        if self.file.as_deref() != Some(&outcome.file) {
            writeln!(self.out, "{}", printable(&outcome.file))?;
            self.file = Some(outcome.file.clone());
        }
        let name = if outcome.line == 0 { "the file cannot be used" } else { &outcome.name };
        writeln!(self.out, "  {}  {}", self.word(outcome.status), printable(name))?;
        for problem in &outcome.problems {
            self.tell_problem(problem)?;
        }
        for note in &outcome.notes {
            writeln!(self.out, "        {}", printable(note))?;
        }
        self.out.flush()
    }

    fn tell_problem(&mut self, problem: &Problem) -> io::Result<()> {
        let place = problem.place.as_ref();
        let place = place.map_or_else(String::new, |place| format!("{}:{}:{}: ", place.file, place.line, place.column));
        writeln!(self.out, "        {}{}", printable(&place), printable(&problem.message))?;
        for detail in &problem.details {
            writeln!(self.out, "          {}", printable(detail))?;
        }
        Ok(())
    }

    fn word(&self, status: Status) -> String {
        let (word, color) = match status {
            Status::Passed => ("ok    ", "32"),
            Status::Failed => ("FAILED", "31"),
            Status::NotRun => ("ERROR ", "31"),
        };
        if self.terminal.color_stdout { format!("\x1b[{color}m{word}\x1b[0m") } else { word.to_owned() }
    }

    /// Lists the rules that no test demands an alert of.
    pub(super) fn tell_untested(&mut self, untested: &[String], rules: usize, must_not_be: bool) -> io::Result<()> {
        if untested.is_empty() {
            return Ok(());
        }
        let word = if must_not_be { format!("{}  ", self.word(Status::Failed)) } else { String::new() };
        writeln!(self.out, "\n{word}{} of {rules} rules have no test:", untested.len())?;
        for rule in untested {
            writeln!(self.out, "  {}", printable(rule))?;
        }
        Ok(())
    }

    /// Tells the figures.
    pub(super) fn finish(&mut self, outcomes: &[Outcome], took: Duration) -> io::Result<()> {
        let count = |status: Status| outcomes.iter().filter(|outcome| outcome.status == status).count();
        let (passed, failed, not_run) = (count(Status::Passed), count(Status::Failed), count(Status::NotRun));
        let mut figures = vec![format!("{passed} passed")];
        if failed > 0 {
            figures.push(format!("{failed} failed"));
        }
        if not_run > 0 {
            figures.push(format!("{not_run} could not run"));
        }
        writeln!(self.out, "\n{} in {}", figures.join(", "), show_duration(took))?;
        self.out.flush()
    }

    /// Prints a text that is ready.
    pub(super) fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
