//! Transformers of several arguments: how many they take, and of which types.

use std::borrow::Cow;

use super::ast::{Base, Call, CallArg, FieldExpr, Function, Span};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, TypedField, ValueClass, resolve_value};
use super::syntax::{RawArg, function_name};

/// What is wrong, and where.
type Wrong = (FieldProblem, Span);

/// What an argument is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    TextList,
    /// Anything else, in words.
    Other(&'static str),
}

impl Sort {
    fn describe(self) -> &'static str {
        match self {
            Sort::Text => "text",
            Sort::TextList => "a list",
            Sort::Other(words) => words,
        }
    }
}

/// Checks a call; `span` is all of it.
pub(super) fn resolve_call(
    function: Function,
    raw: &[RawArg<'_>],
    selector: Option<&(Cow<'_, str>, Span)>,
    span: &Span,
) -> Result<TypedField, Wrong> {
    let mut args = Vec::with_capacity(raw.len());
    let mut sorts = Vec::with_capacity(raw.len());
    for arg in raw {
        let (arg, sort) = resolve_arg(arg)?;
        args.push(arg);
        sorts.push(sort);
    }
    let name = function_name(function);
    let form = form(function);
    let fits = match function {
        Function::Join | Function::GetOpt => sorts.len() == 2,
        Function::Concat => sorts.len() >= 2,
    };
    if !fits {
        let number = if function == Function::Concat { "two arguments at least" } else { "two arguments" };
        let problem = FieldProblem::new(Code::TypeMismatch, format!("`{name}` takes {number}, not {}", sorts.len()));
        return Err((problem.help(format!("write `{form}`")), span.clone()));
    }
    for (at, (sort, raw)) in sorts.iter().zip(raw).enumerate() {
        let wanted = match (function, at) {
            (Function::Join, 1) | (Function::GetOpt, 0) => Sort::TextList,
            _ => Sort::Text,
        };
        if *sort != wanted {
            let message = format!("`{name}` takes {} here, not {}", wanted.describe(), sort.describe());
            let problem = FieldProblem::new(Code::TypeMismatch, message);
            return Err((problem.help(format!("write `{form}`")), raw.span().clone()));
        }
    }
    let selector = match selector {
        Some((text, span)) => Some(read_selector(function, text).map_err(|problem| (problem, span.clone()))?),
        None => None,
    };
    let base = Base::Call(Call { function, args, selector });
    let expr = FieldExpr { base, transformers: Vec::new() };
    let is_list = expr.is_list();
    Ok(TypedField { expr, class: ValueClass::Text, is_list })
}

fn form(function: Function) -> &'static str {
    match function {
        Function::Join => "join(\",\", (proc.name, proc.exe))",
        Function::Concat => "concat(proc.name, \":\", proc.exe)",
        Function::GetOpt => "getopt((\"-n\", proc.name), \"n:\")",
    }
}

fn read_selector(function: Function, text: &str) -> Result<u8, FieldProblem> {
    match (function, text.as_bytes()) {
        (Function::GetOpt, [option]) => Ok(*option),
        (Function::GetOpt, _) => {
            let message = format!("the argument of `getopt` in brackets is one letter, not `{text}`");
            Err(FieldProblem::new(Code::FieldArgument, message))
        }
        (Function::Join | Function::Concat, _) => {
            let message = format!("`{}` takes no argument in brackets", function_name(function));
            Err(FieldProblem::new(Code::FieldArgument, message))
        }
    }
}

fn resolve_arg(raw: &RawArg<'_>) -> Result<(CallArg, Sort), Wrong> {
    Ok(match raw {
        RawArg::Value(value) => (CallArg::Text(value.text.clone().into_owned()), Sort::Text),
        RawArg::Field(field) => {
            let typed = resolve_value(field)?;
            let sort = match (typed.class, typed.is_list) {
                (ValueClass::Text, true) => Sort::TextList,
                (ValueClass::Text, false) => Sort::Text,
                (_, true) => Sort::Other("a list of other values"),
                (class, false) => Sort::Other(class.describe()),
            };
            (CallArg::Value(typed.expr), sort)
        }
        // Whatever stands in a list becomes text.
        RawArg::List(parts, _) => {
            let parts: Result<Vec<CallArg>, Wrong> =
                parts.iter().map(|part| resolve_arg(part).map(|(arg, _)| arg)).collect();
            (CallArg::List(parts?), Sort::TextList)
        }
    })
}
