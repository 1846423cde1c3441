use std::net::Ipv4Addr;

use super::*;
use crate::format::row::fd_flags;

fn tuple(source: ([u8; 4], u16), destination: ([u8; 4], u16)) -> Vec<u8> {
    let mut bytes = vec![2];
    for (ip, port) in [source, destination] {
        bytes.extend_from_slice(&ip);
        bytes.extend_from_slice(&port.to_le_bytes());
    }
    bytes
}

fn mapped_tuple(source: ([u8; 4], u16), destination: ([u8; 4], u16)) -> Vec<u8> {
    let mut bytes = vec![10];
    for (ip, port) in [source, destination] {
        bytes.extend_from_slice(&Ipv4Addr::from(ip).to_ipv6_mapped().octets());
        bytes.extend_from_slice(&port.to_le_bytes());
    }
    bytes
}

fn address(ip: [u8; 4], port: u16) -> Vec<u8> {
    let mut bytes = vec![2];
    bytes.extend_from_slice(&ip);
    bytes.extend_from_slice(&port.to_le_bytes());
    bytes
}

const HERE: [u8; 4] = [10, 0, 0, 1];
const THERE: [u8; 4] = [192, 0, 2, 7];
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

impl Story {
    fn socket(&mut self, fd: i64, domain: i64, socket_type: i64) -> Seen {
        let given = [("fd", Value::Int(fd)), ("domain", Value::Int(domain)), ("type", Value::Int(socket_type))];
        self.event(100, EventKind::SOCKET, &given)
    }

    fn connect(&mut self, fd: i64, res: i64, tuple: &[u8]) -> Seen {
        let given = [("res", Value::Int(res)), ("fd", Value::Int(fd)), ("tuple", Value::Bytes(tuple))];
        self.event(100, EventKind::CONNECT, &given)
    }

    fn transfer(&mut self, kind: EventKind, fd: i64, tuple: &[u8]) -> Seen {
        let given = [("res", Value::Int(1)), ("fd", Value::Int(fd)), ("tuple", Value::Bytes(tuple))];
        self.event(100, kind, &given)
    }
}

#[test]
fn a_socket_gets_its_name_protocol_and_ends_when_it_connects() {
    let mut story = Story::begin();
    let made = story.socket(3, 2, 0o2_000_001);
    assert_eq!((made.fd().type_char, made.fd().l4proto, made.fd_name().as_str()), (b'4', 0, ""));
    let seen = story.connect(3, 0, &tuple((HERE, 4000), (THERE, 80)));
    let fd = seen.fd();
    assert_eq!((seen.fd_name().as_str(), fd.l4proto, fd.role), ("10.0.0.1:4000->192.0.2.7:80", 1, 1));
    assert_eq!((&*fd.client_ip, fd.client_port, &*fd.server_ip, fd.server_port), (&HERE[..], 4000, &THERE[..], 80));
    assert_eq!(fd.flags, fd_flags::CONNECTED | fd_flags::NAME_CHANGED);
    let later = story.read(100, 3);
    assert_eq!(later.fd().flags, fd_flags::CONNECTED, "the name changes only once");
    assert!(Arc::ptr_eq(later.fd.as_ref().unwrap(), story.read(100, 3).fd.as_ref().unwrap()));
}

#[test]
fn a_connection_under_way_counts_and_a_refused_one_does_not() {
    let mut story = Story::begin();
    story.socket(3, 2, 1);
    assert_eq!(story.connect(3, -111, &[]).fd_name(), "");
    let under_way = story.connect(3, -115, &tuple((HERE, 4000), (THERE, 80)));
    assert_eq!(under_way.fd_name(), "10.0.0.1:4000->192.0.2.7:80");
}

#[test]
fn both_ends_of_a_loopback_connection_are_here() {
    let mut story = Story::begin();
    story.socket(3, 2, 1);
    assert_eq!(story.connect(3, 0, &tuple((LOOPBACK, 4000), (LOOPBACK, 80))).fd().role, 3);
    let given = tuple((THERE, 5000), (HERE, 80));
    let accept = [("fd", Value::Int(4)), ("tuple", Value::Bytes(&given))];
    assert_eq!(story.event(100, EventKind::ACCEPT, &accept).fd().role, 2);
}

#[test]
fn a_bound_socket_is_a_server_with_an_address_of_its_own() {
    let mut story = Story::begin();
    story.socket(3, 2, 1);
    let bound = story.event(
        100,
        EventKind::BIND,
        &[("res", Value::Int(0)), ("fd", Value::Int(3)), ("addr", Value::Bytes(&address([0; 4], 80)))],
    );
    assert_eq!((bound.fd_name().as_str(), bound.fd().server_port, bound.fd().l4proto), ("0.0.0.0:80", 80, 1));
    assert!(bound.fd().client_ip.is_empty());
    assert_eq!(bound.fd().flags, fd_flags::SERVER_SOCKET | fd_flags::NAME_CHANGED);
    let listening = story.event(100, EventKind::LISTEN, &[("res", Value::Int(0)), ("fd", Value::Int(3))]);
    assert_eq!((listening.fd_name().as_str(), listening.fd().flags), ("0.0.0.0:80", fd_flags::SERVER_SOCKET));
}

