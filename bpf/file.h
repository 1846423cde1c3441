/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Facts of open files and sockets. */
#ifndef SYSREEL_FILE_H
#define SYSREEL_FILE_H

#include "path.h"
#include "record.h"

#define LAYER_UPPER	1
#define LAYER_LOWER	2

/* Enough of each structure's start to hold what is read of it, see from_chunk(). */
#define FILE_CHUNK	128	/* also for struct super_block */
#define INODE_CHUNK	72

#define read_chunk(chunk, pointer)	bpf_probe_read_kernel(chunk, sizeof(chunk), pointer)

/* The current task's open file `fd`, 0 if there is none. */
INLINE struct file *file_of(s32 fd)
{
	struct file **slots, *file = 0;
	struct task_struct *task;
	struct fdtable *table;
	u32 slots_count;

	if (has_typed_task) {
		table = bpf_get_current_task_btf()->files->fdt;
		slots_count = table->max_fds;
		slots = table->fd;
	} else {
		task = (struct task_struct *)bpf_get_current_task();
		table = get(get(task, files), fdt);
		slots_count = get(table, max_fds);
		slots = get(table, fd);
	}
	if (fd < 0 || (u32)fd >= slots_count)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), slots + (u32)fd);
	return file;
}

/*
 * Which layer of an overlay the inode's file comes from. The module's structures are not in the kernel's own BTF, but
 * the pointer to the upper entry has followed the embedded inode since 4.13.
 */
INLINE u32 overlay_layer(struct inode *inode, unsigned long magic)
{
	struct dentry *upper = 0;

	if (magic != OVERLAYFS_SUPER_MAGIC)
		return 0;
	bpf_probe_read_kernel(&upper, sizeof(upper), (char *)inode + type_size(struct inode));
	if (!upper)
		return LAYER_LOWER;
	return get(upper, d_inode) ? LAYER_UPPER : LAYER_LOWER;
}

OWN_PROOF int add_file(s32 fd)
{
	struct scratch *s = scratch_of_cpu();
	struct file *file = file_of(fd);
	struct super_block *sb;
	struct inode *inode;
	struct sr_file *f;
	u64 chunk[FILE_CHUNK / 8];
	u64 inode_chunk[INODE_CHUNK / 8];
	u32 at, dev;

	if (!s || !file)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	read_chunk(chunk, file);
	f = spot(s, at, 0);
	f->f_flags = from_chunk(chunk, file, f_flags);
	f->f_mode = from_chunk(chunk, file, f_mode);
	inode = from_chunk(chunk, file, f_inode);
	if (!inode)
		return 0;
	read_chunk(inode_chunk, inode);
	f->ino = from_chunk(inode_chunk, inode, i_ino);
	f->mode = from_chunk(inode_chunk, inode, i_mode);
	sb = from_chunk(inode_chunk, inode, i_sb);
	read_chunk(chunk, sb);
	dev = from_chunk(chunk, sb, s_dev);
	/* the kernel packs 12 bits of major and 20 of minor, stat(2) splits the minor around the major */
	f->dev = (dev & 0xff) | (dev >> 20) << 8 | (dev & 0xfff00) << 12;
	f->layer = overlay_layer(inode, from_chunk(chunk, sb, s_magic));
	f->reserved = 0;
	end_blob(s, SR_BLOB_FILE, 0, sizeof(*f));
	return 0;
}

OWN_PROOF int add_file_path(s32 fd)
{
	struct file *file = file_of(fd);

	if (file)
		add_path(SR_BLOB_FILE_PATH, (u64)&file->f_path);
	return 0;
}

/* The socket behind `fd`, 0 if it is something else. */
INLINE struct sock *sock_of(s32 fd)
{
	struct file *file = file_of(fd);
	u64 chunk[FILE_CHUNK / 8];
	struct socket *socket;
	struct inode *inode;

	if (!file)
		return 0;
	read_chunk(chunk, file);
	inode = from_chunk(chunk, file, f_inode);
	if (!inode || (get(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	/* nothing, if the file was opened as a path only */
	socket = from_chunk(chunk, file, private_data);
	return socket ? get(socket, sk) : 0;
}

INLINE bool add_sock_path(struct scratch *s, struct unix_sock *sock)
{
	struct unix_address *address = sock ? get(sock, addr) : 0;
	u32 at = begin_blob(s);
	s32 len;

	if (!address || !at)
		return false;
	len = get(address, len) - 2;	/* of the whole struct sockaddr_un */
	if (len <= 0 || len > 108)
		return false;
	if (bpf_probe_read_kernel(spot(s, at, 0), within(len, 127), (char *)&address->name[0].sun_path))
		return false;
	end_blob(s, SR_BLOB_SOCK_PATH, 0, len);
	return true;
}

INLINE void write_inet(struct sr_sock *k, struct inet_sock *inet, struct sock *sk)
{
	struct ipv6_pinfo *pinet6;

	k->local_port = get(inet, inet_sport);
	k->remote_port = get(sk, __sk_common.skc_dport);
	if (k->family == AF_INET) {
		*(u32 *)k->local_ip = get(inet, inet_saddr);
		*(u32 *)k->remote_ip = get(sk, __sk_common.skc_daddr);
		return;
	}
	bpf_probe_read_kernel(k->remote_ip, 16, &sk->__sk_common.skc_v6_daddr);
	pinet6 = get(inet, pinet6);
	if (pinet6)
		bpf_probe_read_kernel(k->local_ip, 16, &pinet6->saddr);
}

/*
 * Facts of the socket behind `fd`. `listener` is the socket that it was accepted from, or -1: the backlog is told of
 * that one, and a unix socket's own path comes before its peer's.
 */
OWN_PROOF int add_sock(s32 fd, s32 listener)
{
	struct scratch *s = scratch_of_cpu();
	struct sock *sk = sock_of(fd), *listening;
	struct sr_sock *k;
	u32 at;

	if (!s || !sk)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	k = spot(s, at, 0);
	__builtin_memset(k, 0, sizeof(*k));
	k->family = get(sk, __sk_common.skc_family);
	k->type = get(sk, sk_type);
	k->protocol = get(sk, sk_protocol);
	k->state = get(sk, __sk_common.skc_state);
	if (listener >= 0) {
		listening = sock_of(listener);
		if (listening) {
			k->backlog_len = get(listening, sk_ack_backlog);
			k->backlog_max = get(listening, sk_max_ack_backlog);
		}
	}
	if (k->family == AF_INET || k->family == AF_INET6) {
		write_inet(k, (struct inet_sock *)sk, sk);
	} else if (k->family == AF_UNIX && type_exists(struct unix_sock)) {
		struct unix_sock *self = (struct unix_sock *)sk;
		struct unix_sock *peer = (struct unix_sock *)get(self, peer);
		struct unix_sock *first = listener >= 0 ? self : peer;
		struct unix_sock *second = listener >= 0 ? peer : self;

		k->self = (u64)self;
		k->peer = (u64)peer;
		end_blob(s, SR_BLOB_SOCK, 0, sizeof(*k));
		if (!add_sock_path(s, first))
			add_sock_path(s, second);
		return 0;
	}
	end_blob(s, SR_BLOB_SOCK, 0, sizeof(*k));
	return 0;
}

#endif
