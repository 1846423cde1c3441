//! What the numbers and paths in parameters refer to: descriptors, threads, files.
//!
//! An event refers to the descriptor that it is about, and where its parameters name others, to those as well. (In
//! captures of former versions it does not: there a number's meaning is known where the event itself tells it, and else
//! the number stands alone.)

use std::borrow::Cow;

use super::access::PathRole;
use super::param::NO_TEXT;
use super::view::EventRow;
use super::{descriptor, path};
use crate::format::Damage;
use crate::format::dimension::{FdColumn, ThreadColumn};
use crate::format::schema::flags::CLONE_FLAGS;
use crate::format::schema::{EventKind, ParamInfo, ParamType};

/// What stands before a path that is relative to a directory that is not known.
pub(super) const UNKNOWN_DIRECTORY: &[u8] = b"<UNKNOWN>";

/// `AT_FDCWD`: the working directory in place of a directory descriptor.
pub(super) const AT_FDCWD: i64 = -100;

/// What a path parameter means as far as the path tells that was recorded for it; `None` where more has to be looked at.
/// An absolute path means itself, and so does one that is not there.
pub(in crate::replay) fn recorded_path<'b>(raw: Option<&'b [u8]>, recorded: Option<&'b [u8]>) -> Option<&'b [u8]> {
    match (raw, recorded) {
        (None, _) => Some(NO_TEXT),
        (Some(raw), _) if is_absolute(raw) => Some(raw),
        (Some(raw), Some(recorded)) => Some(shown_path(recorded, raw)).filter(|shown| !shown.is_empty()).or(Some(raw)),
        (Some(_), None) => None,
    }
}

/// Falco shows a path below a directory of which nothing is known as if it were all.
fn shown_path<'b>(recorded: &'b [u8], raw: &[u8]) -> &'b [u8] {
    recorded.strip_prefix(UNKNOWN_DIRECTORY).filter(|rest| *rest == raw).unwrap_or(recorded)
}

/// Whether a path as it was given means itself.
fn is_absolute(raw: &[u8]) -> bool {
    raw.is_empty() || raw.starts_with(b"/")
}

/// The absolute path that a path parameter means, if it is another one.
pub(super) fn resolved_path<'b>(
    row: &EventRow<'_, 'b>,
    at: usize,
    raw: &[u8],
) -> Result<Option<Cow<'b, [u8]>>, Damage> {
    if is_absolute(raw) {
        return Ok(None);
    }
    let recorded = match path::role_of_param(row.kind(), at) {
        Some(PathRole::Source) => row.source_path()?,
        Some(PathRole::Name | PathRole::Target) => row.path()?,
        None => None,
    };
    if let Some(recorded) = recorded {
        return Ok(Some(Cow::Borrowed(shown_path(recorded, raw))));
    }
    let Some(param) = row.info().and_then(|info| info.params.get(at)) else { return Ok(None) };
    if let Some(dirfd) = param.dirfd.map(usize::from)
        && let Some(fd) = descriptor_of(row, dirfd)?
        && matches!(descriptor::type_char(row.view(), fd)?, Some(b'd' | b'f'))
    {
        let directory = row.view().fd_text(fd, FdColumn::Name)?;
        return Ok(Some(Cow::Owned(path::join(directory, raw))));
    }
    let is_relative_to_cwd = match param.dirfd {
        Some(dirfd) => row.param_int(usize::from(dirfd))? == Some(AT_FDCWD),
        None => param.ty == ParamType::FsPath,
    };
    match row.thread()? {
        Some(thread) if is_relative_to_cwd => {
            let cwd = row.view().thread_text(thread, ThreadColumn::Cwd)?;
            Ok(cwd.starts_with(b"/").then(|| Cow::Owned(path::join(cwd, raw))))
        }
        _ => Ok(None),
    }
}

/// Writes what a descriptor number means, as far as the event tells: its own descriptor, a copy of it, a standard
/// stream, or the directory that a resolved path shows.
pub(super) fn write_descriptor(
    row: &EventRow<'_, '_>,
    at: usize,
    number: i64,
    out: &mut Vec<u8>,
) -> Result<(), Damage> {
    let view = row.view();
    let own = row.fd()?;
    if let Some(fd) = own {
        let (is_own, is_known) =
            (view.fd_int(fd, FdColumn::Num)? == Some(number), descriptor::type_char(view, fd)?.is_some());
        if is_known && (is_own || is_copy(row, number)?) {
            return descriptor::write_tagged(view, fd, out);
        }
        if is_own {
            return Ok(());
        }
    }
    if let Some(fd) = listed_descriptor(row, at)? {
        return descriptor::write_tagged(view, fd, out);
    }
    let has_two_ends = match row.kind() {
        EventKind::PIPE | EventKind::PIPE2 => Some(b"<p>"),
        EventKind::SOCKETPAIR => Some(b"<u>"),
        _ => None,
    };
    if let Some(tag) = has_two_ends {
        out.extend_from_slice(if row.param_int(0)?.unwrap_or(-1) >= 0 { tag } else { b"" });
        return Ok(());
    }
    if let Some(directory) = directory_of_param(row, at)? {
        out.extend_from_slice(b"<d>");
        out.extend_from_slice(directory);
        return Ok(());
    }
    let stream = match number {
        0 => ThreadColumn::Stdin,
        1 => ThreadColumn::Stdout,
        2 => ThreadColumn::Stderr,
        _ => return Ok(()),
    };
    if let Some(thread) = row.thread()?
        && let Some(fd) = view.thread_ref(thread, stream)?
    {
        return descriptor::write_tagged(view, fd, out);
    }
    Ok(())
}

