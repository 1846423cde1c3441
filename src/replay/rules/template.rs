//! Output texts -> [`Template`]s.

use std::ops::Range;

use super::ast::{Template, TemplatePart, Transformer};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, TypedField, check_source, resolve_field};
use super::names;
use super::syntax::TRANSFORMERS;
use crate::replay::fields::{ArgRule, Source};

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
        let start = self.at;
        let mut transformers = Vec::new();
        while let Some((transformer, length)) = self.transformer() {
            transformers.push(transformer);
            self.at += length;
            self.at += self.rest().len() - self.rest().trim_start().len();
        }
        let Some((name, bracket)) = self.take_field(percent) else { return };
        for _ in &transformers {
            self.at += self.rest().len() - self.rest().trim_start().len();
            if !self.rest().starts_with(')') {
                let message = "the parenthesis of this transformer is not closed".to_owned();
                self.report(percent..self.at, Code::OutputSyntax, message, None);
                return;
            }
            self.at += 1;
        }
        transformers.reverse();
        let of_source = |field: TypedField| match self.source {
            Some(source) => check_source(field.expr.field, source).map(|()| field),
            None => Ok(field),
        };
        match resolve_field(name, bracket, &transformers).and_then(of_source) {
            Ok(field) => {
                self.flush_plain();
                let source = self.text.get(start..self.at).unwrap_or("").to_owned();
                self.parts.push(TemplatePart::Field { expr: field.expr, source });
            }
            Err(problem) => self.problems.push(TemplateProblem { span: percent..self.at, problem }),
        }
    }

    fn transformer(&self) -> Option<(Transformer, usize)> {
        TRANSFORMERS.iter().find_map(|(name, transformer)| {
            let rest = self.rest().strip_prefix(name)?;
            rest.starts_with('(').then_some((*transformer, name.len() + 1))
        })
    }

    /// The longest field that the text goes on with, and its argument in brackets. The problem is reported.
    fn take_field(&mut self, percent: usize) -> Option<(&'t str, Option<&'t str>)> {
        let rest = self.rest();
        let length = rest.find(|letter: char| !is_name_letter(letter)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or("");
        if word.is_empty() {
            let end = (percent + 1 + rest.chars().next().map_or(0, char::len_utf8)).min(self.text.len());
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
        let Some(inside) = self.rest().strip_prefix('[') else {
            return Some((name, None));
        };
        let Some(end) = inside.find(']') else {
            // A field that takes no argument can have a bracket after it, as any text.
            if names::find_field(name).is_some_and(|field| field.arg == ArgRule::None) {
                return Some((name, None));
            }
            let message = "the bracket after this field is not closed".to_owned();
            self.report(percent..self.at + 1, Code::OutputSyntax, message, None);
            return None;
        };
        if names::find_field(name).is_none_or(|field| field.arg == ArgRule::None) {
            return Some((name, None));
        }
        self.at += end + 2;
        let argument = inside.get(..end).unwrap_or("");
        Some((name, Some(argument.trim_matches(['"', '\'']))))
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
