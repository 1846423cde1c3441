//! Which columns decide a comparison: rows that agree in them agree in the answer, so it is asked once for each.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::format::dimension::{FdColumn, ThreadColumn};
use crate::format::schema::{EventInfo, ParamType, Physical};
use crate::format::{BytesColumn, Damage, EventTable, IntColumn};
use crate::replay::compile::{Atom, argument_of};
use crate::replay::fields::{
    Access, Argument, BlockView, EventFact, FdFact, PathRole, Reads, StdioFact, ThreadFact, Whose, field_value_of_kind,
    may_lack_params, part_of_name, result_decides_paths,
};
use crate::replay::rules::FieldRef;

/// The columns that decide a comparison.
pub(super) enum Keys<'b> {
    /// The value is this column's text.
    Text(&'b BytesColumn),
    /// The value is a part of a descriptor's name, if the descriptor is of a sort that has it.
    PartOfName(PartOfName<'b>),
    /// One column of numbers or references.
    One(Key<'b>),
    /// Several.
    Several(Vec<Key<'b>>),
    /// Not known: every row is asked.
    Unknown,
}

/// The columns that `fd.directory` and `fd.filename` are made of.
#[derive(Clone, Copy)]
pub(super) struct PartOfName<'b> {
    fact: FdFact,
    letters: &'b IntColumn,
    numbers: &'b IntColumn,
    pub(super) names: &'b BytesColumn,
}

impl<'b> PartOfName<'b> {
    /// Of a row that has such a part: a code that rows share which have the same, below twice the number of names, and
    /// the part.
    pub(super) fn of(&self, row: usize) -> Option<(usize, &'b [u8])> {
        let code = self.names.code(row);
        let name = code.map_or(&[][..], |code| self.names.distinct(code));
        let letter = self.letters.get(row);
        let part = part_of_name(self.fact, letter, self.numbers.get(row), name)?;
        let code = code.map_or(self.names.distinct_count(), |code| code as usize);
        // Of a directory's name another part is asked for than of a file's.
        Some((code * 2 + usize::from(part == name), part))
    }
}

/// A column as part of a key.
#[derive(Clone, Copy)]
pub(super) enum Key<'b> {
    Number(&'b IntColumn),
    Text(&'b BytesColumn),
}

impl Key<'_> {
    /// A number that two rows share if and only if they agree in the column.
    pub(super) fn of(self, row: usize) -> (bool, i64) {
        match self {
            Key::Number(column) => match column.get(row) {
                Some(value) => (true, value),
                None => (false, 0),
            },
            Key::Text(column) => match column.code(row) {
                Some(code) => (true, i64::from(code)),
                None => (false, 0),
            },
        }
    }
}

/// Answers by key.
#[derive(Default)]
pub(super) struct KeyedAnswers {
    /// By dictionary code: 0 not asked yet, 1 no, 2 yes.
    by_code: Vec<u8>,
    /// By one number.
    pub(super) by_number: HashMap<(bool, i64), bool, FxBuildHasher>,
    /// By several.
    pub(super) by_numbers: HashMap<Box<[(bool, i64)]>, bool, FxBuildHasher>,
}

impl KeyedAnswers {
    /// Makes room for answers to codes below `count`.
    pub(super) fn expect_codes(&mut self, count: usize) {
        self.by_code.resize(count, 0);
    }

    /// The answer for a code, which is asked for once; no for a code that was not expected.
    pub(super) fn of_code(&mut self, code: usize, ask: impl FnOnce() -> bool) -> bool {
        let Some(answer) = self.by_code.get_mut(code) else { return false };
        if *answer == 0 {
            *answer = 1 + u8::from(ask());
        }
        *answer == 2
    }
}

/// The columns that decide a comparison over the thread table.
pub(super) fn thread_keys<'b>(atom: &Atom, view: &BlockView<'b>) -> Result<Keys<'b>, Damage> {
    let number = |column| -> Result<Keys<'b>, Damage> { Ok(Keys::One(Key::Number(view.thread_ints(column)?))) };
    let pid = || -> Result<Key<'b>, Damage> { Ok(Key::Number(view.thread_ints(ThreadColumn::Pid)?)) };
    let Some(field) = keyed_field(atom) else { return Ok(Keys::Unknown) };
    Ok(match field.field.access {
        Access::Thread(Whose::Own, fact) => match fact {
            ThreadFact::Name => text_of(atom, view.thread_texts(ThreadColumn::Comm)?),
            ThreadFact::Exe => text_of(atom, view.thread_texts(ThreadColumn::Exe)?),
            ThreadFact::ExePath => text_of(atom, view.thread_texts(ThreadColumn::Exepath)?),
            // Of a thread without a process they have values of their own.
            ThreadFact::Cwd => Keys::Several(vec![Key::Text(view.thread_texts(ThreadColumn::Cwd)?), pid()?]),
            ThreadFact::Args => Keys::One(Key::Text(view.thread_texts(ThreadColumn::Args)?)),
            ThreadFact::Env => Keys::One(Key::Text(view.thread_texts(ThreadColumn::Env)?)),
            ThreadFact::Cgroups => Keys::Several(vec![Key::Text(view.thread_texts(ThreadColumn::Cgroups)?), pid()?]),
            ThreadFact::Cgroup => Keys::One(Key::Text(view.thread_texts(ThreadColumn::Cgroups)?)),
            ThreadFact::CmdLine => Keys::Several(vec![
                Key::Text(view.thread_texts(ThreadColumn::Comm)?),
                Key::Text(view.thread_texts(ThreadColumn::Args)?),
            ]),
            ThreadFact::Tty => number(ThreadColumn::Tty)?,
            ThreadFact::ExeWritable
            | ThreadFact::ExeUpperLayer
            | ThreadFact::ExeLowerLayer
            | ThreadFact::ExeFromMemfd => number(ThreadColumn::ExeFlags)?,
            _ => Keys::Unknown,
        },
        // What is asked of an ancestor is the same for all children of one parent.
        Access::Thread(Whose::Parent, _) => number(ThreadColumn::Parent)?,
        Access::Thread(Whose::Ancestor, _) if argument_of(field) != Argument::Index(0) => number(ThreadColumn::Parent)?,
        Access::User(_) => number(ThreadColumn::User)?,
        Access::Group(_) => number(ThreadColumn::Group)?,
        Access::Container(_) => number(ThreadColumn::Container)?,
        Access::Stdio(stream, StdioFact::Name | StdioFact::Type) => number(match stream {
            0 => ThreadColumn::Stdin,
            1 => ThreadColumn::Stdout,
            _ => ThreadColumn::Stderr,
        })?,
        Access::Thread(..)
        | Access::LoginUser(_)
        | Access::Event(_)
        | Access::Fd(_)
        | Access::Audit(_)
        | Access::Absent(_) => Keys::Unknown,
    })
}

