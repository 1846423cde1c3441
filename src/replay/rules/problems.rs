//! Collects problems while files are compiled.

use rustc_hash::FxHashSet;

use super::ast::Span;
use super::diagnostic::{Code, Diagnostic, Severity};
use super::engine_code::Stage;
use super::file::RuleFile;
use super::location::{ItemMark, ItemType, Location, Mark, Part};
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

/// A problem, the items that it stands in, outermost first, and the step at which it was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) problem: Problem,
    marks: Vec<Mark>,
    stage: Stage,
}

impl Found {
    /// The name of the outermost item.
    pub(super) fn item_name(&self) -> Option<&str> {
        self.marks.first().map(|mark| mark.name.as_str())
    }
}

/// The files, and what is wrong with them so far.
///
/// Every problem gets the items that it stands in, as they are when it is added: while files are read, those entered and
/// not left; while conditions are compiled, those of the item at hand.
#[derive(Debug)]
pub(super) struct Problems<'f> {
    files: &'f [RuleFile],
    found: Vec<Found>,
    known: FxHashSet<Problem>,
    stage: Stage,
    entered: Vec<Mark>,
    item: Option<ItemMark>,
}

impl<'f> Problems<'f> {
    pub(super) fn new(files: &'f [RuleFile]) -> Problems<'f> {
        Problems {
            files,
            found: Vec::new(),
            known: FxHashSet::default(),
            stage: Stage::Read,
            entered: Vec::new(),
            item: None,
        }
    }

    /// Where bytes of a text stand.
    pub(super) fn locate(&self, text: &Text<'_>, span: &Span) -> Place {
        text.locate(span, self.files)
    }

    /// Says at which step the problems to come are found.
    pub(super) fn begin(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// What is added from now on, up to [`Problems::leave`], stands in this item too.
    pub(super) fn enter(&mut self, mark: Mark) {
        self.entered.push(mark);
    }

    pub(super) fn leave(&mut self) {
        self.entered.pop();
    }

    /// What is added from now on while items are merged or compiled stands in this item.
    pub(super) fn set_item(&mut self, item: ItemMark) {
        self.item = Some(item);
    }

    /// Adds a problem unless the very same is there already.
    pub(super) fn push(&mut self, problem: Problem) {
        let part = match problem.code {
            Code::NoEventType | Code::UnusedMacro | Code::UnusedList | Code::UnknownSource => Part::Whole,
            _ if self.stage == Stage::Compile => Part::Condition,
            _ => Part::Whole,
        };
        self.push_in(&part, problem);
    }

    /// Adds a problem in a part of the item at hand, unless the very same is there already.
    pub(super) fn push_in(&mut self, part: &Part, problem: Problem) {
        if self.known.insert(problem.clone()) {
            let marks = match &self.item {
                Some(item) if self.entered.is_empty() => marks_in(item, part, &problem),
                Some(_) | None => self.entered.clone(),
            };
            self.found.push(Found { problem, marks, stage: self.stage });
        }
    }

    /// Adds what was found elsewhere, unless the very same is there already.
    pub(super) fn push_found(&mut self, found: Found) {
        if self.known.insert(found.problem.clone()) {
            self.found.push(found);
        }
    }

    /// What was found since this was asked for; it is forgotten.
    pub(super) fn take_found(&mut self) -> Vec<Found> {
        self.known.clear();
        std::mem::take(&mut self.found)
    }

    /// A collection with what was found in the files that are wanted; the rest counts as told.
    pub(super) fn begin_with(&self, is_wanted: &dyn Fn(usize) -> bool) -> Problems<'f> {
        let is_told = |found: &&Found| is_wanted(found.problem.place.file) || found.problem.code == Code::YamlError;
        let found = self.found.iter().filter(is_told).cloned().collect();
        Problems { found, known: self.known.clone(), ..Problems::new(self.files) }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.problem.code.severity() == Severity::Error)
    }

    /// In the order of files and places.
    pub(super) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        // An item that could not be read takes its macros and lists with it: not the fault of who refers to them.
        if self.found.iter().any(|found| found.problem.code == Code::YamlError) {
            self.found.retain(|found| {
                !matches!(
                    found.problem.code,
                    Code::UnknownMacro | Code::UndefinedList | Code::UnusedMacro | Code::UnusedList | Code::NoSuchItem
                )
            });
        }
        self.found.sort_by_key(|found| (found.problem.place.file, found.problem.place.span.start));
        let files = self.files;
        let name_of = |place: &Place| files.get(place.file).map_or_else(String::new, |file| file.name.clone());
        let locate = |mark: Mark| Location {
            item_type: mark.item_type,
            item_name: mark.name,
            file: name_of(&mark.place),
            offset: mark.place.span.start,
        };
        self.found
            .into_iter()
            .map(|Found { problem, marks, stage }| {
                let whole =
                    Place { file: marks.first().map_or(problem.place.file, |mark| mark.place.file), span: 0..0 };
                let whole = Mark::new(ItemType::RulesContent, "", whole);
                Diagnostic {
                    code: problem.code,
                    severity: problem.code.severity(),
                    file: name_of(&problem.place),
                    span: problem.place.span,
                    message: problem.message,
                    help: problem.help,
                    context: std::iter::once(whole).chain(marks).map(locate).collect(),
                    stage,
                }
            })
            .collect()
    }
}

/// The items around a problem in a part of an item. The engine tells names that it cannot resolve apart from all else
/// that is wrong with a condition: those stand right below the item.
fn marks_in(item: &ItemMark, part: &Part, problem: &Problem) -> Vec<Mark> {
    let mut marks = vec![item.mark.clone()];
    match part {
        Part::Whole => {}
        Part::Output => {
            marks.extend(item.output.as_ref().map(|place| Mark::new(ItemType::RuleOutput, "", place.clone())));
        }
        Part::Exception(mark) => marks.push(mark.clone()),
        Part::Condition => {
            let condition =
                if item.mark.item_type == ItemType::Macro { ItemType::MacroCondition } else { ItemType::RuleCondition };
            if !matches!(problem.code, Code::UnknownMacro | Code::MacroCycle) {
                marks.extend(item.condition.as_ref().map(|place| Mark::new(condition, "", place.clone())));
            }
            if !matches!(problem.code, Code::EnterEvents | Code::Deprecated | Code::UnsafeNaCheck) {
                marks.push(Mark::new(ItemType::ConditionExpression, "", problem.place.clone()));
            }
        }
    }
    marks
}
