//! Rule files from disk to typed rules; every problem of all of them is printed at once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use sysreel::replay::rules::{Compiler, Diagnostic, RuleFile, Severity, TypedRule, builtin_rules, diagnostic};

use crate::terminal::Terminal;

/// The rules of these files, in this order, or the built-in ones if there are none. `None` if they have errors; those
/// were printed then, as are warnings in any case.
pub(crate) fn load_rules(paths: &[PathBuf], terminal: &Terminal) -> anyhow::Result<Option<Vec<TypedRule>>> {
    let files = if paths.is_empty() { vec![builtin_rules()] } else { read_files(paths)? };
    let mut compiler = Compiler::new();
    for file in &files {
        compiler.add_file(file.clone());
    }
    let (rules, diagnostics) = compiler.build();
    let usable = print_diagnostics(&diagnostics, &files, terminal);
    Ok(usable.then_some(rules))
}

/// Prints diagnostics on standard error; whether none of them is an error.
pub(crate) fn print_diagnostics(diagnostics: &[Diagnostic], files: &[RuleFile], terminal: &Terminal) -> bool {
    if diagnostics.is_empty() {
        return true;
    }
    terminal.note(&diagnostic::render(diagnostics, files, terminal.color_stderr));
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    if errors > 0 {
        let plural = if errors == 1 { "problem" } else { "problems" };
        terminal.note(&format!("sysreel: {errors} {plural}; nothing was evaluated"));
    }
    errors == 0
}

/// Reads all files; the error names every one that cannot be read.
fn read_files(paths: &[PathBuf]) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = Vec::with_capacity(paths.len());
    let mut problems = Vec::new();
    for path in paths {
        match read_file(path) {
            Ok(file) => files.push(file),
            Err(error) => problems.push(format!("{error:#}")),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(anyhow!(problems.join("\n"))) }
}

fn read_file(path: &Path) -> anyhow::Result<RuleFile> {
    let name = path.display().to_string();
    let bytes = fs::read(path).with_context(|| format!("{name}: cannot read the rule file"))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| anyhow!("{name}: not a rule file: byte {} is no UTF-8", error.utf8_error().valid_up_to()))?;
    Ok(RuleFile::new(name, text))
}
