//! Stories: a few events, and what is known after each.

#![allow(clippy::unwrap_used)]

mod descriptors;
mod falco;
mod hostile;
mod lifecycle;
mod outlines;
mod paths;
mod probes;
mod sockets;

use std::sync::Arc;

use crate::capture::container::{ContainerLookup, Meeting};
use crate::capture::raw::RawEvent;
use crate::format::row::{Container, FdRow, Tallies, Text, ThreadRow, Value};
use crate::format::schema::EventKind;

use super::{Snapshot, SnapshotFd, SnapshotThread, State, UserTable};

pub(super) struct NoDetails;

impl ContainerLookup for NoDetails {
    fn request(&mut self, _: &Arc<Container>, _: Meeting) {}
}

/// What one event was about, copied out of the state.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) thread: Arc<ThreadRow>,
    pub(super) fd: Option<Arc<FdRow>>,
    pub(super) path: Option<String>,
    pub(super) source_path: Option<String>,
    pub(super) fd_list: Vec<Option<Arc<FdRow>>>,
    /// Names of the users and groups that its parameters name.
    pub(super) accounts: Vec<String>,
    pub(super) tallies: Option<Tallies>,
}

impl Seen {
    pub(super) fn fd(&self) -> &FdRow {
        self.fd.as_ref().unwrap()
    }

    pub(super) fn fd_name(&self) -> String {
        text(&self.fd().name)
    }

    pub(super) fn stdio(&self) -> [Option<String>; 3] {
        self.thread.stdio.clone().map(|fd| fd.map(|fd| text(&fd.name)))
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A state and a clock.
pub(super) struct Story {
    pub(super) state: State,
    ts_ns: u64,
}

/// Parameters by name; the others are null.
pub(super) type Given<'a> = &'a [(&'a str, Value<'a>)];

pub(super) fn word(bytes: &str) -> Value<'_> {
    Value::Bytes(bytes.as_bytes())
}

pub(super) fn known_thread(tid: i64, pid: i64, ppid: i64, comm: &str) -> SnapshotThread {
    SnapshotThread {
        row: ThreadRow {
            tid,
            pid,
            ppid,
            vtid: tid,
            vpid: pid,
            sid: 100,
            pgid: 100,
            vpgid: 100,
            loginuid: u32::MAX,
            comm: Text::from(comm.as_bytes()),
            exe: Text::from(comm.as_bytes()),
            cwd: Text::from(*b"/home/alice"),
            root: Text::from(*b"/"),
            ..ThreadRow::default()
        },
        uid: 1000,
        gid: 1000,
        fds: Vec::new(),
    }
}

impl Story {
    /// init (1), a login shell of alice's (100) with a terminal on 0 to 2.
    pub(super) fn begin() -> Story {
        let mut init = known_thread(1, 1, 0, "init");
        init.row.sid = 1;
        let mut shell = known_thread(100, 100, 1, "bash");
        shell.fds = (0..3)
            .map(|num| SnapshotFd {
                row: FdRow { num, type_char: b'f', name: Text::from(*b"/dev/pts/0"), ..FdRow::default() },
                close_on_exec: false,
            })
            .collect();
        let users = UserTable::parse(
            b"root:x:0:0::/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\nbob:x:1001:1001:::\n",
            b"root:x:0:\nalice:x:1000:\n",
        );
        Story::of(Snapshot { threads: vec![shell, init], users, ..Snapshot::default() })
    }

    pub(super) fn of(snapshot: Snapshot) -> Story {
        Story::in_state(State::new(snapshot, Box::new(NoDetails)))
    }

    pub(super) fn in_state(state: State) -> Story {
        Story { state, ts_ns: 1_000 }
    }

