//! Rule files: text -> spans -> items -> resolved -> typed.
//!
//! What enters is the text of rule files, in load order; what leaves is [`TypedRule`]s, ready for `replay::compile`, and
//! every problem of all files as diagnostics. Not here: evaluation, and how a field's value is had.

mod ast;
mod builtin;
mod calls;
mod check;
mod collection;
mod compiler;
mod description;
pub mod diagnostic;
mod engine_code;
mod event_types;
mod exceptions;
mod field_ref;
mod file;
mod item;
mod lexer;
mod lists;
mod loading;
mod location;
mod mentions;
mod names;
mod operand;
mod parser;
mod print;
mod problems;
#[cfg(test)]
mod property_tests;
mod reader;
mod requirements;
mod resolved;
mod rule_reader;
mod scope;
#[cfg(test)]
mod semantics_tests;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod validation;
#[cfg(test)]
mod validation_tests;
mod value_parser;
mod value_warnings;
#[cfg(test)]
pub(in crate::replay) mod wrong_files;
pub(in crate::replay) mod yaml;

pub use ast::{
    Base, Call, CallArg, Expr, FieldArg, FieldExpr, FieldRef, Function, Literal, Modifier, Op, Priority, Span,
    Template, TemplatePart, Test, Transformer, TypedRule,
};
pub use builtin::builtin_rules;
pub use compiler::{Compiler, parse_condition, parse_template};
pub use description::{Description, RuleDescription, RuleDetails, RuleInfo};
pub use diagnostic::{Code, Diagnostic, Severity};
pub use engine_code::{EngineCode, Stage, warnings_named};
pub use file::RuleFile;
pub use location::{ItemType, Location};
pub(in crate::replay) use names::nearest;
pub use resolved::{Resolved, ResolvedRight, ResolvedTest};
pub use validation::{FileResult, Validation, validate};
