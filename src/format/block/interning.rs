//! Dimension rows of a block under construction: each distinct row once, numbered by first use.
//!
//! A row is looked up by its address first (the same `Arc` comes again and again), then by content, so that equal rows
//! made twice are one. Rows that a row refers to are interned before it: a reference into the same table always points
//! to a smaller row number, which is what makes cycles impossible in a file.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::format::keyed_hash::KeyedState;
use crate::format::row::{Container, FdRow, GroupRow, ThreadRow, UserRow};

use super::sizes::room_for;

/// No row.
const NO_ROW: u32 = u32::MAX;

/// Addresses that are remembered: a power of two.
const RECENT: usize = 256;

/// What a thread row refers to, as row numbers of the block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct ThreadRefs {
    pub(super) parent: Option<u32>,
    pub(super) session_leader: Option<u32>,
    pub(super) group_leader: Option<u32>,
    pub(super) inner_group_leader: Option<u32>,
    pub(super) stdio: [Option<u32>; 3],
    pub(super) user: Option<u32>,
    pub(super) group: Option<u32>,
    pub(super) login_user: Option<u32>,
    pub(super) container: Option<u32>,
}

/// Where an address is remembered. Rows lie at multiples of 16 bytes.
fn recent_place(address: usize) -> usize {
    (address >> 4) % RECENT
}

/// Rows of one dimension. Content is compared by `T`'s equality and a hash of `T`.
#[derive(Debug)]
pub(super) struct RowSet<T> {
    rows: Vec<Arc<T>>,
    by_address: FxHashMap<usize, u32>,
    /// The last row with each hash of its content. The hash is keyed: rows hold text from programs that may be hostile.
    by_content: FxHashMap<u64, u32>,
    /// For each row the one before it with the same hash, or [`NO_ROW`].
    same_hash: Vec<u32>,
    hasher: KeyedState,
    /// Addresses asked for lately with their answers, each where its lower bits say: the next events are often of the
    /// same threads and descriptors.
    recent: Box<[(usize, u32); RECENT]>,
    /// Rows that are kept alive only because an address of theirs is known.
    aliases: Vec<Arc<T>>,
}

impl<T> Default for RowSet<T> {
    fn default() -> RowSet<T> {
        RowSet {
            rows: Vec::new(),
            by_address: FxHashMap::default(),
            by_content: FxHashMap::default(),
            same_hash: Vec::new(),
            hasher: KeyedState::default(),
            recent: Box::new([(0, 0); RECENT]),
            aliases: Vec::new(),
        }
    }
}

impl<T> RowSet<T> {
    /// An empty set with room for as many rows.
    fn successor(&self) -> RowSet<T> {
        let rows = room_for(self.rows.len());
        RowSet {
            rows: Vec::with_capacity(rows),
            by_address: FxHashMap::with_capacity_and_hasher(room_for(self.by_address.len()), FxBuildHasher),
            by_content: FxHashMap::with_capacity_and_hasher(rows, FxBuildHasher),
            same_hash: Vec::with_capacity(rows),
            ..RowSet::default()
        }
    }

    pub(super) fn rows(&self) -> &[Arc<T>] {
        &self.rows
    }

    /// The number of a row that was asked for lately.
    #[inline]
    fn recently(&self, row: &Arc<T>) -> Option<u32> {
        let address = Arc::as_ptr(row) as usize;
        let (known, number) = self.recent[recent_place(address)];
        (known == address).then_some(number)
    }

    fn known(&mut self, row: &Arc<T>) -> Option<u32> {
        if let Some(number) = self.recently(row) {
            return Some(number);
        }
        let address = Arc::as_ptr(row) as usize;
        let number = *self.by_address.get(&address)?;
        self.recent[recent_place(address)] = (address, number);
        Some(number)
    }

