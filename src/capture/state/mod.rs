//! State: who every thread is and what every descriptor means, kept up to date from the events themselves.
//!
//! Enters: a [`Snapshot`] of what was there before, then [`RawEvent`]s in time order. Leaves, for each event: the
//! thread's row, the row of the descriptor that the event works on, and the absolute paths it names
//! ([`Event`]). An event sees the state after itself: `openat` the descriptor it made, `setuid` the new user;
//! `close` still sees what it closed, `procexit` the thread that ended.
//!
//! Rows are shared and immutable: an event that changes nothing gets the same `Arc` as the one before it.
//! No input can make it panic or grow without bound: threads, descriptors and everything derived from them are capped.
//!
//! Two accounts of the same events can be followed ([`Semantics`], chosen when a state is made). Recordings of our own
//! follow the kernel, because their fields are to be true. Captures of Falco and sysdig follow Falco, because their
//! alerts are to be Falco's: there a parent is a thread (`kin`), clone and execve do what Falco takes them to do
//! (`falco`), `prctl(PR_SET_NAME)`, `setpgid` and `CLONE_FILES` mean nothing, an id of -1 is taken over, a close that
//! failed closes nothing, only open flags and fcntl make a descriptor close-on-exec (ioctl does not undo it), and an
//! address is of this machine if one of the file's interfaces has it (`interfaces` says which one a datagram lacks). Memory figures are followed
//! from event to event for the latter only ([`MemoryFigures`]).
//!
//! Not here: where events come from (`capture::live`), and how rows are written (`format`).

mod accounts;
mod address;
mod by_id;
mod calls;
mod falco;
mod fd_cache;
mod fd_table;
mod files;
mod identity;
mod interfaces;
mod kin;
mod lifecycle;
mod mentions;
mod params;
mod path;
mod paths;
mod pending;
mod probes;
#[cfg(feature = "record")]
mod proc;
mod semantics;
mod shared;
mod snapshot;
mod sockets;
mod threads;
mod users;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use crate::format::row::{ContainerRow, Event, FdRow, GroupRow, NO_PROCESS, Tallies, Text, ThreadRow, UserRow};

use super::container::{ContainerLookup, ContainerTable};
use super::raw::RawEvent;
use crate::format::row::Container;
use fd_cache::FdCache;
use fd_table::FdTable;
use interfaces::Interfaces;
use lifecycle::ExpectedChild;
use params::Params;
use pending::Pending;
use threads::{Thread, Threads};

pub(in crate::capture) use address::{Endpoint, write_connection, write_endpoint};
pub use calls::changes_nothing;
pub(in crate::capture) use falco::without_deleted;
#[cfg(feature = "record")]
pub use proc::ProcScan;
pub use semantics::Semantics;
pub use snapshot::{ProcessSource, Snapshot, SnapshotFd, SnapshotThread};
pub use users::UserTable;

/// When memory figures (`proc.vmsize` and its kind) follow brk, mmap and munmap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MemoryFigures {
    /// With the next execve or clone, which tell them anew: those events carry the figures themselves.
    #[default]
    WithOtherChanges,
    /// At once, as Falco does: each event has them beside it.
    AtOnce,
}

/// Everything known about threads, descriptors and containers at one moment.
pub struct State {
    threads: Threads,
    users: UserTable,
    containers: ContainerTable,
    source: Option<Box<dyn ProcessSource>>,
    local_addresses: Vec<IpAddr>,
    interfaces: Interfaces,
    memory_figures: MemoryFigures,
    semantics: Semantics,
    /// What stands for the thread of an event that has none.
    nobody: Arc<ThreadRow>,
    fd_cache: FdCache,
    /// The row of the event's descriptor, where no table has it.
    event_fd: Option<Arc<FdRow>>,
    leaving: Option<Leaving>,
    /// Children in pid namespaces of which only the parent's return from clone was seen.
    expected: Pending<ExpectedChild>,
    path: Vec<u8>,
    source_path: Vec<u8>,
    fd_list: Vec<Option<Arc<FdRow>>>,
    named_users: Vec<Arc<UserRow>>,
    named_groups: Vec<Arc<GroupRow>>,
    text: String,
}

