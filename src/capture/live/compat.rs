//! 32-bit programs on x86-64: their calls, as the native calls that they are.
//!
//! The programs of the kernel side translate a 32-bit call before they look at its descriptor, so that everything after
//! knows native calls only. Calls that a 64-bit kernel reads in another layout (`mmap` with its six arguments in memory,
//! `getrlimit`, ...) are left out; the kernel side counts them where it meets them.

use super::descriptors::CALL_LIMIT;
use super::numbers::Arch;

/// No native call.
pub(super) const NO_CALL: u16 = u16::MAX;
/// `socketcall`, which stands for twenty calls.
pub(super) const SOCKETCALL: u16 = 102;

/// The calls that `socketcall` stands for, by its first argument. `send` and `recv` are `sendto` and `recvfrom` without
/// an address.
#[rustfmt::skip]
const SOCKET_CALLS: [&str; 20] = [
    "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "sendto", "recvfrom",
    "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg",
    "sendmmsg",
];

/// 32-bit calls that a 64-bit kernel reads in another layout than its own, with the native calls that they would be.
#[rustfmt::skip]
static OTHER_LAYOUT: &[(u16, &str)] = &[
    (75, "setrlimit"), (76, "getrlimit"), (82, "select"), (90, "mmap"), (131, "quotactl"), (162, "nanosleep"),
    (187, "sendfile"), (191, "getrlimit"), (309, "ppoll"), (394, "semctl"),
];

/// 32-bit calls that cannot be told, with the native calls that they would be.
pub(super) fn untold(arch: Arch) -> impl Iterator<Item = (u16, u16)> {
    let is_known = arch == Arch::X86_64;
    OTHER_LAYOUT.iter().filter(move |_| is_known).map(|&(number, name)| (number, native(name)))
}

/// Native numbers by 32-bit number, [`NO_CALL`] where there is none.
pub(super) fn native_of_compat(arch: Arch) -> [u16; CALL_LIMIT] {
    let mut natives = [NO_CALL; CALL_LIMIT];
    if arch == Arch::X86_64 {
        for &(number, name) in I386 {
            if let Some(entry) = natives.get_mut(usize::from(number)) {
                *entry = native(name);
            }
        }
    }
    natives
}

/// Native numbers by the first argument of `socketcall`, which begins with 1.
pub(super) fn native_of_socketcall(arch: Arch) -> [u16; 32] {
    let mut natives = [NO_CALL; 32];
    if arch == Arch::X86_64 {
        for (entry, name) in natives.iter_mut().skip(1).zip(SOCKET_CALLS) {
            *entry = native(name);
        }
    }
    natives
}

fn native(name: &str) -> u16 {
    Arch::X86_64.calls().iter().find(|(_, known)| *known == name).map_or(NO_CALL, |&(number, _)| number)
}

