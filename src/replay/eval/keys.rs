//! Which columns decide a comparison: rows that agree in them agree in the answer, so it is asked once for each.

use super::scope::Scope;
use crate::format::dimension::{FdColumn, ThreadColumn};
use crate::format::row::NO_PROCESS;
use crate::format::schema::{EventInfo, ParamInfo, ParamType, Physical};
use crate::format::{BytesColumn, Damage, EventTable, IntColumn};
use crate::replay::compile::argument_of;
use crate::replay::fields::{
    Access, Argument, BlockView, EventFact, FdFact, NameSort, PathRole, Reads, StdioFact, ThreadFact, Whose,
    field_value_of_kind, may_lack_params, recorded_path, result_decides_paths, role_of_param,
};
use crate::replay::rules::{FieldExpr, FieldRef};

/// The columns that decide a comparison.
pub(super) enum Keys<'b> {
    /// The value is this column's text.
    Text {
        column: &'b BytesColumn,
        /// Whether null is the empty text; else no value.
        null_is_empty: bool,
    },
    /// The value is a path parameter, or what it means.
    Path(PathColumns<'b>),
    /// These decide; none at all where the value is the same for all rows.
    Columns(Vec<Key<'b>>),
    /// Not known: every row is asked.
    Unknown,
}

/// A value as far as keys give it.
pub(super) enum Given<'b> {
    Text(&'b [u8]),
    Missing,
    /// It has to be made.
    Unmade,
}

impl<'b> Keys<'b> {
    /// The value of a row.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Given<'b> {
        match self {
            Keys::Text { column, null_is_empty } => match (column.get(row), null_is_empty) {
                (Some(text), _) => Given::Text(text),
                (None, true) => Given::Text(b""),
                (None, false) => Given::Missing,
            },
            Keys::Path(columns) => columns.of(row).map_or(Given::Unmade, Given::Text),
            Keys::Columns(_) | Keys::Unknown => Given::Unmade,
        }
    }

    /// What tells these columns from others of a block: where they lie, which does not change. `None` where they are not
    /// known.
    pub(super) fn places(&self) -> Option<Vec<usize>> {
        Some(match self {
            Keys::Text { column, .. } => vec![std::ptr::from_ref(*column).addr()],
            Keys::Columns(columns) => columns.iter().map(|key| key.place()).collect(),
            // Nearly all differ.
            Keys::Path(_) | Keys::Unknown => return None,
        })
    }
}

/// The columns that descriptors' names, and what these are made of, lie in.
#[derive(Clone, Copy)]
pub(super) struct NameColumns<'b> {
    letters: &'b IntColumn,
    numbers: &'b IntColumn,
    pub(super) names: &'b BytesColumn,
}

impl<'b> NameColumns<'b> {
    pub(super) fn of(view: &BlockView<'b>) -> Result<NameColumns<'b>, Damage> {
        Ok(NameColumns {
            letters: view.fd_ints(FdColumn::TypeChar)?,
            numbers: view.fd_ints(FdColumn::Num)?,
            names: view.fd_texts(FdColumn::Name)?,
        })
    }

    /// The code of a row's name, the number of all names where it has none, and its sort.
    pub(super) fn name(&self, row: usize) -> (usize, NameSort) {
        let code = self.names.code(row).map_or(self.names.distinct_count(), |code| code as usize);
        (code, NameSort::of(self.letters.get(row), self.numbers.get(row)))
    }

    /// Rows of one class have the same name, and the same parts in it.
    pub(super) fn class(code: usize, sort: NameSort) -> usize {
        code * NameSort::COUNT + sort as usize
    }

    /// How many classes there may be.
    pub(super) fn class_count(&self) -> usize {
        (self.names.distinct_count() + 1) * NameSort::COUNT
    }
}

/// The columns that a path parameter's meaning is in, mostly.
#[derive(Clone, Copy)]
pub(super) struct PathColumns<'b> {
    raw: &'b BytesColumn,
    recorded: Option<&'b BytesColumn>,
}

impl<'b> PathColumns<'b> {
    fn of(&self, row: usize) -> Option<&'b [u8]> {
        recorded_path(self.raw.get(row), self.recorded.and_then(|recorded| recorded.get(row)))
    }
}

/// A column as part of a key.
#[derive(Clone, Copy)]
pub(super) enum Key<'b> {
    Number(&'b IntColumn),
    Text(&'b BytesColumn),
}

impl Key<'_> {
    fn place(&self) -> usize {
        match self {
            Key::Number(column) => std::ptr::from_ref(*column).addr(),
            Key::Text(column) => std::ptr::from_ref(*column).addr(),
        }
    }
}