/// The row of the descriptor that a parameter names: the event's own or one that it lists.
fn descriptor_of(row: &EventRow<'_, '_>, at: usize) -> Result<Option<usize>, Damage> {
    if let Some(own) = row.fd()?
        && let Some(number) = row.param_int(at)?
        && row.view().fd_int(own, FdColumn::Num)? == Some(number)
    {
        return Ok(Some(own));
    }
    listed_descriptor(row, at)
}

/// The row of the descriptor that a parameter names, if the event lists what its parameters name.
fn listed_descriptor(row: &EventRow<'_, '_>, at: usize) -> Result<Option<usize>, Damage> {
    let Some(info) = row.info() else { return Ok(None) };
    let is_fd = |param: &ParamInfo| matches!(param.ty, ParamType::Fd | ParamType::Fd32);
    let waits_for_list = info.params.iter().any(|param| param.ty == ParamType::FdList);
    if waits_for_list || !info.params.get(at).is_some_and(is_fd) {
        return Ok(None);
    }
    let place = info.params.iter().take(at).filter(|param| is_fd(param)).count();
    Ok(row.fd_list()?.get(place).copied().flatten())
}

/// Whether a number is one end of a successful dup: then both mean what the event's descriptor means.
fn is_copy(row: &EventRow<'_, '_>, number: i64) -> Result<bool, Damage> {
    let command = if row.kind() == EventKind::FCNTL { row.param_int(2)? } else { None };
    if !row.kind().copies_descriptor(command) {
        return Ok(false);
    }
    let result = row.param_int(0)?.unwrap_or(-1);
    Ok(result >= 0 && (number == result || Some(number) == row.param_int(1)?))
}

/// The directory of a directory descriptor, from the path that was resolved with it.
fn directory_of_param<'b>(row: &EventRow<'_, 'b>, at: usize) -> Result<Option<&'b [u8]>, Damage> {
    let Some(info) = row.info() else { return Ok(None) };
    let relative = info.params.iter().position(|param| param.dirfd.map(usize::from) == Some(at));
    let Some(relative) = relative else { return Ok(None) };
    let Some(raw) = row.param_bytes(relative)?.filter(|raw| !raw.is_empty() && !raw.starts_with(b"/")) else {
        return Ok(None);
    };
    let recorded = match path::role_of_param(row.kind(), relative) {
        Some(PathRole::Source) => row.source_path()?,
        Some(PathRole::Name | PathRole::Target) => row.path()?,
        None => None,
    };
    let Some(recorded) = recorded else { return Ok(None) };
    let directory = recorded.strip_suffix(raw).and_then(|directory| directory.strip_suffix(b"/"));
    Ok(directory.map(|directory| if directory.is_empty() { b"/".as_slice() } else { directory }))
}

/// The name of the child that a clone made of which no event is there: the one that its parent had then. To Falco a
/// child in another pid namespace, one of the same parent, or one that runs first is there when it says so itself.
pub(super) fn name_of_child<'b>(row: &EventRow<'_, 'b>) -> Result<Option<&'b [u8]>, Damage> {
    const SAYS_ITSELF: [&str; 4] = ["CLONE_CHILD_IN_PIDNS", "CLONE_NEWPID", "CLONE_PARENT", "CLONE_VFORK"];
    if !matches!(row.kind(), EventKind::CLONE | EventKind::CLONE3 | EventKind::FORK) {
        return Ok(None);
    }
    let Some(info) = row.info() else { return Ok(None) };
    let int = |name| info.param(name).map_or(Ok(None), |at| row.param_int(at));
    let says_itself: u32 = SAYS_ITSELF.iter().filter_map(|word| CLONE_FLAGS.value_of(word)).sum();
    let tid = row.thread()?.map_or(Ok(None), |thread| row.view().thread_int(thread, ThreadColumn::Tid))?;
    let is_inside = int("vtid")?.is_some_and(|vtid| Some(vtid) != tid);
    let child = int("res")?.map_or(Ok(true), |child| row.has_thread(child))?;
    if is_inside || child || int("flags")?.unwrap_or_default() & i64::from(says_itself) != 0 {
        return Ok(None);
    }
    info.param("comm").map_or(Ok(None), |at| row.param_bytes(at))
}

/// The thread with an id: the event's own or one of its ancestors if it is among them, else any of the block.
pub(super) fn thread_of(row: &EventRow<'_, '_>, id: i64) -> Result<Option<usize>, Damage> {
    let view = row.view();
    if let Some(own) = row.thread()? {
        if view.thread_int(own, ThreadColumn::Tid)? == Some(id) {
            return Ok(Some(own));
        }
        if let Some(parent) = view.thread_ref(own, ThreadColumn::Parent)?
            && view.thread_int(parent, ThreadColumn::Tid)? == Some(id)
        {
            return Ok(Some(parent));
        }
    }
    row.thread_row_of(id)
}
