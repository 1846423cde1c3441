//! Containers: from a cgroup path to an id, from an id to name, image and pod.
//!
//! The id is known at once ([`container_id`]); details come from a [`ContainerLookup`], which answers on a thread of
//! its own by filling [`Container::details`](crate::format::row::Container::details). The event path never waits for
//! it. [`DockerLookup`] reads Docker's state on disk; other runtimes are known by their ids only.

mod cgroup;
#[cfg(feature = "record")]
mod cgroupfs;
#[cfg(feature = "record")]
mod docker;
#[cfg(feature = "record")]
mod lookup;
#[cfg(feature = "record")]
mod resolve;
mod table;

pub use cgroup::{ContainerId, container_id};
#[cfg(feature = "record")]
pub use cgroupfs::{ScopeError, cgroups_at, cgroups_of_container};
#[cfg(feature = "record")]
pub use docker::{DEFAULT_ROOT, DockerError, default_roots};
#[cfg(feature = "record")]
pub use lookup::{DockerLookup, LookupHandle};
#[cfg(feature = "record")]
pub use resolve::{ResolveError, ResolvedContainer, resolve_container};
pub use table::ContainerLookup;
pub(super) use table::ContainerTable;
