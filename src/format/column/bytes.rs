//! The codec of byte string columns.
//!
//! ```text
//! bytes = 0 count ints ints stream       DICTIONARY: number of distinct strings, in order of first occurrence; a code
//!                                        for each row that is not null; the strings' lengths; the strings, joined
//! ```
//!
//! A column of strings that are all different has the codes 0, 1, 2, ..., which cost a few bytes: this codec is the
//! plain one and the dictionary in one.

use super::ints::{Ints, decode_ints, encode_ints};
use super::nulls::Nulls;
use super::texts::TextColumn;
use super::{BytesColumn, NULL_CODE, Pack, Texts, Unpack};
use crate::format::cursor::{Cursor, Malformed, put_size};

const DICTIONARY: u8 = 0;

/// Appends a whole column.
pub(crate) fn encode_bytes_column(column: &TextColumn<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) {
    encode_null_codes(&column.codes, pack, out);
    out.push(DICTIONARY);
    put_size(out, column.texts.len());
    encode_codes(&column.codes, pack, out);
    encode_texts(column.texts.iter().copied(), pack, out);
}

/// Appends the first part of a column: which rows are null.
pub(crate) fn encode_null_codes(codes: &[u32], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let mut nulls = Nulls::default();
    codes.iter().enumerate().filter(|&(_, &code)| code == NULL_CODE).for_each(|(row, _)| nulls.set(row));
    nulls.encode(codes.len(), pack, out);
}

/// Appends the codes of the rows that are not null.
pub(crate) fn encode_codes(codes: &[u32], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let dense: Vec<i64> = codes.iter().filter(|&&code| code != NULL_CODE).map(|&code| i64::from(code)).collect();
    encode_ints(&dense, pack, out);
}

/// Appends strings: lengths, then the bytes.
pub(crate) fn encode_texts<'v>(texts: impl Iterator<Item = &'v [u8]> + Clone, pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let lengths: Vec<i64> = texts.clone().map(|text| text.len() as i64).collect();
    encode_ints(&lengths, pack, out);
    let mut joined = Vec::with_capacity(lengths.iter().sum::<i64>() as usize);
    texts.for_each(|text| joined.extend_from_slice(text));
    pack.pack_texts(&joined, out);
}

/// Reads a whole column of `rows` rows.
pub(crate) fn decode_bytes_column(
    cursor: &mut Cursor<'_>,
    rows: usize,
    unpack: &dyn Unpack,
) -> Result<BytesColumn, Malformed> {
    let nulls = Nulls::decode(cursor, rows, unpack)?;
    match cursor.byte()? {
        DICTIONARY => {}
        other => return Err(Malformed::unknown_form("byte string codec", other)),
    }
    let count = cursor.size(rows, "the number of distinct strings")?;
    let codes = decode_codes(cursor, rows, count, nulls.as_ref(), unpack)?;
    let texts = decode_texts(cursor, count, unpack)?;
    Ok(BytesColumn::new(rows, codes, texts, nulls.is_some()))
}

/// The codes of a column.
#[derive(Debug)]
pub(crate) enum Codes {
    /// Every row has this one.
    All(u32),
    /// One for each row.
    Each(Vec<u32>),
}

/// Reads the codes of the rows that are not null, each below `count`, and spreads them over all rows.
pub(crate) fn decode_codes(
    cursor: &mut Cursor<'_>,
    rows: usize,
    count: usize,
    nulls: Option<&Nulls>,
    unpack: &dyn Unpack,
) -> Result<Codes, Malformed> {
    let out_of_range = || Malformed::new("a code without an entry in its dictionary");
    let in_range = |code: i64| {
        let code = u32::try_from(code).ok().filter(|&code| (code as usize) < count);
        code.ok_or_else(out_of_range)
    };
    let dense = rows - nulls.map_or(0, Nulls::count);
    let ints = decode_ints(cursor, dense, unpack)?;
    unpack.charge(rows.saturating_mul(8))?;
    let codes: Vec<u32> = match (ints, nulls) {
        (Ints::All(_), _) if dense == 0 => Vec::new(),
        (Ints::All(code), None) => return in_range(code).map(Codes::All),
        (Ints::All(code), Some(_)) => vec![in_range(code)?; dense],
        (codes @ (Ints::Steps(..) | Ints::Each(_)), _) => {
            let codes = codes.into_values(dense);
            if codes.iter().any(|&code| (code as u64) >= count as u64) {
                return Err(out_of_range());
            }
            codes.into_iter().map(|code| code as u32).collect()
        }
    };
    Ok(Codes::Each(match nulls {
        None => codes,
        Some(nulls) => nulls.spread(rows, &codes, NULL_CODE),
    }))
}

/// Reads `count` strings.
pub(crate) fn decode_texts(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Texts, Malformed> {
    unpack.charge(count.saturating_mul(12))?;
    let lengths = decode_ints(cursor, count, unpack)?.into_values(count);
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
    let data = unpack.unpack_texts(cursor, end as usize)?.into_owned();
    Ok(Texts { ends, data })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::Raw;
    use super::*;

    proptest! {
        #[test]
        fn a_column_comes_back(
            rows in proptest::collection::vec(
                proptest::option::of(prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..20),
                    proptest::collection::vec(0u8..2, 0..3),
                ]),
                0..200,
            )
        ) {
            let column = TextColumn::collect(rows.iter().map(Option::as_deref));
            let mut bytes = Vec::new();
            encode_bytes_column(&column, &mut Raw, &mut bytes);
            let column = decode_bytes_column(&mut Cursor::new(&bytes), rows.len(), &Raw).unwrap();
            prop_assert_eq!(column.len(), rows.len());
            prop_assert_eq!(column.has_nulls(), rows.contains(&None));
            for (row, value) in rows.iter().enumerate() {
                prop_assert_eq!(column.get(row), value.as_deref());
                prop_assert_eq!(column.code(row), Some(column.codes()[row]).filter(|&code| code != NULL_CODE));
            }
            let mut distinct: Vec<_> = (0..column.distinct_count()).map(|code| column.distinct(code as u32)).collect();
            distinct.sort_unstable();
            let mut expected: Vec<_> = rows.iter().flatten().map(Vec::as_slice).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(distinct, expected);
        }

        #[test]
        fn random_bytes_are_decoded_or_refused(bytes: Vec<u8>, nulls in 0u8..3, codec in 0u8..2, rows in 0usize..40) {
            let bytes = [&[nulls, codec][..], &bytes].concat();
            if let Ok(column) = decode_bytes_column(&mut Cursor::new(&bytes), rows, &Raw) {
                for row in 0..rows {
                    prop_assert!(column.code(row).is_none_or(|code| (code as usize) < column.distinct_count()));
                }
            }
        }
    }
}
