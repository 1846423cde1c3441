//! Which events are recorded: the language of `--events`.
//!
//! Words, separated by commas, read from left to right: `security` (the default set), `all`, a category (`file`,
//! `net`, ...), `syscall` (every call without an event of its own), an event (`openat`) or a call by its kernel name
//! (`pread64`). A word with a minus in front leaves out what it names; where the first word has one, the list starts
//! from `security`.
//!
//! Lifecycle events (clone, clone3, fork, vfork, execve, execveat, procexit) are always recorded: without them no later
//! event could say whose it is.

use std::collections::BTreeMap;

use super::descriptors::{CALLS, GENERIC_SECURITY_CALLS};
use super::numbers::Arch;
use crate::format::nearest;
use crate::format::schema::{Category, EventFlags, EventInfo, EventKind};

/// The set used when nothing is asked for.
pub const DEFAULT_EVENTS: &str = "security";

/// Calls that every set has.
const LIFECYCLE_CALLS: [&str; 6] = ["clone", "clone3", "execve", "execveat", "fork", "vfork"];

/// Calls of the `security` set of which only requests for executable memory are taken.
const EXECUTABLE_ONLY_CALLS: [&str; 3] = ["mmap", "mprotect", "pkey_mprotect"];

/// Calls of the `security` set beyond those that change what is known of threads and descriptors, and beyond
/// [`GENERIC_SECURITY_CALLS`].
const SECURITY_CALLS: &[&str] = &[
    "bpf",
    "chmod",
    "chown",
    "copy_file_range",
    "delete_module",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "finit_module",
    "fsconfig",
    "ftruncate",
    "futimesat",
    "fremovexattr",
    "fsetxattr",
    "init_module",
    "io_uring_register",
    "ioctl",
    "keyctl",
    "kill",
    "lchown",
    "link",
    "linkat",
    "listen",
    "lremovexattr",
    "lsetxattr",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "personality",
    "process_vm_readv",
    "process_vm_writev",
    "prlimit64",
    "ptrace",
    "quotactl",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "seccomp",
    "setns",
    "setpgid",
    "setrlimit",
    "setxattr",
    "symlink",
    "symlinkat",
    "tgkill",
    "tkill",
    "truncate",
    "umask",
    "unlink",
    "unlinkat",
    "unshare",
    "utime",
    "utimensat",
    "utimes",
];

/// Categories by the words that name them.
const CATEGORIES: [(&str, &[Category]); 15] = [
    ("other", &[Category::Other, Category::Unknown]),
    ("file", &[Category::File]),
    ("net", &[Category::Net]),
    ("ipc", &[Category::Ipc]),
    ("memory", &[Category::Memory]),
    ("process", &[Category::Process]),
    ("sleep", &[Category::Sleep]),
    ("system", &[Category::System]),
    ("signal", &[Category::Signal]),
    ("user", &[Category::User]),
    ("time", &[Category::Time]),
    ("io", &[Category::IoRead, Category::IoWrite, Category::IoOther]),
    ("io_read", &[Category::IoRead]),
    ("io_write", &[Category::IoWrite]),
    ("io_other", &[Category::IoOther]),
];

/// Whether a call is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selection {
    /// Not at all.
    Off,
    /// Always.
    On,
    /// If it asks for executable memory.
    ExecutableOnly,
}

/// A set of system calls to record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventSet {
    calls: BTreeMap<&'static str, Selection>,
}

/// What is wrong with a list of events.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EventSetError {
    /// No such event, call, category or set.
    #[error("no event, category or set is named '{word}'{}", near.map_or(String::new(), |near| format!("; did you mean '{near}'?")))]
    Unknown {
        /// The word as given, without its minus.
        word: String,
        /// A known word that looks like it.
        near: Option<&'static str>,
    },
    /// An event that cannot be left out.
    #[error("'{word}' cannot be left out: processes are told apart by it")]
    Lifecycle {
        /// The word as given, without its minus.
        word: String,
    },
    /// No word at all.
    #[error("the list of events is empty")]
    Empty,
}

