//! Made-up captures: a handful of threads and descriptors, and events drawn from them.

use std::sync::Arc;

use proptest::prelude::*;

use crate::format::builder::{CaptureBuilder, STORY_START_NS, text};
use crate::format::row::{Container, ContainerRow, FdRow, GroupRow, ThreadRow, UserRow, fd_flags};
use crate::format::schema::{EventKind, Physical};

/// Threads and descriptors that made-up captures draw from.
pub(super) struct Cast {
    pub(super) threads: Vec<Arc<ThreadRow>>,
    pub(super) fds: Vec<Arc<FdRow>>,
}

/// The same ones every time.
pub(super) fn cast() -> Cast {
    let root = Arc::new(UserRow { uid: 0, name: text("root"), home: text("/root"), shell: text("/bin/sh") });
    let nobody = Arc::new(UserRow { uid: 65534, ..UserRow::default() });
    let group = Arc::new(GroupRow { gid: 33, name: text("www-data") });
    let known = Container { id: text("4f1c9e0b7d2a"), full_id: text("4f1c9e0b7d2a8356"), ..Container::default() };
    let details = ContainerRow {
        name: text("web"),
        image_repository: text("nginx"),
        privileged: Some(true),
        pod_name: text("web-0"),
        ..ContainerRow::default()
    };
    known.details.set(details).expect("it is empty");
    let known = Arc::new(known);
    let unknown =
        Arc::new(Container { id: text("aaaaaaaaaaaa"), full_id: text("aaaaaaaaaaaabb"), ..Container::default() });
    let file = |num, name: &str| Arc::new(FdRow { num, type_char: b'f', name: text(name), ..FdRow::default() });
    let socket = |num, role, client: [u8; 4], server: [u8; 4], port| {
        Arc::new(FdRow {
            num,
            type_char: b'4',
            name: text("a socket"),
            l4proto: 1,
            role,
            client_ip: text(client),
            client_port: 40_000,
            server_ip: text(server),
            server_port: port,
            flags: fd_flags::CONNECTED,
            ..FdRow::default()
        })
    };
    let fds = vec![
        file(3, "/etc/shadow"),
        file(-1, "/etc/missing"),
        file(1, "/tmp/out"),
        socket(4, 1, [10, 0, 0, 1], [10, 0, 0, 2], 443),
        socket(5, 2, [192, 168, 1, 1], [10, 0, 0, 3], 80),
        Arc::new(FdRow { num: 0, type_char: b'p', ..FdRow::default() }),
        Arc::new(FdRow { num: -100, ..FdRow::default() }),
        Arc::new(FdRow { num: 7, type_char: b'd', name: text("/etc"), ..FdRow::default() }),
    ];
    let thread = |tid: i64, comm: &str, parent: Option<&Arc<ThreadRow>>| ThreadRow {
        tid,
        pid: tid,
        ppid: parent.map_or(0, |parent| parent.pid),
        parent: parent.cloned(),
        vtid: tid,
        vpid: tid,
        sid: 1,
        pgid: tid,
        vpgid: tid,
        loginuid: u32::MAX,
        comm: text(comm),
        exe: text(comm),
        exepath: text(format!("/usr/bin/{comm}")),
        args: text("-c\0id\0"),
        env: text("HOME=/root\0"),
        cwd: text("/root"),
        clone_ts_ns: STORY_START_NS,
        user: Some(Arc::clone(&root)),
        group: Some(Arc::clone(&group)),
        ..ThreadRow::default()
    };
    let init = Arc::new(thread(1, "init", None));
    let nginx =
        Arc::new(ThreadRow { container: Some(known), cap_effective: 1 << 21, ..thread(20, "nginx", Some(&init)) });
    let bash = Arc::new(ThreadRow {
        stdio: [Some(Arc::clone(&fds[3])), None, None],
        tty: 34816,
        exe_flags: 1,
        sid: 30,
        vpid: 7,
        ..thread(30, "bash", Some(&nginx))
    });
    let cat = Arc::new(ThreadRow { container: Some(unknown), tid: 41, ..thread(40, "cat", Some(&bash)) });
    let lost = Arc::new(ThreadRow { tid: 99, user: Some(nobody), ..ThreadRow::default() });
    Cast { threads: vec![init, nginx, bash, cat, lost], fds }
}

pub(super) const KINDS: &[EventKind] = &[
    EventKind::OPENAT,
    EventKind::OPEN,
    EventKind::CLOSE,
    EventKind::READ,
    EventKind::EXECVE,
    EventKind::CONNECT,
    EventKind::RENAME,
    EventKind::UNLINKAT,
    EventKind::SETUID,
    EventKind::SYSCALL,
    EventKind::PROCEXIT,
    EventKind::DUP2,
];

pub(super) const TEXTS: &[&str] = &["/etc/shadow", "/etc/passwd", "shadow", "/usr/bin/id", "id", "", "../x"];

/// One made-up event: kind, thread, descriptor, path and a source of parameters.
pub(super) type Draft = (usize, usize, Option<usize>, Option<usize>, Option<usize>, Vec<u8>, u16);

pub(super) fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let draft = (
        0..KINDS.len(),
        0..5usize,
        prop::option::of(0..8usize),
        prop::option::of(0..TEXTS.len()),
        prop::option::of(0..TEXTS.len()),
        prop::collection::vec(any::<u8>(), 8),
        0..3u16,
    );
    prop::collection::vec(draft, 1..120)
}

pub(super) fn capture(drafts: &[Draft]) -> CaptureBuilder {
    let cast = cast();
    let mut capture = CaptureBuilder::new();
    for (kind, thread, fd, path, source, seeds, cpu) in drafts {
        let kind = KINDS[*kind];
        let info = kind.info().expect("the kind is in the table");
        let mut story = capture.event(kind, &cast.threads[*thread]).cpu(*cpu);
        if let Some(fd) = fd {
            story = story.fd(&cast.fds[*fd]);
        }
        if let Some(path) = path {
            story = story.path(TEXTS[*path]);
        }
        if let Some(source) = source {
            story = story.source_path(TEXTS[*source]);
        }
        for (at, param) in info.params.iter().enumerate() {
            let seed = seeds[at % seeds.len()];
            story = match (seed % 5, param.ty.physical()) {
                (0, _) => story,
                (1, Physical::Int) => story.param(param.name, -1 - i64::from(seed % 3)),
                (2, Physical::Int) => story.param(param.name, i64::from(seed % 7 / 3)),
                (_, Physical::Int) => story.param(param.name, i64::from(seed) * 37),
                (_, Physical::Bytes) => story.param(param.name, TEXTS[usize::from(seed) % TEXTS.len()]),
            };
        }
        story.happens();
    }
    capture
}
