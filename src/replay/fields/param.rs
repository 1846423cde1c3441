//! Parameters of events as text: `evt.arg`, `evt.args`, `evt.rawarg`.
//!
//! A parameter has a value (`4097`) and, where there is one, a reading in words (`O_RDONLY|O_CLOEXEC`). `evt.args`
//! shows both, `evt.arg` the words if there are any, `evt.rawarg` the value.

use std::borrow::Cow;
use std::io::Write as _;

use super::referent::{AT_FDCWD, name_of_child, resolved_path, thread_of, write_descriptor};
use super::value::{FieldValue, write_signed, write_unsigned};
use super::view::EventRow;
use super::{Purpose, clock, descriptor, names, path};
use crate::format::Damage;
use crate::format::dimension::{ThreadColumn, UserColumn};
use crate::format::schema::flags::FlagTable;
use crate::format::schema::{EventInfo, EventKind, ParamInfo, ParamType, Physical, PrintFormat, syscalls};

/// A parameter as text.
#[derive(Default)]
struct Rendered {
    value: Vec<u8>,
    words: Vec<u8>,
}

/// All parameters, as `name=value(words)` with spaces between.
pub(super) fn all_params<'b>(row: &EventRow<'_, 'b>) -> Result<FieldValue<'b>, Damage> {
    let mut text = Vec::new();
    if let Some(loss) = row.loss() {
        let kind = loss.kind.map_or("any", EventKind::name);
        write(&mut text, format_args!("lost={} event={kind} cpu={}", loss.count, loss.cpu));
        return Ok(FieldValue::made(text));
    }
    let Some(info) = row.info().filter(|info| info.kind != EventKind::SYSCALL) else {
        return Ok(FieldValue::made(text));
    };
    let mut rendered = Rendered { value: Vec::with_capacity(96), words: Vec::with_capacity(96) };
    text.reserve(32 + info.params.len() * 24);
    for (at, param) in info.params.iter().enumerate().take(param_count(row, info)?) {
        if at > 0 {
            text.push(b' ');
        }
        render(row, at, param, &mut rendered)?;
        text.extend_from_slice(param.name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(&rendered.value);
        if !rendered.words.is_empty() {
            text.push(b'(');
            text.extend_from_slice(&rendered.words);
            text.push(b')');
        }
    }
    Ok(FieldValue::made(text))
}

/// Whether events of a kind may have fewer parameters than the kind.
///
/// Kinds have got parameters over the years. Of most, Falco fills up what an old recording lacks, with values that are
/// empty. Of these it takes the event as it is.
pub(in crate::replay) fn may_lack_params(kind: EventKind) -> bool {
    matches!(kind, EventKind::PROCEXIT | EventKind::SETSOCKOPT | EventKind::GETSOCKOPT)
}

/// How many of the kind's parameters the event has. The last one is a number, which is never empty where it is there.
fn param_count(row: &EventRow<'_, '_>, info: &EventInfo) -> Result<usize, Damage> {
    let all = info.params.len();
    if !may_lack_params(info.kind) {
        return Ok(all);
    }
    for (at, param) in info.params.iter().enumerate().rev() {
        let is_there = match param.ty.physical() {
            Physical::Int => row.param_int(at)?.is_some(),
            Physical::Bytes => row.param_bytes(at)?.is_some(),
        };
        if is_there {
            return Ok(at + 1);
        }
    }
    Ok(0)
}

/// The parameter at a position, if the event has it.
fn param_of(row: &EventRow<'_, '_>, at: usize) -> Result<Option<&'static ParamInfo>, Damage> {
    let Some(info) = row.info() else { return Ok(None) };
    Ok(if at < param_count(row, info)? { info.params.get(at) } else { None })
}

/// One parameter in words, or as its value.
pub(super) fn param_words<'b>(row: &EventRow<'_, 'b>, at: usize) -> Result<FieldValue<'b>, Damage> {
    let Some(param) = param_of(row, at)? else { return Ok(FieldValue::Missing) };
    if matches!(param.ty, ParamType::FsPath | ParamType::FsRelPath) {
        let PathParam { raw, resolved } = path_param(row, at)?;
        return Ok(resolved.map_or(FieldValue::text(raw), FieldValue::Text));
    }
    let mut rendered = Rendered::default();
    render(row, at, param, &mut rendered)?;
    Ok(FieldValue::made(if rendered.words.is_empty() { rendered.value } else { rendered.words }))
}

