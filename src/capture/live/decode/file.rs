//! Files by name: opening, and what happens to paths, modes and owners.

use super::Translation;
use super::call::Call;
use super::flags::{
    FILE_CREATED, FILE_LOWER_LAYER, FILE_UPPER_LAYER, FMODE_CREATED, O_CREAT, O_TMPFILE_BIT, device, open_flags, words,
};
use super::params::Params;
use super::process::path;
use crate::capture::live::wire::{FileFacts, blob_id};
use crate::format::schema::EventKind;

pub(super) fn translation(kind: EventKind) -> Option<Translation> {
    opening(kind).or_else(|| one_path(kind)).or_else(|| two_paths(kind))
}

fn opening(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::OPEN => |call, out| {
            out.int(call.ret());
            out.text(call.text(0));
            out.u32(flags_of_opened(call, call.arg(1)));
            out.u32(mode_if_made(call.arg(1), call.arg(2)));
            place(call, out);
        },
        EventKind::CREAT => |call, out| {
            out.int(call.ret());
            out.text(call.text(0));
            out.u32(call.arg_u32(1) & MODE_BITS);
            place(call, out);
            out.u32(opened(call).map_or(0, |file| match file.layer {
                LAYER_UPPER => 1,
                LAYER_LOWER => 2,
                _ => 0,
            }));
        },
        EventKind::OPENAT => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.text(call.text(1));
            out.u32(flags_of_opened(call, call.arg(2)));
            out.u32(mode_if_made(call.arg(2), call.arg(3)));
            place(call, out);
        },
        EventKind::OPENAT2 => |call, out| {
            // struct open_how: flags, mode, resolve
            let flags = call.u64_at(2, 0).unwrap_or(0);
            out.int(call.ret());
            out.int(call.int(0));
            out.text(call.text(1));
            out.u32(flags_of_opened(call, flags));
            out.u32(mode_if_made(flags, call.u64_at(2, 8).unwrap_or(0)));
            out.u32(resolve_flags(call.u64_at(2, 16).unwrap_or(0)));
            place(call, out);
        },
        EventKind::OPEN_BY_HANDLE_AT => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(flags_of_opened(call, call.arg(2)));
            path(call.blob(blob_id::FILE_PATH).filter(|_| !call.failed()), out);
            place(call, out);
        },
        _ => return None,
    };
    Some(translate)
}

fn one_path(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::STAT | EventKind::LSTAT => |call, out| named(call, 0, out),
        EventKind::CHDIR | EventKind::RMDIR | EventKind::UNLINK => |call, out| named(call, 0, out),
        EventKind::ACCESS => |call, out| {
            named(call, 0, out);
            out.u32(call.arg_u32(1) & 7);
        },
        EventKind::MKDIR => |call, out| {
            named(call, 0, out);
            out.u32(call.arg_u32(1));
        },
        EventKind::CHMOD => |call, out| {
            named(call, 0, out);
            out.u32(call.arg_u32(1) & MODE_BITS);
        },
        EventKind::CHOWN | EventKind::LCHOWN => |call, out| {
            named(call, 0, out);
            out.u32(call.arg_u32(1));
            out.u32(call.arg_u32(2));
        },
        EventKind::MKNOD => |call, out| {
            named(call, 0, out);
            out.u32(call.arg_u32(1) & TYPE_AND_MODE_BITS);
            out.u32(device(call.arg_u32(2)));
        },
        EventKind::UMOUNT2 => |call, out| {
            named(call, 0, out);
            // MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW
            out.u32(call.arg_u32(1) & 0xf);
        },
        EventKind::NEWFSTATAT => |call, out| {
            named_at(call, out);
            // AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH
            out.u32(call.arg_u32(3) & 0x1900);
        },
        EventKind::MKDIRAT => |call, out| {
            named_at(call, out);
            out.u32(call.arg_u32(2));
        },
        EventKind::UNLINKAT => |call, out| {
            named_at(call, out);
            // AT_REMOVEDIR
            out.u32(call.arg_u32(2) & 0x200);
        },
        EventKind::FCHMODAT => |call, out| {
            named_at(call, out);
            out.u32(call.arg_u32(2) & MODE_BITS);
        },
        EventKind::FCHOWNAT => |call, out| {
            named_at(call, out);
            out.u32(call.arg_u32(2));
            out.u32(call.arg_u32(3));
            // AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH
            out.u32(words(call.arg(4), &[(0x100, 0x400), (0x1000, 0x1000)]));
        },
        EventKind::MKNODAT => |call, out| {
            named_at(call, out);
            out.u32(call.arg_u32(2) & TYPE_AND_MODE_BITS);
            out.u32(device(call.arg_u32(3)));
        },
        EventKind::FSTAT | EventKind::FCHDIR | EventKind::GETDENTS | EventKind::GETDENTS64 => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
        },
        EventKind::FCHMOD => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(call.arg_u32(1) & MODE_BITS);
        },
        EventKind::FCHOWN => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            out.u32(call.arg_u32(1));
            out.u32(call.arg_u32(2));
        },
        EventKind::FLOCK => |call, out| {
            out.int(call.ret());
            out.int(call.int(0));
            // LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN
            out.u32(call.arg_u32(1) & 0xf);
        },
        EventKind::GETCWD => |call, out| {
            out.int(call.ret());
            out.text(call.text(0).filter(|_| !call.failed()));
        },
        EventKind::MOUNT => |call, out| {
            out.int(call.ret());
            out.text(call.text(0));
            out.text(call.text(1));
            out.text(call.text(2));
            out.u32(mount_flags(call.arg_u32(3)));
        },
        _ => return None,
    };
    Some(translate)
}

