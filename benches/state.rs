//! How fast the state follows events: one that changes nothing, files opened and closed, processes coming and going.
//!
//! The aim is 2 million events a second on one core for everything from the ring to the encoder's queue; the state may
//! take a quarter of that time, 125 ns an event.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use sysreel::capture::container::{ContainerLookup, Meeting};
use sysreel::capture::raw::RawEvent;
use sysreel::capture::state::{Snapshot, State};
use sysreel::format::row::{Container, Value};
use sysreel::format::schema::EventKind;

fn main() {
    divan::main();
}

struct NoDetails;

impl ContainerLookup for NoDetails {
    fn request(&mut self, _: &Arc<Container>, _: Meeting) {}
}

/// An event with parameters of its own.
struct Step {
    kind: EventKind,
    tid: i64,
    params: Vec<Value<'static>>,
}

fn step(tid: i64, kind: EventKind, given: &[(&str, Value<'static>)]) -> Step {
    let info = kind.info().expect("the kinds used here are in the table");
    let mut params = vec![Value::Null; info.params.len()];
    for (name, value) in given {
        params[info.param(name).expect("the names used here are in the table")] = *value;
    }
    Step { kind, tid, params }
}

fn open(tid: i64, fd: i64, path: &'static [u8]) -> Step {
    step(
        tid,
        EventKind::OPENAT,
        &[
            ("fd", Value::Int(fd)),
            ("dirfd", Value::Int(-100)),
            ("name", Value::Bytes(path)),
            ("flags", Value::Int(4097)),
            ("dev", Value::Int(0xfe00)),
            ("ino", Value::Int(fd * 1000)),
        ],
    )
}

fn read(tid: i64, fd: i64) -> Step {
    step(tid, EventKind::READ, &[("res", Value::Int(832)), ("fd", Value::Int(fd)), ("size", Value::Int(832))])
}

fn close(tid: i64, fd: i64) -> Step {
    step(tid, EventKind::CLOSE, &[("res", Value::Int(0)), ("fd", Value::Int(fd))])
}

fn fork(parent: i64, child: i64) -> [Step; 2] {
    let common = [("exe", Value::Bytes(b"make")), ("comm", Value::Bytes(b"make")), ("flags", Value::Int(0))];
    let of = |tid: i64, res: i64, ptid: i64| {
        let mut given = common.to_vec();
        given.extend([("res", Value::Int(res)), ("tid", Value::Int(tid)), ("pid", Value::Int(tid))]);
        given.extend([("ptid", Value::Int(ptid)), ("vtid", Value::Int(tid)), ("vpid", Value::Int(tid))]);
        step(tid, EventKind::CLONE, &given)
    };
    [of(parent, child, 1), of(child, 0, parent)]
}

/// A process of a build: it is forked, runs a program that opens its libraries and reads, and ends.
fn build_process(parent: i64, child: i64) -> Vec<Step> {
    const LIBRARIES: [&[u8]; 4] =
        [b"/etc/ld.so.cache", b"/lib/libc.so.6", b"/lib/libm.so.6", b"/usr/lib/locale/C.utf8"];
    const ENVIRONMENT: &[u8] = &[b'x'; 2048];
    let mut steps: Vec<Step> = fork(parent, child).into();
    let dup = [("res", Value::Int(1)), ("oldfd", Value::Int(3)), ("newfd", Value::Int(1))];
    steps.extend([open(child, 3, b"/tmp/out"), step(child, EventKind::DUP2, &dup), close(child, 3)]);
    let program = [
        ("res", Value::Int(0)),
        ("exe", Value::Bytes(b"cc")),
        ("args", Value::Bytes(b"-O2\0-c\0main.c\0")),
        ("comm", Value::Bytes(b"cc")),
        ("env", Value::Bytes(ENVIRONMENT)),
        ("trusted_exepath", Value::Bytes(b"/usr/bin/cc")),
        ("uid", Value::Int(0)),
        ("gid", Value::Int(0)),
    ];
    steps.push(step(child, EventKind::EXECVE, &program));
    for _ in 0..20 {
        for library in LIBRARIES {
            steps.push(open(child, 3, library));
            steps.extend((0..3).map(|_| read(child, 3)));
            steps.push(close(child, 3));
        }
        steps.push(open(child, -2, b"/usr/include/missing.h"));
    }
    steps.push(step(child, EventKind::PROCEXIT, &[("reaper_tid", Value::Int(0))]));
    steps
}

fn follow(bencher: Bencher<'_, '_>, first: &[Step], steps: &[Step]) {
    let mut state = State::new(Snapshot::default(), Box::new(NoDetails));
    let mut ts_ns = 0;
    let mut apply = |steps: &[Step]| {
        for step in steps {
            ts_ns += 100;
            let raw = RawEvent { kind: step.kind, ts_ns, cpu: 0, tid: step.tid, pid: step.tid, params: &step.params };
            divan::black_box(state.apply(&raw).thread);
        }
    };
    apply(first);
    bencher.counter(ItemsCount::new(steps.len())).bench_local(|| apply(steps));
}

#[divan::bench]
fn reads_that_change_nothing(bencher: Bencher<'_, '_>) {
    let steps: Vec<Step> = (0..1000).map(|_| read(10, 3)).collect();
    follow(bencher, &[open(10, 3, b"/etc/passwd")], &steps);
}

#[divan::bench]
fn files_opened_and_closed(bencher: Bencher<'_, '_>) {
    let steps: Vec<Step> =
        (0..300).flat_map(|_| [open(10, 3, b"src/../lib/main.c"), read(10, 3), close(10, 3)]).collect();
    let home = step(10, EventKind::CHDIR, &[("res", Value::Int(0)), ("path", Value::Bytes(b"/home/alice"))]);
    follow(bencher, &[home], &steps);
}

#[divan::bench]
fn processes_of_a_build(bencher: Bencher<'_, '_>) {
    let steps: Vec<Step> = (100..110).flat_map(|child| build_process(10, child)).collect();
    follow(bencher, &[], &steps);
}

/// Every event follows a change elsewhere, so that each row must be looked at again.
#[divan::bench]
fn reads_while_others_change(bencher: Bencher<'_, '_>) {
    let mut first: Vec<Step> = Vec::new();
    for child in 11..20 {
        first.extend(fork(child - 1, child));
    }
    first.push(open(19, 3, b"/etc/passwd"));
    let names: [&[u8]; 2] = [b"one", b"two"];
    let rename = |at: usize| {
        let name = Value::Bytes(names[at % 2]);
        step(10, EventKind::PRCTL, &[("res", Value::Int(0)), ("option", Value::Int(15)), ("arg2_str", name)])
    };
    let steps: Vec<Step> = (0..500).flat_map(|at| [rename(at), read(19, 3)]).collect();
    follow(bencher, &first, &steps);
}
