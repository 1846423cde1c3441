//! Sockets: families, addresses, tuples, and which end is which.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::format::row::{FdRow, Text, fd_flags};

use super::address::{Endpoint, SocketAddress, SocketTuple, write_connection, write_endpoint, write_unix};
use super::fd_cache::FileFacts;
use super::fd_table::{Descriptor, Side};
use super::files::open_flag;
use super::params::Params;
use super::{Outcome, State};

/// `FdRow::l4proto`.
mod l4 {
    pub(super) const UNKNOWN: u8 = 0;
    pub(super) const TCP: u8 = 1;
    pub(super) const UDP: u8 = 2;
    pub(super) const RAW: u8 = 4;
}

/// Bits of `FdRow::role`.
mod role {
    pub(super) const CLIENT_HERE: u8 = 1;
    pub(super) const SERVER_HERE: u8 = 2;
}

/// `EINPROGRESS`: a non-blocking connect under way.
const CONNECT_IN_PROGRESS: i64 = -115;

/// The direction of a transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Sent,
    Received,
}

/// The type of a socket of this family, as `fd.typechar` has it.
fn type_char_of(domain: u32) -> u8 {
    match domain {
        1 => b'u',
        2 => b'4',
        10 => b'6',
        16 => b'n',
        _ => b'o',
    }
}

fn l4proto_of(domain: u32, socket_type: u32) -> u8 {
    if domain != 2 && domain != 10 {
        return l4::UNKNOWN;
    }
    // The low bits are the type, the rest are SOCK_NONBLOCK and SOCK_CLOEXEC.
    match socket_type & 0xff {
        1 => l4::TCP,
        2 => l4::UDP,
        3 => l4::RAW,
        _ => l4::UNKNOWN,
    }
}

impl State {
    /// socket.
    pub(super) fn follow_socket(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let Some(result) = params.int(0) else { return Outcome::default() };
        if result < 0 {
            return Outcome::with_fd(self.failed_socket(b""));
        }
        let domain = params.word(1).unwrap_or(0);
        let mut row = self.bare_socket(result, type_char_of(domain));
        let l4proto = l4proto_of(domain, params.word(2).unwrap_or(0));
        if l4proto == l4::RAW {
            Arc::make_mut(&mut row).l4proto = l4proto;
        }
        let close_on_exec = params.word(4).unwrap_or(0) & open_flag::CLOEXEC != 0;
        let mut descriptor = Descriptor::new(Arc::clone(&row), close_on_exec);
        descriptor.l4proto = l4proto;
        self.put(tid, descriptor);
        Outcome::with_fd(row)
    }

    /// socketpair: two descriptors; the event is about the second.
    pub(super) fn follow_socketpair(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        if params.failed(0) {
            return Outcome::with_used_fd(-1);
        }
        let type_char = type_char_of(params.word(5).unwrap_or(1));
        let mut outcome = Outcome::default();
        for num in [params.int(1), params.int(2)].into_iter().flatten() {
            let row = self.bare_socket(num, type_char);
            // The type's SOCK_CLOEXEC comes as the kernel has it or as Falco's flag. Falco marks the second end only.
            let is_marked = params.int(2) == Some(num) || !self.semantics.is_falco();
            let close_on_exec = is_marked && params.word(6).unwrap_or(0) & (0o2_000_000 | open_flag::CLOEXEC) != 0;
            self.put(tid, Descriptor::new(Arc::clone(&row), close_on_exec));
            outcome = Outcome::with_fd(row);
        }
        outcome
    }

    fn bare_socket(&mut self, num: i64, type_char: u8) -> Arc<FdRow> {
        self.fd_cache.file(&FileFacts {
            num,
            type_char,
            name: b"",
            name_raw: b"",
            open_flags: 0,
            dev: 0,
            ino: 0,
            flags: 0,
        })
    }

    /// The descriptor that a failed socket or accept would have made: Falco takes it for an IPv4 socket.
    fn failed_socket(&mut self, name: &[u8]) -> Arc<FdRow> {
        self.fd_cache.file(&FileFacts {
            num: -1,
            type_char: b'4',
            name,
            name_raw: name,
            open_flags: 0,
            dev: 0,
            ino: 0,
            flags: fd_flags::NO_DESCRIPTOR,
        })
    }

