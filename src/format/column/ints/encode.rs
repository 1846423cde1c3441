//! Number columns on their way into a file: every codec, and the choice among them.

use std::hash::BuildHasher;

use super::super::bits::{pack_bits, width};
use super::super::{Nulls, Pack};
use super::{
    CONSTANT, DELTA_PACKED, DELTA_PLANES, DICTIONARY, MINI_BLOCK, PACKED, PLANES, RUNS, SCALED, SEQUENTIAL, SPARSE,
    TICKS,
};
use crate::format::cursor::{put_signed, put_size, zigzag};
use crate::format::keyed_hash::KeyedState;

/// The most distinct values for which a dictionary is tried: codes of two bytes.
const DICTIONARY_LIMIT: usize = 1 << 16;

/// Appends the values in whichever codec comes out smallest.
pub(crate) fn encode_ints(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    if encode_constant(values, out) || encode_few(values, pack, out) {
        return;
    }
    let first = values.first().copied().unwrap_or(0);
    if let Some((divisor, quotients)) = divide(values, first) {
        out.push(SCALED);
        put_signed(out, first);
        put_size(out, divisor);
        return encode_of(&quotients, &Codec::ALL, pack, out);
    }
    encode_of(values, &Codec::ALL, pack, out);
}

/// Clocks tick in tens of nanoseconds on some machines, addresses lie on pages, sizes are multiples of sectors: the
/// largest divisor, above 1, of all distances from `first`, and what is left of them.
fn divide(values: &[i64], first: i64) -> Option<(usize, Vec<i64>)> {
    let mut divisor = 0u64;
    for value in values {
        let distance = value.checked_sub(first)?.unsigned_abs();
        // Most divisors are powers of two, which divide without a division.
        if divisor.is_power_of_two() && distance & (divisor - 1) == 0 {
            continue;
        }
        divisor = common_divisor(divisor, distance);
        if divisor == 1 {
            return None;
        }
    }
    let divisor = i64::try_from(divisor).ok().filter(|divisor| *divisor > 1)?;
    let quotients = if divisor.count_ones() == 1 {
        values.iter().map(|value| (value - first) >> divisor.trailing_zeros()).collect()
    } else {
        values.iter().map(|value| (value - first) / divisor).collect()
    };
    Some((usize::try_from(divisor).ok()?, quotients))
}

fn common_divisor(mut left: u64, mut right: u64) -> u64 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

/// Values that are all the same or a progression: nothing is shorter.
fn encode_constant(values: &[i64], out: &mut Vec<u8>) -> bool {
    let first = values.first().copied().unwrap_or(0);
    let step = values.get(1).map_or(0, |second| second.wrapping_sub(first));
    if values.windows(2).any(|pair| pair[1].wrapping_sub(pair[0]) != step) {
        return false;
    }
    if step == 0 {
        put_constant(first, out);
    } else {
        out.push(SEQUENTIAL);
        put_signed(out, first);
        put_signed(out, step);
    }
    true
}

fn put_constant(value: i64, out: &mut Vec<u8>) {
    out.push(CONSTANT);
    put_signed(out, value);
}

/// Of a sparse column at most one value in so many is another than the usual one.
const SPARSE_SHARE: usize = 16;

/// Whether a column of so many rows is told best by the rows that have another value than the usual one.
pub(crate) fn is_sparse(others: usize, rows: usize) -> bool {
    others * SPARSE_SHARE <= rows
}

/// Appends a whole column without nulls: 0 in every row but these, which are rising and have other values.
pub(crate) fn encode_sparse_column(rows: usize, others: &[(usize, i64)], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    Nulls::default().encode(rows, pack, out);
    match others.is_empty() {
        true => put_constant(0, out),
        false => put_sparse(0, others, pack, out),
    }
}

/// Of a column of runs the runs have at least so many values on average.
const RUN_LENGTH: usize = 8;

