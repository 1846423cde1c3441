/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Control groups: their paths as records tell them, and which of them a recording is limited to. */
#ifndef SYSREEL_CGROUP_H
#define SYSREEL_CGROUP_H

#include "record.h"

#define CGROUPS_MAX	4096	/* bytes of the blob */
#define CGROUP_NAME_ROOM 256

/* The cgroups that a recording is limited to, descendants included. */
struct cgroup_key {
	u64 id;			/* inode number of the folder */
	u64 hierarchy;		/* as in /proc/PID/cgroup; 0 is version 2 */
};

struct {
	map_number(type, BPF_MAP_TYPE_HASH);
	map_number(max_entries, 1024);
	map_type(key, struct cgroup_key);
	map_type(value, u8);
} cgroups_in_scope SEC(".maps");

INLINE struct kernfs_node *parent_of(struct kernfs_node *node)
{
	if (field_exists(struct kernfs_node___hidden_parent, __parent))
		return get((struct kernfs_node___hidden_parent *)node, __parent);
	return get((struct kernfs_node___parent *)node, parent);
}

/* Whether the cgroup, or one that it lies in, is among those of the recording. */
OWN_PROOF int is_cgroup_in_scope(u64 cgroup_address)
{
	struct cgroup *cgroup = (struct cgroup *)cgroup_address;
	struct kernfs_node *node = get(cgroup, kn);
	struct cgroup_root *root = get(cgroup, root);
	struct cgroup_key key = {};

	key.hierarchy = get(root, hierarchy_id);
	for (u32 i = 0; i < LEVELS_MAX; i++) {
		if (!node)
			break;
		key.id = get(node, id);
		if (bpf_map_lookup_elem(&cgroups_in_scope, &key))
			return 1;
		node = parent_of(node);
	}
	return 0;
}

/* Appends one folder of a path: a slash and its name. */
OWN_PROOF int write_level(u32 at, u32 level)
{
	struct scratch *s = scratch_of_cpu();
	struct kernfs_node *node;
	char *to;
	long len;

	if (!s)
		return 0;
	node = (struct kernfs_node *)s->levels[within(level, LEVELS_MAX - 1)];
	to = spot(s, at, s->done);
	to[0] = '/';
	len = bpf_probe_read_kernel_str(to + 1, CGROUP_NAME_ROOM, get(node, name));
	s->done += len > 0 ? len : 1;
	return 0;
}

/*
 * Writes the cgroup's path to data[at..], NUL included; returns its length. Folders deeper than LEVELS_MAX are left
 * out at the root's end.
 */
OWN_PROOF int write_cgroup_path(u32 at, u64 cgroup_address)
{
	struct scratch *s = scratch_of_cpu();
	struct cgroup *cgroup = (struct cgroup *)cgroup_address;
	struct kernfs_node *node = get(cgroup, kn);
	u32 depth = 0;
	char *to;

	if (!s)
		return 0;
	for (u32 i = 0; i < LEVELS_MAX; i++) {
		struct kernfs_node *parent = parent_of(node);

		if (!parent)
			break;
		s->levels[i] = (u64)node;
		depth = i + 1;
		node = parent;
	}
	s->done = 0;
	for (u32 i = 0; i < LEVELS_MAX; i++) {
		if (i >= depth)
			break;
		write_level(at, depth - 1 - i);
	}
	to = spot(s, at, s->done);
	if (depth) {
		to[0] = 0;
		return s->done + 1;
	}
	to[0] = '/';
	to[1] = 0;
	return 2;
}

/*
 * Appends `name=path` of the controller whose place in a set of cgroups is `index`; `name` is up to 8 bytes with the
 * equals sign. scratch.told, .last_at, .last_len and .last_cgroup go on.
 */
OWN_PROOF int add_cgroup(u32 at, u64 css_address, u64 unified_address, u64 name, u32 name_len)
{
	struct scratch *s = scratch_of_cpu();
	struct cgroup *unified = (struct cgroup *)unified_address, *cgroup;
	struct cgroup_subsys_state *css = (struct cgroup_subsys_state *)css_address;
	u32 told;

	if (!s || !css)
		return 0;
	told = s->told;
	if (told > CGROUPS_MAX)
		return SR_BLOB_TRUNCATED;
	cgroup = get(css, cgroup);
	/* a version 2 controller that is not delegated so far down belongs to an ancestor; the task does not */
	if (cgroup != unified && get(cgroup, root) == get(unified, root))
		cgroup = unified;
	bpf_probe_read_kernel(spot(s, at, told), sizeof(name), &name);
	told += name_len;
	if (s->last_cgroup == (u64)cgroup) {
		bpf_probe_read_kernel(spot(s, at, told), within(s->last_len, DONE_BITS), spot(s, at, s->last_at));
	} else {
		s->last_cgroup = (u64)cgroup;
		s->last_at = told;
		s->last_len = write_cgroup_path(at + told, (u64)cgroup);
	}
	s->told = told + s->last_len;
	return 0;
}

/* The first eight bytes of a short string as a number, little endian. */
#define WORD(a, b, c, d, e, f, g, h)								\
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 |	\
	 (u64)(g) << 48 | (u64)(h) << 56)

/* Adds a controller if this kernel has it. */
#define TELL(subsystem, len, ...)									\
	do {												\
		if (variant_exists(enum cgroup_subsys_id, subsystem)) {					\
			struct cgroup_subsys_state *css_ = 0;						\
			bpf_probe_read_kernel(&css_, sizeof(css_), (char *)set +			\
				field_offset(struct css_set, subsys) +					\
				variant_value(enum cgroup_subsys_id, subsystem) * sizeof(css_));	\
			flags |= add_cgroup(at, (u64)css_, (u64)unified, WORD(__VA_ARGS__), len);	\
		}											\
	} while (0)

/* SR_BLOB_CGROUPS of a task: the controllers that container engines place their groups in. */
OWN_PROOF int add_cgroups(u64 task_address)
{
	struct scratch *s = scratch_of_cpu();
	struct task_struct *task = (struct task_struct *)task_address;
	struct css_set *set = get(task, cgroups);
	struct cgroup *unified = get(set, dfl_cgrp);
	u16 flags = 0;
	u32 at;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	s->told = 0;
	s->last_cgroup = 0;
	TELL(cpuset_cgrp_id, 7, 'c', 'p', 'u', 's', 'e', 't', '=', 0);
	TELL(cpu_cgrp_id, 4, 'c', 'p', 'u', '=', 0, 0, 0, 0);
	TELL(cpuacct_cgrp_id, 8, 'c', 'p', 'u', 'a', 'c', 'c', 't', '=');
	TELL(io_cgrp_id, 3, 'i', 'o', '=', 0, 0, 0, 0, 0);
	TELL(memory_cgrp_id, 7, 'm', 'e', 'm', 'o', 'r', 'y', '=', 0);
	TELL(devices_cgrp_id, 8, 'd', 'e', 'v', 'i', 'c', 'e', 's', '=');
	TELL(freezer_cgrp_id, 8, 'f', 'r', 'e', 'e', 'z', 'e', 'r', '=');
	TELL(pids_cgrp_id, 5, 'p', 'i', 'd', 's', '=', 0, 0, 0);
	end_blob(s, SR_BLOB_CGROUPS, flags, s->told);
	return 0;
}

#endif
