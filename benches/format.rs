//! What building, encoding, reading and decoding blocks costs, over a made-up build of 200,000 events.
//!
//! `cargo bench --bench format`; the first line says how many bytes an event takes.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod workload;

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use sysreel::format::schema::Physical;
use sysreel::format::{Block, CaptureHeader, Reader, Writer};
use workload::Workload;

static WORKLOAD: LazyLock<Workload> = LazyLock::new(|| Workload::build(200_000));
static CAPTURE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = Writer::new(Vec::new(), &CaptureHeader::default()).expect("memory takes every write");
    for block in WORKLOAD.blocks() {
        let block = block.finish().encode().expect("within the limits");
        writer.write_block(block).expect("memory takes every write");
    }
    writer.finish_into().expect("memory takes every write").1
});

fn main() {
    let (events, bytes) = (WORKLOAD.len(), CAPTURE.len());
    println!("{events} events, {bytes} bytes: {:.2} bytes/event", bytes as f64 / events as f64);
    divan::main();
}

fn decoded() -> Vec<Block> {
    let mut reader = Reader::from_bytes("bench.reel", CAPTURE.clone()).expect("a file just written");
    std::iter::from_fn(|| reader.next_block(&mut |_| true))
        .map(|block| block.and_then(|block| block.decode()).expect("a file just written"))
        .collect()
}

fn events() -> ItemsCount {
    ItemsCount::new(WORKLOAD.len())
}

#[divan::bench]
fn push_events(bencher: Bencher<'_, '_>) {
    bencher.counter(events()).bench_local(|| WORKLOAD.blocks());
}

#[divan::bench(sample_count = 10)]
fn encode_blocks(bencher: Bencher<'_, '_>) {
    bencher.counter(events()).with_inputs(|| WORKLOAD.blocks()).bench_local_values(|blocks| {
        blocks.into_iter().map(|block| block.finish().encode().expect("within the limits").frame_len()).sum::<usize>()
    });
}

#[divan::bench]
fn read_and_check_blocks(bencher: Bencher<'_, '_>) {
    bencher.counter(events()).bench_local(decoded);
}

/// Reads something of every decoded block.
fn bench_decode(bencher: Bencher<'_, '_>, read: fn(&Block)) {
    bencher.counter(events()).with_inputs(decoded).bench_local_refs(|blocks| blocks.iter().for_each(read));
}

#[divan::bench]
fn decode_times(bencher: Bencher<'_, '_>) {
    bench_decode(bencher, |block| {
        divan::black_box(block.ts_ns().expect("whole"));
    });
}

#[divan::bench]
fn decode_positions(bencher: Bencher<'_, '_>) {
    bench_decode(bencher, |block| {
        for &(kind, _) in block.kinds() {
            divan::black_box(block.table(kind).expect("it is there").seq().expect("whole"));
        }
    });
}

#[divan::bench]
fn decode_references(bencher: Bencher<'_, '_>) {
    bench_decode(bencher, |block| {
        for &(kind, _) in block.kinds() {
            let table = block.table(kind).expect("it is there");
            divan::black_box((table.thread().expect("whole"), table.fd().expect("whole")));
        }
    });
}

#[divan::bench]
fn decode_parameters(bencher: Bencher<'_, '_>) {
    bench_decode(bencher, |block| {
        for &(kind, _) in block.kinds() {
            let table = block.table(kind).expect("it is there");
            for (at, param) in kind.info().expect("a known kind").params.iter().enumerate() {
                match param.ty.physical() {
                    Physical::Int => divan::black_box(table.param_int(at).map(|_| ())).expect("whole"),
                    Physical::Bytes => divan::black_box(table.param_bytes(at).map(|_| ())).expect("whole"),
                }
            }
        }
    });
}