/// Values that are nearly all the same, or the same for long: no other codec comes near.
fn encode_few(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let runs = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if let Some(usual) = usual_value(values) {
        let others = values.iter().filter(|value| **value != usual).count();
        if others <= runs && is_sparse(others, values.len()) {
            let others = values.iter().copied().enumerate().filter(|(_, value)| *value != usual);
            put_sparse(usual, &others.collect::<Vec<_>>(), pack, out);
            return true;
        }
    }
    if runs * RUN_LENGTH > values.len() {
        return false;
    }
    let runs: Vec<&[i64]> = values.chunk_by(|one, next| one == next).collect();
    let lengths: Vec<i64> = runs.iter().map(|run| run.len() as i64).collect();
    let firsts: Vec<i64> = runs.iter().filter_map(|run| run.first().copied()).collect();
    out.push(RUNS);
    put_size(out, runs.len());
    encode_part(&lengths, pack, out);
    encode_part(&firsts, pack, out);
    true
}

fn put_sparse(usual: i64, others: &[(usize, i64)], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let after = [0].into_iter().chain(others.iter().map(|(row, _)| row + 1));
    let gaps: Vec<i64> = others.iter().zip(after).map(|((row, _), after)| (row - after) as i64).collect();
    let values: Vec<i64> = others.iter().map(|(_, value)| *value).collect();
    out.push(SPARSE);
    put_signed(out, usual);
    put_size(out, others.len());
    encode_part(&gaps, pack, out);
    encode_part(&values, pack, out);
}

/// The value that nearly all of a sample have.
fn usual_value(values: &[i64]) -> Option<i64> {
    const SAMPLE: usize = 64;
    let count = values.len().min(SAMPLE);
    let mut sample: Vec<i64> = (0..count).map(|at| values[at * values.len() / count]).collect();
    sample.sort_unstable();
    let usual = *sample.get(count / 2)?;
    (sample.iter().filter(|value| **value != usual).count() <= count / 8).then_some(usual)
}

/// Appends numbers that are a part of a column.
fn encode_part(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    if !encode_constant(values, out) {
        encode_of(values, &Codec::OF_PARTS, pack, out);
    }
}

/// Appends numbers that follow no pattern: all that compresses them is that some are more frequent than others.
pub(crate) fn encode_noise(values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    if !encode_constant(values, out) {
        encode_planes(&Numbers::of(values), &mut AsNoise(pack), out);
    }
}

/// Packs numbers as noise.
struct AsNoise<'p>(&'p mut dyn Pack);

impl Pack for AsNoise<'_> {
    fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.0.pack_noise(bytes, out);
    }
}

/// What the codecs want to know of numbers, found out once for all of them.
pub(super) struct Numbers<'v> {
    values: &'v [i64],
    /// The smallest value.
    base: i64,
    /// The most that a value has more than that.
    top_offset: u64,
    /// Has every bit that any of the zigzag differences to the value before has below its highest.
    top_delta: u64,
}

impl<'v> Numbers<'v> {
    pub(super) fn of(values: &'v [i64]) -> Numbers<'v> {
        let first = values.first().copied().unwrap_or(0);
        let (mut base, mut top, mut top_delta, mut before) = (first, first, 0, first);
        for &value in values {
            base = base.min(value);
            top = top.max(value);
            top_delta |= zigzag(value.wrapping_sub(before));
            before = value;
        }
        Numbers { values, base, top_offset: top.wrapping_sub(base) as u64, top_delta }
    }

    /// For each run of differences that shares a width how many there are, and the width.
    fn delta_widths(&self) -> impl Iterator<Item = (usize, u32)> {
        let starts = (1..self.values.len()).step_by(MINI_BLOCK);
        starts.map(|start| {
            let run = &self.values[start - 1..self.values.len().min(start + MINI_BLOCK)];
            let top = run.windows(2).fold(0, |top, pair| top | zigzag(pair[1].wrapping_sub(pair[0])));
            (run.len() - 1, width(top))
        })
    }

    fn first(&self) -> i64 {
        self.values.first().copied().unwrap_or(0)
    }

    /// What each value has more than the smallest.
    fn offsets(&self) -> impl ExactSizeIterator<Item = u64> + Clone {
        let base = self.base;
        self.values.iter().map(move |value| value.wrapping_sub(base) as u64)
    }

    /// Zigzag differences to the value before: one less than there are values.
    fn deltas(&self) -> impl ExactSizeIterator<Item = u64> + Clone {
        self.values.windows(2).map(|pair| zigzag(pair[1].wrapping_sub(pair[0])))
    }
}

/// A codec that is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Codec {
    Packed,
    Planes,
    DeltaPlanes,
    DeltaPacked,
    Dictionary,
    Ticks,
}

