use super::{RecordBuilder, SockFacts, blob_id, call, minus, shortfalls};
use crate::capture::live::wire::MessageHeader;

fn check(rows: &[(RecordBuilder, &str)]) {
    for (record, expected) in rows {
        assert_eq!(record.shown(), *expected);
    }
}

fn sockaddr_in(ip: [u8; 4], port: u16) -> Vec<u8> {
    [&2u16.to_ne_bytes()[..], &port.to_be_bytes(), &ip, &[0; 8]].concat()
}

fn sockaddr_in6(ip: [u8; 16], port: u16) -> Vec<u8> {
    [&10u16.to_ne_bytes()[..], &port.to_be_bytes(), &[0; 4], &ip, &[0; 4]].concat()
}

fn sockaddr_un(path: &[u8]) -> Vec<u8> {
    [&1u16.to_ne_bytes()[..], path].concat()
}

const NO_SOCKET: SockFacts = SockFacts {
    family: 0,
    sock_type: 1,
    protocol: 6,
    state: 1,
    local_ip: [0; 16],
    remote_ip: [0; 16],
    local_port: 0,
    remote_port: 0,
    backlog_len: 0,
    backlog_max: 0,
    reserved: 0,
    own: 0,
    peer: 0,
};

fn inet(local: ([u8; 4], u16), remote: ([u8; 4], u16)) -> SockFacts {
    let widened = |ip: [u8; 4]| std::array::from_fn(|at| ip.get(at).copied().unwrap_or(0));
    SockFacts {
        family: 2,
        local_ip: widened(local.0),
        local_port: local.1.to_be(),
        remote_ip: widened(remote.0),
        remote_port: remote.1.to_be(),
        ..NO_SOCKET
    }
}

fn unix(own: u64, peer: u64) -> SockFacts {
    SockFacts { family: 1, own, peer, ..NO_SOCKET }
}

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];
const ANY: [u8; 4] = [0; 4];
const LOOPBACK6: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

#[test]
fn addresses_that_are_bound() {
    check(&[
        (call("bind", 0, &[3, 1, 16]).blob(1, &sockaddr_in(LOOPBACK, 18080)), "bind res=0 addr=027f000001a046 fd=3"),
        (
            call("bind", 0, &[3, 1, 28]).blob(1, &sockaddr_in6(LOOPBACK6, 18081)),
            "bind res=0 addr=0a00000000000000000000000000000001a146 fd=3",
        ),
        (
            call("bind", 0, &[3, 1, 110]).blob(1, &sockaddr_un(b"/tmp/demo.sock\0\0\0\0")),
            "bind res=0 addr=012f746d702f64656d6f2e736f636b00 fd=3",
        ),
        (
            call("bind", 0, &[3, 1, 16]).blob(1, &sockaddr_un(b"\0demo-abstract")),
            "bind res=0 addr=0164656d6f2d616273747261637400 fd=3",
        ),
        (call("bind", 0, &[3, 1, 12]).blob(1, &[16, 0, 0, 0]), "bind res=0 addr=- fd=3"),
        (call("bind", -22, &[3, 1, 4]).blob(1, &[2, 0, 0, 0]), "bind res=-22 addr=- fd=3"),
        (call("bind", -14, &[3, 1, 4]), "bind res=-14 addr=- fd=3"),
    ]);
}

