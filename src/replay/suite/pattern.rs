//! What a text of an alert must be.

use std::fmt;

use regex::Regex;

use crate::replay::compile::matches_wildcard;
use crate::replay::fields::glob;

/// What a text must be.
#[derive(Clone, Debug)]
pub enum TextPattern {
    /// This, letter for letter.
    Exact(String),
    /// This, with `*` for any letters.
    Wildcard(String),
    /// A shell pattern: `*`, `?`, `[a-z]`.
    Glob(String),
    /// A regular expression that is found somewhere in it.
    Regex(Regex),
    /// Anything but this.
    Not(Box<TextPattern>),
}

impl TextPattern {
    /// A text as written without further words: exact, unless there is a `*` in it.
    pub fn plain(text: &str) -> TextPattern {
        if text.contains('*') { TextPattern::Wildcard(text.to_owned()) } else { TextPattern::Exact(text.to_owned()) }
    }

    /// Whether a text is what it must be.
    pub fn holds(&self, text: &str) -> bool {
        match self {
            TextPattern::Exact(exact) => exact == text,
            TextPattern::Wildcard(pattern) => matches_wildcard(pattern, text),
            TextPattern::Glob(pattern) => glob::matches(pattern.as_bytes(), text.as_bytes()),
            TextPattern::Regex(regex) => regex.is_match(text),
            TextPattern::Not(inner) => !inner.holds(text),
        }
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextPattern::Exact(text) | TextPattern::Wildcard(text) => write!(f, "`{text}`"),
            TextPattern::Glob(text) => write!(f, "glob `{text}`"),
            TextPattern::Regex(regex) => write!(f, "regex `{regex}`"),
            TextPattern::Not(inner) => write!(f, "not {inner}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_pattern_holds_for_what_it_says() {
        assert!(TextPattern::plain("a?c").holds("a?c") && !TextPattern::plain("a?c").holds("abc"));
        assert!(TextPattern::plain("/etc/*").holds("/etc/passwd") && !TextPattern::plain("/etc/*").holds("x/etc/a"));
        assert!(
            TextPattern::Exact("a*c".to_owned()).holds("a*c") && !TextPattern::Exact("a*c".to_owned()).holds("abc")
        );
        assert!(TextPattern::Glob("a[bc]?".to_owned()).holds("acd"));
        let regex = TextPattern::Regex(Regex::new("^[0-9]+$").unwrap());
        assert!(regex.holds("42") && !regex.holds("x42"));
        assert!(TextPattern::Not(Box::new(regex)).holds("x42"));
    }
}
