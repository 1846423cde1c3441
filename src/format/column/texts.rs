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
    slots: Vec<u32>,
    hasher: KeyedState,
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
        let mut slot = (hash >> 20) as usize & mask;
        loop {
            match self.slots[slot] {
                NULL_CODE => return (slot, None),
                code if self.hashes[code as usize] == hash && self.texts[code as usize] == text => {
                    return (slot, Some(code));
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
            self.slots[slot] = code;
            self.texts.push(text);
            self.hashes.push(hash);
            code
        })
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots = vec![NULL_CODE; size];
        for (code, hash) in self.hashes.iter().enumerate() {
            let mut slot = (hash >> 20) as usize & (size - 1);
            while self.slots[slot] != NULL_CODE {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = code as u32;
        }
    }
}
