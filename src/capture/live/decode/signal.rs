//! Signals.

use super::Translation;
use super::flags::descriptor_flags;
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::KILL | EventKind::TKILL => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(call.arg_u32(1) & 0xff);
        },
        EventKind::TGKILL => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(call.int(1));
            out.u32(call.arg_u32(2) & 0xff);
        },
        // Falco's probe gives no mask (0).
        EventKind::SIGNALFD => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.int(0);
            out.int(0);
        },
        EventKind::SIGNALFD4 => |call, out| {
            out.int(call.ret());
            out.u32(descriptor_flags(call.arch, call.arg(3)));
            out.int(call.int(0));
            out.int(0);
        },
        _ => return None,
    };
    Some(translate)
}
