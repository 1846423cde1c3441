//! Conditions with macros and lists in place and nothing checked: what `explain` shows, also of rules for events that
//! this program does not know.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use rustc_hash::FxHashMap;

use super::ast::Op;
use super::collection::Collection;
use super::lists::{ListValue, Lists};
use super::parser;
use super::problems::Problems;
use super::syntax::{
    Cond, RawArg, RawBase, RawField, RawTest, RawValue, Right, function_name, is_bare_argument_letter, is_bare_letter,
    modifier_name, transformer_name,
};

/// The most parts of a condition, and of all of them; macros that name others twice each could grow without bound. All
/// public rule files together have some fifty thousand.
const PART_LIMIT: usize = 100_000;
const TOTAL_LIMIT: usize = 1_000_000;
/// The deepest nesting of macros.
const NESTING_LIMIT: usize = 200;

/// A condition without names in it. Its text is the engine's: a pair of parentheses for each `and` and `or`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// All of these.
    And(Vec<Resolved>),
    /// Any of these.
    Or(Vec<Resolved>),
    /// The opposite.
    Not(Box<Resolved>),
    /// A comparison.
    Test(ResolvedTest),
    /// A macro that could not be put in its place.
    Name(String),
}

/// A comparison, as texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedTest {
    /// The field with its argument and transformers.
    pub field: String,
    /// The operator.
    pub op: String,
    /// What it is compared with.
    pub right: ResolvedRight,
}

/// The right-hand side of a comparison; texts are in quotes where they need them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ResolvedRight {
    /// Nothing.
    None,
    /// A value.
    Value(String),
    /// Values in parentheses.
    List(Vec<String>),
    /// A field.
    Field(String),
}

impl Display for Resolved {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Resolved::And(parts) => print_parts(f, parts, " and "),
            Resolved::Or(parts) => print_parts(f, parts, " or "),
            Resolved::Not(part) => write!(f, "not {part}"),
            Resolved::Test(test) => test.fmt(f),
            Resolved::Name(name) => f.write_str(name),
        }
    }
}

fn print_parts(f: &mut Formatter<'_>, parts: &[Resolved], between: &str) -> fmt::Result {
    f.write_str("(")?;
    for (at, part) in parts.iter().enumerate() {
        write!(f, "{}{part}", if at > 0 { between } else { "" })?;
    }
    f.write_str(")")
}

impl Display for ResolvedTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.op)?;
        match &self.right {
            ResolvedRight::None => Ok(()),
            ResolvedRight::Value(text) | ResolvedRight::Field(text) => write!(f, " {text}"),
            ResolvedRight::List(values) => write!(f, " ({})", values.join(", ")),
        }
    }
}

/// What is known of a condition.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Macros and lists that it names itself.
    pub(super) macros: BTreeSet<String>,
    pub(super) lists: BTreeSet<String>,
    /// Of the condition with everything in place.
    pub(super) operators: BTreeSet<String>,
    pub(super) fields: BTreeSet<String>,
}

/// Puts macros and lists in place.
pub(super) struct Resolver<'c, 'p, 'f> {
    lists: &'p Lists<'c>,
    problems: &'p RefCell<Problems<'f>>,
    macros: FxHashMap<&'c str, MacroText<'c>>,
    /// Parts of all conditions so far.
    total: Cell<usize>,
}

struct MacroText<'c> {
    text: &'c str,
    cond: Option<Cond<'c>>,
    first: usize,
    last: usize,
}

/// One condition's way through the resolver.
struct Walk {
    parts: usize,
    nesting: usize,
    facts: Facts,
}

impl<'c, 'p, 'f> Resolver<'c, 'p, 'f> {
    /// Parses all macros; those that cannot be parsed stay names.
    pub(super) fn new(
        collection: &'c Collection<'c>,
        lists: &'p Lists<'c>,
        problems: &'p RefCell<Problems<'f>>,
    ) -> Self {
        let macros = collection.macros.iter().map(|def| {
            let text = def.condition.value();
            let cond = parser::parse(text).ok();
            (def.name.as_str(), MacroText { text, cond, first: def.age.first, last: def.age.last })
        });
        Resolver { lists, problems, macros: macros.collect(), total: Cell::new(0) }
    }

    /// The condition of `text`, with macros that were defined before `sight`.
    pub(super) fn resolve(&self, text: &str, sight: usize) -> Option<(Resolved, Facts)> {
        let cond = parser::parse(text).ok()?;
        let mut walk = Walk { parts: 0, nesting: 0, facts: Facts::default() };
        let resolved = self.cond(&cond, text, sight, &mut walk);
        self.total.set(self.total.get().saturating_add(walk.parts));
        Some((resolved, walk.facts))
    }

