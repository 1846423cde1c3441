//! Whose system calls are recorded.

use std::path::Path;

use anyhow::anyhow;
use sysreel::capture::container::{RuntimeFolders, cgroups_at, cgroups_of_container, resolve_containers};
use sysreel::capture::live::Scope;

use crate::cli::RecordArgs;
use crate::terminal::Terminal;

/// What the command line asks for. All that cannot be had is named at once; containers are looked for in
/// `folders`, and told where a name means several.
pub(crate) fn choose_scope(args: &RecordArgs, folders: &RuntimeFolders, terminal: &Terminal) -> anyhow::Result<Scope> {
    if !args.command.is_empty() {
        return Ok(Scope::Command);
    }
    let mut problems = Vec::new();
    let mut targets = Vec::new();
    for wanted in &args.container {
        match resolve_containers(folders, wanted) {
            Ok(containers) => {
                if let [_, _, ..] = containers.as_slice() {
                    let names: Vec<_> = containers.iter().map(|container| container.name.as_str()).collect();
                    terminal.note(&format!("--container {wanted}: {}", names.join(", ")));
                }
                for container in &containers {
                    match cgroups_of_container(container) {
                        Ok(found) => targets.extend(found),
                        Err(error) => problems.push(error.to_string()),
                    }
                }
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    for path in &args.cgroup {
        match cgroups_at(path) {
            Ok(found) => targets.extend(found),
            Err(error) => problems.push(error.to_string()),
        }
    }
    for pid in &args.pid {
        if !Path::new("/proc").join(pid.to_string()).exists() {
            problems.push(format!("--pid {pid}: there is no such process"));
        }
    }
    if !problems.is_empty() {
        return Err(anyhow!(problems.join("\n")));
    }
    Ok(match (targets.is_empty(), args.pid.is_empty()) {
        (false, _) => Scope::Cgroups(targets),
        (true, false) => Scope::Pids(args.pid.clone()),
        (true, true) => Scope::Host,
    })
}
