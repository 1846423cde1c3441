//! The column of times: what happened says much of how long it took.
//!
//! How much later an event comes than the one before depends most of all on what the two are. So the steps from time to
//! time are written in groups, each compressed on its own: those between events of certain kinds that often follow each
//! other, then those before events of other common kinds, then the rest.
//!
//! ```text
//! steps  = number first tick count map ints ints*count
//!                                        `number` is the column of this table that says what happened; the first value;
//!                                        each other is more than the one before by tick * a step + a rest; how many
//!                                        groups there are; the rests; each group's steps, in rows' order
//! map    = ints                          for each pair of values below the largest of column `number`, the row
//!                                        before's first, the group of the steps between such rows
//! ```

use crate::format::column::{IntColumn, Pack, Unpack, decode_ints, encode_ints, encode_noise, split_ticks};
use crate::format::cursor::{Cursor, Malformed, put_signed, put_size};

use super::decode::{Block, TableSlot};
use super::gather::{TableData, Values};
use super::layout::{TableTag, sequence};

/// Fewer times are not worth groups.
const ROWS_FROM: usize = 4096;
/// Steps from which a group of their own pays: its share of zstd's tables takes some 100 bytes.
const GROUP_FROM: u32 = 1024;
/// The most different things that can happen.
const KINDS_LIMIT: usize = 256;

/// Whether the column is one of times.
pub(super) fn has_steps(table: &TableData<'_>, number: u16) -> bool {
    table.tag == TableTag::Sequence && number == sequence::TS_NS && table.rows >= ROWS_FROM
}

/// Appends the column of times behind the byte that says so; `false` when it does not fit.
pub(super) fn put_steps(table: &TableData<'_>, values: &[i64], pack: &mut dyn Pack, out: &mut Vec<u8>) -> bool {
    let Some(Values::Ints(kinds)) = table.column(sequence::TABLE).map(|column| &column.values) else { return false };
    let Some(pairs) = Pairs::of(&kinds.values) else { return false };
    let Some(&first) = values.first() else { return false };
    let (tick, ticks, rests) = split_ticks(values);
    let (map, groups) = pairs.group();
    put_size(out, usize::from(sequence::TABLE));
    put_signed(out, first);
    put_size(out, tick as usize);
    put_size(out, groups);
    encode_ints(&map, pack, out);
    encode_ints(&rests, pack, out);
    let mut steps = vec![Vec::new(); groups];
    for (pair, ticks) in pairs.of_rows().zip(ticks) {
        steps[map[pair] as usize].push(ticks);
    }
    steps.iter().for_each(|steps| encode_noise(steps, pack, out));
    true
}

/// What happened in each row and in the row before it.
struct Pairs<'v> {
    kinds: usize,
    of_rows: &'v [i64],
}

