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
//!        | 7 width stream*width          RECENT: codes numbered by first occurrence, as (next new code - code), planes
//! signed = zigzag varint; width = one byte
//! ```
//!
//! The number of values is known to the reader. All arithmetic wraps, so every 64-bit number is representable.

use std::borrow::Cow;
use std::collections::HashMap;

use super::bits::{pack_bits, packed_len, unpack_bits, width};
use super::nulls::Nulls;
use super::{IntColumn, Pack, Unpack};
use crate::format::cursor::{Cursor, Malformed, put_signed, put_size, unzigzag, zigzag};
use crate::format::keyed_hash::KeyedState;

const CONSTANT: u8 = 0;
const SEQUENTIAL: u8 = 1;
const PLANES: u8 = 2;
const DELTA_PLANES: u8 = 3;
const PACKED: u8 = 4;
const DELTA_PACKED: u8 = 5;
const DICTIONARY: u8 = 6;
const RECENT: u8 = 7;

/// Differences that share one bit width: long enough that the width byte costs 1/16 bit each, short enough to follow
/// bursts.
const MINI_BLOCK: usize = 128;

/// The most distinct values for which a dictionary is tried: codes of two bytes.
const DICTIONARY_LIMIT: usize = 1 << 16;

/// What a column decodes to.
pub(crate) enum Ints {
    All(i64),
    Each(Vec<i64>),
}

impl Ints {
    /// All values, written out. The caller has charged for `count` of them.
    pub(crate) fn into_values(self, count: usize) -> Vec<i64> {
        match self {
            Ints::All(value) => vec![value; count],
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
        (Ints::Each(values), None) => IntColumn::each(values, None),
        (Ints::All(value), Some(nulls)) => {
            unpack.charge(rows.saturating_mul(8))?;
            IntColumn::each(nulls.spread(rows, &vec![value; dense], 0), Some(nulls))
        }
        (Ints::Each(values), Some(nulls)) => {
            unpack.charge(rows.saturating_mul(8))?;
            IntColumn::each(nulls.spread(rows, &values, 0), Some(nulls))
        }
    })
}

/// Appends the values in whichever codec comes out smallest.
pub(crate) fn encode_ints(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let Some(&first) = values.first() else {
        out.push(CONSTANT);
        put_signed(out, 0);
        return;
    };
    let step = values.get(1).map_or(0, |second| second.wrapping_sub(first));
    if values.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step) {
        out.push(if step == 0 { CONSTANT } else { SEQUENTIAL });
        put_signed(out, first);
        if step != 0 {
            put_signed(out, step);
        }
        return;
    }
    let mut best = Vec::new();
    let mut candidate = Vec::new();
    encode_packed(values, pack, &mut best);
    for encode in [encode_planes, encode_delta_planes, encode_delta_packed, encode_dictionary, encode_recent] {
        candidate.clear();
        if encode(values, pack, &mut candidate) && candidate.len() < best.len() {
            std::mem::swap(&mut best, &mut candidate);
        }
    }
    out.extend_from_slice(&best);
}

fn encode_packed(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let (base, top) = range(values);
    let bits = width(top.wrapping_sub(base) as u64);
    out.push(PACKED);
    put_signed(out, base);
    out.push(bits as u8);
    let mut bytes = Vec::new();
    pack_bits(values.iter().map(|value| value.wrapping_sub(base) as u64), bits, &mut bytes);
    pack.pack(&bytes, out);
}

/// Each encoder appends its codec's bytes and says whether the codec fits the values.
fn encode_planes(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let (base, top) = range(values);
    out.push(PLANES);
    put_signed(out, base);
    put_planes(values.iter().map(|value| value.wrapping_sub(base) as u64), top.wrapping_sub(base) as u64, pack, out);
    true
}

fn encode_delta_planes(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let top = deltas(values).fold(0, |top, delta| top | delta);
    out.push(DELTA_PLANES);
    put_signed(out, values.first().copied().unwrap_or(0));
    put_planes(deltas(values), top, pack, out);
    true
}

fn encode_delta_packed(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let all: Vec<u64> = deltas(values).collect();
    let mut widths = Vec::new();
    let mut bytes = Vec::new();
    for block in all.chunks(MINI_BLOCK) {
        let bits = width(block.iter().fold(0, |top, delta| top | delta));
        widths.push(bits as u8);
        pack_bits(block.iter().copied(), bits, &mut bytes);
    }
    out.push(DELTA_PACKED);
    put_signed(out, values.first().copied().unwrap_or(0));
    pack.pack(&widths, out);
    put_size(out, bytes.len());
    pack.pack(&bytes, out);
    true
}

fn encode_dictionary(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let limit = DICTIONARY_LIMIT.min(values.len() / 2);
    if !repeats(values) {
        return false;
    }
    let mut code_of: HashMap<i64, i64, KeyedState> = HashMap::default();
    for &value in values {
        code_of.entry(value).or_insert(0);
        if code_of.len() > limit {
            return false;
        }
    }
    let mut distinct: Vec<i64> = code_of.keys().copied().collect();
    distinct.sort_unstable();
    for (&value, code) in distinct.iter().zip(0..) {
        code_of.insert(value, code);
    }
    let codes: Vec<i64> = values.iter().map(|value| code_of.get(value).copied().unwrap_or(0)).collect();
    out.push(DICTIONARY);
    put_size(out, distinct.len());
    encode_delta_planes(&distinct, pack, out);
    encode_planes(&codes, pack, out)
}

