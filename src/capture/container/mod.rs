//! Containers: from a cgroup path to an id, from an id to name, image and pod.
//!
//! The id is known at once ([`container_id`]); details come from a [`ContainerLookup`], which answers on a thread of
//! its own by filling [`Container::details`](crate::format::row::Container::details). The event path never waits for
//! it. [`StateLookup`] reads the state that runtimes keep on disk, so that their daemons need not run, and does so when
//! it is written, so that a container may be gone when its events come. A daemon is asked for what no file says.

#[cfg(feature = "record")]
mod accounts;
#[cfg(feature = "record")]
mod ahead;
#[cfg(feature = "record")]
mod api;
#[cfg(feature = "record")]
mod arrivals;
#[cfg(feature = "record")]
mod bolt;
mod cgroup;
#[cfg(feature = "record")]
mod cgroupfs;
#[cfg(feature = "record")]
mod containerd;
#[cfg(feature = "record")]
mod details;
#[cfg(feature = "record")]
mod docker;
mod falco_cgroup;
#[cfg(feature = "record")]
mod lookup;
#[cfg(feature = "record")]
mod oci;
#[cfg(feature = "record")]
mod podman;
#[cfg(feature = "record")]
mod probes;
#[cfg(feature = "record")]
mod processes;
#[cfg(feature = "record")]
mod reference;
#[cfg(feature = "record")]
mod resolve;
#[cfg(feature = "record")]
mod runtimes;
#[cfg(feature = "record")]
mod sqlite;
#[cfg(feature = "record")]
mod state_file;
#[cfg(feature = "record")]
mod storage;
mod table;

pub use cgroup::{ContainerId, container_id};
#[cfg(feature = "record")]
pub use cgroupfs::{ScopeError, cgroups_at, cgroups_of_container};
#[cfg(feature = "record")]
pub use containerd::ContainerdFolders;
#[cfg(feature = "record")]
pub use docker::DEFAULT_ROOT;
#[cfg(feature = "record")]
pub use lookup::{LookupFigures, LookupHandle, StateLookup};
#[cfg(feature = "record")]
pub use resolve::{ResolveError, ResolvedContainer, resolve_containers};
#[cfg(feature = "record")]
pub use runtimes::RuntimeFolders;
#[cfg(feature = "record")]
pub use state_file::StateError;
pub(super) use table::ContainerTable;
pub use table::{ContainerAccounts, ContainerLookup, Meeting};
