//! Captures at random: a few processes, descriptors and containers with usual, odd and missing facts, and events of any
//! kind with any parameters.

use std::sync::{Arc, OnceLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sysreel::format::Loss;
use sysreel::format::builder::{CaptureBuilder, STORY_START_NS, text};
use sysreel::format::row::{Container, ContainerRow, FdRow, GroupRow, NO_PROCESS, ThreadRow, UserRow};
use sysreel::format::schema::{EVENTS, EventInfo, EventKind, ParamType, Physical};

/// Texts that facts, parameters and conditions draw from, so that comparisons come out either way.
pub(crate) const TEXTS: &[&str] = &[
    "",
    "bash",
    "nginx",
    "cat",
    "BASH",
    "root",
    "host",
    "/etc/shadow",
    "/etc/passwd",
    "/etc/passwd/",
    "//etc//passwd",
    "/ETC/passwd",
    "/etcetera",
    "/etc",
    "etc",
    "/",
    "shadow",
    "../x",
    "/usr/bin/cat",
    "O_RDONLY",
    "aGVsbG8=",
    "-c",
    "42",
    "ü√",
    "a b",
];

/// Bytes that are no text, and texts.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => select(TEXTS).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..12),
        1 => vec(select(TEXTS), 0..4).prop_map(|texts| texts.join("\0").into_bytes()),
    ]
}

/// NUL-terminated strings, as arguments and environments are.
fn strings() -> impl Strategy<Value = Vec<u8>> {
    let word =
        prop_oneof![select(TEXTS), select(&["-a", "-xc", "--", "--long", "HOME=/root", "A=", "-o", "value"][..])];
    prop_oneof![6 => vec(word, 0..5).prop_map(|words| words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect()), 1 => bytes()]
}

fn address() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => select(&[[10, 0, 0, 1], [10, 0, 0, 2], [192, 168, 1, 1], [127, 0, 0, 1]][..]).prop_map(|ip| ip.to_vec()),
        1 => vec(any::<u8>(), 16),
        1 => Just(Vec::new()),
    ]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..5i64, 2 => -3..0i64, 1 => select(&[443, 80, 1000, 4_294_967_295][..]), 1 => any::<i64>()]
}

prop_compose! {
    fn fd()(
        (num, type_char, name, raw) in (number(), select(b"fd46upe\0".as_slice()), bytes(), bytes()),
        (role, l4proto) in (0..4u8, 0..5u8),
        (client_ip, server_ip) in (address(), address()),
        (client_port, server_port) in (select(&[0u16, 443, 40_000][..]), select(&[0u16, 53, 80, 443][..])),
        (flags, dev, ino) in (0..32u32, any::<u32>(), any::<u64>()),
    ) -> Arc<FdRow> {
        Arc::new(FdRow {
            num, type_char, name: text(name), name_raw: text(raw), dev, ino, l4proto, role,
            client_ip: text(client_ip), client_port, server_ip: text(server_ip), server_port, flags,
            ..FdRow::default()
        })
    }
}

prop_compose! {
    fn container()(
        id in select(&["4f1c9e0b7d2a", "aaaaaaaaaaaa"][..]), name in bytes(), image in bytes(),
        privileged in any::<Option<bool>>(), known in any::<bool>(), labels in any::<bool>(),
    ) -> Arc<Container> {
        let labels = if labels { r#"{"app":"web","42":"bash"}"# } else { "not json" };
        let details = ContainerRow {
            name: text(name.clone()), image: text(image.clone()), image_repository: text(image), privileged,
            labels_json: text(labels), pod_name: text(name), ..ContainerRow::default()
        };
        let details = if known { OnceLock::from(details) } else { OnceLock::new() };
        Arc::new(Container { id: text(id), full_id: text(id.repeat(2)), details, ..Container::default() })
    }
}

type ThreadDraft = (
    (i64, i64, i64, u32, u32),
    (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>),
    (Vec<u8>, Vec<u8>),
    (u64, u32),
    (Option<Index>, Option<Index>, Option<Index>, Option<Index>),
    (Option<u32>, Option<u32>),
);

fn thread() -> impl Strategy<Value = ThreadDraft> {
    (
        (
            1..6i64,
            prop_oneof![12 => 1..6i64, 1 => Just(NO_PROCESS)],
            0..4i64,
            select(&[0u32, 34_816][..]),
            select(&[0u32, 1000, u32::MAX][..]),
        ),
        (bytes(), bytes(), strings(), strings()),
        (bytes(), bytes()),
        (any::<u64>(), 0..16u32),
        any::<(Option<Index>, Option<Index>, Option<Index>, Option<Index>)>(),
        (prop::option::of(select(&[0u32, 1000][..])), prop::option::of(0..3u32)),
    )
}

type EventDraft = (Index, Index, Option<Index>, (Option<Vec<u8>>, Option<Vec<u8>>), (u64, u16), u64);

fn event() -> impl Strategy<Value = EventDraft> {
    let path = || prop::option::of(bytes());
    (any::<Index>(), any::<Index>(), any::<Option<Index>>(), (path(), path()), (0..3u64, 0..3u16), any::<u64>())
}

/// What a capture is made of.
#[derive(Clone)]
pub(crate) struct Draft {
    fds: Vec<Arc<FdRow>>,
    containers: Vec<Arc<Container>>,
    threads: Vec<ThreadDraft>,
    events: Vec<EventDraft>,
    pool: Vec<Vec<u8>>,
    numbers: Vec<i64>,
    losses: u64,
}

prop_compose! {
    /// A capture of at most so many events.
    pub(crate) fn captures(most: usize)(
        fds in vec(fd(), 1..6), containers in vec(container(), 1..3), threads in vec(thread(), 1..6),
        events in vec(event(), 1..most), pool in vec(prop_oneof![bytes(), strings()], 1..8),
        numbers in vec(number(), 1..8), losses in 0..3u64,
    ) -> Draft {
        Draft { fds, containers, threads, events, pool, numbers, losses }
    }
}

/// Short, for the report of a failed property: the seed in it makes the same capture again.
impl std::fmt::Debug for Draft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a capture of {} events by {} threads", self.events.len(), self.threads.len())
    }
}

