//! The event table: one row per kind, with its parameters in their order.
//!
//! Numbers, names, types and print formats are those of Falco's driver schema 4.3 (exit events only, since an
//! event here is a whole system call; `procexit` and the other kinds that are not system calls have one code).
//! To add a kind: one constant, one row, and (for live recording) one descriptor in `bpf/` and `capture::live`.

use super::{Category, EventFlags, EventInfo, EventKind, EventSource, ParamInfo, ParamType, PrintFormat, flags};

const fn event(
    kind: EventKind,
    name: &'static str,
    category: Category,
    source: EventSource,
    flags: EventFlags,
    params: &'static [ParamInfo],
) -> EventInfo {
    EventInfo { kind, name, category, source, flags, params }
}

const fn param(
    name: &'static str,
    ty: ParamType,
    format: PrintFormat,
    values: Option<&'static flags::FlagTable>,
) -> ParamInfo {
    ParamInfo { name, ty, format, values, dirfd: None }
}

/// A path that is relative to the directory descriptor in parameter `dirfd`.
const fn relative_path(name: &'static str, dirfd: u8) -> ParamInfo {
    ParamInfo { name, ty: ParamType::FsRelPath, format: PrintFormat::Na, values: None, dirfd: Some(dirfd) }
}

#[rustfmt::skip]
#[allow(missing_docs, reason = "each constant is the event of its own name")]
impl EventKind {
    pub const SYSCALL: EventKind = EventKind(1);
    pub const OPEN: EventKind = EventKind(3);
    pub const CLOSE: EventKind = EventKind(5);
    pub const READ: EventKind = EventKind(7);
    pub const WRITE: EventKind = EventKind(9);
    pub const SOCKET: EventKind = EventKind(19);
    pub const BIND: EventKind = EventKind(21);
    pub const CONNECT: EventKind = EventKind(23);
    pub const LISTEN: EventKind = EventKind(25);
    pub const SEND: EventKind = EventKind(29);
    pub const SENDTO: EventKind = EventKind(31);
    pub const RECV: EventKind = EventKind(33);
    pub const RECVFROM: EventKind = EventKind(35);
    pub const SHUTDOWN: EventKind = EventKind(37);
    pub const GETSOCKNAME: EventKind = EventKind(39);
    pub const GETPEERNAME: EventKind = EventKind(41);
    pub const SOCKETPAIR: EventKind = EventKind(43);
    pub const SETSOCKOPT: EventKind = EventKind(45);
    pub const GETSOCKOPT: EventKind = EventKind(47);
    pub const SENDMSG: EventKind = EventKind(49);
    pub const SENDMMSG: EventKind = EventKind(51);
    pub const RECVMSG: EventKind = EventKind(53);
    pub const RECVMMSG: EventKind = EventKind(55);
    pub const CREAT: EventKind = EventKind(59);
    pub const PIPE: EventKind = EventKind(61);
    pub const EVENTFD: EventKind = EventKind(63);
    pub const FUTEX: EventKind = EventKind(65);
    pub const STAT: EventKind = EventKind(67);
    pub const LSTAT: EventKind = EventKind(69);
    pub const FSTAT: EventKind = EventKind(71);
    pub const STAT64: EventKind = EventKind(73);
    pub const LSTAT64: EventKind = EventKind(75);
    pub const FSTAT64: EventKind = EventKind(77);
    pub const EPOLL_WAIT: EventKind = EventKind(79);
    pub const POLL: EventKind = EventKind(81);
    pub const SELECT: EventKind = EventKind(83);
    pub const LSEEK: EventKind = EventKind(87);
    pub const LLSEEK: EventKind = EventKind(89);
    pub const GETCWD: EventKind = EventKind(93);
    pub const CHDIR: EventKind = EventKind(95);
    pub const FCHDIR: EventKind = EventKind(97);
    pub const PREAD: EventKind = EventKind(113);
    pub const PWRITE: EventKind = EventKind(115);
    pub const READV: EventKind = EventKind(117);
    pub const WRITEV: EventKind = EventKind(119);
    pub const PREADV: EventKind = EventKind(121);
    pub const PWRITEV: EventKind = EventKind(123);
    pub const SIGNALFD: EventKind = EventKind(127);
    pub const KILL: EventKind = EventKind(129);
    pub const TKILL: EventKind = EventKind(131);
    pub const TGKILL: EventKind = EventKind(133);
    pub const NANOSLEEP: EventKind = EventKind(135);
    pub const TIMERFD_CREATE: EventKind = EventKind(137);
    pub const INOTIFY_INIT: EventKind = EventKind(139);
    pub const GETRLIMIT: EventKind = EventKind(141);
    pub const SETRLIMIT: EventKind = EventKind(143);
    pub const PRLIMIT: EventKind = EventKind(145);
    pub const DROP: EventKind = EventKind(149);
    pub const FCNTL: EventKind = EventKind(151);
    pub const SWITCH: EventKind = EventKind(152);
    pub const BRK: EventKind = EventKind(159);
    pub const MMAP: EventKind = EventKind(161);
    pub const MMAP2: EventKind = EventKind(163);
    pub const MUNMAP: EventKind = EventKind(165);
    pub const SPLICE: EventKind = EventKind(167);
    pub const PTRACE: EventKind = EventKind(169);
    pub const IOCTL: EventKind = EventKind(171);
    pub const RENAME: EventKind = EventKind(175);
    pub const RENAMEAT: EventKind = EventKind(177);
    pub const SYMLINK: EventKind = EventKind(179);
    pub const SYMLINKAT: EventKind = EventKind(181);
    pub const PROCEXIT: EventKind = EventKind(186);
    pub const SENDFILE: EventKind = EventKind(189);
    pub const QUOTACTL: EventKind = EventKind(191);
    pub const SETRESUID: EventKind = EventKind(193);
    pub const SETRESGID: EventKind = EventKind(195);
    pub const SCAPEVENT: EventKind = EventKind(196);
    pub const SETUID: EventKind = EventKind(199);
    pub const SETGID: EventKind = EventKind(201);
    pub const GETUID: EventKind = EventKind(203);
    pub const GETEUID: EventKind = EventKind(205);
    pub const GETGID: EventKind = EventKind(207);
    pub const GETEGID: EventKind = EventKind(209);
    pub const GETRESUID: EventKind = EventKind(211);
    pub const GETRESGID: EventKind = EventKind(213);
    pub const CLONE: EventKind = EventKind(223);
    pub const FORK: EventKind = EventKind(225);
    pub const VFORK: EventKind = EventKind(227);
    pub const SIGNALDELIVER: EventKind = EventKind(232);
    pub const PROCINFO: EventKind = EventKind(234);
    pub const GETDENTS: EventKind = EventKind(237);
    pub const GETDENTS64: EventKind = EventKind(239);
    pub const SETNS: EventKind = EventKind(241);
    pub const FLOCK: EventKind = EventKind(243);
    pub const CPU_HOTPLUG: EventKind = EventKind(244);
    pub const ACCEPT: EventKind = EventKind(247);
    pub const SEMOP: EventKind = EventKind(251);
    pub const SEMCTL: EventKind = EventKind(253);
    pub const PPOLL: EventKind = EventKind(255);
    pub const MOUNT: EventKind = EventKind(257);
    pub const SEMGET: EventKind = EventKind(263);
    pub const ACCESS: EventKind = EventKind(265);
    pub const CHROOT: EventKind = EventKind(267);
    pub const SETSID: EventKind = EventKind(275);
    pub const MKDIR: EventKind = EventKind(277);
    pub const RMDIR: EventKind = EventKind(279);
    pub const NOTIFICATION: EventKind = EventKind(280);
    pub const UNSHARE: EventKind = EventKind(285);
    pub const INFRA: EventKind = EventKind(286);
    pub const PAGE_FAULT: EventKind = EventKind(290);
    pub const EXECVE: EventKind = EventKind(293);
    pub const SETPGID: EventKind = EventKind(295);
    pub const SECCOMP: EventKind = EventKind(299);
    pub const UNLINK: EventKind = EventKind(301);
    pub const UNLINKAT: EventKind = EventKind(303);
    pub const MKDIRAT: EventKind = EventKind(305);
    pub const OPENAT: EventKind = EventKind(307);
    pub const LINK: EventKind = EventKind(309);
    pub const LINKAT: EventKind = EventKind(311);
    pub const FCHMODAT: EventKind = EventKind(313);
    pub const CHMOD: EventKind = EventKind(315);
    pub const FCHMOD: EventKind = EventKind(317);
    pub const RENAMEAT2: EventKind = EventKind(319);
    pub const USERFAULTFD: EventKind = EventKind(321);
    pub const PLUGINEVENT: EventKind = EventKind(322);
    pub const CONTAINER: EventKind = EventKind(324);
    pub const OPENAT2: EventKind = EventKind(327);
    pub const MPROTECT: EventKind = EventKind(329);
    pub const EXECVEAT: EventKind = EventKind(331);
    pub const COPY_FILE_RANGE: EventKind = EventKind(333);
    pub const CLONE3: EventKind = EventKind(335);
    pub const OPEN_BY_HANDLE_AT: EventKind = EventKind(337);
    pub const IO_URING_SETUP: EventKind = EventKind(339);
    pub const IO_URING_ENTER: EventKind = EventKind(341);
    pub const IO_URING_REGISTER: EventKind = EventKind(343);
    pub const MLOCK: EventKind = EventKind(345);
    pub const MUNLOCK: EventKind = EventKind(347);
    pub const MLOCKALL: EventKind = EventKind(349);
    pub const MUNLOCKALL: EventKind = EventKind(351);
    pub const CAPSET: EventKind = EventKind(353);
    pub const USERADDED: EventKind = EventKind(354);
    pub const USERDELETED: EventKind = EventKind(356);
    pub const GROUPADDED: EventKind = EventKind(358);
    pub const GROUPDELETED: EventKind = EventKind(360);
    pub const DUP2: EventKind = EventKind(363);
    pub const DUP3: EventKind = EventKind(365);
    pub const DUP: EventKind = EventKind(367);
    pub const BPF: EventKind = EventKind(369);
    pub const MLOCK2: EventKind = EventKind(371);
    pub const FSCONFIG: EventKind = EventKind(373);
    pub const EPOLL_CREATE: EventKind = EventKind(375);
    pub const EPOLL_CREATE1: EventKind = EventKind(377);
    pub const CHOWN: EventKind = EventKind(379);
    pub const LCHOWN: EventKind = EventKind(381);
    pub const FCHOWN: EventKind = EventKind(383);
    pub const FCHOWNAT: EventKind = EventKind(385);
    pub const UMOUNT: EventKind = EventKind(387);
    pub const ACCEPT4: EventKind = EventKind(389);
    pub const UMOUNT2: EventKind = EventKind(391);
    pub const PIPE2: EventKind = EventKind(393);
    pub const INOTIFY_INIT1: EventKind = EventKind(395);
    pub const EVENTFD2: EventKind = EventKind(397);
    pub const SIGNALFD4: EventKind = EventKind(399);
    pub const PRCTL: EventKind = EventKind(401);
    pub const ASYNCEVENT: EventKind = EventKind(402);
    pub const MEMFD_CREATE: EventKind = EventKind(405);
    pub const PIDFD_GETFD: EventKind = EventKind(407);
    pub const PIDFD_OPEN: EventKind = EventKind(409);
    pub const INIT_MODULE: EventKind = EventKind(411);
    pub const FINIT_MODULE: EventKind = EventKind(413);
    pub const MKNOD: EventKind = EventKind(415);
    pub const MKNODAT: EventKind = EventKind(417);
    pub const NEWFSTATAT: EventKind = EventKind(419);
    pub const PROCESS_VM_READV: EventKind = EventKind(421);
    pub const PROCESS_VM_WRITEV: EventKind = EventKind(423);
    pub const DELETE_MODULE: EventKind = EventKind(425);
    pub const SETREUID: EventKind = EventKind(427);
    pub const SETREGID: EventKind = EventKind(429);
    pub const TASK: EventKind = EventKind(430);
    pub const TASK_FILE_PIPE: EventKind = EventKind(432);
    pub const TASK_FILE_MEMFD: EventKind = EventKind(434);
    pub const TASK_FILE_REGULAR: EventKind = EventKind(436);
    pub const TASK_FILE_DIRECTORY: EventKind = EventKind(438);
    pub const TASK_FILE_SOCKET_INET: EventKind = EventKind(440);
    pub const TASK_FILE_SOCKET_INET6: EventKind = EventKind(442);
    pub const TASK_FILE_SOCKET_UNIX: EventKind = EventKind(444);
    pub const TASK_FILE_SOCKET_NETLINK: EventKind = EventKind(446);
    pub const TASK_FILE_ANON_INODE: EventKind = EventKind(448);
    pub const CLOSE_RANGE: EventKind = EventKind(451);
    pub const KEYCTL: EventKind = EventKind(453);
}

