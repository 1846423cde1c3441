//! What an audit log costs from its bytes to printed alerts, over a made-up log of 32 MiB.
//!
//! `cargo bench --bench audit`. `read_*` makes blocks of it; `replay` is the whole way with the built-in rules.
//! `SYSREEL_BENCH_LOG=FILE:MEGABYTES` writes such a log and ends, for who wants to measure the program itself.

#![allow(missing_docs, reason = "a benchmark")]

mod audit_log;

use std::io::{Cursor, Write as _};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use flate2::Compression;
use flate2::write::GzEncoder;
use sysreel::capture::audit;
use sysreel::format::Reader;
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::eval::{ReplayOptions, replay};
use sysreel::replay::output::JsonPrinter;
use sysreel::replay::rules::{Compiler, builtin_rules};

static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| audit_log::audit_log(32 << 20));
static GZIP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&LOG).and_then(|()| encoder.finish()).expect("memory takes every write")
});
/// One list with all events, an event on each line.
static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let events: Vec<&[u8]> = LOG.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    [b"{\"kind\":\"EventList\",\"items\":[\n", events.join(b",\n".as_slice()).as_slice(), b"]}\n"].concat()
});

fn main() {
    let Ok(wanted) = std::env::var("SYSREEL_BENCH_LOG") else { return divan::main() };
    let (file, megabytes) = wanted.rsplit_once(':').expect("FILE:MEGABYTES");
    let bytes = megabytes.parse::<usize>().expect("a number of megabytes") << 20;
    std::fs::write(file, audit_log::audit_log(bytes)).expect("the file can be written");
}

fn open(log: &[u8]) -> Reader {
    audit::open("bench.log", Box::new(Cursor::new(log.to_vec()))).expect("memory is always read")
}

fn events_of(mut reader: Reader) -> u64 {
    let mut events = 0;
    while let Some(block) = reader.next_block(&mut |_| true) {
        events += u64::from(block.expect("a log without faults").header().rows);
    }
    events
}

fn bench_reading(bencher: Bencher<'_, '_>, log: &[u8]) {
    bencher.counter(BytesCount::new(LOG.len())).bench(|| events_of(open(log)));
}

#[divan::bench(sample_count = 20)]
fn read_lines(bencher: Bencher<'_, '_>) {
    bench_reading(bencher, &LOG);
}

#[divan::bench(sample_count = 20)]
fn read_gzip(bencher: Bencher<'_, '_>) {
    bench_reading(bencher, &GZIP);
}

#[divan::bench(sample_count = 20)]
fn read_list(bencher: Bencher<'_, '_>) {
    bench_reading(bencher, &LIST);
}

#[divan::bench(args = [1, 2], sample_count = 20)]
fn replay_builtin_rules(bencher: Bencher<'_, '_>, threads: usize) {
    let mut compiler = Compiler::new();
    compiler.add_file(builtin_rules());
    let program = Program::compile(&compiler.build().0, &Selection::default());
    let options = ReplayOptions { threads, ..ReplayOptions::default() };
    bencher.counter(BytesCount::new(LOG.len())).bench(|| {
        replay(vec![open(&LOG)], &program, &options, &JsonPrinter::default(), &mut std::io::sink()).expect("a sink")
    });
}
