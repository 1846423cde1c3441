//! Classes of rows: rows of one class agree in the columns that decide a comparison, so it is asked once for each class.
//!
//! A column has few distinct values as a rule. Its classes are numbered once for a block, whatever the number of
//! comparisons that ask for them; a comparison that holds for no class is done without a look at the rows.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::keys::{Key, Keys};
use crate::format::{BytesColumn, IntColumn};

/// The classes of a table's rows.
#[derive(Debug)]
pub(super) struct Classes<'b> {
    of_row: ClassOfRow<'b>,
    count: usize,
    /// A row of each class, where they are known without being asked for.
    firsts: Vec<u32>,
}

#[derive(Debug)]
enum ClassOfRow<'b> {
    /// All rows are in one class.
    Same,
    /// The codes of a dictionary; what has none is in the last class.
    Codes(&'b [u32]),
    Numbers(Vec<u32>),
}

impl<'b> Classes<'b> {
    /// The classes of rows by the columns that decide a comparison; `None` where these are not known.
    pub(super) fn of_keys(keys: &Keys<'b>) -> Option<Classes<'b>> {
        match keys {
            Keys::Text { column, .. } => Some(Classes::of_texts(column)),
            Keys::Columns(columns) => {
                let classes = columns.iter().map(|key| match key {
                    Key::Number(column) => Classes::of_numbers(column),
                    Key::Text(column) => Classes::of_texts(column),
                });
                Some(classes.reduce(Classes::and).unwrap_or_else(Classes::same))
            }
            Keys::Path(_) | Keys::Unknown => None,
        }
    }

    fn same() -> Classes<'b> {
        Classes { of_row: ClassOfRow::Same, count: 1, firsts: vec![0] }
    }

    fn of_texts(column: &'b BytesColumn) -> Classes<'b> {
        Classes { of_row: ClassOfRow::Codes(column.codes()), count: column.distinct_count() + 1, firsts: Vec::new() }
    }

    fn of_numbers(column: &IntColumn) -> Classes<'b> {
        if column.constant().is_some() {
            return Classes::same();
        }
        let values = column.values();
        let (least, most) = column.range().unwrap_or((0, 0));
        let limit = most.abs_diff(least).saturating_add(1);
        let distance = |row: usize| values.get(row).map(|value| value.abs_diff(least));
        if column.has_nulls() {
            Classes::number(values.len(), limit, |row| distance(row).filter(|_| !column.is_null(row)))
        } else {
            Classes::number(values.len(), limit, distance)
        }
    }

    /// Rows that are of one class in both.
    fn and(self, other: Classes<'b>) -> Classes<'b> {
        match (&self.of_row, &other.of_row) {
            (_, ClassOfRow::Same) => self,
            (ClassOfRow::Same, _) => other,
            (ClassOfRow::Codes(_) | ClassOfRow::Numbers(_), ClassOfRow::Codes(_) | ClassOfRow::Numbers(_)) => {
                let limit = (self.count as u64).saturating_mul(other.count as u64);
                let pair = |row: usize| Some(self.of(row) as u64 * other.count as u64 + other.of(row) as u64);
                Classes::number(self.rows(), limit, pair)
            }
        }
    }

    /// Numbers the distinct keys of rows, each below `limit` or none, in the order in which they come.
    fn number(rows: usize, limit: u64, key: impl Fn(usize) -> Option<u64>) -> Classes<'b> {
        let mut numbers = match usize::try_from(limit).ok().filter(|limit| *limit <= rows * 4 + 256) {
            Some(limit) => Numbers::Table(vec![NOT_NUMBERED; limit]),
            // A table costs more than it saves if most of it stays empty.
            None => Numbers::Map(HashMap::default()),
        };
        let mut of_none = NOT_NUMBERED;
        let mut firsts = Vec::new();
        let mut last = None;
        let number_of = |row: usize| {
            let key = key(row);
            if let Some((last_key, number)) = last
                && last_key == key
            {
                return number;
            }
            let slot = match key {
                Some(key) => numbers.slot(key),
                None => &mut of_none,
            };
            if *slot == NOT_NUMBERED {
                *slot = u32::try_from(firsts.len()).unwrap_or(NOT_NUMBERED);
                firsts.push(u32::try_from(row).unwrap_or(u32::MAX));
            }
            last = Some((key, *slot));
            *slot
        };
        let of_row = (0..rows).map(number_of).collect();
        Classes { of_row: ClassOfRow::Numbers(of_row), count: firsts.len().max(1), firsts }
    }

