/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The recorder's programs. Each comes twice: for BTF raw tracepoints, which may read their arguments directly, and for
 * plain raw tracepoints, where a kernel lacks the first.
 *
 * A call's return is where nearly everything is recorded. Its entry is looked at only for calls whose arguments can
 * change or vanish while they run; what is fetched there is kept until the return. A successful execve is recorded
 * when the new image is in place, the end of a thread when it ends.
 */
#include "enter.h"
#include "scope.h"
#include "task.h"

/* Facts of a new task, kept by the id of the thread that made it until its call returns. */
struct {
	map_number(type, BPF_MAP_TYPE_LRU_HASH);
	map_number(max_entries, 4096);
	map_type(key, u32);
	map_type(value, struct sr_task);
} children SEC(".maps");

const volatile u32 wants_children;	/* some call of the clone family is recorded */
const volatile u32 wants_exec;		/* execve or execveat is recorded; which of them, the descriptors tell */
const volatile u32 wants_procexit;

/* An argument of a tracepoint as a plain number: the verifier hands no pointers to functions that it proves on their own. */
INLINE u64 number_of(u64 *ctx, u32 i)
{
	u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), ctx + i);
	return number;
}

INLINE bool is_compat(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

#if defined(__TARGET_ARCH_x86)
	if (!field_exists(struct thread_info, status))
		return false;
	if (has_typed_task)
		return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;
	return get(task, thread_info.status) & TS_COMPAT;
#else
	return get(task, thread_info.flags) >> TIF_32BIT & 1;
#endif
}

/* Facts of the process that execve and the clone family have in common. */
INLINE void add_process(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	add_task();
	add_cgroups((u64)task);
	add_cwd(task);
}

OWN_PROOF int add_failed_exec(u32 nr)
{
	struct scratch *s = scratch_of_cpu();
	struct sr_record *r;
	u32 first = nr == NR_EXECVEAT ? 1 : 0;

	if (!s)
		return 0;
	r = record_of(s);
	blob_user_str(s, SR_BLOB_FILENAME, first ? r->args[1] : r->args[0]);
	fetch_strings(SR_BLOB_ARGV, first ? r->args[2] : r->args[1]);
	fetch_strings(SR_BLOB_ENVP, first ? r->args[3] : r->args[2]);
	add_process();
	add_exe_path((struct task_struct *)bpf_get_current_task());
	return 0;
}

OWN_PROOF int add_clone(s64 ret)
{
	struct scratch *s = scratch_of_cpu();
	struct sr_task *child, *t;
	u32 at, tid;

	if (!s)
		return 0;
	add_process();
	add_strings(bpf_get_current_task(), 0);
	if (ret <= 0)
		return 0;
	tid = record_of(s)->tid;
	child = bpf_map_lookup_elem(&children, &tid);
	at = begin_blob(s);
	if (!child || !at)
		return 0;
	t = spot(s, at, 0);
	bpf_probe_read_kernel(t, sizeof(*t), child);
	end_blob(s, SR_BLOB_CHILD, 0, sizeof(*t));
	bpf_map_delete_elem(&children, &tid);
	return 0;
}

INLINE bool is_pair(u32 nr)
{
	return descriptor_of(nr)->fetch[0] == SR_FETCH_FD_PAIR || descriptor_of(nr)->fetch[3] == SR_FETCH_FD_PAIR;
}

/* The descriptor whose facts are asked for by the result: the result itself, or the first of a pair. */
INLINE s32 made_descriptor(struct sr_record *r, u32 nr)
{
	s32 fd = -1;

	if (r->ret < 0)
		return -1;
	if (descriptor_of(nr)->fetch[0] == SR_FETCH_FD_PAIR)
		bpf_probe_read_user(&fd, sizeof(fd), (void *)r->args[0]);
	else if (descriptor_of(nr)->fetch[3] == SR_FETCH_FD_PAIR)
		bpf_probe_read_user(&fd, sizeof(fd), (void *)r->args[3]);
	else
		fd = r->ret;
	return fd;
}

#define DESC_FACTS	(SR_DESC_TASK | SR_DESC_FILE_RET | SR_DESC_FILE_ARG0 | SR_DESC_SOCK_RET | SR_DESC_SOCK_ARG0 | \
			 SR_DESC_VM | SR_DESC_PATH_RET)

