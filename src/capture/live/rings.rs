//! The two rings, read together: records come out in the order of their times.
//!
//! A record's time is taken when its call returns, its place in a ring when it is complete, a little later; records of
//! different processors and rings overtake each other in between. So what is read waits in a pool until everything
//! that is older must have arrived, and leaves it sorted.

use std::borrow::Borrow;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use aya::maps::{MapData, RingBuf};

use super::attach::LiveError;
use super::clock::boot_ns;

/// How long a record may take from its time stamp to its place in the ring. Fetching takes microseconds; a guest whose
/// processor is taken away in between may take longer, and its record then comes late, not lost.
const WINDOW_NS: u64 = 5_000_000;
/// One round reads about this much, so that the pool stays small and the rings are given back early.
const ROUND_BYTES: usize = 8 << 20;
/// Where the time lies in a record (`ts_ns` of `struct sr_record`).
const TIME_AT: std::ops::Range<usize> = 0..8;
/// Where its length lies (`len`).
const LEN_AT: std::ops::Range<usize> = 8..12;

/// A record in the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    ts_ns: u64,
    at: usize,
    len: usize,
}

/// Records that wait for older ones.
#[derive(Default, Debug)]
pub(super) struct Pool {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    spare: Vec<u8>,
}

impl Pool {
    /// Takes a copy of what a ring handed over: one record after the other. What is no record is passed on in one piece
    /// as the oldest: decoding will say so.
    fn push(&mut self, mut batch: &[u8]) {
        while !batch.is_empty() {
            let len = batch.get(LEN_AT).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let len = usize::try_from(len).unwrap_or(0);
            let (record, rest) = match batch.split_at_checked(len) {
                Some((record, rest)) if len >= LEN_AT.end => (record, rest),
                Some(_) | None => (batch, &[][..]),
            };
            let time = record.get(TIME_AT).and_then(|bytes| bytes.try_into().ok());
            let ts_ns = time.map_or(0, u64::from_ne_bytes);
            self.entries.push(Entry { ts_ns, at: self.bytes.len(), len: record.len() });
            self.bytes.extend_from_slice(record);
            batch = rest;
        }
    }

    /// Gives the records before `end_ns` to `sink`, oldest first, and keeps the others. Returns how many were given.
    fn release(&mut self, end_ns: u64, sink: &mut dyn FnMut(&[u8])) -> usize {
        // The rings are nearly in order, which a merging sort takes advantage of; equal times keep their order.
        self.entries.sort_by_key(|entry| entry.ts_ns);
        let count = self.entries.partition_point(|entry| entry.ts_ns < end_ns);
        for entry in self.entries.iter().take(count) {
            if let Some(record) = entry.at.checked_add(entry.len).and_then(|end| self.bytes.get(entry.at..end)) {
                sink(record);
            }
        }
        self.entries.drain(..count);
        self.spare.clear();
        for entry in &mut self.entries {
            let record = entry.at.checked_add(entry.len).and_then(|end| self.bytes.get(entry.at..end));
            entry.at = self.spare.len();
            self.spare.extend_from_slice(record.unwrap_or_default());
        }
        std::mem::swap(&mut self.bytes, &mut self.spare);
        count
    }
}

/// What one round over a ring found.
struct Drained {
    /// Nothing was left when the round ended.
    is_empty: bool,
    /// The time of the last record read.
    last_ts_ns: u64,
}

/// Reads records of a ring into the pool, up to `limit` bytes.
fn drain<T: Borrow<MapData>>(ring: &mut RingBuf<T>, pool: &mut Pool, limit: usize) -> Drained {
    let mut read = 0;
    while read < limit {
        let Some(record) = ring.next() else { return Drained { is_empty: true, last_ts_ns: u64::MAX } };
        read += record.len();
        pool.push(&record);
    }
    Drained { is_empty: false, last_ts_ns: pool.entries.last().map_or(0, |entry| entry.ts_ns) }
}

/// Both rings and the pool behind them.
pub(super) struct Rings<T> {
    main: RingBuf<T>,
    lifecycle: RingBuf<T>,
    pool: Pool,
    epoll: Epoll,
    /// The last round left records in a ring.
    is_behind: bool,
}

impl<T: Borrow<MapData>> Rings<T> {
    pub(super) fn new(main: RingBuf<T>, lifecycle: RingBuf<T>) -> io::Result<Rings<T>> {
        let epoll = Epoll::new()?;
        epoll.add(main.as_raw_fd())?;
        epoll.add(lifecycle.as_raw_fd())?;
        Ok(Rings { main, lifecycle, pool: Pool::default(), epoll, is_behind: false })
    }

