//! What Falco makes of events, where that is not what the kernel does: for its own captures.

use super::*;
use crate::capture::state::{MemoryFigures, Semantics};
use crate::format::row::fd_flags;

/// Falco's `MFD_CLOEXEC`.
const MFD_CLOEXEC: Value<'_> = Value::Int(1);
const FIONCLEX: Value<'_> = Value::Int(0x5450);

fn following(semantics: Semantics) -> Story {
    let snapshot = Snapshot { threads: vec![known_thread(100, 100, 1, "bash")], ..Snapshot::default() };
    Story::in_state(
        State::following(semantics, snapshot, Box::new(NoDetails)).with_memory_figures(MemoryFigures::AtOnce),
    )
}

fn falco() -> Story {
    following(Semantics::Falco)
}

#[test]
fn an_ioctl_does_not_keep_a_descriptor_over_execve() {
    let left = |semantics| {
        let mut story = following(semantics);
        let given = [("fd", Value::Int(5)), ("name", word("script")), ("flags", MFD_CLOEXEC)];
        story.event(100, EventKind::MEMFD_CREATE, &given);
        story.event(100, EventKind::IOCTL, &[("res", Value::Int(0)), ("fd", Value::Int(5)), ("request", FIONCLEX)]);
        story.exec(100, "/bin/sh");
        story.look(100).tallies.unwrap().open_fds
    };
    assert_eq!((left(Semantics::Kernel), left(Semantics::Falco)), (1, 0));
}

#[test]
fn a_file_that_could_not_be_opened_has_the_raw_name_that_falco_gives_it() {
    let mut story = falco();
    let mut raw = |kind, given: Given<'_>| {
        let seen = story.event(100, kind, given);
        (seen.fd_name(), text(&seen.fd().name_raw))
    };
    let pair = |name: &str, raw: &str| (name.to_owned(), raw.to_owned());
    let of_open = raw(EventKind::OPEN, &[("fd", Value::Int(-17)), ("name", word("plain.txt"))]);
    assert_eq!(of_open, pair("/home/alice/plain.txt", "/home/alice/plain.txt"));
    let given = [("fd", Value::Int(-2)), ("dirfd", Value::Int(-100)), ("name", word("plain.txt"))];
    assert_eq!(raw(EventKind::OPENAT, &given), pair("/home/alice/plain.txt", "plain.txt"));
    // The handle leads nowhere, so there is no path.
    let given = [("fd", Value::Int(-9)), ("mountfd", Value::Int(88))];
    assert_eq!(raw(EventKind::OPEN_BY_HANDLE_AT, &given), pair("<NA>", "<NA>"));
}

#[test]
fn a_connection_of_an_unseen_socket_is_named_by_the_event() {
    let mut story = falco();
    let seen = story.event(100, EventKind::CONNECT, &[("res", Value::Int(-9)), ("fd", Value::Int(998))]);
    assert_eq!((seen.fd().num, seen.fd_name().as_str(), seen.fd().flags), (998, "NULL", fd_flags::NO_DESCRIPTOR));
    let tuple = [2, 10, 0, 0, 1, 0xA0, 0x0F, 192, 0, 2, 7, 80, 0];
    let given = [("res", Value::Int(0)), ("fd", Value::Int(9)), ("tuple", Value::Bytes(&tuple))];
    let seen = story.event(100, EventKind::CONNECT, &given);
    assert_eq!((seen.fd_name().as_str(), seen.fd().type_char), ("10.0.0.1:4000->192.0.2.7:80", 0));
    assert!(story.read(100, 9).fd().name.is_empty(), "nothing is remembered of it");
}

#[test]
fn only_addresses_of_an_interface_are_here() {
    let ends = |local: &[[u8; 4]]| {
        let snapshot = Snapshot {
            threads: vec![known_thread(100, 100, 1, "nc")],
            local_addresses: local.iter().map(|&octets| octets.into()).collect(),
            ..Snapshot::default()
        };
        let mut story = Story::in_state(State::following(Semantics::Falco, snapshot, Box::new(NoDetails)));
        let given = [("fd", Value::Int(3)), ("domain", Value::Int(2)), ("type", Value::Int(1))];
        story.event(100, EventKind::SOCKET, &given);
        let tuple = [2, 127, 0, 0, 1, 0xA0, 0x0F, 127, 0, 0, 1, 80, 0];
        let given = [("res", Value::Int(-115)), ("fd", Value::Int(3)), ("tuple", Value::Bytes(&tuple))];
        story.event(100, EventKind::CONNECT, &given).fd().role
    };
    assert_eq!((ends(&[]), ends(&[[127, 0, 0, 1]])), (0, 3));
}

