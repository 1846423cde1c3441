//! Events of which nobody asks more than whose they were.

use crate::capture::raw::RawEvent;
use crate::capture::state::{MemoryFigures, Semantics, State, changes_nothing};
use crate::format::row::{FdRow, Text, Value};
use crate::format::schema::{EVENTS, EventKind, ParamType, Physical};

use super::{NoDetails, Seen, Snapshot, SnapshotFd, Story, UserTable, known_thread};

const SHELL: i64 = 100;
const NEVER_SEEN: i64 = 777;

fn story(semantics: Semantics) -> Story {
    let mut shell = known_thread(SHELL, SHELL, 1, "bash");
    shell.fds = (0..5)
        .map(|num| {
            let file = FdRow { num, type_char: b'f', name: Text::from(*b"/dev/pts/0"), ..FdRow::default() };
            // a socket over which nothing went yet
            let socket = FdRow { num, type_char: b'4', ..FdRow::default() };
            SnapshotFd { row: if num == 2 { socket } else { file }, close_on_exec: num > 2 }
        })
        .collect();
    let users = UserTable::parse(b"root:x:0:0::/root:/bin/bash\nbin:x:2:2:::\n", b"root:x:0:\nbin:x:2:\n");
    let snapshot = Snapshot { threads: vec![shell, known_thread(1, 1, 0, "init")], users, ..Snapshot::default() };
    let state = State::following(semantics, snapshot, Box::new(NoDetails));
    Story { state: state.with_memory_figures(MemoryFigures::AtOnce), ts_ns: 1_000 }
}

/// Parameters that would do harm if somebody acted on them: the call succeeded, descriptors and flags are small numbers.
fn params(kind: EventKind, number: i64) -> Vec<Value<'static>> {
    let of = |ty: ParamType| match ty.physical() {
        Physical::Int => Value::Int(number),
        Physical::Bytes => Value::Bytes(b"\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00"),
    };
    kind.info().map_or_else(Vec::new, |info| info.params.iter().map(|param| of(param.ty)).collect())
}

/// What is seen afterwards of the threads, their descriptors and directories.
fn look_around(story: &mut Story) -> String {
    let mut seen: Vec<Seen> = Vec::new();
    for tid in [SHELL, NEVER_SEEN, 1, 2] {
        seen.push(story.look(tid));
        seen.extend(
            (0..6).map(|fd| story.event(tid, EventKind::FSTAT, &[("res", Value::Int(0)), ("fd", Value::Int(fd))])),
        );
        seen.push(story.open(tid, 7, "here"));
    }
    format!("{seen:?} {}", story.state.thread_count())
}

#[test]
fn a_state_is_the_same_whether_its_events_are_looked_into_or_outlined() {
    for semantics in [Semantics::Kernel, Semantics::Falco] {
        for kind in EVENTS.iter().map(|info| info.kind) {
            // as fcntl's commands: to duplicate, to ask, to set
            for (tid, number) in [SHELL, NEVER_SEEN].into_iter().flat_map(|tid| [1, 2, 3].map(|number| (tid, number))) {
                let (mut whole, mut outlined) = (story(semantics), story(semantics));
                let all = params(kind, number);
                let event = |params| RawEvent { kind, ts_ns: 1_001, cpu: 0, tid, pid: 0, params };
                let seen = whole.state.apply(&event(&all));
                let known = if changes_nothing(kind) { &[][..] } else { &all };
                let outline = outlined.state.apply_outline(&event(known));
                assert_eq!(outline.thread, seen.thread, "{}", kind.name());
                assert_eq!((outline.users, outline.groups), (seen.users, seen.groups), "{}", kind.name());
                assert_eq!(look_around(&mut whole), look_around(&mut outlined), "{semantics:?} {}", kind.name());
            }
        }
    }
}
