//! Which path of an event is `fs.path.name`, which are `fs.path.target` and `fs.path.source`.
//!
//! Only calls that succeeded have them (the open family apart, see `files`). For links the source is the new name and
//! the target what it leads to; for renames the source is the old name.

use crate::format::schema::EventKind;

use super::files::AT_FDCWD;
use super::params::Params;
use super::{FdPlace, Outcome, State, path};

/// Where a path comes from: the parameter with the directory descriptor, the one with the path.
#[derive(Clone, Copy, Debug)]
struct At {
    dirfd: Option<usize>,
    path: usize,
}

/// A path relative to the working directory.
const fn cwd(path: usize) -> Option<At> {
    Some(At { dirfd: None, path })
}

/// A path relative to a directory descriptor.
const fn at(dirfd: usize, path: usize) -> Option<At> {
    Some(At { dirfd: Some(dirfd), path })
}

/// Name or target, and source.
fn positions(kind: EventKind) -> (Option<At>, Option<At>) {
    match kind {
        EventKind::CHMOD
        | EventKind::CHOWN
        | EventKind::LCHOWN
        | EventKind::MKDIR
        | EventKind::RMDIR
        | EventKind::UNLINK
        | EventKind::UMOUNT
        | EventKind::UMOUNT2 => (cwd(1), None),
        EventKind::FCHMODAT | EventKind::FCHOWNAT | EventKind::MKDIRAT | EventKind::UNLINKAT => (at(1, 2), None),
        EventKind::RENAME => (cwd(2), cwd(1)),
        EventKind::RENAMEAT | EventKind::RENAMEAT2 => (at(3, 4), at(1, 2)),
        EventKind::LINK => (cwd(1), cwd(2)),
        EventKind::LINKAT => (at(1, 2), at(3, 4)),
        EventKind::SYMLINK => (cwd(1), cwd(2)),
        EventKind::SYMLINKAT => (cwd(1), at(2, 3)),
        EventKind::MOUNT => (cwd(2), cwd(1)),
        _ => (None, None),
    }
}

impl State {
    /// Resolves the paths of an event, apart from those of the open family. What it says, about the descriptor `fd`.
    pub(super) fn follow_paths(&mut self, tid: i64, kind: EventKind, params: Params<'_>, fd: Option<i64>) -> Outcome {
        let (mut has_path, mut has_source_path) = (false, false);
        if kind == EventKind::FCHMOD || kind == EventKind::FCHOWN {
            // Without a path of their own: the descriptor's.
            let known = fd.and_then(|num| self.threads.table(tid)?.get(num));
            if let Some(known) = known.filter(|fd| !params.failed(0) && !fd.row.name.is_empty()) {
                self.path.clear();
                self.path.extend_from_slice(&known.row.name);
                has_path = true;
            }
        } else if let (name @ Some(_), source) = positions(kind)
            && !params.failed(0)
        {
            let mut path = std::mem::take(&mut self.path);
            has_path = self.resolve_at(tid, name, params, &mut path);
            self.path = path;
            let mut path = std::mem::take(&mut self.source_path);
            has_source_path = self.resolve_at(tid, source, params, &mut path);
            self.source_path = path;
        }
        // made at once: flags that are written one by one and copied together wait for each other
        Outcome { fd: fd.map(FdPlace::Used), has_path, has_source_path, has_fd_list: false }
    }

    fn resolve_at(&self, tid: i64, at: Option<At>, params: Params<'_>, out: &mut Vec<u8>) -> bool {
        let Some(at) = at else { return false };
        let Some(given) = params.bytes(at.path) else { return false };
        let dirfd = at.dirfd.map(|dirfd| params.int(dirfd).unwrap_or(AT_FDCWD));
        path::resolve(self.directory(tid, dirfd), given, out);
        true
    }
}
