//! Number columns read back.

use std::borrow::Cow;

use super::super::Unpack;
use super::super::bits::{packed_len, unpack_bits};
use super::{
    CONSTANT, DELTA_PACKED, DELTA_PLANES, DICTIONARY, Ints, MINI_BLOCK, PACKED, PLANES, RUNS, SCALED, SEQUENTIAL,
    SPARSE, TICKS,
};
use crate::format::cursor::{Cursor, Malformed, unzigzag};

/// Reads `count` values.
pub(crate) fn decode_ints(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Ints, Malformed> {
    match cursor.byte()? {
        SCALED => {
            let first = cursor.signed()?;
            let divisor = cursor.varint()? as i64;
            let codec = cursor.byte()?;
            let value_of = |quotient: i64| first.wrapping_add(divisor.wrapping_mul(quotient));
            Ok(match decode_unscaled(codec, cursor, count, unpack)? {
                Ints::All(quotient) => Ints::All(value_of(quotient)),
                Ints::Steps(quotient, step) => Ints::Steps(value_of(quotient), divisor.wrapping_mul(step)),
                Ints::Each(mut values) => {
                    values.iter_mut().for_each(|value| *value = value_of(*value));
                    Ints::Each(values)
                }
            })
        }
        codec => decode_unscaled(codec, cursor, count, unpack),
    }
}

fn decode_unscaled(codec: u8, cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Ints, Malformed> {
    match codec {
        DICTIONARY => decode_dictionary(cursor, count, unpack).map(Ints::Each),
        TICKS => decode_ticks(cursor, count, unpack).map(Ints::Each),
        SPARSE => decode_sparse(cursor, count, unpack).map(Ints::Each),
        RUNS => decode_runs(cursor, count, unpack).map(Ints::Each),
        codec => decode_plain(codec, cursor, count, unpack),
    }
}

fn decode_ticks(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Vec<i64>, Malformed> {
    let mut value = cursor.signed()?;
    let tick = cursor.varint()? as i64;
    let steps = count.saturating_sub(1);
    unpack.charge(count.saturating_mul(24))?;
    let ticks = decode_part(cursor, steps, unpack)?.into_values(steps);
    let rests = decode_part(cursor, steps, unpack)?;
    let mut values = Vec::with_capacity(count);
    values.extend((count > 0).then_some(value));
    let mut step = |ticks: i64, rest: i64| {
        value = value.wrapping_add(tick.wrapping_mul(ticks)).wrapping_add(rest);
        value
    };
    match rests {
        Ints::All(rest) => values.extend(ticks.into_iter().map(|ticks| step(ticks, rest))),
        rests @ (Ints::Steps(..) | Ints::Each(_)) => {
            let rests = rests.into_values(steps);
            values.extend(ticks.into_iter().zip(rests).map(|(ticks, rest)| step(ticks, rest)));
        }
    }
    Ok(values)
}

fn decode_sparse(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Vec<i64>, Malformed> {
    let usual = cursor.signed()?;
    let exceptions = cursor.size(count, "the number of exceptions")?;
    unpack.charge(count.saturating_mul(24))?;
    let gaps = decode_part(cursor, exceptions, unpack)?.into_values(exceptions);
    let others = decode_part(cursor, exceptions, unpack)?.into_values(exceptions);
    let mut values = vec![usual; count];
    let mut next = 0usize;
    for (gap, other) in gaps.into_iter().zip(others) {
        let row = usize::try_from(gap).ok().and_then(|gap| next.checked_add(gap));
        let slot = row.and_then(|row| values.get_mut(row));
        *slot.ok_or_else(|| Malformed::new("an exception lies beyond the last row"))? = other;
        next = row.map_or(count, |row| row + 1);
    }
    Ok(values)
}

fn decode_runs(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Vec<i64>, Malformed> {
    let runs = cursor.size(count, "the number of runs")?;
    unpack.charge(count.saturating_mul(24))?;
    let lengths = decode_part(cursor, runs, unpack)?.into_values(runs);
    let firsts = decode_part(cursor, runs, unpack)?.into_values(runs);
    let mut values = Vec::with_capacity(count);
    for (length, first) in lengths.into_iter().zip(firsts) {
        let length = usize::try_from(length).ok().filter(|&length| length <= count - values.len());
        let length = length.ok_or_else(|| Malformed::new("a run goes beyond the last row"))?;
        values.resize(values.len() + length, first);
    }
    if values.len() < count {
        return Err(Malformed::new("runs end before the last row"));
    }
    Ok(values)
}

/// Numbers that are a part of a column.
fn decode_part(cursor: &mut Cursor<'_>, count: usize, unpack: &dyn Unpack) -> Result<Ints, Malformed> {
    let codec = cursor.byte()?;
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
            return Ok(Ints::Steps(first, cursor.signed()?));
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
        other => return Err(Malformed::unknown_form("number codec", other)),
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
