/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fetching what a call's arguments point to, as its descriptor says. */
#ifndef SYSREEL_FETCH_H
#define SYSREEL_FETCH_H

#include "record.h"

#define SOCKADDR_MAX	128	/* struct sockaddr_storage */
#define CONTROL_MAX	SR_CONTROL_MAX
#define IOVECS_MAX	1024	/* UIO_MAXIOV: a call with more parts fails */
#define MESSAGES_MAX	1024	/* as many as one call of sendmmsg or recvmmsg handles */
#define EXEC_STRINGS_MAX 1024
#define ITEMS_MAX	16

/* Copies what is left of `len` bytes up to the end of a page; 0 if there is nothing left or it cannot be read. */
OWN_PROOF int copy_page(u32 at, u32 len, u64 from)
{
	struct scratch *s = scratch_of_cpu();
	u32 done, chunk;

	if (!s)
		return 0;
	done = s->copied;
	if (done >= len)
		return 0;
	chunk = 4096 - ((from + done) & 4095);
	if (chunk > len - done)
		chunk = len - done;
	if (bpf_probe_read_user(spot(s, at, done), within(chunk, DONE_BITS), (void *)(from + done)))
		return 0;
	s->copied = done + chunk;
	return 1;
}

/*
 * Copies user memory to data[at..]; returns how many bytes could be read. A page that is not in memory ends it: a
 * program in a tracepoint must not sleep for it.
 */
OWN_PROOF int copy_user(u32 at, u32 len, u64 from)
{
	struct scratch *s = scratch_of_cpu();

	if (!s)
		return 0;
	if (len > BLOB_MAX)
		len = BLOB_MAX;
	if (!bpf_probe_read_user(spot(s, at, 0), within(len, DONE_BITS), (void *)from))
		return len;
	s->copied = 0;
	for (u32 page = 0; page < BLOB_MAX / 4096 + 2; page++) {
		if (!copy_page(at, len, from))
			break;
	}
	return s->copied;
}

INLINE u16 fault_flag(u32 got, u32 asked)
{
	return got < asked ? SR_BLOB_FAULT : 0;
}

/* A blob of `len` bytes of user memory, of which there are `whole`. */
INLINE void blob_user(struct scratch *s, u16 id, u64 from, u64 whole, u32 max)
{
	u32 at = begin_blob(s);
	u32 len = whole > max ? max : whole;
	u32 got;

	if (!at)
		return;
	got = len ? copy_user(at, len, from) : 0;
	if (got < len)
		s->faulted = 1;
	end_blob(s, id, fault_flag(got, len) | (whole > max ? SR_BLOB_TRUNCATED : 0), got);
}

/* Ends the blob of a string that was read with room for one byte more than is kept: `len` is what the helper gave. */
INLINE void end_string(struct scratch *s, u16 id, long len)
{
	if (len < 0)
		end_blob(s, id, SR_BLOB_FAULT, 0);
	else if (len > SR_PATH_MAX)
		end_blob(s, id, SR_BLOB_TRUNCATED, SR_PATH_MAX);
	else
		end_blob(s, id, 0, len);
}

INLINE void blob_user_str(struct scratch *s, u16 id, u64 from)
{
	u32 at = begin_blob(s);
	long len;

	if (!at)
		return;
	len = bpf_probe_read_user_str(spot(s, at, 0), SR_PATH_MAX + 1, (void *)from);
	if (len < 0)
		s->faulted = 1;
	end_string(s, id, len);
}

INLINE void blob_kernel_str(struct scratch *s, u16 id, const char *from)
{
	u32 at = begin_blob(s);

	if (at)
		end_string(s, id, bpf_probe_read_kernel_str(spot(s, at, 0), SR_PATH_MAX + 1, from));
}

/* What a blob holds before gathered data: struct sr_msg, name and control. */
#define GATHER_ROOM	(sizeof(struct sr_msg) + SOCKADDR_MAX + CONTROL_MAX)
#define GATHER_LEN	0xfffff
#define GATHER_SHORT	0x100000	/* a page could not be read */

