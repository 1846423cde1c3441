//! The snapshot of a live machine, out of the process file system.
//!
//! Enters: `/proc`, `/etc/passwd` and `/etc/group`. Leaves: [`Snapshot`]s, and single threads that the state meets
//! without having seen their beginning. A process that ends meanwhile is left out; what may not be read is noted. Of a
//! process that is not recorded but an ancestor of one that is, only names, command line, group memberships and ids are
//! read: not its environment, not its descriptors.

mod addresses;
mod cgroups;
mod descriptors;
mod facts;
mod files;
mod notes;
mod socket_table;
#[cfg(test)]
mod tests;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use super::snapshot::{ProcessSource, Snapshot, SnapshotThread};
use super::users::UserTable;
use crate::capture::live::clock::ClockBase;
use crate::format::row::{Text, ThreadRow};

use addresses::local_addresses;
use cgroups::Controllers;
use facts::{Stat, Status, ended, fd_limit, split_arguments};
use files::{Owner, ProcFiles};
use notes::Notes;
use socket_table::SocketTable;

/// As much of arguments and environment as events have.
const STRINGS_LIMIT: usize = 4096;

/// How long the tables of sockets count as fresh when single threads are looked up.
const TABLE_LIFETIME: Duration = Duration::from_secs(1);

/// Pid namespaces whose start is remembered.
const NAMESPACE_LIMIT: usize = 65_536;

/// `execve_flags`: the executable lies in memory only.
const EXE_FROM_MEMFD: u32 = 4;

/// No login user.
const NO_ID: u32 = u32::MAX;

/// How much of a process is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Depth {
    /// Names, command line and ids.
    Ancestor,
    /// All but descriptors.
    Image,
    /// Everything.
    Whole,
}

/// Reads processes.
pub struct ProcScan {
    clock: ClockBase,
    etc: PathBuf,
    unified_controllers: PathBuf,
    files: ProcFiles,
    notes: Notes,
    controllers: Option<Controllers>,
    local_addresses: Vec<IpAddr>,
    /// Sockets by network namespace, and since when.
    sockets: FxHashMap<Vec<u8>, Arc<SocketTable>>,
    sockets_read: Option<Instant>,
    /// When the first process of a pid namespace started; the outermost one's name is empty.
    namespace_starts: FxHashMap<Vec<u8>, u64>,
    /// The pid namespace of processes that are in an inner one, during a scan.
    namespaces: FxHashMap<i64, Vec<u8>>,
    /// Everything is recorded, ancestors too.
    is_host: bool,
    /// The parent of the thread that was looked up last.
    last_parent: Option<i64>,
}

impl std::fmt::Debug for ProcScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcScan").field("is_host", &self.is_host).finish_non_exhaustive()
    }
}

impl ProcScan {
    /// A reader of this machine's `/proc`. With `clock`, times of start agree with those of events.
    pub fn new(clock: ClockBase) -> ProcScan {
        ProcScan {
            clock,
            etc: PathBuf::from("/etc"),
            unified_controllers: PathBuf::from("/sys/fs/cgroup/cgroup.controllers"),
            files: ProcFiles::new(Path::new("/proc")),
            notes: Notes::default(),
            controllers: None,
            local_addresses: Vec::new(),
            sockets: FxHashMap::default(),
            sockets_read: None,
            namespace_starts: FxHashMap::default(),
            namespaces: FxHashMap::default(),
            is_host: false,
            last_parent: None,
        }
    }

    /// Reads another tree: `ROOT/proc`, `ROOT/etc` and `ROOT/sys`.
    #[must_use]
    pub fn with_root(mut self, root: &Path) -> ProcScan {
        self.etc = root.join("etc");
        self.unified_controllers = root.join("sys/fs/cgroup/cgroup.controllers");
        self.files = ProcFiles::new(&root.join("proc"));
        self
    }

    /// Every process and thread. Later look-ups read ancestors in full as well.
    pub fn host(&mut self) -> Snapshot {
        self.is_host = true;
        let mut snapshot = self.begin();
        for pid in self.process_ids() {
            self.read_process(pid, Depth::Whole, &mut snapshot.threads);
        }
        self.finish(snapshot)
    }

