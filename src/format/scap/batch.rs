//! Entries of a list that are handed out together: a list of any length passes through bounded memory.

use crate::format::cursor::Malformed;

use super::entries::{self, Account};
use super::item::{ScapFd, ScapGroup, ScapInterface, ScapItem, ScapThread, ScapUser};
use super::packed::Packed;

/// As many entries are handed out together.
const ENTRIES: usize = 512;

/// Which list, and how its entries lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ListKind {
    Threads { version: u8 },
    Fds { tid: i64, is_sized: bool },
    Interfaces { is_sized: bool },
    Accounts { is_sized: bool },
}

/// Entries that are handed out together.
pub(super) enum Batch {
    Threads(u8, Vec<ScapThread>),
    Fds { tid: i64, is_sized: bool, fds: Vec<ScapFd> },
    Interfaces(bool, Vec<ScapInterface>),
    Accounts(bool, Vec<ScapUser>, Vec<ScapGroup>),
}

impl Batch {
    pub(super) fn new(kind: ListKind) -> Batch {
        match kind {
            ListKind::Threads { version } => Batch::Threads(version, Vec::new()),
            ListKind::Fds { tid, is_sized } => Batch::Fds { tid, is_sized, fds: Vec::new() },
            ListKind::Interfaces { is_sized } => Batch::Interfaces(is_sized, Vec::new()),
            ListKind::Accounts { is_sized } => Batch::Accounts(is_sized, Vec::new(), Vec::new()),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        let count = match self {
            Batch::Threads(_, threads) => threads.len(),
            Batch::Fds { fds, .. } => fds.len(),
            Batch::Interfaces(_, interfaces) => interfaces.len(),
            Batch::Accounts(_, users, groups) => users.len() + groups.len(),
        };
        count >= ENTRIES
    }

    /// Whether every entry begins with its length.
    pub(super) fn is_sized(&self) -> bool {
        match self {
            Batch::Threads(version, _) => *version >= 9,
            Batch::Fds { is_sized, .. } | Batch::Interfaces(is_sized, _) | Batch::Accounts(is_sized, _, _) => *is_sized,
        }
    }

    /// Reads one more entry from the front of the list.
    pub(super) fn read(&mut self, list: &mut Packed<'_>) -> Result<(), Malformed> {
        // an interface's length does not count itself, those of all others do
        let counts_itself = !matches!(self, Batch::Interfaces(..));
        let mut sized = if self.is_sized() { Some(entries::sized(list, counts_itself)?) } else { None };
        let is_sized = sized.is_some();
        let entry = sized.as_mut().unwrap_or(list);
        match self {
            Batch::Threads(version, threads) => threads.push(entries::read_thread(entry, *version)?),
            Batch::Fds { fds, .. } => fds.push(entries::read_fd(entry, is_sized)?),
            Batch::Interfaces(_, interfaces) => interfaces.push(entries::read_interface(entry)?),
            Batch::Accounts(_, users, groups) => match entries::read_account(entry)? {
                Account::User(user) => users.push(user),
                Account::Group(group) => groups.push(group),
            },
        }
        Ok(())
    }

    /// What is handed out now, and the groups that come after it.
    pub(super) fn into_item(self) -> (Option<ScapItem<'static>>, Vec<ScapGroup>) {
        match self {
            Batch::Threads(_, threads) => ((!threads.is_empty()).then_some(ScapItem::Threads(threads)), Vec::new()),
            Batch::Fds { tid, fds, .. } => ((!fds.is_empty()).then_some(ScapItem::Fds { tid, fds }), Vec::new()),
            Batch::Interfaces(_, interfaces) => {
                ((!interfaces.is_empty()).then_some(ScapItem::Interfaces(interfaces)), Vec::new())
            }
            Batch::Accounts(_, users, groups) => ((!users.is_empty()).then_some(ScapItem::Users(users)), groups),
        }
    }
}
