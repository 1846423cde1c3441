//! Facts of events.

use std::borrow::Cow;

use super::access::{ErrorClass, EventFact, FdFact, FdListFact, PathRole, TimePart};
use super::referent::{UNKNOWN_DIRECTORY, resolved_path};
use super::source::Source;
use super::value::FieldValue;
use super::view::EventRow;
use super::{Argument, Purpose, container, descriptor, fd_list, param, path, tally};
use crate::format::Damage;
use crate::format::dimension::{FdColumn, Tally, ThreadColumn};
use crate::format::schema::flags::FILE_FLAGS;
use crate::format::schema::{
    Category, EventFlags, EventInfo, EventKind, EventSource, ParamInfo, ParamType, Physical, audit_plugin_name,
};
use crate::replay::fields::access::ContainerFact;

/// The value of a fact that depends on the kind alone; `None` when for this kind it depends on the row.
pub(super) fn kind_value(info: &'static EventInfo, fact: EventFact, arg: Argument<'_>) -> Option<FieldValue<'static>> {
    let kind = info.kind;
    let is_call = info.source == EventSource::Syscall;
    Some(match fact {
        EventFact::Zero => FieldValue::UInt(0),
        EventFact::Source | EventFact::PluginName | EventFact::PluginInfo if kind == EventKind::PLUGINEVENT => {
            return None;
        }
        EventFact::Source => FieldValue::text(Source::Syscall.name().as_bytes()),
        EventFact::PluginName | EventFact::PluginInfo => FieldValue::Missing,
        EventFact::Direction => FieldValue::text(b"<"),
        EventFact::IsAsync => FieldValue::Bool(info.source == EventSource::Meta),
        EventFact::AsyncType if info.source == EventSource::Meta => FieldValue::text(info.name.as_bytes()),
        EventFact::AsyncType => FieldValue::Missing,
        EventFact::Type | EventFact::SyscallType if kind == EventKind::SYSCALL => return None,
        EventFact::Type => FieldValue::text(info.name.as_bytes()),
        EventFact::SyscallType if is_call => FieldValue::text(info.name.as_bytes()),
        EventFact::SyscallType => FieldValue::Missing,
        EventFact::TypeIs => {
            let wanted = match arg {
                Argument::Index(number) => Some(number),
                Argument::Key(number) => number.parse().ok(),
                Argument::None => None,
            };
            FieldValue::UInt(u64::from(wanted == Some(u32::from(kind.0))))
        }
        EventFact::Category => match info.category {
            Category::IoRead | Category::IoWrite | Category::IoOther => return None,
            Category::Unknown => FieldValue::text(unknown_category(info)),
            category => FieldValue::text(category_word(category)),
        },
        EventFact::IsIo => FieldValue::Bool(reads(info) || writes(info)),
        EventFact::IsIoRead => FieldValue::Bool(reads(info)),
        EventFact::IsIoWrite => FieldValue::Bool(writes(info)),
        EventFact::IoDir if writes(info) => FieldValue::text(b"write"),
        EventFact::IoDir if reads(info) => FieldValue::text(b"read"),
        EventFact::IoDir => FieldValue::Missing,
        EventFact::IsWait => FieldValue::Bool(info.flags.contains(EventFlags::WAITS)),
        EventFact::IsSyslog if writes(info) => return None,
        EventFact::IsSyslog => FieldValue::Bool(false),
        EventFact::Count => FieldValue::UInt(1),
        EventFact::CountExit if is_call => FieldValue::UInt(1),
        EventFact::CountExit => FieldValue::Missing,
        EventFact::OpenedForRead | EventFact::OpenedForWrite | EventFact::OpenedForExec | EventFact::OpenedCreating => {
            if opens(kind) {
                return None;
            }
            FieldValue::Bool(false)
        }
        EventFact::Res | EventFact::RawRes | EventFact::Failed | EventFact::CountError | EventFact::CountErrorOf(_) => {
            if has_result(info) {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::BufLen => {
            if has_buffer(info) {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::Buffer => {
            if data_param(info).is_some() {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::Arg | EventFact::RawArg => {
            // The event that stands for a loss is of a kind of the table, and its parameters are not there.
            if param_at(info, arg).is_some() {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::Path(role) | EventFact::PathRaw(role) => {
            let fits = match role {
                PathRole::Name => !path::has_two_paths(kind),
                PathRole::Source | PathRole::Target => path::has_two_paths(kind),
            };
            if fits {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::FdList(_) => {
            if fd_list_param(info).is_some() {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::AbsPath => {
            if has_abs_path(kind) {
                return None;
            }
            FieldValue::Missing
        }
        EventFact::Num
        | EventFact::Time(_)
        | EventFact::RawTime(_)
        | EventFact::RelTime(_)
        | EventFact::HostName
        | EventFact::Cpu
        | EventFact::Args
        | EventFact::Tally(_)
        | EventFact::Memory(_)
        | EventFact::Info => return None,
        EventFact::ExecTime => FieldValue::UInt(0),
        EventFact::ProcessorUse => {
            if kind == EventKind::PROCINFO {
                return None;
            }
            FieldValue::Missing
        }
    })
}

/// The value of a fact for a row.
pub(super) fn event_value<'b>(
    row: &EventRow<'_, 'b>,
    fact: EventFact,
    arg: Argument<'_>,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    let Some(info) = row.info() else { return Ok(FieldValue::Missing) };
    if let Some(value) = kind_value(info, fact, arg) {
        return Ok(value);
    }
    Ok(match fact {
        EventFact::Num => FieldValue::uint(row.num()?),
        EventFact::Time(style) => FieldValue::Time(style, row.ts_ns()?),
        EventFact::RawTime(part) => FieldValue::UInt(part_of(row.ts_ns()?, part)),
        EventFact::RelTime(part) => {
            // What was told of the machine before the first event counts from the epoch.
            let (ts_ns, first_ts_ns) = (row.ts_ns()?, row.view().capture().first_ts_ns);
            let is_before = ts_ns < first_ts_ns && info.source == EventSource::Meta;
            FieldValue::UInt(part_of(if is_before { ts_ns } else { ts_ns.saturating_sub(first_ts_ns) }, part))
        }
        EventFact::Tally(fact) => tally::tally_value(row, fact)?,
        EventFact::Memory(fact) => tally::memory_value(row, fact)?,
        // Falco measures it between events that it looks at, and so never finds any.
        EventFact::ExecTime => FieldValue::UInt(0),
        EventFact::ProcessorUse => match row.tally(Tally::Threads)? {
            Some(_) if row.kind() == EventKind::PROCINFO => FieldValue::Double(0.0),
            Some(_) | None => FieldValue::Missing,
        },
        EventFact::Source => match row.plugin()?.and_then(audit_plugin_name) {
            Some(_) => FieldValue::text(Source::K8sAudit.name().as_bytes()),
            None => FieldValue::Missing,
        },
        EventFact::PluginName => {
            let name = row.plugin()?.and_then(audit_plugin_name);
            name.map_or(FieldValue::Missing, |name| FieldValue::text(name.as_bytes()))
        }
        EventFact::PluginInfo => row.plugin_data()?.map_or(FieldValue::Missing, FieldValue::text),
        EventFact::HostName => FieldValue::text(row.view().capture().host_name.as_bytes()),
        EventFact::Cpu => FieldValue::int(row.cpu()?),
        EventFact::Type | EventFact::SyscallType => {
            let code = row.param_int(0)?;
            code.and_then(param::syscall_name)
                .map_or(FieldValue::text(b"unknown"), |name| FieldValue::text(name.as_bytes()))
        }
        EventFact::Category => FieldValue::text(io_category(row)?),
        EventFact::Args | EventFact::Info => param::all_params(row)?,
        EventFact::Arg => match param_at(info, arg) {
            Some(at) => param::param_words(row, at)?,
            None => FieldValue::Missing,
        },
        EventFact::RawArg => match param_at(info, arg) {
            Some(at) => param::raw_param(row, at, purpose)?,
            None => FieldValue::Missing,
        },
        EventFact::Buffer => match data_param(info) {
            Some(at) => row.param_bytes(at)?.map_or(FieldValue::Missing, |bytes| param::bytes_for(purpose, bytes)),
            None => FieldValue::Missing,
        },
        EventFact::BufLen => match row.fd()? {
            Some(fd) if descriptor::is_known(row.view(), fd)? => {
                FieldValue::int(row.param_int(0)?.filter(|length| *length >= 0))
            }
            _ => FieldValue::Missing,
        },
        EventFact::Res => match row.param_int(0)? {
            Some(result) if result >= 0 => FieldValue::text(b"SUCCESS"),
            // The result of some calls is a process id, and Falco does not take it for an error.
            Some(result) => match param::errno_of(result).filter(|_| !returns_pid(info)) {
                Some(name) => FieldValue::text(name.as_bytes()),
                None => FieldValue::made(result.to_string().into_bytes()),
            },
            None => FieldValue::Missing,
        },
        EventFact::RawRes => FieldValue::int(row.param_int(0)?),
        EventFact::Failed => row.param_int(0)?.map_or(FieldValue::Missing, |result| FieldValue::Bool(result < 0)),
        EventFact::CountError => {
            row.param_int(0)?.map_or(FieldValue::Missing, |result| FieldValue::UInt(u64::from(result < 0)))
        }
        EventFact::CountErrorOf(class) => match row.param_int(0)? {
            Some(result) if is_of_class(row, info, class)? => FieldValue::UInt(u64::from(result < 0)),
            _ => FieldValue::Missing,
        },
        EventFact::IsSyslog => {
            let name = match row.fd()? {
                Some(fd) => row.view().fd_text(fd, FdColumn::Name)?,
                None => b"",
            };
            FieldValue::Bool(memchr::memmem::find(name, b"/dev/log").is_some())
        }
        EventFact::AbsPath => abs_path(row, arg)?,
        EventFact::OpenedForRead => FieldValue::Bool(open_flags(row)? & file_flag("O_RDONLY") != 0),
        EventFact::OpenedForWrite => FieldValue::Bool(open_flags(row)? & file_flag("O_WRONLY") != 0),
        EventFact::OpenedForExec => {
            let creates = row.kind() == EventKind::CREAT
                || open_flags(row)? & (file_flag("O_CREAT") | file_flag("O_TMPFILE")) != 0;
            FieldValue::Bool(creates && open_mode(row)? & 0o111 != 0)
        }
        EventFact::OpenedCreating => {
            let flags = open_flags(row)?;
            let made_unnamed = flags & file_flag("O_TMPFILE") != 0 && row.param_int(0)?.unwrap_or(-1) >= 0;
            FieldValue::Bool(flags & file_flag("O_F_CREATED") != 0 || made_unnamed)
        }
        EventFact::Path(role) => path_of(row, role)?.map_or(FieldValue::Missing, FieldValue::text),
        EventFact::PathRaw(role) => match (path_of(row, role)?, path::param_of_role(row.kind(), role)) {
            (Some(_), Some(at)) => FieldValue::text(row.param_bytes(at)?.unwrap_or(param::NO_TEXT)),
            // The path of a call on a descriptor.
            (Some(path), None) => FieldValue::text(path),
            (None, _) => FieldValue::Missing,
        },
        EventFact::FdList(FdListFact::Numbers) => match fd_list_param(info) {
            Some(at) => {
                let numbers: Vec<String> = path::fd_list(row.param_bytes(at)?.unwrap_or_default())
                    .map(|(number, _)| number.to_string())
                    .collect();
                if numbers.is_empty() { FieldValue::Missing } else { FieldValue::made(numbers.join(",").into_bytes()) }
            }
            None => FieldValue::Missing,
        },
        EventFact::FdList(fact) => fd_list::fd_list_value(row, fact)?,
        // All of these `kind_value` knows for every kind.
        EventFact::Zero
        | EventFact::Direction
        | EventFact::IsAsync
        | EventFact::AsyncType
        | EventFact::TypeIs
        | EventFact::IsIo
        | EventFact::IsIoRead
        | EventFact::IsIoWrite
        | EventFact::IoDir
        | EventFact::IsWait
        | EventFact::Count
        | EventFact::CountExit => FieldValue::Missing,
    })
}

fn path_of<'b>(row: &EventRow<'_, 'b>, role: PathRole) -> Result<Option<&'b [u8]>, Damage> {
    if !shows_paths(row)? {
        return Ok(None);
    }
    match role {
        PathRole::Name | PathRole::Target => row.path(),
        PathRole::Source => row.source_path(),
    }
}

/// The position of the parameter that an argument names or counts.
pub(super) fn param_at(info: &EventInfo, arg: Argument<'_>) -> Option<usize> {
    match arg {
        Argument::Key(name) => info.param(name),
        Argument::Index(at) => usize::try_from(at).ok().filter(|at| *at < info.params.len()),
        Argument::None => None,
    }
}

/// Facts that need both the descriptor and the thread.
pub(super) fn fd_of_event<'b>(row: &EventRow<'_, 'b>, fact: FdFact) -> Result<FieldValue<'b>, Damage> {
    let view = row.view();
    let (Some(fd), Some(thread)) = (row.fd()?, row.thread()?) else { return Ok(FieldValue::Missing) };
    let container = || -> Result<Vec<u8>, Damage> {
        let id = container::container_value(view, thread, ContainerFact::Id, Argument::None, 0)?;
        Ok(match id {
            FieldValue::Text(id) if *id != *b"host" => id.into_owned(),
            _ => Vec::new(),
        })
    };
    Ok(match fact {
        FdFact::Uid => {
            let tid = view.thread_int(thread, ThreadColumn::Tid)?.unwrap_or_default();
            let number = view.fd_int(fd, FdColumn::Num)?.unwrap_or_default();
            FieldValue::made(format!("{tid}{number}").into_bytes())
        }
        // a call that makes a named descriptor changes its name; the row, which lives longer, does not say so
        FdFact::NameChanged if !descriptor::is_known(view, fd)? => FieldValue::Missing,
        FdFact::NameChanged => FieldValue::Bool(
            descriptor::is_name_changed(view, fd)?
                || (names_descriptor(row.kind()) && !view.fd_text(fd, FdColumn::Name)?.is_empty()),
        ),
        FdFact::ContainerName => {
            FieldValue::made([&container()?, b":".as_slice(), view.fd_text(fd, FdColumn::Name)?].concat())
        }
        FdFact::ContainerDirectory => match descriptor::fd_value(view, fd, FdFact::Directory, Purpose::Test)? {
            FieldValue::Text(directory) => FieldValue::made([&container()?, b":".as_slice(), &directory].concat()),
            _ => FieldValue::Missing,
        },
        _ => descriptor::fd_value(view, fd, fact, Purpose::Test)?,
    })
}

fn part_of(ns: u64, part: TimePart) -> u64 {
    match part {
        TimePart::Whole => ns,
        TimePart::Seconds => ns / 1_000_000_000,
        TimePart::Nanos => ns % 1_000_000_000,
    }
}

/// Copying between two descriptors both reads and writes; the event table knows of neither.
fn reads(info: &EventInfo) -> bool {
    info.flags.contains(EventFlags::READS_FROM_FD) || info.kind == EventKind::COPY_FILE_RANGE
}

fn writes(info: &EventInfo) -> bool {
    info.flags.contains(EventFlags::WRITES_TO_FD) || info.kind == EventKind::COPY_FILE_RANGE
}

fn opens(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::OPEN | EventKind::OPENAT | EventKind::OPENAT2 | EventKind::OPEN_BY_HANDLE_AT | EventKind::CREAT
    )
}

/// Whether calls of this kind make a descriptor and name it.
fn names_descriptor(kind: EventKind) -> bool {
    opens(kind)
        || matches!(kind, EventKind::ACCEPT | EventKind::ACCEPT4 | EventKind::MEMFD_CREATE | EventKind::PIDFD_OPEN)
}

fn has_result(info: &EventInfo) -> bool {
    let is_call = info.source == EventSource::Syscall && info.kind != EventKind::SYSCALL;
    is_call && info.params.first().is_some_and(|param| param.ty.physical() == Physical::Int)
}

fn returns_pid(info: &EventInfo) -> bool {
    info.params.first().is_some_and(|param| param.ty == ParamType::Pid)
}

fn has_buffer(info: &EventInfo) -> bool {
    matches!(info.category, Category::IoRead | Category::IoWrite | Category::IoOther)
}

fn data_param(info: &EventInfo) -> Option<usize> {
    info.param("data")
}

fn fd_list_param(info: &EventInfo) -> Option<usize> {
    info.params.iter().position(|param| param.ty == ParamType::FdList)
}

fn category_word(category: Category) -> &'static [u8] {
    match category {
        Category::Unknown | Category::IoRead | Category::IoWrite | Category::IoOther => b"unknown",
        Category::Other => b"other",
        Category::File => b"file",
        Category::Net => b"net",
        Category::Ipc => b"IPC",
        Category::Memory => b"memory",
        Category::Process => b"process",
        Category::Sleep => b"sleep",
        Category::System => b"system",
        Category::Signal => b"signal",
        Category::User => b"user",
        Category::Time => b"time",
    }
}

/// Falco has categories for waiting, scheduling and itself that the event table does not tell apart.
fn unknown_category(info: &EventInfo) -> &'static [u8] {
    match info.kind {
        EventKind::SWITCH => b"scheduler",
        EventKind::EPOLL_CREATE | EventKind::EPOLL_CREATE1 => b"wait",
        _ if info.flags.contains(EventFlags::WAITS) => b"wait",
        _ if info.source == EventSource::Meta => b"internal",
        _ => b"unknown",
    }
}

/// Reads, writes and their kin are about what their descriptor is.
fn io_category(row: &EventRow<'_, '_>) -> Result<&'static [u8], Damage> {
    let Some(fd) = row.fd()? else { return Ok(b"unknown") };
    if row.view().fd_int(fd, FdColumn::Num)?.unwrap_or(-1) < 0 {
        return Ok(b"unknown");
    }
    Ok(match descriptor::type_char(row.view(), fd)? {
        Some(b'f' | b'd') => b"file",
        Some(b'4' | b'6') => b"net",
        Some(b'u' | b'p' | b'e' | b's' | b'i') => b"ipc",
        _ => b"unknown",
    })
}

/// Whether the call is one that a class of errors counts. Memory calls on files are counted twice, as in Falco.
fn is_of_class(row: &EventRow<'_, '_>, info: &EventInfo, class: ErrorClass) -> Result<bool, Damage> {
    let is_memory = info.category == Category::Memory;
    if class == ErrorClass::Memory {
        return Ok(is_memory);
    }
    let known = match row.fd()? {
        Some(fd) if row.view().fd_int(fd, FdColumn::Num)?.unwrap_or(-1) >= 0 => descriptor::type_char(row.view(), fd)?,
        _ => None,
    };
    Ok(class
        == match known {
            Some(b'f' | b'd') => ErrorClass::File,
            Some(b'4' | b'6' | b'u') => ErrorClass::Net,
            Some(_) => ErrorClass::Other,
            None if is_memory => return Ok(false),
            None if opens(info.kind) => ErrorClass::File,
            None if matches!(info.kind, EventKind::ACCEPT | EventKind::ACCEPT4 | EventKind::CONNECT) => ErrorClass::Net,
            None => ErrorClass::Other,
        })
}

/// Whether the event's paths are there: those of failed calls are not, but for files that could not be opened.
pub(super) fn shows_paths(row: &EventRow<'_, '_>) -> Result<bool, Damage> {
    let has_result = row.info().is_some_and(has_result);
    Ok(!has_result || shows_failed_paths(row.kind()) || row.param_int(0)?.unwrap_or(0) >= 0)
}

/// Whether events of a kind have their paths also when they fail.
fn shows_failed_paths(kind: EventKind) -> bool {
    matches!(kind, EventKind::OPEN | EventKind::OPENAT | EventKind::OPENAT2 | EventKind::CREAT)
}

/// Whether the result decides if the paths of an event of this kind are there.
pub(in crate::replay) fn result_decides_paths(info: &EventInfo) -> bool {
    has_result(info) && !shows_failed_paths(info.kind)
}

fn file_flag(word: &str) -> i64 {
    i64::from(FILE_FLAGS.value_of(word).unwrap_or_default())
}

fn open_flags(row: &EventRow<'_, '_>) -> Result<i64, Damage> {
    named_int(row, "flags")
}

fn open_mode(row: &EventRow<'_, '_>) -> Result<i64, Damage> {
    named_int(row, "mode")
}

fn named_int(row: &EventRow<'_, '_>, name: &str) -> Result<i64, Damage> {
    match row.info().and_then(|info| info.param(name)) {
        Some(at) => Ok(row.param_int(at)?.unwrap_or_default()),
        None => Ok(0),
    }
}

fn abs_path<'b>(row: &EventRow<'_, 'b>, arg: Argument<'_>) -> Result<FieldValue<'b>, Damage> {
    let is_target = arg == Argument::Key("dst");
    let (recorded, param) = match (row.kind(), is_target) {
        // Of a link the source is what exists already, unlike in `fs.path.source`.
        (EventKind::LINKAT, true) => (row.source_path()?, "newpath"),
        (EventKind::LINKAT, false) => (row.path()?, "oldpath"),
        (EventKind::SYMLINKAT, _) => (row.source_path()?, "linkpath"),
        (EventKind::RENAMEAT | EventKind::RENAMEAT2, true) => (row.path()?, "newpath"),
        (EventKind::RENAMEAT | EventKind::RENAMEAT2, false) => (row.source_path()?, "oldpath"),
        _ => (row.path()?, ""),
    };
    let Some(info) = row.info() else { return Ok(FieldValue::Missing) };
    let is_path = |param: &ParamInfo| matches!(param.ty, ParamType::FsRelPath | ParamType::FsPath);
    let Some(at) = info.param(param).or_else(|| info.params.iter().position(is_path)) else {
        return Ok(FieldValue::Missing);
    };
    let raw = row.param_bytes(at)?.unwrap_or_default();
    let (path, is_absolute) = match (recorded, raw.starts_with(b"/")) {
        (Some(path), is_absolute) => (Some(Cow::Borrowed(path)), is_absolute),
        (None, _) if raw.is_empty() => return Ok(FieldValue::Missing),
        // Nothing is recorded of a call that failed; the parameters tell what it was asked to do.
        (None, true) => (Some(Cow::Owned(path::join(raw, b""))), true),
        (None, false) => (resolved_path(row, at, raw)?, false),
    };
    let Some(path) = path.filter(|path| !path.starts_with(UNKNOWN_DIRECTORY)) else {
        return Ok(FieldValue::made([UNKNOWN_DIRECTORY, b"/", raw].concat()));
    };
    // Falco puts a slash behind the directory whatever it is.
    let dirfd = info.params.get(at).and_then(|param| param.dirfd).map(usize::from);
    let has_dirfd = dirfd.map_or(Ok(None), |dirfd| row.param_int(dirfd))?.is_some_and(|dirfd| dirfd >= 0);
    if has_dirfd && !is_absolute && path.strip_prefix(b"/") == Some(raw) {
        return Ok(FieldValue::made([b"/", path.as_ref()].concat()));
    }
    Ok(FieldValue::Text(path))
}

/// The calls whose absolute path Falco gives.
fn has_abs_path(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::OPENAT
            | EventKind::OPENAT2
            | EventKind::OPEN_BY_HANDLE_AT
            | EventKind::UNLINKAT
            | EventKind::RENAMEAT
            | EventKind::RENAMEAT2
            | EventKind::LINKAT
            | EventKind::SYMLINKAT
            | EventKind::MKDIRAT
            | EventKind::FCHMODAT
            | EventKind::FCHOWNAT
    )
}
