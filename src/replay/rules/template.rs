//! Output texts -> [`Template`]s.

use std::ops::Range;

use super::ast::{Base, FieldArg, FieldExpr, FieldRef, Template, TemplatePart};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, TypedField, check_source, resolve_field, resolve_value};
use super::names;
use super::parser::{parse_bracket, parse_transformed_start};
use super::print::bracket_text;
use crate::replay::fields::{ArgRule, Source};

/// The widest field; `%30proc.name` cuts or fills the value to 30 bytes.
const WIDTH_LIMIT: usize = 10_000;

/// What is wrong with an output text, and where in it.
#[derive(Debug)]
pub(super) struct TemplateProblem {
    pub(super) span: Range<usize>,
    pub(super) problem: FieldProblem,
}

/// A template, and everything that is wrong with it. `%container.info` stands for nothing, as in Falco 0.44, where the
/// container's fields are added to every alert anyway.
///
/// With a source, fields of other sources are unknown.
pub(super) fn read_template(text: &str, source: Option<Source>) -> (Template, Vec<TemplateProblem>) {
    let mut reader = Reader { text, source, at: 0, parts: Vec::new(), plain: String::new(), problems: Vec::new() };
    while let Some(percent) = text.get(reader.at..).and_then(|rest| rest.find('%')) {
        let percent = reader.at + percent;
        reader.plain.push_str(text.get(reader.at..percent).unwrap_or(""));
        reader.at = percent + 1;
        reader.read_after_percent(percent);
    }
    reader.plain.push_str(text.get(reader.at..).unwrap_or(""));
    reader.flush_plain();
    (Template { parts: reader.parts }, reader.problems)
}

