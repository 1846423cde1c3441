//! Users and groups by number.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::format::row::{GroupRow, Text, UserRow};

/// Users and groups of the host. A container's own list is not known: there only user 0 has a name.
#[derive(Clone, Debug, Default)]
pub struct UserTable {
    users: FxHashMap<u32, Arc<UserRow>>,
    groups: FxHashMap<u32, Arc<GroupRow>>,
    /// Rows handed out for ids without a name, and for ids in containers.
    nameless_users: FxHashMap<u32, Arc<UserRow>>,
    nameless_groups: FxHashMap<u32, Arc<GroupRow>>,
}

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

    /// Adds a user unless the number is taken.
    pub fn add_user(&mut self, user: UserRow) {
        self.users.entry(user.uid).or_insert_with(|| Arc::new(user));
    }

    /// Adds a group unless the number is taken.
    pub fn add_group(&mut self, group: GroupRow) {
        self.groups.entry(group.gid).or_insert_with(|| Arc::new(group));
    }

    /// The row of a user id. In a container only user 0 is looked up.
    pub(super) fn user(&mut self, uid: u32, in_container: bool) -> Arc<UserRow> {
        if (!in_container || uid == 0)
            && let Some(user) = self.users.get(&uid)
        {
            return Arc::clone(user);
        }
        if self.nameless_users.len() >= NAMELESS_LIMIT {
            self.nameless_users.clear();
        }
        let row = self.nameless_users.entry(uid).or_insert_with(|| {
            let name = if uid == 0 { Text::from(*b"root") } else { Text::default() };
            Arc::new(UserRow { uid, name, ..UserRow::default() })
        });
        Arc::clone(row)
    }

    /// The row of a group id, likewise.
    pub(super) fn group(&mut self, gid: u32, in_container: bool) -> Arc<GroupRow> {
        if (!in_container || gid == 0)
            && let Some(group) = self.groups.get(&gid)
        {
            return Arc::clone(group);
        }
        if self.nameless_groups.len() >= NAMELESS_LIMIT {
            self.nameless_groups.clear();
        }
        let row = self.nameless_groups.entry(gid).or_insert_with(|| {
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

    #[test]
    fn a_user_of_the_host_has_name_home_and_shell() {
        let user = table().user(1000, false);
        assert_eq!((&*user.name, &*user.home, &*user.shell), (&b"alice"[..], &b"/home/alice"[..], &b"/bin/sh"[..]));
        assert_eq!(&*table().group(1000, false).name, b"users");
    }

    #[test]
    fn in_a_container_only_root_has_a_name() {
        let mut table = table();
        assert_eq!(&*table.user(0, true).name, b"root");
        assert_eq!(&*table.user(1000, true).name, b"");
        assert_eq!(table.user(1000, true).uid, 1000);
        assert_eq!(&*table.group(1000, true).name, b"");
    }

    #[test]
    fn rows_of_unknown_users_are_bounded() {
        let mut table = table();
        for uid in 0..20_000 {
            table.user(uid, true);
        }
        assert!(table.nameless_users.len() <= NAMELESS_LIMIT);
    }
}
