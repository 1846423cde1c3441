//! Numbers of events: a reader of `.scap` files counts, a capture of ours says them.
//!
//! Falco counts events that it does not show. It begins a recording with one for every user and group; in a recording
//! that has the beginnings of calls, those of open, creat, openat, openat2, connect, execve and execveat count. A
//! capture's numbers have gaps there, and gaps are filled with events that are counted and not shown: before the first
//! event with users and groups, after it with beginnings of creat, without a parameter and in a thread that is known, of
//! which a reader takes nothing.

use std::io::{self, Write};

use crate::format::schema::{EventKind, EventSource};

use super::super::{ScapEventHead, ScapGroup, ScapUser, ScapWriter};
use super::NO_THREAD;
use super::survey::CLONES;

/// So many events may be written for numbers' sake, and as many more as there are others: a recording of a day that
/// begins with the number a billion is not worth a billion of them.
const MOST_FILLERS: u64 = 65_536;

/// The code of the event that begins a creat: before the one that ends it.
const CREAT_BEGINS: u16 = EventKind::CREAT.0 - 1;

/// What the next event's number will be, and what fills gaps.
#[derive(Debug)]
pub(super) struct Numbering {
    users: Vec<ScapUser>,
    groups: Vec<ScapGroup>,
    /// The number that a reader will give to the next event.
    pub(super) next: u64,
    fillers: u64,
    /// The thread of the last event that was shown, while it lives.
    thread: Option<i64>,
    /// Whether an event was written that is shown.
    has_begun: bool,
}

impl Default for Numbering {
    fn default() -> Numbering {
        Numbering::new(Vec::new(), Vec::new())
    }
}

impl Numbering {
    /// At the beginning of a file. Of these users and groups the file tells already.
    pub(super) fn new(users: Vec<ScapUser>, groups: Vec<ScapGroup>) -> Numbering {
        Numbering { users, groups, next: 1, fillers: 0, thread: None, has_begun: false }
    }

    /// A section begins: no thread is known.
    pub(super) fn forget_threads(&mut self) {
        self.thread = None;
    }

    /// Writes what lets the next event have number `num`, and counts that event. Whether it has its number then.
    pub(super) fn reach<W: Write>(
        &mut self,
        num: u64,
        head: ScapEventHead,
        writer: &mut ScapWriter<W>,
    ) -> io::Result<bool> {
        let kind = EventKind(head.code);
        let makes_known = head.tid > 0 && makes_thread_known(kind);
        let thread = self.thread.or(makes_known.then_some(head.tid));
        let gap = num.saturating_sub(self.next);
        if gap <= MOST_FILLERS.saturating_add(self.next).saturating_sub(2 * self.fillers) {
            for _ in 0..gap {
                if !self.write_filler(head, thread, writer)? {
                    break;
                }
                self.fillers += 1;
                self.next += 1;
            }
        }
        if makes_known {
            self.thread = Some(head.tid);
        } else if kind == EventKind::PROCEXIT && self.thread == Some(head.tid) {
            self.thread = None;
        }
        self.has_begun = true;
        self.next += 1;
        Ok(num + 1 == self.next)
    }

    /// One event that is counted and not shown; `false` when there is none to write.
    fn write_filler<W: Write>(
        &self,
        head: ScapEventHead,
        thread: Option<i64>,
        writer: &mut ScapWriter<W>,
    ) -> io::Result<bool> {
        let count = self.users.len() + self.groups.len();
        let at = usize::try_from(self.fillers).ok().and_then(|at| at.checked_rem(count));
        let Some(at) = at.filter(|_| !self.has_begun) else {
            let Some(tid) = thread else { return Ok(false) };
            writer.write_event(ScapEventHead { code: CREAT_BEGINS, tid, ..head }, &[b"", &[0; 4]])?;
            return Ok(true);
        };
        let head_of = |kind: EventKind| ScapEventHead { code: kind.0, tid: NO_THREAD, ..head };
        let text = |text: &[u8]| [text, &b"\0"[..]].concat();
        if let Some(user) = self.users.get(at) {
            let (uid, gid) = (user.uid.to_le_bytes(), user.gid.to_le_bytes());
            let (name, home, shell) = (text(&user.name), text(&user.home), text(&user.shell));
            writer.write_event(head_of(EventKind::USERADDED), &[&uid, &gid, &name, &home, &shell, b"\0"])?;
        } else if let Some(group) = self.groups.get(at - self.users.len()) {
            let (gid, name) = (group.gid.to_le_bytes(), text(&group.name));
            writer.write_event(head_of(EventKind::GROUPADDED), &[&gid, &name, b"\0"])?;
        }
        Ok(true)
    }
}

/// Whether a reader that meets an event of this kind knows its thread from then on. It does not add the threads of
/// events that tell of their beginning or end.
fn makes_thread_known(kind: EventKind) -> bool {
    let is_call = kind.info().is_some_and(|info| info.source == EventSource::Syscall);
    is_call && !CLONES.contains(&kind)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_has_its_number_where_that_is_cheap() {
        let head = ScapEventHead { code: EventKind::CLOSE.0, cpu: 0, ts_ns: 1, tid: 1 };
        let numbering = || Numbering::new(vec![ScapUser::default()], vec![ScapGroup::default()]);
        let mut writer = ScapWriter::new(Vec::new()).unwrap();
        let mut first = numbering();
        assert!(first.reach(5, head, &mut writer).unwrap());
        assert_eq!((first.next, first.fillers), (6, 4));
        assert!(first.reach(6, head, &mut writer).unwrap());
        // a gap further on
        assert!(first.reach(9, head, &mut writer).unwrap());
        assert_eq!((first.next, first.fillers), (10, 6));
        let mut far = numbering();
        assert!(!far.reach(1_000_000_000, head, &mut writer).unwrap());
        assert_eq!((far.next, far.fillers), (2, 0));
    }

    #[test]
    fn without_users_and_without_a_thread_there_is_nothing_to_fill_gaps_with() {
        let head = ScapEventHead { code: EventKind::DROP.0, cpu: 0, ts_ns: 1, tid: -1 };
        let mut writer = ScapWriter::new(Vec::new()).unwrap();
        let mut numbering = Numbering::default();
        assert!(!numbering.reach(2, head, &mut writer).unwrap());
        assert_eq!(writer.bytes(), 28);
        // what could not be filled is, as soon as there is a thread
        let of = |kind: EventKind| ScapEventHead { code: kind.0, tid: 7, ..head };
        assert!(!numbering.reach(3, of(EventKind::CLONE), &mut writer).unwrap());
        assert!(numbering.reach(4, of(EventKind::CLOSE), &mut writer).unwrap());
        assert!(numbering.reach(6, of(EventKind::PROCEXIT), &mut writer).unwrap());
        assert!(!numbering.reach(8, of(EventKind::PROCEXIT), &mut writer).unwrap());
    }
}
