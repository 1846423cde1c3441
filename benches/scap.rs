//! What reading and writing `.scap` files costs, over a made-up build of 200,000 events.
//!
//! `cargo bench --bench scap`; the first line says how many bytes an event takes.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod workload;

use std::io::{Cursor, Write as _};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use sysreel::capture::import;
use sysreel::format::scap::{ScapExport, ScapItem, ScapOutput, ScapReader, ScapWrapping, Survey};
use sysreel::format::{Block, CaptureHeader, Reader};
use workload::Workload;

static WORKLOAD: LazyLock<Workload> = LazyLock::new(|| Workload::build(200_000));
static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| written(&decoded(), ScapWrapping::Plain));
static GZIP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut out = ScapOutput::new(Vec::new(), ScapWrapping::Gzip);
    out.write_all(&PLAIN).and_then(|()| out.finish()).expect("memory takes every write")
});

fn main() {
    let events = WORKLOAD.len() as f64;
    println!("{:.1} bytes/event, {:.1} with gzip", PLAIN.len() as f64 / events, GZIP.len() as f64 / events);
    divan::main();
}

fn decoded() -> Vec<Block> {
    let blocks = WORKLOAD.blocks().into_iter().map(|block| Ok(block.finish()));
    let mut reader = Reader::from_blocks("bench.reel", CaptureHeader::default(), blocks);
    std::iter::from_fn(|| reader.next_block(&mut |_| true))
        .map(|block| block.and_then(|block| block.decode()).expect("a block just built"))
        .collect()
}

fn written(blocks: &[Block], wrapping: ScapWrapping) -> Vec<u8> {
    let mut survey = Survey::new();
    for block in blocks {
        assert!(survey.take_block(block).is_empty(), "a block just built");
    }
    let out = ScapOutput::new(Vec::new(), wrapping);
    let mut export = ScapExport::new(out, &CaptureHeader::default(), survey).expect("memory takes every write");
    for block in blocks {
        export.write_block(block).expect("memory takes every write");
    }
    export.finish().and_then(|(_, out)| out.finish()).expect("memory takes every write")
}

/// Reads all of a file; the bytes of all parameters.
fn parsed(bytes: &[u8]) -> usize {
    let mut reader =
        ScapReader::open("bench.scap", Box::new(Cursor::new(bytes.to_vec()))).expect("a file just written");
    let mut total = 0;
    while let Some(item) = reader.next().expect("a file just written") {
        if let ScapItem::Event(event) = item {
            total += event.params().map(<[u8]>::len).sum::<usize>();
        }
    }
    total
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(WORKLOAD.len())).bench(|| parsed(&PLAIN));
}

#[divan::bench]
fn read_gzip(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(WORKLOAD.len())).bench(|| parsed(&GZIP));
}

/// All of the way into blocks: parsing, conversion, state, building.
#[divan::bench]
fn import(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(WORKLOAD.len())).bench(|| {
        let stream = Box::new(Cursor::new(PLAIN.clone()));
        let mut reader = import::open("bench.scap", stream).expect("a file just written");
        let blocks = std::iter::from_fn(|| reader.next_block(&mut |_| true));
        blocks.map(|block| block.expect("a file just written").header().rows).sum::<u32>()
    });
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let blocks = decoded();
    bencher.counter(ItemsCount::new(WORKLOAD.len())).bench_local(|| written(&blocks, ScapWrapping::Plain));
}
