//! Containers: from a cgroup path to an id, from an id to name, image and pod.
//!
//! The id is known at once ([`container_id`]); details come from a [`ContainerLookup`], which answers on a thread of
//! its own by filling [`Container::details`]. The event path never waits for it.

mod cgroup;
mod table;

pub use cgroup::{ContainerId, container_id};
pub use table::ContainerLookup;
pub(super) use table::ContainerTable;