#[test]
fn a_connection_has_a_tuple_if_it_came_about_or_is_under_way() {
    let to = sockaddr_in(LOOPBACK, 18080);
    let connected = inet((LOOPBACK, 60684), (LOOPBACK, 18080));
    let tuple = "tuple=027f0000010ced7f000001a046 fd=4 addr=027f000001a046";
    check(&[
        (call("connect", 0, &[4, 1, 16]).blob(1, &to).sock(&connected), &format!("connect res=0 {tuple}")),
        (call("connect", -115, &[4, 1, 16]).blob(1, &to).sock(&connected), &format!("connect res=-115 {tuple}")),
        (
            call("connect", -111, &[4, 1, 16]).blob(1, &to).sock(&inet((ANY, 0), (ANY, 0))),
            "connect res=-111 tuple=- fd=4 addr=027f000001a046",
        ),
        (
            call("connect", 0, &[4, 1, 16]).blob(1, &[0; 16]).sock(&inet((ANY, 0), (ANY, 0))),
            "connect res=0 tuple=02000000000000000000000000 fd=4 addr=-",
        ),
        (
            call("connect", 0, &[4, 1, 110])
                .blob(1, &sockaddr_un(b"/tmp/demo.sock\0"))
                .sock(&unix(0xffff_8881_0444_2400, 0xffff_8881_0444_1b00)),
            "connect res=0 tuple=01001b44048188ffff002444048188ffff2f746d702f64656d6f2e736f636b00 fd=4 \
             addr=012f746d702f64656d6f2e736f636b00",
        ),
    ]);
}

#[test]
fn an_accepted_connection_comes_from_its_peer() {
    let accepted = SockFacts { backlog_len: 1, backlog_max: 5, ..inet((LOOPBACK, 18080), (LOOPBACK, 60684)) };
    let mapped = {
        let ip = |last| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, last];
        SockFacts {
            family: 10,
            local_ip: ip(1),
            remote_ip: ip(2),
            local_port: 18082u16.to_be(),
            remote_port: 50606u16.to_be(),
            ..NO_SOCKET
        }
    };
    check(&[
        (
            call("accept", 4, &[3]).sock(&accepted),
            "accept fd=4 tuple=027f0000010ced7f000001a046 queuepct=20 queuelen=1 queuemax=5",
        ),
        (call("accept", -9, &[997]), "accept fd=-9 tuple=- queuepct=0 queuelen=0 queuemax=0"),
        (
            call("accept4", 4, &[3, 0, 0, 0o2_004_000]).sock(&mapped),
            "accept4 fd=4 tuple=0a00000000000000000000ffff7f000002aec500000000000000000000ffff7f000001a246 \
             queuepct=0 queuelen=0 queuemax=0 flags=0x1040",
        ),
        (
            call("accept", 4, &[3])
                .sock(&unix(0xffff_8881_0444_1b00, 0xffff_8881_0444_2400))
                .blob(blob_id::SOCK_PATH, b"/tmp/demo.sock\0"),
            "accept fd=4 tuple=01001b44048188ffff002444048188ffff2f746d702f64656d6f2e736f636b00 \
             queuepct=0 queuelen=0 queuemax=0",
        ),
    ]);
}

#[test]
fn datagrams_name_the_other_end_where_the_socket_does_not() {
    let unconnected = inet((ANY, 41411), (ANY, 0));
    let server = inet((LOOPBACK, 15353), (ANY, 0));
    let to_server = sockaddr_in(LOOPBACK, 15353);
    let to_client = sockaddr_in(LOOPBACK, 41411);
    let elsewhere = inet((LOOPBACK, 41411), (LOOPBACK, 15354));
    check(&[
        (
            call("sendto", 5, &[4, 1, 5, 0, 2, 16]).blob(1, b"query").blob(4, &to_server).sock(&unconnected),
            "sendto res=5 data='query' fd=4 size=5 tuple=0200000000c3a17f000001f93b",
        ),
        (
            call("sendto", -111, &[4, 1, 8, 0, 0, 0]).blob(1, b"refused?").sock(&elsewhere),
            "sendto res=-111 data='refused?' fd=4 size=8 tuple=-",
        ),
        (
            call("sendto", 5, &[4, 1, 5, 0, 2, 16]).blob(1, b"query").blob(4, &to_server).sock(&elsewhere),
            "sendto res=5 data='query' fd=4 size=5 tuple=027f000001c3a17f000001fa3b",
        ),
        (
            call("recvfrom", 5, &[3, 1, 100, 0, 2, 3]).blob(1, b"query").blob(4, &to_client).sock(&server),
            "recvfrom res=5 data='query' tuple=027f000001c3a17f000001f93b fd=3 size=100",
        ),
        (
            call("recvfrom", 6, &[4, 1, 100]).blob(1, b"answer").sock(&unconnected),
            "recvfrom res=6 data='answer' tuple=0200000000000000000000c3a1 fd=4 size=100",
        ),
        (call("recvfrom", -11, &[5, 1, 10]).sock(&unconnected), "recvfrom res=-11 data=- tuple=- fd=5 size=10"),
        (
            call("sendto", 5, &[3, 1, 5, 0, 2, 110])
                .blob(1, b"dgram")
                .blob(4, &sockaddr_un(b"/tmp/dg2.sock\0"))
                .sock(&unix(0x4d80, 0)),
            "sendto res=5 data='dgram' fd=3 size=5 \
             tuple=010000000000000000804d0000000000002f746d702f6467322e736f636b00",
        ),
    ]);
}