    /// Whether more can be put in place; names stay names when there is too much already.
    fn has_room(&self, walk: &Walk) -> bool {
        walk.parts < PART_LIMIT && self.total.get() < TOTAL_LIMIT
    }

    fn cond(&self, cond: &Cond<'_>, text: &str, sight: usize, walk: &mut Walk) -> Resolved {
        walk.parts += 1;
        match cond {
            Cond::And(parts) => Resolved::And(self.all(parts, text, sight, walk)),
            Cond::Or(parts) => Resolved::Or(self.all(parts, text, sight, walk)),
            Cond::Not(part) => Resolved::Not(Box::new(self.cond(part, text, sight, walk))),
            Cond::Test(test) => Resolved::Test(self.test(test, text, walk)),
            Cond::Name(name, _) => {
                if walk.nesting == 0 {
                    walk.facts.macros.insert((*name).to_owned());
                }
                let found = self.macros.get(name).filter(|found| found.first < sight);
                let within = walk.nesting < NESTING_LIMIT && self.has_room(walk);
                match found.and_then(|found| Some((found, found.cond.as_ref()?))) {
                    Some((found, cond)) if within => {
                        walk.nesting += 1;
                        let resolved = self.cond(cond, found.text, found.last, walk);
                        walk.nesting -= 1;
                        resolved
                    }
                    Some(_) | None => Resolved::Name((*name).to_owned()),
                }
            }
        }
    }

