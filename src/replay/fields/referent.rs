//! What the numbers and paths in parameters refer to: descriptors, threads, files.
//!
//! A block holds the descriptor that an event is about, and no others. What a further descriptor number means is known
//! where the event itself tells, and else the number stands alone.

use std::borrow::Cow;

use super::access::PathRole;
use super::view::EventRow;
use super::{descriptor, path};
use crate::format::Damage;
use crate::format::dimension::{FdColumn, ThreadColumn};
use crate::format::schema::{EventKind, ParamType};

/// `AT_FDCWD`: the working directory in place of a directory descriptor.
pub(super) const AT_FDCWD: i64 = -100;

/// The absolute path that a path parameter means.
pub(super) fn resolved_path<'b>(
    row: &EventRow<'_, 'b>,
    at: usize,
    raw: &[u8],
) -> Result<Option<Cow<'b, [u8]>>, Damage> {
    if raw.is_empty() || raw.starts_with(b"/") {
        return Ok(None);
    }
    let recorded = match path::role_of_param(row.kind(), at) {
        Some(PathRole::Source) => row.source_path()?,
        Some(PathRole::Name | PathRole::Target) => row.path()?,
        None => None,
    };
    if let Some(recorded) = recorded {
        return Ok(Some(Cow::Borrowed(recorded)));
    }
    let Some(param) = row.info().and_then(|info| info.params.get(at)) else { return Ok(None) };
    if let (Some(dirfd), Some(fd)) = (param.dirfd, row.fd()?)
        && row.param_int(usize::from(dirfd))? == row.view().fd_int(fd, FdColumn::Num)?
        && descriptor::type_char(row.view(), fd)? == Some(b'd')
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
            Ok((!cwd.is_empty()).then(|| Cow::Owned(path::join(cwd, raw))))
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
    if let Some(fd) = own
        && (view.fd_int(fd, FdColumn::Num)? == Some(number) || is_copy(row, number)?)
    {
        return match descriptor::type_char(view, fd)? {
            Some(_) => descriptor::write_tagged(view, fd, out),
            None => Ok(()),
        };
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

/// Whether a number is one end of a successful dup: then both mean what the event's descriptor means.
fn is_copy(row: &EventRow<'_, '_>, number: i64) -> Result<bool, Damage> {
    if !matches!(row.kind(), EventKind::DUP | EventKind::DUP2 | EventKind::DUP3 | EventKind::FCNTL) {
        return Ok(false);
    }
    let result = row.param_int(0)?.unwrap_or(-1);
    let copies = row.kind() != EventKind::FCNTL || {
        let words = row.info().and_then(|info| info.params.get(2)).and_then(|param| param.values);
        let command = row.param_int(2)?.and_then(|command| u32::try_from(command).ok());
        let is = |word| command.is_some() && words.and_then(|words| words.value_of(word)) == command;
        is("F_DUPFD") || is("F_DUPFD_CLOEXEC")
    };
    Ok(copies && result >= 0 && (number == result || Some(number) == row.param_int(1)?))
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
