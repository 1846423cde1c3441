//! A value as written (fields with arguments, transformers, functions) and what it is for an event.

use std::convert::Infallible;

use super::transform::{call, transform};
use crate::format::Damage;
use crate::format::schema::EventInfo;
use crate::replay::fields::{
    Argument, BlockView, EventRow, FieldValue, Purpose, Reads, field_value, field_value_of_fd, field_value_of_kind,
    field_value_of_thread,
};
use crate::replay::rules::{Base, CallArg, FieldArg, FieldExpr, FieldRef};

/// The argument as extractions take it.
pub fn argument_of(field: &FieldRef) -> Argument<'_> {
    match &field.arg {
        FieldArg::None => Argument::None,
        FieldArg::Index(at) => Argument::Index(*at),
        FieldArg::Key(name) => Argument::Key(name),
    }
}

/// The value of an expression for an event.
pub fn value_of<'b>(expr: &FieldExpr, row: &EventRow<'_, 'b>, purpose: Purpose) -> Result<FieldValue<'b>, Damage> {
    value_at(expr, &mut |field| field_value(field.field, argument_of(field), row, purpose))
}

/// The value for a row of the thread table; for expressions that depend on the thread alone.
pub(in crate::replay) fn value_of_thread<'b>(
    expr: &FieldExpr,
    view: &BlockView<'b>,
    thread: usize,
) -> Result<FieldValue<'b>, Damage> {
    value_at(expr, &mut |field| field_value_of_thread(field.field, argument_of(field), view, thread, Purpose::Test))
}

/// The value for a row of the descriptor table; for expressions that depend on the descriptor alone.
pub(in crate::replay) fn value_of_fd<'b>(
    expr: &FieldExpr,
    view: &BlockView<'b>,
    fd: usize,
) -> Result<FieldValue<'b>, Damage> {
    value_at(expr, &mut |field| field_value_of_fd(field.field, view, fd, Purpose::Test))
}

/// The value for all events of a kind, where it is the same for all of them.
pub(in crate::replay) fn value_of_kind(expr: &FieldExpr, info: &'static EventInfo) -> Option<FieldValue<'static>> {
    value_at(expr, &mut |field| field_value_of_kind(field.field, argument_of(field), info).ok_or(Differs)).ok()
}

/// The value of an expression of one field that has this value.
pub(super) fn value_given<'b>(expr: &FieldExpr, value: &FieldValue<'b>) -> FieldValue<'b> {
    let given: Result<FieldValue<'b>, Infallible> = value_at(expr, &mut |_| Ok(value.clone()));
    let Ok(value) = given;
    value
}

/// A field's value is not the same for all events of a kind.
struct Differs;

/// What the value depends on at most.
pub(in crate::replay) fn reads_of(expr: &FieldExpr) -> Reads {
    // One field is by far the usual case.
    match expr.single_field() {
        Some(field) => field.field.access.reads(),
        None => reads_of_all(expr.fields().into_iter().map(|field| field.field.access.reads())),
    }
}

/// What values of several sources depend on: one table if all of them do.
pub(super) fn reads_of_all(reads: impl Iterator<Item = Reads>) -> Reads {
    reads.reduce(|all, one| if all == one { all } else { Reads::Row }).unwrap_or(Reads::Kind)
}

/// The value of an expression, given those of its fields.
fn value_at<'b, E>(
    expr: &FieldExpr,
    field_value: &mut dyn FnMut(&FieldRef) -> Result<FieldValue<'b>, E>,
) -> Result<FieldValue<'b>, E> {
    let value = match &expr.base {
        Base::Field(field) => field_value(field)?,
        Base::Call(of) => {
            let args: Result<Vec<FieldValue<'b>>, E> =
                of.args.iter().map(|arg| argument_value(arg, field_value)).collect();
            call(of, args?)
        }
    };
    Ok(expr.transformers.iter().fold(value, |value, transformer| transform(*transformer, value)))
}

fn argument_value<'b, E>(
    arg: &CallArg,
    field_value: &mut dyn FnMut(&FieldRef) -> Result<FieldValue<'b>, E>,
) -> Result<FieldValue<'b>, E> {
    Ok(match arg {
        CallArg::Value(expr) => value_at(expr, field_value)?,
        CallArg::Text(text) => FieldValue::made(text.clone().into_bytes()),
        CallArg::List(parts) => {
            let mut values = Vec::with_capacity(parts.len());
            for part in parts {
                match argument_value(part, field_value)? {
                    // Without one of its values there is no list.
                    FieldValue::Missing => return Ok(FieldValue::Missing),
                    FieldValue::List(several) => values.extend(several),
                    value => values.push(value),
                }
            }
            FieldValue::List(values)
        }
    })
}
