//! The containers met so far.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::format::row::{Container, Text};

use super::cgroup::container_id;

/// How many containers are remembered; beyond it, those that nothing refers to any more are forgotten.
const CONTAINER_LIMIT: usize = 16_384;

/// Finds out what a runtime says of a container.
pub trait ContainerLookup: Send {
    /// A container was met for the first time: have its `details` filled soon, without blocking. `runtime` is what
    /// the cgroup path tells of the runtime, or empty.
    fn request(&mut self, container: &Arc<Container>, runtime: &'static str);
}

/// Containers by full id, each with one shared row.
pub(crate) struct ContainerTable {
    by_id: FxHashMap<Text, Arc<Container>>,
    lookup: Box<dyn ContainerLookup>,
}

impl std::fmt::Debug for ContainerTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContainerTable").field("by_id", &self.by_id).finish_non_exhaustive()
    }
}

impl ContainerTable {
    pub(crate) fn new(lookup: Box<dyn ContainerLookup>) -> ContainerTable {
        ContainerTable { by_id: FxHashMap::default(), lookup }
    }

    /// The container of a thread with these cgroups; `None` on the host.
    pub(crate) fn find(&mut self, cgroups: &[u8]) -> Option<Arc<Container>> {
        let id = container_id(cgroups)?;
        if let Some(container) = self.by_id.get(id.full) {
            return Some(Arc::clone(container));
        }
        if self.by_id.len() >= CONTAINER_LIMIT {
            self.by_id.retain(|_, container| Arc::strong_count(container) > 1);
        }
        let container =
            Arc::new(Container { id: Text::from(id.short()), full_id: Text::from(id.full), details: OnceLock::new() });
        self.lookup.request(&container, id.runtime);
        self.by_id.insert(Arc::clone(&container.full_id), Arc::clone(&container));
        Some(container)
    }
}
