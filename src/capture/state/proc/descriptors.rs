//! Open descriptors of a process: what each number means.

use std::io;
use std::net::IpAddr;

use super::super::address::{Endpoint, write_connection, write_endpoint};
use super::super::snapshot::SnapshotFd;
use super::files::{Owner, is_gone};
use super::socket_table::{Socket, SocketTable, l4};
use super::{ProcScan, text_number};
use crate::capture::live::decode::open_flags;
use crate::capture::live::numbers::Arch;
use crate::format::row::{FdRow, Text, fd_flags};

/// Descriptors read per process; the state keeps no more either.
const DESCRIPTOR_LIMIT: usize = 66_560;

/// `FdRow::role`.
mod role {
    pub(super) const CLIENT_HERE: u8 = 1;
    pub(super) const SERVER_HERE: u8 = 2;
}

const O_CLOEXEC: u64 = 0o2_000_000;

/// `O_LARGEFILE`, which the kernel sets on its own.
const O_LARGEFILE: u64 = match Arch::NATIVE {
    Arch::X86_64 => 0o100_000,
    Arch::Aarch64 => 0o400_000,
};

/// What the target of a link in `fd/` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target<'a> {
    Socket(u64),
    Pipe(u64),
    Memory {
        name: &'a [u8],
    },
    Pidfd,
    /// Something of this type that has no inode of its own.
    Anonymous(u8),
    Path,
}

impl Target<'_> {
    fn of(link: &[u8]) -> Target<'_> {
        if link.starts_with(b"/") {
            let memory = link.strip_prefix(b"/memfd:").and_then(|name| name.strip_suffix(b" (deleted)"));
            return memory.map_or(Target::Path, |name| Target::Memory { name });
        }
        if let Some(inode) = inode_in(link, b"socket:[") {
            return Target::Socket(inode);
        }
        if let Some(inode) = inode_in(link, b"pipe:[") {
            return Target::Pipe(inode);
        }
        if inode_in(link, b"pidfd:[").is_some() {
            return Target::Pidfd;
        }
        let Some(kind) = link.strip_prefix(b"anon_inode:") else { return Target::Path };
        // Most names are in brackets, some are not.
        let kind = kind.strip_prefix(b"[").and_then(|kind| kind.strip_suffix(b"]")).unwrap_or(kind);
        match kind {
            b"pidfd" => Target::Pidfd,
            b"eventfd" => Target::Anonymous(b'e'),
            b"eventpoll" => Target::Anonymous(b'l'),
            b"inotify" => Target::Anonymous(b'i'),
            b"signalfd" => Target::Anonymous(b's'),
            b"timerfd" => Target::Anonymous(b't'),
            b"io_uring" => Target::Anonymous(b'r'),
            b"userfaultfd" => Target::Anonymous(b'U'),
            kind if kind.starts_with(b"bpf") || kind == b"btf" => Target::Anonymous(b'b'),
            _ => Target::Anonymous(b'o'),
        }
    }
}

fn inode_in(link: &[u8], prefix: &[u8]) -> Option<u64> {
    text_number(link.strip_prefix(prefix)?.strip_suffix(b"]")?)
}

impl ProcScan {
    /// All open descriptors of a process.
    pub(super) fn read_descriptors(&mut self, pid: i64) -> Vec<SnapshotFd> {
        let numbers = self.files.numbers(Some(Owner::Process(pid)), "fd");
        let Some(mut numbers) = self.notes.check("descriptors of a process", numbers) else { return Vec::new() };
        numbers.sort_unstable();
        numbers.truncate(DESCRIPTOR_LIMIT);
        let mut namespace = None;
        let mut found = Vec::with_capacity(numbers.len());
        for num in numbers {
            match self.read_descriptor(pid, num, &mut namespace) {
                Ok(fd) => found.push(fd),
                Err(error) if is_gone(&error) => {}
                Err(error) => self.notes.add("a descriptor", &error),
            }
        }
        found
    }

    fn read_descriptor(&mut self, pid: i64, num: i64, namespace: &mut Option<Vec<u8>>) -> io::Result<SnapshotFd> {
        let link = self.files.fd_link(pid, num)?;
        let mut row = FdRow { num, ..FdRow::default() };
        let mut has_open_flags = false;
        let mut is_pidfd = false;
        match Target::of(&link) {
            Target::Socket(inode) => {
                row.ino = inode;
                self.describe_socket(pid, inode, namespace, &mut row);
            }
            Target::Pipe(inode) => {
                row.type_char = b'p';
                row.name = Text::from(link.as_slice());
                row.ino = inode;
            }
            Target::Memory { name } => {
                row.type_char = b'm';
                row.name = Text::from(name);
            }
            Target::Pidfd => {
                row.type_char = b'P';
                is_pidfd = true;
            }
            Target::Anonymous(type_char) => row.type_char = type_char,
            Target::Path => {
                has_open_flags = true;
                row.type_char = b'f';
                if let Ok(inode) = self.files.inode_here() {
                    match inode.mode & libc::S_IFMT {
                        libc::S_IFDIR => row.type_char = b'd',
                        libc::S_IFIFO => row.type_char = b'p',
                        _ => {}
                    }
                    (row.dev, row.ino) = (inode.dev, inode.ino);
                }
                row.name = Text::from(link.as_slice());
            }
        }
        let info = self.files.read_fdinfo(pid, num)?;
        let flags = info_value(info, b"flags:").and_then(|text| {
            let text = std::str::from_utf8(text).ok()?;
            u64::from_str_radix(text, 8).ok()
        });
        let flags = flags.unwrap_or(0);
        if is_pidfd && let Some(pid) = info_value(info, b"Pid:") {
            row.name = Text::from([b"/proc/", pid].concat());
        }
        if has_open_flags {
            row.open_flags = open_flags(Arch::NATIVE, flags & !O_LARGEFILE);
        }
        Ok(SnapshotFd { row, close_on_exec: flags & O_CLOEXEC != 0 })
    }

