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

INLINE struct pid *pid_of(struct task_struct *task, struct signal_struct *signal, u32 type)
{
	struct pid *pid = 0;

	bpf_probe_read_kernel(&pid, sizeof(pid), &signal->pids[0] + type);
	return pid;
}

/* The number that `pid` has in the namespace at `level`; 0 where it is not seen. */
INLINE u32 number_at(struct pid *pid, u32 level)
{
	u32 number = 0;

	if (!pid || level > PID_NS_MAX || level > get(pid, level))
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number), (char *)&pid->numbers[0].nr + level * sizeof(struct upid));
	return number;
}

INLINE u64 rss_counter(struct mm_struct *mm, u32 which)
{
	s64 pages = 0;

	if (field_exists(struct mm_struct___rss_counts, rss_stat.count)) {
		struct mm_struct___rss_counts *counts = (void *)mm;

		bpf_probe_read_kernel(&pages, sizeof(pages), &counts->rss_stat.count[0].counter + which);
	} else {
		struct mm_struct___rss_percpu *percpu = (void *)mm;
		u32 stride = field_size(struct mm_struct___rss_percpu, rss_stat) / 4;

		bpf_probe_read_kernel(&pages, sizeof(pages), (char *)&percpu->rss_stat[0].count + which * stride);
	}
	return pages < 0 ? 0 : pages;
}

INLINE u64 rss_pages(struct mm_struct *mm)
{
	return rss_counter(mm, MM_FILEPAGES) + rss_counter(mm, MM_ANONPAGES) + rss_counter(mm, MM_SHMEMPAGES);
}

INLINE void add_vm(struct scratch *s)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct mm_struct *mm = get(task, mm);
	u32 at = begin_blob(s);
	struct sr_vm *vm = spot(s, at, 0);

	if (!at || !mm)
		return;
	vm->size_kb = get(mm, total_vm) * page_kib;
	vm->rss_kb = rss_pages(mm) * page_kib;
	vm->swap_kb = rss_counter(mm, MM_SWAPENTS) * page_kib;
	vm->reserved = 0;
	end_blob(s, SR_BLOB_VM, 0, sizeof(*vm));
}

