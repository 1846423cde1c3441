//! Blocks that are made while they are read, for [`super::Reader::from_blocks`].

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::block::{RawBlock, UnencodedBlock};
use super::damage::Damage;
use super::header::BlockHeader;
use super::index::Index;
use super::inventory::Inventory;
use super::reader::Ending;
use super::schema::KindSet;

/// Whoever makes the blocks.
type Blocks = Box<dyn Iterator<Item = Result<UnencodedBlock, Damage>> + Send>;

/// Which kinds of events somebody looks into: told by who reads blocks, asked for by who makes them. Nothing told is all.
pub(crate) type AskedKinds = Arc<OnceLock<Arc<KindSet>>>;

/// Blocks as they are made.
pub(super) struct BlockStream {
    /// `None` after the end.
    blocks: Option<Blocks>,
    next_number: u64,
    /// Damage after which no block has come.
    last_damage: Option<Damage>,
    /// Whether damage at the end means that the end is missing.
    damage_cuts_off: bool,
    /// What stands before the block that was made last.
    inventory: Option<Arc<Inventory>>,
    asked: AskedKinds,
}

impl fmt::Debug for BlockStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockStream").field("next_number", &self.next_number).finish_non_exhaustive()
    }
}

impl BlockStream {
    pub(super) fn new(blocks: Blocks) -> BlockStream {
        BlockStream {
            blocks: Some(blocks),
            next_number: 0,
            last_damage: None,
            damage_cuts_off: true,
            inventory: None,
            asked: AskedKinds::default(),
        }
    }

    /// Where the maker of the blocks looks up which kinds are asked for.
    pub(super) fn set_asked(&mut self, asked: AskedKinds) {
        self.asked = asked;
    }

    /// Says which kinds somebody looks into.
    pub(super) fn ask_for(&self, kinds: KindSet) {
        // Who comes second is given what the first one asked for; nobody asks twice.
        let _ = self.asked.set(Arc::new(kinds));
    }

    /// The next block that is wanted, and how many were passed over before it.
    pub(super) fn next_block(
        &mut self,
        file: &Arc<str>,
        want: &mut dyn FnMut(&BlockHeader) -> bool,
    ) -> (Option<Result<RawBlock, Damage>>, u64) {
        let mut skipped = 0;
        loop {
            match self.blocks.as_mut().and_then(Iterator::next) {
                Some(Ok(mut block)) => {
                    self.inventory = block.take_inventory().or(self.inventory.take());
                    self.last_damage = None;
                    let block = block.into_raw(file, self.next_number);
                    self.next_number += 1;
                    if want(block.header()) {
                        return (Some(Ok(block)), skipped);
                    }
                    skipped += 1;
                }
                Some(Err(damage)) => {
                    self.last_damage = Some(damage.clone());
                    return (Some(Err(damage)), skipped);
                }
                None => {
                    self.blocks = None;
                    return (None, skipped);
                }
            }
        }
    }

    /// The inventory that came with a block since the last call.
    pub(super) fn take_inventory(&mut self) -> Option<Arc<Inventory>> {
        self.inventory.take()
    }

    /// Says that damage is of single places, at the end too.
    pub(super) fn keep_damage_apart(&mut self) {
        self.damage_cuts_off = false;
    }

    /// How the blocks ended: with damage that nothing followed, or as they should.
    pub(super) fn ending(&self) -> Ending {
        match self.last_damage.as_ref().filter(|_| self.damage_cuts_off) {
            Some(damage) => Ending::Truncated(damage.clone()),
            None => Ending::Complete(Box::<Index>::default()),
        }
    }
}
