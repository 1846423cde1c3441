//! The call table: what each system call is called, which event it makes and how its arguments are fetched.
//!
//! To add a call with an event of its own: one row in `CALLS` and one arm in the family's file of `decode/`. Every
//! other native call is recorded as the generic `syscall` event.

use std::sync::LazyLock;

use super::event_set::{EventSet, Selection};
use super::numbers::Arch;
use super::wire::{SrDesc, desc_flag, fetch};
use crate::format::schema::EventKind;
use crate::format::schema::syscalls::SYSCALL_CODES;

/// One more than the largest native call number (`SR_SYSCALL_MAX`).
pub const CALL_LIMIT: usize = 512;

/// A system call that has an event of its own.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The kernel's name.
    pub name: &'static str,
    /// The event it makes.
    pub kind: EventKind,
    /// How its arguments are fetched; [`desc_flag::WANTED`] is not set.
    pub desc: SrDesc,
}

/// What a native number means.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// The kernel's name.
    pub name: &'static str,
    /// The architecture-independent code (`ID` of the generic event).
    pub code: u16,
    /// The event it makes: its own, or [`EventKind::SYSCALL`].
    pub kind: EventKind,
    /// How its arguments are fetched; [`desc_flag::WANTED`] is not set.
    pub desc: SrDesc,
}

/// Descriptors by native number.
pub type DescriptorTable = [Option<Descriptor>; CALL_LIMIT];

/// The table of an architecture.
pub fn descriptors(arch: Arch) -> &'static DescriptorTable {
    static X86_64: LazyLock<DescriptorTable> = LazyLock::new(|| build_table(Arch::X86_64));
    static AARCH64: LazyLock<DescriptorTable> = LazyLock::new(|| build_table(Arch::Aarch64));
    match arch {
        Arch::X86_64 => &X86_64,
        Arch::Aarch64 => &AARCH64,
    }
}

/// What the kernel's map holds for this machine: an entry for each call that is wanted.
pub fn descriptor_map(events: &EventSet) -> Vec<(u32, SrDesc)> {
    descriptor_map_for(Arch::NATIVE, events)
}

/// The same for a given architecture.
pub fn descriptor_map_for(arch: Arch, events: &EventSet) -> Vec<(u32, SrDesc)> {
    let wanted = |(number, descriptor): (usize, &Option<Descriptor>)| {
        let descriptor = descriptor.as_ref()?;
        let flags = match events.selection(descriptor.name) {
            Selection::Off => return None,
            Selection::On => desc_flag::WANTED,
            Selection::ExecutableOnly => desc_flag::WANTED | desc_flag::PROT_EXEC,
        };
        let desc = SrDesc { flags: descriptor.desc.flags | flags, ..descriptor.desc };
        Some((u32::try_from(number).ok()?, desc))
    };
    descriptors(arch).iter().enumerate().filter_map(wanted).collect()
}

fn build_table(arch: Arch) -> DescriptorTable {
    let mut table = [None; CALL_LIMIT];
    for &(number, name) in arch.calls() {
        let code = SYSCALL_CODES.iter().find(|(known, _)| *known == name).map_or(0, |&(_, code)| code);
        let call = CALLS.iter().find(|call| call.name == name).copied().unwrap_or_else(|| generic(name));
        if let Some(entry) = table.get_mut(usize::from(number)) {
            *entry = Some(Descriptor { name, code, kind: call.kind, desc: call.desc });
        }
    }
    table
}

/// A call without an event of its own.
fn generic(name: &'static str) -> Call {
    let call = call(name, EventKind::SYSCALL, 0);
    if GENERIC_SECURITY_CALLS.contains(&name) { call.security() } else { call }
}

/// Calls without an event of their own that change what security depends on; they take the ring that an I/O storm
/// cannot fill.
pub(super) const GENERIC_SECURITY_CALLS: &[&str] = &[
    "acct",
    "add_key",
    "clock_adjtime",
    "clock_settime",
    "fsmount",
    "fsopen",
    "fspick",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "landlock_restrict_self",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "perf_event_open",
    "pidfd_send_signal",
    "pivot_root",
    "process_madvise",
    "reboot",
    "request_key",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "setdomainname",
    "setfsgid",
    "setfsuid",
    "setgroups",
    "sethostname",
    "settimeofday",
    "swapoff",
    "swapon",
    "syslog",
];

