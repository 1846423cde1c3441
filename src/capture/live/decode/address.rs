//! Socket addresses and tuples in the event table's byte layout (`ParamType::SockAddr`, `ParamType::SockTuple`).
//!
//! Ports are little-endian, addresses in network order. A unix tuple holds two kernel addresses, the one the data goes
//! to first, and a path.

use super::super::wire::{SockFacts, blob_id};
use super::call::{Call, until_nul};

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// A `struct sockaddr` as the program gave it or got it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Address<'a> {
    /// Path or abstract name (without its leading NUL).
    Unix(&'a [u8]),
    /// IPv4 or IPv6 address in network order, port.
    Inet { ip: &'a [u8], port: u16 },
}

impl<'a> Address<'a> {
    /// Reads a `struct sockaddr`; `None` for other families and for too few bytes.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Address<'a>> {
        let (family, rest) = bytes.split_first_chunk()?;
        match u16::from_ne_bytes(*family) {
            AF_UNIX => Some(Address::Unix(unix_name(rest))),
            AF_INET => Some(Address::Inet { ip: rest.get(2..6)?, port: port_of(rest)? }),
            AF_INET6 => Some(Address::Inet { ip: rest.get(6..22)?, port: port_of(rest)? }),
            _ => None,
        }
    }

    /// Appends the address as a parameter.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Address::Unix(name) => {
                out.push(AF_UNIX as u8);
                out.extend_from_slice(name);
                out.push(0);
            }
            Address::Inet { ip, port } => {
                out.push(if ip.len() == 4 { AF_INET } else { AF_INET6 } as u8);
                write_end(ip, port, out);
            }
        }
    }
}

/// The name in a `sun_path`: up to the first NUL, after the one that marks an abstract name.
fn unix_name(path: &[u8]) -> &[u8] {
    until_nul(path.strip_prefix(b"\0").unwrap_or(path))
}

fn port_of(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|port| u16::from_be_bytes(*port))
}

fn write_end(ip: &[u8], port: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(ip);
    out.extend_from_slice(&port.to_le_bytes());
}

/// Which way data (or a connection) goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    /// From this socket to its peer.
    Out,
    /// From the peer to this socket.
    In,
}

/// Appends the tuple of the call's socket; nothing for a socket that has none. `other` is the address that the program
/// gave or got, which stands in for the peer of a socket that is not connected.
pub(super) fn write_tuple(call: &Call<'_>, direction: Direction, other: Option<Address<'_>>, out: &mut Vec<u8>) {
    let Some(sock) = call.record.sock() else { return };
    match sock.family {
        AF_INET => write_inet(&sock, 4, direction, other, out),
        AF_INET6 => write_inet(&sock, 16, direction, other, out),
        AF_UNIX => write_unix(call, &sock, direction, other, out),
        _ => {}
    }
}

fn write_inet(sock: &SockFacts, ip_len: usize, direction: Direction, other: Option<Address<'_>>, out: &mut Vec<u8>) {
    let local_ip = sock.local_ip.get(..ip_len).unwrap_or_default();
    let mut remote_ip = sock.remote_ip.get(..ip_len).unwrap_or_default();
    let mut remote_port = u16::from_be(sock.remote_port);
    let connected = remote_port != 0 || remote_ip.iter().any(|&byte| byte != 0);
    if let (false, Some(Address::Inet { ip, port })) = (connected, other)
        && ip.len() == ip_len
    {
        (remote_ip, remote_port) = (ip, port);
    }
    let local = (local_ip, u16::from_be(sock.local_port));
    let remote = (remote_ip, remote_port);
    let (source, destination) = match direction {
        Direction::Out => (local, remote),
        Direction::In => (remote, local),
    };
    out.push(sock.family as u8);
    write_end(source.0, source.1, out);
    write_end(destination.0, destination.1, out);
}

fn write_unix(call: &Call<'_>, sock: &SockFacts, direction: Direction, other: Option<Address<'_>>, out: &mut Vec<u8>) {
    let (destination, source) = match direction {
        Direction::Out => (sock.peer, sock.own),
        Direction::In => (sock.own, sock.peer),
    };
    out.push(AF_UNIX as u8);
    out.extend_from_slice(&destination.to_le_bytes());
    out.extend_from_slice(&source.to_le_bytes());
    let named = match (direction, other) {
        (Direction::Out, Some(Address::Unix(name))) if !name.is_empty() => Some(name),
        _ => call.record.blob(blob_id::SOCK_PATH).map(|blob| unix_name(blob.bytes)),
    };
    out.extend_from_slice(named.unwrap_or_default());
    out.push(0);
}
