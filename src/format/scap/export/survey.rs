//! What a capture's threads were before its first event.
//!
//! A block says what a thread looked like at each of its events. A `.scap` file says what all threads looked like at its
//! beginning, and lets the reader follow the events. So the capture is read once before it is written: a thread that
//! appears without being cloned was there before, as it was at its first event; a descriptor that is used and that
//! nobody made was open before, in the process that the chain of clones begins with.
//!
//! Where the capture has an inventory, that says more: all of it, if it is the head of the `.scap` file that the
//! capture was made of, else what no event is about ([`Survey::take_inventory`]).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::format::dimension::ThreadColumn;
use crate::format::row::{NO_PROCESS, Text, Value};
use crate::format::scap::{ScapAddr, ScapFd, ScapFdInfo, ScapFdType, ScapGroup, ScapInterface, ScapThread, ScapUser};
use crate::format::schema::{EventFlags, EventKind, flags};
use crate::format::{Block, Damage, Inventory, InventoryOrigin};

use super::container_json::{container_json, sandbox_json};
use super::descriptors::listener_of;
use super::rows::{EventAt, Rows};

/// The kinds that make a thread.
pub(super) const CLONES: [EventKind; 4] = [EventKind::CLONE, EventKind::FORK, EventKind::VFORK, EventKind::CLONE3];

/// The state before the first event, as far as the blocks so far tell it.
#[derive(Debug, Default)]
pub struct Survey {
    /// What the capture itself says was there.
    pub(super) inventory: Option<Arc<Inventory>>,
    pub(super) threads: Vec<ScapThread>,
    /// Descriptors by process and number.
    pub(super) fds: BTreeMap<i64, BTreeMap<i64, ScapFd>>,
    pub(super) users: BTreeMap<u32, ScapUser>,
    pub(super) groups: BTreeMap<u32, ScapGroup>,
    pub(super) interfaces: Vec<ScapInterface>,
    addresses: FxHashSet<ScapAddr>,
    /// Containers that an event of the capture tells of.
    told_containers: FxHashSet<Text>,
    /// What is known of containers, by their ids.
    containers: BTreeMap<Text, String>,
    /// What containers say of the sandboxes of their pods.
    sandboxes: BTreeMap<Text, String>,
    /// When the first event was; 0 before it.
    pub(super) first_ts_ns: u64,
    /// Threads that were there at the beginning or were cloned.
    pub(super) known: FxHashSet<i64>,
    /// First threads of processes of which so far only another thread was met, as that one tells of them.
    supposed: BTreeMap<i64, ScapThread>,
    /// Session leaders, as those tell that are led.
    leaders: BTreeMap<i64, ScapThread>,
    /// Living processes that were cloned: the process whose descriptors theirs come from.
    roots: FxHashMap<i64, i64>,
    /// Descriptors of living processes of which events tell.
    touched: FxHashMap<i64, FxHashSet<i64>>,
    events: u64,
    /// Whether a block was read.
    has_begun: bool,
    /// Whether a later section has begun, whose containers are told there.
    has_later_sections: bool,
}