/// Every call with an event of its own.
#[rustfmt::skip]
pub(super) static CALLS: &[Call] = &[
    call("clone", EventKind::CLONE, 5).clone().security(),
    call("fork", EventKind::FORK, 0).clone().security(),
    call("vfork", EventKind::VFORK, 0).clone().security(),
    call("clone3", EventKind::CLONE3, 2).fixed(0, 2).clone().security(),
    call("execve", EventKind::EXECVE, 3).exec().security(),
    call("execveat", EventKind::EXECVEAT, 5).exec().security(),
    call("setsid", EventKind::SETSID, 0).security(),
    call("setpgid", EventKind::SETPGID, 2).security(),
    call("prctl", EventKind::PRCTL, 5).text(1).security(),
    call("ptrace", EventKind::PTRACE, 4).fixed(3, 2).security(),
    call("setns", EventKind::SETNS, 2).security(),
    call("unshare", EventKind::UNSHARE, 1).security(),
    call("chroot", EventKind::CHROOT, 1).text(0).security(),
    call("seccomp", EventKind::SECCOMP, 3).security(),
    call("capset", EventKind::CAPSET, 2).task().fixed(1, 6).security(),
    call("getrlimit", EventKind::GETRLIMIT, 2).fixed(1, 4),
    call("setrlimit", EventKind::SETRLIMIT, 2).fixed(1, 4),
    call("prlimit64", EventKind::PRLIMIT, 4).fixed(2, 4).fixed(3, 4),
    call("pidfd_open", EventKind::PIDFD_OPEN, 2),
    call("pidfd_getfd", EventKind::PIDFD_GETFD, 3),
    call("process_vm_readv", EventKind::PROCESS_VM_READV, 6).iovec_ret(1, 2).security(),
    call("process_vm_writev", EventKind::PROCESS_VM_WRITEV, 6).iovec_ret(1, 2).security(),
    call("nanosleep", EventKind::NANOSLEEP, 2).fixed(0, 4),
    call("setuid", EventKind::SETUID, 1).security(),
    call("setgid", EventKind::SETGID, 1).security(),
    call("setreuid", EventKind::SETREUID, 2).security(),
    call("setregid", EventKind::SETREGID, 2).security(),
    call("setresuid", EventKind::SETRESUID, 3).security(),
    call("setresgid", EventKind::SETRESGID, 3).security(),
    call("getuid", EventKind::GETUID, 0),
    call("geteuid", EventKind::GETEUID, 0),
    call("getgid", EventKind::GETGID, 0),
    call("getegid", EventKind::GETEGID, 0),
    call("getresuid", EventKind::GETRESUID, 3).fixed(0, 1).fixed(1, 1).fixed(2, 1),
    call("getresgid", EventKind::GETRESGID, 3).fixed(0, 1).fixed(1, 1).fixed(2, 1),
    call("quotactl", EventKind::QUOTACTL, 4).text(1).fixed(3, 18),
    call("kill", EventKind::KILL, 2).security(),
    call("tkill", EventKind::TKILL, 2).security(),
    call("tgkill", EventKind::TGKILL, 3).security(),
    call("signalfd", EventKind::SIGNALFD, 3),
    call("signalfd4", EventKind::SIGNALFD4, 4),
    call("bpf", EventKind::BPF, 3).security(),
    call("init_module", EventKind::INIT_MODULE, 3).buffer(0, 1).text(2).security(),
    call("finit_module", EventKind::FINIT_MODULE, 3).text(1).security(),
    call("delete_module", EventKind::DELETE_MODULE, 2).text(0).security(),
    call("keyctl", EventKind::KEYCTL, 5).text(1).text(2).text(3).security(),
    call("mount", EventKind::MOUNT, 5).text(0).text(1).text(2).security(),
    call("umount2", EventKind::UMOUNT2, 2).text(0).security(),
    call("fsconfig", EventKind::FSCONFIG, 5).text(2).fetching(3, fetch::FSCONFIG, 4).security(),
    call("io_uring_setup", EventKind::IO_URING_SETUP, 2).fixed(1, 6),
    call("io_uring_enter", EventKind::IO_URING_ENTER, 6).fixed(4, 2),
    call("io_uring_register", EventKind::IO_URING_REGISTER, 4),
    call("userfaultfd", EventKind::USERFAULTFD, 1),
    call("open", EventKind::OPEN, 3).text(0).enter().file_ret(),
    call("creat", EventKind::CREAT, 2).text(0).enter().file_ret(),
    call("openat", EventKind::OPENAT, 4).text(1).enter().file_ret(),
    call("openat2", EventKind::OPENAT2, 4).text(1).fixed(2, 6).enter().file_ret(),
    call("open_by_handle_at", EventKind::OPEN_BY_HANDLE_AT, 3).file_ret().path_ret(),
    call("close", EventKind::CLOSE, 1),
    call("close_range", EventKind::CLOSE_RANGE, 3),
    call("dup", EventKind::DUP, 1),
    call("dup2", EventKind::DUP2, 2),
    call("dup3", EventKind::DUP3, 3),
    call("pipe", EventKind::PIPE, 1).descriptors(0).file_ret(),
    call("pipe2", EventKind::PIPE2, 2).descriptors(0).file_ret(),
    call("eventfd", EventKind::EVENTFD, 1),
    call("eventfd2", EventKind::EVENTFD2, 2),
    call("timerfd_create", EventKind::TIMERFD_CREATE, 2),
    call("inotify_init", EventKind::INOTIFY_INIT, 0),
    call("inotify_init1", EventKind::INOTIFY_INIT1, 1),
    call("epoll_create", EventKind::EPOLL_CREATE, 1),
    call("epoll_create1", EventKind::EPOLL_CREATE1, 1),
    call("memfd_create", EventKind::MEMFD_CREATE, 2).text(0).security(),
    call("fcntl", EventKind::FCNTL, 3),
    call("ioctl", EventKind::IOCTL, 3),
    call("stat", EventKind::STAT, 2).text(0),
    call("lstat", EventKind::LSTAT, 2).text(0),
    call("access", EventKind::ACCESS, 2).text(0),
    call("chdir", EventKind::CHDIR, 1).text(0),
    call("mkdir", EventKind::MKDIR, 2).text(0),
    call("rmdir", EventKind::RMDIR, 1).text(0),
    call("unlink", EventKind::UNLINK, 1).text(0),
    call("chmod", EventKind::CHMOD, 2).text(0),
    call("chown", EventKind::CHOWN, 3).text(0),
    call("lchown", EventKind::LCHOWN, 3).text(0),
    call("mknod", EventKind::MKNOD, 3).text(0),
    call("rename", EventKind::RENAME, 2).text(0).text(1),
    call("link", EventKind::LINK, 2).text(0).text(1),
    call("symlink", EventKind::SYMLINK, 2).text(0).text(1),
    call("getcwd", EventKind::GETCWD, 2).text(0),
    call("fstat", EventKind::FSTAT, 2),
    call("newfstatat", EventKind::NEWFSTATAT, 4).text(1),
    call("fchdir", EventKind::FCHDIR, 1),
    call("renameat", EventKind::RENAMEAT, 4).text(1).text(3),
    call("renameat2", EventKind::RENAMEAT2, 5).text(1).text(3),
    call("linkat", EventKind::LINKAT, 5).text(1).text(3),
    call("symlinkat", EventKind::SYMLINKAT, 3).text(0).text(2),
    call("mkdirat", EventKind::MKDIRAT, 3).text(1),
    call("unlinkat", EventKind::UNLINKAT, 3).text(1),
    call("mknodat", EventKind::MKNODAT, 4).text(1),
    call("fchmod", EventKind::FCHMOD, 2),
    call("fchmodat", EventKind::FCHMODAT, 3).text(1),
    call("fchown", EventKind::FCHOWN, 3),
    call("fchownat", EventKind::FCHOWNAT, 5).text(1),
    call("flock", EventKind::FLOCK, 2),
    call("getdents", EventKind::GETDENTS, 3),
    call("getdents64", EventKind::GETDENTS64, 3),
    call("read", EventKind::READ, 3).buffer_ret(1, 2),
    call("write", EventKind::WRITE, 3).buffer(1, 2),
    call("pread64", EventKind::PREAD, 4).buffer_ret(1, 2),
    call("pwrite64", EventKind::PWRITE, 4).buffer(1, 2),
    call("readv", EventKind::READV, 3).iovec_ret(1, 2),
    call("writev", EventKind::WRITEV, 3).iovec(1, 2),
    call("preadv", EventKind::PREADV, 4).iovec_ret(1, 2),
    call("pwritev", EventKind::PWRITEV, 4).iovec(1, 2),
    call("lseek", EventKind::LSEEK, 3),
    call("sendfile", EventKind::SENDFILE, 4).fixed(2, 2),
    call("splice", EventKind::SPLICE, 6),
    call("copy_file_range", EventKind::COPY_FILE_RANGE, 6),
    call("socket", EventKind::SOCKET, 3),
    call("bind", EventKind::BIND, 3).address(1, 2).sock_arg0(),
    call("connect", EventKind::CONNECT, 3).address(1, 2).enter().sock_arg0(),
    call("listen", EventKind::LISTEN, 2),
    call("accept", EventKind::ACCEPT, 3).sock_ret(),
    call("accept4", EventKind::ACCEPT4, 4).sock_ret(),
    call("shutdown", EventKind::SHUTDOWN, 2),
    call("getsockname", EventKind::GETSOCKNAME, 3),
    call("getpeername", EventKind::GETPEERNAME, 3),
    call("socketpair", EventKind::SOCKETPAIR, 4).descriptors(3).sock_ret(),
    call("setsockopt", EventKind::SETSOCKOPT, 5).buffer(3, 4),
    call("getsockopt", EventKind::GETSOCKOPT, 5).option(3, 4).fixed(4, 1),
    call("sendto", EventKind::SENDTO, 6).buffer(1, 2).address(4, 5).sock_arg0(),
    call("recvfrom", EventKind::RECVFROM, 6).buffer_ret(1, 2).address_out(4, 5).sock_arg0(),
    call("sendmsg", EventKind::SENDMSG, 3).message(1).sock_arg0(),
    call("recvmsg", EventKind::RECVMSG, 3).message_ret(1).sock_arg0(),
    call("sendmmsg", EventKind::SENDMMSG, 4).messages(1, 2).sock_arg0(),
    call("recvmmsg", EventKind::RECVMMSG, 5).messages(1, 2).sock_arg0(),
    call("brk", EventKind::BRK, 1).memory(),
    call("mmap", EventKind::MMAP, 6).memory(),
    call("munmap", EventKind::MUNMAP, 2).memory(),
    call("mprotect", EventKind::MPROTECT, 3),
    call("mlock", EventKind::MLOCK, 2),
    call("munlock", EventKind::MUNLOCK, 2),
    call("mlockall", EventKind::MLOCKALL, 1),
    call("munlockall", EventKind::MUNLOCKALL, 0),
    call("mlock2", EventKind::MLOCK2, 3),
    call("poll", EventKind::POLL, 3).items8(0, 1),
    call("ppoll", EventKind::PPOLL, 5).items8(0, 1).fixed(2, 4).fixed(3, 2),
    call("select", EventKind::SELECT, 5),
    call("epoll_wait", EventKind::EPOLL_WAIT, 4),
    call("futex", EventKind::FUTEX, 6),
    call("semop", EventKind::SEMOP, 3).fixed(1, 3),
    call("semget", EventKind::SEMGET, 3),
    call("semctl", EventKind::SEMCTL, 4),
];

