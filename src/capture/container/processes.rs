//! Processes of a container, by what the kernel says of their cgroups.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::cgroup::container_id;

/// Whether a process is in a container, or was when it was last looked at.
fn is_in_container(pid: u32, full_id: &str) -> bool {
    let cgroups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    // Without the line's first number: the form that ids are found in.
    cgroups
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .any(|path| container_id(format!("={path}\0").as_bytes()).is_some_and(|id| id.full == full_id.as_bytes()))
}

/// Processes of a container, the lowest number first.
pub(super) fn processes(full_id: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut own: Vec<u32> = pids.filter(|pid| is_in_container(*pid, full_id)).collect();
    own.sort_unstable();
    own
}

/// A process of a container, the one with the lowest number.
pub(super) fn find_process(full_id: &str) -> Option<u32> {
    processes(full_id).first().copied()
}

/// The root folder of a container as one of these processes of it sees it. A runtime's process that has not left the host's
/// root yet does not count: what it sees is the host's.
pub(super) fn root_of_processes(full_id: &str, own: Vec<u32>) -> Option<PathBuf> {
    own.into_iter().find_map(|pid| {
        let root = root_of_process(pid)?;
        // The number may be another process's by now.
        is_in_container(pid, full_id).then_some(root)
    })
}

/// The root folder of a process, unless it is the host's, or that of whoever asks.
pub(super) fn root_of_process(pid: u32) -> Option<PathBuf> {
    let root = format!("/proc/{pid}/root");
    let inode = |path: &str| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino())).ok();
    let own = inode(&root)?;
    let is_containers = ["/", "/proc/1/root"].into_iter().all(|other| inode(other) != Some(own));
    is_containers.then(|| PathBuf::from(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_root_is_no_containers() {
        assert_eq!(root_of_process(std::process::id()), None);
        assert_eq!(root_of_process(u32::MAX), None);
    }

    #[test]
    fn a_container_that_does_not_run_has_no_processes() {
        let id = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
        assert_eq!((find_process(id), root_of_processes(id, vec![std::process::id()])), (None, None));
    }
}