OWN_PROOF int add_facts(u32 nr)
{
	struct scratch *s = scratch_of_cpu();
	struct sr_record *r;
	u32 flags;
	s32 fd;

	if (!s || nr >= SR_SYSCALL_MAX)
		return 0;
	r = record_of(s);
	flags = descriptor_of(nr)->flags;
	if (flags & SR_DESC_TASK)
		add_task();
	if (flags & (SR_DESC_FILE_RET | SR_DESC_SOCK_RET | SR_DESC_PATH_RET)) {
		fd = made_descriptor(r, nr);
		if (fd >= 0) {
			if (flags & SR_DESC_FILE_RET)
				add_file(fd);
			if (flags & SR_DESC_SOCK_RET)
				add_sock(fd, is_pair(nr) ? -1 : (s32)r->args[0]);
			if (flags & SR_DESC_PATH_RET)
				add_file_path(fd);
		}
	}
	if (flags & SR_DESC_FILE_ARG0)
		add_file(r->args[0]);
	if (flags & SR_DESC_SOCK_ARG0)
		add_sock(r->args[0], -1);
	if (flags & SR_DESC_VM)
		add_vm(s);
	return 0;
}

/* What the record in hand needs beyond its header. */
INLINE void fill_record(struct scratch *s, u32 nr, u32 flags)
{
	struct sr_record *r = record_of(s);
	struct slot *slot = 0;
	bool has_kept = false;

	if (flags & (SR_DESC_ENTER | SR_DESC_EXEC)) {
		slot = kept(r->tid, nr);
		if (slot)
			has_kept = add_kept(s, r->tid, slot);
	}
	if (CHILD_RETURN_UNSEEN && flags & SR_DESC_CLONE) {
		slot = kept(r->tid, nr);
		if (slot)
			slot->nr = SLOT_NONE;
	}
	fetch_args(nr, has_kept ? FETCH_THE_REST : FETCH_ALL);
	if (flags & DESC_FACTS)
		add_facts(nr);
	if (flags & SR_DESC_CLONE)
		add_clone(r->ret);
	else if (flags & SR_DESC_EXEC)
		add_failed_exec(nr);
}

/* Whether the call is recorded, once it is known which it is. */
INLINE bool is_told(u32 flags, u64 prot, s64 ret)
{
	if (!(flags & SR_DESC_WANTED))
		return false;
	if (flags & SR_DESC_PROT_EXEC && !(prot & 4))
		return false;
	if (CHILD_RETURN_UNSEEN && flags & SR_DESC_CLONE && ret == 0)
		return false;	/* told when the child was made */
	/* told when the new image was in place */
	return !(flags & SR_DESC_EXEC && ret == 0);
}

#define I386_SOCKETCALL		102
#define I386_MMAP2		192
#define I386_TRUNCATE64		193
#define I386_FTRUNCATE64	194

/* A 32-bit call as the native call that it is: its number, or NO_CALL; its arguments are put as that has them. */
OWN_PROOF int native_call(u32 nr)
{
	struct scratch *s = scratch_of_cpu();
	u32 packed[6] = {};
	u64 *args;

	if (!s)
		return NO_CALL;
	args = record_of(s)->args;
	if (nr == I386_SOCKETCALL) {
		nr = native_of_socketcall[within(args[0], 31)];
		bpf_probe_read_user(packed, sizeof(packed), (void *)args[1]);
		for (u32 i = 0; i < 6; i++)
			args[i] = packed[i];
		return nr;
	}
	if (nr == I386_MMAP2)
		args[5] <<= 12;
	if (nr == I386_TRUNCATE64 || nr == I386_FTRUNCATE64)
		args[1] |= args[2] << 32;
	return native_of_compat[within(nr, SR_SYSCALL_MAX - 1)];
}

/* Begins a call's record with its arguments; `nr` becomes a native number. */
INLINE struct scratch *begin_call(bool typed, struct pt_regs *regs, bool compat, u32 *nr, u64 ids, u64 ts_ns)
{
	struct scratch *s = begin_record(SR_SYSCALL, *nr, ids, ts_ns);

	if (!s)
		return 0;
	if (!compat) {
		copy_args(typed, record_of(s)->args, regs);
		return s;
	}
	s->compat = 1;
	copy_compat_args(typed, record_of(s)->args, regs);
	*nr = native_call(*nr);
	if (*nr >= SR_SYSCALL_MAX) {
		__sync_fetch_and_add(&counters.compat_calls, 1);
		drop_record(s);
		return 0;
	}
	record_of(s)->nr = *nr;
	return s;
}

INLINE int record_exit(bool typed, struct pt_regs *regs, s64 ret)
{
	u32 nr = nr_of(typed, regs), flags, scope;
	struct scratch *s;
	bool compat;
	u64 ids;

	if (!is_wanted(wanted_at_exit, nr) && !is_wanted(wanted_at_compat_exit, nr))
		return 0;
	compat = is_compat();
	if (compat ? !is_wanted(wanted_at_compat_exit, nr) : !is_wanted(wanted_at_exit, nr))
		return 0;
	ids = bpf_get_current_pid_tgid();
	scope = scope_of(ids >> 32);
	if (!scope)
		return 0;
	s = begin_call(typed, regs, compat, &nr, ids, bpf_ktime_get_boot_ns());
	if (!s)
		return 0;
	flags = descriptor_of(nr)->flags;
	if (!is_told(flags, record_of(s)->args[2], ret) || (scope == TRACKED_HELD && !(flags & SR_DESC_EXEC))) {
		drop_record(s);
		return 0;
	}
	record_of(s)->ret = ret;
	fill_record(s, nr, flags);
	end_record(s, flags & SR_DESC_SECURITY);
	return 0;
}

