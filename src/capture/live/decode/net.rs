//! Sockets.

use super::Translation;
use super::address::{Address, Direction, write_tuple};
use super::call::{Call, Message};
use super::flags::{Bits, socket_flags, word_of};
use super::params::Params;
use super::process::dyn_u64;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    connections(kind).or_else(|| messages(kind))
}

fn connections(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::SOCKET => |call, out| {
            out.int(call.ret());
            out.u32(family(call.arg_u32(0)));
            out.u32(call.arg_u32(1));
            out.u32(call.arg_u32(2));
            out.u32(socket_flags(call.arg(1)));
        },
        EventKind::BIND => |call, out| {
            out.int(call.ret());
            address(call.bytes(1), out);
            out.int(call.int(0));
        },
        EventKind::CONNECT => |call, out| {
            out.int(call.ret());
            // A connection under way has its tuple already.
            let connects = !call.failed() || call.ret() == -EINPROGRESS;
            tuple(call, connects, Direction::Out, call.bytes(1), out);
            out.int(call.int(0));
            address(call.bytes(1), out);
        },
        EventKind::LISTEN => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
        },
        EventKind::ACCEPT => accept,
        EventKind::ACCEPT4 => |call, out| {
            accept(call, out);
            out.u32(socket_flags(call.arg(3)));
        },
        EventKind::SHUTDOWN => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            let how = call.arg_u32(1);
            out.u32(if how <= 2 { how } else { SHUT_UNKNOWN });
        },
        EventKind::GETSOCKNAME | EventKind::GETPEERNAME => |_, _| {},
        EventKind::SOCKETPAIR => |call, out| {
            let sock = call.record.sock().filter(|_| !call.failed());
            out.int(call.ret());
            call.descriptor_pair(3).into_iter().for_each(|fd| out.int(fd));
            out.u64(sock.map_or(0, |sock| sock.own));
            out.u64(sock.map_or(0, |sock| sock.peer));
            out.u32(family(call.arg_u32(0)));
            out.u32(call.arg_u32(1));
            out.u32(call.arg_u32(2));
        },
        EventKind::SETSOCKOPT => |call, out| {
            option(call, call.buffer(3), out);
            out.u32(call.arg_u32(4));
        },
        EventKind::GETSOCKOPT => |call, out| {
            // Of a call that failed: what the program passed.
            option(call, call.buffer(3), out);
            out.u32(call.u32_at(4, 0).unwrap_or(0));
        },
        _ => return None,
    };
    Some(translate)
}

fn messages(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::SENDTO => |call, out| {
            out.int(call.ret());
            out.data(call.data_taken(1));
            out.int(call.int(0));
            out.u32(call.arg_u32(2));
            tuple(call, !call.failed(), Direction::Out, call.bytes(4), out);
        },
        EventKind::RECVFROM => |call, out| {
            out.int(call.ret());
            out.data(received(call));
            tuple(call, !call.failed(), Direction::In, call.bytes(4), out);
            out.int(call.int(0));
            out.u32(call.arg_u32(2));
        },
        EventKind::SENDMSG => |call, out| {
            let message = call.message(1);
            out.int(call.ret());
            out.data(message.map(|message| call.taken(message.data)));
            out.int(call.int(0));
            out.opt_u64(message.map(|message| size(message.total)));
            let told = !call.failed() && message.is_some();
            tuple(call, told, Direction::Out, message.map(|message| message.name), out);
        },
        EventKind::RECVMSG => |call, out| {
            let message = call.message(1).filter(|_| !call.failed());
            out.int(call.ret());
            out.int(call.ret().max(0) & 0xffff_ffff);
            out.data(message.map(|message| message.data));
            tuple(call, !call.failed(), Direction::In, message.map(|message| message.name), out);
            out.data(message.map(|message| message.control));
            out.int(call.int(0));
        },
        // Both handle many messages, with an event for each: its length is the event's result.
        EventKind::SENDMMSG => |call, out| {
            let message = call.message_of_many();
            message_result(call, out);
            out.int(call.int(0));
            out.u64(message.map_or(0, |message| size(message.total)));
            out.data(message.map(|message| sent_of(&message)));
            tuple(call, message.is_some(), Direction::Out, message.map(|message| message.name), out);
        },
        EventKind::RECVMMSG => |call, out| {
            let message = call.message_of_many();
            message_result(call, out);
            out.int(call.int(0));
            out.u32(message.map_or(0, |message| message.sent));
            out.data(message.map(|message| message.data));
            tuple(call, message.is_some(), Direction::In, message.map(|message| message.name), out);
            out.data(message.map(|message| message.control));
        },
        _ => return None,
    };
    Some(translate)
}

const EINPROGRESS: i64 = 115;

/// An unknown `how` of shutdown.
const SHUT_UNKNOWN: u32 = 0xff;

/// Families the event table knows keep their number, others become 0.
fn family(family: u32) -> u32 {
    if matches!(family, 0..=26 | 29..=39) { family } else { 0 }
}

/// Sizes have 32 bits; a longer one ends there.
fn size(total: u64) -> u64 {
    total.min(u64::from(u32::MAX))
}

fn received<'r>(call: &Call<'r>) -> Option<&'r [u8]> {
    call.data(1).filter(|_| call.ret() > 0)
}