/// The columns that decide a comparison over the descriptor table.
pub(super) fn fd_keys<'b>(atom: &Atom, view: &BlockView<'b>) -> Result<Keys<'b>, Damage> {
    let Some(Access::Fd(fact)) = keyed_field(atom).map(|field| field.field.access) else { return Ok(Keys::Unknown) };
    let letter = || -> Result<Key<'b>, Damage> { Ok(Key::Number(view.fd_ints(FdColumn::TypeChar)?)) };
    let name = || -> Result<Key<'b>, Damage> { Ok(Key::Text(view.fd_texts(FdColumn::Name)?)) };
    let num = || -> Result<Key<'b>, Damage> { Ok(Key::Number(view.fd_ints(FdColumn::Num)?)) };
    Ok(match fact {
        FdFact::Name => text_of(atom, view.fd_texts(FdColumn::Name)?),
        FdFact::Num => Keys::One(num()?),
        FdFact::TypeChar => Keys::One(letter()?),
        FdFact::Type | FdFact::SockFamily => Keys::Several(vec![letter()?, num()?]),
        FdFact::Directory | FdFact::FileName if atom.field.transformers.is_empty() => Keys::PartOfName(PartOfName {
            fact,
            letters: view.fd_ints(FdColumn::TypeChar)?,
            numbers: view.fd_ints(FdColumn::Num)?,
            names: view.fd_texts(FdColumn::Name)?,
        }),
        FdFact::Directory | FdFact::FileName => Keys::Several(vec![letter()?, name()?, num()?]),
        FdFact::L4Proto => Keys::Several(vec![letter()?, num()?, Key::Number(view.fd_ints(FdColumn::L4Proto)?)]),
        _ => Keys::Unknown,
    })
}

