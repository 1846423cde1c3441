/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Facts of a task. */
#ifndef SYSREEL_TASK_H
#define SYSREEL_TASK_H

#include "cgroup.h"
#include "fetch.h"
#include "file.h"
#include "path.h"

#define EXE_WRITABLE	1
#define EXE_UPPER_LAYER	2
#define EXE_FROM_MEMFD	4
#define EXE_LOWER_LAYER	8
#define GROUPS_MAX	32


#define MEMFD_PREFIX	0x3a64666d656dull	/* the six bytes "memfd:", little endian */

/* The number that `pid` has in the namespace at `level`; 0 where it is not seen. `pid` is a plain number. */
INLINE u32 number_at(struct pid *pid, u32 level)
{
	u32 number = 0;

	if (!pid || level > PID_NS_MAX || level > get(pid, level))
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number), (char *)&pid->numbers[0].nr + level * sizeof(struct upid));
	return number;
}

/* The first task of the innermost namespace of `pid`. */
INLINE struct task_struct *init_of(struct pid *pid, u32 level)
{
	struct pid_namespace *ns = 0;

	if (!pid || level > PID_NS_MAX)
		return 0;
	bpf_probe_read_kernel(&ns, sizeof(ns), (char *)&pid->numbers[0].ns + level * sizeof(struct upid));
	return ns ? get(ns, child_reaper) : 0;
}

/* No typed look at the counters until 6.1: the verifier takes no step into an array of a type that has but a typedef. */
#define RSS_COUNTER(direct, mm, which)								\
	(field_exists(struct mm_struct___rss_counts, rss_stat.count) ?				\
		look(false, (struct mm_struct___rss_counts *)(mm), rss_stat.count[which].counter) :	\
		look(direct, (struct mm_struct___rss_percpu *)(mm), rss_stat[which].count))

INLINE u64 positive(s64 pages)
{
	return pages < 0 ? 0 : pages;
}

INLINE u64 rss_pages(bool direct, struct mm_struct *mm)
{
	return positive(RSS_COUNTER(direct, mm, MM_FILEPAGES)) + positive(RSS_COUNTER(direct, mm, MM_ANONPAGES)) +
		positive(RSS_COUNTER(direct, mm, MM_SHMEMPAGES));
}

INLINE u64 swap_pages(bool direct, struct mm_struct *mm)
{
	return positive(RSS_COUNTER(direct, mm, MM_SWAPENTS));
}

INLINE void write_vm(bool direct, struct sr_vm *vm, struct mm_struct *mm)
{
	vm->size_kb = look(direct, mm, total_vm) * page_kib;
	vm->rss_kb = rss_pages(direct, mm) * page_kib;
	vm->swap_kb = swap_pages(direct, mm) * page_kib;
	vm->reserved = 0;
}

INLINE void add_vm(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u32 at = begin_blob(s);
	struct sr_vm *vm = spot(s, at, 0);

	if (!at || !get(task, mm))
		return;
	if (has_typed_task)
		write_vm(true, vm, bpf_get_current_task_btf()->mm);
	else
		write_vm(false, vm, get(task, mm));
	end_blob(s, SR_BLOB_VM, 0, sizeof(*vm));
}