impl Codec {
    /// Of several that come out equally small the first one is taken.
    pub(super) const ALL: [Codec; 6] =
        [Codec::Packed, Codec::Planes, Codec::DeltaPlanes, Codec::DeltaPacked, Codec::Dictionary, Codec::Ticks];

    /// Those of numbers that are a part of a column.
    const OF_PARTS: [Codec; 4] = [Codec::Packed, Codec::Planes, Codec::DeltaPlanes, Codec::DeltaPacked];

    /// Appends the numbers' bytes, and says whether the codec fits them.
    pub(super) fn encode(self, numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
        match self {
            Codec::Packed => encode_packed(numbers, pack, out),
            Codec::Planes => encode_planes(numbers, pack, out),
            Codec::DeltaPlanes => encode_delta_planes(numbers, pack, out),
            Codec::DeltaPacked => encode_delta_packed(numbers, pack, out),
            Codec::Dictionary => encode_dictionary(numbers, pack, out),
            Codec::Ticks => encode_ticks(numbers, pack, out),
        }
    }

    /// Whether the codec may be the best one.
    fn is_promising(self, numbers: &Numbers<'_>) -> bool {
        let bits = width(numbers.top_offset);
        match self {
            // Bytes of several numbers: what zstd finds among numbers it finds among these only if they divide a byte.
            Codec::Packed => matches!(bits, 1 | 2 | 4),
            Codec::Planes | Codec::DeltaPlanes => true,
            Codec::DeltaPacked => bits > 8,
            Codec::Dictionary => bits > 8 && repeats(numbers.values),
            Codec::Ticks => bits > 20,
        }
    }

    /// Whether some of the values tell how well the codec does on all. A dictionary does the better the more values
    /// share it, and ticks are looked for in a sample anyway.
    fn shows_in_sample(self) -> bool {
        match self {
            Codec::Packed | Codec::Planes | Codec::DeltaPlanes | Codec::DeltaPacked => true,
            Codec::Dictionary | Codec::Ticks => false,
        }
    }
}

/// Appends the values in whichever of these codecs comes out smallest, as far as that can be told without trying all.
fn encode_of(values: &[i64], codecs: &[Codec], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let numbers = Numbers::of(values);
    let promising = codecs.iter().copied().filter(|codec| codec.is_promising(&numbers));
    let (shown, mut tried): (Vec<Codec>, Vec<Codec>) = promising.partition(|codec| codec.shows_in_sample());
    if !pack.compresses() {
        tried.insert(0, numbers.shortest_uncompressed());
    } else if values.len() > 2 * SAMPLE_RUNS * SAMPLE_RUN {
        tried.insert(0, numbers.shortest_on_sample(&shown, pack));
    } else {
        tried.splice(..0, shown);
    }
    let start = out.len();
    let mut candidate = Vec::new();
    for codec in tried {
        candidate.clear();
        if out.len() == start {
            codec.encode(&numbers, pack, out);
        } else if codec.encode(&numbers, pack, &mut candidate) && candidate.len() < out.len() - start {
            out.truncate(start);
            out.extend_from_slice(&candidate);
        }
    }
}