const fn call(name: &'static str, kind: EventKind, nargs: u8) -> Call {
    Call { name, kind, desc: SrDesc { flags: 0, nargs, fetched: 0, fetch: [fetch::NONE; 6], len_arg: [0; 6] } }
}

impl Call {
    const fn fetching(mut self, arg: usize, how: u8, len_arg: u8) -> Call {
        self.desc.fetch[arg] = how;
        self.desc.len_arg[arg] = len_arg;
        self
    }

    const fn flag(mut self, flag: u16) -> Call {
        self.desc.flags |= flag;
        self
    }

    /// Argument `arg` is a string.
    const fn text(self, arg: usize) -> Call {
        self.fetching(arg, fetch::STR, 0)
    }

    /// Argument `arg` is a buffer, its length in argument `len_arg`.
    const fn buffer(self, arg: usize, len_arg: u8) -> Call {
        self.fetching(arg, fetch::BUF, len_arg)
    }

    /// Argument `arg` is a buffer that the call filled with as many bytes as it returned.
    const fn buffer_ret(self, arg: usize, len_arg: u8) -> Call {
        self.fetching(arg, fetch::BUF_RET, len_arg)
    }

    /// Argument `arg` is a socket address, its length in argument `len_arg`.
    const fn address(self, arg: usize, len_arg: u8) -> Call {
        self.fetching(arg, fetch::SOCKADDR, len_arg)
    }

