//! Whole files through the compiler.
#![allow(clippy::unwrap_used)]

use super::diagnostic::render;
use super::*;

fn compile(files: &[RuleFile]) -> (Vec<TypedRule>, Vec<Diagnostic>) {
    let mut compiler = Compiler::new();
    files.iter().for_each(|file| compiler.add_file(file.clone()));
    compiler.build()
}

#[test]
#[allow(clippy::print_stdout)]
fn scratch() {
    let names: Vec<String> = std::env::var("SCRATCH").unwrap_or_default().split(' ').map(str::to_owned).collect();
    let files: Vec<RuleFile> = names
        .iter()
        .filter(|n| !n.is_empty())
        .map(|name| RuleFile::new(name.clone(), std::fs::read_to_string(name).unwrap()))
        .collect();
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let _ = compile(&files);
        println!("{:?}", start.elapsed());
    }
    let (rules, found) = compile(&files);
    println!("{} rules, {} found\n{}", rules.len(), found.len(), render(&found, &files, false));
}
