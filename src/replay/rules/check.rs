//! [`Cond`] -> [`Expr`]: macros and lists in place, fields found, operators and values checked.

use rustc_hash::FxHashSet;

use super::ast::{Base, CallArg, Expr, FieldExpr, FieldRef, Literal, Modifier, Op, Span, Test};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, TypedField, resolve_value};
use super::lists::ListValue;
use super::names;
use super::operand::read_operand;
use super::problems::Problem;
use super::scope::{Scope, Sight};
use super::syntax::{Cond, RawField, RawTest, RawValue, Right, operator_name, takes_list};
use super::text::{Place, Text};
use super::value_warnings::suspicion;
use crate::replay::fields::{Field, Sources};

/// The most tests of a condition with its macros in place; upstream's largest rule has about two thousand values in all.
const TEST_LIMIT: usize = 20_000;
/// The most values of a condition, over all its tests.
const VALUE_LIMIT: usize = 2_000_000;
/// The deepest condition with its macros in place; bounds the recursion of everything that walks the tree.
pub(super) const DEPTH_LIMIT: usize = 200;

/// A condition after the check.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    /// `None` where something is wrong.
    pub(super) expr: Option<Expr>,
    /// The condition's own; those of the macros in it are theirs.
    pub(super) problems: Vec<Problem>,
    /// Macros in it that have problems or fields of one source only, or whose macros have.
    pub(super) uses: Vec<usize>,
    /// Fields in it, not those of its macros, that events of some source do not have, and where they stand.
    pub(super) fields: Vec<(Place, &'static Field)>,
    pub(super) size: Size,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
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

/// The check of one text.
pub(super) struct Checker<'s, 'c, 'p, 'f> {
    scope: &'s Scope<'c, 'p, 'f>,
    text: &'s Text<'s>,
    sight: Sight,
    problems: Vec<Problem>,
    uses: FxHashSet<usize>,
    fields: Vec<(Place, &'static Field)>,
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
        let (problems, fields) = (Vec::new(), Vec::new());
        Checker { scope, text, sight, problems, uses, fields, total, is_full: false, nesting }
    }

    pub(super) fn run(mut self, cond: &Cond<'_>) -> Checked {
        let part = self.check(cond);
        self.finish(part)
    }

    fn finish(self, part: Part) -> Checked {
        let (expr, size) = part.map_or((None, Size::default()), |(expr, size)| (Some(expr), size));
        let mut uses: Vec<usize> = self.uses.into_iter().collect();
        uses.sort_unstable();
        Checked { expr, problems: self.problems, uses, fields: self.fields, size }
    }

    /// Checks a comparison of an exception: the field stands in the checker's text, each value in its own.
    pub(super) fn check_excepted(
        mut self,
        raw: &RawField<'_>,
        (op, modifier): (Op, Option<Modifier>),
        op_place: Place,
        values: &[ListValue<'_>],
    ) -> Checked {
        let part = self.excepted(raw, (op, modifier), op_place, values);
        self.finish(part)
    }

    fn excepted(
        &mut self,
        raw: &RawField<'_>,
        (op, modifier): (Op, Option<Modifier>),
        op_place: Place,
        values: &[ListValue<'_>],
    ) -> Part {
        let left = self.field(raw)?;
        if let Err(FieldProblem { code, message, help }) = left.check_operator(op) {
            self.problems.push(Problem { place: op_place, code, message, help });
            return None;
        }
        let mut literals = Vec::with_capacity(values.len());
        let mut right = true;
        for item in values {
            let list = if item.value.quoted { None } else { self.scope.lists.find(&item.value.text) };
            let named = list.map(|at| self.scope.list_values(at));
            let takes_one = modifier.is_none() && !takes_list(op);
            if takes_one && named.as_ref().is_some_and(|values| values.len() != 1) {
                let place = self.scope.locate(item.text, &item.value.span);
                let message = format!("`{}` is a list, and `{}` takes one value", item.value.text, operator_name(op));
                let problem = Problem::new(Code::ListNeedsParentheses, place, message);
                self.problems.push(problem.help("write `in` below `comps` to compare with several"));
                return None;
            }
            for value in named.as_deref().unwrap_or(std::slice::from_ref(item)) {
                let literal = self.list_operand(&left, op, value);
                right &= literal.is_some();
                literals.extend(literal);
            }
        }
        let size = Size { tests: 1, values: literals.len(), depth: 1 };
        right.then_some((Expr::Test(Test { field: left.expr, op, modifier, values: literals }), size))
    }

    fn report(&mut self, code: Code, span: &Span, message: impl Into<String>, help: Option<String>) {
        let place = self.scope.locate(self.text, span);
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
                if !checked.problems.is_empty() || !checked.uses.is_empty() || !checked.fields.is_empty() {
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
        match resolve_value(raw) {
            Ok(typed) => {
                for field in typed.expr.fields() {
                    if field.field.sources != Sources::ANY {
                        self.fields.push((self.scope.locate(self.text, &raw.span), field.field));
                    }
                }
                Some(typed)
            }
            Err((problem, span)) => {
                self.report_field(problem, &span);
                None
            }
        }
    }

    fn check_test(&mut self, raw: &RawTest<'_>) -> Option<Test> {
        let left = self.field(&raw.left)?;
        for field in left.expr.fields() {
            match field.field.name {
                "evt.dir" => self.report_direction(raw),
                name if is_of_enter_events(name) => {
                    let message = format!("`{name}` is deprecated: it has no value");
                    let help = Some("a call's start is not recorded, only its end".to_owned());
                    self.report(Code::Deprecated, &raw.left.span, message, help);
                }
                _ => {}
            }
        }
        if let Err(problem) = left.check_operator(raw.op) {
            self.report_field(problem, &raw.op_span);
            return None;
        }
        self.check_event_type(&left, raw)?;
        let values = match &raw.right {
            Right::None => Vec::new(),
            Right::Value(value) => self.single_value(&left, raw.op, value)?,
            Right::List(values) => self.list_values(&left, raw.op, values)?,
            Right::ListName(name) => self.named_list(&left, raw.op, name)?,
            Right::Field(field) => vec![self.right_field(&left, raw, field)?],
        };
        Some(Test { field: left.expr, op: raw.op, modifier: raw.modifier, values })
    }

    /// The engine must see from a condition which events it is about: it takes nothing but words on the right of the
    /// event's type, and nothing around it.
    fn check_event_type(&mut self, left: &TypedField, raw: &RawTest<'_>) -> Option<()> {
        let field = left.expr.fields().into_iter().find(|field| is_event_type(field));
        let Some(name) = field.map(|field| field.field.name) else { return Some(()) };
        let decides = matches!(raw.op, Op::Eq | Op::Ne | Op::In) && raw.modifier.is_none();
        let (span, message) = match &raw.right {
            _ if changes_event_type(&left.expr) && (decides || raw.op == Op::Exists) => {
                (&raw.left.span, format!("`{name}` is compared as it is, without transformers"))
            }
            Right::Field(field) if decides && left.expr.plain_field().is_some() => {
                (&field.span, format!("`{name}` cannot be compared with a field"))
            }
            Right::None | Right::Value(_) | Right::List(_) | Right::ListName(_) | Right::Field(_) => return Some(()),
        };
        self.report(Code::TypeMismatch, span, message, None);
        None
    }

    /// An event is a whole system call here, so its direction is no longer of use.
    fn report_direction(&mut self, raw: &RawTest<'_>) {
        let span = raw.left.span.clone();
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
        let values = self.scope.list_values(at);
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
                    let values = self.scope.list_values(at);
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
        let values = self.scope.list_values(at);
        let [only] = &*values else {
            let message = format!("a list after `{}` stands in parentheses", operator_name(op));
            let help = Some(format!("write `({})`", name.text));
            self.report(Code::ListNeedsParentheses, &name.span, message, help);
            return None;
        };
        Some(vec![self.list_operand(left, op, only)?])
    }

    fn operand(&mut self, left: &TypedField, op: Op, value: &RawValue<'_>) -> Option<Literal> {
        if let Some(problem) = suspicion(op, &value.text) {
            self.report_field(problem, &value.span);
        }
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
        if let Some(FieldProblem { code, message, help }) = suspicion(op, &item.value.text) {
            let place = self.scope.locate(item.text, &item.value.span);
            self.problems.push(Problem { place, code, message, help });
        }
        match read_operand(left, op, &item.value.text) {
            Ok(literal) => Some(literal),
            Err(FieldProblem { code, message, help }) => {
                let place = self.scope.locate(item.text, &item.value.span);
                self.problems.push(Problem { place, code, message, help });
                None
            }
        }
    }

    fn right_field(&mut self, left: &TypedField, raw: &RawTest<'_>, field: &RawField<'_>) -> Option<Literal> {
        let right = self.field(field)?;
        let words = |field: &TypedField| {
            if field.is_list { "a list".to_owned() } else { field.class.describe().to_owned() }
        };
        let message = if matches!(raw.op, Op::Pmatch | Op::Regex) {
            format!("`{}` cannot compare with a field", operator_name(raw.op))
        } else if !left.can_face_field() {
            format!("`{}` cannot be compared with a field", left.name())
        } else if !right.can_face_field() {
            format!("`{}` cannot stand on the right-hand side", right.name())
        } else if left.class != right.class || left.is_list != right.is_list {
            format!("`{}` is {}, `{}` is {}", left.name(), words(left), right.name(), words(&right))
        } else {
            return Some(Literal::Field(Box::new(right.expr)));
        };
        let span = field.span.clone();
        self.report(Code::TypeMismatch, &span, message, None);
        None
    }
}

/// Whether a field told the time between the enter and the exit event of a call.
pub(super) fn is_of_enter_events(name: &str) -> bool {
    matches!(name, "evt.latency" | "evt.latency.s" | "evt.latency.ns" | "evt.latency.human" | "evt.wait_latency")
}

fn is_event_type(field: &FieldRef) -> bool {
    matches!(field.field.name, "evt.type" | "syscall.type")
}

/// Whether a transformer or function is about the event's type, as the engine sees it: of a list only the last value
/// counts.
fn changes_event_type(expr: &FieldExpr) -> bool {
    match &expr.base {
        Base::Field(field) => is_event_type(field) && !expr.transformers.is_empty(),
        Base::Call(call) => call.args.iter().any(is_about_event_type),
    }
}

fn is_about_event_type(arg: &CallArg) -> bool {
    match arg {
        CallArg::Value(expr) => expr.plain_field().is_some_and(is_event_type) || changes_event_type(expr),
        CallArg::Text(_) => false,
        CallArg::List(parts) => parts.last().is_some_and(is_about_event_type),
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
    let (mut problems, mut fields, uses) = (condition.problems, condition.fields, condition.uses);
    let mut parts = vec![condition.expr.map(|expr| (expr, condition.size))];
    for exception in exceptions {
        problems.extend(exception.problems);
        fields.extend(exception.fields);
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
    Checked { expr, problems, uses, fields, size }
}

/// Conditions joined, as the values of an exception are.
pub(super) fn join_checked(parts: Vec<Checked>, is_and: bool) -> Checked {
    let mut problems = Vec::new();
    let mut fields = Vec::new();
    let mut right = Vec::with_capacity(parts.len());
    let number = parts.len();
    for part in parts {
        problems.extend(part.problems);
        fields.extend(part.fields);
        right.extend(part.expr.map(|expr| (expr, part.size)));
    }
    if right.len() != number {
        return Checked { fields, ..Checked::wrong(problems) };
    }
    let (expr, size) = match right.len() {
        1 => right.pop().map_or((None, Size::default()), |(expr, size)| (Some(expr), size)),
        _ => {
            let (expr, size) = join(right, is_and);
            (Some(expr), size)
        }
    };
    Checked { expr, problems, uses: Vec::new(), fields, size }
}

/// Whether a condition is larger than one can be.
pub(super) fn is_too_large(checked: &Checked) -> bool {
    checked.size.tests > TEST_LIMIT || checked.size.values > VALUE_LIMIT || checked.size.depth > DEPTH_LIMIT
}
