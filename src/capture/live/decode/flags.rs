//! Flag words that belong to no single family: from the kernel's numbers to the event table's.

use super::super::numbers::Arch;

/// Pairs of the kernel's bits and the event table's word.
pub(super) type Bits = [(u64, u32)];

/// The words of every entry of which any bit is set.
pub(super) fn words(bits: u64, table: &Bits) -> u32 {
    table.iter().filter(|&&(kernel, _)| bits & kernel != 0).fold(0, |words, &(_, word)| words | word)
}

/// The word of a number that names one thing out of several.
pub(super) fn word_of(number: u64, table: &Bits) -> Option<u32> {
    table.iter().find(|&&(kernel, _)| kernel == number).map(|&(_, word)| word)
}

pub(super) const O_CREAT: u64 = 0o100;
pub(super) const O_TMPFILE_BIT: u64 = 0o20_000_000;
const O_NONBLOCK: u64 = 0o4000;
const O_CLOEXEC: u64 = 0o2_000_000;

/// `file_flags` words that the kernel reports of the file, not the program.
pub(super) const FILE_CREATED: u32 = 0x4000;
pub(super) const FILE_UPPER_LAYER: u32 = 0x8000;
pub(super) const FILE_LOWER_LAYER: u32 = 0x1_0000;

/// The kernel's mark of a file that this open created.
pub(super) const FMODE_CREATED: u32 = 0x10_0000;

/// `file_flags` of an open: access mode and flags. A word is set if any bit of its flag is, so that `O_DSYNC` gives
/// `O_SYNC` too and `O_DIRECTORY` gives `O_TMPFILE`, as it does in Falco.
pub(in crate::capture) fn open_flags(arch: Arch, flags: u64) -> u32 {
    let (direct, directory, large) = match arch {
        Arch::X86_64 => (0o40_000, 0o200_000, 0o100_000),
        Arch::Aarch64 => (0o200_000, 0o40_000, 0o400_000),
    };
    let access = match flags & 0o3 {
        0 => 1,
        1 => 2,
        2 => 3,
        _ => 0,
    };
    let table = [
        (O_CREAT, 0x4),
        (0o2000, 0x8),    // O_APPEND
        (0o10_000, 0x10), // O_DSYNC
        (0o200, 0x20),    // O_EXCL
        (O_NONBLOCK, 0x40),
        (0o4_010_000, 0x80), // O_SYNC
        (0o1000, 0x100),     // O_TRUNC
        (direct, 0x200),
        (directory, 0x400),
        (large, 0x800),
        (O_CLOEXEC, 0x1000),
        (O_TMPFILE_BIT | directory, 0x2000),
    ];
    access | words(flags, &table)
}

/// `file_flags` of a call that makes a descriptor and takes no access mode (`pipe2`, `dup3`, `accept4`, ...).
pub(super) fn descriptor_flags(arch: Arch, flags: u64) -> u32 {
    let direct = match arch {
        Arch::X86_64 => 0o40_000,
        Arch::Aarch64 => 0o200_000,
    };
    words(flags, &[(O_NONBLOCK, 0x40), (direct, 0x200), (O_CLOEXEC, 0x1000)])
}

/// `file_flags` of a socket type word or of `accept4`.
pub(super) fn socket_flags(flags: u64) -> u32 {
    words(flags, &[(O_NONBLOCK, 0x40), (O_CLOEXEC, 0x1000)])
}

/// Whether a call asks for the close-on-exec mark.
pub(super) fn asks_close_on_exec(flags: u64) -> bool {
    flags & O_CLOEXEC != 0
}

/// Whether a call asks for a descriptor that does not block.
pub(super) fn asks_nonblocking(flags: u64) -> bool {
    flags & O_NONBLOCK != 0
}

/// `clone_flags`: the mark that the child is in a pid namespace below the first.
pub(super) const CLONE_CHILD_IN_PIDNS: u32 = 0x2000_0000;

/// The kernel's `CLONE_NEWPID`.
pub(super) const CLONE_NEWPID: u64 = 0x2000_0000;

