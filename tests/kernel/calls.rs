//! Calls of every family with arguments that are known: the file holds each with every parameter of the event table, in
//! the event table's own numbers and bytes, and nothing in between.
//!
//! `tests/programs/calls` makes the calls and prints what it passed and got, in the notation that its `calls.h`
//! describes. What it cannot do on this machine it says itself.

mod capture;
mod expectation;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::OnceLock;

use sysreel::format::schema::{EVENTS, EventKind, EventSource};

use self::capture::{Recorded, read_capture};
use self::expectation::Expectation;
use super::{Bench, kernel_test};

/// Marks that the program makes by closing descriptors that nobody has.
const BEGIN: i64 = -70001;
const END: i64 = -70002;
const HIDE: i64 = -70003;
const SHOW: i64 = -70004;

/// What was recorded, and what was to be.
struct Run {
    events: BTreeMap<i64, Vec<Recorded>>,
    /// By family, then by thread.
    families: BTreeMap<String, BTreeMap<i64, Vec<Expectation>>>,
    /// What could not be done here.
    skipped: Vec<String>,
    info: serde_json::Value,
}

/// The program is recorded once for all tests; they all fail if it cannot be.
fn recorded() -> &'static Run {
    static RUN: OnceLock<Result<Run, String>> = OnceLock::new();
    let run = RUN.get_or_init(|| {
        let bench = Bench::new();
        let program = bench.program("calls");
        let folder = bench.path("files");
        std::fs::create_dir(&folder).unwrap();
        let run = bench.record(&["--events", "all"], &[&program, &folder]);
        if run.status != Some(0) || bench.info()["lost"] != 0 {
            return Err(format!("{:?} {}", run.status, run.stderr));
        }
        let mut families: BTreeMap<String, BTreeMap<i64, Vec<Expectation>>> = BTreeMap::new();
        let mut skipped = Vec::new();
        for line in run.stdout.lines() {
            let [family, tid, text] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            match text.strip_prefix("skip ") {
                Some(reason) => skipped.push(reason.to_owned()),
                None => {
                    let of_thread = families.entry(family.to_owned()).or_default();
                    of_thread.entry(tid.parse().unwrap()).or_default().push(Expectation::parse(text));
                }
            }
        }
        for reason in &skipped {
            // The harness swallows what print macros write.
            let _ = writeln!(std::io::stderr(), "skipped: {reason}");
        }
        Ok(Run { events: read_capture(&bench.path("a.reel")), families, skipped, info: bench.info() })
    });
    run.as_ref().unwrap_or_else(|error| panic!("the program was not recorded: {error}"))
}

/// The number that a `close` was given.
fn closed(event: &Recorded) -> Option<i64> {
    (event.kind == EventKind::CLOSE).then(|| event.int(1))?
}

/// What lies between the marks of a family's thread, but for what it hides; `None` for a thread without marks.
fn between_marks(events: &[Recorded]) -> Option<Vec<&Recorded>> {
    let begin = events.iter().position(|event| closed(event) == Some(BEGIN))?;
    let end = events.iter().position(|event| closed(event) == Some(END)).expect("what is begun is ended");
    let mut is_hidden = false;
    let mut kept = Vec::new();
    for event in &events[begin + 1..end] {
        match closed(event) {
            Some(HIDE) => is_hidden = true,
            Some(SHOW) => is_hidden = false,
            _ if is_hidden => {}
            _ => kept.push(event),
        }
    }
    Some(kept)
}

/// Holds what was recorded of a family to what its program did.
fn check(family: &str) {
    let run = recorded();
    let expected = run.families.get(family).unwrap_or_else(|| panic!("the program has no family {family}"));
    let mut wrong = Vec::new();
    for (tid, expected) in expected {
        let events = run.events.get(tid).map(Vec::as_slice).unwrap_or_default();
        match between_marks(events) {
            Some(found) => {
                for (found, expected) in found.iter().zip(expected) {
                    wrong.extend(expected.differences(found));
                }
                if found.len() != expected.len() {
                    wrong.push(format!("{} events instead of {}", found.len(), expected.len()));
                }
            }
            // another process or thread: its events are there in this order, beside those of its start and end
            None => {
                let mut rest = events.iter();
                for expected in expected {
                    let same_name: Vec<&Recorded> =
                        rest.clone().filter(|event| event.name() == expected.name).collect();
                    if rest.any(|event| expected.differences(event).is_empty()) {
                        continue;
                    }
                    match same_name.first() {
                        Some(event) => wrong.extend(expected.differences(event)),
                        None => wrong.push(format!("no {} of thread {tid}: {}", expected.name, expected.line)),
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! families {
    ($($test:ident => $family:literal,)*) => {
        $(
            #[test]
            fn $test() {
                kernel_test!();
                check($family);
            }
        )*

        #[test]
        fn every_family_of_the_program_has_its_test() {
            kernel_test!();
            let tested = BTreeSet::from([$($family),*]);
            assert_eq!(recorded().families.keys().map(String::as_str).collect::<BTreeSet<_>>(), tested);
        }
    };
}

families! {
    files_are_opened_as_asked_for => "opening",
    paths_are_those_that_were_passed => "paths",
    modes_and_owners_are_those_that_were_passed => "ownership",
    data_is_what_went_through => "data",
    descriptors_are_made_and_ended => "descriptors",
    mounts_have_their_flags_and_file_systems_their_settings => "mounts",
    processes_and_threads_are_made_and_end => "processes",
    programs_have_their_arguments_and_environment => "programs",
    credentials_and_capabilities_are_those_asked_for => "credentials",
    signals_go_to_whom_they_were_sent => "signals",
    memory_limits_and_time_are_those_asked_for => "memory",
    sockets_have_their_addresses => "addresses",
    options_of_sockets_have_their_values => "options",
    messages_have_their_data_and_their_ends => "messages",
    descriptors_that_were_waited_for_are_listed => "waiting",
    namespaces_are_those_that_were_named => "namespaces",
    modules_programs_keys_and_rings_enter_the_kernel => "kernel",
    semaphores_have_their_operations => "semaphores",
    quotas_have_their_limits => "quotas",
    calls_without_an_event_of_their_own_have_their_name => "generic",
    large_arguments_are_kept_up_to_their_limits => "large",
}

#[test]
fn every_event_of_a_system_call_is_expected_somewhere() {
    kernel_test!();
    let run = recorded();
    let told: BTreeSet<&str> =
        run.families.values().flat_map(BTreeMap::values).flatten().map(|expected| expected.name.as_str()).collect();
    // of 32-bit machines
    let absent = ["send", "recv", "stat64", "lstat64", "fstat64", "llseek", "mmap2", "umount"];
    let missing: Vec<&str> = EVENTS
        .iter()
        .filter(|event| event.source == EventSource::Syscall && !absent.contains(&event.name))
        .map(|event| event.name)
        .filter(|name| !told.contains(name))
        .filter(|name| !run.skipped.iter().any(|reason| reason.starts_with(name)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_cut_or_cannot_be_read_is_told_by_info() {
    kernel_test!();
    let shortfalls = &recorded().info["shortfalls"];
    // one openat, both paths of one rename, three execve
    assert!(shortfalls["truncated_argument"].as_u64().unwrap() >= 5, "{shortfalls}");
    // open, readv and poll of a pointer to nowhere
    assert!(shortfalls["unreadable_pointer"].as_u64().unwrap() >= 3, "{shortfalls}");
}
