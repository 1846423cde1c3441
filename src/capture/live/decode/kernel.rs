//! What reaches into the kernel itself: modules, BPF, keys, io_uring, quotas, file system configuration.

use super::Translation;
use super::call::Call;
use super::flags::{Bits, word_of, words};
use super::params::Params;
use super::process::dyn_u64;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::BPF => |call, out| {
            out.int(call.ret());
            out.u32(call.arg_u32(0));
        },
        EventKind::INIT_MODULE => |call, out| {
            out.int(call.ret());
            out.data(call.data(0));
            out.u64(call.arg(1));
            out.text(call.text(2));
        },
        EventKind::FINIT_MODULE => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.text(call.text(1));
            // MODULE_INIT_IGNORE_MODVERSIONS, _IGNORE_VERMAGIC, _COMPRESSED_FILE
            out.u32(call.arg_u32(2) & 7);
        },
        EventKind::DELETE_MODULE => |call, out| {
            out.int(call.ret());
            out.text(call.text(0));
            // O_TRUNC, O_NONBLOCK
            out.u32(words(call.arg(1), &[(0o1000, 1), (0o4000, 2)]));
        },
        EventKind::KEYCTL => keyctl,
        EventKind::FSCONFIG => fsconfig,
        EventKind::QUOTACTL => quotactl,
        EventKind::IO_URING_SETUP => |call, out| {
            // struct io_uring_params: sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features
            let member = |index: usize| call.u32_at(1, index * 4).unwrap_or(0);
            out.int(call.ret());
            out.u32(call.arg_u32(0));
            out.u32(member(0));
            out.u32(member(1));
            out.u32(words(u64::from(member(2)), IO_URING_SETUP_FLAGS));
            out.u32(member(3));
            out.u32(member(4));
            out.u32(member(5) & 0x7ff);
        },
        EventKind::IO_URING_ENTER => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(call.arg_u32(1));
            out.u32(call.arg_u32(2));
            // IORING_ENTER_GETEVENTS, _SQ_WAKEUP, _SQ_WAIT, _EXT_ARG; the last one's argument is no signal set
            let flags = call.arg_u32(3);
            out.u32(flags & 0xf);
            let signals = if flags & 0x8 == 0 { call.u32_at(4, 0) } else { None };
            out.u32(signals.unwrap_or(0));
        },
        EventKind::IO_URING_REGISTER => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(call.arg_u32(1) & 0xffff);
            out.u64(call.arg(2));
            out.u32(call.arg_u32(3));
        },
        _ => return None,
    };
    Some(translate)
}

const IO_URING_SETUP_FLAGS: &Bits = &[
    (0x1, 0x1),   // IORING_SETUP_IOPOLL
    (0x2, 0x2),   // IORING_SETUP_SQPOLL
    (0x4, 0x8),   // IORING_SETUP_SQ_AFF
    (0x8, 0x10),  // IORING_SETUP_CQSIZE
    (0x10, 0x20), // IORING_SETUP_CLAMP
    (0x20, 0x40), // IORING_SETUP_ATTACH_WQ
    (0x40, 0x80), // IORING_SETUP_R_DISABLED
];

/// Index of the type in keyctl's values: a 64-bit number, a string.
const KEYCTL_NUMBER: u8 = 0;
const KEYCTL_STRING: u8 = 1;

fn keyctl<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let operation = call.arg_u32(0);
    // Native arguments that are strings: KEYCTL_JOIN_SESSION_KEYRING, _SEARCH, _RESTRICT_KEYRING
    let strings: &[usize] = match operation {
        1 => &[1],
        10 | 29 => &[2, 3],
        _ => &[],
    };
    out.int(call.ret());
    out.u32(operation);
    for arg in 1..5 {
        out.made(|made| {
            if strings.contains(&arg) {
                made.push(KEYCTL_STRING);
                if let Some(text) = call.text(arg) {
                    made.extend_from_slice(text);
                    made.push(0);
                }
            } else {
                dyn_u64(KEYCTL_NUMBER, call.arg(arg), made);
            }
        });
    }
}

