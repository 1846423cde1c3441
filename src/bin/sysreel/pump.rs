//! A thread that empties the kernel's rings, so that they never wait for what is done with the records.
//!
//! ```text
//! rings -> this thread: copies records -> bounded queue of chunks -> the recording thread
//! ```
//!
//! When the queue is full the rings fill up, and what finds no room in them is counted by the kernel: never silent.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use sysreel::capture::live::{Live, LiveEnd, LiveError};
use sysreel::format::Loss;

/// A chunk is handed over when it has this many bytes; the queue holds a few of them.
const CHUNK_BYTES: usize = 256 << 10;

/// Chunks that wait for the recording thread: 16 MiB, as much as a burst of a tenth of a second.
const QUEUE_CHUNKS: usize = 64;

/// How long the rings may rest before what is in them is looked at.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// How often losses are asked for.
const LOSSES_EVERY: Duration = Duration::from_millis(250);

/// What the thread hands over.
pub(crate) enum Delivery {
    /// Records, in order of time.
    Records(Chunk),
    /// Events lost since the last such delivery.
    Losses(Vec<Loss>),
}

/// Copies of records, one after the other.
#[derive(Default)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Chunk {
    fn push(&mut self, record: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(record);
        self.places.push(start..self.bytes.len());
    }

    /// The records.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().filter_map(|place| self.bytes.get(place.clone()))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}

/// The running thread.
pub(crate) struct Pump {
    deliveries: Receiver<Delivery>,
    used: SyncSender<Chunk>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<LiveEnd, LiveError>>,
}

impl Pump {
    /// Starts it.
    pub(crate) fn start(live: Live) -> std::io::Result<Pump> {
        let (sender, deliveries) = sync_channel(QUEUE_CHUNKS);
        let (used, returned) = sync_channel(QUEUE_CHUNKS);
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("rings".to_owned())
            .spawn(move || Worker { sender, returned, chunk: Chunk::default(), gone: false }.run(live, &told))?;
        Ok(Pump { deliveries, used, stop, thread })
    }

    /// What comes next; `None` if nothing came in time or the thread has ended.
    pub(crate) fn next(&self, timeout: Duration) -> Option<Delivery> {
        self.deliveries.recv_timeout(timeout).ok()
    }

    /// Whether the thread has ended although nobody told it to.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Gives a chunk back, so that its memory is used again.
    pub(crate) fn give_back(&self, mut chunk: Chunk) {
        chunk.clear();
        // a full queue means that enough are in use
        let _ = self.used.try_send(chunk);
    }

    /// Detaches the programs and hands everything that is left to `take`.
    pub(crate) fn finish(self, take: &mut dyn FnMut(Delivery)) -> anyhow::Result<LiveEnd> {
        self.stop.store(true, Ordering::Relaxed);
        // ends when the thread drops its end
        for delivery in self.deliveries.iter() {
            take(delivery);
        }
        Ok(self.thread.join().map_err(|_| anyhow!("the thread that reads the rings failed"))??)
    }
}

struct Worker {
    sender: SyncSender<Delivery>,
    returned: Receiver<Chunk>,
    chunk: Chunk,
    /// Nobody takes deliveries any more.
    gone: bool,
}

impl Worker {
    fn run(mut self, mut live: Live, stop: &AtomicBool) -> Result<LiveEnd, LiveError> {
        let mut losses_asked = Instant::now();
        while !stop.load(Ordering::Relaxed) && !self.gone {
            live.poll(POLL_TIMEOUT, &mut |record| self.take(record))?;
            self.hand_over();
            if losses_asked.elapsed() >= LOSSES_EVERY {
                losses_asked = Instant::now();
                let losses = live.losses()?;
                if !losses.is_empty() {
                    self.deliver(Delivery::Losses(losses));
                }
            }
        }
        let end = live.stop(&mut |record| self.take(record))?;
        self.hand_over();
        if !end.losses.is_empty() {
            self.deliver(Delivery::Losses(end.losses.clone()));
        }
        Ok(end)
    }

    fn take(&mut self, record: &[u8]) {
        self.chunk.push(record);
        if self.chunk.bytes.len() >= CHUNK_BYTES {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        if self.chunk.places.is_empty() {
            return;
        }
        let fresh = self.returned.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.chunk, fresh);
        self.deliver(Delivery::Records(full));
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.gone |= self.sender.send(delivery).is_err();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_gives_its_records_back_one_by_one() {
        let mut chunk = Chunk::default();
        chunk.push(b"first");
        chunk.push(b"");
        chunk.push(b"third");
        let records: Vec<&[u8]> = chunk.records().collect();
        assert_eq!(records, [b"first".as_slice(), b"", b"third"]);
        chunk.clear();
        assert_eq!(chunk.records().count(), 0);
    }
}
