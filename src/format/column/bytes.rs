//! The codec of byte string columns.
//!
//! ```text
//! bytes = 0 count ints ints stream       number of distinct strings, in order of first occurrence; a code for each row
//!                                        that is not null; the strings' lengths; the strings, one after the other
//! ```
//!
//! A column of strings that are all different has the codes 0, 1, 2, ..., which cost a few bytes: this codec is the
//! plain one and the dictionary in one.

use std::hash::{BuildHasher, Hash, Hasher};

use rustc_hash::{FxBuildHasher, FxHasher};

use super::ints::{Ints, decode_ints, encode_ints};
use super::nulls::Nulls;
use super::{BytesColumn, NULL_CODE, Pack, Texts, Unpack};
use crate::format::cursor::{Cursor, Malformed, put_size};

const DICTIONARY: u8 = 0;

/// Appends a whole column. `values` gives the rows that are not null, in order.
pub(crate) fn encode_bytes_column<'v>(
    values: impl Iterator<Item = &'v [u8]>,
    rows: usize,
    nulls: &Nulls,
    pack: &mut dyn Pack,
    out: &mut Vec<u8>,
) {
    nulls.encode(rows, pack, out);
    let mut distinct = DistinctTexts::default();
    let codes: Vec<i64> = values.map(|value| i64::from(distinct.code_of(value))).collect();
    out.push(DICTIONARY);
    put_size(out, distinct.texts.len());
    encode_ints(&codes, pack, out);
    let lengths: Vec<i64> = distinct.texts.iter().map(|text| text.len() as i64).collect();
    encode_ints(&lengths, pack, out);
    pack.pack(&distinct.texts.concat(), out);
}

/// Reads a whole column of `rows` rows.
pub(crate) fn decode_bytes_column(
    cursor: &mut Cursor<'_>,
    rows: usize,
    unpack: &mut dyn Unpack,
) -> Result<BytesColumn, Malformed> {
    let nulls = Nulls::decode(cursor, rows, unpack)?;
    let dense = rows - nulls.as_ref().map_or(0, Nulls::count);
    match cursor.byte()? {
        DICTIONARY => {}
        other => return Err(Malformed::new(format!("byte string codec {other} is not known here"))),
    }
    let count = cursor.size(dense, "the number of distinct strings")?;
    let codes = decode_ints(cursor, dense, unpack)?;
    let lengths = match decode_ints(cursor, count, unpack)? {
        Ints::All(length) => {
            unpack.charge(count.saturating_mul(8))?;
            vec![length; count]
        }
        Ints::Each(lengths) => lengths,
    };
    unpack.charge(rows.saturating_mul(4).saturating_add(count.saturating_mul(4)))?;
    let mut ends = Vec::with_capacity(count);
    let mut end = 0u32;
    for length in lengths {
        end = u32::try_from(length)
            .ok()
            .and_then(|length| end.checked_add(length))
            .ok_or_else(|| Malformed::new("a string's length is out of range"))?;
        ends.push(end);
    }
    unpack.charge(end as usize)?;
    let data = unpack.unpack(cursor, end as usize)?.into_owned();
    let texts = Texts { ends, data };

    let in_range = |code: i64| u32::try_from(code).ok().filter(|&code| (code as usize) < count);
    let out_of_range = || Malformed::new("a code without an entry in its dictionary");
    match (codes, nulls) {
        (Ints::All(code), None) if rows > 0 && count == 1 => {
            in_range(code).ok_or_else(out_of_range)?;
            Ok(BytesColumn::all(rows, texts))
        }
        (codes, nulls) => {
            let codes: Vec<u32> = match codes {
                Ints::All(code) if dense > 0 => vec![in_range(code).ok_or_else(out_of_range)?; dense],
                Ints::All(_) => Vec::new(),
                Ints::Each(codes) => codes
                    .into_iter()
                    .map(|code| in_range(code).ok_or_else(out_of_range))
                    .collect::<Result<_, Malformed>>()?,
            };
            match nulls {
                None => Ok(BytesColumn::each(codes, texts, false)),
                Some(nulls) => Ok(BytesColumn::each(nulls.spread(rows, &codes, NULL_CODE), texts, true)),
            }
        }
    }
}

/// Distinct strings by first occurrence: an open-addressing table of codes beside the strings.
#[derive(Default)]
pub(super) struct DistinctTexts<'v> {
    texts: Vec<&'v [u8]>,
    hashes: Vec<u64>,
    slots: Vec<u32>,
}

impl<'v> DistinctTexts<'v> {
    fn code_of(&mut self, text: &'v [u8]) -> u32 {
        if (self.texts.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = hash_text(text);
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 20) as usize & mask;
        loop {
            match self.slots[slot] {
                NULL_CODE => {
                    let code = self.texts.len() as u32;
                    self.slots[slot] = code;
                    self.texts.push(text);
                    self.hashes.push(hash);
                    return code;
                }
                code if self.hashes[code as usize] == hash && self.texts[code as usize] == text => return code,
                _ => slot = (slot + 1) & mask,
            }
        }
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

fn hash_text(text: &[u8]) -> u64 {
    let mut hasher: FxHasher = FxBuildHasher.build_hasher();
    text.hash(&mut hasher);
    hasher.finish()
}
