//! Names that rule files may use, and the nearest one to a name that does not exist.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

pub(in crate::replay) use crate::format::nearest;
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
    }
}