INLINE bool read_iovec(struct user_iovec *part, u32 compat, u64 from)
{
	struct compat_iovec small;

	if (!compat)
		return !bpf_probe_read_user(part, sizeof(*part), (void *)from);
	if (bpf_probe_read_user(&small, sizeof(small), (void *)from))
		return false;
	part->base = small.base;
	part->len = small.len;
	return true;
}

INLINE bool read_msghdr(struct user_msghdr *header, u32 compat, u64 from)
{
	struct compat_msghdr small;

	if (!compat)
		return !bpf_probe_read_user(header, sizeof(*header), (void *)from);
	if (bpf_probe_read_user(&small, sizeof(small), (void *)from))
		return false;
	header->name = small.name;
	header->name_len = small.name_len;
	header->iov = small.iov;
	header->iov_count = small.iov_count;
	header->control = small.control;
	header->control_len = small.control_len;
	return true;
}

/* Copies one part after those before it; scratch.done, .bits and .total go on. Returns 0 if there is no telling more. */
OWN_PROOF int gather_part(u32 at, u64 iovec, u32 max)
{
	struct scratch *s = scratch_of_cpu();
	struct user_iovec part;
	u32 done, chunk;

	if (!s)
		return 0;
	if (!read_iovec(&part, s->compat, iovec)) {
		s->bits |= GATHER_SHORT;
		return 0;
	}
	s->total += part.len;
	done = s->done;
	if (s->bits || done >= max || !part.len)
		return 1;
	chunk = part.len > max - done ? max - done : part.len;
	if (bpf_probe_read_user(spot(s, at, done), within(chunk, DONE_BITS), (void *)part.base))
		s->bits |= GATHER_SHORT;
	else
		s->done = done + chunk;
	return 1;
}

/*
 * Copies what an iovec points to, one part after the other, at most `max` bytes, to data[at..]; the sum of all lengths
 * goes to scratch.total. Returns the number of bytes, and GATHER_ bits.
 */
OWN_PROOF int gather(u32 at, u64 iov, u64 count, u32 max)
{
	struct scratch *s = scratch_of_cpu();
	u32 size;

	if (!s)
		return GATHER_SHORT;
	if (max > BLOB_MAX - GATHER_ROOM)
		max = BLOB_MAX - GATHER_ROOM;
	size = s->compat ? sizeof(struct compat_iovec) : sizeof(struct user_iovec);
	s->done = s->bits = s->total = 0;
	for (u32 i = 0; i < IOVECS_MAX; i++) {
		if (i >= count || !gather_part(at, iov + i * size, max))
			break;
	}
	return s->done | s->bits;
}

INLINE u16 gather_flags(u32 gathered)
{
	return gathered & GATHER_SHORT ? SR_BLOB_FAULT : 0;
}

OWN_PROOF int fetch_iovec(u32 id, u64 iov, u64 count, u32 max)
{
	struct scratch *s = scratch_of_cpu();
	u32 at, gathered;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	gathered = gather(at + 8, iov, count, max);
	*(u64 *)spot(s, at, 0) = s->total;
	end_blob(s, id, gather_flags(gathered), 8 + (gathered & GATHER_LEN));
	return 0;
}

/* `max` bytes of data; `control` says whether control data is there to be read. */
OWN_PROOF int fetch_msghdr(u32 id, u64 from, u32 max, u32 control, u32 sent)
{
	struct scratch *s = scratch_of_cpu();
	struct user_msghdr header;
	struct sr_msg *msg;
	u32 at, len, name_len, control_len, gathered;
	u16 flags = 0;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	if (!read_msghdr(&header, s->compat, from)) {
		end_blob(s, id, SR_BLOB_FAULT, 0);
		return 0;
	}
	name_len = header.name ? header.name_len : 0;
	if (name_len > SOCKADDR_MAX)
		name_len = SOCKADDR_MAX;
	len = sizeof(*msg);
	if (name_len && copy_user(at + len, name_len, header.name) < (int)name_len) {
		flags |= SR_BLOB_FAULT;
		name_len = 0;
	}
	len += (name_len + 7) & ~7u;
	control_len = 0;
	if (header.control && control) {
		control_len = header.control_len;
		if (header.control_len > CONTROL_MAX) {
			control_len = CONTROL_MAX;
			flags |= SR_BLOB_TRUNCATED;
		}
	}
	if (control_len && copy_user(at + len, control_len, header.control) < (int)control_len) {
		flags |= SR_BLOB_FAULT;
		control_len = 0;
	}
	len += (control_len + 7) & ~7u;
	gathered = gather(at + len, header.iov, header.iov_count, max);
	flags |= gather_flags(gathered);
	msg = spot(s, at, 0);
	msg->total = s->total;
	msg->sent = sent;
	msg->name_len = name_len;
	msg->control_len = control_len;
	end_blob(s, id, flags, len + (gathered & GATHER_LEN));
	return 0;
}

