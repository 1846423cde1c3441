//! Lines of `tests/programs/calls`: what an event must be, parameter by parameter.

use sysreel::format::schema::syscalls::SYSCALL_CODES;
use sysreel::format::schema::{ParamInfo, ParamType};

use super::capture::{Recorded, Value};

/// One line.
#[derive(Debug)]
pub(super) struct Expectation {
    /// The line, for messages.
    pub(super) line: String,
    /// The event's name.
    pub(super) name: String,
    params: Vec<(String, String)>,
}

impl Expectation {
    pub(super) fn parse(line: &str) -> Expectation {
        let mut words = line.split(' ');
        let name = words.next().unwrap().to_owned();
        let params = words
            .map(|word| word.split_once('=').unwrap_or_else(|| panic!("'{word}' is no parameter: {line}")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Expectation { line: line.to_owned(), name, params }
    }

    /// How an event differs, a line per difference. Every parameter has to be in the expectation.
    pub(super) fn differences(&self, found: &Recorded) -> Vec<String> {
        if found.name() != self.name {
            return vec![format!("found {} where {} was expected: {}", found.name(), self.name, self.line)];
        }
        let info = found.kind.info().unwrap();
        let mut wrong = Vec::new();
        for (param, value) in info.params.iter().zip(&found.params) {
            match self.params.iter().find(|(name, _)| name == param.name) {
                None => wrong.push(format!("{}: the expectation lacks {}: {}", self.name, param.name, self.line)),
                Some((_, expected)) if fits(param, value, expected) => {}
                Some((_, expected)) => wrong.push(format!(
                    "{}: {} is {}, expected {}\n    {}",
                    self.name,
                    param.name,
                    show(value),
                    shorten(expected),
                    shorten(&self.line)
                )),
            }
        }
        for (name, _) in &self.params {
            if info.param(name).is_none() {
                wrong.push(format!("{} has no parameter {name}: {}", self.name, self.line));
            }
        }
        wrong
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "<NA>".to_owned(),
        Value::Int(number) => format!("{number} ({number:#x})"),
        Value::Bytes(bytes) => format!("{} bytes {}", bytes.len(), shorten(&bytes.escape_ascii().to_string())),
    }
}

fn shorten(text: &str) -> String {
    if text.len() <= 600 { text.to_owned() } else { format!("{}... {} bytes", &text[..500], text.len()) }
}

fn fits(param: &ParamInfo, value: &Value, expected: &str) -> bool {
    match value {
        Value::Null => expected == "<NA>",
        _ if expected == "<NA>" => false,
        Value::Int(_) if expected == "*" => true,
        Value::Int(number) => match expected.split_once("..") {
            Some((from, to)) => (number_of(param, from)..=number_of(param, to)).contains(number),
            None => *number == number_of(param, expected),
        },
        Value::Bytes(bytes) => bytes_fit(bytes, &pieces(expected)),
    }
}

/// A number, or the sum of words of the parameter's own table.
fn number_of(param: &ParamInfo, text: &str) -> i64 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    if digits.starts_with(|first: char| first.is_ascii_digit()) {
        let number = match (digits.strip_prefix("0x"), digits.strip_prefix('0')) {
            (Some(hex), _) => i64::from_str_radix(hex, 16),
            (None, Some(octal)) if !octal.is_empty() => i64::from_str_radix(octal, 8),
            (None, _) => digits.parse(),
        };
        return sign * number.unwrap_or_else(|error| panic!("{}: '{text}': {error}", param.name));
    }
    if param.ty == ParamType::SyscallId {
        let code = SYSCALL_CODES.iter().find(|(name, _)| *name == text).map(|&(_, code)| code);
        return i64::from(code.unwrap_or_else(|| panic!("no code for '{text}'")));
    }
    let table = param.values.unwrap_or_else(|| panic!("{} has no words: '{text}'", param.name));
    let value = |word: &str| table.value_of(word).unwrap_or_else(|| panic!("{}: no word '{word}'", param.name));
    i64::from(text.split('|').map(value).fold(0, |sum, word| sum | word))
}

/// The runs of bytes between stars.
fn pieces(expected: &str) -> Vec<Vec<u8>> {
    let unescape = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("\\x") {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
            rest = &rest[at + 4..];
        }
        bytes.extend_from_slice(rest.as_bytes());
        bytes
    };
    expected.split('*').map(unescape).collect()
}

fn bytes_fit(bytes: &[u8], pieces: &[Vec<u8>]) -> bool {
    let [first, middle @ .., last] = pieces else { return pieces.first().is_some_and(|only| only == bytes) };
    let Some(mut rest) = bytes.strip_prefix(first.as_slice()) else { return false };
    for piece in middle {
        match rest.windows(piece.len().max(1)).position(|window| window == piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn numbers_words_ranges_and_bytes_are_told_apart() {
    use sysreel::format::schema::EventKind;
    let fits = |kind: EventKind, name: &str, value: Value, expected: &str| {
        let info = kind.info().unwrap();
        fits(&info.params[info.param(name).unwrap()], &value, expected)
    };
    let flags = |number, expected| fits(EventKind::OPENAT, "flags", Value::Int(number), expected);
    assert!(flags(7, "O_RDWR|O_CREAT") && !flags(7, "O_RDWR") && flags(7, "07") && flags(7, "0x7"));
    let mode = |number, expected| fits(EventKind::OPENAT, "mode", Value::Int(number), expected);
    assert!(mode(420, "0644") && mode(420, "400..500") && !mode(420, "0..419") && mode(1, "*") && !mode(0, "<NA>"));
    let name = |bytes: &[u8], expected| fits(EventKind::OPENAT, "name", Value::Bytes(bytes.to_vec()), expected);
    assert!(name(b"a b\0", "a\\x20b\\x00") && !name(b"ab", "a") && name(b"", ""));
    assert!(name(b"start and end", "start*end") && name(b"x", "*") && !name(b"xy", "x*z") && name(b"abc", "a*b*c"));
    assert!(fits(EventKind::OPENAT, "name", Value::Null, "<NA>"));
    assert!(!fits(EventKind::OPENAT, "name", Value::Null, "*"), "what is missing is said to be");
}
