//! Comparisons asked of the rows of a table: one alone, or all that a group asks of one field's texts.

use std::collections::HashMap;
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::bits::Bits;
use super::block::Evaluation;
use super::classes::{ClassAnswers, Classes};
use super::keys::{Given, Keys, NameColumns, keys_of, number_column};
use super::scope::Scope;
use super::single::{holds_for_event, holds_with_values};
use crate::format::{BytesColumn, Damage};
use crate::replay::compile::{Atom, Subject, TextGroup, value_of, value_of_fd, value_of_thread};
use crate::replay::fields::{Access, BlockView, EventFact, EventRow, FieldValue, Purpose};
use crate::replay::rules::FieldExpr;

/// What is known of a group of comparisons: for each of them the rows for which it holds.
pub(super) struct GroupMemo {
    /// The rows that were asked.
    pub(super) known: Bits,
    /// By slot; `None` for no rows.
    holds: Vec<Option<Bits>>,
    /// By class of rows: 0 not asked yet, else one more than the number of its set in `sets`.
    set_of_class: Vec<u32>,
    sets: SlotSets,
    /// The codes of texts in which something may be found that is looked for anywhere in a text; `None` where they were
    /// not searched.
    with_parts: Option<Bits>,
}

impl GroupMemo {
    pub(super) fn new(rows: usize, group: &TextGroup) -> GroupMemo {
        GroupMemo {
            known: Bits::none(rows),
            holds: group.atoms.iter().map(|_| None).collect(),
            set_of_class: Vec::new(),
            sets: SlotSets::default(),
            with_parts: None,
        }
    }

    /// The rows among these for which the comparison in a slot holds. They must be known.
    pub(super) fn holding(&self, slot: u32, among: &Bits) -> Bits {
        match self.holds.get(slot as usize) {
            Some(Some(holds)) => among.and(holds),
            Some(None) | None => Bits::none(among.rows()),
        }
    }

    /// Makes room for this many classes.
    fn expect(&mut self, classes: usize) {
        self.set_of_class.resize(classes, 0);
    }

    /// Searches all texts of a column at once for what may be anywhere in them, if so many are needed that it is worth
    /// while.
    fn search_parts(&mut self, group: &TextGroup, column: &BytesColumn, need: &Bits) {
        let is_worthwhile = group.patterns.has_parts() && need.count() >= column.distinct_count() / 4;
        if !is_worthwhile || self.with_parts.is_some() {
            return;
        }
        let mut codes = Bits::none(column.distinct_count());
        group.patterns.texts_with_parts(column.joined(), column.ends(), |code| codes.insert(code));
        self.with_parts = Some(codes);
    }

    fn may_have_parts(&self, code: usize) -> bool {
        self.with_parts.as_ref().is_none_or(|with_parts| with_parts.contains(code))
    }

    /// The number of the set of comparisons that hold for a class; 0 is the empty one. The first time, `find` puts their
    /// slots into an empty list.
    #[inline]
    fn set_of(&mut self, class: usize, find: impl FnOnce(&mut Vec<u32>)) -> u32 {
        let Some(known) = self.set_of_class.get_mut(class) else { return 0 };
        if *known == 0 {
            *known = 1 + self.sets.number(find);
        }
        *known - 1
    }

    /// Notes that the comparisons of a set hold for a row.
    #[inline]
    fn put(&mut self, row: usize, set: u32) {
        for slot in self.sets.get(set) {
            if let Some(holds) = self.holds.get_mut(*slot as usize) {
                holds.get_or_insert_with(|| Bits::none(self.known.rows())).insert(row);
            }
        }
    }
}

/// Sets of slots that hold together, numbered.
struct SlotSets {
    /// The first one is empty.
    sets: Vec<Box<[u32]>>,
    numbers: HashMap<Box<[u32]>, u32, FxBuildHasher>,
    /// The last one that was made, and its number: neighbours are often alike.
    last: (Vec<u32>, u32),
    made: Vec<u32>,
}

impl Default for SlotSets {
    fn default() -> SlotSets {
        SlotSets { sets: vec![Box::default()], numbers: HashMap::default(), last: (Vec::new(), 0), made: Vec::new() }
    }
}

impl SlotSets {
    fn get(&self, number: u32) -> &[u32] {
        self.sets.get(number as usize).map_or(&[], |set| set)
    }

    /// The number of the set that `find` puts into an empty list.
    fn number(&mut self, find: impl FnOnce(&mut Vec<u32>)) -> u32 {
        self.made.clear();
        find(&mut self.made);
        if self.made.is_empty() {
            return 0;
        }
        if self.made != self.last.0 {
            let number = match self.numbers.get(self.made.as_slice()) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
                    self.sets.push(self.made.as_slice().into());
                    self.numbers.insert(self.made.as_slice().into(), number);
                    number
                }
            };
            self.last.0.clone_from(&self.made);
            self.last.1 = number;
        }
        self.last.1
    }
}