/// One parameter as the number or text it is.
pub(super) fn raw_param<'b>(row: &EventRow<'_, 'b>, at: usize, purpose: Purpose) -> Result<FieldValue<'b>, Damage> {
    let Some(param) = param_of(row, at)? else { return Ok(FieldValue::Missing) };
    match param.ty.physical() {
        Physical::Int => {
            let Some(number) = row.param_int(at)? else { return Ok(FieldValue::Missing) };
            let unsigned = narrow(param.ty, number);
            let is_plain = matches!(param.ty, ParamType::Int8 | ParamType::Int16 | ParamType::Int32 | ParamType::Int64);
            Ok(match (param.format, is_signed(param.ty)) {
                (PrintFormat::Hex, signed) if is_plain || !signed => FieldValue::Hex(unsigned),
                (PrintFormat::Oct, false) => FieldValue::Octal(unsigned),
                (_, true) => FieldValue::Int(number),
                (PrintFormat::Na | PrintFormat::Dec | PrintFormat::Hex, false) => FieldValue::UInt(unsigned),
            })
        }
        Physical::Bytes => match param.ty {
            ParamType::CharBuf | ParamType::FsPath | ParamType::FsRelPath => {
                Ok(row.param_bytes(at)?.map_or(FieldValue::text(NO_TEXT), FieldValue::text))
            }
            ParamType::ByteBuf => Ok(bytes_for(purpose, row.param_bytes(at)?.unwrap_or_default())),
            _ => Ok(row.param_bytes(at)?.map_or(FieldValue::Missing, FieldValue::text)),
        },
    }
}

/// Bytes that need not be text: compared as they are, printed with a dot for each that cannot be shown.
pub(super) fn bytes_for(purpose: Purpose, bytes: &[u8]) -> FieldValue<'_> {
    match purpose {
        Purpose::Test => FieldValue::text(bytes),
        Purpose::Print => {
            let mut shown = Vec::with_capacity(bytes.len());
            write_dotted(bytes, &mut shown);
            FieldValue::made(shown)
        }
    }
}

/// What Falco prints for a text that is not there.
pub(super) const NO_TEXT: &[u8] = b"<NA>";
/// What Falco prints for the description of a key that a program gives none for.
const NO_KEY: &[u8] = b"(null)";
/// What Falco prints for bytes that are not there.
const NO_BYTES: &[u8] = b"NULL";

const fn is_signed(ty: ParamType) -> bool {
    matches!(
        ty,
        ParamType::Int8
            | ParamType::Int16
            | ParamType::Int32
            | ParamType::Int64
            | ParamType::Errno
            | ParamType::Fd
            | ParamType::Fd32
            | ParamType::Pid
            | ParamType::Pid32
    )
}

fn render(row: &EventRow<'_, '_>, at: usize, param: &ParamInfo, rendered: &mut Rendered) -> Result<(), Damage> {
    rendered.value.clear();
    rendered.words.clear();
    match param.ty.physical() {
        Physical::Int => match row.param_int(at)? {
            Some(number) => render_number(row, at, param, number, rendered)?,
            None => rendered.value.extend_from_slice(NO_TEXT),
        },
        Physical::Bytes => render_bytes(row, at, param, row.param_bytes(at)?, rendered)?,
    }
    Ok(())
}

