//! What an event of each kind is: its name, category, flags and parameters.
//!
//! Everything here is constant data. Names, order, types and numbers follow Falco's driver schema 4.3, because rule
//! files and people's habits do; `table` holds the rows, [`flags`] the flag words, [`syscalls`] the codes of the
//! generic event. Not here: how an event is captured (`capture::live`), or printed (`replay::output`).

pub mod codes;
pub mod flags;
mod kind_set;
mod plugins;
mod spelling;
pub mod syscalls;
mod table;

pub use kind_set::KindSet;
pub use plugins::{AUDIT_PLUGIN, audit_plugin_name};
pub use table::EVENTS;

/// Some of [`flags::FCNTL_COMMANDS`].
pub mod fcntl {
    /// `F_DUPFD`.
    pub const DUPFD: i64 = 1;
    /// `F_SETFD`.
    pub const SETFD: i64 = 3;
    /// `F_DUPFD_CLOEXEC`.
    pub const DUPFD_CLOEXEC: i64 = 26;
}

/// The number of an event kind: Falco's event code of the exit event (`openat` is 307).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub struct EventKind(pub u16);

/// One more than the largest number a kind can have: the size of arrays indexed by kind.
pub const KIND_LIMIT: usize = 512;

/// Places in the event table by the kinds' numbers; beyond its end for numbers without a kind. Readers ask for every
/// event.
static PLACES: [u16; KIND_LIMIT] = {
    let mut places = [u16::MAX; KIND_LIMIT];
    let mut at = 0;
    while at < EVENTS.len() {
        places[EVENTS[at].kind.0 as usize] = at as u16;
        at += 1;
    }
    places
};

impl EventKind {
    /// The kind's row in the event table, `None` for a number this version does not know.
    #[inline]
    pub fn info(self) -> Option<&'static EventInfo> {
        EVENTS.get(usize::from(*PLACES.get(usize::from(self.0))?))
    }

    /// The event's name (`openat`), or `unknown`.
    pub fn name(self) -> &'static str {
        self.info().map_or("unknown", |info| info.name)
    }

    /// Whether a successful call makes another number mean the same: dup and its kin, and `fcntl` with this command (its
    /// third parameter).
    pub fn copies_descriptor(self, fcntl_command: Option<i64>) -> bool {
        match self {
            EventKind::DUP | EventKind::DUP2 | EventKind::DUP3 => true,
            EventKind::FCNTL => matches!(fcntl_command, Some(fcntl::DUPFD | fcntl::DUPFD_CLOEXEC)),
            _ => false,
        }
    }

    /// All kinds with this name. (Names are unique among the kinds of the table.)
    pub fn by_name(name: &str) -> Option<EventKind> {
        EVENTS.iter().find(|event| event.name == name).map(|event| event.kind)
    }
}

/// A row of the event table.
#[derive(Debug)]
pub struct EventInfo {
    /// The number.
    pub kind: EventKind,
    /// The name that `evt.type` gives (the generic event gives its system call's name instead).
    pub name: &'static str,
    /// The category that `evt.category` gives.
    pub category: Category,
    /// Where such events come from.
    pub source: EventSource,
    /// What such an event does to descriptors and state.
    pub flags: EventFlags,
    /// The parameters, in order. `evt.arg[n]` counts from 0 here.
    pub params: &'static [ParamInfo],
}

impl EventInfo {
    /// The position of a parameter.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }
}

/// A parameter of an event kind.
#[derive(Debug)]
pub struct ParamInfo {
    /// The name that `evt.arg.NAME` takes.
    pub name: &'static str,
    /// What the value means.
    pub ty: ParamType,
    /// How a number is printed.
    pub format: PrintFormat,
    /// The words of a flag or enumeration parameter.
    pub values: Option<&'static flags::FlagTable>,
    /// For a path: the position of the parameter that holds the directory descriptor it is relative to.
    pub dirfd: Option<u8>,
}

/// The meaning of a parameter's value. [`ParamType::physical`] says how it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "Falco's type names; the ones that need words have them")]
pub enum ParamType {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    /// Result of a call: a negative number is `-errno`.
    Errno,
    /// Descriptor number; negative is `-errno`, and -100 is `AT_FDCWD`.
    Fd,
    Fd32,
    /// Process or thread id.
    Pid,
    Pid32,
    /// User id; 2^32-1 is "none".
    Uid,
    Gid,
    /// Flag words, see [`ParamInfo::values`].
    Flags8,
    Flags16,
    Flags32,
    /// One word out of a table.
    EnumFlags8,
    EnumFlags16,
    EnumFlags32,
    /// Permission bits, printed as words from [`ParamInfo::values`].
    Mode,
    /// Signal number.
    SigType,
    SigSet,
    /// Port number.
    Port,
    /// Nanoseconds.
    RelTime,
    /// Nanoseconds since the epoch.
    AbsTime,
    /// Code out of [`syscalls::SYSCALL_CODES`].
    SyscallId,
    /// Text, without the terminating NUL.
    CharBuf,
    /// A path as the program gave it.
    FsPath,
    /// A path as the program gave it, relative to a directory descriptor.
    FsRelPath,
    /// Bytes. Argument and environment blocks hold strings that each end in NUL.
    ByteBuf,
    /// Socket address: family byte (1 unix, 2 IPv4, 10 IPv6), then address and little-endian port, or the path.
    SockAddr,
    /// Socket tuple: family byte, then source address, source port, destination address, destination port (ports
    /// little-endian); for unix two 8-byte kernel addresses (destination first) and the path.
    SockTuple,
    /// Descriptor list: `u16` count, then per entry `i64` descriptor and `i16` flags.
    FdList,
    /// A value that carries its own type: one byte of index, then the value.
    Dyn,
    /// Strings that each end in NUL.
    CharBufArray,
    /// Pairs of strings that each end in NUL.
    CharBufPairArray,
    Ipv4Addr,
    Ipv6Addr,
}

