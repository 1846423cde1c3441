//! Condition text -> [`Cond`].
//!
//! The language is Falco's: `or` binds weaker than `and`, that weaker than `not`; what a word means depends on where it
//! stands (`open` is a macro in front, a value after `=`), so there is no separate list of tokens.

use std::borrow::Cow;

use super::ast::{Op, Span, Transformer};
use super::names;
use super::syntax::{
    Cond, OPERATORS, RawField, RawTest, RawValue, Right, TRANSFORMERS, is_bare_argument_letter, is_bare_letter,
    takes_list,
};

/// The deepest nesting of parentheses and transformers; bounds recursion here and over the tree.
const DEPTH_LIMIT: usize = 100;

/// Why a condition could not be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl SyntaxError {
    fn new(span: Span, message: impl Into<String>) -> SyntaxError {
        SyntaxError { span, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> SyntaxError {
        SyntaxError { help: Some(help.into()), ..self }
    }
}

/// Parses a whole condition.
pub(super) fn parse(text: &str) -> Result<Cond<'_>, SyntaxError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_blank();
    if parser.rest().is_empty() {
        return Err(SyntaxError::new(0..text.len(), "this condition is empty"));
    }
    let cond = parser.parse_or()?;
    if parser.rest().is_empty() { Ok(cond) } else { Err(parser.unexpected_rest()) }
}

/// Parses values as they stand between the parentheses of a list, spans moved by `shift`.
pub(super) fn parse_values(text: &str, shift: usize) -> Result<Vec<RawValue<'_>>, SyntaxError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let values = parser.parse_list_values().map_err(|error| shift_error(error, shift))?;
    if !parser.rest().is_empty() {
        let error = SyntaxError::new(parser.word_span(), "this cannot stand in a list");
        return Err(shift_error(error.help("put the value in quotes"), shift));
    }
    Ok(values
        .into_iter()
        .map(|value| RawValue { span: value.span.start + shift..value.span.end + shift, ..value })
        .collect())
}

fn shift_error(error: SyntaxError, shift: usize) -> SyntaxError {
    SyntaxError { span: error.span.start + shift..error.span.end + shift, ..error }
}

/// Parses a field with optional brackets, for the fields of an exception.
pub(super) fn parse_field(text: &str) -> Result<RawField<'_>, SyntaxError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_blank();
    let field = match parser.take_transformer_name() {
        Some((transformer, span)) => parser.parse_transformed(transformer, span)?,
        None => match parser.take_field_name() {
            Some((name, span)) => parser.parse_field_rest(name, span)?,
            None => return Err(SyntaxError::new(0..text.len(), format!("`{text}` is not the name of a field"))),
        },
    };
    parser.skip_blank();
    if parser.rest().is_empty() {
        Ok(field)
    } else {
        Err(SyntaxError::new(parser.word_span(), "nothing can follow the field here"))
    }
}