fn render_number(
    row: &EventRow<'_, '_>,
    at: usize,
    param: &ParamInfo,
    number: i64,
    rendered: &mut Rendered,
) -> Result<(), Damage> {
    let Rendered { value, words } = rendered;
    let unsigned = number.cast_unsigned();
    match param.ty {
        ParamType::Errno => {
            write_signed(number, value);
            words.extend_from_slice(errno_of(number).unwrap_or_default().as_bytes());
        }
        ParamType::Fd | ParamType::Fd32 => {
            write_signed(number, value);
            if number == AT_FDCWD {
                words.extend_from_slice(b"AT_FDCWD");
            } else if number < 0 {
                words.extend_from_slice(errno_of(number).unwrap_or_default().as_bytes());
            } else {
                write_descriptor(row, at, number, words)?;
            }
        }
        ParamType::Pid | ParamType::Pid32 => {
            write_signed(number, value);
            if number > 0 {
                match thread_of(row, number)? {
                    Some(thread) => words.extend_from_slice(row.view().thread_text(thread, ThreadColumn::Comm)?),
                    None if at == 0 => words.extend_from_slice(name_of_child(row)?.unwrap_or_default()),
                    None => {}
                }
            }
        }
        ParamType::Uid | ParamType::Gid => {
            if number == i64::from(u32::MAX) || number == -1 {
                value.extend_from_slice(b"-1");
                words.extend_from_slice(b"<NONE>");
            } else {
                write_signed(number, value);
                words.extend_from_slice(name_of_id(row, param.ty, number)?.unwrap_or(NO_TEXT));
            }
        }
        ParamType::Flags8 | ParamType::Flags16 | ParamType::Flags32 => {
            write_unsigned(unsigned, value);
            write_flag_words(param.values, unsigned, words);
        }
        ParamType::EnumFlags8 | ParamType::EnumFlags16 | ParamType::EnumFlags32 => {
            write_unsigned(unsigned, value);
            write_enum_words(param.values, unsigned, words);
        }
        ParamType::Mode => {
            FieldValue::Octal(unsigned).write_text(value);
            write_flag_words(param.values, unsigned, words);
        }
        ParamType::SigType => {
            write_signed(number, value);
            words.extend_from_slice(names::signal_name(unsigned).unwrap_or_default().as_bytes());
        }
        ParamType::SigSet => {
            for signal in (1..=32).filter(|signal| unsigned >> (signal - 1) & 1 == 1) {
                if let Some(name) = names::signal_name(signal) {
                    if !value.is_empty() {
                        value.push(b' ');
                    }
                    value.extend_from_slice(name.as_bytes());
                }
            }
        }
        ParamType::RelTime => {
            write_unsigned(unsigned, value);
            write_seconds(unsigned, words);
        }
        ParamType::AbsTime => clock::write_utc_datetime(unsigned, value),
        ParamType::SyscallId => {
            write_unsigned(unsigned, value);
            words.extend_from_slice(syscall_name(number).unwrap_or_default().as_bytes());
        }
        ParamType::Int8 | ParamType::Int16 | ParamType::Int32 | ParamType::Int64 => match param.format {
            PrintFormat::Hex => write(value, format_args!("{:X}", narrow(param.ty, number))),
            PrintFormat::Oct => FieldValue::Octal(unsigned).write_text(value),
            PrintFormat::Na | PrintFormat::Dec => write_signed(number, value),
        },
        ParamType::Uint8 | ParamType::Uint16 | ParamType::Uint32 | ParamType::Uint64 | ParamType::Port => {
            match param.format {
                PrintFormat::Hex => write(value, format_args!("{unsigned:X}")),
                PrintFormat::Oct => FieldValue::Octal(unsigned).write_text(value),
                // Falco prints them with a sign: chown to -1 leaves an id as it is, a seek may go back.
                PrintFormat::Na | PrintFormat::Dec => match (param.ty, u32::try_from(unsigned)) {
                    (ParamType::Uint32, Ok(narrow)) => write(value, format_args!("{}", narrow.cast_signed())),
                    _ => write_signed(number, value),
                },
            }
        }
        // Not numbers.
        ParamType::CharBuf
        | ParamType::FsPath
        | ParamType::FsRelPath
        | ParamType::ByteBuf
        | ParamType::SockAddr
        | ParamType::SockTuple
        | ParamType::FdList
        | ParamType::Dyn
        | ParamType::CharBufArray
        | ParamType::CharBufPairArray
        | ParamType::Ipv4Addr
        | ParamType::Ipv6Addr => {}
    }
    Ok(())
}