#[test]
fn messages_bring_their_name_and_control_data() {
    let message = |total, sent, name: &[u8], control: &[u8], data: &[u8]| {
        let header = MessageHeader {
            total,
            sent,
            name_len: u16::try_from(name.len()).unwrap(),
            control_len: u16::try_from(control.len()).unwrap(),
        };
        let mut bytes = header.as_bytes().to_vec();
        for part in [name, control] {
            bytes.extend_from_slice(part);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes.extend_from_slice(data);
        bytes
    };
    let server = inet((LOOPBACK, 15353), (ANY, 0));
    let client = inet((LOOPBACK, 41411), (LOOPBACK, 15354));
    let from = sockaddr_in(LOOPBACK, 41411);
    check(&[
        (
            call("sendmsg", 7, &[4, 1, 0]).blob(1, &message(7, 0, &from, &[], b"msg-hdr")).sock(&client),
            "sendmsg res=7 data='msg-hdr' fd=4 size=7 tuple=027f000001c3a17f000001fa3b",
        ),
        (
            call("recvmsg", 7, &[3, 1, 0]).blob(1, &message(100, 0, &from, b"c", b"msg-hdr")).sock(&server),
            "recvmsg res=7 size=7 data='msg-hdr' tuple=027f000001c3a17f000001f93b msgcontrol='c' fd=3",
        ),
        (
            call("recvmsg", -11, &[3, 1, 0x40]).blob(1, &message(100, 0, &[], &[], &[])).sock(&server),
            "recvmsg res=-11 size=0 data=- tuple=- msgcontrol=- fd=3",
        ),
        (
            call("sendmmsg", 2, &[4, 1, 2, 0])
                .blob(1, &message(7, 7, &from, &[], b"msg-hdr"))
                .blob(1, &message(3, 3, &from, &[], b"two"))
                .sock(&client),
            "sendmmsg res=7 fd=4 size=7 data='msg-hdr' tuple=027f000001c3a17f000001fa3b\n\
             sendmmsg res=3 fd=4 size=3 data='two' tuple=027f000001c3a17f000001fa3b",
        ),
        (call("sendmmsg", -11, &[4, 1, 2, 0]).sock(&client), "sendmmsg res=-11 fd=4 size=0 data=- tuple=-"),
        (
            call("recvmmsg", 1, &[3, 1, 2, 0]).blob(1, &message(100, 7, &from, &[], b"msg-hdr")).sock(&server),
            "recvmmsg res=7 fd=3 size=7 data='msg-hdr' tuple=027f000001c3a17f000001f93b msgcontrol=-",
        ),
        (call("recvmmsg", -9, &[3, 1, 2, 0]), "recvmmsg res=-9 fd=3 size=0 data=- tuple=- msgcontrol=-"),
        (call("recvmmsg", 1, &[3, 1, 2, 0]).blob(1, &[]), "recvmmsg res=- fd=3 size=0 data=- tuple=- msgcontrol=-"),
        (call("sendmsg", 2, &[4, 1, 0]).blob(1, &message(7, 0, &[], &[], b"partial")).sock(&client), {
            "sendmsg res=2 data='pa' fd=4 size=7 tuple=027f000001c3a17f000001fa3b"
        }),
        (call("sendmsg", -14, &[4, 1, 0]).blob(1, &[]).sock(&client), "sendmsg res=-14 data=- fd=4 size=- tuple=-"),
    ]);
    let two_of_three = call("sendmmsg", 3, &[4, 1, 3, 0])
        .blob(1, &message(7, 7, &from, &[], b"msg-hdr"))
        .blob(1, &message(7, 7, &from, &[], b"msg-hdr"));
    let truncated: Vec<bool> = shortfalls(&two_of_three).iter().map(|lacks| lacks.truncated).collect();
    assert_eq!(truncated, [false, true], "the last one that there was room for says that there were more");
}

#[test]
fn sockets_and_their_options() {
    let pair = unix(0xffff_8881_08d0_7a80, 0xffff_8881_08d0_4d80);
    let minute = [1u64.to_ne_bytes(), 0u64.to_ne_bytes()].concat();
    check(&[
        (call("socket", 4, &[2, 0o2_000_001, 6]), "socket fd=4 domain=2 type=524289 proto=6 flags=0x1000"),
        (call("socket", -97, &[99, 1, 0]), "socket fd=-97 domain=0 type=1 proto=0 flags=0x0"),
        (call("listen", 0, &[3, 5]), "listen res=0 fd=3 backlog=5"),
        (call("shutdown", -107, &[3, 0]), "shutdown res=-107 fd=3 how=0x0"),
        (call("shutdown", -22, &[3, 7]), "shutdown res=-22 fd=3 how=0xff"),
        (call("getsockname", 0, &[3]), "getsockname"),
        (
            call("socketpair", 0, &[1, 526_338, 0, 1]).words(3, &[3, 4]).sock(&pair),
            "socketpair res=0 fd1=3 fd2=4 source=0xffff888108d07a80 peer=0xffff888108d04d80 domain=1 type=526338 proto=0",
        ),
        (
            call("socketpair", -95, &[2, 1, 0, 1]).words(3, &[9, 9]),
            "socketpair res=-95 fd1=-1 fd2=-1 source=0x0 peer=0x0 domain=2 type=1 proto=0",
        ),
        (
            call("setsockopt", 0, &[3, 1, 2, 1, 4]).words(3, &[1]),
            "setsockopt res=0 fd=3 level=1 optname=2 val=0201000000 optlen=4",
        ),
        (
            call("setsockopt", 0, &[4, 6, 1, 1, 4]).words(3, &[1]),
            "setsockopt res=0 fd=4 level=2 optname=0 val=0001000000 optlen=4",
        ),
        (
            call("setsockopt", 0, &[4, 1, 20, 1, 16]).blob(3, &minute),
            "setsockopt res=0 fd=4 level=1 optname=20 val=0400ca9a3b00000000 optlen=16",
        ),
        (
            call("setsockopt", 0, &[3, 41, 26, 1, 4]).words(3, &[1]),
            "setsockopt res=0 fd=3 level=0 optname=0 val=0001000000 optlen=4",
        ),
        (
            call("getsockopt", 0, &[3, 1, 4, 1, 2]).words(3, &[111]).words(4, &[4]),
            "getsockopt res=0 fd=3 level=1 optname=4 val=0191ffffffffffffff optlen=4",
        ),
        (
            call("getsockopt", -9, &[3, 1, 4, 1, 2]).words(3, &[111]).words(4, &[4]),
            "getsockopt res=-9 fd=3 level=1 optname=4 val=0191ffffffffffffff optlen=4",
        ),
    ]);
    assert_eq!(call("listen", 0, &[3, minus(1)]).shown(), "listen res=0 fd=3 backlog=-1");
}
