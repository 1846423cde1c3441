/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which processes are recorded. */
#ifndef SYSREEL_SCOPE_H
#define SYSREEL_SCOPE_H

#include "cgroup.h"
#include "record.h"

#define SCOPE_HOST	0	/* every process but the recorder's own */
#define SCOPE_TRACKED	1	/* processes in `tracked`, and what they start */
#define SCOPE_CGROUPS	2	/* the same, and `tracked` follows the members of cgroups */

const volatile u32 scope_mode;

#define TRACKED		1
#define TRACKED_HELD	2	/* waits for its execve; nothing before that is recorded */

struct {
	map_number(type, BPF_MAP_TYPE_HASH);
	map_number(max_entries, 65536);
	map_type(key, u32);
	map_type(value, u8);
} tracked SEC(".maps");

INLINE u32 tracking_of(u32 pid)
{
	u8 *state = bpf_map_lookup_elem(&tracked, &pid);

	return state ? *state : 0;
}

INLINE void track(u32 pid)
{
	u8 state = TRACKED;

	if (bpf_map_update_elem(&tracked, &pid, &state, BPF_ANY))
		__sync_fetch_and_add(&counters.untracked_processes, 1);
}

/* TRACKED if the process is recorded, TRACKED_HELD if it will be from its execve on, else 0. */
INLINE u32 scope_of(u32 pid)
{
	if (scope_mode == SCOPE_HOST)
		return pid != recorder_pid ? TRACKED : 0;
	return tracking_of(pid);
}

/* A new process is recorded if its parent is, or if it was started right into a cgroup of the recording. */
INLINE void follow_fork(struct task_struct *parent, struct task_struct *child)
{
	u32 pid = get(child, tgid);
	struct css_set *set;

	if (scope_mode == SCOPE_HOST)
		return;
	if (pid == get(parent, tgid))
		return;		/* a thread of its process */
	if (tracking_of(get(parent, tgid)) == TRACKED) {
		track(pid);
		return;
	}
	if (scope_mode != SCOPE_CGROUPS || pid == recorder_pid)
		return;
	set = get(child, cgroups);
	if (is_cgroup_in_scope((u64)get(set, dfl_cgrp)))
		track(pid);
}

INLINE void follow_move(struct cgroup *to, struct task_struct *task)
{
	u32 pid = get(task, tgid);

	if (pid != recorder_pid && is_cgroup_in_scope((u64)to))
		track(pid);
}

#endif
