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
use crate::format::schema::EventKind;

use super::builder::{BlockBuilder, IntBuilder};
use super::decode::Block;
use super::layout::{TableTag, sequence};

/// Whose event it is, and of which kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pid: i64,
    kind: EventKind,
}

/// The owners of all events in sequence order.
pub(super) fn owners_of_built(builder: &BlockBuilder) -> Vec<Owner> {
    let mut next = vec![0usize; builder.tables.len()];
    let rows = builder.interned.threads.rows();
    let owners = builder.table_of.iter().filter_map(|&at| {
        let (table, next) = (builder.tables.get(usize::from(at))?, next.get_mut(usize::from(at))?);
        let thread = rows.get(*table.threads.get(*next)? as usize)?;
        *next += 1;
        Some(Owner { pid: thread.pid, kind: table.kind })
    });
    owners.collect()
}

/// What is expected of the next event.
struct Expectation {
    follows_kinds: bool,
    /// The last figure of each process, and the kind of the event that had it.
    last: FxHashMap<i64, (i64, EventKind)>,
    /// What the event after one of a kind had more than that one, the last time.
    after: FxHashMap<EventKind, i64>,
}

impl Expectation {
    fn new(tally: Tally) -> Expectation {
        let follows_kinds = tally.follows_kinds();
        Expectation { follows_kinds, last: FxHashMap::default(), after: FxHashMap::default() }
    }

    fn of(&self, owner: &Owner) -> i64 {
        match self.last.get(&owner.pid) {
            Some(&(last, kind)) => last.wrapping_add(self.after.get(&kind).copied().unwrap_or(0)),
            None => 0,
        }
    }

    fn learn(&mut self, owner: &Owner, value: i64) {
        let before = self.last.insert(owner.pid, (value, owner.kind));
        if let Some((last, kind)) = before
            && self.follows_kinds
        {
            self.after.insert(kind, value.wrapping_sub(last));
        }
    }
}

/// How a figure differs from what is expected, for each event; 0 where it is not known.
pub(super) fn surprises(tally: Tally, owners: &[Owner], column: &IntBuilder) -> Vec<i64> {
    let mut expectation = Expectation::new(tally);
    let each = owners.iter().zip(&column.values).enumerate().map(|(row, (owner, &value))| {
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
        let mut expectation = Expectation::new(tally);
        let mut values = Vec::with_capacity(owners.len());
        for (row, owner) in owners.iter().enumerate() {
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
    fn owners(&self) -> Result<Vec<Owner>, Damage> {
        let threads = self.dimension(Dimension::Thread);
        let pids = threads.int(ThreadColumn::Pid as u16)?;
        let nobody = Owner { pid: 0, kind: EventKind(0) };
        let mut owners = vec![nobody; self.rows()];
        for &(kind, _) in self.kinds() {
            let Some(table) = self.table(kind) else { continue };
            let rows = table.thread()?;
            for (row, &place) in table.seq()?.values().iter().enumerate() {
                let place = usize::try_from(place).ok().and_then(|place| owners.get_mut(place));
                let thread = rows.get(row).and_then(|thread| usize::try_from(thread).ok());
                if let (Some(owner), Some(thread)) = (place, thread) {
                    *owner = Owner { pid: pids.get(thread).unwrap_or(0), kind };
                }
            }
        }
        Ok(owners)
    }
}

/// One more than the number of the last figure's column.
pub(super) const TALLY_CELLS: usize = Tally::PfMinor as usize + 1;

// The sequence's own columns end where figures begin.
const _: () = assert!(sequence::TABLE < Tally::OpenFds as u16);
