//! Descriptors that are not sockets: files, pipes and what else the kernel gives a number.

use std::sync::Arc;

use crate::format::row::{FdRow, fd_flags};

use super::falco::UNKNOWN_NAME;
use super::fd_cache::FileFacts;
use super::fd_table::Descriptor;
use super::params::Params;
use super::{FdPlace, Leaving, Outcome, State, path};

/// Falco's open flags (`file_flags`).
pub(super) mod open_flag {
    pub(crate) const WRONLY: u32 = 2;
    pub(crate) const CREAT: u32 = 4;
    pub(crate) const TRUNC: u32 = 256;
    pub(crate) const DIRECTORY: u32 = 1024;
    pub(crate) const CLOEXEC: u32 = 4096;
    pub(crate) const UPPER_LAYER: u32 = 32_768;
    pub(crate) const LOWER_LAYER: u32 = 65_536;
}

/// "Relative to the working directory".
pub(super) const AT_FDCWD: i64 = -100;

/// A call of the open family, with the positions of its parameters resolved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened<'a> {
    /// The new descriptor, or a negative error number.
    pub(super) result: Option<i64>,
    /// `None`: relative to the working directory.
    pub(super) dirfd: Option<i64>,
    pub(super) name: Option<&'a [u8]>,
    pub(super) flags: u32,
    pub(super) dev: u32,
    pub(super) ino: u64,
    /// The type that Falco gives to the descriptor of a failed call: openat and openat2 take it for a file.
    pub(super) type_char_if_failed: u8,
    /// Whether `fs.path.name` is the path (it is for open, openat and openat2).
    pub(super) has_path: bool,
}

impl State {
    /// The directory of a `*at` call: an open directory's name, or the working directory.
    pub(super) fn directory(&self, tid: i64, dirfd: Option<i64>) -> &[u8] {
        match dirfd {
            None | Some(AT_FDCWD) => self.threads.directories(tid).map_or(&[], |dirs| &dirs.cwd),
            Some(num) => {
                let known = self.threads.table(tid).and_then(|table| table.get(num));
                known.map_or(&[], |descriptor| &descriptor.row.name)
            }
        }
    }

    /// open, openat, openat2, creat, open_by_handle_at.
    pub(super) fn follow_open(&mut self, tid: i64, opened: &Opened<'_>) -> Outcome {
        let Some(result) = opened.result else { return Outcome::default() };
        let name_raw = path::without_double_slashes(opened.name.unwrap_or_default());
        let mut path = std::mem::take(&mut self.path);
        path::resolve(self.directory(tid, opened.dirfd), &name_raw, &mut path);
        self.path = path;
        let failed = result < 0;
        if self.semantics.is_falco() && opened.name.is_none() {
            self.path.extend_from_slice(UNKNOWN_NAME);
        }
        // Of these, Falco takes the name of a file that could not be opened for its raw name.
        let is_raw_resolved = self.semantics.is_falco() && failed && opened.type_char_if_failed == 0;
        let facts = FileFacts {
            num: if failed { -1 } else { result },
            type_char: match (failed, opened.flags & open_flag::DIRECTORY != 0) {
                (true, _) => opened.type_char_if_failed,
                (false, true) => b'd',
                (false, false) => b'f',
            },
            name: &self.path,
            name_raw: if is_raw_resolved { &self.path } else { &name_raw },
            open_flags: opened.flags,
            dev: opened.dev,
            ino: opened.ino,
            flags: if failed { fd_flags::NO_DESCRIPTOR } else { layer_flags(opened.flags) },
        };
        let row = self.fd_cache.file(&facts);
        let fd = if failed {
            FdPlace::Row(row)
        } else {
            self.put_used(tid, Descriptor::new(row, opened.flags & open_flag::CLOEXEC != 0))
        };
        let has_path = opened.has_path && opened.name.is_some();
        Outcome { fd: Some(fd), has_path, has_source_path: false, has_fd_list: false }
    }

