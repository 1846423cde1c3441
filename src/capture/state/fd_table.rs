//! The descriptor table of a process: number -> what it means.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::format::row::{FD_TYPE_CHARS, FdRow};

/// Numbers below this lie in an array.
const DENSE_LIMIT: usize = 1024;

/// Descriptors kept per table; more are not remembered, so a hostile process cannot exhaust the recorder's memory.
const TABLE_LIMIT: usize = 65_536;

/// Which end of a connection this descriptor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Side {
    #[default]
    Unknown,
    Client,
    Server,
}

/// An open descriptor.
#[derive(Clone, Debug)]
pub(super) struct Descriptor {
    pub(super) row: Arc<FdRow>,
    /// Closed by a successful execve.
    pub(super) close_on_exec: bool,
    /// Of a socket: what its type and protocol say, from the `socket` call on (the row learns it when it is used).
    pub(super) l4proto: u8,
    pub(super) side: Side,
}

impl Descriptor {
    pub(super) fn new(row: Arc<FdRow>, close_on_exec: bool) -> Descriptor {
        let l4proto = row.l4proto;
        Descriptor { row, close_on_exec, l4proto, side: Side::Unknown }
    }
}

/// Descriptors by number.
#[derive(Clone, Debug, Default)]
pub(super) struct FdTable {
    dense: Vec<Option<Descriptor>>,
    sparse: FxHashMap<i64, Descriptor>,
    /// How many descriptors there are.
    count: u32,
    /// How many of each type, in the order of [`FD_TYPE_CHARS`].
    of_type: [u32; FD_TYPE_CHARS.len()],
    /// A bit for each type of which there is one.
    types: u32,
}

/// The place of a type; what has no type stands at the end.
fn type_place(type_char: u8) -> usize {
    FD_TYPE_CHARS.iter().position(|&known| known == type_char).unwrap_or(FD_TYPE_CHARS.len() - 1)
}

fn dense_index(num: i64) -> Option<usize> {
    usize::try_from(num).ok().filter(|&at| at < DENSE_LIMIT)
}

impl FdTable {
    /// How many descriptors are open.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// A bit for each type that one of them has, in the order of [`FD_TYPE_CHARS`].
    pub(super) fn types(&self) -> u32 {
        self.types
    }

    fn note_added(&mut self, type_char: u8) {
        let place = type_place(type_char);
        self.count += 1;
        if let Some(count) = self.of_type.get_mut(place) {
            *count += 1;
            self.types |= 1 << place;
        }
    }

    fn note_removed(&mut self, type_char: u8) {
        let place = type_place(type_char);
        self.count = self.count.saturating_sub(1);
        if let Some(count) = self.of_type.get_mut(place) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.types &= !(1 << place);
            }
        }
    }

    /// A descriptor's type is another one now.
    pub(super) fn note_type(&mut self, before: u8, now: u8) {
        if before != now {
            self.note_removed(before);
            self.note_added(now);
        }
    }

    pub(super) fn get(&self, num: i64) -> Option<&Descriptor> {
        match dense_index(num) {
            Some(at) => self.dense.get(at)?.as_ref(),
            None => self.sparse.get(&num),
        }
    }

    pub(super) fn get_mut(&mut self, num: i64) -> Option<&mut Descriptor> {
        match dense_index(num) {
            Some(at) => self.dense.get_mut(at)?.as_mut(),
            None => self.sparse.get_mut(&num),
        }
    }

    /// Puts a descriptor in its place (its row's number). Those with negative numbers, and those beyond the limit, are
    /// given back.
    pub(super) fn insert(&mut self, descriptor: Descriptor) -> Option<Descriptor> {
        let (num, now) = (descriptor.row.num, descriptor.row.type_char);
        let before = if let Some(at) = dense_index(num) {
            if self.dense.len() <= at {
                self.dense.resize(at + 1, None);
            }
            let Some(slot) = self.dense.get_mut(at) else { return Some(descriptor) };
            slot.replace(descriptor)
        } else if num >= 0 && (self.sparse.len() < TABLE_LIMIT || self.sparse.contains_key(&num)) {
            self.sparse.insert(num, descriptor)
        } else {
            return Some(descriptor);
        };
        self.note_replaced(before.map(|before| before.row.type_char), now);
        None
    }

    fn note_replaced(&mut self, before: Option<u8>, now: u8) {
        if let Some(before) = before {
            self.note_removed(before);
        }
        self.note_added(now);
    }

    pub(super) fn remove(&mut self, num: i64) -> Option<Descriptor> {
        let removed = match dense_index(num) {
            Some(at) => self.dense.get_mut(at)?.take(),
            None => self.sparse.remove(&num),
        }?;
        self.note_removed(removed.row.type_char);
        Some(removed)
    }

    /// Keeps the descriptors for which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(i64, &mut Descriptor) -> bool) {
        let mut removed = Vec::new();
        for (slot, num) in self.dense.iter_mut().zip(0i64..) {
            if let Some(descriptor) = slot
                && !keep(num, descriptor)
            {
                removed.push(descriptor.row.type_char);
                *slot = None;
            }
        }
        self.sparse.retain(|&num, descriptor| {
            let keeps = keep(num, descriptor);
            if !keeps {
                removed.push(descriptor.row.type_char);
            }
            keeps
        });
        for type_char in removed {
            self.note_removed(type_char);
        }
    }

    /// Descriptors 0, 1 and 2.
    pub(super) fn stdio(&self, num: usize) -> Option<&Arc<FdRow>> {
        self.dense.get(num)?.as_ref().map(|descriptor| &descriptor.row)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.dense.iter().flatten().count() + self.sparse.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(num: i64) -> Descriptor {
        Descriptor::new(Arc::new(FdRow { num, ..FdRow::default() }), num % 2 == 0)
    }

    #[test]
    fn small_and_large_numbers_are_found_again() {
        let mut table = FdTable::default();
        for num in [0, 3, 1023, 1024, 1 << 20] {
            table.insert(file(num));
        }
        assert_eq!(table.get(1 << 20).unwrap().row.num, 1 << 20);
        assert_eq!(table.remove(1023).unwrap().row.num, 1023);
        assert!(table.get(1023).is_none() && table.get(-1).is_none() && table.get(i64::MIN).is_none());
        table.retain(|_, descriptor| !descriptor.close_on_exec);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_table_is_bounded_and_takes_no_negative_numbers() {
        let mut table = FdTable::default();
        table.insert(file(-1));
        for num in 0..200_000 {
            table.insert(file(num));
        }
        assert_eq!(table.len(), DENSE_LIMIT + TABLE_LIMIT);
    }
}
