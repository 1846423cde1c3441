//! Whose system calls are recorded.

use sysreel::capture::live::{CgroupTarget, Scope};

use crate::cli::RecordArgs;

/// What the command line asks for.
pub(crate) fn choose_scope(args: &RecordArgs) -> anyhow::Result<Scope> {
    if !args.command.is_empty() {
        return Ok(Scope::Command);
    }
    if !args.pid.is_empty() {
        return Ok(Scope::Pids(args.pid.clone()));
    }
    if !args.cgroup.is_empty() {
        let mut targets = Vec::new();
        for path in &args.cgroup {
            targets.extend(CgroupTarget::find(path)?);
        }
        return Ok(Scope::Cgroups(targets));
    }
    Ok(Scope::Host)
}
