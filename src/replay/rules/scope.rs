//! The macros and lists that conditions refer to.
//!
//! A macro is checked once, when the first rule needs it. What is wrong with it is kept beside it and reported for the
//! rules that use it: a macro full of unknown fields harms nobody while no rule for system calls refers to it.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::ast::{Op, Span};
use super::check::{Checked, Checker, DEPTH_LIMIT};
use super::collection::{Collection, MacroDef};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, check_source};
use super::lexer::SyntaxError;
use super::lists::{ListValue, Lists};
use super::names;
use super::parser;
use super::problems::{Problem, Problems};
use super::syntax::{Cond, RawBase, RawTest, RawValue, Right};
use super::text::{Place, Text};
use crate::replay::fields::{Field, Source};

/// Who refers to a macro: an item sees those first defined before its last change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight(pub(super) usize);

impl Sight {
    /// Rules see all macros.
    pub(super) const ALL: Sight = Sight(usize::MAX);
}

/// The macros and lists that conditions refer to.
pub(super) struct Scope<'c, 'p, 'f> {
    pub(super) lists: Lists<'c>,
    macros: Vec<MacroState<'c>>,
    collection: &'c Collection<'c>,
    /// Problems of the files themselves; those of conditions are in [`Checked`].
    problems: &'p RefCell<Problems<'f>>,
}

pub(super) struct MacroState<'c> {
    def: &'c MacroDef<'c>,
    cond: Option<Cond<'c>>,
    checked: OnceCell<Rc<Checked>>,
    is_open: Cell<bool>,
    used: Cell<bool>,
}

impl<'c, 'p, 'f> Scope<'c, 'p, 'f> {
    /// Parses all macros. Reports what cannot be parsed, and names that no macro or list has.
    pub(super) fn new(collection: &'c Collection<'c>, problems: &'p RefCell<Problems<'f>>) -> Self {
        let parse = |def: &'c MacroDef<'c>| {
            problems.borrow_mut().set_item(def.mark.clone());
            let cond = match parser::parse(def.condition.value()) {
                Ok(cond) => Some(cond),
                Err(error) => {
                    let mut problems = problems.borrow_mut();
                    let problem = syntax_problem(&def.condition, error, &problems);
                    problems.push(problem);
                    None
                }
            };
            MacroState { def, cond, checked: OnceCell::new(), is_open: Cell::new(false), used: Cell::new(false) }
        };
        let macros = collection.macros.iter().map(parse).collect();
        let scope = Scope { lists: Lists::new(collection), macros, collection, problems };
        for state in &scope.macros {
            if let Some(cond) = &state.cond {
                problems.borrow_mut().set_item(state.def.mark.clone());
                scope.walk_names(cond, &state.def.condition, Sight(state.def.age.last));
            }
        }
        scope
    }

