//! Parents that ended unseen.
//!
//! A recording of a container or of a tree of processes has no event of a parent outside that ends; its threads' rows
//! have another parent from then on. Who follows the events of a `.scap` file learns of that by the parent's end alone.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::format::Damage;
use crate::format::dimension::ThreadColumn;
use crate::format::schema::EventKind;

use super::rows::{EventAt, Rows};

/// Who is whose parent, as the events so far have it.
#[derive(Debug, Default)]
pub(super) struct Parents {
    parents: FxHashMap<i64, i64>,
    ended: FxHashSet<i64>,
}

/// The end of a process that no event tells of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct UnseenEnd {
    /// The process.
    pub(super) pid: i64,
    /// The parent of its children from now on.
    pub(super) reaper: i64,
}

impl Parents {
    /// What happened to the parent of the event's process since its last event.
    pub(super) fn follow(&mut self, rows: &Rows<'_>, event: &EventAt<'_, '_>) -> Result<Option<UnseenEnd>, Damage> {
        let id = |column| Ok::<i64, Damage>(rows.thread_int(event.thread, column)?.unwrap_or_default());
        let (tid, pid, parent) = (id(ThreadColumn::Tid)?, id(ThreadColumn::Pid)?, id(ThreadColumn::Ppid)?);
        if event.kind() == EventKind::PROCEXIT && tid == pid {
            self.parents.remove(&pid);
            self.ended.insert(pid);
            return Ok(None);
        }
        // a number may be used again
        if self.parents.is_empty() || !self.parents.contains_key(&pid) {
            self.ended.remove(&pid);
        }
        match self.parents.insert(pid, parent) {
            Some(old) if old != parent && old > 0 && parent > 0 && self.ended.insert(old) => {
                Ok(Some(UnseenEnd { pid: old, reaper: parent }))
            }
            Some(_) | None => Ok(None),
        }
    }
}