fn fsconfig<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let command = call.arg_u32(1);
    out.int(call.ret());
    out.int(call.int(0));
    out.u32(command);
    out.text(call.text(2));
    // FSCONFIG_SET_BINARY; FSCONFIG_SET_STRING, _PATH, _PATH_EMPTY. A failed call's value is left out.
    let (is_binary, is_text) = (command == 2, matches!(command, 1 | 3 | 4));
    out.data(if is_binary && !call.failed() { call.data(3) } else { None });
    out.text(if is_text && !call.failed() { call.text(3) } else { None });
    out.int(call.int(4));
}

const Q_QUOTAON: u32 = 0x1;
const Q_GETFMT: u32 = 0x4;
const Q_GETINFO: u32 = 0x8;
const Q_SETINFO: u32 = 0x10;
const Q_GETQUOTA: u32 = 0x20;
const Q_SETQUOTA: u32 = 0x40;
const Q_XGETQUOTA: u32 = 0x400;
const Q_XSETQLIM: u32 = 0x800;

/// `QFMT_NOT_USED`.
const NO_QUOTA_FORMAT: u32 = 1;

fn quotactl<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let native = call.arg_u32(0);
    let command = word_of(u64::from(native >> 8), QUOTA_COMMANDS).unwrap_or(0);
    let long = |index: usize| call.u64_at(3, index * 8).unwrap_or(0);
    out.int(call.ret());
    out.text(call.text(1));
    // Q_QUOTAON takes a path where others take a struct.
    out.data(if command == Q_QUOTAON { call.text(3) } else { None });
    // struct if_dqblk: bhardlimit, bsoftlimit, curspace, ihardlimit, isoftlimit, curinodes, btime, itime, valid. What
    // the last one does not name says nothing.
    let has_limits = matches!(command, Q_GETQUOTA | Q_SETQUOTA);
    let valid = if has_limits { call.u32_at(3, 64).unwrap_or(0) } else { 0 };
    for (index, named) in [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (6, 16), (7, 32)] {
        out.u64(if valid & named != 0 { long(index) } else { 0 });
    }
    // struct if_dqinfo: bgrace, igrace, flags, valid
    let has_info = matches!(command, Q_GETINFO | Q_SETINFO);
    let valid = if has_info { call.u32_at(3, 20).unwrap_or(0) } else { 0 };
    for (index, named) in [(0, 1), (1, 2)] {
        out.u64(if valid & named != 0 { long(index) } else { 0 });
    }
    // The kernel's bits, as Falco has them, although its table of words is of other ones; the parameter has 8.
    out.u32(if valid & 4 != 0 { call.u32_at(3, 16).unwrap_or(0) & 0xff } else { 0 });
    let told_format = if command == Q_GETFMT { call.u32_at(3, 0) } else { None };
    out.u32(told_format.map_or(NO_QUOTA_FORMAT, quota_format));
    out.u32(command);
    out.u32(match native & 0xff {
        0 => 1, // USRQUOTA
        1 => 2, // GRPQUOTA
        _ => 0,
    });
    let takes_id = matches!(command, Q_GETQUOTA | Q_SETQUOTA | Q_XGETQUOTA | Q_XSETQLIM);
    out.u32(if takes_id { call.arg_u32(2) } else { 0 });
    out.u32(if command == Q_QUOTAON { quota_format(call.arg_u32(2)) } else { NO_QUOTA_FORMAT });
}

fn quota_format(format: u32) -> u32 {
    match format {
        1 => 2, // QFMT_VFS_OLD
        2 => 4, // QFMT_VFS_V0
        4 => 8, // QFMT_VFS_V1
        _ => NO_QUOTA_FORMAT,
    }
}

const QUOTA_COMMANDS: &Bits = &[
    (0x80_0001, 0x80), // Q_SYNC
    (0x80_0002, Q_QUOTAON),
    (0x80_0003, 0x2), // Q_QUOTAOFF
    (0x80_0004, Q_GETFMT),
    (0x80_0005, Q_GETINFO),
    (0x80_0006, Q_SETINFO),
    (0x80_0007, Q_GETQUOTA),
    (0x80_0008, Q_SETQUOTA),
    (0x5801, 0x100), // Q_XQUOTAON
    (0x5802, 0x200), // Q_XQUOTAOFF
    (0x5803, Q_XGETQUOTA),
    (0x5804, Q_XSETQLIM),
    (0x5805, 0x1000), // Q_XGETQSTAT
    (0x5806, 0x2000), // Q_XQUOTARM
    (0x5807, 0x4000), // Q_XQUOTASYNC
];
