//! Condition text -> [`Cond`].
//!
//! The language is Falco's: `or` binds weaker than `and`, that weaker than `not`.

use std::borrow::Cow;

use super::ast::{Modifier, Op};
use super::lexer::{Lexer, SyntaxError};
use super::names;
use super::syntax::{
    Cond, FUNCTIONS, MODIFIERS, OPERATORS, RawField, RawTest, RawValue, Right, TRANSFORMERS, is_bare_letter,
    modifier_name, takes_list, takes_modifier,
};

/// The deepest nesting of parentheses and transformers; bounds recursion here and over the tree.
const DEPTH_LIMIT: usize = 100;

/// Parses a whole condition.
pub(super) fn parse(text: &str) -> Result<Cond<'_>, SyntaxError> {
    let mut parser = Parser::new(text);
    parser.lexer.skip_blank();
    if parser.lexer.rest().is_empty() {
        return Err(SyntaxError::new(0..text.len(), "this condition is empty"));
    }
    let cond = parser.parse_or()?;
    if parser.lexer.rest().is_empty() { Ok(cond) } else { Err(parser.unexpected_rest()) }
}

/// Parses values as they stand between the parentheses of a list, spans moved by `shift`.
pub(super) fn parse_values(text: &str, shift: usize) -> Result<Vec<RawValue<'_>>, SyntaxError> {
    let mut parser = Parser::new(text);
    let values = parser.parse_list_values().map_err(|error| shift_error(error, shift))?;
    if !parser.lexer.rest().is_empty() {
        let error = SyntaxError::new(parser.lexer.word_span(), "this cannot stand in a list");
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
    let mut parser = Parser::new(text);
    parser.lexer.skip_blank();
    let Some(field) = parser.parse_value()? else {
        return Err(SyntaxError::new(0..text.len(), format!("`{text}` is not the name of a field")));
    };
    parser.lexer.skip_blank();
    if parser.lexer.rest().is_empty() {
        Ok(field)
    } else {
        Err(SyntaxError::new(parser.lexer.word_span(), "nothing can follow the field here"))
    }
}

/// The operator of this name, without a modifier.
pub(super) fn parse_operator(text: &str) -> Option<Op> {
    OPERATORS.iter().find(|(name, _)| *name == text).map(|(_, op)| *op)
}

/// The operator of this name and its modifier, for the `comps` of an exception: `in`, `startswith anyof`.
pub(super) fn parse_comparison_name(text: &str) -> Option<(Op, Option<Modifier>)> {
    let mut words = text.split_ascii_whitespace();
    let op = parse_operator(words.next()?)?;
    let modifier = match words.next() {
        Some(word) => {
            let (_, modifier) = MODIFIERS.iter().find(|(name, _)| *name == word)?;
            Some(*modifier).filter(|_| takes_modifier(op))
        }
        None => return Some((op, None)),
    };
    words.next().is_none().then_some((op, Some(modifier?)))
}

/// A field or transformer that a text starts with, and the length of it: what follows a percent sign in an output.
pub(super) fn parse_transformed_start(text: &str) -> Result<Option<(RawField<'_>, usize)>, SyntaxError> {
    let mut parser = Parser::new(text);
    Ok(parser.parse_transformed()?.map(|field| (field, parser.lexer.at)))
}

/// The argument in brackets that a text starts with, and the length of all.
pub(super) fn parse_bracket(text: &str) -> Result<Option<(Cow<'_, str>, usize)>, SyntaxError> {
    let mut parser = Parser::new(text);
    Ok(parser.parse_bracket()?.map(|(arg, _)| (arg, parser.lexer.at)))
}

