//! Probes: health checks and the liveness and readiness probes of pods, which a runtime runs inside a container.
//!
//! A process is one if it executes the probe's command and was not started by the container's own first process; so is
//! everything that it starts or executes. That is Falco's rule.

use crate::format::row::{ContainerProbe, ContainerRow, ThreadRow, probe_words};

use super::State;

/// As many ancestors are asked whether they are the container's first process.
const ANCESTOR_LIMIT: usize = 64;

impl State {
    /// After a successful execve: whether the process has become a probe. (A child has its parent's row.)
    pub(super) fn recognise_probe(&mut self, tid: i64) {
        let Some(thread) = self.threads.get(tid) else { return };
        if thread.row.probe.is_some() {
            return;
        }
        let details = thread.row.container.as_ref().and_then(|container| container.known());
        let Some(probe) = details.and_then(|details| probe_of(&thread.row, details)) else { return };
        if !self.is_started_inside(&thread.row) {
            self.threads.edit(tid, |row| row.probe = Some(probe));
        }
    }

    /// Whether a process is the container's first one or descends from it.
    fn is_started_inside(&self, row: &ThreadRow) -> bool {
        let is_first = |row: &ThreadRow| row.vpid == 1 && row.container.is_some();
        let mut ppid = row.ppid;
        for _ in 0..ANCESTOR_LIMIT {
            let Some(parent) = self.threads.get(ppid) else { break };
            if is_first(&parent.row) {
                return true;
            }
            ppid = parent.row.ppid;
        }
        is_first(row)
    }
}

/// The probe whose command a process executes. Arguments that are empty do not count.
fn probe_of(row: &ThreadRow, details: &ContainerRow) -> Option<ContainerProbe> {
    let args = || row.args.split(|&byte| byte == 0).filter(|arg| !arg.is_empty());
    ContainerProbe::ALL.into_iter().find(|&probe| {
        probe_words(details.probe_command(probe))
            .is_some_and(|words| words.eq(std::iter::once(&*row.exe).chain(args())))
    })
}