    /// The class of a row: below [`Classes::count`].
    #[inline]
    pub(super) fn of(&self, row: usize) -> usize {
        match &self.of_row {
            ClassOfRow::Same => 0,
            ClassOfRow::Codes(codes) => codes.get(row).map_or(0, |code| (*code as usize).min(self.count - 1)),
            ClassOfRow::Numbers(numbers) => numbers.get(row).map_or(0, |number| *number as usize),
        }
    }

    /// How many classes there may be.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A row of each class; none where that is not known.
    pub(super) fn firsts(&self) -> &[u32] {
        &self.firsts
    }

    /// How many rows; none are known where all are in one class.
    fn rows(&self) -> usize {
        match &self.of_row {
            ClassOfRow::Same => 0,
            ClassOfRow::Codes(codes) => codes.len(),
            ClassOfRow::Numbers(numbers) => numbers.len(),
        }
    }
}

const NOT_NUMBERED: u32 = u32::MAX;

/// The numbers that keys were given.
enum Numbers {
    Table(Vec<u32>),
    Map(HashMap<u64, u32, FxBuildHasher>),
}

impl Numbers {
    fn slot(&mut self, key: u64) -> &mut u32 {
        match self {
            // Keys are below the limit, for which the table was made.
            Numbers::Table(table) => &mut table[key as usize],
            Numbers::Map(map) => map.entry(key).or_insert(NOT_NUMBERED),
        }
    }
}

/// Answers by class.
#[derive(Debug, Default)]
pub(super) struct ClassAnswers {
    /// 0 not asked yet, 1 no, 2 yes.
    answers: Vec<u8>,
}

impl ClassAnswers {
    /// Makes room for answers to classes below `count`.
    pub(super) fn expect(&mut self, count: usize) {
        self.answers.resize(count, 0);
    }

    /// The answer for a class, which is asked for once; no for a class that was not expected.
    pub(super) fn of(&mut self, class: usize, ask: impl FnOnce() -> bool) -> bool {
        let Some(answer) = self.answers.get_mut(class) else { return false };
        if *answer == 0 {
            *answer = 1 + u8::from(ask());
        }
        *answer == 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows by class, in the order of their first rows.
    fn rows_of(classes: &Classes<'_>, rows: usize) -> Vec<Vec<usize>> {
        let mut by_class: Vec<Vec<usize>> = vec![Vec::new(); classes.count()];
        (0..rows).for_each(|row| by_class[classes.of(row)].push(row));
        by_class.retain(|rows| !rows.is_empty());
        by_class.sort();
        by_class
    }

    #[test]
    fn rows_of_a_class_have_the_same_key() {
        for (limit, keys) in [(10, [1, 0, 1, 9, 0]), (u64::MAX, [1, u64::MAX - 1, 1, 9, u64::MAX - 1])] {
            let classes = Classes::number(5, limit, |row| keys.get(row).copied());
            assert_eq!(rows_of(&classes, 5), [vec![0, 2], vec![1, 4], vec![3]]);
            assert_eq!((classes.count(), classes.firsts()), (3, &[0, 1, 3][..]));
        }
    }

    #[test]
    fn what_has_no_key_is_a_class() {
        let classes = Classes::number(4, 1, |row| (row % 2 == 0).then_some(0));
        assert_eq!(rows_of(&classes, 4), [[0, 2], [1, 3]]);
    }

    #[test]
    fn classes_of_two_columns_are_where_both_agree() {
        let number = |keys: [u64; 6]| Classes::number(6, 3, move |row| keys.get(row).copied());
        let both = number([0, 0, 1, 1, 0, 1]).and(number([2, 1, 2, 1, 2, 1]));
        assert_eq!(rows_of(&both, 6), [vec![0, 4], vec![1], vec![2], vec![3, 5]]);
        let with_same = Classes::same().and(number([0, 0, 1, 1, 0, 1])).and(Classes::same());
        assert_eq!(rows_of(&with_same, 6), [vec![0, 1, 4], vec![2, 3, 5]]);
    }

    #[test]
    fn a_class_is_asked_once() {
        let mut answers = ClassAnswers::default();
        answers.expect(2);
        assert!(answers.of(1, || true) && answers.of(1, || false));
        assert!(!answers.of(0, || false) && !answers.of(0, || true));
        assert!(!answers.of(2, || true));
    }
}
