//! Users and groups by number.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::format::row::{Container, GroupRow, Text, UserRow};

/// Users and groups by number: the host's, and what events told of those of containers.
#[derive(Clone, Debug, Default)]
pub struct UserTable {
    host: Accounts,
    /// By short id.
    containers: FxHashMap<Text, Accounts>,
    /// Rows handed out for ids without a name. In containers whose list is not known user 0 has one nevertheless.
    nameless: Accounts,
    nameless_inside: Accounts,
}

/// One list of users and groups.
#[derive(Clone, Debug, Default)]
struct Accounts {
    users: FxHashMap<u32, Arc<UserRow>>,
    groups: FxHashMap<u32, Arc<GroupRow>>,
}

/// Containers whose lists are kept, and how long a list may be. Events could name more than there can be.
const CONTAINER_LIMIT: usize = 4096;
const LIST_LIMIT: usize = 65_536;

/// How many nameless rows are kept before they are made anew.
const NAMELESS_LIMIT: usize = 4096;

impl UserTable {
    /// Reads the text of `passwd` and `group` files. Lines that do not fit are left out; of several lines with one
    /// number the first one counts, as for getpwuid.
    pub fn parse(passwd: &[u8], group: &[u8]) -> UserTable {
        let mut table = UserTable::default();
        for line in passwd.split(|&byte| byte == b'\n') {
            let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
            if let [name, _, uid, _, _, home, shell] = fields[..]
                && let Some(uid) = parse_id(uid)
            {
                table.add_user(UserRow {
                    uid,
                    name: Text::from(name),
                    home: Text::from(home),
                    shell: Text::from(shell),
                });
            }
        }
        for line in group.split(|&byte| byte == b'\n') {
            let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
            if let [name, _, gid, ..] = fields[..]
                && let Some(gid) = parse_id(gid)
            {
                table.add_group(GroupRow { gid, name: Text::from(name) });
            }
        }
        table
    }

    /// Adds a user of the host unless the number is taken.
    pub fn add_user(&mut self, user: UserRow) {
        self.host.users.entry(user.uid).or_insert_with(|| Arc::new(user));
    }

    /// Adds a group of the host unless the number is taken.
    pub fn add_group(&mut self, group: GroupRow) {
        self.host.groups.entry(group.gid).or_insert_with(|| Arc::new(group));
    }

    /// The host's users, by number.
    pub(super) fn host_users(&self) -> Vec<&Arc<UserRow>> {
        let mut users: Vec<_> = self.host.users.values().collect();
        users.sort_unstable_by_key(|user| user.uid);
        users
    }

    /// The host's groups, by number.
    pub(super) fn host_groups(&self) -> Vec<&Arc<GroupRow>> {
        let mut groups: Vec<_> = self.host.groups.values().collect();
        groups.sort_unstable_by_key(|group| group.gid);
        groups
    }

    /// The list of a container, by its short id; of the host, if that is empty.
    fn list_mut(&mut self, container: &Text) -> &mut Accounts {
        if container.is_empty() {
            return &mut self.host;
        }
        if self.containers.len() >= CONTAINER_LIMIT && !self.containers.contains_key(container) {
            self.containers.clear();
        }
        self.containers.entry(Arc::clone(container)).or_default()
    }

    /// Takes over the whole lists of a container, as its `passwd` and `group` files have them.
    pub(super) fn set_lists(&mut self, container: &Text, passwd: &[u8], group: &[u8]) {
        let Accounts { users, groups } = UserTable::parse(passwd, group).host;
        let list = self.list_mut(container);
        list.users.extend(users.into_iter().take(LIST_LIMIT));
        list.groups.extend(groups.into_iter().take(LIST_LIMIT));
    }

    /// Takes over what was told of a user.
    pub(super) fn set_user(&mut self, container: &Text, user: UserRow) {
        let users = &mut self.list_mut(container).users;
        if users.len() < LIST_LIMIT || users.contains_key(&user.uid) {
            users.insert(user.uid, Arc::new(user));
        }
    }

    /// Takes over what was told of a group.
    pub(super) fn set_group(&mut self, container: &Text, group: GroupRow) {
        let groups = &mut self.list_mut(container).groups;
        if groups.len() < LIST_LIMIT || groups.contains_key(&group.gid) {
            groups.insert(group.gid, Arc::new(group));
        }
    }

