//! Events that tell of users and groups: somebody was added or removed, on the host or in a container.

use crate::format::row::{GroupRow, Text, UserRow};
use crate::format::schema::EventKind;

use super::State;
use super::params::Params;
use crate::capture::container::ContainerAccounts;
use crate::capture::raw::RawEvent;

impl State {
    /// Takes over a container's own users and groups; what its threads are called follows from them.
    pub(super) fn take_accounts(&mut self, told: &ContainerAccounts) {
        let State { users, threads, .. } = self;
        users.set_lists(&told.id, &told.passwd, &told.group);
        threads.edit_container(&told.id, |row| {
            let container = row.container.clone();
            if let Some(user) = &mut row.user {
                *user = users.user(user.uid, container.as_ref());
            }
            if let Some(user) = &mut row.login_user {
                *user = users.user(user.uid, container.as_ref());
            }
            if let Some(group) = &mut row.group {
                *group = users.group(group.gid, container.as_ref());
            }
        });
    }

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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::capture::container::{ContainerLookup, Meeting};
    use crate::capture::state::Snapshot;
    use crate::format::row::Container;

    /// Gives what was put in.
    struct Told(Arc<Mutex<Vec<ContainerAccounts>>>);

    impl ContainerLookup for Told {
        fn request(&mut self, _: &Arc<Container>, _: Meeting) {}

        fn accounts(&mut self) -> Option<ContainerAccounts> {
            self.0.lock().unwrap().pop()
        }
    }

    #[test]
    fn threads_in_a_container_get_the_names_of_its_own_users_when_they_are_known() {
        use crate::capture::state::tests::known_thread;

        let told = Arc::new(Mutex::new(Vec::new()));
        let mut inside = known_thread(7, 7, 1, "sh");
        inside.row.cgroups = Text::from(format!("cpu=/docker/{}\0", "4f1c9e0b7d2a0000".repeat(4)).into_bytes());
        let threads = vec![inside, known_thread(8, 8, 1, "host")];
        let snapshot = Snapshot { threads, ..Snapshot::default() };
        let mut state = State::new(snapshot, Box::new(Told(Arc::clone(&told))));
        let event = RawEvent { kind: EventKind::READ, ts_ns: 1, cpu: 0, tid: 7, pid: 7, params: &[] };
        assert_eq!(&*state.apply(&event).thread.user.as_ref().unwrap().name, b"");
        told.lock().unwrap().push(ContainerAccounts {
            id: Text::from(*b"4f1c9e0b7d2a"),
            passwd: b"root:x:0:0:::\nalice:x:1000:1000::/home/alice:/bin/sh\n".to_vec(),
            group: b"crew:x:1000:\n".to_vec(),
        });
        let thread = state.apply(&event).thread;
        let (user, group) = (thread.user.as_ref().unwrap(), thread.group.as_ref().unwrap());
        assert_eq!((&*user.name, &*user.home, &*group.name), (&b"alice"[..], &b"/home/alice"[..], &b"crew"[..]));
    }
}