impl Draft {
    /// The capture, with so many events to a block.
    pub(crate) fn build(&self, block_rows: usize) -> CaptureBuilder {
        let threads = self.threads();
        let mut capture = CaptureBuilder::new().block_rows(block_rows);
        for (kind, thread, fd, (path, source), (pause, cpu), seed) in &self.events {
            let info = self.kind(kind);
            let mut story = capture.event(info.kind, thread.get(&threads)).cpu(*cpu).after_ns(*pause);
            if let Some(fd) = fd {
                story = story.fd(fd.get(&self.fds));
            }
            if let Some(path) = path {
                story = story.path(path);
            }
            if let Some(source) = source {
                story = story.source_path(source);
            }
            for (at, param) in info.params.iter().enumerate() {
                let seed = seed.rotate_right(u32::try_from(at * 5).unwrap());
                let place = usize::try_from(seed >> 3 & 0xff).unwrap();
                story = match (seed & 7, param.ty.physical()) {
                    (0, _) => story,
                    (_, Physical::Int) => {
                        story.param(param.name, fitting(param.ty, self.numbers[place % self.numbers.len()]))
                    }
                    (_, Physical::Bytes) => story.param(param.name, self.pool[place % self.pool.len()].as_slice()),
                };
            }
            story.happens();
        }
        for at in 0..self.losses {
            let at = STORY_START_NS + 2 + at / 2;
            capture.loss(Loss { cpu: 1, kind: Some(EventKind::READ), count: 3, first_ts_ns: at, last_ts_ns: at + 9 });
        }
        capture
    }

    /// Half of the events are of the kinds that rules usually ask for.
    fn kind(&self, index: &Index) -> &'static EventInfo {
        const USUAL: &[EventKind] = &[
            EventKind::OPENAT,
            EventKind::EXECVE,
            EventKind::CONNECT,
            EventKind::CLOSE,
            EventKind::READ,
            EventKind::SYSCALL,
            EventKind::UNLINKAT,
            EventKind::RENAME,
            EventKind::POLL,
            EventKind::DUP2,
        ];
        let at = index.index(USUAL.len() * 2);
        match USUAL.get(at) {
            Some(kind) => kind.info().unwrap(),
            None => index.get(EVENTS),
        }
    }

    fn threads(&self) -> Vec<Arc<ThreadRow>> {
        let user = |uid: u32| {
            let name = if uid == 0 { "root" } else { "" };
            Arc::new(UserRow { uid, name: text(name), home: text("/root"), shell: text("") })
        };
        let mut threads: Vec<Arc<ThreadRow>> = Vec::new();
        for (ids, (comm, exe, args, env), (exepath, cwd), (caps, exe_flags), refs, (uid, gid)) in &self.threads {
            let (tid, pid, sid, tty, loginuid) = *ids;
            let (parent, container, stdio, leader) = refs;
            let earlier = |index: &Option<Index>| {
                index.as_ref().filter(|_| !threads.is_empty()).map(|index| Arc::clone(index.get(&threads)))
            };
            let parent = earlier(parent);
            let row = ThreadRow {
                tid,
                pid,
                ppid: parent.as_ref().map_or(0, |parent| parent.pid),
                session_leader: earlier(leader),
                parent,
                vtid: tid,
                vpid: pid,
                sid,
                pgid: sid,
                vpgid: sid,
                tty,
                loginuid,
                comm: text(comm),
                exe: text(exe),
                exepath: text(exepath),
                args: text(args),
                env: text(env),
                cwd: text(cwd),
                cap_effective: *caps,
                exe_flags: *exe_flags,
                clone_ts_ns: if sid == 0 { 0 } else { STORY_START_NS - 1000 },
                stdio: [stdio.as_ref().map(|index| Arc::clone(index.get(&self.fds))), None, None],
                user: uid.map(user),
                group: gid.map(|gid| Arc::new(GroupRow { gid, name: text("www-data") })),
                container: container.as_ref().map(|index| Arc::clone(index.get(&self.containers))),
                ..ThreadRow::default()
            };
            threads.push(Arc::new(row));
        }
        threads
    }
}

/// A number of the type's size, as recorders write it.
fn fitting(ty: ParamType, number: i64) -> i64 {
    match ty {
        ParamType::Uint8 | ParamType::Flags8 | ParamType::EnumFlags8 | ParamType::SigType => number & 0xff,
        ParamType::Uint16 | ParamType::Flags16 | ParamType::EnumFlags16 | ParamType::Port | ParamType::SyscallId => {
            number & 0xffff
        }
        ParamType::Uint32
        | ParamType::Flags32
        | ParamType::EnumFlags32
        | ParamType::Uid
        | ParamType::Gid
        | ParamType::Mode
        | ParamType::SigSet => number & 0xffff_ffff,
        _ => number,
    }
}
