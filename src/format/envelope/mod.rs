//! The compression around a whole file. Not here: the compression of single columns (`format::block`).
//!
//! Reading: enters a stream of bytes, leaves the bytes inside, whatever they were wrapped in: gzip (also several members one
//! after the other), zstd, or nothing, and either inside the other. How a file is wrapped is told from its bytes, never
//! from its name.

mod ahead;

use std::io::{self, Chain, Cursor, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

pub(crate) use ahead::ChunkSource;

/// How many wrappers inside each other are taken off. Captures that were compressed by their recorder and compressed
/// again by who stored them exist; more than that is no accident.
const DEEPEST: usize = 3;

/// As many first bytes as tell what a stream is: a wrapper's magic number, or the head of what is inside.
const START: usize = 64;

/// What a stream's bytes are wrapped in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrapper {
    Gzip,
    Zstd,
}

impl Wrapper {
    fn of(start: &[u8]) -> Option<Wrapper> {
        if start.starts_with(&[0x1f, 0x8b, 8]) {
            Some(Wrapper::Gzip)
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Wrapper::Zstd)
        } else {
            None
        }
    }
}

/// A stream of bytes.
pub(crate) type BoxedStream<'a> = Box<dyn Read + Send + 'a>;

/// A stream some of whose bytes were looked at.
type Whole<'a> = Chain<Cursor<Vec<u8>>, BoxedStream<'a>>;

/// A stream whose wrappers are off.
pub(crate) struct Unwrapped<'a> {
    /// The bytes inside, from the first one.
    pub(crate) stream: BoxedStream<'a>,
    /// Copies of the first bytes inside: fewer than [`START`] only where there are not more.
    pub(crate) start: Vec<u8>,
    /// Whether there was a wrapper.
    pub(crate) was_wrapped: bool,
}

/// Takes the wrappers off a stream.
pub(crate) fn unwrap<'a>(stream: BoxedStream<'a>) -> io::Result<Unwrapped<'a>> {
    let mut inner = stream;
    let mut was_wrapped = false;
    for _ in 0..=DEEPEST {
        let (start, whole) = peek(inner)?;
        match Wrapper::of(&start) {
            None => return Ok(Unwrapped { stream: Box::new(whole), start, was_wrapped }),
            Some(Wrapper::Gzip) => inner = Box::new(MultiGzDecoder::new(whole)),
            Some(Wrapper::Zstd) => inner = Box::new(zstd::stream::read::Decoder::new(whole)?),
        }
        was_wrapped = true;
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it is compressed more than three times over"))
}

/// The first bytes inside the wrappers of a stream that begins with `start`: what of them can be had.
pub(crate) fn unwrap_start(start: &[u8]) -> Vec<u8> {
    unwrap(Box::new(start)).map(|inside| inside.start).unwrap_or_default()
}

/// The first bytes of a stream, and the stream with them put back.
fn peek(mut stream: BoxedStream<'_>) -> io::Result<(Vec<u8>, Whole<'_>)> {
    let mut start = Vec::with_capacity(START);
    // what cannot be read is met again, and reported, by who reads on
    let outcome = (&mut stream).take(START as u64).read_to_end(&mut start);
    if start.is_empty() {
        outcome?;
    }
    Ok((start.clone(), Cursor::new(start).chain(stream)))
}

/// A stream around `out` that compresses what is written to it as Falco does. Its end is written when it is dropped, or
/// with [`GzipWriter::finish`], which tells what went wrong.
pub(crate) struct GzipWriter<W: Write> {
    encoder: GzEncoder<W>,
}

impl<W: Write> GzipWriter<W> {
    pub(crate) fn new(out: W) -> GzipWriter<W> {
        GzipWriter { encoder: GzEncoder::new(out, Compression::default()) }
    }

    pub(crate) fn finish(self) -> io::Result<W> {
        self.encoder.finish()
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.encoder.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()
    }
}

/// Compresses bytes in memory.
#[cfg(test)]
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzipWriter::new(Vec::new());
    out.write_all(bytes).and_then(|()| out.finish()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn content(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut inside = Vec::new();
        unwrap(Box::new(Cursor::new(bytes)))?.stream.read_to_end(&mut inside)?;
        Ok(inside)
    }

    #[test]
    fn what_is_inside_comes_out_whatever_it_is_wrapped_in() {
        let text: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let zstd = zstd::encode_all(&*text, 3).unwrap();
        let wrapped =
            [text.clone(), gzip(&text), zstd.clone(), gzip(&gzip(&text)), gzip(&zstd), gzip(&gzip(&gzip(&text)))];
        for bytes in wrapped {
            assert!(text.starts_with(&unwrap_start(&bytes[..bytes.len().min(50_000)])));
            assert_eq!(content(bytes).unwrap(), text);
        }
    }

    #[test]
    fn gzip_members_one_after_the_other_are_one_stream() {
        assert_eq!(content([gzip(b"one, "), gzip(b""), gzip(b"two")].concat()).unwrap(), b"one, two");
    }

    #[test]
    fn a_stream_that_is_compressed_too_often_is_refused() {
        let bytes = (0..5).fold(b"x".to_vec(), |bytes, _| gzip(&bytes));
        assert!(content(bytes).is_err());
    }

    #[test]
    fn an_empty_stream_is_an_empty_stream() {
        assert_eq!(content(Vec::new()).unwrap(), b"");
        assert_eq!(unwrap_start(b""), b"");
        assert_eq!(unwrap_start(&[0x1f, 0x8b, 8]), b"");
    }
}