    /// Fills in what the tables of its network namespace say of a socket.
    fn describe_socket(&mut self, pid: i64, inode: u64, namespace: &mut Option<Vec<u8>>, row: &mut FdRow) {
        let namespace = namespace.get_or_insert_with(|| self.network_namespace(pid)).as_slice();
        let table = self.socket_table(namespace, pid);
        match table.get(inode) {
            Some(Socket::Inet { l4proto, local, remote }) => {
                describe_inet(&table, *l4proto, *local, *remote, &self.local_addresses, row);
            }
            Some(Socket::Unix { path, is_connected }) => {
                row.type_char = b'u';
                row.name = path.clone();
                row.flags = if *is_connected { fd_flags::CONNECTED } else { 0 };
            }
            Some(Socket::Netlink) => row.type_char = b'n',
            Some(Socket::Packet) => row.type_char = b'o',
            // One that was never bound is in no table.
            None => {
                let protocol = self.files.socket_protocol(pid, row.num);
                (row.type_char, row.l4proto) = type_of_protocol(protocol.as_deref().unwrap_or_default());
            }
        }
    }
}

/// The value behind a key of `fdinfo`.
fn info_value<'a>(info: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    info.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(key)).map(<[u8]>::trim_ascii)
}

/// Type and protocol of a socket, from its protocol's name in the kernel.
fn type_of_protocol(name: &[u8]) -> (u8, u8) {
    match name {
        b"TCP" | b"MPTCP" => (b'4', l4::TCP),
        b"UDP" | b"UDP-Lite" => (b'4', l4::UDP),
        b"PING" => (b'4', l4::ICMP),
        b"RAW" => (b'4', l4::RAW),
        b"TCPv6" | b"MPTCPv6" => (b'6', l4::TCP),
        b"UDPv6" | b"UDPLITEv6" => (b'6', l4::UDP),
        b"PINGv6" => (b'6', l4::ICMP),
        b"RAWv6" => (b'6', l4::RAW),
        b"NETLINK" => (b'n', l4::UNKNOWN),
        name if name.starts_with(b"UNIX") => (b'u', l4::UNKNOWN),
        _ => (b'o', l4::UNKNOWN),
    }
}

/// Names a socket as the events would: from client to server if it has a peer, by its own address if it is bound.
fn describe_inet(
    table: &SocketTable,
    l4proto: u8,
    local: Endpoint,
    remote: Endpoint,
    local_addresses: &[IpAddr],
    row: &mut FdRow,
) {
    row.type_char = if local.ip.is_ipv4() { b'4' } else { b'6' };
    row.l4proto = l4proto;
    let mut text = String::new();
    if !remote.ip.is_unspecified() {
        // Who accepts connections at a port is the server of those that it has there.
        let is_server = l4proto == l4::TCP && table.is_listening(local.port);
        let (client, server) = if is_server { (remote, local) } else { (local, remote) };
        let is_local = |ip: IpAddr| ip.is_loopback() || local_addresses.contains(&ip);
        if !is_server || is_local(client.ip) {
            row.role |= role::CLIENT_HERE;
        }
        if is_server || is_local(server.ip) {
            row.role |= role::SERVER_HERE;
        }
        row.flags = fd_flags::CONNECTED;
        (row.client_ip, row.client_port) = end_of(client);
        (row.server_ip, row.server_port) = end_of(server);
        write_connection(client, server, l4proto != l4::RAW, &mut text);
    } else if local.port != 0 || !local.ip.is_unspecified() {
        row.flags = fd_flags::SERVER_SOCKET;
        (row.server_ip, row.server_port) = end_of(local);
        write_endpoint(local, &mut text);
    }
    row.name = Text::from(text.into_bytes());
}

fn end_of(endpoint: Endpoint) -> (Text, u16) {
    let mut buffer = [0; 16];
    (Text::from(endpoint.ip_bytes(&mut buffer)), endpoint.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_tell_what_a_descriptor_is() {
        let cases: [(&[u8], Target<'_>); 13] = [
            (b"/etc/passwd", Target::Path),
            (b"/memfd:x y (deleted)", Target::Memory { name: b"x y" }),
            (b"/memfd:plain file", Target::Path),
            (b"socket:[12]", Target::Socket(12)),
            (b"pipe:[13]", Target::Pipe(13)),
            (b"pipe:[x]", Target::Path),
            (b"anon_inode:[pidfd]", Target::Pidfd),
            (b"pidfd:[99]", Target::Pidfd),
            (b"anon_inode:inotify", Target::Anonymous(b'i')),
            (b"anon_inode:[eventpoll]", Target::Anonymous(b'l')),
            (b"anon_inode:bpf-map", Target::Anonymous(b'b')),
            (b"anon_inode:[fanotify]", Target::Anonymous(b'o')),
            (b"net:[4026531840]", Target::Path),
        ];
        for (link, target) in cases {
            assert_eq!(Target::of(link), target, "{}", String::from_utf8_lossy(link));
        }
    }

    #[test]
    fn a_socket_without_address_is_known_by_its_protocol() {
        assert_eq!(type_of_protocol(b"UDPv6"), (b'6', l4::UDP));
        assert_eq!(type_of_protocol(b"UNIX-STREAM"), (b'u', l4::UNKNOWN));
        assert_eq!(type_of_protocol(b""), (b'o', l4::UNKNOWN));
    }
}
