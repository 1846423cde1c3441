//! Where a capture's bytes come from: a file that can be read anywhere, or a stream that only goes forward.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Read ahead of need at most this much, so that a hostile length does not become an allocation.
const STEP: usize = 1 << 20;

/// Bytes by their offset.
pub(super) enum Source {
    /// A regular file. It may grow while it is read.
    File(File),
    /// Bytes in memory.
    Memory(Vec<u8>),
    /// Anything else.
    Stream(Window),
}

/// The part of a stream that may still be asked for.
pub(super) struct Window {
    stream: Box<dyn Read + Send>,
    /// Offset of the first byte kept.
    start: u64,
    kept: Vec<u8>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(file) => file.fmt(f),
            Source::Memory(bytes) => write!(f, "{} bytes", bytes.len()),
            Source::Stream(window) => write!(f, "stream at {}", window.start),
        }
    }
}

impl Source {
    pub(super) fn stream(stream: Box<dyn Read + Send>) -> Source {
        Source::Stream(Window { stream, start: 0, kept: Vec::new() })
    }

    /// The size as far as it is known without reading.
    pub(super) fn size(&self) -> io::Result<Option<u64>> {
        match self {
            Source::File(file) => file.metadata().map(|metadata| Some(metadata.len())),
            Source::Memory(bytes) => Ok(Some(bytes.len() as u64)),
            Source::Stream(_) => Ok(None),
        }
    }

    /// Up to `count` bytes from `offset`: fewer only at the end. Of a stream, `offset` must not lie before what
    /// [`Source::forget_before`] gave up. Never allocates much more than there is to read.
    pub(super) fn read_at(&mut self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        match self {
            Source::File(file) => {
                let left = file.metadata()?.len().saturating_sub(offset);
                let mut bytes = Vec::with_capacity(usize::try_from(left).unwrap_or(usize::MAX).min(count));
                file.seek(SeekFrom::Start(offset))?;
                file.take(count as u64).read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Source::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let end = start.saturating_add(count).min(bytes.len());
                Ok(bytes.get(start..end).unwrap_or(&[]).to_vec())
            }
            Source::Stream(window) => window.read_at(offset, count),
        }
    }

    /// Promises that nothing before `offset` will be asked for again.
    pub(super) fn forget_before(&mut self, offset: u64) {
        if let Source::Stream(window) = self {
            let gone = usize::try_from(offset.saturating_sub(window.start)).unwrap_or(usize::MAX);
            let gone = gone.min(window.kept.len());
            window.kept.drain(..gone);
            window.start += gone as u64;
        }
    }
}

impl Window {
    fn read_at(&mut self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let to = from.saturating_add(count);
        while self.kept.len() < to {
            let step = (to - self.kept.len()).min(STEP) as u64;
            if (&mut self.stream).take(step).read_to_end(&mut self.kept)? == 0 {
                break;
            }
        }
        let to = to.min(self.kept.len());
        Ok(self.kept.get(from.min(to)..to).unwrap_or(&[]).to_vec())
    }
}