fn two_paths(kind: EventKind) -> Option<Translation> {
    let translate: Translation = match kind {
        EventKind::RENAME | EventKind::LINK | EventKind::SYMLINK => |call, out| {
            named(call, 0, out);
            out.text(call.text(1));
        },
        EventKind::RENAMEAT => two_named_at,
        EventKind::RENAMEAT2 => |call, out| {
            two_named_at(call, out);
            // RENAME_NOREPLACE, _EXCHANGE, _WHITEOUT
            out.u32(call.arg_u32(4) & 7);
        },
        EventKind::LINKAT => |call, out| {
            two_named_at(call, out);
            // AT_SYMLINK_FOLLOW, AT_EMPTY_PATH
            out.u32(call.arg_u32(4) & 0x1400);
        },
        EventKind::SYMLINKAT => |call, out| {
            named(call, 0, out);
            out.int(call.int(1));
            out.text(call.text(2));
        },
        _ => return None,
    };
    Some(translate)
}

/// Result and the path in argument `arg`.
fn named<'r>(call: &Call<'r>, arg: usize, out: &mut Params<'r, '_>) {
    out.int(call.ret());
    out.text(call.text(arg));
}

/// Result, directory and the path below it, in arguments 0 and 1.
fn named_at<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    out.int(call.ret());
    out.int(call.int(0));
    out.text(call.text(1));
}

/// Result, then twice a directory and the path below it, in arguments 0 to 3.
fn two_named_at<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    named_at(call, out);
    out.int(call.int(2));
    out.text(call.text(3));
}

const MODE_BITS: u32 = 0o7777;
const TYPE_AND_MODE_BITS: u32 = 0o177_777;
const LAYER_UPPER: u32 = 1;
const LAYER_LOWER: u32 = 2;

/// The file that the call opened.
fn opened(call: &Call<'_>) -> Option<FileFacts> {
    if call.failed() { None } else { call.record.file() }
}

/// Words of the flags asked for and of what the kernel says of the file.
fn flags_of_opened(call: &Call<'_>, asked: u64) -> u32 {
    let told = opened(call).map_or(0, |file| {
        let created = if file.f_mode & FMODE_CREATED != 0 { FILE_CREATED } else { 0 };
        let layer = match file.layer {
            LAYER_UPPER => FILE_UPPER_LAYER,
            LAYER_LOWER => FILE_LOWER_LAYER,
            _ => 0,
        };
        created | layer
    });
    open_flags(call.arch, asked) | told
}

/// The mode, which means something only if the call may make a file.
fn mode_if_made(flags: u64, mode: u64) -> u32 {
    if flags & (O_CREAT | O_TMPFILE_BIT) == 0 { 0 } else { mode as u32 & MODE_BITS }
}

/// Device and inode of the file; zeros if there is none.
fn place(call: &Call<'_>, out: &mut Params<'_, '_>) {
    let file = opened(call);
    out.u32(file.map_or(0, |file| file.dev));
    out.u64(file.map_or(0, |file| file.ino));
}

fn resolve_flags(resolve: u64) -> u32 {
    // RESOLVE_BENEATH, _IN_ROOT, _NO_MAGICLINKS, _NO_SYMLINKS, _NO_XDEV, _CACHED
    words(resolve, &[(0x8, 1), (0x10, 2), (0x2, 4), (0x4, 8), (0x1, 16), (0x20, 32)])
}

fn mount_flags(flags: u32) -> u32 {
    // The upper half may hold a magic number from the days before 2.4; the kernel ignores it.
    if flags & 0xffff_0000 == 0xc0ed_0000 { flags & 0xffff } else { flags }
}
