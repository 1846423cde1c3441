//! What comes before the first event of a file.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::format::row::Text;
use crate::format::scap::{ScapAddr, ScapFd, ScapInterface, ScapMachine};
use crate::format::{CaptureHeader, Inventory};

use super::descriptors::{is_supposed, listening_port};
use super::survey::Survey;

impl ScapInterface {
    /// One of which only the address is known, and how many came before it.
    pub fn of(at: usize, addr: ScapAddr) -> ScapInterface {
        let (netmask, broadcast) = match addr {
            ScapAddr::V4(_) => (ScapAddr::V4([255; 4]), ScapAddr::V4([0; 4])),
            ScapAddr::V6(_) => (ScapAddr::V6([255; 16]), ScapAddr::V6([0; 16])),
        };
        let name = Text::from(format!("address{at}").into_bytes());
        ScapInterface { name, addr, netmask, broadcast, link_speed: 0 }
    }
}

impl Survey {
    /// What was there before the first event: as the inventory has it, if that is a file's own; else what the events
    /// tell, with what a snapshot has besides.
    pub(super) fn take_head(&mut self, header: &CaptureHeader) -> Inventory {
        let is_told = self.is_told();
        match self.inventory.take() {
            Some(inventory) if is_told => Arc::unwrap_or_clone(inventory),
            Some(snapshot) => self.add_events_to(Arc::unwrap_or_clone(snapshot)),
            None => self.add_events_to(Inventory {
                machine: ScapMachine {
                    cpus: header.cpus,
                    host_name: Text::from(header.host_name.as_bytes()),
                    ..ScapMachine::default()
                },
                ..Inventory::default()
            }),
        }
    }

    /// Adds what only events tell of. A thread that was cloned while the snapshot was taken comes with its clone.
    fn add_events_to(&mut self, mut head: Inventory) -> Inventory {
        let from_events = self.take_threads();
        let there: FxHashSet<i64> = from_events.iter().map(|thread| thread.tid).collect();
        let was_cloned = |tid: &i64| self.known.contains(tid) && !there.contains(tid);
        head.threads.retain(|thread| !was_cloned(&thread.tid));
        head.fds.retain(|(tid, _)| !was_cloned(tid));

        let listed: FxHashSet<i64> = head.threads.iter().map(|thread| thread.tid).collect();
        head.threads.extend(from_events.into_iter().filter(|thread| !listed.contains(&thread.tid)));
        let fds = || head.fds.iter().flat_map(|(tid, fds)| fds.iter().map(move |fd| (*tid, fd)));
        let numbers: FxHashSet<(i64, i64)> = fds().map(|(tid, fd)| (tid, fd.fd)).collect();
        let ports: FxHashSet<u16> = fds().filter_map(|(_, fd)| listening_port(fd)).collect();
        for (tid, fds) in std::mem::take(&mut self.fds) {
            let is_news = |fd: &ScapFd| {
                let has_listener = is_supposed(fd) && listening_port(fd).is_some_and(|port| ports.contains(&port));
                !has_listener && !numbers.contains(&(tid, fd.fd))
            };
            let fds: Vec<ScapFd> = fds.into_values().filter(is_news).collect();
            if !fds.is_empty() {
                head.fds.push((tid, fds));
            }
        }

        let addresses: FxHashSet<_> = head.interfaces.iter().map(|interface| interface.addr).collect();
        let interfaces = std::mem::take(&mut self.interfaces).into_iter();
        head.interfaces.extend(interfaces.filter(|interface| !addresses.contains(&interface.addr)));
        let uids: FxHashSet<u32> = head.users.iter().map(|user| user.uid).collect();
        head.users.extend(std::mem::take(&mut self.users).into_values().filter(|user| !uids.contains(&user.uid)));
        let gids: FxHashSet<u32> = head.groups.iter().map(|group| group.gid).collect();
        head.groups.extend(std::mem::take(&mut self.groups).into_values().filter(|group| !gids.contains(&group.gid)));
        head
    }
}
