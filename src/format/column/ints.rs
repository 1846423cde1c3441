//! Codecs of number columns.
//!
//! ```text
//! ints   = 0 signed                      CONSTANT: every value is this
//!        | 1 signed signed               SEQUENTIAL: first value, step
//!        | 2 signed width stream*width   PLANES: value = base + the number made of one byte of each plane, low first
//!        | 3 signed width stream*width   DELTA_PLANES: first value; zigzag differences to the value before, as planes
//!        | 4 signed width stream         PACKED: value = base + a number of `width` bits
//!        | 5 signed stream stream        DELTA_PACKED: first value; a byte of width for each 128 differences; the bits
//!        | 6 count ints ints             DICTIONARY: number of distinct values; these, rising; a code for each row
//!        | 7 signed divisor ints         SCALED: value = the first number + divisor * a value of `ints`, which are in
//!                                        any other codec; the divisor is a varint
//!        | 8 signed tick ints ints      TICKS: first value; differences to the value before are tick * a value of the
//!                                        first `ints` + one of the second; both are of codecs 0 to 5, tick is a varint
//!        | 9 signed count ints ints     SPARSE: every value is this, but for `count` of them: for each how many of the
//!                                        usual ones lie between it and the one before; these values; both are of codecs
//!                                        0 to 5
//!        | 10 count ints ints            RUNS: number of runs of equal values; their lengths; the values; both are of
//!                                        codecs 0 to 5
//! signed = zigzag varint; width = one byte
//! ```
//!
//! The number of values is known to the reader. All arithmetic wraps, so every 64-bit number is representable.

mod decode;
mod encode;

use super::nulls::Nulls;
use super::{IntColumn, Pack, Unpack, step_values};
use crate::format::cursor::{Cursor, Malformed};

pub(crate) use decode::decode_ints;
pub(crate) use encode::{encode_ints, encode_noise, encode_sparse_column, is_sparse, split_ticks};

const CONSTANT: u8 = 0;
const SEQUENTIAL: u8 = 1;
const PLANES: u8 = 2;
const DELTA_PLANES: u8 = 3;
const PACKED: u8 = 4;
const DELTA_PACKED: u8 = 5;
const DICTIONARY: u8 = 6;
const SCALED: u8 = 7;
const TICKS: u8 = 8;
const SPARSE: u8 = 9;
const RUNS: u8 = 10;

/// Differences that share one bit width: long enough that the width byte costs 1/16 bit each, short enough to follow
/// bursts.
const MINI_BLOCK: usize = 128;

/// What a column decodes to.
pub(crate) enum Ints {
    All(i64),
    /// The first, and how much each has more than the one before.
    Steps(i64, i64),
    Each(Vec<i64>),
}

impl Ints {
    /// All values, written out. The caller has charged for `count` of them.
    pub(crate) fn into_values(self, count: usize) -> Vec<i64> {
        match self {
            Ints::All(value) => vec![value; count],
            Ints::Steps(first, step) => step_values(count, first, step),
            Ints::Each(values) => values,
        }
    }
}

/// Appends a whole column: nulls and values. `values` has an entry for every row, ignored where null.
pub(crate) fn encode_int_column(values: &[i64], nulls: &Nulls, pack: &mut dyn Pack, out: &mut Vec<u8>) {
    nulls.encode(values.len(), pack, out);
    if nulls.count() == 0 {
        return encode_ints(values, pack, out);
    }
    let dense: Vec<i64> =
        values.iter().enumerate().filter(|&(row, _)| !nulls.is_null(row)).map(|(_, &value)| value).collect();
    encode_ints(&dense, pack, out);
}