    /// Adds a row whose address is new: an equal one's number, or the next.
    fn add(&mut self, row: &Arc<T>, hash: u64, equals: impl Fn(&Arc<T>, u32) -> bool) -> (u32, bool) {
        let address = Arc::as_ptr(row) as usize;
        let next = self.rows.len() as u32;
        let newest = self.by_content.entry(hash).or_insert(NO_ROW);
        let mut number = *newest;
        while let Some(candidate) = self.rows.get(number as usize)
            && !equals(candidate, number)
        {
            number = self.same_hash.get(number as usize).copied().unwrap_or(NO_ROW);
        }
        let is_new = number == NO_ROW;
        // Kept alive either way: a freed row's address could come back as another row's.
        if is_new {
            number = next;
            self.same_hash.push(std::mem::replace(newest, next));
            self.rows.push(Arc::clone(row));
        } else {
            self.aliases.push(Arc::clone(row));
        }
        self.by_address.insert(address, number);
        self.recent[recent_place(address)] = (address, number);
        (number, is_new)
    }
}

impl<T: Eq + Hash> RowSet<T> {
    fn intern(&mut self, row: &Arc<T>) -> (u32, bool) {
        if let Some(number) = self.known(row) {
            return (number, false);
        }
        self.add(row, self.hasher.hash_one(row), |candidate, _| candidate == row)
    }
}

/// All dimension rows of a block.
#[derive(Debug, Default)]
pub(super) struct Interned {
    pub(super) threads: RowSet<ThreadRow>,
    pub(super) thread_refs: Vec<ThreadRefs>,
    pub(super) fds: RowSet<FdRow>,
    pub(super) containers: RowSet<Container>,
    pub(super) users: RowSet<UserRow>,
    pub(super) groups: RowSet<GroupRow>,
    /// About how many bytes the rows' own values take.
    pub(super) approx_bytes: usize,
}

impl Interned {
    /// Nothing, with room for as many rows.
    pub(super) fn successor(&self) -> Interned {
        Interned {
            threads: self.threads.successor(),
            thread_refs: Vec::with_capacity(room_for(self.thread_refs.len())),
            fds: self.fds.successor(),
            ..Interned::default()
        }
    }

    /// The number of a descriptor row.
    #[inline]
    pub(super) fn fd(&mut self, row: &Arc<FdRow>) -> u32 {
        self.fds.recently(row).unwrap_or_else(|| self.look_up_fd(row))
    }

    fn look_up_fd(&mut self, row: &Arc<FdRow>) -> u32 {
        let (number, is_new) = self.fds.intern(row);
        if is_new {
            self.approx_bytes += 128 + row.name.len() + row.name_raw.len();
        }
        number
    }

    /// Makes users and groups rows of the block.
    #[inline]
    pub(super) fn accounts(&mut self, users: &[Arc<UserRow>], groups: &[Arc<GroupRow>]) {
        for user in users {
            self.users.intern(user);
        }
        for group in groups {
            self.groups.intern(group);
        }
    }

    /// The number of a thread row; it and all that it refers to are rows of the block afterwards.
    #[inline]
    pub(super) fn thread(&mut self, row: &Arc<ThreadRow>) -> u32 {
        self.threads.recently(row).unwrap_or_else(|| self.look_up_thread(row))
    }

    fn look_up_thread(&mut self, row: &Arc<ThreadRow>) -> u32 {
        if let Some(number) = self.threads.known(row) {
            return number;
        }
        // By hand instead of by recursion: a chain of ancestors may be as long as the machine has processes.
        let mut waiting = vec![Arc::clone(row)];
        let mut number = 0;
        while let Some(row) = waiting.last().cloned() {
            if let Some(known) = self.threads.known(&row) {
                number = known;
                waiting.pop();
                continue;
            }
            let before = waiting.len();
            let above = [&row.parent, &row.session_leader, &row.group_leader, &row.inner_group_leader];
            for above in above.into_iter().flatten() {
                if self.threads.known(above).is_none() {
                    waiting.push(Arc::clone(above));
                }
            }
            if waiting.len() == before {
                number = self.add_thread(&row);
                waiting.pop();
            }
        }
        number
    }

