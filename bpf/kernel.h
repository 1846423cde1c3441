/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the programs need to know of the kernel: the helpers they call and the fields they read.
 *
 * Every structure holds only fields in use; the loader moves each access to where the running kernel's BTF has the
 * field (CO-RE), so order, padding and what is left out do not matter, but the types of the fields do. A structure
 * whose name has `___word` in it is the kernel's structure of the name before that, as some versions have it.
 */
#ifndef SYSREEL_KERNEL_H
#define SYSREEL_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef _Bool bool;

#define true	1
#define false	0

#define SEC(name)	__attribute__((section(name), used))
#define INLINE		static inline __attribute__((always_inline))
/* A function that the verifier checks once, on its own: its arguments are plain numbers. */
#define OWN_PROOF	__attribute__((noinline))
#define CORE		__attribute__((preserve_access_index))

/* Definitions of maps, in the form that loaders read from BTF. */
#define map_number(name, value)	int (*name)[value]
#define map_type(name, type)	type *name

#define BPF_MAP_TYPE_HASH		1
#define BPF_MAP_TYPE_ARRAY		2
#define BPF_MAP_TYPE_PERCPU_ARRAY	6
#define BPF_MAP_TYPE_LRU_HASH		9
#define BPF_MAP_TYPE_RINGBUF		27

#define BPF_ANY			0
#define BPF_RB_NO_WAKEUP	1
#define BPF_RB_FORCE_WAKEUP	2

