//! [`Cond`] -> [`Expr`]: macros and lists in place, fields found, operators and values checked.
//!
//! A macro is checked once, when the first rule needs it. What is wrong with it is kept beside it and reported for the
//! rules that use it: a macro full of unknown fields harms nobody while no rule for system calls refers to it.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::ast::{Expr, Literal, Op, Span, Test};
use super::collection::{Collection, MacroDef};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, TypedField, resolve_field};
use super::lists::{ListValue, Lists};
use super::names;
use super::operand::read_operand;
use super::parser::{self, SyntaxError};
use super::problems::{Problem, Problems};
use super::syntax::{Cond, RawField, RawTest, RawValue, Right, operator_name, takes_list};
use super::text::{Place, Text};

/// The most tests of a condition with its macros in place; upstream's largest rule has about two thousand values in all.
const TEST_LIMIT: usize = 20_000;
/// The most values of a condition, over all its tests.
const VALUE_LIMIT: usize = 2_000_000;
/// The deepest condition with its macros in place; bounds the recursion of everything that walks the tree.
const DEPTH_LIMIT: usize = 200;

/// A condition after the check.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    /// `None` where something is wrong.
    pub(super) expr: Option<Expr>,
    /// The condition's own; those of the macros in it are theirs.
    pub(super) problems: Vec<Problem>,
    /// Macros in it that have problems, or whose macros have.
    uses: Vec<usize>,
    size: Size,
}

#[derive(Clone, Copy, Debug, Default)]
struct Size {
    tests: usize,
    values: usize,
    depth: usize,
}

impl Checked {
    /// A condition with these problems.
    pub(super) fn wrong(problems: Vec<Problem>) -> Checked {
        Checked { problems, ..Checked::default() }
    }
}

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

