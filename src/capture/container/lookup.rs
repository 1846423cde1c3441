//! Details of containers, looked up on threads of their own.
//!
//! Enters: containers as they are met. Leaves: their `details`, once. Two threads work on it. One reads what runtimes
//! write of containers when they write it, before the first event of the container comes ([`arrivals`](super::arrivals)):
//! it keeps what a container that ended at once does not leave behind. The other answers requests. A container's first
//! events may also come while its runtime is still writing its state: the look-up is repeated for [`PATIENCE`], each
//! container at its own times, so that one that no runtime knows holds up no other. Until then it has what is known so
//! far as its `draft`.

use std::io::PipeWriter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::format::row::{Container, ContainerRow, Text};

use super::accounts::{Accounts, read_accounts, read_accounts_of_processes};
use super::ahead::Ahead;
use super::api::Api;
use super::arrivals::Arrivals;
use super::cgroup::SHORT_ID_LEN;
use super::details::RuntimeContainer;
use super::runtimes::{Found, RuntimeFolders};
use super::table::{ContainerAccounts, ContainerLookup, Meeting};

/// How long a container's state is waited for. Docker writes it within some 100 ms of the container's first process.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first pause between two looks; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How many containers may wait; more than the recorder remembers.
const QUEUE_LIMIT: usize = 32_768;

/// How much a runtime's clock may be behind that of events, which is set once per recording, in ns.
const CLOCK_SLACK_NS: u64 = 1_000_000_000;

/// Looks containers up in the runtimes' state on disk. Its threads end when it is dropped, after a last look for those
/// that still wait.
#[derive(Debug)]
pub struct StateLookup {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    /// Ends the thread that watches folders when it is dropped.
    watching: Option<PipeWriter>,
}

/// Lets others wait for look-ups on their way.
#[derive(Clone, Debug)]
pub struct LookupHandle {
    queue: Arc<Queue>,
}

/// How look-ups went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LookupFigures {
    /// Containers that were asked for, each of its starts counted.
    pub containers: u64,
    /// Those of them whose name was found.
    pub named: u64,
    /// The longest that one look at all sources took.
    pub longest: Duration,
}

#[derive(Debug)]
struct Queue {
    folders: RuntimeFolders,
    api: Api,
    state: Mutex<QueueState>,
    /// Whether there are `accounts` to be taken: the event path looks before every event.
    has_accounts: AtomicBool,
    /// Something was asked for, or the end has come.
    changed: Condvar,
    /// A request was answered or given up.
    answered: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: Vec<Request>,
    /// When the request in work was made, if it lacks its answer.
    in_work: Option<Instant>,
    accounts: Vec<ContainerAccounts>,
    ahead: Ahead,
    figures: LookupFigures,
    stopped: bool,
}

#[derive(Debug)]
struct Request {
    container: Arc<Container>,
    meeting: Meeting,
    asked: Instant,
    due: Instant,
    pause: Duration,
    /// No look was taken yet.
    is_new: bool,
    /// It has its answer, and waits for the container's users alone.
    is_answered: bool,
    /// The best answer so far: a container that is not running (yet, or any more).
    found: Option<RuntimeContainer>,
}

impl StateLookup {
    /// Starts the threads. The notes say, for people, which of the folders were of no use.
    pub fn start(folders: RuntimeFolders) -> (StateLookup, LookupHandle, Vec<String>) {
        let mut notes = folders.notes();
        let arrivals = Arrivals::watch(folders.arrival_folders());
        let api = Api::new(&folders.sockets);
        let queue = Arc::new(Queue {
            folders,
            api,
            state: Mutex::new(QueueState::default()),
            has_accounts: AtomicBool::new(false),
            changed: Condvar::new(),
            answered: Condvar::new(),
        });
        let spawn = |name: &str, work: Box<dyn FnOnce(&Queue) + Send>| {
            let of_thread = Arc::clone(&queue);
            std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&of_thread))
        };
        let mut threads = Vec::new();
        match spawn("containers", Box::new(Queue::serve)) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                notes.push(format!("no thread for container look-ups ({error}): containers have ids only"));
                queue.lock().stopped = true;
            }
        }
        let watched = arrivals.and_then(|(arrivals, watching)| {
            threads.push(spawn("arrivals", Box::new(move |queue: &Queue| queue.watch(arrivals)))?);
            Ok(watching)
        });
        let watching = match watched {
            Ok(watching) => Some(watching),
            Err(error) => {
                notes.push(format!(
                    "runtimes' folders cannot be watched ({error}): containers that end at once lack names"
                ));
                None
            }
        };
        let handle = LookupHandle { queue: Arc::clone(&queue) };
        (StateLookup { queue, threads, watching }, handle, notes)
    }
}

