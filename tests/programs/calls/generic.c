/*
 * Calls without an event of their own: the generic event with the call's name. Their arguments are chosen so that each is
 * refused or does nothing that outlasts this process. Left out are those that would not return, or that would leave
 * something behind: exit, exit_group, pause, rt_sigreturn, rt_sigsuspend, rt_sigtimedwait, restart_syscall, vhangup, sync,
 * alarm, msgget, shmget, reboot; wait4 and waitid, which the recording of the other families is full of; gettid.
 */
#include "calls.h"

#define GENERIC_CALLS \
	G(rt_sigaction) G(rt_sigprocmask) G(sched_yield) G(mremap) G(msync) G(mincore) G(madvise) G(shmat) G(shmctl) \
	G(getitimer) G(setitimer) G(getpid) G(uname) G(shmdt) G(msgsnd) G(msgrcv) G(msgctl) G(fsync) G(fdatasync) \
	G(truncate) G(ftruncate) G(readlink) G(umask) G(gettimeofday) G(getrusage) G(sysinfo) G(times) G(syslog) \
	G(getppid) G(getpgrp) G(getgroups) G(setgroups) G(getpgid) G(setfsuid) G(setfsgid) G(getsid) G(capget) \
	G(rt_sigpending) G(rt_sigqueueinfo) G(sigaltstack) G(utime) G(uselib) G(personality) G(ustat) G(statfs) \
	G(fstatfs) G(sysfs) G(getpriority) G(setpriority) G(sched_setparam) G(sched_getparam) G(sched_setscheduler) \
	G(sched_getscheduler) G(sched_get_priority_max) G(sched_get_priority_min) G(sched_rr_get_interval) \
	G(modify_ldt) G(pivot_root) G(_sysctl) G(arch_prctl) G(adjtimex) G(acct) G(settimeofday) G(swapon) G(swapoff) \
	G(sethostname) G(setdomainname) G(iopl) G(ioperm) G(create_module) G(get_kernel_syms) G(query_module) \
	G(nfsservctl) G(getpmsg) G(readahead) G(setxattr) \
	G(lsetxattr) G(fsetxattr) G(getxattr) G(lgetxattr) G(fgetxattr) G(listxattr) G(llistxattr) G(flistxattr) \
	G(removexattr) G(lremovexattr) G(fremovexattr) G(time) G(sched_setaffinity) G(sched_getaffinity) \
	G(set_thread_area) G(io_setup) G(io_destroy) G(io_getevents) G(io_submit) G(io_cancel) G(get_thread_area) \
	G(lookup_dcookie) G(epoll_ctl_old) G(epoll_wait_old) G(remap_file_pages) G(set_tid_address) G(semtimedop) \
	G(fadvise64) G(timer_create) G(timer_settime) G(timer_gettime) G(timer_getoverrun) G(timer_delete) \
	G(clock_settime) G(clock_gettime) G(clock_getres) G(clock_nanosleep) G(epoll_ctl) G(utimes) \
	G(mbind) G(set_mempolicy) G(get_mempolicy) G(mq_open) G(mq_unlink) G(mq_timedsend) G(mq_timedreceive) \
	G(mq_notify) G(mq_getsetattr) G(kexec_load) G(add_key) G(request_key) G(ioprio_set) G(ioprio_get) \
	G(inotify_add_watch) G(inotify_rm_watch) G(migrate_pages) G(futimesat) G(readlinkat) G(faccessat) G(pselect6) \
	G(set_robust_list) G(get_robust_list) G(tee) G(sync_file_range) G(vmsplice) G(move_pages) G(utimensat) \
	G(epoll_pwait) G(fallocate) G(timerfd_settime) G(timerfd_gettime) G(rt_tgsigqueueinfo) G(perf_event_open) \
	G(fanotify_init) G(fanotify_mark) G(name_to_handle_at) G(clock_adjtime) G(getcpu) G(kcmp) G(sched_setattr) \
	G(sched_getattr) G(getrandom) G(kexec_file_load) G(membarrier) G(preadv2) G(pwritev2) G(pkey_mprotect) \
	G(pkey_alloc) G(pkey_free) G(statx) G(io_pgetevents) G(rseq) G(pidfd_send_signal) G(open_tree) G(move_mount) \
	G(fsopen) G(fsmount) G(fspick) G(faccessat2) G(process_madvise) G(epoll_pwait2) G(mount_setattr) \
	G(quotactl_fd) G(landlock_create_ruleset) G(landlock_add_rule) G(landlock_restrict_self) G(memfd_secret) \
	G(process_mrelease) G(futex_waitv) G(set_mempolicy_home_node)

/* Numbers that no kernel ever gave a meaning; the event table has no code for them. */
#define RESERVED_CALLS \
	G(putpmsg) G(afs_syscall) G(tuxcall) G(security) G(vserver)

void generic(void)
{
	hide();
	signal(SIGSYS, SIG_IGN);
	show();
#define G(name) \
	CALL(name, -1, -1, -1, -1, -1, -1); \
	expect("syscall ID=%s nativeID=%d", #name, SYS_##name);
	GENERIC_CALLS
#undef G
#define G(name) \
	CALL(name, -1, -1, -1, -1, -1, -1); \
	expect("syscall ID=0 nativeID=%d", SYS_##name);
	RESERVED_CALLS
}