/// A condition on its way into a tree; the part that reads values is in `value_parser`.
pub(super) struct Parser<'t> {
    pub(super) lexer: Lexer<'t>,
    pub(super) depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parser<'t> {
        Parser { lexer: Lexer::new(text), depth: 0 }
    }

    /// Goes one level deeper; who calls comes back up.
    pub(super) fn enter(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            let message = format!("parentheses are nested deeper than {DEPTH_LIMIT} levels");
            return Err(SyntaxError::new(self.lexer.word_span(), message));
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
        self.lexer.skip_blank();
        let start = self.lexer.at;
        if !self.lexer.take(word) {
            return Ok(false);
        }
        if self.lexer.skip_blank() || self.lexer.peek() == Some('(') {
            return Ok(true);
        }
        if self.lexer.rest().is_empty() {
            let error = SyntaxError::new(start..self.lexer.at, format!("nothing follows this `{word}`"));
            return Err(error);
        }
        self.lexer.at = start;
        Err(self.unexpected_rest())
    }

    fn parse_not(&mut self) -> Result<Cond<'t>, SyntaxError> {
        let mut negated = false;
        loop {
            self.lexer.skip_blank();
            let start = self.lexer.at;
            if !self.lexer.take("not") {
                break;
            }
            let blank = self.lexer.skip_blank();
            if !blank && self.lexer.peek() != Some('(') {
                // A macro whose name starts with these letters.
                self.lexer.at = start;
                break;
            }
            negated = !negated;
        }
        let cond = self.parse_check()?;
        Ok(if negated { Cond::Not(Box::new(cond)) } else { cond })
    }

    fn parse_check(&mut self) -> Result<Cond<'t>, SyntaxError> {
        let open = self.lexer.at;
        if self.lexer.take("(") {
            self.enter()?;
            let cond = self.parse_or()?;
            self.depth -= 1;
            self.lexer.skip_blank();
            if self.lexer.take(")") {
                return Ok(cond);
            }
            if self.lexer.rest().is_empty() {
                return Err(SyntaxError::new(open..open + 1, "this parenthesis is not closed"));
            }
            return Err(self.unexpected_rest());
        }
        if let Some(left) = self.parse_value()? {
            return self.parse_comparison(left).map(|test| Cond::Test(Box::new(test)));
        }
        match self.lexer.take_identifier() {
            Some((name, span)) if self.lexer.peek() == Some('(') => {
                if name == "val" {
                    let error = SyntaxError::new(span, "`val` stands on the right-hand side only");
                    return Err(error.help("write the field by itself"));
                }
                let error = SyntaxError::new(span, format!("there is no transformer `{name}`"));
                let known = TRANSFORMERS.iter().map(|(name, _)| *name).chain(FUNCTIONS.iter().map(|(name, _)| *name));
                Err(match names::nearest(name, known) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                })
            }
            Some((name @ ("and" | "or" | "not"), span)) => {
                Err(SyntaxError::new(span, format!("expected a condition, found `{name}`")))
            }
            Some((name, span)) => Ok(Cond::Name(name, span)),
            None => {
                let error =
                    SyntaxError::new(self.lexer.word_span(), format!("expected a condition, {}", self.lexer.found()));
                Err(if self.lexer.rest().starts_with('!') { error.help("write `not`") } else { error })
            }
        }
    }

    fn parse_comparison(&mut self, left: RawField<'t>) -> Result<RawTest<'t>, SyntaxError> {
        self.lexer.skip_blank();
        let start = self.lexer.at;
        let Some(op) = self.take_operator() else {
            return Err(self.missing_operator(&left));
        };
        let op_span = start..self.lexer.at;
        let is_word = self.lexer.text.get(op_span.clone()).is_some_and(|name| name.starts_with(char::is_alphabetic));
        if !self.lexer.skip_blank() && is_word && takes_modifier(op) && !self.lexer.rest().is_empty() {
            let name = self.lexer.text.get(op_span.clone()).unwrap_or("");
            return Err(SyntaxError::new(op_span, format!("a blank must follow `{name}`")));
        }
        let modifier = self.take_modifier(op)?;
        let right = match op {
            Op::Exists => Right::None,
            Op::Lt | Op::Le | Op::Gt | Op::Ge => self.parse_number_side()?,
            _ if takes_list(op) || modifier.is_some() => self.parse_list_side()?,
            _ => self.parse_text_side()?,
        };
        Ok(RawTest { left, op, op_span, modifier, right })
    }

    /// Takes `anyof` where a list follows it; else it is a word like any other.
    fn take_modifier(&mut self, op: Op) -> Result<Option<Modifier>, SyntaxError> {
        let start = self.lexer.at;
        for (name, modifier) in MODIFIERS {
            if !self.lexer.take(name) {
                continue;
            }
            let span = start..self.lexer.at;
            let blank = self.lexer.skip_blank();
            if self.lexer.peek() == Some('(') {
                if takes_modifier(op) {
                    return Ok(Some(*modifier));
                }
                let message = format!("`{name}` cannot follow this operator");
                let error = SyntaxError::new(span, message);
                return Err(match op {
                    Op::In | Op::Intersects | Op::Pmatch => error.help(format!("leave out `{name}`")),
                    _ => error.help("it follows `=`, `!=` and the operators for texts"),
                });
            }
            let word = self.lexer.text.get(self.lexer.word_span()).unwrap_or("");
            let is_list = blank && !self.lexer.rest().is_empty() && !matches!(word, "and" | "or" | ")");
            if is_list && takes_modifier(op) {
                let error = SyntaxError::new(
                    self.lexer.word_span(),
                    format!("the values after `{}` stand in parentheses", modifier_name(*modifier)),
                );
                return Err(error.help(format!("write `{name} ({word})`")));
            }
            self.lexer.at = start;
        }
        Ok(None)
    }

    fn take_operator(&mut self) -> Option<Op> {
        let start = self.lexer.at;
        for (name, op) in OPERATORS {
            if !self.lexer.take(name) {
                continue;
            }
            let is_word = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
            let goes_on = self.lexer.peek().is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
            if is_word && goes_on {
                self.lexer.at = start;
                continue;
            }
            return Some(*op);
        }
        None
    }

    fn missing_operator(&self, left: &RawField<'t>) -> SyntaxError {
        let field = self.lexer.text.get(left.span.clone()).unwrap_or("this");
        let word = self.lexer.text.get(self.lexer.word_span()).unwrap_or("");
        let message = if self.lexer.rest().is_empty() || matches!(word, "and" | "or" | ")") {
            return SyntaxError::new(left.span.clone(), format!("`{field}` is not compared with anything"))
                .help(format!("write `{field} exists`, or an operator and a value"));
        } else {
            format!("expected an operator after `{field}`, {}", self.lexer.found())
        };
        let error = SyntaxError::new(self.lexer.word_span(), message);
        if word == "not" {
            return error.help(format!("`not` stands in front of the whole comparison: `not {field} in (...)`"));
        }
        let lower = word.to_ascii_lowercase();
        match names::nearest(&lower, OPERATORS.iter().map(|(name, _)| *name)) {
            _ if lower != word && parse_operator(&lower).is_some() => error.help(format!("write `{lower}`")),
            Some(near) if word.len() > 1 => error.help(format!("did you mean `{near}`?")),
            _ => error,
        }
    }

    /// `val(field)` or a transformed field on the right-hand side.
    fn parse_right_field(&mut self) -> Result<Option<RawField<'t>>, SyntaxError> {
        let start = self.lexer.at;
        if self.lexer.take("val(") {
            self.lexer.skip_blank();
            let Some((name, span)) = self.lexer.take_field_name() else {
                let message = format!("expected a field, {}", self.lexer.found());
                let error = SyntaxError::new(self.lexer.word_span(), message);
                let is_transformer = self.parse_transformed().is_ok_and(|field| field.is_some());
                return Err(if is_transformer { error.help("a transformer needs no `val` around it") } else { error });
            };
            let field = self.parse_field_rest(name, span)?;
            self.lexer.skip_blank();
            if !self.lexer.take(")") {
                return Err(SyntaxError::new(start..start + 3, "the parenthesis of this `val` is not closed"));
            }
            return Ok(Some(field));
        }
        self.parse_transformed()
    }

    fn parse_number_side(&mut self) -> Result<Right<'t>, SyntaxError> {
        if let Some(field) = self.parse_right_field()? {
            return Ok(Right::Field(field));
        }
        match self.lexer.take_number() {
            Some((number, span)) => Ok(Right::Value(RawValue { text: Cow::Borrowed(number), quoted: false, span })),
            None => {
                let message = format!("expected a number, {}", self.lexer.found());
                Err(SyntaxError::new(self.lexer.word_span(), message))
            }
        }
    }

    fn parse_text_side(&mut self) -> Result<Right<'t>, SyntaxError> {
        if let Some(field) = self.parse_right_field()? {
            return Ok(Right::Field(field));
        }
        match self.lexer.take_value()? {
            Some(value) => Ok(Right::Value(value)),
            None => {
                let error =
                    SyntaxError::new(self.lexer.word_span(), format!("expected a value, {}", self.lexer.found()));
                Err(match self.lexer.peek() {
                    Some('(') => error.help("write `in (...)`, or `anyof` in front of the list"),
                    _ => error,
                })
            }
        }
    }

    fn parse_list_side(&mut self) -> Result<Right<'t>, SyntaxError> {
        let open = self.lexer.at;
        if self.lexer.take("(") {
            let values = self.parse_list_values()?;
            if self.lexer.take(")") {
                return Ok(Right::List(values));
            }
            if self.lexer.rest().is_empty() {
                return Err(SyntaxError::new(open..open + 1, "the parenthesis of this list is not closed"));
            }
            let error = SyntaxError::new(
                self.lexer.word_span(),
                format!("expected `,` or `)` in the list, {}", self.lexer.found()),
            );
            return Err(error);
        }
        if let Some(field) = self.parse_right_field()? {
            return Ok(Right::Field(field));
        }
        match self.lexer.take_while(is_bare_letter) {
            Some((name, span)) => Ok(Right::ListName(RawValue { text: Cow::Borrowed(name), quoted: false, span })),
            None => {
                let error =
                    SyntaxError::new(self.lexer.word_span(), format!("expected a list, {}", self.lexer.found()));
                Err(error.help("write it in parentheses: `in (a, b)`"))
            }
        }
    }

    /// Values with commas between them, up to what is no value.
    fn parse_list_values(&mut self) -> Result<Vec<RawValue<'t>>, SyntaxError> {
        let mut values = Vec::new();
        self.lexer.skip_blank();
        match self.lexer.take_value()? {
            Some(value) => values.push(value),
            None => return Ok(values),
        }
        self.lexer.skip_blank();
        while self.lexer.take(",") {
            self.lexer.skip_blank();
            match self.lexer.take_value()? {
                Some(value) => values.push(value),
                None => {
                    return Err(SyntaxError::new(
                        self.lexer.word_span(),
                        format!("expected a value, {}", self.lexer.found()),
                    ));
                }
            }
            self.lexer.skip_blank();
        }
        Ok(values)
    }

    /// The error for what follows a complete condition.
    fn unexpected_rest(&self) -> SyntaxError {
        let span = self.lexer.word_span();
        let word = self.lexer.text.get(span.clone()).unwrap_or("");
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
