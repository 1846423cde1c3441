//! The life of threads: first meeting, clone, execve, exit, and what they change about themselves.

use std::sync::Arc;

use crate::format::row::{Container, Text, ThreadRow};
use crate::format::schema::EventKind;

use super::fd_table::{Descriptor, FdTable};
use super::params::Params;
use super::shared::SharedId;
use super::snapshot::SnapshotThread;
use super::threads::{Directories, Origin};
use super::{Leaving, State, path};
use crate::capture::raw::RawEvent;

/// Falco's clone flags (`clone_flags`).
pub(super) mod clone_flag {
    pub(crate) const FILES: u32 = 1;
    pub(crate) const FS: u32 = 2;
    pub(crate) const NEWPID: u32 = 64;
    pub(crate) const PARENT: u32 = 256;
    pub(crate) const THREAD: u32 = 8192;
    pub(crate) const NEWUSER: u32 = 1_048_576;
    pub(crate) const VFORK: u32 = 134_217_728;
    pub(crate) const CHILD_IN_PIDNS: u32 = 536_870_912;
}

/// Where a thread's chain of unknown parents is looked up, so many of them.
const LOOK_UP_DEPTH: usize = 64;

/// "No user id": a loginuid that is not set, an id that a call leaves alone.
pub(super) const NO_ID: u32 = u32::MAX;

/// `value`, but the text already at hand if it is the same: most of what a child has is its parent's.
fn share(value: &[u8], known: &Text) -> Text {
    if **known == *value { Arc::clone(known) } else { Text::from(value) }
}

/// A row that says little more than the thread's id.
fn bare_row(tid: i64, pid: i64) -> ThreadRow {
    ThreadRow { tid, pid, vtid: tid, vpid: pid, loginuid: NO_ID, fdlimit: -1, ..ThreadRow::default() }
}

/// What a child inherits, as it was when its parent's clone returned.
#[derive(Debug)]
pub(super) struct ExpectedChild {
    row: Arc<ThreadRow>,
    fds: FdTable,
    dirs: Directories,
}

impl State {
    /// Makes sure that the event's thread is known.
    pub(super) fn meet_thread(&mut self, raw: &RawEvent<'_>) {
        let pid = if raw.pid > 0 { raw.pid } else { 0 };
        if let Some(thread) = self.threads.get_mut(raw.tid) {
            thread.seen_ns = raw.ts_ns;
            // The number may have been given to a thread of another process while events were lost.
            if pid == 0 || pid == thread.row.pid {
                return;
            }
        }
        if raw.kind != EventKind::PROCEXIT && self.look_up(raw.tid, pid, raw.ts_ns) {
            return;
        }
        let pid = if pid == 0 { raw.tid } else { pid };
        self.add_unseen(raw.tid, pid, raw.ts_ns);
    }

    /// Adds a thread whose beginning was not seen, as a thread of its process if that is known.
    pub(super) fn add_unseen(&mut self, tid: i64, pid: i64, ts_ns: u64) {
        if tid != pid
            && let Some(main) = self.threads.get(pid)
        {
            let row = ThreadRow { tid, vtid: tid, clone_ts_ns: 0, ..(*main.row).clone() };
            let (fds, dirs) = (main.fds, main.dirs);
            let (fds, dirs) = (self.threads.tables.retain(fds), self.threads.dirs.retain(dirs));
            self.threads.insert(row, fds, dirs, Origin::Placeholder, ts_ns);
            return;
        }
        let fds = self.threads.tables.add(FdTable::default());
        let dirs = self.threads.dirs.add(Directories::default());
        self.threads.insert(bare_row(tid, pid), fds, dirs, Origin::Placeholder, ts_ns);
    }