impl Default for EventSet {
    /// The `security` set.
    fn default() -> EventSet {
        let mut set = EventSet::lifecycle();
        set.add_security();
        set
    }
}

impl EventSet {
    /// Reads a list of words as the module describes it.
    pub fn parse(text: &str) -> Result<EventSet, EventSetError> {
        let mut set = None;
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word.strip_prefix('-') {
                Some(word) => set.get_or_insert_with(EventSet::default).remove(word.trim())?,
                None => set.get_or_insert_with(EventSet::lifecycle).add(word)?,
            }
        }
        set.ok_or(EventSetError::Empty)
    }

    /// Whether the call with this kernel name is recorded.
    pub fn selection(&self, call: &str) -> Selection {
        self.calls.get(call).copied().unwrap_or(Selection::Off)
    }

    /// Kernel names of the calls that are recorded, sorted.
    pub fn calls(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.calls.keys().copied()
    }

    fn lifecycle() -> EventSet {
        EventSet { calls: LIFECYCLE_CALLS.iter().map(|&name| (name, Selection::On)).collect() }
    }

    fn add(&mut self, word: &str) -> Result<(), EventSetError> {
        if word == "security" {
            self.add_security();
        } else {
            for name in resolve(word)? {
                self.calls.insert(name, Selection::On);
            }
        }
        Ok(())
    }

    fn remove(&mut self, word: &str) -> Result<(), EventSetError> {
        if LIFECYCLE_CALLS.contains(&word) || word == "procexit" {
            return Err(EventSetError::Lifecycle { word: word.to_owned() });
        }
        let names = if word == "security" { EventSet::default().calls().collect() } else { resolve(word)? };
        for name in names.into_iter().filter(|name| !LIFECYCLE_CALLS.contains(name)) {
            self.calls.remove(name);
        }
        Ok(())
    }

    fn add_security(&mut self) {
        let state = CALLS.iter().filter(|call| call.kind.info().is_some_and(changes_state)).map(|call| call.name);
        let named = SECURITY_CALLS.iter().chain(GENERIC_SECURITY_CALLS).copied();
        for name in state.chain(named) {
            self.calls.insert(name, Selection::On);
        }
        for name in EXECUTABLE_ONLY_CALLS {
            self.calls.entry(name).or_insert(Selection::ExecutableOnly);
        }
    }
}

/// Whether such an event changes what is known of threads or descriptors.
fn changes_state(event: &EventInfo) -> bool {
    [EventFlags::MODIFIES_STATE, EventFlags::CREATES_FD, EventFlags::DESTROYS_FD]
        .into_iter()
        .any(|flag| event.flags.contains(flag))
}

/// Every call of either architecture: its kernel name and event.
fn every_call() -> impl Iterator<Item = (&'static str, EventKind)> {
    let names = Arch::X86_64.calls().iter().chain(Arch::Aarch64.calls()).map(|&(_, name)| name);
    names.map(|name| (name, CALLS.iter().find(|call| call.name == name).map_or(EventKind::SYSCALL, |call| call.kind)))
}

/// The calls that a word other than `security` names.
fn resolve(word: &str) -> Result<Vec<&'static str>, EventSetError> {
    if word == "procexit" {
        return Ok(Vec::new());
    }
    let names: Vec<_> = if word == "all" {
        every_call().map(|(name, _)| name).collect()
    } else if let Some((_, categories)) = CATEGORIES.iter().find(|(name, _)| *name == word) {
        let in_category = |kind: EventKind| kind.info().is_some_and(|info| categories.contains(&info.category));
        every_call().filter(|&(_, kind)| in_category(kind)).map(|(name, _)| name).collect()
    } else {
        every_call().filter(|&(name, kind)| name == word || kind.name() == word).map(|(name, _)| name).collect()
    };
    if names.is_empty() { Err(EventSetError::Unknown { word: word.to_owned(), near: near(word) }) } else { Ok(names) }
}

