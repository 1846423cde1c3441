//! Results as JUnit XML, as CI systems read it.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::outcome::{Outcome, Problem, Status};

/// Where the results go. It is opened before the tests run: who waited for them should not learn then that it cannot be.
pub(super) struct ReportFile {
    path: PathBuf,
    file: File,
}

impl ReportFile {
    /// Opens or makes the file; what is in it stays until there is something new.
    pub(super) fn open(path: &Path) -> anyhow::Result<ReportFile> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.with_context(|| format!("{}: cannot write", path.display()))?;
        Ok(ReportFile { path: path.to_owned(), file })
    }

    /// Puts this text in place of what was there.
    pub(super) fn replace(mut self, text: &str) -> anyhow::Result<()> {
        self.write(text).with_context(|| format!("{}: cannot write", self.path.display()))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        // a pipe or /dev/stdout has no length
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text.as_bytes())
    }
}

/// The document.
pub(super) fn document(outcomes: &[Outcome], took: Duration) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Outcome> = outcomes.iter().collect();
    open(&mut text, "testsuites", "sysreel test", &all, took);
    let mut files: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !files.contains(&outcome.file.as_str()) {
            files.push(&outcome.file);
        }
    }
    for file in files {
        let of_file: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.file == file).collect();
        let took = of_file.iter().map(|outcome| outcome.took).sum();
        text.push_str("  ");
        open(&mut text, "testsuite", file, &of_file, took);
        for outcome in of_file {
            test_case(&mut text, outcome);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

// Writing to a String cannot fail, here and below.
fn open(text: &mut String, element: &str, name: &str, outcomes: &[&Outcome], took: Duration) {
    let count = |status: Status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    let _ = writeln!(
        text,
        "<{element} name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
        escape(name),
        outcomes.len(),
        count(Status::Failed),
        count(Status::NotRun),
        took.as_secs_f64(),
    );
}

fn test_case(text: &mut String, outcome: &Outcome) {
    let _ = write!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\"",
        escape(&outcome.name),
        escape(&outcome.file),
        escape(&outcome.file),
    );
    if outcome.line > 0 {
        let _ = write!(text, " line=\"{}\"", outcome.line);
    }
    let _ = write!(text, " time=\"{:.3}\"", outcome.took.as_secs_f64());
    let element = match outcome.status {
        Status::Passed => {
            text.push_str("/>\n");
            return;
        }
        Status::Failed => "failure",
        Status::NotRun => "error",
    };
    text.push_str(">\n");
    for problem in &outcome.problems {
        let _ = writeln!(
            text,
            "      <{element} message=\"{}\">{}</{element}>",
            escape(&problem.message),
            escape(&whole(problem)),
        );
    }
    text.push_str("    </testcase>\n");
}

/// A problem with its place and details.
fn whole(problem: &Problem) -> String {
    let place = problem.place.as_ref();
    let place = place.map_or_else(String::new, |place| format!("{}:{}:{}: ", place.file, place.line, place.column));
    let mut text = format!("{place}{}", problem.message);
    for detail in &problem.details {
        text.push('\n');
        text.push_str(detail);
    }
    text
}

/// Text as it may stand in an element or an attribute. XML has no way to write most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push('\t'),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_captures_cannot_break_the_document() {
        assert_eq!(escape("a<b & \"c\"\n\u{1b}[0m\u{0}"), "a&lt;b &amp; &quot;c&quot;&#10;\u{fffd}[0m\u{fffd}");
    }

    #[test]
    fn failures_and_errors_are_elements_of_their_test() {
        let mut failed = Outcome::new("a.test.yaml", "x < y", 3);
        failed.fail(Problem { place: None, message: "m".to_owned(), details: vec!["d".to_owned()] });
        let outcomes = [Outcome::new("a.test.yaml", "good", 2), failed];
        let document = document(&outcomes, Duration::from_millis(1500));
        let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"sysreel test\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500\">
  <testsuite name=\"a.test.yaml\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"0.000\">
    <testcase name=\"good\" classname=\"a.test.yaml\" file=\"a.test.yaml\" line=\"2\" time=\"0.000\"/>
    <testcase name=\"x &lt; y\" classname=\"a.test.yaml\" file=\"a.test.yaml\" line=\"3\" time=\"0.000\">
      <failure message=\"m\">m&#10;d</failure>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(document, expected);
    }
}