    /// Asks the process source for a thread and for its ancestors.
    fn look_up(&mut self, tid: i64, pid: i64, ts_ns: u64) -> bool {
        let Some(mut source) = self.source.take() else { return false };
        let mut wanted = (tid, pid);
        let mut found = false;
        for _ in 0..LOOK_UP_DEPTH {
            let Some(thread) = source.look_up(wanted.0, wanted.1) else { break };
            if thread.row.tid != wanted.0 {
                break;
            }
            found = true;
            let (own_pid, ppid) = (thread.row.pid, thread.row.ppid);
            if own_pid != wanted.0
                && self.threads.get(own_pid).is_none()
                && let Some(main) = source.look_up(own_pid, own_pid).filter(|main| main.row.tid == own_pid)
            {
                self.add_known_thread(main, ts_ns);
            }
            self.add_known_thread(thread, ts_ns);
            if ppid <= 0 || self.threads.get(ppid).is_some() {
                break;
            }
            wanted = (ppid, ppid);
        }
        self.source = Some(source);
        found
    }

    /// Adds a thread of which everything is known.
    pub(super) fn add_known_thread(&mut self, known: SnapshotThread, ts_ns: u64) {
        let SnapshotThread { mut row, uid, gid, fds } = known;
        rename_io_controller(&row.cgroups, &mut self.path);
        if *row.cgroups != *self.path {
            row.cgroups = Text::from(self.path.as_slice());
        }
        self.fill_references(&mut row, uid, gid, ts_ns);
        let main = if row.tid == row.pid { None } else { self.threads.get(row.pid) };
        let shared = main.map(|main| (main.fds, main.dirs));
        let fds = match shared {
            Some((table, _)) if fds.is_empty() => self.threads.tables.retain(table),
            _ => {
                let mut table = FdTable::default();
                for fd in fds {
                    table.insert(Descriptor::new(Arc::new(fd.row), fd.close_on_exec));
                }
                self.threads.tables.add(table)
            }
        };
        let same_directories = shared.filter(|&(_, dirs)| {
            self.threads.dirs.get(dirs).is_some_and(|dirs| dirs.cwd == row.cwd && dirs.root == row.root)
        });
        let dirs = match same_directories {
            Some((_, dirs)) => self.threads.dirs.retain(dirs),
            None => self.threads.dirs.add(Directories { cwd: Arc::clone(&row.cwd), root: Arc::clone(&row.root) }),
        };
        self.threads.insert(row, fds, dirs, Origin::Snapshot, ts_ns);
    }

    /// Sets user, group, login user and container of a row from numbers and cgroups.
    fn fill_references(&mut self, row: &mut ThreadRow, uid: u32, gid: u32, ts_ns: u64) {
        self.set_container_of(row, ts_ns);
        let container = row.container.as_ref();
        row.user = Some(self.users.user(uid, container));
        row.group = Some(self.users.group(gid, container));
        row.login_user = (row.loginuid != NO_ID).then(|| self.users.user(row.loginuid, container));
    }

    /// Sets a row's container from its cgroups.
    fn set_container_of(&mut self, row: &mut ThreadRow, ts_ns: u64) {
        let State { containers, threads, .. } = self;
        let has_threads = |container: &Arc<Container>| threads.has_container(container);
        row.container = containers.find(&row.cgroups, row.container.as_ref(), ts_ns, has_threads);
    }

    /// Takes over a row's cgroups if they changed, and says whether they did.
    pub(super) fn set_cgroups(&mut self, row: &mut ThreadRow, cgroups: Option<&[u8]>, ts_ns: u64) -> bool {
        let Some(cgroups) = cgroups else { return false };
        rename_io_controller(cgroups, &mut self.path);
        if *row.cgroups == *self.path {
            return false;
        }
        row.cgroups = Text::from(self.path.as_slice());
        self.set_container_of(row, ts_ns);
        true
    }

    /// A return from clone, clone3, fork or vfork, in the parent or in the child.
    pub(super) fn follow_clone(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        match params.int(0) {
            Some(0) => self.follow_clone_in_child(raw, params),
            Some(child) if child > 0 => self.follow_clone_in_parent(raw, params, child),
            Some(_) | None => {}
        }
    }