    /// These processes and their descendants, with all threads, and their ancestors, with little more than names.
    pub fn processes(&mut self, pids: &[u32]) -> Snapshot {
        self.is_host = false;
        let mut snapshot = self.begin();
        let parents = self.parents();
        let recorded = family(pids, &parents);
        let mut told: FxHashSet<i64> = recorded.iter().copied().collect();
        for &pid in &recorded {
            self.read_process(pid, Depth::Whole, &mut snapshot.threads);
        }
        for &pid in &recorded {
            let mut parent = parents.get(&pid).copied().unwrap_or(0);
            while parent > 0 && told.insert(parent) {
                self.read_process(parent, Depth::Ancestor, &mut snapshot.threads);
                parent = parents.get(&parent).copied().unwrap_or(0);
            }
        }
        self.finish(snapshot)
    }

    fn begin(&mut self) -> Snapshot {
        self.sockets.clear();
        self.sockets_read = Some(Instant::now());
        self.last_parent = None;
        let trie = self.files.read_global("self/net/fib_trie").map(<[u8]>::to_vec);
        let trie = self.notes.check("addresses of this machine", trie).unwrap_or_default();
        let inet6 = self.files.read_global("self/net/if_inet6").unwrap_or_default();
        self.local_addresses = local_addresses(&trie, inet6);
        let passwd = self.notes.check("the list of users", fs::read(self.etc.join("passwd"))).unwrap_or_default();
        let group = self.notes.check("the list of groups", fs::read(self.etc.join("group"))).unwrap_or_default();
        Snapshot {
            users: UserTable::parse(&passwd, &group),
            local_addresses: self.local_addresses.clone(),
            ..Snapshot::default()
        }
    }

    fn finish(&mut self, mut snapshot: Snapshot) -> Snapshot {
        for thread in &mut snapshot.threads {
            thread.row.pidns_init_start_ns = self.namespace_start(thread.row.pid);
        }
        self.namespaces.clear();
        self.sockets.clear();
        self.sockets_read = None;
        snapshot.notes = self.notes.take();
        snapshot
    }

    fn process_ids(&mut self) -> Vec<i64> {
        let mut ids = match self.files.numbers(None, "") {
            Ok(ids) => ids,
            Err(error) => {
                self.notes.add("the list of processes", &error);
                Vec::new()
            }
        };
        ids.sort_unstable();
        ids
    }

    /// Parents by process.
    fn parents(&mut self) -> FxHashMap<i64, i64> {
        let mut parents = FxHashMap::default();
        for pid in self.process_ids() {
            let stat = self.files.read(Owner::Process(pid), "stat").ok().and_then(Stat::parse);
            if let Some(stat) = stat {
                parents.insert(pid, stat.ppid);
            }
        }
        parents
    }

    fn read_process(&mut self, pid: i64, depth: Depth, threads: &mut Vec<SnapshotThread>) {
        let Some(main) = self.read_main(pid, depth) else { return };
        if depth != Depth::Ancestor {
            let tids = self.files.numbers(Some(Owner::Process(pid)), "task");
            for tid in self.notes.check("threads of a process", tids).unwrap_or_default() {
                if tid != pid {
                    threads.extend(self.read_thread(&main.row, tid));
                }
            }
        }
        threads.push(main);
    }