    /// Forgets a user.
    pub(super) fn remove_user(&mut self, container: &Text, uid: u32) {
        self.list_mut(container).users.remove(&uid);
    }

    /// Forgets a group.
    pub(super) fn remove_group(&mut self, container: &Text, gid: u32) {
        self.list_mut(container).groups.remove(&gid);
    }

    /// The row of a user id, as a process in this container or on the host has it.
    pub(super) fn user(&mut self, uid: u32, container: Option<&Arc<Container>>) -> Arc<UserRow> {
        let list = match container {
            None => Some(&self.host),
            Some(container) => self.containers.get(&container.id),
        };
        if let Some(user) = list.and_then(|list| list.users.get(&uid)) {
            return Arc::clone(user);
        }
        let users = &mut if container.is_some() { &mut self.nameless_inside } else { &mut self.nameless }.users;
        if users.len() >= NAMELESS_LIMIT {
            users.clear();
        }
        let row = users.entry(uid).or_insert_with(|| {
            let is_root = uid == 0;
            let name = if is_root { Text::from(*b"root") } else { Text::default() };
            let home = if is_root { Text::from(*b"/root") } else { Text::default() };
            Arc::new(UserRow { uid, name, home, ..UserRow::default() })
        });
        Arc::clone(row)
    }

    /// The row of a group id, likewise.
    pub(super) fn group(&mut self, gid: u32, container: Option<&Arc<Container>>) -> Arc<GroupRow> {
        let list = match container {
            None => Some(&self.host),
            Some(container) => self.containers.get(&container.id),
        };
        if let Some(group) = list.and_then(|list| list.groups.get(&gid)) {
            return Arc::clone(group);
        }
        let groups = &mut if container.is_some() { &mut self.nameless_inside } else { &mut self.nameless }.groups;
        if groups.len() >= NAMELESS_LIMIT {
            groups.clear();
        }
        let row = groups.entry(gid).or_insert_with(|| {
            let name = if gid == 0 { Text::from(*b"root") } else { Text::default() };
            Arc::new(GroupRow { gid, name })
        });
        Arc::clone(row)
    }
}

fn parse_id(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> UserTable {
        let passwd =
            b"root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000:A:/home/alice:/bin/sh\nbad line\ntwin:x:1000:1:::\n";
        UserTable::parse(passwd, b"root:x:0:\nusers:x:1000:alice,bob\n\n")
    }

    fn container() -> Arc<Container> {
        Arc::new(Container { id: Text::from(*b"4f1c9e0b7d2a"), ..Container::default() })
    }

    #[test]
    fn a_user_of_the_host_has_name_home_and_shell() {
        let user = table().user(1000, None);
        assert_eq!((&*user.name, &*user.home, &*user.shell), (&b"alice"[..], &b"/home/alice"[..], &b"/bin/sh"[..]));
        assert_eq!(&*table().group(1000, None).name, b"users");
    }

    #[test]
    fn in_a_container_without_a_list_only_root_has_a_name() {
        let (mut table, container) = (table(), container());
        assert_eq!(&*table.user(0, Some(&container)).name, b"root");
        assert_eq!(&*table.user(1000, Some(&container)).name, b"");
        assert_eq!(table.user(1000, Some(&container)).uid, 1000);
        assert_eq!(&*table.group(1000, Some(&container)).name, b"");
    }

    #[test]
    fn a_container_has_users_of_its_own() {
        let (mut table, container) = (table(), container());
        let bob = UserRow { uid: 1000, name: Text::from(*b"bob"), ..UserRow::default() };
        table.set_user(&container.id, bob);
        table.set_group(&container.id, GroupRow { gid: 7, name: Text::from(*b"crew") });
        assert_eq!(&*table.user(1000, Some(&container)).name, b"bob");
        assert_eq!(&*table.group(7, Some(&container)).name, b"crew");
        assert_eq!(&*table.user(1000, None).name, b"alice");
        table.remove_user(&container.id, 1000);
        table.remove_group(&container.id, 7);
        assert_eq!(&*table.user(1000, Some(&container)).name, b"");
        assert_eq!(&*table.group(7, Some(&container)).name, b"");
    }

    #[test]
    fn rows_of_unknown_users_are_bounded() {
        let (mut table, container) = (table(), container());
        for uid in 0..20_000 {
            table.user(uid, Some(&container));
        }
        assert!(table.nameless_inside.users.len() <= NAMELESS_LIMIT);
    }
}
