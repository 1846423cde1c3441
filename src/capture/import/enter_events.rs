//! The last event of each thread that began a system call, until the call returns.

use rustc_hash::FxHashMap;

use crate::format::scap::ScapEvent;

/// Threads whose call is remembered. Beyond it all are forgotten: a file that names more is not a recording.
const THREAD_LIMIT: usize = 262_144;

/// The longest event that is kept, bytes. What a call begins with is numbers and paths.
const LENGTH_LIMIT: usize = 64 << 10;

/// An event that began a call.
#[derive(Debug, Default)]
pub(super) struct EnterEvent {
    /// Its code; `u16::MAX` once it is used up.
    code: u16,
    data: Vec<u8>,
    /// Where each parameter ends in `data`.
    ends: Vec<u32>,
}

impl EnterEvent {
    /// A parameter; `None` when the event does not have that many.
    pub(super) fn param(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.data.get(start as usize..end as usize)
    }
}

/// One event per thread.
#[derive(Debug, Default)]
pub(super) struct EnterEvents {
    by_tid: FxHashMap<i64, EnterEvent>,
}

/// No code.
const USED_UP: u16 = u16::MAX;

impl EnterEvents {
    /// Keeps an event in place of the thread's last one.
    pub(super) fn keep(&mut self, event: &ScapEvent<'_>) {
        if self.by_tid.len() >= THREAD_LIMIT && !self.by_tid.contains_key(&event.tid) {
            self.by_tid.clear();
        }
        let kept = self.by_tid.entry(event.tid).or_default();
        kept.code = event.code;
        kept.data.clear();
        kept.ends.clear();
        for param in event.params() {
            if kept.data.len() + param.len() > LENGTH_LIMIT {
                break;
            }
            kept.data.extend_from_slice(param);
            kept.ends.push(kept.data.len() as u32);
        }
    }

    /// The event that began the call which this code ends, if it was the thread's last one.
    pub(super) fn of(&self, tid: i64, code: u16) -> Option<&EnterEvent> {
        self.by_tid.get(&tid).filter(|kept| kept.code == code)
    }

    /// The thread's call is over.
    pub(super) fn use_up(&mut self, tid: i64) {
        if let Some(kept) = self.by_tid.get_mut(&tid) {
            kept.code = USED_UP;
        }
    }

    /// The thread is gone.
    pub(super) fn forget(&mut self, tid: i64) {
        self.by_tid.remove(&tid);
    }

    /// Whether nothing was ever kept, as in files of today.
    pub(super) fn is_empty(&self) -> bool {
        self.by_tid.is_empty()
    }
}
