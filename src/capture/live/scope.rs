//! What a recording is limited to.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Which processes are recorded. The recorder itself never is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Every process of the machine.
    Host,
    /// A held command and what it starts; nothing is recorded until [`super::Live::track_pid`] names it.
    Command,
    /// These processes, and their descendants from then on and so far.
    Pids(Vec<u32>),
    /// Members of these cgroups and of the ones below them, also those that join later. A process that leaves is
    /// recorded on.
    Cgroups(Vec<CgroupTarget>),
}

impl Scope {
    /// The processes that are in scope now, without their descendants; `None` for all of the machine's. A held command
    /// is not among them.
    pub fn processes(&self) -> Option<Vec<u32>> {
        match self {
            Scope::Host => None,
            Scope::Command => Some(Vec::new()),
            Scope::Pids(pids) => Some(pids.clone()),
            Scope::Cgroups(targets) => {
                let mut members: Vec<u32> = targets.iter().flat_map(CgroupTarget::members).collect();
                members.sort_unstable();
                members.dedup();
                Some(members)
            }
        }
    }
}

/// A cgroup that a recording is limited to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CgroupTarget {
    /// Its folder, below a mount of the cgroup file system.
    pub folder: PathBuf,
    /// The folder's inode number, by which the kernel knows the cgroup.
    pub id: u64,
    /// The hierarchy, as `/proc/PID/cgroup` numbers them; 0 is version 2.
    pub hierarchy: u64,
}

/// Why a cgroup was not found.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// No hierarchy has such a folder.
    #[error("no cgroup '{path}': give a folder below /sys/fs/cgroup or a path as /proc/PID/cgroup shows it")]
    NotFound {
        /// As it was given.
        path: String,
    },
    /// The list of mounts or of hierarchies cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// A mounted hierarchy of cgroups.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Hierarchy {
    mount: PathBuf,
    number: u64,
}

impl CgroupTarget {
    /// Finds a cgroup by its folder (`/sys/fs/cgroup/memory/docker/ID`) or by its path in a hierarchy (`/docker/ID`).
    /// A path may name a folder in several version 1 hierarchies: all of them are returned.
    pub fn find(path: &str) -> Result<Vec<CgroupTarget>, CgroupError> {
        let read =
            |path: &'static str| fs::read_to_string(path).map_err(|source| CgroupError::Unreadable { path, source });
        let hierarchies = parse_hierarchies(&read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?);
        let targets: Vec<_> = candidates(path, &hierarchies)
            .into_iter()
            .filter_map(|(folder, hierarchy)| {
                let metadata = fs::metadata(&folder).ok().filter(fs::Metadata::is_dir)?;
                Some(CgroupTarget { folder, id: metadata.ino(), hierarchy })
            })
            .collect();
        if targets.is_empty() { Err(CgroupError::NotFound { path: path.to_owned() }) } else { Ok(targets) }
    }

    /// Processes that are in the cgroup or below it now.
    pub(super) fn members(&self) -> Vec<u32> {
        let mut members = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            let list = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            members.extend(list.lines().filter_map(|line| line.parse::<u32>().ok()));
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let below = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(below.map(|entry| entry.path()));
        }
        members
    }
}

/// Folders that `path` may mean. An absolute path below a mount means that folder; the longest mount wins.
fn candidates(path: &str, hierarchies: &[Hierarchy]) -> Vec<(PathBuf, u64)> {
    let below = hierarchies.iter().filter(|hierarchy| Path::new(path).starts_with(&hierarchy.mount));
    if let Some(hierarchy) = below.max_by_key(|hierarchy| hierarchy.mount.as_os_str().len()) {
        return vec![(PathBuf::from(path), hierarchy.number)];
    }
    let relative = path.trim_start_matches('/');
    hierarchies.iter().map(|hierarchy| (hierarchy.mount.join(relative), hierarchy.number)).collect()
}

