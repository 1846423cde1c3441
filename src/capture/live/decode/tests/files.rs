use super::{FileFacts, RecordBuilder, blob_id, call, call_of, minus};
use crate::capture::live::numbers::Arch;

const O_CREAT: u64 = 0o100;
const O_CLOEXEC: u64 = 0o2_000_000;
const AT_FDCWD: u64 = minus_100();

const fn minus_100() -> u64 {
    (-100i64).cast_unsigned()
}

fn file(dev: u32, ino: u64, f_mode: u32, layer: u32) -> FileFacts {
    FileFacts { ino, dev, mode: 0o100_644, f_flags: 0, f_mode, layer, reserved: 0 }
}

const CREATED: u32 = 0x10_0000;

fn check(rows: &[(RecordBuilder, &str)]) {
    for (record, expected) in rows {
        assert_eq!(record.shown(), *expected);
    }
}

#[test]
fn opens_have_flags_mode_device_and_inode_of_what_was_opened() {
    let how = [0o102, 0o600, 0x8];
    check(&[
        (
            call("open", 5, &[1, 0o302, 0o640]).text(0, "plain.txt").file(&file(0x2c, 3, CREATED, 0)),
            "open fd=5 name='plain.txt' flags=0x4027 mode=0o640 dev=0x2c ino=3",
        ),
        (
            call("open", -17, &[1, 0o302, 0o640]).text(0, "plain.txt"),
            "open fd=-17 name='plain.txt' flags=0x27 mode=0o640 dev=0x0 ino=0",
        ),
        (call("open", -2, &[1, 0]).text(0, ""), "open fd=-2 name='' flags=0x1 mode=0o0 dev=0x0 ino=0"),
        (call("open", -14, &[1, 0]), "open fd=-14 name=- flags=0x1 mode=0o0 dev=0x0 ino=0"),
        (
            call("creat", 6, &[1, 0o600]).text(0, "created.bin").file(&file(0x2c, 4, CREATED, 0)),
            "creat fd=6 name='created.bin' mode=0o600 dev=0x2c ino=4 creat_flags=0x0",
        ),
        (
            call("creat", 6, &[1, 0o600]).text(0, "x").file(&file(0x2c, 4, CREATED, 1)),
            "creat fd=6 name='x' mode=0o600 dev=0x2c ino=4 creat_flags=0x1",
        ),
        (
            call("openat", 3, &[AT_FDCWD, 1, O_CLOEXEC, 77]).text(1, "/etc/ld.so.cache").file(&file(0xfe00, 602, 0, 0)),
            "openat fd=3 dirfd=-100 name='/etc/ld.so.cache' flags=0x1001 mode=0o0 dev=0xfe00 ino=602",
        ),
        (
            call("openat", 3, &[0xffff_ff9c, 1, 1 | O_CREAT]).text(1, "a").file(&file(1, 2, 0, 2)),
            "openat fd=3 dirfd=-100 name='a' flags=0x10006 mode=0o0 dev=0x1 ino=2",
        ),
        (
            call_of(Arch::Aarch64, "openat", 3, &[7, 1, 0o40_000]).text(1, "d").file(&file(1, 2, 0, 1)),
            "openat fd=3 dirfd=7 name='d' flags=0xa401 mode=0o0 dev=0x1 ino=2",
        ),
        (
            call("openat2", 16, &[3, 1, 2, 24]).text(1, "how.txt").longs(2, &how).file(&file(0x2c, 8, CREATED, 0)),
            "openat2 fd=16 dirfd=3 name='how.txt' flags=0x4007 mode=0o600 resolve=0x1 dev=0x2c ino=8",
        ),
        (
            call("openat2", -18, &[3, 1, 2, 24]).text(1, "../escape").longs(2, &[0, 0, 0x6]),
            "openat2 fd=-18 dirfd=3 name='../escape' flags=0x1 mode=0o0 resolve=0xc dev=0x0 ino=0",
        ),
        (
            call("open_by_handle_at", 19, &[3, 1, 0])
                .file(&file(0x2c, 3, 0, 0))
                .blob(blob_id::FILE_PATH, b"plain.txt\0fo\0tmp\0demo\0srv\0"),
            "open_by_handle_at fd=19 mountfd=3 flags=0x1 path='/srv/demo/tmp/fo/plain.txt' dev=0x2c ino=3",
        ),
        (
            call("open_by_handle_at", -9, &[88, 1, 0]),
            "open_by_handle_at fd=-9 mountfd=88 flags=0x1 path=- dev=0x0 ino=0",
        ),
    ]);
}