/*
 * A blob for each of the first `count` messages of an array of struct mmsghdr, as long as the record has room for one
 * more and for what is told of the socket.
 */
OWN_PROOF int fetch_mmsghdrs(u32 id, u64 from, u64 count)
{
	struct scratch *s = scratch_of_cpu();
	u32 header, size;

	if (!s)
		return 0;
	header = s->compat ? sizeof(struct compat_msghdr) : sizeof(struct user_msghdr);
	size = s->compat ? header + 4 : header + 8;
	for (u32 i = 0; i < MESSAGES_MAX; i++) {
		u64 message = from + i * size;
		u32 len = 0;

		if (i >= count || s->used + BLOB_HEAD + GATHER_ROOM + snaplen > RECORD_SOFT_MAX)
			break;
		bpf_probe_read_user(&len, sizeof(len), (void *)(message + header));
		fetch_msghdr(id, message, len > snaplen ? snaplen : len, 1, len);
	}
	return 0;
}

#define STRING_READ	0
#define STRING_LAST	1
#define STRING_FAULT	2
#define STRING_FULL	3

/* Appends the string that a pointer points to at data[at + scratch.done]. */
OWN_PROOF int fetch_string(u32 at, u64 pointer)
{
	struct scratch *s = scratch_of_cpu();
	u64 string = 0;
	u32 done;
	long len;

	if (!s)
		return STRING_FULL;
	if (bpf_probe_read_user(&string, s->compat ? 4 : 8, (void *)pointer))
		return STRING_FAULT;
	if (!string)
		return STRING_LAST;
	done = s->done;
	if (done >= SR_EXEC_ARGS_MAX)
		return STRING_FULL;
	len = bpf_probe_read_user_str(spot(s, at, done), within(SR_EXEC_ARGS_MAX + 1 - done, DONE_BITS),
				      (void *)string);
	if (len < 0)
		return STRING_FAULT;
	s->done = done + len;
	if (s->done <= SR_EXEC_ARGS_MAX)
		return STRING_READ;
	s->done = SR_EXEC_ARGS_MAX;
	return STRING_FULL;
}

/* The strings of a NULL-terminated array of pointers, one after the other. */
OWN_PROOF int fetch_strings(u32 id, u64 array)
{
	struct scratch *s = scratch_of_cpu();
	u32 at, size, end = array ? STRING_FULL : STRING_LAST;
	u16 flags = 0;

	if (!s)
		return 0;
	at = begin_blob(s);
	if (!at)
		return 0;
	size = s->compat ? 4 : 8;
	s->done = 0;
	for (u32 i = 0; i < EXEC_STRINGS_MAX; i++) {
		u32 got;

		if (!array)
			break;
		got = fetch_string(at, array + i * size);
		if (got != STRING_READ) {
			end = got;
			break;
		}
	}
	if (end == STRING_FAULT)
		flags = SR_BLOB_FAULT;
	else if (end == STRING_FULL)
		flags = SR_BLOB_TRUNCATED;
	end_blob(s, id, flags, s->done);
	return 0;
}

#define FSCONFIG_SET_BINARY	2

INLINE bool is_fetched_at_enter(u32 kind)
{
	return kind == SR_FETCH_STR || kind == SR_FETCH_SOCKADDR || kind == SR_FETCH_FIXED;
}

