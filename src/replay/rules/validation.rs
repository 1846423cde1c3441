//! What is wrong with rule files when they are loaded one after the other, as an engine that runs does.

use rustc_hash::FxHashSet;

use super::ast::TypedRule;
use super::diagnostic::{Diagnostic, Severity};
use super::engine_code::Stage;
use super::file::RuleFile;
use super::loading::{Loading, Work};

/// What loading one file after those before it came to.
#[derive(Clone, Debug, Default)]
pub struct FileResult {
    /// Name of the file.
    pub name: String,
    /// Problems of its own items, and of everything that was loaded so far.
    pub diagnostics: Vec<Diagnostic>,
}

impl FileResult {
    /// Whether there is no error.
    pub fn is_successful(&self) -> bool {
        !self.diagnostics.iter().any(|found| found.severity == Severity::Error)
    }
}

/// What came of all files.
#[derive(Debug, Default)]
pub struct Validation {
    /// The rules of all files together.
    pub rules: Vec<TypedRule>,
    /// The problems of all files together, and errors of those that cannot be loaded without later ones; in the order of
    /// files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// File by file.
    pub results: Vec<FileResult>,
}

/// Checks files in load order.
///
/// A file is loaded before those that follow it are known: what it refers to must be there by then. A warning of an earlier
/// item stands in the results of later files too, unless they mend it.
pub fn validate(files: &[RuleFile]) -> Validation {
    load_all(files).0
}

/// The same, and how much was done for it.
pub(super) fn load_all(files: &[RuleFile]) -> (Validation, Work) {
    let mut validation = Validation::default();
    let mut of_prefixes = Vec::new();
    let mut loading = Loading::new(files);
    for (at, file) in files.iter().enumerate() {
        loading.load(at);
        let is_last = at + 1 == files.len();
        let is_wanted = |of: usize| is_last || files.get(of).is_some_and(|of| of.name == file.name);
        let mut diagnostics = loading.diagnostics(&is_wanted);
        if is_last {
            validation.diagnostics.clone_from(&diagnostics);
        } else {
            of_prefixes.extend(diagnostics.iter().filter(|found| found.severity == Severity::Error).cloned());
        }
        diagnostics.retain(|found| found.stage == Stage::Compile || found.file == file.name);
        validation.results.push(FileResult { name: file.name.clone(), diagnostics });
    }
    let work = loading.work;
    validation.rules = loading.into_rules();
    add_mended(&mut validation.diagnostics, of_prefixes);
    let position = |name: &str| files.iter().position(|file| file.name == name);
    validation.diagnostics.sort_by_key(|found| (position(&found.file), found.span.start));
    (validation, work)
}

/// Adds the errors that were there before a later file mended them.
fn add_mended(diagnostics: &mut Vec<Diagnostic>, of_prefixes: Vec<Diagnostic>) {
    let known = |found: &Diagnostic| (found.code, found.file.clone(), found.span.clone(), found.message.clone());
    let mut seen: FxHashSet<_> = diagnostics.iter().map(known).collect();
    for found in of_prefixes {
        if seen.insert(known(&found)) {
            let help = Some("a file that is loaded later mends this, which is too late".to_owned());
            diagnostics.push(Diagnostic { help, ..found });
        }
    }
}
