//! Parents and children among threads, and who takes children over, as Falco has it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::shared::SharedId;
use super::threads::{Origin, Threads};
use crate::format::row::ThreadRow;

/// Ancestors looked at for one that takes children over.
const REAPER_SEARCH: usize = 512;

/// Who is whose child, and which processes take orphans over.
#[derive(Debug, Default)]
pub(super) struct Kin {
    children: FxHashMap<i64, Vec<i64>>,
    /// Processes that are the first of a namespace or asked for their descendants' orphans.
    reapers: FxHashSet<i64>,
}

impl Kin {
    fn add(&mut self, parent: i64, child: i64) {
        self.children.entry(parent).or_default().push(child);
    }

    fn remove(&mut self, parent: i64, child: i64) {
        if let Some(children) = self.children.get_mut(&parent) {
            children.retain(|&other| other != child);
            if children.is_empty() {
                self.children.remove(&parent);
            }
        }
    }
}

impl Threads {
    /// From now on parents are threads. Those that are there are put in their places.
    pub(super) fn follow_threads_as_parents(&mut self) {
        self.parents_are_threads = true;
        let mut tids: Vec<i64> = self.by_tid.keys().copied().collect();
        tids.sort_unstable();
        for tid in tids {
            self.find_place(tid);
        }
        self.touch_all();
    }

    /// Adds a thread in the place of one with the same number.
    pub(super) fn insert_known(&mut self, row: ThreadRow, fds: SharedId, dirs: SharedId, origin: Origin, seen_ns: u64) {
        let (tid, pid) = (row.tid, row.pid);
        if self.by_tid.contains_key(&tid) {
            self.forget(tid);
        }
        self.make_room();
        self.by_tid.insert(tid, Threads::make(row, fds, dirs, origin, seen_ns));
        if origin == Origin::Placeholder {
            return;
        }
        self.groups.entry(pid).or_default().members.push(tid);
        self.find_place(tid);
        if self.kin.children.contains_key(&tid) {
            self.touch_all();
        }
    }

    /// A thread of which nothing was known has told who it is.
    pub(super) fn settle(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        if thread.origin != Origin::Placeholder {
            return;
        }
        thread.origin = Origin::Settled;
        let pid = thread.row.pid;
        let members = &mut self.groups.entry(pid).or_default().members;
        if !members.contains(&tid) {
            members.push(tid);
        }
        self.find_place(tid);
    }

    /// Puts a thread among its parent's children; without a parent that is known it has none.
    fn find_place(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.get(&tid) else { return };
        let (pid, vpid, parent) = (thread.row.pid, thread.row.vpid, thread.row.ppid);
        if pid == 1 || vpid == 1 {
            self.kin.reapers.insert(pid);
        }
        if pid == 1 {
            return;
        }
        let known =
            parent != tid && self.by_tid.get(&parent).is_some_and(|parent| parent.origin != Origin::Placeholder);
        if known {
            self.kin.add(parent, tid);
        } else if parent != 0 {
            self.edit(tid, |row| row.ppid = 0);
        }
    }

    /// The process that a thread belongs to, as an execve tells it.
    pub(super) fn join_process(&mut self, tid: i64, pid: i64) {
        let Some(thread) = self.by_tid.get(&tid) else { return };
        let (old, origin) = (thread.row.pid, thread.origin);
        if old == pid {
            return;
        }
        if origin != Origin::Placeholder {
            if let Some(group) = self.groups.get_mut(&old) {
                group.members.retain(|&member| member != tid);
            }
            self.groups.entry(pid).or_default().members.push(tid);
        }
        self.edit(tid, |row| row.pid = pid);
    }

    /// After a successful execve every other thread of the process is gone but the first one.
    pub(super) fn end_others(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        thread.ended = false;
        let pid = thread.row.pid;
        for member in self.members(pid).to_vec() {
            if member != pid && member != tid {
                self.remove_as_falco(member, None);
            }
        }
    }

    /// A thread has ended; it is removed later.
    pub(super) fn mark_ended(&mut self, tid: i64) {
        if let Some(thread) = self.by_tid.get_mut(&tid) {
            thread.ended = true;
        }
    }

