//! Events that tell of users and groups: somebody was added or removed, on the host or in a container.

use crate::format::row::{GroupRow, Text, UserRow};
use crate::format::schema::EventKind;

use super::State;
use super::params::Params;
use crate::capture::raw::RawEvent;

impl State {
    /// Follows an event that tells of a user or a group. It is about no thread.
    pub fn follow_accounts(&mut self, raw: &RawEvent<'_>) {
        let params = Params(raw.params);
        let Some(number) = params.word(0) else { return };
        let text = |at: usize| Text::from(params.bytes(at).unwrap_or_default());
        match raw.kind {
            EventKind::USERADDED => {
                let user = UserRow { uid: number, name: text(2), home: text(3), shell: text(4) };
                self.users.set_user(&text(5), user);
            }
            EventKind::USERDELETED => self.users.remove_user(&text(5), number),
            EventKind::GROUPADDED => self.users.set_group(&text(2), GroupRow { gid: number, name: text(1) }),
            EventKind::GROUPDELETED => self.users.remove_group(&text(2), number),
            _ => {}
        }
    }
}
