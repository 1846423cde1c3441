//! Processes and threads: clone family, execve family, exit, and what a process asks of itself.

use super::super::wire::{Blob, Task, blob_id};
use super::call::{Call, until_nul};
use super::flags::{CLONE_CHILD_IN_PIDNS, CLONE_NEWPID, clone_flags, rlimit_resource, word_of};
use super::params::Params;
use super::{Translation, flags};
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::CLONE | EventKind::CLONE3 | EventKind::FORK | EventKind::VFORK => clone,
        EventKind::EXECVE | EventKind::EXECVEAT => exec,
        EventKind::SETSID => |call, out| out.int(call.ret()),
        EventKind::SETPGID => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
        },
        EventKind::PRCTL => prctl,
        EventKind::PTRACE => ptrace,
        EventKind::SETNS => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(clone_flags(u64::from(call.arg_u32(1))));
        },
        EventKind::UNSHARE => |call, out| {
            out.int(call.ret());
            out.u32(clone_flags(u64::from(call.arg_u32(0))));
        },
        EventKind::CHROOT => |call, out| {
            out.int(call.ret());
            out.text(call.text(0));
        },
        EventKind::SECCOMP => |call, out| {
            out.int(call.ret());
            out.u64(call.arg(0));
            out.u64(call.arg(1));
        },
        EventKind::CAPSET => capset,
        EventKind::GETRLIMIT => |call, out| {
            out.int(call.ret());
            limit_told(call, 1, out);
            out.u32(rlimit_resource(call.arg_u32(0)));
        },
        EventKind::SETRLIMIT => |call, out| {
            out.int(call.ret());
            limit_given(call, 1, out);
            out.u32(rlimit_resource(call.arg_u32(0)));
        },
        EventKind::PRLIMIT => |call, out| {
            out.int(call.ret());
            limit_given(call, 2, out);
            limit_told(call, 3, out);
            out.int(call.int(0));
            out.u32(rlimit_resource(call.arg_u32(1)));
        },
        EventKind::PIDFD_OPEN => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(u32::from(flags::asks_nonblocking(call.arg(1))));
        },
        EventKind::PIDFD_GETFD => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
            out.u32(call.arg_u32(2));
        },
        EventKind::NANOSLEEP => |call, out| {
            out.int(call.ret());
            out.opt_u64(call.timespec_ns(0));
        },
        _ => return None,
    };
    Some(translate)
}

/// A thread's end: the record's result is its exit code word.
pub(super) fn procexit<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let status = call.ret();
    out.int(status);
    out.int(status >> 8 & 0xff);
    out.int(status & 0x7f);
    out.int(status >> 7 & 1);
    out.int(call.int(0));
}

/// Facts that clone and execve have in common, as parameters 1 to 14: `exe` to `cgroups`.
fn process_facts<'r>(call: &Call<'r>, task: Option<&Task>, out: &mut Params<'r, '_>) {
    let header = call.record.header();
    exe_and_args(call.blob(blob_id::ARGV), out);
    out.u32(task.map_or(header.tid, |task| task.tid));
    out.u32(task.map_or(header.pid, |task| task.pid));
    out.opt_u64(task.map(|task| u64::from(task.ppid)));
    path(call.blob(blob_id::CWD), out);
    out.opt_u64(task.map(|task| task.fdlimit));
    out.opt_u64(task.map(|task| task.pf_major));
    out.opt_u64(task.map(|task| task.pf_minor));
    for size in [|task: &Task| task.vm_size_kb, |task: &Task| task.vm_rss_kb, |task: &Task| task.vm_swap_kb] {
        // The parameters have 32 bits; 4 TiB and more end there.
        out.opt_u64(task.map(|task| size(task).min(u64::from(u32::MAX))));
    }
    match task {
        Some(task) => out.made(|made| made.extend_from_slice(until_nul(&task.comm))),
        None => out.null(),
    }
    strings(call.blob(blob_id::CGROUPS), out);
}

/// `clone`, `clone3`, `fork`, `vfork`, in the parent (result: the child's id as the parent sees it) and in the child
/// (result 0).
fn clone<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let task = call.record.task();
    out.int(call.ret());
    process_facts(call, task.as_ref(), out);
    out.u32(clone_event_flags(call, task.as_ref()));
    out.opt_u64(task.map(|task| u64::from(task.uid)));
    out.opt_u64(task.map(|task| u64::from(task.gid)));
    out.opt_u64(task.map(|task| u64::from(task.vtid)));
    out.opt_u64(task.map(|task| u64::from(task.vpid)));
    // Falco tells it of the child only, and adds the time of the boot where it shows it.
    let start = task.filter(|task| call.ret() == 0 && task.pidns_init_start_ns != 0);
    out.u64(start.map_or(0, |task| call.clock.wall_ns(task.pidns_init_start_ns)));
}