impl<'p, 'b> Evaluation<'p, '_, 'b> {
    /// Asks a comparison of rows.
    pub(super) fn ask(
        &mut self,
        atom: &'p Atom,
        need: &Bits,
        scope: Scope<'_, 'b>,
        answers: &mut ClassAnswers,
    ) -> Result<Bits, Damage> {
        if let Some(holds) = self.answer_for_all(atom)? {
            return Ok(if holds { need.clone() } else { Bits::none(need.rows()) });
        }
        if let Some(bounds) = atom.matcher.bounds()
            && let Some(column) = number_column(&atom.field, self.view, scope)?
        {
            let (values, has_nulls) = (column.values(), column.has_nulls());
            let is_within = |row: usize| values.get(row).is_some_and(|value| bounds.contains(value));
            return Ok(need.keep(|row| is_within(row) && !(has_nulls && column.is_null(row))));
        }
        let keys = keys_of(&atom.field, atom.matcher.right_field(), self.view, scope)?;
        let Some(classes) = self.classes_of(&keys) else { return self.ask_each(atom, need, scope) };
        answers.expect(classes.count());
        let mut damage = None;
        let mut ask_row = |row: usize| match keys.value(row) {
            Given::Text(text) => atom.matcher.holds_for_text(text),
            Given::Missing => false,
            Given::Unmade => holds_for_table_row(atom, self.view, scope, row).unwrap_or_else(|error| {
                damage.get_or_insert(error);
                false
            }),
        };
        let found = keep_by_class(need, &classes, answers, &mut ask_row);
        damage.map_or(Ok(found), Err)
    }

    /// Asks a comparison of every row, because it is not known which of them have the same answer.
    fn ask_each(&mut self, atom: &'p Atom, need: &Bits, scope: Scope<'_, 'b>) -> Result<Bits, Damage> {
        let view = self.view;
        let mut damage = None;
        let mut or_note = |answer: Result<bool, Damage>| {
            answer.unwrap_or_else(|error| {
                damage.get_or_insert(error);
                false
            })
        };
        let found = match (scope, atom.matcher.right_field()) {
            (Scope::Events { table, .. }, None) => {
                let made = self.made.entry(&atom.field).or_default();
                need.keep(|row| {
                    let make = || value_of(&atom.field, &EventRow::new(view, table, row), Purpose::Test);
                    or_note(made.hold(&atom.matcher, row, make))
                })
            }
            (Scope::Events { .. }, Some(_)) | (Scope::Threads | Scope::Fds, _) => {
                need.keep(|row| or_note(holds_for_table_row(atom, view, scope, row)))
            }
        };
        damage.map_or(Ok(found), Err)
    }

    /// Asks all comparisons of a group of rows.
    pub(super) fn ask_group(
        &mut self,
        group: &'p TextGroup,
        need: &Bits,
        scope: Scope<'_, 'b>,
        memo: &mut GroupMemo,
    ) -> Result<(), Damage> {
        match &group.subject {
            Subject::Field(field) => self.ask_field(group, field, need, scope, memo)?,
            Subject::FdName => self.ask_names(group, need, memo)?,
        }
        memo.known.add(need);
        Ok(())
    }

    /// Asks what a group asks of a field's texts.
    fn ask_field(
        &mut self,
        group: &'p TextGroup,
        field: &'p FieldExpr,
        need: &Bits,
        scope: Scope<'_, 'b>,
        memo: &mut GroupMemo,
    ) -> Result<(), Damage> {
        let keys = keys_of(field, None, self.view, scope)?;
        let classes = self.classes_of(&keys);
        memo.expect(classes.as_ref().map_or(need.rows(), |classes| classes.count()));
        if let Keys::Text { column, .. } = keys {
            memo.search_parts(group, column, need);
        }
        let mut damage = None;
        let mut set_of = |memo: &mut GroupMemo, row: usize, class: usize| {
            let may_have_parts = memo.may_have_parts(class);
            memo.set_of(class, |holding| match keys.value(row) {
                Given::Text(text) => group.patterns.find(text, may_have_parts, holding),
                Given::Missing => {}
                Given::Unmade => match value_of_row(field, self.view, scope, row) {
                    Ok(value) => self.find_holding(group, &value, holding),
                    Err(error) => {
                        damage.get_or_insert(error);
                    }
                },
            })
        };
        let firsts = classes.as_ref().map_or(&[][..], |classes| classes.firsts());
        // As in `keep_by_class`: mostly nothing holds for any class, and the rows need not be looked at.
        let asks_classes = !firsts.is_empty() && firsts.len() <= need.count() / 2;
        let is_nothing = asks_classes && (0..).zip(firsts).all(|(class, row)| set_of(memo, *row as usize, class) == 0);
        if !is_nothing {
            need.iter().for_each(|row| {
                let class = classes.as_ref().map_or(row, |classes| classes.of(row));
                let set = set_of(memo, row, class);
                memo.put(row, set);
            });
        }
        damage.map_or(Ok(()), Err)
    }

    /// Asks what a group asks of descriptors' names.
    fn ask_names(&self, group: &TextGroup, need: &Bits, memo: &mut GroupMemo) -> Result<(), Damage> {
        let columns = NameColumns::of(self.view)?;
        memo.expect(columns.class_count());
        memo.search_parts(group, columns.names, need);
        need.iter().for_each(|row| {
            let (code, sort) = columns.name(row);
            let may_have_parts = memo.may_have_parts(code);
            let set = memo.set_of(NameColumns::class(code, sort), |holding| {
                let name = columns.names.get(row).unwrap_or_default();
                group.find_in_name(name, sort, may_have_parts, holding);
            });
            memo.put(row, set);
        });
        Ok(())
    }

    /// The slots of a group's comparisons that hold for a value.
    fn find_holding(&self, group: &TextGroup, value: &FieldValue<'_>, holding: &mut Vec<u32>) {
        match value {
            FieldValue::Text(text) => group.patterns.find(text, true, holding),
            FieldValue::Missing => {}
            value => {
                let atoms = group.atoms.iter().map(|id| self.program.atom(*id));
                let holds = |atom: Option<&Atom>| atom.is_some_and(|atom| atom.matcher.holds(value));
                holding.extend((0..).zip(atoms).filter(|(_, atom)| holds(*atom)).map(|(slot, _)| slot));
            }
        }
    }

    /// The answer of a comparison for every row of every table of the block, where the numbers of its events tell.
    ///
    /// Rule files say "never" as `evt.num = 0`.
    fn answer_for_all(&mut self, atom: &Atom) -> Result<Option<bool>, Damage> {
        let access = atom.field.plain_field().map(|field| field.field.access);
        if access != Some(Access::Event(EventFact::Num)) {
            return Ok(None);
        }
        let numbers = match self.numbers {
            Some(numbers) => numbers,
            None => *self.numbers.insert(self.view.block().num()?.range()),
        };
        let bounds = numbers.map(|(least, most)| (u64::try_from(least), u64::try_from(most)));
        Ok(match bounds {
            Some((Ok(least), Ok(most))) => atom.matcher.holds_between(least, most),
            Some(_) | None => None,
        })
    }

    /// The classes of a table's rows by columns, made once for the block; `None` where the columns are not known.
    fn classes_of(&mut self, keys: &Keys<'b>) -> Option<Rc<Classes<'b>>> {
        let places = keys.places()?;
        if let Some(classes) = self.classes.get(&places) {
            return Some(Rc::clone(classes));
        }
        let classes = Rc::new(Classes::of_keys(keys)?);
        self.classes.insert(places, Rc::clone(&classes));
        Some(classes)
    }
}

