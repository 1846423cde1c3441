//! Exceptions of a rule -> conditions that are negated and joined with its own.

use super::ast::{Modifier, Op};
use super::check::{Checked, Checker, join_checked};
use super::collection::{count, operator_of};
use super::diagnostic::Code;
use super::item::{Entry, RawException};
use super::lexer::SyntaxError;
use super::lists::{ListValue, read_values};
use super::parser;
use super::problems::Problem;
use super::scope::{Scope, Sight};
use super::syntax::takes_list;
use super::text::{Place, Text};

/// What an exception excepts: any of its values. `None` when it has none.
pub(super) fn check_exception<'c>(exception: &'c RawException<'c>, scope: &Scope<'c, '_, '_>) -> Option<Checked> {
    if exception.values.is_empty() {
        return None;
    }
    match exception.fields.as_ref()? {
        Entry::One(field) => Some(check_single(exception, field, scope)),
        Entry::Many(fields, _) => Some(check_tuples(exception, fields, scope)),
    }
}

/// One field, compared with all values at once.
fn check_single<'c>(exception: &'c RawException<'c>, field: &'c Text<'c>, scope: &Scope<'c, '_, '_>) -> Checked {
    let (comparison, op_place) = match &exception.comps {
        Some(Entry::One(comp)) => (operator_of(comp).unwrap_or((Op::In, None)), comp.place()),
        Some(Entry::Many(..)) | None => ((Op::In, None), field.place()),
    };
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for entry in &exception.values {
        match entry {
            Entry::One(text) => values.extend(item_values(text, scope, &mut problems)),
            Entry::Many(_, place) => {
                let problem = invalid(place, "with one field, `values` is a plain list of values".to_owned());
                problems.push(problem.help("write `fields` as a list to compare several fields"));
            }
        }
    }
    let mut checked = check_comparison(field, comparison, op_place, &values, scope);
    if !problems.is_empty() {
        checked.expr = None;
        checked.problems.extend(problems);
    }
    checked
}

/// Several fields: each value is a tuple with a part for each.
fn check_tuples<'c>(exception: &'c RawException<'c>, fields: &'c [Entry<'c>], scope: &Scope<'c, '_, '_>) -> Checked {
    let mut tuples = Vec::with_capacity(exception.values.len());
    for value in &exception.values {
        let parts = match value {
            Entry::Many(parts, _) => parts.as_slice(),
            Entry::One(_) => &[],
        };
        if parts.len() != fields.len() {
            let message = match value {
                Entry::Many(..) => format!("{} for {}", count(parts.len(), "value"), count(fields.len(), "field")),
                Entry::One(_) => format!("a value is a list of {}, one for each field", fields.len()),
            };
            let place = value.place();
            tuples.push(Checked::wrong(vec![invalid(&place, message)]));
            continue;
        }
        let comparisons = fields
            .iter()
            .zip(parts)
            .enumerate()
            .map(|(at, (field, part))| check_part(exception, at, field, part, scope))
            .collect();
        tuples.push(join_checked(comparisons, true));
    }
    join_checked(tuples, false)
}

