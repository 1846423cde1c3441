//! What a thread changes about itself: user, group, session, process group, limits, directories.

use crate::format::row::Text;

use super::lifecycle::NO_ID;
use super::{State, path};

impl State {
    /// setuid and its family: the effective user, unless the call left it alone (of which Falco knows nothing).
    pub(super) fn set_user(&mut self, tid: i64, uid: Option<u32>) {
        let keeps = !self.semantics.is_falco();
        let Some(uid) = uid.filter(|&uid| !keeps || uid != NO_ID) else { return };
        let Some(thread) = self.threads.get(tid) else { return };
        let user = self.users.user(uid, thread.row.container.as_ref());
        if thread.row.user.as_ref() != Some(&user) {
            self.threads.edit(tid, |row| row.user = Some(user));
        }
    }

    /// setgid and its family, likewise.
    pub(super) fn set_group(&mut self, tid: i64, gid: Option<u32>) {
        let keeps = !self.semantics.is_falco();
        let Some(gid) = gid.filter(|&gid| !keeps || gid != NO_ID) else { return };
        let Some(thread) = self.threads.get(tid) else { return };
        let group = self.users.group(gid, thread.row.container.as_ref());
        if thread.row.group.as_ref() != Some(&group) {
            self.threads.edit(tid, |row| row.group = Some(group));
        }
    }

    /// setsid: a new session and process group, without a terminal.
    pub(super) fn set_session(&mut self, tid: i64, sid: i64) {
        let Some(pid) = self.threads.get(tid).map(|thread| thread.row.pid) else { return };
        for member in self.threads.members(pid).to_vec() {
            self.threads.edit(member, |row| {
                row.sid = sid;
                row.pgid = row.pid;
                row.vpgid = sid;
                row.tty = 0;
            });
        }
    }

    /// setpgid: process `vpid` (0: the caller) joins group `vpgid` (0: its own), numbers as the caller sees them.
    pub(super) fn set_process_group(&mut self, tid: i64, vpid: i64, vpgid: i64) {
        let Some(caller) = self.threads.get(tid) else { return };
        let caller_pid = caller.row.pid;
        let target = if vpid == 0 || vpid == caller.row.vpid {
            Some(caller_pid)
        } else {
            let children = self.threads.children(caller_pid).iter().copied();
            children.into_iter().find(|&child| self.threads.get(child).is_some_and(|child| child.row.vpid == vpid))
        };
        let Some(target) = target.and_then(|pid| self.threads.get(pid)) else { return };
        let target_pid = target.row.pid;
        let vpgid = if vpgid == 0 { target.row.vpid } else { vpgid };
        // The group's number on the host: its leader is the target, the caller or one of the caller's children.
        let candidates = [target_pid, caller_pid].into_iter().chain(self.threads.children(caller_pid).iter().copied());
        let leader = candidates.into_iter().find_map(|pid| {
            let row = &self.threads.get(pid)?.row;
            (row.vpid == vpgid).then_some(row.pid).or((row.vpgid == vpgid).then_some(row.pgid))
        });
        for member in self.threads.members(target_pid).to_vec() {
            self.threads.edit(member, |row| {
                row.vpgid = vpgid;
                row.pgid = leader.unwrap_or(vpgid);
            });
        }
    }

    /// setrlimit: the process's limit of open descriptors.
    pub(super) fn set_fd_limit(&mut self, tid: i64, limit: i64) {
        let Some(thread) = self.threads.get(tid) else { return };
        if self.semantics.is_falco() {
            let pid = thread.row.pid;
            self.threads.edit(pid, |row| row.fdlimit = limit);
        } else if thread.row.fdlimit != limit {
            for member in self.threads.members(thread.row.pid).to_vec() {
                self.threads.edit(member, |row| row.fdlimit = limit);
            }
        }
    }

    /// chdir, getcwd: the working directory, absolute and normalised.
    pub(super) fn set_cwd(&mut self, tid: i64, cwd: &[u8]) {
        let Some(thread) = self.threads.get(tid) else { return };
        let Some(dirs) = self.threads.dirs.get_mut(thread.dirs) else { return };
        if *dirs.cwd != *cwd {
            dirs.cwd = Text::from(cwd);
            self.threads.touch(tid);
        }
    }

    /// chroot: the new root, seen from the old one.
    pub(super) fn set_root(&mut self, tid: i64, given: &[u8]) {
        let cwd = self.cwd(tid);
        path::resolve(&cwd, given, &mut self.path);
        let Some(thread) = self.threads.get(tid) else { return };
        let Some(dirs) = self.threads.dirs.get_mut(thread.dirs) else { return };
        let inside: &[u8] = if self.path == b"/" { b"" } else { &self.path };
        let outside: &[u8] = if *dirs.root == *b"/" { b"" } else { &dirs.root };
        let mut root = [outside, inside].concat();
        if root.is_empty() {
            root.push(b'/');
        }
        if *dirs.root != *root {
            dirs.root = Text::from(root);
            self.threads.touch(tid);
        }
    }
}
