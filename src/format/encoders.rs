//! Threads that encode blocks. What they make comes out in the order in which the blocks went in, whichever thread is
//! quicker; the queues are bounded, so that who hands blocks in waits when the threads cannot keep up.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use super::block::{EncodedBlock, UnencodedBlock};
use super::error::FormatError;

/// Blocks that wait for a thread, per thread. Each may hold some megabytes.
const QUEUE_PER_THREAD: usize = 2;

type Encoded = Result<EncodedBlock, FormatError>;

/// Is called on an encoding thread before it encodes a block.
pub(crate) type BeforeEach = Arc<dyn Fn() + Send + Sync>;

struct Job {
    block: UnencodedBlock,
    done: SyncSender<Encoded>,
}

/// Where blocks go in.
pub struct Encoders {
    jobs: SyncSender<Job>,
    order: SyncSender<Receiver<Encoded>>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Encoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoders").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

/// Where they come out. It ends when no more can go in, or when a thread died.
#[derive(Debug)]
pub struct EncodedBlocks {
    in_order: Receiver<Receiver<Encoded>>,
}

impl Encoders {
    /// Starts so many threads, at least one.
    pub fn start(threads: usize, before_each: Option<BeforeEach>) -> io::Result<(Encoders, EncodedBlocks)> {
        let threads = threads.max(1);
        let depth = threads * QUEUE_PER_THREAD;
        let (jobs, waiting) = sync_channel::<Job>(depth);
        let (order, in_order) = sync_channel(depth + threads);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = (0..threads).map(|at| {
            let (waiting, before_each) = (Arc::clone(&waiting), before_each.clone());
            Builder::new().name(format!("encode-{at}")).spawn(move || encode_blocks(&waiting, before_each.as_deref()))
        });
        let threads = threads.collect::<Result<Vec<_>, _>>()?;
        Ok((Encoders { jobs, order, threads }, EncodedBlocks { in_order }))
    }

    /// Hands a block in. `false` when nobody takes it any more: who read from the other end has gone.
    pub fn encode(&self, block: UnencodedBlock) -> bool {
        let (done, encoded) = sync_channel(1);
        self.order.send(encoded).is_ok() && self.jobs.send(Job { block, done }).is_ok()
    }

    /// Waits until all is encoded. `false` when a thread died.
    pub fn finish(self) -> bool {
        let Encoders { jobs, order, threads } = self;
        drop((jobs, order));
        let mut all_well = true;
        for thread in threads {
            all_well &= thread.join().is_ok();
        }
        all_well
    }
}

impl Iterator for EncodedBlocks {
    type Item = Encoded;

    fn next(&mut self) -> Option<Encoded> {
        self.in_order.recv().ok()?.recv().ok()
    }
}

fn encode_blocks(jobs: &Mutex<Receiver<Job>>, before_each: Option<&(dyn Fn() + Send + Sync)>) {
    loop {
        let job = match jobs.lock() {
            Ok(jobs) => jobs.recv(),
            Err(_) => return,
        };
        let Ok(job) = job else { return };
        if let Some(before_each) = before_each {
            before_each();
        }
        // Who waited for the block may be gone after an error.
        let _ = job.done.send(job.block.encode());
    }
}