SEC("tp_btf/sys_exit")
int on_exit(u64 *ctx)
{
	return record_exit(true, (struct pt_regs *)ctx[0], ctx[1]);
}

SEC("raw_tp/sys_exit")
int on_exit_plain(u64 *ctx)
{
	return record_exit(false, (struct pt_regs *)ctx[0], ctx[1]);
}

/*
 * Fetches what must be fetched at entry and keeps it for the call's return. What lies in a page that is not in memory
 * yet can be read when the call returns, because the kernel itself has read it by then; only execve has no such return.
 */
INLINE void keep_entry(struct scratch *s, u32 nr)
{
	fetch_args(nr, FETCH_AT_ENTER);
	if (!s->faulted || descriptor_of(nr)->flags & SR_DESC_EXEC)
		keep(s, record_of(s)->tid);
}

#define DESC_ENTER	(SR_DESC_ENTER | SR_DESC_EXEC | (CHILD_RETURN_UNSEEN ? SR_DESC_CLONE : 0))

INLINE int record_enter(bool typed, struct pt_regs *regs, u32 nr)
{
	struct scratch *s;
	bool compat;
	u64 ids;

	if (!is_wanted(wanted_at_enter, nr) && !is_wanted(wanted_at_compat_enter, nr))
		return 0;
	compat = is_compat();
	if (compat ? !is_wanted(wanted_at_compat_enter, nr) : !is_wanted(wanted_at_enter, nr))
		return 0;
	ids = bpf_get_current_pid_tgid();
	if (!scope_of(ids >> 32))
		return 0;
	s = begin_call(typed, regs, compat, &nr, ids, 0);
	if (!s)
		return 0;
	if (descriptor_of(nr)->flags & DESC_ENTER)
		keep_entry(s, nr);
	drop_record(s);
	return 0;
}

SEC("tp_btf/sys_enter")
int on_enter(u64 *ctx)
{
	return record_enter(true, (struct pt_regs *)ctx[0], ctx[1]);
}

SEC("raw_tp/sys_enter")
int on_enter_plain(u64 *ctx)
{
	return record_enter(false, (struct pt_regs *)ctx[0], ctx[1]);
}

/*
 * The new image is in place; the thread that called execve is now the process' first, and `old_tid` says which one it
 * was. Kernel helper programs have no entry: they count as execve.
 */
