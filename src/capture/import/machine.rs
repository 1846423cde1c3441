//! What a section says of the machine before its first event, its [`Inventory`], as a [`Snapshot`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::capture::state::{
    Endpoint, Snapshot, SnapshotFd, SnapshotThread, UserTable, without_deleted, write_connection, write_endpoint,
};
use crate::format::Inventory;
use crate::format::row::{FdRow, GroupRow, Text, ThreadRow, UserRow, fd_flags};
use crate::format::scap::{ScapAddr, ScapFd, ScapFdInfo, ScapFdType, ScapGroup, ScapInterface, ScapThread, ScapUser};
use crate::format::schema::flags::EXECVE_FLAGS;

/// `FdRow::role`.
mod role {
    pub(super) const CLIENT_HERE: u8 = 1;
    pub(super) const SERVER_HERE: u8 = 2;
}

/// Falco's open flag of that name.
const O_CLOEXEC: u32 = 4096;

/// `fd.l4proto`'s number of a raw socket's protocol.
const L4_RAW: u8 = 4;

/// `fd.l4proto`'s number of a protocol: the file's has one more, for "not applicable".
const fn protocol_of(l4proto: u8) -> u8 {
    l4proto.saturating_sub(1)
}

/// The machine as it was before the first event.
pub(super) fn snapshot_of(inventory: &Inventory) -> Snapshot {
    let mut users = UserTable::default();
    for ScapUser { uid, name, home, shell, .. } in &inventory.users {
        let text = Text::clone;
        users.add_user(UserRow { uid: *uid, name: text(name), home: text(home), shell: text(shell) });
    }
    for ScapGroup { gid, name } in &inventory.groups {
        users.add_group(GroupRow { gid: *gid, name: Text::clone(name) });
    }
    // a long list comes in several parts
    let mut fds: FxHashMap<i64, Vec<&ScapFd>> = FxHashMap::default();
    for (tid, list) in &inventory.fds {
        fds.entry(*tid).or_default().extend(list);
    }
    let pids: FxHashMap<i64, i64> = inventory.threads.iter().map(|thread| (thread.tid, thread.pid)).collect();
    let servers = fds.values().flatten().filter_map(|fd| match fd.info {
        ScapFdInfo::Ipv4Server { port, .. } | ScapFdInfo::Ipv6Server { port, .. } => Some(port),
        _ => None,
    });
    let local_addresses = inventory.interfaces.iter().map(address_of).collect();
    let places = Places { local_addresses, server_ports: servers.collect() };
    let threads = inventory.threads.iter().map(|thread| {
        let fds = fds.remove(&thread.tid).unwrap_or_default();
        let ppid = pids.get(&thread.ptid).copied().unwrap_or(thread.ptid);
        let fds = fds.into_iter().map(|fd| known_fd(fd, &places)).collect();
        SnapshotThread { row: thread_row(thread.clone(), ppid), uid: thread.uid, gid: thread.gid, fds }
    });
    let threads = threads.collect();
    Snapshot { threads, users, local_addresses: places.local_addresses, notes: Vec::new() }
}

fn address_of(interface: &ScapInterface) -> IpAddr {
    ip_of(interface.addr)
}

fn ip_of(address: ScapAddr) -> IpAddr {
    match address {
        ScapAddr::V4(octets) => IpAddr::V4(Ipv4Addr::from(octets)),
        ScapAddr::V6(octets) => IpAddr::V6(Ipv6Addr::from(octets)),
    }
}

/// The machine's addresses and the masks of their networks.
pub(super) fn interfaces_of(inventory: &Inventory) -> Vec<(IpAddr, IpAddr)> {
    inventory.interfaces.iter().map(|interface| (ip_of(interface.addr), ip_of(interface.netmask))).collect()
}

