//! One event on its own.

use crate::format::Damage;
use crate::replay::compile::{Atom, Node, NodeId, Program, value_of};
use crate::replay::fields::{EventRow, FieldValue, Purpose};
use crate::replay::rules::FieldExpr;

/// Whether a node holds for one event, asked on its own.
pub(super) fn holds_for_row(program: &Program, id: NodeId, row: &EventRow<'_, '_>) -> Result<bool, Damage> {
    match program.graph().node(id) {
        Node::True => Ok(true),
        Node::False => Ok(false),
        Node::Not(inner) => Ok(!holds_for_row(program, *inner, row)?),
        Node::And(parts) => {
            for part in parts {
                if !holds_for_row(program, *part, row)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Node::Or(parts) => {
            for part in parts {
                if holds_for_row(program, *part, row)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Node::Atom(atom) => match program.atom(*atom) {
            Some(atom) => holds_for_event(atom, row),
            None => Ok(false),
        },
    }
}

/// Whether a comparison holds for one event.
pub(super) fn holds_for_event(atom: &Atom, row: &EventRow<'_, '_>) -> Result<bool, Damage> {
    holds_with_values(atom, |expr| value_of(expr, row, Purpose::Test))
}

/// Whether a comparison holds, given the values of its sides.
pub(super) fn holds_with_values<'b>(
    atom: &Atom,
    value_of: impl Fn(&FieldExpr) -> Result<FieldValue<'b>, Damage>,
) -> Result<bool, Damage> {
    let value = value_of(&atom.field)?;
    match atom.matcher.right_field() {
        Some(right) => Ok(atom.matcher.holds_with(&value, &value_of(right)?)),
        None => Ok(atom.matcher.holds(&value)),
    }
}