static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u32 (*bpf_get_smp_processor_id)(void) = (void *)8;
static u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static u64 (*bpf_get_current_task)(void) = (void *)35;
static long (*bpf_probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;
static long (*bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
/* since 5.8 */
static u64 (*bpf_ktime_get_boot_ns)(void) = (void *)125;
static long (*bpf_ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
/* since 5.11 */
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;

/* Reads one field of a kernel structure; 0 if it cannot be read. */
#define get(pointer, field)								\
	({										\
		typeof((pointer)->field) value_;					\
		bpf_probe_read_kernel(&value_, sizeof(value_), &(pointer)->field);	\
		value_;									\
	})

/*
 * The same for a pointer whose type the verifier knows, if `direct` says so: such a field is read with one instruction
 * in place of a call. A pointer that is no longer good reads as 0 either way.
 */
#define look(direct, pointer, field)	((direct) ? (pointer)->field : get(pointer, field))

/* A pointer as a plain number, for sums that the verifier does not allow on a pointer whose type it knows. */
#define plain(pointer, field)								\
	({										\
		u64 number_ = 0;							\
		bpf_probe_read_kernel(&number_, sizeof(number_), &(pointer)->field);	\
		(typeof((pointer)->field))number_;					\
	})

#define FIELD_BYTE_OFFSET	0
#define FIELD_BYTE_SIZE		1
#define FIELD_EXISTS		2
#define FIELD_LSHIFT_U64	4
#define FIELD_RSHIFT_U64	5
#define VARIANT_EXISTS		0
#define VARIANT_VALUE		1
#define TYPE_EXISTS		0
#define TYPE_SIZE		1

#define field_exists(type, field)	__builtin_preserve_field_info(((type *)0)->field, FIELD_EXISTS)
#define field_size(type, field)		__builtin_preserve_field_info(((type *)0)->field, FIELD_BYTE_SIZE)
#define field_offset(type, field)	__builtin_preserve_field_info(((type *)0)->field, FIELD_BYTE_OFFSET)
#define type_exists(type)		__builtin_preserve_type_info(*(type *)0, TYPE_EXISTS)
#define variant_exists(type, variant)	__builtin_preserve_enum_value(*(type *)variant, VARIANT_EXISTS)
#define variant_value(type, variant)	__builtin_preserve_enum_value(*(type *)variant, VARIANT_VALUE)
#define type_size(type)			__builtin_preserve_type_info(*(type *)0, TYPE_SIZE)

/*
 * Fields that lie near the start of their structure on all kernels known so far, read together: `chunk` is a copy of
 * the structure's start. What should lie behind it is read on its own.
 */
#define from_chunk(chunk, pointer, field)								\
	({												\
		u32 offset_ = field_offset(typeof(*(pointer)), field);					\
		offset_ + sizeof((pointer)->field) <= sizeof(chunk) ?					\
			*(typeof((pointer)->field) *)((char *)(chunk) + offset_) : get(pointer, field);	\
	})

/* Reads a bit field of a kernel structure, wherever its word lies. */
#define get_bits(pointer, field)							\
	({										\
		u64 word_ = 0;								\
		u32 size_ = __builtin_preserve_field_info((pointer)->field, FIELD_BYTE_SIZE);	\
		if (size_ > 8)								\
			size_ = 8;							\
		bpf_probe_read_kernel(&word_, size_, (const char *)(pointer) +		\
			__builtin_preserve_field_info((pointer)->field, FIELD_BYTE_OFFSET));	\
		word_ <<= __builtin_preserve_field_info((pointer)->field, FIELD_LSHIFT_U64);	\
		word_ >> __builtin_preserve_field_info((pointer)->field, FIELD_RSHIFT_U64);	\
	})

/* Keeps the compiler from knowing a value's range, so that a check written after it stays in the program. */
#define opaque(value)	asm volatile("" : "+r"(value))

#if defined(__TARGET_ARCH_x86)
#define NR_EXECVE	59
#define NR_EXECVEAT	322

/* A new task's first return to user space passes sys_exit; see copy_thread() and ret_from_fork(). */
#ifndef CHILD_RETURN_UNSEEN
#define CHILD_RETURN_UNSEEN 0
#endif

struct pt_regs {
	unsigned long bp, bx, cx, r8, r9, r10, dx, si, di, orig_ax;
} CORE;

struct thread_info {
	u32 status;
} CORE;

/* thread_info.status: the call came in through a 32-bit entry and its number is of the 32-bit table. */
#define TS_COMPAT	2

#define nr_of(typed, regs)	((u32)look(typed, regs, orig_ax))
#define copy_args(typed, to, regs)					\
	do {								\
		(to)[0] = look(typed, regs, di);			\
		(to)[1] = look(typed, regs, si);			\
		(to)[2] = look(typed, regs, dx);			\
		(to)[3] = look(typed, regs, r10);			\
		(to)[4] = look(typed, regs, r8);			\
		(to)[5] = look(typed, regs, r9);			\
	} while (0)
#define copy_compat_args(typed, to, regs)				\
	do {								\
		(to)[0] = (u32)look(typed, regs, bx);			\
		(to)[1] = (u32)look(typed, regs, cx);			\
		(to)[2] = (u32)look(typed, regs, dx);			\
		(to)[3] = (u32)look(typed, regs, si);			\
		(to)[4] = (u32)look(typed, regs, di);			\
		(to)[5] = (u32)look(typed, regs, bp);			\
	} while (0)
#elif defined(__TARGET_ARCH_arm64)
#define NR_EXECVE	221
#define NR_EXECVEAT	281

/* A new task's first return to user space does not pass sys_exit. */
#define CHILD_RETURN_UNSEEN 1

struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
} CORE;

struct thread_info {
	unsigned long flags;
} CORE;

#define TIF_32BIT	22

#define nr_of(typed, regs)	((u32)look(typed, regs, syscallno))
#define copy_args(typed, to, from)					\
	do {								\
		(to)[0] = look(typed, from, orig_x0);			\
		(to)[1] = look(typed, from, regs[1]);			\
		(to)[2] = look(typed, from, regs[2]);			\
		(to)[3] = look(typed, from, regs[3]);			\
		(to)[4] = look(typed, from, regs[4]);			\
		(to)[5] = look(typed, from, regs[5]);			\
	} while (0)
#define copy_compat_args(typed, to, from)	copy_args(typed, to, from)
#else
#error "unknown target: define __TARGET_ARCH_x86 or __TARGET_ARCH_arm64"
#endif

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

typedef struct {
	s32 counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic_long_t;

/* two u32 until 6.2, one u64 since: the same 8 bytes */
typedef struct {
	u64 val;
} kernel_cap_t;

struct list_head {
	struct list_head *next;
} CORE;

struct qstr {
	const unsigned char *name;
} CORE;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
} CORE;

struct vfsmount {
	struct dentry *mnt_root;
} CORE;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
} CORE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} CORE;

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
} CORE;

struct super_block {
	u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
} CORE;

#define SB_RDONLY		1
#define OVERLAYFS_SUPER_MAGIC	0x794c7630

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	u32 i_flags;
	u32 i_nlink;
	struct super_block *i_sb;
	unsigned long i_ino;
} CORE;

#define S_IMMUTABLE	8
#define S_IFMT		0170000
#define S_IFSOCK	0140000

/* until 6.5 */
struct inode___ctime {
	struct timespec64 i_ctime;
} CORE;

/* 6.6 to 6.10 */
struct inode___hidden_ctime {
	struct timespec64 __i_ctime;
} CORE;

/* since 6.11 */
struct inode___split_ctime {
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
} CORE;

/* until 6.6 */
struct inode___mtime {
	struct timespec64 i_mtime;
} CORE;

/* 6.7 to 6.10 */
struct inode___hidden_mtime {
	struct timespec64 __i_mtime;
} CORE;

/* since 6.11 */
struct inode___split_mtime {
	s64 i_mtime_sec;
	u32 i_mtime_nsec;
} CORE;

struct file {
	struct path f_path;
	struct inode *f_inode;
	u32 f_flags;
	u32 f_mode;
	void *private_data;
} CORE;

struct fdtable {
	u32 max_fds;
	struct file **fd;
} CORE;

struct files_struct {
	struct fdtable *fdt;
} CORE;

