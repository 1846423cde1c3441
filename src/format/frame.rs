//! Frames: what a capture is cut into. The fixed head that every frame starts with, and the link that chains it.
//!
//! ```text
//! at  length  what, numbers little-endian
//!  0       8  MARKER
//!  8       1  sort of frame: 'H' header, 'B' block, 'V' inventory, 'I' index; others are passed over
//!  9       1  zero
//! 10       2  version of the format
//! 12       4  number of the frame, from 0: the header frame; a block's number is its frame's less one, so frames
//!             of other sorts leave gaps between blocks' numbers
//! 16       4  length of the record that follows the head (bincode)
//! 20       4  length of the body that follows the record
//! 24      32  BLAKE3 of the record
//! 56      32  BLAKE3 of the body
//! 88      32  link of the frame before; for the header frame the BLAKE3 of the file's first 16 bytes
//! 120      8  first bytes of the BLAKE3 of the bytes 0 to 119
//! ```
//!
//! A frame's link is the BLAKE3 of its 128 bytes of head; since those hold the hashes of record and body and the link
//! before, the last link stands for the whole file.

use super::cursor::Malformed;

/// First bytes of every capture. The first is not ASCII and the line ends catch a transfer as text.
pub(crate) const MAGIC: [u8; 8] = *b"\x89REEL\r\n\x1a";
/// Length of the preamble: magic, version (u32), zero (u32).
pub(crate) const PREAMBLE_LEN: usize = 16;
/// First bytes of every frame: found again after damage.
pub(crate) const MARKER: [u8; 8] = *b"\xf7frame\xb2\x0d";
/// Last bytes of a complete capture, after the index frame's offset.
pub(crate) const END_MARKER: [u8; 8] = *b"\xf7reel\xb2\x0d\x0a";
/// Length of the trailer after the index frame: offset of the index frame (u64), its check (8 bytes), [`END_MARKER`].
pub(crate) const TRAILER_LEN: usize = 24;
/// Length of a frame's head.
pub(crate) const HEAD_LEN: usize = 128;
/// The longest record of a frame, bytes.
pub(crate) const RECORD_LEN_LIMIT: usize = 64 << 20;
/// The longest body of a frame, bytes.
pub(crate) const BODY_LEN_LIMIT: usize = 256 << 20;

/// A BLAKE3 hash.
pub(crate) type Hash = [u8; 32];

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FrameSort {
    Header,
    Block,
    Inventory,
    Index,
    /// Something that a later program put there: part of the chain, and passed over.
    Other(u8),
}

impl FrameSort {
    const fn byte(self) -> u8 {
        match self {
            FrameSort::Header => b'H',
            FrameSort::Block => b'B',
            FrameSort::Inventory => b'V',
            FrameSort::Index => b'I',
            FrameSort::Other(byte) => byte,
        }
    }

    const fn of_byte(byte: u8) -> FrameSort {
        match byte {
            b'H' => FrameSort::Header,
            b'B' => FrameSort::Block,
            b'V' => FrameSort::Inventory,
            b'I' => FrameSort::Index,
            other => FrameSort::Other(other),
        }
    }
}

/// The head of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FrameHead {
    pub(crate) sort: FrameSort,
    pub(crate) version: u16,
    pub(crate) number: u32,
    pub(crate) record_len: u32,
    pub(crate) body_len: u32,
    pub(crate) record_hash: Hash,
    pub(crate) body_hash: Hash,
    pub(crate) previous: Hash,
}

impl FrameHead {
    /// The head as bytes.
    pub(crate) fn to_bytes(&self) -> [u8; HEAD_LEN] {
        let mut bytes = [0; HEAD_LEN];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(&MARKER);
        put(&[self.sort.byte(), 0]);
        put(&self.version.to_le_bytes());
        put(&self.number.to_le_bytes());
        put(&self.record_len.to_le_bytes());
        put(&self.body_len.to_le_bytes());
        put(&self.record_hash);
        put(&self.body_hash);
        put(&self.previous);
        let check = check_of(&bytes[..HEAD_LEN - 8]);
        bytes[HEAD_LEN - 8..].copy_from_slice(&check);
        bytes
    }

