//! Parents and children among threads, and who takes children over, as Falco has it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::shared::SharedId;
use super::threads::{ANCESTOR_LIMIT, Origin, Threads, same_row};
use crate::format::row::{Text, ThreadRow};

/// Ancestors looked at for one that takes children over.
const REAPER_SEARCH: usize = 512;

/// Who is whose child, and which processes take orphans over.
#[derive(Debug, Default)]
pub(super) struct Kin {
    children: FxHashMap<i64, Vec<i64>>,
    /// Processes that are the first of a namespace or asked for their descendants' orphans.
    reapers: FxHashSet<i64>,
    /// What stands for a leader that there is none.
    nobody: Arc<ThreadRow>,
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
        let mut tids: Vec<i64> = self.by_tid.iter().map(|(tid, _)| tid).collect();
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
        self.groups.get_or_default(pid).members.push(tid);
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
        let members = &mut self.groups.get_or_default(pid).members;
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
            self.groups.get_or_default(pid).members.push(tid);
        }
        self.edit(tid, |row| row.pid = pid);
    }

    /// After a successful execve every other thread of the process is gone but the first one.
    pub(super) fn end_others(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        thread.ended = false;
        let pid = thread.row.pid;
        let Some(group) = self.groups.get_mut(&pid) else { return };
        let (kept, others) = group.members.iter().partition(|&&member| member == pid || member == tid);
        group.members = kept;
        let others: Vec<i64> = others;
        for other in others {
            if self.kin.children.contains_key(&other) {
                let reaper = self.find_reaper(other);
                self.hand_over_children(other, reaper);
            }
            self.forget(other);
        }
    }

    /// A thread has ended; it is removed later.
    pub(super) fn mark_ended(&mut self, tid: i64) {
        if let Some(thread) = self.by_tid.get_mut(&tid) {
            thread.ended = true;
        }
    }

    /// Whether a process has a thread that has not ended.
    fn is_living(&self, pid: i64) -> bool {
        self.members(pid).iter().any(|tid| self.by_tid.get(tid).is_some_and(|thread| !thread.ended))
    }

    /// Takes a thread out of everything, its children included: they have no parent then.
    pub(super) fn forget_stale(&mut self, tid: i64) {
        self.hand_over_children(tid, None);
        self.forget(tid);
    }

    /// Processes of which nothing else is known any more are not kept for taking orphans over.
    pub(super) fn forget_idle_reapers(&mut self) {
        let Threads { kin, groups, .. } = self;
        kin.reapers.retain(|pid| groups.contains_key(pid));
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
        if !self.is_living(pid) {
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
            let lives = |other: &&i64| **other != tid && self.by_tid.get(other).is_some_and(|other| !other.ended);
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

    /// Brings a thread's row up to date, when those of its ancestors are.
    pub(super) fn refresh_as_falco(&mut self, tid: i64, without_parent: bool) {
        let Some(thread) = self.by_tid.get(&tid) else { return };
        let row = Arc::clone(&thread.row);
        let parent = if without_parent { None } else { self.parent_of(row.ppid) };
        let parent = parent.filter(|parent| parent.level < ANCESTOR_LIMIT && parent.row.tid != tid);
        let version = parent.map(|parent| (parent.row.tid, parent.kin_version));
        let is_same_parent = version == thread.parent_version && version.is_some() == row.parent.is_some();
        let level = parent.map_or(0, |parent| parent.level + 1);
        let parent_row = parent.map(|parent| Arc::clone(&parent.row));
        let main = (row.pid != tid).then(|| self.by_tid.get(&row.pid)).flatten();
        let (env, fdlimit) = match main {
            Some(main) => (Text::clone(&main.row.env), main.row.fdlimit),
            None => (Text::clone(&row.env), row.fdlimit),
        };
        let dirs = self.dirs.get(thread.dirs).cloned().unwrap_or_default();
        let table = self.tables.get(thread.fds);
        let stdio = [0, 1, 2].map(|num| table.and_then(|table| table.stdio(num)).cloned());
        let leaders = [
            self.leader(tid, row.sid, |row| row.sid, true),
            self.leader(tid, row.vpgid, |row| row.vpgid, true),
            self.leader(tid, row.pgid, |row| row.pgid, false),
        ];
        let [session, inner, group] = leaders.map(|leader| Some(self.card(leader)));
        let same = is_same_parent
            && fdlimit == row.fdlimit
            && Arc::ptr_eq(&env, &row.env)
            && Arc::ptr_eq(&dirs.cwd, &row.cwd)
            && Arc::ptr_eq(&dirs.root, &row.root)
            && same_row(session.as_ref(), row.session_leader.as_ref())
            && same_row(inner.as_ref(), row.inner_group_leader.as_ref())
            && same_row(group.as_ref(), row.group_leader.as_ref())
            && stdio.iter().zip(&row.stdio).all(|(now, then)| same_row(now.as_ref(), then.as_ref()));
        drop(row);
        let next_version = self.next_version();
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        thread.level = level;
        if same {
            return;
        }
        if !is_same_parent {
            thread.parent_version = version;
            thread.kin_version = next_version;
        }
        let row = Arc::make_mut(&mut thread.row);
        if !is_same_parent {
            row.parent = parent_row;
        }
        (row.session_leader, row.inner_group_leader, row.group_leader) = (session, inner, group);
        (row.env, row.fdlimit, row.cwd, row.root, row.stdio) = (env, fdlimit, dirs.cwd, dirs.root, stdio);
    }

    /// Who leads the session or group `id` that a thread is in: the thread of that number, but in a pid namespace, whose
    /// numbers are others, the topmost of a line of ancestors in it.
    fn leader(&self, tid: i64, id: i64, of: impl Fn(&ThreadRow) -> i64, is_inner: bool) -> Option<i64> {
        let thread = self.by_tid.get(&tid)?;
        if id == -1 {
            return None;
        }
        if (!is_inner || thread.row.tid == thread.row.vtid) && self.by_tid.contains_key(&id) {
            return Some(id);
        }
        let mut leader = None;
        let mut at = thread.row.ppid;
        for _ in 0..REAPER_SEARCH {
            let Some(ancestor) = self.by_tid.get(&at).filter(|ancestor| of(&ancestor.row) == id) else { break };
            leader = Some(at);
            at = ancestor.row.ppid;
        }
        leader
    }

    /// The row of a leader's names; one without names for nobody.
    fn card(&mut self, leader: Option<i64>) -> Arc<ThreadRow> {
        let Some(thread) = leader.and_then(|leader| self.by_tid.get_mut(&leader)) else {
            return Arc::clone(&self.kin.nobody);
        };
        let row = &thread.row;
        if let Some(card) = &thread.card
            && Arc::ptr_eq(&card.comm, &row.comm)
            && Arc::ptr_eq(&card.exe, &row.exe)
            && Arc::ptr_eq(&card.exepath, &row.exepath)
        {
            return Arc::clone(card);
        }
        let card = Arc::new(ThreadRow {
            tid: row.tid,
            pid: row.pid,
            comm: Text::clone(&row.comm),
            exe: Text::clone(&row.exe),
            exepath: Text::clone(&row.exepath),
            ..ThreadRow::default()
        });
        thread.card = Some(Arc::clone(&card));
        card
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
