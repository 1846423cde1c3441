//! Problems of rule files, conditions and output texts, as data and as text for people.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::ast::Span;
use super::file::RuleFile;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Severity {
    /// The files must not be used.
    Error,
    /// Probably not what was meant; the files load.
    Warning,
}

/// A problem, with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What sort of problem.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// Name of the [`RuleFile`].
    pub file: String,
    /// Bytes of the file's text.
    pub span: Span,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What could be done about it.
    pub help: Option<String>,
}

/// The sorts of problems; [`Code::name`] is what users see and may silence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Code {
    /// The file is not YAML.
    YamlError,
}

impl Code {
    /// The name: `unknown-field`.
    pub const fn name(self) -> &'static str {
        match self {
            Code::YamlError => "yaml-error",
        }
    }
}

/// Renders problems as compilers do: code, message, file with line and column, the source line with a caret, help.
///
/// `sources` are the files the problems are in; a problem of a file not among them is shown without its line.
/// The result ends in a line break unless it is empty.
pub fn render(diagnostics: &[Diagnostic], sources: &[RuleFile], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.name());
        let source = sources.iter().find(|source| source.name == diagnostic.file);
        let mut group = match source {
            Some(source) => title.element(
                Snippet::source(source.text.as_str())
                    .path(source.name.as_str())
                    .annotation(AnnotationKind::Primary.span(clamp_span(&source.text, &diagnostic.span))),
            ),
            None => title.element(Level::NOTE.message(format!("in {}", diagnostic.file))),
        };
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n", renderer.render(&[group]));
    }
    text
}

/// A span that lies inside the text, on character boundaries.
fn clamp_span(text: &str, span: &Span) -> Span {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}
