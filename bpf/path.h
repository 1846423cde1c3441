/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Paths of open files and folders, as the components that lead from the leaf up to the root of all mounts. */
#ifndef SYSREEL_PATH_H
#define SYSREEL_PATH_H

#include "record.h"

#define COMPONENTS_MAX	96	/* steps, crossings from mount to mount included */
#define NAME_ROOM	256	/* NAME_MAX and its NUL */

/* A blob of the components of `path` (the address of a struct path). */
OWN_PROOF int add_path(u32 id, u64 path)
{
	struct scratch *s = scratch_of_cpu();
	struct path *p = (struct path *)path;
	struct dentry *dentry, *mount_root, *parent;
	struct vfsmount *vfsmount;
	struct mount *mount, *mount_parent;
	u16 flags = SR_BLOB_TRUNCATED;
	u32 at, done;
	long len;

	if (!s || !path)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	dentry = get(p, dentry);
	vfsmount = get(p, mnt);
	mount = (struct mount *)((char *)vfsmount - field_offset(struct mount, mnt));
	mount_root = get(vfsmount, mnt_root);
	s->done = 0;
	for (u32 i = 0; i < COMPONENTS_MAX; i++) {
		if (!dentry) {
			flags = 0;
			break;
		}
		parent = get(dentry, d_parent);
		if (dentry == mount_root) {
			mount_parent = get(mount, mnt_parent);
			if (!mount_parent || mount_parent == mount) {
				flags = 0;
				break;
			}
			dentry = get(mount, mnt_mountpoint);
			mount = mount_parent;
			mount_root = get(mount, mnt.mnt_root);
			continue;
		}
		done = s->done;
		if (done > SR_PATH_MAX - NAME_ROOM)
			break;
		len = bpf_probe_read_kernel_str(spot(s, at, done), NAME_ROOM, get(dentry, d_name.name));
		if (len < 0) {
			flags = SR_BLOB_FAULT;
			break;
		}
		/* what hangs in no tree (memfd, a pipe) has only its own name */
		s->done = done + len;
		if (dentry == parent) {
			flags = 0;
			break;
		}
		dentry = parent;
	}
	end_blob(s, id, flags, s->done);
	return 0;
}

#endif
