//! Evaluation over the golden captures: the bytes that a replay prints are those that are due.

use std::path::Path;

use sysreel::format::{BlockOptions, CaptureHeader, Reader, Writer};
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::output::JsonPrinter;
use sysreel::replay::rules::{Compiler, RuleFile, TypedRule};

use crate::printed::{printed, printed_naively};

/// Captures of more bytes are compared among numbers of threads only: the naive evaluator would take minutes.
const LARGEST_NAIVE: u64 = 200_000;

/// All upstream rules on system calls, those too that their files switch off.
pub(super) fn upstream_rules(folder: &Path) -> (Vec<TypedRule>, Program) {
    let mut compiler = Compiler::new();
    for name in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
        compiler.add_file(RuleFile::new(name, std::fs::read_to_string(folder.join(name)).unwrap()));
    }
    let (mut rules, _) = compiler.build();
    rules.retain(|rule| rule.source == "syscall");
    rules.iter_mut().for_each(|rule| rule.enabled = true);
    let program = Program::compile(&rules, &Selection::default());
    (rules, program)
}

/// Events of a block, so that a capture of some thousand events has several.
pub(super) const SMALL_BLOCK: usize = 512;

/// The capture in our own form, with so many events to a block.
pub(super) fn as_reel(golden: &Path, capture: &str, rows: usize) -> Vec<u8> {
    let mut reader = super::open_in_blocks(golden, capture, BlockOptions { rows, ..BlockOptions::default() });
    let header = CaptureHeader { host_name: capture.to_owned(), ..reader.header().clone() };
    let mut writer = Writer::new(Vec::new(), &header).unwrap();
    while let Some(block) = reader.next_block(&mut |_| true) {
        let block = block.unwrap().into_unencoded().unwrap();
        writer.write_block(block.encode().unwrap()).unwrap();
    }
    writer.finish_into().unwrap().1
}

pub(super) fn read(capture: &str, reel: &[u8]) -> Reader {
    Reader::from_bytes(capture, reel.to_vec()).unwrap()
}

/// Compares what is printed of a capture, encoded and as it is imported; how many lines that is.
pub(super) fn compare(golden: &Path, capture: &str, reel: &[u8], rules: &[TypedRule], program: &Program) -> usize {
    let printer = JsonPrinter::default();
    let size = std::fs::metadata(golden.join("captures").join(format!("{capture}.scap.gz"))).unwrap().len();
    let expected = if size <= LARGEST_NAIVE {
        printed_naively(read(capture, reel), rules, program, &printer)
    } else {
        [false, true].map(|all| printed(vec![read(capture, reel)], program, &printer, 1, all))
    };
    for (all, expected) in [false, true].into_iter().zip(&expected) {
        for threads in [1, 2, 3, 8] {
            let found = printed(vec![read(capture, reel)], program, &printer, threads, all);
            assert_eq!(&found, expected, "{capture}, {threads} threads, all matches: {all}");
        }
        let large = as_reel(golden, capture, BlockOptions::default().rows);
        let found = printed(vec![read(capture, &large)], program, &printer, 2, all);
        assert_eq!(&found, expected, "{capture}, large blocks, all matches: {all}");
    }
    expected.iter().map(|expected| expected.lines().count()).sum()
}
