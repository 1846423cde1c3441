//! A capture of a few events of every sort: files, sockets, processes, errors, containers, missing values.

use std::sync::{Arc, OnceLock};

use sysreel::format::builder::{CaptureBuilder, text};
use sysreel::format::row::{Container, ContainerRow, FdRow, GroupRow, ThreadRow, UserRow};
use sysreel::format::schema::{EVENTS, EventInfo, Physical};

/// An event of every kind.
pub(crate) fn story() -> CaptureBuilder {
    story_of(EVENTS.iter())
}

/// Many events of few kinds, at times that depend on what happens: large blocks have codecs that small ones have not.
pub(crate) fn long_story() -> CaptureBuilder {
    story_of(EVENTS.iter().take(5).cycle().take(6_000))
}

/// Events of these kinds, one after the other.
fn story_of(kinds: impl Iterator<Item = &'static EventInfo>) -> CaptureBuilder {
    let user = Arc::new(UserRow { uid: 0, name: text("root"), home: text("/root"), shell: text("/bin/sh") });
    let group = Arc::new(GroupRow { gid: 0, name: text("root") });
    let details = ContainerRow {
        name: text("web"),
        image: text("nginx:1.21"),
        image_repository: text("nginx"),
        image_tag: text("1.21"),
        privileged: Some(true),
        ..ContainerRow::default()
    };
    let container = Arc::new(Container {
        id: text("3f1a2b4c5d6e"),
        full_id: text("3f1a2b4c5d6e3f1a2b4c5d6e"),
        details: OnceLock::from(details),
        ..Container::default()
    });
    let init = Arc::new(ThreadRow { tid: 1, pid: 1, vpid: 1, comm: text("init"), ..ThreadRow::default() });
    let shell = Arc::new(ThreadRow {
        tid: 30,
        pid: 30,
        ppid: 1,
        vpid: 7,
        tty: 34_816,
        parent: Some(Arc::clone(&init)),
        comm: text("bash"),
        exe: text("/bin/bash"),
        exepath: text("/usr/bin/bash"),
        args: text("-c\0id; cat /etc/shadow\0"),
        env: text("HOME=/root\0PATH=/bin\0"),
        cwd: text("/root"),
        user: Some(user),
        group: Some(group),
        container: Some(container),
        ..ThreadRow::default()
    });
    let lost = Arc::new(ThreadRow { tid: 99, ..ThreadRow::default() });
    let socket = FdRow {
        num: 4,
        type_char: b'4',
        name: text("10.0.0.1:40000->10.0.0.2:443"),
        l4proto: 1,
        role: 1,
        client_ip: text([10, 0, 0, 1]),
        client_port: 40_000,
        server_ip: text([10, 0, 0, 2]),
        server_port: 443,
        ..FdRow::default()
    };
    let fds = [
        Arc::new(FdRow { num: 3, type_char: b'f', name: text("/etc/shadow"), ..FdRow::default() }),
        Arc::new(socket),
        Arc::new(FdRow { num: -100, ..FdRow::default() }),
    ];
    let mut capture = CaptureBuilder::new();
    for (at, info) in kinds.enumerate() {
        let thread = [&init, &shell, &lost][at % 3];
        let mut event = capture.event(info.kind, thread).cpu((at % 2) as u16).after_ns((at % 5 * 150 + at % 7) as u64);
        if at % 4 != 0 {
            event = event.fd(&fds[at / 4 % 3]);
        }
        if at % 5 < 3 {
            event = event.path("/etc/shadow").source_path(b"/tmp/\xff\x01x");
        }
        for (place, param) in info.params.iter().enumerate() {
            let value = i64::try_from(at * 7 + place * 3).unwrap_or_default();
            event = match (param.ty.physical(), (at + place) % 4) {
                (_, 0) => event,
                (Physical::Int, 1) => event.param(param.name, -2),
                (Physical::Int, _) => event.param(param.name, value),
                (Physical::Bytes, 1) => event.param(param.name, ""),
                (Physical::Bytes, 2) => event.param(param.name, "\u{2}\0\u{7f}\0\0\u{1}\u{50}\0"),
                (Physical::Bytes, _) => event.param(param.name, "/etc/passwd"),
            };
        }
        event.happens();
    }
    capture
}