    /// Argument `arg` is an address that the call wrote, argument `len_arg` points to its length.
    const fn address_out(self, arg: usize, len_arg: u8) -> Call {
        self.fetching(arg, fetch::SOCKADDR_OUT, len_arg)
    }

    /// Argument `arg` is a value that the call may have written, argument `len_arg` points to its length.
    const fn option(self, arg: usize, len_arg: u8) -> Call {
        self.fetching(arg, fetch::BUF_LEN_AT, len_arg)
    }

    /// Argument `arg` is an iovec of data, with argument `count_arg` entries.
    const fn iovec(self, arg: usize, count_arg: u8) -> Call {
        self.fetching(arg, fetch::IOVEC, count_arg)
    }

    /// The same, filled by the call.
    const fn iovec_ret(self, arg: usize, count_arg: u8) -> Call {
        self.fetching(arg, fetch::IOVEC_RET, count_arg)
    }

    /// Argument `arg` is a message header.
    const fn message(self, arg: usize) -> Call {
        self.fetching(arg, fetch::MSGHDR, 0)
    }

    /// Argument `arg` is a message header that the call filled.
    const fn message_ret(self, arg: usize) -> Call {
        self.fetching(arg, fetch::MSGHDR_RET, 0)
    }

    /// Argument `arg` is an array of message headers, with argument `count_arg` entries.
    const fn messages(self, arg: usize, count_arg: u8) -> Call {
        self.fetching(arg, fetch::MMSGHDR, count_arg)
    }

