//! Numbers of events: a reader of `.scap` files counts, a capture of ours says them.
//!
//! Falco begins a recording with an event for every user and group; a replay counts these and, before the first other
//! event, shows none of them. In the same way a file begins here, so that its first event has the number it has in the
//! capture. A gap further on stays unfilled.

use std::io::{self, Write};

use crate::format::schema::EventKind;

use super::super::{ScapEventHead, ScapGroup, ScapUser, ScapWriter};
use super::NO_THREAD;

/// So many events may be written for numbers' sake: a recording of a day that begins with the number a billion
/// is not worth a billion of them.
const MOST_FILLERS: u64 = 65_536;

/// What the next event's number will be, and what fills gaps.
#[derive(Debug)]
pub(super) struct Numbering {
    users: Vec<ScapUser>,
    groups: Vec<ScapGroup>,
    /// The number that a reader will give to the next event.
    pub(super) next: u64,
    fillers: u64,
    /// Whether an event was written that is shown.
    has_begun: bool,
}

impl Numbering {
    /// At the beginning of a file. Of these users and groups the file tells already.
    pub(super) fn new(users: Vec<ScapUser>, groups: Vec<ScapGroup>) -> Numbering {
        Numbering { users, groups, next: 1, fillers: 0, has_begun: false }
    }

    /// Writes what lets the next event have number `num`, and counts that event. Whether it has its number then.
    pub(super) fn reach<W: Write>(
        &mut self,
        num: u64,
        head: ScapEventHead,
        writer: &mut ScapWriter<W>,
    ) -> io::Result<bool> {
        let gap = num.saturating_sub(self.next);
        if !self.has_begun && gap <= MOST_FILLERS {
            for _ in 0..gap {
                if !self.write_filler(head, writer)? {
                    break;
                }
                self.fillers += 1;
                self.next += 1;
            }
        }
        self.has_begun = true;
        self.next += 1;
        Ok(num + 1 == self.next)
    }

    /// One event that is counted and not shown; `false` when there is none to write.
    fn write_filler<W: Write>(&self, head: ScapEventHead, writer: &mut ScapWriter<W>) -> io::Result<bool> {
        let count = self.users.len() + self.groups.len();
        let Some(at) = usize::try_from(self.fillers).ok().and_then(|at| at.checked_rem(count)) else {
            return Ok(false);
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
        assert!(!first.reach(9, head, &mut writer).unwrap());
        assert_eq!((first.next, first.fillers), (8, 4));
        let mut far = numbering();
        assert!(!far.reach(1_000_000_000, head, &mut writer).unwrap());
        assert_eq!((far.next, far.fillers), (2, 0));
    }

    #[test]
    fn without_users_there_is_nothing_to_fill_gaps_with() {
        let head = ScapEventHead { code: EventKind::CLOSE.0, cpu: 0, ts_ns: 1, tid: 1 };
        let mut writer = ScapWriter::new(Vec::new()).unwrap();
        assert!(!Numbering::new(Vec::new(), Vec::new()).reach(2, head, &mut writer).unwrap());
        assert_eq!(writer.bytes(), 28);
    }
}
