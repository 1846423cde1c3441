//! Inventories: every thread and descriptor that was there when a capture began, or a section of a foreign file.
//!
//! A block holds the threads and descriptors that its events are about. Those that no event is about are in the
//! inventory, once, so that a capture becomes the `.scap` file that it came from, or could have been. It belongs to the
//! blocks after it, up to the next inventory. Nothing else needs it, and reading passes over it unless told to
//! keep it ([`super::Reader::keep_inventories`]).
//!
//! ```text
//! record = version (u16), origin (u8: 0 section, 1 snapshot)
//! body   = one stream (`block::pack`) of a .scap section without events, as `scap` writes it
//! ```
//!
//! The version is the inventory's own: a reader passes over one that it does not know, as programs do that know of no
//! inventories. Inside, the rules of `.scap` hold: blocks and ends of entries that are not known are passed over.

use std::io::{self, Cursor, Write};

use super::block::{pack_alone, unpack_alone};
use super::cursor::Malformed;
use super::error::FormatError;
use super::scap::{
    ScapFd, ScapGroup, ScapInterface, ScapItem, ScapMachine, ScapReader, ScapThread, ScapUser, ScapWriter,
};

/// The version that is written.
const VERSION: u16 = 1;

/// zstd's level: an inventory is written once and is small.
const LEVEL: i32 = 3;

/// The longest inventory, bytes before compression: some ten thousand threads with their environments.
const LENGTH_LIMIT: usize = 128 << 20;

/// The most threads and descriptors that are read out of one. Of a hostile one, each could take a few bytes.
const THREAD_LIMIT: usize = 1 << 18;
const FD_LIMIT: usize = 1 << 22;

/// First bytes of a section: what is inside is not compressed once more.
const SECTION_START: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// What was there at the beginning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inventory {
    /// Who says so.
    pub origin: InventoryOrigin,
    /// The machine.
    pub machine: ScapMachine,
    /// Its addresses.
    pub interfaces: Vec<ScapInterface>,
    /// Users of the host.
    pub users: Vec<ScapUser>,
    /// Groups of the host.
    pub groups: Vec<ScapGroup>,
    /// Threads.
    pub threads: Vec<ScapThread>,
    /// Descriptors by thread group, in no order. A group may come several times.
    pub fds: Vec<(i64, Vec<ScapFd>)>,
}

/// Where an inventory comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum InventoryOrigin {
    /// The head of a section of a `.scap` file: the events after it are understood by it and nothing else.
    #[default]
    Section,
    /// What a recorder saw when it began. Events of the time that this took may tell of some of it once more.
    Snapshot,
}

