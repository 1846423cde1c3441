//! Descriptor rows made lately, so that opening the same file again gives the same row without allocating.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::format::row::{FdRow, Text, fd_flags};

/// Rows remembered: a direct-mapped cache, a power of two. The programs of a build open a few hundred files each; and a
/// row that is still remembered when the blocks with it are gone is given back by the thread that made it, which the
/// allocator does without a lock. (4 times as many cost more, in cache misses, than they gain.)
const SLOTS: usize = 4_096;

/// Rows of descriptors that are not known, kept by number.
const UNKNOWN_LIMIT: usize = 4096;

/// A file as an event describes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct FileFacts<'a> {
    pub(super) num: i64,
    pub(super) type_char: u8,
    pub(super) name: &'a [u8],
    pub(super) name_raw: &'a [u8],
    pub(super) open_flags: u32,
    pub(super) dev: u32,
    pub(super) ino: u64,
    pub(super) flags: u32,
}

/// Rows made lately.
#[derive(Debug)]
pub(super) struct FdCache {
    slots: Vec<Option<Arc<FdRow>>>,
    unknown: FxHashMap<i64, Arc<FdRow>>,
}

impl FdCache {
    pub(super) fn new() -> FdCache {
        FdCache { slots: vec![None; SLOTS], unknown: FxHashMap::default() }
    }

    /// The row of a file.
    pub(super) fn file(&mut self, facts: &FileFacts<'_>) -> Arc<FdRow> {
        let mut hasher = FxHasher::default();
        // The name as given says little more, and costs as much to hash.
        (facts.num, facts.ino, facts.dev, facts.open_flags, facts.name).hash(&mut hasher);
        let hash = hasher.finish();
        let at = usize::try_from(hash >> 32).unwrap_or(0) % SLOTS;
        let Some(slot) = self.slots.get_mut(at) else { return Arc::new(new_row(facts)) };
        if let Some(row) = slot
            && fits(row, facts)
        {
            return Arc::clone(row);
        }
        let row = Arc::new(new_row(facts));
        *slot = Some(Arc::clone(&row));
        row
    }

    /// That row, once it was asked for.
    pub(super) fn known_unknown(&self, num: i64) -> Option<&Arc<FdRow>> {
        self.unknown.get(&num)
    }

    /// The row of a descriptor number of which nothing is known.
    pub(super) fn unknown(&mut self, num: i64) -> &Arc<FdRow> {
        if self.unknown.len() >= UNKNOWN_LIMIT && !self.unknown.contains_key(&num) {
            self.unknown.clear();
        }
        self.unknown
            .entry(num)
            .or_insert_with(|| Arc::new(FdRow { num, flags: fd_flags::NO_DESCRIPTOR, ..FdRow::default() }))
    }
}

fn fits(row: &FdRow, facts: &FileFacts<'_>) -> bool {
    row.num == facts.num
        && row.ino == facts.ino
        && row.dev == facts.dev
        && row.open_flags == facts.open_flags
        && row.flags == facts.flags
        && row.type_char == facts.type_char
        && *row.name == *facts.name
        && *row.name_raw == *facts.name_raw
}

fn new_row(facts: &FileFacts<'_>) -> FdRow {
    let name = Text::from(facts.name);
    let name_raw = if facts.name_raw == facts.name { Arc::clone(&name) } else { Text::from(facts.name_raw) };
    FdRow {
        num: facts.num,
        type_char: facts.type_char,
        name,
        name_raw,
        open_flags: facts.open_flags,
        dev: facts.dev,
        ino: facts.ino,
        l4proto: 0,
        role: 0,
        client_ip: Text::default(),
        client_port: 0,
        server_ip: Text::default(),
        server_port: 0,
        flags: facts.flags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileFacts<'_> = FileFacts {
        num: 3,
        type_char: b'f',
        name: b"/etc/passwd",
        name_raw: b"passwd",
        open_flags: 1,
        dev: 0xfe00,
        ino: 942_872,
        flags: 0,
    };

    #[test]
    fn the_same_file_gives_the_same_row_and_another_one_does_not() {
        let mut cache = FdCache::new();
        let first = cache.file(&FILE);
        assert!(Arc::ptr_eq(&first, &cache.file(&FILE)));
        assert_eq!(cache.file(&FileFacts { name: b"/etc/shadow", ..FILE }).name[..], b"/etc/shadow"[..]);
    }

    #[test]
    fn an_unknown_descriptor_has_a_number_and_says_that_it_is_unknown() {
        let mut cache = FdCache::new();
        let row = cache.unknown(-100);
        assert_eq!((row.num, row.type_char, row.flags), (-100, 0, fd_flags::NO_DESCRIPTOR));
        for num in 0..10_000 {
            cache.unknown(num);
        }
        assert!(cache.unknown.len() <= UNKNOWN_LIMIT);
    }
}
