//! Values that are right as they stand and probably not what was meant.

use super::ast::Op;
use super::diagnostic::Code;
use super::field_ref::FieldProblem;
use super::names;
use super::syntax::{FUNCTIONS, TRANSFORMERS};
use crate::replay::fields::posix_regex;

/// Letters that mean something in a regular expression.
const SPECIAL_LETTERS: &[char] = &['.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '\\', '^', '$'];

/// Operators that are cheaper than `regex`.
const PLAIN_OPERATORS: &str = "`startswith`, `contains` or `endswith`";

/// What is suspicious about a value that stands on the right-hand side of a comparison.
pub(super) fn suspicion(op: Op, value: &str) -> Option<FieldProblem> {
    let word = value.trim();
    if is_field(word) {
        let message = format!("`{word}` is compared as a text here, although it is the name of a field");
        return Some(FieldProblem::new(Code::FieldAsText, message).help(format!("write `val({word})` for its value")));
    }
    let transformer = TRANSFORMERS
        .iter()
        .map(|(name, _)| *name)
        .chain(FUNCTIONS.iter().map(|(name, _)| *name))
        .chain(["val"])
        .find(|name| word.strip_prefix(name).is_some_and(|rest| rest.starts_with('(') && rest.ends_with(')')));
    if let Some(name) = transformer {
        let message = format!("`{word}` is compared as a text here, although `{name}` is a transformer");
        return Some(FieldProblem::new(Code::FieldAsText, message).help("leave out the quotes"));
    }
    if op == Op::Regex
        && let Err(problem) = posix_regex::compile(value)
    {
        let part = value.get(problem.span).filter(|part| !part.is_empty() && part.len() < value.len());
        let part = part.map_or_else(String::new, |part| format!(" (`{part}`)"));
        let message = format!("this expression matches nothing: {}{part}", problem.message);
        return Some(FieldProblem { code: Code::InvalidRegex, message, help: problem.help });
    }
    if op == Op::Regex && is_plain(value) {
        let message = format!("`{value}` needs no regular expression");
        return Some(FieldProblem::new(Code::PlainRegex, message).help(format!("{PLAIN_OPERATORS} is faster")));
    }
    None
}

fn is_field(word: &str) -> bool {
    // All but every value of a rule file is ruled out by the first of these.
    let name = word.split_once('[').map_or(word, |(name, rest)| if rest.ends_with(']') { name } else { "" });
    name.contains('.') && names::find_field(name).is_some()
}

/// Whether an expression is a plain text, but for what `startswith` and its like say as well.
fn is_plain(value: &str) -> bool {
    let inner = value.strip_prefix('^').unwrap_or(value);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let inner = [".*", ".+", ".?"].iter().find_map(|any| inner.strip_prefix(any)).unwrap_or(inner);
    let inner = [".*", ".+", ".?"].iter().find_map(|any| inner.strip_suffix(any)).unwrap_or(inner);
    !inner.contains(SPECIAL_LETTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(op: Op, value: &str) -> Option<Code> {
        suspicion(op, value).map(|problem| problem.code)
    }

    #[test]
    fn names_of_fields_and_transformers_are_no_usual_values() {
        assert_eq!(code(Op::Eq, "proc.pname"), Some(Code::FieldAsText));
        assert_eq!(code(Op::In, " proc.aname[2] "), Some(Code::FieldAsText));
        assert_eq!(code(Op::Eq, "tolower(proc.name)"), Some(Code::FieldAsText));
        assert_eq!(code(Op::Eq, "val(proc.name)"), Some(Code::FieldAsText));
        assert_eq!(
            ["proc.nmae", "libc.so.6", "a.b[c", "", "tolower(x", "lower(x)"].map(|v| code(Op::Eq, v)),
            [None; 6]
        );
    }

    #[test]
    fn expressions_that_other_operators_could_replace_are_told() {
        assert_eq!(
            ["abc", "^abc", "abc$", ".*abc", "abc.*", "^/etc/.*$"].map(|v| code(Op::Regex, v)),
            [Some(Code::PlainRegex); 6]
        );
        assert_eq!(["a.c", "a|b", "[ab]", "a\\.b", "x.*y"].map(|v| code(Op::Regex, v)), [None; 5]);
        assert_eq!(code(Op::Contains, "abc"), None);
        assert_eq!(["(", "\\d+", "(?i)a", "a{2000}"].map(|v| code(Op::Regex, v)), [Some(Code::InvalidRegex); 4]);
    }
}