#[test]
fn a_socket_over_which_something_went_is_connected_unless_it_is_a_servers() {
    let mut story = falco();
    let given = |fd| [("fd", Value::Int(fd)), ("domain", Value::Int(2)), ("type", Value::Int(2))];
    let is_connected = |seen: &Seen| seen.fd().flags & fd_flags::CONNECTED != 0;
    story.event(100, EventKind::SOCKET, &given(3));
    story.event(100, EventKind::SOCKET, &given(4));
    let bound = [2, 127, 0, 0, 1, 80, 0];
    story.event(100, EventKind::BIND, &[("res", Value::Int(0)), ("fd", Value::Int(3)), ("addr", Value::Bytes(&bound))]);
    let tuple = [2, 127, 0, 0, 1, 0xA0, 0x0F, 127, 0, 0, 1, 80, 0];
    let mut receive = |fd| {
        let given = [("res", Value::Int(5)), ("fd", Value::Int(fd)), ("tuple", Value::Bytes(&tuple))];
        story.event(100, EventKind::RECVFROM, &given)
    };
    assert!(!is_connected(&receive(3)), "it was bound when the first datagram came");
    assert!(is_connected(&receive(3)) && is_connected(&receive(4)));
}

#[test]
fn a_thread_without_a_known_beginning_counts_no_descriptors_and_no_limit() {
    let mut story = falco();
    let seen = story.open(777, 3, "/etc/ld.so.cache");
    assert_eq!((seen.thread.pid, seen.thread.fdlimit, seen.tallies.unwrap().open_fds), (-1, 0, 0));
    assert_eq!(seen.tallies.unwrap().fd_types, 1, "but it has them");
    assert_eq!(story.open(100, 3, "/etc/ld.so.cache").tallies.unwrap().open_fds, 1);
}

#[test]
fn an_executable_that_is_gone_keeps_its_path() {
    let mut story = falco();
    assert_eq!(text(&story.exec(100, "/usr/bin/old (deleted)").thread.exepath), "/usr/bin/old");
    assert_eq!(text(&story.exec(100, "/usr/bin/new").thread.exepath), "/usr/bin/new");
}

#[test]
fn a_call_that_does_not_say_its_descriptor_is_about_number_minus_one() {
    let seen = falco().event(100, EventKind::SETSOCKOPT, &[]);
    assert_eq!((seen.fd().num, seen.fd().flags), (-1, fd_flags::NO_DESCRIPTOR));
    assert!(following(Semantics::Kernel).event(100, EventKind::SETSOCKOPT, &[]).fd.is_none());
}

#[test]
fn events_of_the_recorder_have_the_thread_that_they_name() {
    assert_eq!(text(&falco().event(100, EventKind::SCAPEVENT, &[]).thread.comm), "bash");
}

#[test]
fn of_a_pair_of_sockets_the_second_is_closed_by_execve() {
    let left = |semantics| {
        let mut story = following(semantics);
        let pair = [
            ("res", Value::Int(0)),
            ("fd1", Value::Int(3)),
            ("fd2", Value::Int(4)),
            ("domain", Value::Int(1)),
            ("type", Value::Int(0o2_000_001)),
        ];
        story.event(100, EventKind::SOCKETPAIR, &pair);
        story.exec(100, "/bin/cat");
        [3, 4].map(|fd| story.read(100, fd).fd().type_char)
    };
    assert_eq!((left(Semantics::Falco), left(Semantics::Kernel)), ([b'u', 0], [0, 0]));
}

#[test]
fn in_a_container_no_address_is_of_this_machine() {
    let mut inside = known_thread(100, 100, 1, "nc");
    inside.row.cgroups = Text::from(format!("cpu=/docker/{}\0", "4f1c9e0b7d2a".repeat(5) + "abcd").as_bytes());
    let snapshot =
        Snapshot { threads: vec![inside], local_addresses: vec![[127, 0, 0, 1].into()], ..Snapshot::default() };
    let mut story = Story::in_state(State::following(Semantics::Falco, snapshot, Box::new(NoDetails)));
    assert!(story.look(100).thread.container.is_some());
    let given = [("fd", Value::Int(3)), ("domain", Value::Int(2)), ("type", Value::Int(1))];
    story.event(100, EventKind::SOCKET, &given);
    let tuple = [2, 127, 0, 0, 1, 0xA0, 0x0F, 127, 0, 0, 1, 80, 0];
    let given = [("res", Value::Int(0)), ("fd", Value::Int(3)), ("tuple", Value::Bytes(&tuple))];
    assert_eq!(story.event(100, EventKind::CONNECT, &given).fd().role, 0);
}

#[test]
fn an_unseen_socket_that_is_sent_over_is_one_of_datagrams() {
    let tuple = [2, 10, 0, 0, 1, 0xA0, 0x0F, 192, 0, 2, 7, 53, 0];
    let send = |story: &mut Story, kind, res| {
        let given = [("res", Value::Int(res)), ("fd", Value::Int(9)), ("tuple", Value::Bytes(&tuple))];
        let seen = story.event(100, kind, &given);
        (seen.fd_name(), seen.fd().type_char, seen.fd().l4proto)
    };
    let unknown = (String::new(), 0, 0);
    assert_eq!(send(&mut falco(), EventKind::SENDTO, -111), unknown, "what it says of a failed call is not trusted");
    assert_eq!(send(&mut falco(), EventKind::SENDMMSG, 5), unknown);
    assert_eq!(send(&mut following(Semantics::Kernel), EventKind::SENDTO, 5), unknown);
    let mut story = falco();
    let named = ("10.0.0.1:4000->192.0.2.7:53".to_owned(), b'4', 2);
    assert_eq!(send(&mut story, EventKind::SENDTO, 5), named);
    assert_eq!(story.read(100, 9).fd_name(), named.0, "and stays so");
}
