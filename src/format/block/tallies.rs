//! Figures that every event has, on their way into a file and back.
//!
//! What is written is how a figure differs from what is expected: that of the process's event before, plus the
//! difference that followed an event of that kind the last time (for figures of memory without the latter). Most
//! surprises are 0, which cost next to nothing.

use rustc_hash::FxHashMap;

use crate::format::Damage;
use crate::format::column::{IntColumn, Nulls};
use crate::format::cursor::Malformed;
use crate::format::dimension::{Dimension, Tally, ThreadColumn};
use crate::format::row::Tallies;

use super::builder::{BlockBuilder, IntBuilder};
use super::decode::Block;
use super::layout::{TableTag, sequence};

/// Whose event it is, and of which kind: both counted from 0.
#[derive(Clone, Copy, Debug)]
struct Owner {
    process: u32,
    kind: u16,
}

/// The owners of all events in sequence order.
#[derive(Debug)]
pub(super) struct Owners {
    events: Vec<Owner>,
    processes: usize,
    kinds: usize,
}

/// The number of the process of each thread row, counted from 0, and how many processes there are.
fn number_processes(pids: impl Iterator<Item = i64>) -> (Vec<u32>, usize) {
    let mut numbers = FxHashMap::default();
    let of_rows = pids.map(|pid| {
        let next = numbers.len() as u32;
        *numbers.entry(pid).or_insert(next)
    });
    (of_rows.collect(), numbers.len())
}

/// What is expected of the next event, for figures that are known or not known together.
struct Expectation<const FIGURES: usize> {
    follows_kinds: bool,
    /// The last figures of each process, and the kind of the event that had them.
    last: Vec<Option<([i64; FIGURES], u16)>>,
    /// What the event after one of a kind had more than that one, the last time.
    after: Vec<[i64; FIGURES]>,
}

impl<const FIGURES: usize> Expectation<FIGURES> {
    fn new(figures: [Tally; FIGURES], processes: usize, kinds: usize) -> Expectation<FIGURES> {
        let follows_kinds = figures.iter().all(|tally| tally.follows_kinds());
        Expectation { follows_kinds, last: vec![None; processes], after: vec![[0; FIGURES]; kinds] }
    }

    #[inline]
    fn of(&self, owner: Owner) -> [i64; FIGURES] {
        match self.last.get(owner.process as usize) {
            Some(&Some((last, kind))) => match self.after.get(usize::from(kind)) {
                Some(after) => each(last, *after, i64::wrapping_add),
                None => last,
            },
            Some(None) | None => [0; FIGURES],
        }
    }

    #[inline]
    fn learn(&mut self, owner: Owner, values: [i64; FIGURES]) {
        let Some(slot) = self.last.get_mut(owner.process as usize) else { return };
        let before = slot.replace((values, owner.kind));
        if let Some((last, kind)) = before
            && self.follows_kinds
            && let Some(after) = self.after.get_mut(usize::from(kind))
        {
            *after = each(values, last, i64::wrapping_sub);
        }
    }
}

/// Puts figures and figures together, one by one.
#[inline]
fn each<const FIGURES: usize>(
    one: [i64; FIGURES],
    other: [i64; FIGURES],
    together: impl Fn(i64, i64) -> i64,
) -> [i64; FIGURES] {
    std::array::from_fn(|at| together(one[at], other[at]))
}

/// One figure of all events; null where it is not known.
pub(super) fn tally_column(tallies: &[Option<&Tallies>], tally: Tally) -> IntBuilder {
    let mut column = IntBuilder::default();
    tallies.iter().for_each(|tallies| column.push(tallies.and_then(|tallies| tallies.get(tally))));
    column
}

/// How one figure of all events differs from what is expected.
pub(super) struct Surprises {
    pub(super) tally: Tally,
    /// The events where it differs, with the difference; 0 where the figure is not known.
    pub(super) values: Vec<(usize, i64)>,
    pub(super) nulls: Nulls,
}

/// How figures of all events that are known or not known together differ from what is expected.
struct Follower<const FIGURES: usize> {
    figures: [Tally; FIGURES],
    expectation: Expectation<FIGURES>,
    surprises: [Vec<(usize, i64)>; FIGURES],
    nulls: Nulls,
}

impl<const FIGURES: usize> Follower<FIGURES> {
    fn new(figures: [Tally; FIGURES], processes: usize, kinds: usize) -> Follower<FIGURES> {
        Follower {
            figures,
            expectation: Expectation::new(figures, processes, kinds),
            surprises: std::array::from_fn(|_| Vec::new()),
            nulls: Nulls::default(),
        }
    }

    #[inline]
    fn push(&mut self, row: usize, owner: Owner, values: Option<[i64; FIGURES]>) {
        let Some(values) = values else { return self.nulls.set(row) };
        let surprises = each(values, self.expectation.of(owner), i64::wrapping_sub);
        self.expectation.learn(owner, values);
        if surprises != [0; FIGURES] {
            let columns = self.surprises.iter_mut().zip(surprises);
            columns.filter(|(_, surprise)| *surprise != 0).for_each(|(column, surprise)| column.push((row, surprise)));
        }
    }

