//! Captures of Falco and sysdig come out as Falco has them: every field of every event, and every alert; and the alerts
//! are those of the naive evaluator, byte for byte.
//!
//! The data is the folder `golden` beside Falco's schema (its README says how it was made). What may differ stands in
//! `data/golden-differences.txt`, with the reason. `SYSREEL_GOLDEN=details` prints an example of each difference,
//! `SYSREEL_GOLDEN_STRICT` in the environment makes each that is not listed a failure,
//! `SYSREEL_GOLDEN_CAPTURE=d2` looks at the captures whose name has that in it.

mod alerts;
mod differences;
mod evaluation;
mod events;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sysreel::format::Reader;
use sysreel::replay::output::JsonPrinter;

use crate::falco_data::falco_data;
use crate::printed::printed;
use differences::Allowed;
use events::{Class, Found};

/// So many values of a million may differ without a line in the list.
const UNEXPLAINED_PER_MILLION: u64 = 100;

fn wants_details() -> bool {
    std::env::var("SYSREEL_GOLDEN").as_deref() == Ok("details")
}

/// Whether every single difference that is not listed fails the test.
fn is_strict() -> bool {
    std::env::var_os("SYSREEL_GOLDEN_STRICT").is_some()
}

/// Every capture's name, those with most events first, so that none is left over when the others are done.
fn captures(golden: &Path) -> Vec<String> {
    let part = std::env::var("SYSREEL_GOLDEN_CAPTURE").unwrap_or_default();
    let mut found: Vec<(u64, String)> = std::fs::read_dir(golden.join("captures"))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (entry.metadata().unwrap().len(), name.strip_suffix(".scap.gz").unwrap().to_owned())
        })
        .filter(|(_, name)| name.contains(&part))
        .collect();
    found.sort_by_key(|(size, name)| (std::cmp::Reverse(*size), name.clone()));
    assert!(!found.is_empty(), "no capture has `{part}` in its name");
    found.into_iter().map(|(_, name)| name).collect()
}

fn open(golden: &Path, capture: &str) -> Reader {
    let name = format!("{capture}.scap.gz");
    let file = File::open(golden.join("captures").join(&name)).unwrap();
    sysreel::capture::import::open(&name, Box::new(file)).unwrap()
}

/// Does something for each capture, several at a time, and gives what came of it in the captures' order.
fn for_each_capture<T: Send>(golden: &Path, work: impl Fn(&str) -> T + Sync) -> Vec<(String, T)> {
    let names = captures(golden);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(name);
                    done.lock().unwrap().insert(name.clone(), result);
                }
            });
        }
    });
    done.into_inner().unwrap().into_iter().collect()
}

fn golden_folder() -> Option<PathBuf> {
    falco_data("golden")
}

#[test]
fn every_field_of_every_event_is_falcos() {
    let Some(golden) = golden_folder() else { return };
    let allowed = Allowed::read();
    let fields = events::fields(&golden);
    let mut all: BTreeMap<Class, Found> = BTreeMap::new();
    let (mut values, mut allowed_values) = (0, 0);
    let mut open_classes = Vec::new();
    for (capture, report) in for_each_capture(&golden, |capture| events::compare(&golden, capture, &fields)) {
        values += report.values;
        for (class, found) in report.classes {
            if allowed.allows(&capture, &class) {
                allowed_values += found.count;
                continue;
            }
            let sum = all
                .entry(class)
                .or_insert_with(|| Found { count: 0, example: format!("{capture}: {}", found.example) });
            sum.count += found.count;
        }
    }
    let mut by_field: BTreeMap<&str, u64> = BTreeMap::new();
    for (class, found) in &all {
        *by_field.entry(&class.field).or_default() += found.count;
        open_classes.push((found.count, class, &found.example));
    }
    open_classes.sort_by_key(|(count, class, _)| (std::cmp::Reverse(*count), *class));
    let different: u64 = all.values().map(|found| found.count).sum();
    eprintln!("{values} values compared; {different} differ, and {allowed_values} that may");
    let mut by_field: Vec<_> = by_field.into_iter().collect();
    by_field.sort_by_key(|(field, count)| (std::cmp::Reverse(*count), *field));
    for (field, count) in &by_field {
        eprintln!("{count:8} {field}");
    }
    if wants_details() {
        for (count, class, example) in &open_classes {
            eprintln!("{count:8} {} of {}: {example}", class.field, class.event);
        }
    }
    assert!(
        different * 1_000_000 <= values * UNEXPLAINED_PER_MILLION,
        "{different} of {values} values differ (SYSREEL_GOLDEN=details shows examples)"
    );
    let unlisted: Vec<_> =
        open_classes.iter().map(|(_, class, _)| format!("{} of {}", class.field, class.event)).collect();
    assert!(unlisted.is_empty() || !is_strict(), "differences that are not listed: {unlisted:#?}");
    let stale = allowed.unused();
    assert!(
        std::env::var_os("SYSREEL_GOLDEN_CAPTURE").is_some() || stale.is_empty(),
        "listed, but no longer so: {stale:#?}"
    );
}

#[test]
fn every_alert_is_falcos() {
    let Some(golden) = golden_folder() else { return };
    let Some(rules) = falco_data("rules") else { return };
    let programs = alerts::programs(&rules);
    let mut failures = Vec::new();
    let mut sets = 0;
    for (capture, reports) in for_each_capture(&golden, |capture| alerts::compare(&golden, capture, &programs)) {
        for report in reports {
            sets += 1;
            if let Err(difference) = report {
                failures.push(format!("{capture}: {difference}"));
            }
        }
    }
    eprintln!("{} of {sets} sets of alerts are the same", sets - failures.len());
    eprintln!("{}", failures.join("\n"));
    assert!(failures.is_empty(), "not all alerts are Falco's");
}

#[test]
fn the_bytes_printed_are_those_that_the_naive_evaluator_gives() {
    let Some(golden) = golden_folder() else { return };
    let Some(folder) = falco_data("rules") else { return };
    let (rules, program) = evaluation::upstream_rules(&folder);
    let done = for_each_capture(&golden, |capture| {
        let reel = evaluation::as_reel(&golden, capture);
        (evaluation::compare(&golden, capture, &reel, &rules, &program), reel)
    });
    let lines: usize = done.iter().map(|(_, (lines, _))| lines).sum();
    assert!(lines > 0, "nothing was printed at all");
    // all captures in one, in the order of time
    let together = |threads| {
        let readers = done.iter().map(|(capture, (_, reel))| evaluation::read(capture, reel)).collect();
        printed(readers, &program, &JsonPrinter::default(), threads, true)
    };
    let expected = together(1);
    for threads in [2, 3, 8] {
        assert_eq!(together(threads), expected, "{threads} threads");
    }
}
