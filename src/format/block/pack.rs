//! Streams: runs of bytes, compressed each on its own where that pays. The one file that knows zstd.
//!
//! ```text
//! stream = varint(length * 2)     bytes                     as they are
//!        | varint(length * 2 + 1) varint(stored) bytes      a zstd frame of `stored` bytes that inflates to `length`;
//!                                                           of strings of an AFTER column (see `derived`) with the
//!                                                           strings of the other column as zstd's prefix
//! ```

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, Strategy};

use crate::format::column::{Pack, Unpack};
use crate::format::cursor::{Cursor, Malformed, put_size};

use super::usage::Stopwatch;

/// Below this a zstd frame's own overhead (about 12 bytes) eats what it could save.
const SMALLEST_TO_COMPRESS: usize = 48;

/// Size of zstd's tables for numbers: they stay in the processor's nearest caches.
const NUMBER_TABLE_LOG: u32 = 14;
/// The shortest match that pays among numbers.
const NUMBER_MATCH: u32 = 5;
/// Where all matches are chance, short ones cost more than the bytes they stand for.
const NOISE_MATCH: u32 = 7;

/// Size of zstd's tables for strings that come after others: the prefix is some 100 KB, and what is pushed out of the
/// tables is not found again.
const AFTER_TABLE_LOG: u32 = 17;
/// The shortest match that pays there.
const AFTER_MATCH: u32 = 6;

/// Compresses streams, one after the other.
pub(super) struct Packer {
    texts: zstd::bulk::Compressor<'static>,
    numbers: zstd::bulk::Compressor<'static>,
    /// The shortest match that is looked for in numbers.
    number_match: u32,
    level: i32,
    scratch: Vec<u8>,
    failed: Option<io::Error>,
    /// Whether streams are compressed each on its own.
    compresses: bool,
}

impl Packer {
    pub(super) fn new(level: i32) -> io::Result<Packer> {
        let texts = zstd::bulk::Compressor::new(level)?;
        let mut numbers = zstd::bulk::Compressor::new(level)?;
        // Longer tables and other ways find no more among numbers. Together with the matches' lengths it makes a file
        // of a build 0.2 % smaller and encodes it in 4 % less time than what the level would choose.
        numbers.set_parameter(CParameter::Strategy(Strategy::ZSTD_dfast))?;
        numbers.set_parameter(CParameter::HashLog(NUMBER_TABLE_LOG))?;
        numbers.set_parameter(CParameter::ChainLog(NUMBER_TABLE_LOG))?;
        Ok(Packer { texts, numbers, number_match: 0, level, scratch: Vec::new(), failed: None, compresses: true })
    }

