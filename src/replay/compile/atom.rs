//! Atoms: the single comparisons of all conditions, each kept once.

use std::collections::HashMap;
use std::io::Write as _;

use rustc_hash::FxBuildHasher;

use super::bound_field::{reads_of, reads_of_all};
use super::matcher::Matcher;
use super::text_patterns::{TextPatterns, order};
use crate::replay::fields::{
    Access, AuditFact, ContainerFact, EventFact, FdFact, FieldType, NameSort, Reads, ThreadFact, Whose,
};
use crate::replay::rules::{FieldExpr, FieldRef, Literal, Op, Test, Transformer};

/// The number of an atom in a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct AtomId(pub u32);

/// One comparison, prepared.
#[derive(Debug)]
pub struct Atom {
    /// The left-hand side.
    pub field: FieldExpr,
    /// The comparison with the right-hand side.
    pub matcher: Matcher,
    /// What it depends on at most.
    pub reads: Reads,
    /// How dear it is, compared with others of the same table.
    pub cost: u32,
    /// Where it is asked together with others of its field, if it is.
    pub in_group: Option<GroupSlot>,
}

/// An atom's place in a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupSlot {
    /// The group's number in the program.
    pub group: usize,
    /// The atom's number in the group.
    pub slot: u32,
}

/// Atoms that compare with fixed texts, and are asked together.
#[derive(Debug)]
pub struct TextGroup {
    /// What they compare.
    pub subject: Subject,
    /// The atoms, by slot.
    pub atoms: Vec<AtomId>,
    /// What they ask of a text.
    pub patterns: TextPatterns,
    /// What they ask of the directory in it; nothing unless it is a descriptor's name.
    of_directory: TextPatterns,
    /// What they ask of the file name in it; likewise.
    of_file_name: TextPatterns,
}

/// What the atoms of a group compare.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Subject {
    /// A field's text.
    Field(FieldExpr),
    /// A descriptor's name and its parts: `fd.name`, `fd.directory` and `fd.filename`.
    FdName,
}

impl Subject {
    fn of(field: &FieldExpr) -> Subject {
        match field.plain_field().map(|field| field.field.access) {
            Some(Access::Fd(FdFact::Name | FdFact::Directory | FdFact::FileName)) => Subject::FdName,
            _ => Subject::Field(field.clone()),
        }
    }
}

impl TextGroup {
    /// Puts the slots of the comparisons that hold for a descriptor's name of this sort into `holding`, rising, each
    /// once. `may_have_parts`: see [`TextPatterns::texts_with_parts`].
    pub fn find_in_name(&self, name: &[u8], sort: NameSort, may_have_parts: bool, holding: &mut Vec<u32>) {
        holding.clear();
        self.patterns.add(name, may_have_parts, holding);
        let (directory, file_name) = sort.parts(name);
        if let Some(directory) = directory {
            self.of_directory.add(directory, true, holding);
        }
        if let Some(file_name) = file_name {
            self.of_file_name.add(file_name, true, holding);
        }
        order(holding);
    }
}

/// All atoms of a program.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    atoms: Vec<Atom>,
    /// By what `write_key` writes.
    ids: HashMap<Vec<u8>, AtomId, FxBuildHasher>,
    /// The atoms of each group.
    members: Vec<Vec<AtomId>>,
}

impl Atoms {
    /// The atom of a test; a test that was seen before gives the same one.
    pub(super) fn intern(&mut self, test: &Test) -> AtomId {
        let mut key = Vec::new();
        write_key(test, &mut key);
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = AtomId(u32::try_from(self.atoms.len()).unwrap_or(u32::MAX));
        let matcher = Matcher::new(test);
        let reads = reads_of_all(matcher.right_field().into_iter().chain([&test.field]).map(reads_of));
        let fields = || matcher.right_field().into_iter().chain([&test.field]).flat_map(FieldExpr::fields);
        let is_keyed = fields().all(|field| {
            let access = field.field.access;
            access.reads() != Reads::Row || matches!(access, Access::Event(_) | Access::Audit(_))
        });
        let cost = if reads == Reads::Row && !is_keyed {
            // Something of the thread or the descriptor that also depends on the event: asked of every row anew.
            ASKED_OF_EVERY_ROW
        } else {
            let fields: u32 = fields().map(|field| access_cost(field.field.access)).sum();
            let values = if test.modifier.is_some() { u32::try_from(test.values.len()).unwrap_or(u32::MAX) } else { 1 };
            fields.saturating_add(operator_cost(test.op).saturating_mul(values.max(1)))
        };
        self.atoms.push(Atom { field: test.field.clone(), matcher, reads, cost, in_group: None });
        self.ids.insert(key, id);
        id
    }

    /// Puts atoms that can be asked together into groups, once all are there.
    pub(super) fn group(&mut self) {
        let mut by_subject: HashMap<Subject, usize, FxBuildHasher> = HashMap::default();
        for (id, atom) in (0..).map(AtomId).zip(&mut self.atoms) {
            if !has_one_text(&atom.field) || atom.matcher.patterns().is_none() {
                continue;
            }
            let group = *by_subject.entry(Subject::of(&atom.field)).or_insert(self.members.len());
            if group == self.members.len() {
                self.members.push(Vec::new());
            }
            let Some(atoms) = self.members.get_mut(group) else { continue };
            atom.in_group = Some(GroupSlot { group, slot: u32::try_from(atoms.len()).unwrap_or(u32::MAX) });
            atoms.push(id);
        }
    }