struct fs_struct {
	struct path pwd;
} CORE;

/* until 6.1: plain counters */
struct mm_rss_stat {
	atomic_long_t count[4];
} CORE;

struct mm_struct___rss_counts {
	struct mm_rss_stat rss_stat;
} CORE;

/* since 6.2: a counter per cpu and their sum, up to a batch behind */
struct percpu_counter {
	s64 count;
} CORE;

struct mm_struct___rss_percpu {
	struct percpu_counter rss_stat[4];
} CORE;

#define MM_FILEPAGES	0
#define MM_ANONPAGES	1
#define MM_SWAPENTS	2
#define MM_SHMEMPAGES	3

struct mm_struct {
	unsigned long total_vm;
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
} CORE;

struct group_info {
	s32 ngroups;
	kgid_t gid[1];
} CORE;

struct cred {
	kuid_t euid, fsuid;
	kgid_t egid, fsgid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
	struct group_info *group_info;
} CORE;

#define CAP_DAC_OVERRIDE	1
#define CAP_FOWNER		3

struct upid {
	s32 nr;
	struct pid_namespace *ns;
} CORE;

struct pid {
	u32 level;
	struct upid numbers[1];
} CORE;

struct pid_namespace {
	struct task_struct *child_reaper;
} CORE;

#define PIDTYPE_TGID	1
#define PIDTYPE_PGID	2
#define PIDTYPE_SID	3
#define PID_NS_MAX	32	/* MAX_PID_NS_LEVEL */

struct tty_driver {
	s32 major, minor_start;
} CORE;

struct tty_struct {
	struct tty_driver *driver;
	s32 index;
} CORE;

struct rlimit {
	unsigned long rlim_cur;
} CORE;

#define RLIMIT_NOFILE	7

struct signal_struct {
	atomic_t live;
	struct pid *pids[4];
	struct tty_struct *tty;
	struct rlimit rlim[16];
	struct list_head thread_head;
	u32 is_child_subreaper : 1;
	u32 has_child_subreaper : 1;
} CORE;

struct kernfs_node {
	const char *name;
	u64 id;
} CORE;

/* until 6.14 */
struct kernfs_node___parent {
	struct kernfs_node *parent;
} CORE;

/* since 6.15 */
struct kernfs_node___hidden_parent {
	struct kernfs_node *__parent;
} CORE;

struct cgroup_root {
	s32 hierarchy_id;
} CORE;

/* Which of them a kernel has, and their numbers, depend on its configuration. */
enum cgroup_subsys_id {
	cpuset_cgrp_id = 1,
	cpu_cgrp_id,
	cpuacct_cgrp_id,
	io_cgrp_id,
	memory_cgrp_id,
	devices_cgrp_id,
	freezer_cgrp_id,
	pids_cgrp_id,
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
} CORE;

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
} CORE;

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
} CORE;

struct nsproxy {
	struct pid_namespace *pid_ns_for_children;
} CORE;

struct task_struct {
	struct thread_info thread_info;
	u32 flags;
	s32 exit_code;
	u32 pid, tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct list_head children;
	struct list_head thread_node;
	struct pid *thread_pid;
	u64 start_boottime;
	unsigned long min_flt, maj_flt;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct css_set *cgroups;
	kuid_t loginuid;	/* only with CONFIG_AUDIT */
} CORE;

#define PF_EXITING	4

struct linux_binprm {
	const char *filename;
} CORE;

struct in6_addr {
	u8 bytes[16];
};

struct sock_common {
	u32 skc_daddr;
	u16 skc_dport;
	u16 skc_family;
	u8 skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} CORE;

struct sock {
	struct sock_common __sk_common;
	u32 sk_ack_backlog, sk_max_ack_backlog;
	u16 sk_type, sk_protocol;
} CORE;

struct ipv6_pinfo {
	struct in6_addr saddr;
} CORE;

struct inet_sock {
	struct ipv6_pinfo *pinet6;
	u32 inet_saddr;
	u16 inet_sport;
} CORE;

struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
} CORE;

struct unix_address {
	s32 len;
	struct sockaddr_un name[1];
} CORE;

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
} CORE;

struct socket {
	struct sock *sk;
} CORE;

#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10

/* What user space hands over: fixed layouts, no relocation. A struct mmsghdr is a msghdr and a 4-byte length. */
struct user_iovec {
	u64 base;
	u64 len;
};

struct user_msghdr {
	u64 name;
	u32 name_len;
	u32 pad;
	u64 iov;
	u64 iov_count;
	u64 control;
	u64 control_len;
	u32 flags;
	u32 pad2;
};

struct compat_iovec {
	u32 base;
	u32 len;
};

struct compat_msghdr {
	u32 name;
	u32 name_len;
	u32 iov;
	u32 iov_count;
	u32 control;
	u32 control_len;
	u32 flags;
};

#endif
