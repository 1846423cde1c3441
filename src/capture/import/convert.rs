//! From event codes of any age to today's event kinds.
//!
//! A kind of today holds a whole system call. Older recordings say when a call began and when it returned, in two
//! events, and each event has had several shapes. The one that says that it returned becomes today's: each parameter
//! is taken by its name from that event, else from the one that began the call, else it has no value.

use std::sync::OnceLock;

use crate::format::row::Value;
use crate::format::schema::codes::{CODE_LIMIT, CodeInfo, code_info};
use crate::format::schema::{EventFlags, EventKind, EventSource, ParamType, Physical};

/// What is to be done with events of a code.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Nothing: it is not an event any more.
    Leave,
    /// It began a call: it is kept for the return, and counts as an event or not.
    Keep { counts: bool },
    /// It becomes an event of a kind.
    Convert(Conversion),
}

/// How the parameters of a kind are had.
#[derive(Clone, Debug)]
pub(super) struct Conversion {
    pub(super) kind: EventKind,
    /// For each parameter of the kind.
    pub(super) params: Vec<Origin>,
    /// The code of the event that began the call, if there may be one.
    pub(super) enter: Option<u16>,
    /// Whether such events tell of users or containers instead of what happened.
    pub(super) is_announcement: bool,
    /// Whether parameter `n` is the event's own `n`, for all of them: then nobody looks at the names.
    pub(super) is_today: bool,
}

/// Where a parameter comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    /// Its place in the event itself.
    pub(super) own: Option<u8>,
    /// Its place in the event that began the call.
    pub(super) enter: Option<u8>,
    /// How the value is read.
    pub(super) form: Form,
    /// Whether it is 0 where no event has it, as Falco fills it in; else it has no value. So it is with numbers that
    /// the event which began the call has, where that was not recorded.
    pub(super) is_zero_else: bool,
}

/// The plan for a code; `None` for one that is not in the table.
pub(super) fn plan_of(code: u16) -> Option<&'static Plan> {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    let plans = PLANS.get_or_init(|| (0..CODE_LIMIT).map(|code| code_info(code).map_or(Plan::Leave, plan)).collect());
    plans.get(usize::from(code))
}

/// Parameters that Falco sets to 0 where an old recording does not say them.
const ZERO_ELSE: [(EventKind, &str); 6] = [
    (EventKind::FUTEX, "addr"),
    (EventKind::FUTEX, "op"),
    (EventKind::FUTEX, "val"),
    (EventKind::SOCKET, "flags"),
    (EventKind::FCNTL, "arg"),
    (EventKind::EPOLL_WAIT, "maxevents"),
];

fn plan(info: &CodeInfo) -> Plan {
    if info.source.is_none() || info.flags.contains(EventFlags::UNUSED) {
        return Plan::Leave;
    }
    let is_old = info.flags.contains(EventFlags::OLD_VERSION);
    let kind = EventKind(info.code);
    let kind = if kind.info().is_some() { Some(kind) } else { EventKind::by_name(info.name) };
    let begins_call = info.is_enter() && info.source == Some(EventSource::Syscall);
    if begins_call && kind != Some(EventKind(info.code)) {
        // Those that are not old are the ones which Falco keeps against races, and of today's execve and execveat it
        // takes the path from here: it counts those.
        let is_of_exec =
            kind.is_some_and(|kind| matches!(kind, EventKind::EXECVE | EventKind::EXECVEAT) && kind.0 == info.code + 1);
        return Plan::Keep { counts: !is_old || is_of_exec };
    }
    let Some(today) = kind.and_then(EventKind::info) else { return Plan::Leave };
    let enter = (!info.is_enter()).then(|| info.code - 1).and_then(code_info);
    let place = |of: &CodeInfo, name| of.param(name).and_then(|at| u8::try_from(at).ok());
    let params: Vec<Origin> = today
        .params
        .iter()
        .map(|param| Origin {
            own: place(info, param.name),
            enter: enter.and_then(|enter| place(enter, param.name)),
            form: Form::of(param.ty),
            is_zero_else: ZERO_ELSE.contains(&(today.kind, param.name))
                || param.ty.physical() == Physical::Int
                    && today.kind != EventKind::SYSCALL
                    && enter.is_some_and(|enter| enter.param(param.name).is_some()),
        })
        .collect();
    let is_today = today.kind.0 == info.code;
    let is_announcement = tells_of_machine(today.kind) || today.kind == EventKind::ASYNCEVENT;
    let enter = enter.map(|enter| enter.code);
    Plan::Convert(Conversion { kind: today.kind, params, enter, is_announcement, is_today })
}

