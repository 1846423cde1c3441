//! [`RawItem`]s of all files, in order -> the lists, macros and rules that are left after redefinition, `append` and
//! `override`.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::ast::{Modifier, Op, Priority};
use super::diagnostic::Code;
use super::item::{Entry, RawBody, RawException, RawItem, RuleKeys};
use super::location::{ItemMark, Part};
use super::mentions::ItemId;
use super::names;
use super::parser;
use super::problems::{Problem, Problems};
use super::requirements::Requirements;
use super::syntax::{OPERATORS, takes_list};
use super::text::{Place, Text};
use crate::replay::fields::Source;

/// When an item was defined first, and when it was changed last. An item sees those defined before its last change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    pub(super) first: usize,
    pub(super) last: usize,
}

#[derive(Clone, Debug)]
pub(super) struct ListDef<'i> {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) mark: ItemMark,
    pub(super) age: Age,
    pub(super) items: Vec<Text<'i>>,
}

#[derive(Clone, Debug)]
pub(super) struct MacroDef<'i> {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) mark: ItemMark,
    pub(super) age: Age,
    pub(super) condition: Text<'i>,
}

/// A rule. What is missing was reported.
#[derive(Clone, Debug)]
pub(super) struct RuleDef<'i> {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) mark: ItemMark,
    pub(super) condition: Option<Text<'i>>,
    pub(super) output: Option<Text<'i>>,
    pub(super) desc: String,
    pub(super) priority: Priority,
    pub(super) tags: BTreeSet<String>,
    pub(super) source: String,
    pub(super) enabled: bool,
    pub(super) warn_evttypes: bool,
    pub(super) skip_if_unknown_filter: bool,
    pub(super) exceptions: Vec<RawException<'i>>,
}

/// Items by name, in the order of their first definition.
#[derive(Debug, Default)]
pub(super) struct Collection<'i> {
    pub(super) lists: Vec<ListDef<'i>>,
    pub(super) list_index: FxHashMap<String, usize>,
    pub(super) macros: Vec<MacroDef<'i>>,
    pub(super) macro_index: FxHashMap<String, usize>,
    pub(super) rules: Vec<RuleDef<'i>>,
    pub(super) rule_index: FxHashMap<String, usize>,
    pub(super) requirements: Requirements,
    age: usize,
}

impl<'i> Collection<'i> {
    /// Takes the next item.
    pub(super) fn take(&mut self, item: RawItem<'i>, problems: &mut Problems<'_>) {
        let RawItem { name, place, mark, body } = item;
        problems.set_item(mark.clone());
        self.age += 1;
        match body {
            RawBody::List { items, append } => {
                let list = ListDef { name, place, mark, age: Age { first: self.age, last: self.age }, items };
                self.take_list(list, append, problems);
            }
            RawBody::Macro { condition, append } => {
                let found = MacroDef { name, place, mark, age: Age { first: self.age, last: self.age }, condition };
                self.take_macro(found, append, problems);
            }
            RawBody::Rule(keys) => self.define_rule(name, place, mark, *keys, problems),
            RawBody::RuleAppend(keys) => {
                let Some(rule) = self.find_rule(&name, &place, problems) else { return };
                if keys.is_empty() {
                    let message = format!("there is nothing to append to rule `{name}`");
                    let problem = Problem::new(Code::MissingKey, place, message);
                    problems.push(problem.help("give a `condition` or `exceptions`"));
                    return;
                }
                rule.append(*keys, problems);
            }
            RawBody::RuleUpdate { append, replace } => {
                let Some(rule) = self.find_rule(&name, &place, problems) else { return };
                rule.append(*append, problems);
                rule.replace(*replace, problems);
            }
            RawBody::RuleEnabled(enabled) => {
                let Some(rule) = self.find_rule(&name, &place, problems) else { return };
                rule.enabled = enabled;
            }
        }
    }