    /// Waits until a processor has written a fair amount or the time is over, then gives the records that are ripe to
    /// `sink`. Returns how many.
    ///
    /// `flush` has the processors hand over what they have gathered.
    pub(super) fn poll(
        &mut self,
        timeout: Duration,
        flush: &mut dyn FnMut() -> Result<(), LiveError>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<usize, LiveError> {
        if !self.is_behind {
            self.epoll.wait(timeout)?;
        }
        // Without a clock everything is taken for ripe: order may then suffer, nothing else.
        let now_ns = boot_ns().unwrap_or(u64::MAX);
        flush()?;
        Ok(self.round(now_ns, sink))
    }

    /// One round. `now_ns` is `CLOCK_BOOTTIME` before the processors were asked: what is older by the window than that has arrived.
    fn round(&mut self, now_ns: u64, sink: &mut dyn FnMut(&[u8])) -> usize {
        let lifecycle = drain(&mut self.lifecycle, &mut self.pool, ROUND_BYTES);
        let main = drain(&mut self.main, &mut self.pool, ROUND_BYTES);
        self.is_behind = !(main.is_empty && lifecycle.is_empty);
        let known_ns = now_ns.min(main.last_ts_ns).min(lifecycle.last_ts_ns);
        self.pool.release(known_ns.saturating_sub(WINDOW_NS), sink)
    }

    /// Everything that is left, once nothing is written any more.
    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(&[u8])) -> usize {
        let mut count = 0;
        loop {
            count += self.round(u64::MAX, sink);
            if !self.is_behind {
                return count + self.pool.release(u64::MAX, sink);
            }
        }
    }
}

/// An epoll instance over the rings. Edge-triggered: a ring that merely holds records does not end the wait, only the
/// kernel's wake-up does, so that few records are not read one by one.
struct Epoll {
    fd: OwnedFd,
}

impl Epoll {
    fn new() -> io::Result<Epoll> {
        // SAFETY: epoll_create1 takes no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made the descriptor for us alone.
        Ok(Epoll { fd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    fn add(&self, fd: RawFd) -> io::Result<()> {
        let mut event = libc::epoll_event { events: (libc::EPOLLIN | libc::EPOLLET).cast_unsigned(), u64: 0 };
        let epoll = self.fd.as_raw_fd();
        // SAFETY: both descriptors are open; `event` lives through the call.
        match unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Returns early when a signal comes.
    fn wait(&self, timeout: Duration) -> io::Result<()> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 2];
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let epoll = self.fd.as_raw_fd();
        // SAFETY: `events` is an array of two events that lives through the call.
        if unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), 2, timeout_ms) } < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) };
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn record(ts_ns: u64, content: u8) -> Vec<u8> {
        let mut record = ts_ns.to_ne_bytes().to_vec();
        record.extend_from_slice(&(12 + u32::from(content)).to_ne_bytes());
        record.extend_from_slice(&vec![content; usize::from(content)]);
        record
    }

    fn release(pool: &mut Pool, end_ns: u64) -> Vec<Vec<u8>> {
        let mut released = Vec::new();
        let count = pool.release(end_ns, &mut |record| released.push(record.to_vec()));
        assert_eq!(count, released.len());
        released
    }

    #[test]
    fn records_leave_in_the_order_of_their_times() {
        let mut pool = Pool::default();
        for (ts_ns, content) in [(5, 1), (3, 2), (9, 3), (3, 4), (7, 5)] {
            pool.push(&record(ts_ns, content));
        }
        assert_eq!(release(&mut pool, 6), [record(3, 2), record(3, 4), record(5, 1)]);
        pool.push(&record(6, 6));
        assert_eq!(release(&mut pool, 8), [record(6, 6), record(7, 5)]);
        assert_eq!(release(&mut pool, 8), Vec::<Vec<u8>>::new());
        assert_eq!(release(&mut pool, u64::MAX), [record(9, 3)]);
        assert!(pool.bytes.is_empty());
    }

    #[test]
    fn a_batch_is_taken_apart() {
        let mut pool = Pool::default();
        pool.push(&[record(5, 1), record(4, 0), record(6, 200)].concat());
        assert_eq!(release(&mut pool, u64::MAX), [record(4, 0), record(5, 1), record(6, 200)]);
    }

    #[test]
    fn what_is_no_record_is_passed_on_in_one_piece() {
        let mut pool = Pool::default();
        pool.push(&[1, 2, 3]);
        assert_eq!(release(&mut pool, 1), [vec![1, 2, 3]]);
        for len in [0, 11, 4000, u32::MAX] {
            let mut broken = record(7, 30);
            broken[8..12].copy_from_slice(&len.to_ne_bytes());
            pool.push(&[record(3, 3), broken.clone()].concat());
            assert_eq!(release(&mut pool, u64::MAX), [record(3, 3), broken]);
        }
    }
}