/// The columns that decide a comparison of a field, with another one or with what is fixed, over the rows of a table.
pub(super) fn keys_of<'b>(
    field: &FieldExpr,
    right: Option<&FieldExpr>,
    view: &BlockView<'b>,
    scope: Scope<'_, 'b>,
) -> Result<Keys<'b>, Damage> {
    match scope {
        Scope::Threads => thread_keys(field, right, view),
        Scope::Fds => fd_keys(field, right, view),
        Scope::Events { info, table } => event_keys(field, right, info, table),
    }
}

/// The columns that decide a comparison over the thread table.
fn thread_keys<'b>(expr: &FieldExpr, right: Option<&FieldExpr>, view: &BlockView<'b>) -> Result<Keys<'b>, Damage> {
    let number = |column| -> Result<Keys<'b>, Damage> { Ok(one(Key::Number(view.thread_ints(column)?))) };
    let pid = || -> Result<Key<'b>, Damage> { Ok(Key::Number(view.thread_ints(ThreadColumn::Pid)?)) };
    let Some(field) = keyed_field(expr, right) else { return Ok(Keys::Unknown) };
    // A row without a process looks like one of which nothing is known, and has no values.
    if view.thread_ints(ThreadColumn::Pid)?.range().is_some_and(|(least, _)| least == NO_PROCESS) {
        return Ok(Keys::Unknown);
    }
    Ok(match field.field.access {
        Access::Thread(Whose::Own, fact) => match fact {
            ThreadFact::Name => text_of(expr, view.thread_texts(ThreadColumn::Comm)?),
            ThreadFact::Exe => text_of(expr, view.thread_texts(ThreadColumn::Exe)?),
            ThreadFact::ExePath => text_of(expr, view.thread_texts(ThreadColumn::Exepath)?),
            // Of a thread without a process they have values of their own.
            ThreadFact::Cwd => Keys::Columns(vec![Key::Text(view.thread_texts(ThreadColumn::Cwd)?), pid()?]),
            ThreadFact::Args => one(Key::Text(view.thread_texts(ThreadColumn::Args)?)),
            ThreadFact::Env => one(Key::Text(view.thread_texts(ThreadColumn::Env)?)),
            ThreadFact::Cgroups => Keys::Columns(vec![Key::Text(view.thread_texts(ThreadColumn::Cgroups)?), pid()?]),
            ThreadFact::Cgroup => one(Key::Text(view.thread_texts(ThreadColumn::Cgroups)?)),
            ThreadFact::CmdLine => Keys::Columns(vec![
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
fn fd_keys<'b>(expr: &FieldExpr, right: Option<&FieldExpr>, view: &BlockView<'b>) -> Result<Keys<'b>, Damage> {
    let access = keyed_field(expr, right).map(|field| field.field.access);
    let Some(Access::Fd(fact)) = access else { return Ok(Keys::Unknown) };
    let letter = || -> Result<Key<'b>, Damage> { Ok(Key::Number(view.fd_ints(FdColumn::TypeChar)?)) };
    let name = || -> Result<Key<'b>, Damage> { Ok(Key::Text(view.fd_texts(FdColumn::Name)?)) };
    let num = || -> Result<Key<'b>, Damage> { Ok(Key::Number(view.fd_ints(FdColumn::Num)?)) };
    Ok(match fact {
        FdFact::Name => text_of(expr, view.fd_texts(FdColumn::Name)?),
        FdFact::NameRaw => text_of(expr, view.fd_texts(FdColumn::NameRaw)?),
        FdFact::Num => one(num()?),
        FdFact::TypeChar => one(letter()?),
        FdFact::Type | FdFact::SockFamily => Keys::Columns(vec![letter()?, num()?]),
        FdFact::Directory | FdFact::FileName => Keys::Columns(vec![letter()?, name()?, num()?]),
        FdFact::L4Proto => Keys::Columns(vec![letter()?, num()?, Key::Number(view.fd_ints(FdColumn::L4Proto)?)]),
        _ => Keys::Unknown,
    })
}

/// The columns that decide a comparison over the events of a kind.
fn event_keys<'b>(
    expr: &FieldExpr,
    right: Option<&FieldExpr>,
    info: &'static EventInfo,
    table: &EventTable<'b>,
) -> Result<Keys<'b>, Damage> {
    if let Some(path) = path_columns(expr, right, info, table)? {
        return Ok(Keys::Path(path));
    }
    let mut keys = Vec::new();
    for side in right.into_iter().chain([expr]) {
        for field in side.fields() {
            match event_field_keys(field, info, table)? {
                Some(more) => keys.extend(more),
                None => return Ok(Keys::Unknown),
            }
        }
    }
    let is_path = |field: &FieldRef| matches!(field.field.access, Access::Event(EventFact::Path(_)));
    Ok(match keys.as_slice() {
        [Key::Text(column)] if expr.transformers.is_empty() && keyed_field(expr, right).is_some_and(is_path) => {
            Keys::Text { column, null_is_empty: false }
        }
        _ => Keys::Columns(keys),
    })
}

/// The columns of a path parameter in words, if that is what is compared.
fn path_columns<'b>(
    expr: &FieldExpr,
    right: Option<&FieldExpr>,
    info: &'static EventInfo,
    table: &EventTable<'b>,
) -> Result<Option<PathColumns<'b>>, Damage> {
    let Some(field) = expr.plain_field().filter(|_| right.is_none()) else { return Ok(None) };
    let at = match field.field.access {
        Access::Event(EventFact::Arg) if !may_lack_params(info.kind) => param_at(info, field),
        _ => None,
    };
    let is_path = |param: &ParamInfo| matches!(param.ty, ParamType::FsPath | ParamType::FsRelPath);
    let Some(at) = at.filter(|at| info.params.get(*at).is_some_and(is_path)) else { return Ok(None) };
    let recorded = match role_of_param(info.kind, at) {
        Some(PathRole::Source) => Some(table.source_path()?),
        Some(PathRole::Name | PathRole::Target) => Some(table.path()?),
        None => None,
    };
    Ok(Some(PathColumns { raw: table.param_bytes(at)?, recorded }))
}