/// An inventory as its frame has it.
pub(super) struct EncodedInventory {
    pub(super) record: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl InventoryOrigin {
    const fn number(self) -> u8 {
        match self {
            InventoryOrigin::Section => 0,
            InventoryOrigin::Snapshot => 1,
        }
    }
}

impl Inventory {
    /// Takes what a `.scap` file says before its events; gives back what is no part of that.
    pub fn take<'a>(&mut self, item: ScapItem<'a>) -> Option<ScapItem<'a>> {
        match item {
            ScapItem::Machine(machine) => self.machine = machine,
            ScapItem::Interfaces(mut interfaces) => self.interfaces.append(&mut interfaces),
            ScapItem::Users(mut users) => self.users.append(&mut users),
            ScapItem::Groups(mut groups) => self.groups.append(&mut groups),
            ScapItem::Threads(mut threads) => self.threads.append(&mut threads),
            ScapItem::Fds { tid, fds } => self.fds.push((tid, fds)),
            other @ (ScapItem::Section { .. } | ScapItem::Event(_)) => return Some(other),
        }
        None
    }

    /// Writes everything, in the order that Falco wants.
    pub(super) fn write_to<W: Write>(&self, writer: &mut ScapWriter<W>) -> io::Result<()> {
        writer.write_machine(&self.machine)?;
        writer.write_interfaces(&self.interfaces)?;
        writer.write_accounts(&self.users, &self.groups)?;
        writer.write_threads(&self.threads)?;
        self.fds.iter().try_for_each(|(tid, fds)| writer.write_fds(*tid, fds))
    }

    /// What its frame holds; `None` for an inventory that is larger than the format allows.
    pub(super) fn encode(&self) -> Result<Option<EncodedInventory>, FormatError> {
        let section = || {
            let mut writer = ScapWriter::new(Vec::new())?;
            self.write_to(&mut writer)?;
            writer.finish()
        };
        let section = section().map_err(FormatError::Write)?;
        if section.len() > LENGTH_LIMIT {
            return Ok(None);
        }
        let [low, high] = VERSION.to_le_bytes();
        let body = pack_alone(&section, LEVEL).map_err(FormatError::Compress)?;
        Ok(Some(EncodedInventory { record: vec![low, high, self.origin.number()], body }))
    }

    /// Out of record and body; `None` for an inventory of another version.
    pub(super) fn decode(record: &[u8], body: &[u8]) -> Result<Option<Inventory>, Malformed> {
        let origin = match *record {
            [low, high, ..] if u16::from_le_bytes([low, high]) != VERSION => return Ok(None),
            [_, _, 0] => InventoryOrigin::Section,
            [_, _, 1] => InventoryOrigin::Snapshot,
            _ => return Err(Malformed::new("the inventory does not say where it comes from")),
        };
        let section = unpack_alone(body, LENGTH_LIMIT)?;
        if !section.starts_with(&SECTION_START) {
            return Err(Malformed::new("the inventory does not begin with a section"));
        }
        let mut reader = ScapReader::open("inventory", Box::new(Cursor::new(section)))
            .map_err(|error| Malformed::new(error.to_string()))?;
        let mut inventory = Inventory { origin, ..Inventory::default() };
        let mut fds_seen = 0;
        while let Some(item) = reader.next().map_err(|damage| Malformed::new(damage.to_string()))? {
            if let ScapItem::Fds { fds, .. } = &item {
                fds_seen += fds.len();
            }
            // the section's own head is all that is given back
            inventory.take(item);
            if inventory.threads.len() > THREAD_LIMIT || fds_seen > FD_LIMIT {
                return Err(Malformed::new("the inventory has more in it than the format allows"));
            }
        }
        Ok(Some(inventory))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::format::row::Text;
    use crate::format::scap::{ScapAddr, ScapFdInfo, ScapFdType};

    fn inventory() -> Inventory {
        let text = |text: &str| Text::from(text.as_bytes());
        let addr = ScapAddr::V4([10, 0, 0, 7]);
        let fd = |fd| ScapFd { fd, ino: 7, ty: ScapFdType::Fifo, info: ScapFdInfo::Name(text("pipe:[7]")) };
        Inventory {
            origin: InventoryOrigin::Snapshot,
            machine: ScapMachine { cpus: 4, host_name: text("node"), ..ScapMachine::default() },
            interfaces: vec![ScapInterface { name: text("eth0"), addr, netmask: addr, broadcast: addr, link_speed: 9 }],
            users: vec![ScapUser { uid: 1, gid: 2, name: text("a"), home: text("/"), shell: text("/bin/sh") }],
            groups: vec![ScapGroup { gid: 2, name: text("b") }],
            threads: (1..=3)
                .map(|tid| ScapThread { tid, pid: 1, comm: text("sh"), env: text("A=1\0"), ..ScapThread::default() })
                .collect(),
            fds: vec![(1, vec![fd(0), fd(1)]), (2, vec![fd(9)])],
        }
    }

    #[test]
    fn an_inventory_comes_back_as_it_was() {
        for origin in [InventoryOrigin::Section, InventoryOrigin::Snapshot] {
            let inventory = Inventory { origin, ..inventory() };
            let EncodedInventory { record, body } = inventory.encode().unwrap().unwrap();
            assert_eq!(Inventory::decode(&record, &body).unwrap(), Some(inventory));
        }
    }

    #[test]
    fn one_of_another_version_is_passed_over() {
        let EncodedInventory { mut record, .. } = inventory().encode().unwrap().unwrap();
        record[0] = 2;
        record.push(7);
        assert_eq!(Inventory::decode(&record, b"whatever that is").unwrap(), None);
    }

    #[test]
    fn what_is_none_is_refused() {
        let EncodedInventory { record, body } = inventory().encode().unwrap().unwrap();
        assert!(Inventory::decode(&[], &body).is_err());
        assert!(Inventory::decode(&[1, 0, 9], &body).is_err());
        for end in 0..body.len() {
            assert!(Inventory::decode(&record, &body[..end]).is_err(), "{end}");
        }
        // a section that is compressed once more could be of any length
        let zipped = pack_alone(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], LEVEL).unwrap();
        assert!(Inventory::decode(&record, &zipped).is_err());
    }
}