    /// A process's first thread.
    fn read_main(&mut self, pid: i64, depth: Depth) -> Option<SnapshotThread> {
        let owner = Owner::Process(pid);
        let (stat, status) = self.read_ids(Owner::Thread { pid, tid: pid })?;
        let mut row = ThreadRow { fdlimit: -1, loginuid: NO_ID, ..ThreadRow::default() };
        self.set_ids(&mut row, pid, pid, &stat, &status);
        let cmdline = self.files.read_up_to(owner, "cmdline", STRINGS_LIMIT);
        let cmdline = self.notes.check("a command line", cmdline).unwrap_or_default();
        (row.exe, row.args) = split_arguments(cmdline);
        if let Some(link) = self.link(owner, "exe", "the path of an executable") {
            let memory = link.strip_prefix(b"/").filter(|name| name.starts_with(b"memfd:"));
            if let Some(name) = memory.and_then(|name| name.strip_suffix(b" (deleted)")) {
                row.exepath = Text::from(name);
                row.exe_flags = EXE_FROM_MEMFD;
            } else {
                row.exepath = Text::from(link);
            }
        }
        let loginuid = self.files.read(owner, "loginuid").ok().and_then(text_number);
        row.loginuid = loginuid.and_then(|id| u32::try_from(id).ok()).unwrap_or(NO_ID);
        let controllers = self.controllers();
        let cgroups = self.files.read(owner, "cgroup");
        row.cgroups = controllers.paths(self.notes.check("cgroups of a process", cgroups).unwrap_or_default());
        if status.is_nested
            && let Ok(namespace) = self.files.link(owner, "ns/pid")
        {
            self.namespaces.insert(pid, namespace);
        }
        if row.vpid == 1 && self.namespace_starts.len() < NAMESPACE_LIMIT {
            let namespace = self.namespaces.get(&pid).cloned();
            // The namespace of an inner one's first process may be unreadable: then it is not known.
            if let Some(namespace) = namespace.or((!status.is_nested).then(Vec::new)) {
                self.namespace_starts.insert(namespace, row.clone_ts_ns);
            }
        }
        let mut fds = Vec::new();
        if depth != Depth::Ancestor {
            self.read_image(owner, &mut row);
        }
        if depth == Depth::Whole {
            fds = self.read_descriptors(pid);
        }
        Some(SnapshotThread { row, uid: status.uid, gid: status.gid, fds })
    }

    /// What is read of recorded processes only.
    fn read_image(&mut self, owner: Owner, row: &mut ThreadRow) {
        let env = self.files.read_up_to(owner, "environ", STRINGS_LIMIT);
        row.env = self.notes.check("an environment", env).map(ended).unwrap_or_default();
        if let Some(mut cwd) = self.link(owner, "cwd", "a working directory") {
            const DELETED: &[u8] = b" (deleted)";
            // Paths relative to it are still told as if it were there.
            if cwd.ends_with(DELETED) && self.files.inode(owner, "cwd").is_ok_and(|inode| inode.links == 0) {
                cwd.truncate(cwd.len() - DELETED.len());
            }
            row.cwd = Text::from(cwd);
        }
        row.root = self.link(owner, "root", "a root directory").map(Text::from).unwrap_or_default();
        if let Ok(limits) = self.files.read(owner, "limits") {
            row.fdlimit = fd_limit(limits);
        }
        if let Ok(inode) = self.files.inode(owner, "exe") {
            row.exe_ino = inode.ino;
            row.exe_ino_ctime_ns = inode.ctime_ns;
            row.exe_ino_mtime_ns = inode.mtime_ns;
        }
    }

    /// Another thread of a process: what it has of its own, and the rest from the first one.
    fn read_thread(&mut self, main: &ThreadRow, tid: i64) -> Option<SnapshotThread> {
        let (stat, status) = self.read_ids(Owner::Thread { pid: main.pid, tid })?;
        let mut row = main.clone();
        self.set_ids(&mut row, main.pid, tid, &stat, &status);
        Some(SnapshotThread { row, uid: status.uid, gid: status.gid, fds: Vec::new() })
    }

    fn read_ids(&mut self, owner: Owner) -> Option<(Stat, Status)> {
        let stat = self.files.read(owner, "stat");
        let stat = Stat::parse(self.notes.check("a process", stat)?)?;
        let status = self.files.read(owner, "status");
        let status = Status::parse(self.notes.check("a process", status)?);
        Some((stat, status))
    }

    fn set_ids(&self, row: &mut ThreadRow, pid: i64, tid: i64, stat: &Stat, status: &Status) {
        row.tid = tid;
        row.pid = pid;
        row.ppid = stat.ppid;
        row.vtid = status.vtid.unwrap_or(tid);
        row.vpid = status.vpid.unwrap_or(pid);
        row.pgid = stat.pgid;
        row.vpgid = status.vpgid.unwrap_or(stat.pgid);
        row.sid = status.vsid.unwrap_or(stat.sid);
        row.tty = stat.tty;
        row.comm = stat.comm.clone();
        row.cap_inheritable = status.cap_inheritable;
        row.cap_permitted = status.cap_permitted;
        row.cap_effective = status.cap_effective;
        row.clone_ts_ns = self.clock.wall_ns(stat.start_boot_ns);
        row.vm_size_kb = status.vm_size_kb;
        row.vm_rss_kb = status.vm_rss_kb;
        row.vm_swap_kb = status.vm_swap_kb;
        row.pf_major = stat.pf_major;
        row.pf_minor = stat.pf_minor;
    }