fn thread_row(thread: ScapThread, ppid: i64) -> ThreadRow {
    let flag = |holds: bool, word| if holds { EXECVE_FLAGS.value_of(word).unwrap_or_default() } else { 0 };
    let exe_flags = flag(thread.exe_writable, "EXE_WRITABLE")
        | flag(thread.exe_upper_layer, "EXE_UPPER_LAYER")
        | flag(thread.exe_lower_layer, "EXE_LOWER_LAYER")
        | flag(thread.exe_from_memfd, "EXE_FROM_MEMFD");
    ThreadRow {
        tid: thread.tid,
        pid: thread.pid,
        ppid,
        vtid: thread.vtid,
        vpid: thread.vpid,
        pgid: thread.pgid,
        vpgid: thread.vpgid,
        sid: thread.sid,
        tty: thread.tty,
        loginuid: thread.loginuid,
        comm: thread.comm,
        exe: thread.exe,
        exepath: match without_deleted(&thread.exepath) {
            path if path.len() < thread.exepath.len() => Text::from(path),
            _ => thread.exepath,
        },
        args: thread.args,
        env: thread.env,
        cwd: without_slash(thread.cwd),
        root: thread.root,
        cgroups: thread.cgroups,
        cap_inheritable: thread.cap_inheritable,
        cap_permitted: thread.cap_permitted,
        cap_effective: thread.cap_effective,
        exe_flags,
        exe_ino: thread.exe_ino,
        exe_ino_ctime_ns: thread.exe_ino_ctime_ns,
        exe_ino_mtime_ns: thread.exe_ino_mtime_ns,
        pidns_init_start_ns: thread.pidns_init_start_ns,
        fdlimit: thread.fdlimit,
        vm_size_kb: u64::from(thread.vm_size_kb),
        vm_rss_kb: u64::from(thread.vm_rss_kb),
        vm_swap_kb: u64::from(thread.vm_swap_kb),
        pf_major: thread.pf_major,
        pf_minor: thread.pf_minor,
        ..ThreadRow::default()
    }
}

/// Directories are kept without the slash at their end.
fn without_slash(path: Text) -> Text {
    match path.split_last() {
        Some((b'/', rest)) if !rest.is_empty() => Text::from(rest),
        _ => path,
    }
}

/// What decides which end of a connection is here, and which is the server's.
struct Places {
    local_addresses: Vec<IpAddr>,
    /// Ports at which somebody listens: who has one of them is a server, not a client.
    server_ports: FxHashSet<u16>,
}

/// What the head of a file says of a descriptor.
fn known_fd(fd: &ScapFd, places: &Places) -> SnapshotFd {
    let mut row = FdRow { num: fd.fd, ino: fd.ino, type_char: type_char_of(fd.ty), ..FdRow::default() };
    match &fd.info {
        ScapFdInfo::Nothing => {}
        ScapFdInfo::Name(name) => row.name = name.clone(),
        ScapFdInfo::File { open_flags, name, dev } => {
            (row.open_flags, row.dev) = (*open_flags, *dev);
            row.name = name.clone();
        }
        ScapFdInfo::Ipv4 { source, destination, source_port, destination_port, l4proto } => {
            let source = Endpoint { ip: IpAddr::V4(Ipv4Addr::from(*source)), port: *source_port };
            let destination = Endpoint { ip: IpAddr::V4(Ipv4Addr::from(*destination)), port: *destination_port };
            describe_connection(&mut row, source, destination, protocol_of(*l4proto), places);
        }
        ScapFdInfo::Ipv6 { source, destination, source_port, destination_port, l4proto } => {
            let source = Endpoint { ip: IpAddr::V6(Ipv6Addr::from(*source)), port: *source_port }.unmapped();
            let destination =
                Endpoint { ip: IpAddr::V6(Ipv6Addr::from(*destination)), port: *destination_port }.unmapped();
            describe_connection(&mut row, source, destination, protocol_of(*l4proto), places);
        }
        ScapFdInfo::Ipv4Server { ip, port, l4proto } => {
            describe_server(
                &mut row,
                Endpoint { ip: IpAddr::V4(Ipv4Addr::from(*ip)), port: *port },
                protocol_of(*l4proto),
            );
        }
        ScapFdInfo::Ipv6Server { ip, port, l4proto } => {
            describe_server(
                &mut row,
                Endpoint { ip: IpAddr::V6(Ipv6Addr::from(*ip)), port: *port },
                protocol_of(*l4proto),
            );
        }
        ScapFdInfo::Unix { name, .. } => {
            row.name = name.clone();
            // Falco takes one with a name for a server's, and `fd.is_server` says so of sockets of the internet only.
            row.role = role::CLIENT_HERE;
        }
    }
    let close_on_exec = row.open_flags & O_CLOEXEC != 0;
    SnapshotFd { row, close_on_exec }
}

