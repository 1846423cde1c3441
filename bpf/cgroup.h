/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Control groups: their paths as records tell them, and which of them a recording is limited to. */
#ifndef SYSREEL_CGROUP_H
#define SYSREEL_CGROUP_H

#include "record.h"

#define LEVELS_MAX	16	/* depth of nesting that a path is told to */
#define SUBSYSTEMS_MAX	16
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

INLINE bool is_first(const char *name, char a, char b)
{
	return name[0] == a && name[1] == b;
}

/* The controllers that records name: those that container engines place their groups in. */
INLINE bool is_subsystem_told(const char *name)
{
	return is_first(name, 'c', 'p') ||	/* cpuset cpu cpuacct */
		is_first(name, 'i', 'o') || is_first(name, 'm', 'e') || is_first(name, 'd', 'e') ||
		is_first(name, 'f', 'r') || is_first(name, 'p', 'i');
}

/*
 * Writes the cgroup's path to data[at..], NUL included; returns its length. Components deeper than LEVELS_MAX are
 * left out at the root's end.
 */
OWN_PROOF int write_cgroup_path(u32 at, u64 cgroup_address)
{
	struct scratch *s = scratch_of_cpu();
	struct cgroup *cgroup = (struct cgroup *)cgroup_address;
	struct kernfs_node *node = get(cgroup, kn);
	struct kernfs_node *levels[LEVELS_MAX];
	u32 depth = 0, done;
	char *to;

	if (!s)
		return 0;
	for (u32 i = 0; i < LEVELS_MAX; i++) {
		struct kernfs_node *parent;

		if (!node)
			break;
		parent = parent_of(node);
		if (!parent)
			break;
		levels[i] = node;
		depth = i + 1;
		node = parent;
	}
	if (!depth) {
		to = spot(s, at, 0);
		to[0] = '/';
		to[1] = 0;
		return 2;
	}
	s->done = 0;
	for (u32 i = LEVELS_MAX; i > 0; i--) {
		long len;

		if (i > depth)
			continue;
		done = s->done;
		to = spot(s, at, done);
		to[0] = '/';
		len = bpf_probe_read_kernel_str(to + 1, CGROUP_NAME_ROOM, get(levels[i - 1], name));
		s->done = done + (len > 0 ? len : 1);
	}
	done = s->done;
	to = spot(s, at, done);
	to[0] = 0;
	return done + 1;
}

/* Appends `name=path` of one controller; scratch.told, .last_at, .last_len and .last_cgroup go on. */
OWN_PROOF int add_cgroup(u32 at, u64 set_address, u32 i)
{
	struct scratch *s = scratch_of_cpu();
	struct css_set *set = (struct css_set *)set_address;
	struct cgroup *unified = get(set, dfl_cgrp), *cgroup;
	struct cgroup_subsys_state *css = 0;
	struct cgroup_subsys *subsystem;
	char name[16] = {}, *to;
	u32 told;
	long len;

	if (!s || i >= field_size(struct css_set, subsys) / sizeof(void *))
		return 0;
	bpf_probe_read_kernel(&css, sizeof(css), (char *)set + field_offset(struct css_set, subsys) + i * sizeof(css));
	if (!css)
		return 0;
	subsystem = get(css, ss);
	len = bpf_probe_read_kernel_str(name, sizeof(name), get(subsystem, name));
	if (len <= 1 || !is_subsystem_told(name))
		return 0;
	cgroup = get(css, cgroup);
	/* a version 2 controller that is not delegated so far down belongs to an ancestor; the task does not */
	if (get(cgroup, root) == get(unified, root))
		cgroup = unified;
	told = s->told;
	if (told > CGROUPS_MAX)
		return SR_BLOB_TRUNCATED;
	bpf_probe_read_kernel(spot(s, at, told), sizeof(name), name);
	told += len - 1;
	to = spot(s, at, told);
	*to = '=';
	told++;
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

/* SR_BLOB_CGROUPS of a task. */
OWN_PROOF int add_cgroups(u64 task_address)
{
	struct scratch *s = scratch_of_cpu();
	struct task_struct *task = (struct task_struct *)task_address;
	struct css_set *set = get(task, cgroups);
	u16 flags = 0;
	u32 at;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	s->told = 0;
	s->last_cgroup = 0;
	for (u32 i = 0; i < SUBSYSTEMS_MAX; i++)
		flags |= add_cgroup(at, (u64)set, i);
	end_blob(s, SR_BLOB_CGROUPS, flags, s->told);
	return 0;
}

#endif