    /// The first error of the compressor, if there was one; what was packed after it lies there uncompressed.
    pub(super) fn finish(self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    fn compress_numbers(&mut self, bytes: &[u8], shortest: u32) -> io::Result<usize> {
        if self.number_match != shortest {
            self.numbers.set_parameter(CParameter::MinMatch(shortest))?;
            self.number_match = shortest;
        }
        self.numbers.compress_to_buffer(bytes, &mut self.scratch)
    }

    fn pack_content(&mut self, bytes: &[u8], content: Content, out: &mut Vec<u8>) {
        match self.compress(bytes, content) {
            Some(stored) => put_stored(bytes.len(), &self.scratch[..stored], out),
            None => {
                put_size(out, bytes.len() * 2);
                out.extend_from_slice(bytes);
            }
        }
    }

    /// Whether streams are compressed each on its own from here on.
    pub(super) fn compress_streams(&mut self, compresses: bool) {
        self.compresses = compresses;
    }

    fn compress(&mut self, bytes: &[u8], content: Content) -> Option<usize> {
        if !self.compresses || bytes.len() < SMALLEST_TO_COMPRESS || self.failed.is_some() {
            return None;
        }
        self.scratch.clear();
        self.scratch.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        let stored = match content {
            Content::Texts => self.texts.compress_to_buffer(bytes, &mut self.scratch),
            Content::Numbers => self.compress_numbers(bytes, NUMBER_MATCH),
            Content::Noise => self.compress_numbers(bytes, NOISE_MATCH),
        };
        match stored {
            // One percent is not worth the reader's time.
            Ok(stored) => (stored + bytes.len() / 100 + 2 < bytes.len()).then_some(stored),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

/// What a stream holds.
#[derive(Clone, Copy)]
enum Content {
    Texts,
    Numbers,
    Noise,
}

/// Compresses a column's strings as if they came after others, which the reader must have too.
pub(super) struct PackerAfter<'p> {
    pub(super) packer: &'p mut Packer,
    pub(super) prefix: &'p [u8],
}

impl Pack for PackerAfter<'_> {
    fn compresses(&self) -> bool {
        self.packer.compresses()
    }

    fn pack_noise(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.packer.pack_noise(bytes, out);
    }

    fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.packer.pack(bytes, out);
    }

    fn pack_texts(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match compress_after(self.prefix, bytes, self.packer.level) {
            Ok(stored) => put_stored(bytes.len(), &stored, out),
            Err(error) => {
                self.packer.failed.get_or_insert(error);
            }
        }
    }
}

/// A window that reaches back over all of the prefix, within what every reader of zstd allows.
fn window_log(bytes: usize) -> u32 {
    bytes.next_power_of_two().trailing_zeros().clamp(10, 27)
}

fn compress_after(prefix: &[u8], bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let failed = |code| io::Error::other(zstd::zstd_safe::get_error_name(code));
    let mut zstd = CCtx::create();
    zstd.set_parameter(CParameter::CompressionLevel(level)).map_err(failed)?;
    zstd.set_parameter(CParameter::WindowLog(window_log(prefix.len() + bytes.len()))).map_err(failed)?;
    zstd.set_parameter(CParameter::HashLog(AFTER_TABLE_LOG)).map_err(failed)?;
    zstd.set_parameter(CParameter::ChainLog(AFTER_TABLE_LOG)).map_err(failed)?;
    zstd.set_parameter(CParameter::MinMatch(AFTER_MATCH)).map_err(failed)?;
    zstd.ref_prefix(prefix).map_err(failed)?;
    let mut stored = Vec::with_capacity(zstd::zstd_safe::compress_bound(bytes.len()));
    zstd.compress2(&mut stored, bytes).map_err(failed)?;
    Ok(stored)
}

fn put_stored(length: usize, stored: &[u8], out: &mut Vec<u8>) {
    put_size(out, length * 2 + 1);
    put_size(out, stored.len());
    out.extend_from_slice(stored);
}

impl Pack for Packer {
    fn compresses(&self) -> bool {
        self.compresses
    }

    fn pack(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pack_content(bytes, Content::Numbers, out);
    }

    fn pack_noise(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pack_content(bytes, Content::Noise, out);
    }

    fn pack_texts(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pack_content(bytes, Content::Texts, out);
    }
}

thread_local! {
    /// A decompression context is some 100 KB; one per thread serves all columns.
    static ZSTD: RefCell<zstd::bulk::Decompressor<'static>> = RefCell::new(zstd::bulk::Decompressor::default());
}

/// Inflates streams within an allowance of memory.
#[derive(Debug)]
pub(super) struct Unpacker {
    allowance: Cell<usize>,
    inflating: Stopwatch,
}

impl Unpacker {
    pub(super) fn new(allowance: usize) -> Unpacker {
        Unpacker { allowance: Cell::new(allowance), inflating: Stopwatch::default() }
    }

    /// Times inflating.
    pub(super) fn inflating(&self) -> &Stopwatch {
        &self.inflating
    }
}

impl Unpack for Unpacker {
    fn unpack<'a>(&self, cursor: &mut Cursor<'a>, expected: usize) -> Result<Cow<'a, [u8]>, Malformed> {
        let bytes = match take_stored(cursor, expected)? {
            Stored::Plain(bytes) => return Ok(Cow::Borrowed(bytes)),
            Stored::Compressed(bytes) => bytes,
        };
        // `expected` is bounded: whoever asks has charged for it.
        let mut inflated = Vec::with_capacity(expected);
        let length = self
            .inflating
            .time(|| ZSTD.with_borrow_mut(|zstd| zstd.decompress_to_buffer(bytes, &mut inflated)))
            .map_err(|error| Malformed::new(format!("a stream does not inflate: {error}")))?;
        check_length(length, expected)?;
        Ok(Cow::Owned(inflated))
    }

    fn charge(&self, bytes: usize) -> Result<(), Malformed> {
        let left = self.allowance.get().checked_sub(bytes);
        self.allowance.set(left.ok_or_else(|| Malformed::new("the block inflates to more than the format allows"))?);
        Ok(())
    }
}

