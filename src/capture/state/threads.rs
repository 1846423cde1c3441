//! Threads and processes: who exists, who is whose parent, and the current row of each.
//!
//! A thread's row is shared with blocks and with its children's rows, so a change makes a new row (`Arc::make_mut`:
//! a copy only if somebody else holds the old one). What a row takes from elsewhere (parent, session leader, working
//! directory, standard descriptors) is brought up to date at the thread's next event: `epoch` counts the changes that
//! may concern others, and a row checked in this epoch is current.

use std::sync::Arc;

use crate::format::row::{Container, Memory, Text, ThreadRow};

use super::by_id::ById;
use super::fd_table::FdTable;
use super::kin::Kin;
use super::pending::Pending;
use super::shared::{SharedId, SharedSlab};

/// Ancestors are followed this far. Deeper chains (a fork bomb makes them) are cut, so that nothing that walks or
/// drops a chain can exhaust the stack.
pub(super) const ANCESTOR_LIMIT: u16 = 256;

/// Threads kept. Beyond it those without events for longest are forgotten: their exit was lost.
const THREAD_LIMIT: usize = 262_144;

/// How a thread became known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// From the snapshot, or looked up later.
    Snapshot,
    /// Only an event's thread id is known.
    Placeholder,
    /// Its parent's clone returned first.
    ParentClone,
    /// Its own return from clone came first; the parent's is still to come.
    ChildClone,
    /// Both returns were seen.
    Settled,
}

/// Working and root directory, shared by the threads of a process (or, with `CLONE_FS`, by several).
#[derive(Clone, Debug, Default)]
pub(super) struct Directories {
    /// Empty if not known.
    pub(super) cwd: Text,
    pub(super) root: Text,
}

/// A living thread.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) row: Arc<ThreadRow>,
    pub(super) fds: SharedId,
    pub(super) dirs: SharedId,
    pub(super) origin: Origin,
    /// Time of its last event.
    pub(super) seen_ns: u64,
    /// The epoch in which the row was last brought up to date.
    pub(super) fresh_epoch: u64,
    /// How many rows hang below this one through `parent` and `session_leader`.
    pub(super) level: u16,
    /// The parent ended and nobody knows who took over: `parent` stays as it was.
    orphan: bool,
    /// The first thread of a process that ended while others run on.
    pub(super) ended: bool,
    /// Figures of its address space, where they are followed from event to event.
    pub(super) memory: Memory,
    /// Which version of its parent the row refers to: the parent's thread, and that thread's `kin_version`.
    pub(super) parent_version: Option<(i64, u64)>,
    /// Changes whenever something of the row does that shows in rows of children.
    pub(super) kin_version: u64,
    /// The row's names alone, for rows of threads that this one leads.
    pub(super) card: Option<Arc<ThreadRow>>,
}

/// A process.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Thread ids, the first thread's included.
    pub(super) members: Vec<i64>,
    /// Process ids.
    children: Vec<i64>,
}

/// All threads.
#[derive(Debug)]
pub(super) struct Threads {
    pub(super) by_tid: ById<Thread>,
    pub(super) groups: ById<Group>,
    pub(super) tables: SharedSlab<FdTable>,
    pub(super) dirs: SharedSlab<Directories>,
    /// Children that ended before their parent's clone was seen to return: process id of the parent, and the number
    /// that clone will return.
    pub(super) early_exits: Pending<()>,
    /// Children of each thread by the thread that made them: kept where parents are threads (`kin`).
    pub(super) kin: Kin,
    /// Whether a row's `ppid` is the number of a thread, as Falco has it, and not of a process.
    pub(super) parents_are_threads: bool,
    epoch: u64,
    versions: u64,
    limit: usize,
    /// Buffer of [`Threads::refresh`].
    chain: Vec<i64>,
}

