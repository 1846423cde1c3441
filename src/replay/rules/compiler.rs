//! From rule files to rules that can be evaluated.

use std::borrow::Cow;
use std::cell::RefCell;

use super::ast::{Expr, Template, TemplatePart, TypedRule};
use super::check::{Checked, except, is_of_enter_events, is_too_large};
use super::collection::{Collection, ListDef, MacroDef, RuleDef};
use super::description::{Description, describe};
use super::diagnostic::{Code, Diagnostic, Severity};
use super::engine_code::Stage;
use super::event_types::matches_too_many_types;
use super::exceptions::{check_exception, mark_lists};
use super::file::RuleFile;
use super::location::Part;
use super::parser;
use super::problems::{Problem, Problems};
use super::reader::read_file;
use super::scope::{Scope, Sight, foreign_fields, syntax_problem};
use super::template::read_template;
use super::text::{Place, Text};
use super::yaml::{Scalar, Style};
use crate::replay::fields::Source;

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
    /// Rules for events of a source that nothing here reads are left out, with a warning. With any problem of
    /// [`Severity::Error`] the rules are incomplete and must not be used.
    pub fn build(self) -> (Vec<TypedRule>, Vec<Diagnostic>) {
        let (rules, diagnostics, _) = build_files(&self.files, false);
        (rules, diagnostics)
    }

    /// What [`Compiler::build`] gives, with a description of every item, of rules for other sources too.
    pub fn describe(self) -> (Vec<TypedRule>, Vec<Diagnostic>, Description) {
        build_files(&self.files, true)
    }
}

/// Compiles files; the description is empty unless it is wanted.
pub(super) fn build_files(
    files: &[RuleFile],
    wants_description: bool,
) -> (Vec<TypedRule>, Vec<Diagnostic>, Description) {
    let mut problems = Problems::new(files);
    let mut collection = Collection::default();
    for (at, file) in files.iter().enumerate() {
        problems.begin(Stage::Read);
        let content = read_file(&file.text, at, &mut problems);
        problems.begin(Stage::Merge);
        collection.requirements.add(content.requirements);
        for item in content.items {
            collection.take(item, &mut problems);
        }
    }
    problems.begin(Stage::Compile);
    let problems = RefCell::new(problems);
    let scope = Scope::new(&collection, &problems);
    let rules = collection.rules.iter().filter_map(|rule| type_rule(rule, &scope, &problems)).collect();
    report_unused(&scope, &problems);
    let description =
        if wants_description { describe(&collection, &scope, &problems, files) } else { Description::default() };
    drop(scope);
    (rules, problems.into_inner().into_diagnostics(), description)
}

