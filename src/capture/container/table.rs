//! The containers met so far.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::format::row::{Container, ContainerRow, Text};

use super::cgroup::{ContainerId, SHORT_ID_LEN, container_id};
use super::falco_cgroup::falco_container_id;

/// How many containers are remembered; beyond it, those that nothing refers to any more are forgotten.
const CONTAINER_LIMIT: usize = 16_384;

/// Finds out what a runtime says of a container.
pub trait ContainerLookup: Send {
    /// A container was met for the first time, or for the first time since it was started again: have its `details`
    /// filled soon, without blocking.
    fn request(&mut self, container: &Arc<Container>, meeting: Meeting);

    /// The next list of a container's own users and groups that has been read since the last call, if any. It is asked
    /// for before every event.
    fn accounts(&mut self) -> Option<ContainerAccounts> {
        None
    }
}

/// What is known of a container when it is met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Meeting {
    /// What the cgroup path tells of the runtime, or empty.
    pub runtime: &'static str,
    /// The time of the event in which its first process was seen, ns since the epoch; 0 if it was there before the
    /// first event.
    pub ts_ns: u64,
}

/// A container's own users and groups.
#[derive(Clone, Debug)]
pub struct ContainerAccounts {
    /// The container's short id.
    pub id: Text,
    /// The text of its `passwd` file.
    pub passwd: Vec<u8>,
    /// The text of its `group` file.
    pub group: Vec<u8>,
}

/// Containers by full id, each with one shared row.
pub(crate) struct ContainerTable {
    by_id: FxHashMap<Text, Arc<Container>>,
    /// Events are followed as Falco does: a container's full id comes from its runtime, and so does that it was started
    /// again.
    is_falco: bool,
    lookup: Box<dyn ContainerLookup>,
}

impl std::fmt::Debug for ContainerTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContainerTable").field("by_id", &self.by_id).finish_non_exhaustive()
    }
}

impl ContainerTable {
    pub(crate) fn new(lookup: Box<dyn ContainerLookup>, is_falco: bool) -> ContainerTable {
        ContainerTable { by_id: FxHashMap::default(), is_falco, lookup }
    }

    /// Takes over what is told of a container, in a row of its own: those of before keep what was known then.
    pub(crate) fn replace(&mut self, id: &Text, full_id: &Text, mut details: ContainerRow) -> Arc<Container> {
        if details.cni_json.is_empty() {
            self.ask_sandbox(&mut details);
        }
        let known = [full_id, id].into_iter().find(|known| self.by_id.contains_key(*known)).map(Arc::clone);
        let key = known.or_else(|| {
            let is_short = id.len() == SHORT_ID_LEN;
            self.by_id.keys().filter(|key| is_short && key.starts_with(id)).min().map(Arc::clone)
        });
        let details = OnceLock::from(details);
        let (id, full_id) = (Arc::clone(id), Arc::clone(full_id));
        let container = Arc::new(Container { id, full_id, details, ..Container::default() });
        let Container { id, full_id, .. } = &*container;
        let key = key.unwrap_or_else(|| Arc::clone(if full_id.is_empty() { id } else { full_id }));
        self.by_id.insert(key, Arc::clone(&container));
        container
    }

    /// Adds what the container that is its pod's sandbox tells of the pod.
    fn ask_sandbox(&self, details: &mut ContainerRow) {
        let id = &details.pod_sandbox_id;
        let short = id.get(..SHORT_ID_LEN).unwrap_or(id);
        let sandbox = self.by_id.get(&**id).or_else(|| self.by_id.get(short));
        let Some(told) = sandbox.and_then(|sandbox| sandbox.details.get()) else { return };
        details.pod_ip = Text::clone(&told.ip);
        if !told.pod_labels_json.is_empty() {
            details.pod_labels_json = Text::clone(&told.pod_labels_json);
        }
    }

    /// The next list of users and groups that has been read.
    pub(crate) fn accounts(&mut self) -> Option<ContainerAccounts> {
        self.lookup.accounts()
    }

    /// The container of a thread with these cgroups, as of an event at `ts_ns`; `None` on the host. `own` is the one
    /// that the thread was in so far. A container in which no thread lives any more (`has_threads` says so) was started
    /// again: it gets a new row, with details of its own. Before the first event (`ts_ns` is 0) nothing is.
    pub(crate) fn find(
        &mut self,
        cgroups: &[u8],
        own: Option<&Arc<Container>>,
        ts_ns: u64,
        has_threads: impl Fn(&Arc<Container>) -> bool,
    ) -> Option<Arc<Container>> {
        let id = if self.is_falco { falco_container_id(cgroups) } else { container_id(cgroups) }?;
        let known = self.by_id.get(id.full).or_else(|| self.by_id.get(id.short));
        let is_same_run = |known: &Arc<Container>| {
            self.is_falco || ts_ns == 0 || own.is_some_and(|own| Arc::ptr_eq(own, known)) || has_threads(known)
        };
        if let Some(container) = known
            && is_same_run(container)
        {
            return Some(Arc::clone(container));
        }
        let run = known.map_or(0, |known| known.run.wrapping_add(1));
        if self.by_id.len() >= CONTAINER_LIMIT {
            self.by_id.retain(|_, container| Arc::strong_count(container) > 1);
        }
        let container = Arc::new(self.new_container(id, run));
        if !id.is_all {
            self.lookup.request(&container, Meeting { runtime: id.runtime, ts_ns });
        }
        self.by_id.insert(Text::from(id.full), Arc::clone(&container));
        Some(container)
    }

    /// A container of which only its cgroup is known.
    fn new_container(&self, id: ContainerId<'_>, run: u32) -> Container {
        let full_id = if self.is_falco { Text::default() } else { Text::from(id.full) };
        let details = if id.is_all {
            OnceLock::from(ContainerRow { runtime: Text::from(id.runtime.as_bytes()), ..ContainerRow::default() })
        } else {
            OnceLock::new()
        };
        Container { id: Text::from(id.short), full_id, details, run, ..Container::default() }
    }
}