fn address(sockaddr: Option<&[u8]>, out: &mut Params<'_, '_>) {
    out.made(|made| {
        if let Some(address) = sockaddr.and_then(Address::parse) {
            address.write(made);
        }
    });
}

/// The tuple of the call's socket, if the call did something (`told`).
fn tuple(call: &Call<'_>, told: bool, direction: Direction, other: Option<&[u8]>, out: &mut Params<'_, '_>) {
    out.made(|made| {
        if told {
            write_tuple(call, direction, other.and_then(Address::parse), made);
        }
    });
}

/// Result of a call that handles several messages: the length of the one that the event tells of (unknown if its
/// header could not be read), or what went wrong.
fn message_result(call: &Call<'_>, out: &mut Params<'_, '_>) {
    if call.ret() > 0 {
        out.opt_u64(call.message_of_many().map(|message| u64::from(message.sent)));
    } else {
        out.int(call.ret());
    }
}

/// What went out of a message.
fn sent_of<'r>(message: &Message<'r>) -> &'r [u8] {
    match usize::try_from(message.sent) {
        Ok(sent @ 1..) => message.data.get(..sent).unwrap_or(message.data),
        Ok(0) | Err(_) => message.data,
    }
}

/// New descriptor, tuple, and how full the queue of the listening socket was.
fn accept<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    out.int(call.ret());
    tuple(call, !call.failed(), Direction::In, None, out);
    let sock = call.record.sock().filter(|_| !call.failed());
    let (len, max) = sock.map_or((0, 0), |sock| (sock.backlog_len, sock.backlog_max));
    let percent = (u64::from(len) * 100).checked_div(u64::from(max)).unwrap_or(0);
    out.u64(percent.min(255));
    out.u32(len);
    out.u32(max);
}

/// Index of the type in an option's value.
const OPTION_BYTES: u8 = 0;
const OPTION_ERRNO: u8 = 1;
const OPTION_U32: u8 = 2;
const OPTION_U64: u8 = 3;
const OPTION_TIME: u8 = 4;

/// Result, descriptor, level, option and its value.
fn option<'r>(call: &Call<'r>, value: Option<&'r [u8]>, out: &mut Params<'r, '_>) {
    let level = word_of(call.arg(1), SOCKOPT_LEVELS).unwrap_or(0);
    let name = if level == SOL_SOCKET { word_of(call.arg(2), SOCKOPT_OPTIONS).unwrap_or(0) } else { 0 };
    out.int(call.ret());
    out.int(call.int(0));
    out.u32(level);
    out.u32(name);
    let value = value.unwrap_or_default();
    out.made(|made| {
        if write_typed_option(name, value, made).is_none() {
            made.push(OPTION_BYTES);
            made.extend_from_slice(value.get(..call.snaplen).unwrap_or(value));
        }
    });
}

/// Appends the value of an option whose type is known; `None`, and nothing appended, if it is not or the value is too
/// short.
fn write_typed_option(name: u32, value: &[u8], made: &mut Vec<u8>) -> Option<()> {
    let word = |at: usize| value.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
    let long = |at: usize| value.get(at..)?.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
    match name {
        SO_ERROR => {
            let error = i64::from(word(0)?.cast_signed());
            dyn_u64(OPTION_ERRNO, error.wrapping_neg().cast_unsigned(), made);
        }
        SO_RCVTIMEO | SO_SNDTIMEO => {
            let (seconds, microseconds) = (long(0)?, long(8)?);
            let ns = seconds.wrapping_mul(1_000_000_000).wrapping_add(microseconds.wrapping_mul(1000));
            dyn_u64(OPTION_TIME, ns, made);
        }
        SO_COOKIE => dyn_u64(OPTION_U64, long(0)?, made),
        _ if OPTIONS_OF_U32.contains(&name) => {
            let value = word(0)?;
            made.push(OPTION_U32);
            made.extend_from_slice(&value.to_le_bytes());
        }
        _ => return None,
    }
    Some(())
}

const SOL_SOCKET: u32 = 1;

const SOCKOPT_LEVELS: &Bits = &[(1, SOL_SOCKET), (6, 2)];

const SO_ERROR: u32 = 4;
const SO_RCVTIMEO: u32 = 20;
const SO_SNDTIMEO: u32 = 21;
const SO_COOKIE: u32 = 53;

/// Options whose value is a 4-byte number.
const OPTIONS_OF_U32: &[u32] = &[
    1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18, 19, 29, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49,
];

/// The kernel's option numbers and the event table's: equal up to 50, and a few later ones.
#[rustfmt::skip]
const SOCKOPT_OPTIONS: &Bits = &[
    (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 9), (10, 10), (11, 11), (12, 12), (13, 13),
    (14, 14), (15, 15), (16, 16), (17, 17), (18, 18), (19, 19), (20, 20), (21, 21), (22, 22), (23, 23), (24, 24),
    (25, 25), (26, 26), (27, 27), (28, 28), (29, 29), (30, 30), (31, 31), (32, 32), (33, 33), (34, 34), (35, 35),
    (36, 36), (37, 37), (38, 38), (39, 39), (40, 40), (41, 41), (42, 42), (43, 43), (44, 44), (45, 45), (46, 46),
    (47, 47), (48, 48), (49, 49), (50, 50), (55, 52), (57, SO_COOKIE), (59, 51), (66, SO_RCVTIMEO), (67, SO_SNDTIMEO),
];