/// 32-bit numbers (the kernel's uapi header `asm/unistd_32.h`) with the names of the native calls that they are: the
/// 32-bit kernel's `chown32` is the native `chown`.
#[rustfmt::skip]
static I386: &[(u16, &str)] = &[
    (0, "restart_syscall"), (1, "exit"), (2, "fork"), (3, "read"), (4, "write"), (5, "open"), (6, "close"),
    (8, "creat"), (9, "link"), (10, "unlink"), (11, "execve"), (12, "chdir"), (13, "time"), (14, "mknod"),
    (15, "chmod"), (16, "lchown"), (19, "lseek"), (20, "getpid"), (21, "mount"), (22, "umount2"), (23, "setuid"),
    (24, "getuid"), (26, "ptrace"), (27, "alarm"), (29, "pause"), (30, "utime"), (33, "access"), (36, "sync"),
    (37, "kill"), (38, "rename"), (39, "mkdir"), (40, "rmdir"), (41, "dup"), (42, "pipe"), (43, "times"), (45, "brk"),
    (46, "setgid"), (47, "getgid"), (49, "geteuid"), (50, "getegid"), (51, "acct"), (52, "umount2"), (54, "ioctl"),
    (55, "fcntl"), (57, "setpgid"), (60, "umask"), (61, "chroot"), (62, "ustat"), (63, "dup2"), (64, "getppid"),
    (65, "getpgrp"), (66, "setsid"), (70, "setreuid"), (71, "setregid"), (74, "sethostname"), (77, "getrusage"),
    (78, "gettimeofday"), (79, "settimeofday"), (80, "getgroups"), (81, "setgroups"), (83, "symlink"),
    (85, "readlink"), (86, "uselib"), (87, "swapon"), (88, "reboot"), (91, "munmap"), (92, "truncate"),
    (93, "ftruncate"), (94, "fchmod"), (95, "fchown"), (96, "getpriority"), (97, "setpriority"), (99, "statfs"),
    (100, "fstatfs"), (101, "ioperm"), (103, "syslog"), (104, "setitimer"), (105, "getitimer"), (106, "stat"),
    (107, "lstat"), (108, "fstat"), (110, "iopl"), (111, "vhangup"), (114, "wait4"), (115, "swapoff"),
    (116, "sysinfo"), (118, "fsync"), (120, "clone"), (121, "setdomainname"), (122, "uname"), (123, "modify_ldt"),
    (124, "adjtimex"), (125, "mprotect"), (127, "create_module"), (128, "init_module"), (129, "delete_module"),
    (130, "get_kernel_syms"), (132, "getpgid"), (133, "fchdir"), (135, "sysfs"), (136, "personality"),
    (137, "afs_syscall"), (138, "setfsuid"), (139, "setfsgid"), (141, "getdents"), (143, "flock"), (144, "msync"),
    (145, "readv"), (146, "writev"), (147, "getsid"), (148, "fdatasync"), (149, "_sysctl"), (150, "mlock"),
    (151, "munlock"), (152, "mlockall"), (153, "munlockall"), (154, "sched_setparam"), (155, "sched_getparam"),
    (156, "sched_setscheduler"), (157, "sched_getscheduler"), (158, "sched_yield"), (159, "sched_get_priority_max"),
    (160, "sched_get_priority_min"), (161, "sched_rr_get_interval"), (163, "mremap"), (164, "setresuid"),
    (165, "getresuid"), (167, "query_module"), (168, "poll"), (169, "nfsservctl"), (170, "setresgid"),
    (171, "getresgid"), (172, "prctl"), (174, "rt_sigaction"), (175, "rt_sigprocmask"), (176, "rt_sigpending"),
    (177, "rt_sigtimedwait"), (178, "rt_sigqueueinfo"), (179, "rt_sigsuspend"), (180, "pread64"), (181, "pwrite64"),
    (182, "chown"), (183, "getcwd"), (184, "capget"), (185, "capset"), (186, "sigaltstack"), (188, "getpmsg"),
    (189, "putpmsg"), (190, "vfork"), (192, "mmap"), (193, "truncate"), (194, "ftruncate"), (195, "stat"),
    (196, "lstat"), (197, "fstat"), (198, "lchown"), (199, "getuid"), (200, "getgid"), (201, "geteuid"),
    (202, "getegid"), (203, "setreuid"), (204, "setregid"), (206, "setgroups"), (207, "fchown"), (208, "setresuid"),
    (209, "getresuid"), (210, "setresgid"), (211, "getresgid"), (212, "chown"), (213, "setuid"), (214, "setgid"),
    (215, "setfsuid"), (216, "setfsgid"), (217, "pivot_root"), (218, "mincore"), (219, "madvise"),
    (220, "getdents64"), (221, "fcntl"), (224, "gettid"), (225, "readahead"), (226, "setxattr"), (227, "lsetxattr"),
    (228, "fsetxattr"), (229, "getxattr"), (230, "lgetxattr"), (231, "fgetxattr"), (232, "listxattr"),
    (233, "llistxattr"), (234, "flistxattr"), (235, "removexattr"), (236, "lremovexattr"), (237, "fremovexattr"),
    (238, "tkill"), (239, "sendfile"), (240, "futex"), (241, "sched_setaffinity"), (242, "sched_getaffinity"),
    (243, "set_thread_area"), (244, "get_thread_area"), (245, "io_setup"), (246, "io_destroy"), (247, "io_getevents"),
    (248, "io_submit"), (249, "io_cancel"), (250, "fadvise64"), (252, "exit_group"), (253, "lookup_dcookie"),
    (254, "epoll_create"), (255, "epoll_ctl"), (256, "epoll_wait"), (257, "remap_file_pages"),
    (258, "set_tid_address"), (259, "timer_create"), (260, "timer_settime"), (261, "timer_gettime"),
    (262, "timer_getoverrun"), (263, "timer_delete"), (264, "clock_settime"), (265, "clock_gettime"),
    (266, "clock_getres"), (267, "clock_nanosleep"), (268, "statfs"), (269, "fstatfs"), (270, "tgkill"),
    (271, "utimes"), (273, "vserver"), (274, "mbind"), (275, "get_mempolicy"), (276, "set_mempolicy"),
    (277, "mq_open"), (278, "mq_unlink"), (279, "mq_timedsend"), (280, "mq_timedreceive"), (281, "mq_notify"),
    (282, "mq_getsetattr"), (283, "kexec_load"), (284, "waitid"), (286, "add_key"), (287, "request_key"),
    (288, "keyctl"), (289, "ioprio_set"), (290, "ioprio_get"), (291, "inotify_init"), (292, "inotify_add_watch"),
    (293, "inotify_rm_watch"), (294, "migrate_pages"), (295, "openat"), (296, "mkdirat"), (297, "mknodat"),
    (298, "fchownat"), (299, "futimesat"), (300, "newfstatat"), (301, "unlinkat"), (302, "renameat"), (303, "linkat"),
    (304, "symlinkat"), (305, "readlinkat"), (306, "fchmodat"), (307, "faccessat"), (308, "pselect6"),
    (310, "unshare"), (311, "set_robust_list"), (312, "get_robust_list"), (313, "splice"), (314, "sync_file_range"),
    (315, "tee"), (316, "vmsplice"), (317, "move_pages"), (318, "getcpu"), (319, "epoll_pwait"), (320, "utimensat"),
    (321, "signalfd"), (322, "timerfd_create"), (323, "eventfd"), (324, "fallocate"), (325, "timerfd_settime"),
    (326, "timerfd_gettime"), (327, "signalfd4"), (328, "eventfd2"), (329, "epoll_create1"), (330, "dup3"),
    (331, "pipe2"), (332, "inotify_init1"), (333, "preadv"), (334, "pwritev"), (335, "rt_tgsigqueueinfo"),
    (336, "perf_event_open"), (337, "recvmmsg"), (338, "fanotify_init"), (339, "fanotify_mark"), (340, "prlimit64"),
    (341, "name_to_handle_at"), (342, "open_by_handle_at"), (343, "clock_adjtime"), (344, "syncfs"),
    (345, "sendmmsg"), (346, "setns"), (347, "process_vm_readv"), (348, "process_vm_writev"), (349, "kcmp"),
    (350, "finit_module"), (351, "sched_setattr"), (352, "sched_getattr"), (353, "renameat2"), (354, "seccomp"),
    (355, "getrandom"), (356, "memfd_create"), (357, "bpf"), (358, "execveat"), (359, "socket"), (360, "socketpair"),
    (361, "bind"), (362, "connect"), (363, "listen"), (364, "accept4"), (365, "getsockopt"), (366, "setsockopt"),
    (367, "getsockname"), (368, "getpeername"), (369, "sendto"), (370, "sendmsg"), (371, "recvfrom"),
    (372, "recvmsg"), (373, "shutdown"), (374, "userfaultfd"), (375, "membarrier"), (376, "mlock2"),
    (377, "copy_file_range"), (378, "preadv2"), (379, "pwritev2"), (380, "pkey_mprotect"), (381, "pkey_alloc"),
    (382, "pkey_free"), (383, "statx"), (384, "arch_prctl"), (385, "io_pgetevents"), (386, "rseq"), (393, "semget"),
    (395, "shmget"), (396, "shmctl"), (397, "shmat"), (398, "shmdt"), (399, "msgget"), (400, "msgsnd"),
    (401, "msgrcv"), (402, "msgctl"), (403, "clock_gettime"), (404, "clock_settime"), (405, "clock_adjtime"),
    (412, "utimensat"), (414, "ppoll"), (417, "recvmmsg"), (422, "futex"), (424, "pidfd_send_signal"),
    (425, "io_uring_setup"), (426, "io_uring_enter"), (427, "io_uring_register"), (428, "open_tree"),
    (429, "move_mount"), (430, "fsopen"), (431, "fsconfig"), (432, "fsmount"), (433, "fspick"), (434, "pidfd_open"),
    (435, "clone3"), (436, "close_range"), (437, "openat2"), (438, "pidfd_getfd"), (439, "faccessat2"),
    (440, "process_madvise"), (441, "epoll_pwait2"), (442, "mount_setattr"), (443, "quotactl_fd"),
    (444, "landlock_create_ruleset"), (445, "landlock_add_rule"), (446, "landlock_restrict_self"),
    (447, "memfd_secret"), (448, "process_mrelease"), (449, "futex_waitv"), (450, "set_mempolicy_home_node"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_native_call() {
        assert!(I386.iter().all(|(_, name)| native(name) != NO_CALL));
        assert!(untold(Arch::X86_64).all(|(_, native)| native != NO_CALL));
        assert!(SOCKET_CALLS.iter().all(|name| native(name) != NO_CALL));
        assert!(I386.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0)));
    }

    #[test]
    fn numbers_are_translated_by_name() {
        let natives = native_of_compat(Arch::X86_64);
        let of = |number: usize| natives.get(number).copied().unwrap_or(NO_CALL);
        assert_eq!((of(5), of(11), of(102), of(295)), (native("open"), native("execve"), NO_CALL, native("openat")));
        assert_eq!((of(212), of(90)), (native("chown"), NO_CALL));
        let sockets = native_of_socketcall(Arch::X86_64);
        assert_eq!((sockets.first(), sockets.get(3)), (Some(&NO_CALL), Some(&native("connect"))));
        assert!(native_of_compat(Arch::Aarch64).iter().all(|&number| number == NO_CALL));
    }
}
