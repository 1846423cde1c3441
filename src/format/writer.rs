//! Writes a capture: header, blocks as they come, index at the end.

use std::io::Write;

use super::block::{EncodedBlock, pack_alone};
use super::error::FormatError;
use super::frame::{FrameHead, FrameSort, HEAD_LEN, Hash, hash_of, link_of, preamble, trailer};
use super::header::{CaptureHeader, VERSION};
use super::index::{Index, IndexEntry};
use super::inventory::{EncodedInventory, Inventory};
use super::records::encode_record;

/// zstd's level for the index: it is written once and small.
const INDEX_LEVEL: i32 = 3;

/// The most bytes that an entry of the index has beside the block's header: two numbers.
const ENTRY_BYTES: u64 = 18;

/// The most bytes of the index's frame beside its entries: head, trailer, three numbers, two links.
const INDEX_BYTES: u64 = 512;

/// Writes one capture. Every frame goes out in one call of `write_all` followed by a flush, so whoever is killed loses
/// at most the block in hand.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    offset: u64,
    number: u32,
    link: Hash,
    index: Index,
    /// Length of the index's entries before they are compressed.
    index_bytes: u64,
    failed: bool,
}

/// What a finished capture holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Blocks.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// Events that were lost.
    pub lost: u64,
    /// Size of the whole file.
    pub bytes: u64,
    /// The last link of the hash chain: whoever notes it down can tell later whether this is the file.
    pub chain_end: [u8; 32],
}

impl<W: Write> Writer<W> {
    /// Writes the file's first bytes and its header.
    pub fn new(out: W, header: &CaptureHeader) -> Result<Writer<W>, FormatError> {
        let record = encode_record("capture header", &CaptureHeader { version: VERSION, ..header.clone() })?;
        let preamble = preamble(VERSION);
        let mut frame = vec![0; HEAD_LEN];
        frame.extend_from_slice(&record);
        let mut writer = Writer {
            out,
            offset: 0,
            number: 0,
            link: hash_of(&preamble),
            index: Index::default(),
            index_bytes: 0,
            failed: false,
        };
        let head = writer.head(FrameSort::Header, record.len(), 0, hash_of(&record), hash_of(&[]));
        let link = put_head(&mut frame, &head);
        writer.write([&preamble[..], &frame].concat().as_slice())?;
        writer.index.chain_start = link;
        writer.link = link;
        writer.number = 1;
        Ok(writer)
    }

    fn head(&self, sort: FrameSort, record: usize, body: usize, record_hash: Hash, body_hash: Hash) -> FrameHead {
        FrameHead {
            sort,
            version: VERSION as u16,
            number: self.number,
            record_len: record as u32,
            body_len: body as u32,
            record_hash,
            body_hash,
            previous: self.link,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        if self.failed {
            return Err(FormatError::GivenUp);
        }
        let written = self.out.write_all(bytes).and_then(|()| self.out.flush());
        self.failed = written.is_err();
        written.map_err(FormatError::Write)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Writes a block; gives the file's size after it. After an error nothing more can be written.
    pub fn write_block(&mut self, block: EncodedBlock) -> Result<u64, FormatError> {
        let EncodedBlock { header, mut frame, record_len, record_hash, body_hash } = block;
        let body_len = frame.len().saturating_sub(HEAD_LEN + record_len);
        let link = put_head(&mut frame, &self.head(FrameSort::Block, record_len, body_len, record_hash, body_hash));
        let offset = self.offset;
        self.write(&frame)?;
        self.link = link;
        self.number = self.number.saturating_add(1);
        self.index.events += u64::from(header.rows);
        self.index.lost = self.index.lost.saturating_add(header.lost());
        self.index_bytes += record_len as u64 + ENTRY_BYTES;
        self.index.blocks.push(IndexEntry { offset, length: frame.len() as u64, header });
        Ok(self.offset)
    }

    /// The most bytes that the finished file can have if this block is written and none after it.
    pub fn size_with(&self, block: &EncodedBlock) -> u64 {
        self.size_after(block.frame.len() as u64, block.record_len as u64 + ENTRY_BYTES)
    }

    /// The most bytes that the finished file can have if no block is written any more.
    pub fn finished_size(&self) -> u64 {
        self.size_after(0, 0)
    }

    /// The most bytes that the finished file can have after so many bytes more, which make the index so much longer.
    fn size_after(&self, frame_bytes: u64, entry_bytes: u64) -> u64 {
        let index = self.index_bytes + entry_bytes + INDEX_BYTES;
        // what zstd adds to bytes that it cannot compress
        let packed = index + index / 128 + 512;
        self.offset + frame_bytes + packed
    }

    /// Writes what was there before the next block; `false` where that takes more than `most_bytes`, or more than the
    /// format allows, and nothing is written.
    pub fn write_inventory(&mut self, inventory: &Inventory, most_bytes: u64) -> Result<bool, FormatError> {
        let Some(EncodedInventory { record, body }) = inventory.encode()? else { return Ok(false) };
        let head = self.head(FrameSort::Inventory, record.len(), body.len(), hash_of(&record), hash_of(&body));
        if head.frame_len() > most_bytes {
            return Ok(false);
        }
        let mut frame = [&[0; HEAD_LEN][..], &record, &body].concat();
        let link = put_head(&mut frame, &head);
        self.write(&frame)?;
        self.link = link;
        self.number = self.number.saturating_add(1);
        Ok(true)
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.offset
    }

    /// Writes the index. A capture that is not finished lacks nothing but that.
    pub fn finish(self) -> Result<Summary, FormatError> {
        self.finish_into().map(|(summary, _)| summary)
    }

    /// Writes the index and gives back what was written to.
    pub fn finish_into(mut self) -> Result<(Summary, W), FormatError> {
        self.index.chain_end = self.link;
        let record = encode_record("index", &self.index)?;
        let body = pack_alone(&record, INDEX_LEVEL).map_err(FormatError::Compress)?;
        let mut frame = vec![0; HEAD_LEN];
        frame.extend_from_slice(&body);
        put_head(&mut frame, &self.head(FrameSort::Index, 0, body.len(), hash_of(&[]), hash_of(&body)));
        frame.extend_from_slice(&trailer(self.offset));
        self.write(&frame)?;
        let summary = Summary {
            blocks: self.index.blocks.len() as u64,
            events: self.index.events,
            lost: self.index.lost,
            bytes: self.offset,
            chain_end: self.index.chain_end,
        };
        Ok((summary, self.out))
    }

    /// Gives back what was written to, without writing the index.
    pub fn abandon(self) -> W {
        self.out
    }
}

/// Puts the head into the room kept for it at the frame's start; gives the frame's link.
fn put_head(frame: &mut [u8], head: &FrameHead) -> Hash {
    let bytes = head.to_bytes();
    if let Some(room) = frame.get_mut(..HEAD_LEN) {
        room.copy_from_slice(&bytes);
    }
    link_of(&bytes)
}
