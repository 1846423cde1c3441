//! A recording in progress.

use std::time::Duration;

use aya::maps::MapData;

use super::attach::{Attached, LiveError, Settings, TRACKED, TRACKED_HELD, Unrecorded};
use super::clock::ClockBase;
use super::event_set::EventSet;
use super::host::{self, HostError, HostFacts};
use super::losses::LossLedger;
use super::plan::Plan;
use super::rings::Rings;
use super::scope::{Scope, descendants, parents_of_processes};
use crate::format::Loss;

/// Of data read and written, bytes kept of each call at most, whatever is asked for: one blob of a record.
pub const SNAPLEN_MAX: u32 = 0xf000 - 512;

/// What to record, and how much room it gets.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Which calls.
    pub events: EventSet,
    /// Whose.
    pub scope: Scope,
    /// Of data read and written, bytes kept of each call; at most [`SNAPLEN_MAX`].
    pub snaplen: u32,
    /// Bytes of the ring that most events go through; made a power of two of whole pages.
    pub main_ring_bytes: u32,
    /// Bytes of the ring of lifecycle and security events.
    pub lifecycle_ring_bytes: u32,
}

impl Default for LiveOptions {
    /// The `security` set of the whole machine, 80 bytes of data, rings of 64 and 16 MiB.
    fn default() -> LiveOptions {
        LiveOptions {
            events: EventSet::default(),
            scope: Scope::Host,
            snaplen: 80,
            main_ring_bytes: 64 << 20,
            lifecycle_ring_bytes: 16 << 20,
        }
    }
}

/// A recording in progress: programs attached, records waiting to be polled. Dropping it detaches the programs.
pub struct Live {
    attached: Attached,
    rings: Rings<MapData>,
    ledger: LossLedger,
    clock: ClockBase,
    scope: Scope,
}

/// What was not recorded, told at the end.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LiveEnd {
    /// Records that were still in the rings, and were given to the sink.
    pub drained: usize,
    /// Losses since [`Live::losses`] was last asked.
    pub losses: Vec<Loss>,
    /// What is counted but not recorded.
    pub unrecorded: Unrecorded,
}

impl Live {
    /// Whether this machine can be recorded by this user; names everything that is missing, with its remedy.
    pub fn probe() -> Result<HostFacts, HostError> {
        host::probe()
    }

    /// Loads and attaches the programs. With [`Scope::Command`] nothing is recorded until [`Live::track_pid`].
    pub fn start(host: &HostFacts, options: &LiveOptions) -> Result<Live, LiveError> {
        let plan = Plan::new(&options.events, &options.scope);
        let settings = Settings {
            snaplen: options.snaplen.min(SNAPLEN_MAX),
            recorder_pid: std::process::id(),
            main_ring_bytes: options.main_ring_bytes,
            lifecycle_ring_bytes: options.lifecycle_ring_bytes,
        };
        let clock = ClockBase::sample().ok_or(LiveError::Clock)?;
        let cgroups: &[_] = match &options.scope {
            Scope::Cgroups(targets) => targets,
            Scope::Host | Scope::Command | Scope::Pids(_) => &[],
        };
        let (attached, maps) = Attached::start(host, &plan, &settings, cgroups)?;
        let rings = Rings::new(maps.main, maps.lifecycle)?;
        let ledger = LossLedger::default();
        let mut live = Live { attached, rings, ledger, clock, scope: options.scope.clone() };
        live.track_present()?;
        Ok(live)
    }

    /// The base that turns this recording's stamps into wall-clock time.
    pub fn clock(&self) -> ClockBase {
        self.clock
    }

    /// Records a process and what it starts from now on. With [`Scope::Command`] the process is a held one: its
    /// execve is the first that is recorded of it.
    pub fn track_pid(&mut self, pid: u32) -> Result<(), LiveError> {
        let state = match self.scope {
            Scope::Command => TRACKED_HELD,
            Scope::Host | Scope::Pids(_) | Scope::Cgroups(_) => TRACKED,
        };
        self.attached.track(pid, state)
    }

    /// Waits until there is a fair amount to read or the time is over, then gives records to `sink`, in the order of
    /// their times. Returns how many. Records of the last few milliseconds wait for the next call.
    pub fn poll(&mut self, timeout: Duration, sink: &mut dyn FnMut(&[u8])) -> Result<usize, LiveError> {
        let Live { attached, rings, .. } = self;
        rings.poll(timeout, &mut || attached.flush(), sink)
    }

    /// Records lost since the last call, by processor and kind.
    pub fn losses(&mut self) -> Result<Vec<Loss>, LiveError> {
        let counters = self.attached.losses()?;
        Ok(self.ledger.since_last(&counters, &self.clock))
    }

    /// Detaches the programs, then gives everything that is left in the rings to `sink`.
    pub fn stop(mut self, sink: &mut dyn FnMut(&[u8])) -> Result<LiveEnd, LiveError> {
        self.attached.detach();
        self.attached.flush()?;
        let drained = self.rings.finish(sink);
        Ok(LiveEnd { drained, losses: self.losses()?, unrecorded: self.attached.unrecorded()? })
    }

    /// Tracks what is in the scope already. The programs run by now, so that what these processes start meanwhile is
    /// not missed.
    fn track_present(&mut self) -> Result<(), LiveError> {
        let present = |scope: &Scope| match scope {
            Scope::Host | Scope::Command => Vec::new(),
            Scope::Pids(pids) => descendants(pids, &parents_of_processes()),
            Scope::Cgroups(targets) => targets.iter().flat_map(super::scope::CgroupTarget::members).collect(),
        };
        let scope = self.scope.clone();
        let own = std::process::id();
        // The second look finds what was started by a process that the first had not tracked yet.
        for _ in 0..2 {
            for pid in present(&scope) {
                if pid != own {
                    self.attached.track(pid, TRACKED)?;
                }
            }
        }
        Ok(())
    }
}