    /// Adds a thread row whose parent and session leader are known already.
    fn add_thread(&mut self, row: &Arc<ThreadRow>) -> u32 {
        let mut of_thread = |above: &Option<Arc<ThreadRow>>| above.as_ref().and_then(|above| self.threads.known(above));
        let parent = of_thread(&row.parent);
        let session_leader = of_thread(&row.session_leader);
        let (group_leader, inner_group_leader) = (of_thread(&row.group_leader), of_thread(&row.inner_group_leader));
        let stdio = [0, 1, 2].map(|at: usize| row.stdio[at].as_ref().map(|fd| self.fd(fd)));
        let refs = ThreadRefs {
            parent,
            session_leader,
            group_leader,
            inner_group_leader,
            stdio,
            user: row.user.as_ref().map(|user| self.users.intern(user).0),
            group: row.group.as_ref().map(|group| self.groups.intern(group).0),
            login_user: row.login_user.as_ref().map(|user| self.users.intern(user).0),
            container: row.container.as_ref().map(|container| self.containers.intern(container).0),
        };
        let thread_refs = &self.thread_refs;
        let (number, is_new) =
            self.threads.add(row, hash_thread(&self.threads.hasher, row, &refs), |candidate, number| {
                thread_refs.get(number as usize) == Some(&refs) && same_thread(candidate, row)
            });
        if is_new {
            self.thread_refs.push(refs);
            self.approx_bytes += 512 + row.args.len() + row.env.len() + row.cwd.len() + row.cgroups.len();
        }
        number
    }
}

/// Hash of what tells rows of one process apart most: not all of it, and nothing that it refers to by content.
fn hash_thread(state: &KeyedState, row: &ThreadRow, refs: &ThreadRefs) -> u64 {
    let mut hasher = state.build_hasher();
    (row.tid, row.pid, row.ppid, row.clone_ts_ns, row.exe_ino).hash(&mut hasher);
    (row.vm_size_kb, row.vm_rss_kb, row.pf_minor).hash(&mut hasher);
    (&row.comm, &row.exepath, &row.args, &row.cwd).hash(&mut hasher);
    refs.hash(&mut hasher);
    hasher.finish()
}

/// Whether two rows say the same, their references apart.
fn same_thread(a: &ThreadRow, b: &ThreadRow) -> bool {
    // Taken apart so that a new field does not compile until it is compared.
    let ThreadRow {
        tid,
        pid,
        ppid,
        parent: _,
        session_leader: _,
        group_leader: _,
        inner_group_leader: _,
        vtid,
        vpid,
        pgid,
        vpgid,
        sid,
        tty,
        loginuid,
        comm,
        exe,
        exepath,
        args,
        env,
        cwd,
        root,
        cgroups,
        cap_inheritable,
        cap_permitted,
        cap_effective,
        exe_flags,
        exe_ino,
        exe_ino_ctime_ns,
        exe_ino_mtime_ns,
        clone_ts_ns,
        pidns_init_start_ns,
        fdlimit,
        vm_size_kb,
        vm_rss_kb,
        vm_swap_kb,
        pf_major,
        pf_minor,
        stdio: _,
        user: _,
        group: _,
        login_user: _,
        container: _,
        probe,
    } = a;
    let numbers = (*tid, *pid, *ppid, *vtid, *vpid, *pgid, *vpgid, *sid, *fdlimit)
        == (b.tid, b.pid, b.ppid, b.vtid, b.vpid, b.pgid, b.vpgid, b.sid, b.fdlimit)
        && (*tty, *loginuid, *exe_flags) == (b.tty, b.loginuid, b.exe_flags)
        && (*cap_inheritable, *cap_permitted, *cap_effective) == (b.cap_inheritable, b.cap_permitted, b.cap_effective)
        && (*exe_ino, *exe_ino_ctime_ns, *exe_ino_mtime_ns) == (b.exe_ino, b.exe_ino_ctime_ns, b.exe_ino_mtime_ns)
        && (*clone_ts_ns, *pidns_init_start_ns) == (b.clone_ts_ns, b.pidns_init_start_ns)
        && (*vm_size_kb, *vm_rss_kb, *vm_swap_kb) == (b.vm_size_kb, b.vm_rss_kb, b.vm_swap_kb)
        && (*pf_major, *pf_minor, *probe) == (b.pf_major, b.pf_minor, b.probe);
    let same_text = |one: &Arc<[u8]>, other: &Arc<[u8]>| Arc::ptr_eq(one, other) || one == other;
    numbers
        && [(comm, &b.comm), (exe, &b.exe), (exepath, &b.exepath), (args, &b.args), (env, &b.env)]
            .into_iter()
            .chain([(cwd, &b.cwd), (root, &b.root), (cgroups, &b.cgroups)])
            .all(|(one, other)| same_text(one, other))
}