/// The position of the parameter that the field's argument names or counts.
fn param_at(info: &EventInfo, field: &FieldRef) -> Option<usize> {
    match argument_of(field) {
        Argument::Key(name) => info.param(name),
        Argument::Index(at) => usize::try_from(at).ok(),
        Argument::None => None,
    }
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
            let Some((at, param)) = param_at(info, field).and_then(|at| Some((at, info.params.get(at)?))) else {
                return Ok(None);
            };
            match (param.ty.physical(), param.ty) {
                // What these mean depends on the thread.
                (
                    _,
                    ParamType::Fd
                    | ParamType::Fd32
                    | ParamType::Pid
                    | ParamType::Pid32
                    | ParamType::FdList
                    | ParamType::FsPath
                    | ParamType::FsRelPath,
                ) if fact == EventFact::Arg => None,
                // Likewise, on its container and its users.
                (_, ParamType::Uid | ParamType::Gid) if fact == EventFact::Arg => {
                    Some(vec![Key::Number(table.param_int(at)?), Key::Number(table.thread()?)])
                }
                (Physical::Int, _) => Some(vec![Key::Number(table.param_int(at)?)]),
                (Physical::Bytes, _) => Some(vec![Key::Text(table.param_bytes(at)?)]),
            }
        }
        _ => None,
    })
}

/// The column whose numbers a field's values are; null is no value.
pub(super) fn number_column<'b>(
    expr: &FieldExpr,
    view: &BlockView<'b>,
    scope: Scope<'_, 'b>,
) -> Result<Option<&'b IntColumn>, Damage> {
    let Some(field) = expr.plain_field() else { return Ok(None) };
    match (field.field.access, scope) {
        (Access::Fd(FdFact::Num), Scope::Fds) => view.fd_ints(FdColumn::Num).map(Some),
        (Access::Event(EventFact::RawRes), Scope::Events { info, table })
            if field_value_of_kind(field.field, Argument::None, info).is_none() =>
        {
            table.param_int(0).map(Some)
        }
        _ => Ok(None),
    }
}

/// The only field of a comparison: what is made of several, or compared with another one, has no key.
fn keyed_field<'e>(expr: &'e FieldExpr, right: Option<&FieldExpr>) -> Option<&'e FieldRef> {
    if right.is_some() { None } else { expr.single_field() }
}

fn one(key: Key<'_>) -> Keys<'_> {
    Keys::Columns(vec![key])
}

/// A column of a table of threads or descriptors whose texts are the values, unless they are changed first.
fn text_of<'b>(expr: &FieldExpr, column: &'b BytesColumn) -> Keys<'b> {
    if expr.transformers.is_empty() { Keys::Text { column, null_is_empty: true } } else { one(Key::Text(column)) }
}
