//! Conditions and lists of words as lines that fit.

use sysreel::replay::rules::{Resolved, ResolvedRight};

use crate::table::printable;

/// Letters of a line.
const WIDTH: usize = 100;
/// Blanks before what stands inside of something.
const STEP: usize = 2;

/// A condition over as many lines as it needs: what fits stands in one, and the parts of what does not each begin one.
pub(super) fn condition_lines(condition: &Resolved, indent: usize) -> String {
    let mut lines = String::new();
    match condition {
        // Parentheses around the whole say nothing.
        Resolved::And(parts) => push_parts(parts, "and ", indent, &mut lines),
        Resolved::Or(parts) => push_parts(parts, "or ", indent, &mut lines),
        other => push_condition(other, "", indent, &mut lines),
    }
    lines
}

fn push_parts(parts: &[Resolved], between: &str, indent: usize, lines: &mut String) {
    for (at, part) in parts.iter().enumerate() {
        push_condition(part, if at == 0 { "" } else { between }, indent, lines);
    }
}

/// A part of a condition, after the word that joins it to the one before.
fn push_condition(condition: &Resolved, word: &str, indent: usize, lines: &mut String) {
    let whole = format!("{word}{condition}");
    if indent + whole.chars().count() <= WIDTH {
        push_line(&whole, indent, lines);
        return;
    }
    match condition {
        Resolved::And(parts) | Resolved::Or(parts) => {
            let between = if matches!(condition, Resolved::And(_)) { "and " } else { "or " };
            push_line(&format!("{word}("), indent, lines);
            push_parts(parts, between, indent + STEP, lines);
            push_line(")", indent, lines);
        }
        Resolved::Not(part) => push_condition(part, &format!("{word}not "), indent, lines),
        Resolved::Test(test) => match &test.right {
            ResolvedRight::List(values) => {
                push_line(&format!("{word}{} {} (", test.field, test.op), indent, lines);
                push_words(values, ", ", indent + STEP, lines);
                push_line(")", indent, lines);
            }
            ResolvedRight::None | ResolvedRight::Value(_) | ResolvedRight::Field(_) => {
                push_line(&whole, indent, lines);
            }
        },
        Resolved::Name(_) => push_line(&whole, indent, lines),
    }
}

/// Words with something between them, as many in a line as fit.
pub(super) fn push_words(words: &[String], between: &str, indent: usize, lines: &mut String) {
    let mut line = String::new();
    for (at, word) in words.iter().enumerate() {
        let piece = if at + 1 < words.len() { format!("{word}{between}") } else { word.clone() };
        if !line.is_empty() && indent + line.chars().count() + piece.trim_end().chars().count() > WIDTH {
            push_line(line.trim_end(), indent, lines);
            line.clear();
        }
        line.push_str(&piece);
    }
    if !line.is_empty() {
        push_line(line.trim_end(), indent, lines);
    }
}

/// A text with blanks between its words, filled into lines.
pub(super) fn push_text(text: &str, indent: usize, lines: &mut String) {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    push_words(&words, " ", indent, lines);
}

fn push_line(line: &str, indent: usize, lines: &mut String) {
    lines.push_str(&" ".repeat(indent));
    lines.push_str(&printable(line));
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use sysreel::replay::rules::ResolvedTest;

    use super::*;

    fn test(field: &str, values: &[&str]) -> Resolved {
        let right = ResolvedRight::List(values.iter().map(|value| (*value).to_owned()).collect());
        Resolved::Test(ResolvedTest { field: field.to_owned(), op: "in".to_owned(), right })
    }

    #[test]
    fn what_fits_stands_in_one_line() {
        let condition = Resolved::And(vec![test("a", &["x"]), Resolved::Not(Box::new(test("b", &["y"])))]);
        assert_eq!(condition_lines(&condition, 2), "  a in (x)\n  and not b in (y)\n");
        let group = Resolved::Or(vec![condition, test("c", &["z"])]);
        assert_eq!(condition_lines(&group, 0), "(a in (x) and not b in (y))\nor c in (z)\n");
    }

    #[test]
    fn what_does_not_fit_is_taken_apart() {
        let values = vec!["a-value-of-some-length"; 6];
        let first = Resolved::And(vec![test("b", &values), test("d", &["v"])]);
        let inner = Resolved::Or(vec![first, test("c", &["z"])]);
        let condition = Resolved::And(vec![test("a", &["x"]), Resolved::Not(Box::new(inner))]);
        insta::assert_snapshot!(condition_lines(&condition, 0), @r"
        a in (x)
        and not (
          (
            b in (
              a-value-of-some-length, a-value-of-some-length, a-value-of-some-length,
              a-value-of-some-length, a-value-of-some-length, a-value-of-some-length
            )
            and d in (v)
          )
          or c in (z)
        )
        ");
    }
}