/// How many runs of how many values make the sample of a column that has more than twice as many.
const SAMPLE_RUNS: usize = 4;
const SAMPLE_RUN: usize = 256;

impl Numbers<'_> {
    fn shortest_uncompressed(&self) -> Codec {
        let packed = self.values.len() * width(self.top_offset) as usize / 8;
        let delta_packed: usize =
            self.delta_widths().map(|(count, bits)| 1 + (count * bits as usize).div_ceil(8)).sum();
        if delta_packed < packed { Codec::DeltaPacked } else { Codec::Packed }
    }

    fn shortest_on_sample(&self, codecs: &[Codec], pack: &mut dyn Pack) -> Codec {
        let last = self.values.len() - SAMPLE_RUN;
        let starts = (0..SAMPLE_RUNS).map(|run| run * last / (SAMPLE_RUNS - 1));
        let sample: Vec<i64> = starts.flat_map(|start| &self.values[start..start + SAMPLE_RUN]).copied().collect();
        let sample = Numbers { values: &sample, ..*self };
        let mut bytes = Vec::new();
        let shortest = codecs.iter().copied().min_by_key(|codec| {
            bytes.clear();
            codec.encode(&sample, pack, &mut bytes);
            bytes.len()
        });
        shortest.unwrap_or(Codec::Planes)
    }
}

fn encode_packed(numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let bits = width(numbers.top_offset);
    out.push(PACKED);
    put_signed(out, numbers.base);
    out.push(bits as u8);
    let mut bytes = Vec::new();
    pack_bits(numbers.offsets(), bits, &mut bytes);
    pack.pack(&bytes, out);
    true
}

fn encode_planes(numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    out.push(PLANES);
    put_signed(out, numbers.base);
    put_planes(numbers.offsets(), numbers.top_offset, pack, out);
    true
}

fn encode_delta_planes(numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    out.push(DELTA_PLANES);
    put_signed(out, numbers.first());
    put_planes(numbers.deltas(), numbers.top_delta, pack, out);
    true
}

fn encode_delta_packed(numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let mut widths = Vec::with_capacity(numbers.values.len().div_ceil(MINI_BLOCK));
    let mut bytes = Vec::new();
    for ((_, bits), start) in numbers.delta_widths().zip((0..).step_by(MINI_BLOCK)) {
        widths.push(bits as u8);
        pack_bits(numbers.deltas().skip(start).take(MINI_BLOCK), bits, &mut bytes);
    }
    out.push(DELTA_PACKED);
    put_signed(out, numbers.first());
    pack.pack(&widths, out);
    put_size(out, bytes.len());
    pack.pack(&bytes, out);
    true
}

fn encode_dictionary(numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let Some((distinct, codes)) = number_distinct(numbers.values) else { return false };
    out.push(DICTIONARY);
    put_size(out, distinct.len());
    encode_delta_planes(&Numbers::of(&distinct), pack, out);
    encode_planes(&Numbers::of(&codes), pack, out)
}

/// The distinct values, rising, and for each value its place among them; `None` when there are too many for codes to be
/// worth it.
fn number_distinct(values: &[i64]) -> Option<(Vec<i64>, Vec<i64>)> {
    let limit = DICTIONARY_LIMIT.min(values.len() / 2);
    let mask = (2 * limit).next_power_of_two().max(2) - 1;
    let hasher = KeyedState::default();
    // An open-addressing table of places in the order of first occurrence.
    let mut slots = vec![u32::MAX; mask + 1];
    let mut distinct: Vec<i64> = Vec::new();
    let mut places = Vec::with_capacity(values.len());
    for &value in values {
        let mut slot = hasher.hash_one(value) as usize & mask;
        let place = loop {
            match slots[slot] {
                u32::MAX if distinct.len() == limit => return None,
                u32::MAX => {
                    slots[slot] = distinct.len() as u32;
                    distinct.push(value);
                    break slots[slot];
                }
                place if distinct[place as usize] == value => break place,
                _ => slot = (slot + 1) & mask,
            }
        };
        places.push(place);
    }
    let mut rising: Vec<(i64, u32)> = distinct.iter().copied().zip(0..).collect();
    rising.sort_unstable();
    let mut code_of = vec![0; distinct.len()];
    for (&(_, place), code) in rising.iter().zip(0i64..) {
        code_of[place as usize] = code;
    }
    let codes = places.iter().map(|&place| code_of[place as usize]).collect();
    Some((rising.into_iter().map(|(value, _)| value).collect(), codes))
}