impl Survey {
    /// Nothing is known yet.
    pub fn new() -> Survey {
        Survey::default()
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Takes what the capture says was there before its first block. What it says of later sections is for
    /// [`super::ScapExport::begin_section`].
    pub fn take_inventory(&mut self, inventory: Arc<Inventory>) {
        if self.has_begun {
            self.has_later_sections = true;
        } else {
            self.inventory = Some(inventory);
        }
    }

    /// Whether the inventory is all that was known when the capture's state was settled.
    pub(super) fn is_told(&self) -> bool {
        self.inventory.as_ref().is_some_and(|inventory| inventory.origin == InventoryOrigin::Section)
    }

    /// Reads the next block of the capture. What of it cannot be read is told and left out.
    pub fn take_block(&mut self, block: &Block) -> Vec<Damage> {
        let mut damages = Vec::new();
        self.has_begun = true;
        if let Err(damage) = self.read_block(block, &mut damages) {
            damages.push(damage);
        }
        damages
    }

    fn read_block(&mut self, block: &Block, damages: &mut Vec<Damage>) -> Result<(), Damage> {
        let rows = Rows::new(block, damages)?;
        for user in rows.named_users()? {
            // of a container's user only the name is known; the host's says more
            match self.users.entry(user.uid) {
                Entry::Vacant(entry) => {
                    entry.insert(user);
                }
                Entry::Occupied(mut entry) if entry.get().shell.is_empty() && entry.get().home.is_empty() => {
                    entry.insert(user);
                }
                Entry::Occupied(_) => {}
            }
        }
        for group in rows.named_groups()? {
            self.groups.entry(group.gid).or_insert(group);
        }
        for (id, row) in rows.containers()?.into_iter().filter(|_| !self.has_later_sections) {
            if !self.containers.contains_key(id)
                && let Some(json) = container_json(&rows, row)?
            {
                self.containers.insert(Text::from(id), json);
            }
            if let Some((id, json)) = sandbox_json(&rows, row)? {
                self.sandboxes.entry(id).or_insert(json);
            }
        }
        for address in rows.local_addresses()? {
            self.add_local_address(address);
        }
        // what a version of a thread refers to needs to be looked at once
        let mut seen = vec![false; rows.threads.rows()];
        for event in rows.events() {
            self.events += 1;
            if self.first_ts_ns == 0 {
                self.first_ts_ns = event.ts_ns;
            }
            if !self.has_later_sections {
                self.note_told_container(&event);
            }
            if self.is_told() {
                continue;
            }
            // some events tell of the machine, and the row says no more than that
            if id(&rows, event.thread, ThreadColumn::Pid)? == NO_PROCESS || !rows.is_known_thread(event.thread)? {
                continue;
            }
            self.note_thread(&rows, &event)?;
            self.note_descriptors(&rows, &event)?;
            if let Some(seen @ false) = seen.get_mut(event.thread) {
                *seen = true;
                self.note_stdio(&rows, event.thread)?;
            }
            self.note_end(&rows, &event)?;
        }
        Ok(())
    }

    /// Containers that the capture's own events tell of need no event of ours.
    fn note_told_container(&mut self, event: &EventAt<'_, '_>) {
        let json = match event.kind() {
            EventKind::CONTAINER => event.text("json"),
            EventKind::ASYNCEVENT if event.text("name") == Some(b"container") => event.text("data"),
            _ => None,
        };
        let Some(json) = json else { return };
        let json = json.strip_suffix(b"\0").unwrap_or(json);
        let Ok(all) = serde_json::from_slice::<serde_json::Value>(json) else { return };
        let id = all.get("container").unwrap_or(&all).get("id");
        if let Some(id) = id.and_then(serde_json::Value::as_str) {
            self.told_containers.insert(Text::from(id.as_bytes()));
        }
    }

    fn note_thread(&mut self, rows: &Rows<'_>, event: &EventAt<'_, '_>) -> Result<(), Damage> {
        let row = event.thread;
        let (tid, pid) = (id(rows, row, ThreadColumn::Tid)?, id(rows, row, ThreadColumn::Pid)?);
        let is_clone = CLONES.contains(&event.kind());
        let child = event.int("res").filter(|_| is_clone);
        if child == Some(0) {
            // the child's own event makes it known, whether its parent's came or not
            if self.known.insert(tid) && tid == pid {
                self.inherit(pid, id(rows, row, ThreadColumn::Ppid)?);
            }
            return self.note_relatives(rows, row);
        }
        if self.known.insert(tid) {
            self.add_thread(rows, row, event)?;
        }
        let has_flag = |word| {
            let flag = flags::CLONE_FLAGS.value_of(word).map_or(0, i64::from);
            event.int("flags").unwrap_or_default() & flag != 0
        };
        // inside a pid namespace the result is the child's number there, which is nobody's number here
        let is_inside = id(rows, row, ThreadColumn::Vtid)? != tid || has_flag("CLONE_CHILD_IN_PIDNS");
        if let Some(child @ 1..) = child.filter(|_| !is_inside)
            && self.known.insert(child)
            && !has_flag("CLONE_THREAD")
        {
            self.inherit(child, pid);
        }
        self.note_relatives(rows, row)
    }

    /// Ancestors and session leaders are known by what refers to them.
    fn note_relatives(&mut self, rows: &Rows<'_>, row: usize) -> Result<(), Damage> {
        let mut next = rows.thread_ref(row, ThreadColumn::Parent)?;
        while let Some(relative) = next {
            let tid = id(rows, relative, ThreadColumn::Tid)?;
            if !rows.is_known_thread(relative)? || !self.known.insert(tid) {
                break;
            }
            self.push_thread(rows.scap_thread(relative)?);
            self.note_stdio(rows, relative)?;
            next = rows.thread_ref(relative, ThreadColumn::Parent)?;
        }
        // a leader's row need not say more than its names
        if let Some(leader) = rows.thread_ref(row, ThreadColumn::SessionLeader)?
            && rows.is_known_thread(leader)?
        {
            let tid = id(rows, leader, ThreadColumn::Tid)?;
            if !self.known.contains(&tid) && !self.leaders.contains_key(&tid) {
                self.leaders.insert(tid, rows.scap_thread(leader)?);
            }
        }
        Ok(())
    }

    fn add_thread(&mut self, rows: &Rows<'_>, row: usize, event: &EventAt<'_, '_>) -> Result<(), Damage> {
        let mut thread = rows.scap_thread(row)?;
        if event.kind() == EventKind::CHDIR
            && event.int("res") == Some(0)
            && let Some(path) = event.text("path")
        {
            thread.cwd = cwd_before(&thread.cwd, path);
        }
        if thread.tid != thread.pid && !self.known.contains(&thread.pid) {
            // a process's descriptors are its first thread's
            let first = || ScapThread { tid: thread.pid, vtid: thread.vpid, flags: 0, ..thread.clone() };
            self.supposed.entry(thread.pid).or_insert_with(first);
        }
        self.push_thread(thread);
        Ok(())
    }

    /// What is known of containers of which the capture's events do not tell.
    pub(super) fn untold_containers(&self) -> impl Iterator<Item = &str> {
        let sandboxes = self.sandboxes.iter().filter(|(id, _)| !self.containers.contains_key(*id));
        // a container's sandbox comes first
        let all = sandboxes.chain(&self.containers);
        all.filter(|(id, _)| !self.told_containers.contains(*id)).map(|(_, json)| json.as_str())
    }

    /// The threads that were there, those included of which only others tell.
    pub(super) fn take_threads(&mut self) -> Vec<ScapThread> {
        let mut threads = std::mem::take(&mut self.threads);
        let mut supposed = std::mem::take(&mut self.leaders);
        for (tid, mut thread) in std::mem::take(&mut self.supposed) {
            // a thread may have a name of its own; who is led tells the first one's
            if let Some(leader) = supposed.remove(&tid) {
                thread.comm = leader.comm;
            }
            supposed.insert(tid, thread);
        }
        threads.extend(supposed.into_values().filter(|thread| !self.known.contains(&thread.tid)));
        threads
    }

    fn push_thread(&mut self, thread: ScapThread) {
        self.supposed.remove(&thread.tid);
        self.threads.push(thread);
    }

    /// A new process has its parent's descriptors.
    fn inherit(&mut self, pid: i64, parent: i64) {
        let root = self.roots.get(&parent).copied().unwrap_or(parent);
        self.roots.insert(pid, root);
        let touched = self.touched.get(&parent).cloned().unwrap_or_default();
        self.touched.insert(pid, touched);
    }

    fn note_descriptors(&mut self, rows: &Rows<'_>, event: &EventAt<'_, '_>) -> Result<(), Damage> {
        let pid = id(rows, event.thread, ThreadColumn::Pid)?;
        let info = event.info();
        let creates = info.flags.contains(EventFlags::CREATES_FD);
        // directories that paths are relative to
        for (at, param) in info.params.iter().enumerate() {
            let Some(dirfd) = param.dirfd else { continue };
            let (Value::Bytes(given), Value::Int(dirfd @ 0..)) = (event.param(at), event.param(usize::from(dirfd)))
            else {
                continue;
            };
            if !self.is_touched(pid, dirfd) {
                for path in event.paths()?.into_iter().flatten() {
                    if let Some(name) = directory_of(path, given) {
                        let info = ScapFdInfo::Name(name);
                        self.add_fd(pid, ScapFd { fd: dirfd, ino: 0, ty: ScapFdType::Directory, info });
                        break;
                    }
                }
            }
        }
        if creates || event.kind() == EventKind::FCNTL {
            let made = ["fd", "fd1", "fd2", "res"].map(|name| event.int(name));
            let is_copy = info.param("oldfd").is_some() || matches!(event.kind(), EventKind::DUP | EventKind::FCNTL);
            if is_copy && let Some(row) = event.fd() {
                // what was copied is what the copy is
                let old = event.int("oldfd").or_else(|| event.int("fd"));
                let mut fd = rows.fd_row(row)?;
                if let Some(old @ 0..) = old {
                    if fd.num != old {
                        self.touched.entry(pid).or_default().insert(fd.num);
                    }
                    fd.num = old;
                    if !self.is_touched(pid, old)
                        && let Some(fd) = ScapFd::of_row(&fd)
                    {
                        self.add_fd(pid, fd);
                    }
                }
            }
            if creates {
                self.touched.entry(pid).or_default().extend(made.into_iter().flatten().filter(|&fd| fd >= 0));
            }
        }
        if let Some(row) = event.fd() {
            self.note_fd(rows, pid, row)?;
        }
        Ok(())
    }

    fn note_stdio(&mut self, rows: &Rows<'_>, row: usize) -> Result<(), Damage> {
        let pid = id(rows, row, ThreadColumn::Pid)?;
        for column in [ThreadColumn::Stdin, ThreadColumn::Stdout, ThreadColumn::Stderr] {
            if let Some(fd) = rows.thread_ref(row, column)? {
                self.note_fd(rows, pid, fd)?;
            }
        }
        Ok(())
    }

    /// A descriptor that is used: unless events tell where it comes from, it was there at the beginning.
    fn note_fd(&mut self, rows: &Rows<'_>, pid: i64, row: usize) -> Result<(), Damage> {
        let Some(number @ 0..) = rows.fd_number(row)? else { return Ok(()) };
        if self.is_touched(pid, number) {
            return Ok(());
        }
        let fd = rows.fd_row(row)?;
        if let Some(listener) = listener_of(&fd).filter(|listener| !self.is_touched(pid, listener.fd)) {
            self.add_fd(pid, listener);
        }
        match ScapFd::of_row(&fd) {
            Some(fd) => self.add_fd(pid, fd),
            None => {
                self.touched.entry(pid).or_default().insert(number);
            }
        }
        Ok(())
    }

    fn is_touched(&self, pid: i64, number: i64) -> bool {
        self.touched.get(&pid).is_some_and(|touched| touched.contains(&number))
    }

    fn add_fd(&mut self, pid: i64, fd: ScapFd) {
        self.touched.entry(pid).or_default().insert(fd.fd);
        let root = self.roots.get(&pid).copied().unwrap_or(pid);
        self.fds.entry(root).or_default().entry(fd.fd).or_insert(fd);
    }

    /// Whether an end of a connection is on this machine is told by the machine's addresses.
    fn add_local_address(&mut self, addr: ScapAddr) {
        // an end that is bound to no address is no address of the machine
        let is_unspecified =
            matches!(addr, ScapAddr::V4([0, 0, 0, 0]) | ScapAddr::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        if !is_unspecified && self.interfaces.len() < MOST_ADDRESSES && self.addresses.insert(addr) {
            self.interfaces.push(ScapInterface::of(self.interfaces.len(), addr));
        }
    }

    /// A process that ended has no descriptors.
    fn note_end(&mut self, rows: &Rows<'_>, event: &EventAt<'_, '_>) -> Result<(), Damage> {
        if event.kind() == EventKind::PROCEXIT {
            let (tid, pid) = (id(rows, event.thread, ThreadColumn::Tid)?, id(rows, event.thread, ThreadColumn::Pid)?);
            if tid == pid {
                self.touched.remove(&pid);
                self.roots.remove(&pid);
            }
        }
        Ok(())
    }
}

/// No machine has more addresses; what a hostile capture claims is not kept without end.
const MOST_ADDRESSES: usize = 4096;

fn id(rows: &Rows<'_>, row: usize, column: ThreadColumn) -> Result<i64, Damage> {
    Ok(rows.thread_int(row, column)?.unwrap_or_default())
}

/// The directory before a successful chdir to `path`, of which `after` is the result. A path with dots in it does not
/// tell; then the result stands, in which an absolute path finds itself.
fn cwd_before(after: &Text, path: &[u8]) -> Text {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let has_dots = path.split(|&byte| byte == b'/').any(|part| part == b"." || part == b"..");
    if path.starts_with(b"/") || path.is_empty() || has_dots {
        return Text::clone(after);
    }
    let end = [path, b"/"].concat();
    after.strip_suffix(end.as_slice()).map_or_else(|| Text::clone(after), Text::from)
}

/// The directory in which `given` is `path`. `None` for an absolute path and one with dots.
fn directory_of(path: &[u8], given: &[u8]) -> Option<Text> {
    if given.is_empty() || given.starts_with(b"/") {
        return None;
    }
    let directory = path.strip_suffix(given)?.strip_suffix(b"/")?;
    Some(Text::from(if directory.is_empty() { b"/" } else { directory }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_what_comes_before_a_relative_path() {
        let directory = |path: &str, given: &str| directory_of(path.as_bytes(), given.as_bytes());
        assert_eq!(directory("/var/log/x", "log/x").as_deref(), Some(&b"/var"[..]));
        assert_eq!(directory("/x", "x").as_deref(), Some(&b"/"[..]));
        assert_eq!(directory("/var/x", "/var/x"), None);
        assert_eq!(directory("/var/xx", "x"), None);
        assert_eq!(directory("/var/x", "../var/x"), None);
    }

    #[test]
    fn a_directory_before_its_change_is_told_by_a_plain_path() {
        let before = |after: &str, path: &str| cwd_before(&Text::from(after.as_bytes()), path.as_bytes());
        assert_eq!(&*before("/srv/www/", "www"), b"/srv/");
        assert_eq!(&*before("/srv/www/a/", "www/a/"), b"/srv/");
        assert_eq!(&*before("/srv/", "/srv"), b"/srv/");
        assert_eq!(&*before("/srv/", ".."), b"/srv/");
    }
}