/* The number of the controlling terminal as /proc/PID/stat prints it. */
INLINE u32 terminal_of(bool direct, struct signal_struct *signal)
{
	struct tty_struct *tty = look(direct, signal, tty);
	struct tty_driver *driver;
	u32 major, minor;

	if (!tty)
		return 0;
	driver = look(direct, tty, driver);
	if (!driver)
		return 0;
	major = look(direct, driver, major);
	minor = look(direct, driver, minor_start) + look(direct, tty, index);
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* Since Linux 6.13 the top bit of i_ctime_nsec says that somebody has asked for the time (I_CTIME_QUERIED). */
#define NANOSECONDS_BITS	0x7fffffff

INLINE u64 nanoseconds(s64 seconds, s64 nanoseconds)
{
	return seconds * 1000000000 + (nanoseconds & NANOSECONDS_BITS);
}

#define TIME_OF(direct, inode, type, field)						\
	nanoseconds(look(direct, (type *)(inode), field.tv_sec), look(direct, (type *)(inode), field.tv_nsec))

INLINE u64 ctime_of(bool direct, struct inode *inode)
{
	struct inode___split_ctime *split = (struct inode___split_ctime *)inode;

	if (field_exists(struct inode___split_ctime, i_ctime_sec))
		return nanoseconds(look(direct, split, i_ctime_sec), look(direct, split, i_ctime_nsec));
	if (field_exists(struct inode___hidden_ctime, __i_ctime))
		return TIME_OF(direct, inode, struct inode___hidden_ctime, __i_ctime);
	return TIME_OF(direct, inode, struct inode___ctime, i_ctime);
}

INLINE u64 mtime_of(bool direct, struct inode *inode)
{
	struct inode___split_mtime *split = (struct inode___split_mtime *)inode;

	if (field_exists(struct inode___split_mtime, i_mtime_sec))
		return nanoseconds(look(direct, split, i_mtime_sec), look(direct, split, i_mtime_nsec));
	if (field_exists(struct inode___hidden_mtime, __i_mtime))
		return TIME_OF(direct, inode, struct inode___hidden_mtime, __i_mtime);
	return TIME_OF(direct, inode, struct inode___mtime, i_mtime);
}

/* Whether a group list holds `gid`. */
OWN_PROOF int is_member(u64 groups_address, u32 gid)
{
	struct group_info *groups = (struct group_info *)groups_address;
	s32 count = groups ? get(groups, ngroups) : 0;

	for (s32 i = 0; i < GROUPS_MAX; i++) {
		u32 group = 0;

		if (i >= count)
			break;
		bpf_probe_read_kernel(&group, sizeof(group), &groups->gid[0].val + i);
		if (group == gid)
			return 1;
	}
	return 0;
}

/* Whether a task could write its own executable: mode bits, ownership and the two capabilities that overrule them. */
INLINE bool is_writable_by(bool direct, struct inode *inode, struct cred *cred)
{
	u32 mode = look(direct, inode, i_mode);
	u32 gid = look(direct, inode, i_gid.val);
	u64 capable = look(direct, cred, cap_effective.val);

	if (look(direct, look(direct, inode, i_sb), s_flags) & SB_RDONLY ||
	    look(direct, inode, i_flags) & S_IMMUTABLE)
		return false;
	if (look(direct, cred, fsuid.val) == look(direct, inode, i_uid.val) ||
	    capable & (1 << CAP_FOWNER | 1 << CAP_DAC_OVERRIDE))
		return true;
	if (look(direct, cred, fsgid.val) == gid || is_member((u64)plain(cred, group_info), gid))
		return mode >> 4 & 1;
	return mode >> 1 & 1;
}

INLINE bool is_memfd(bool direct, struct file *file, struct inode *inode)
{
	struct dentry *dentry = look(direct, file, f_path.dentry);
	u64 word = 0;

	if (look(direct, inode, i_nlink))
		return false;
	bpf_probe_read_kernel(&word, 6, look(direct, dentry, d_name.name));
	return word == MEMFD_PREFIX;
}

INLINE u32 exe_flags_of(bool direct, struct file *file, struct inode *inode, struct cred *cred)
{
	u32 flags = 0, layer;

	if (is_writable_by(direct, inode, cred))
		flags |= EXE_WRITABLE;
	layer = overlay_layer(plain(file, f_inode), look(direct, look(direct, inode, i_sb), s_magic));
	if (layer == LAYER_UPPER)
		flags |= EXE_UPPER_LAYER;
	else if (layer == LAYER_LOWER)
		flags |= EXE_LOWER_LAYER;
	if (is_memfd(direct, file, inode))
		flags |= EXE_FROM_MEMFD;
	return flags;
}

/* The group that containers are told apart by, where version 2 of cgroups is in use: 1 is the root. */
INLINE u64 cgroup_id_of(bool direct, struct task_struct *task)
{
	return look(direct, look(direct, look(direct, look(direct, task, cgroups), dfl_cgrp), kn), id);
}

/* Writes the facts of a task; `direct` says that the verifier knows the type of `task`. */
INLINE void write_task(bool direct, struct sr_task *t, struct task_struct *task)
{
	struct signal_struct *signal = look(direct, task, signal);
	struct cred *cred = (struct cred *)look(direct, task, cred);
	struct mm_struct *mm = look(direct, task, mm);
	struct pid *pid = plain(task, thread_pid);
	struct task_struct *init;
	struct inode *inode;
	struct pid *pids[4];
	struct file *exe;
	u32 level;

	level = pid ? get(pid, level) : 0;
	bpf_probe_read_kernel(pids, sizeof(pids), &signal->pids);
	t->tid = look(direct, task, pid);
	t->pid = look(direct, task, tgid);
	t->ppid = look(direct, look(direct, task, real_parent), tgid);
	t->vtid = number_at(pid, level);
	t->vpid = number_at(pids[PIDTYPE_TGID], level);
	t->pgid = number_at(pids[PIDTYPE_PGID], 0);
	t->sid = number_at(pids[PIDTYPE_SID], 0);
	t->vpgid = level ? number_at(pids[PIDTYPE_PGID], level) : t->pgid;
	t->vsid = level ? number_at(pids[PIDTYPE_SID], level) : t->sid;
	t->tty = terminal_of(direct, signal);
	t->loginuid = field_exists(struct task_struct, loginuid) ? look(direct, task, loginuid.val) : ~0u;
	t->uid = look(direct, cred, euid.val);
	t->gid = look(direct, cred, egid.val);
	t->cap_inheritable = look(direct, cred, cap_inheritable.val);
	t->cap_permitted = look(direct, cred, cap_permitted.val);
	t->cap_effective = look(direct, cred, cap_effective.val);
	t->start_boottime_ns = look(direct, task, start_boottime);
	init = init_of(pid, level);
	t->pidns_init_start_ns = init ? get(init, start_boottime) : 0;
	t->pf_major = look(direct, task, maj_flt);
	t->pf_minor = look(direct, task, min_flt);
	t->fdlimit = look(direct, signal, rlim[RLIMIT_NOFILE].rlim_cur);
	t->cgroup_id = cgroup_id_of(direct, task);
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), &task->comm);
	t->exe_flags = 0;
	t->exe_ino = t->exe_ino_ctime_ns = t->exe_ino_mtime_ns = 0;
	t->vm_size_kb = t->vm_rss_kb = t->vm_swap_kb = 0;
	if (!mm)
		return;
	t->vm_size_kb = look(direct, mm, total_vm) * page_kib;
	t->vm_rss_kb = rss_pages(direct, mm) * page_kib;
	t->vm_swap_kb = swap_pages(direct, mm) * page_kib;
	exe = look(direct, mm, exe_file);
	if (!exe)
		return;
	inode = look(direct, exe, f_inode);
	if (!inode)
		return;
	t->exe_ino = look(direct, inode, i_ino);
	t->exe_ino_ctime_ns = ctime_of(direct, inode);
	t->exe_ino_mtime_ns = mtime_of(direct, inode);
	t->exe_flags = exe_flags_of(direct, exe, inode, cred);
}

