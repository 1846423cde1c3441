//! Numbers and texts as they are packed in `.scap` blocks: little-endian, unaligned, a text behind its 16-bit length.

use crate::format::cursor::{Cursor, Malformed};
use crate::format::row::Text;

/// A place in a block's bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Packed<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Packed<'a> {
        Packed { cursor: Cursor::new(bytes) }
    }

    pub(super) fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        self.cursor.take(count)
    }

    #[inline]
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.cursor.array()
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.cursor.byte()
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.bytes().map(u16::from_le_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.bytes().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.bytes().map(u64::from_le_bytes)
    }

    #[inline]
    pub(super) fn i64(&mut self) -> Result<i64, Malformed> {
        self.bytes().map(i64::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Result<Text, Malformed> {
        let length = self.u16()?;
        self.cursor.take(usize::from(length)).map(Text::from)
    }

    /// The next number, where the entry has it; versions only append.
    pub(super) fn optional_u8(&mut self) -> Option<u8> {
        self.u8().ok()
    }

    /// Likewise.
    pub(super) fn optional_u32(&mut self) -> Option<u32> {
        self.u32().ok()
    }

    /// Likewise.
    pub(super) fn optional_u64(&mut self) -> Option<u64> {
        self.u64().ok()
    }
}
