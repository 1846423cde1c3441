//! Conditions as text again. What is printed parses to the same tree.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write};

use super::ast::{Base, Call, CallArg, Expr, FieldArg, FieldExpr, FieldRef, Literal, Op, Test, Transformer};
use super::names;
use super::syntax::{
    function_name, is_bare_argument_letter, is_bare_letter, modifier_name, operator_name, takes_list, transformer_name,
};
use crate::format::schema::ParamType;
use crate::replay::fields::FieldType;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::And(parts) => print_parts(f, parts, " and "),
            Expr::Or(parts) => print_parts(f, parts, " or "),
            Expr::Not(part) => {
                f.write_str("not ")?;
                print_part(f, part)
            }
            Expr::Test(test) => test.fmt(f),
        }
    }
}

fn print_parts(f: &mut Formatter<'_>, parts: &[Expr], between: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        print_part(f, part)?;
    }
    Ok(())
}

fn print_part(f: &mut Formatter<'_>, part: &Expr) -> fmt::Result {
    match part {
        Expr::Test(test) => test.fmt(f),
        Expr::Not(_) => part.fmt(f),
        Expr::And(_) | Expr::Or(_) => write!(f, "({part})"),
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, operator_name(self.op))?;
        if self.op == Op::Exists {
            return Ok(());
        }
        f.write_char(' ')?;
        if let [Literal::Field(field)] = self.values.as_slice() {
            return print_right_field(f, field);
        }
        let form = Form::of(self);
        if let Some(modifier) = self.modifier {
            write!(f, "{} ", modifier_name(modifier))?;
        }
        if takes_list(self.op) || self.modifier.is_some() {
            f.write_char('(')?;
            for (at, value) in self.values.iter().enumerate() {
                if at > 0 {
                    f.write_str(", ")?;
                }
                print_literal(f, value, form)?;
            }
            return f.write_char(')');
        }
        self.values.iter().try_for_each(|value| print_literal(f, value, form))
    }
}

impl Display for FieldExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for transformer in self.transformers.iter().rev() {
            write!(f, "{}(", transformer_name(*transformer))?;
        }
        match &self.base {
            Base::Field(field) => field.fmt(f)?,
            Base::Call(call) => call.fmt(f)?,
        }
        self.transformers.iter().try_for_each(|_| f.write_char(')'))
    }
}

impl Display for FieldRef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.name)?;
        match &self.arg {
            FieldArg::None => Ok(()),
            FieldArg::Index(index) => write!(f, "[{index}]"),
            FieldArg::Key(key) if takes_only_dot(self.field.name) => write!(f, ".{key}"),
            FieldArg::Key(key) => write!(f, "[{}]", bracket_text(key)),
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", function_name(self.function))?;
        print_args(f, &self.args)?;
        match self.selector {
            Some(option) => write!(f, "[{}]", bracket_text(char::from(option).encode_utf8(&mut [0; 4]))),
            None => Ok(()),
        }
    }
}

/// Arguments with commas between them, and the closing parenthesis.
fn print_args(f: &mut Formatter<'_>, args: &[CallArg]) -> fmt::Result {
    for (at, arg) in args.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        match arg {
            CallArg::Value(value) => value.fmt(f)?,
            CallArg::Text(text) => print_quoted(f, text)?,
            CallArg::List(parts) => {
                f.write_char('(')?;
                print_args(f, parts)?;
            }
        }
    }
    f.write_char(')')
}

/// A field on the right-hand side: a lone one stands in `val()`.
fn print_right_field(f: &mut Formatter<'_>, field: &FieldExpr) -> fmt::Result {
    match field.plain_field() {
        Some(field) => write!(f, "val({field})"),
        None => field.fmt(f),
    }
}

fn takes_only_dot(name: &str) -> bool {
    matches!(name, "evt.arg" | "evt.rawarg" | "evt.abspath" | "evt.type.is")
}

/// How the literals of a comparison are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// Two digits for each byte.
    Hex,
    /// As it stands: operators of order take a number only.
    Number,
    /// Whole numbers have no sign.
    Unsigned,
}

impl Form {
    fn of(test: &Test) -> Form {
        let is_unsigned = test.field.transformers.last() == Some(&Transformer::Len)
            || test.field.single_field().is_some_and(|field| match field.field.ty {
                FieldType::Uint64 | FieldType::RelTime | FieldType::AbsTime => true,
                FieldType::Dynamic => match &field.arg {
                    FieldArg::Key(name) => names::param_type(name).is_some_and(is_unsigned_param),
                    FieldArg::Index(_) | FieldArg::None => false,
                },
                _ => false,
            });
        match test.op {
            _ if is_unsigned => Form::Unsigned,
            Op::BContains | Op::BStartsWith => Form::Hex,
            Op::Lt | Op::Le | Op::Gt | Op::Ge => Form::Number,
            _ => Form::Plain,
        }
    }
}

fn is_unsigned_param(ty: ParamType) -> bool {
    matches!(ty, ParamType::Uint64 | ParamType::RelTime | ParamType::AbsTime)
}

fn print_literal(f: &mut Formatter<'_>, value: &Literal, form: Form) -> fmt::Result {
    match value {
        Literal::Text(bytes) if form == Form::Hex => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        Literal::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            // the reader takes a backspace before a word for blank
            let is_bare = !text.is_empty() && !text.starts_with('\u{8}') && text.chars().all(is_bare_letter);
            if form == Form::Number || is_bare { f.write_str(&text) } else { print_quoted(f, &text) }
        }
        Literal::Int(number) if form == Form::Unsigned => write!(f, "{}", number.cast_unsigned()),
        Literal::Int(number) => write!(f, "{number}"),
        Literal::Double(number) => write!(f, "{number}"),
        Literal::Bool(value) => write!(f, "{value}"),
        Literal::Ip(address) => write!(f, "{address}"),
        Literal::Net(address, length) => write!(f, "{address}/{length}"),
        Literal::Field(field) => print_right_field(f, field),
    }
}

/// An argument as it stands in brackets: in quotes where it needs them.
pub(super) fn bracket_text(key: &str) -> Cow<'_, str> {
    if !key.is_empty() && key.chars().all(is_bare_argument_letter) {
        return Cow::Borrowed(key);
    }
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = print_quoted(&mut text, key);
    Cow::Owned(text)
}

fn print_quoted(f: &mut dyn Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}