    fn link(&mut self, owner: Owner, name: &str, what: &'static str) -> Option<Vec<u8>> {
        let link = self.files.link(owner, name);
        self.notes.check(what, link)
    }

    fn controllers(&mut self) -> Controllers {
        if let Some(controllers) = self.controllers {
            return controllers;
        }
        let unified = fs::read(&self.unified_controllers).unwrap_or_default();
        let table = self.files.read_global("cgroups").unwrap_or_default();
        *self.controllers.insert(Controllers::parse(table, &unified))
    }

    fn namespace_start(&self, pid: i64) -> u64 {
        let namespace = self.namespaces.get(&pid).map(Vec::as_slice).unwrap_or_default();
        self.namespace_starts.get(namespace).copied().unwrap_or(0)
    }

    /// What a process's network namespace is called.
    fn network_namespace(&mut self, pid: i64) -> Vec<u8> {
        // Without a name the process is taken to be in a namespace of its own.
        self.files.link(Owner::Process(pid), "ns/net").unwrap_or_else(|_| pid.to_string().into_bytes())
    }

    /// The sockets of a network namespace that the process is in.
    fn socket_table(&mut self, namespace: &[u8], pid: i64) -> Arc<SocketTable> {
        if let Some(table) = self.sockets.get(namespace) {
            return Arc::clone(table);
        }
        let table = Arc::new(SocketTable::read(&mut self.files, pid, &mut self.notes));
        self.sockets.insert(namespace.to_vec(), Arc::clone(&table));
        table
    }

    /// The process of a thread.
    fn process_of(&mut self, tid: i64) -> Option<i64> {
        Status::parse(self.files.read(Owner::Process(tid), "status").ok()?).pid
    }
}

impl ProcessSource for ProcScan {
    /// Reads a thread. If it is the parent of the one before, it is taken for an ancestor that is not recorded itself,
    /// unless the whole host is.
    fn look_up(&mut self, tid: i64, pid: i64) -> Option<SnapshotThread> {
        let pid = if pid > 0 { pid } else { self.process_of(tid)? };
        let is_ancestor = !self.is_host && self.last_parent == Some(tid);
        if self.sockets_read.is_none_or(|read| read.elapsed() > TABLE_LIFETIME) {
            self.sockets.clear();
            self.sockets_read = Some(Instant::now());
        }
        let depth = match (is_ancestor, tid == pid) {
            (true, _) => Depth::Ancestor,
            (false, true) => Depth::Whole,
            (false, false) => Depth::Image,
        };
        let main = self.read_main(pid, depth);
        let thread = match main {
            Some(main) if tid != pid => self.read_thread(&main.row, tid),
            main => main,
        };
        let thread = thread.map(|mut thread| {
            thread.row.pidns_init_start_ns = self.namespace_start(pid);
            thread
        });
        self.namespaces.clear();
        // A look-up after the snapshot has nobody to tell.
        self.notes.take();
        self.last_parent = thread.as_ref().map(|thread| thread.row.ppid);
        thread
    }
}

/// The processes and all their descendants that exist.
fn family(pids: &[u32], parents: &FxHashMap<i64, i64>) -> Vec<i64> {
    let mut children: FxHashMap<i64, Vec<i64>> = FxHashMap::default();
    for (&pid, &parent) in parents {
        children.entry(parent).or_default().push(pid);
    }
    let mut seen = FxHashSet::default();
    let mut found: Vec<i64> = Vec::new();
    found.extend(pids.iter().map(|&pid| i64::from(pid)).filter(|&pid| parents.contains_key(&pid) && seen.insert(pid)));
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.get(pid).into_iter().flatten().filter(|&&child| seen.insert(child)));
        next += 1;
    }
    found
}

/// A decimal number and perhaps a line's end.
fn text_number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text.trim_ascii_end()).ok()?.parse().ok()
}