impl Threads {
    pub(super) fn new() -> Threads {
        Threads {
            by_tid: ById::default(),
            groups: ById::default(),
            tables: SharedSlab::new(),
            dirs: SharedSlab::new(),
            early_exits: Pending::new(),
            kin: Kin::default(),
            parents_are_threads: false,
            epoch: 1,
            versions: 0,
            limit: THREAD_LIMIT,
            chain: Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(super) fn len(&self) -> usize {
        self.by_tid.len()
    }

    #[inline]
    pub(super) fn get(&self, tid: i64) -> Option<&Thread> {
        self.by_tid.get(&tid)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, tid: i64) -> Option<&mut Thread> {
        self.by_tid.get_mut(&tid)
    }

    /// The descriptor table of a thread.
    #[inline]
    pub(super) fn table(&self, tid: i64) -> Option<&FdTable> {
        self.tables.get(self.by_tid.get(&tid)?.fds)
    }

    #[inline]
    pub(super) fn table_mut(&mut self, tid: i64) -> Option<&mut FdTable> {
        self.tables.get_mut(self.by_tid.get(&tid)?.fds)
    }

    pub(super) fn directories(&self, tid: i64) -> Option<&Directories> {
        self.dirs.get(self.by_tid.get(&tid)?.dirs)
    }

    /// Adds a thread. One with the same id is forgotten first, with its process; of a placeholder the children stay.
    /// The caller gives its uses of `fds` and `dirs` away.
    pub(super) fn insert(&mut self, row: ThreadRow, fds: SharedId, dirs: SharedId, origin: Origin, seen_ns: u64) {
        let (tid, pid, ppid) = (row.tid, row.pid, row.ppid);
        let mut adopted = Vec::new();
        if let Some(old) = self.by_tid.get(&tid) {
            let (old_pid, placeholder) = (old.row.pid, old.origin == Origin::Placeholder);
            if old_pid == tid {
                self.remove_other_members(old_pid);
            }
            if placeholder
                && old_pid == pid
                && let Some(group) = self.groups.get_mut(&old_pid)
            {
                adopted = std::mem::take(&mut group.children);
            }
            self.drop_thread(tid);
            if self.members(old_pid).is_empty() {
                self.end_process(old_pid, None);
            }
        }
        if self.by_tid.len() >= self.limit {
            self.forget_the_stalest();
        }
        let group = self.groups.get_or_default(pid);
        group.members.push(tid);
        group.children.append(&mut adopted);
        if !group.children.is_empty() {
            self.epoch += 1;
        }
        if tid == pid && ppid != pid {
            self.groups.get_or_default(ppid).children.push(pid);
        }
        self.by_tid.insert(tid, Threads::make(row, fds, dirs, origin, seen_ns));
    }

    /// Removes a thread that ended. Children of a process that is gone with it go to the process of `reaper_tid`.
    /// A process's first thread stays, marked, while others of it run: they refer to it.
    pub(super) fn remove(&mut self, tid: i64, reaper_tid: Option<i64>) {
        let Some(thread) = self.by_tid.get(&tid) else { return };
        let pid = thread.row.pid;
        let others = self.groups.get(&pid).is_some_and(|group| group.members.iter().any(|&other| other != tid));
        if tid == pid && others {
            if let Some(thread) = self.by_tid.get_mut(&tid) {
                thread.ended = true;
            }
            return;
        }
        self.drop_thread(tid);
        let Some(group) = self.groups.get(&pid) else { return };
        match group.members[..] {
            [] => self.end_process(pid, reaper_tid),
            [last] if last == pid && self.by_tid.get(&pid).is_some_and(|main| main.ended) => {
                self.drop_thread(pid);
                self.end_process(pid, reaper_tid);
            }
            _ => {}
        }
    }

    /// A thread with its tables, ready to be put into the map.
    pub(super) fn make(row: ThreadRow, fds: SharedId, dirs: SharedId, origin: Origin, seen_ns: u64) -> Thread {
        Thread {
            memory: memory_of(&row),
            row: Arc::new(row),
            fds,
            dirs,
            origin,
            seen_ns,
            fresh_epoch: 0,
            level: 0,
            orphan: false,
            ended: false,
            parent_version: None,
            kin_version: 0,
            card: None,
        }
    }

    /// Everything that may take something from another row is to be brought up to date.
    pub(super) fn touch_all(&mut self) {
        self.epoch += 1;
    }

    /// A version that no row had before.
    pub(super) fn next_version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    /// Whether there is room for another thread.
    pub(super) fn make_room(&mut self) {
        if self.by_tid.len() >= self.limit {
            self.forget_the_stalest();
        }
    }

    /// Takes one thread out of the map and its group.
    fn drop_thread(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.remove(&tid) else { return };
        self.tables.release(thread.fds);
        self.dirs.release(thread.dirs);
        if let Some(group) = self.groups.get_mut(&thread.row.pid) {
            group.members.retain(|&member| member != tid);
        }
        if tid == thread.row.pid {
            let ppid = thread.row.ppid;
            if let Some(parent) = self.groups.get_mut(&ppid) {
                if let Some(at) = parent.children.iter().position(|&child| child == tid) {
                    parent.children.swap_remove(at);
                }
                if parent.members.is_empty() && parent.children.is_empty() {
                    self.groups.remove(&ppid);
                }
            }
        }
    }

    /// A process without threads: its children get a new parent.
    fn end_process(&mut self, pid: i64, reaper_tid: Option<i64>) {
        let Some(group) = self.groups.remove(&pid) else { return };
        if group.children.is_empty() {
            return;
        }
        let reaper = reaper_tid.filter(|&tid| tid > 0).map(|tid| self.get(tid).map_or(tid, |thread| thread.row.pid));
        let reaper = reaper.filter(|&reaper| reaper != pid);
        for child in group.children {
            self.set_parent(child, reaper);
        }
        self.epoch += 1;
    }

    /// Gives all threads of process `pid` another parent; `None` is an unknown one, the row of the old one stays.
    fn set_parent(&mut self, pid: i64, parent: Option<i64>) {
        let Some(group) = self.groups.get(&pid) else { return };
        for &tid in &group.members {
            let Some(thread) = self.by_tid.get_mut(&tid) else { continue };
            match parent {
                Some(ppid) => {
                    thread.orphan = false;
                    Arc::make_mut(&mut thread.row).ppid = ppid;
                }
                None => thread.orphan = true,
            }
        }
        if let Some(ppid) = parent
            && ppid != pid
            && self.by_tid.contains_key(&pid)
        {
            self.groups.get_or_default(ppid).children.push(pid);
        }
    }

    /// The parent that an event names, which may be news: a reparenting whose cause was not seen.
    pub(super) fn learn_parent(&mut self, tid: i64, parent_tid: i64) {
        if parent_tid <= 0 {
            return;
        }
        let parent = self.get(parent_tid).map_or(parent_tid, |thread| thread.row.pid);
        let Some(thread) = self.get(tid) else { return };
        let (pid, old, orphan) = (thread.row.pid, thread.row.ppid, thread.orphan);
        // An event may name a parent that is gone by now, when whoever took over is known already.
        let outdated = !self.by_tid.contains_key(&parent) && !orphan && self.by_tid.contains_key(&old);
        if old == parent && !orphan || outdated {
            return;
        }
        if let Some(group) = self.groups.get_mut(&old) {
            group.children.retain(|&child| child != pid);
            if group.members.is_empty() && group.children.is_empty() {
                self.groups.remove(&old);
            }
        }
        self.set_parent(pid, Some(parent));
        self.epoch += 1;
    }

    /// The threads of a process.
    pub(super) fn members(&self, pid: i64) -> &[i64] {
        self.groups.get(&pid).map_or(&[], |group| &group.members)
    }

    /// The child processes of a process.
    pub(super) fn children(&self, pid: i64) -> &[i64] {
        self.groups.get(&pid).map_or(&[], |group| &group.children)
    }

    /// After a successful execve every other thread of the process is gone.
    pub(super) fn remove_other_members(&mut self, pid: i64) {
        while let Some(&tid) = self.members(pid).iter().find(|&&tid| tid != pid) {
            self.drop_thread(tid);
        }
        if let Some(main) = self.get_mut(pid) {
            main.ended = false;
        }
    }

    /// Changes the row of a thread.
    pub(super) fn edit(&mut self, tid: i64, change: impl FnOnce(&mut ThreadRow)) {
        if let Some(thread) = self.by_tid.get_mut(&tid) {
            change(Arc::make_mut(&mut thread.row));
        }
        self.touch(tid);
    }

    /// Notes that something changed that the row of this thread, and perhaps of others, takes from elsewhere.
    pub(super) fn touch(&mut self, tid: i64) {
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        thread.fresh_epoch = 0;
        if self.parents_are_threads {
            self.epoch += 1;
            self.versions += 1;
            thread.kin_version = self.versions;
            return;
        }
        let alone = self.groups.get(&thread.row.pid).is_none_or(|group| {
            group.children.is_empty()
                && group.members.len() == 1
                && self.tables.users(thread.fds) == 1
                && self.dirs.users(thread.dirs) == 1
        });
        if !alone {
            self.epoch += 1;
        }
    }

    /// Changes the rows of all threads in a container, given by its short id.
    pub(super) fn edit_container(&mut self, id: &Text, mut change: impl FnMut(&mut ThreadRow)) {
        for thread in self.by_tid.values_mut() {
            if thread.row.container.as_ref().is_some_and(|container| container.id == *id) {
                change(Arc::make_mut(&mut thread.row));
                thread.fresh_epoch = 0;
            }
        }
        self.epoch += 1;
    }

    /// Whether a thread of this container lives.
    pub(super) fn has_container(&self, container: &Arc<Container>) -> bool {
        let is_own = |thread: &Thread| thread.row.container.as_ref().is_some_and(|own| Arc::ptr_eq(own, container));
        self.by_tid.values().any(|thread| !thread.ended && is_own(thread))
    }

    /// Puts a newer row of a container in the place of the older ones.
    pub(super) fn replace_container(&mut self, container: &Arc<Container>) {
        for thread in self.by_tid.values_mut() {
            if thread.row.container.as_ref().is_some_and(|old| old.id == container.id) {
                Arc::make_mut(&mut thread.row).container = Some(Arc::clone(container));
                thread.fresh_epoch = 0;
            }
        }
        self.epoch += 1;
    }

    /// Gives a thread a descriptor table (and directories) of its own, copied from the shared one.
    pub(super) fn unshare(&mut self, tid: i64, files: bool, directories: bool) {
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        if files && self.tables.users(thread.fds) > 1 {
            let copy = self.tables.get(thread.fds).cloned().unwrap_or_default();
            self.tables.release(thread.fds);
            thread.fds = self.tables.add(copy);
        }
        if directories && self.dirs.users(thread.dirs) > 1 {
            let copy = self.dirs.get(thread.dirs).cloned().unwrap_or_default();
            self.dirs.release(thread.dirs);
            thread.dirs = self.dirs.add(copy);
        }
    }

    /// Whether a thread is known and its row up to date.
    #[inline]
    pub(super) fn is_fresh(&self, tid: i64) -> bool {
        self.by_tid.get(&tid).is_some_and(|thread| thread.fresh_epoch == self.epoch)
    }

    /// Brings a thread's row up to date, with those of its ancestors.
    #[inline(never)]
    pub(super) fn refresh(&mut self, tid: i64) {
        if self.by_tid.get(&tid).is_none_or(|thread| thread.fresh_epoch == self.epoch) {
            return;
        }
        let mut chain = std::mem::take(&mut self.chain);
        chain.clear();
        let mut at = tid;
        // Marking on the way up ends the walk in a circle of bogus parents, too.
        while let Some(thread) = self.by_tid.get_mut(&at) {
            if thread.fresh_epoch == self.epoch || chain.len() > usize::from(ANCESTOR_LIMIT) {
                break;
            }
            thread.fresh_epoch = self.epoch;
            chain.push(at);
            if thread.orphan || thread.row.ppid <= 0 {
                break;
            }
            at = thread.row.ppid;
            if self.parents_are_threads
                && let Some(parent) = self.parent_of(at)
            {
                at = parent.row.tid;
            }
        }
        // A thread that is its own ancestor has no parent.
        let circle = chain.contains(&at) && chain.last() != Some(&at) || self.get(at).is_some_and(|t| t.row.ppid == at);
        let top = chain.last().copied();
        for &tid in chain.iter().rev() {
            let cut = circle && top == Some(tid);
            if self.parents_are_threads {
                self.refresh_as_falco(tid, cut);
            } else {
                self.refresh_one(tid, cut);
            }
        }
        self.chain = chain;
    }

    /// The thread that stands for a parent: of a thread that is not its process's first one, the first one.
    pub(super) fn parent_of(&self, ppid: i64) -> Option<&Thread> {
        let parent = self.by_tid.get(&ppid)?;
        if parent.row.pid == ppid {
            return Some(parent);
        }
        self.by_tid.get(&parent.row.pid)
    }

    fn refresh_one(&mut self, tid: i64, without_parent: bool) {
        let Some(thread) = self.by_tid.get(&tid) else { return };
        let row = &thread.row;
        let mut level = 0;
        let parent = if without_parent || row.ppid <= 0 {
            None
        } else if thread.orphan {
            level = thread.level;
            row.parent.as_ref()
        } else {
            match self.by_tid.get(&row.ppid) {
                Some(parent) if parent.level < ANCESTOR_LIMIT => {
                    level = parent.level + 1;
                    Some(&parent.row)
                }
                Some(_) => None,
                None => {
                    level = thread.level;
                    row.parent.as_ref().filter(|parent| parent.pid == row.ppid)
                }
            }
        };
        // A session is led by the topmost of a line of ancestors in it.
        let leader = parent
            .filter(|parent| parent.sid == row.sid && row.sid != 0)
            .map(|parent| parent.session_leader.as_ref().unwrap_or(parent));
        let dirs = self.dirs.get(thread.dirs);
        let table = self.tables.get(thread.fds);
        let stdio = [0, 1, 2].map(|num| table.and_then(|table| table.stdio(num)));
        let same = same_row(parent, row.parent.as_ref())
            && same_row(leader, row.session_leader.as_ref())
            && dirs.is_none_or(|dirs| Arc::ptr_eq(&dirs.cwd, &row.cwd) && Arc::ptr_eq(&dirs.root, &row.root))
            && stdio.iter().zip(&row.stdio).all(|(now, then)| same_row(*now, then.as_ref()));
        let changed = (!same).then(|| (parent.cloned(), leader.cloned(), dirs.cloned(), stdio.map(|fd| fd.cloned())));
        let Some(thread) = self.by_tid.get_mut(&tid) else { return };
        thread.level = level;
        if let Some((parent, leader, dirs, stdio)) = changed {
            let row = Arc::make_mut(&mut thread.row);
            row.parent = parent;
            row.session_leader = leader;
            if let Some(dirs) = dirs {
                row.cwd = dirs.cwd;
                row.root = dirs.root;
            }
            row.stdio = stdio;
        }
    }

    /// Makes room: the half of the threads that had no event for longest is forgotten.
    fn forget_the_stalest(&mut self) {
        let middle = median(self.by_tid.values().map(|thread| thread.seen_ns));
        let mut stale: Vec<i64> =
            self.by_tid.iter().filter(|(_, thread)| thread.seen_ns <= middle).map(|(tid, _)| tid).collect();
        stale.truncate(self.limit / 2 + 1);
        for tid in stale {
            if self.parents_are_threads {
                self.forget_stale(tid);
                continue;
            }
            if let Some(pid) = self.get(tid).map(|thread| thread.row.pid) {
                self.drop_thread(tid);
                if self.members(pid).is_empty() {
                    self.end_process(pid, None);
                }
            }
        }
        if self.parents_are_threads {
            self.forget_idle_reapers();
        }
    }
}

/// The figures that a row has.
pub(super) fn memory_of(row: &ThreadRow) -> Memory {
    Memory {
        vm_size_kb: row.vm_size_kb,
        vm_rss_kb: row.vm_rss_kb,
        vm_swap_kb: row.vm_swap_kb,
        pf_major: row.pf_major,
        pf_minor: row.pf_minor,
    }
}

pub(super) fn same_row<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

pub(super) fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() { 0 } else { *values.select_nth_unstable(middle).1 }
}
