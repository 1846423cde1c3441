//! What rules cost: compiling them, and evaluating them over a made-up build of 1,000,000 events.
//!
//! `cargo bench --bench eval`. `replay_*` is the whole way from a capture in memory to printed alerts.

#![allow(missing_docs, reason = "a benchmark")]

mod workload;

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use sysreel::format::{Block, BlockBuilder, BlockOptions, CaptureHeader, Reader, Writer};
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::eval::{AlertPrinter, ReplayOptions, evaluate_block, replay};
use sysreel::replay::output::{Columns, EventLinePrinter, JsonPrinter, OutputFormat, TextPrinter};
use sysreel::replay::rules::{Compiler, TypedRule, builtin_rules, parse_condition};
use workload::Workload;

const EVENTS: usize = 1_000_000;

static CAPTURE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut writer = Writer::new(Vec::new(), &CaptureHeader::default()).expect("memory takes every write");
    let mut block = BlockBuilder::new(BlockOptions::default());
    let mut write = |block: BlockBuilder| {
        let block = block.finish().encode().expect("within the limits");
        writer.write_block(block).expect("memory takes every write");
    };
    Workload::build(EVENTS).each(|event| {
        block.push(event);
        if block.is_full() {
            write(std::mem::replace(&mut block, BlockBuilder::new(BlockOptions::default())));
        }
    });
    write(block);
    writer.finish_into().expect("memory takes every write").1
});

fn main() {
    divan::main();
}

fn reader() -> Reader {
    Reader::from_bytes("bench.reel", CAPTURE.clone()).expect("a file just written")
}

fn rules() -> Vec<TypedRule> {
    let mut compiler = Compiler::new();
    compiler.add_file(builtin_rules());
    compiler.build().0
}

fn program() -> Program {
    Program::compile(&rules(), &Selection::default())
}

fn events() -> ItemsCount {
    ItemsCount::new(EVENTS)
}

#[divan::bench]
fn compile_builtin_rules(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(rules).bench_local_refs(|rules| Program::compile(rules, &Selection::default()));
}

/// Blocks with their directories parsed and no column read yet.
fn blocks() -> Vec<Block> {
    let mut reader = reader();
    std::iter::from_fn(|| reader.next_block(&mut |_| true))
        .map(|block| block.and_then(|block| block.decode()).expect("a file just written"))
        .collect()
}

fn bench_blocks(bencher: Bencher<'_, '_>, program: &Program) {
    bencher.counter(events()).with_inputs(blocks).bench_local_refs(|blocks| {
        blocks.iter().map(|block| evaluate_block(program, block).expect("whole").len()).sum::<usize>()
    });
}

#[divan::bench(sample_count = 20)]
fn evaluate_builtin_rules(bencher: Bencher<'_, '_>) {
    bench_blocks(bencher, &program());
}

#[divan::bench(sample_count = 20)]
fn evaluate_one_event_type(bencher: Bencher<'_, '_>) {
    let condition = parse_condition("evt.type = execve").expect("valid");
    bench_blocks(bencher, &Program::of_events(Some(&condition)));
}

#[divan::bench(sample_count = 20)]
fn evaluate_a_name_in_every_event(bencher: Bencher<'_, '_>) {
    let condition = parse_condition("proc.name contains zzz or fd.name contains zzz").expect("valid");
    bench_blocks(bencher, &Program::of_events(Some(&condition)));
}

/// Dimension atoms: asked of threads and descriptors.
#[divan::bench(sample_count = 20)]
fn evaluate_dimensions(bencher: Bencher<'_, '_>) {
    let condition = parse_condition("proc.name = zzz or container.id = host or user.name = zzz or fd.type = pipe");
    bench_blocks(bencher, &Program::of_events(Some(&condition.expect("valid"))));
}

/// Row atoms: asked of each event.
#[divan::bench(sample_count = 20)]
fn evaluate_arguments(bencher: Bencher<'_, '_>) {
    let condition = parse_condition("evt.rawres > 1000000 or evt.arg.name contains zzz or evt.buffer contains zzz");
    bench_blocks(bencher, &Program::of_events(Some(&condition.expect("valid"))));
}

/// What the headers of blocks say before they are read.
#[divan::bench]
fn judge_containers(bencher: Bencher<'_, '_>) {
    let program = program();
    let ids = ["3ad7b26ded6d".to_owned()];
    bencher.bench_local(|| program.prospects(divan::black_box(&ids)));
}

#[divan::bench(args = [1, 2], sample_count = 20)]
fn replay_builtin_rules(bencher: Bencher<'_, '_>, threads: usize) {
    let program = program();
    let options = ReplayOptions { threads, ..ReplayOptions::default() };
    bencher.counter(events()).with_inputs(reader).bench_local_values(|reader| {
        replay(vec![reader], &program, &options, &JsonPrinter::default(), &mut std::io::sink()).expect("a sink")
    });
}

/// Prints every event.
fn bench_printer(bencher: Bencher<'_, '_>, threads: usize, printer: &(dyn AlertPrinter + Sync)) {
    let program = Program::of_events(None);
    let options = ReplayOptions { threads, ..ReplayOptions::default() };
    bencher.counter(events()).with_inputs(reader).bench_local_values(|reader| {
        replay(vec![reader], &program, &options, printer, &mut std::io::sink()).expect("a sink")
    });
}

#[divan::bench(args = [1, 2], sample_count = 4)]
fn print_lines(bencher: Bencher<'_, '_>, threads: usize) {
    bench_printer(bencher, threads, &EventLinePrinter);
}

#[divan::bench(args = [1, 2], sample_count = 4)]
fn print_columns(bencher: Bencher<'_, '_>, threads: usize) {
    let format = OutputFormat::parse("evt.num,evt.type,proc.name,fd.name").expect("valid");
    bench_printer(bencher, threads, &TextPrinter { format: Some(format) });
}

#[divan::bench(args = [1, 2], sample_count = 4)]
fn print_json(bencher: Bencher<'_, '_>, threads: usize) {
    let columns = Columns::parse(Columns::EVENTS).expect("valid");
    bench_printer(bencher, threads, &JsonPrinter { format: Some(OutputFormat::Columns(columns)) });
}
