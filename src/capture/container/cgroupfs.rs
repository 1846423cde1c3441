//! The cgroups that stand for a container, or that the user named, as the kernel's filter wants them.

use std::fs;
use std::io;

use crate::capture::live::{CgroupError, CgroupTarget};

use super::resolve::{ResolveError, ResolvedContainer};

/// Why a recording cannot be limited to a cgroup.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// The container is not running.
    #[error(transparent)]
    Container(#[from] ResolveError),
    /// The container's process cannot be looked at.
    #[error("container '{name}': /proc/{pid}/cgroup: {source}; is it still running, and is this the host's /proc?")]
    Process {
        /// The container.
        name: String,
        /// Its first process.
        pid: u32,
        /// Why not.
        source: io::Error,
    },
    /// The process is in no cgroup of the container's.
    #[error(
        "container '{name}': process {pid} is in no cgroup named after it (it is in {cgroups}): the runtime's state is out \
         of date, or the cgroup is hidden by a namespace; record it with --cgroup"
    )]
    NotItsOwn {
        /// The container.
        name: String,
        /// Its first process.
        pid: u32,
        /// The paths found.
        cgroups: String,
    },
    /// The root of a hierarchy is the whole machine.
    #[error("cgroup '{path}' holds every process of the machine: leave out --cgroup to record them all")]
    WholeMachine {
        /// As it was given.
        path: String,
    },
    /// There is no such cgroup.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// The cgroups of a running container: its folder in each hierarchy, version 1 and 2, that has one named after it. What
/// the container makes below belongs to it.
pub fn cgroups_of_container(container: &ResolvedContainer) -> Result<Vec<CgroupTarget>, ScopeError> {
    let pid = container.running_pid()?;
    let name = &container.name;
    let cgroups = fs::read_to_string(format!("/proc/{pid}/cgroup")).map_err(|source| ScopeError::Process {
        name: name.clone(),
        pid,
        source,
    })?;
    let own = own_paths(&cgroups, &container.full_id);
    let mut targets = Vec::new();
    let mut missing = None;
    for (hierarchy, path) in own {
        match CgroupTarget::find(&path) {
            Ok(found) => targets.extend(found.into_iter().filter(|target| target.hierarchy == hierarchy)),
            // A hierarchy need not be mounted.
            Err(error) => missing = Some(error),
        }
    }
    if !targets.is_empty() {
        return Ok(targets);
    }
    Err(match missing {
        Some(error) => error.into(),
        None => {
            let mut paths: Vec<_> = cgroups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).collect();
            paths.sort_unstable();
            paths.dedup();
            ScopeError::NotItsOwn { name: name.clone(), pid, cgroups: paths.join(", ") }
        }
    })
}

/// The cgroups that a path means: an absolute folder below a mount of the cgroup file system, or a path as
/// `/proc/PID/cgroup` shows it, in every hierarchy that has it. A root is refused: it limits nothing.
pub fn cgroups_at(path: &str) -> Result<Vec<CgroupTarget>, ScopeError> {
    let is_root = || ScopeError::WholeMachine { path: path.to_owned() };
    if path.split('/').all(|part| part.is_empty() || part == ".") {
        return Err(is_root());
    }
    let not_found = || CgroupError::NotFound { path: path.to_owned() };
    if path.split('/').any(|part| part == "..") {
        return Err(not_found().into());
    }
    let roots = CgroupTarget::find("/")?;
    let is_a_root =
        |target: &CgroupTarget| roots.iter().any(|root| root.hierarchy == target.hierarchy && root.id == target.id);
    let targets = CgroupTarget::find(path)?;
    if targets.iter().any(is_a_root) { Err(is_root()) } else { Ok(targets) }
}

/// Hierarchy and path of each line of `/proc/PID/cgroup` that has a component with the container's id, cut off after
/// that component.
fn own_paths(cgroups: &str, full_id: &str) -> Vec<(u64, String)> {
    cgroups
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ':');
            let hierarchy = parts.next()?.parse().ok()?;
            let path = parts.nth(1)?;
            let mut kept = Vec::new();
            for component in path.split('/') {
                kept.push(component);
                if component.contains(full_id) {
                    return Some((hierarchy, kept.join("/")));
                }
            }
            None
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::docker::tests::ID;
    use super::*;
    use crate::format::row::ContainerRow;

    fn container(pid: Option<u32>) -> ResolvedContainer {
        let row = ContainerRow::default();
        ResolvedContainer { full_id: ID.to_owned(), name: "web".to_owned(), pid, running: pid.is_some(), row }
    }

    #[test]
    fn only_what_is_named_after_the_container_is_its_own() {
        let cgroups = format!(
            "9:name=systemd:/docker/{ID}\n4:memory:/docker/{ID}/init.scope\n3:cpuset:/\n\
             2:cpu:/shared\n0::/system.slice/docker-{ID}.scope/a:b\nnonsense\n"
        );
        let expected = [
            (9, format!("/docker/{ID}")),
            (4, format!("/docker/{ID}")),
            (0, format!("/system.slice/docker-{ID}.scope")),
        ];
        assert_eq!(own_paths(&cgroups, ID), expected);
    }

    #[test]
    fn a_container_that_does_not_run_has_no_cgroups() {
        let error = cgroups_of_container(&container(None)).unwrap_err();
        assert!(matches!(error, ScopeError::Container(ResolveError::NotRunning { .. })), "{error}");
    }

    #[test]
    fn a_process_of_another_cgroup_is_not_taken_for_the_containers() {
        let error = cgroups_of_container(&container(Some(std::process::id()))).unwrap_err();
        assert!(error.to_string().contains("is in no cgroup named after it"), "{error}");
        let error = cgroups_of_container(&container(Some(u32::MAX))).unwrap_err();
        assert!(matches!(error, ScopeError::Process { .. }), "{error}");
    }

    #[test]
    fn roots_and_unknown_folders_are_refused() {
        for path in ["/", "", "//", "/./"] {
            assert!(matches!(cgroups_at(path), Err(ScopeError::WholeMachine { .. })), "{path}");
        }
        for path in ["/no-such-cgroup", "/sys/fs/cgroup/no-such-cgroup", "/docker/../.."] {
            let error = cgroups_at(path).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains("/proc/PID/cgroup"), "{error}");
        }
    }
}
