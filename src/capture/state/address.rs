//! Socket addresses and tuples in Falco's encoding, and their text.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Falco's number of a socket family, the first byte of an address or tuple.
pub(super) mod family {
    pub(crate) const UNIX: u8 = 1;
    pub(crate) const INET: u8 = 2;
    pub(crate) const INET6: u8 = 10;
}

/// One end of an internet connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::capture) struct Endpoint {
    pub(in crate::capture) ip: IpAddr,
    pub(in crate::capture) port: u16,
}

/// A socket address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SocketAddress<'a> {
    Inet(Endpoint),
    Unix(&'a [u8]),
}

/// A socket tuple: who talks to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SocketTuple<'a> {
    Inet {
        source: Endpoint,
        destination: Endpoint,
    },
    /// Two kernel addresses, in the order in which they are printed.
    Unix {
        first: u64,
        second: u64,
        path: &'a [u8],
    },
}

/// Reads from the front of a byte string.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn endpoint4(&mut self) -> Option<Endpoint> {
        let ip = IpAddr::V4(Ipv4Addr::from(self.take::<4>()?));
        Some(Endpoint { ip, port: u16::from_le_bytes(self.take()?) })
    }

    fn endpoint6(&mut self) -> Option<Endpoint> {
        let ip = IpAddr::V6(Ipv6Addr::from(self.take::<16>()?));
        Some(Endpoint { ip, port: u16::from_le_bytes(self.take()?) })
    }

    /// The rest up to the first NUL.
    fn text(&self) -> &'a [u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

impl<'a> SocketAddress<'a> {
    /// Reads a `SockAddr` parameter; `None` for families without a meaning here.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<SocketAddress<'a>> {
        let (&kind, rest) = bytes.split_first()?;
        let mut cursor = Cursor(rest);
        match kind {
            family::INET => Some(SocketAddress::Inet(cursor.endpoint4()?)),
            family::INET6 => Some(SocketAddress::Inet(cursor.endpoint6()?.unmapped())),
            family::UNIX => Some(SocketAddress::Unix(cursor.text())),
            _ => None,
        }
    }
}

impl<'a> SocketTuple<'a> {
    /// Reads a `SockTuple` parameter; `None` for an empty one.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<SocketTuple<'a>> {
        let (&kind, rest) = bytes.split_first()?;
        let mut cursor = Cursor(rest);
        match kind {
            family::INET => {
                let source = cursor.endpoint4()?;
                Some(SocketTuple::Inet { source, destination: cursor.endpoint4()? })
            }
            family::INET6 => {
                let source = cursor.endpoint6()?.unmapped();
                Some(SocketTuple::Inet { source, destination: cursor.endpoint6()?.unmapped() })
            }
            family::UNIX => {
                let first = u64::from_le_bytes(cursor.take()?);
                let second = u64::from_le_bytes(cursor.take()?);
                Some(SocketTuple::Unix { first, second, path: cursor.text() })
            }
            _ => None,
        }
    }
}

impl Endpoint {
    /// The address's bytes: 4 or 16.
    pub(in crate::capture) fn ip_bytes(self, buffer: &mut [u8; 16]) -> &[u8] {
        match self.ip {
            IpAddr::V4(ip) => {
                buffer[..4].copy_from_slice(&ip.octets());
                &buffer[..4]
            }
            IpAddr::V6(ip) => {
                *buffer = ip.octets();
                &buffer[..]
            }
        }
    }

    /// The same end, with an IPv4 address that was written as an IPv6 one (`::ffff:1.2.3.4`) as IPv4.
    pub(in crate::capture) fn unmapped(self) -> Endpoint {
        Endpoint { ip: self.ip.to_canonical(), ..self }
    }
}

/// Appends `1.2.3.4:80` or `::1:80` (an IPv6 address has no brackets, as in Falco).
pub(in crate::capture) fn write_endpoint(endpoint: Endpoint, out: &mut String) {
    write!(out, "{}:{}", endpoint.ip, endpoint.port).expect("writing to a string does not fail");
}

/// Appends `1.2.3.4:5->6.7.8.9:80`, or `1.2.3.4->6.7.8.9` for a raw socket.
pub(in crate::capture) fn write_connection(client: Endpoint, server: Endpoint, with_ports: bool, out: &mut String) {
    if with_ports {
        write_endpoint(client, out);
        out.push_str("->");
        write_endpoint(server, out);
    } else {
        write!(out, "{}->{}", client.ip, server.ip).expect("writing to a string does not fail");
    }
}

/// Appends the two kernel addresses of a unix socket, `ffff888104441b00->ffff888104442400`.
pub(super) fn write_unix(first: u64, second: u64, out: &mut String) {
    write!(out, "{first:x}->{second:x}").expect("writing to a string does not fail");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_tuple_is_read_and_printed_as_falco_does() {
        let bytes = [2, 127, 0, 0, 1, 0x0c, 0xed, 10, 0, 0, 2, 0x50, 0];
        let Some(SocketTuple::Inet { source, destination }) = SocketTuple::parse(&bytes) else { panic!("no tuple") };
        let mut text = String::new();
        write_connection(source, destination, true, &mut text);
        assert_eq!(text, "127.0.0.1:60684->10.0.0.2:80");
    }

    #[test]
    fn an_ipv6_address_has_no_brackets() {
        let mut bytes = vec![10];
        bytes.extend_from_slice(&Ipv6Addr::LOCALHOST.octets());
        bytes.extend_from_slice(&18081u16.to_le_bytes());
        let Some(SocketAddress::Inet(endpoint)) = SocketAddress::parse(&bytes) else { panic!("no address") };
        let mut text = String::new();
        write_endpoint(endpoint, &mut text);
        assert_eq!(text, "::1:18081");
    }

    #[test]
    fn a_unix_tuple_has_two_addresses_and_a_path_up_to_its_end() {
        let mut bytes = vec![1];
        bytes.extend_from_slice(&0xffff_8881_0444_2400_u64.to_le_bytes());
        bytes.extend_from_slice(&0xffff_8881_0444_1b00_u64.to_le_bytes());
        bytes.extend_from_slice(b"/tmp/demo.sock\0rest");
        let tuple = SocketTuple::parse(&bytes).unwrap();
        let expected =
            SocketTuple::Unix { first: 0xffff_8881_0444_2400, second: 0xffff_8881_0444_1b00, path: b"/tmp/demo.sock" };
        assert_eq!(tuple, expected);
    }

    #[test]
    fn short_and_foreign_addresses_are_none() {
        assert_eq!(SocketTuple::parse(&[]), None);
        assert_eq!(SocketTuple::parse(&[2, 127, 0, 0]), None);
        assert_eq!(SocketAddress::parse(&[16, 1, 2, 3]), None);
        assert_eq!(SocketAddress::parse(&[10, 0]), None);
    }
}