/// Reads a whole column of `rows` rows.
pub(crate) fn decode_int_column(
    cursor: &mut Cursor<'_>,
    rows: usize,
    unpack: &dyn Unpack,
) -> Result<IntColumn, Malformed> {
    let nulls = Nulls::decode(cursor, rows, unpack)?;
    let dense = rows - nulls.as_ref().map_or(0, Nulls::count);
    let ints = decode_ints(cursor, dense, unpack)?;
    Ok(match (ints, nulls) {
        (Ints::All(value), None) => IntColumn::all(rows, value),
        (Ints::Steps(first, step), None) => IntColumn::steps(rows, first, step),
        (Ints::Each(values), None) => IntColumn::each(values, None),
        (Ints::All(value), Some(nulls)) => {
            unpack.charge(rows.saturating_mul(8))?;
            IntColumn::each(nulls.spread(rows, &vec![value; dense], 0), Some(nulls))
        }
        (ints @ (Ints::Steps(..) | Ints::Each(_)), Some(nulls)) => {
            unpack.charge(rows.saturating_mul(8))?;
            IntColumn::each(nulls.spread(rows, &ints.into_values(dense), 0), Some(nulls))
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::Raw;
    use super::encode::{Codec, Numbers};
    use super::*;

    /// Sequences of the shapes that columns have.
    fn values() -> impl Strategy<Value = Vec<i64>> {
        let extreme = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1)];
        prop_oneof![
            proptest::collection::vec(extreme, 0..300),
            proptest::collection::vec(-3i64..4, 0..300),
            proptest::collection::vec(0u64..100_000, 0..300).prop_map(|steps| {
                let mut time = 1_700_000_000_000_000_000i64;
                steps
                    .into_iter()
                    .map(|step| {
                        time += step as i64;
                        time
                    })
                    .collect()
            }),
            (any::<i64>(), 2i64..5000, proptest::collection::vec(-40i64..40, 0..300)).prop_map(
                |(first, divisor, steps)| {
                    steps.into_iter().map(|step| first.wrapping_add(divisor.wrapping_mul(step))).collect()
                }
            ),
            (any::<i64>(), proptest::collection::vec((0usize..40, any::<i64>()), 0..12)).prop_map(|(usual, others)| {
                let runs = others.into_iter().flat_map(|(gap, other)| std::iter::repeat_n(usual, gap).chain([other]));
                runs.chain(std::iter::repeat_n(usual, 100)).collect()
            }),
            proptest::collection::vec((1usize..40, any::<i64>()), 0..12).prop_map(|runs| {
                runs.into_iter().flat_map(|(length, value)| std::iter::repeat_n(value, length)).collect()
            }),
            (any::<i64>(), any::<i64>(), 0usize..300).prop_map(|(first, step, count)| {
                (0..count as i64).map(|at| first.wrapping_add(step.wrapping_mul(at))).collect()
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_codec_gives_back_what_it_was_given(values in values()) {
            let mut chosen = Vec::new();
            encode_ints(&values, &mut Raw, &mut chosen);
            let mut encoded = vec![chosen];
            for codec in Codec::ALL.into_iter().filter(|_| !values.is_empty()) {
                let mut bytes = Vec::new();
                if codec.encode(&Numbers::of(&values), &mut Raw, &mut bytes) {
                    encoded.push(bytes);
                }
            }
            for bytes in encoded {
                let mut cursor = Cursor::new(&bytes);
                let back = decode_ints(&mut cursor, values.len(), &Raw).unwrap().into_values(values.len());
                prop_assert_eq!(&back, &values, "codec {}", bytes[0]);
                prop_assert_eq!(cursor.remaining(), 0);
            }
        }

        #[test]
        fn a_column_with_nulls_comes_back(rows in proptest::collection::vec(proptest::option::of(any::<i64>()), 0..300)) {
            let mut nulls = Nulls::default();
            rows.iter().enumerate().filter(|(_, value)| value.is_none()).for_each(|(row, _)| nulls.set(row));
            let values: Vec<i64> = rows.iter().map(|value| value.unwrap_or(0)).collect();
            let mut bytes = Vec::new();
            encode_int_column(&values, &nulls, &mut Raw, &mut bytes);
            let column = decode_int_column(&mut Cursor::new(&bytes), rows.len(), &Raw).unwrap();
            prop_assert_eq!(column.len(), rows.len());
            prop_assert_eq!(column.values(), &values[..]);
            prop_assert_eq!(column.has_nulls(), rows.contains(&None));
            for (row, value) in rows.iter().enumerate() {
                prop_assert_eq!(column.get(row), *value);
                prop_assert_eq!(column.is_null(row), value.is_none());
            }
            prop_assert_eq!(column.get(rows.len()), None);
        }

        #[test]
        fn random_bytes_are_decoded_or_refused(bytes: Vec<u8>, codec in 0u8..13, rows in 0usize..400) {
            let bytes = [&[0, codec][..], &bytes].concat();
            if let Ok(column) = decode_int_column(&mut Cursor::new(&bytes), rows, &Raw) {
                prop_assert_eq!(column.values().len(), rows);
            }
        }
    }

    #[test]
    fn constants_and_progressions_take_a_few_bytes() {
        let size = |values: Vec<i64>| {
            let mut bytes = Vec::new();
            encode_ints(&values, &mut Raw, &mut bytes);
            bytes.len()
        };
        assert_eq!(size(vec![5; 65_536]), 2);
        assert_eq!(size((1..65_536).collect()), 3);
        assert!(size(vec![i64::MIN; 9]) <= 11);
    }

    #[test]
    fn values_that_are_nearly_all_the_same_cost_only_the_others() {
        let values: Vec<i64> = (0..65_536).map(|at| if at % 1000 == 7 { at } else { -5 }).collect();
        let mut bytes = Vec::new();
        encode_ints(&values, &mut Raw, &mut bytes);
        assert_eq!(bytes[0], SPARSE);
        assert!(bytes.len() < 66 * 3, "{}", bytes.len());
    }

    #[test]
    fn values_that_stay_the_same_for_long_cost_a_few_bytes_each_time_they_change() {
        let values: Vec<i64> = (0..65_536).map(|at| at / 1000 * 7 % 50).collect();
        let mut bytes = Vec::new();
        encode_ints(&values, &mut Raw, &mut bytes);
        assert_eq!(bytes[0], RUNS);
        assert!(bytes.len() < 66 * 3, "{}", bytes.len());
        assert!(decode_ints(&mut Cursor::new(&bytes), 65_535, &Raw).is_err());
        assert!(decode_ints(&mut Cursor::new(&bytes), 65_537, &Raw).is_err());
    }

    #[test]
    fn a_codec_of_a_later_version_is_named() {
        let found = decode_ints(&mut Cursor::new(&[99, 0, 0]), 3, &Raw).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(found, Err("number codec 99 is not known here: a newer sysreel wrote it".to_owned()));
    }

    #[test]
    fn a_sparse_value_beyond_the_last_row_is_refused() {
        let values: Vec<i64> = (0..100).map(|at| i64::from(at == 90)).collect();
        let mut bytes = Vec::new();
        encode_ints(&values, &mut Raw, &mut bytes);
        assert!(decode_ints(&mut Cursor::new(&bytes), 100, &Raw).is_ok());
        assert!(decode_ints(&mut Cursor::new(&bytes), 90, &Raw).is_err());
    }

    #[test]
    fn a_clock_whose_ticks_are_rounded_costs_little_more_than_its_ticks() {
        let mut value = 1_700_000_000_000_000_000i64;
        let values: Vec<i64> = (0..4096i64)
            .map(|at| {
                value += 10 * (at * 97 % 251 + 3) + i64::from(at % 500 == 0);
                value
            })
            .collect();
        let mut bytes = Vec::new();
        encode_ints(&values, &mut Raw, &mut bytes);
        assert_eq!(bytes[0], TICKS);
        let back = decode_ints(&mut Cursor::new(&bytes), values.len(), &Raw).unwrap().into_values(values.len());
        assert_eq!(back, values);
    }

    #[test]
    fn a_clock_that_ticks_in_tens_costs_no_bits_for_its_last_digit() {
        let size = |scale: i64| {
            let values: Vec<i64> = (0..4096i64).map(|at| 1_700_000_000 + scale * (at * 97 + at * at % 89)).collect();
            let mut bytes = Vec::new();
            encode_ints(&values, &mut Raw, &mut bytes);
            bytes.len()
        };
        assert!(size(1000).abs_diff(size(1)) < 8, "{} {}", size(1000), size(1));
    }
}
