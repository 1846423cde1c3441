//! The words of a condition. What a word means depends on where it stands (`open` is a macro in front, a value after
//! `=`), so the parser asks for what it expects, and there is no separate list of tokens.

use std::borrow::Cow;

use super::ast::Span;
use super::syntax::{RawValue, is_bare_letter};

/// Why a condition could not be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> SyntaxError {
        SyntaxError { span, message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> SyntaxError {
        SyntaxError { help: Some(help.into()), ..self }
    }
}

/// A text, and how far it has been read.
pub(super) struct Lexer<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_blank(&mut self) -> bool {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\u{8}', '\r', '\n']).len();
        self.at += blank;
        blank > 0
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> Option<(&'t str, Span)> {
        let rest = self.rest();
        let length = rest.find(|letter| !accept(letter)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        let taken = rest.get(..length).unwrap_or("");
        (length > 0).then_some((taken, start..start + length))
    }

    /// The next word or letter, for messages; the last letter of the text when nothing is left.
    pub(super) fn word_span(&self) -> Span {
        let rest = self.rest();
        let length = rest.find(|letter| !is_bare_letter(letter)).unwrap_or(rest.len());
        let length = if length > 0 { length } else { rest.chars().next().map_or(0, char::len_utf8) };
        if length > 0 {
            return self.at..self.at + length;
        }
        let trimmed = self.text.trim_end();
        let last = trimmed.char_indices().next_back().map_or(0, |(at, _)| at);
        last..trimmed.len()
    }

    pub(super) fn found(&self) -> String {
        match self.text.get(self.word_span()) {
            Some(word) if !self.rest().trim().is_empty() => format!("found `{word}`"),
            _ => "but the condition ends here".to_owned(),
        }
    }

    pub(super) fn take_identifier(&mut self) -> Option<(&'t str, Span)> {
        if !self.peek()?.is_ascii_alphabetic() {
            return None;
        }
        self.take_while(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    }

    /// Takes `proc.name`: identifiers with dots between them, at least two.
    pub(super) fn take_field_name(&mut self) -> Option<(&'t str, Span)> {
        let start = self.at;
        let mut end = None;
        self.take_identifier()?;
        while self.take(".") && self.take_identifier().is_some() {
            end = Some(self.at);
        }
        match end {
            Some(end) => {
                self.at = end;
                self.text.get(start..end).map(|name| (name, start..end))
            }
            None => {
                self.at = start;
                None
            }
        }
    }

    pub(super) fn take_value(&mut self) -> Result<Option<RawValue<'t>>, SyntaxError> {
        if let Some(value) = self.take_quoted()? {
            return Ok(Some(value));
        }
        Ok(self.take_while(is_bare_letter).map(|(text, span)| RawValue {
            text: Cow::Borrowed(text),
            quoted: false,
            span,
        }))
    }

    pub(super) fn take_quoted(&mut self) -> Result<Option<RawValue<'t>>, SyntaxError> {
        let start = self.at;
        let Some(quote @ ('"' | '\'')) = self.peek() else {
            return Ok(None);
        };
        let mut text = Cow::Borrowed("");
        let mut plain_from = start + 1;
        let mut letters = self.rest().char_indices().skip(1).map(|(at, letter)| (start + at, letter));
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                append(&mut text, self.text.get(plain_from..at).unwrap_or(""));
                self.at = at + 1;
                return Ok(Some(RawValue { text, quoted: true, span: start..at + 1 }));
            }
            if letter != '\\' {
                continue;
            }
            let Some((escape_at, escaped)) = letters.next() else { break };
            append(&mut text, self.text.get(plain_from..at).unwrap_or(""));
            plain_from = escape_at + escaped.len_utf8();
            let meant = match escaped {
                'b' => "\u{8}",
                'f' => "\u{c}",
                'n' => "\n",
                'r' => "\r",
                't' => "\t",
                ' ' | '\\' => "\\",
                '/' => "/",
                '"' if quote == '"' => "\"",
                '\'' if quote == '\'' => "'",
                _ => {
                    let span = at..plain_from;
                    let error =
                        SyntaxError::new(span, format!("`\\{escaped}` is no escape in a {quote}-quoted string"));
                    return Err(error.help("write `\\\\` for a backslash"));
                }
            };
            text.to_mut().push_str(meant);
        }
        Err(SyntaxError::new(start..start + 1, "the string that starts here has no end"))
    }

    /// Takes `0x1f`, `-5`, `1.5e+3`.
    pub(super) fn take_number(&mut self) -> Option<(&'t str, Span)> {
        let start = self.at;
        self.at += number_length(self.rest());
        let number = self.text.get(start..self.at)?;
        (!number.is_empty()).then_some((number, start..self.at))
    }
}

/// Appends, without a copy while the text is still one slice.
fn append<'t>(text: &mut Cow<'t, str>, part: &'t str) {
    if part.is_empty() {
        return;
    }
    if text.is_empty() {
        *text = Cow::Borrowed(part);
    } else {
        text.to_mut().push_str(part);
    }
}

/// The length of the number that a text starts with: `0x1f`, `-5`, `1.5e+3`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    if matches!(bytes.get(..2), Some(b"0x" | b"0X")) {
        let letters = bytes.iter().skip(2).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if letters > 0 {
            return 2 + letters;
        }
    }
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    if whole == 0 {
        return 0;
    }
    let mut length = sign + whole;
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) && matches!(bytes.get(length + 1), Some(b'+' | b'-')) {
        let exponent = digits(length + 2);
        if exponent > 0 {
            length += 2 + exponent;
        }
    }
    length
}