    fn follow_clone_in_parent(&mut self, raw: &RawEvent<'_>, params: Params<'_>, child: i64) {
        let flags = params.word(15).unwrap_or(0);
        let Some(caller) = self.threads.get(raw.tid) else { return };
        let is_thread = flags & clone_flag::THREAD != 0;
        let pid = if is_thread { caller.row.pid } else { child };
        let ppid = if is_thread || flags & clone_flag::PARENT != 0 { caller.row.ppid } else { caller.row.pid };
        if self.threads.early_exits.take((ppid, child)).is_some() {
            return;
        }
        // Below a pid namespace the result is not the child's number on the host.
        if flags & clone_flag::CHILD_IN_PIDNS != 0 || params.int(18).is_some_and(|vtid| vtid != raw.tid) {
            self.expect_child(raw, flags, (ppid, child));
            return;
        }
        let Some(caller) = self.threads.get(raw.tid) else { return };
        let (template, fds, dirs) = (Arc::clone(&caller.row), caller.fds, caller.dirs);
        if let Some(known) = self.threads.get_mut(child) {
            let seen = match known.origin {
                Origin::ChildClone => true,
                Origin::Snapshot => known.row.pid == pid && known.row.ppid == ppid,
                Origin::Placeholder | Origin::ParentClone | Origin::Settled => false,
            };
            if seen {
                known.origin = Origin::Settled;
                return;
            }
        }
        let first_of_namespace = flags & clone_flag::NEWPID != 0;
        let mut row = (*template).clone();
        row.tid = child;
        row.pid = pid;
        row.ppid = ppid;
        row.vtid = if first_of_namespace { 1 } else { child };
        row.vpid = if is_thread { template.vpid } else { row.vtid };
        self.dress_child(&mut row, raw, params);
        self.add_child(row, flags, (fds, dirs), Origin::ParentClone, raw.ts_ns);
    }

    /// In a pid namespace the parent's return tells the child's number there only. What the parent had at that
    /// moment is kept until the child's own return: by then the parent may have closed what the child inherited.
    fn expect_child(&mut self, raw: &RawEvent<'_>, flags: u32, (ppid, vtid): (i64, i64)) {
        if flags & (clone_flag::THREAD | clone_flag::FILES) != 0 {
            return;
        }
        let mut children = self.threads.children(ppid).iter();
        let known = children.find(|&&child| {
            self.threads.get(child).is_some_and(|child| child.row.vtid == vtid && child.origin == Origin::ChildClone)
        });
        if let Some(&known) = known {
            if let Some(child) = self.threads.get_mut(known) {
                child.origin = Origin::Settled;
            }
            return;
        }
        let Some(caller) = self.threads.get(raw.tid) else { return };
        let expected = ExpectedChild {
            row: Arc::clone(&caller.row),
            fds: self.threads.tables.get(caller.fds).cloned().unwrap_or_default(),
            dirs: self.threads.dirs.get(caller.dirs).cloned().unwrap_or_default(),
        };
        self.expected.insert((ppid, vtid), expected, raw.ts_ns);
    }

    fn follow_clone_in_child(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        let tid = raw.tid;
        let flags = params.word(15).unwrap_or(0);
        let pid = params.int(4).filter(|&pid| pid > 0).or((raw.pid > 0).then_some(raw.pid)).unwrap_or(tid);
        let parent_tid = params.int_or_zero(5);
        if let Some(known) = self.threads.get(tid)
            && known.origin == Origin::ParentClone
            && known.row.pid == pid
        {
            // The rest is as the parent's return said.
            let before = Arc::clone(&known.row);
            let mut row = (*before).clone();
            set_namespace_ids(&mut row, params);
            if row != *before {
                self.threads.edit(tid, |old| *old = row);
            }
            if let Some(known) = self.threads.get_mut(tid) {
                known.origin = Origin::Settled;
            }
            self.threads.learn_parent(tid, parent_tid);
            return;
        }
        let is_thread = pid != tid;
        if !is_thread
            && let Some(vtid) = params.int(18)
            && let Some(expected) = self.expected.take((parent_tid, vtid))
        {
            let mut row = (*expected.row).clone();
            row.tid = tid;
            row.pid = pid;
            row.ppid = parent_tid;
            set_namespace_ids(&mut row, params);
            self.dress_child(&mut row, raw, params);
            let fds = self.threads.tables.add(expected.fds);
            let dirs = self.threads.dirs.add(expected.dirs);
            self.threads.insert(row, fds, dirs, Origin::Settled, raw.ts_ns);
            return;
        }
        let template = self.threads.get(if is_thread { pid } else { parent_tid });
        let (mut row, shared) = match template {
            Some(template) => ((*template.row).clone(), Some((template.fds, template.dirs))),
            None => (bare_row(tid, pid), None),
        };
        row.tid = tid;
        row.pid = pid;
        if !is_thread {
            row.ppid = template.map_or(parent_tid, |parent| parent.row.pid);
        } else if template.is_none() {
            row.ppid = parent_tid;
        }
        row.vtid = tid;
        row.vpid = pid;
        set_namespace_ids(&mut row, params);
        self.dress_child(&mut row, raw, params);
        let origin = Origin::ChildClone;
        if let Some(shared) = shared {
            self.add_child(row, flags, shared, origin, raw.ts_ns);
        } else {
            let fds = self.threads.tables.add(FdTable::default());
            let dirs = self.threads.dirs.add(Directories::default());
            self.threads.insert(row, fds, dirs, origin, raw.ts_ns);
        }
    }

