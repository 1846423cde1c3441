//! Sets of row numbers of one table, a bit for each row.

/// A set of rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
    rows: usize,
}

impl Bits {
    /// No row of a table.
    pub(super) fn none(rows: usize) -> Bits {
        Bits { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// All rows of a table.
    pub(super) fn all(rows: usize) -> Bits {
        let mut bits = Bits { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        if let Some(last) = bits.words.last_mut()
            && !rows.is_multiple_of(64)
        {
            *last = (1 << (rows % 64)) - 1;
        }
        bits
    }

    /// How many rows the table has.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows are in the set.
    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    #[inline]
    pub(super) fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Puts a row in; rows beyond the table are ignored.
    #[inline]
    pub(super) fn insert(&mut self, row: usize) {
        if row < self.rows
            && let Some(word) = self.words.get_mut(row / 64)
        {
            *word |= 1 << (row % 64);
        }
    }

    /// Puts all rows of the other set in.
    pub(super) fn add(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Takes all rows of the other set out.
    pub(super) fn remove(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// The rows in both sets.
    pub(super) fn and(&self, other: &Bits) -> Bits {
        let words = self.words.iter().zip(&other.words).map(|(word, other)| word & other).collect();
        Bits { words, rows: self.rows }
    }

    /// The rows in this set and not in the other.
    pub(super) fn and_not(&self, other: &Bits) -> Bits {
        let words = self.words.iter().zip(&other.words).map(|(word, other)| word & !other).collect();
        Bits { words, rows: self.rows }
    }

    /// The rows in the set, rising.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }

    /// The rows of this set for which a test holds.
    pub(super) fn keep(&self, mut holds: impl FnMut(usize) -> bool) -> Bits {
        let mut kept = Bits::none(self.rows);
        for (at, (word, out)) in self.words.iter().zip(&mut kept.words).enumerate() {
            if *word == u64::MAX {
                *out = (0..64).fold(0, |out, bit| out | u64::from(holds(at * 64 + bit)) << bit);
                continue;
            }
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                *out |= u64::from(holds(at * 64 + bit)) << bit;
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_rows_behave_as_sets() {
        for rows in [0, 1, 63, 64, 65, 200] {
            let all = Bits::all(rows);
            assert_eq!(all.count(), rows);
            assert_eq!(all.iter().collect::<Vec<_>>(), (0..rows).collect::<Vec<_>>());
            let even = all.keep(|row| row % 2 == 0);
            assert_eq!(even.count(), rows.div_ceil(2));
            let odd = all.and_not(&even);
            assert!(odd.and(&even).is_empty());
            let mut both = even.clone();
            both.add(&odd);
            assert_eq!(both, all);
            both.remove(&all);
            assert!(both.is_empty());
            both.insert(rows);
            assert!(both.is_empty() && !both.contains(rows));
        }
    }
}