/// The operator of this name, for the `comps` of an exception.
pub(super) fn parse_operator(text: &str) -> Option<Op> {
    OPERATORS.iter().find(|(name, _)| *name == text).map(|(_, op)| *op)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blank(&mut self) -> bool {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\u{8}', '\r', '\n']).len();
        self.at += blank;
        blank > 0
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> Option<(&'t str, Span)> {
        let rest = self.rest();
        let length = rest.find(|letter| !accept(letter)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        let taken = rest.get(..length).unwrap_or("");
        (length > 0).then_some((taken, start..start + length))
    }

    /// The next word or letter, for messages; the last letter of the text when nothing is left.
    fn word_span(&self) -> Span {
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

    fn found(&self) -> String {
        match self.text.get(self.word_span()) {
            Some(word) if !self.rest().trim().is_empty() => format!("found `{word}`"),
            _ => "but the condition ends here".to_owned(),
        }
    }

    fn enter(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            let message = format!("parentheses are nested deeper than {DEPTH_LIMIT} levels");
            return Err(SyntaxError::new(self.word_span(), message));
        }
        Ok(())
    }

    fn parse_or(&mut self) -> Result<Cond<'t>, SyntaxError> {
        let mut parts = vec![self.parse_and()?];
        while self.take_connective("or")? {
            parts.push(self.parse_and()?);
        }
        Ok(if parts.len() > 1 { Cond::Or(parts) } else { parts.remove(0) })
    }

    fn parse_and(&mut self) -> Result<Cond<'t>, SyntaxError> {
        let mut parts = vec![self.parse_not()?];
        while self.take_connective("and")? {
            parts.push(self.parse_not()?);
        }
        Ok(if parts.len() > 1 { Cond::And(parts) } else { parts.remove(0) })
    }

    /// Takes `and` or `or`, which a blank or a parenthesis must follow.
    fn take_connective(&mut self, word: &str) -> Result<bool, SyntaxError> {
        self.skip_blank();
        let start = self.at;
        if !self.take(word) {
            return Ok(false);
        }
        if self.skip_blank() || self.peek() == Some('(') {
            return Ok(true);
        }
        if self.rest().is_empty() {
            let error = SyntaxError::new(start..self.at, format!("nothing follows this `{word}`"));
            return Err(error);
        }
        self.at = start;
        Err(self.unexpected_rest())
    }

    fn parse_not(&mut self) -> Result<Cond<'t>, SyntaxError> {
        let mut negated = false;
        loop {
            self.skip_blank();
            let start = self.at;
            if !self.take("not") {
                break;
            }
            let blank = self.skip_blank();
            if !blank && self.peek() != Some('(') {
                // A macro whose name starts with these letters.
                self.at = start;
                break;
            }
            negated = !negated;
        }
        let cond = self.parse_check()?;
        Ok(if negated { Cond::Not(Box::new(cond)) } else { cond })
    }

    fn parse_check(&mut self) -> Result<Cond<'t>, SyntaxError> {
        let open = self.at;
        if self.take("(") {
            self.enter()?;
            let cond = self.parse_or()?;
            self.depth -= 1;
            self.skip_blank();
            if self.take(")") {
                return Ok(cond);
            }
            if self.rest().is_empty() {
                return Err(SyntaxError::new(open..open + 1, "this parenthesis is not closed"));
            }
            return Err(self.unexpected_rest());
        }
        if let Some((name, span)) = self.take_field_name() {
            let left = self.parse_field_rest(name, span)?;
            return self.parse_comparison(left).map(Cond::Test);
        }
        if let Some((transformer, span)) = self.take_transformer_name() {
            let left = self.parse_transformed(transformer, span)?;
            return self.parse_comparison(left).map(Cond::Test);
        }
        match self.take_identifier() {
            Some((name, span)) if self.peek() == Some('(') => {
                let error = SyntaxError::new(span, format!("there is no transformer `{name}`"));
                Err(match names::nearest(name, TRANSFORMERS.iter().map(|(name, _)| *name)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                })
            }
            Some((name @ ("and" | "or" | "not"), span)) => {
                Err(SyntaxError::new(span, format!("expected a condition, found `{name}`")))
            }
            Some((name, span)) => Ok(Cond::Name(name, span)),
            None => {
                let error = SyntaxError::new(self.word_span(), format!("expected a condition, {}", self.found()));
                Err(if self.rest().starts_with('!') { error.help("write `not`") } else { error })
            }
        }
    }

    fn take_identifier(&mut self) -> Option<(&'t str, Span)> {
        if !self.peek()?.is_ascii_alphabetic() {
            return None;
        }
        self.take_while(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    }

    /// Takes `proc.name`: identifiers with dots between them, at least two.
    fn take_field_name(&mut self) -> Option<(&'t str, Span)> {
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

    fn take_transformer_name(&mut self) -> Option<(Transformer, Span)> {
        let start = self.at;
        for (name, transformer) in TRANSFORMERS {
            if self.take(name) {
                if self.take("(") {
                    return Some((*transformer, start..start + name.len()));
                }
                self.at = start;
            }
        }
        None
    }

    /// The argument in brackets, if any.
    fn parse_field_rest(&mut self, name: &'t str, name_span: Span) -> Result<RawField<'t>, SyntaxError> {
        let mut arg = None;
        let bracket = self.at;
        if self.take("[") {
            arg = match self.take_quoted()? {
                Some(value) => Some((value.text, value.span)),
                None => self.take_while(is_bare_argument_letter).map(|(text, span)| (Cow::Borrowed(text), span)),
            };
            if arg.is_none() {
                return Err(SyntaxError::new(bracket..self.at, "expected an argument in brackets"));
            }
            if !self.take("]") {
                return Err(SyntaxError::new(bracket..bracket + 1, "this bracket is not closed"));
            }
        }
        Ok(RawField { name, name_span, arg, transformers: Vec::new() })
    }

    /// What stands in a transformer's parentheses, and the closing one.
    fn parse_transformed(&mut self, transformer: Transformer, span: Span) -> Result<RawField<'t>, SyntaxError> {
        self.enter()?;
        self.skip_blank();
        let mut field = if let Some((inner, inner_span)) = self.take_transformer_name() {
            self.parse_transformed(inner, inner_span)?
        } else if let Some((name, name_span)) = self.take_field_name() {
            self.parse_field_rest(name, name_span)?
        } else {
            return Err(SyntaxError::new(self.word_span(), format!("expected a field, {}", self.found())));
        };
        self.depth -= 1;
        self.skip_blank();
        if !self.take(")") {
            return Err(SyntaxError::new(span, "the parenthesis of this transformer is not closed"));
        }
        field.transformers.push((transformer, span));
        Ok(field)
    }

    fn parse_comparison(&mut self, left: RawField<'t>) -> Result<RawTest<'t>, SyntaxError> {
        self.skip_blank();
        let start = self.at;
        let Some(op) = self.take_operator() else {
            return Err(self.missing_operator(&left));
        };
        let op_span = start..self.at;
        self.skip_blank();
        let right = match op {
            Op::Exists => Right::None,
            Op::Lt | Op::Le | Op::Gt | Op::Ge => self.parse_number_side()?,
            _ if takes_list(op) => self.parse_list_side()?,
            _ => self.parse_text_side()?,
        };
        Ok(RawTest { left, op, op_span, right })
    }

    fn take_operator(&mut self) -> Option<Op> {
        let start = self.at;
        for (name, op) in OPERATORS {
            if !self.take(name) {
                continue;
            }
            let is_word = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
            let goes_on = self.peek().is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
            if is_word && goes_on {
                self.at = start;
                continue;
            }
            return Some(*op);
        }
        None
    }

    fn missing_operator(&self, left: &RawField<'t>) -> SyntaxError {
        let field = self.text.get(left.span()).unwrap_or(left.name);
        let word = self.text.get(self.word_span()).unwrap_or("");
        let message = if self.rest().is_empty() || matches!(word, "and" | "or" | ")") {
            return SyntaxError::new(left.span(), format!("`{field}` is not compared with anything"))
                .help(format!("write `{field} exists`, or an operator and a value"));
        } else {
            format!("expected an operator after `{field}`, {}", self.found())
        };
        let error = SyntaxError::new(self.word_span(), message);
        let lower = word.to_ascii_lowercase();
        match names::nearest(&lower, OPERATORS.iter().map(|(name, _)| *name)) {
            _ if lower != word && parse_operator(&lower).is_some() => error.help(format!("write `{lower}`")),
            Some(near) if word.len() > 1 => error.help(format!("did you mean `{near}`?")),
            _ => error,
        }
    }

    /// `val(field)` or a transformed field on the right-hand side.
    fn parse_right_field(&mut self) -> Result<Option<RawField<'t>>, SyntaxError> {
        let start = self.at;
        if self.take("val(") {
            self.skip_blank();
            let Some((name, span)) = self.take_field_name() else {
                return Err(SyntaxError::new(self.word_span(), format!("expected a field, {}", self.found())));
            };
            let field = self.parse_field_rest(name, span)?;
            self.skip_blank();
            if !self.take(")") {
                return Err(SyntaxError::new(start..start + 3, "the parenthesis of this `val` is not closed"));
            }
            return Ok(Some(field));
        }
        match self.take_transformer_name() {
            Some((transformer, span)) => self.parse_transformed(transformer, span).map(Some),
            None => Ok(None),
        }
    }

    fn parse_number_side(&mut self) -> Result<Right<'t>, SyntaxError> {
        if let Some(field) = self.parse_right_field()? {
            return Ok(Right::Field(field));
        }
        let start = self.at;
        let length = number_length(self.rest());
        self.at += length;
        match self.text.get(start..self.at) {
            Some(number) if length > 0 => {
                Ok(Right::Value(RawValue { text: Cow::Borrowed(number), quoted: false, span: start..self.at }))
            }
            _ => Err(SyntaxError::new(self.word_span(), format!("expected a number, {}", self.found()))),
        }
    }

    fn parse_text_side(&mut self) -> Result<Right<'t>, SyntaxError> {
        if let Some(field) = self.parse_right_field()? {
            return Ok(Right::Field(field));
        }
        match self.take_value()? {
            Some(value) => Ok(Right::Value(value)),
            None => {
                let error = SyntaxError::new(self.word_span(), format!("expected a value, {}", self.found()));
                Err(match self.peek() {
                    Some('(') => error.help("a list can follow `in`, `intersects` and `pmatch` only"),
                    _ => error,
                })
            }
        }
    }

    fn parse_list_side(&mut self) -> Result<Right<'t>, SyntaxError> {
        let open = self.at;
        if self.take("(") {
            let values = self.parse_list_values()?;
            if self.take(")") {
                return Ok(Right::List(values));
            }
            if self.rest().is_empty() {
                return Err(SyntaxError::new(open..open + 1, "the parenthesis of this list is not closed"));
            }
            let error =
                SyntaxError::new(self.word_span(), format!("expected `,` or `)` in the list, {}", self.found()));
            return Err(error);
        }
        if let Some(field) = self.parse_right_field()? {
            return Ok(Right::Field(field));
        }
        match self.take_while(is_bare_letter) {
            Some((name, span)) => Ok(Right::ListName(RawValue { text: Cow::Borrowed(name), quoted: false, span })),
            None => {
                let error = SyntaxError::new(self.word_span(), format!("expected a list, {}", self.found()));
                Err(error.help("write it in parentheses: `in (a, b)`"))
            }
        }
    }

    /// Values with commas between them, up to what is no value.
    fn parse_list_values(&mut self) -> Result<Vec<RawValue<'t>>, SyntaxError> {
        let mut values = Vec::new();
        self.skip_blank();
        match self.take_value()? {
            Some(value) => values.push(value),
            None => return Ok(values),
        }
        self.skip_blank();
        while self.take(",") {
            self.skip_blank();
            match self.take_value()? {
                Some(value) => values.push(value),
                None => {
                    return Err(SyntaxError::new(self.word_span(), format!("expected a value, {}", self.found())));
                }
            }
            self.skip_blank();
        }
        Ok(values)
    }

    fn take_value(&mut self) -> Result<Option<RawValue<'t>>, SyntaxError> {
        if let Some(value) = self.take_quoted()? {
            return Ok(Some(value));
        }
        Ok(self.take_while(is_bare_letter).map(|(text, span)| RawValue {
            text: Cow::Borrowed(text),
            quoted: false,
            span,
        }))
    }

    fn take_quoted(&mut self) -> Result<Option<RawValue<'t>>, SyntaxError> {
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

    /// The error for what follows a complete condition.
    fn unexpected_rest(&self) -> SyntaxError {
        let span = self.word_span();
        let word = self.text.get(span.clone()).unwrap_or("");
        let error = if word == ")" {
            return SyntaxError::new(span, "this parenthesis closes nothing");
        } else {
            SyntaxError::new(span, format!("expected `and` or `or`, found `{word}`"))
        };
        match word {
            "&&" | "&" => error.help("write `and`"),
            "||" | "|" => error.help("write `or`"),
            "," => error.help("a list stands in parentheses: `in (a, b)`"),
            _ if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") => {
                error.help(format!("write `{}`", word.to_ascii_lowercase()))
            }
            _ => error,
        }
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
