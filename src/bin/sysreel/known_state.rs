//! What is known before the first event, and who is asked about containers afterwards.

use std::path::PathBuf;
use std::time::Duration;

use sysreel::capture::container::{DockerLookup, LookupHandle};
use sysreel::capture::live::clock::ClockBase;
use sysreel::capture::recorder::Settle;
use sysreel::capture::state::{ProcScan, State};

/// How long an event's block may wait for what Docker says of its container. Docker's files are read in a few
/// milliseconds; a container of another runtime costs this much once.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(100);

/// What was found out.
pub(crate) struct Known {
    /// The state that events are applied to.
    pub(crate) state: State,
    /// What could not be found out, for the capture's header.
    pub(crate) notes: Vec<String>,
    /// Look-ups on their way.
    pub(crate) containers: Containers,
}

/// Look-ups of containers on their way.
pub(crate) struct Containers {
    handle: LookupHandle,
}

impl Settle for Containers {
    /// Waits a moment for answers, so that the block has them.
    fn settle(&self) {
        self.handle.settle(SETTLE_TIMEOUT);
    }
}

/// Takes the snapshot of `processes` (of all there are, with `None`) and starts looking containers up in
/// `docker_roots`.
pub(crate) fn look_around(processes: Option<&[u32]>, clock: ClockBase, docker_roots: Vec<PathBuf>) -> Known {
    let mut scan = ProcScan::new(clock);
    let snapshot = match processes {
        Some(pids) => scan.processes(pids),
        None => scan.host(),
    };
    let (lookup, handle, container_notes) = DockerLookup::start(docker_roots);
    let mut notes = snapshot.notes.clone();
    notes.extend(container_notes);
    let state = State::new(snapshot, Box::new(lookup)).with_process_source(Box::new(scan));
    Known { state, notes, containers: Containers { handle } }
}