    /// The next event of thread `tid`.
    pub(super) fn event(&mut self, tid: i64, kind: EventKind, given: Given<'_>) -> Seen {
        let info = kind.info().unwrap();
        let mut params = vec![Value::Null; info.params.len()];
        for (name, value) in given {
            params[info.param(name).unwrap_or_else(|| panic!("{} has no {name}", info.name))] = *value;
        }
        self.ts_ns += 1;
        let raw = RawEvent { kind, ts_ns: self.ts_ns, cpu: 0, tid, pid: 0, params: &params };
        let seen = self.state.apply(&raw);
        Seen {
            thread: Arc::clone(seen.thread),
            fd: seen.fd.cloned(),
            tallies: seen.tallies,
            path: seen.path.map(text),
            source_path: seen.source_path.map(text),
            fd_list: seen.fd_list.to_vec(),
            accounts: seen
                .users
                .iter()
                .map(|user| text(&user.name))
                .chain(seen.groups.iter().map(|group| text(&group.name)))
                .collect(),
        }
    }

    /// Some event that changes nothing.
    pub(super) fn look(&mut self, tid: i64) -> Seen {
        self.event(tid, EventKind::GETUID, &[("uid", Value::Int(0))])
    }

    /// The child's return from a fork of process `parent`.
    pub(super) fn fork_in_child(&mut self, parent: i64, child: i64) -> Seen {
        self.event(
            child,
            EventKind::CLONE,
            &[
                ("res", Value::Int(0)),
                ("tid", Value::Int(child)),
                ("pid", Value::Int(child)),
                ("ptid", Value::Int(parent)),
                ("flags", Value::Int(0)),
                ("vtid", Value::Int(child)),
                ("vpid", Value::Int(child)),
            ],
        )
    }

    /// The parent's return.
    pub(super) fn fork_in_parent(&mut self, parent: i64, child: i64) -> Seen {
        self.event(
            parent,
            EventKind::CLONE,
            &[
                ("res", Value::Int(child)),
                ("tid", Value::Int(parent)),
                ("pid", Value::Int(parent)),
                ("flags", Value::Int(0)),
                ("vtid", Value::Int(parent)),
                ("vpid", Value::Int(parent)),
            ],
        )
    }

    pub(super) fn fork(&mut self, parent: i64, child: i64) {
        self.fork_in_parent(parent, child);
        self.fork_in_child(parent, child);
    }

    pub(super) fn exec(&mut self, tid: i64, path: &str) -> Seen {
        let comm = path.rsplit('/').next().unwrap();
        self.event(
            tid,
            EventKind::EXECVE,
            &[
                ("res", Value::Int(0)),
                ("exe", word(comm)),
                ("args", word("-a\0b\0")),
                ("comm", word(comm)),
                ("trusted_exepath", word(path)),
                ("env", word("HOME=/root\0")),
                ("uid", Value::Int(1000)),
                ("gid", Value::Int(1000)),
            ],
        )
    }

    pub(super) fn exit(&mut self, tid: i64, reaper: i64) -> Seen {
        self.event(tid, EventKind::PROCEXIT, &[("reaper_tid", Value::Int(reaper))])
    }

    pub(super) fn open(&mut self, tid: i64, fd: i64, path: &str) -> Seen {
        self.open_with(tid, fd, path, 1)
    }

    pub(super) fn open_with(&mut self, tid: i64, fd: i64, path: &str, flags: i64) -> Seen {
        self.event(
            tid,
            EventKind::OPENAT,
            &[
                ("fd", Value::Int(fd)),
                ("dirfd", Value::Int(-100)),
                ("name", word(path)),
                ("flags", Value::Int(flags)),
                ("dev", Value::Int(0xfe00)),
                ("ino", Value::Int(42)),
            ],
        )
    }

    pub(super) fn read(&mut self, tid: i64, fd: i64) -> Seen {
        self.event(tid, EventKind::READ, &[("res", Value::Int(1)), ("fd", Value::Int(fd))])
    }

    pub(super) fn close(&mut self, tid: i64, fd: i64) -> Seen {
        self.event(tid, EventKind::CLOSE, &[("res", Value::Int(0)), ("fd", Value::Int(fd))])
    }
}