/* `max` bytes of data that a call handed out, by its result. */
INLINE u32 cap_by_result(s64 ret)
{
	if (ret <= 0)
		return 0;
	return ret > snaplen ? snaplen : ret;
}

/* Fetches what argument `i` of the record's call points to. At entry the result is not known, and counts as 0. */
OWN_PROOF int fetch_arg(u32 nr, u32 i)
{
	struct scratch *s = scratch_of_cpu();
	struct sr_record *r;
	u32 kind, len_arg, len = 0;
	u64 value, length;
	s64 ret;

	if (!s || nr >= SR_SYSCALL_MAX || i >= 6)
		return 0;
	i = within(i, 7);	/* kernels up to 6.1 lose the bound where the compiler keeps a copy on the stack */
	r = record_of(s);
	kind = descriptor_of(nr)->fetch[i];
	len_arg = descriptor_of(nr)->len_arg[i];
	value = r->args[i];
	length = len_arg < 6 ? r->args[len_arg] : 0;
	ret = r->ret;
	if (!value && kind != SR_FETCH_FIXED)
		return 0;
	switch (kind) {
	case SR_FETCH_STR:
		blob_user_str(s, i, value);
		break;
	case SR_FETCH_BUF:
		blob_user(s, i, value, length, snaplen);
		break;
	case SR_FETCH_BUF_RET:
		if (ret > 0)
			blob_user(s, i, value, ret, snaplen);
		break;
	case SR_FETCH_SOCKADDR:
		blob_user(s, i, value, (u32)length, SOCKADDR_MAX);
		break;
	case SR_FETCH_SOCKADDR_OUT:
		if (ret >= 0 && !bpf_probe_read_user(&len, sizeof(len), (void *)length))
			blob_user(s, i, value, len, SOCKADDR_MAX);
		break;
	case SR_FETCH_IOVEC:
		fetch_iovec(i, value, length, snaplen);
		break;
	case SR_FETCH_IOVEC_RET:
		fetch_iovec(i, value, length, cap_by_result(ret));
		break;
	case SR_FETCH_MSGHDR:
		fetch_msghdr(i, value, snaplen, ret >= 0, 0);
		break;
	case SR_FETCH_MSGHDR_RET:
		fetch_msghdr(i, value, cap_by_result(ret), ret >= 0, 0);
		break;
	case SR_FETCH_MMSGHDR:
		if (ret > 0)
			fetch_mmsghdrs(i, value, ret);
		break;
	case SR_FETCH_BUF_LEN_AT:
		if (!bpf_probe_read_user(&len, sizeof(len), (void *)length))
			blob_user(s, i, value, len, snaplen > SOCKADDR_MAX ? snaplen : SOCKADDR_MAX);
		break;
	case SR_FETCH_FSCONFIG:
		if (r->args[1] == FSCONFIG_SET_BINARY)
			blob_user(s, i, value, length, snaplen);
		else
			blob_user_str(s, i, value);
		break;
	case SR_FETCH_FIXED:
		if (value)
			blob_user(s, i, value, len_arg * 4, 1024);
		break;
	case SR_FETCH_FD_PAIR:
		blob_user(s, i, value, 8, 8);
		break;
	case SR_FETCH_ITEMS8:
		blob_user(s, i, value, length > 0xffff ? 0xffff : length * 8, ITEMS_MAX * 8);
		break;
	}
	return 0;
}

#define FETCH_ALL	0
#define FETCH_AT_ENTER	1	/* what would not last until the call returns */
#define FETCH_THE_REST	2	/* what was not fetched at entry */

INLINE void fetch_args(u32 nr, u32 which)
{
	u32 fetched = descriptor_of(nr)->fetched;

	if (!fetched)
		return;
	for (u32 i = 0; i < 6; i++) {
		if (!(fetched >> i & 1))
			continue;
		if (which != FETCH_ALL &&
		    is_fetched_at_enter(descriptor_of(nr)->fetch[i]) != (which == FETCH_AT_ENTER))
			continue;
		fetch_arg(nr, i);
	}
}

#endif
