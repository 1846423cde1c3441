//! The JSON document that `falco -V` prints with json_output=true.

use std::collections::HashMap;

use serde_json::{Value, json};
use sysreel::replay::rules::{Diagnostic, Location, RuleFile, Severity, Validation};

/// Letters of a source line that are shown to either side of a problem.
const SNIPPET_SIDE: usize = 80;

/// The results of all files. What is ours stands in keys of its own: our name of the problem, the help, and the place of
/// the problem itself.
pub(super) fn load_results(validation: &Validation, unreadable: &[Diagnostic], files: &[RuleFile]) -> Value {
    let sources: HashMap<&str, Source<'_>> =
        files.iter().map(|file| (file.name.as_str(), Source::new(&file.text))).collect();
    let of_unreadable = unreadable.iter().map(|found| {
        let problems = [found];
        file_result(&found.file, &problems, &sources)
    });
    let of_files = validation.results.iter().map(|result| {
        let problems: Vec<&Diagnostic> = result.diagnostics.iter().collect();
        file_result(&result.name, &problems, &sources)
    });
    json!({ "falco_load_results": of_unreadable.chain(of_files).collect::<Vec<Value>>() })
}

fn file_result(name: &str, problems: &[&Diagnostic], sources: &HashMap<&str, Source<'_>>) -> Value {
    let of_severity = |severity: Severity| -> Vec<Value> {
        problems.iter().filter(|found| found.severity == severity).map(|found| problem(found, sources)).collect()
    };
    let errors = of_severity(Severity::Error);
    json!({
        "name": name,
        "successful": errors.is_empty(),
        "errors": errors,
        "warnings": of_severity(Severity::Warning),
    })
}

fn problem(found: &Diagnostic, sources: &HashMap<&str, Source<'_>>) -> Value {
    let source = sources.get(found.file.as_str());
    let locations: Vec<Value> = found.context.iter().map(|location| location_of(location, sources)).collect();
    let locations = if locations.is_empty() {
        let whole = json!({"name": found.file, "line": 0, "column": 0, "offset": 0});
        vec![json!({"item_type": "rules content", "item_name": "", "position": whole})]
    } else {
        locations
    };
    let code = found.engine_code();
    let place = source.map(|source| {
        let (line, column) = source.position(found.span.start);
        json!({"file": found.file, "line": line + 1, "column": column + 1, "bytes": [found.span.start, found.span.end]})
    });
    json!({
        "code": code.name(),
        "codedesc": code.description(),
        "message": found.message,
        "context": {
            "locations": locations,
            "snippet": source.map_or_else(String::new, |source| source.snippet(found.span.start)),
        },
        "name": found.code.name(),
        "help": found.help,
        "place": place,
    })
}

fn location_of(location: &Location, sources: &HashMap<&str, Source<'_>>) -> Value {
    let (line, column) = sources.get(location.file.as_str()).map_or((0, 0), |source| source.position(location.offset));
    json!({
        "item_type": location.item_type.name(),
        "item_name": location.item_name,
        "position": {"name": location.file, "line": line, "column": column, "offset": location.offset},
    })
}

/// A file's text, with the places at which its lines start.
struct Source<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Source<'t> {
    fn new(text: &'t str) -> Source<'t> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source { text, starts }
    }

    /// Line and column, both from 0.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        (line, offset - self.starts.get(line).copied().unwrap_or(0).min(offset))
    }

    /// The line of a place, and a caret below it.
    fn snippet(&self, offset: usize) -> String {
        let (line, _) = self.position(offset);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let text = self.text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let mut at = (offset - start).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (before, after) = text.split_at(at);
        let skipped = before.chars().count().saturating_sub(SNIPPET_SIDE);
        let mut shown: String = if skipped > 0 { "...".to_owned() } else { String::new() };
        shown.extend(before.chars().skip(skipped));
        let column = shown.chars().count();
        shown.extend(after.chars().take(SNIPPET_SIDE));
        if after.chars().nth(SNIPPET_SIDE).is_some() {
            shown.push_str("...");
        }
        format!("{shown}\n{}^\n", " ".repeat(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_a_line_with_a_caret() {
        let source = Source::new("one\ntwo three\n");
        assert_eq!(source.position(8), (1, 4));
        assert_eq!(source.snippet(8), "two three\n    ^\n");
        assert_eq!(source.snippet(100), "\n^\n");
    }

    #[test]
    fn long_lines_are_cut_on_both_sides() {
        let text = format!("{}X{}", "a".repeat(200), "é".repeat(200));
        let snippet = Source::new(&text).snippet(200);
        let mut lines = snippet.lines();
        let line = lines.next().unwrap_or("");
        assert!(line.starts_with("...aaa") && line.ends_with("é..."), "{line}");
        assert_eq!(lines.next().map(|caret| caret.len() - 1), line.find('X'));
    }
}
