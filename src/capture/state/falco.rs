//! Threads as Falco follows them, for captures whose alerts are to be Falco's.
//!
//! It differs from the kernel's account (`lifecycle`) in this: a parent is a thread, not a process; a child copies its
//! parent's descriptors when its own return from clone is seen, whatever the clone flags say; execve does not tell the
//! working directory; threads whose beginning was not seen have neither process nor parent.

use crate::format::row::{Text, ThreadRow};
use crate::format::schema::{EVENTS, EventKind, EventSource, KIND_LIMIT};

use super::fd_table::FdTable;
use super::lifecycle::{NO_ID, clone_flag, set_memory};
use super::params::Params;
use super::threads::{Directories, Origin, memory_of};
use super::{Leaving, State, path};
use crate::capture::raw::RawEvent;

/// What Falco says where a text is not known.
pub(super) const UNKNOWN_NAME: &[u8] = b"<NA>";

/// A thread that was cloned longer ago than this is another one with the same number.
const CLONE_STALE_NS: u64 = 2_000_000_000;

/// All capabilities up to the last one that the kernel knows (`CAP_CHECKPOINT_RESTORE`).
const ALL_CAPABILITIES: u64 = (1 << 41) - 1;

/// How Falco finds the thread of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Search {
    /// It has none.
    Nobody,
    /// The thread if it is known.
    Known,
    /// The thread, added as one of which nothing is known if need be.
    Added,
}

/// By kind.
static SEARCHES: [Search; KIND_LIMIT] = {
    let mut searches = [Search::Nobody; KIND_LIMIT];
    let mut at = 0;
    while at < EVENTS.len() {
        let info = &EVENTS[at];
        searches[info.kind.0 as usize] = search_of(info.kind, info.source);
        at += 1;
    }
    searches
};

const fn search_of(kind: EventKind, source: EventSource) -> Search {
    match kind {
        EventKind::CLONE
        | EventKind::CLONE3
        | EventKind::FORK
        | EventKind::VFORK
        | EventKind::PROCEXIT
        | EventKind::SWITCH
        | EventKind::PROCINFO => Search::Known,
        EventKind::SCAPEVENT => Search::Added,
        _ => match source {
            EventSource::Syscall | EventSource::Tracepoint | EventSource::Iterator => Search::Added,
            EventSource::Meta | EventSource::Internal | EventSource::Plugin => Search::Nobody,
        },
    }
}

impl State {
    /// Finds the event's thread; whether it has one.
    #[inline]
    pub(super) fn meet_as_falco(&mut self, raw: &RawEvent<'_>) -> bool {
        let search = SEARCHES.get(usize::from(raw.kind.0)).copied().unwrap_or(Search::Nobody);
        if search == Search::Nobody {
            return false;
        }
        if let Some(thread) = self.threads.get_mut(raw.tid) {
            thread.seen_ns = raw.ts_ns;
            return true;
        }
        self.meet_stranger(raw, search)
    }

    #[cold]
    fn meet_stranger(&mut self, raw: &RawEvent<'_>, search: Search) -> bool {
        match search {
            Search::Nobody => false,
            Search::Known => {
                matches!(raw.kind, EventKind::CLONE | EventKind::CLONE3 | EventKind::FORK | EventKind::VFORK)
                    && !Params(raw.params).failed(0)
            }
            Search::Added => {
                self.get_or_add(raw.tid, raw.ts_ns);
                true
            }
        }
    }

    /// Makes sure that a thread is known, as one of which nothing is known if need be.
    fn get_or_add(&mut self, tid: i64, ts_ns: u64) {
        if self.threads.get(tid).is_some() {
            return;
        }
        let nobody = self.users.user(NO_ID, None);
        let nobodies = self.users.group(NO_ID, None);
        let row = ThreadRow {
            tid,
            pid: -1,
            ppid: -1,
            vtid: -1,
            vpid: -1,
            pgid: -1,
            vpgid: -1,
            sid: -1,
            loginuid: NO_ID,
            // Falco asks the first thread of the process, and there is none.
            fdlimit: 0,
            comm: Text::from(UNKNOWN_NAME),
            exe: Text::from(UNKNOWN_NAME),
            root: Text::from(*b"/"),
            user: Some(nobody),
            group: Some(nobodies),
            ..ThreadRow::default()
        };
        let fds = self.threads.tables.add(FdTable::default());
        let dirs = self.threads.dirs.add(Directories { cwd: Text::default(), root: Text::from(*b"/") });
        self.threads.insert_known(row, fds, dirs, Origin::Placeholder, ts_ns);
    }

