//! Sockets of a network namespace by inode, out of the files in `net/`.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::address::Endpoint;
use super::files::{Owner, ProcFiles};
use super::notes::Notes;
use crate::format::row::Text;

/// Sockets remembered per namespace.
const SOCKET_LIMIT: usize = 1 << 20;

/// `FdRow::l4proto`.
pub(super) mod l4 {
    pub(in super::super) const UNKNOWN: u8 = 0;
    pub(in super::super) const TCP: u8 = 1;
    pub(in super::super) const UDP: u8 = 2;
    pub(in super::super) const ICMP: u8 = 3;
    pub(in super::super) const RAW: u8 = 4;
}

/// `TCP_LISTEN`, in the files' column `st`.
const LISTENING: &str = "0A";

/// `SS_CONNECTED`, in the column `St` of `net/unix`.
const UNIX_CONNECTED: &str = "03";

/// A socket that has a protocol and perhaps addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    Inet {
        l4proto: u8,
        local: Endpoint,
        remote: Endpoint,
    },
    Unix {
        /// Path or abstract name; empty for most that are connected.
        path: Text,
        is_connected: bool,
    },
    Netlink,
    Packet,
}

/// The sockets of one network namespace.
#[derive(Debug, Default)]
pub(super) struct SocketTable {
    by_inode: FxHashMap<u64, Socket>,
    /// Ports on which somebody listens for TCP connections.
    listening: FxHashSet<u16>,
}

impl SocketTable {
    /// Reads the tables of the namespace that a process is in.
    pub(super) fn read(files: &mut ProcFiles, pid: i64, notes: &mut Notes) -> SocketTable {
        let mut table = SocketTable::default();
        let inet = [
            ("net/tcp", l4::TCP),
            ("net/tcp6", l4::TCP),
            ("net/udp", l4::UDP),
            ("net/udp6", l4::UDP),
            ("net/icmp", l4::ICMP),
            ("net/icmp6", l4::ICMP),
            ("net/raw", l4::RAW),
            ("net/raw6", l4::RAW),
        ];
        let mut read = |name: &str, take: &mut dyn FnMut(&[u8]) -> Option<()>| {
            let lines = files.open(Owner::Process(pid), name).and_then(|file| for_each_line(file, take));
            notes.check("tables of sockets", lines);
        };
        for (name, l4proto) in inet {
            read(name, &mut |line| table.add_inet(l4proto, line));
        }
        read("net/unix", &mut |line| table.add_unix(line));
        read("net/netlink", &mut |line| table.add_other(line, 9, Socket::Netlink));
        read("net/packet", &mut |line| table.add_other(line, 8, Socket::Packet));
        table
    }

    pub(super) fn get(&self, inode: u64) -> Option<&Socket> {
        self.by_inode.get(&inode)
    }

    /// Whether connections to this port are accepted here.
    pub(super) fn is_listening(&self, port: u16) -> bool {
        self.listening.contains(&port)
    }

    fn add(&mut self, inode: u64, socket: Socket) {
        // A connection that is already closed has no inode.
        if inode != 0 && self.by_inode.len() < SOCKET_LIMIT {
            self.by_inode.insert(inode, socket);
        }
    }

    /// `sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...`
    fn add_inet(&mut self, l4proto: u8, line: &[u8]) -> Option<()> {
        let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
        let mut local = parse_endpoint(fields.nth(1)?)?;
        let mut remote = parse_endpoint(fields.next()?)?;
        let state = fields.next()?;
        let inode = fields.nth(5)?.parse().ok()?;
        if l4proto == l4::TCP && state == LISTENING {
            self.listening.insert(local.port);
        }
        (local, remote) = (local.unmapped(), remote.unmapped());
        let mut kind = l4proto;
        if l4proto == l4::RAW {
            // What stands in place of the port is the protocol.
            if local.port == 1 {
                kind = l4::ICMP;
            }
            (local.port, remote.port) = (0, 0);
        }
        self.add(inode, Socket::Inet { l4proto: kind, local, remote });
        Some(())
    }

    /// `address: refcount protocol flags type state inode [path]`
    fn add_unix(&mut self, line: &[u8]) -> Option<()> {
        let mut rest = line;
        let mut fields = [""; 7];
        for field in &mut fields {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            *field = std::str::from_utf8(word).ok()?;
            rest = after;
        }
        let [_, _, _, _, _, state, inode] = fields;
        let path = rest.strip_prefix(b" ").unwrap_or_default();
        // The NUL of an abstract name is printed as `@`.
        let path = Text::from(path.strip_prefix(b"@").unwrap_or(path));
        self.add(inode.parse().ok()?, Socket::Unix { path, is_connected: state == UNIX_CONNECTED });
        Some(())
    }

    /// A line whose inode is the field with this index.
    fn add_other(&mut self, line: &[u8], inode_at: usize, socket: Socket) -> Option<()> {
        let inode = std::str::from_utf8(line).ok()?.split_ascii_whitespace().nth(inode_at)?.parse().ok()?;
        self.add(inode, socket);
        Some(())
    }
}

/// Calls `take` for every line but the heading.
fn for_each_line(file: File, take: &mut dyn FnMut(&[u8]) -> Option<()>) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let mut line = Vec::new();
    let mut is_heading = true;
    while reader.read_until(b'\n', &mut line)? > 0 {
        if !is_heading {
            // A line that does not fit is left out.
            let _ = take(line.strip_suffix(b"\n").unwrap_or(&line));
        }
        is_heading = false;
        line.clear();
    }
    Ok(())
}

/// `0100007F:0050`: 32-bit words in the machine's byte order, and the port.
fn parse_endpoint(text: &str) -> Option<Endpoint> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| Some(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (place, at) in bytes.chunks_exact_mut(4).zip([0, 8, 16, 24]) {
                place.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(Endpoint { ip, port })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn endpoints_of_both_families_are_read() {
        let four = parse_endpoint("0100007F:0050").unwrap();
        assert_eq!((four.ip.to_string(), four.port), ("127.0.0.1".to_owned(), 80));
        let six = parse_endpoint("00000000000000000000000001000000:01BB").unwrap();
        assert_eq!((six.ip.to_string(), six.port), ("::1".to_owned(), 443));
        for wrong in ["", "0100007F", "01:1", "0100007F:X", "0100007F:12345", "éé00000:1"] {
            assert_eq!(parse_endpoint(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_unix_socket_has_a_path_with_spaces_or_none() {
        let mut table = SocketTable::default();
        table.add_unix(b"0000000000000000: 00000002 00000000 00010000 0001 01  1595 /run/a b.sock").unwrap();
        table.add_unix(b"0000000000000000: 00000003 00000000 00000000 0001 03 208235").unwrap();
        table.add_unix(b"0000000000000000: 00000003 00000000 00000000 0002 01 7 @abstract").unwrap();
        let unix = |path: &[u8], is_connected| Socket::Unix { path: Text::from(path), is_connected };
        assert_eq!(table.get(1595), Some(&unix(b"/run/a b.sock", false)));
        assert_eq!(table.get(208_235), Some(&unix(b"", true)));
        assert_eq!(table.get(7), Some(&unix(b"abstract", false)));
        assert_eq!(table.add_unix(b"0000: 1 2"), None);
    }
}
