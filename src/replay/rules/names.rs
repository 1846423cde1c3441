//! Names that rule files may use, and the nearest one to a name that does not exist.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::format::schema::{EVENTS, ParamType, syscalls::SYSCALL_CODES};
use crate::replay::fields::{FIELDS, Field};

static FIELD_INDEX: LazyLock<FxHashMap<&'static str, &'static Field>> =
    LazyLock::new(|| FIELDS.iter().map(|field| (field.name, field)).collect());

static EVENT_NAMES: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    EVENTS.iter().map(|event| event.name).chain(SYSCALL_CODES.iter().map(|(name, _)| *name)).collect()
});

/// The type of the first parameter of each name, in the order of the event table.
static PARAM_TYPES: LazyLock<FxHashMap<&'static str, ParamType>> = LazyLock::new(|| {
    let mut types = FxHashMap::default();
    for param in EVENTS.iter().flat_map(|event| event.params) {
        types.entry(param.name).or_insert(param.ty);
    }
    types
});

/// The field of this name, without an argument.
pub(super) fn find_field(name: &str) -> Option<&'static Field> {
    FIELD_INDEX.get(name).copied()
}

/// Whether `evt.type` can have this value.
pub(super) fn is_event_name(name: &str) -> bool {
    EVENT_NAMES.contains(name)
}

/// The type of an event parameter of this name.
pub(super) fn param_type(name: &str) -> Option<ParamType> {
    PARAM_TYPES.get(name).copied()
}

pub(super) fn nearest_field(name: &str) -> Option<&'static str> {
    nearest(name, FIELDS.iter().map(|field| field.name))
}

pub(super) fn nearest_event_name(name: &str) -> Option<&'static str> {
    let mut names: Vec<&'static str> = EVENT_NAMES.iter().copied().collect();
    names.sort_unstable();
    nearest(name, names.into_iter())
}

pub(super) fn nearest_param(name: &str) -> Option<&'static str> {
    let mut names: Vec<&'static str> = PARAM_TYPES.keys().copied().collect();
    names.sort_unstable();
    nearest(name, names.into_iter())
}

/// The candidate that most likely was meant: few letters differ, or the letters' case. The first of equals.
pub(in crate::replay) fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    // Long names are compared as they are: nobody mistypes a name of hundreds of letters.
    const LENGTH_LIMIT: usize = 100;
    let letters: Vec<char> = name.chars().take(LENGTH_LIMIT + 1).flat_map(char::to_lowercase).collect();
    if letters.is_empty() || letters.len() > LENGTH_LIMIT {
        return None;
    }
    let allowed = (letters.len() / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.len().abs_diff(name.len()) > allowed * 4 {
            continue;
        }
        let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        if other.len().abs_diff(letters.len()) > allowed {
            continue;
        }
        let distance = edit_distance(&letters, &other);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters to insert, remove, replace or swap with their neighbour.
fn edit_distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &letter) in left.iter().enumerate() {
        let mut line = Vec::with_capacity(right.len() + 1);
        line.push(row + 1);
        for (column, &other) in right.iter().enumerate() {
            let mut least =
                (last[column] + usize::from(letter != other)).min(last[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && letter == right[column - 1] && left[row - 1] == other {
                least = least.min(before_last[column - 1] + 1);
            }
            line.push(least);
        }
        before_last = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest_field("proc.nmae"), Some("proc.name"));
        assert_eq!(nearest_field("container.idd"), Some("container.id"));
        assert_eq!(nearest_field("Proc.Name"), Some("proc.name"));
        assert_eq!(nearest_field("something.else"), None);
        assert_eq!(nearest_event_name("exceve"), Some("execve"));
        assert_eq!(nearest("x", ["abcdef"].into_iter()), None);
        assert_eq!(nearest("", ["a"].into_iter()), None);
    }
}