/// Whether events of a kind tell of users or containers. Falco takes those at the head of a file for part of the
/// machine's description.
pub(super) fn tells_of_machine(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::USERADDED
            | EventKind::USERDELETED
            | EventKind::GROUPADDED
            | EventKind::GROUPDELETED
            | EventKind::CONTAINER
    )
}

/// How a parameter's value is read from its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A number of one, two, four or eight bytes; of another length it has no value.
    Signed,
    /// Likewise.
    Unsigned,
    /// Bytes before the first NUL; none are no value.
    Text,
    /// Bytes as they are.
    Bytes,
    /// Likewise, but none are no value.
    SomeBytes,
}

impl Form {
    /// The form that values of a type have.
    pub(super) fn of(ty: ParamType) -> Form {
        use ParamType::{
            AbsTime, ByteBuf, CharBuf, CharBufArray, CharBufPairArray, Dyn, EnumFlags8, EnumFlags16, EnumFlags32,
            Errno, Fd, Fd32, FdList, Flags8, Flags16, Flags32, FsPath, FsRelPath, Gid, Int8, Int16, Int32, Int64,
            Ipv4Addr, Ipv6Addr, Mode, Pid, Pid32, Port, RelTime, SigSet, SigType, SockAddr, SockTuple, SyscallId, Uid,
            Uint8, Uint16, Uint32, Uint64,
        };
        match ty {
            Int8 | Int16 | Int32 | Int64 | Errno | Fd | Fd32 | Pid | Pid32 => Form::Signed,
            Uint8 | Uint16 | Uint32 | Uint64 | Uid | Gid | Flags8 | Flags16 | Flags32 | EnumFlags8 | EnumFlags16
            | EnumFlags32 | Mode | SigType | SigSet | Port | RelTime | AbsTime | SyscallId => Form::Unsigned,
            CharBuf | FsPath | FsRelPath => Form::Text,
            ByteBuf | CharBufArray | CharBufPairArray => Form::Bytes,
            SockAddr | SockTuple | FdList | Dyn | Ipv4Addr | Ipv6Addr => Form::SomeBytes,
        }
    }

    /// The value that some bytes are. (Inlined, so that it is written where it goes: to copy a result costs more than
    /// to make it.)
    #[inline(always)]
    pub(super) fn value(self, bytes: &[u8]) -> Value<'_> {
        match self {
            Form::Signed => signed(bytes),
            Form::Unsigned => unsigned(bytes),
            Form::Text => text(bytes),
            Form::SomeBytes if bytes.is_empty() => Value::Null,
            Form::Bytes | Form::SomeBytes => Value::Bytes(bytes),
        }
    }
}

#[inline(always)]
fn text(bytes: &[u8]) -> Value<'_> {
    if bytes.is_empty() {
        return Value::Null;
    }
    // nearly every text ends in the one NUL that it has
    let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    Value::Bytes(if has_nul(text) {
        text.get(..memchr::memchr(0, text).unwrap_or(text.len())).unwrap_or(text)
    } else {
        text
    })
}

/// Whether there is a NUL in a text. Most are so short that calling for help takes longer than looking.
#[inline(always)]
fn has_nul(text: &[u8]) -> bool {
    let any = |bytes: &[u8; 16]| bytes.iter().fold(false, |found, &byte| found | (byte == 0));
    match text.last_chunk::<16>() {
        Some(last) => text.as_chunks::<16>().0.iter().any(any) || any(last),
        None => text.contains(&0),
    }
}

// One length after the other: nearly all numbers have eight bytes or four, and a match becomes a table of jumps.

#[inline(always)]
fn signed(bytes: &[u8]) -> Value<'_> {
    Value::Int(if let Ok(bytes) = bytes.try_into() {
        i64::from_le_bytes(bytes)
    } else if let Ok(bytes) = bytes.try_into() {
        i64::from(i32::from_le_bytes(bytes))
    } else if let Ok(bytes) = bytes.try_into() {
        i64::from(i16::from_le_bytes(bytes))
    } else if let Ok(bytes) = bytes.try_into() {
        i64::from(i8::from_le_bytes(bytes))
    } else {
        return Value::Null;
    })
}

