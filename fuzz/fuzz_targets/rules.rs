//! A rule file, all the way: YAML, items, names, types, and the program if there is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::eval::evaluate_block;
use sysreel::replay::rules::{Compiler, RuleFile, Severity};
use sysreel_fuzz::{check_diagnostics, with_blocks};

/// Stands between two files in one input.
const NEXT_FILE: &str = "\n#----\n";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let texts = text.split(NEXT_FILE).take(3);
    let files: Vec<RuleFile> = texts.enumerate().map(|(at, text)| RuleFile::new(format!("{at}.yaml"), text)).collect();
    let mut compiler = Compiler::new();
    for file in &files {
        compiler.add_file(file.clone());
    }
    let (rules, found) = compiler.build();
    check_diagnostics(&found, &files);
    if found.iter().any(|found| found.severity == Severity::Error) {
        return;
    }
    let program = Program::compile(&rules, &Selection::default());
    with_blocks(|blocks| {
        for block in blocks {
            evaluate_block(&program, block).expect("the block is whole");
        }
    });
});
