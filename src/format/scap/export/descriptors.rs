//! A descriptor's row as a list of descriptors has it.

use crate::format::row::{FdRow, Text, fd_flags};
use crate::format::scap::{ScapFd, ScapFdInfo, ScapFdType};

/// [`FdRow::role`] of a connection from another machine.
const ONLY_SERVER_HERE: u8 = 2;

impl ScapFd {
    /// A descriptor as its row has it; `None` for one of which nothing is known.
    pub fn of_row(row: &FdRow) -> Option<ScapFd> {
        let ty = type_of(row)?;
        let (client, server) = ((&*row.client_ip, row.client_port), (&*row.server_ip, row.server_port));
        // the source is the end that is on this machine
        let (own, other) = if row.role == ONLY_SERVER_HERE { (server, client) } else { (client, server) };
        let info = match ty {
            ScapFdType::FileV2 => {
                ScapFdInfo::File { open_flags: row.open_flags, name: Text::clone(&row.name), dev: row.dev }
            }
            ScapFdType::Ipv4Socket => ScapFdInfo::Ipv4 {
                source: ip(own.0)?,
                destination: ip(other.0)?,
                source_port: own.1,
                destination_port: other.1,
                l4proto: l4proto_of(row),
            },
            ScapFdType::Ipv6Socket => ScapFdInfo::Ipv6 {
                source: wide_ip(own.0)?,
                destination: wide_ip(other.0)?,
                source_port: own.1,
                destination_port: other.1,
                l4proto: l4proto_of(row),
            },
            ScapFdType::Ipv4Server => {
                ScapFdInfo::Ipv4Server { ip: ip(&row.server_ip)?, port: row.server_port, l4proto: l4proto_of(row) }
            }
            ScapFdType::Ipv6Server => {
                ScapFdInfo::Ipv6Server { ip: wide_ip(&row.server_ip)?, port: row.server_port, l4proto: l4proto_of(row) }
            }
            // Falco takes the name for what it prints, and makes one of the two kernel addresses only where it is empty
            ScapFdType::UnixSocket => ScapFdInfo::Unix { source: 0, destination: 0, name: Text::clone(&row.name) },
            _ => ScapFdInfo::Name(Text::clone(&row.name)),
        };
        Some(ScapFd { fd: row.num, ino: row.ino, ty, info })
    }
}

/// The socket that accepted a connection from another machine. A reader tells which end is the server's by the ports
/// that sockets listen on; the one that listened may belong to a process that the capture has no event of.
pub(super) fn listener_of(row: &FdRow) -> Option<ScapFd> {
    if row.role != ONLY_SERVER_HERE || row.flags & (fd_flags::NO_DESCRIPTOR | fd_flags::SERVER_SOCKET) != 0 {
        return None;
    }
    let (port, l4proto) = (row.server_port, l4proto_of(row));
    let (ty, info) = match row.server_ip.len() {
        4 => (ScapFdType::Ipv4Server, ScapFdInfo::Ipv4Server { ip: [0; 4], port, l4proto }),
        16 => (ScapFdType::Ipv6Server, ScapFdInfo::Ipv6Server { ip: [0; 16], port, l4proto }),
        _ => return None,
    };
    Some(ScapFd { fd: FIRST_SUPPOSED + i64::from(port), ino: 0, ty, info })
}

/// No process has so many descriptors that a number from here on is one of its own.
const FIRST_SUPPOSED: i64 = 1 << 30;

/// Whether this is a socket that only its connections tell of.
pub(super) fn is_supposed(fd: &ScapFd) -> bool {
    fd.fd >= FIRST_SUPPOSED
}

/// The port that a socket listens on.
pub(super) fn listening_port(fd: &ScapFd) -> Option<u16> {
    match fd.info {
        ScapFdInfo::Ipv4Server { port, .. } | ScapFdInfo::Ipv6Server { port, .. } => Some(port),
        ScapFdInfo::Nothing
        | ScapFdInfo::Name(_)
        | ScapFdInfo::File { .. }
        | ScapFdInfo::Ipv4 { .. }
        | ScapFdInfo::Ipv6 { .. }
        | ScapFdInfo::Unix { .. } => None,
    }
}

/// Falco's number of a transport protocol: after "unknown" it has one for "none".
fn l4proto_of(row: &FdRow) -> u8 {
    if row.l4proto == 0 { 0 } else { row.l4proto.saturating_add(1) }
}

fn type_of(row: &FdRow) -> Option<ScapFdType> {
    if row.flags & fd_flags::NO_DESCRIPTOR != 0 {
        return None;
    }
    let is_server = row.flags & fd_flags::SERVER_SOCKET != 0;
    let is_wide = row.client_ip.len().max(row.server_ip.len()) == 16;
    Some(match row.type_char {
        b'f' => ScapFdType::FileV2,
        b'd' => ScapFdType::Directory,
        // a socket that was made and neither bound nor connected has no form of its own
        b'4' | b'6' if row.server_ip.is_empty() => ScapFdType::Unsupported,
        b'4' | b'6' if is_server && is_wide => ScapFdType::Ipv6Server,
        b'4' | b'6' if is_server => ScapFdType::Ipv4Server,
        // an IPv4 address inside an IPv6 socket is kept as one of four bytes
        b'4' => ScapFdType::Ipv4Socket,
        b'6' => ScapFdType::Ipv6Socket,
        b'p' => ScapFdType::Fifo,
        b'u' => ScapFdType::UnixSocket,
        b'e' => ScapFdType::Event,
        b'o' => ScapFdType::Unsupported,
        b's' => ScapFdType::Signalfd,
        b'l' => ScapFdType::Eventpoll,
        b'i' => ScapFdType::Inotify,
        b't' => ScapFdType::Timerfd,
        b'n' => ScapFdType::Netlink,
        b'b' => ScapFdType::Bpf,
        b'U' => ScapFdType::Userfaultfd,
        b'r' => ScapFdType::IoUring,
        b'm' => ScapFdType::Memfd,
        b'P' => ScapFdType::Pidfd,
        _ => return None,
    })
}

fn ip<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// An IPv6 address, or an IPv4 one inside it.
fn wide_ip(bytes: &[u8]) -> Option<[u8; 16]> {
    ip(bytes).or_else(|| {
        let [a, b, c, d] = ip(bytes)?;
        Some([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d])
    })
}