    /// Threads of a process that have not ended.
    pub(super) fn living(&self, pid: i64) -> usize {
        let living = |tid: &&i64| self.by_tid.get(*tid).is_some_and(|thread| !thread.ended);
        self.members(pid).iter().filter(living).count()
    }

    /// Notes whether a process takes over its descendants' orphans.
    pub(super) fn set_reaper(&mut self, pid: i64, is_reaper: bool) {
        if is_reaper {
            self.kin.reapers.insert(pid);
        } else {
            self.kin.reapers.remove(&pid);
        }
    }

    /// Removes a thread that ended. Its children go to `reaper_tid` if that is known, else to whom Falco finds.
    pub(super) fn remove_as_falco(&mut self, tid: i64, reaper_tid: Option<i64>) {
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        if thread.origin == Origin::Placeholder {
            self.forget(tid);
            return;
        }
        thread.ended = true;
        let pid = thread.row.pid;
        if self.kin.children.contains_key(&tid) {
            let told = reaper_tid.filter(|&reaper| {
                reaper > 0
                    && reaper != tid
                    && self.by_tid.get(&reaper).is_some_and(|reaper| reaper.origin != Origin::Placeholder)
            });
            let reaper = told.or_else(|| self.find_reaper(tid));
            if let Some(reaper_pid) = reaper.and_then(|reaper| self.by_tid.get(&reaper)).map(|reaper| reaper.row.pid)
                && reaper_pid != pid
            {
                self.kin.reapers.insert(reaper_pid);
            }
            self.hand_over_children(tid, reaper);
        }
        if self.living(pid) == 0 {
            if pid != tid && self.by_tid.contains_key(&pid) {
                self.forget(pid);
            }
            self.forget(tid);
            self.kin.reapers.remove(&pid);
        } else if pid != tid {
            self.forget(tid);
        }
    }

    /// Gives a thread's children another parent, or none.
    fn hand_over_children(&mut self, tid: i64, reaper: Option<i64>) {
        let Some(children) = self.kin.children.remove(&tid) else { return };
        for child in children {
            if child == reaper.unwrap_or(0) || !self.by_tid.contains_key(&child) {
                continue;
            }
            if let Some(reaper) = reaper {
                self.kin.add(reaper, child);
            }
            self.edit(child, |row| row.ppid = reaper.unwrap_or(0));
        }
        self.touch_all();
    }

    /// Who takes over the children of a thread: another one of its process, or the nearest ancestor that asked for
    /// them, of the same kind of namespace.
    fn find_reaper(&self, tid: i64) -> Option<i64> {
        let thread = self.by_tid.get(&tid)?;
        let in_namespace = |row: &ThreadRow| row.tid != row.vtid;
        let living_member = |pid: i64| {
            let lives = |other: &&i64| **other != tid && self.by_tid.get(*other).is_some_and(|other| !other.ended);
            self.members(pid).iter().find(lives).copied()
        };
        if let Some(other) = living_member(thread.row.pid) {
            return Some(other);
        }
        let mut at = thread.row.ppid;
        for _ in 0..REAPER_SEARCH {
            let parent = self.by_tid.get(&at)?;
            if in_namespace(&parent.row) != in_namespace(&thread.row) {
                return None;
            }
            if self.kin.reapers.contains(&parent.row.pid)
                && let Some(reaper) = living_member(parent.row.pid)
            {
                return Some(reaper);
            }
            at = parent.row.ppid;
        }
        None
    }

    /// Takes a thread out of everything. Its children keep its number as their parent's.
    fn forget(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.remove(&tid) else { return };
        self.tables.release(thread.fds);
        self.dirs.release(thread.dirs);
        self.kin.remove(thread.row.ppid, tid);
        if let Some(group) = self.groups.get_mut(&thread.row.pid) {
            group.members.retain(|&member| member != tid);
            if group.members.is_empty() {
                self.groups.remove(&thread.row.pid);
            }
        }
    }
}