/// The flags the program gave, and whether the child lives in a pid namespace of its own.
fn clone_event_flags(call: &Call<'_>, task: Option<&Task>) -> u32 {
    let asked = match call.kind {
        EventKind::CLONE => call.arg(0),
        EventKind::CLONE3 => call.u64_at(0, 0).unwrap_or(0),
        _ => 0,
    };
    // A thread whose ids differ is in a namespace below the first, and so are its children. A child whose ids differ
    // although its parent's do not was put there, by an earlier unshare or setns unless this very call asked for it.
    let nested = task.is_some_and(|task| task.vtid != task.tid);
    let moved = call.record.child().is_some_and(|child| child.vtid != child.tid) && asked & CLONE_NEWPID == 0;
    clone_flags(asked) | if nested || moved { CLONE_CHILD_IN_PIDNS } else { 0 }
}

/// `execve` and `execveat`: the new image if it worked, the old one with the arguments asked for if not.
fn exec<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let task = call.record.task();
    out.int(call.ret());
    process_facts(call, task.as_ref(), out);
    strings(call.blob(blob_id::ENVP), out);
    let Some(task) = task else {
        out.nulls(11);
        exepath(call, None, out);
        out.nulls(2);
        filename(call, out);
        return;
    };
    out.u32(task.tty);
    out.u32(task.vpgid);
    out.u32(task.loginuid);
    out.u32(task.exe_flags);
    out.u64(task.cap_inheritable);
    out.u64(task.cap_permitted);
    out.u64(task.cap_effective);
    out.u64(task.exe_ino);
    out.u64(task.exe_ino_ctime_ns);
    out.u64(task.exe_ino_mtime_ns);
    out.u32(task.uid);
    exepath(call, Some(&task), out);
    out.u32(task.pgid);
    out.u32(task.gid);
    filename(call, out);
}

/// The path of the executable. One that lies in memory only has a name (`memfd:NAME`) and no folder.
fn exepath(call: &Call<'_>, task: Option<&Task>, out: &mut Params<'_, '_>) {
    match call.blob(blob_id::EXEPATH) {
        Some(blob) if task.is_some_and(|task| task.exe_flags & EXE_FROM_MEMFD != 0) => {
            out.made(|made| made.extend_from_slice(until_nul(blob.bytes)));
        }
        blob => path(blob, out),
    }
}

/// Bit of `execve_flags`.
const EXE_FROM_MEMFD: u32 = 4;

/// The path given to execve; execveat has no such parameter.
fn filename<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    if call.kind == EventKind::EXECVE {
        let blob = call.blob(blob_id::FILENAME).map(|blob| until_nul(blob.bytes));
        out.text(blob.or_else(|| call.text(0)));
    }
}

/// The first argument, and the others with their NULs.
fn exe_and_args<'r>(argv: Option<Blob<'r>>, out: &mut Params<'r, '_>) {
    let Some(argv) = argv.filter(|argv| !(argv.fault && argv.bytes.is_empty())) else {
        out.nulls(2);
        return;
    };
    let exe = until_nul(argv.bytes);
    out.text(Some(exe));
    ended(argv.bytes.get(exe.len() + 1..).unwrap_or_default(), out);
}

/// Strings that each end in NUL.
fn strings<'r>(blob: Option<Blob<'r>>, out: &mut Params<'r, '_>) {
    match blob.filter(|blob| !(blob.fault && blob.bytes.is_empty())) {
        Some(blob) => ended(blob.bytes, out),
        None => out.null(),
    }
}

/// Strings, the last one of which gets a NUL if truncation took it.
fn ended<'r>(strings: &'r [u8], out: &mut Params<'r, '_>) {
    match strings.last() {
        None | Some(0) => out.text(Some(strings)),
        Some(_) => out.made(|made| {
            made.extend_from_slice(strings);
            made.push(0);
        }),
    }
}

/// An absolute path out of components that run from the leaf up to the root.
pub(super) fn path(blob: Option<Blob<'_>>, out: &mut Params<'_, '_>) {
    let Some(blob) = blob.filter(|blob| !(blob.fault && blob.bytes.is_empty())) else {
        out.null();
        return;
    };
    out.made(|made| {
        let start = made.len();
        let components = blob.bytes.split(|&byte| byte == 0).rev();
        for component in components.filter(|component| !component.is_empty() && *component != b"/") {
            made.push(b'/');
            made.extend_from_slice(component);
        }
        if made.len() == start {
            made.push(b'/');
        }
    });
}

