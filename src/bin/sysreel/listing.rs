//! Lists of what the schema has: narrowed by patterns, printed as a table or as markdown.

use std::io::Write as _;

use anyhow::anyhow;
use comfy_table::Cell;
use sysreel::replay::fields::glob;

use crate::named_output::standard_output;
use crate::table::{Look, Target, new_table};
use crate::terminal::Terminal;

/// Whether a name is asked for: by any of the patterns, or because there are none.
pub(crate) fn is_wanted(name: &str, patterns: &[String]) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| fits(name, pattern))
}

fn fits(name: &str, pattern: &str) -> bool {
    if pattern.contains(['*', '?']) {
        glob::matches(pattern.as_bytes(), name.as_bytes())
    } else {
        name.contains(pattern)
    }
}

/// The error for patterns of which one fits nothing: a list that lacks what was asked for must not look complete.
pub(crate) fn check_patterns<'n>(
    thing: &str,
    patterns: &[String],
    names: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Result<()> {
    let idle: Vec<String> = patterns
        .iter()
        .filter(|pattern| !names.clone().any(|name| fits(name, pattern)))
        .map(|pattern| format!("no {thing} has a name with `{pattern}` in it"))
        .collect();
    if idle.is_empty() { Ok(()) } else { Err(anyhow!(idle.join("\n"))) }
}

/// A list as columns.
pub(crate) struct Listing<'h> {
    /// The columns' heads.
    pub(crate) heads: &'h [&'static str],
    /// The cells of each row.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Listing<'_> {
    /// For people.
    pub(crate) fn table(self, terminal: &Terminal) -> String {
        let heads: Vec<String> = self.heads.iter().map(|head| head.to_uppercase()).collect();
        let mut table = new_table(&heads, Look::Plain, Target::Stdout, terminal.color_stdout);
        for row in self.rows {
            table.add_row(row.into_iter().map(Cell::new));
        }
        let mut text = String::new();
        for line in table.to_string().lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// For documents.
    pub(crate) fn markdown(self) -> String {
        let mut text = format!("| {} |\n|{}\n", self.heads.join(" | "), " --- |".repeat(self.heads.len()));
        for row in &self.rows {
            text.push('|');
            for cell in row {
                text.push(' ');
                text.push_str(&cell.replace('|', "\\|"));
                if !cell.is_empty() {
                    text.push(' ');
                }
                text.push('|');
            }
            text.push('\n');
        }
        text
    }
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = standard_output();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_part_of_a_name_or_all_of_it() {
        let wanted = |pattern: &str| is_wanted("proc.aname", &[pattern.to_owned()]);
        assert!(wanted("aname") && wanted("proc.") && wanted("proc.a*") && wanted("*.?name"));
        assert!(!wanted("fd.") && !wanted("a*") && !wanted("proc.?"));
        assert!(is_wanted("proc.aname", &[]));
    }

    #[test]
    fn every_pattern_that_fits_nothing_is_named() {
        let patterns = ["a".to_owned(), "x".to_owned(), "y*".to_owned()];
        let error = check_patterns("field", &patterns, ["ab", "b"].into_iter());
        let text = error.map_err(|error| error.to_string());
        let told = "no field has a name with `x` in it\nno field has a name with `y*` in it".to_owned();
        assert_eq!(text, Err(told));
    }

    #[test]
    fn markdown_keeps_bars_inside_their_cell() {
        let row = vec!["a".to_owned(), "b|c".to_owned(), String::new()];
        let listing = Listing { heads: &["one", "two", "three"], rows: vec![row] };
        assert_eq!(listing.markdown(), "| one | two | three |\n| --- | --- | --- |\n| a | b\\|c | |\n");
    }
}
