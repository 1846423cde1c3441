//! The containers met so far.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::format::row::{Container, ContainerRow, Text};

use super::cgroup::container_id;

/// How many containers are remembered; beyond it, those that nothing refers to any more are forgotten.
const CONTAINER_LIMIT: usize = 16_384;

/// Finds out what a runtime says of a container.
pub trait ContainerLookup: Send {
    /// A container was met for the first time: have its `details` filled soon, without blocking. `runtime` is what
    /// the cgroup path tells of the runtime, or empty.
    fn request(&mut self, container: &Arc<Container>, runtime: &'static str);

    /// The next list of a container's own users and groups that has been read since the last call, if any. It is asked
    /// for before every event.
    fn accounts(&mut self) -> Option<ContainerAccounts> {
        None
    }
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
    /// Whether a container's full id is told before anything else is known of it. (Falco takes it from the runtime.)
    tells_full_ids: bool,
    lookup: Box<dyn ContainerLookup>,
}

impl std::fmt::Debug for ContainerTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContainerTable").field("by_id", &self.by_id).finish_non_exhaustive()
    }
}

impl ContainerTable {
    pub(crate) fn new(lookup: Box<dyn ContainerLookup>, tells_full_ids: bool) -> ContainerTable {
        ContainerTable { by_id: FxHashMap::default(), tells_full_ids, lookup }
    }

    /// Takes over what is told of a container, in a row of its own: those of before keep what was known then.
    pub(crate) fn replace(&mut self, id: &Text, full_id: &Text, details: ContainerRow) -> Arc<Container> {
        let key = self.by_id.keys().find(|key| *key == full_id || key.starts_with(id)).map(Arc::clone);
        let container =
            Arc::new(Container { id: Arc::clone(id), full_id: Arc::clone(full_id), details: OnceLock::from(details) });
        let key = key.unwrap_or_else(|| if full_id.is_empty() { Arc::clone(id) } else { Arc::clone(full_id) });
        self.by_id.insert(key, Arc::clone(&container));
        container
    }

    /// The next list of users and groups that has been read.
    pub(crate) fn accounts(&mut self) -> Option<ContainerAccounts> {
        self.lookup.accounts()
    }

    /// The container of a thread with these cgroups; `None` on the host.
    pub(crate) fn find(&mut self, cgroups: &[u8]) -> Option<Arc<Container>> {
        let id = container_id(cgroups)?;
        if let Some(container) = self.by_id.get(id.full).or_else(|| self.by_id.get(id.short())) {
            return Some(Arc::clone(container));
        }
        if self.by_id.len() >= CONTAINER_LIMIT {
            self.by_id.retain(|_, container| Arc::strong_count(container) > 1);
        }
        let full_id = Text::from(id.full);
        let told = if self.tells_full_ids { Text::clone(&full_id) } else { Text::default() };
        let container = Arc::new(Container { id: Text::from(id.short()), full_id: told, details: OnceLock::new() });
        self.lookup.request(&container, id.runtime);
        self.by_id.insert(full_id, Arc::clone(&container));
        Some(container)
    }
}
