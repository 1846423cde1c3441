//! Files loaded one after the other, with all that is wrong after each of them.
//!
//! What a file adds is compiled with what it refers to, and with what refers to it; the rest is as it was. Everything is
//! compiled anew after a file that changes an item of an earlier one, and while something is wrong whose message depends
//! on all items: then each file costs as much as all before it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::ast::TypedRule;
use super::collection::Collection;
use super::compiler::{type_rule, unused_list, unused_macro};
use super::diagnostic::{Code, Diagnostic};
use super::engine_code::Stage;
use super::file::RuleFile;
use super::item::{RawBody, RawItem};
use super::mentions::{ItemId, Mentions, referents};
use super::problems::{Found, Problems};
use super::reader::read_file;
use super::scope::Scope;

/// How much was done: what tests count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Work {
    /// Files that were read.
    pub(super) files: usize,
    /// Rules that were checked.
    pub(super) rules: usize,
    /// Macros that were parsed.
    pub(super) macros: usize,
}

/// Rule files that were loaded so far.
#[derive(Debug)]
pub(super) struct Loading<'f> {
    files: &'f [RuleFile],
    /// What was found while files were read and items merged.
    reading: Problems<'f>,
    collection: Collection<'f>,
    mentions: Mentions,
    /// What is wrong with items, of those with which something is.
    wrong: BTreeMap<ItemId, Vec<Found>>,
    rules: BTreeMap<usize, TypedRule>,
    /// Macros and lists that nothing refers to.
    unused: BTreeSet<ItemId>,
    pub(super) work: Work,
}

/// How many items there are of each sort.
#[derive(Clone, Copy)]
struct Counts {
    lists: usize,
    macros: usize,
    rules: usize,
}

