/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Paths of open files and folders, as the components that lead from the leaf up to the root of all mounts. */
#ifndef SYSREEL_PATH_H
#define SYSREEL_PATH_H

#include "record.h"

#define COMPONENTS_MAX	256	/* steps, crossings from mount to mount included */
#define NAME_ROOM	256	/* NAME_MAX and its NUL */

#define STEP_ON		0
#define STEP_END	1
#define STEP_FAULT	2
#define STEP_FULL	3

/*
 * Goes one step up from scratch.dentry, which lies in scratch.mount: to the parent, whose child's name is appended at
 * data[at + scratch.done], or out of the mount.
 */
OWN_PROOF int step_up(u32 at)
{
	struct scratch *s = scratch_of_cpu();
	struct dentry *dentry, *parent;
	struct mount *mount;
	u32 done;
	long len;

	if (!s)
		return STEP_END;
	dentry = (struct dentry *)s->dentry;
	if (s->dentry == s->mount_root) {
		mount = (struct mount *)s->mount;
		s->mount = (u64)get(mount, mnt_parent);
		if (!s->mount || s->mount == (u64)mount)
			return STEP_END;
		s->dentry = (u64)get(mount, mnt_mountpoint);
		mount = (struct mount *)s->mount;
		s->mount_root = (u64)get(mount, mnt.mnt_root);
		return STEP_ON;
	}
	done = s->done;
	if (done >= SR_PATH_MAX)
		return STEP_FULL;
	parent = get(dentry, d_parent);
	len = bpf_probe_read_kernel_str(spot(s, at, done), NAME_ROOM, get(dentry, d_name.name));
	if (len < 0)
		return STEP_FAULT;
	s->done = done + len;
	s->dentry = (u64)parent;
	/* what hangs in no tree (memfd, a pipe) has only its own name */
	return parent && parent != dentry ? STEP_ON : STEP_END;
}

/* A blob of the components of `path` (the address of a struct path). */
OWN_PROOF int add_path(u32 id, u64 path)
{
	struct scratch *s = scratch_of_cpu();
	struct path *p = (struct path *)path;
	u32 at, end = STEP_FULL;
	struct vfsmount *mount;

	if (!s || !path)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	mount = get(p, mnt);
	s->dentry = (u64)get(p, dentry);
	s->mount = (u64)mount - field_offset(struct mount, mnt);
	s->mount_root = (u64)get(mount, mnt_root);
	s->done = 0;
	for (u32 i = 0; i < COMPONENTS_MAX; i++) {
		u32 step = step_up(at);

		if (step != STEP_ON) {
			end = step;
			break;
		}
	}
	end_blob(s, id, end == STEP_FULL ? SR_BLOB_TRUNCATED : end == STEP_FAULT ? SR_BLOB_FAULT : 0, s->done);
	return 0;
}

#endif
