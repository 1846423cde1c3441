//! Figures of a block's events while it is built. They are many and change seldom, or to and fro as descriptors are
//! opened and closed: an event has the number of a row.

use crate::format::row::Tallies;

use super::builder::NO_ROW;

/// Rows that are looked at for one that says the same: a power of two.
const RECENT: usize = 256;

/// Rows of figures, most of them different.
#[derive(Debug)]
pub(super) struct TallyRows {
    rows: Vec<Tallies>,
    /// Rows added lately, each where thread and open descriptors say.
    recent: Box<[u32; RECENT]>,
}

impl Default for TallyRows {
    fn default() -> TallyRows {
        TallyRows { rows: Vec::new(), recent: Box::new([NO_ROW; RECENT]) }
    }
}

impl TallyRows {
    /// The number of a row with these figures, which are those of a thread; [`NO_ROW`] where they are not known.
    #[inline]
    pub(super) fn number(&mut self, thread: u32, tallies: Option<&Tallies>) -> u32 {
        let Some(tallies) = tallies else { return NO_ROW };
        let recent = &mut self.recent[thread.wrapping_mul(37).wrapping_add(tallies.open_fds) as usize % RECENT];
        if self.rows.get(*recent as usize) != Some(tallies) {
            *recent = self.rows.len() as u32;
            self.rows.push(*tallies);
        }
        *recent
    }

    /// The row of a number.
    pub(super) fn get(&self, number: u32) -> Option<&Tallies> {
        self.rows.get(number as usize)
    }

    /// All rows.
    pub(super) fn rows(&self) -> &[Tallies] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_were_there_before_have_the_number_of_before() {
        let mut rows = TallyRows::default();
        let of = |open_fds| Tallies { open_fds, threads: 1, ..Tallies::default() };
        let numbers = [3, 4, 3, 4, 5].map(|open_fds| rows.number(7, Some(&of(open_fds))));
        assert_eq!(numbers, [0, 1, 0, 1, 2]);
        assert_eq!(rows.number(7, None), NO_ROW);
        assert_eq!((rows.get(1), rows.get(NO_ROW), rows.rows().len()), (Some(&of(4)), None, 3));
        let others = Tallies { threads: 2, ..of(4) };
        assert_eq!(rows.number(7, Some(&others)), 3);
        assert_eq!(rows.get(3), Some(&others));
    }
}