/// A rule's condition and output, checked. `None` where the rule cannot be evaluated; the reason is reported.
pub(super) fn type_rule<'c>(
    rule: &'c RuleDef<'c>,
    scope: &Scope<'c, '_, '_>,
    problems: &RefCell<Problems<'_>>,
) -> Option<TypedRule> {
    problems.borrow_mut().set_item(rule.mark.clone());
    let cond = rule.condition.as_ref().and_then(|text| match parser::parse(text.value()) {
        Ok(cond) => {
            scope.walk_names(&cond, text, Sight::ALL);
            Some((cond, text))
        }
        Err(error) => {
            let mut problems = problems.borrow_mut();
            let problem = syntax_problem(text, error, &problems);
            problems.push(problem);
            None
        }
    });
    let Some(source) = Source::by_name(&rule.source) else {
        rule.exceptions.iter().for_each(|exception| mark_lists(exception, scope));
        let message = format!("rule `{}` is for events of `{}` and is not evaluated", rule.name, rule.source);
        problems.borrow_mut().push(Problem::new(Code::UnknownSource, rule.place.clone(), message));
        return None;
    };
    let checked = match &cond {
        Some((cond, text)) => scope.check(cond, text, Sight::ALL),
        None => Checked::default(),
    };
    let exceptions: Vec<(Part, Checked)> = rule
        .exceptions
        .iter()
        .filter_map(|exception| Some((Part::Exception(exception.mark.clone()), check_exception(exception, scope)?)))
        .collect();
    let mut found: Vec<(Part, Problem)> = Vec::new();
    for (part, checked) in &exceptions {
        // What is wrong with values is found where they are compared: in the condition.
        let of_exception = |code| matches!(code, Code::ExceptionInvalid | Code::UnknownField | Code::FieldArgument);
        let part_of = |problem: &Problem| if of_exception(problem.code) { part.clone() } else { Part::Condition };
        let foreign = foreign_fields(checked, Some(source));
        found.extend(checked.problems.iter().cloned().chain(foreign).map(|problem| (part_of(&problem), problem)));
    }
    let checked = except(checked, exceptions.into_iter().map(|(_, checked)| checked).collect());
    for problem in scope.gather_problems(&checked, Some(source)) {
        if found.iter().all(|(_, known)| *known != problem) {
            found.push((Part::Condition, problem));
        }
    }
    if is_too_large(&checked) {
        let message = format!("rule `{}` is too large or nested too deep with its macros in place", rule.name);
        found.push((Part::Condition, Problem::new(Code::ConditionTooLarge, rule.place.clone(), message)));
    }
    let mut in_output = Vec::new();
    let output = rule.output.as_ref().map(|text| read_output(text, source, scope, &mut in_output)).unwrap_or_default();
    found.extend(in_output.into_iter().map(|problem| (Part::Output, problem)));
    let mut problems = problems.borrow_mut();
    if rule.skip_if_unknown_filter && is_only_unknown(&found) {
        let unknown = found.iter().find(|(_, problem)| problem.code.severity() == Severity::Error);
        let (part, reason) = unknown.map_or((Part::Whole, ""), |(part, problem)| (part.clone(), &problem.message));
        let message = format!("rule `{}` is skipped: {reason}", rule.name);
        problems.push_in(&part, Problem::new(Code::SkippedRule, rule.place.clone(), message));
        return None;
    }
    found.into_iter().for_each(|(part, problem)| problems.push_in(&part, problem));
    let condition = checked.expr?;
    if source == Source::Syscall && rule.warn_evttypes && matches_too_many_types(&condition) {
        let message = format!("rule `{}` is tried on nearly every event", rule.name);
        let problem = Problem::new(Code::NoEventType, rule.place.clone(), message);
        problems.push(problem.help("say which events it is about: `evt.type in (open, openat, openat2) and ...`"));
    }
    Some(TypedRule {
        name: rule.name.clone(),
        desc: rule.desc.clone(),
        condition,
        output,
        priority: rule.priority,
        tags: rule.tags.iter().cloned().collect(),
        source: rule.source.clone(),
        enabled: rule.enabled,
    })
}

/// Whether there are errors, all of them something that the engine does not know.
fn is_only_unknown(problems: &[(Part, Problem)]) -> bool {
    let mut errors = problems.iter().filter(|(_, problem)| problem.code.severity() == Severity::Error).peekable();
    let is_unknown = |code| matches!(code, Code::UnknownField | Code::UnknownEventType);
    errors.peek().is_some() && errors.all(|(_, problem)| is_unknown(problem.code))
}

/// The output of a rule, without blanks around it.
fn read_output(text: &Text<'_>, source: Source, scope: &Scope<'_, '_, '_>, found: &mut Vec<Problem>) -> Template {
    let value = text.value();
    let shift = value.len() - value.trim_start().len();
    let (template, wrong) = read_template(value.trim(), Some(source));
    for wrong in wrong {
        let place = scope.locate(text, &(wrong.span.start + shift..wrong.span.end + shift));
        let problem = wrong.problem;
        found.push(Problem { place, code: problem.code, message: problem.message, help: problem.help });
    }
    report_deprecated_fields(&template, text, scope, found);
    template
}

