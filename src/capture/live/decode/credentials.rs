//! User and group ids.

use super::Translation;
use super::call::Call;
use super::params::Params;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::SETUID | EventKind::SETGID => |call, out| ids(call, 1, out),
        EventKind::SETREUID | EventKind::SETREGID => |call, out| ids(call, 2, out),
        EventKind::SETRESUID | EventKind::SETRESGID => |call, out| ids(call, 3, out),
        // The result is the id; no such call fails.
        EventKind::GETUID | EventKind::GETEUID | EventKind::GETGID | EventKind::GETEGID => |call, out| {
            out.int(call.ret() & 0xffff_ffff);
        },
        EventKind::GETRESUID | EventKind::GETRESGID => |call, out| {
            out.int(call.ret());
            for arg in 0..3 {
                out.opt_u64(call.u32_at(arg, 0).filter(|_| !call.failed()).map(u64::from));
            }
        },
        _ => return None,
    };
    Some(translate)
}

/// The result and the first `count` arguments, ids each.
fn ids(call: &Call<'_>, count: usize, out: &mut Params<'_, '_>) {
    out.int(call.ret());
    for arg in 0..count {
        out.u32(call.arg_u32(arg));
    }
}