    /// Puts the descriptor that an event is about into the thread's table.
    fn put_used(&mut self, tid: i64, descriptor: Descriptor) -> FdPlace {
        let num = descriptor.row.num;
        match self.put(tid, descriptor) {
            Some(left_out) => FdPlace::Row(left_out.row),
            None => FdPlace::Used(num),
        }
    }

    /// Puts a descriptor into the thread's table. Gives it back where there is no room for it.
    pub(super) fn put(&mut self, tid: i64, descriptor: Descriptor) -> Option<Descriptor> {
        let num = descriptor.row.num;
        let left_out = match self.threads.table_mut(tid) {
            Some(table) => table.insert(descriptor),
            None => Some(descriptor),
        };
        self.note_stdio(tid, num);
        left_out
    }

    /// A change of descriptors 0 to 2 shows in the thread's row.
    pub(super) fn note_stdio(&mut self, tid: i64, num: i64) {
        if (0..=2).contains(&num) {
            self.threads.touch(tid);
        }
    }

    /// A call whose result is a descriptor without a path: eventfd, epoll_create, memfd_create, ...
    pub(super) fn follow_new_fd(
        &mut self,
        tid: i64,
        result: Option<i64>,
        type_char: u8,
        name: &[u8],
        close_on_exec: bool,
    ) -> Outcome {
        let Some(num) = result else { return Outcome::default() };
        if num < 0 {
            return Outcome::with_used_fd(-1);
        }
        // Falco learns of close-on-exec from open flags, and these have none.
        let has_open_flags = matches!(type_char, b'e' | b's' | b'i' | b'm');
        let close_on_exec = close_on_exec && (has_open_flags || !self.semantics.is_falco());
        let row = self.fd_cache.file(&FileFacts {
            num,
            type_char,
            name,
            name_raw: b"",
            open_flags: 0,
            dev: 0,
            ino: 0,
            flags: 0,
        });
        self.put(tid, Descriptor::new(Arc::clone(&row), close_on_exec));
        Outcome::with_fd(row)
    }

    /// pipe, pipe2: two descriptors; the event is about the second.
    pub(super) fn follow_pipe(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        if params.failed(0) {
            return Outcome::with_used_fd(-1);
        }
        let ino = params.bits(3).unwrap_or(0);
        let close_on_exec = params.word(4).unwrap_or(0) & open_flag::CLOEXEC != 0;
        let mut outcome = Outcome::default();
        for num in [params.int(1), params.int(2)].into_iter().flatten() {
            let row = self.fd_cache.file(&FileFacts {
                num,
                type_char: b'p',
                name: b"",
                name_raw: b"",
                open_flags: 0,
                dev: 0,
                ino,
                flags: 0,
            });
            self.put(tid, Descriptor::new(Arc::clone(&row), close_on_exec));
            outcome = Outcome::with_fd(row);
        }
        outcome
    }

    /// dup, dup2, dup3, fcntl(F_DUPFD): `new` becomes what `old` is. The event is about the new one, or about the old
    /// number if that is not known or the call failed.
    pub(super) fn follow_dup(&mut self, tid: i64, old: i64, result: Option<i64>, close_on_exec: bool) -> Outcome {
        let Some(table) = self.threads.table_mut(tid) else { return Outcome::default() };
        let new = result.filter(|&num| num >= 0);
        let Some(source) = table.get(old) else {
            // Falco leaves the new one as it was.
            if let Some(num) = new.filter(|_| !self.semantics.is_falco()) {
                table.remove(num);
                self.note_stdio(tid, num);
            }
            return Outcome::with_used_fd(old);
        };
        match new {
            None => Outcome::with_used_fd(old),
            Some(num) if num == old => {
                self.note_stdio(tid, num);
                Outcome::with_used_fd(num)
            }
            Some(num) => {
                let flags = source.row.flags & !fd_flags::NAME_CHANGED;
                let copy = FdRow { num, flags, ..(*source.row).clone() };
                // A file duplicated to where it was before (`2>&1` over and over) is the same row.
                let row = match table.get(num) {
                    Some(there) if *there.row == copy => Arc::clone(&there.row),
                    _ => Arc::new(copy),
                };
                let (l4proto, side) = (source.l4proto, source.side);
                let fd = self.put_used(tid, Descriptor { row, close_on_exec, l4proto, side });
                Outcome { fd: Some(fd), ..Outcome::default() }
            }
        }
    }

