//! What a capture says of itself (once), and what a block says of itself (without its body being read).

use serde::{Deserialize, Serialize};

use super::schema::EventKind;

/// The newest version of the format, the one that is written.
pub const VERSION: u32 = 1;

/// What a capture says of where it comes from. All text is UTF-8; empty is "not known".
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CaptureHeader {
    /// The format's version. The writer sets it; what a caller puts here is ignored.
    pub version: u32,
    /// `hostname` of the recorded machine.
    pub host_name: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// `x86_64` or `aarch64`.
    pub arch: String,
    /// The kernel's random id of this boot.
    pub boot_id: String,
    /// Possible processors.
    pub cpus: u32,
    /// When recording started, ns since the epoch.
    pub started_ns: u64,
    /// What was added to the kernel's clock to give times since the epoch, ns.
    pub clock_base_ns: i64,
    /// The program that wrote the capture, with its version.
    pub recorder: String,
    /// What it was told to do: name and value.
    pub options: Vec<(String, String)>,
    /// What it could not find out: metadata sources that were not reachable and the like, one sentence each.
    pub notes: Vec<String>,
}

/// Events that happened and are not in the capture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Loss {
    /// The processor that lost them.
    pub cpu: u16,
    /// Their kind, where it is known.
    pub kind: Option<EventKind>,
    /// How many.
    pub count: u64,
    /// Not before, ns since the epoch.
    pub first_ts_ns: u64,
    /// Not after, ns since the epoch.
    pub last_ts_ns: u64,
}

/// What a recording could not see of the events it holds. Numbers are part of the file format: append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u16)]
pub enum Shortfall {
    /// An argument was longer than what is recorded of one. (Data cut at the recording's snaplen does not count: the
    /// event has its length.)
    TruncatedArgument = 1,
    /// A pointer that a program passed could not be read, or not to the end of what it points to.
    UnreadablePointer = 2,
    /// A thread that nothing was known of.
    UnknownThread = 3,
    /// A descriptor that nothing was known of.
    UnknownDescriptor = 4,
}

impl Shortfall {
    /// Every sort, by number.
    pub const ALL: &'static [Shortfall] = &[
        Shortfall::TruncatedArgument,
        Shortfall::UnreadablePointer,
        Shortfall::UnknownThread,
        Shortfall::UnknownDescriptor,
    ];
}

/// What a block says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BlockHeader {
    /// Events in the block.
    pub rows: u32,
    /// The number (`evt.num`) of its first event; 0 in a block without events.
    pub first_num: u64,
    /// The number of its last event.
    pub last_num: u64,
    /// Smallest time in the block, ns since the epoch. (Events of different processors may be out of order.)
    pub first_ts_ns: u64,
    /// Largest time in the block.
    pub last_ts_ns: u64,
    /// Kinds in the block, rising, and how many events of each.
    pub kinds: Vec<(EventKind, u32)>,
    /// Short ids of the containers that the block's rows refer to, sorted.
    pub containers: Vec<String>,
    /// Events lost while the block was recorded.
    pub losses: Vec<Loss>,
    /// What its events lack: the number of a [`Shortfall`] (or one of a newer version), rising, and how often.
    pub shortfalls: Vec<(u16, u64)>,
}

impl BlockHeader {
    /// How many events were lost while the block was recorded.
    pub fn lost(&self) -> u64 {
        self.losses.iter().fold(0u64, |sum, loss| sum.saturating_add(loss.count))
    }

    /// How often the events of the block fall short in this way.
    pub fn shortfall(&self, shortfall: Shortfall) -> u64 {
        self.shortfalls.iter().find(|(number, _)| *number == shortfall as u16).map_or(0, |&(_, count)| count)
    }

    /// How many events of a kind the block has.
    pub fn count(&self, kind: EventKind) -> u32 {
        match self.kinds.binary_search_by_key(&kind, |&(kind, _)| kind) {
            Ok(at) => self.kinds.get(at).map_or(0, |&(_, count)| count),
            Err(_) => 0,
        }
    }
}
