//! Rule files: text -> spans -> items -> resolved -> typed.
//!
//! What enters is the text of rule files, in load order; what leaves is [`TypedRule`]s, ready for `replay::compile`, and
//! every problem of all files as diagnostics. Not here: evaluation, and how a field's value is had.

mod ast;

pub use ast::{
    Expr, FieldArg, FieldExpr, Literal, Op, Priority, Span, Template, TemplatePart, Test, Transformer, TypedRule,
};