INLINE int record_exec(u32 old_tid, struct linux_binprm *binprm)
{
	u64 ids = bpf_get_current_pid_tgid();
	u32 pid = ids >> 32, nr = NR_EXECVE;
	struct slot *slot;
	struct scratch *s;

	if (!scope_of(pid))
		return 0;
	if (scope_mode != SCOPE_HOST)
		track(pid);
	if (!wants_exec)
		return 0;
	move_slot(old_tid, (u32)ids);
	slot = kept((u32)ids, NR_EXECVE);
	if (!slot) {
		slot = kept((u32)ids, NR_EXECVEAT);
		if (slot)
			nr = NR_EXECVEAT;
	}
	if (!is_wanted(wanted_at_exit, nr))
		return 0;
	s = begin_record(SR_EXEC, nr, ids, bpf_ktime_get_boot_ns());
	if (!s)
		return 0;
	if (slot) {
		__builtin_memcpy(record_of(s)->args, slot->args, sizeof(slot->args));
		add_kept(s, (u32)ids, slot);
	} else {
		__builtin_memset(record_of(s)->args, 0, sizeof(record_of(s)->args));
	}
	blob_kernel_str(s, SR_BLOB_FILENAME, get(binprm, filename));
	add_process();
	add_exe_path((struct task_struct *)bpf_get_current_task());
	add_strings(bpf_get_current_task(), 1);
	end_record(s, descriptor_of(nr)->flags & SR_DESC_SECURITY);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(u64 *ctx)
{
	return record_exec(number_of(ctx, 1), (struct linux_binprm *)number_of(ctx, 2));
}

SEC("raw_tp/sched_process_exec")
int on_exec_plain(u64 *ctx)
{
	return record_exec(number_of(ctx, 1), (struct linux_binprm *)number_of(ctx, 2));
}

/*
 * The child's side of a call of the clone family, where its return does not pass the tracepoint: told when the child
 * is made. Its memory is its parent's or a copy of it.
 */
INLINE void record_child(u32 parent_tid, struct task_struct *child)
{
	struct sr_task *facts = bpf_map_lookup_elem(&children, &parent_tid);
	struct slot *slot = bpf_map_lookup_elem(&slots, &parent_tid);
	struct scratch *s;
	struct sr_record *r;
	u32 nr, at;

	if (!facts || !slot || slot->nr == SLOT_NONE)
		return;
	nr = slot->nr;
	if (!is_wanted(wanted_at_exit, nr))
		return;
	s = begin_record(SR_SYSCALL, nr, (u64)facts->pid << 32 | facts->tid, bpf_ktime_get_boot_ns());
	if (!s)
		return;
	r = record_of(s);
	__builtin_memcpy(r->args, slot->args, sizeof(r->args));
	fetch_args(nr, FETCH_ALL);
	at = begin_blob(s);
	if (at) {
		bpf_probe_read_kernel(spot(s, at, 0), sizeof(*facts), facts);
		end_blob(s, SR_BLOB_TASK, 0, sizeof(*facts));
	}
	add_cgroups((u64)child);
	add_cwd(child);
	add_strings((u64)child, 0);
	end_record(s, descriptor_of(nr)->flags & SR_DESC_SECURITY);
}

/* `typed` is `child` as the verifier knows it, if `direct`. */
INLINE int record_fork(bool direct, struct task_struct *typed, struct task_struct *parent, struct task_struct *child)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct scratch *s;
	struct sr_task *t;

	follow_fork(parent, child);
	if (!wants_children || scope_of(get(parent, tgid)) != TRACKED)
		return 0;
	s = scratch_of_cpu();
	if (!s || s->busy)
		return 0;
	s->busy = 1;
	in_order();
	t = (struct sr_task *)(record_of(s) + 1);
	write_task(direct, t, typed);
	bpf_map_update_elem(&children, &tid, t, BPF_ANY);
	release(s);
	if (CHILD_RETURN_UNSEEN)
		record_child(tid, child);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int on_fork(u64 *ctx)
{
	return record_fork(true, (struct task_struct *)ctx[1], (struct task_struct *)number_of(ctx, 0),
			   (struct task_struct *)number_of(ctx, 1));
}

SEC("raw_tp/sched_process_fork")
int on_fork_plain(u64 *ctx)
{
	return record_fork(false, (struct task_struct *)ctx[1], (struct task_struct *)ctx[0],
			   (struct task_struct *)ctx[1]);
}

/* Called in the context of the thread that ends. */
INLINE int record_procexit(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 ids = bpf_get_current_pid_tgid();
	u32 pid = ids >> 32, tid = ids;
	struct signal_struct *signal;
	struct scratch *s;
	struct sr_record *r;

	if (scope_of(pid) == TRACKED && wants_procexit) {
		s = begin_record(SR_PROCEXIT, 0, ids, bpf_ktime_get_boot_ns());
		if (s) {
			r = record_of(s);
			__builtin_memset(r->args, 0, sizeof(r->args));
			r->ret = get(task, exit_code);
			r->args[0] = reaper_of((u64)task);
			end_record(s, true);
		}
	}
	bpf_map_delete_elem(&slots, &tid);
	if (scope_mode == SCOPE_HOST)
		return 0;
	signal = get(task, signal);
	if (get(signal, live.counter) == 0)
		bpf_map_delete_elem(&tracked, &pid);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_procexit(u64 *ctx)
{
	return record_procexit();
}

SEC("raw_tp/sched_process_exit")
int on_procexit_plain(u64 *ctx)
{
	return record_procexit();
}

/* A task enters a cgroup. */
SEC("tp_btf/cgroup_attach_task")
int on_move(u64 *ctx)
{
	follow_move((struct cgroup *)number_of(ctx, 0), (struct task_struct *)number_of(ctx, 2));
	return 0;
}

SEC("raw_tp/cgroup_attach_task")
int on_move_plain(u64 *ctx)
{
	follow_move((struct cgroup *)number_of(ctx, 0), (struct task_struct *)number_of(ctx, 2));
	return 0;
}

/*
 * Not attached: user space runs it on a cpu that has pending records. It may interrupt another program at work; then
 * it has no effect, and says so.
 */
SEC("raw_tp/sys_exit")
int on_flush(u64 *ctx)
{
	struct scratch *s = scratch_of_cpu();

	if (!s)
		return 0;
	if (s->busy)
		return 1;
	if (s->base)
		hand_over(s, s->base);
	return 0;
}

/* Never read: puts the structures of wire.h into the object's BTF, where a test compares them with the Rust side. */
const volatile struct {
	struct sr_blob blob;
	struct sr_record record;
	struct sr_task task;
	struct sr_file file;
	struct sr_sock sock;
	struct sr_vm vm;
	struct sr_msg msg;
} wire_types;

char program_license[] SEC("license") = "Dual MIT/GPL";