    fn all(&self, parts: &[Cond<'_>], text: &str, sight: usize, walk: &mut Walk) -> Vec<Resolved> {
        parts.iter().map(|part| self.cond(part, text, sight, walk)).collect()
    }

    fn test(&self, test: &RawTest<'_>, text: &str, walk: &mut Walk) -> ResolvedTest {
        push_names(&test.left, &mut walk.facts.fields);
        let mut op = text.get(test.op_span.clone()).unwrap_or("").to_owned();
        walk.facts.operators.insert(op.clone());
        if let Some(modifier) = test.modifier {
            op = format!("{op} {}", modifier_name(modifier));
        }
        let right = match &test.right {
            Right::None => ResolvedRight::None,
            Right::Field(field) => {
                push_names(field, &mut walk.facts.fields);
                let text = field_text(field);
                let is_plain = field.transformers.is_empty() && matches!(field.base, RawBase::Field { .. });
                ResolvedRight::Field(if is_plain { format!("val({text})") } else { text })
            }
            Right::Value(value) => match self.list(value, walk) {
                Some(values) if values.len() != 1 => ResolvedRight::Value(values.join(", ")),
                Some(values) => ResolvedRight::Value(values.concat()),
                None => ResolvedRight::Value(quote(&value.text)),
            },
            Right::ListName(name) => {
                let values = self.list(name, walk).unwrap_or_else(|| vec![quote(&name.text)]);
                ResolvedRight::List(self.counted(values, walk))
            }
            Right::List(values) => {
                let mut all = Vec::with_capacity(values.len());
                for value in values {
                    match self.list(value, walk) {
                        Some(values) => all.extend(values),
                        None => all.push(quote(&value.text)),
                    }
                }
                ResolvedRight::List(self.counted(all, walk))
            }
        };
        ResolvedTest { field: field_text(&test.left), op, right }
    }

    fn counted(&self, values: Vec<String>, walk: &mut Walk) -> Vec<String> {
        walk.parts += values.len();
        values
    }

    /// The values of the list that a value names.
    fn list(&self, value: &RawValue<'_>, walk: &mut Walk) -> Option<Vec<String>> {
        if value.quoted {
            return None;
        }
        let at = self.lists.position(&value.text)?;
        if walk.nesting == 0 {
            walk.facts.lists.insert(value.text.to_string());
        }
        if !self.has_room(walk) {
            return None;
        }
        let values = self.lists.values(at, &mut self.problems.borrow_mut());
        Some(values.iter().map(|ListValue { value, .. }| quote(&value.text)).collect())
    }
}

/// Every field that is named, with its argument, without transformers and functions.
fn push_names(field: &RawField<'_>, names: &mut BTreeSet<String>) {
    match &field.base {
        RawBase::Field { name, arg } => {
            names.insert(with_argument(name, arg.as_deref()));
        }
        RawBase::Call { args, .. } => args.iter().for_each(|arg| push_argument_names(arg, names)),
    }
}

fn push_argument_names(arg: &RawArg<'_>, names: &mut BTreeSet<String>) {
    match arg {
        RawArg::Field(field) => push_names(field, names),
        RawArg::Value(_) => {}
        RawArg::List(args, _) => args.iter().for_each(|arg| push_argument_names(arg, names)),
    }
}

fn with_argument(name: &str, arg: Option<&str>) -> String {
    match arg {
        Some(arg) if arg.chars().all(is_bare_argument_letter) => format!("{name}[{arg}]"),
        Some(arg) => format!("{name}[{}]", in_quotes(arg)),
        None => name.to_owned(),
    }
}

/// A field with its argument and the transformers around it.
fn field_text(field: &RawField<'_>) -> String {
    let base = match &field.base {
        RawBase::Field { name, arg } => with_argument(name, arg.as_deref()),
        RawBase::Call { function, args, selector } => {
            let args: Vec<String> = args.iter().map(argument_text).collect();
            let call = format!("{}({})", function_name(*function), args.join(", "));
            with_argument(&call, selector.as_ref().map(|(selector, _)| &**selector))
        }
    };
    let around = |inner: String, transformer| format!("{}({inner})", transformer_name(transformer));
    field.transformers.iter().fold(base, |inner, (transformer, _)| around(inner, *transformer))
}

fn argument_text(arg: &RawArg<'_>) -> String {
    match arg {
        RawArg::Field(field) => field_text(field),
        RawArg::Value(value) => in_quotes(&value.text),
        RawArg::List(args, _) => format!("({})", args.iter().map(argument_text).collect::<Vec<_>>().join(", ")),
    }
}

fn quote(text: &str) -> String {
    let is_bare = !text.is_empty() && text.chars().all(is_bare_letter);
    if is_bare { text.to_owned() } else { in_quotes(text) }
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether an operator can say which events a condition is about, and the values then.
pub(super) fn event_names(test: &ResolvedTest) -> Option<(Op, Vec<&str>)> {
    if test.field != "evt.type" {
        return None;
    }
    let op = match test.op.as_str() {
        "=" | "==" | "in" => Op::In,
        "!=" => Op::Ne,
        _ => return None,
    };
    match &test.right {
        ResolvedRight::Value(value) => Some((op, vec![value.as_str()])),
        ResolvedRight::List(values) => Some((op, values.iter().map(String::as_str).collect())),
        ResolvedRight::None | ResolvedRight::Field(_) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Compiler, Description, RuleFile};

    fn describe(text: impl Into<String>) -> Description {
        let mut compiler = Compiler::new();
        compiler.add_file(RuleFile::new("f", text));
        compiler.describe().2
    }

    /// The condition of a rule with this one, as the engine would print it.
    fn compiled(condition: &str) -> String {
        let head = "- list: l\n  items: [a, 'b c']\n- macro: m\n  condition: proc.name in (l) or fd.num > 2\n";
        let rule = "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: >\n";
        describe(format!("{head}{rule}    {condition}\n")).rules[0].details.condition_compiled.clone()
    }

    #[test]
    fn macros_and_lists_are_put_in_place_and_groups_stay_groups() {
        assert_eq!(
            compiled("evt.type = open and (m or not m)"),
            "(evt.type = open and ((proc.name in (a, \"b c\") or fd.num > 2) or not (proc.name in (a, \"b c\") or fd.num > 2)))"
        );
        assert_eq!(compiled("proc.name in (x, l)"), "proc.name in (x, a, \"b c\")");
        assert_eq!(compiled("proc.name == val(proc.pname)"), "proc.name == val(proc.pname)");
        assert_eq!(compiled("tolower(proc.aname[2]) exists"), "tolower(proc.aname[2]) exists");
        assert_eq!(compiled("proc.name startswith anyof (a, b)"), "proc.name startswith anyof (a, b)");
    }

    #[test]
    fn macros_that_refer_to_themselves_or_double_stay_names() {
        let mut text = "- macro: a\n  condition: b or a\n- macro: b\n  condition: a\n".to_owned();
        text += "- macro: m0\n  condition: proc.name = x\n";
        for at in 1..60 {
            text += &format!("- macro: m{at}\n  condition: m{0} and not m{0}\n", at - 1);
        }
        let description = describe(text);
        assert_eq!(description.macros.len(), 62);
        let parts: usize = description.macros.iter().map(|one| one.details.condition_compiled.len()).sum();
        assert!(parts < 200_000_000, "{parts} bytes");
    }
}