/// The name of a user or group id. In a container only the names of its own users count, and only if they were known:
/// a user who has a name without a shell is the root that every container has.
fn name_of_id<'b>(row: &EventRow<'_, 'b>, ty: ParamType, id: i64) -> Result<Option<&'b [u8]>, Damage> {
    let view = row.view();
    let thread = row.thread()?;
    let container = thread.map_or(Ok(None), |thread| view.thread_ref(thread, ThreadColumn::Container))?;
    let (Some(thread), Some(_)) = (thread, container) else {
        return if ty == ParamType::Uid { view.user_name_of(id) } else { view.group_name_of(id) };
    };
    let Some(user) = view.thread_ref(thread, ThreadColumn::User)? else { return Ok(None) };
    if view.user_text(user, UserColumn::Shell)?.is_empty() {
        return Ok(None);
    }
    let name = match (ty, view.thread_ref(thread, ThreadColumn::Group)?) {
        (ParamType::Uid, _) if view.user_id(user)? == Some(id) => view.user_text(user, UserColumn::Name)?,
        (ParamType::Gid, Some(group)) if view.group_id(group)? == Some(id) => view.group_name(group)?,
        _ => return Ok(None),
    };
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// The bits of a number that its type has.
fn narrow(ty: ParamType, number: i64) -> u64 {
    let bits = number.cast_unsigned();
    match ty {
        ParamType::Int8 | ParamType::Uint8 | ParamType::Flags8 | ParamType::EnumFlags8 => bits & 0xFF,
        ParamType::Int16 | ParamType::Uint16 | ParamType::Flags16 | ParamType::EnumFlags16 => bits & 0xFFFF,
        ParamType::Int32 | ParamType::Uint32 | ParamType::Flags32 | ParamType::EnumFlags32 | ParamType::Mode => {
            bits & 0xFFFF_FFFF
        }
        _ => bits,
    }
}

fn render_bytes(
    row: &EventRow<'_, '_>,
    at: usize,
    param: &ParamInfo,
    bytes: Option<&[u8]>,
    rendered: &mut Rendered,
) -> Result<(), Damage> {
    let Rendered { value, words } = rendered;
    match (param.ty, bytes) {
        (ParamType::CharBuf, bytes) => value.extend_from_slice(bytes.unwrap_or(NO_TEXT)),
        (ParamType::FsPath | ParamType::FsRelPath, _) => {
            let PathParam { raw, resolved } = path_param(row, at)?;
            value.extend_from_slice(raw);
            words.extend_from_slice(&resolved.unwrap_or_default());
        }
        (ParamType::SockAddr, bytes) => match bytes.and_then(path::socket_address) {
            Some(address) => value.extend_from_slice(&address),
            None => value.extend_from_slice(NO_TEXT),
        },
        (ParamType::SockTuple, bytes) => match bytes.and_then(path::socket_tuple) {
            Some(tuple) => value.extend_from_slice(&tuple),
            None => value.extend_from_slice(NO_BYTES),
        },
        (ParamType::FdList, Some(bytes)) => write_fd_list(row, bytes, value)?,
        (ParamType::Dyn, Some(bytes)) => write_dynamic(row.kind(), param, bytes, value, words),
        (ParamType::Ipv4Addr | ParamType::Ipv6Addr, Some(bytes)) => {
            if let Some(address) = descriptor::ip_address(bytes) {
                write(value, format_args!("{address}"));
            }
        }
        (_, None | Some([])) if param.ty != ParamType::FdList => value.extend_from_slice(NO_BYTES),
        (_, bytes) => write_dotted(bytes.unwrap_or_default(), value),
    }
    Ok(())
}

/// A path that a call was given.
struct PathParam<'b> {
    /// As it was given.
    raw: &'b [u8],
    /// What it means, where it is not absolute and that is known.
    resolved: Option<Cow<'b, [u8]>>,
}

fn path_param<'b>(row: &EventRow<'_, 'b>, at: usize) -> Result<PathParam<'b>, Damage> {
    let Some(raw) = row.param_bytes(at)? else { return Ok(PathParam { raw: NO_TEXT, resolved: None }) };
    let resolved = resolved_path(row, at, raw)?;
    Ok(PathParam { raw, resolved: resolved.filter(|resolved| !resolved.is_empty()) })
}

/// Bytes with a dot for each that cannot be shown.
fn write_dotted(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes.iter().map(|byte| if (0x20..0x7F).contains(byte) { *byte } else { b'.' }));
}

/// The name of the error that a negative result is.
pub(super) fn errno_of(result: i64) -> Option<&'static str> {
    if result < 0 { names::errno_name(result.unsigned_abs()) } else { None }
}

/// The name of a system call by its code.
pub(super) fn syscall_name(code: i64) -> Option<&'static str> {
    let code = u16::try_from(code).ok()?;
    let at = syscalls::SYSCALL_CODES.binary_search_by_key(&code, |(_, code)| *code).ok()?;
    syscalls::SYSCALL_CODES.get(at).map(|(name, _)| *name)
}

