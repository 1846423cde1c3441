//! Follows the hash chain through a capture: is this what was written, all of it, and in its order?
//!
//! Who can write the file can also write a new chain. What the chain proves is bound to its last link: noted down
//! elsewhere when the recording ended, it stands for every byte of the file.

use super::damage::Damage;
use super::index::Index;
use super::reader::{Ending, Fault, Reader};

/// What became of a capture, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// The system could not read all of it.
    Unreadable,
    /// Bytes are not what was written.
    Altered,
    /// Whole blocks were taken out, put in, or moved; or parts of two captures were joined.
    Spliced,
    /// It ends inside a block: the recorder was killed while writing, or the end was cut off.
    Truncated,
    /// It ends after a whole block without an index: the recorder was killed or still runs, or the end was cut off
    /// between two blocks.
    Unfinished,
    /// It is whole.
    Intact,
}

impl Verdict {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Unreadable => "unreadable",
            Verdict::Altered => "altered",
            Verdict::Spliced => "spliced",
            Verdict::Truncated => "truncated",
            Verdict::Unfinished => "unfinished",
            Verdict::Intact => "intact",
        }
    }
}

/// What [`verify`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verification {
    /// The worst of all findings.
    pub verdict: Verdict,
    /// Blocks whose bytes are what was written.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// The link of the last frame before the index: to be compared with what was noted down when the recording ended.
    /// `None` when the last frame that could be read follows damage.
    pub chain_end: Option<[u8; 32]>,
    /// Everything that is wrong, in file order.
    pub findings: Vec<Damage>,
}

impl Verification {
    fn find(&mut self, verdict: Verdict, damage: Damage) {
        self.verdict = self.verdict.min(verdict);
        self.findings.push(damage);
    }
}

/// Reads a capture from where the reader is to its end and checks every byte of every block and inventory.
pub fn verify(reader: Reader) -> Verification {
    let mut reader = reader.keep_inventories();
    let mut verification =
        Verification { verdict: Verdict::Intact, blocks: 0, events: 0, chain_end: None, findings: Vec::new() };
    let mut offsets = Vec::new();
    while let Some(block) = reader.next_block(&mut |_| true) {
        reader.take_inventory();
        match block {
            Ok(block) => {
                offsets.push(block.offset());
                if block.is_whole() {
                    verification.blocks += 1;
                    verification.events += u64::from(block.header().rows);
                } else {
                    verification.find(Verdict::Altered, block.damage("the block's bytes do not fit their hash"));
                }
            }
            Err(damage) => {
                let verdict = match reader.last_fault() {
                    Some(Fault::Spliced) => Verdict::Spliced,
                    Some(Fault::Altered) | None => Verdict::Altered,
                    Some(Fault::Unreadable) => Verdict::Unreadable,
                };
                verification.find(verdict, damage);
            }
        }
    }
    verification.chain_end = reader.chain_link();
    match reader.ending() {
        Some(Ending::Complete(index)) => {
            verification.chain_end = Some(index.chain_end);
            check_index(&mut verification, index, &offsets, reader.file());
        }
        Some(Ending::Truncated(damage)) if verification.verdict != Verdict::Unreadable => {
            verification.find(Verdict::Truncated, damage.clone());
        }
        Some(Ending::Truncated(_)) => {}
        Some(Ending::NoFooter) | None => verification.verdict = verification.verdict.min(Verdict::Unfinished),
    }
    verification
}

/// Whether the index speaks of the blocks that are there.
fn check_index(verification: &mut Verification, index: &Index, offsets: &[u64], file: &str) {
    let listed = index.blocks.iter().map(|entry| entry.offset);
    if verification.verdict == Verdict::Intact && !listed.eq(offsets.iter().copied()) {
        let what = format!("the index lists {} blocks, {} are there", index.blocks.len(), offsets.len());
        verification.find(Verdict::Spliced, Damage { file: file.to_owned(), offset: 0, block: None, what });
    }
}