impl<'f> Loading<'f> {
    /// None of these files is loaded yet.
    pub(super) fn new(files: &'f [RuleFile]) -> Loading<'f> {
        Loading {
            files,
            reading: Problems::new(files),
            collection: Collection::default(),
            mentions: Mentions::default(),
            wrong: BTreeMap::new(),
            rules: BTreeMap::new(),
            unused: BTreeSet::new(),
            work: Work::default(),
        }
    }

    /// Loads the file at this position.
    pub(super) fn load(&mut self, at: usize) {
        let Some(file) = self.files.get(at) else { return };
        let before = self.counts();
        let changes_earlier = self.read(file, at);
        let after = self.counts();
        let mut items: FxHashSet<ItemId> = (before.lists..after.lists)
            .map(ItemId::List)
            .chain((before.macros..after.macros).map(ItemId::Macro))
            .chain((before.rules..after.rules).map(ItemId::Rule))
            .collect();
        if !changes_earlier && !self.depends_on_all() {
            items.iter().for_each(|item| self.mentions.note(*item, &self.collection));
            self.mentions.add_dependents(&mut items, &self.collection);
            self.compile(&items);
            if !self.depends_on_all() {
                return;
            }
        }
        self.compile_all();
    }

    /// Reads a file and merges its items; whether it changes one of an earlier file.
    fn read(&mut self, file: &'f RuleFile, at: usize) -> bool {
        self.work.files += 1;
        let before = self.counts();
        self.reading.begin(Stage::Read);
        let content = read_file(&file.text, at, &mut self.reading);
        self.reading.begin(Stage::Merge);
        self.collection.requirements.add(content.requirements);
        let mut changes_earlier = false;
        for item in content.items {
            changes_earlier |= self.is_of_earlier(&item, before);
            self.collection.take(item, &mut self.reading);
        }
        changes_earlier
    }

    fn counts(&self) -> Counts {
        let Collection { lists, macros, rules, .. } = &self.collection;
        Counts { lists: lists.len(), macros: macros.len(), rules: rules.len() }
    }

    fn is_of_earlier(&self, item: &RawItem<'_>, before: Counts) -> bool {
        match item.body {
            RawBody::List { .. } => self.collection.list_index.get(&item.name).is_some_and(|at| *at < before.lists),
            RawBody::Macro { .. } => self.collection.macro_index.get(&item.name).is_some_and(|at| *at < before.macros),
            RawBody::Rule(_) | RawBody::RuleAppend(_) | RawBody::RuleUpdate { .. } | RawBody::RuleEnabled(_) => {
                self.collection.rule_index.get(&item.name).is_some_and(|at| *at < before.rules)
            }
        }
    }

    /// Whether what was found may be another thing once there are more items: a near name, or the way into a circle.
    fn depends_on_all(&self) -> bool {
        self.wrong.values().flatten().any(|found| {
            matches!(
                found.problem.code,
                Code::UnknownMacro | Code::UndefinedList | Code::MacroCycle | Code::ConditionTooLarge
            )
        })
    }

    fn compile_all(&mut self) {
        let Counts { lists, macros, rules } = self.counts();
        let of_lists = (0..lists).map(ItemId::List);
        let items: FxHashSet<ItemId> =
            of_lists.chain((0..macros).map(ItemId::Macro)).chain((0..rules).map(ItemId::Rule)).collect();
        self.mentions = Mentions::default();
        items.iter().for_each(|item| self.mentions.note(*item, &self.collection));
        self.wrong.clear();
        self.rules.clear();
        self.unused = items.iter().copied().filter(|item| !matches!(item, ItemId::Rule(_))).collect();
        self.compile(&items);
    }

    /// Compiles items anew, with what they refer to.
    fn compile(&mut self, items: &FxHashSet<ItemId>) {
        let referents = referents(items, &self.collection);
        self.unused.extend(items.iter().filter(|item| !matches!(item, ItemId::Rule(_))));
        let part = self.collection.part(|item| items.contains(&item) || referents.contains(&item));
        let problems = RefCell::new(Problems::new(self.files));
        problems.borrow_mut().begin(Stage::Compile);
        let scope = Scope::new(&part, &problems);
        self.work.macros += part.macros.len();
        for item in items {
            self.wrong.remove(item);
        }
        for found in problems.borrow_mut().take_found() {
            let at = found.item_name().and_then(|name| self.collection.macro_index.get(name));
            if let Some(item) = at.map(|at| ItemId::Macro(*at)).filter(|item| items.contains(item)) {
                self.wrong.entry(item).or_default().push(found);
            }
        }
        for rule in &part.rules {
            let Some(at) = self.collection.rule_index.get(&rule.name).copied() else { continue };
            self.work.rules += 1;
            match type_rule(rule, &scope, &problems) {
                Some(typed) => self.rules.insert(at, typed),
                None => self.rules.remove(&at),
            };
            let found = problems.borrow_mut().take_found();
            if !found.is_empty() {
                self.wrong.insert(ItemId::Rule(at), found);
            }
        }
        let unused_macros: FxHashSet<&str> = scope.unused_macros().map(|found| found.name.as_str()).collect();
        let unused_lists: FxHashSet<&str> = scope.lists.unused().map(|list| list.name.as_str()).collect();
        let used_macros = part.macros.iter().filter(|found| !unused_macros.contains(found.name.as_str()));
        let used_lists = part.lists.iter().filter(|list| !unused_lists.contains(list.name.as_str()));
        for name in used_macros.map(|found| &found.name) {
            if let Some(at) = self.collection.macro_index.get(name) {
                self.unused.remove(&ItemId::Macro(*at));
            }
        }
        for name in used_lists.map(|list| &list.name) {
            if let Some(at) = self.collection.list_index.get(name) {
                self.unused.remove(&ItemId::List(*at));
            }
        }
    }

    /// All that is wrong after the files that were loaded; of what was found while files were read only that of files
    /// of which it is asked for.
    pub(super) fn diagnostics(&self, is_wanted: &dyn Fn(usize) -> bool) -> Vec<Diagnostic> {
        let mut problems = self.reading.begin_with(is_wanted);
        let of_macros = self.wrong.range(..ItemId::Rule(0)).flat_map(|(_, found)| found);
        let of_rules = self.wrong.range(ItemId::Rule(0)..).flat_map(|(_, found)| found);
        of_macros.chain(of_rules).for_each(|found| problems.push_found(found.clone()));
        problems.begin(Stage::Compile);
        for item in self.unused.range(ItemId::Macro(0)..).chain(self.unused.range(..ItemId::Macro(0))) {
            let unused = match *item {
                ItemId::Macro(at) => self.collection.macros.get(at).map(|found| (&found.mark, unused_macro(found))),
                ItemId::List(at) => self.collection.lists.get(at).map(|list| (&list.mark, unused_list(list))),
                ItemId::Rule(_) => None,
            };
            if let Some((mark, problem)) = unused {
                problems.set_item(mark.clone());
                problems.push(problem);
            }
        }
        problems.into_diagnostics()
    }

    /// The rules that can be evaluated, in load order.
    pub(super) fn into_rules(self) -> Vec<TypedRule> {
        self.rules.into_values().collect()
    }
}