/// Words for the bits of a number. A word of several bits (`O_RDWR`) takes them away from the words after it.
fn write_flag_words(table: Option<&FlagTable>, number: u64, out: &mut Vec<u8>) {
    let mut left = number;
    for (word, bits) in table.map_or(&[][..], |table| table.words) {
        let bits = u64::from(*bits);
        let fits = if bits == 0 { number == 0 } else { left & bits == bits };
        if fits {
            push_word(out, word);
            left &= !bits;
        }
    }
}

/// The words that stand for exactly this number.
fn write_enum_words(table: Option<&FlagTable>, number: u64, out: &mut Vec<u8>) {
    for (word, value) in table.map_or(&[][..], |table| table.words) {
        if u64::from(*value) == number {
            push_word(out, word);
        }
    }
}

fn push_word(out: &mut Vec<u8>, word: &str) {
    if !out.is_empty() {
        out.push(b'|');
    }
    out.extend_from_slice(word.as_bytes());
}

/// A span of time in seconds, with the nanoseconds if there are any.
fn write_seconds(nanos: u64, out: &mut Vec<u8>) {
    match (nanos / 1_000_000_000, nanos % 1_000_000_000) {
        (seconds, 0) => write(out, format_args!("{seconds}s")),
        (seconds, nanos) => write(out, format_args!("{seconds}.{nanos:09}s")),
    }
}

/// Entries of a polled list: number, type letter and events (`4:p1`).
fn write_fd_list(row: &EventRow<'_, '_>, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Damage> {
    let rows = row.fd_list()?;
    for (at, (number, events)) in path::fd_list(bytes).enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        if let Some(known) = rows.get(at) {
            let letter = match known {
                Some(fd) => descriptor::type_letter(row.view(), *fd)?,
                None => b'?',
            };
            write(out, format_args!("{}:{}{events:x}", number.cast_unsigned(), char::from(letter)));
            continue;
        }
        let mut tagged = Vec::new();
        if number >= 0 {
            write_descriptor(row, usize::MAX, number, &mut tagged)?;
        }
        let letter = tagged.get(1).copied().unwrap_or(b'?');
        write(out, format_args!("{}:{}{events:x}", number.cast_unsigned(), char::from(letter)));
    }
    Ok(())
}

/// A value that carries its own type. Which types there are depends on the event.
fn write_dynamic(kind: EventKind, param: &ParamInfo, bytes: &[u8], value: &mut Vec<u8>, words: &mut Vec<u8>) {
    let Some((&index, data)) = bytes.split_first() else { return };
    let number = || {
        let mut padded = [0; 8];
        for (to, from) in padded.iter_mut().zip(data) {
            *to = *from;
        }
        u64::from_le_bytes(padded)
    };
    let unsigned = |value: &mut Vec<u8>| match param.format {
        PrintFormat::Hex => write(value, format_args!("{:X}", number())),
        PrintFormat::Na | PrintFormat::Dec | PrintFormat::Oct => write(value, format_args!("{}", number())),
    };
    match (kind, index) {
        (EventKind::SETSOCKOPT | EventKind::GETSOCKOPT, 1) => {
            let errno = number().cast_signed();
            write(value, format_args!("{errno}"));
            words.extend_from_slice(errno_of(errno).unwrap_or_default().as_bytes());
        }
        (EventKind::SETSOCKOPT | EventKind::GETSOCKOPT, 2 | 3) => unsigned(value),
        (EventKind::SETSOCKOPT | EventKind::GETSOCKOPT, 4) => {
            let nanos = number();
            write(value, format_args!("{nanos}"));
            write_seconds(nanos, words);
        }
        (EventKind::PTRACE, 0) => unsigned(value),
        (EventKind::PTRACE, 1) => {
            write(value, format_args!("{}", number()));
            words.extend_from_slice(names::signal_name(number()).unwrap_or_default().as_bytes());
        }
        (EventKind::KEYCTL, 0) => unsigned(value),
        (EventKind::KEYCTL, _) if data.is_empty() => value.extend_from_slice(NO_KEY),
        (EventKind::KEYCTL, _) => value.extend_from_slice(data.strip_suffix(b"\0").unwrap_or(data)),
        (_, _) => write_dotted(data, value),
    }
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec cannot fail");
}
