//! Columns: the values of one thing for all rows of a table, and how they become bytes.
//!
//! What enters and leaves are typed vectors. A column's bytes are
//!
//! ```text
//! column       = nulls codec            (a column in which every row is null is not written at all)
//! nulls        = 0                      no row is null
//!              | 1 stream               a bit per row, lowest bit first, 1 = null; the codec holds the other rows only
//! int codec    = see `ints`
//! bytes codec  = see `bytes`
//! ```
//!
//! A *stream* is a run of bytes that is compressed on its own; how is not known here (`Pack` and `Unpack`, which
//! `format::block` implements). Which codec a column gets is decided by what a sample of it takes in each, see
//! `ints::encode_ints`: by the values alone, so that the same block has the same bytes on every thread.

mod bits;
mod bytes;
mod ints;
mod nulls;
mod texts;

use std::borrow::Cow;
use std::cell::OnceCell;

use super::cursor::{Cursor, Malformed};

pub(crate) use bytes::{
    Codes, decode_bytes_column, decode_codes, decode_texts, encode_bytes_column, encode_codes, encode_null_codes,
    encode_texts,
};
pub(crate) use ints::{
    decode_int_column, decode_ints, encode_int_column, encode_ints, encode_noise, encode_sparse_column, is_sparse,
    split_ticks,
};
pub(crate) use nulls::Nulls;
pub(crate) use texts::{TextColumn, TextFinder};

/// Turns a run of bytes into a stream, compressed where that pays.
pub(crate) trait Pack {
    /// Appends the stream.
    fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// Whether streams are compressed.
    fn compresses(&self) -> bool {
        true
    }

    /// Appends the stream of numbers in which equal runs are chance.
    fn pack_noise(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pack(bytes, out);
    }

    /// Appends the stream of a column's joined strings.
    fn pack_texts(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pack(bytes, out);
    }
}

/// Turns a stream back into bytes.
pub(crate) trait Unpack {
    /// The next stream; an error unless it holds exactly `expected` bytes. The caller has charged for them.
    fn unpack<'a>(&self, cursor: &mut Cursor<'a>, expected: usize) -> Result<Cow<'a, [u8]>, Malformed>;

    /// The next stream, which [`Pack::pack_texts`] made.
    fn unpack_texts<'a>(&self, cursor: &mut Cursor<'a>, expected: usize) -> Result<Cow<'a, [u8]>, Malformed> {
        self.unpack(cursor, expected)
    }

    /// Asks for this many bytes of memory; an error when the block has used up what it may.
    fn charge(&self, bytes: usize) -> Result<(), Malformed>;
}

/// The code of a null in [`BytesColumn::codes`].
pub const NULL_CODE: u32 = u32::MAX;

/// A column of 64-bit numbers.
#[derive(Debug)]
pub struct IntColumn {
    rows: usize,
    values: IntValues,
    nulls: Option<Nulls>,
}

#[derive(Debug)]
enum IntValues {
    /// Every row has this value; written out when somebody asks for a slice.
    All(i64, OnceCell<Vec<i64>>),
    /// Each row has so much more than the one before, and no sum wraps; written out likewise.
    Steps {
        first: i64,
        step: i64,
        written: OnceCell<Vec<i64>>,
    },
    Each(Vec<i64>),
}

impl IntColumn {
    /// A column in which every row is null.
    pub(crate) fn all_null(rows: usize) -> IntColumn {
        IntColumn { rows, values: IntValues::All(0, OnceCell::new()), nulls: Some(Nulls::all(rows)) }
    }

    /// A column in which every row has the same value.
    pub(crate) fn all(rows: usize, value: i64) -> IntColumn {
        IntColumn { rows, values: IntValues::All(value, OnceCell::new()), nulls: None }
    }

    /// A column in which every row has `step` more than the one before.
    pub(crate) fn steps(rows: usize, first: i64, step: i64) -> IntColumn {
        let last = i64::try_from(rows).ok().and_then(|rows| first.checked_add(step.checked_mul(rows)?));
        let values = match last {
            Some(_) => IntValues::Steps { first, step, written: OnceCell::new() },
            None => IntValues::Each(step_values(rows, first, step)),
        };
        IntColumn { rows, values, nulls: None }
    }