    /// A return from clone, clone3, fork or vfork.
    pub(super) fn clone_as_falco(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        match params.int(0) {
            Some(0) => self.clone_as_falco_in_child(raw, params),
            Some(child) if child > 0 => self.clone_as_falco_in_parent(raw, params, child),
            Some(_) | None => {}
        }
    }

    fn clone_as_falco_in_parent(&mut self, raw: &RawEvent<'_>, params: Params<'_>, child: i64) {
        self.get_or_add(raw.tid, raw.ts_ns);
        let flags = params.word(15).unwrap_or(0);
        let Some(caller) = self.threads.get(raw.tid) else { return };
        let is_known = caller.origin != Origin::Placeholder;
        if !is_known {
            self.threads.edit(raw.tid, |row| {
                row.pid = params.int(4).unwrap_or(row.pid);
                row.ppid = params.int(5).unwrap_or(row.ppid);
                row.vtid = params.int(18).unwrap_or(row.tid);
                row.vpid = params.int(19).unwrap_or(-1);
            });
            self.threads.settle(raw.tid);
        }
        let Some(caller) = self.threads.get(raw.tid) else { return };
        let elsewhere = clone_flag::CHILD_IN_PIDNS | clone_flag::NEWPID | clone_flag::PARENT | clone_flag::VFORK;
        if flags & elsewhere != 0 || raw.tid != caller.row.vtid || raw.kind == EventKind::VFORK {
            return;
        }
        match self.threads.get(child).map(|known| known.origin) {
            Some(Origin::ChildClone) => return,
            Some(Origin::Snapshot | Origin::Placeholder | Origin::ParentClone | Origin::Settled) => {
                self.threads.remove_as_falco(child, None);
            }
            None => {}
        }
        let Some(caller) = self.threads.get(raw.tid) else { return };
        let is_thread = flags & clone_flag::THREAD != 0;
        let mut row = if is_known { (*caller.row).clone() } else { unknown_child() };
        row.pid = if is_thread { caller.row.pid } else { child };
        row.ppid = if is_thread { caller.row.ppid } else { raw.tid };
        let lookup = if is_thread { row.pid } else { raw.tid };
        row.tid = child;
        row.vtid = child;
        row.vpid = row.pid;
        row.pidns_init_start_ns = 0;
        if !is_thread && caller.row.pid != raw.tid {
            // The environment is kept with a process's first thread, and only there.
            row.env = Text::default();
        }
        self.dress_as_falco(&mut row, raw, params);
        if !is_known {
            let (exe, comm, args) = (Text::clone(&row.exe), Text::clone(&row.comm), Text::clone(&row.args));
            self.threads.edit(raw.tid, |row| (row.exe, row.comm, row.args) = (exe, comm, args));
        }
        self.add_as_falco(row, is_known.then_some(lookup), is_thread, Origin::ParentClone, raw.ts_ns);
    }

    fn clone_as_falco_in_child(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        let tid = raw.tid;
        if let Some(known) = self.threads.get(tid)
            && known.row.clone_ts_ns != 0
        {
            if raw.ts_ns.wrapping_sub(known.row.clone_ts_ns) < CLONE_STALE_NS {
                return;
            }
            self.threads.remove_as_falco(tid, None);
        }
        let flags = params.word(15).unwrap_or(0);
        let is_thread = flags & clone_flag::THREAD != 0;
        let pid = params.int(4).unwrap_or(0);
        let parent = params.int(5).unwrap_or(0);
        let lookup = if is_thread { pid } else { parent };
        let vtid = params.int(18).filter(|_| params.int(19).is_some()).unwrap_or(tid);
        let vpid = params.int(19).unwrap_or(-1);
        self.get_or_add(lookup, raw.ts_ns);
        let Some(template) = self.threads.get(lookup) else { return };
        let is_known = template.origin != Origin::Placeholder;
        let mut row = if is_known { (*template.row).clone() } else { unknown_child() };
        if !is_thread && template.row.pid != lookup {
            // The environment is kept with a process's first thread, and only there.
            row.env = Text::default();
        }
        (row.tid, row.pid, row.ppid, row.vtid, row.vpid) = (tid, pid, parent, vtid, vpid);
        let in_namespace = flags & (clone_flag::CHILD_IN_PIDNS | clone_flag::NEWPID) != 0 || tid != vtid;
        // Replaying a file, Falco does not add when the machine was started.
        row.pidns_init_start_ns = if in_namespace { params.bits(20).unwrap_or(0) } else { 0 };
        self.dress_as_falco(&mut row, raw, params);
        if !is_known && is_thread {
            let (exe, comm, args) = (Text::clone(&row.exe), Text::clone(&row.comm), Text::clone(&row.args));
            self.threads.edit(lookup, |main| {
                (main.pid, main.ppid, main.vpid, main.vtid) = (pid, parent, vpid, vpid);
                (main.exe, main.comm, main.args) = (exe, comm, args);
            });
            self.threads.settle(lookup);
        }
        self.add_as_falco(row, is_known.then_some(lookup), is_thread, Origin::ChildClone, raw.ts_ns);
    }

