//! Reading a capture by its index instead of from start to end.

use std::io;
use std::sync::Arc;

use super::block::RawBlock;
use super::cursor::Malformed;
use super::damage::Damage;
use super::frame::{FrameHead, FrameSort, HEAD_LEN, TRAILER_LEN, hash_of, parse_trailer};
use super::header::BlockHeader;
use super::index::{Index, IndexEntry};
use super::reader::{Reader, decode_index};
use super::records::decode_record;
use super::source::Source;

impl Reader {
    /// The index at the end of a complete file; `None` when there is none, or when this is a stream.
    pub fn index(&mut self) -> Result<Option<Index>, Damage> {
        let io_damage = |reader: &Reader, error: io::Error| {
            reader.damage(0, None, &Malformed::new(format!("cannot read the index: {error}")))
        };
        let size = self.source.size().map_err(|error| io_damage(self, error))?;
        let Some(trailer_at) = size.and_then(|size| size.checked_sub(TRAILER_LEN as u64)) else { return Ok(None) };
        let trailer = self.source.read_at(trailer_at, TRAILER_LEN).map_err(|error| io_damage(self, error))?;
        let Some(offset) = trailer.first_chunk().and_then(parse_trailer) else { return Ok(None) };
        let (head, _, body) =
            self.frame_at(offset, trailer_at).map_err(|malformed| self.damage(offset, None, &malformed))?;
        if head.sort != FrameSort::Index {
            return Err(self.damage(offset, None, &Malformed::new("this is not the index")));
        }
        decode_index(&head, &body).map(Some).map_err(|malformed| self.damage(offset, None, &malformed))
    }

    /// Reads one block by its place in the index, without touching the sequence of [`Reader::next_block`]. Of a stream
    /// this is an error.
    pub fn block_at(&mut self, entry: &IndexEntry) -> Result<RawBlock, Damage> {
        let end = entry.offset.saturating_add(entry.length);
        let read = self.frame_at(entry.offset, end).and_then(|(head, record, body)| {
            let header: BlockHeader = decode_record("block header", &record)?;
            match head.sort {
                FrameSort::Block => Ok((head, header, body)),
                FrameSort::Header | FrameSort::Inventory | FrameSort::Index | FrameSort::Other(_) => {
                    Err(Malformed::new("this is not a block"))
                }
            }
        });
        let (head, header, body) = read.map_err(|malformed| self.damage(entry.offset, None, &malformed))?;
        Ok(RawBlock {
            file: Arc::clone(&self.file),
            offset: entry.offset,
            number: head.block_number().unwrap_or(0),
            header,
            body,
            body_hash: head.body_hash,
            built: None,
        })
    }

    /// Head, record and body of the frame at `offset`, which must end by `limit`. The record is checked.
    fn frame_at(&mut self, offset: u64, limit: u64) -> Result<(FrameHead, Vec<u8>, Vec<u8>), Malformed> {
        let unreadable = |error: io::Error| Malformed::new(format!("cannot read: {error}"));
        if matches!(self.source, Source::Stream(_)) {
            return Err(Malformed::new("a stream cannot be read out of order"));
        }
        let bytes = self.source.read_at(offset, HEAD_LEN).map_err(unreadable)?;
        let head =
            bytes.first_chunk().ok_or_else(|| Malformed::new("the file ends here")).and_then(FrameHead::parse)?;
        if offset.saturating_add(head.frame_len()) > limit {
            return Err(Malformed::new("the frame is longer than its place"));
        }
        let record_at = offset + HEAD_LEN as u64;
        let record = self.source.read_at(record_at, head.record_len as usize).map_err(unreadable)?;
        let body_at = record_at + u64::from(head.record_len);
        let body = self.source.read_at(body_at, head.body_len as usize).map_err(unreadable)?;
        if body.len() != head.body_len as usize || hash_of(&record) != head.record_hash {
            return Err(Malformed::new("the frame's record does not fit its hash"));
        }
        Ok((head, record, body))
    }
}
