//! What is known of the machine before the first event.
//!
//! [`Snapshot`] is plain data: live recording fills it from /proc, an import from the head of a foreign file.

use std::net::IpAddr;

use crate::format::row::{FdRow, GroupRow, ThreadRow, UserRow};
use crate::format::scap::{ScapAddr, ScapFd, ScapGroup, ScapInterface, ScapMachine, ScapThread, ScapUser};
use crate::format::{Inventory, InventoryOrigin};

use super::users::UserTable;

/// Threads, descriptors, users and addresses at the start of a capture.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Threads, in any order.
    pub threads: Vec<SnapshotThread>,
    /// Users and groups of the host.
    pub users: UserTable,
    /// Addresses of this machine besides the loopback ones; they decide which end of a connection is here.
    pub local_addresses: Vec<IpAddr>,
    /// What could not be read, in words, for the capture's header.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// The snapshot as a capture keeps it.
    pub fn inventory(&self, machine: ScapMachine) -> Inventory {
        let address = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => ScapAddr::V4(ip.octets()),
            IpAddr::V6(ip) => ScapAddr::V6(ip.octets()),
        };
        let users = self.users.host_users().into_iter().map(|user| {
            let UserRow { uid, name, home, shell } = UserRow::clone(user);
            // a user's own group is not asked for
            ScapUser { uid, gid: uid, name, home, shell }
        });
        let groups = self.users.host_groups().into_iter().map(|group| {
            let GroupRow { gid, name } = GroupRow::clone(group);
            ScapGroup { gid, name }
        });
        let fds = self.threads.iter().filter(|thread| !thread.fds.is_empty()).map(|thread| {
            let fds = thread.fds.iter().filter_map(|fd| ScapFd::of_row(&fd.row));
            (thread.row.tid, fds.collect())
        });
        Inventory {
            origin: InventoryOrigin::Snapshot,
            machine,
            interfaces: (0..).zip(&self.local_addresses).map(|(at, ip)| ScapInterface::of(at, address(ip))).collect(),
            users: users.collect(),
            groups: groups.collect(),
            threads: self.threads.iter().map(|of| ScapThread::of_row(&of.row, of.uid, of.gid)).collect(),
            fds: fds.collect(),
        }
    }
}

/// A thread at the start of a capture.
#[derive(Clone, Debug, Default)]
pub struct SnapshotThread {
    /// Its facts. References to other rows (`parent`, `user`, `container`, `stdio`, ...) are left empty: they are
    /// found from `ppid`, `uid`, `cgroups` and `fds`.
    pub row: ThreadRow,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Open descriptors. A thread that is not its process's first one shares the table of the first one and leaves
    /// this empty.
    pub fds: Vec<SnapshotFd>,
}

/// An open descriptor at the start of a capture.
#[derive(Clone, Debug, Default)]
pub struct SnapshotFd {
    /// What it means.
    pub row: FdRow,
    /// Closed by execve.
    pub close_on_exec: bool,
}

/// Where facts of a thread can be looked up that was not seen being made.
pub trait ProcessSource: Send {
    /// The thread `tid` of process `pid` (0 when not known) as it is now; `None` if it is gone.
    fn look_up(&mut self, tid: i64, pid: i64) -> Option<SnapshotThread>;
}