/// Many clocks tick in steps of several nanoseconds, and what reads them scales and rounds: nearly all differences are
/// multiples of the step.
fn encode_ticks(numbers: &Numbers<'_>, pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let (Some(&first), Some(tick)) = (numbers.values.first(), tick_of(numbers.values)) else { return false };
    let (ticks, rests) = divide_steps(numbers.values, tick);
    out.push(TICKS);
    put_signed(out, first);
    put_size(out, tick as usize);
    for part in [&ticks, &rests] {
        encode_part(part, pack, out);
    }
    true
}

/// The differences of values to the one before as multiples of a tick and what is left of them: the tick, which is 1
/// where there is none, the multiples and the rests.
pub(crate) fn split_ticks(values: &[i64]) -> (i64, Vec<i64>, Vec<i64>) {
    let tick = tick_of(values).unwrap_or(1);
    let (ticks, rests) = divide_steps(values, tick);
    (tick, ticks, rests)
}

fn divide_steps(values: &[i64], tick: i64) -> (Vec<i64>, Vec<i64>) {
    let (mut ticks, mut rests) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for pair in values.windows(2) {
        let step = pair[1].wrapping_sub(pair[0]);
        let rounded = step.wrapping_add(tick / 2).div_euclid(tick);
        ticks.push(rounded);
        rests.push(step.wrapping_sub(rounded.wrapping_mul(tick)));
    }
    (ticks, rests)
}

/// The longest step above 1 that nearly all differences of a sample are multiples of.
fn tick_of(values: &[i64]) -> Option<i64> {
    const LONGEST: i64 = 64;
    const SAMPLE: usize = 256;
    let pairs = values.len().checked_sub(1).filter(|pairs| *pairs >= SAMPLE)?;
    let steps = (0..SAMPLE).map(|at| at * pairs / SAMPLE).map(|at| values[at + 1].wrapping_sub(values[at]));
    let steps: Vec<i64> = steps.collect();
    if steps.iter().filter(|step| **step == 0).count() > SAMPLE / 2 {
        return None;
    }
    let rough = |tick: &i64| steps.iter().filter(|step| *step % tick != 0).nth(SAMPLE / 10).is_some();
    (2..=LONGEST).rev().find(|tick| !rough(tick))
}

/// Whether a sample of the values has some twice.
fn repeats(values: &[i64]) -> bool {
    let mut sample: Vec<i64> = values.iter().step_by((values.len() / 256).max(1)).copied().collect();
    sample.sort_unstable();
    let all = sample.len();
    sample.dedup();
    sample.len() * 8 < all * 7
}

/// Appends the numbers as byte planes; `top` has every bit that any of them has below its highest.
fn put_planes(numbers: impl ExactSizeIterator<Item = u64> + Clone, top: u64, pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let planes = width(top).div_ceil(8);
    out.push(planes as u8);
    let mut plane_bytes = Vec::with_capacity(numbers.len());
    for plane in 0..planes {
        plane_bytes.clear();
        plane_bytes.extend(numbers.clone().map(|number| (number >> (8 * plane)) as u8));
        pack.pack(&plane_bytes, out);
    }
}
