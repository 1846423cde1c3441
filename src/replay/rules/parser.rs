//! Condition text -> [`Cond`].
//!
//! The language is Falco's: `or` binds weaker than `and`, that weaker than `not`.

use std::borrow::Cow;

use super::ast::{Op, Span, Transformer};
use super::lexer::{Lexer, SyntaxError};
use super::names;
use super::syntax::{
    Cond, OPERATORS, RawField, RawTest, RawValue, Right, TRANSFORMERS, is_bare_argument_letter, is_bare_letter,
    takes_list,
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
    let field = match parser.take_transformer_name() {
        Some((transformer, span)) => parser.parse_transformed(transformer, span)?,
        None => match parser.lexer.take_field_name() {
            Some((name, span)) => parser.parse_field_rest(name, span)?,
            None => return Err(SyntaxError::new(0..text.len(), format!("`{text}` is not the name of a field"))),
        },
    };
    parser.lexer.skip_blank();
    if parser.lexer.rest().is_empty() {
        Ok(field)
    } else {
        Err(SyntaxError::new(parser.lexer.word_span(), "nothing can follow the field here"))
    }
}

/// The operator of this name, for the `comps` of an exception.
pub(super) fn parse_operator(text: &str) -> Option<Op> {
    OPERATORS.iter().find(|(name, _)| *name == text).map(|(_, op)| *op)
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parser<'t> {
        Parser { lexer: Lexer::new(text), depth: 0 }
    }

    fn enter(&mut self) -> Result<(), SyntaxError> {
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
        if let Some((name, span)) = self.lexer.take_field_name() {
            let left = self.parse_field_rest(name, span)?;
            return self.parse_comparison(left).map(Cond::Test);
        }
        if let Some((transformer, span)) = self.take_transformer_name() {
            let left = self.parse_transformed(transformer, span)?;
            return self.parse_comparison(left).map(Cond::Test);
        }
        match self.lexer.take_identifier() {
            Some((name, span)) if self.lexer.peek() == Some('(') => {
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
                let error =
                    SyntaxError::new(self.lexer.word_span(), format!("expected a condition, {}", self.lexer.found()));
                Err(if self.lexer.rest().starts_with('!') { error.help("write `not`") } else { error })
            }
        }
    }

    fn take_transformer_name(&mut self) -> Option<(Transformer, Span)> {
        let start = self.lexer.at;
        for (name, transformer) in TRANSFORMERS {
            if self.lexer.take(name) {
                if self.lexer.take("(") {
                    return Some((*transformer, start..start + name.len()));
                }
                self.lexer.at = start;
            }
        }
        None
    }

    /// The argument in brackets, if any.
    fn parse_field_rest(&mut self, name: &'t str, name_span: Span) -> Result<RawField<'t>, SyntaxError> {
        let mut arg = None;
        let bracket = self.lexer.at;
        if self.lexer.take("[") {
            arg = match self.lexer.take_quoted()? {
                Some(value) => Some((value.text, value.span)),
                None => self.lexer.take_while(is_bare_argument_letter).map(|(text, span)| (Cow::Borrowed(text), span)),
            };
            if arg.is_none() {
                return Err(SyntaxError::new(bracket..self.lexer.at, "expected an argument in brackets"));
            }
            if !self.lexer.take("]") {
                return Err(SyntaxError::new(bracket..bracket + 1, "this bracket is not closed"));
            }
        }
        Ok(RawField { name, name_span, arg, transformers: Vec::new() })
    }

    /// What stands in a transformer's parentheses, and the closing one.
    fn parse_transformed(&mut self, transformer: Transformer, span: Span) -> Result<RawField<'t>, SyntaxError> {
        self.enter()?;
        self.lexer.skip_blank();
        let mut field = if let Some((inner, inner_span)) = self.take_transformer_name() {
            self.parse_transformed(inner, inner_span)?
        } else if let Some((name, name_span)) = self.lexer.take_field_name() {
            self.parse_field_rest(name, name_span)?
        } else {
            return Err(SyntaxError::new(self.lexer.word_span(), format!("expected a field, {}", self.lexer.found())));
        };
        self.depth -= 1;
        self.lexer.skip_blank();
        if !self.lexer.take(")") {
            return Err(SyntaxError::new(span, "the parenthesis of this transformer is not closed"));
        }
        field.transformers.push((transformer, span));
        Ok(field)
    }

    fn parse_comparison(&mut self, left: RawField<'t>) -> Result<RawTest<'t>, SyntaxError> {
        self.lexer.skip_blank();
        let start = self.lexer.at;
        let Some(op) = self.take_operator() else {
            return Err(self.missing_operator(&left));
        };
        let op_span = start..self.lexer.at;
        self.lexer.skip_blank();
        let right = match op {
            Op::Exists => Right::None,
            Op::Lt | Op::Le | Op::Gt | Op::Ge => self.parse_number_side()?,
            _ if takes_list(op) => self.parse_list_side()?,
            _ => self.parse_text_side()?,
        };
        Ok(RawTest { left, op, op_span, right })
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
        let field = self.lexer.text.get(left.span()).unwrap_or(left.name);
        let word = self.lexer.text.get(self.lexer.word_span()).unwrap_or("");
        let message = if self.lexer.rest().is_empty() || matches!(word, "and" | "or" | ")") {
            return SyntaxError::new(left.span(), format!("`{field}` is not compared with anything"))
                .help(format!("write `{field} exists`, or an operator and a value"));
        } else {
            format!("expected an operator after `{field}`, {}", self.lexer.found())
        };
        let error = SyntaxError::new(self.lexer.word_span(), message);
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
                return Err(SyntaxError::new(
                    self.lexer.word_span(),
                    format!("expected a field, {}", self.lexer.found()),
                ));
            };
            let field = self.parse_field_rest(name, span)?;
            self.lexer.skip_blank();
            if !self.lexer.take(")") {
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
                    Some('(') => error.help("a list can follow `in`, `intersects` and `pmatch` only"),
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
