//! Containers that are about to start, noticed by the files that their runtime writes for them.
//!
//! Events come to the recorder a tenth of a second after they happened. By then the files of a container that ended at
//! once are gone: so they are read when they are written. Enters: the folders in which a runtime makes one for each
//! container. Leaves: ids of containers, each time that something was written about them. What the files say is not
//! looked at here.

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::details::is_full_id;

/// Folders watched at the most, one for each container that a runtime remembers. The kernel's own limit is 8192 for
/// all programs of a user together, on machines with little memory.
const WATCH_LIMIT: usize = 4096;

/// Files that say something of a container: those of a bundle, the one that tells that it runs, and Docker's.
const FILES: [&str; 4] = ["config.json", "init.pid", "config.v2.json", "hostconfig.json"];

/// A folder in a container's own folder in which Podman and CRI-O have the files.
const SUBFOLDER: &str = "userdata";

/// Size of the buffer for what the kernel tells, in bytes: some hundred changes.
const BUFFER_BYTES: usize = 64 << 10;

/// Where a change's fields lie in what the kernel tells (`struct inotify_event`); the name follows.
const HEAD_BYTES: usize = 16;

/// Folders to watch.
#[derive(Clone, Debug, Default)]
pub(super) struct ArrivalFolders {
    /// In these, each folder is a container's.
    pub(super) containers: Vec<PathBuf>,
    /// In these, each folder holds those of containers.
    pub(super) namespaces: Vec<PathBuf>,
}

/// What a watched folder holds.
#[derive(Clone, Debug)]
enum Folder {
    Namespaces(PathBuf),
    Containers(PathBuf),
    /// Files of the container with this id.
    Files(String, PathBuf),
}

/// Watches folders until it is told to stop.
#[derive(Debug)]
pub(super) struct Arrivals {
    inotify: File,
    watched: FxHashMap<i32, Folder>,
    /// How many folders may be watched by now.
    limit: usize,
    top: ArrivalFolders,
    stop: PipeReader,
    buffer: Vec<u8>,
}

impl Arrivals {
    /// Starts watching. It ends when the other end of the pipe is dropped.
    pub(super) fn watch(top: ArrivalFolders) -> io::Result<(Arrivals, PipeWriter)> {
        // SAFETY: inotify_init1 takes no pointers.
        let fd = unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made the descriptor for us alone.
        let inotify = unsafe { File::from_raw_fd(fd) };
        let (stop, stopper) = io::pipe()?;
        let buffer = vec![0; BUFFER_BYTES];
        // Half of the watches is for what comes later.
        let limit = WATCH_LIMIT / 2;
        let mut arrivals = Arrivals { inotify, watched: FxHashMap::default(), limit, top, stop, buffer };
        // What is there already has not changed.
        arrivals.watch_top(&mut BTreeSet::new());
        arrivals.limit = WATCH_LIMIT;
        Ok((arrivals, stopper))
    }

