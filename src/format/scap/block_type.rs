//! The numbers of block types. Those with an `8` in front were used before the format was published.

/// `\r\n\n\r`: a section's header.
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
/// What a section's header says of the order of bytes.
pub(super) const SECTION_MAGIC: u32 = 0x1a2b_3c4d;
pub(super) const MACHINE: u32 = 0x201;
pub(super) const THREADS_V9: u32 = 0x215;
pub(super) const FDS_V2: u32 = 0x218;
pub(super) const INTERFACES_V2: u32 = 0x219;
pub(super) const ACCOUNTS_V2: u32 = 0x220;
pub(super) const EVENT_V2: u32 = 0x216;
pub(super) const EVENT_V2_FLAGS: u32 = 0x217;
pub(super) const EVENT_V2_LARGE: u32 = 0x221;
pub(super) const EVENT_V2_FLAGS_LARGE: u32 = 0x222;

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BlockType {
    Section,
    Machine,
    /// A thread list of version 1 to 9.
    Threads(u8),
    /// A descriptor list of version 1 or 2.
    Fds(u8),
    /// An interface list of version 1 or 2.
    Interfaces(u8),
    /// A list of users and groups of version 1 or 2.
    Accounts(u8),
    Event(EventBlock),
}

/// How an event lies in its block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EventBlock {
    /// Flags stand between processor and event.
    pub(super) has_flags: bool,
    /// The event's header says how many parameters there are (since version 2).
    pub(super) has_param_count: bool,
    /// The block may be longer than 65,535 bytes.
    pub(super) is_large: bool,
}

impl BlockType {
    pub(super) const fn from_number(number: u32) -> Option<BlockType> {
        Some(match number {
            EVENT_V2 => BlockType::event(false, true, false),
            EVENT_V2_FLAGS => BlockType::event(true, true, false),
            EVENT_V2_LARGE => BlockType::event(false, true, true),
            EVENT_V2_FLAGS_LARGE => BlockType::event(true, true, true),
            0x204 | 0x8010_abcd => BlockType::event(false, false, false),
            0x208 => BlockType::event(true, false, false),
            SECTION => BlockType::Section,
            MACHINE | 0x8002_abcd => BlockType::Machine,
            0x202 | 0x8000_abcd => BlockType::Threads(1),
            0x207 | 0x8013_abcd => BlockType::Threads(2),
            0x209 | 0x8014_abcd => BlockType::Threads(3),
            0x210 => BlockType::Threads(4),
            0x211 => BlockType::Threads(5),
            0x212 => BlockType::Threads(6),
            0x213 => BlockType::Threads(7),
            0x214 => BlockType::Threads(8),
            THREADS_V9 => BlockType::Threads(9),
            0x203 | 0x8001_abcd => BlockType::Fds(1),
            FDS_V2 => BlockType::Fds(2),
            0x205 | 0x8011_abcd => BlockType::Interfaces(1),
            INTERFACES_V2 => BlockType::Interfaces(2),
            0x206 | 0x8012_abcd => BlockType::Accounts(1),
            ACCOUNTS_V2 => BlockType::Accounts(2),
            _ => return None,
        })
    }

    const fn event(has_flags: bool, has_param_count: bool, is_large: bool) -> BlockType {
        BlockType::Event(EventBlock { has_flags, has_param_count, is_large })
    }
}
