//! What is known before the first event.

use std::sync::Arc;

use sysreel::capture::container::ContainerLookup;
use sysreel::capture::state::{Snapshot, State};
use sysreel::format::row::Container;

/// What was found out.
pub(crate) struct Known {
    /// The state that events are applied to.
    pub(crate) state: State,
    /// What could not be found out, for the capture's header.
    pub(crate) notes: Vec<String>,
}

/// Starts from nothing: what ran before the recording is not known.
pub(crate) fn look_around() -> Known {
    let snapshot = Snapshot::default();
    let notes = snapshot.notes.clone();
    Known { state: State::new(snapshot, Box::new(IdsOnly)), notes }
}

/// Containers have ids and nothing else.
struct IdsOnly;

impl ContainerLookup for IdsOnly {
    fn request(&mut self, _container: &Arc<Container>, _runtime: &'static str) {}
}