/// Whether a sample of the values has some twice.
fn repeats(values: &[i64]) -> bool {
    let mut sample: Vec<i64> = values.iter().step_by((values.len() / 256).max(1)).copied().collect();
    sample.sort_unstable();
    let all = sample.len();
    sample.dedup();
    sample.len() * 8 < all * 7
}

fn encode_recent(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let mut next = 0i64;
    let mut distances = Vec::with_capacity(values.len());
    for &value in values {
        if value < 0 || value > next {
            return false;
        }
        distances.push((next - value) as u64);
        next += i64::from(value == next);
    }
    out.push(RECENT);
    let top = distances.iter().fold(0, |top, distance| top | distance);
    put_planes(distances.iter().copied(), top, pack, out);
    true
}

fn range(values: &[i64]) -> (i64, i64) {
    values.iter().fold((i64::MAX, i64::MIN), |(low, high), &value| (low.min(value), high.max(value)))
}

fn deltas(values: &[i64]) -> impl Iterator<Item = u64> + Clone + '_ {
    values.windows(2).map(|pair| zigzag(pair[1].wrapping_sub(pair[0])))
}

/// Appends the numbers as byte planes; `top` has every bit that any of them has below its highest.
fn put_planes(numbers: impl Iterator<Item = u64> + Clone, top: u64, pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let planes = width(top).div_ceil(8);
    out.push(planes as u8);
    let mut plane_bytes = Vec::new();
    for plane in 0..planes {
        plane_bytes.clear();
        plane_bytes.extend(numbers.clone().map(|number| (number >> (8 * plane)) as u8));
        pack.pack(&plane_bytes, out);
    }
}

