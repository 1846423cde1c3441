//! Memory of the process.

use super::Translation;
use super::call::Call;
use super::flags::{Bits, words};
use super::params::Params;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::BRK => |call, out| {
            out.int(call.ret());
            sizes(call, out);
            out.u64(call.arg(0));
        },
        EventKind::MMAP => |call, out| {
            out.int(call.ret());
            sizes(call, out);
            out.u64(call.arg(0));
            out.u64(call.arg(1));
            out.u32(protection(call.arg(2)));
            out.u32(words(call.arg(3), MAP_FLAGS));
            out.int(call.int(4));
            out.u64(call.arg(5));
        },
        EventKind::MUNMAP => |call, out| {
            out.int(call.ret());
            sizes(call, out);
            out.u64(call.arg(0));
            out.u64(call.arg(1));
        },
        EventKind::MPROTECT => |call, out| {
            out.int(call.ret());
            out.u64(call.arg(0));
            out.u64(call.arg(1));
            out.u32(protection(call.arg(2)));
        },
        EventKind::MLOCK | EventKind::MUNLOCK => |call, out| {
            out.int(call.ret());
            out.u64(call.arg(0));
            out.u64(call.arg(1));
        },
        EventKind::MLOCK2 => |call, out| {
            out.int(call.ret());
            out.u64(call.arg(0));
            out.u64(call.arg(1));
            out.u32(call.arg_u32(2) & 1);
        },
        EventKind::MLOCKALL => |call, out| {
            out.int(call.ret());
            out.u32(call.arg_u32(0) & 7);
        },
        EventKind::MUNLOCKALL => |call, out| out.int(call.ret()),
        EventKind::MEMFD_CREATE => |call, out| {
            out.int(call.ret());
            out.text(call.text(0));
            out.u32(call.arg_u32(1) & 7);
        },
        EventKind::PROCESS_VM_READV | EventKind::PROCESS_VM_WRITEV => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.data(call.vector(1).map(|vector| vector.data));
        },
        _ => return None,
    };
    Some(translate)
}

/// Size of the process after the call.
fn sizes(call: &Call<'_>, out: &mut Params<'_, '_>) {
    match call.record.vm() {
        Some(vm) => [vm.size_kb, vm.rss_kb, vm.swap_kb].into_iter().for_each(|size| out.u32(size)),
        None => out.nulls(3),
    }
}

fn protection(prot: u64) -> u32 {
    // PROT_READ, _WRITE, _EXEC, _SEM, _GROWSDOWN, _GROWSUP
    words(prot, &[(1, 1), (2, 2), (4, 4), (8, 8), (0x0100_0000, 16), (0x0200_0000, 32)])
}

const MAP_FLAGS: &Bits = &[
    (0x1, 0x1),        // MAP_SHARED
    (0x2, 0x2),        // MAP_PRIVATE
    (0x10, 0x4),       // MAP_FIXED
    (0x20, 0x8),       // MAP_ANONYMOUS
    (0x40, 0x10),      // MAP_32BIT
    (0x4000, 0x40),    // MAP_NORESERVE
    (0x8000, 0x80),    // MAP_POPULATE
    (0x1_0000, 0x100), // MAP_NONBLOCK
    (0x100, 0x200),    // MAP_GROWSDOWN
    (0x800, 0x400),    // MAP_DENYWRITE
    (0x1000, 0x800),   // MAP_EXECUTABLE
    (0x2000, 0x4000),  // MAP_LOCKED
];