/* SR_BLOB_TASK of the current task. */
OWN_PROOF int add_task(void)
{
	struct scratch *s = scratch_of_cpu();
	u32 at;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	if (has_typed_task)
		write_task(true, spot(s, at, 0), bpf_get_current_task_btf());
	else
		write_task(false, spot(s, at, 0), (struct task_struct *)bpf_get_current_task());
	end_blob(s, SR_BLOB_TASK, 0, sizeof(struct sr_task));
	return 0;
}

/* ARGV, and ENVP too if it is asked for, from where the kernel put them in the task's own memory. */
OWN_PROOF int add_strings(u64 task_address, u32 environment)
{
	struct scratch *s = scratch_of_cpu();
	struct task_struct *task = (struct task_struct *)task_address;
	struct mm_struct *mm = get(task, mm);
	u64 start, end;

	if (!s || !mm)
		return 0;
	start = get(mm, arg_start);
	end = get(mm, arg_end);
	blob_user(s, SR_BLOB_ARGV, start, end - start, SR_EXEC_ARGS_MAX);
	if (!environment)
		return 0;
	start = get(mm, env_start);
	end = get(mm, env_end);
	blob_user(s, SR_BLOB_ENVP, start, end - start, SR_EXEC_ARGS_MAX);
	return 0;
}

INLINE void add_exe_path(struct task_struct *task)
{
	struct mm_struct *mm = get(task, mm);
	struct file *exe = mm ? get(mm, exe_file) : 0;

	if (exe)
		add_path(SR_BLOB_EXEPATH, (u64)&exe->f_path);
}

INLINE void add_cwd(struct task_struct *task)
{
	struct fs_struct *fs = get(task, fs);

	if (fs)
		add_path(SR_BLOB_CWD, (u64)&fs->pwd);
}

/* Who will be the parent of the children that an ending thread leaves behind; 0 if it leaves none. */
OWN_PROOF int reaper_of(u64 task_address)
{
	struct task_struct *task = (struct task_struct *)task_address;
	struct signal_struct *signal = get(task, signal);
	struct list_head *children = (struct list_head *)&task->children;
	struct list_head *head = (struct list_head *)&signal->thread_head;
	struct list_head *node = get(signal, thread_head.next);
	struct pid *pid = get(task, thread_pid);
	struct task_struct *ancestor = task, *init;

	if (get(children, next) == children)
		return 0;
	for (u32 i = 0; i < 16; i++) {
		struct task_struct *other;

		if (!node || node == head)
			break;
		other = (struct task_struct *)((char *)node - field_offset(struct task_struct, thread_node));
		if (other != task && !(get(other, flags) & PF_EXITING))
			return get(other, pid);
		node = get(node, next);
	}
	init = init_of(pid, pid ? get(pid, level) : 0);
	if (get_bits(signal, has_child_subreaper)) {
		for (u32 i = 0; i < 16; i++) {
			struct signal_struct *theirs;

			ancestor = get(ancestor, real_parent);
			if (!ancestor || ancestor == init)
				break;
			theirs = get(ancestor, signal);
			if (get_bits(theirs, is_child_subreaper))
				return get(ancestor, pid);
		}
	}
	return init ? get(init, pid) : 0;
}

#endif