/// Joins the mounts of cgroup file systems with the numbers that `/proc/self/cgroup` gives their controllers.
fn parse_hierarchies(mountinfo: &str, cgroups: &str) -> Vec<Hierarchy> {
    let numbered: Vec<(u64, &str)> = cgroups
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ':');
            Some((parts.next()?.parse().ok()?, parts.next()?))
        })
        .collect();
    let hierarchy = |line: &str| {
        let (mount, kind) = line.split_once(" - ")?;
        let mount = PathBuf::from(mount.split(' ').nth(4)?);
        let mut kind = kind.split(' ');
        match kind.next()? {
            "cgroup2" => Some(Hierarchy { mount, number: 0 }),
            "cgroup" => {
                let options: Vec<_> = kind.nth(1)?.split(',').collect();
                let is_mounted = |controllers: &str| {
                    !controllers.is_empty() && controllers.split(',').all(|controller| options.contains(&controller))
                };
                let &(number, _) = numbered.iter().find(|(_, controllers)| is_mounted(controllers))?;
                Some(Hierarchy { mount, number })
            }
            _ => None,
        }
    };
    mountinfo.lines().filter_map(hierarchy).collect()
}

/// Parents by process, from the text of `/proc/PID/stat` files; descendants of `roots` among them, `roots` included.
pub(super) fn descendants(roots: &[u32], parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = roots.to_vec();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let children = parents.iter().filter(|(_, theirs)| *theirs == parent).map(|(pid, _)| *pid);
        let new: Vec<_> = children.filter(|pid| !found.contains(pid)).collect();
        found.extend(new);
        next += 1;
    }
    found
}

/// Every process with its parent, as /proc shows them now.
pub(super) fn parents_of_processes() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, parse_parent(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
        })
        .collect()
}

/// The parent in a line of `/proc/PID/stat`; the name before it may hold spaces and parentheses.
fn parse_parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
24 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
25 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
26 24 0:24 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
27 24 0:25 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
28 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";
    const CGROUPS: &str = "9:name=systemd:/\n4:memory:/a:b\n1:cpu,cpuacct:/\n0::/\n";

    fn hierarchies() -> Vec<Hierarchy> {
        parse_hierarchies(MOUNTS, CGROUPS)
    }

    #[test]
    fn hierarchies_are_numbered_by_their_controllers() {
        let numbers: Vec<_> = hierarchies().iter().map(|hierarchy| hierarchy.number).collect();
        assert_eq!(numbers, [1, 4, 9, 0]);
    }

    #[test]
    fn an_absolute_folder_means_itself_and_a_path_every_hierarchy() {
        assert_eq!(
            candidates("/sys/fs/cgroup/memory/docker/x", &hierarchies()),
            [(PathBuf::from("/sys/fs/cgroup/memory/docker/x"), 4)]
        );
        let found = candidates("/docker/x", &hierarchies());
        assert_eq!(found.len(), 4);
        assert_eq!(found[0], (PathBuf::from("/sys/fs/cgroup/cpu,cpuacct/docker/x"), 1));
    }

    #[test]
    fn pure_version_2_has_one_hierarchy() {
        let found = parse_hierarchies("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/user.slice\n");
        assert_eq!(found, [Hierarchy { mount: PathBuf::from("/sys/fs/cgroup"), number: 0 }]);
    }

    #[test]
    fn descendants_are_found_over_generations() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (9, 8)];
        assert_eq!(descendants(&[2], &parents), [2, 3, 4]);
        assert_eq!(descendants(&[7], &parents), [7]);
        assert_eq!(descendants(&[1, 2], &[(1, 2), (2, 1)]), [1, 2]);
    }

    #[test]
    fn a_parent_is_read_behind_a_name_of_any_kind() {
        assert_eq!(parse_parent("12 (a) R (b)) S 7 12 12 0"), Some(7));
        assert_eq!(parse_parent("12 a S 7"), None);
    }
}