    /// What a clone event tells of the child.
    fn dress_as_falco(&mut self, row: &mut ThreadRow, raw: &RawEvent<'_>, params: Params<'_>) {
        row.exe = Text::from(params.bytes(1).unwrap_or_default());
        row.args = Text::from(params.bytes(2).unwrap_or_default());
        row.comm = params.bytes(13).map_or_else(|| Text::clone(&row.exe), Text::from);
        row.fdlimit = params.int(7).unwrap_or(0);
        (row.pf_major, row.pf_minor) = (0, 0);
        (row.vm_size_kb, row.vm_rss_kb, row.vm_swap_kb) = (0, 0, 0);
        if params.int(12).is_some() {
            set_memory(row, params, 8);
        }
        row.clone_ts_ns = raw.ts_ns;
        (row.session_leader, row.group_leader, row.inner_group_leader) = (None, None, None);
        row.parent = None;
        row.container = None;
        row.cgroups = Text::default();
        self.set_cgroups(row, Some(params.bytes(14).unwrap_or_default()), raw.ts_ns);
        let container = row.container.as_ref();
        row.user = Some(self.users.user(params.word(16).unwrap_or(NO_ID), container));
        row.group = Some(self.users.group(params.word(17).unwrap_or(NO_ID), container));
        row.login_user = (row.loginuid != NO_ID).then(|| self.users.user(row.loginuid, container));
    }

    /// Adds a cloned thread. A process copies the descriptors and directories of `lookup`, a thread shares them.
    fn add_as_falco(&mut self, row: ThreadRow, lookup: Option<i64>, is_thread: bool, origin: Origin, ts_ns: u64) {
        // A thread is in the directory of its process's first one, but shares descriptors with it only where the
        // flags of the child's own event say that it is a thread. (Inside a pid namespace they do not.)
        let main = if row.pid == row.tid { None } else { self.threads.get(row.pid).map(|main| main.dirs) };
        let known = lookup.and_then(|lookup| self.threads.get(lookup)).map(|thread| (thread.fds, thread.dirs));
        let threads = &mut self.threads;
        let (fds, dirs) = match known {
            Some((fds, dirs)) if is_thread => (threads.tables.retain(fds), threads.dirs.retain(dirs)),
            Some((fds, dirs)) => {
                let fds = threads.tables.get(fds).cloned().unwrap_or_default();
                let dirs = match main {
                    Some(main) => threads.dirs.retain(main),
                    None => {
                        let own = threads.dirs.get(dirs).cloned().unwrap_or_default();
                        threads.dirs.add(own)
                    }
                };
                (threads.tables.add(fds), dirs)
            }
            None => {
                let dirs = Directories { cwd: Text::default(), root: Text::clone(&row.root) };
                (threads.tables.add(FdTable::default()), threads.dirs.add(dirs))
            }
        };
        threads.insert_known(row, fds, dirs, origin, ts_ns);
    }