#[test]
fn paths_are_as_the_program_gave_them() {
    check(&[
        (call("chdir", -2, &[1]).text(0, "/nonexistent"), "chdir res=-2 path='/nonexistent'"),
        (call("fchdir", -9, &[999]), "fchdir res=-9 fd=999"),
        (call("getcwd", 12, &[1, 512]).text(0, "/tmp/fo/sub"), "getcwd res=12 path='/tmp/fo/sub'"),
        (call("getcwd", -34, &[1, 2]).text(0, "junk"), "getcwd res=-34 path=-"),
        (call("stat", -2, &[1]).text(0, "/no/such"), "stat res=-2 path='/no/such'"),
        (call("access", 0, &[1, 4]).text(0, "/etc/passwd"), "access res=0 name='/etc/passwd' mode=0x4"),
        (call("mkdir", -17, &[1, 0o700]).text(0, "/tmp/fo"), "mkdir res=-17 path='/tmp/fo' mode=0x1c0"),
        (call("mkdirat", 0, &[3, 1, 0o711]).text(1, "sub"), "mkdirat res=0 dirfd=3 path='sub' mode=0x1c9"),
        (call("rmdir", -2, &[1]).text(0, "nodir"), "rmdir res=-2 path='nodir'"),
        (call("unlink", -2, &[1]).text(0, ""), "unlink res=-2 path=''"),
        (call("unlinkat", -39, &[3, 1, 0x200]).text(1, "sub"), "unlinkat res=-39 dirfd=3 name='sub' flags=0x200"),
        (call("newfstatat", 0, &[3, 1, 2, 0x1000]).text(1, ""), "newfstatat res=0 dirfd=3 path='' flags=0x1000"),
        (
            call("rename", 0, &[1, 2]).text(0, "hard1").text(1, "hard1.renamed"),
            "rename res=0 oldpath='hard1' newpath='hard1.renamed'",
        ),
        (
            call("renameat", 0, &[3, 1, AT_FDCWD, 2]).text(1, "hard2").text(3, "hard2.renamed"),
            "renameat res=0 olddirfd=3 oldpath='hard2' newdirfd=-100 newpath='hard2.renamed'",
        ),
        (
            call("renameat2", -17, &[minus(100), 1, 3, 2, 1]).text(1, "plain.txt").text(3, "how.txt"),
            "renameat2 res=-17 olddirfd=-100 oldpath='plain.txt' newdirfd=3 newpath='how.txt' flags=0x1",
        ),
        (
            call("linkat", -18, &[AT_FDCWD, 1, 3, 2, 0x400]).text(1, "sym2").text(3, "hard3"),
            "linkat res=-18 olddir=-100 oldpath='sym2' newdir=3 newpath='hard3' flags=0x400",
        ),
        (
            call("symlinkat", 0, &[1, 3, 2]).text(0, "/etc/passwd").text(2, "sym2"),
            "symlinkat res=0 target='/etc/passwd' linkdirfd=3 linkpath='sym2'",
        ),
    ]);
}

#[test]
fn modes_owners_and_devices_have_falcos_numbers() {
    check(&[
        (call("chmod", 0, &[1, 0o777]).text(0, "plain.txt"), "chmod res=0 filename='plain.txt' mode=0o777"),
        (call("fchmod", 0, &[5, 0o4755]), "fchmod res=0 fd=5 mode=0o4755"),
        (
            call("fchmodat", 0, &[AT_FDCWD, 1, 0o6711]).text(1, "/tmp/fo/plain.txt"),
            "fchmodat res=0 dirfd=-100 filename='/tmp/fo/plain.txt' mode=0o6711",
        ),
        (call("chown", -2, &[1, 1, 1]).text(0, "none"), "chown res=-2 path='none' uid=1 gid=1"),
        (call("lchown", 0, &[1, 33, 33]).text(0, "sym1"), "lchown res=0 path='sym1' uid=33 gid=33"),
        (call("fchown", 0, &[5, 0xffff_ffff, 0]), "fchown res=0 fd=5 uid=4294967295 gid=0"),
        (
            call("fchownat", 0, &[3, 1, 5, 5, 0x1100]).text(1, ""),
            "fchownat res=0 dirfd=3 pathname='' uid=5 gid=5 flags=0x1400",
        ),
        (
            call("mknodat", 0, &[3, 1, 0o20_666, 0x103]).text(1, "null2"),
            "mknodat res=0 dirfd=3 path='null2' mode=0o20666 dev=1048579",
        ),
        (call("mknod", -2, &[1, 0o100_000, 0]).text(0, "/x"), "mknod res=-2 path='/x' mode=0o100000 dev=0"),
        (call("flock", 0, &[5, 12]), "flock res=0 fd=5 operation=0xc"),
    ]);
}

#[test]
fn mounts_have_their_flags_and_no_value_for_what_was_not_given() {
    check(&[
        (
            call("mount", 0, &[1, 2, 3, 6]).text(0, "none").text(1, "/mnt").text(2, "tmpfs"),
            "mount res=0 dev='none' dir='/mnt' type='tmpfs' flags=0x6",
        ),
        (call("mount", 0, &[0, 2, 0, 0x1021]).text(1, "/mnt"), "mount res=0 dev=- dir='/mnt' type=- flags=0x1021"),
        (call("mount", 0, &[0, 2, 0, 0xc0ed_0001]).text(1, "/mnt"), "mount res=0 dev=- dir='/mnt' type=- flags=0x1"),
        (call("umount2", -22, &[1, 1]).text(0, "/mnt"), "umount2 res=-22 name='/mnt' flags=0x1"),
    ]);
}