    /// bind: the socket's own address.
    pub(super) fn follow_bind(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let num = params.int_or_zero(2);
        let is_falco = self.semantics.is_falco();
        if !params.failed(0)
            && let Some(address) = params.bytes(1).and_then(SocketAddress::parse)
        {
            match address {
                SocketAddress::Inet(own) => self.rename_socket(tid, num, |socket, text| {
                    write_endpoint(own, text);
                    socket.side = Side::Server;
                    let l4proto = socket.l4proto;
                    // Falco takes the IPv6 address of all zeros for an IPv4 one.
                    let own = if is_falco && own.ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
                        Endpoint { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), ..own }
                    } else {
                        own
                    };
                    let row = Arc::make_mut(&mut socket.row);
                    row.type_char = inet_type_char(own);
                    row.l4proto = l4proto;
                    row.role = 0;
                    row.flags |= fd_flags::SERVER_SOCKET;
                    row.client_ip = Text::default();
                    row.client_port = 0;
                    (row.server_ip, row.server_port) = end_of(own);
                    Vec::new()
                }),
                SocketAddress::Unix(path) => self.rename_socket(tid, num, |socket, _| {
                    Arc::make_mut(&mut socket.row).type_char = b'u';
                    path.to_vec()
                }),
            }
        }
        self.fd_of(tid, num)
    }

    /// connect: also one that is still under way.
    pub(super) fn follow_connect(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let num = params.int_or_zero(2);
        let result = params.int_or_zero(0);
        let tuple = params.bytes(1).and_then(SocketTuple::parse);
        if self.semantics.is_falco() && self.threads.table(tid).is_none_or(|table| table.get(num).is_none()) {
            return Outcome::with_fd(self.unseen_socket(num, tuple));
        }
        if result >= 0 || result == CONNECT_IN_PROGRESS {
            match tuple {
                Some(SocketTuple::Inet { source, destination }) => {
                    self.connect_inet(tid, num, Side::Client, source, destination, true);
                }
                Some(SocketTuple::Unix { first, second, path }) => {
                    self.name_unix(tid, num, (first, second), path, true);
                }
                None => {}
            }
        }
        self.fd_of(tid, num)
    }

    /// What Falco says of a descriptor that is connected and whose beginning was not seen: the event's addresses are
    /// its name.
    fn unseen_socket(&mut self, num: i64, tuple: Option<SocketTuple<'_>>) -> Arc<FdRow> {
        let mut row = FdRow::clone(self.fd_cache.unknown(num));
        let text = &mut self.text;
        text.clear();
        row.name = match tuple {
            Some(SocketTuple::Inet { source, destination }) => {
                write_connection(source, destination, true, text);
                Text::from(text.as_bytes())
            }
            Some(SocketTuple::Unix { first, second, path }) => {
                write_unix(first, second, text);
                Text::from([text.as_bytes(), b" ", path].concat())
            }
            None => Text::from(*b"NULL"),
        };
        row.name_raw = Text::clone(&row.name);
        Arc::new(row)
    }

    /// read, write and their kind.
    pub(super) fn follow_use(&mut self, tid: i64, num: i64, params: Params<'_>) -> Outcome {
        if self.semantics.is_falco() && !params.failed(0) {
            self.mark_connected(tid, num);
        }
        Outcome::with_used_fd(num)
    }

    /// To Falco a socket over which something went is connected, unless it is bound and has no peer.
    fn mark_connected(&mut self, tid: i64, num: i64) {
        let Some(socket) = self.threads.table_mut(tid).and_then(|table| table.get_mut(num)) else { return };
        if is_unconnected(&socket.row) {
            Arc::make_mut(&mut socket.row).flags |= fd_flags::CONNECTED;
            self.note_stdio(tid, num);
        }
    }

    /// accept, accept4: a new descriptor, the server's end.
    pub(super) fn follow_accept(&mut self, tid: i64, params: Params<'_>, flags_at: Option<usize>) -> Outcome {
        let Some(num) = params.int(0) else { return Outcome::default() };
        let tuple = params.bytes(1).and_then(SocketTuple::parse);
        if num < 0 {
            return Outcome::with_fd(self.failed_socket(b"NULL"));
        }
        let type_char = match tuple {
            Some(SocketTuple::Inet { source, .. }) => inet_type_char(source),
            Some(SocketTuple::Unix { .. }) => b'u',
            None => b'o',
        };
        let flags = flags_at.and_then(|at| params.word(at)).unwrap_or(0);
        let row = self.bare_socket(num, type_char);
        let mut descriptor = Descriptor::new(row, flags & open_flag::CLOEXEC != 0);
        // Only connection-oriented sockets are accepted from.
        descriptor.l4proto = if matches!(tuple, Some(SocketTuple::Inet { .. })) { l4::TCP } else { l4::UNKNOWN };
        self.put(tid, descriptor);
        match tuple {
            Some(SocketTuple::Inet { source, destination }) => {
                self.connect_inet(tid, num, Side::Server, source, destination, true);
            }
            Some(SocketTuple::Unix { first, second, path }) => {
                self.name_unix(tid, num, (first, second), path, true);
            }
            None => {}
        }
        self.drop_name_changed(tid, num);
        self.fd_of(tid, num)
    }

    /// A socket of the internet that is sent over and whose making was not seen: Falco takes it for one of datagrams.
    pub(super) fn infer_socket(&mut self, tid: i64, params: Params<'_>) {
        let Some(num) = params.int(2).filter(|_| self.semantics.is_falco() && !params.failed(0)) else { return };
        if self.threads.table(tid).is_none_or(|table| table.get(num).is_some()) {
            return;
        }
        if let Some(SocketTuple::Inet { source, .. }) = params.bytes(4).and_then(SocketTuple::parse) {
            let row = self.bare_socket(num, inet_type_char(source));
            let mut descriptor = Descriptor::new(row, false);
            descriptor.l4proto = l4::UDP;
            self.put(tid, descriptor);
        }
    }

    /// sendto, recvmsg and their kind: a socket without a lasting peer gets this transfer's.
    pub(super) fn follow_transfer(
        &mut self,
        tid: i64,
        num: i64,
        result: Option<i64>,
        tuple: Option<&[u8]>,
        direction: Direction,
    ) -> Outcome {
        let has_moved = result.is_some_and(|result| result >= 0);
        if has_moved && self.semantics.is_falco() {
            self.mark_connected(tid, num);
        }
        let connects = direction == Direction::Sent && !self.semantics.is_falco();
        let tuple = tuple.filter(|_| has_moved).and_then(SocketTuple::parse);
        let socket = self.threads.table(tid).and_then(|table| table.get(num));
        if let (Some(tuple), Some(socket)) = (tuple, socket) {
            let lasting = socket.row.l4proto == l4::TCP && !socket.row.name.is_empty();
            match tuple {
                SocketTuple::Inet { source, destination } if !lasting => {
                    let (source, destination) = if self.semantics.is_falco() {
                        self.interfaces.complete(source, destination)
                    } else {
                        (source, destination)
                    };
                    let side = match (socket.side, direction) {
                        (Side::Unknown, Direction::Sent) => Side::Client,
                        (Side::Unknown, Direction::Received) => Side::Server,
                        (side @ (Side::Client | Side::Server), _) => side,
                    };
                    // The tuple goes from sender to receiver; names go from client to server.
                    let as_given = matches!(
                        (side, direction),
                        (Side::Client | Side::Unknown, Direction::Sent) | (Side::Server, Direction::Received)
                    );
                    let (client, server) = if as_given { (source, destination) } else { (destination, source) };
                    self.connect_inet(tid, num, side, client, server, connects);
                }
                SocketTuple::Unix { first, second, path } => {
                    self.name_unix(tid, num, (first, second), path, false);
                }
                SocketTuple::Inet { .. } => {}
            }
        }
        let outcome = self.fd_of(tid, num);
        self.drop_name_changed(tid, num);
        outcome
    }

    fn connect_inet(&mut self, tid: i64, num: i64, side: Side, client: Endpoint, server: Endpoint, connected: bool) {
        // A sender that is bound to no address but talks to the loopback address is at that address.
        let client = if client.ip.is_unspecified() && server.ip.is_loopback() {
            Endpoint { ip: server.ip, ..client }
        } else {
            client
        };
        let (client_here, server_here) = if self.semantics.is_falco() {
            (self.is_local_as_falco(tid, client.ip), self.is_local_as_falco(tid, server.ip))
        } else {
            (
                side == Side::Client && client.port != 0 || self.is_local(client.ip),
                side == Side::Server && server.port != 0 || self.is_local(server.ip),
            )
        };
        self.rename_socket(tid, num, |socket, text| {
            socket.side = side;
            let l4proto = socket.l4proto;
            write_connection(client, server, l4proto != l4::RAW, text);
            let row = Arc::make_mut(&mut socket.row);
            row.type_char = inet_type_char(client);
            row.l4proto = l4proto;
            row.flags &= !fd_flags::SERVER_SOCKET;
            if connected {
                row.flags |= fd_flags::CONNECTED;
            }
            row.role = 0;
            if client_here {
                row.role |= role::CLIENT_HERE;
            }
            if server_here {
                row.role |= role::SERVER_HERE;
            }
            (row.client_ip, row.client_port) = end_of(client);
            (row.server_ip, row.server_port) = end_of(server);
            Vec::new()
        });
    }

    fn name_unix(&mut self, tid: i64, num: i64, ends: (u64, u64), path: &[u8], connected: bool) {
        self.rename_socket(tid, num, |socket, text| {
            write_unix(ends.0, ends.1, text);
            text.push(' ');
            let row = Arc::make_mut(&mut socket.row);
            row.type_char = b'u';
            if connected {
                row.flags |= fd_flags::CONNECTED;
            }
            path.to_vec()
        });
    }

    /// Lets `describe` change a socket; its name becomes the text written plus the bytes returned. A socket that is
    /// the same afterwards keeps its row.
    fn rename_socket(&mut self, tid: i64, num: i64, describe: impl FnOnce(&mut Descriptor, &mut String) -> Vec<u8>) {
        let text = &mut self.text;
        text.clear();
        let Some(socket) = self.threads.table_mut(tid).and_then(|table| table.get_mut(num)) else { return };
        let before = Arc::clone(&socket.row);
        let tail = describe(socket, text);
        let row = Arc::make_mut(&mut socket.row);
        row.flags &= !fd_flags::NAME_CHANGED;
        let same_name = before.name.strip_prefix(text.as_bytes()) == Some(&tail);
        row.name = if same_name {
            Arc::clone(&before.name)
        } else {
            row.flags |= fd_flags::NAME_CHANGED;
            Text::from([text.as_bytes(), &tail].concat())
        };
        if *row == *before {
            socket.row = before;
        } else {
            let (then, now) = (before.type_char, row.type_char);
            if let Some(table) = self.threads.table_mut(tid) {
                table.note_type(then, now);
            }
            self.note_stdio(tid, num);
        }
    }

    /// Ends the mark of a name change, which counts for one event only.
    pub(super) fn drop_name_changed(&mut self, tid: i64, num: i64) {
        let socket = self.threads.table_mut(tid).and_then(|table| table.get_mut(num));
        if let Some(socket) = socket
            && socket.row.flags & fd_flags::NAME_CHANGED != 0
        {
            Arc::make_mut(&mut socket.row).flags &= !fd_flags::NAME_CHANGED;
            self.note_stdio(tid, num);
        }
    }

    /// The row of a descriptor as it is now, or one that says that it is not known.
    pub(super) fn fd_of(&mut self, tid: i64, num: i64) -> Outcome {
        let known = self.threads.table(tid).and_then(|table| table.get(num));
        match known {
            Some(descriptor) => Outcome::with_fd(Arc::clone(&descriptor.row)),
            None => Outcome::with_used_fd(num),
        }
    }

    fn is_local(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.local_addresses.contains(&ip)
    }

    /// To Falco an address is of this machine if an interface has it, of IPv6 one in the same network of 64 bits;
    /// and for threads in containers none is.
    fn is_local_as_falco(&self, tid: i64, ip: IpAddr) -> bool {
        let network = |ip: Ipv6Addr| ip.to_bits() >> 64;
        self.threads.get(tid).is_some_and(|thread| thread.row.container.is_none())
            && self.local_addresses.iter().any(|&own| match (own, ip) {
                (IpAddr::V6(own), IpAddr::V6(ip)) => network(own) == network(ip),
                (IpAddr::V4(_) | IpAddr::V6(_), _) => own == ip,
            })
    }
}

/// Whether a descriptor is a socket of the internet that is neither connected nor a server's.
fn is_unconnected(row: &FdRow) -> bool {
    matches!(row.type_char, b'4' | b'6') && row.flags & (fd_flags::SERVER_SOCKET | fd_flags::CONNECTED) == 0
}

fn inet_type_char(endpoint: Endpoint) -> u8 {
    if endpoint.ip.is_ipv4() { b'4' } else { b'6' }
}

fn end_of(endpoint: Endpoint) -> (Text, u16) {
    let mut buffer = [0; 16];
    (Text::from(endpoint.ip_bytes(&mut buffer)), endpoint.port)
}