    /// What a clone event tells of the child.
    fn dress_child(&mut self, row: &mut ThreadRow, raw: &RawEvent<'_>, params: Params<'_>) {
        let set_text = |text: &mut Text, at: usize| {
            if let Some(bytes) = params.bytes(at) {
                *text = share(bytes, text);
            }
        };
        set_text(&mut row.exe, 1);
        set_text(&mut row.args, 2);
        set_text(&mut row.comm, 13);
        if let Some(limit) = params.int(7) {
            row.fdlimit = limit;
        }
        set_memory(row, params, 8);
        row.clone_ts_ns = raw.ts_ns;
        let moved = self.set_cgroups(row, params.bytes(14), raw.ts_ns);
        let known_uid = row.user.as_ref().map(|user| user.uid);
        let known_gid = row.group.as_ref().map(|group| group.gid);
        let uid = params.word(16).or(known_uid);
        let gid = params.word(17).or(known_gid);
        let container = row.container.as_ref();
        if moved || uid != known_uid {
            row.user = uid.map(|uid| self.users.user(uid, container));
        }
        if moved || gid != known_gid {
            row.group = gid.map(|gid| self.users.group(gid, container));
        }
    }

    /// Adds a cloned thread, with the tables of `shared` or copies of them as `flags` say.
    fn add_child(&mut self, row: ThreadRow, flags: u32, shared: (SharedId, SharedId), origin: Origin, ts_ns: u64) {
        let is_thread = row.tid != row.pid;
        let threads = &mut self.threads;
        let fds = if is_thread || flags & clone_flag::FILES != 0 {
            threads.tables.retain(shared.0)
        } else {
            let copy = threads.tables.get(shared.0).cloned().unwrap_or_default();
            threads.tables.add(copy)
        };
        let dirs = if is_thread || flags & clone_flag::FS != 0 {
            threads.dirs.retain(shared.1)
        } else {
            let copy = threads.dirs.get(shared.1).cloned().unwrap_or_default();
            threads.dirs.add(copy)
        };
        threads.insert(row, fds, dirs, origin, ts_ns);
    }