/// What the last event ended: it still saw it, so it goes before the next one.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    Thread {
        tid: i64,
        reaper_tid: Option<i64>,
    },
    /// A descriptor.
    Fd {
        tid: i64,
        num: i64,
    },
}

/// What is known of an event that nobody looks into.
#[derive(Clone, Copy, Debug)]
pub struct Outlined<'a> {
    /// The thread that did it.
    pub thread: &'a Arc<ThreadRow>,
    /// As in [`Event`].
    pub users: &'a [Arc<UserRow>],
    /// Likewise.
    pub groups: &'a [Arc<GroupRow>],
}

/// What an event says about descriptors and paths, once the state has followed it.
#[derive(Debug, Default)]
struct Outcome {
    fd: Option<FdPlace>,
    has_path: bool,
    has_source_path: bool,
    has_fd_list: bool,
}

/// Where the row of the descriptor is that an event is about.
#[derive(Debug)]
enum FdPlace {
    /// In the thread's table under this number, or nothing is known but the number. (To look it up once more costs less
    /// than to count another user of the row.)
    Used(i64),
    /// Here.
    Row(Arc<FdRow>),
}

impl Outcome {
    fn with_fd(fd: Arc<FdRow>) -> Outcome {
        Outcome { fd: Some(FdPlace::Row(fd)), ..Outcome::default() }
    }

    /// About the descriptor of this number, as it is when the event was followed.
    fn with_used_fd(num: i64) -> Outcome {
        Outcome { fd: Some(FdPlace::Used(num)), ..Outcome::default() }
    }

    /// The row of the descriptor that the event of a thread is about, if something is known of it.
    fn known_fd<'a>(&'a self, threads: &'a Threads, tid: i64) -> Option<&'a Arc<FdRow>> {
        match self.fd.as_ref()? {
            FdPlace::Used(num) => threads.table(tid)?.get(*num).map(|descriptor| &descriptor.row),
            FdPlace::Row(row) => Some(row),
        }
    }

    /// The number of that descriptor.
    fn fd_number(&self) -> Option<i64> {
        self.fd.as_ref().map(|fd| match fd {
            FdPlace::Used(num) => *num,
            FdPlace::Row(row) => row.num,
        })
    }
}

/// An event of which nothing is known but what it says itself, and its thread.
#[inline(always)]
fn bare_event<'a>(raw: &RawEvent<'a>, thread: &'a Arc<ThreadRow>) -> Event<'a> {
    Event { ts_ns: raw.ts_ns, cpu: raw.cpu, ..Event::bare(raw.kind, thread, raw.params) }
}

