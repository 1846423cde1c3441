//! Collects problems while files are compiled.

use rustc_hash::FxHashSet;

use super::ast::Span;
use super::diagnostic::{Code, Diagnostic, Severity};
use super::file::RuleFile;
use super::text::{Place, Text};

/// A problem whose file is known by its position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Problem {
    pub(super) place: Place,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn new(code: Code, place: Place, message: impl Into<String>) -> Problem {
        Problem { place, code, message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Problem {
        Problem { help: Some(help.into()), ..self }
    }

    /// With a help only where a near name was found.
    pub(super) fn did_you_mean(self, near: Option<&str>) -> Problem {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// The files, and what is wrong with them so far.
#[derive(Debug)]
pub(super) struct Problems<'f> {
    files: &'f [RuleFile],
    found: Vec<Problem>,
    known: FxHashSet<Problem>,
}

impl<'f> Problems<'f> {
    pub(super) fn new(files: &'f [RuleFile]) -> Problems<'f> {
        Problems { files, found: Vec::new(), known: FxHashSet::default() }
    }

    /// Where bytes of a text stand.
    pub(super) fn locate(&self, text: &Text<'_>, span: &Span) -> Place {
        text.locate(span, self.files)
    }

    /// Adds a problem unless the very same is there already.
    pub(super) fn push(&mut self, problem: Problem) {
        if self.known.insert(problem.clone()) {
            self.found.push(problem);
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|problem| problem.code.severity() == Severity::Error)
    }

    /// In the order of files and places.
    pub(super) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        // An item that could not be read takes its macros and lists with it: not the fault of who refers to them.
        if self.found.iter().any(|problem| problem.code == Code::YamlError) {
            self.found.retain(|problem| {
                !matches!(
                    problem.code,
                    Code::UnknownMacro | Code::UndefinedList | Code::UnusedMacro | Code::UnusedList | Code::NoSuchItem
                )
            });
        }
        self.found.sort_by_key(|problem| (problem.place.file, problem.place.span.start));
        let files = self.files;
        self.found
            .into_iter()
            .map(|problem| Diagnostic {
                code: problem.code,
                severity: problem.code.severity(),
                file: files.get(problem.place.file).map_or_else(String::new, |file| file.name.clone()),
                span: problem.place.span,
                message: problem.message,
                help: problem.help,
            })
            .collect()
    }
}