fn describe_connection(row: &mut FdRow, source: Endpoint, destination: Endpoint, l4proto: u8, places: &Places) {
    let is_local = |ip: IpAddr| places.local_addresses.contains(&ip);
    row.l4proto = l4proto;
    row.flags = fd_flags::CONNECTED;
    let is_server = places.server_ports.contains(&source.port);
    let (client, server) = if is_server { (destination, source) } else { (source, destination) };
    if is_local(client.ip) {
        row.role |= role::CLIENT_HERE;
    }
    if is_local(server.ip) {
        row.role |= role::SERVER_HERE;
    }
    let mut buffer = [0; 16];
    (row.client_ip, row.client_port) = (Text::from(client.ip_bytes(&mut buffer)), client.port);
    (row.server_ip, row.server_port) = (Text::from(server.ip_bytes(&mut buffer)), server.port);
    let mut text = String::new();
    write_connection(client, server, l4proto != L4_RAW, &mut text);
    row.name = Text::from(text.into_bytes());
}

fn describe_server(row: &mut FdRow, own: Endpoint, l4proto: u8) {
    row.l4proto = l4proto;
    row.flags = fd_flags::SERVER_SOCKET;
    let mut buffer = [0; 16];
    (row.server_ip, row.server_port) = (Text::from(own.ip_bytes(&mut buffer)), own.port);
    let mut text = String::new();
    write_endpoint(own, &mut text);
    row.name = Text::from(text.into_bytes());
}

/// `fd.typechar` of a descriptor type.
fn type_char_of(ty: ScapFdType) -> u8 {
    match ty {
        ScapFdType::Unknown | ScapFdType::Other(_) => 0,
        ScapFdType::File | ScapFdType::FileV2 => b'f',
        ScapFdType::Directory => b'd',
        ScapFdType::Ipv4Socket | ScapFdType::Ipv4Server => b'4',
        ScapFdType::Ipv6Socket | ScapFdType::Ipv6Server => b'6',
        ScapFdType::Fifo => b'p',
        ScapFdType::UnixSocket => b'u',
        ScapFdType::Event => b'e',
        ScapFdType::Unsupported => b'o',
        ScapFdType::Signalfd => b's',
        ScapFdType::Eventpoll => b'l',
        ScapFdType::Inotify => b'i',
        ScapFdType::Timerfd => b't',
        ScapFdType::Netlink => b'n',
        ScapFdType::Bpf => b'b',
        ScapFdType::Userfaultfd => b'U',
        ScapFdType::IoUring => b'r',
        ScapFdType::Memfd => b'm',
        ScapFdType::Pidfd => b'P',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipes(numbers: std::ops::Range<i64>) -> Vec<ScapFd> {
        let name = || ScapFdInfo::Name(Text::from(*b"pipe:[1]"));
        numbers.map(|fd| ScapFd { fd, ino: 1, ty: ScapFdType::Fifo, info: name() }).collect()
    }

    #[test]
    fn a_list_of_descriptors_may_come_in_parts() {
        let inventory = Inventory {
            threads: vec![ScapThread { tid: 7, pid: 7, ..ScapThread::default() }],
            fds: vec![(7, pipes(0..512)), (8, pipes(0..3)), (7, pipes(512..600))],
            ..Inventory::default()
        };
        let snapshot = snapshot_of(&inventory);
        let numbers: Vec<i64> = snapshot.threads[0].fds.iter().map(|fd| fd.row.num).collect();
        assert_eq!(numbers, (0..600).collect::<Vec<_>>());
    }
}