impl ContainerLookup for StateLookup {
    fn request(&mut self, container: &Arc<Container>, meeting: Meeting) {
        let now = Instant::now();
        let mut state = self.queue.lock();
        if state.stopped || state.waiting.len() >= QUEUE_LIMIT {
            return;
        }
        state.figures.containers += 1;
        let container = Arc::clone(container);
        let request = Request {
            container,
            meeting,
            asked: now,
            due: now,
            pause: FIRST_PAUSE,
            is_new: true,
            is_answered: false,
            found: None,
        };
        state.waiting.push(request);
        self.queue.changed.notify_all();
    }

    fn accounts(&mut self) -> Option<ContainerAccounts> {
        if !self.queue.has_accounts.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.queue.lock();
        let next = state.accounts.pop();
        self.queue.has_accounts.store(!state.accounts.is_empty(), Ordering::Relaxed);
        next
    }
}

impl Drop for StateLookup {
    fn drop(&mut self) {
        self.queue.lock().stopped = true;
        self.queue.changed.notify_all();
        drop(self.watching.take());
        for thread in self.threads.drain(..) {
            // It has nothing to report, and a panic in it has been printed already.
            let _ = thread.join();
        }
    }
}

impl LookupHandle {
    /// Waits until every request made so far is answered or older than `at_most`, so for `at_most` at the longest. A
    /// container that no runtime knows is therefore waited for once, not before every block.
    pub fn settle(&self, at_most: Duration) {
        let started = Instant::now();
        let mut state = self.queue.lock();
        loop {
            let open = state.waiting.iter().filter(|request| !request.is_answered).map(|request| request.asked);
            let asked = open.chain(state.in_work);
            let newest = asked.filter(|asked| *asked <= started).max();
            let Some(left) = newest.and_then(|asked| at_most.checked_sub(asked.elapsed())) else { return };
            if left.is_zero() {
                return;
            }
            let waited = self.queue.answered.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How look-ups went so far.
    pub fn figures(&self) -> LookupFigures {
        self.queue.lock().figures
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Nothing that holds the lock leaves the queue half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is written of containers, until the end.
    fn watch(&self, mut arrivals: Arrivals) {
        // An error of the kernel's leaves what events ask for.
        while let Ok(Some(changed)) = arrivals.wait() {
            changed.iter().for_each(|full_id| self.look_ahead(full_id));
        }
    }

    /// Keeps what is known of a container whose files were just written.
    fn look_ahead(&self, full_id: &str) {
        let Found::Container(container) = self.folders.find(full_id, "") else { return };
        let had_accounts = self.lock().ahead.has_accounts(full_id);
        let accounts = if had_accounts { Accounts::Unknown } else { read_accounts(&container) };
        let has_accounts = matches!(accounts, Accounts::Lists { .. });
        self.hand_over(full_id, accounts);
        self.lock().ahead.keep(full_id, *container, has_accounts);
    }

    /// Answers requests when they are due, until the end.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let next = state.waiting.iter().enumerate().min_by_key(|(_, request)| request.due);
            let next = next.map(|(at, request)| (at, request.due));
            match next {
                Some((at, due)) if due <= now || state.stopped => {
                    let request = state.waiting.swap_remove(at);
                    state.in_work = (!request.is_answered).then_some(request.asked);
                    let is_last = state.stopped || request.asked.elapsed() >= PATIENCE;
                    drop(state);
                    let again = self.answer(request, is_last);
                    state = self.lock();
                    state.in_work = None;
                    state.waiting.extend(again);
                    self.answered.notify_all();
                }
                None if state.stopped => return,
                Some((_, due)) => {
                    let waited = self.changed.wait_timeout(state, due.saturating_duration_since(now));
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Looks once; gives the request back when another look is worth it.
    fn answer(&self, mut request: Request, is_last: bool) -> Option<Request> {
        let container = Arc::clone(&request.container);
        let full_id = std::str::from_utf8(&container.full_id).unwrap_or_default();
        let started = Instant::now();
        let is_over = request.is_answered || self.look(full_id, &mut request, is_last) || is_last;
        // Users first: who waits for details wants both.
        let has_accounts = is_over && self.find_accounts(full_id, request.found.as_ref());
        if !request.is_answered {
            self.note_answer(&request, is_over, started.elapsed());
            request.is_answered = is_over;
        }
        if is_over && (has_accounts || is_last) {
            return None;
        }
        request.due = Instant::now() + request.pause;
        request.pause = (request.pause * 2).min(LONGEST_PAUSE);
        request.is_new = false;
        Some(request)
    }

    /// Writes down what was found: for good, or for the time being.
    fn note_answer(&self, request: &Request, is_over: bool, took: Duration) {
        let row = request.found.as_ref().map(|found| found.row.clone());
        let mut state = self.lock();
        state.figures.longest = state.figures.longest.max(took);
        if !is_over {
            if let Some(row) = row {
                let _ = request.container.draft.set(row);
            }
            return;
        }
        let runtime = request.meeting.runtime;
        if let Some(row) = row.or_else(|| (!runtime.is_empty()).then(|| only_runtime(runtime))) {
            state.figures.named += u64::from(!row.name.is_empty());
            let _ = request.container.details.set(row);
        }
    }

    /// Looks at all sources once, notes what is found, and says whether that is all that there will be.
    fn look(&self, full_id: &str, request: &mut Request, is_last: bool) -> bool {
        let Meeting { runtime, ts_ns } = request.meeting;
        let on_disk = self.folders.find(full_id, runtime);
        let early = self.lock().ahead.get(full_id).cloned();
        let has_runtime = !matches!(on_disk, Found::NoRuntime);
        let now = match on_disk {
            Found::Container(now) => Some(*now),
            Found::Unknown | Found::NoRuntime => None,
        };
        let (found, is_over) = match (now, early) {
            (Some(now), _) if now.is_running => (now, true),
            // It has ended meanwhile.
            (Some(_), Some(early)) if early.is_running && !is_of_earlier_run(&early.row, ts_ns) => (early, true),
            (Some(now), _) => (now, false),
            (None, Some(early)) => (early, true),
            // It was removed since the last look.
            (None, None) if request.found.is_some() => return true,
            (None, None) => {
                let may_be_known = matches!(runtime, "docker" | "podman" | "") && (request.is_new || is_last);
                match if may_be_known { self.api.find(full_id) } else { None } {
                    Some((_, told)) => {
                        let is_running = told.is_running;
                        (told, is_running)
                    }
                    None => return !has_runtime,
                }
            }
        };
        request.found = Some(of_run(found, ts_ns));
        is_over
    }

    /// Hands a container's own users over, and says whether looking again is of no use.
    fn find_accounts(&self, full_id: &str, container: Option<&RuntimeContainer>) -> bool {
        let accounts = match container.map_or(Accounts::Unknown, read_accounts) {
            Accounts::Unknown if self.lock().ahead.has_accounts(full_id) => return true,
            Accounts::Unknown => match read_accounts_of_processes(full_id) {
                Some(accounts) => accounts,
                // It has ended.
                None => return true,
            },
            accounts => accounts,
        };
        let is_known = accounts != Accounts::Unknown;
        self.hand_over(full_id, accounts);
        is_known
    }

    fn hand_over(&self, full_id: &str, accounts: Accounts) {
        let Accounts::Lists { passwd, group } = accounts else { return };
        let Some(id) = full_id.as_bytes().get(..SHORT_ID_LEN).map(Text::from) else { return };
        self.lock().accounts.push(ContainerAccounts { id, passwd, group });
        self.has_accounts.store(true, Ordering::Relaxed);
    }
}

/// Whether a start is that of a run before the one that was met at `ts_ns`.
fn is_of_earlier_run(row: &ContainerRow, ts_ns: u64) -> bool {
    row.start_ts_ns.saturating_add(CLOCK_SLACK_NS) < ts_ns
}

/// Without what is true of an earlier run only: what a runtime says of a container that does not run is of its last run.
fn of_run(mut container: RuntimeContainer, ts_ns: u64) -> RuntimeContainer {
    if !container.is_running && is_of_earlier_run(&container.row, ts_ns) {
        container.row.start_ts_ns = 0;
        container.row.ip = Text::default();
    }
    container
}

/// All that is known of a container that no runtime's state has.
fn only_runtime(runtime: &str) -> ContainerRow {
    ContainerRow { runtime: Text::from(runtime.as_bytes()), ..ContainerRow::default() }
}

#[cfg(test)]
mod tests;