/* The number of the controlling terminal as /proc/PID/stat prints it. */
INLINE u32 terminal_of(struct signal_struct *signal)
{
	struct tty_struct *tty = get(signal, tty);
	struct tty_driver *driver;
	u32 major, minor;

	if (!tty)
		return 0;
	driver = get(tty, driver);
	if (!driver)
		return 0;
	major = get(driver, major);
	minor = get(driver, minor_start) + get(tty, index);
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

INLINE u64 nanoseconds(s64 seconds, s64 nanoseconds)
{
	return seconds * 1000000000 + nanoseconds;
}

INLINE u64 ctime_of(struct inode *inode)
{
	if (field_exists(struct inode___split_ctime, i_ctime_sec))
		return nanoseconds(get((struct inode___split_ctime *)inode, i_ctime_sec),
				   get((struct inode___split_ctime *)inode, i_ctime_nsec));
	if (field_exists(struct inode___hidden_ctime, __i_ctime))
		return nanoseconds(get((struct inode___hidden_ctime *)inode, __i_ctime.tv_sec),
				   get((struct inode___hidden_ctime *)inode, __i_ctime.tv_nsec));
	return nanoseconds(get((struct inode___ctime *)inode, i_ctime.tv_sec),
			   get((struct inode___ctime *)inode, i_ctime.tv_nsec));
}

INLINE u64 mtime_of(struct inode *inode)
{
	if (field_exists(struct inode___split_mtime, i_mtime_sec))
		return nanoseconds(get((struct inode___split_mtime *)inode, i_mtime_sec),
				   get((struct inode___split_mtime *)inode, i_mtime_nsec));
	if (field_exists(struct inode___hidden_mtime, __i_mtime))
		return nanoseconds(get((struct inode___hidden_mtime *)inode, __i_mtime.tv_sec),
				   get((struct inode___hidden_mtime *)inode, __i_mtime.tv_nsec));
	return nanoseconds(get((struct inode___mtime *)inode, i_mtime.tv_sec),
			   get((struct inode___mtime *)inode, i_mtime.tv_nsec));
}

/* Whether the task could write its own executable: mode bits, ownership and the two capabilities that overrule them. */
OWN_PROOF int is_writable_by(u64 inode_address, u64 cred_address)
{
	struct inode *inode = (struct inode *)inode_address;
	struct cred *cred = (struct cred *)cred_address;
	struct super_block *sb = get(inode, i_sb);
	u32 mode = get(inode, i_mode);
	u32 gid = get(inode, i_gid.val);
	u64 capable = get(cred, cap_effective.val);
	struct group_info *groups = get(cred, group_info);
	s32 ngroups;

	if (get(sb, s_flags) & SB_RDONLY || get(inode, i_flags) & S_IMMUTABLE)
		return 0;
	if (get(cred, fsuid.val) == get(inode, i_uid.val) || capable & (1 << CAP_FOWNER | 1 << CAP_DAC_OVERRIDE))
		return 1;
	if (get(cred, fsgid.val) == gid)
		return mode >> 4 & 1;
	ngroups = groups ? get(groups, ngroups) : 0;
	for (s32 i = 0; i < GROUPS_MAX; i++) {
		u32 group = 0;

		if (i >= ngroups)
			break;
		bpf_probe_read_kernel(&group, sizeof(group), &groups->gid[0].val + i);
		if (group == gid)
			return mode >> 4 & 1;
	}
	return mode >> 1 & 1;
}

INLINE bool is_memfd(struct file *file, struct inode *inode)
{
	struct dentry *dentry = get(file, f_path.dentry);
	u64 word = 0;

	if (get(inode, i_nlink))
		return false;
	bpf_probe_read_kernel(&word, 6, get(dentry, d_name.name));
	return word == MEMFD_PREFIX;
}

OWN_PROOF int exe_flags_of(u64 file_address, u64 cred_address)
{
	struct file *file = (struct file *)file_address;
	struct inode *inode = get(file, f_inode);
	u32 flags = 0, layer;

	if (!inode)
		return 0;
	if (is_writable_by((u64)inode, cred_address))
		flags |= EXE_WRITABLE;
	layer = overlay_layer(inode);
	if (layer == LAYER_UPPER)
		flags |= EXE_UPPER_LAYER;
	else if (layer == LAYER_LOWER)
		flags |= EXE_LOWER_LAYER;
	if (is_memfd(file, inode))
		flags |= EXE_FROM_MEMFD;
	return flags;
}

/* The group that containers are told apart by: version 2's, or where that is not in use the memory controller's. */
INLINE u64 cgroup_id_of(struct task_struct *task)
{
	struct css_set *set = get(task, cgroups);
	struct cgroup *cgroup = get(set, dfl_cgrp);
	struct kernfs_node *node = get(cgroup, kn);

	return get(node, id);
}

/* Writes the facts of a task to data[at..]. */
OWN_PROOF int write_task(u32 at, u64 task_address)
{
	struct scratch *s = scratch_of_cpu();
	struct task_struct *task = (struct task_struct *)task_address;
	struct task_struct *parent = get(task, real_parent);
	struct signal_struct *signal = get(task, signal);
	struct cred *cred = (struct cred *)get(task, cred);
	struct mm_struct *mm = get(task, mm);
	struct pid *pid = get(task, thread_pid);
	struct pid *group = pid_of(task, signal, PIDTYPE_PGID);
	struct pid *session = pid_of(task, signal, PIDTYPE_SID);
	struct pid *process = pid_of(task, signal, PIDTYPE_TGID);
	struct pid_namespace *ns = 0;
	struct task_struct *init;
	struct sr_task *t;
	struct file *exe;
	struct inode *inode;
	u32 level;

	if (!s)
		return 0;
	t = spot(s, at, 0);
	level = pid ? get(pid, level) : 0;
	t->tid = get(task, pid);
	t->pid = get(task, tgid);
	t->ppid = get(parent, tgid);
	t->vtid = number_at(pid, level);
	t->vpid = number_at(process, level);
	t->pgid = number_at(group, 0);
	t->vpgid = number_at(group, level);
	t->sid = number_at(session, 0);
	t->vsid = number_at(session, level);
	t->tty = terminal_of(signal);
	t->loginuid = field_exists(struct task_struct, loginuid) ? get(task, loginuid.val) : ~0u;
	t->uid = get(cred, euid.val);
	t->gid = get(cred, egid.val);
	t->cap_inheritable = get(cred, cap_inheritable.val);
	t->cap_permitted = get(cred, cap_permitted.val);
	t->cap_effective = get(cred, cap_effective.val);
	t->start_boottime_ns = get(task, start_boottime);
	t->pidns_init_start_ns = 0;
	if (pid && level <= PID_NS_MAX) {
		bpf_probe_read_kernel(&ns, sizeof(ns), (char *)&pid->numbers[0].ns + level * sizeof(struct upid));
		init = ns ? get(ns, child_reaper) : 0;
		if (init)
			t->pidns_init_start_ns = get(init, start_boottime);
	}
	t->pf_major = get(task, maj_flt);
	t->pf_minor = get(task, min_flt);
	t->fdlimit = get(signal, rlim[RLIMIT_NOFILE].rlim_cur);
	t->cgroup_id = cgroup_id_of(task);
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), &task->comm);
	t->exe_flags = 0;
	t->exe_ino = t->exe_ino_ctime_ns = t->exe_ino_mtime_ns = 0;
	t->vm_size_kb = t->vm_rss_kb = t->vm_swap_kb = 0;
	if (!mm)
		return 1;
	t->vm_size_kb = get(mm, total_vm) * page_kib;
	t->vm_rss_kb = rss_pages(mm) * page_kib;
	t->vm_swap_kb = rss_counter(mm, MM_SWAPENTS) * page_kib;
	exe = get(mm, exe_file);
	inode = exe ? get(exe, f_inode) : 0;
	if (!inode)
		return 1;
	t->exe_ino = get(inode, i_ino);
	t->exe_ino_ctime_ns = ctime_of(inode);
	t->exe_ino_mtime_ns = mtime_of(inode);
	t->exe_flags = exe_flags_of((u64)exe, (u64)cred);
	return 1;
}

OWN_PROOF int add_task(u32 id, u64 task)
{
	struct scratch *s = scratch_of_cpu();
	u32 at;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (at && write_task(at, task))
		end_blob(s, id, 0, sizeof(struct sr_task));
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

/* EXEPATH and CWD. */
OWN_PROOF int add_places(u64 task_address)
{
	struct task_struct *task = (struct task_struct *)task_address;
	struct mm_struct *mm = get(task, mm);
	struct file *exe = mm ? get(mm, exe_file) : 0;
	struct fs_struct *fs = get(task, fs);

	if (exe)
		add_path(SR_BLOB_EXEPATH, (u64)&exe->f_path);
	if (fs)
		add_path(SR_BLOB_CWD, (u64)&fs->pwd);
	return 0;
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
	struct pid_namespace *ns = 0;
	struct task_struct *ancestor = task, *init;
	u32 level;

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
	level = pid ? get(pid, level) : 0;
	if (!pid || level > PID_NS_MAX)
		return 0;
	bpf_probe_read_kernel(&ns, sizeof(ns), (char *)&pid->numbers[0].ns + level * sizeof(struct upid));
	init = ns ? get(ns, child_reaper) : 0;
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
