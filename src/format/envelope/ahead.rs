//! Reading ahead: a stream that is inflated on a thread of its own, so that who parses it need not wait.

use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes that are inflated at a time. Large enough that handing over costs nothing, small enough for a level 2 cache.
const CHUNK: usize = 256 << 10;

/// Chunks that may lie ready.
const READY: usize = 4;

/// Gives a stream chunk by chunk.
pub(crate) enum ChunkSource {
    /// Read when asked for.
    Direct(Box<dyn Read + Send>),
    /// Read by another thread.
    Ahead {
        /// What was read. Ends when the stream ends, or after its error.
        chunks: Receiver<io::Result<Vec<u8>>>,
        /// Where empty buffers go to be filled again.
        spent: SyncSender<Vec<u8>>,
    },
    /// There is no more.
    Ended,
}

impl fmt::Debug for ChunkSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChunkSource::Direct(_) => "Direct",
            ChunkSource::Ahead { .. } => "Ahead",
            ChunkSource::Ended => "Ended",
        })
    }
}

impl ChunkSource {
    /// A stream that is read when asked for.
    pub(crate) fn direct(stream: Box<dyn Read + Send>) -> ChunkSource {
        ChunkSource::Direct(stream)
    }

    /// A stream that a thread reads ahead. The thread ends with the stream, or when the source is dropped.
    pub(crate) fn ahead(stream: Box<dyn Read + Send>) -> io::Result<ChunkSource> {
        let (filled, chunks) = sync_channel(READY);
        let (spent, buffers) = sync_channel(READY + 2);
        thread::Builder::new().name("inflate".to_owned()).spawn(move || read_ahead(stream, &filled, &buffers))?;
        Ok(ChunkSource::Ahead { chunks, spent })
    }

    /// Appends the next bytes of the stream; false at its end. After an error there is no more.
    pub(crate) fn append_next(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let outcome = match self {
            ChunkSource::Ended => return Ok(false),
            ChunkSource::Direct(stream) => stream.take(CHUNK as u64).read_to_end(out).map(|count| count > 0),
            ChunkSource::Ahead { chunks, spent } => match chunks.recv() {
                Ok(Ok(chunk)) => {
                    out.extend_from_slice(&chunk);
                    // a full channel, or a thread that has ended, means that nobody needs it
                    let _ = spent.try_send(chunk);
                    Ok(true)
                }
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(false),
            },
        };
        if !matches!(outcome, Ok(true)) {
            *self = ChunkSource::Ended;
        }
        outcome
    }
}

fn read_ahead(mut stream: Box<dyn Read + Send>, filled: &SyncSender<io::Result<Vec<u8>>>, buffers: &Receiver<Vec<u8>>) {
    loop {
        let mut chunk = buffers.try_recv().unwrap_or_default();
        chunk.clear();
        chunk.reserve_exact(CHUNK);
        let outcome = (&mut stream).take(CHUNK as u64).read_to_end(&mut chunk);
        // what was read before an error counts
        if !chunk.is_empty() && filled.send(Ok(chunk)).is_err() {
            return;
        }
        match outcome {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                // nobody to tell is fine
                let _ = filled.send(Err(error));
                return;
            }
        }
    }
}
