//! Captures of Falco and sysdig come out as Falco has them: every field of every event, and every alert; and the alerts
//! are those of the naive evaluator, byte for byte.
//!
//! The data is the folder `golden` beside Falco's schema (its README says how it was made). What may differ stands in
//! `data/golden-differences.txt`, with the reason; anything else is a failure, and so is a line that nothing needs.
//! `SYSREEL_GOLDEN_CAPTURE=d2` looks at the captures whose name has that in it, `SYSREEL_GOLDEN_WIDTH=500` shows more
//! of each value.

mod alerts;
mod differences;
mod evaluation;
mod events;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sysreel::format::{BlockOptions, Reader};
use sysreel::replay::output::JsonPrinter;

use crate::falco_data::falco_data;
use crate::printed::printed;
use differences::Allowed;
use events::Class;

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
    open_in_blocks(golden, capture, BlockOptions::default())
}

fn open_in_blocks(golden: &Path, capture: &str, blocks: BlockOptions) -> Reader {
    let name = format!("{capture}.scap.gz");
    let file = File::open(golden.join("captures").join(&name)).unwrap();
    sysreel::capture::import::open_in_blocks(&name, Box::new(file), blocks).unwrap()
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
    let (mut values, mut allowed_values) = (0, 0);
    let mut open: BTreeMap<Class, (u64, String)> = BTreeMap::new();
    for (capture, report) in for_each_capture(&golden, |capture| events::compare(&golden, capture, &fields)) {
        values += report.values;
        for (class, differences) in report.classes {
            for difference in differences {
                if allowed.allows(&capture, &class, difference.num) {
                    allowed_values += 1;
                    continue;
                }
                let first = || (0, format!("{capture}: {}", difference.example));
                open.entry(class.clone()).or_insert_with(first).0 += 1;
            }
        }
    }
    let different: u64 = open.values().map(|(count, _)| count).sum();
    eprintln!("{values} values compared; {different} differ, and {allowed_values} that may");
    let mut open: Vec<_> = open.into_iter().collect();
    open.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (class, (count, example)) in &open {
        eprintln!("{count:8} {} of {}: {example}", class.field, class.event);
    }
    assert!(open.is_empty(), "{different} of {values} values differ and are not listed");
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
        let reel = evaluation::as_reel(&golden, capture, evaluation::SMALL_BLOCK);
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