    /// A head out of 128 bytes; its lengths are within the limits.
    pub(crate) fn parse(bytes: &[u8; HEAD_LEN]) -> Result<FrameHead, Malformed> {
        if bytes[..8] != MARKER {
            return Err(Malformed::new("a frame should begin here, and its marker is missing"));
        }
        if bytes[HEAD_LEN - 8..] != check_of(&bytes[..HEAD_LEN - 8]) {
            return Err(Malformed::new("a frame's head does not fit its checksum"));
        }
        let head = FrameHead {
            sort: FrameSort::of_byte(bytes[8]),
            version: u16::from_le_bytes(array(bytes, 10)),
            number: u32::from_le_bytes(array(bytes, 12)),
            record_len: u32::from_le_bytes(array(bytes, 16)),
            body_len: u32::from_le_bytes(array(bytes, 20)),
            record_hash: array(bytes, 24),
            body_hash: array(bytes, 56),
            previous: array(bytes, 88),
        };
        if head.record_len as usize > RECORD_LEN_LIMIT || head.body_len as usize > BODY_LEN_LIMIT {
            return Err(Malformed::new("a frame is longer than the format allows"));
        }
        Ok(head)
    }

    /// Length of the whole frame.
    pub(crate) fn frame_len(&self) -> u64 {
        HEAD_LEN as u64 + u64::from(self.record_len) + u64::from(self.body_len)
    }

    /// The block's number, for a block's frame.
    pub(crate) fn block_number(&self) -> Option<u64> {
        match self.sort {
            FrameSort::Block => u64::from(self.number).checked_sub(1),
            FrameSort::Header | FrameSort::Inventory | FrameSort::Index | FrameSort::Other(_) => None,
        }
    }
}

/// The link of a frame: BLAKE3 of its head.
pub(crate) fn link_of(head: &[u8; HEAD_LEN]) -> Hash {
    hash_of(head)
}

/// BLAKE3.
pub(crate) fn hash_of(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// The first 8 bytes of the BLAKE3.
pub(crate) fn check_of(bytes: &[u8]) -> [u8; 8] {
    array(&hash_of(bytes), 0)
}

/// `N` bytes from `at`; zeros where there are none (the callers' offsets are constants inside fixed arrays).
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    if let Some(part) = bytes.get(at..at.saturating_add(N)) {
        out.copy_from_slice(part);
    }
    out
}

/// The first 16 bytes of a capture.
pub(crate) fn preamble(version: u32) -> [u8; PREAMBLE_LEN] {
    let mut bytes = [0; PREAMBLE_LEN];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    bytes
}

/// The last 24 bytes of a complete capture.
pub(crate) fn trailer(index_offset: u64) -> [u8; TRAILER_LEN] {
    let mut bytes = [0; TRAILER_LEN];
    bytes[..8].copy_from_slice(&index_offset.to_le_bytes());
    bytes[8..16].copy_from_slice(&check_of(&index_offset.to_le_bytes()));
    bytes[16..].copy_from_slice(&END_MARKER);
    bytes
}

/// The offset of the index frame out of a trailer.
pub(crate) fn parse_trailer(bytes: &[u8; TRAILER_LEN]) -> Option<u64> {
    let offset = &bytes[..8];
    (bytes[16..] == END_MARKER && bytes[8..16] == check_of(offset)).then(|| u64::from_le_bytes(array(bytes, 0)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_head_is_found() {
        let head = FrameHead {
            sort: FrameSort::Block,
            version: 1,
            number: 7,
            record_len: 100,
            body_len: 4000,
            record_hash: [1; 32],
            body_hash: [2; 32],
            previous: [3; 32],
        };
        let bytes = head.to_bytes();
        assert_eq!(FrameHead::parse(&bytes).unwrap(), head);
        for bit in 0..HEAD_LEN * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(FrameHead::parse(&flipped).is_err(), "bit {bit}");
        }
    }
}