struct Reader<'t> {
    text: &'t str,
    source: Option<Source>,
    at: usize,
    parts: Vec<TemplatePart>,
    plain: String,
    problems: Vec<TemplateProblem>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn flush_plain(&mut self) {
        if !self.plain.is_empty() {
            self.parts.push(TemplatePart::Text(std::mem::take(&mut self.plain)));
        }
    }

    fn report(&mut self, span: Range<usize>, code: Code, message: String, help: Option<String>) {
        self.problems.push(TemplateProblem { span, problem: FieldProblem { code, message, help } });
    }

    fn read_after_percent(&mut self, percent: usize) {
        if self.rest().starts_with('%') {
            self.at += 1;
            self.plain.push('%');
            return;
        }
        if self.rest().starts_with("container.info") {
            self.at += "container.info".len();
            let help = Some("leave it out, or name `%container.id` and `%container.name`".to_owned());
            let message = "`%container.info` is deprecated and stands for nothing".to_owned();
            self.report(percent..self.at, Code::Deprecated, message, help);
            return;
        }
        let Some(width) = self.take_width(percent) else { return };
        let start = self.at;
        let found = match parse_transformed_start(self.rest()) {
            Ok(Some((raw, length))) => {
                self.at += length;
                let moved = |span: Range<usize>| span.start + start..span.end + start;
                resolve_value(&raw).map_err(|(problem, span)| (problem, moved(span)))
            }
            Ok(None) => match self.take_field(percent) {
                Some(found) => found,
                None => return,
            },
            Err(error) => {
                let span = error.span.start + start..error.span.end + start;
                // What follows is not read: it may be the rest of what could not be.
                self.report(span, Code::OutputSyntax, error.message, error.help);
                return;
            }
        };
        let found = found.and_then(|typed| {
            let Some(source) = self.source else { return Ok(typed) };
            let wrong = typed.expr.fields().into_iter().find_map(|field| check_source(field.field, source).err());
            wrong.map_or(Ok(typed), |problem| Err((problem, percent..self.at)))
        });
        match found {
            Ok(field) => {
                let source = self.text.get(start..self.at).unwrap_or("");
                self.push_field(field.expr, source, width);
            }
            Err((problem, span)) => self.problems.push(TemplateProblem { span, problem }),
        }
    }

    fn push_field(&mut self, expr: FieldExpr, written: &str, width: Option<usize>) {
        self.flush_plain();
        let source = match (written.split_once('['), &expr.base) {
            // In one form, whatever quotes the argument has.
            (Some((name, rest)), Base::Field(FieldRef { arg: FieldArg::Key(key), .. }))
                if rest.starts_with(['"', '\'']) =>
            {
                format!("{name}[{}]", bracket_text(key))
            }
            _ => written.to_owned(),
        };
        self.parts.push(TemplatePart::Field { expr, source, width });
    }

    /// The width in front of a field: `None` inside when there is none, outside when it is wrong and was reported.
    fn take_width(&mut self, percent: usize) -> Option<Option<usize>> {
        let digits = self.rest().len() - self.rest().trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        if digits == 0 {
            return Some(None);
        }
        let width = self.rest().get(..digits).and_then(|digits| digits.parse::<usize>().ok());
        self.at += digits;
        match width {
            // The engine takes a width of zero for none.
            Some(0) => Some(None),
            Some(width) if width <= WIDTH_LIMIT => Some(Some(width)),
            _ => {
                let message = format!("a field is at most {WIDTH_LIMIT} wide");
                self.report(percent..self.at, Code::OutputSyntax, message, None);
                None
            }
        }
    }

    /// The longest field that the text goes on with, and its argument in brackets. `None` where something is wrong that
    /// was reported.
    #[allow(clippy::type_complexity, reason = "a field, or what is wrong with it and where")]
    fn take_field(&mut self, percent: usize) -> Option<Result<TypedField, (FieldProblem, Range<usize>)>> {
        let rest = self.rest();
        let length = rest.find(|letter: char| !is_name_letter(letter)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or("");
        if word.is_empty() {
            let end = (self.at + rest.chars().next().map_or(0, char::len_utf8)).min(self.text.len());
            let message = "expected a field after `%`".to_owned();
            self.report(percent..end, Code::OutputSyntax, message, Some("write `%%` for a percent sign".to_owned()));
            return None;
        }
        let Some(length) = longest_field(word) else {
            self.at += length;
            let near = names::nearest_field(word.trim_end_matches('.'));
            let help = near.map(|near| format!("did you mean `%{near}`?"));
            let named = word.trim_end_matches('.');
            let message = format!("there is no field `{named}`");
            self.report(percent..percent + 1 + named.len(), Code::UnknownField, message, help);
            return None;
        };
        let name = rest.get(..length).unwrap_or("");
        self.at += length;
        let takes_argument = names::find_field(name).is_none_or(|field| field.arg != ArgRule::None);
        // A field that takes no argument can have a bracket after it, as any text; so can one with a dotted argument.
        let bracket = match parse_bracket(self.rest()) {
            Ok(Some((arg, length))) if takes_argument && names::find_field(name).is_some() => {
                self.at += length;
                Some(arg)
            }
            Err(error) if takes_argument && names::find_field(name).is_some() => {
                let span = percent..self.at + error.span.end;
                self.report(span, Code::OutputSyntax, error.message, error.help);
                return None;
            }
            Ok(_) | Err(_) => None,
        };
        Some(resolve_field(name, bracket.as_deref()).map_err(|problem| (problem, percent..self.at)))
    }
}

fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '/')
}

/// The length of the longest field, with an argument after a dot, that a word starts with.
fn longest_field(word: &str) -> Option<usize> {
    // No name is longer, and words of a hostile text may be.
    const LENGTH_LIMIT: usize = 128;
    let mut length = word.len().min(LENGTH_LIMIT);
    while length > 0 {
        if let Some(field) = word.get(..length).and_then(names::find_field) {
            return Some(length + dotted_argument(field.name, field.arg, word.get(length..).unwrap_or("")));
        }
        length -= 1;
    }
    None
}

/// The length of the dotted argument, with its dot, that follows a field's name; 0 for none.
fn dotted_argument(name: &str, rule: ArgRule, after: &str) -> usize {
    let Some(argument) = after.strip_prefix('.') else { return 0 };
    if rule == ArgRule::None {
        return 0;
    }
    let known = |accept: &dyn Fn(&str) -> bool| {
        (1..=argument.len().min(64)).rev().find(|length| argument.get(..*length).is_some_and(accept)).map(|at| at + 1)
    };
    let word = argument.trim_end_matches(['.', '-', '/']).len();
    match name {
        "evt.arg" | "evt.rawarg" => known(&|text| names::param_type(text).is_some()).unwrap_or(1 + word),
        "evt.abspath" => known(&|text| matches!(text, "src" | "dst")).unwrap_or(0),
        "evt.type.is" => known(&|text| names::is_event_name(text) || text.parse::<u32>().is_ok()).unwrap_or(1 + word),
        _ if name == "thread.cgroup" || name.ends_with(".label") => 1 + word,
        _ => 0,
    }
}
