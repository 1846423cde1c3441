//! Details of containers, looked up on a thread of its own.
//!
//! Enters: containers as they are met. Leaves: their `details`, once. A container's first events come while Docker is
//! still writing its state: the look-up is repeated for [`PATIENCE`], each container at its own times, so that one
//! that Docker does not know holds up no other.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::format::row::{Container, ContainerRow, Text};

use super::docker::{self, DockerError};
use super::table::ContainerLookup;

/// How long a container's state is waited for. Docker writes it within some 100 ms of the container's first process.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first pause between two looks; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How many containers may wait; more than the recorder remembers.
const QUEUE_LIMIT: usize = 32_768;

/// Looks containers up in Docker's state on disk. Its thread ends when it is dropped, after a last look for those that
/// still wait.
#[derive(Debug)]
pub struct DockerLookup {
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
    roots: Vec<PathBuf>,
    state: Mutex<QueueState>,
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

/// What one look at the roots gave.
enum Answer {
    Running(ContainerRow),
    NotRunning(ContainerRow),
    /// Not there, or not whole.
    Unknown,
    /// No root holds any state.
    NoDocker,
}

impl DockerLookup {
    /// Starts the thread. The notes say, for people, which of the roots was of no use.
    pub fn start(roots: Vec<PathBuf>) -> (DockerLookup, LookupHandle, Vec<String>) {
        let mut notes: Vec<_> = roots.iter().filter_map(|root| note_of(root)).collect();
        let queue = Arc::new(Queue {
            roots,
            state: Mutex::new(QueueState::default()),
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
        (DockerLookup { queue, thread }, handle, notes)
    }
}

/// Why a root is of no use, if it is not.
fn note_of(root: &std::path::Path) -> Option<String> {
    let shown = root.display();
    let said = |reason: String| Some(format!("{reason}: containers have ids, but no names and images from there"));
    match docker::state_folders(root) {
        Ok(folders) if folders.is_empty() => said(format!("{shown} holds no Docker state")),
        Ok(folders) => match folders.iter().find_map(|folder| docker::container_ids(folder).err()) {
            Some(error) => said(format!("Docker's state cannot be read: {error}")),
            None => None,
        },
        Err(DockerError::NotThere { .. }) => said(format!("{shown} is not there")),
        Err(error) => said(format!("Docker's state cannot be read: {error}")),
    }
}

impl ContainerLookup for DockerLookup {
    fn request(&mut self, container: &Arc<Container>, runtime: &'static str) {
        if !matches!(runtime, "docker" | "") {
            let _ = container.details.set(only_runtime(runtime));
            return;
        }
        let now = Instant::now();
        let mut state = self.queue.lock();
        if state.stopped || state.waiting.len() >= QUEUE_LIMIT {
            return;
        }
        let container = Arc::clone(container);
        state.waiting.push(Request { container, runtime, asked: now, due: now, pause: FIRST_PAUSE, found: None });
        self.queue.changed.notify_all();
    }
}

impl Drop for DockerLookup {
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
    /// container that Docker does not know is therefore waited for once, not before every block.
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
        let is_over = match self.look(&request.container.full_id) {
            Answer::Running(row) => {
                request.found = Some(row);
                true
            }
            Answer::NotRunning(row) => {
                request.found = Some(row);
                is_last
            }
            // It was removed since the last look.
            Answer::Unknown => is_last || request.found.is_some(),
            Answer::NoDocker => true,
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

    fn look(&self, full_id: &[u8]) -> Answer {
        let Ok(full_id) = std::str::from_utf8(full_id) else { return Answer::NoDocker };
        let mut any_state = false;
        for folder in self.roots.iter().filter_map(|root| docker::state_folders(root).ok()).flatten() {
            any_state = true;
            if let Ok(container) = docker::read_container(&folder, full_id) {
                let row = container.row;
                return if container.is_running { Answer::Running(row) } else { Answer::NotRunning(row) };
            }
        }
        if any_state { Answer::Unknown } else { Answer::NoDocker }
    }
}

/// All that is known of a container of another runtime, or of one that Docker has forgotten.
fn only_runtime(runtime: &str) -> ContainerRow {
    ContainerRow { runtime: Text::from(runtime.as_bytes()), ..ContainerRow::default() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::OnceLock;

    use super::super::docker::tests::{DockerTree, ID, OTHER};
    use super::*;

    fn container(id: &str) -> Arc<Container> {
        let full_id = Text::from(id.as_bytes());
        Arc::new(Container { id: Text::from(&id.as_bytes()[..12]), full_id, details: OnceLock::new() })
    }

    #[test]
    fn details_are_filled_on_a_thread_of_its_own() {
        let tree = DockerTree::new();
        tree.container(ID, "web", true);
        let (mut lookup, handle, notes) = DockerLookup::start(vec![tree.root()]);
        assert!(notes.is_empty(), "{notes:?}");
        let web = container(ID);
        lookup.request(&web, "docker");
        handle.settle(Duration::from_secs(2));
        assert_eq!(&*web.details.get().unwrap().name, b"web");
    }

    #[test]
    fn a_container_whose_files_come_later_holds_up_no_other() {
        let tree = DockerTree::new();
        tree.container(OTHER, "db", true);
        let (mut lookup, handle, _) = DockerLookup::start(vec![tree.root()]);
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
        let (mut lookup, handle, _) = DockerLookup::start(vec![tree.root()]);
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
        let (mut lookup, handle, _) = DockerLookup::start(vec![tree.root()]);
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
        let (mut lookup, handle, _) = DockerLookup::start(vec![tree.root()]);
        let job = container(ID);
        lookup.request(&job, "docker");
        handle.settle(Duration::from_millis(50));
        assert!(job.details.get().is_none());
        tree.remove(ID);
        handle.settle(Duration::from_secs(2));
        assert_eq!(&*job.details.get().unwrap().name, b"job");
    }

    #[test]
    fn roots_of_no_use_are_noted_and_other_runtimes_are_not_looked_up() {
        let tree = DockerTree::new();
        let nowhere = tree.root().join("nowhere");
        let empty = tree.root().join("containers");
        let (mut lookup, handle, notes) = DockerLookup::start(vec![nowhere, empty]);
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("is not there"), "{notes:?}");
        assert!(notes[1].contains("holds no Docker state"), "{notes:?}");
        let (podman, docker) = (container(ID), container(OTHER));
        lookup.request(&podman, "podman");
        lookup.request(&docker, "docker");
        assert_eq!(&*podman.details.get().unwrap().runtime, b"podman");
        handle.settle(Duration::from_secs(2));
        assert_eq!(&*docker.details.get().unwrap().runtime, b"docker");
    }
}
