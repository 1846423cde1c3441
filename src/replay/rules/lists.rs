//! Lists with the lists in them in place.
//!
//! The engine does this in two steps, and rule files depend on both: items of a list that name a list defined before the
//! list's last change are replaced by that list's items as written; then, where a condition names a list, every item that
//! names a list defined later is replaced as well. A name that is left after both is an ordinary word.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::collection::{Collection, ListDef};
use super::diagnostic::Code;
use super::lexer::SyntaxError;
use super::parser;
use super::problems::{Problem, Problems};
use super::syntax::RawValue;
use super::text::Text;

/// The most values of a list; lists that name others twice each could grow without bound.
const VALUE_LIMIT: usize = 100_000;

/// A value of a list, and the item it stands in.
#[derive(Clone, Debug)]
pub(super) struct ListValue<'c> {
    pub(super) value: RawValue<'c>,
    pub(super) text: &'c Text<'c>,
}

/// All lists.
#[derive(Debug)]
pub(super) struct Lists<'c> {
    defs: &'c [ListDef<'c>],
    index: &'c FxHashMap<String, usize>,
    /// The items after the first step.
    items: Vec<Vec<&'c Text<'c>>>,
    values: Vec<OnceCell<Rc<[ListValue<'c>]>>>,
    used: Vec<Cell<bool>>,
}

impl<'c> Lists<'c> {
    /// Does the first step.
    pub(super) fn new(collection: &'c Collection<'c>) -> Lists<'c> {
        let defs = collection.lists.as_slice();
        let index = &collection.list_index;
        let used: Vec<Cell<bool>> = defs.iter().map(|_| Cell::new(false)).collect();
        let expand = |list: &'c ListDef<'c>| {
            let mut items = Vec::with_capacity(list.items.len());
            for item in &list.items {
                let named = index.get(item.value()).and_then(|at| Some((at, defs.get(*at)?)));
                match named {
                    Some((at, other)) if other.age.first < list.age.last => {
                        if let Some(used) = used.get(*at) {
                            used.set(true);
                        }
                        items.extend(other.items.iter());
                    }
                    _ => items.push(item),
                }
                if items.len() > VALUE_LIMIT {
                    break;
                }
            }
            items
        };
        let items = defs.iter().map(expand).collect();
        let values = defs.iter().map(|_| OnceCell::new()).collect();
        Lists { defs, index, items, values, used }
    }

    /// The position of the list of this name; it counts as used from now on.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let at = self.index.get(name).copied()?;
        if let Some(used) = self.used.get(at) {
            used.set(true);
        }
        Some(at)
    }

    /// The position of the list of this name, whether that is a use of it or not.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The items of a list after the first step.
    pub(super) fn items(&self, at: usize) -> impl Iterator<Item = &'c Text<'c>> {
        self.items.get(at).map(Vec::as_slice).unwrap_or_default().iter().copied()
    }

    /// The names of all lists.
    pub(super) fn names(&self) -> impl Iterator<Item = &'c str> {
        self.defs.iter().map(|list| list.name.as_str())
    }

    /// The values of a list. What is wrong with them is reported once.
    pub(super) fn values(&self, at: usize, problems: &mut Problems<'_>) -> Rc<[ListValue<'c>]> {
        let Some(cell) = self.values.get(at) else { return Rc::from([]) };
        if let Some(values) = cell.get() {
            return Rc::clone(values);
        }
        let mut values = Vec::new();
        let mut waiting = vec![
            self.items
                .get(at)
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .map(|text| (at, *text))
                .collect::<Vec<_>>(),
        ];
        // A stack of item lists, each reversed, instead of recursion: lists may be chained as long as one likes.
        if let Some(first) = waiting.first_mut() {
            first.reverse();
        }
        while let Some(top) = waiting.last_mut() {
            let Some((from, text)) = top.pop() else {
                waiting.pop();
                continue;
            };
            for value in self.item_values(text, problems) {
                let named = if value.quoted { None } else { self.index.get(&*value.text).copied() };
                match named {
                    Some(later) if later > from => {
                        if let Some(used) = self.used.get(later) {
                            used.set(true);
                        }
                        let items = self.items.get(later).map(Vec::as_slice).unwrap_or_default();
                        waiting.push(items.iter().rev().map(|text| (later, *text)).collect());
                    }
                    named => {
                        if named.is_some() {
                            self.report_nested(at, text, &value, problems);
                        }
                        values.push(ListValue { value, text });
                    }
                }
            }
            if values.len() > VALUE_LIMIT || waiting.len() > VALUE_LIMIT {
                if let Some(list) = self.defs.get(at) {
                    let message = format!("list `{}` has more than {VALUE_LIMIT} values", list.name);
                    problems.push(Problem::new(Code::ConditionTooLarge, list.place.clone(), message));
                }
                break;
            }
        }
        Rc::clone(cell.get_or_init(|| Rc::from(values)))
    }

    fn report_nested(&self, at: usize, text: &Text<'_>, value: &RawValue<'_>, problems: &mut Problems<'_>) {
        let name = self.defs.get(at).map_or("", |list| list.name.as_str());
        let place = problems.locate(text, &value.span);
        let message = format!("`{}` is compared as a word here, although a list has this name", value.text);
        let help = format!("the engine looks into lists of lists one level deep; name it in `{name}` itself");
        problems.push(Problem::new(Code::NestedList, place, message).help(help));
    }

    /// The values that an item stands for: one, unless there are commas in it.
    fn item_values(&self, text: &'c Text<'c>, problems: &mut Problems<'_>) -> Vec<RawValue<'c>> {
        match read_values(text) {
            Ok(values) => values,
            Err(error) => {
                let place = problems.locate(text, &error.span);
                problems.push(Problem { place, code: Code::ConditionSyntax, message: error.message, help: error.help });
                Vec::new()
            }
        }
    }

    /// Lists that nothing refers to.
    pub(super) fn unused(&self) -> impl Iterator<Item = &'c ListDef<'c>> {
        self.defs.iter().zip(&self.used).filter(|(_, used)| !used.get()).map(|(list, _)| list)
    }
}

/// The values of an item of a list, or of a value of an exception. With blanks and without quotes it is one value.
pub(super) fn read_values<'c>(text: &'c Text<'c>) -> Result<Vec<RawValue<'c>>, SyntaxError> {
    let value = text.value();
    if !value.contains(' ') || value.starts_with(['"', '\'']) {
        return parser::parse_values(value, 0);
    }
    if !value.contains(['"', '\\']) {
        return Ok(vec![RawValue { text: value.into(), quoted: true, span: 0..value.len() }]);
    }
    // As if it stood in double quotes.
    let quoted = format!("\"{value}\"");
    let values = parser::parse_values(&quoted, 0)?;
    Ok(values
        .into_iter()
        .map(|found| RawValue { text: found.text.into_owned().into(), quoted: true, span: 0..value.len() })
        .collect())
}