/// One field of a tuple with its part of a value.
fn check_part<'c>(
    exception: &'c RawException<'c>,
    at: usize,
    field: &'c Entry<'c>,
    part: &'c Entry<'c>,
    scope: &Scope<'c, '_, '_>,
) -> Checked {
    let Entry::One(field) = field else {
        let problem = invalid(&field.place(), "a field is a name, not a list".to_owned());
        return Checked::wrong(vec![problem]);
    };
    let comp = match &exception.comps {
        Some(Entry::Many(comps, _)) => match comps.get(at) {
            Some(Entry::One(comp)) => Some(comp),
            Some(Entry::Many(..)) | None => None,
        },
        Some(Entry::One(_)) | None => None,
    };
    let (op, modifier) = comp.and_then(operator_of).unwrap_or((Op::Eq, None));
    let takes_list = takes_list(op) || modifier.is_some();
    let op_place = comp.map_or_else(|| field.place(), Text::place);
    let mut problems = Vec::new();
    let mut values = Vec::new();
    match part {
        Entry::One(text) if takes_list && text.value().starts_with('(') => {
            values.extend(parenthesised_values(text, scope, &mut problems));
        }
        Entry::One(text) if takes_list => {
            let parsed = parser::parse_values(text.value(), 0);
            values.extend(located(parsed, text, scope, &mut problems));
        }
        Entry::One(text) => values.extend(item_values(text, scope, &mut problems)),
        Entry::Many(entries, _) => {
            for entry in entries {
                match entry {
                    Entry::One(text) => values.extend(item_values(text, scope, &mut problems)),
                    Entry::Many(_, place) => {
                        problems.push(invalid(place, "lists of values cannot be nested further".to_owned()));
                    }
                }
            }
        }
    }
    let takes_one = !takes_list;
    if takes_one && (matches!(part, Entry::Many(..)) || values.len() != 1) && problems.is_empty() {
        let problem = invalid(&part.place(), format!("`{}` takes one value", super::syntax::operator_name(op)));
        problems.push(problem.help("write `in` below `comps` to compare with several"));
    }
    let mut checked = if problems.is_empty() {
        check_comparison(field, (op, modifier), op_place, &values, scope)
    } else {
        Checked::default()
    };
    checked.problems.extend(problems);
    checked
}

fn check_comparison<'c>(
    field: &'c Text<'c>,
    comparison: (Op, Option<Modifier>),
    op_place: Place,
    values: &[ListValue<'c>],
    scope: &Scope<'c, '_, '_>,
) -> Checked {
    match parser::parse_field(field.value()) {
        Ok(raw) => Checker::new(scope, field, Sight::ALL, 0).check_excepted(&raw, comparison, op_place, values),
        Err(error) => {
            let place = scope.locate(field, &error.span);
            let problem = Problem { place, code: Code::UnknownField, message: error.message, help: error.help };
            Checked::wrong(vec![problem])
        }
    }
}

fn item_values<'c>(text: &'c Text<'c>, scope: &Scope<'c, '_, '_>, problems: &mut Vec<Problem>) -> Vec<ListValue<'c>> {
    located(read_values(text), text, scope, problems)
}

/// `(a, b)` as one text.
fn parenthesised_values<'c>(
    text: &'c Text<'c>,
    scope: &Scope<'c, '_, '_>,
    problems: &mut Vec<Problem>,
) -> Vec<ListValue<'c>> {
    let Some(inner) = text.value().trim_end().strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        problems.push(invalid(&text.place(), "the parenthesis of this list is not closed".to_owned()));
        return Vec::new();
    };
    located(parser::parse_values(inner, 1), text, scope, problems)
}

fn located<'c>(
    parsed: Result<Vec<super::syntax::RawValue<'c>>, SyntaxError>,
    text: &'c Text<'c>,
    scope: &Scope<'c, '_, '_>,
    problems: &mut Vec<Problem>,
) -> Vec<ListValue<'c>> {
    match parsed {
        Ok(values) => values.into_iter().map(|value| ListValue { value, text }).collect(),
        Err(error) => {
            let place = scope.locate(text, &error.span);
            problems.push(Problem { place, code: Code::ConditionSyntax, message: error.message, help: error.help });
            Vec::new()
        }
    }
}

fn invalid(place: &Place, message: String) -> Problem {
    Problem::new(Code::ExceptionInvalid, place.clone(), message)
}

/// Marks the lists that the values of exceptions name as used.
pub(super) fn mark_lists(exception: &RawException<'_>, scope: &Scope<'_, '_, '_>) {
    let mut waiting: Vec<&Entry<'_>> = exception.values.iter().collect();
    while let Some(entry) = waiting.pop() {
        match entry {
            Entry::One(text) => {
                let name = text.value().trim_matches(['(', ')', ' ']);
                scope.lists.find(name);
            }
            Entry::Many(entries, _) => waiting.extend(entries),
        }
    }
}
