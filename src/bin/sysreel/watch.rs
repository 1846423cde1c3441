//! Whether rule files changed, found out by looking at them again and again.
//!
//! Looking needs no more than a few system calls per file, works on every file system (network ones and those of
//! containers tell nobody of changes), and sees what counts: a file is what its name leads to, also after an editor put
//! another in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::ruleset::rule_files_in;

/// Between two looks while nothing happens.
const PERIOD: Duration = Duration::from_millis(200);

/// A change is over when nothing changed for so long: editors write several times.
const SETTLE: Duration = Duration::from_millis(100);

/// So long a file that went may take to come back: editors move the old one away before they write the new one.
const ABSENCE: Duration = Duration::from_secs(1);

/// A file that keeps changing is read as it is after so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rule files and folders of them, as they were last seen.
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    seen: Look,
}

/// Every file by its path; `None` for what was named and cannot be found.
type Look = BTreeMap<PathBuf, Option<Stamp>>;

/// What is different after a file was written or replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and the time of its last change in seconds and nanoseconds: a copy may keep its time of
    /// modification, and rights may change.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt;
                (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
            },
        })
    }
}

impl Watch {
    /// Looks for the first time: before the files are read, so that no change after that is missed.
    pub(crate) fn start(paths: &[PathBuf]) -> Watch {
        Watch { paths: paths.to_vec(), seen: look(paths) }
    }

    /// Waits until a file is another one than it was, and the change is over; the files that changed.
    pub(crate) fn wait(&mut self) -> Vec<PathBuf> {
        loop {
            thread::sleep(PERIOD);
            if look(&self.paths) == self.seen {
                continue;
            }
            let now = settle(&self.paths);
            let changes = differences(&self.seen, &now);
            self.seen = now;
            // a file that went may have come back as it was
            if !changes.is_empty() {
                return changes;
            }
        }
    }
}

/// Looks until two looks see the same and nothing is missing, or until that takes too long.
fn settle(paths: &[PathBuf]) -> Look {
    let started = Instant::now();
    let mut before = look(paths);
    loop {
        thread::sleep(SETTLE);
        let now = look(paths);
        let is_whole = now.values().all(Option::is_some) || started.elapsed() >= ABSENCE;
        if (now == before && is_whole) || started.elapsed() >= PATIENCE {
            return now;
        }
        before = now;
    }
}

fn look(paths: &[PathBuf]) -> Look {
    let mut files = Look::new();
    for path in paths {
        // an empty folder is told of, like a missing file, when the rules are loaded
        let found = if path.is_dir() { rule_files_in(path).ok() } else { None };
        for file in found.unwrap_or_else(|| vec![path.clone()]) {
            let stamp = Stamp::of(&file);
            files.insert(file, stamp);
        }
    }
    files
}

fn differences(before: &Look, now: &Look) -> Vec<PathBuf> {
    let names: BTreeSet<&PathBuf> = before.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn changed(before: &Look, paths: &[PathBuf]) -> Vec<String> {
        let names = differences(before, &look(paths));
        names.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn files_that_are_written_replaced_gone_or_new_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.yaml"), "1").unwrap();
        fs::write(path("b.yaml"), "1").unwrap();
        let paths = [folder.path().to_owned()];
        let first = look(&paths);
        assert_eq!(changed(&first, &paths), Vec::<String>::new());
        fs::write(path("a.test.yaml"), "1").unwrap();
        fs::write(path("notes.txt"), "1").unwrap();
        assert_eq!(changed(&first, &paths), Vec::<String>::new());
        fs::write(path("b.yaml"), "12").unwrap();
        assert_eq!(changed(&first, &paths), ["b.yaml"]);
        // the same bytes in another file
        fs::write(path("a.new"), "1").unwrap();
        fs::rename(path("a.new"), path("a.yaml")).unwrap();
        assert_eq!(changed(&first, &paths), ["a.yaml", "b.yaml"]);
        fs::remove_file(path("b.yaml")).unwrap();
        fs::write(path("c.yaml"), "1").unwrap();
        assert_eq!(changed(&first, &paths), ["a.yaml", "b.yaml", "c.yaml"]);
    }

    #[test]
    fn a_file_that_is_away_for_a_moment_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        fs::write(&file, "1").unwrap();
        let mut watch = Watch::start(std::slice::from_ref(&file));
        fs::remove_file(&file).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(PERIOD + SETTLE);
                fs::write(&file, "22").unwrap();
            });
            assert_eq!(watch.wait(), std::slice::from_ref(&file));
        });
        assert!(watch.seen.values().all(Option::is_some));
    }
}