    /// A successful execve or execveat.
    pub(super) fn exec_as_falco(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        if params.failed(0) {
            return;
        }
        let tid = raw.tid;
        let Some(thread) = self.threads.get(tid) else { return };
        let was_known = thread.origin != Origin::Placeholder;
        let mut row = (*thread.row).clone();
        row.exe = Text::from(params.bytes(1).unwrap_or_default());
        row.comm = params.bytes(13).map_or_else(|| Text::clone(&row.exe), Text::from);
        row.args = Text::from(params.bytes(2).unwrap_or_default());
        let pid = params.int(4).unwrap_or(row.pid);
        if !was_known {
            row.ppid = params.int(5).unwrap_or(row.ppid);
            (row.vtid, row.vpid) = (tid, pid);
        }
        row.fdlimit = params.int(7).unwrap_or(0);
        let tells_memory = params.int(12).is_some();
        if tells_memory {
            set_memory(&mut row, params, 8);
        }
        if let Some(env) = params.bytes(15).filter(|env| !env.is_empty()) {
            row.env = Text::from(env);
        }
        if let Some(cgroups) = params.bytes(14).filter(|cgroups| !cgroups.is_empty()) {
            self.set_cgroups(&mut row, Some(cgroups), raw.ts_ns);
        }
        row.tty = params.word(16).unwrap_or(row.tty);
        if let Some(exepath) = params.bytes(27) {
            row.exepath = Text::from(without_deleted(exepath));
        } else if let Some(filename) = params.bytes(30) {
            if filename == UNKNOWN_NAME {
                row.exepath = Text::from(filename);
            } else {
                let cwd = self.cwd(tid);
                path::resolve(&cwd, filename, &mut self.path);
                row.exepath = Text::from(without_deleted(&self.path));
            }
        }
        row.vpgid = params.int(17).unwrap_or(row.vpgid);
        row.loginuid = params.word(18).unwrap_or(row.loginuid);
        row.exe_flags = params.word(19).unwrap_or(row.exe_flags);
        if let Some(effective) = params.bits(22) {
            row.cap_inheritable = params.bits(20).unwrap_or(0);
            row.cap_permitted = params.bits(21).unwrap_or(0);
            row.cap_effective = effective;
        }
        if let Some(mtime) = params.bits(25) {
            row.exe_ino = params.bits(23).unwrap_or(0);
            row.exe_ino_ctime_ns = params.bits(24).unwrap_or(0);
            row.exe_ino_mtime_ns = mtime;
        }
        row.pgid = params.int(28).unwrap_or(-1);
        let uid = params.word(26).or(row.user.as_ref().map(|user| user.uid)).unwrap_or(NO_ID);
        let gid = params.word(29).or(row.group.as_ref().map(|group| group.gid)).unwrap_or(NO_ID);
        let container = row.container.as_ref();
        row.user = Some(self.users.user(uid, container));
        row.group = Some(self.users.group(gid, container));
        row.login_user = (row.loginuid != NO_ID).then(|| self.users.user(row.loginuid, container));
        let memory = memory_of(&row);
        self.threads.edit(tid, |old| *old = row);
        if tells_memory && let Some(thread) = self.threads.get_mut(tid) {
            thread.memory = memory;
        }
        self.threads.join_process(tid, pid);
        if !was_known {
            self.threads.settle(tid);
        }
        if let Some(table) = self.threads.table_mut(tid) {
            table.retain(|_, descriptor| !descriptor.close_on_exec);
        }
        self.threads.end_others(tid);
        self.threads.touch(tid);
        self.recognise_probe(tid);
    }

    /// The end of a thread. It is still there for this event.
    pub(super) fn exit_as_falco(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        if self.threads.get(raw.tid).is_none() {
            return;
        }
        self.threads.mark_ended(raw.tid);
        self.leaving = Some(Leaving::Thread { tid: raw.tid, reaper_tid: params.int(4) });
    }

    /// unshare, setns: in a user namespace of its own a thread has every capability.
    pub(super) fn enter_namespaces(&mut self, tid: i64, flags: u32) {
        if flags & clone_flag::NEWUSER != 0 {
            self.threads.edit(tid, |row| {
                row.cap_inheritable = ALL_CAPABILITIES;
                row.cap_permitted = ALL_CAPABILITIES;
                row.cap_effective = ALL_CAPABILITIES;
            });
        }
    }
}

/// The path of an executable without what the kernel says behind it when the file is gone. Falco leaves that out.
pub(in crate::capture) fn without_deleted(exepath: &[u8]) -> &[u8] {
    exepath.strip_suffix(b" (deleted)").filter(|path| !path.is_empty()).unwrap_or(exepath)
}

/// The child of a thread of which nothing is known, before its clone event tells of it.
fn unknown_child() -> ThreadRow {
    ThreadRow { pgid: -1, vpgid: -1, sid: -1, loginuid: NO_ID, root: Text::from(*b"/"), ..ThreadRow::default() }
}