    /// Nothing, if none of the figures is known of any event.
    fn finish(self, rows: usize) -> Vec<Surprises> {
        if self.nulls.count() == rows {
            return Vec::new();
        }
        let columns = self.figures.into_iter().zip(self.surprises);
        columns.map(|(tally, values)| Surprises { tally, values, nulls: self.nulls.clone() }).collect()
    }
}

/// Figures that are known together.
const OF_PROCESS: [Tally; 4] = [Tally::OpenFds, Tally::FdTypes, Tally::Threads, Tally::OtherThreads];
/// Likewise.
const OF_MEMORY: [Tally; 5] = [Tally::VmSize, Tally::VmRss, Tally::VmSwap, Tally::PfMajor, Tally::PfMinor];

/// The figures, if they are known.
#[inline]
fn known<const FIGURES: usize>(tallies: Option<&Tallies>, figures: [Tally; FIGURES]) -> Option<[i64; FIGURES]> {
    let tallies = tallies?;
    let mut values = [0; FIGURES];
    for (value, tally) in values.iter_mut().zip(figures) {
        *value = tallies.get(tally)?;
    }
    Some(values)
}

/// All figures of a block's events that are known of any, in the order of their numbers.
pub(super) fn surprises(builder: &BlockBuilder) -> Vec<Surprises> {
    let (process_of, processes) = number_processes(builder.interned.threads.rows().iter().map(|row| row.pid));
    let kinds = builder.tables.len();
    let mut of_process = Follower::new(OF_PROCESS, processes, kinds);
    let mut of_memory = Follower::new(OF_MEMORY, processes, kinds);
    let mut last_tallies: Vec<Option<u32>> = vec![None; processes];
    for (row, (kind, row_of_kind)) in builder.event_rows().enumerate() {
        let table = &builder.tables[usize::from(kind)];
        let owner = Owner { process: process_of[table.threads[row_of_kind] as usize], kind };
        let number = table.tallies.get(row_of_kind).copied();
        let tallies = number.and_then(|number| builder.tally_rows.get(number));
        of_process.push(row, owner, known(tallies, OF_PROCESS));
        // Figures of memory are expected to stay as they are.
        let is_expected = last_tallies[owner.process as usize] == number;
        if !is_expected || tallies.is_none_or(|tallies| tallies.memory.is_none()) {
            of_memory.push(row, owner, known(tallies, OF_MEMORY));
            last_tallies[owner.process as usize] = number;
        }
    }
    let mut surprises = of_process.finish(builder.rows());
    surprises.append(&mut of_memory.finish(builder.rows()));
    surprises
}

impl Block {
    /// A figure of all events in sequence order.
    pub(super) fn tally_column(&self, tally: Tally) -> Result<&IntColumn, Damage> {
        let slot = self.slot(TableTag::Sequence);
        let stored = self.ints(slot, tally as u16)?;
        if self.is_built() {
            return Ok(stored);
        }
        if let Some(decoded) = self.tallies.get(tally as usize).and_then(|cell| cell.get()) {
            return Ok(decoded);
        }
        let wrong = |what: &'static str| self.damage(&Malformed::new(what), TableTag::Sequence, tally as u16);
        let owners = self.owners()?;
        let mut expectation = Expectation::new([tally], owners.processes, owners.kinds);
        let mut values = Vec::with_capacity(owners.events.len());
        for (row, &owner) in owners.events.iter().enumerate() {
            let value = stored.get(row).map(|surprise| surprise.wrapping_add(expectation.of(owner)[0]));
            if let Some(value) = value {
                expectation.learn(owner, [value]);
            }
            values.push(value.unwrap_or(0));
        }
        if values.len() != stored.len() {
            return Err(wrong("it has not as many rows as there are events"));
        }
        let nulls = stored.nulls().cloned();
        let cell = self.tallies.get(tally as usize).ok_or_else(|| wrong("it is no figure"))?;
        Ok(cell.get_or_init(|| IntColumn::each(values, nulls)))
    }

    /// The owners of all events in sequence order.
    fn owners(&self) -> Result<Owners, Damage> {
        let threads = self.dimension(Dimension::Thread);
        let pids = threads.int(ThreadColumn::Pid as u16)?;
        let (process_of, processes) = number_processes((0..pids.len()).map(|row| pids.get(row).unwrap_or(0)));
        let mut events = vec![Owner { process: 0, kind: 0 }; self.rows()];
        for (number, &(kind, _)) in (0..).zip(self.kinds()) {
            let Some(table) = self.table(kind) else { continue };
            let rows = table.thread()?;
            for (row, &place) in table.seq()?.values().iter().enumerate() {
                let place = usize::try_from(place).ok().and_then(|place| events.get_mut(place));
                let thread = rows.get(row).and_then(|thread| usize::try_from(thread).ok());
                if let (Some(owner), Some(&process)) = (place, thread.and_then(|thread| process_of.get(thread))) {
                    *owner = Owner { process, kind: number };
                }
            }
        }
        Ok(Owners { events, processes, kinds: self.kinds().len() })
    }
}

/// One more than the number of the last figure's column.
pub(super) const TALLY_CELLS: usize = Tally::PfMinor as usize + 1;

// The sequence's own columns end where figures begin.
const _: () = assert!(sequence::TABLE < Tally::OpenFds as u16);
