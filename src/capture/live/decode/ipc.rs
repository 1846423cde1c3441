//! Waiting for descriptors, and System V semaphores.

use super::Translation;
use super::call::Call;
use super::flags::{Bits, word_of, words};
use super::params::Params;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::POLL => |call, out| {
            out.int(call.ret());
            descriptor_list(call, out);
            // An int, shown as if it were unsigned, as Falco has it.
            out.u32(call.arg_u32(2));
        },
        EventKind::PPOLL => |call, out| {
            out.int(call.ret());
            descriptor_list(call, out);
            out.u64(call.timespec_ns(2).unwrap_or(0));
            out.u32(call.u32_at(3, 0).unwrap_or(0));
        },
        EventKind::SELECT => |call, out| out.int(call.ret()),
        EventKind::EPOLL_WAIT => |call, out| {
            out.int(call.ret());
            out.int(call.int(2));
        },
        EventKind::FUTEX => |call, out| {
            out.int(call.ret());
            out.u64(call.arg(0));
            // Operation, FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
            out.u32(call.arg_u32(1) & 0x1ff);
            out.u64(call.arg(2));
        },
        EventKind::SEMOP => |call, out| {
            out.int(call.ret());
            out.u32(call.arg_u32(2));
            for operation in 0..2 {
                semaphore_operation(call, operation, out);
            }
            out.int(call.int(0));
        },
        EventKind::SEMGET => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
            // IPC_CREAT, IPC_EXCL
            out.u32(words(call.arg(2), &[(0o1000, 0x2000), (0o2000, 0x4000)]));
        },
        EventKind::SEMCTL => |call, out| {
            let command = word_of(u64::from(call.arg_u32(2) & !IPC_64), SEMCTL_COMMANDS).unwrap_or(0);
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
            out.u32(command);
            out.int(if command == SETVAL { call.int(3) } else { 0 });
        },
        _ => return None,
    };
    Some(translate)
}

/// Bytes of a `struct pollfd`.
const POLLFD_LEN: usize = 8;

/// Descriptors and what was seen on each.
fn descriptor_list(call: &Call<'_>, out: &mut Params<'_, '_>) {
    // A list that could not be read has no entries, as in Falco.
    let entries = call.bytes(0).unwrap_or_default();
    out.made(|made| {
        let count = entries.len() / POLLFD_LEN;
        made.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
        for entry in entries.chunks_exact(POLLFD_LEN).take(usize::from(u16::MAX)) {
            let &[a, b, c, d, _, _, seen_low, seen_high] = entry else { continue };
            let fd = i64::from(i32::from_ne_bytes([a, b, c, d]));
            let seen = u16::from_ne_bytes([seen_low, seen_high]);
            made.extend_from_slice(&fd.to_le_bytes());
            made.extend_from_slice(&(words(u64::from(seen), POLL_EVENTS) as u16).to_le_bytes());
        }
    });
}

const POLL_EVENTS: &Bits = &[
    (0x1, 0x1),     // POLLIN
    (0x2, 0x2),     // POLLPRI
    (0x4, 0x4),     // POLLOUT
    (0x2000, 0x8),  // POLLRDHUP
    (0x8, 0x10),    // POLLERR
    (0x10, 0x20),   // POLLHUP
    (0x20, 0x40),   // POLLNVAL
    (0x40, 0x80),   // POLLRDNORM
    (0x80, 0x100),  // POLLRDBAND
    (0x100, 0x200), // POLLWRNORM
    (0x200, 0x400), // POLLWRBAND
];

/// Number, operation and flags of the `operation`th `struct sembuf`; zeros if there is none, or the call failed.
fn semaphore_operation(call: &Call<'_>, operation: usize, out: &mut Params<'_, '_>) {
    let was_done = call.ret() == 0 && operation < call.arg(2) as usize;
    let buffer = if was_done { call.bytes(1) } else { None };
    let field = |at: usize| buffer?.get(operation * 6 + at..)?.first_chunk().map(|bytes| u16::from_ne_bytes(*bytes));
    out.u32(u32::from(field(0).unwrap_or(0)));
    out.int(i64::from(field(2).unwrap_or(0).cast_signed()));
    // IPC_NOWAIT, SEM_UNDO
    out.u32(words(u64::from(field(4).unwrap_or(0)), &[(0o4000, 1), (0x1000, 2)]));
}

/// Or-ed to semctl's command by old programs.
const IPC_64: u32 = 0x100;

const SETVAL: u32 = 0x1000;

const SEMCTL_COMMANDS: &Bits = &[
    (0, 0x4),    // IPC_RMID
    (1, 0x2),    // IPC_SET
    (2, 0x1),    // IPC_STAT
    (3, 0x8),    // IPC_INFO
    (11, 0x100), // GETPID
    (12, 0x200), // GETVAL
    (13, 0x40),  // GETALL
    (14, 0x80),  // GETNCNT
    (15, 0x400), // GETZCNT
    (16, SETVAL),
    (17, 0x800), // SETALL
    (18, 0x20),  // SEM_STAT
    (19, 0x10),  // SEM_INFO
];
