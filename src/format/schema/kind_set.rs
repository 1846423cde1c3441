//! Sets of event kinds.

use super::{EVENTS, EventKind, KIND_LIMIT};

/// Some of the kinds that the event table has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KindSet([u64; KIND_LIMIT / 64]);

impl KindSet {
    /// The kinds for which `is_in` says so.
    pub fn of(is_in: impl Fn(EventKind) -> bool) -> KindSet {
        let mut words = [0; KIND_LIMIT / 64];
        for kind in EVENTS.iter().map(|info| info.kind).filter(|kind| is_in(*kind)) {
            if let Some(word) = words.get_mut(usize::from(kind.0) / 64) {
                *word |= 1 << (kind.0 % 64);
            }
        }
        KindSet(words)
    }

    /// Whether a kind is one of them.
    pub fn contains(&self, kind: EventKind) -> bool {
        self.0.get(usize::from(kind.0) / 64).is_some_and(|word| word >> (kind.0 % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = KindSet::of(|kind| kind.0 % 3 == 0);
        for kind in EVENTS.iter().map(|info| info.kind) {
            assert_eq!(set.contains(kind), kind.0 % 3 == 0, "{}", kind.name());
        }
        assert!(!set.contains(EventKind(u16::MAX)));
    }
}
