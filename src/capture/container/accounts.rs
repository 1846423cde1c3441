//! A container's own users and groups, from the `passwd` and `group` files in its root folder.
//!
//! The container writes these files: nothing but regular files is read, no link is followed, and not more than a limit.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::details::RuntimeContainer;

/// The longest file that is read, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// The files' texts, `passwd` and `group`; `None` when the container has no list of users.
pub(super) fn read_accounts(container: &RuntimeContainer) -> Option<(Vec<u8>, Vec<u8>)> {
    let of_process = container.pid.map(|pid| PathBuf::from(format!("/proc/{pid}/root")));
    [container.root.clone(), of_process].into_iter().flatten().find_map(|root| {
        let passwd = read_file(&root, "passwd")?;
        Some((passwd, read_file(&root, "group").unwrap_or_default()))
    })
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
        assert_eq!(read_accounts(&container(root.path())), None);
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/passwd"), "root:x:0:0:::\n").unwrap();
        let (passwd, group) = read_accounts(&container(root.path())).unwrap();
        assert_eq!((passwd.as_slice(), group.as_slice()), (&b"root:x:0:0:::\n"[..], &b""[..]));
    }

    #[test]
    fn links_out_of_the_container_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        symlink("/etc", root.path().join("etc")).unwrap();
        assert_eq!(read_accounts(&container(root.path())), None);
        fs::remove_file(root.path().join("etc")).unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        symlink("/etc/passwd", root.path().join("etc/passwd")).unwrap();
        assert_eq!(read_accounts(&container(root.path())), None);
    }
}