    /// Argument `arg` points to a struct; `words` times 4 bytes of it are wanted.
    const fn fixed(self, arg: usize, words: u8) -> Call {
        self.fetching(arg, fetch::FIXED, words)
    }

    /// Argument `arg` points to two descriptors that the call made.
    const fn descriptors(self, arg: usize) -> Call {
        self.fetching(arg, fetch::FD_PAIR, 0)
    }

    /// Argument `arg` is an array of 8-byte items, with argument `count_arg` entries.
    const fn items8(self, arg: usize, count_arg: u8) -> Call {
        self.fetching(arg, fetch::ITEMS8, count_arg)
    }

    const fn file_ret(self) -> Call {
        self.flag(desc_flag::FILE_RET)
    }

    const fn path_ret(self) -> Call {
        self.flag(desc_flag::PATH_RET)
    }

    const fn sock_ret(self) -> Call {
        self.flag(desc_flag::SOCK_RET)
    }

    const fn sock_arg0(self) -> Call {
        self.flag(desc_flag::SOCK_ARG0)
    }

    const fn enter(self) -> Call {
        self.flag(desc_flag::ENTER)
    }

    const fn task(self) -> Call {
        self.flag(desc_flag::TASK)
    }

    const fn memory(self) -> Call {
        self.flag(desc_flag::VM)
    }

    const fn clone(self) -> Call {
        self.flag(desc_flag::CLONE)
    }

    const fn exec(self) -> Call {
        self.flag(desc_flag::EXEC)
    }

    const fn security(self) -> Call {
        self.flag(desc_flag::SECURITY)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::format::schema::{EVENTS, EventSource};

    #[test]
    fn every_event_of_a_64_bit_system_call_has_a_row() {
        // These calls exist on 32-bit machines only.
        let absent = ["syscall", "send", "recv", "stat64", "lstat64", "fstat64", "llseek", "mmap2", "umount"];
        for event in EVENTS.iter().filter(|event| event.source == EventSource::Syscall) {
            let rows = CALLS.iter().filter(|call| call.kind == event.kind).count();
            assert_eq!(rows, usize::from(!absent.contains(&event.name)), "{}", event.name);
        }
    }

    #[test]
    fn every_row_has_a_number_on_x86_64() {
        for call in CALLS {
            assert!(Arch::X86_64.calls().iter().any(|(_, name)| *name == call.name), "{}", call.name);
        }
    }

    #[test]
    fn numbers_are_sorted_unique_and_below_the_limit() {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let calls = arch.calls();
            assert!(calls.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(calls.iter().all(|&(number, _)| usize::from(number) < CALL_LIMIT));
            let mut names: Vec<_> = calls.iter().map(|&(_, name)| name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }

    #[test]
    fn native_numbers_mean_what_the_architecture_says() {
        let at = |arch, number: usize| descriptors(arch)[number].unwrap();
        assert_eq!((at(Arch::X86_64, 257).name, at(Arch::X86_64, 257).kind), ("openat", EventKind::OPENAT));
        assert_eq!((at(Arch::Aarch64, 56).name, at(Arch::Aarch64, 56).kind), ("openat", EventKind::OPENAT));
        assert_eq!((at(Arch::X86_64, 334).code, at(Arch::X86_64, 334).kind), (380, EventKind::SYSCALL));
        assert_eq!(at(Arch::Aarch64, 79).name, "newfstatat");
        assert_eq!(at(Arch::Aarch64, 261).kind, EventKind::PRLIMIT);
        assert_eq!(at(Arch::Aarch64, 222).kind, EventKind::MMAP);
    }

    #[test]
    fn length_arguments_are_arguments_of_the_call() {
        for call in CALLS {
            for arg in 0..6 {
                let (how, len_arg) = (call.desc.fetch[arg], call.desc.len_arg[arg]);
                assert!(how == fetch::NONE || arg < usize::from(call.desc.nargs), "{}", call.name);
                let names_argument = !matches!(how, fetch::FIXED | fetch::NONE);
                assert!(!names_argument || len_arg < call.desc.nargs, "{}", call.name);
            }
        }
    }
}
