//! Problems of rule files, conditions and output texts, as data and as text for people.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::ast::Span;
use super::engine_code::{EngineCode, Stage, engine_code};
use super::file::RuleFile;
use super::location::Location;

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
    /// The items around it, outermost first; empty outside rule files.
    pub context: Vec<Location>,
    /// When it was found.
    pub stage: Stage,
}

impl Diagnostic {
    /// A problem outside the items of rule files.
    pub fn new(code: Code, file: impl Into<String>, span: Span, message: String, help: Option<String>) -> Diagnostic {
        let (severity, file) = (code.severity(), file.into());
        Diagnostic { code, severity, file, span, message, help, context: Vec::new(), stage: Stage::Read }
    }

    /// The engine's code for it.
    pub fn engine_code(&self) -> EngineCode {
        engine_code(self)
    }
}

/// The sorts of problems; [`Code::name`] is what users see and may silence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Code {
    /// The file cannot be read from the disk, or is no text.
    FileUnreadable,
    /// The file is not YAML.
    YamlError,
    /// A document is not a list of items.
    NotAList,
    /// An entry of the file is not a mapping.
    NotAnItem,
    /// An item lacks a key it must have.
    MissingKey,
    /// A key has no value.
    EmptyValue,
    /// A key has a value that it cannot take.
    InvalidValue,
    /// `override` names a key or an operation that cannot be overridden so.
    InvalidOverride,
    /// Something is appended to, or replaces parts of, an item that does not exist.
    NoSuchItem,
    /// The file requires a newer engine.
    EngineVersion,
    /// An exception whose fields, comparisons and values do not fit together.
    ExceptionInvalid,
    /// A condition cannot be parsed.
    ConditionSyntax,
    /// A condition with its macros in place is too large or too deep.
    ConditionTooLarge,
    /// A condition names a macro that does not exist, or not yet.
    UnknownMacro,
    /// A macro refers to itself.
    MacroCycle,
    /// A condition names a list that does not exist.
    UndefinedList,
    /// A list of several values stands where one value is expected.
    ListNeedsParentheses,
    /// There is no such field.
    UnknownField,
    /// A field lacks its argument, or has one it does not take.
    FieldArgument,
    /// `evt.type` is compared with a name that no event has.
    UnknownEventType,
    /// An operator or a transformer that the type of the field does not take.
    TypeMismatch,
    /// A value that is not of the type of the field.
    InvalidOperand,
    /// An output text cannot be parsed.
    OutputSyntax,
    /// The name of a list or macro has letters that no condition could refer to.
    InvalidName,
    /// An item has a key that means nothing.
    UnknownKey,
    /// A key is there twice; the first one counts.
    DuplicateKey,
    /// An entry of the file is no known sort of item.
    UnknownItem,
    /// A rule for events of another source; it is not evaluated.
    UnknownSource,
    /// A rule with `skip-if-unknown-filter` names something unknown; it is not evaluated.
    SkippedRule,
    /// No rule uses this macro.
    UnusedMacro,
    /// No condition uses this list.
    UnusedList,
    /// A list refers to a list that the engine does not put in its place.
    NestedList,
    /// The rule is tried on (nearly) every event.
    NoEventType,
    /// `evt.dir` never is `>`: an event is a whole system call.
    EnterEvents,
    /// Something that still works and has a better way now.
    Deprecated,
    /// An exception is appended without values.
    AppendNoValues,
    /// Exceptions of one rule share a name.
    ExceptionNameNotUnique,
    /// `<NA>` is compared as a text; a missing value never equals it.
    UnsafeNaCheck,
    /// The name of a field, or a transformer, is compared as a text.
    FieldAsText,
    /// A regular expression that the engine cannot read, and with which nothing is equal.
    InvalidRegex,
    /// A regular expression that a simpler operator could replace.
    PlainRegex,
}

impl Code {
    /// All of them, errors first.
    pub const ALL: &[Code] = &[
        Code::FileUnreadable,
        Code::YamlError,
        Code::NotAList,
        Code::NotAnItem,
        Code::MissingKey,
        Code::EmptyValue,
        Code::InvalidValue,
        Code::InvalidOverride,
        Code::NoSuchItem,
        Code::EngineVersion,
        Code::ExceptionInvalid,
        Code::ConditionSyntax,
        Code::ConditionTooLarge,
        Code::UnknownMacro,
        Code::MacroCycle,
        Code::UndefinedList,
        Code::ListNeedsParentheses,
        Code::UnknownField,
        Code::FieldArgument,
        Code::UnknownEventType,
        Code::TypeMismatch,
        Code::InvalidOperand,
        Code::OutputSyntax,
        Code::InvalidName,
        Code::UnknownKey,
        Code::DuplicateKey,
        Code::UnknownItem,
        Code::UnknownSource,
        Code::SkippedRule,
        Code::UnusedMacro,
        Code::UnusedList,
        Code::NestedList,
        Code::NoEventType,
        Code::EnterEvents,
        Code::Deprecated,
        Code::AppendNoValues,
        Code::ExceptionNameNotUnique,
        Code::UnsafeNaCheck,
        Code::FieldAsText,
        Code::InvalidRegex,
        Code::PlainRegex,
    ];

