//! What is known before the first event, and who is asked about containers afterwards.

use std::path::PathBuf;
use std::time::Duration;

use sysreel::capture::container::{LookupFigures, LookupHandle, RuntimeFolders, StateLookup};
use sysreel::capture::live::clock::ClockBase;
use sysreel::capture::recorder::Settle;
use sysreel::capture::state::{ProcScan, State};
use sysreel::format::Inventory;
use sysreel::format::scap::ScapMachine;

use crate::cli::RecordArgs;
use crate::table::{count, thousands};

/// How long an event's block may wait for what a runtime says of its container. Its files are read in a few
/// milliseconds; a container that no runtime knows costs this much once.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(100);

/// What was found out.
pub(crate) struct Known {
    /// The state that events are applied to.
    pub(crate) state: State,
    /// What was there, for the capture.
    pub(crate) inventory: Inventory,
    /// What could not be found out, for the capture's header.
    pub(crate) notes: Vec<String>,
    /// Look-ups on their way.
    pub(crate) containers: Containers,
}

/// Look-ups of containers on their way.
#[derive(Clone)]
pub(crate) struct Containers {
    handle: LookupHandle,
}

impl Containers {
    /// How look-ups went, for people; `None` without containers.
    pub(crate) fn describe(&self) -> Option<String> {
        let LookupFigures { containers, named, longest } = self.handle.figures();
        let took = format!("the longest look-up took {:.1} ms", longest.as_secs_f64() * 1e3);
        match (containers, containers - named) {
            (0, _) => None,
            (1, 0) => Some(format!("1 container, and its name; {took}")),
            (all, 0) => Some(format!("{} containers, all with their names; {took}", thousands(all))),
            (all, lacking) => {
                Some(format!("{}, {} without a name; {took}", count(all, "container"), thousands(lacking)))
            }
        }
    }
}

impl Settle for Containers {
    /// Waits a moment for answers, so that the block has them.
    fn settle(&self) {
        self.handle.settle(SETTLE_TIMEOUT);
    }
}

/// Where to look for what container runtimes know: the usual folders and sockets, unless the command line names others.
pub(crate) fn runtime_folders(args: &RecordArgs) -> RuntimeFolders {
    let mut folders = RuntimeFolders::usual();
    let replace = |folders: &mut Vec<PathBuf>, given: &[PathBuf]| {
        if !given.is_empty() {
            *folders = given.to_vec();
        }
    };
    replace(&mut folders.docker, &args.docker_root);
    replace(&mut folders.containerd.states, &args.containerd_state);
    replace(&mut folders.containerd.roots, &args.containerd_root);
    replace(&mut folders.storage, &args.storage_root);
    replace(&mut folders.sockets, &args.docker_socket);
    folders
}

/// Takes the snapshot of `processes` (of all there are, with `None`) on this machine and starts looking containers up in
/// `folders`.
pub(crate) fn look_around(
    processes: Option<&[u32]>,
    machine: ScapMachine,
    clock: ClockBase,
    folders: RuntimeFolders,
) -> Known {
    let mut scan = ProcScan::new(clock);
    let snapshot = match processes {
        Some(pids) => scan.processes(pids),
        None => scan.host(),
    };
    let (lookup, handle, container_notes) = StateLookup::start(folders);
    let mut notes = snapshot.notes.clone();
    notes.extend(container_notes);
    let inventory = snapshot.inventory(machine);
    let state = State::new(snapshot, Box::new(lookup)).with_process_source(Box::new(scan));
    // the first events find the users of containers that were there before
    handle.settle(SETTLE_TIMEOUT);
    Known { state, inventory, notes, containers: Containers { handle } }
}