/// The rows for which a comparison holds, asked once for each class.
fn keep_by_class(
    need: &Bits,
    classes: &Classes<'_>,
    answers: &mut ClassAnswers,
    ask_row: &mut dyn FnMut(usize) -> bool,
) -> Bits {
    let firsts = classes.firsts();
    // With few classes it pays to ask them all at once: mostly none holds, and the rows need not be looked at.
    if !firsts.is_empty() && firsts.len() <= need.count() / 2 {
        let holding = (0..).zip(firsts).filter(|(class, row)| answers.of(*class, || ask_row(**row as usize))).count();
        if holding == 0 {
            return Bits::none(need.rows());
        }
        if holding == firsts.len() {
            return need.clone();
        }
    }
    need.keep(|row| answers.of(classes.of(row), || ask_row(row)))
}

fn holds_for_table_row(atom: &Atom, view: &BlockView<'_>, scope: Scope<'_, '_>, row: usize) -> Result<bool, Damage> {
    match scope {
        Scope::Events { table, .. } => holds_for_event(atom, &EventRow::new(view, table, row)),
        Scope::Threads | Scope::Fds => holds_with_values(atom, |expr| value_of_row(expr, view, scope, row)),
    }
}

/// The value of a field for a row of a table.
fn value_of_row<'b>(
    expr: &FieldExpr,
    view: &BlockView<'b>,
    scope: Scope<'_, 'b>,
    row: usize,
) -> Result<FieldValue<'b>, Damage> {
    match scope {
        Scope::Threads => value_of_thread(expr, view, row),
        Scope::Fds => value_of_fd(expr, view, row),
        Scope::Events { table, .. } => value_of(expr, &EventRow::new(view, table, row), Purpose::Test),
    }
}