/// The columns that decide a comparison over the events of a kind.
pub(super) fn event_keys<'b>(
    atom: &Atom,
    info: &'static EventInfo,
    table: &EventTable<'b>,
) -> Result<Keys<'b>, Damage> {
    let mut keys = Vec::new();
    for expr in atom.matcher.right_field().into_iter().chain([&atom.field]) {
        for field in expr.fields() {
            match event_field_keys(field, info, table)? {
                Some(more) => keys.extend(more),
                None => return Ok(Keys::Unknown),
            }
        }
    }
    let is_path =
        keyed_field(atom).is_some_and(|field| matches!(field.field.access, Access::Event(EventFact::Path(_))));
    Ok(match keys.as_slice() {
        [Key::Text(column)] if is_path => text_of(atom, column),
        [key] => Keys::One(*key),
        _ => Keys::Several(keys),
    })
}

/// The columns that decide a field of the events of a kind; `None` when they are not known.
fn event_field_keys<'b>(
    field: &FieldRef,
    info: &'static EventInfo,
    table: &EventTable<'b>,
) -> Result<Option<Vec<Key<'b>>>, Damage> {
    if field_value_of_kind(field.field, argument_of(field), info).is_some() {
        return Ok(Some(Vec::new()));
    }
    let fact = match (field.field.access, field.field.access.reads()) {
        // Of a comparison of several fields: one of the thread's beside one of the descriptor's.
        (_, Reads::Thread) => return Ok(Some(vec![Key::Number(table.thread()?)])),
        (_, Reads::Fd) => return Ok(Some(vec![Key::Number(table.fd()?)])),
        (_, Reads::Kind) => return Ok(Some(Vec::new())),
        (Access::Event(fact), Reads::Row) => fact,
        (_, Reads::Row) => return Ok(None),
    };
    let numbers = |names: &[&str]| -> Result<Option<Vec<Key<'b>>>, Damage> {
        let params = names.iter().filter_map(|name| info.param(name));
        params.map(|at| Ok(Key::Number(table.param_int(at)?))).collect::<Result<Vec<_>, Damage>>().map(Some)
    };
    Ok(match fact {
        EventFact::Path(role) => {
            let path = match role {
                PathRole::Name | PathRole::Target => table.path()?,
                PathRole::Source => table.source_path()?,
            };
            let mut keys = vec![Key::Text(path)];
            // Of most calls the path is there only when they succeed.
            if result_decides_paths(info) {
                keys.push(Key::Number(table.param_int(0)?));
            }
            Some(keys)
        }
        EventFact::OpenedForRead | EventFact::OpenedForWrite => numbers(&["flags"])?,
        EventFact::OpenedForExec => numbers(&["flags", "mode"])?,
        EventFact::Res
        | EventFact::RawRes
        | EventFact::Failed
        | EventFact::CountError
        | EventFact::Type
        | EventFact::SyscallType => Some(vec![Key::Number(table.param_int(0)?)]),
        // Whether there is such a parameter depends on those behind it.
        EventFact::Arg | EventFact::RawArg if may_lack_params(info.kind) => None,
        EventFact::Arg | EventFact::RawArg => {
            let at = match argument_of(field) {
                Argument::Key(name) => info.param(name),
                Argument::Index(at) => usize::try_from(at).ok(),
                Argument::None => None,
            };
            let Some((at, param)) = at.and_then(|at| Some((at, info.params.get(at)?))) else { return Ok(None) };
            match (param.ty.physical(), param.ty) {
                // What these mean depends on the thread.
                (_, ParamType::Fd | ParamType::Fd32 | ParamType::Pid | ParamType::Pid32 | ParamType::FdList)
                | (_, ParamType::FsPath | ParamType::FsRelPath)
                    if fact == EventFact::Arg =>
                {
                    None
                }
                (Physical::Int, _) => Some(vec![Key::Number(table.param_int(at)?)]),
                (Physical::Bytes, _) => Some(vec![Key::Text(table.param_bytes(at)?)]),
            }
        }
        _ => None,
    })
}

/// The only field of a comparison: what is made of several, or compared with another one, has no key.
fn keyed_field(atom: &Atom) -> Option<&FieldRef> {
    if atom.matcher.right_field().is_some() { None } else { atom.field.single_field() }
}

/// A column whose texts are the values, unless they are changed first.
fn text_of<'b>(atom: &Atom, column: &'b BytesColumn) -> Keys<'b> {
    if atom.field.transformers.is_empty() { Keys::Text(column) } else { Keys::One(Key::Text(column)) }
}