#[test]
fn an_accepted_connection_goes_from_the_client_to_us() {
    let mut story = Story::begin();
    let given = tuple((THERE, 5000), (HERE, 80));
    let seen = story.event(
        100,
        EventKind::ACCEPT4,
        &[("fd", Value::Int(4)), ("tuple", Value::Bytes(&given)), ("flags", Value::Int(4096))],
    );
    assert_eq!((seen.fd_name().as_str(), seen.fd().type_char), ("192.0.2.7:5000->10.0.0.1:80", b'4'));
    story.exec(100, "/bin/true");
    assert_eq!(story.read(100, 4).fd().type_char, 0);
    let failed = story.event(100, EventKind::ACCEPT, &[("fd", Value::Int(-11))]);
    assert_eq!((failed.fd().num, failed.fd_name().as_str(), failed.fd().type_char), (-1, "NULL", b'4'));
}

#[test]
fn an_ipv4_peer_of_an_ipv6_socket_is_an_ipv4_peer() {
    let mut story = Story::begin();
    story.socket(3, 10, 1);
    let seen = story.connect(3, 0, &mapped_tuple((HERE, 4000), (THERE, 80)));
    assert_eq!((seen.fd_name().as_str(), seen.fd().type_char), ("10.0.0.1:4000->192.0.2.7:80", b'4'));
}

#[test]
fn datagrams_name_the_peer_of_the_moment_from_client_to_server() {
    let mut story = Story::begin();
    story.socket(3, 2, 2);
    let sent = story.transfer(EventKind::SENDTO, 3, &tuple((HERE, 4000), (THERE, 53)));
    assert_eq!((sent.fd_name().as_str(), sent.fd().l4proto), ("10.0.0.1:4000->192.0.2.7:53", 2));
    let answer = story.transfer(EventKind::RECVFROM, 3, &tuple((THERE, 53), (HERE, 4000)));
    assert_eq!(answer.fd_name(), "10.0.0.1:4000->192.0.2.7:53");
    assert!(answer.fd().flags & fd_flags::NAME_CHANGED == 0);
    let other = story.transfer(EventKind::SENDTO, 3, &tuple((HERE, 4000), ([192, 0, 2, 8], 53)));
    assert_eq!(other.fd_name(), "10.0.0.1:4000->192.0.2.8:53");

    story.socket(4, 2, 2);
    let asked = story.transfer(EventKind::RECVMSG, 4, &tuple((THERE, 5000), (HERE, 53)));
    assert_eq!((asked.fd_name().as_str(), asked.fd().role), ("192.0.2.7:5000->10.0.0.1:53", 2));
    let answered = story.transfer(EventKind::SENDMSG, 4, &tuple((HERE, 53), (THERE, 5000)));
    assert_eq!(answered.fd_name(), "192.0.2.7:5000->10.0.0.1:53");
}

#[test]
fn a_transfer_does_not_rename_a_connection() {
    let mut story = Story::begin();
    story.socket(3, 2, 1);
    let connected = story.connect(3, 0, &tuple((HERE, 4000), (THERE, 80)));
    let read = story.transfer(EventKind::RECVFROM, 3, &tuple((THERE, 80), (HERE, 4000)));
    assert_eq!(connected.fd().name, read.fd().name);
}

#[test]
fn unix_sockets_are_named_by_address_and_path() {
    let mut story = Story::begin();
    story.socket(3, 1, 1);
    let bound = story.event(
        100,
        EventKind::BIND,
        &[("res", Value::Int(0)), ("fd", Value::Int(3)), ("addr", Value::Bytes(b"\x01/run/x.sock\0"))],
    );
    assert_eq!((bound.fd_name().as_str(), bound.fd().type_char), ("/run/x.sock", b'u'));
    story.socket(4, 1, 1);
    let mut bytes = vec![1];
    bytes.extend_from_slice(&0xffff_0001_u64.to_le_bytes());
    bytes.extend_from_slice(&0xffff_0002_u64.to_le_bytes());
    bytes.extend_from_slice(b"/run/x.sock");
    assert_eq!(story.connect(4, 0, &bytes).fd_name(), "ffff0001->ffff0002 /run/x.sock");
}

#[test]
fn sockets_of_other_families_have_a_letter_and_no_name() {
    let mut story = Story::begin();
    assert_eq!(story.socket(3, 16, 3).fd().type_char, b'n');
    assert_eq!(story.socket(4, 17, 3).fd().type_char, b'o');
    assert_eq!(story.socket(5, 2, 3).fd().l4proto, 4, "a raw socket says so at once");
    assert_eq!(story.socket(-97, 2, 1).fd().num, -1);
}
