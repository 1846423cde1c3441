//! From rule files to rules that can be evaluated.

use super::ast::{Expr, Template, TypedRule};
use super::diagnostic::Diagnostic;
use super::file::RuleFile;

/// Collects rule files, in load order, and turns them into [`TypedRule`]s.
#[derive(Debug, Default)]
pub struct Compiler {
    files: Vec<RuleFile>,
}

impl Compiler {
    /// A compiler without files.
    pub fn new() -> Compiler {
        Compiler::default()
    }

    /// Adds a file after those already added. Later files may append to, override and redefine items of earlier ones.
    pub fn add_file(&mut self, file: RuleFile) {
        self.files.push(file);
    }

    /// The rules of all files, in load order, and all problems of all files, in the order of files and places.
    ///
    /// With any problem of [`Severity::Error`](super::Severity::Error) the rules are incomplete and must not be used.
    pub fn build(self) -> (Vec<TypedRule>, Vec<Diagnostic>) {
        (Vec::new(), Vec::new())
    }
}

/// Parses and checks a condition that stands alone: no macros or lists are known in it.
///
/// # Errors
/// All problems found; their file is [`RuleFile::CONDITION`].
pub fn parse_condition(text: &str) -> Result<Expr, Vec<Diagnostic>> {
    let _ = text;
    Err(Vec::new())
}

/// Parses an output text with fields in it.
///
/// # Errors
/// All problems found; their file is [`RuleFile::TEMPLATE`].
pub fn parse_template(text: &str) -> Result<Template, Vec<Diagnostic>> {
    let _ = text;
    Err(Vec::new())
}
