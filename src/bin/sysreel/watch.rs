//! Whether files changed, found out by looking at them again and again; what runs again when they did.
//!
//! Looking needs no more than a few system calls per file, works on every file system (network ones and those of
//! containers tell nobody of changes), and sees what counts: a file is what its name leads to, also after an editor put
//! another in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;
use jiff::Zoned;

use crate::exit::Exit;
use crate::ruleset::rule_files_in;
use crate::table::printable;
use crate::terminal::Terminal;

/// So many of the files that changed are named between two runs.
const NAMES_SHOWN: usize = 4;

/// Between two looks while nothing happens.
const PERIOD: Duration = Duration::from_millis(200);

/// A change is over when nothing changed for so long: editors write several times.
const SETTLE: Duration = Duration::from_millis(100);

/// So long a file that went may take to come back: editors move the old one away before they write the new one.
const ABSENCE: Duration = Duration::from_secs(1);

/// A file that keeps changing is read as it is after so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file to watch, or a folder some of whose files count.
#[derive(Clone)]
pub(crate) struct Watched {
    path: PathBuf,
    /// Which files of a folder count.
    files_in: fn(&Path) -> anyhow::Result<Vec<PathBuf>>,
}

impl Watched {
    /// A file, or those files of a folder.
    pub(crate) fn new(path: PathBuf, files_in: fn(&Path) -> anyhow::Result<Vec<PathBuf>>) -> Watched {
        Watched { path, files_in }
    }

    /// A rule file, or a folder of them.
    pub(crate) fn rules(path: PathBuf) -> Watched {
        Watched::new(path, rule_files_in)
    }

    /// Whether it can be read again and again. What is not there yet may come.
    pub(crate) fn check(&self, what: &str) -> anyhow::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            let shown = self.path.display();
            bail!("{shown}: --watch reads the {what} after every change, and this is neither file nor folder");
        }
        Ok(())
    }
}

/// Files and folders, as they were last seen.
pub(crate) struct Watch {
    watched: Vec<Watched>,
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
    pub(crate) fn start(watched: Vec<Watched>) -> Watch {
        let seen = look(&watched);
        Watch { watched, seen }
    }

    /// Watches these too. What was seen already stays as it was seen.
    pub(crate) fn add(&mut self, watched: Vec<Watched>) {
        for (path, stamp) in look(&watched) {
            self.seen.entry(path).or_insert(stamp);
        }
        self.watched.extend(watched);
    }

    /// Waits until a file is another one than it was, and the change is over; the files that changed.
    pub(crate) fn wait(&mut self) -> Vec<PathBuf> {
        loop {
            thread::sleep(PERIOD);
            if look(&self.watched) == self.seen {
                continue;
            }
            let now = settle(&self.watched);
            let changes = differences(&self.seen, &now);
            self.seen = now;
            // a file that went may have come back as it was
            if !changes.is_empty() {
                return changes;
            }
        }
    }
}

/// Runs something now, and again after every change of the files that it reads, until a signal ends it, or an error that
/// no change of a file can mend. `thing` is what changes; `start` looks at the files before each run.
pub(crate) fn run_again_and_again(
    thing: &str,
    start: &mut dyn FnMut() -> Watch,
    run: &mut dyn FnMut() -> anyhow::Result<()>,
    terminal: &Terminal,
) -> anyhow::Result<Exit> {
    #[cfg(feature = "record")]
    crate::signals::end_done()?;
    loop {
        let mut watch = start();
        run()?;
        terminal.note(&format!("sysreel: waiting for a change of {thing}; Ctrl-C ends"));
        let changes = watch.wait();
        if terminal.stdout_is_terminal {
            terminal.clear_screen()?;
        }
        terminal.note(&separator(&changes, &Zoned::now()));
    }
}

/// The line between two runs: `--- 14:05:09 changed: rules.yaml ---`.
fn separator(changes: &[PathBuf], now: &Zoned) -> String {
    let names: Vec<String> = changes.iter().take(NAMES_SHOWN).map(|path| path.display().to_string()).collect();
    let more = match changes.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("--- {} changed: {}{more} ---", now.strftime("%H:%M:%S"), printable(&names.join(", ")))
}

/// Looks until two looks see the same and nothing is missing, or until that takes too long.
fn settle(watched: &[Watched]) -> Look {
    let started = Instant::now();
    let mut before = look(watched);
    loop {
        thread::sleep(SETTLE);
        let now = look(watched);
        let is_whole = now.values().all(Option::is_some) || started.elapsed() >= ABSENCE;
        if (now == before && is_whole) || started.elapsed() >= PATIENCE {
            return now;
        }
        before = now;
    }
}

fn look(watched: &[Watched]) -> Look {
    let mut files = Look::new();
    for Watched { path, files_in } in watched {
        // an empty folder is told of, like a missing file, when it is read
        let found = if path.is_dir() { files_in(path).ok() } else { None };
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

    fn changed(before: &Look, watched: &[Watched]) -> Vec<String> {
        let names = differences(before, &look(watched));
        names.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn files_that_are_written_replaced_gone_or_new_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.yaml"), "1").unwrap();
        fs::write(path("b.yaml"), "1").unwrap();
        let paths = [Watched::rules(folder.path().to_owned())];
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
        let mut watch = Watch::start(vec![Watched::rules(file.clone())]);
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

    #[test]
    fn what_is_added_does_not_hide_a_change_of_what_was_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.yaml"), "1").unwrap();
        fs::write(path("b.yaml"), "1").unwrap();
        let mut watch = Watch::start(vec![Watched::rules(path("a.yaml"))]);
        fs::write(path("a.yaml"), "12").unwrap();
        watch.add(vec![Watched::rules(folder.path().to_owned())]);
        assert_eq!(changed(&watch.seen, &watch.watched), ["a.yaml"]);
        fs::write(path("b.yaml"), "12").unwrap();
        assert_eq!(changed(&watch.seen, &watch.watched), ["a.yaml", "b.yaml"]);
    }
}
