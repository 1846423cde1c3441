//! Details of containers, looked up on a thread of its own.
//!
//! Enters: containers as they are met. Leaves: their `details`, once. A container's first events may come while its runtime
//! is still writing its state: the look-up is repeated for [`PATIENCE`], each container at its own times, so that one
//! that no runtime knows holds up no other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::format::row::{Container, ContainerRow, Text};

use super::accounts::read_accounts;
use super::runtimes::{Found, RuntimeFolders};
use super::table::{ContainerAccounts, ContainerLookup};

/// How long a container's state is waited for. Docker writes it within some 100 ms of the container's first process.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first pause between two looks; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How many containers may wait; more than the recorder remembers.
const QUEUE_LIMIT: usize = 32_768;

/// Looks containers up in the runtimes' state on disk. Its thread ends when it is dropped, after a last look for those that
/// still wait.
#[derive(Debug)]
pub struct StateLookup {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// Lets others wait for look-ups on their way.
#[derive(Clone, Debug)]
pub struct LookupHandle {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    folders: RuntimeFolders,
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
    /// When the request in work was made.
    in_work: Option<Instant>,
    accounts: Vec<ContainerAccounts>,
    stopped: bool,
}

#[derive(Debug)]
struct Request {
    container: Arc<Container>,
    runtime: &'static str,
    asked: Instant,
    due: Instant,
    pause: Duration,
    /// The best answer so far: a container that is not running (yet, or any more).
    found: Option<ContainerRow>,
}

impl StateLookup {
    /// Starts the thread. The notes say, for people, which of the folders were of no use.
    pub fn start(folders: RuntimeFolders) -> (StateLookup, LookupHandle, Vec<String>) {
        let mut notes = folders.notes();
        let queue = Arc::new(Queue {
            folders,
            state: Mutex::new(QueueState::default()),
            has_accounts: AtomicBool::new(false),
            changed: Condvar::new(),
            answered: Condvar::new(),
        });
        let of_thread = Arc::clone(&queue);
        let spawned = std::thread::Builder::new().name("containers".to_owned()).spawn(move || of_thread.serve());
        let thread = match spawned {
            Ok(thread) => Some(thread),
            Err(error) => {
                notes.push(format!("no thread for container look-ups ({error}): containers have ids only"));
                queue.lock().stopped = true;
                None
            }
        };
        let handle = LookupHandle { queue: Arc::clone(&queue) };
        (StateLookup { queue, thread }, handle, notes)
    }
}

impl ContainerLookup for StateLookup {
    fn request(&mut self, container: &Arc<Container>, runtime: &'static str) {
        let now = Instant::now();
        let mut state = self.queue.lock();
        if state.stopped || state.waiting.len() >= QUEUE_LIMIT {
            return;
        }
        let container = Arc::clone(container);
        state.waiting.push(Request { container, runtime, asked: now, due: now, pause: FIRST_PAUSE, found: None });
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
        if let Some(thread) = self.thread.take() {
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
            let asked = state.waiting.iter().map(|request| request.asked).chain(state.in_work);
            let newest = asked.filter(|asked| *asked <= started).max();
            let Some(left) = newest.and_then(|asked| at_most.checked_sub(asked.elapsed())) else { return };
            if left.is_zero() {
                return;
            }
            let waited = self.queue.answered.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Nothing that holds the lock leaves the queue half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
                    state.in_work = Some(request.asked);
                    let is_last = state.stopped || request.asked.elapsed() >= PATIENCE;
                    drop(state);
                    let again = self.answer(request, is_last);
                    state = self.lock();
                    state.in_work = None;
                    match again {
                        Some(request) => state.waiting.push(request),
                        None => self.answered.notify_all(),
                    }
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
        let full_id = std::str::from_utf8(&request.container.full_id).unwrap_or_default();
        let is_over = match self.folders.find(full_id, request.runtime) {
            Found::Container(container) => {
                let is_over = container.is_running || is_last;
                if is_over && let Some((passwd, group)) = read_accounts(&container) {
                    let id = Text::clone(&request.container.id);
                    self.lock().accounts.push(ContainerAccounts { id, passwd, group });
                    self.has_accounts.store(true, Ordering::Relaxed);
                }
                request.found = Some(container.row);
                is_over
            }
            // It was removed since the last look.
            Found::Unknown => is_last || request.found.is_some(),
            Found::NoRuntime => true,
        };
        if !is_over {
            request.due = Instant::now() + request.pause;
            request.pause = (request.pause * 2).min(LONGEST_PAUSE);
            return Some(request);
        }
        if request.found.is_none() && !request.runtime.is_empty() {
            request.found = Some(only_runtime(request.runtime));
        }
        if let Some(row) = request.found {
            let _ = request.container.details.set(row);
        }
        None
    }
}

/// All that is known of a container that no runtime's state has.
fn only_runtime(runtime: &str) -> ContainerRow {
    ContainerRow { runtime: Text::from(runtime.as_bytes()), ..ContainerRow::default() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::OnceLock;

    use super::super::docker::tests::{DockerTree, ID, OTHER};
    use super::*;

    fn folders(docker: Vec<std::path::PathBuf>) -> RuntimeFolders {
        RuntimeFolders { docker, ..RuntimeFolders::default() }
    }

    fn container(id: &str) -> Arc<Container> {
        let full_id = Text::from(id.as_bytes());
        Arc::new(Container { id: Text::from(&id.as_bytes()[..12]), full_id, details: OnceLock::new() })
    }

    #[test]
    fn details_are_filled_on_a_thread_of_its_own() {
        let tree = DockerTree::new();
        tree.container(ID, "web", true);
        let (mut lookup, handle, notes) = StateLookup::start(folders(vec![tree.root()]));
        assert!(notes.is_empty(), "{notes:?}");
        let web = container(ID);
        lookup.request(&web, "docker");
        handle.settle(Duration::from_secs(2));
        assert_eq!(&*web.details.get().unwrap().name, b"web");
    }

    #[test]
    fn a_containers_own_users_are_handed_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("io.containerd.runtime.v2.task/default").join(ID);
        std::fs::create_dir_all(bundle.join("rootfs/etc")).unwrap();
        std::fs::write(bundle.join("config.json"), r#"{"root": {"path": "rootfs"}}"#).unwrap();
        std::fs::write(bundle.join("rootfs/etc/passwd"), "alice:x:1000:1000:::\n").unwrap();
        let states = vec![folder.path().to_owned()];
        let containerd = super::super::containerd::ContainerdFolders { states, roots: Vec::new() };
        let (mut lookup, handle, _) = StateLookup::start(RuntimeFolders { containerd, ..RuntimeFolders::default() });
        assert!(lookup.accounts().is_none());
        lookup.request(&container(ID), "containerd");
        handle.settle(Duration::from_secs(5));
        let told = lookup.accounts().unwrap();
        assert_eq!((&*told.id, told.passwd.as_slice()), (&ID.as_bytes()[..12], &b"alice:x:1000:1000:::\n"[..]));
        assert!(lookup.accounts().is_none());
    }

    #[test]
    fn a_container_whose_files_come_later_holds_up_no_other() {
        let tree = DockerTree::new();
        tree.container(OTHER, "db", true);
        let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
        let (late, there) = (container(ID), container(OTHER));
        lookup.request(&late, "");
        lookup.request(&there, "docker");
        let asked = Instant::now();
        handle.settle(Duration::from_millis(50));
        assert!(asked.elapsed() < Duration::from_secs(1));
        assert_eq!(&*there.details.get().unwrap().name, b"db");
        assert!(late.details.get().is_none());
        tree.container(ID, "web", true);
        handle.settle(Duration::from_secs(10));
        assert_eq!(&*late.details.get().unwrap().name, b"web");
    }

    #[test]
    fn a_container_that_docker_does_not_know_is_waited_for_once() {
        let tree = DockerTree::new();
        let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
        let unknown = container(ID);
        lookup.request(&unknown, "docker");
        handle.settle(Duration::from_millis(60));
        let second = Instant::now();
        handle.settle(Duration::from_millis(60));
        assert!(second.elapsed() < Duration::from_millis(50));
        drop(lookup);
        assert_eq!(&*unknown.details.get().unwrap().runtime, b"docker");
        assert!(unknown.details.get().unwrap().name.is_empty());
    }

    #[test]
    fn the_end_takes_what_is_known_by_then() {
        let tree = DockerTree::new();
        tree.container(ID, "job", false);
        let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
        let job = container(ID);
        lookup.request(&job, "docker");
        drop(lookup);
        assert_eq!(&*job.details.get().unwrap().name, b"job");
        handle.settle(Duration::from_secs(5));
    }

    #[test]
    fn a_container_removed_meanwhile_keeps_what_was_read() {
        let tree = DockerTree::new();
        tree.container(ID, "job", false);
        let (mut lookup, handle, _) = StateLookup::start(folders(vec![tree.root()]));
        let job = container(ID);
        lookup.request(&job, "docker");
        handle.settle(Duration::from_millis(50));
        assert!(job.details.get().is_none());
        tree.remove(ID);
        handle.settle(Duration::from_secs(2));
        assert_eq!(&*job.details.get().unwrap().name, b"job");
    }

    #[test]
    fn folders_of_no_use_are_noted_and_runtimes_without_state_give_their_name_only() {
        let tree = DockerTree::new();
        let nowhere = tree.root().join("nowhere");
        let empty = tree.root().join("containers");
        let (mut lookup, handle, notes) = StateLookup::start(folders(vec![nowhere, empty]));
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("is not there"), "{notes:?}");
        assert!(notes[1].contains("holds no Docker state"), "{notes:?}");
        let (podman, docker) = (container(ID), container(OTHER));
        lookup.request(&podman, "podman");
        lookup.request(&docker, "docker");
        handle.settle(Duration::from_secs(2));
        assert_eq!(&*podman.details.get().unwrap().runtime, b"podman");
        assert_eq!(&*docker.details.get().unwrap().runtime, b"docker");
    }
}
