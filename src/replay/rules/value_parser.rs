//! The values of conditions and outputs: fields with their arguments, transformers and functions around them.

use std::borrow::Cow;

use super::ast::{Function, Span};
use super::lexer::SyntaxError;
use super::parser::Parser;
use super::syntax::{FUNCTIONS, RawArg, RawBase, RawField, RawValue, TRANSFORMERS, is_bare_argument_letter};

impl<'t> Parser<'t> {
    /// A name of the table with a parenthesis behind it.
    pub(super) fn take_call<T: Copy>(&mut self, table: &[(&str, T)]) -> Option<(T, Span)> {
        let start = self.lexer.at;
        for (name, meaning) in table {
            if self.lexer.take(name) {
                if self.lexer.take("(") {
                    return Some((*meaning, start..start + name.len()));
                }
                self.lexer.at = start;
            }
        }
        None
    }

    /// A field, a transformer or a function; nothing is taken where none of them stands.
    pub(super) fn parse_value(&mut self) -> Result<Option<RawField<'t>>, SyntaxError> {
        if let Some((name, span)) = self.lexer.take_field_name() {
            return self.parse_field_rest(name, span).map(Some);
        }
        self.parse_transformed()
    }

    /// The argument in brackets, if any, and its place.
    pub(super) fn parse_bracket(&mut self) -> Result<Option<(Cow<'t, str>, Span)>, SyntaxError> {
        let bracket = self.lexer.at;
        if !self.lexer.take("[") {
            return Ok(None);
        }
        let arg = match self.lexer.take_quoted()? {
            Some(value) => Some((value.text, value.span)),
            None => self.lexer.take_while(is_bare_argument_letter).map(|(text, span)| (Cow::Borrowed(text), span)),
        };
        if arg.is_none() {
            return Err(SyntaxError::new(bracket..self.lexer.at, "expected an argument in brackets"));
        }
        if !self.lexer.take("]") {
            return Err(SyntaxError::new(bracket..bracket + 1, "this bracket is not closed"));
        }
        Ok(arg)
    }

    /// The argument in brackets, if any.
    pub(super) fn parse_field_rest(&mut self, name: &'t str, name_span: Span) -> Result<RawField<'t>, SyntaxError> {
        let arg = self.parse_bracket()?.map(|(text, _)| text);
        let span = name_span.start..self.lexer.at;
        Ok(RawField { base: RawBase::Field { name, arg }, span, transformers: Vec::new() })
    }

    /// A transformer or function with what stands in its parentheses.
    pub(super) fn parse_transformed(&mut self) -> Result<Option<RawField<'t>>, SyntaxError> {
        if let Some((function, span)) = self.take_call(FUNCTIONS) {
            self.enter()?;
            let call = self.parse_call(function, span)?;
            self.depth -= 1;
            return Ok(Some(call));
        }
        let Some((transformer, span)) = self.take_call(TRANSFORMERS) else { return Ok(None) };
        self.enter()?;
        self.lexer.skip_blank();
        let Some(mut field) = self.parse_value()? else {
            return Err(SyntaxError::new(self.lexer.word_span(), format!("expected a field, {}", self.lexer.found())));
        };
        self.depth -= 1;
        self.lexer.skip_blank();
        if self.lexer.peek() == Some(',') {
            let name = self.lexer.text.get(span).unwrap_or("");
            let message = format!("`{name}` takes one argument");
            return Err(SyntaxError::new(self.lexer.at..self.lexer.at + 1, message));
        }
        if !self.lexer.take(")") {
            return Err(SyntaxError::new(span, "the parenthesis of this transformer is not closed"));
        }
        field.transformers.push((transformer, span));
        Ok(Some(field))
    }

    /// The arguments of a function, the closing parenthesis and the option in brackets behind it.
    fn parse_call(&mut self, function: Function, span: Span) -> Result<RawField<'t>, SyntaxError> {
        let mut args = Vec::new();
        loop {
            self.lexer.skip_blank();
            args.push(self.parse_call_arg()?);
            self.lexer.skip_blank();
            if !self.lexer.take(",") {
                break;
            }
        }
        if !self.lexer.take(")") {
            return Err(SyntaxError::new(span, "the parenthesis of this transformer is not closed"));
        }
        let selector = self.parse_bracket()?;
        let span = span.start..self.lexer.at;
        Ok(RawField { base: RawBase::Call { function, args, selector }, span, transformers: Vec::new() })
    }

    fn parse_call_arg(&mut self) -> Result<RawArg<'t>, SyntaxError> {
        let open = self.lexer.at;
        if !self.lexer.take("(") {
            return self.parse_list_arg();
        }
        let mut parts = Vec::new();
        self.lexer.skip_blank();
        if !self.lexer.take(")") {
            loop {
                self.lexer.skip_blank();
                parts.push(self.parse_list_arg()?);
                self.lexer.skip_blank();
                if !self.lexer.take(",") {
                    break;
                }
            }
            if !self.lexer.take(")") {
                return Err(SyntaxError::new(open..open + 1, "the parenthesis of this list is not closed"));
            }
        }
        Ok(RawArg::List(parts, open..self.lexer.at))
    }

    /// What can stand in a list of a function's argument: no list in turn.
    fn parse_list_arg(&mut self) -> Result<RawArg<'t>, SyntaxError> {
        if let Some((text, span)) = self.lexer.take_number() {
            return Ok(RawArg::Value(RawValue { text: Cow::Borrowed(text), quoted: false, span }));
        }
        if let Some(value) = self.lexer.take_quoted()? {
            return Ok(RawArg::Value(value));
        }
        match self.parse_value()? {
            Some(field) => Ok(RawArg::Field(field)),
            None => {
                let message = format!("expected a field or a text in quotes, {}", self.lexer.found());
                Err(SyntaxError::new(self.lexer.word_span(), message))
            }
        }
    }
}
