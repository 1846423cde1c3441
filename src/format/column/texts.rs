//! A byte string column on its way into a file: distinct strings by first occurrence, a code for each row.

use std::hash::BuildHasher;

use super::NULL_CODE;
use crate::format::keyed_hash::KeyedState;

/// Byte strings of all rows of a table.
#[derive(Debug, Default)]
pub(crate) struct TextColumn<'v> {
    /// For each row the code of its string, or [`NULL_CODE`].
    pub(crate) codes: Vec<u32>,
    /// The distinct strings, in order of first occurrence.
    pub(crate) texts: Vec<&'v [u8]>,
}

impl<'v> TextColumn<'v> {
    pub(crate) fn collect(values: impl Iterator<Item = Option<&'v [u8]>>) -> TextColumn<'v> {
        let mut finder = TextFinder::default();
        let mut last: Option<(&[u8], u32)> = None;
        let codes = values.map(|value| match (value, last) {
            (None, _) => NULL_CODE,
            (Some(text), Some((before, code))) if std::ptr::eq(text, before) => code,
            (Some(text), _) => {
                let code = finder.insert(text);
                last = Some((text, code));
                code
            }
        });
        TextColumn { codes: codes.collect(), texts: finder.texts }
    }

    /// The string of a row.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<&'v [u8]> {
        self.codes.get(row).and_then(|&code| self.texts.get(code as usize).copied())
    }

    /// The rows that `keep` names, as a column of their own.
    pub(crate) fn subset(&self, keep: impl Iterator<Item = usize>) -> TextColumn<'v> {
        TextColumn::collect(keep.map(|row| self.get(row)))
    }
}

/// Finds strings by content: an open-addressing table of codes beside the strings.
///
/// The hash is keyed: the strings come from programs that may be hostile, and strings made to collide would make the
/// recorder's work quadratic.
#[derive(Debug, Default)]
pub(crate) struct TextFinder<'v> {
    texts: Vec<&'v [u8]>,
    hashes: Vec<u64>,
    /// For each string the upper half of its hash and its code, which saves a look at most others' hashes and texts.
    slots: Vec<u64>,
    hasher: KeyedState,
}

/// A slot without a string.
const EMPTY: u64 = u64::MAX;

fn entry_of(hash: u64, code: u32) -> u64 {
    hash >> 32 << 32 | u64::from(code)
}

impl<'v> TextFinder<'v> {
    /// A finder of these strings, which are distinct; their places are their codes.
    pub(crate) fn of(texts: &[&'v [u8]]) -> TextFinder<'v> {
        let mut finder = TextFinder::default();
        for text in texts {
            finder.insert(text);
        }
        finder
    }

    /// The code of a string that is there.
    pub(crate) fn find(&self, text: &[u8]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.probe(text, self.hasher.hash_one(text)).1
    }

    /// The slot where a string lies or would lie, and its code if it does.
    fn probe(&self, text: &[u8], hash: u64) -> (usize, Option<u32>) {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            match self.slots[slot] {
                EMPTY => return (slot, None),
                entry if entry >> 32 == hash >> 32 && self.texts[entry as u32 as usize] == text => {
                    return (slot, Some(entry as u32));
                }
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn insert(&mut self, text: &'v [u8]) -> u32 {
        if (self.texts.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = self.hasher.hash_one(text);
        let (slot, found) = self.probe(text, hash);
        found.unwrap_or_else(|| {
            let code = self.texts.len() as u32;
            self.slots[slot] = entry_of(hash, code);
            self.texts.push(text);
            self.hashes.push(hash);
            code
        })
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots = vec![EMPTY; size];
        for (code, hash) in self.hashes.iter().enumerate() {
            let mut slot = *hash as usize & (size - 1);
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = entry_of(*hash, code as u32);
        }
    }
}