    /// close: the event still sees what was closed, also among the thread's standard descriptors.
    pub(super) fn follow_close(&mut self, tid: i64, num: i64) -> Outcome {
        self.leaving = Some(Leaving::Fd { tid, num });
        Outcome::with_used_fd(num)
    }

    /// Closes a descriptor.
    pub(super) fn close_now(&mut self, tid: i64, num: i64) {
        let removed = self.threads.table_mut(tid).and_then(|table| table.remove(num));
        if removed.is_some() {
            self.note_stdio(tid, num);
        }
    }

    /// close_range: closes or marks `first..=last`, in a table of its own if asked.
    pub(super) fn follow_close_range(&mut self, tid: i64, params: Params<'_>) {
        const UNSHARE: u32 = 2;
        const CLOEXEC: u32 = 4;
        if params.failed(0) {
            return;
        }
        let range = i64::from(params.word(1).unwrap_or(0))..=i64::from(params.word(2).unwrap_or(0));
        let flags = params.word(3).unwrap_or(0);
        if flags & UNSHARE != 0 {
            self.threads.unshare(tid, true, false);
        }
        if let Some(table) = self.threads.table_mut(tid) {
            table.retain(|num, descriptor| {
                if !range.contains(&num) {
                    return true;
                }
                descriptor.close_on_exec = true;
                flags & CLOEXEC != 0
            });
        }
        if *range.start() <= 2 {
            self.threads.touch(tid);
        }
    }

    /// pidfd_getfd: a copy of another process's descriptor.
    pub(super) fn follow_pidfd_getfd(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let Some(num) = params.int(0).filter(|&num| num >= 0) else {
            return Outcome::with_used_fd(-1);
        };
        let pidfd = self.threads.table(tid).and_then(|table| table.get(params.int_or_zero(1)));
        let pid = pidfd.and_then(|pidfd| {
            let text = pidfd.row.name.strip_prefix(b"/proc/")?;
            std::str::from_utf8(text).ok()?.parse::<i64>().ok()
        });
        let target = pid.and_then(|pid| self.threads.table(pid)?.get(params.int_or_zero(2)).cloned());
        match target {
            Some(mut descriptor) => {
                descriptor.row = Arc::new(FdRow { num, ..(*descriptor.row).clone() });
                descriptor.close_on_exec = true;
                let row = Arc::clone(&descriptor.row);
                self.put(tid, descriptor);
                Outcome::with_fd(row)
            }
            None => {
                if let Some(table) = self.threads.table_mut(tid) {
                    table.remove(num);
                }
                Outcome::with_used_fd(num)
            }
        }
    }
}

fn layer_flags(open_flags: u32) -> u32 {
    let mut flags = 0;
    if open_flags & open_flag::UPPER_LAYER != 0 {
        flags |= fd_flags::UPPER_LAYER;
    }
    if open_flags & open_flag::LOWER_LAYER != 0 {
        flags |= fd_flags::LOWER_LAYER;
    }
    flags
}

/// The open flags of a creat call: what creat means, and the layer that `creat_flags` tells.
pub(super) fn flags_of_creat(creat_flags: u32) -> u32 {
    let layer = match creat_flags & 3 {
        1 => open_flag::UPPER_LAYER,
        2 => open_flag::LOWER_LAYER,
        _ => 0,
    };
    open_flag::WRONLY | open_flag::CREAT | open_flag::TRUNC | layer
}