    /// The items that are wanted, as they are and in their order.
    pub(super) fn part(&self, is_wanted: impl Fn(ItemId) -> bool) -> Collection<'i> {
        let mut part = Collection { age: self.age, ..Collection::default() };
        for (_, list) in self.lists.iter().enumerate().filter(|(at, _)| is_wanted(ItemId::List(*at))) {
            part.list_index.insert(list.name.clone(), part.lists.len());
            part.lists.push(list.clone());
        }
        for (_, found) in self.macros.iter().enumerate().filter(|(at, _)| is_wanted(ItemId::Macro(*at))) {
            part.macro_index.insert(found.name.clone(), part.macros.len());
            part.macros.push(found.clone());
        }
        for (_, rule) in self.rules.iter().enumerate().filter(|(at, _)| is_wanted(ItemId::Rule(*at))) {
            part.rule_index.insert(rule.name.clone(), part.rules.len());
            part.rules.push(rule.clone());
        }
        part
    }

    fn take_list(&mut self, list: ListDef<'i>, append: bool, problems: &mut Problems<'_>) {
        match self.list_index.get(&list.name).and_then(|at| self.lists.get_mut(*at)) {
            Some(earlier) => {
                earlier.age.last = list.age.last;
                if append {
                    earlier.items.extend(list.items);
                } else {
                    *earlier = ListDef { age: earlier.age, ..list };
                }
            }
            None if append => {
                let near = names::nearest(&list.name, self.lists.iter().map(|list| list.name.as_str()));
                problems.push(no_such_item("list", &list.name, list.place, near));
            }
            None => {
                self.list_index.insert(list.name.clone(), self.lists.len());
                self.lists.push(list);
            }
        }
    }

    fn take_macro(&mut self, new: MacroDef<'i>, append: bool, problems: &mut Problems<'_>) {
        match self.macro_index.get(&new.name).and_then(|at| self.macros.get_mut(*at)) {
            Some(earlier) => {
                earlier.age.last = new.age.last;
                if append {
                    earlier.condition.append(new.condition);
                } else {
                    *earlier = MacroDef { age: earlier.age, ..new };
                }
            }
            None if append => {
                let near = names::nearest(&new.name, self.macros.iter().map(|found| found.name.as_str()));
                problems.push(no_such_item("macro", &new.name, new.place, near));
            }
            None => {
                self.macro_index.insert(new.name.clone(), self.macros.len());
                self.macros.push(new);
            }
        }
    }

    fn find_rule(&mut self, name: &str, place: &Place, problems: &mut Problems<'_>) -> Option<&mut RuleDef<'i>> {
        let Some(at) = self.rule_index.get(name).copied() else {
            let near = names::nearest(name, self.rules.iter().map(|rule| rule.name.as_str()));
            problems.push(no_such_item("rule", name, place.clone(), near));
            return None;
        };
        self.rules.get_mut(at)
    }

    fn define_rule(
        &mut self,
        name: String,
        place: Place,
        mark: ItemMark,
        keys: RuleKeys<'i>,
        problems: &mut Problems<'_>,
    ) {
        let source = keys.source.unwrap_or_else(|| Source::Syscall.name().to_owned());
        let mut exceptions = keys.exceptions.unwrap_or_default();
        exceptions.retain_mut(|exception| check_exception(exception, problems));
        let rule = RuleDef {
            name,
            place,
            mark,
            condition: keys.condition,
            output: keys.output,
            desc: keys.desc.unwrap_or_default(),
            priority: keys.priority.unwrap_or(Priority::Debug),
            tags: keys.tags.unwrap_or_default().into_iter().collect(),
            source,
            enabled: keys.enabled.unwrap_or(true),
            warn_evttypes: keys.warn_evttypes.unwrap_or(true),
            skip_if_unknown_filter: keys.skip_if_unknown_filter.unwrap_or(false),
            exceptions,
        };
        match self.rule_index.get(&rule.name).and_then(|at| self.rules.get_mut(*at)) {
            Some(earlier) if earlier.source != rule.source => {
                let message = format!(
                    "rule `{}` is for events of `{}`, and was for those of `{}` before",
                    rule.name, rule.source, earlier.source
                );
                problems.push(Problem::new(Code::InvalidValue, rule.place, message));
            }
            Some(earlier) => *earlier = rule,
            None => {
                self.rule_index.insert(rule.name.clone(), self.rules.len());
                self.rules.push(rule);
            }
        }
    }
}

fn no_such_item(word: &str, name: &str, place: Place, near: Option<&str>) -> Problem {
    let message = format!("there is no {word} `{name}` before this that could be changed");
    Problem::new(Code::NoSuchItem, place, message).did_you_mean(near)
}

impl<'i> RuleDef<'i> {
    fn append(&mut self, keys: RuleKeys<'i>, problems: &mut Problems<'_>) {
        append_text(&mut self.condition, keys.condition);
        append_text(&mut self.output, keys.output);
        if let Some(desc) = keys.desc {
            self.desc.push(' ');
            self.desc.push_str(&desc);
        }
        self.tags.extend(keys.tags.unwrap_or_default());
        for exception in keys.exceptions.unwrap_or_default() {
            self.append_exception(exception, problems);
        }
    }