/// `clone_flags` of clone, unshare and setns.
pub(super) fn clone_flags(flags: u64) -> u32 {
    const TABLE: &Bits = &[
        (0x100, 0x8000),           // CLONE_VM
        (0x200, 0x2),              // CLONE_FS
        (0x400, 0x1),              // CLONE_FILES
        (0x800, 0x800),            // CLONE_SIGHAND
        (0x2000, 0x400),           // CLONE_PTRACE
        (0x4000, 0x800_0000),      // CLONE_VFORK
        (0x8000, 0x100),           // CLONE_PARENT
        (0x1_0000, 0x2000),        // CLONE_THREAD
        (0x2_0000, 0x20),          // CLONE_NEWNS
        (0x4_0000, 0x1000),        // CLONE_SYSVSEM
        (0x8_0000, 0x200_0000),    // CLONE_SETTLS
        (0x10_0000, 0x200),        // CLONE_PARENT_SETTID
        (0x20_0000, 0x80_0000),    // CLONE_CHILD_CLEARTID
        (0x80_0000, 0x4000),       // CLONE_UNTRACED
        (0x100_0000, 0x100_0000),  // CLONE_CHILD_SETTID
        (0x200_0000, 0x1000_0000), // CLONE_NEWCGROUP
        (0x400_0000, 0x80),        // CLONE_NEWUTS
        (0x800_0000, 0x8),         // CLONE_NEWIPC
        (0x1000_0000, 0x10_0000),  // CLONE_NEWUSER
        (CLONE_NEWPID, 0x40),      // CLONE_NEWPID
        (0x4000_0000, 0x10),       // CLONE_NEWNET
        (0x8000_0000, 0x4),        // CLONE_IO
    ];
    words(flags, TABLE)
}

/// `rlimit_resources`: the kernel's numbers, 255 for one that is not known.
pub(super) fn rlimit_resource(resource: u32) -> u32 {
    if resource <= 15 { resource } else { 255 }
}

/// A device number as user space has it, in the encoding of the `dev` of mknod: major << 20 | minor.
pub(super) fn device(dev: u32) -> u32 {
    let major = dev >> 8 & 0xfff;
    let minor = dev & 0xff | dev >> 12 & 0xf_ff00;
    major << 20 | minor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_flags_are_those_seen_in_reference_captures() {
        let x86 = |flags| open_flags(Arch::X86_64, flags);
        assert_eq!(x86(0), 0x1);
        assert_eq!(x86(0o2_000_000), 0x1001);
        assert_eq!(x86(0o2 | 0o100 | 0o200), 0x27);
        // O_WRONLY | O_CREAT | O_APPEND | O_SYNC
        assert_eq!(x86(0o1 | 0o100 | 0o2000 | 0o4_010_000), 0x9e);
        // O_RDWR | O_DSYNC
        assert_eq!(x86(0o2 | 0o10_000), 0x93);
        // O_RDWR | O_TMPFILE
        assert_eq!(x86(0o2 | 0o20_200_000), 0x2403);
        // O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY
        assert_eq!(x86(0o2_204_000), 0x3441);
        // O_RDONLY | O_DIRECT
        assert_eq!(x86(0o40_000), 0x201);
        assert_eq!(open_flags(Arch::Aarch64, 0o40_000), 0x2401);
    }

    #[test]
    fn clone_flags_are_those_seen_in_reference_captures() {
        // a thread of python: all but CLONE_CHILD_IN_PIDNS comes from the arguments
        assert_eq!(clone_flags(0x3d_0f00), 0x280_ba03);
        assert_eq!(clone_flags(0x120_0000 | 17), 0x180_0000);
        // unshare(0x12345)
        assert_eq!(clone_flags(0x1_2345), 0xa402);
        assert_eq!(clone_flags(0x4000_0000), 0x10);
        assert_eq!(clone_flags(0x2_0000 | 0x400_0000), 0xa0);
    }

    #[test]
    fn device_numbers_are_split_and_joined() {
        assert_eq!(device(0x103), 1_048_579);
        assert_eq!(device(0), 0);
        assert_eq!(device(0x0010_0800), 8 << 20 | 0x100);
    }
}