const PR_SET_NAME: u32 = 15;
const PR_GET_NAME: u32 = 16;
const PR_GET_CHILD_SUBREAPER: u32 = 37;

fn prctl<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let option = call.arg_u32(0);
    out.int(call.ret());
    out.u32(option);
    match option {
        PR_SET_NAME | PR_GET_NAME => {
            out.text(call.text(1));
            out.int(0);
        }
        PR_GET_CHILD_SUBREAPER => {
            // The argument is fetched as a string for the options above; of this one's int (0 or 1) that is the bytes
            // up to the first zero one.
            let bytes = call.text(1).unwrap_or_default();
            let number = bytes.iter().take(4).rev().fold(0, |number, &byte| number << 8 | i64::from(byte));
            out.null();
            out.int(number);
        }
        _ => {
            out.null();
            out.u64(call.arg(1));
        }
    }
}

/// Index of the type in `ptrace`'s values: a 64-bit number, a signal.
const PTRACE_NUMBER: u8 = 0;
const PTRACE_SIGNAL: u8 = 1;

fn ptrace<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    let request = call.arg(0);
    // A failed request's values are zero.
    let addr = if call.failed() { 0 } else { call.arg(2) };
    out.int(call.ret());
    out.made(|made| dyn_u64(PTRACE_NUMBER, addr, made));
    out.made(|made| match request {
        _ if call.failed() => dyn_u64(PTRACE_NUMBER, 0, made),
        // PTRACE_PEEKTEXT, _PEEKDATA, _PEEKUSR: the word that was read
        1..=3 => dyn_u64(PTRACE_NUMBER, call.u64_at(3, 0).unwrap_or(0), made),
        // PTRACE_CONT, _SINGLESTEP, _DETACH, _SYSCALL: the signal that is delivered
        7 | 9 | 17 | 24 => made.extend_from_slice(&[PTRACE_SIGNAL, (call.arg(3) & 0xff) as u8]),
        _ => dyn_u64(PTRACE_NUMBER, call.arg(3), made),
    });
    out.u32(word_of(request, PTRACE_REQUESTS).unwrap_or(0));
    out.int(call.int(1));
}

/// A value that carries its type: index, then 8 bytes.
pub(super) fn dyn_u64(index: u8, value: u64, made: &mut Vec<u8>) {
    made.push(index);
    made.extend_from_slice(&value.to_le_bytes());
}

const PTRACE_REQUESTS: &flags::Bits = &[
    (0, 1),
    (1, 2),
    (2, 3),
    (3, 4),
    (4, 5),
    (5, 6),
    (6, 7),
    (7, 8),
    (8, 9),
    (9, 10),
    (16, 11),
    (17, 12),
    (24, 13),
    (0x4200, 14),
    (0x4201, 15),
    (0x4202, 16),
    (0x4203, 17),
    (0x4204, 18),
    (0x4205, 19),
    (0x4206, 20),
    (0x4207, 21),
    (0x4208, 22),
    (0x4209, 23),
    (0x420a, 24),
    (0x420b, 25),
    (12, 26),
    (13, 27),
    (14, 28),
    (15, 29),
    (18, 30),
    (19, 31),
    (21, 32),
    (25, 33),
    (26, 34),
    (30, 35),
    (31, 36),
    (32, 37),
    (33, 38),
];

/// The sets the thread has after the call, or those asked for where the kernel side sent none.
fn capset<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    out.int(call.ret());
    if let Some(task) = call.record.task() {
        out.u64(task.cap_inheritable);
        out.u64(task.cap_permitted);
        out.u64(task.cap_effective);
        return;
    }
    // Two structs of effective, permitted, inheritable: the lower halves, then the upper ones.
    for offset in [8, 4, 0] {
        let halves = call.u32_at(1, offset).zip(call.u32_at(1, offset + 12)).filter(|_| !call.failed());
        out.opt_u64(halves.map(|(low, high)| u64::from(low) | u64::from(high) << 32));
    }
}

/// Both numbers of the `struct rlimit` that an argument points to; 0 if there is none.
fn limit_given(call: &Call<'_>, arg: usize, out: &mut Params<'_, '_>) {
    for offset in [0, 8] {
        out.u64(call.u64_at(arg, offset).unwrap_or(0));
    }
}

/// The same for a struct that the call fills: -1 if it failed.
fn limit_told(call: &Call<'_>, arg: usize, out: &mut Params<'_, '_>) {
    if call.failed() {
        out.int(-1);
        out.int(-1);
    } else {
        limit_given(call, arg, out);
    }
}