/// Fields that were of use while a call had an event for its start, too.
fn report_deprecated_fields(template: &Template, text: &Text<'_>, scope: &Scope<'_, '_, '_>, found: &mut Vec<Problem>) {
    for part in &template.parts {
        let TemplatePart::Field { expr, source, .. } = part else { continue };
        let names = expr.fields().into_iter().map(|field| field.field.name);
        let Some(name) = names.into_iter().find(|name| *name == "evt.dir" || is_of_enter_events(name)) else {
            continue;
        };
        // Between the percent sign and the field there may be a width.
        let at = text.value().find(&format!("%{source}")).or_else(|| text.value().find(source.as_str()));
        let start = at.unwrap_or(0);
        let place = scope.locate(text, &(start..start + source.len() + 1));
        let problem = Problem::new(Code::Deprecated, place, format!("`{name}` is deprecated"));
        found.push(problem.help("leave it out: one event stands for a whole call"));
    }
}

fn report_unused(scope: &Scope<'_, '_, '_>, problems: &RefCell<Problems<'_>>) {
    let mut problems = problems.borrow_mut();
    for unused in scope.unused_macros() {
        problems.set_item(unused.mark.clone());
        problems.push(unused_macro(unused));
    }
    for unused in scope.lists.unused() {
        problems.set_item(unused.mark.clone());
        problems.push(unused_list(unused));
    }
}

pub(super) fn unused_macro(found: &MacroDef<'_>) -> Problem {
    Problem::new(Code::UnusedMacro, found.place.clone(), format!("macro `{}` is not used", found.name))
}

pub(super) fn unused_list(list: &ListDef<'_>) -> Problem {
    Problem::new(Code::UnusedList, list.place.clone(), format!("list `{}` is not used", list.name))
}

/// Parses and checks a condition that stands alone: no macros or lists are known in it.
///
/// # Errors
/// All problems found, if one of them is an error; their file is [`RuleFile::CONDITION`].
pub fn parse_condition(text: &str) -> Result<Expr, Vec<Diagnostic>> {
    let files = [RuleFile::new(RuleFile::CONDITION, text)];
    let problems = RefCell::new(Problems::new(&files));
    let whole = whole_text(text);
    let collection = Collection::default();
    let scope = Scope::new(&collection, &problems);
    let expr = match parser::parse(text) {
        Ok(cond) => {
            scope.walk_names(&cond, &whole, Sight::ALL);
            let checked = scope.check(&cond, &whole, Sight::ALL);
            let mut problems = problems.borrow_mut();
            scope.gather_problems(&checked, None).into_iter().for_each(|problem| problems.push(problem));
            if is_too_large(&checked) {
                let message = "this condition is too large or nested too deep";
                problems.push(Problem::new(Code::ConditionTooLarge, whole.place(), message));
            }
            checked.expr
        }
        Err(error) => {
            let mut problems = problems.borrow_mut();
            let problem = syntax_problem(&whole, error, &problems);
            problems.push(problem);
            None
        }
    };
    drop(scope);
    let problems = problems.into_inner();
    match expr {
        Some(expr) if !problems.has_errors() => Ok(expr),
        _ => Err(problems.into_diagnostics()),
    }
}

/// Parses an output text with fields in it. A `*` in front, which tools of Falco's family take as "print also when values
/// are missing", is dropped: missing values always print as `<NA>`.
///
/// # Errors
/// All problems found, if one of them is an error; their file is [`RuleFile::TEMPLATE`].
pub fn parse_template(text: &str) -> Result<Template, Vec<Diagnostic>> {
    let files = [RuleFile::new(RuleFile::TEMPLATE, text)];
    let mut problems = Problems::new(&files);
    let body = text.strip_prefix('*').unwrap_or(text);
    let shift = text.len() - body.len();
    let (template, wrong) = read_template(body, None);
    for wrong in wrong {
        let place = Place { file: 0, span: wrong.span.start + shift..wrong.span.end + shift };
        let problem = wrong.problem;
        problems.push(Problem { place, code: problem.code, message: problem.message, help: problem.help });
    }
    if problems.has_errors() { Err(problems.into_diagnostics()) } else { Ok(template) }
}

/// A text that is a file of its own.
fn whole_text(text: &str) -> Text<'_> {
    let scalar = Scalar { text: Cow::Borrowed(text), style: Style::Plain };
    Text::new(scalar, Place { file: 0, span: 0..text.len() })
}
