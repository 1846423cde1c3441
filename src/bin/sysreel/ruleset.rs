//! Rule files from disk to typed rules; every problem of all of them is printed at once.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use anyhow::{Context, anyhow, bail};
use sysreel::replay::rules::{Code, Compiler, Diagnostic, RuleFile, Severity, TypedRule, builtin_rules, diagnostic};

use crate::terminal::Terminal;

/// No rule file is larger; what is, is no rule file.
const FILE_BYTES: u64 = 64 << 20;

/// The rules of these files and folders, in this order, or the built-in ones if there are none. `None` if they have
/// errors; those were printed then, as are warnings in any case, but for those that are silenced.
pub(crate) fn load_rules(
    paths: &[PathBuf],
    silenced: &[Code],
    terminal: &Terminal,
) -> anyhow::Result<Option<Vec<TypedRule>>> {
    let files = read_or_builtin(paths)?;
    let mut compiler = Compiler::new();
    for file in &files {
        compiler.add_file(file.clone());
    }
    let (rules, mut diagnostics) = compiler.build();
    diagnostics.retain(|found| !silenced.contains(&found.code));
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

/// The files, or the built-in rules if there are none; the error names every file that cannot be read.
pub(crate) fn read_or_builtin(paths: &[PathBuf]) -> anyhow::Result<Vec<RuleFile>> {
    if paths.is_empty() {
        return Ok(vec![builtin_rules()]);
    }
    let (files, unreadable) = read_rule_files(paths);
    if unreadable.is_empty() {
        return Ok(files);
    }
    let problems: Vec<&str> = unreadable.iter().map(|problem| problem.message.as_str()).collect();
    Err(anyhow!(problems.join("\n")))
}

/// Reads files, and of folders the files in them whose names end in .yaml or .yml, in the order of their names, without
/// rule tests. What cannot be read is a problem of its own.
pub(crate) fn read_rule_files(paths: &[PathBuf]) -> (Vec<RuleFile>, Vec<Diagnostic>) {
    let mut files: Vec<RuleFile> = Vec::with_capacity(paths.len());
    let mut problems = Vec::new();
    let mut take = |path: &Path| {
        let name = path.display().to_string();
        match read_text(path) {
            Ok(text) => files.push(RuleFile::new(name, text)),
            Err(error) => problems.push(unreadable(name, &error)),
        }
    };
    let mut folders = Vec::new();
    for path in paths {
        if !path.is_dir() {
            take(path);
            continue;
        }
        match rule_files_in(path) {
            Ok(found) => found.iter().for_each(|path| take(path)),
            Err(error) => folders.push(unreadable(path.display().to_string(), &error)),
        }
    }
    problems.extend(folders);
    (files, problems)
}

fn unreadable(name: String, error: &anyhow::Error) -> Diagnostic {
    let message = format!("{name}: {error:#}");
    Diagnostic::new(Code::FileUnreadable, name, 0..0, message, None)
}

/// The rule files of a folder, in the order of their names.
pub(crate) fn rule_files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut tests = 0;
    for entry in fs::read_dir(folder).context("cannot read the folder")? {
        let path = entry.context("cannot read the folder")?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if !is_yaml || !path.is_file() {
            continue;
        }
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_test_file) {
            tests += 1;
        } else {
            found.push(path);
        }
    }
    if found.is_empty() {
        let besides = if tests > 0 { " besides rule tests" } else { "" };
        bail!("there is no .yaml or .yml file in this folder{besides}");
    }
    found.sort();
    Ok(found)
}

/// Whether a file of this name holds rule tests. They may stand beside the rules that they test.
pub(crate) fn is_test_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let Some(stem) = lower.strip_suffix(".yaml").or_else(|| lower.strip_suffix(".yml")) else { return false };
    matches!(stem, "test" | "tests") || stem.ends_with(".test") || stem.ends_with(".tests")
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes))
        .context("cannot read the rule file")?;
    if bytes.len() as u64 > FILE_BYTES {
        bail!("not a rule file: it is larger than {} MiB", FILE_BYTES >> 20);
    }
    String::from_utf8(bytes).map_err(|error| anyhow!("not a rule file: {}", describe_encoding(&error)))
}

/// Why bytes are no text.
pub(crate) fn describe_encoding(error: &FromUtf8Error) -> String {
    if error.as_bytes().starts_with(b"\xff\xfe") || error.as_bytes().starts_with(b"\xfe\xff") {
        return "it is UTF-16; save it as UTF-8".to_owned();
    }
    format!("byte {} is no UTF-8", error.utf8_error().valid_up_to())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_known_by_their_names() {
        for name in ["tests.yaml", "test.yml", "shells.test.yaml", "Shells.Tests.YML"] {
            assert!(is_test_file(name), "{name}");
        }
        for name in ["rules.yaml", "contest.yaml", "tests.json", "shells.test.yaml.bak"] {
            assert!(!is_test_file(name), "{name}");
        }
    }
}
