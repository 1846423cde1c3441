//! Loading rule files: from their text to rules that can be evaluated, and to a program.
//!
//! The upstream rule files are read from SYSREEL_FALCO_DATA, or from `shared/falco` beside the project; without them
//! their benchmarks say so and measure nothing.

#![allow(missing_docs, clippy::print_stderr, reason = "a benchmark that says what it leaves out")]

use std::path::PathBuf;
use std::sync::LazyLock;

use divan::Bencher;
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::rules::{Compiler, RuleFile, Severity, TypedRule, builtin_rules};

fn main() {
    divan::main();
}

/// Stable, incubating and sandbox rules, in load order: what the promise of 15 ms is about.
const UPSTREAM: [&str; 3] = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

static UPSTREAM_FILES: LazyLock<Option<Vec<RuleFile>>> = LazyLock::new(|| {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/falco");
    let folder = std::env::var_os("SYSREEL_FALCO_DATA").map_or(beside, PathBuf::from).join("rules");
    let files = UPSTREAM.iter().map(|name| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map(|text| RuleFile::new(*name, text)).map_err(|error| (path, error))
    });
    match files.collect() {
        Ok(files) => Some(files),
        Err((path, error)) => {
            eprintln!("skipped: {}: {error} (set SYSREEL_FALCO_DATA)", path.display());
            None
        }
    }
});

fn load(files: &[RuleFile]) -> Vec<TypedRule> {
    let mut compiler = Compiler::new();
    for file in files {
        compiler.add_file(file.clone());
    }
    let (rules, problems) = compiler.build();
    assert!(problems.iter().all(|problem| problem.severity != Severity::Error), "{problems:?}");
    rules
}

#[divan::bench]
fn load_builtin_rules(bencher: Bencher<'_, '_>) {
    let files = [builtin_rules()];
    bencher.bench_local(|| load(&files));
}

#[divan::bench]
fn load_upstream_rules(bencher: Bencher<'_, '_>) {
    if let Some(files) = UPSTREAM_FILES.as_deref() {
        bencher.bench_local(|| load(files));
    }
}

#[divan::bench]
fn load_and_compile_upstream_rules(bencher: Bencher<'_, '_>) {
    if let Some(files) = UPSTREAM_FILES.as_deref() {
        bencher.bench_local(|| Program::compile(&load(files), &Selection::default()));
    }
}