/// How a value lies in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Physical {
    /// A 64-bit number; unsigned types are stored by their bits.
    Int,
    /// A byte string.
    Bytes,
}

impl ParamType {
    /// How values of this type are stored.
    pub const fn physical(self) -> Physical {
        use ParamType::*;
        match self {
            Int8 | Int16 | Int32 | Int64 | Uint8 | Uint16 | Uint32 | Uint64 | Errno | Fd | Fd32 | Pid | Pid32 | Uid
            | Gid | Flags8 | Flags16 | Flags32 | EnumFlags8 | EnumFlags16 | EnumFlags32 | Mode | SigType | SigSet
            | Port | RelTime | AbsTime | SyscallId => Physical::Int,
            CharBuf | FsPath | FsRelPath | ByteBuf | SockAddr | SockTuple | FdList | Dyn | CharBufArray
            | CharBufPairArray | Ipv4Addr | Ipv6Addr => Physical::Bytes,
        }
    }
}

/// How a number is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrintFormat {
    /// Not a number.
    Na,
    /// Decimal.
    Dec,
    /// Hexadecimal.
    Hex,
    /// Octal, with a leading zero.
    Oct,
}

/// `evt.category`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the categories' names say what they are")]
pub enum Category {
    Unknown,
    Other,
    File,
    Net,
    Ipc,
    Memory,
    Process,
    Sleep,
    System,
    Signal,
    User,
    Time,
    IoRead,
    IoWrite,
    IoOther,
}

/// Where events of a kind come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventSource {
    /// A system call.
    Syscall,
    /// A kernel tracepoint (`procexit`, `switch`, ...).
    Tracepoint,
    /// Metadata: containers, users, groups, drops.
    Meta,
    /// Iteration over tasks at the start of a capture.
    Iterator,
    /// The recorder itself.
    Internal,
    /// A plugin.
    Plugin,
}

/// What events of a kind do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventFlags(u16);

impl EventFlags {
    /// Makes a new descriptor.
    pub const CREATES_FD: EventFlags = EventFlags(1);
    /// Closes a descriptor.
    pub const DESTROYS_FD: EventFlags = EventFlags(2);
    /// Works on a descriptor.
    pub const USES_FD: EventFlags = EventFlags(4);
    /// Reads data from its descriptor.
    pub const READS_FROM_FD: EventFlags = EventFlags(8);
    /// Writes data to its descriptor.
    pub const WRITES_TO_FD: EventFlags = EventFlags(16);
    /// Changes what is known of a thread, a descriptor or a container.
    pub const MODIFIES_STATE: EventFlags = EventFlags(32);
    /// Waits.
    pub const WAITS: EventFlags = EventFlags(64);
    /// Parameters may be longer than 65,535 bytes.
    pub const LARGE_PAYLOAD: EventFlags = EventFlags(128);
    /// Is no longer written: today's event is another one, or this one's other half.
    pub const OLD_VERSION: EventFlags = EventFlags(256);
    /// Was never written: the half of a pair that does not happen.
    pub const UNUSED: EventFlags = EventFlags(512);
    /// Of an older recording, it is turned into what today's recordings hold.
    pub const CONVERTER_MANAGED: EventFlags = EventFlags(1024);

    /// No flag.
    pub const fn empty() -> EventFlags {
        EventFlags(0)
    }

    /// Both sets of flags.
    #[must_use]
    pub const fn with(self, other: EventFlags) -> EventFlags {
        EventFlags(self.0 | other.0)
    }

    /// Whether all of `other` is set.
    pub const fn contains(self, other: EventFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_table_is_sorted_by_number_and_below_the_limit() {
        assert!(EVENTS.windows(2).all(|pair| pair[0].kind < pair[1].kind));
        assert!(EVENTS.iter().all(|event| usize::from(event.kind.0) < KIND_LIMIT));
    }

    #[test]
    fn event_names_are_unique() {
        let mut names: Vec<_> = EVENTS.iter().map(|event| event.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn a_known_event_is_found_by_number_and_by_name() {
        assert_eq!(EventKind::OPENAT.name(), "openat");
        assert_eq!(EventKind::by_name("openat"), Some(EventKind(307)));
        assert_eq!(EventKind(511).info().map(|info| info.name), None);
    }
}
