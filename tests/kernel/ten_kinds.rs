//! Many calls of ten kinds: all are in the file, in order, with their arguments, and none is from another process.

use super::{Bench, kernel_test, text};

const KINDS: [&str; 10] = ["openat", "pwrite", "lseek", "pread", "fcntl", "dup2", "fchmod", "chdir", "kill", "close"];
const ROUNDS: usize = 10_000;

#[test]
fn a_hundred_thousand_calls_are_all_there_in_order() {
    kernel_test!();
    let bench = Bench::new();
    let program = bench.program("ten_kinds");
    let recorded = bench.record(&["--events", &KINDS.join(",")], &[&program, &ROUNDS.to_string()]);
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);

    let info = bench.info();
    assert_eq!((&info["lost"], &info["verify"]), (&0.into(), &"intact".into()), "{info}");

    let events = bench.events("proc.name = ten_kinds", &["evt.type", "evt.rawarg.pos", "evt.rawarg.offset"]);
    let first = events.iter().position(|event| event[0] == "pwrite").unwrap() - 1;
    let calls = &events[first..first + 10 * ROUNDS];
    for (at, call) in calls.iter().enumerate() {
        let (round, kind) = (at / 10, KINDS[at % 10]);
        assert_eq!(call[0], kind, "call {at}");
        let counted = match kind {
            "pwrite" | "pread" => text(&call[1]),
            "lseek" => text(&call[2]),
            _ => continue,
        };
        assert_eq!(counted, round.to_string(), "argument of call {at}");
    }
    // what follows is the end of the program
    assert!(events.len() - first - 10 * ROUNDS < 10, "{:?}", &events[first + 10 * ROUNDS..]);

    let others = bench.events("proc.name != ten_kinds and evt.type != execve", &["evt.type", "proc.name"]);
    assert!(others.is_empty(), "{others:?}");
}
