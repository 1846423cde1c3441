//! Whole files through the compiler.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::diagnostic::render;
use super::wrong_files::check_explanations;
use super::*;

fn compile(files: &[RuleFile]) -> (Vec<TypedRule>, Vec<Diagnostic>) {
    let mut compiler = Compiler::new();
    files.iter().for_each(|file| compiler.add_file(file.clone()));
    compiler.build()
}

fn errors(found: &[Diagnostic]) -> Vec<Diagnostic> {
    found.iter().filter(|found| found.severity == Severity::Error).cloned().collect()
}

/// Upstream's rules and test suite, where they are. They do not belong in this repository.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn falco_data(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/falco");
    let folder = std::env::var_os("SYSREEL_FALCO_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no {} (set SYSREEL_FALCO_DATA)", path.display());
    None
}

fn read_file(path: &Path) -> RuleFile {
    let name = path.file_name().unwrap().to_string_lossy();
    RuleFile::new(name, std::fs::read_to_string(path).unwrap())
}

#[test]
fn upstream_rules_load_alone_and_together() {
    let Some(folder) = falco_data("rules") else { return };
    let names = [
        ("falco_rules.yaml", 25),
        ("falco-incubating_rules.yaml", 31),
        ("falco-sandbox_rules.yaml", 37),
        ("falco-deprecated_rules.yaml", 4),
        ("k8s_audit_rules.yaml", 48),
    ];
    let files: Vec<RuleFile> = names.iter().map(|(name, _)| read_file(&folder.join(name))).collect();
    for (file, (name, rules)) in files.iter().zip(names) {
        let (typed, found) = compile(std::slice::from_ref(file));
        assert_eq!(errors(&found), [], "{name}: {}", render(&found, &files, false));
        assert_eq!(typed.len(), rules, "{name}");
    }
    let (typed, found) = compile(&files);
    assert_eq!(errors(&found), [], "{}", render(&found, &files, false));
    assert_eq!(typed.len(), 97 + 48);
}

#[test]
fn the_built_in_rules_load_without_a_warning() {
    let file = builtin_rules();
    let (rules, found) = compile(std::slice::from_ref(&file));
    assert_eq!(found, [], "{}", render(&found, &[file], false));
    assert_eq!(rules.len(), 21);
}

#[test]
fn wrong_files_are_explained() {
    let mut codes = std::collections::BTreeSet::new();
    check_explanations("tests/data/rules", 80, |path| {
        let file = read_file(path);
        let (_, found) = compile(std::slice::from_ref(&file));
        codes.extend(found.iter().map(|found| found.code));
        render(&found, &[file], false)
    });
    // No text of a file has this: it is what files are that cannot be read.
    codes.insert(Code::FileUnreadable);
    let missing: Vec<&str> = Code::ALL.iter().filter(|code| !codes.contains(code)).map(|code| code.name()).collect();
    assert_eq!(missing, [""; 0], "no file has these problems");
}
