//! Figures that every event has, on their way into a file and back.
//!
//! What is written is how a figure differs from what is expected: that of the process's event before, plus the
//! difference that followed an event of that kind the last time (for figures of memory without the latter). Most
//! surprises are 0, which cost next to nothing.

use rustc_hash::FxHashMap;

use crate::format::Damage;
use crate::format::column::IntColumn;
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

impl Owners {
    pub(super) fn of_built(builder: &BlockBuilder) -> Owners {
        let mut next = vec![0usize; builder.tables.len()];
        let rows = builder.interned.threads.rows();
        let (process_of, processes) = number_processes(rows.iter().map(|row| row.pid));
        let events = builder.table_of.iter().filter_map(|&kind| {
            let (table, next) = (builder.tables.get(usize::from(kind))?, next.get_mut(usize::from(kind))?);
            let process = *process_of.get(*table.threads.get(*next)? as usize)?;
            *next += 1;
            Some(Owner { process, kind })
        });
        Owners { events: events.collect(), processes, kinds: builder.tables.len() }
    }
}

/// What is expected of the next event.
struct Expectation {
    follows_kinds: bool,
    /// The last figure of each process, and the kind of the event that had it.
    last: Vec<Option<(i64, u16)>>,
    /// What the event after one of a kind had more than that one, the last time.
    after: Vec<i64>,
}

impl Expectation {
    fn new(tally: Tally, owners: &Owners) -> Expectation {
        let follows_kinds = tally.follows_kinds();
        Expectation { follows_kinds, last: vec![None; owners.processes], after: vec![0; owners.kinds] }
    }

    fn of(&self, owner: Owner) -> i64 {
        match self.last.get(owner.process as usize) {
            Some(&Some((last, kind))) => last.wrapping_add(self.after.get(usize::from(kind)).copied().unwrap_or(0)),
            Some(None) | None => 0,
        }
    }

    fn learn(&mut self, owner: Owner, value: i64) {
        let Some(slot) = self.last.get_mut(owner.process as usize) else { return };
        let before = slot.replace((value, owner.kind));
        if let Some((last, kind)) = before
            && self.follows_kinds
            && let Some(after) = self.after.get_mut(usize::from(kind))
        {
            *after = value.wrapping_sub(last);
        }
    }
}

/// One figure of all events; null where it is not known.
pub(super) fn tally_column(tallies: &[Option<&Tallies>], tally: Tally) -> IntBuilder {
    let mut column = IntBuilder::default();
    tallies.iter().for_each(|tallies| column.push(tallies.and_then(|tallies| tallies.get(tally))));
    column
}

/// How a figure differs from what is expected, for each event; 0 where it is not known.
pub(super) fn surprises(tally: Tally, owners: &Owners, column: &IntBuilder) -> Vec<i64> {
    let mut expectation = Expectation::new(tally, owners);
    let each = owners.events.iter().zip(&column.values).enumerate().map(|(row, (&owner, &value))| {
        if column.nulls.is_null(row) {
            return 0;
        }
        let surprise = value.wrapping_sub(expectation.of(owner));
        expectation.learn(owner, value);
        surprise
    });
    each.collect()
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
        let mut expectation = Expectation::new(tally, &owners);
        let mut values = Vec::with_capacity(owners.events.len());
        for (row, &owner) in owners.events.iter().enumerate() {
            let value = stored.get(row).map(|surprise| surprise.wrapping_add(expectation.of(owner)));
            if let Some(value) = value {
                expectation.learn(owner, value);
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