/// Reads `count` values.
pub(crate) fn decode_ints(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Ints, Malformed> {
    let codec = cursor.byte()?;
    if codec == DICTIONARY {
        return decode_dictionary(cursor, count, unpack).map(Ints::Each);
    }
    decode_plain(codec, cursor, count, unpack)
}

fn decode_plain(codec: u8, cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Ints, Malformed> {
    if codec == CONSTANT {
        return cursor.signed().map(Ints::All);
    }
    unpack.charge(count.saturating_mul(8))?;
    let values = match codec {
        SEQUENTIAL => {
            let first = cursor.signed()?;
            let step = cursor.signed()?;
            (0..count as i64).map(|row| first.wrapping_add(step.wrapping_mul(row))).collect()
        }
        PLANES => {
            let base = cursor.signed()?;
            Planes::take(cursor, count, unpack)?.values(None, |number| base.wrapping_add(number as i64))
        }
        DELTA_PLANES => {
            let first = cursor.signed()?;
            let mut value = first;
            Planes::take(cursor, count.saturating_sub(1), unpack)?.values((count > 0).then_some(first), |delta| {
                value = value.wrapping_add(unzigzag(delta));
                value
            })
        }
        PACKED => {
            let base = cursor.signed()?;
            let bits = take_width(cursor)?;
            let len = packed_len(count, bits).ok_or_else(|| Malformed::new("too many bits"))?;
            unpack.charge(len)?;
            let bytes = unpack.unpack(cursor, len)?;
            let mut values = Vec::with_capacity(count);
            unpack_bits(&bytes, count, bits, |number| values.push(base.wrapping_add(number as i64)));
            values
        }
        DELTA_PACKED => decode_delta_packed(cursor, count, unpack)?,
        RECENT => {
            let (mut next, mut lowest) = (0i64, 0i64);
            let values = Planes::take(cursor, count, unpack)?.values(None, |distance| {
                let distance = distance as i64;
                let value = next.wrapping_sub(distance);
                lowest = lowest.min(value).min(distance);
                next += i64::from(distance == 0);
                value
            });
            if lowest < 0 {
                return Err(Malformed::new("a code comes before its first occurrence"));
            }
            values
        }
        other => return Err(Malformed::new(format!("number codec {other} is not known here"))),
    };
    Ok(Ints::Each(values))
}

fn decode_delta_packed(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Vec<i64>, Malformed> {
    let first = cursor.signed()?;
    let deltas = count.saturating_sub(1);
    let widths = unpack.unpack(cursor, deltas.div_ceil(MINI_BLOCK))?;
    let len = cursor.size(count.saturating_mul(8), "the length of packed differences")?;
    unpack.charge(len)?;
    let bytes = unpack.unpack(cursor, len)?;
    let mut values = Vec::with_capacity(count);
    values.extend((count > 0).then_some(first));
    let mut value = first;
    let mut packed = Cursor::new(&bytes);
    for (block, &bits) in widths.iter().enumerate() {
        let in_block = (deltas - block * MINI_BLOCK).min(MINI_BLOCK);
        if bits > 64 {
            return Err(Malformed::new("a number of more than 64 bits"));
        }
        let part = packed.take((in_block * usize::from(bits)).div_ceil(8))?;
        unpack_bits(part, in_block, u32::from(bits), |delta| {
            value = value.wrapping_add(unzigzag(delta));
            values.push(value);
        });
    }
    packed.finish("packed differences")?;
    Ok(values)
}

fn decode_dictionary(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Vec<i64>, Malformed> {
    let distinct_count = cursor.size(count, "the number of distinct values")?;
    let codec = cursor.byte()?;
    unpack.charge(count.saturating_mul(16))?;
    let distinct = decode_plain(codec, cursor, distinct_count, unpack)?.into_values(distinct_count);
    let codec = cursor.byte()?;
    let mut values = decode_plain(codec, cursor, count, unpack)?.into_values(count);
    for value in &mut values {
        *value = usize::try_from(*value)
            .ok()
            .and_then(|code| distinct.get(code).copied())
            .ok_or_else(|| Malformed::new("a code without an entry in its dictionary"))?;
    }
    Ok(values)
}

fn take_width(cursor: &mut Cursor<'_>) -> Result<u32, Malformed> {
    match cursor.byte()? {
        bits @ 0..=64 => Ok(u32::from(bits)),
        bits => Err(Malformed::new(format!("numbers of {bits} bits"))),
    }
}

/// Byte planes as they were inflated, the lowest first.
struct Planes<'a> {
    planes: Vec<Cow<'a, [u8]>>,
    count: usize,
}

impl<'a> Planes<'a> {
    fn take(cursor: &mut Cursor<'a>, count: usize, unpack: &dyn Unpack) -> Result<Planes<'a>, Malformed> {
        let planes = usize::from(cursor.byte()?);
        if planes > 8 {
            return Err(Malformed::new(format!("numbers of {planes} bytes")));
        }
        let planes = (0..planes).map(|_| unpack.unpack(cursor, count)).collect::<Result<_, Malformed>>()?;
        Ok(Planes { planes, count })
    }

    /// The numbers, each put through `each`, after `head`.
    fn values(&self, head: Option<i64>, each: impl FnMut(u64) -> i64) -> Vec<i64> {
        // One loop for each number of planes: such a loop is unrolled and needs no checks.
        match self.planes.len() {
            0 => self.combine::<0>(head, each),
            1 => self.combine::<1>(head, each),
            2 => self.combine::<2>(head, each),
            3 => self.combine::<3>(head, each),
            4 => self.combine::<4>(head, each),
            5 => self.combine::<5>(head, each),
            6 => self.combine::<6>(head, each),
            7 => self.combine::<7>(head, each),
            _ => self.combine::<8>(head, each),
        }
    }

    fn combine<const N: usize>(&self, head: Option<i64>, mut each: impl FnMut(u64) -> i64) -> Vec<i64> {
        let mut planes: [&[u8]; N] = [&[]; N];
        let mut count = self.count;
        for (plane, bytes) in planes.iter_mut().zip(&self.planes) {
            *plane = bytes;
            count = count.min(bytes.len());
        }
        let planes = planes.map(|plane| &plane[..count]);
        let mut values = Vec::with_capacity(count + 1);
        values.extend(head);
        values.extend((0..count).map(|row| {
            let mut number = 0;
            for (at, plane) in planes.iter().enumerate() {
                number |= u64::from(plane[row]) << (8 * at);
            }
            each(number)
        }));
        values
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::Raw;
    use super::*;

    type Encoder = fn(&[i64], &mut dyn Pack, &mut Vec<u8>) -> bool;

    fn always_packed(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
        encode_packed(values, pack, out);
        true
    }

    fn chosen(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
        encode_ints(values, pack, out);
        true
    }

    const ENCODERS: [Encoder; 7] = [
        encode_planes,
        encode_delta_planes,
        always_packed,
        encode_delta_packed,
        encode_dictionary,
        encode_recent,
        chosen,
    ];

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
            (any::<i64>(), any::<i64>(), 0usize..300).prop_map(|(first, step, count)| {
                (0..count as i64).map(|at| first.wrapping_add(step.wrapping_mul(at))).collect()
            }),
            // Codes by first occurrence.
            proptest::collection::vec(0u32..50, 0..300).prop_map(|raw| {
                let mut seen: Vec<u32> = Vec::new();
                let code = |value: u32, seen: &mut Vec<u32>| {
                    seen.iter().position(|&other| other == value).unwrap_or_else(|| {
                        seen.push(value);
                        seen.len() - 1
                    })
                };
                raw.into_iter().map(|value| code(value, &mut seen) as i64).collect()
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_codec_gives_back_what_it_was_given(values in values()) {
            for (at, encode) in ENCODERS.iter().enumerate() {
                let mut bytes = Vec::new();
                if values.is_empty() && at + 1 < ENCODERS.len() || !encode(&values, &mut Raw, &mut bytes) {
                    continue;
                }
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
        fn random_bytes_are_decoded_or_refused(bytes: Vec<u8>, codec in 0u8..9, rows in 0usize..400) {
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
}