    /// A successful execve or execveat.
    pub(super) fn follow_exec(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        if params.failed(0) {
            return;
        }
        let tid = raw.tid;
        let Some(thread) = self.threads.get(tid) else { return };
        let pid = thread.row.pid;
        // The kernel has given the caller the first thread's number by the time execve returns.
        if pid == tid {
            self.threads.remove_other_members(pid);
        }
        self.threads.unshare(tid, true, false);
        if let Some(table) = self.threads.table_mut(tid) {
            table.retain(|_, descriptor| !descriptor.close_on_exec);
        }
        if let Some(cwd) = params.bytes(6).filter(|cwd| cwd.first() == Some(&b'/')) {
            self.set_cwd(tid, cwd);
        }
        let Some(thread) = self.threads.get(tid) else { return };
        let mut row = (*thread.row).clone();
        let set_text = |text: &mut Text, at: usize| {
            if let Some(bytes) = params.bytes(at) {
                *text = share(bytes, text);
            }
        };
        set_text(&mut row.exe, 1);
        set_text(&mut row.comm, 13);
        set_text(&mut row.exepath, 27);
        // No arguments is an answer, too.
        row.args = share(params.bytes(2).unwrap_or_default(), &row.args);
        row.env = share(params.bytes(15).unwrap_or_default(), &row.env);
        if params.bytes(27).is_none_or(<[u8]>::is_empty)
            && let Some(filename) = params.bytes(30)
        {
            let cwd = self.cwd(tid);
            path::resolve(&cwd, filename, &mut self.path);
            row.exepath = share(&self.path, &row.exepath);
        }
        if let Some(limit) = params.int(7) {
            row.fdlimit = limit;
        }
        set_memory(&mut row, params, 8);
        row.tty = params.word(16).unwrap_or(row.tty);
        row.vpgid = params.int(17).unwrap_or(row.vpgid);
        row.loginuid = params.word(18).unwrap_or(row.loginuid);
        row.exe_flags = params.word(19).unwrap_or(row.exe_flags);
        row.cap_inheritable = params.bits(20).unwrap_or(row.cap_inheritable);
        row.cap_permitted = params.bits(21).unwrap_or(row.cap_permitted);
        row.cap_effective = params.bits(22).unwrap_or(row.cap_effective);
        row.exe_ino = params.bits(23).unwrap_or(row.exe_ino);
        row.exe_ino_ctime_ns = params.bits(24).unwrap_or(row.exe_ino_ctime_ns);
        row.exe_ino_mtime_ns = params.bits(25).unwrap_or(row.exe_ino_mtime_ns);
        row.pgid = params.int(28).unwrap_or(row.pgid);
        self.set_cgroups(&mut row, params.bytes(14), raw.ts_ns);
        let uid = params.word(26).or(row.user.as_ref().map(|user| user.uid)).unwrap_or(NO_ID);
        let gid = params.word(29).or(row.group.as_ref().map(|group| group.gid)).unwrap_or(NO_ID);
        self.fill_references(&mut row, uid, gid, raw.ts_ns);
        self.threads.edit(tid, |old| *old = row);
        self.threads.learn_parent(tid, params.int_or_zero(5));
        self.recognise_probe(tid);
    }

    /// The end of a thread. It is still there for this event.
    pub(super) fn follow_exit(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        let Some(thread) = self.threads.get(raw.tid) else { return };
        if thread.origin == Origin::ChildClone {
            let key = (thread.row.ppid, thread.row.vtid);
            self.threads.early_exits.insert(key, (), raw.ts_ns);
        }
        self.leaving = Some(Leaving::Thread { tid: raw.tid, reaper_tid: params.int(4) });
    }
}

/// Copies `SUBSYSTEM=PATH` strings; the `io` controller keeps the name that it had in the first cgroup version, by
/// which rules know it.
fn rename_io_controller(cgroups: &[u8], out: &mut Vec<u8>) {
    out.clear();
    for entry in cgroups.split_inclusive(|&byte| byte == 0) {
        if entry.starts_with(b"io=") {
            out.extend_from_slice(b"blk");
        }
        out.extend_from_slice(entry);
    }
}

/// What only the child's own return from clone tells: its numbers in its pid namespace.
fn set_namespace_ids(row: &mut ThreadRow, params: Params<'_>) {
    row.vtid = params.int(18).unwrap_or(row.vtid);
    row.vpid = params.int(19).unwrap_or(row.vpid);
    row.pidns_init_start_ns = params.bits(20).unwrap_or(row.pidns_init_start_ns);
}

/// Page faults and memory figures, which lie in a row of five parameters in clone and execve.
pub(super) fn set_memory(row: &mut ThreadRow, params: Params<'_>, first: usize) {
    row.pf_major = params.bits(first).unwrap_or(row.pf_major);
    row.pf_minor = params.bits(first + 1).unwrap_or(row.pf_minor);
    set_memory_size(row, params, first + 2);
}

/// Virtual, resident and swapped size, three parameters in a row.
fn set_memory_size(row: &mut ThreadRow, params: Params<'_>, first: usize) {
    row.vm_size_kb = params.bits(first).unwrap_or(row.vm_size_kb);
    row.vm_rss_kb = params.bits(first + 1).unwrap_or(row.vm_rss_kb);
    row.vm_swap_kb = params.bits(first + 2).unwrap_or(row.vm_swap_kb);
}