    /// Marks every macro and list that a condition names as used, and reports macros that do not exist.
    pub(super) fn walk_names(&self, cond: &Cond<'_>, text: &Text<'_>, sight: Sight) {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| self.walk_names(part, text, sight)),
            Cond::Not(part) => self.walk_names(part, text, sight),
            Cond::Test(test) => {
                self.report_missing_value(test, text);
                match &test.right {
                    Right::None | Right::Field(_) => {}
                    Right::Value(value) | Right::ListName(value) => self.walk_value(value),
                    Right::List(values) => values.iter().for_each(|value| self.walk_value(value)),
                }
            }
            Cond::Name(name, span) => match self.find_macro(name, sight) {
                Some((_, state)) => state.used.set(true),
                None => {
                    let mut problems = self.problems.borrow_mut();
                    let place = problems.locate(text, span);
                    problems.push(self.unknown_macro(name, place, sight));
                }
            },
        }
    }

    /// Fields of audit events have lists of values, in which `<NA>` once stood for a part that was missing.
    fn report_missing_value(&self, test: &RawTest<'_>, text: &Text<'_>) {
        let RawBase::Field { name, .. } = &test.left.base else { return };
        let is_audit = name.starts_with("ka.") || name.starts_with("jevt.");
        if !is_audit || !matches!(test.op, Op::Eq | Op::Ne | Op::In | Op::Intersects | Op::Pmatch) {
            return;
        }
        let values = match &test.right {
            Right::Value(value) | Right::ListName(value) => std::slice::from_ref(value),
            Right::List(values) => values.as_slice(),
            Right::None | Right::Field(_) => return,
        };
        if let Some(value) = values.iter().find(|value| value.text == "<NA>") {
            let mut problems = self.problems.borrow_mut();
            let place = problems.locate(text, &value.span);
            let problem = Problem::new(Code::UnsafeNaCheck, place, "a missing value is not equal to the text `<NA>`");
            problems.push(problem.help(format!("write `{name} exists`, or `not` before it")));
        }
    }

    /// The values of a list; what is wrong with them is reported.
    pub(super) fn list_values(&self, at: usize) -> Rc<[ListValue<'c>]> {
        self.lists.values(at, &mut self.problems.borrow_mut())
    }

    /// Where bytes of a text stand.
    pub(super) fn locate(&self, text: &Text<'_>, span: &Span) -> Place {
        self.problems.borrow().locate(text, span)
    }

    fn walk_value(&self, value: &RawValue<'_>) {
        if !value.quoted {
            self.lists.find(&value.text);
        }
    }

    pub(super) fn find_macro(&self, name: &str, sight: Sight) -> Option<(usize, &MacroState<'c>)> {
        let at = *self.collection.macro_index.get(name)?;
        let state = self.macros.get(at).filter(|state| state.def.age.first < sight.0)?;
        Some((at, state))
    }

    fn unknown_macro(&self, name: &str, place: Place, sight: Sight) -> Problem {
        let hidden = self.find_macro(name, Sight::ALL).is_some();
        if hidden {
            let problem = Problem::new(Code::UnknownMacro, place, format!("macro `{name}` is not defined yet here"));
            return problem.help("a macro sees those that stand before it");
        }
        let problem = Problem::new(Code::UnknownMacro, place, format!("there is no macro `{name}`"));
        if self.lists.names().any(|list| list == name) {
            return problem.help(format!("there is a list of this name: write `FIELD in ({name})`"));
        }
        let visible = self.macros.iter().filter(|state| state.def.age.first < sight.0);
        let near = names::nearest(name, visible.map(|state| state.def.name.as_str()));
        problem.did_you_mean(near)
    }

    /// Macros that nothing refers to.
    pub(super) fn unused_macros(&self) -> impl Iterator<Item = &'c MacroDef<'c>> {
        self.macros.iter().filter(|state| !state.used.get()).map(|state| state.def)
    }

    /// Checks a condition of `text`.
    pub(super) fn check(&self, cond: &Cond<'_>, text: &Text<'_>, sight: Sight) -> Checked {
        Checker::new(self, text, sight, 0).run(cond)
    }

    /// The problems of a condition and of the macros in it, each once. With a source, fields that its events do not have
    /// are among them.
    pub(super) fn gather_problems(&self, checked: &Checked, source: Option<Source>) -> Vec<Problem> {
        let mut problems = checked.problems.clone();
        problems.extend(foreign_fields(checked, source));
        let mut waiting = checked.uses.clone();
        let mut seen: FxHashSet<usize> = waiting.iter().copied().collect();
        while let Some(at) = waiting.pop() {
            let Some(checked) = self.macros.get(at).and_then(|state| state.checked.get()) else { continue };
            problems.extend(checked.problems.iter().cloned());
            problems.extend(foreign_fields(checked, source));
            waiting.extend(checked.uses.iter().copied().filter(|at| seen.insert(*at)));
        }
        problems
    }

    /// The macro's condition, checked when it is needed first; `nesting` is how deep in others we are.
    pub(super) fn checked_macro(&self, state: &MacroState<'c>, nesting: usize) -> Result<Rc<Checked>, Code> {
        if let Some(checked) = state.checked.get() {
            return Ok(Rc::clone(checked));
        }
        if state.is_open.replace(true) {
            return Err(Code::MacroCycle);
        }
        let checked = match &state.cond {
            _ if nesting > DEPTH_LIMIT => {
                state.is_open.set(false);
                return Err(Code::ConditionTooLarge);
            }
            Some(cond) => {
                let (text, sight) = (&state.def.condition, Sight(state.def.age.last));
                Checker::new(self, text, sight, nesting).run(cond)
            }
            // Reported when it was parsed.
            None => Checked::default(),
        };
        state.is_open.set(false);
        Ok(Rc::clone(state.checked.get_or_init(|| Rc::new(checked))))
    }
}

/// Fields of a condition, not of the macros in it, that events of a source do not have.
pub(super) fn foreign_fields(checked: &Checked, source: Option<Source>) -> Vec<Problem> {
    let wrong = |(place, field): &(Place, &'static Field)| {
        let FieldProblem { code, message, help } = check_source(field, source?).err()?;
        Some(Problem { place: place.clone(), code, message, help })
    };
    checked.fields.iter().filter_map(wrong).collect()
}

/// The problem of a text that cannot be parsed.
pub(super) fn syntax_problem(text: &Text<'_>, error: SyntaxError, problems: &Problems<'_>) -> Problem {
    let place = problems.locate(text, &error.span);
    Problem { place, code: Code::ConditionSyntax, message: error.message, help: error.help }
}