/// The known word nearest to `word`, if one is near.
fn near(word: &str) -> Option<&'static str> {
    let known = every_call().flat_map(|(name, kind)| [name, kind.name()]);
    nearest(word, known.chain(CATEGORIES.iter().map(|&(name, _)| name)).chain(["security", "all"]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        EventSet::parse(text).unwrap().calls().filter(|name| !LIFECYCLE_CALLS.contains(name)).collect()
    }

    #[test]
    fn the_default_set_has_what_changes_state_and_no_data() {
        let set = EventSet::default();
        let on = "execve openat openat2 creat close dup3 pipe2 mkdirat unlinkat renameat2 symlinkat linkat fchmodat \
                  fchownat truncate chdir fchdir chroot pivot_root mount umount2 socket bind listen connect accept4 \
                  sendto recvfrom sendmsg recvmsg shutdown setresuid setgid setgroups capset prctl setsid kill ptrace \
                  setns unshare bpf init_module finit_module delete_module memfd_create ioctl fcntl";
        for name in on.split_whitespace() {
            assert_eq!(set.selection(name), Selection::On, "{name}");
        }
        for name in ["mmap", "mprotect"] {
            assert_eq!(set.selection(name), Selection::ExecutableOnly);
        }
        for name in ["read", "write", "pread64", "writev", "newfstatat", "futex", "brk", "munmap", "lseek", "getpid"] {
            assert_eq!(set.selection(name), Selection::Off, "{name}");
        }
        assert_eq!(EventSet::parse(DEFAULT_EVENTS), Ok(set));
    }

    #[test]
    fn words_add_and_leave_out_from_left_to_right() {
        assert_eq!(names("openat,close"), ["close", "openat"]);
        assert_eq!(names("io_read, -readv"), {
            let mut all = names("io_read");
            all.retain(|name| *name != "readv");
            all
        });
        assert_eq!(EventSet::parse("-close").unwrap().selection("close"), Selection::Off);
        assert_eq!(EventSet::parse("-close").unwrap().selection("openat"), Selection::On);
        assert_eq!(EventSet::parse("all,-all,mmap").unwrap().calls().count(), 7);
        assert_eq!(EventSet::parse("all").unwrap().selection("mmap"), Selection::On);
        assert_eq!(EventSet::parse("security,mmap").unwrap().selection("mmap"), Selection::On);
        assert_eq!(EventSet::parse("mmap,security").unwrap().selection("mmap"), Selection::On);
    }

    #[test]
    fn events_are_known_by_their_own_name_and_by_the_kernels() {
        assert_eq!(names("pread"), ["pread64"]);
        assert_eq!(names("pread64"), ["pread64"]);
        assert_eq!(names("getpid"), ["getpid"]);
        assert!(names("syscall").contains(&"getpid"));
    }

    #[test]
    fn lifecycle_events_stay_whatever_is_asked_for() {
        assert_eq!(EventSet::parse("close").unwrap().selection("execve"), Selection::On);
        assert_eq!(EventSet::parse("-process").unwrap().selection("clone3"), Selection::On);
        assert!(matches!(EventSet::parse("-execve"), Err(EventSetError::Lifecycle { .. })));
    }

    #[test]
    fn an_unknown_word_is_named_with_a_near_one() {
        let error = EventSet::parse("security,opnat").unwrap_err();
        assert_eq!(error, EventSetError::Unknown { word: "opnat".to_owned(), near: Some("openat") });
        assert_eq!(error.to_string(), "no event, category or set is named 'opnat'; did you mean 'openat'?");
        assert_eq!(
            EventSet::parse("zzzzqqqq").unwrap_err().to_string(),
            "no event, category or set is named 'zzzzqqqq'"
        );
        assert_eq!(EventSet::parse(" , "), Err(EventSetError::Empty));
    }

    #[test]
    fn every_named_call_exists() {
        let named = SECURITY_CALLS.iter().chain(GENERIC_SECURITY_CALLS).chain(&LIFECYCLE_CALLS);
        for name in named.chain(&EXECUTABLE_ONLY_CALLS) {
            assert!(every_call().any(|(known, _)| known == *name), "{name}");
        }
    }
}
