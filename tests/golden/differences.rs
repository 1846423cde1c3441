//! The list of what may differ from Falco.

use std::cell::Cell;

use super::events::Class;

/// The list, as a text of its own: it is read by people.
const LIST: &str = include_str!("../data/golden-differences.txt");

/// One line of the list: which fields of which events of which captures, `*` stands for any letters; and the numbers
/// of the events, if it is about some only.
struct Line {
    text: &'static str,
    field: &'static str,
    event: &'static str,
    capture: &'static str,
    numbers: Vec<i64>,
    uses: Cell<u64>,
}

/// All lines.
pub(super) struct Allowed {
    lines: Vec<Line>,
}

impl Allowed {
    /// Reads the list. Every group of lines must have its reason above it.
    pub(super) fn read() -> Allowed {
        let mut lines = Vec::new();
        let mut has_reason = false;
        for text in LIST.lines() {
            if text.trim().is_empty() {
                has_reason = false;
                continue;
            }
            if text.starts_with('#') {
                has_reason = true;
                continue;
            }
            assert!(has_reason, "`{text}` has no reason above it");
            let words: Vec<&str> = text.split_whitespace().collect();
            let [field, event, capture, ref numbers @ ..] = words[..] else {
                panic!("`{text}` is not FIELD EVENT CAPTURE [NUMBER...]")
            };
            let numbers = numbers.iter().map(|number| number.parse().unwrap()).collect();
            lines.push(Line { text, field, event, capture, numbers, uses: Cell::new(0) });
        }
        Allowed { lines }
    }

    /// Whether this may differ for this event of this capture.
    pub(super) fn allows(&self, capture: &str, class: &Class, num: i64) -> bool {
        let line = self.lines.iter().find(|line| {
            matches(line.field, &class.field)
                && matches(line.event, &class.event)
                && matches(line.capture, capture)
                && (line.numbers.is_empty() || line.numbers.contains(&num))
        });
        if let Some(line) = line {
            line.uses.set(line.uses.get() + 1);
        }
        line.is_some()
    }

    /// Lines that allow what does not happen.
    pub(super) fn unused(&self) -> Vec<&str> {
        self.lines.iter().filter(|line| line.uses.get() == 0).map(|line| line.text).collect()
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => {
            let Some(text) = text.strip_prefix(start) else { return false };
            (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
        }
    }
}