    fn append_exception(&mut self, mut exception: RawException<'i>, problems: &mut Problems<'_>) {
        let found = self.exceptions.iter_mut().find(|earlier| earlier.name == exception.name);
        let Some(earlier) = found else {
            if exception.fields.is_some() && exception.values.is_empty() {
                let message = format!("exception `{}` has no `values`", exception.name);
                let part = Part::Exception(exception.mark);
                problems.push_in(&part, Problem::new(Code::ExceptionInvalid, exception.place, message));
            } else if check_exception(&mut exception, problems) {
                self.exceptions.push(exception);
            }
            return;
        };
        for (key, entry) in [("fields", &exception.fields), ("comps", &exception.comps)] {
            if let Some(entry) = entry {
                let message = format!("exception `{}` has its `{key}` already", exception.name);
                let problem = Problem::new(Code::ExceptionInvalid, entry.place(), message);
                let part = Part::Exception(exception.mark.clone());
                problems.push_in(&part, problem.help("only `values` can be appended"));
            }
        }
        earlier.values.append(&mut exception.values);
    }

    fn replace(&mut self, keys: RuleKeys<'i>, problems: &mut Problems<'_>) {
        replace_some(&mut self.condition, keys.condition);
        replace_some(&mut self.output, keys.output);
        replace(&mut self.desc, keys.desc);
        replace(&mut self.priority, keys.priority);
        replace(&mut self.tags, keys.tags.map(|tags| tags.into_iter().collect()));
        replace(&mut self.enabled, keys.enabled);
        replace(&mut self.warn_evttypes, keys.warn_evttypes);
        replace(&mut self.skip_if_unknown_filter, keys.skip_if_unknown_filter);
        if let Some(mut exceptions) = keys.exceptions {
            exceptions.retain_mut(|exception| check_exception(exception, problems));
            self.exceptions = exceptions;
        }
    }
}

fn append_text<'i>(text: &mut Option<Text<'i>>, more: Option<Text<'i>>) {
    match (text.as_mut(), more) {
        (Some(text), Some(more)) => text.append(more),
        (None, Some(more)) => *text = Some(more),
        (_, None) => {}
    }
}

fn replace<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn replace_some<T>(target: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *target = value;
    }
}

/// Whether the fields and comparisons of an exception fit together; the problem is reported.
fn check_exception(exception: &mut RawException<'_>, problems: &mut Problems<'_>) -> bool {
    let invalid = |place: Place, message: String| Problem::new(Code::ExceptionInvalid, place, message);
    let name = &exception.name;
    let problem = match (&exception.fields, &exception.comps) {
        (None, _) => {
            let message = format!("exception `{name}` has no `fields`");
            Some(invalid(exception.place.clone(), message).help("write `fields: [proc.name]`"))
        }
        (Some(Entry::Many(..)), None) | (Some(Entry::One(_)), None) => None,
        (Some(Entry::Many(fields, _)), Some(Entry::Many(comps, place))) => {
            if fields.len() == comps.len() {
                comps.iter().find_map(check_operator)
            } else {
                let message = format!("{} for {}", count(comps.len(), "comparison"), count(fields.len(), "field"));
                Some(invalid(place.clone(), message))
            }
        }
        (Some(Entry::Many(..)), Some(Entry::One(comp))) => {
            let message = "`comps` is a list where `fields` is one".to_owned();
            Some(invalid(comp.place(), message))
        }
        (Some(Entry::One(_)), Some(Entry::Many(_, place))) => {
            let message = "`comps` is one comparison where `fields` is one field".to_owned();
            Some(invalid(place.clone(), message))
        }
        (Some(Entry::One(_)), Some(Entry::One(comp))) => match operator_of(comp) {
            Some((op, modifier)) if takes_list(op) || modifier.is_some() => None,
            _ => {
                let message = format!("`{}` cannot compare a field with a list of values", comp.value());
                Some(
                    invalid(comp.place(), message)
                        .help("write in, pmatch or intersects, or an operator with oneof, anyof or allof"),
                )
            }
        },
    };
    match problem {
        Some(problem) => {
            problems.push_in(&Part::Exception(exception.mark.clone()), problem);
            false
        }
        None => true,
    }
}

fn check_operator(entry: &Entry<'_>) -> Option<Problem> {
    match entry {
        Entry::One(text) if operator_of(text).is_some() => None,
        Entry::One(text) => {
            let message = format!("there is no operator `{}`", text.value());
            let near = names::nearest(text.value(), OPERATORS.iter().map(|(name, _)| *name));
            Some(Problem::new(Code::ExceptionInvalid, text.place(), message).did_you_mean(near))
        }
        Entry::Many(_, place) => {
            let message = "a comparison is an operator, not a list";
            Some(Problem::new(Code::ExceptionInvalid, place.clone(), message))
        }
    }
}

/// The operator that an entry of `comps` names.
pub(super) fn operator_of(text: &Text<'_>) -> Option<(Op, Option<Modifier>)> {
    parser::parse_comparison_name(text.value())
}

/// `1 field`, `2 fields`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