/// Every event kind, ordered by number.
#[rustfmt::skip]
pub static EVENTS: &[EventInfo] = &[
    event(EventKind::SYSCALL, "syscall", Category::Other, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("ID", ParamType::SyscallId, PrintFormat::Dec, None),
        param("nativeID", ParamType::Uint16, PrintFormat::Dec, None),
    ]),
    event(EventKind::OPEN, "open", Category::File, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("name", ParamType::FsPath, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("mode", ParamType::Uint32, PrintFormat::Oct, None),
        param("dev", ParamType::Uint32, PrintFormat::Hex, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::CLOSE, "close", Category::IoOther, EventSource::Syscall, EventFlags::DESTROYS_FD.with(EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
    ]),
    event(EventKind::READ, "read", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::WRITE, "write", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SOCKET, "socket", Category::Net, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("domain", ParamType::EnumFlags32, PrintFormat::Dec, Some(&flags::SOCKET_FAMILIES)),
        param("type", ParamType::Uint32, PrintFormat::Dec, None),
        param("proto", ParamType::Uint32, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
    ]),
    event(EventKind::BIND, "bind", Category::Net, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::SockAddr, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
    ]),
    event(EventKind::CONNECT, "connect", Category::Net, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("addr", ParamType::SockAddr, PrintFormat::Na, None),
    ]),
    event(EventKind::LISTEN, "listen", Category::Net, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("backlog", ParamType::Int32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SEND, "send", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
    ]),
    event(EventKind::SENDTO, "sendto", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
    ]),
    event(EventKind::RECV, "recv", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
    ]),
    event(EventKind::RECVFROM, "recvfrom", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SHUTDOWN, "shutdown", Category::Net, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("how", ParamType::EnumFlags8, PrintFormat::Hex, Some(&flags::SHUTDOWN_HOW)),
    ]),
    event(EventKind::GETSOCKNAME, "getsockname", Category::Net, EventSource::Syscall, EventFlags::empty(), &[
    ]),
    event(EventKind::GETPEERNAME, "getpeername", Category::Net, EventSource::Syscall, EventFlags::empty(), &[
    ]),
    event(EventKind::SOCKETPAIR, "socketpair", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd1", ParamType::Fd, PrintFormat::Dec, None),
        param("fd2", ParamType::Fd, PrintFormat::Dec, None),
        param("source", ParamType::Uint64, PrintFormat::Hex, None),
        param("peer", ParamType::Uint64, PrintFormat::Hex, None),
        param("domain", ParamType::EnumFlags32, PrintFormat::Dec, Some(&flags::SOCKET_FAMILIES)),
        param("type", ParamType::Uint32, PrintFormat::Dec, None),
        param("proto", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SETSOCKOPT, "setsockopt", Category::Net, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("level", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::SOCKOPT_LEVELS)),
        param("optname", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::SOCKOPT_OPTIONS)),
        param("val", ParamType::Dyn, PrintFormat::Dec, None),
        param("optlen", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETSOCKOPT, "getsockopt", Category::Net, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("level", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::SOCKOPT_LEVELS)),
        param("optname", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::SOCKOPT_OPTIONS)),
        param("val", ParamType::Dyn, PrintFormat::Dec, None),
        param("optlen", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SENDMSG, "sendmsg", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
    ]),
    event(EventKind::SENDMMSG, "sendmmsg", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
    ]),
    event(EventKind::RECVMSG, "recvmsg", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
        param("msgcontrol", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
    ]),
    event(EventKind::RECVMMSG, "recvmmsg", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD.with(EventFlags::MODIFIES_STATE)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
        param("msgcontrol", ParamType::ByteBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::CREAT, "creat", Category::File, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("name", ParamType::FsPath, PrintFormat::Na, None),
        param("mode", ParamType::Uint32, PrintFormat::Oct, None),
        param("dev", ParamType::Uint32, PrintFormat::Hex, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
        param("creat_flags", ParamType::Flags16, PrintFormat::Hex, Some(&flags::CREAT_FLAGS)),
    ]),
    event(EventKind::PIPE, "pipe", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd1", ParamType::Fd, PrintFormat::Dec, None),
        param("fd2", ParamType::Fd, PrintFormat::Dec, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::EVENTFD, "eventfd", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("initval", ParamType::Uint64, PrintFormat::Dec, None),
        param("flags", ParamType::Uint32, PrintFormat::Hex, None),
    ]),
    event(EventKind::FUTEX, "futex", Category::Ipc, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("op", ParamType::Flags16, PrintFormat::Hex, Some(&flags::FUTEX_OPERATIONS)),
        param("val", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::STAT, "stat", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::LSTAT, "lstat", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::FSTAT, "fstat", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Na, None),
    ]),
    event(EventKind::STAT64, "stat64", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::LSTAT64, "lstat64", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::FSTAT64, "fstat64", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
    ]),
    event(EventKind::EPOLL_WAIT, "epoll_wait", Category::Unknown, EventSource::Syscall, EventFlags::WAITS.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("maxevents", ParamType::Errno, PrintFormat::Dec, None),
    ]),
    event(EventKind::POLL, "poll", Category::Unknown, EventSource::Syscall, EventFlags::WAITS.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fds", ParamType::FdList, PrintFormat::Dec, None),
        param("timeout", ParamType::Int64, PrintFormat::Dec, None),
    ]),
    event(EventKind::SELECT, "select", Category::Unknown, EventSource::Syscall, EventFlags::WAITS, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
    ]),
    event(EventKind::LSEEK, "lseek", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("offset", ParamType::Uint64, PrintFormat::Dec, None),
        param("whence", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::LSEEK_WHENCE)),
    ]),
    event(EventKind::LLSEEK, "llseek", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("offset", ParamType::Uint64, PrintFormat::Dec, None),
        param("whence", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::LSEEK_WHENCE)),
    ]),
    event(EventKind::GETCWD, "getcwd", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::CHDIR, "chdir", Category::File, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::FCHDIR, "fchdir", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Na, None),
    ]),
    event(EventKind::PREAD, "pread", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("pos", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::PWRITE, "pwrite", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("pos", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::READV, "readv", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
    ]),
    event(EventKind::WRITEV, "writev", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::PREADV, "preadv", Category::IoRead, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("pos", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::PWRITEV, "pwritev", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::WRITES_TO_FD).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint32, PrintFormat::Dec, None),
        param("pos", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::SIGNALFD, "signalfd", Category::Signal, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("mask", ParamType::Uint32, PrintFormat::Hex, None),
        param("flags", ParamType::Uint8, PrintFormat::Hex, None),
    ]),
    event(EventKind::KILL, "kill", Category::Signal, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("sig", ParamType::SigType, PrintFormat::Dec, None),
    ]),
    event(EventKind::TKILL, "tkill", Category::Signal, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("sig", ParamType::SigType, PrintFormat::Dec, None),
    ]),
    event(EventKind::TGKILL, "tgkill", Category::Signal, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("sig", ParamType::SigType, PrintFormat::Dec, None),
    ]),
    event(EventKind::NANOSLEEP, "nanosleep", Category::Sleep, EventSource::Syscall, EventFlags::WAITS.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("interval", ParamType::RelTime, PrintFormat::Dec, None),
    ]),
    event(EventKind::TIMERFD_CREATE, "timerfd_create", Category::Time, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("clockid", ParamType::Uint8, PrintFormat::Dec, None),
        param("flags", ParamType::Uint8, PrintFormat::Hex, None),
    ]),
    event(EventKind::INOTIFY_INIT, "inotify_init", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Uint8, PrintFormat::Hex, None),
    ]),
    event(EventKind::GETRLIMIT, "getrlimit", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("cur", ParamType::Int64, PrintFormat::Dec, None),
        param("max", ParamType::Int64, PrintFormat::Dec, None),
        param("resource", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::RLIMIT_RESOURCES)),
    ]),
    event(EventKind::SETRLIMIT, "setrlimit", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("cur", ParamType::Int64, PrintFormat::Dec, None),
        param("max", ParamType::Int64, PrintFormat::Dec, None),
        param("resource", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::RLIMIT_RESOURCES)),
    ]),
    event(EventKind::PRLIMIT, "prlimit", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("newcur", ParamType::Int64, PrintFormat::Dec, None),
        param("newmax", ParamType::Int64, PrintFormat::Dec, None),
        param("oldcur", ParamType::Int64, PrintFormat::Dec, None),
        param("oldmax", ParamType::Int64, PrintFormat::Dec, None),
        param("pid", ParamType::Int64, PrintFormat::Dec, None),
        param("resource", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::RLIMIT_RESOURCES)),
    ]),
    event(EventKind::DROP, "drop", Category::Unknown, EventSource::Meta, EventFlags::empty(), &[
        param("ratio", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::FCNTL, "fcntl", Category::IoOther, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("cmd", ParamType::EnumFlags8, PrintFormat::Dec, Some(&flags::FCNTL_COMMANDS)),
        param("arg", ParamType::Uint64, PrintFormat::Hex, None),
    ]),
    event(EventKind::SWITCH, "switch", Category::Unknown, EventSource::Tracepoint, EventFlags::empty(), &[
        param("next", ParamType::Pid, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::BRK, "brk", Category::Memory, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Uint64, PrintFormat::Hex, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
    ]),
    event(EventKind::MMAP, "mmap", Category::Memory, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Hex, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("length", ParamType::Uint64, PrintFormat::Dec, None),
        param("prot", ParamType::Flags32, PrintFormat::Hex, Some(&flags::PROT_FLAGS)),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::MMAP_FLAGS)),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("offset", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::MMAP2, "mmap2", Category::Memory, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Hex, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("length", ParamType::Uint64, PrintFormat::Dec, None),
        param("prot", ParamType::Flags32, PrintFormat::Hex, Some(&flags::PROT_FLAGS)),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::MMAP_FLAGS)),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("pgoffset", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::MUNMAP, "munmap", Category::Memory, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("length", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::SPLICE, "splice", Category::IoOther, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd_in", ParamType::Fd, PrintFormat::Dec, None),
        param("fd_out", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint64, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::SPLICE_FLAGS)),
    ]),
    event(EventKind::PTRACE, "ptrace", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::Dyn, PrintFormat::Hex, None),
        param("data", ParamType::Dyn, PrintFormat::Hex, None),
        param("request", ParamType::EnumFlags16, PrintFormat::Dec, Some(&flags::PTRACE_REQUESTS)),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
    ]),
    event(EventKind::IOCTL, "ioctl", Category::IoOther, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("request", ParamType::Uint64, PrintFormat::Hex, None),
        param("argument", ParamType::Uint64, PrintFormat::Hex, None),
    ]),
    event(EventKind::RENAME, "rename", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("oldpath", ParamType::FsPath, PrintFormat::Na, None),
        param("newpath", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::RENAMEAT, "renameat", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("olddirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("oldpath", 1),
        param("newdirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("newpath", 3),
    ]),
    event(EventKind::SYMLINK, "symlink", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("target", ParamType::CharBuf, PrintFormat::Na, None),
        param("linkpath", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::SYMLINKAT, "symlinkat", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("target", ParamType::CharBuf, PrintFormat::Na, None),
        param("linkdirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("linkpath", 2),
    ]),
    event(EventKind::PROCEXIT, "procexit", Category::Process, EventSource::Tracepoint, EventFlags::MODIFIES_STATE, &[
        param("status", ParamType::Errno, PrintFormat::Dec, None),
        param("ret", ParamType::Errno, PrintFormat::Dec, None),
        param("sig", ParamType::SigType, PrintFormat::Dec, None),
        param("core", ParamType::Uint8, PrintFormat::Dec, None),
        param("reaper_tid", ParamType::Pid, PrintFormat::Dec, None),
    ]),
    event(EventKind::SENDFILE, "sendfile", Category::IoWrite, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("offset", ParamType::Uint64, PrintFormat::Dec, None),
        param("out_fd", ParamType::Fd, PrintFormat::Dec, None),
        param("in_fd", ParamType::Fd, PrintFormat::Dec, None),
        param("size", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::QUOTACTL, "quotactl", Category::User, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("special", ParamType::CharBuf, PrintFormat::Na, None),
        param("quotafilepath", ParamType::CharBuf, PrintFormat::Na, None),
        param("dqb_bhardlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("dqb_bsoftlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("dqb_curspace", ParamType::Uint64, PrintFormat::Dec, None),
        param("dqb_ihardlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("dqb_isoftlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("dqb_btime", ParamType::RelTime, PrintFormat::Dec, None),
        param("dqb_itime", ParamType::RelTime, PrintFormat::Dec, None),
        param("dqi_bgrace", ParamType::RelTime, PrintFormat::Dec, None),
        param("dqi_igrace", ParamType::RelTime, PrintFormat::Dec, None),
        param("dqi_flags", ParamType::Flags8, PrintFormat::Dec, Some(&flags::QUOTACTL_DQI_FLAGS)),
        param("quota_fmt_out", ParamType::Flags8, PrintFormat::Dec, Some(&flags::QUOTACTL_QUOTA_FMTS)),
        param("cmd", ParamType::Flags16, PrintFormat::Dec, Some(&flags::QUOTACTL_CMDS)),
        param("type", ParamType::Flags8, PrintFormat::Dec, Some(&flags::QUOTACTL_TYPES)),
        param("id", ParamType::Uint32, PrintFormat::Dec, None),
        param("quota_fmt", ParamType::Flags8, PrintFormat::Dec, Some(&flags::QUOTACTL_QUOTA_FMTS)),
    ]),
    event(EventKind::SETRESUID, "setresuid", Category::User, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("ruid", ParamType::Uid, PrintFormat::Dec, None),
        param("euid", ParamType::Uid, PrintFormat::Dec, None),
        param("suid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::SETRESGID, "setresgid", Category::User, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("rgid", ParamType::Gid, PrintFormat::Dec, None),
        param("egid", ParamType::Gid, PrintFormat::Dec, None),
        param("sgid", ParamType::Gid, PrintFormat::Dec, None),
    ]),
    event(EventKind::SCAPEVENT, "scapevent", Category::Unknown, EventSource::Meta, EventFlags::empty(), &[
        param("event_type", ParamType::Uint32, PrintFormat::Dec, None),
        param("event_data", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::SETUID, "setuid", Category::User, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("uid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::SETGID, "setgid", Category::User, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("gid", ParamType::Gid, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETUID, "getuid", Category::User, EventSource::Syscall, EventFlags::empty(), &[
        param("uid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETEUID, "geteuid", Category::User, EventSource::Syscall, EventFlags::empty(), &[
        param("euid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETGID, "getgid", Category::User, EventSource::Syscall, EventFlags::empty(), &[
        param("gid", ParamType::Gid, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETEGID, "getegid", Category::User, EventSource::Syscall, EventFlags::empty(), &[
        param("egid", ParamType::Gid, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETRESUID, "getresuid", Category::User, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("ruid", ParamType::Uid, PrintFormat::Dec, None),
        param("euid", ParamType::Uid, PrintFormat::Dec, None),
        param("suid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETRESGID, "getresgid", Category::User, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("rgid", ParamType::Gid, PrintFormat::Dec, None),
        param("egid", ParamType::Gid, PrintFormat::Dec, None),
        param("sgid", ParamType::Gid, PrintFormat::Dec, None),
    ]),
    event(EventKind::CLONE, "clone", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Pid, PrintFormat::Dec, None),
        param("exe", ParamType::CharBuf, PrintFormat::Na, None),
        param("args", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("ptid", ParamType::Pid, PrintFormat::Dec, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Int64, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("cgroups", ParamType::ByteBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLONE_FLAGS)),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("vtid", ParamType::Pid, PrintFormat::Dec, None),
        param("vpid", ParamType::Pid, PrintFormat::Dec, None),
        param("pidns_init_start_ts", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::FORK, "fork", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Pid, PrintFormat::Dec, None),
        param("exe", ParamType::CharBuf, PrintFormat::Na, None),
        param("args", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("ptid", ParamType::Pid, PrintFormat::Dec, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Int64, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("cgroups", ParamType::ByteBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLONE_FLAGS)),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("vtid", ParamType::Pid, PrintFormat::Dec, None),
        param("vpid", ParamType::Pid, PrintFormat::Dec, None),
        param("pidns_init_start_ts", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::VFORK, "vfork", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Pid, PrintFormat::Dec, None),
        param("exe", ParamType::CharBuf, PrintFormat::Na, None),
        param("args", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("ptid", ParamType::Pid, PrintFormat::Dec, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Int64, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("cgroups", ParamType::ByteBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLONE_FLAGS)),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("vtid", ParamType::Pid, PrintFormat::Dec, None),
        param("vpid", ParamType::Pid, PrintFormat::Dec, None),
        param("pidns_init_start_ts", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::SIGNALDELIVER, "signaldeliver", Category::Signal, EventSource::Tracepoint, EventFlags::empty(), &[
        param("spid", ParamType::Pid, PrintFormat::Dec, None),
        param("dpid", ParamType::Pid, PrintFormat::Dec, None),
        param("sig", ParamType::SigType, PrintFormat::Dec, None),
    ]),
    event(EventKind::PROCINFO, "procinfo", Category::Unknown, EventSource::Meta, EventFlags::empty(), &[
        param("cpu_usr", ParamType::Uint64, PrintFormat::Dec, None),
        param("cpu_sys", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::GETDENTS, "getdents", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Na, None),
    ]),
    event(EventKind::GETDENTS64, "getdents64", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Na, None),
    ]),
    event(EventKind::SETNS, "setns", Category::Process, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Na, None),
        param("nstype", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLONE_FLAGS)),
    ]),
    event(EventKind::FLOCK, "flock", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Na, None),
        param("operation", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FLOCK_FLAGS)),
    ]),
    event(EventKind::CPU_HOTPLUG, "cpu_hotplug", Category::System, EventSource::Meta, EventFlags::MODIFIES_STATE, &[
        param("cpu", ParamType::Uint32, PrintFormat::Dec, None),
        param("action", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::ACCEPT, "accept", Category::Net, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
        param("queuepct", ParamType::Uint8, PrintFormat::Dec, None),
        param("queuelen", ParamType::Uint32, PrintFormat::Dec, None),
        param("queuemax", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SEMOP, "semop", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("nsops", ParamType::Uint32, PrintFormat::Dec, None),
        param("sem_num_0", ParamType::Uint16, PrintFormat::Dec, None),
        param("sem_op_0", ParamType::Int16, PrintFormat::Dec, None),
        param("sem_flg_0", ParamType::Flags16, PrintFormat::Hex, Some(&flags::SEMOP_FLAGS)),
        param("sem_num_1", ParamType::Uint16, PrintFormat::Dec, None),
        param("sem_op_1", ParamType::Int16, PrintFormat::Dec, None),
        param("sem_flg_1", ParamType::Flags16, PrintFormat::Hex, Some(&flags::SEMOP_FLAGS)),
        param("semid", ParamType::Int32, PrintFormat::Dec, None),
    ]),
    event(EventKind::SEMCTL, "semctl", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("semid", ParamType::Int32, PrintFormat::Dec, None),
        param("semnum", ParamType::Int32, PrintFormat::Dec, None),
        param("cmd", ParamType::Flags16, PrintFormat::Hex, Some(&flags::SEMCTL_COMMANDS)),
        param("val", ParamType::Int32, PrintFormat::Dec, None),
    ]),
    event(EventKind::PPOLL, "ppoll", Category::Unknown, EventSource::Syscall, EventFlags::WAITS.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fds", ParamType::FdList, PrintFormat::Dec, None),
        param("timeout", ParamType::RelTime, PrintFormat::Dec, None),
        param("sigmask", ParamType::SigSet, PrintFormat::Dec, None),
    ]),
    event(EventKind::MOUNT, "mount", Category::File, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dev", ParamType::CharBuf, PrintFormat::Na, None),
        param("dir", ParamType::FsPath, PrintFormat::Na, None),
        param("type", ParamType::CharBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::MOUNT_FLAGS)),
    ]),
    event(EventKind::SEMGET, "semget", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("key", ParamType::Int32, PrintFormat::Hex, None),
        param("nsems", ParamType::Int32, PrintFormat::Dec, None),
        param("semflg", ParamType::Flags32, PrintFormat::Hex, Some(&flags::SEMGET_FLAGS)),
    ]),
    event(EventKind::ACCESS, "access", Category::File, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("name", ParamType::FsPath, PrintFormat::Na, None),
        param("mode", ParamType::Flags32, PrintFormat::Hex, Some(&flags::ACCESS_FLAGS)),
    ]),
    event(EventKind::CHROOT, "chroot", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::SETSID, "setsid", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Pid, PrintFormat::Dec, None),
    ]),
    event(EventKind::MKDIR, "mkdir", Category::File, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("mode", ParamType::Uint32, PrintFormat::Hex, None),
    ]),
    event(EventKind::RMDIR, "rmdir", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::NOTIFICATION, "notification", Category::Other, EventSource::Meta, EventFlags::empty(), &[
        param("id", ParamType::CharBuf, PrintFormat::Dec, None),
        param("desc", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::UNSHARE, "unshare", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLONE_FLAGS)),
    ]),
    event(EventKind::INFRA, "infra", Category::Unknown, EventSource::Meta, EventFlags::empty(), &[
        param("source", ParamType::CharBuf, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("description", ParamType::CharBuf, PrintFormat::Na, None),
        param("scope", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::PAGE_FAULT, "page_fault", Category::Other, EventSource::Tracepoint, EventFlags::empty(), &[
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("ip", ParamType::Uint64, PrintFormat::Hex, None),
        param("error", ParamType::Flags32, PrintFormat::Hex, Some(&flags::PF_FLAGS)),
    ]),
    event(EventKind::EXECVE, "execve", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("exe", ParamType::CharBuf, PrintFormat::Na, None),
        param("args", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("ptid", ParamType::Pid, PrintFormat::Dec, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("cgroups", ParamType::ByteBuf, PrintFormat::Na, None),
        param("env", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tty", ParamType::Uint32, PrintFormat::Dec, None),
        param("vpgid", ParamType::Pid, PrintFormat::Dec, None),
        param("loginuid", ParamType::Uid, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::EXECVE_FLAGS)),
        param("cap_inheritable", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_permitted", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_effective", ParamType::Uint64, PrintFormat::Hex, None),
        param("exe_ino", ParamType::Uint64, PrintFormat::Dec, None),
        param("exe_ino_ctime", ParamType::AbsTime, PrintFormat::Dec, None),
        param("exe_ino_mtime", ParamType::AbsTime, PrintFormat::Dec, None),
        param("uid", ParamType::Uid, PrintFormat::Dec, None),
        param("trusted_exepath", ParamType::FsPath, PrintFormat::Na, None),
        param("pgid", ParamType::Pid, PrintFormat::Na, None),
        param("gid", ParamType::Gid, PrintFormat::Dec, None),
        param("filename", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::SETPGID, "setpgid", Category::Process, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("pgid", ParamType::Pid, PrintFormat::Dec, None),
    ]),
    event(EventKind::SECCOMP, "seccomp", Category::Other, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("op", ParamType::Uint64, PrintFormat::Dec, None),
        param("flags", ParamType::Uint64, PrintFormat::Hex, None),
    ]),
    event(EventKind::UNLINK, "unlink", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::UNLINKAT, "unlinkat", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("name", 1),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::UNLINKAT_FLAGS)),
    ]),
    event(EventKind::MKDIRAT, "mkdirat", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("path", 1),
        param("mode", ParamType::Uint32, PrintFormat::Hex, None),
    ]),
    event(EventKind::OPENAT, "openat", Category::File, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("name", 1),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("mode", ParamType::Uint32, PrintFormat::Oct, None),
        param("dev", ParamType::Uint32, PrintFormat::Hex, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::LINK, "link", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("oldpath", ParamType::FsPath, PrintFormat::Na, None),
        param("newpath", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::LINKAT, "linkat", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("olddir", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("oldpath", 1),
        param("newdir", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("newpath", 3),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::LINKAT_FLAGS)),
    ]),
    event(EventKind::FCHMODAT, "fchmodat", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("filename", 1),
        param("mode", ParamType::Mode, PrintFormat::Oct, Some(&flags::CHMOD_MODE)),
    ]),
    event(EventKind::CHMOD, "chmod", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("filename", ParamType::FsPath, PrintFormat::Na, None),
        param("mode", ParamType::Mode, PrintFormat::Oct, Some(&flags::CHMOD_MODE)),
    ]),
    event(EventKind::FCHMOD, "fchmod", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("mode", ParamType::Mode, PrintFormat::Oct, Some(&flags::CHMOD_MODE)),
    ]),
    event(EventKind::RENAMEAT2, "renameat2", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("olddirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("oldpath", 1),
        param("newdirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("newpath", 3),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::RENAMEAT2_FLAGS)),
    ]),
    event(EventKind::USERFAULTFD, "userfaultfd", Category::File, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
    ]),
    event(EventKind::PLUGINEVENT, "pluginevent", Category::Other, EventSource::Plugin, EventFlags::LARGE_PAYLOAD, &[
        param("plugin_id", ParamType::Uint32, PrintFormat::Dec, None),
        param("event_data", ParamType::ByteBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::CONTAINER, "container", Category::Process, EventSource::Meta, EventFlags::MODIFIES_STATE.with(EventFlags::LARGE_PAYLOAD), &[
        param("json", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::OPENAT2, "openat2", Category::File, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("name", 1),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("mode", ParamType::Uint32, PrintFormat::Oct, None),
        param("resolve", ParamType::Flags32, PrintFormat::Hex, Some(&flags::OPENAT2_FLAGS)),
        param("dev", ParamType::Uint32, PrintFormat::Hex, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::MPROTECT, "mprotect", Category::Memory, EventSource::Syscall, EventFlags::CONVERTER_MANAGED, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("length", ParamType::Uint64, PrintFormat::Dec, None),
        param("prot", ParamType::Flags32, PrintFormat::Hex, Some(&flags::PROT_FLAGS)),
    ]),
    event(EventKind::EXECVEAT, "execveat", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("exe", ParamType::CharBuf, PrintFormat::Na, None),
        param("args", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("ptid", ParamType::Pid, PrintFormat::Dec, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("cgroups", ParamType::ByteBuf, PrintFormat::Na, None),
        param("env", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tty", ParamType::Uint32, PrintFormat::Dec, None),
        param("vpgid", ParamType::Pid, PrintFormat::Dec, None),
        param("loginuid", ParamType::Uid, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::EXECVE_FLAGS)),
        param("cap_inheritable", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_permitted", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_effective", ParamType::Uint64, PrintFormat::Hex, None),
        param("exe_ino", ParamType::Uint64, PrintFormat::Dec, None),
        param("exe_ino_ctime", ParamType::AbsTime, PrintFormat::Dec, None),
        param("exe_ino_mtime", ParamType::AbsTime, PrintFormat::Dec, None),
        param("uid", ParamType::Uid, PrintFormat::Dec, None),
        param("trusted_exepath", ParamType::FsPath, PrintFormat::Na, None),
        param("pgid", ParamType::Pid, PrintFormat::Na, None),
        param("gid", ParamType::Gid, PrintFormat::Dec, None),
    ]),
    event(EventKind::COPY_FILE_RANGE, "copy_file_range", Category::File, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD.with(EventFlags::WRITES_TO_FD)).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fdout", ParamType::Fd, PrintFormat::Dec, None),
        param("offout", ParamType::Uint64, PrintFormat::Dec, None),
        param("fdin", ParamType::Fd, PrintFormat::Dec, None),
        param("offin", ParamType::Uint64, PrintFormat::Dec, None),
        param("len", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::CLONE3, "clone3", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Pid, PrintFormat::Dec, None),
        param("exe", ParamType::CharBuf, PrintFormat::Na, None),
        param("args", ParamType::ByteBuf, PrintFormat::Na, None),
        param("tid", ParamType::Pid, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("ptid", ParamType::Pid, PrintFormat::Dec, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Int64, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("cgroups", ParamType::ByteBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLONE_FLAGS)),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("vtid", ParamType::Pid, PrintFormat::Dec, None),
        param("vpid", ParamType::Pid, PrintFormat::Dec, None),
        param("pidns_init_start_ts", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::OPEN_BY_HANDLE_AT, "open_by_handle_at", Category::File, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("mountfd", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("dev", ParamType::Uint32, PrintFormat::Hex, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::IO_URING_SETUP, "io_uring_setup", Category::IoOther, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("entries", ParamType::Uint32, PrintFormat::Dec, None),
        param("sq_entries", ParamType::Uint32, PrintFormat::Dec, None),
        param("cq_entries", ParamType::Uint32, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::IO_URING_SETUP_FLAGS)),
        param("sq_thread_cpu", ParamType::Uint32, PrintFormat::Dec, None),
        param("sq_thread_idle", ParamType::Uint32, PrintFormat::Dec, None),
        param("features", ParamType::Flags32, PrintFormat::Hex, Some(&flags::IO_URING_SETUP_FEATS)),
    ]),
    event(EventKind::IO_URING_ENTER, "io_uring_enter", Category::IoOther, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("to_submit", ParamType::Uint32, PrintFormat::Dec, None),
        param("min_complete", ParamType::Uint32, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::IO_URING_ENTER_FLAGS)),
        param("sig", ParamType::SigSet, PrintFormat::Dec, None),
    ]),
    event(EventKind::IO_URING_REGISTER, "io_uring_register", Category::IoOther, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("opcode", ParamType::EnumFlags16, PrintFormat::Dec, Some(&flags::IO_URING_REGISTER_OPCODES)),
        param("arg", ParamType::Uint64, PrintFormat::Hex, None),
        param("nr_args", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::MLOCK, "mlock", Category::Memory, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("len", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::MUNLOCK, "munlock", Category::Memory, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("len", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::MLOCKALL, "mlockall", Category::Memory, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::MLOCKALL_FLAGS)),
    ]),
    event(EventKind::MUNLOCKALL, "munlockall", Category::Memory, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
    ]),
    event(EventKind::CAPSET, "capset", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("cap_inheritable", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_permitted", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_effective", ParamType::Uint64, PrintFormat::Hex, None),
    ]),
    event(EventKind::USERADDED, "useradded", Category::Process, EventSource::Meta, EventFlags::MODIFIES_STATE, &[
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("home", ParamType::CharBuf, PrintFormat::Na, None),
        param("shell", ParamType::CharBuf, PrintFormat::Na, None),
        param("container_id", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::USERDELETED, "userdeleted", Category::Process, EventSource::Meta, EventFlags::MODIFIES_STATE, &[
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("home", ParamType::CharBuf, PrintFormat::Na, None),
        param("shell", ParamType::CharBuf, PrintFormat::Na, None),
        param("container_id", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::GROUPADDED, "groupadded", Category::Process, EventSource::Meta, EventFlags::MODIFIES_STATE, &[
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("container_id", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::GROUPDELETED, "groupdeleted", Category::Process, EventSource::Meta, EventFlags::MODIFIES_STATE, &[
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("container_id", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::DUP2, "dup2", Category::IoOther, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE)), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("oldfd", ParamType::Fd, PrintFormat::Dec, None),
        param("newfd", ParamType::Fd, PrintFormat::Dec, None),
    ]),
    event(EventKind::DUP3, "dup3", Category::IoOther, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE)), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("oldfd", ParamType::Fd, PrintFormat::Dec, None),
        param("newfd", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
    ]),
    event(EventKind::DUP, "dup", Category::IoOther, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::USES_FD.with(EventFlags::MODIFIES_STATE)), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("oldfd", ParamType::Fd, PrintFormat::Dec, None),
    ]),
    event(EventKind::BPF, "bpf", Category::Other, EventSource::Syscall, EventFlags::CREATES_FD, &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("cmd", ParamType::EnumFlags32, PrintFormat::Dec, Some(&flags::BPF_COMMANDS)),
    ]),
    event(EventKind::MLOCK2, "mlock2", Category::Memory, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("addr", ParamType::Uint64, PrintFormat::Hex, None),
        param("len", ParamType::Uint64, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::MLOCK2_FLAGS)),
    ]),
    event(EventKind::FSCONFIG, "fsconfig", Category::System, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("cmd", ParamType::EnumFlags32, PrintFormat::Dec, Some(&flags::FSCONFIG_CMDS)),
        param("key", ParamType::CharBuf, PrintFormat::Na, None),
        param("value_bytebuf", ParamType::ByteBuf, PrintFormat::Na, None),
        param("value_charbuf", ParamType::CharBuf, PrintFormat::Na, None),
        param("aux", ParamType::Int32, PrintFormat::Dec, None),
    ]),
    event(EventKind::EPOLL_CREATE, "epoll_create", Category::Unknown, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("size", ParamType::Int32, PrintFormat::Dec, None),
    ]),
    event(EventKind::EPOLL_CREATE1, "epoll_create1", Category::Unknown, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::EPOLL_CREATE1_FLAGS)),
    ]),
    event(EventKind::CHOWN, "chown", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::LCHOWN, "lchown", Category::File, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::FCHOWN, "fchown", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::FCHOWNAT, "fchownat", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("pathname", 1),
        param("uid", ParamType::Uint32, PrintFormat::Dec, None),
        param("gid", ParamType::Uint32, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FCHOWNAT_FLAGS)),
    ]),
    event(EventKind::UMOUNT, "umount", Category::File, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("name", ParamType::FsPath, PrintFormat::Na, None),
    ]),
    event(EventKind::ACCEPT4, "accept4", Category::Net, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("tuple", ParamType::SockTuple, PrintFormat::Na, None),
        param("queuepct", ParamType::Uint8, PrintFormat::Dec, None),
        param("queuelen", ParamType::Uint32, PrintFormat::Dec, None),
        param("queuemax", ParamType::Uint32, PrintFormat::Dec, None),
        param("flags", ParamType::Int32, PrintFormat::Hex, None),
    ]),
    event(EventKind::UMOUNT2, "umount2", Category::File, EventSource::Syscall, EventFlags::MODIFIES_STATE.with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("name", ParamType::FsPath, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::UMOUNT_FLAGS)),
    ]),
    event(EventKind::PIPE2, "pipe2", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd1", ParamType::Fd, PrintFormat::Dec, None),
        param("fd2", ParamType::Fd, PrintFormat::Dec, None),
        param("ino", ParamType::Uint64, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
    ]),
    event(EventKind::INOTIFY_INIT1, "inotify_init1", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Flags16, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
    ]),
    event(EventKind::EVENTFD2, "eventfd2", Category::Ipc, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Flags16, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("initval", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::SIGNALFD4, "signalfd4", Category::Signal, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE).with(EventFlags::CONVERTER_MANAGED), &[
        param("res", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Flags16, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("mask", ParamType::Uint32, PrintFormat::Hex, None),
    ]),
    event(EventKind::PRCTL, "prctl", Category::Process, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("option", ParamType::EnumFlags32, PrintFormat::Dec, Some(&flags::PRCTL_OPTIONS)),
        param("arg2_str", ParamType::CharBuf, PrintFormat::Na, None),
        param("arg2_int", ParamType::Int64, PrintFormat::Dec, None),
    ]),
    event(EventKind::ASYNCEVENT, "asyncevent", Category::Other, EventSource::Meta, EventFlags::LARGE_PAYLOAD, &[
        param("plugin_id", ParamType::Uint32, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::MEMFD_CREATE, "memfd_create", Category::Memory, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::MEMFD_CREATE_FLAGS)),
    ]),
    event(EventKind::PIDFD_GETFD, "pidfd_getfd", Category::Process, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("pid_fd", ParamType::Fd, PrintFormat::Dec, None),
        param("target_fd", ParamType::Fd, PrintFormat::Dec, None),
        param("flags", ParamType::Uint32, PrintFormat::Hex, None),
    ]),
    event(EventKind::PIDFD_OPEN, "pidfd_open", Category::Process, EventSource::Syscall, EventFlags::CREATES_FD.with(EventFlags::MODIFIES_STATE), &[
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::PIDFD_OPEN_FLAGS)),
    ]),
    event(EventKind::INIT_MODULE, "init_module", Category::Other, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("img", ParamType::ByteBuf, PrintFormat::Na, None),
        param("length", ParamType::Uint64, PrintFormat::Dec, None),
        param("uargs", ParamType::CharBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::FINIT_MODULE, "finit_module", Category::Other, EventSource::Syscall, EventFlags::USES_FD.with(EventFlags::READS_FROM_FD), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("fd", ParamType::Fd, PrintFormat::Dec, None),
        param("uargs", ParamType::CharBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FINIT_MODULE_FLAGS)),
    ]),
    event(EventKind::MKNOD, "mknod", Category::Other, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("mode", ParamType::Mode, PrintFormat::Oct, Some(&flags::MKNOD_MODE)),
        param("dev", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::MKNODAT, "mknodat", Category::Other, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("path", 1),
        param("mode", ParamType::Mode, PrintFormat::Oct, Some(&flags::MKNOD_MODE)),
        param("dev", ParamType::Uint32, PrintFormat::Dec, None),
    ]),
    event(EventKind::NEWFSTATAT, "newfstatat", Category::File, EventSource::Syscall, EventFlags::USES_FD, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("dirfd", ParamType::Fd, PrintFormat::Dec, None),
        relative_path("path", 1),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::NEWFSTATAT_FLAGS)),
    ]),
    event(EventKind::PROCESS_VM_READV, "process_vm_readv", Category::Ipc, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Int64, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::PROCESS_VM_WRITEV, "process_vm_writev", Category::Ipc, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Int64, PrintFormat::Dec, None),
        param("pid", ParamType::Pid, PrintFormat::Dec, None),
        param("data", ParamType::ByteBuf, PrintFormat::Na, None),
    ]),
    event(EventKind::DELETE_MODULE, "delete_module", Category::Other, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("name", ParamType::CharBuf, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::DELETE_MODULE_FLAGS)),
    ]),
    event(EventKind::SETREUID, "setreuid", Category::User, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("ruid", ParamType::Uid, PrintFormat::Dec, None),
        param("euid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::SETREGID, "setregid", Category::User, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("rgid", ParamType::Uid, PrintFormat::Dec, None),
        param("egid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK, "task", Category::Process, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("ppid", ParamType::Pid32, PrintFormat::Dec, None),
        param("pgid", ParamType::Pid32, PrintFormat::Dec, None),
        param("vpgid", ParamType::Pid32, PrintFormat::Dec, None),
        param("sid", ParamType::Pid32, PrintFormat::Dec, None),
        param("comm", ParamType::CharBuf, PrintFormat::Na, None),
        param("argv", ParamType::CharBufArray, PrintFormat::Na, None),
        param("exepath", ParamType::FsPath, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::EXECVE_FLAGS)),
        param("env", ParamType::CharBufArray, PrintFormat::Na, None),
        param("cwd", ParamType::CharBuf, PrintFormat::Na, None),
        param("fdlimit", ParamType::Uint64, PrintFormat::Dec, None),
        param("euid", ParamType::Uid, PrintFormat::Dec, None),
        param("egid", ParamType::Gid, PrintFormat::Dec, None),
        param("cap_permitted", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_effective", ParamType::Uint64, PrintFormat::Hex, None),
        param("cap_inheritable", ParamType::Uint64, PrintFormat::Hex, None),
        param("exe_ino_num", ParamType::Uint64, PrintFormat::Dec, None),
        param("exe_ino_ctime", ParamType::AbsTime, PrintFormat::Dec, None),
        param("exe_ino_mtime", ParamType::AbsTime, PrintFormat::Dec, None),
        param("vm_size", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_rss", ParamType::Uint32, PrintFormat::Dec, None),
        param("vm_swap", ParamType::Uint32, PrintFormat::Dec, None),
        param("pgft_maj", ParamType::Uint64, PrintFormat::Dec, None),
        param("pgft_min", ParamType::Uint64, PrintFormat::Dec, None),
        param("vtgid", ParamType::Pid32, PrintFormat::Dec, None),
        param("vpid", ParamType::Pid32, PrintFormat::Dec, None),
        param("pidns_init_start_ts", ParamType::Uint64, PrintFormat::Dec, None),
        param("cgroups", ParamType::CharBufArray, PrintFormat::Na, None),
        param("root", ParamType::FsPath, PrintFormat::Na, None),
        param("start_time", ParamType::AbsTime, PrintFormat::Dec, None),
        param("tty", ParamType::Uint32, PrintFormat::Dec, None),
        param("loginuid", ParamType::Uid, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_PIPE, "task_file_pipe", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_MEMFD, "task_file_memfd", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_REGULAR, "task_file_regular", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::FILE_FLAGS)),
        param("mnt_id", ParamType::Uint32, PrintFormat::Dec, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_DIRECTORY, "task_file_directory", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_SOCKET_INET, "task_file_socket_inet", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("sk_type", ParamType::Uint16, PrintFormat::Dec, None),
        param("sk_proto", ParamType::Uint16, PrintFormat::Dec, None),
        param("local_ip", ParamType::Ipv4Addr, PrintFormat::Hex, None),
        param("local_port", ParamType::Port, PrintFormat::Hex, None),
        param("remote_ip", ParamType::Ipv4Addr, PrintFormat::Hex, None),
        param("remote_port", ParamType::Port, PrintFormat::Hex, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_SOCKET_INET6, "task_file_socket_inet6", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("sk_type", ParamType::Uint16, PrintFormat::Dec, None),
        param("sk_proto", ParamType::Uint16, PrintFormat::Dec, None),
        param("local_ip", ParamType::Ipv6Addr, PrintFormat::Hex, None),
        param("local_port", ParamType::Port, PrintFormat::Hex, None),
        param("remote_ip", ParamType::Ipv6Addr, PrintFormat::Hex, None),
        param("remote_port", ParamType::Port, PrintFormat::Hex, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_SOCKET_UNIX, "task_file_socket_unix", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("sk_type", ParamType::Uint16, PrintFormat::Dec, None),
        param("sk_proto", ParamType::Uint16, PrintFormat::Dec, None),
        param("sk_pointer", ParamType::Uint64, PrintFormat::Na, None),
        param("sun_path", ParamType::FsPath, PrintFormat::Na, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_SOCKET_NETLINK, "task_file_socket_netlink", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("sk_type", ParamType::Uint16, PrintFormat::Dec, None),
        param("sk_proto", ParamType::Uint16, PrintFormat::Dec, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::TASK_FILE_ANON_INODE, "task_file_anon_inode", Category::File, EventSource::Iterator, EventFlags::MODIFIES_STATE, &[
        param("fd", ParamType::Fd32, PrintFormat::Dec, None),
        param("fd_type", ParamType::Flags8, PrintFormat::Dec, Some(&flags::ANON_INODE_FD_TYPES)),
        param("path", ParamType::FsPath, PrintFormat::Na, None),
        param("ino_num", ParamType::Uint64, PrintFormat::Dec, None),
    ]),
    event(EventKind::CLOSE_RANGE, "close_range", Category::IoOther, EventSource::Syscall, EventFlags::MODIFIES_STATE, &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("first", ParamType::Uint32, PrintFormat::Dec, None),
        param("last", ParamType::Uint32, PrintFormat::Dec, None),
        param("flags", ParamType::Flags32, PrintFormat::Hex, Some(&flags::CLOSE_RANGE_FLAGS)),
    ]),
    event(EventKind::KEYCTL, "keyctl", Category::Other, EventSource::Syscall, EventFlags::empty(), &[
        param("res", ParamType::Errno, PrintFormat::Dec, None),
        param("operation", ParamType::EnumFlags32, PrintFormat::Dec, Some(&flags::KEYCTL_OPERATIONS)),
        param("arg2", ParamType::Dyn, PrintFormat::Dec, None),
        param("arg3", ParamType::Dyn, PrintFormat::Dec, None),
        param("arg4", ParamType::Dyn, PrintFormat::Dec, None),
        param("arg5", ParamType::Dyn, PrintFormat::Dec, None),
    ]),
];