    /// Waits for changes: the full ids of the containers whose files were written. `None` at the end.
    pub(super) fn wait(&mut self) -> io::Result<Option<BTreeSet<String>>> {
        let mut polled = [self.inotify.as_raw_fd(), self.stop.as_raw_fd()].map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        });
        // SAFETY: `polled` is an array of two that lives through the call.
        if unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) } < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(Some(BTreeSet::new())) } else { Err(error) };
        }
        if polled[1].revents != 0 {
            return Ok(None);
        }
        let mut changed = BTreeSet::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = match self.inotify.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => 0,
            Err(error) => return Err(error),
        };
        for change in Change::parse(buffer.get(..read).unwrap_or_default()) {
            self.follow(&change, &mut changed);
        }
        self.buffer = buffer;
        Ok(Some(changed))
    }

    fn follow(&mut self, change: &Change<'_>, changed: &mut BTreeSet<String>) {
        if change.mask & libc::IN_Q_OVERFLOW != 0 {
            self.watch_top(changed);
            return;
        }
        if change.mask & libc::IN_IGNORED != 0 {
            self.watched.remove(&change.watch);
            return;
        }
        let Some(folder) = self.watched.get(&change.watch) else { return };
        let is_folder = change.mask & libc::IN_ISDIR != 0;
        match folder.clone() {
            Folder::Namespaces(path) if is_folder => self.watch_containers(&path.join(change.name), changed),
            Folder::Containers(path) if is_folder => self.watch_container(&path.join(change.name), changed),
            Folder::Files(id, path) if is_folder => {
                if change.name == SUBFOLDER {
                    self.watch_files(&id, &path.join(change.name));
                    changed.insert(id);
                }
            }
            Folder::Files(id, _) => {
                if FILES.iter().any(|file| change.name == *file) {
                    changed.insert(id);
                }
            }
            Folder::Namespaces(_) | Folder::Containers(_) => {}
        }
    }

    fn watch_top(&mut self, changed: &mut BTreeSet<String>) {
        let top = self.top.clone();
        for path in &top.namespaces {
            if self.add(path, Folder::Namespaces(path.clone())) {
                for namespace in folders_in(path) {
                    self.watch_containers(&namespace, changed);
                }
            }
        }
        for path in &top.containers {
            self.watch_containers(path, changed);
        }
    }

    /// Watches a folder that holds those of containers. The containers that are there already count as changed: they
    /// may have come before the folder was watched.
    fn watch_containers(&mut self, path: &Path, changed: &mut BTreeSet<String>) {
        if self.add(path, Folder::Containers(path.to_owned())) {
            for container in folders_in(path) {
                self.watch_container(&container, changed);
            }
        }
    }

    fn watch_container(&mut self, path: &Path, changed: &mut BTreeSet<String>) {
        let id = path.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned();
        if is_full_id(&id) {
            self.watch_files(&id, path);
            let subfolder = path.join(SUBFOLDER);
            if subfolder.is_dir() {
                self.watch_files(&id, &subfolder);
            }
            changed.insert(id);
        }
    }

    fn watch_files(&mut self, id: &str, path: &Path) {
        self.add(path, Folder::Files(id.to_owned(), path.to_owned()));
    }

    /// Watches a folder; whether it could be.
    fn add(&mut self, path: &Path, folder: Folder) -> bool {
        if self.watched.len() >= self.limit {
            return false;
        }
        let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return false };
        let mask = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_CLOSE_WRITE | libc::IN_ONLYDIR;
        // SAFETY: the descriptor is open, and `name` lives through the call.
        let watch = unsafe { libc::inotify_add_watch(self.inotify.as_raw_fd(), name.as_ptr(), mask) };
        // A folder that is gone again has nothing to tell; beyond the kernel's limit containers are found by events alone.
        if watch >= 0 {
            self.watched.insert(watch, folder);
        }
        watch >= 0
    }
}

fn folders_in(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

/// A change that the kernel tells of.
struct Change<'a> {
    watch: i32,
    mask: u32,
    name: &'a OsStr,
}

impl<'a> Change<'a> {
    fn parse(mut told: &'a [u8]) -> impl Iterator<Item = Change<'a>> {
        std::iter::from_fn(move || {
            let (head, rest) = told.split_at_checked(HEAD_BYTES)?;
            let word = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
            let (name, rest) = rest.split_at_checked(usize::try_from(word(12)?).ok()?)?;
            told = rest;
            // It is filled up with zeros.
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            let name = OsStr::from_bytes(name.get(..end)?);
            Some(Change { watch: word(0)?.cast_signed(), mask: word(4)?, name })
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::docker::tests::{ID, OTHER};
    use super::*;

    /// Waits until this container has changed.
    fn wait_for(arrivals: &mut Arrivals, id: &str) {
        while !arrivals.wait().unwrap().unwrap().contains(id) {}
    }

    #[test]
    fn a_container_is_told_when_its_folder_is_made_and_when_its_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(OTHER)).unwrap();
        let containers = vec![folder.path().to_owned()];
        let top = ArrivalFolders { containers, ..ArrivalFolders::default() };
        let (mut arrivals, stop) = Arrivals::watch(top).unwrap();
        fs::create_dir(folder.path().join("no-container")).unwrap();
        let own = folder.path().join(ID);
        fs::create_dir(&own).unwrap();
        wait_for(&mut arrivals, ID);
        fs::write(own.join("unfinished"), "{}").unwrap();
        fs::rename(own.join("unfinished"), own.join("config.v2.json")).unwrap();
        wait_for(&mut arrivals, ID);
        fs::write(folder.path().join(OTHER).join("config.json"), "{}").unwrap();
        wait_for(&mut arrivals, OTHER);
        fs::remove_dir_all(&own).unwrap();
        fs::create_dir(&own).unwrap();
        wait_for(&mut arrivals, ID);
        drop(stop);
        while arrivals.wait().unwrap().is_some() {}
    }

    #[test]
    fn namespaces_and_subfolders_may_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let namespaces = vec![folder.path().to_owned()];
        let (mut arrivals, _stop) =
            Arrivals::watch(ArrivalFolders { namespaces, ..ArrivalFolders::default() }).unwrap();
        let own = folder.path().join("k8s.io").join(ID);
        fs::create_dir_all(&own).unwrap();
        wait_for(&mut arrivals, ID);
        fs::create_dir(own.join(SUBFOLDER)).unwrap();
        wait_for(&mut arrivals, ID);
        fs::write(own.join(SUBFOLDER).join("config.json"), "{}").unwrap();
        wait_for(&mut arrivals, ID);
    }
}
