//! Which macros and lists items may refer to: the words of their texts. More words than references, never fewer.

use rustc_hash::{FxHashMap, FxHashSet};

use super::collection::{Collection, RuleDef};
use super::item::Entry;
use super::text::Text;

/// An item by its position among those of its sort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum ItemId {
    List(usize),
    Macro(usize),
    Rule(usize),
}

/// For each word the items in whose texts it stands.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    items: FxHashMap<String, Vec<ItemId>>,
}

impl Mentions {
    /// Notes the words of an item.
    pub(super) fn note(&mut self, item: ItemId, collection: &Collection<'_>) {
        let mut seen = FxHashSet::default();
        each_word(item, collection, &mut |word| {
            if seen.insert(word.to_owned()) {
                self.items.entry(word.to_owned()).or_default().push(item);
            }
        });
    }

    /// Adds the items that may refer to one of these lists and macros, or to one that does.
    pub(super) fn add_dependents(&self, items: &mut FxHashSet<ItemId>, collection: &Collection<'_>) {
        let mut waiting: Vec<ItemId> = items.iter().copied().collect();
        while let Some(item) = waiting.pop() {
            let Some(name) = name_of(item, collection) else { continue };
            let found = self.items.get(name).map(Vec::as_slice).unwrap_or_default();
            waiting.extend(found.iter().copied().filter(|found| items.insert(*found)));
        }
    }
}

/// The lists and macros that these items may refer to, and that those may, and the lists and macros among the items.
pub(super) fn referents(items: &FxHashSet<ItemId>, collection: &Collection<'_>) -> FxHashSet<ItemId> {
    let mut found: FxHashSet<ItemId> = items.iter().copied().filter(|item| !matches!(item, ItemId::Rule(_))).collect();
    let mut waiting: Vec<ItemId> = items.iter().copied().collect();
    while let Some(item) = waiting.pop() {
        each_word(item, collection, &mut |word| {
            let list = collection.list_index.get(word).map(|at| ItemId::List(*at));
            let named = collection.macro_index.get(word).map(|at| ItemId::Macro(*at));
            waiting.extend(list.into_iter().chain(named).filter(|named| found.insert(*named)));
        });
    }
    found
}

/// The name that texts may refer to the item by.
fn name_of<'c>(item: ItemId, collection: &'c Collection<'_>) -> Option<&'c str> {
    match item {
        ItemId::List(at) => collection.lists.get(at).map(|list| list.name.as_str()),
        ItemId::Macro(at) => collection.macros.get(at).map(|found| found.name.as_str()),
        ItemId::Rule(_) => None,
    }
}

fn each_word(item: ItemId, collection: &Collection<'_>, take: &mut dyn FnMut(&str)) {
    match item {
        ItemId::List(at) => {
            let items = collection.lists.get(at).map(|list| list.items.as_slice()).unwrap_or_default();
            items.iter().for_each(|text| words_of(text, take));
        }
        ItemId::Macro(at) => {
            if let Some(found) = collection.macros.get(at) {
                words_of(&found.condition, take);
            }
        }
        ItemId::Rule(at) => {
            if let Some(rule) = collection.rules.get(at) {
                words_of_rule(rule, take);
            }
        }
    }
}

fn words_of_rule(rule: &RuleDef<'_>, take: &mut dyn FnMut(&str)) {
    if let Some(condition) = &rule.condition {
        words_of(condition, take);
    }
    for exception in &rule.exceptions {
        exception.values.iter().for_each(|value| words_of_entry(value, take));
    }
}

/// Entries are as deep as YAML is read at most.
fn words_of_entry(entry: &Entry<'_>, take: &mut dyn FnMut(&str)) {
    match entry {
        Entry::One(text) => words_of(text, take),
        Entry::Many(entries, _) => entries.iter().for_each(|entry| words_of_entry(entry, take)),
    }
}

/// The whole text, and its parts in every way in which it could be read.
fn words_of(text: &Text<'_>, take: &mut dyn FnMut(&str)) {
    let value = text.value();
    take(value);
    let is_delimiter = |letter: char| letter.is_whitespace() || matches!(letter, '(' | ')' | ',' | '"' | '\'');
    for part in value.split(is_delimiter).filter(|part| !part.is_empty()) {
        take(part);
        if part.contains(['=', '<', '>', '!']) {
            part.split(['=', '<', '>', '!']).for_each(&mut *take);
        }
        if part.contains(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            part.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').for_each(&mut *take);
        }
    }
}
