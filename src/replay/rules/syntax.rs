//! A condition as it was written: names not resolved, values still text, everything with its place.

use std::borrow::Cow;

use super::ast::{Function, Modifier, Op, Span, Transformer};

/// A condition. Spans are bytes of the condition's own text.
#[derive(Clone, Debug)]
pub(super) enum Cond<'t> {
    And(Vec<Cond<'t>>),
    Or(Vec<Cond<'t>>),
    Not(Box<Cond<'t>>),
    Test(Box<RawTest<'t>>),
    /// A macro's name.
    Name(&'t str, Span),
}

/// A comparison.
#[derive(Clone, Debug)]
pub(super) struct RawTest<'t> {
    pub(super) left: RawField<'t>,
    pub(super) op: Op,
    pub(super) op_span: Span,
    pub(super) modifier: Option<Modifier>,
    pub(super) right: Right<'t>,
}

/// What a field is compared with.
#[derive(Clone, Debug)]
pub(super) enum Right<'t> {
    /// Nothing: the operator is `exists`.
    None,
    Value(RawValue<'t>),
    /// `(a, b)`.
    List(Vec<RawValue<'t>>),
    /// A name in the place of a list: `in names`.
    ListName(RawValue<'t>),
    /// `val(proc.pname)` or `tolower(proc.pname)`.
    Field(RawField<'t>),
}

/// A value, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawValue<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) quoted: bool,
    pub(super) span: Span,
}

/// A field or a function of fields, and the transformers around it, from the inside out.
#[derive(Clone, Debug)]
pub(super) struct RawField<'t> {
    pub(super) base: RawBase<'t>,
    /// From the name to the argument's bracket, or the closing parenthesis.
    pub(super) span: Span,
    pub(super) transformers: Vec<(Transformer, Span)>,
}

/// What transformers are applied to.
#[derive(Clone, Debug)]
pub(super) enum RawBase<'t> {
    Field {
        name: &'t str,
        /// What stood in brackets.
        arg: Option<Cow<'t, str>>,
    },
    Call {
        function: Function,
        args: Vec<RawArg<'t>>,
        /// What stood in brackets behind the parenthesis.
        selector: Option<(Cow<'t, str>, Span)>,
    },
}

/// An argument of a function.
#[derive(Clone, Debug)]
pub(super) enum RawArg<'t> {
    Field(RawField<'t>),
    Value(RawValue<'t>),
    List(Vec<RawArg<'t>>, Span),
}

impl RawArg<'_> {
    pub(super) fn span(&self) -> &Span {
        match self {
            RawArg::Field(field) => &field.span,
            RawArg::Value(value) => &value.span,
            RawArg::List(_, span) => span,
        }
    }
}

/// Operators and how they are written, each before those that are its prefix.
pub(super) const OPERATORS: &[(&str, Op)] = &[
    ("exists", Op::Exists),
    ("<=", Op::Le),
    ("<", Op::Lt),
    (">=", Op::Ge),
    (">", Op::Gt),
    ("==", Op::Eq),
    ("=", Op::Eq),
    ("!=", Op::Ne),
    ("glob", Op::Glob),
    ("iglob", Op::IGlob),
    ("contains", Op::Contains),
    ("icontains", Op::IContains),
    ("bcontains", Op::BContains),
    ("startswith", Op::StartsWith),
    ("bstartswith", Op::BStartsWith),
    ("endswith", Op::EndsWith),
    ("regex", Op::Regex),
    ("intersects", Op::Intersects),
    ("in", Op::In),
    ("pmatch", Op::Pmatch),
];

/// Transformers and their names.
pub(super) const TRANSFORMERS: &[(&str, Transformer)] = &[
    ("tolower", Transformer::ToLower),
    ("toupper", Transformer::ToUpper),
    ("b64", Transformer::B64),
    ("basename", Transformer::Basename),
    ("len", Transformer::Len),
];

/// Transformers of several arguments and their names.
pub(super) const FUNCTIONS: &[(&str, Function)] =
    &[("join", Function::Join), ("concat", Function::Concat), ("getopt", Function::GetOpt)];

/// The modifiers of operators and their names.
pub(super) const MODIFIERS: &[(&str, Modifier)] =
    &[("oneof", Modifier::OneOf), ("anyof", Modifier::AnyOf), ("allof", Modifier::AllOf)];

/// How a function is written.
pub(super) fn function_name(function: Function) -> &'static str {
    match function {
        Function::Join => "join",
        Function::Concat => "concat",
        Function::GetOpt => "getopt",
    }
}

/// How a modifier is written.
pub(super) fn modifier_name(modifier: Modifier) -> &'static str {
    match modifier {
        Modifier::OneOf => "oneof",
        Modifier::AnyOf => "anyof",
        Modifier::AllOf => "allof",
    }
}

/// Whether a modifier can follow the operator.
pub(super) fn takes_modifier(op: Op) -> bool {
    match op {
        Op::Eq
        | Op::Ne
        | Op::Contains
        | Op::IContains
        | Op::BContains
        | Op::StartsWith
        | Op::BStartsWith
        | Op::EndsWith
        | Op::Glob
        | Op::IGlob
        | Op::Regex => true,
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::In | Op::Intersects | Op::Pmatch | Op::Exists => false,
    }
}

/// How an operator is written.
pub(super) fn operator_name(op: Op) -> &'static str {
    match op {
        Op::Eq => "=",
        Op::Ne => "!=",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Gt => ">",
        Op::Ge => ">=",
        Op::Contains => "contains",
        Op::IContains => "icontains",
        Op::BContains => "bcontains",
        Op::StartsWith => "startswith",
        Op::BStartsWith => "bstartswith",
        Op::EndsWith => "endswith",
        Op::In => "in",
        Op::Intersects => "intersects",
        Op::Pmatch => "pmatch",
        Op::Exists => "exists",
        Op::Glob => "glob",
        Op::IGlob => "iglob",
        Op::Regex => "regex",
    }
}

/// Whether the operator takes a list.
pub(super) fn takes_list(op: Op) -> bool {
    match op {
        Op::In | Op::Intersects | Op::Pmatch => true,
        Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge
        | Op::Contains
        | Op::IContains
        | Op::BContains
        | Op::StartsWith
        | Op::BStartsWith
        | Op::EndsWith
        | Op::Exists
        | Op::Glob
        | Op::IGlob
        | Op::Regex => false,
    }
}

/// How a transformer is written.
pub(super) fn transformer_name(transformer: Transformer) -> &'static str {
    match transformer {
        Transformer::ToLower => "tolower",
        Transformer::ToUpper => "toupper",
        Transformer::B64 => "b64",
        Transformer::Basename => "basename",
        Transformer::Len => "len",
    }
}

/// Whether a letter can stand in a string without quotes.
pub(super) fn is_bare_letter(letter: char) -> bool {
    !(letter.is_ascii_whitespace() || matches!(letter, '\u{b}' | '(' | ')' | '"' | '\'' | '=' | ','))
}

/// Whether a letter can stand in a field's argument without quotes.
pub(super) fn is_bare_argument_letter(letter: char) -> bool {
    !(letter.is_ascii_whitespace() || matches!(letter, '\u{b}' | '[' | ']' | '"' | '\''))
}
