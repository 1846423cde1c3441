//! Data through descriptors, and what else is done with them.

use super::Translation;
use super::call::Call;
use super::flags::{Bits, asks_close_on_exec, descriptor_flags, word_of};
use super::params::Params;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    data(kind).or_else(|| descriptors(kind))
}

fn data(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::READ => |call, out| {
            out.int(call.ret());
            out.data(call.data(1).filter(|_| call.ret() > 0));
            out.int(call.int(0));
            out.u32(call.arg_u32(2));
        },
        EventKind::WRITE => |call, out| {
            out.int(call.ret());
            out.data(call.data_taken(1));
            out.int(call.int(0));
            out.u32(call.arg_u32(2));
        },
        EventKind::PREAD => |call, out| {
            out.int(call.ret());
            out.data(call.data(1).filter(|_| call.ret() > 0));
            out.int(call.int(0));
            out.u32(call.arg_u32(2));
            out.u64(call.arg(3));
        },
        EventKind::PWRITE => |call, out| {
            out.int(call.ret());
            out.data(call.data_taken(1));
            out.int(call.int(0));
            out.u32(call.arg_u32(2));
            out.u64(call.arg(3));
        },
        EventKind::READV => read_vector,
        EventKind::PREADV => |call, out| {
            read_vector(call, out);
            out.u64(call.arg(3));
        },
        EventKind::WRITEV => write_vector,
        EventKind::PWRITEV => |call, out| {
            write_vector(call, out);
            out.u64(call.arg(3));
        },
        EventKind::LSEEK => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u64(call.arg(1));
            // SEEK_DATA and SEEK_HOLE have no word.
            let whence = call.arg_u32(2);
            out.u32(if whence <= 2 { whence } else { 0 });
        },
        EventKind::SENDFILE => |call, out| {
            out.int(call.ret());
            out.u64(call.u64_at(2, 0).filter(|_| !call.failed()).unwrap_or(0));
            out.int(call.int(0));
            out.int(call.int(1));
            out.u64(call.arg(3));
        },
        EventKind::SPLICE => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(2));
            out.u64(call.arg(4));
            // SPLICE_F_MOVE, _NONBLOCK, _MORE, _GIFT
            out.u32(call.arg_u32(5) & 0xf);
        },
        EventKind::COPY_FILE_RANGE => |call, out| {
            out.int(call.ret());
            out.int(call.int(2));
            out.u64(call.arg(3));
            out.int(call.int(0));
            out.u64(call.arg(1));
            out.u64(call.arg(4));
        },
        _ => return None,
    };
    Some(translate)
}

fn descriptors(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::CLOSE | EventKind::DUP => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
        },
        EventKind::DUP2 => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
        },
        EventKind::DUP3 => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
            out.u32(descriptor_flags(call.arch, call.arg(2)));
        },
        EventKind::CLOSE_RANGE => |call, out| {
            out.int(call.ret());
            out.u32(call.arg_u32(0));
            out.u32(call.arg_u32(1));
            // CLOSE_RANGE_UNSHARE, _CLOEXEC
            out.u32(call.arg_u32(2) & 6);
        },
        EventKind::PIPE => pipe,
        EventKind::PIPE2 => |call, out| {
            pipe(call, out);
            out.u32(descriptor_flags(call.arch, call.arg(1)));
        },
        EventKind::FCNTL => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(word_of(u64::from(call.arg_u32(1)), FCNTL_COMMANDS).unwrap_or(0));
            out.u64(call.arg(2));
        },
        EventKind::IOCTL => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u64(u64::from(call.arg_u32(1)));
            out.u64(call.arg(2));
        },
        // Falco's probe gives no flags (0) of the first forms of these calls, nor of timerfd_create.
        EventKind::EVENTFD => |call, out| {
            out.int(call.ret());
            out.u32(call.arg_u32(0));
            out.int(0);
        },
        EventKind::EVENTFD2 => |call, out| {
            out.int(call.ret());
            out.u32(descriptor_flags(call.arch, call.arg(1)));
            out.u32(call.arg_u32(0));
        },
        EventKind::TIMERFD_CREATE => |call, out| {
            out.int(call.ret());
            out.u32(call.arg_u32(0) & 0xff);
            out.int(0);
        },
        EventKind::INOTIFY_INIT => |call, out| {
            out.int(call.ret());
            out.int(0);
        },
        EventKind::INOTIFY_INIT1 => |call, out| {
            out.int(call.ret());
            out.u32(descriptor_flags(call.arch, call.arg(0)));
        },
        EventKind::EPOLL_CREATE => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
        },
        EventKind::EPOLL_CREATE1 => |call, out| {
            out.int(call.ret());
            out.u32(u32::from(asks_close_on_exec(call.arg(0))));
        },
        EventKind::USERFAULTFD => |call, out| {
            out.int(call.ret());
            out.u32(descriptor_flags(call.arch, call.arg(0)));
        },
        _ => return None,
    };
    Some(translate)
}

fn read_vector<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let vector = call.vector(1);
    out.int(call.ret());
    out.u64(vector.map_or(0, |vector| vector.total.min(u64::from(u32::MAX))));
    out.data(vector.map(|vector| vector.data).filter(|_| call.ret() > 0));
    out.int(call.int(0));
}

fn write_vector<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let vector = call.vector(1);
    out.int(call.ret());
    out.data(vector.map(|vector| call.taken(vector.data)));
    out.int(call.int(0));
    out.u64(vector.map_or(0, |vector| vector.total.min(u64::from(u32::MAX))));
}

/// Result, both descriptors, the pipe's inode.
fn pipe<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    out.int(call.ret());
    call.descriptor_pair(0).into_iter().for_each(|fd| out.int(fd));
    out.u64(call.record.file().filter(|_| !call.failed()).map_or(0, |file| file.ino));
}

const FCNTL_COMMANDS: &Bits = &[
    (0, 1),     // F_DUPFD
    (1, 2),     // F_GETFD
    (2, 3),     // F_SETFD
    (3, 4),     // F_GETFL
    (4, 5),     // F_SETFL
    (5, 6),     // F_GETLK
    (6, 8),     // F_SETLK
    (7, 9),     // F_SETLKW
    (8, 10),    // F_SETOWN
    (9, 12),    // F_GETOWN
    (10, 13),   // F_SETSIG
    (11, 15),   // F_GETSIG
    (12, 17),   // F_GETLK64
    (13, 18),   // F_SETLK64
    (14, 19),   // F_SETLKW64
    (15, 21),   // F_SETOWN_EX
    (16, 22),   // F_GETOWN_EX
    (36, 30),   // F_OFD_GETLK
    (37, 31),   // F_OFD_SETLK
    (38, 32),   // F_OFD_SETLKW
    (1024, 23), // F_SETLEASE
    (1025, 24), // F_GETLEASE
    (1026, 27), // F_NOTIFY
    (1029, 25), // F_CANCELLK
    (1030, 26), // F_DUPFD_CLOEXEC
    (1031, 28), // F_SETPIPE_SZ
    (1032, 29), // F_GETPIPE_SZ
];