    /// All atoms, and the groups of those that are asked together.
    pub(super) fn finish(mut self) -> (Vec<Atom>, Vec<TextGroup>) {
        let members = std::mem::take(&mut self.members);
        let groups = members.into_iter().filter_map(|atoms| self.text_group(atoms)).collect();
        (self.atoms, groups)
    }

    /// The group of these atoms, which have their subject in common.
    fn text_group(&self, atoms: Vec<AtomId>) -> Option<TextGroup> {
        let subject = Subject::of(&self.get(*atoms.first()?)?.field);
        let patterns_of = |wanted: Option<FdFact>| {
            let patterns = (0u32..).zip(&atoms).filter_map(|(slot, id)| {
                let atom = self.get(*id)?;
                let part = part_of_name(&atom.field);
                (part == wanted)
                    .then(|| atom.matcher.patterns().unwrap_or_default().into_iter().map(move |one| (slot, one)))
            });
            TextPatterns::new(patterns.flatten())
        };
        Some(TextGroup {
            subject,
            patterns: patterns_of(None),
            of_directory: patterns_of(Some(FdFact::Directory)),
            of_file_name: patterns_of(Some(FdFact::FileName)),
            atoms,
        })
    }

    pub(super) fn get(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.0 as usize)
    }
}

/// Whether the value is one text, as a rule.
fn has_one_text(field: &FieldExpr) -> bool {
    let is_text = |field: &FieldRef| matches!(field.field.ty, FieldType::CharBuf | FieldType::ByteBuf);
    field.single_field().is_some_and(is_text) && !field.is_list() && !field.transformers.contains(&Transformer::Len)
}

/// Which part of a descriptor's name a field is, if it is one.
fn part_of_name(field: &FieldExpr) -> Option<FdFact> {
    match field.plain_field().map(|field| field.field.access) {
        Some(Access::Fd(part @ (FdFact::Directory | FdFact::FileName))) => Some(part),
        _ => None,
    }
}

/// Bytes that two tests share if and only if they are the same.
fn write_key(test: &Test, key: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = write!(key, "{} {:?} {:?} ", test.field, test.op, test.modifier);
    for value in &test.values {
        let _ = match value {
            // Nearly all are texts, and some lists have hundreds.
            Literal::Text(text) => write!(key, "{}:", text.len()).map(|()| key.extend_from_slice(text)),
            Literal::Field(field) => write!(key, "{field};"),
            value => write!(key, "{value:?};"),
        };
    }
}

/// The cost of a comparison that cannot be shared between rows.
const ASKED_OF_EVERY_ROW: u32 = 80;

/// A rough order of how dear values are: numbers that lie in a column, texts in a dictionary, texts that are made.
fn access_cost(access: Access) -> u32 {
    match access {
        Access::Event(EventFact::Args | EventFact::Info) => 90,
        Access::Event(EventFact::Arg | EventFact::RawArg) => 20,
        Access::Event(EventFact::Buffer) => 60,
        Access::Event(EventFact::Path(_) | EventFact::PathRaw(_) | EventFact::AbsPath) => 25,
        Access::Event(_) => 5,
        Access::Thread(Whose::Own, fact) => match fact {
            ThreadFact::CmdLine | ThreadFact::ExeLine | ThreadFact::Args | ThreadFact::Env => 40,
            ThreadFact::Name | ThreadFact::Exe | ThreadFact::ExePath | ThreadFact::Cwd => 10,
            _ => 12,
        },
        Access::Thread(Whose::Parent, _) => 20,
        Access::Thread(_, _) => 50,
        Access::Stdio(..) => 20,
        Access::User(_) | Access::LoginUser(_) | Access::Group(_) => 15,
        Access::Container(ContainerFact::Id) => 8,
        Access::Container(ContainerFact::Label | ContainerFact::Labels | ContainerFact::Mounts) => 60,
        Access::Container(ContainerFact::Mount(_)) => 60,
        Access::Container(_) => 15,
        Access::Fd(FdFact::Num) => 4,
        Access::Fd(FdFact::TypeChar | FdFact::Type) => 6,
        Access::Fd(FdFact::Name) => 15,
        Access::Fd(_) => 20,
        // Walks over JSON text; a pod's containers lie deep in it.
        Access::Audit(AuditFact::At(keys)) => 20 + 5 * keys.len() as u32,
        Access::Audit(AuditFact::Pointer) => 30,
        Access::Audit(AuditFact::Document) => 90,
        Access::Audit(_) => 60,
        Access::Absent(_) => 0,
    }
}

fn operator_cost(op: Op) -> u32 {
    match op {
        Op::Exists => 0,
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => 1,
        Op::In | Op::Intersects | Op::StartsWith | Op::BStartsWith | Op::EndsWith => 2,
        Op::Contains | Op::BContains | Op::Pmatch => 5,
        Op::IContains | Op::Glob | Op::IGlob => 10,
        Op::Regex => 20,
    }
}
