/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Facts of open files and sockets. */
#ifndef SYSREEL_FILE_H
#define SYSREEL_FILE_H

#include "path.h"
#include "record.h"

#define LAYER_UPPER	1
#define LAYER_LOWER	2

/* The current task's open file `fd`, 0 if there is none. */
INLINE struct file *file_of(s32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct files_struct *files = get(task, files);
	struct fdtable *table;
	struct file **slots, *file = 0;

	if (fd < 0 || !files)
		return 0;
	table = get(files, fdt);
	if ((u32)fd >= get(table, max_fds))
		return 0;
	slots = get(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), slots + (u32)fd);
	return file;
}

/*
 * Which layer of an overlay the inode's file comes from. The module's structures are not in the kernel's own BTF, but
 * the pointer to the upper entry has followed the embedded inode since 4.13.
 */
INLINE u32 overlay_layer(struct inode *inode)
{
	struct super_block *sb = get(inode, i_sb);
	struct dentry *upper = 0;

	if (get(sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
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
	u32 at, dev;

	if (!s || !file)
		return 0;
	at = begin_blob(s);
	inode = get(file, f_inode);
	if (!at || !inode)
		return 0;
	f = spot(s, at, 0);
	sb = get(inode, i_sb);
	dev = get(sb, s_dev);
	f->ino = get(inode, i_ino);
	/* the kernel packs 12 bits of major and 20 of minor, stat(2) splits the minor around the major */
	f->dev = (dev & 0xff) | (dev >> 20) << 8 | (dev & 0xfff00) << 12;
	f->mode = get(inode, i_mode);
	f->f_flags = get(file, f_flags);
	f->f_mode = get(file, f_mode);
	f->layer = overlay_layer(inode);
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
	struct socket *socket;
	struct super_block *sb;
	struct inode *inode;

	if (!file)
		return 0;
	inode = get(file, f_inode);
	sb = inode ? get(inode, i_sb) : 0;
	if (!sb || get(sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket = get(file, private_data);
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