impl<'v> Pairs<'v> {
    /// `None` when there are too many.
    fn of(rows: &'v [i64]) -> Option<Pairs<'v>> {
        let (least, most) = rows.iter().fold((i64::MAX, i64::MIN), |(least, most), &kind| {
            (if kind < least { kind } else { least }, if kind > most { kind } else { most })
        });
        let kinds = usize::try_from(most).ok().filter(|&most| least >= 0 && most < KINDS_LIMIT)? + 1;
        Some(Pairs { kinds, of_rows: rows })
    }

    /// How many different pairs there may be.
    fn count(&self) -> usize {
        self.kinds * self.kinds
    }

    /// The pair of each row but the first.
    fn of_rows(&self) -> impl Iterator<Item = usize> {
        self.of_rows.windows(2).map(|pair| pair[0] as usize * self.kinds + pair[1] as usize)
    }

    /// The group of each pair, and how many groups there are.
    fn group(&self) -> (Vec<i64>, usize) {
        let mut rows = vec![0u32; self.count()];
        self.of_rows().for_each(|pair| rows[pair] += 1);
        let mut group_of = vec![0; self.count()];
        let mut groups = 1;
        for (group, _) in group_of.iter_mut().zip(&rows).filter(|(_, rows)| **rows >= GROUP_FROM) {
            *group = groups as i64;
            groups += 1;
        }
        for kind in 0..self.kinds {
            let left =
                || (kind..self.count()).step_by(self.kinds).filter(|&pair| (1..GROUP_FROM).contains(&rows[pair]));
            if left().map(|pair| rows[pair]).sum::<u32>() >= GROUP_FROM {
                left().for_each(|pair| group_of[pair] = groups as i64);
                groups += 1;
            }
        }
        (group_of, groups)
    }
}

impl Block {
    /// Decodes a column of times.
    pub(super) fn follow_steps(
        &self,
        slot: &TableSlot,
        cursor: &mut Cursor<'_>,
        unpack: &dyn Unpack,
    ) -> Result<IntColumn, Malformed> {
        let number = cursor.size(usize::from(u16::MAX), "a column's number")? as u16;
        if slot.tag != TableTag::Sequence {
            return Err(Malformed::new("only times come in steps"));
        }
        let kinds = self.ints_of(slot, number)?;
        let pairs = if kinds.has_nulls() { None } else { Pairs::of(kinds.values()) };
        let pairs = pairs.ok_or_else(|| Malformed::new("what happened is not known or too much"))?;
        let first = cursor.signed()?;
        let tick = cursor.varint()? as i64;
        let count = pairs.count();
        let groups = cursor.size(count, "the number of groups")?;
        let between = slot.rows.saturating_sub(1);
        unpack.charge(count.saturating_mul(16) + slot.rows.saturating_mul(32))?;
        let map = decode_ints(cursor, count, unpack)?.into_values(count);
        let map: Option<Vec<usize>> =
            map.into_iter().map(|group| usize::try_from(group).ok().filter(|&group| group < groups)).collect();
        let map = map.ok_or_else(|| Malformed::new("a group is not there"))?;
        let rests = decode_ints(cursor, between, unpack)?.into_values(between);
        let mut rows = vec![0usize; groups];
        pairs.of_rows().for_each(|pair| rows[map[pair]] += 1);
        // The groups' steps one after the other, and where the next of each group lies.
        let mut steps = Vec::with_capacity(between);
        let mut next = Vec::with_capacity(groups);
        for rows in rows {
            next.push(steps.len());
            steps.append(&mut decode_ints(cursor, rows, unpack)?.into_values(rows));
        }
        let mut value = first;
        let mut values = Vec::with_capacity(slot.rows);
        values.extend((slot.rows > 0).then_some(first));
        values.extend(pairs.of_rows().zip(rests).map(|(pair, rest)| {
            let next = &mut next[map[pair]];
            value = value.wrapping_add(tick.wrapping_mul(steps[*next])).wrapping_add(rest);
            *next += 1;
            value
        }));
        Ok(IntColumn::each(values, None))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_grouped_by_what_lies_around_them() {
        // 0 and 1 take turns; a 2 is rare.
        let rows: Vec<i64> = (0..9000).map(|row| if row % 100 == 0 { 2 } else { row % 2 }).collect();
        let pairs = Pairs::of(&rows).unwrap();
        assert_eq!(pairs.of_rows().count(), 8999);
        let (map, groups) = pairs.group();
        assert_eq!(groups, 3);
        assert_eq!(map, [0, 1, 0, 2, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_kind_that_follows_many_has_a_group() {
        let rows: Vec<i64> = (0..9000).map(|row| if row % 2 == 0 { 0 } else { 1 + row / 2 % 20 }).collect();
        let (map, groups) = Pairs::of(&rows).unwrap().group();
        assert_eq!(groups, 2);
        assert!((1..=20).all(|kind| map[kind * 21] == 1 && map[kind] == 0));
    }

    #[test]
    fn what_cannot_have_happened_has_no_pairs() {
        assert!(Pairs::of(&[0, -1]).is_none());
        assert!(Pairs::of(&[0, 256]).is_none());
        assert!(Pairs::of(&[]).is_none());
    }
}