#[inline(always)]
fn unsigned(bytes: &[u8]) -> Value<'_> {
    Value::Int(if let Ok(bytes) = bytes.try_into() {
        i64::from_le_bytes(bytes)
    } else if let Ok(bytes) = bytes.try_into() {
        i64::from(u32::from_le_bytes(bytes))
    } else if let Ok(bytes) = bytes.try_into() {
        i64::from(u16::from_le_bytes(bytes))
    } else if let Ok(bytes) = bytes.try_into() {
        i64::from(u8::from_le_bytes(bytes))
    } else {
        return Value::Null;
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn conversion(code: u16) -> &'static Conversion {
        match plan_of(code).unwrap() {
            Plan::Convert(conversion) => conversion,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_return_takes_what_only_the_beginning_of_the_call_said() {
        let read = conversion(EventKind::READ.0);
        assert_eq!((read.kind, read.enter, read.is_today), (EventKind::READ, Some(EventKind::READ.0 - 1), true));
        let of = |name| read.params[EventKind::READ.info().unwrap().param(name).unwrap()];
        assert_eq!((of("res").own, of("res").enter), (Some(0), None));
        assert_eq!((of("fd").own, of("fd").enter), (Some(2), Some(0)));
    }

    #[test]
    fn an_event_of_an_old_version_becomes_one_of_today_by_the_names_of_its_parameters() {
        // The first execve, of 2013: without capabilities, groups and the rest.
        let execve = conversion(13);
        assert_eq!((execve.kind, execve.is_today), (EventKind::EXECVE, false));
        let info = EventKind::EXECVE.info().unwrap();
        let of = |name| execve.params[info.param(name).unwrap()];
        assert_eq!((of("exe").own, of("fdlimit").own, of("cap_effective").own), (Some(1), Some(7), None));
    }

    #[test]
    fn beginnings_of_calls_are_kept_and_only_those_that_falco_keeps_count() {
        let counts = |code: u16| match plan_of(code).unwrap() {
            Plan::Keep { counts } => *counts,
            other => panic!("{other:?}"),
        };
        let begins = |kind: EventKind| counts(kind.0 - 1);
        for kind in [EventKind::OPEN, EventKind::CREAT, EventKind::OPENAT, EventKind::OPENAT2, EventKind::CONNECT] {
            assert!(begins(kind), "{}", kind.name());
        }
        assert!(begins(EventKind::EXECVE) && begins(EventKind::EXECVEAT));
        assert!(!begins(EventKind::READ) && !begins(EventKind::CLOSE) && !counts(12));
    }

    #[test]
    fn every_code_has_a_plan_and_none_asks_for_what_is_not_there() {
        for code in 0..CODE_LIMIT {
            let Plan::Convert(conversion) = plan_of(code).unwrap() else { continue };
            let own = code_info(code).unwrap().params.len();
            let enter = conversion.enter.and_then(code_info).map_or(0, |enter| enter.params.len());
            assert_eq!(conversion.params.len(), conversion.kind.info().unwrap().params.len());
            for origin in &conversion.params {
                assert!(origin.own.is_none_or(|at| usize::from(at) < own), "{code}");
                assert!(origin.enter.is_none_or(|at| usize::from(at) < enter), "{code}");
            }
        }
        assert!(plan_of(CODE_LIMIT).is_none());
    }

    #[test]
    fn values_are_read_by_their_length_and_text_ends_before_its_nul() {
        let is = |ty, bytes: &[u8], expected| assert_eq!(Form::of(ty).value(bytes), expected, "{ty:?}");
        is(ParamType::Fd, &(-2i64).to_le_bytes(), Value::Int(-2));
        is(ParamType::Int32, &(-2i32).to_le_bytes(), Value::Int(-2));
        is(ParamType::Uid, &u32::MAX.to_le_bytes(), Value::Int(i64::from(u32::MAX)));
        is(ParamType::Uint64, &[1, 2, 3], Value::Null);
        is(ParamType::FsPath, b"/etc\0rest", Value::Bytes(b"/etc"));
        is(ParamType::FsPath, b"", Value::Null);
        is(ParamType::ByteBuf, b"", Value::Bytes(b""));
        is(ParamType::SockTuple, b"", Value::Null);
    }
}
