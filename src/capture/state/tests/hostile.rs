//! Whatever comes in: no panic, and bounded memory.

use proptest::prelude::*;

use super::*;
use crate::format::schema::{EVENTS, Physical};

/// A value that fits a parameter, often a small number so that threads and descriptors meet again.
fn value(physical: Physical) -> BoxedStrategy<Owned> {
    match physical {
        Physical::Int => prop_oneof![
            1 => Just(Owned::Null),
            8 => (-3_i64..12).prop_map(Owned::Int),
            1 => any::<i64>().prop_map(Owned::Int),
            1 => prop_oneof![Just(-100_i64), Just(8192), Just(536_870_912), Just(i64::MIN), Just(i64::MAX)]
                .prop_map(Owned::Int),
        ]
        .boxed(),
        Physical::Bytes => prop_oneof![
            1 => Just(Owned::Null),
            3 => prop::collection::vec(prop_oneof![Just(b'/'), Just(b'.'), Just(b'a'), Just(0), any::<u8>()], 0..20)
                .prop_map(Owned::Bytes),
            1 => (prop_oneof![Just(1_u8), Just(2), Just(10)], prop::collection::vec(any::<u8>(), 0..40)).prop_map(
                |(family, mut rest)| {
                    rest.insert(0, family);
                    Owned::Bytes(rest)
                }
            ),
        ]
        .boxed(),
    }
}

#[derive(Clone, Debug)]
enum Owned {
    Null,
    Int(i64),
    Bytes(Vec<u8>),
}

impl Owned {
    fn as_value(&self) -> Value<'_> {
        match self {
            Owned::Null => Value::Null,
            Owned::Int(number) => Value::Int(*number),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

fn event() -> impl Strategy<Value = (EventKind, i64, i64, Vec<Owned>)> {
    let lifecycle = [EventKind::CLONE, EventKind::EXECVE, EventKind::PROCEXIT, EventKind::DUP2, EventKind::CONNECT];
    let kind = prop_oneof![
        (0..EVENTS.len()).prop_map(|at| EVENTS[at].kind),
        (0..lifecycle.len()).prop_map(move |at| lifecycle[at]),
        any::<u16>().prop_map(EventKind),
    ];
    kind.prop_flat_map(|kind| {
        let params = kind.info().map_or(&[][..], |info| info.params);
        let values: Vec<_> = params.iter().map(|param| value(param.ty.physical())).collect();
        // Now and then parameters are missing.
        (Just(kind), -2_i64..10, 0_i64..10, values, 0_usize..40).prop_map(|(kind, tid, pid, mut values, cut)| {
            if cut < 2 {
                values.truncate(cut);
            }
            (kind, tid, pid, values)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_events_never_panic_and_every_event_has_its_thread(events in prop::collection::vec(event(), 1..120)) {
        let mut story = Story::begin();
        for (ts_ns, (kind, tid, pid, values)) in (1..).zip(&events) {
            let params: Vec<Value<'_>> = values.iter().map(Owned::as_value).collect();
            let raw = RawEvent { kind: *kind, ts_ns, cpu: 0, tid: *tid, pid: *pid, params: &params };
            let seen = story.state.apply(&raw);
            prop_assert_eq!(seen.thread.tid, *tid);
        }
    }
}

fn depth(row: &Arc<ThreadRow>) -> usize {
    std::iter::successors(Some(row), |row| row.parent.as_ref()).count()
}

#[test]
fn a_chain_of_forks_is_cut_and_can_be_dropped() {
    let mut story = Story::begin();
    for child in 1_000..21_000 {
        story.fork(if child == 1_000 { 100 } else { child - 1 }, child);
    }
    let seen = story.look(20_999);
    assert!(depth(&seen.thread) <= 300, "{}", depth(&seen.thread));
}

#[test]
fn processes_that_claim_to_be_each_others_parents_have_none() {
    let mut one = known_thread(10, 10, 11, "one");
    one.row.sid = 5;
    let mut other = known_thread(11, 11, 10, "other");
    other.row.sid = 5;
    let own = known_thread(12, 12, 12, "own");
    let mut story = Story::of(Snapshot { threads: vec![one, other, own], ..Snapshot::default() });
    for round in 0..1_000 {
        let name = format!("name{round}");
        let given = [("res", Value::Int(0)), ("option", Value::Int(15)), ("arg2_str", word(&name))];
        let first = story.event(10, EventKind::PRCTL, &given);
        let second = story.event(11, EventKind::PRCTL, &given);
        assert!(depth(&first.thread) <= 3 && depth(&second.thread) <= 3);
    }
    assert!(story.look(12).thread.parent.is_none());
}

#[test]
fn threads_whose_end_was_lost_are_forgotten_in_time() {
    let mut story = Story::begin();
    story.state.threads.set_limit(1_000);
    for tid in 2_000..12_000 {
        story.fork_in_child(100, tid);
        assert!(story.state.thread_count() <= 1_000);
    }
    story.look(11_999);
}

#[test]
fn children_of_a_busy_parent_come_and_go() {
    let mut story = Story::begin();
    let count = story.state.thread_count();
    for round in 0..20_000 {
        let child = 1_000 + round % 30_000;
        story.fork(100, child);
        story.exit(child, 0);
    }
    story.look(100);
    assert_eq!(story.state.thread_count(), count);
}