struct MacroState<'c> {
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
            Cond::Test(test) => match &test.right {
                Right::None | Right::Field(_) => {}
                Right::Value(value) | Right::ListName(value) => self.walk_value(value),
                Right::List(values) => values.iter().for_each(|value| self.walk_value(value)),
            },
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

    /// Where bytes of a text stand.
    pub(super) fn locate(&self, text: &Text<'_>, span: &Span) -> Place {
        self.problems.borrow().locate(text, span)
    }

    fn walk_value(&self, value: &RawValue<'_>) {
        if !value.quoted {
            self.lists.find(&value.text);
        }
    }

    fn find_macro(&self, name: &str, sight: Sight) -> Option<(usize, &MacroState<'c>)> {
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

    /// The problems of a condition and of the macros in it, each once.
    pub(super) fn gather_problems(&self, checked: &Checked) -> Vec<Problem> {
        let mut problems = checked.problems.clone();
        let mut waiting = checked.uses.clone();
        let mut seen: FxHashSet<usize> = waiting.iter().copied().collect();
        while let Some(at) = waiting.pop() {
            let Some(checked) = self.macros.get(at).and_then(|state| state.checked.get()) else { continue };
            problems.extend(checked.problems.iter().cloned());
            waiting.extend(checked.uses.iter().copied().filter(|at| seen.insert(*at)));
        }
        problems
    }

    /// The macro's condition, checked when it is needed first; `nesting` is how deep in others we are.
    fn checked_macro(&self, state: &MacroState<'c>, nesting: usize) -> Result<Rc<Checked>, Code> {
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

/// The problem of a text that cannot be parsed.
pub(super) fn syntax_problem(text: &Text<'_>, error: SyntaxError, problems: &Problems<'_>) -> Problem {
    let place = problems.locate(text, &error.span);
    Problem { place, code: Code::ConditionSyntax, message: error.message, help: error.help }
}

/// The check of one text.
pub(super) struct Checker<'s, 'c, 'p, 'f> {
    scope: &'s Scope<'c, 'p, 'f>,
    text: &'s Text<'s>,
    sight: Sight,
    problems: Vec<Problem>,
    uses: FxHashSet<usize>,
    /// Over all macros put in place so far.
    total: Size,
    /// Whether it was said that this is too large.
    is_full: bool,
    nesting: usize,
}

/// A condition that is right, with its size.
type Part = Option<(Expr, Size)>;

impl<'s, 'c, 'p, 'f> Checker<'s, 'c, 'p, 'f> {
    pub(super) fn new(scope: &'s Scope<'c, 'p, 'f>, text: &'s Text<'s>, sight: Sight, nesting: usize) -> Self {
        let (total, uses) = (Size::default(), FxHashSet::default());
        Checker { scope, text, sight, problems: Vec::new(), uses, total, is_full: false, nesting }
    }

    fn run(mut self, cond: &Cond<'_>) -> Checked {
        let part = self.check(cond);
        self.finish(part)
    }

    fn finish(self, part: Part) -> Checked {
        let (expr, size) = part.map_or((None, Size::default()), |(expr, size)| (Some(expr), size));
        let mut uses: Vec<usize> = self.uses.into_iter().collect();
        uses.sort_unstable();
        Checked { expr, problems: self.problems, uses, size }
    }

    /// Checks a comparison of an exception: the field stands in the checker's text, each value in its own.
    pub(super) fn check_excepted(
        mut self,
        raw: &RawField<'_>,
        op: Op,
        op_place: Place,
        values: &[ListValue<'_>],
    ) -> Checked {
        let part = self.excepted(raw, op, op_place, values);
        self.finish(part)
    }

    fn excepted(&mut self, raw: &RawField<'_>, op: Op, op_place: Place, values: &[ListValue<'_>]) -> Part {
        let left = self.field(raw)?;
        if let Err(FieldProblem { code, message, help }) = left.check_operator(op) {
            self.problems.push(Problem { place: op_place, code, message, help });
            return None;
        }
        let mut literals = Vec::with_capacity(values.len());
        let mut right = true;
        for item in values {
            let list = if item.value.quoted { None } else { self.scope.lists.find(&item.value.text) };
            let named = list.map(|at| self.scope.lists.values(at, &mut self.scope.problems.borrow_mut()));
            for value in named.as_deref().unwrap_or(std::slice::from_ref(item)) {
                let literal = self.list_operand(&left, op, value);
                right &= literal.is_some();
                literals.extend(literal);
            }
        }
        let size = Size { tests: 1, values: literals.len(), depth: 1 };
        right.then_some((Expr::Test(Test { field: left.expr, op, values: literals }), size))
    }

    fn report(&mut self, code: Code, span: &Span, message: impl Into<String>, help: Option<String>) {
        let place = self.scope.problems.borrow().locate(self.text, span);
        self.problems.push(Problem { place, code, message: message.into(), help });
    }

    fn report_field(&mut self, problem: FieldProblem, span: &Span) {
        self.report(problem.code, span, problem.message, problem.help);
    }

    fn check(&mut self, cond: &Cond<'_>) -> Part {
        match cond {
            Cond::And(parts) => self.check_parts(parts, true),
            Cond::Or(parts) => self.check_parts(parts, false),
            Cond::Not(part) => {
                let (expr, size) = self.check(part)?;
                Some(negate(expr, size))
            }
            Cond::Test(test) => {
                let test = self.check_test(test)?;
                let size = Size { tests: 1, values: test.values.len(), depth: 1 };
                Some((Expr::Test(test), size))
            }
            Cond::Name(name, span) => self.check_name(name, span),
        }
    }

    /// All parts are checked, also after one that is wrong.
    fn check_parts(&mut self, parts: &[Cond<'_>], is_and: bool) -> Part {
        let checked: Vec<Part> = parts.iter().map(|part| self.check(part)).collect();
        let parts: Option<Vec<(Expr, Size)>> = checked.into_iter().collect();
        Some(join(parts?, is_and))
    }

    fn check_name(&mut self, name: &str, span: &Span) -> Part {
        // An unknown name was reported when the names were walked.
        let (at, state) = self.scope.find_macro(name, self.sight)?;
        match self.scope.checked_macro(state, self.nesting + 1) {
            Ok(checked) => {
                if !checked.problems.is_empty() || !checked.uses.is_empty() {
                    self.uses.insert(at);
                }
                self.total.tests += checked.size.tests;
                self.total.values += checked.size.values;
                if self.is_too_large(Size { depth: checked.size.depth, ..self.total }, span) {
                    return None;
                }
                Some((checked.expr.clone()?, checked.size))
            }
            Err(Code::MacroCycle) => {
                let message = format!("macro `{name}` refers to itself");
                self.report(Code::MacroCycle, span, message, None);
                None
            }
            Err(code) => {
                let message = format!("macros are nested deeper than {DEPTH_LIMIT} levels");
                self.report(code, span, message, None);
                None
            }
        }
    }

    fn is_too_large(&mut self, size: Size, span: &Span) -> bool {
        if self.is_full {
            return true;
        }
        if size.tests > TEST_LIMIT || size.values > VALUE_LIMIT {
            self.is_full = true;
            let message = format!("this has more than {TEST_LIMIT} comparisons with all macros in place");
            self.report(Code::ConditionTooLarge, span, message, None);
            return true;
        }
        if size.depth > DEPTH_LIMIT {
            let message = format!("this is nested deeper than {DEPTH_LIMIT} levels with all macros in place");
            self.report(Code::ConditionTooLarge, span, message, None);
            return true;
        }
        false
    }

    /// A field, reported when it is wrong.
    fn field(&mut self, raw: &RawField<'_>) -> Option<TypedField> {
        let transformers: Vec<_> = raw.transformers.iter().map(|(transformer, _)| *transformer).collect();
        let bracket = raw.arg.as_ref().map(|(text, _)| &**text);
        match resolve_field(raw.name, bracket, &transformers) {
            Ok(field) => Some(field),
            Err(problem) => {
                self.report_field(problem, &raw.span());
                None
            }
        }
    }

    fn check_test(&mut self, raw: &RawTest<'_>) -> Option<Test> {
        let left = self.field(&raw.left)?;
        if left.expr.field.name == "evt.dir" {
            self.report_direction(raw);
        }
        if let Err(problem) = left.check_operator(raw.op) {
            self.report_field(problem, &raw.op_span);
            return None;
        }
        let values = match &raw.right {
            Right::None => Vec::new(),
            Right::Value(value) => self.single_value(&left, raw.op, value)?,
            Right::List(values) => self.list_values(&left, raw.op, values)?,
            Right::ListName(name) => self.named_list(&left, raw.op, name)?,
            Right::Field(field) => vec![self.right_field(&left, raw, field)?],
        };
        Some(Test { field: left.expr, op: raw.op, values })
    }

    /// An event is a whole system call here, so its direction is no longer of use.
    fn report_direction(&mut self, raw: &RawTest<'_>) {
        let span = raw.left.span();
        match &raw.right {
            Right::Value(value) if value.text == ">" && raw.op == Op::Eq => {
                let help = "leave it out: one event holds all parameters and the result".to_owned();
                self.report(Code::EnterEvents, &span, "`evt.dir` never is `>`", Some(help));
            }
            _ => {
                let help = "leave it out: one event holds all parameters and the result".to_owned();
                self.report(Code::Deprecated, &span, "`evt.dir` is deprecated", Some(help));
            }
        }
    }

    /// A value after an operator that takes one. The name of a list of one value stands for that value.
    fn single_value(&mut self, left: &TypedField, op: Op, value: &RawValue<'_>) -> Option<Vec<Literal>> {
        let list = if value.quoted { None } else { self.scope.lists.find(&value.text) };
        let Some(at) = list else {
            return Some(vec![self.operand(left, op, value)?]);
        };
        let values = self.scope.lists.values(at, &mut self.scope.problems.borrow_mut());
        let [only] = &*values else {
            let message = format!("`{}` is a list, and `{}` takes one value", value.text, operator_name(op));
            let help = Some(format!("write `in ({})`", value.text));
            self.report(Code::ListNeedsParentheses, &value.span, message, help);
            return None;
        };
        Some(vec![self.list_operand(left, op, only)?])
    }

    fn list_values(&mut self, left: &TypedField, op: Op, values: &[RawValue<'_>]) -> Option<Vec<Literal>> {
        let mut literals = Vec::with_capacity(values.len());
        let mut right = true;
        for value in values {
            let list = if value.quoted { None } else { self.scope.lists.find(&value.text) };
            match list {
                Some(at) => {
                    let values = self.scope.lists.values(at, &mut self.scope.problems.borrow_mut());
                    literals.reserve(values.len());
                    for value in values.iter() {
                        let literal = self.list_operand(left, op, value);
                        right &= literal.is_some();
                        literals.extend(literal);
                    }
                }
                None => {
                    let literal = self.operand(left, op, value);
                    right &= literal.is_some();
                    literals.extend(literal);
                }
            }
        }
        right.then_some(literals)
    }

    /// `in names`, without parentheses: the engine puts the values there without any either.
    fn named_list(&mut self, left: &TypedField, op: Op, name: &RawValue<'_>) -> Option<Vec<Literal>> {
        let Some(at) = self.scope.lists.find(&name.text) else {
            let near = names::nearest(&name.text, self.scope.lists.names());
            let help = near.map_or_else(
                || format!("write `({})` for this one value", name.text),
                |near| format!("did you mean `({near})`?"),
            );
            self.report(Code::UndefinedList, &name.span, format!("there is no list `{}`", name.text), Some(help));
            return None;
        };
        let values = self.scope.lists.values(at, &mut self.scope.problems.borrow_mut());
        let [only] = &*values else {
            let message = format!("a list after `{}` stands in parentheses", operator_name(op));
            let help = Some(format!("write `({})`", name.text));
            self.report(Code::ListNeedsParentheses, &name.span, message, help);
            return None;
        };
        Some(vec![self.list_operand(left, op, only)?])
    }

    fn operand(&mut self, left: &TypedField, op: Op, value: &RawValue<'_>) -> Option<Literal> {
        match read_operand(left, op, &value.text) {
            Ok(literal) => Some(literal),
            Err(problem) => {
                self.report_field(problem, &value.span);
                None
            }
        }
    }

    /// A value out of a list; what is wrong is shown in the list.
    fn list_operand(&mut self, left: &TypedField, op: Op, item: &ListValue<'_>) -> Option<Literal> {
        match read_operand(left, op, &item.value.text) {
            Ok(literal) => Some(literal),
            Err(FieldProblem { code, message, help }) => {
                let place = self.scope.problems.borrow().locate(item.text, &item.value.span);
                self.problems.push(Problem { place, code, message, help });
                None
            }
        }
    }

    fn right_field(&mut self, left: &TypedField, raw: &RawTest<'_>, field: &RawField<'_>) -> Option<Literal> {
        let right = self.field(field)?;
        let span = field.span();
        let message = if matches!(raw.op, Op::Pmatch | Op::Regex) {
            format!("`{}` cannot compare with a field", operator_name(raw.op))
        } else if !left.can_face_field() {
            format!("`{}` cannot be compared with a field", left.expr.field.name)
        } else if !right.can_face_field() {
            format!("`{}` cannot stand on the right-hand side", right.expr.field.name)
        } else if left.class != right.class || (right.is_list && !takes_list(raw.op)) {
            let right_name = right.expr.field.name;
            let words = if right.is_list { "a list" } else { right.class.describe() };
            format!("`{}` is {}, `{right_name}` is {words}", left.expr.field.name, left.class.describe())
        } else {
            return Some(Literal::Field(Box::new(right.expr)));
        };
        self.report(Code::TypeMismatch, &span, message, None);
        None
    }
}

/// `not` of a condition.
fn negate(expr: Expr, size: Size) -> (Expr, Size) {
    match expr {
        Expr::Not(inner) => (*inner, Size { depth: size.depth.saturating_sub(1), ..size }),
        expr => (Expr::Not(Box::new(expr)), Size { depth: size.depth + 1, ..size }),
    }
}

/// Parts joined, those of the same sort taken apart.
fn join(parts: Vec<(Expr, Size)>, is_and: bool) -> (Expr, Size) {
    let mut all = Vec::with_capacity(parts.len());
    let mut size = Size::default();
    for (expr, part) in parts {
        size.tests += part.tests;
        size.values += part.values;
        size.depth = size.depth.max(part.depth + 1);
        match expr {
            Expr::And(inner) if is_and => all.extend(inner),
            Expr::Or(inner) if !is_and => all.extend(inner),
            other => all.push(other),
        }
    }
    (if is_and { Expr::And(all) } else { Expr::Or(all) }, size)
}

/// A rule's condition with its exceptions: each is `and not`.
pub(super) fn except(condition: Checked, exceptions: Vec<Checked>) -> Checked {
    let (mut problems, uses) = (condition.problems, condition.uses);
    let mut parts = vec![condition.expr.map(|expr| (expr, condition.size))];
    for exception in exceptions {
        problems.extend(exception.problems);
        parts.push(exception.expr.map(|expr| negate(expr, exception.size)));
    }
    let parts: Option<Vec<(Expr, Size)>> = parts.into_iter().collect();
    let (expr, size) = match parts {
        Some(mut parts) if parts.len() == 1 => parts.pop().map_or((None, Size::default()), |(e, s)| (Some(e), s)),
        Some(parts) => {
            let (expr, size) = join(parts, true);
            (Some(expr), size)
        }
        None => (None, Size::default()),
    };
    Checked { expr, problems, uses, size }
}

/// Conditions joined, as the values of an exception are.
pub(super) fn join_checked(parts: Vec<Checked>, is_and: bool) -> Checked {
    let mut problems = Vec::new();
    let mut right = Vec::with_capacity(parts.len());
    let number = parts.len();
    for part in parts {
        problems.extend(part.problems);
        right.extend(part.expr.map(|expr| (expr, part.size)));
    }
    if right.len() != number {
        return Checked::wrong(problems);
    }
    let (expr, size) = match right.len() {
        1 => right.pop().map_or((None, Size::default()), |(expr, size)| (Some(expr), size)),
        _ => {
            let (expr, size) = join(right, is_and);
            (Some(expr), size)
        }
    };
    Checked { expr, problems, uses: Vec::new(), size }
}

/// Whether a condition is larger than one can be.
pub(super) fn is_too_large(checked: &Checked) -> bool {
    checked.size.tests > TEST_LIMIT || checked.size.values > VALUE_LIMIT || checked.size.depth > DEPTH_LIMIT
}
