//! One event on its own.

use crate::format::Damage;
use crate::replay::compile::{Atom, Node, NodeId, Program, value_of};
use crate::replay::fields::{EventRow, Purpose};

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
    let value = value_of(&atom.field, row, Purpose::Test)?;
    match atom.matcher.right_field() {
        Some(right) => Ok(atom.matcher.holds_with(&value, &value_of(right, row, Purpose::Test)?)),
        None => Ok(atom.matcher.holds(&value)),
    }
}
