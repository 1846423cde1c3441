//! Which event types a condition can be true for, as far as its comparisons of `evt.type` say: for the warning about
//! rules that are tried on every event. (What a rule is really tried on is decided when it is compiled.)

use super::ast::{Expr, Literal, Op, Test};
use crate::format::schema::EVENTS;

/// More types than this are too many. The engine counts 100 codes, of which each call has two.
const TYPE_LIMIT: usize = 50;

/// A set of rows of the event table. A system call without a row of its own counts as the generic event, the first row.
type TypeSet = Vec<bool>;

/// Whether a condition leaves no type or too many.
pub(super) fn matches_too_many_types(condition: &Expr) -> bool {
    let count = types_of(condition, false).into_iter().filter(|is_in| *is_in).count();
    count == 0 || count > TYPE_LIMIT
}

fn types_of(condition: &Expr, negated: bool) -> TypeSet {
    match condition {
        Expr::And(parts) => join(parts, negated, !negated),
        Expr::Or(parts) => join(parts, negated, negated),
        Expr::Not(part) => types_of(part, !negated),
        Expr::Test(test) => types_of_test(test, negated),
    }
}

fn join(parts: &[Expr], negated: bool, is_and: bool) -> TypeSet {
    let mut sets = parts.iter().map(|part| types_of(part, negated));
    let Some(mut all) = sets.next() else { return vec![true; EVENTS.len()] };
    for set in sets {
        for (is_in, other) in all.iter_mut().zip(set) {
            *is_in = if is_and { *is_in && other } else { *is_in || other };
        }
    }
    all
}

fn types_of_test(test: &Test, negated: bool) -> TypeSet {
    let is_type = test.field.plain_field().is_some_and(|field| field.field.name == "evt.type");
    let is_type = is_type && test.modifier.is_none();
    let keeps = match test.op {
        Op::Eq | Op::In if is_type => true,
        Op::Ne if is_type => false,
        _ => return vec![true; EVENTS.len()],
    };
    let mut set = vec![false; EVENTS.len()];
    for value in &test.values {
        let Literal::Text(name) = value else { return vec![true; EVENTS.len()] };
        let row = EVENTS.iter().position(|event| event.name.as_bytes() == name.as_slice()).unwrap_or(0);
        if let Some(is_in) = set.get_mut(row) {
            *is_in = true;
        }
    }
    if keeps == negated {
        set.iter_mut().for_each(|is_in| *is_in = !*is_in);
    }
    set
}
