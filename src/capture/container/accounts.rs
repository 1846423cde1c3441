//! A container's own users and groups, from the `passwd` and `group` files in its root folder.
//!
//! The container writes these files: nothing but regular files is read, no link is followed, and not more than a limit.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::details::RuntimeContainer;
use super::processes::{processes, root_of_process, root_of_processes};

/// The longest file that is read, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// What a container says of its users.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Accounts {
    /// The texts of its files.
    Lists { passwd: Vec<u8>, group: Vec<u8> },
    /// It has no list of users.
    NoLists,
    /// Its root folder is not there yet, or not any more, or nobody says where.
    Unknown,
}

/// Reads them below the root folder that the runtime names, or that the container's first process has.
pub(super) fn read_accounts(container: &RuntimeContainer) -> Accounts {
    let of_runtime = container.root.as_deref().map_or(Accounts::Unknown, read_below);
    match (of_runtime, container.pid.and_then(root_of_process)) {
        (Accounts::Unknown, Some(root)) => read_below(&root),
        (accounts, _) => accounts,
    }
}

/// Reads them below the root folder that the container's processes have: all that there is where the runtime's storage
/// is mounted for the container alone. `None` when there are none. Looks at every process of the machine.
pub(super) fn read_accounts_of_processes(full_id: &str) -> Option<Accounts> {
    let own = processes(full_id);
    (!own.is_empty()).then(|| root_of_processes(full_id, own).map_or(Accounts::Unknown, |root| read_below(&root)))
}

fn read_below(root: &Path) -> Accounts {
    match read_file(root, "passwd") {
        Some(passwd) => Accounts::Lists { passwd, group: read_file(root, "group").unwrap_or_default() },
        // The folder is made before the container's files are mounted there.
        None if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) => Accounts::NoLists,
        None => Accounts::Unknown,
    }
}

fn read_file(root: &Path, name: &str) -> Option<Vec<u8>> {
    let folder = root.join("etc");
    // The folder could be a link to a folder of the host's.
    if !fs::symlink_metadata(&folder).ok()?.is_dir() {
        return None;
    }
    // Opening a pipe would wait for a writer.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(folder.join(name)).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > FILE_LIMIT {
        return None;
    }
    let mut text = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::format::row::ContainerRow;

    fn container(root: &Path) -> RuntimeContainer {
        let root = Some(root.to_owned());
        RuntimeContainer { row: ContainerRow::default(), pid: None, is_running: true, root }
    }

    #[test]
    fn the_files_of_the_containers_root_are_read() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read_accounts(&container(root.path())), Accounts::Unknown);
        fs::create_dir(root.path().join("etc")).unwrap();
        assert_eq!(read_accounts(&container(root.path())), Accounts::NoLists);
        fs::write(root.path().join("etc/passwd"), "root:x:0:0:::\n").unwrap();
        let lists = Accounts::Lists { passwd: b"root:x:0:0:::\n".to_vec(), group: Vec::new() };
        assert_eq!(read_accounts(&container(root.path())), lists);
    }

    #[test]
    fn links_out_of_the_container_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        symlink("/etc", root.path().join("etc")).unwrap();
        assert_eq!(read_accounts(&container(root.path())), Accounts::NoLists);
        fs::remove_file(root.path().join("etc")).unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        symlink("/etc/passwd", root.path().join("etc/passwd")).unwrap();
        assert_eq!(read_accounts(&container(root.path())), Accounts::NoLists);
    }
}