    /// The name: `unknown-field`.
    pub const fn name(self) -> &'static str {
        match self {
            Code::FileUnreadable => "file-unreadable",
            Code::YamlError => "yaml-error",
            Code::NotAList => "not-a-list",
            Code::NotAnItem => "not-an-item",
            Code::MissingKey => "missing-key",
            Code::EmptyValue => "empty-value",
            Code::InvalidValue => "invalid-value",
            Code::InvalidName => "invalid-name",
            Code::InvalidOverride => "invalid-override",
            Code::NoSuchItem => "no-such-item",
            Code::EngineVersion => "engine-version",
            Code::ExceptionInvalid => "exception-invalid",
            Code::ConditionSyntax => "condition-syntax",
            Code::ConditionTooLarge => "condition-too-large",
            Code::UnknownMacro => "unknown-macro",
            Code::MacroCycle => "macro-cycle",
            Code::UndefinedList => "undefined-list",
            Code::ListNeedsParentheses => "list-needs-parentheses",
            Code::UnknownField => "unknown-field",
            Code::FieldArgument => "field-argument",
            Code::UnknownEventType => "unknown-event-type",
            Code::TypeMismatch => "type-mismatch",
            Code::InvalidOperand => "invalid-operand",
            Code::OutputSyntax => "output-syntax",
            Code::UnknownKey => "unknown-key",
            Code::DuplicateKey => "duplicate-key",
            Code::UnknownItem => "unknown-item",
            Code::UnknownSource => "unknown-source",
            Code::SkippedRule => "skipped-rule",
            Code::UnusedMacro => "unused-macro",
            Code::UnusedList => "unused-list",
            Code::NestedList => "nested-list",
            Code::NoEventType => "no-event-type",
            Code::EnterEvents => "enter-events",
            Code::Deprecated => "deprecated",
            Code::AppendNoValues => "append-no-values",
            Code::ExceptionNameNotUnique => "exception-name-not-unique",
            Code::UnsafeNaCheck => "unsafe-na-check",
            Code::FieldAsText => "field-as-text",
            Code::InvalidRegex => "invalid-regex",
            Code::PlainRegex => "plain-regex",
        }
    }

    /// How bad problems of this sort are.
    pub const fn severity(self) -> Severity {
        match self {
            Code::FileUnreadable
            | Code::YamlError
            | Code::NotAList
            | Code::NotAnItem
            | Code::MissingKey
            | Code::EmptyValue
            | Code::InvalidValue
            | Code::InvalidOverride
            | Code::NoSuchItem
            | Code::EngineVersion
            | Code::ExceptionInvalid
            | Code::ConditionSyntax
            | Code::ConditionTooLarge
            | Code::UnknownMacro
            | Code::MacroCycle
            | Code::UndefinedList
            | Code::ListNeedsParentheses
            | Code::UnknownField
            | Code::FieldArgument
            | Code::UnknownEventType
            | Code::TypeMismatch
            | Code::InvalidOperand
            | Code::OutputSyntax => Severity::Error,
            Code::InvalidName
            | Code::UnknownKey
            | Code::DuplicateKey
            | Code::UnknownItem
            | Code::UnknownSource
            | Code::SkippedRule
            | Code::UnusedMacro
            | Code::UnusedList
            | Code::NestedList
            | Code::NoEventType
            | Code::EnterEvents
            | Code::Deprecated
            | Code::AppendNoValues
            | Code::ExceptionNameNotUnique
            | Code::UnsafeNaCheck
            | Code::FieldAsText
            | Code::InvalidRegex
            | Code::PlainRegex => Severity::Warning,
        }
    }
}

/// Renders problems as compilers do: code, message, file with line and column, the source line with a caret, help.
///
/// `sources` are the files the problems are in; a problem of a file not among them is shown without its line.
/// The result ends in a line break unless it is empty.
pub fn render(diagnostics: &[Diagnostic], sources: &[RuleFile], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let line_starts: Vec<Vec<usize>> = sources.iter().map(|source| line_starts(&source.text)).collect();
    let mut text = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.name());
        let source = sources.iter().zip(&line_starts).find(|(source, _)| source.name == diagnostic.file);
        let mut group = match source {
            Some((source, starts)) => {
                let (lines, span, first_line) = lines_around(&source.text, starts, &diagnostic.span);
                title.element(
                    Snippet::source(lines)
                        .line_start(first_line)
                        .path(source.name.as_str())
                        .annotation(AnnotationKind::Primary.span(span)),
                )
            }
            // The message names the file.
            None if diagnostic.code == Code::FileUnreadable => Group::with_title(title),
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

/// The bytes at which lines start.
fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// The lines that a span touches, the span in them, and the number of the first. The renderer walks what it is given once
/// for each problem, and files can be large.
fn lines_around<'t>(text: &'t str, starts: &[usize], span: &Span) -> (&'t str, Span, usize) {
    let span = clamp_span(text, span);
    let line = starts.partition_point(|start| *start <= span.start).saturating_sub(1);
    let next = starts.partition_point(|start| *start < span.end.max(span.start + 1));
    let from = starts.get(line).copied().unwrap_or(0);
    let to = starts.get(next).copied().unwrap_or(text.len()).max(span.end);
    let lines = text.get(from..to).unwrap_or("");
    let lines = if to > span.end { lines.strip_suffix('\n').unwrap_or(lines) } else { lines };
    (lines, span.start - from..span.end - from, line + 1)
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