    /// A column out of values; null rows hold 0.
    pub(crate) fn each(values: Vec<i64>, nulls: Option<Nulls>) -> IntColumn {
        IntColumn { rows: values.len(), values: IntValues::Each(values), nulls }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The value of a row; `None` for null and beyond the last row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i64> {
        if row >= self.rows || self.is_null(row) {
            return None;
        }
        match &self.values {
            IntValues::All(value, _) => Some(*value),
            IntValues::Steps { first, step, .. } => Some(first.wrapping_add(step.wrapping_mul(row as i64))),
            IntValues::Each(values) => values.get(row).copied(),
        }
    }

    /// All values, 0 where null.
    pub fn values(&self) -> &[i64] {
        match &self.values {
            IntValues::All(value, cell) => cell.get_or_init(|| vec![*value; self.rows]),
            IntValues::Steps { first, step, written } => written.get_or_init(|| step_values(self.rows, *first, *step)),
            IntValues::Each(values) => values,
        }
    }

    /// The least and the most of all values, nulls counted as 0; `None` without rows.
    pub fn range(&self) -> Option<(i64, i64)> {
        match &self.values {
            IntValues::All(value, _) => (self.rows > 0).then_some((*value, *value)),
            IntValues::Steps { first, step, .. } => {
                let last = first.wrapping_add(step.wrapping_mul(self.rows as i64 - 1));
                (self.rows > 0).then_some((*first.min(&last), *first.max(&last)))
            }
            IntValues::Each(values) => {
                let first = *values.first()?;
                Some(values.iter().fold((first, first), |(least, most), &value| {
                    (if value < least { value } else { least }, if value > most { value } else { most })
                }))
            }
        }
    }

    /// Whether a row is null.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Which rows are null, if any.
    pub(crate) fn nulls(&self) -> Option<&Nulls> {
        self.nulls.as_ref()
    }

    /// Whether any row is null.
    pub fn has_nulls(&self) -> bool {
        self.nulls.is_some()
    }

    /// The one thing that every row is, when that is known without looking: `Some(None)` null, `Some(Some(v))` v.
    pub fn constant(&self) -> Option<Option<i64>> {
        match (&self.values, &self.nulls) {
            (IntValues::All(value, _), None) => Some(Some(*value)),
            (_, Some(nulls)) if nulls.count() == self.rows => Some(None),
            (IntValues::All(..) | IntValues::Steps { .. } | IntValues::Each(_), _) => None,
        }
    }
}

/// `count` numbers, each so much more than the one before.
pub(crate) fn step_values(count: usize, first: i64, step: i64) -> Vec<i64> {
    (0..count as i64).map(|row| first.wrapping_add(step.wrapping_mul(row))).collect()
}

/// A column of byte strings: a dictionary of distinct ones, and a code for each row.
#[derive(Debug)]
pub struct BytesColumn {
    rows: usize,
    codes: Codes,
    /// The codes written out, when every row has the same and somebody asks for a slice.
    spread: OnceCell<Vec<u32>>,
    texts: Texts,
    has_nulls: bool,
}

/// Distinct byte strings, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// Where each ends in `data`; rising, and never beyond its end.
    pub(crate) ends: Vec<u32>,
    pub(crate) data: Vec<u8>,
}

impl Texts {
    /// Appends a string; `false` when that would make more than 4 GiB.
    pub(crate) fn push(&mut self, text: &[u8]) -> bool {
        let Ok(end) = u32::try_from(self.data.len() + text.len()) else { return false };
        self.data.extend_from_slice(text);
        self.ends.push(end);
        true
    }

    /// A string; empty when there is none of this number.
    #[inline]
    pub(crate) fn get(&self, code: usize) -> &[u8] {
        let Some(&end) = self.ends.get(code) else { return &[] };
        let start = match code.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        self.data.get(start as usize..end as usize).unwrap_or(&[])
    }
}

impl BytesColumn {
    /// A column in which every row is null.
    pub(crate) fn all_null(rows: usize) -> BytesColumn {
        BytesColumn::new(rows, Codes::All(NULL_CODE), Texts::default(), rows > 0)
    }

    /// A column out of codes, each `NULL_CODE` or below the number of texts.
    pub(crate) fn new(rows: usize, codes: Codes, texts: Texts, has_nulls: bool) -> BytesColumn {
        BytesColumn { rows, codes, spread: OnceCell::new(), texts, has_nulls }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The value of a row; `None` for null and beyond the last row.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.code(row).map(|code| self.distinct(code))
    }

    /// The dictionary code of a row's value: below [`BytesColumn::distinct_count`].
    #[inline]
    pub fn code(&self, row: usize) -> Option<u32> {
        if row >= self.rows {
            return None;
        }
        let code = match &self.codes {
            Codes::All(code) => *code,
            Codes::Each(codes) => codes.get(row).copied()?,
        };
        (code != NULL_CODE).then_some(code)
    }

    /// All codes, [`NULL_CODE`] where null.
    pub fn codes(&self) -> &[u32] {
        match &self.codes {
            Codes::All(code) => self.spread.get_or_init(|| vec![*code; self.rows]),
            Codes::Each(codes) => codes,
        }
    }

    /// Whether any row is null.
    pub fn has_nulls(&self) -> bool {
        self.has_nulls
    }

    /// How many distinct values there are. Every one of them is the value of some row. (In rare blocks two codes have
    /// the same bytes: codes say which values are equal, not which are different.)
    pub fn distinct_count(&self) -> usize {
        self.texts.ends.len()
    }

    /// All distinct values, one after the other.
    pub fn joined(&self) -> &[u8] {
        &self.texts.data
    }

    /// Where each distinct value ends among all of them; rising.
    pub fn ends(&self) -> &[u32] {
        &self.texts.ends
    }

    /// A distinct value by its code; empty for a code that no row has.
    #[inline]
    pub fn distinct(&self, code: u32) -> &[u8] {
        self.texts.get(code as usize)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::format::cursor::put_size;

    /// Streams without compression, for the codecs' own tests.
    pub(crate) struct Raw;

    impl Pack for Raw {
        fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
            put_size(out, bytes.len());
            out.extend_from_slice(bytes);
        }
    }

    impl Unpack for Raw {
        fn unpack<'a>(&self, cursor: &mut Cursor<'a>, expected: usize) -> Result<Cow<'a, [u8]>, Malformed> {
            if cursor.size(usize::MAX, "length")? != expected {
                return Err(Malformed::new("wrong length"));
            }
            cursor.take(expected).map(Cow::Borrowed)
        }

        fn charge(&self, bytes: usize) -> Result<(), Malformed> {
            if bytes > 64 << 20 { Err(Malformed::new("too much")) } else { Ok(()) }
        }
    }
}