/// A stream as it lies in the file.
enum Stored<'a> {
    Plain(&'a [u8]),
    Compressed(&'a [u8]),
}

fn take_stored<'a>(cursor: &mut Cursor<'a>, expected: usize) -> Result<Stored<'a>, Malformed> {
    let tag = cursor.varint()?;
    if tag >> 1 != expected as u64 {
        return Err(Malformed::new(format!("a stream of {} bytes where {expected} are due", tag >> 1)));
    }
    if tag & 1 == 0 {
        return cursor.take(expected).map(Stored::Plain);
    }
    let stored = cursor.size(cursor.remaining(), "a stream's stored length")?;
    cursor.take(stored).map(Stored::Compressed)
}

fn check_length(length: usize, expected: usize) -> Result<(), Malformed> {
    if length == expected {
        return Ok(());
    }
    Err(Malformed::new(format!("a stream inflates to {length} bytes instead of {expected}")))
}

/// Inflates a column's strings that were compressed after others.
pub(super) struct UnpackerAfter<'u> {
    pub(super) unpacker: &'u Unpacker,
    pub(super) prefix: &'u [u8],
}

impl Unpack for UnpackerAfter<'_> {
    fn unpack<'a>(&self, cursor: &mut Cursor<'a>, expected: usize) -> Result<Cow<'a, [u8]>, Malformed> {
        self.unpacker.unpack(cursor, expected)
    }

    fn unpack_texts<'a>(&self, cursor: &mut Cursor<'a>, expected: usize) -> Result<Cow<'a, [u8]>, Malformed> {
        let bytes = match take_stored(cursor, expected)? {
            Stored::Plain(bytes) => return Ok(Cow::Borrowed(bytes)),
            Stored::Compressed(bytes) => bytes,
        };
        let failed =
            |code| Malformed::new(format!("a stream does not inflate: {}", zstd::zstd_safe::get_error_name(code)));
        let mut inflated = Vec::with_capacity(expected);
        let inflate = || {
            let mut zstd = DCtx::create();
            zstd.ref_prefix(self.prefix)?;
            zstd.decompress(&mut inflated, bytes)
        };
        let length = self.unpacker.inflating.time(inflate).map_err(failed)?;
        check_length(length, expected)?;
        Ok(Cow::Owned(inflated))
    }

    fn charge(&self, bytes: usize) -> Result<(), Malformed> {
        self.unpacker.charge(bytes)
    }
}

/// Inflates one stream whose length is not known beforehand, of at most `limit` bytes.
pub(crate) fn unpack_alone(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Malformed> {
    let expected = Cursor::new(bytes).varint()? >> 1;
    let expected = usize::try_from(expected).ok().filter(|&expected| expected <= limit);
    let expected = expected.ok_or_else(|| Malformed::new("it inflates to more than the format allows"))?;
    let mut cursor = Cursor::new(bytes);
    let inflated = Unpacker::new(limit).unpack(&mut cursor, expected)?.into_owned();
    cursor.finish("it")?;
    Ok(inflated)
}

/// Compresses one stream by itself.
pub(crate) fn pack_alone(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut packer = Packer::new(level)?;
    let mut out = Vec::new();
    packer.pack_texts(bytes, &mut out);
    packer.finish().map(|()| out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn streams_come_back_and_tiny_ones_are_kept_as_they_are() {
        for length in [0usize, 1, 10, 47, 48, 1000, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|at| (at / 9) as u8).collect();
            let packed = pack_alone(&bytes, 3).unwrap();
            if length < SMALLEST_TO_COMPRESS {
                assert_eq!(packed.len(), length + 1);
            }
            assert_eq!(unpack_alone(&packed, length).unwrap(), bytes);
            assert!(length == 0 || unpack_alone(&packed, length - 1).is_err());
        }
    }

    #[test]
    fn a_stream_that_claims_more_than_it_holds_is_refused() {
        let packed = pack_alone(&[7; 1000], 3).unwrap();
        let mut longer = Vec::new();
        put_size(&mut longer, 100_000 * 2 + 1);
        longer.extend_from_slice(&packed[2..]);
        assert!(unpack_alone(&longer, 1 << 20).is_err());
    }
}
