//! Which rows of a column are null.

use crate::format::column::{Pack, Unpack};
use crate::format::cursor::{Cursor, Malformed};

const NONE: u8 = 0;
const BITMAP: u8 = 1;

/// The rows that are null. Rows beyond the last one set are not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Nulls {
    words: Vec<u64>,
    count: usize,
}

impl Nulls {
    /// Every row is null.
    pub(crate) fn all(rows: usize) -> Nulls {
        let mut words = vec![u64::MAX; rows / 64];
        if !rows.is_multiple_of(64) {
            words.push((1 << (rows % 64)) - 1);
        }
        Nulls { words, count: rows }
    }

    /// Makes a row null. Rows are set in rising order, each once.
    #[inline]
    pub(crate) fn set(&mut self, row: usize) {
        let word = row / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (row % 64);
        self.count += 1;
    }

    #[inline]
    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows are null.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Appends the column's first part.
    pub(crate) fn encode(&self, rows: usize, pack: &mut dyn Pack, out: &mut Vec<u8>) {
        if self.count == 0 {
            out.push(NONE);
            return;
        }
        out.push(BITMAP);
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(rows.div_ceil(8), 0);
        pack.pack(&bytes, out);
    }

    /// Reads the column's first part; `None` when no row is null.
    pub(crate) fn decode(
        cursor: &mut Cursor<'_>,
        rows: usize,
        unpack: &dyn Unpack,
    ) -> Result<Option<Nulls>, Malformed> {
        match cursor.byte()? {
            NONE => Ok(None),
            BITMAP => {
                unpack.charge(rows / 4)?;
                let bytes = unpack.unpack(cursor, rows.div_ceil(8))?;
                let words: Vec<u64> = bytes
                    .chunks(8)
                    .map(|chunk| {
                        let mut word = [0; 8];
                        word[..chunk.len()].copy_from_slice(chunk);
                        u64::from_le_bytes(word)
                    })
                    .collect();
                let count = words.iter().map(|word| word.count_ones() as usize).sum();
                let nulls = Nulls { words, count };
                let beyond =
                    nulls.words.last().is_some_and(|last| !rows.is_multiple_of(64) && last >> (rows % 64) != 0);
                if beyond {
                    return Err(Malformed::new("a row beyond the last one is null"));
                }
                Ok((count > 0).then_some(nulls))
            }
            other => Err(Malformed::unknown_form("null map", other)),
        }
    }

    /// Spreads the values of the rows that are not null over all rows.
    pub(crate) fn spread<T: Copy>(&self, rows: usize, dense: &[T], null: T) -> Vec<T> {
        let mut spread = Vec::with_capacity(rows);
        let mut dense = dense.iter();
        for start in (0..rows).step_by(64) {
            let word = self.words.get(start / 64).copied().unwrap_or(0);
            let count = (rows - start).min(64);
            if word == 0 {
                spread.extend(dense.by_ref().take(count));
                continue;
            }
            for bit in 0..count {
                let value = if word >> bit & 1 == 1 { null } else { dense.next().copied().unwrap_or(null) };
                spread.push(value);
            }
        }
        spread.resize(rows, null);
        spread
    }
}