/// The row that says that there is no thread.
fn nobody() -> ThreadRow {
    ThreadRow { tid: -1, pid: NO_PROCESS, ..ThreadRow::default() }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

impl State {
    /// The state as `snapshot` describes it. Containers' details come through `containers`.
    pub fn new(snapshot: Snapshot, containers: Box<dyn ContainerLookup>) -> State {
        State::following(Semantics::Kernel, snapshot, containers)
    }

    /// Likewise, following this account of what comes.
    pub fn following(semantics: Semantics, snapshot: Snapshot, containers: Box<dyn ContainerLookup>) -> State {
        let mut state = State {
            threads: Threads::new(),
            users: snapshot.users,
            containers: ContainerTable::new(containers, semantics.is_falco()),
            source: None,
            local_addresses: snapshot.local_addresses,
            interfaces: Interfaces::default(),
            memory_figures: MemoryFigures::default(),
            semantics,
            nobody: Arc::new(nobody()),
            fd_cache: FdCache::new(),
            event_fd: None,
            leaving: None,
            expected: Pending::new(),
            path: Vec::new(),
            source_path: Vec::new(),
            fd_list: Vec::new(),
            named_users: Vec::new(),
            named_groups: Vec::new(),
            text: String::new(),
        };
        // First threads first: the others of their process share what they have.
        let mut threads = snapshot.threads;
        threads.sort_by_key(|thread| (thread.row.tid != thread.row.pid, thread.row.tid));
        for thread in threads {
            state.add_known_thread(thread, 0);
        }
        if semantics.is_falco() {
            state.threads.follow_threads_as_parents();
        }
        state
    }

    /// Looks threads up that turn up without having been seen before (live recording only).
    #[must_use]
    pub fn with_process_source(mut self, source: Box<dyn ProcessSource>) -> State {
        self.source = Some(source);
        self
    }

    /// Tells the machine's addresses with the masks of their networks, for Falco's account.
    #[must_use]
    pub fn with_interfaces(mut self, interfaces: Vec<(IpAddr, IpAddr)>) -> State {
        self.interfaces = Interfaces::new(interfaces);
        self
    }

    /// Chooses when memory figures are followed.
    #[must_use]
    pub fn with_memory_figures(mut self, figures: MemoryFigures) -> State {
        self.memory_figures = figures;
        self
    }

    /// An event that no known thread did; at most it has a thread's number and is about a container.
    pub fn apply_without_thread<'a>(&'a mut self, raw: &RawEvent<'a>, container: Option<Arc<Container>>) -> Event<'a> {
        bare_event(raw, self.nobody(raw.tid, container))
    }

    fn nobody(&mut self, tid: i64, container: Option<Arc<Container>>) -> &Arc<ThreadRow> {
        if self.nobody.tid != tid || self.nobody.container != container {
            self.nobody = Arc::new(ThreadRow { tid, container, ..nobody() });
        }
        &self.nobody
    }

    /// Takes over what an event tells of a container: its threads' rows say so from now on.
    pub fn set_container(&mut self, id: &Text, full_id: &Text, details: ContainerRow) -> Arc<Container> {
        let container = self.containers.replace(id, full_id, details);
        self.threads.replace_container(&container);
        container
    }

    /// Follows one event and says what it is about. Events must come in time order. Whoever writes it down gives it its
    /// number.
    pub fn apply<'a>(&'a mut self, raw: &RawEvent<'a>) -> Event<'a> {
        let tid = raw.tid;
        if !self.meet(raw) {
            return self.apply_without_thread(raw, None);
        }
        let mut outcome = self.follow(raw, Params(raw.params));
        self.note_mentions(tid, raw.kind, Params(raw.params), &mut outcome);
        self.note_accounts(tid, raw.kind, Params(raw.params));
        self.bring_up_to_date(raw);
        if self.event_fd.is_some() {
            self.event_fd = None;
        }
        let used_fd = outcome.fd.and_then(|fd| self.settle_fd(tid, fd));
        let thread = self.up_to_date(tid);
        let table = self.threads.tables.get(thread.fds);
        let fd = match used_fd {
            Some(num) => match table.and_then(|table| table.get(num)) {
                Some(descriptor) => Some(&descriptor.row),
                None => self.fd_cache.known_unknown(num),
            },
            None => self.event_fd.as_ref(),
        };
        Event {
            fd,
            path: outcome.has_path.then_some(self.path.as_slice()),
            source_path: outcome.has_source_path.then_some(self.source_path.as_slice()),
            tallies: Some(self.tallies(tid, thread)),
            fd_list: if outcome.has_fd_list { &self.fd_list } else { &[] },
            users: &self.named_users,
            groups: &self.named_groups,
            ..bare_event(raw, &thread.row)
        }
    }

    /// Sees to it that the descriptor which an event is about has a row, in the state or in the thread's table: then its
    /// number.
    #[inline]
    fn settle_fd(&mut self, tid: i64, fd: FdPlace) -> Option<i64> {
        match fd {
            FdPlace::Used(num) => {
                if self.threads.table(tid).is_none_or(|table| table.get(num).is_none()) {
                    self.fd_cache.unknown(num);
                }
                Some(num)
            }
            FdPlace::Row(row) => {
                self.event_fd = Some(row);
                None
            }
        }
    }

    /// Likewise for an event of which nobody asks more than whose it was. (Whom it names others may name too.) The
    /// parameters of an event that [`changes_nothing`] need not be there.
    pub fn apply_outline<'a>(&'a mut self, raw: &RawEvent<'a>) -> Outlined<'a> {
        if !self.meet(raw) {
            return Outlined { thread: self.nobody(raw.tid, None), users: &[], groups: &[] };
        }
        if changes_nothing(raw.kind) {
            self.bring_up_to_date(raw);
            return Outlined { thread: &self.up_to_date(raw.tid).row, users: &[], groups: &[] };
        }
        self.follow_outline(raw, Params(raw.params));
        self.note_accounts(raw.tid, raw.kind, Params(raw.params));
        self.bring_up_to_date(raw);
        let thread = &self.up_to_date(raw.tid).row;
        Outlined { thread, users: &self.named_users, groups: &self.named_groups }
    }

    /// Finds the event's thread, after what the last event ended is gone; whether it has one.
    #[inline(always)]
    fn meet(&mut self, raw: &RawEvent<'_>) -> bool {
        if let Some(leaving) = self.leaving.take() {
            self.let_go(leaving);
        }
        while let Some(told) = self.containers.accounts() {
            self.take_accounts(&told);
        }
        if self.semantics.is_falco() {
            return self.meet_as_falco(raw);
        }
        self.meet_thread(raw);
        true
    }

    #[inline(never)]
    fn let_go(&mut self, leaving: Leaving) {
        match leaving {
            Leaving::Thread { tid, reaper_tid } if self.semantics.is_falco() => {
                self.threads.remove_as_falco(tid, reaper_tid);
            }
            Leaving::Thread { tid, reaper_tid } => self.threads.remove(tid, reaper_tid),
            Leaving::Fd { tid, num } => self.close_now(tid, num),
        }
    }

    /// Sees to it that the event's thread has a row as it is after the event.
    #[inline]
    fn bring_up_to_date(&mut self, raw: &RawEvent<'_>) {
        if !self.threads.is_fresh(raw.tid) {
            self.refresh(raw);
        }
    }

    #[cold]
    fn refresh(&mut self, raw: &RawEvent<'_>) {
        if self.threads.get(raw.tid).is_none() {
            // A clone that claims to have made the caller's own process, say.
            self.add_unseen(raw.tid, raw.tid, raw.ts_ns);
        }
        self.threads.refresh(raw.tid);
    }

    /// The event's thread after that.
    #[inline]
    fn up_to_date(&self, tid: i64) -> &Thread {
        self.threads.get(tid).expect("it was added just now if it was missing")
    }

    /// Figures of a thread and its process, as the event at hand sees them.
    #[inline]
    fn tallies(&self, tid: i64, thread: &Thread) -> Tallies {
        let pid = thread.row.pid;
        let has_no_process = self.semantics.is_falco() && pid < 0;
        let leaving = match self.leaving {
            Some(Leaving::Thread { tid, .. }) => Some(tid),
            Some(Leaving::Fd { .. }) | None => None,
        };
        let own = self.threads.tables.get(thread.fds);
        let (main, table_of_main) = if tid == pid {
            (Some(thread), own)
        } else {
            let main = self.threads.get(pid);
            (main, main.and_then(|main| self.threads.tables.get(main.fds)))
        };
        let is_main_living = main.is_some_and(|main| !main.ended && leaving != Some(pid));
        // A first thread that ended stays among the members until the others have.
        let gone = usize::from(main.is_some() && !is_main_living) + usize::from(tid != pid && leaving == Some(tid));
        let living = self.threads.members(pid).len().saturating_sub(gone);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Tallies {
            // Falco counts those of the first thread, whichever a thread uses.
            open_fds: table_of_main.or(own.filter(|_| !has_no_process)).map_or(0, FdTable::count),
            fd_types: own.map_or(0, FdTable::types),
            threads: count(living),
            other_threads: count(living.saturating_sub(usize::from(is_main_living))),
            memory: (self.memory_figures == MemoryFigures::AtOnce).then_some(thread.memory),
        }
    }

    /// How many threads are known.
    pub fn thread_count(&self) -> usize {
        self.threads.len()
    }

    /// The working directory of a thread; empty if not known.
    fn cwd(&self, tid: i64) -> Text {
        self.threads.directories(tid).map(|dirs| Arc::clone(&dirs.cwd)).unwrap_or_default()
    }
}
