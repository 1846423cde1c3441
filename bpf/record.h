/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Building a record in this cpu's scratch buffer and handing it to a ring; counting what found no room. */
#ifndef SYSREEL_RECORD_H
#define SYSREEL_RECORD_H

#include "kernel.h"
#include "wire.h"

/* Set by user space before loading; the kernel then holds them read-only. */
const volatile struct sr_desc descriptors[SR_SYSCALL_MAX];
/* A bit per call, native ones and those of 32-bit programs: what the fast path looks at. */
const volatile u64 wanted_at_exit[SR_SYSCALL_MAX / 64];
const volatile u64 wanted_at_enter[SR_SYSCALL_MAX / 64];
const volatile u64 wanted_at_compat_exit[SR_SYSCALL_MAX / 64];
const volatile u64 wanted_at_compat_enter[SR_SYSCALL_MAX / 64];
const volatile u16 native_of_compat[SR_SYSCALL_MAX];	/* native numbers of 32-bit calls, NO_CALL for none */
const volatile u16 native_of_socketcall[32];		/* by the first argument of the 32-bit socketcall */
const volatile u32 snaplen;
const volatile u32 recorder_pid;
const volatile u32 page_kib = 4;
const volatile u32 has_typed_task;	/* the kernel has bpf_get_current_task_btf */
const volatile u32 batch_bytes;	/* records of the main ring are handed over when they are this long together */
const volatile u32 wake_bytes;	/* a cpu wakes the reader each time it has written this much */

#define NO_CALL		0xffff
#define CPUS_MAX	8192
#define LEVELS_MAX	16	/* nesting of cgroups that a path is told to; a power of two */

/* The only variable that user space reads: what is not recorded for reasons other than a full ring, and what waits. */
struct {
	u64 compat_calls;	/* of 32-bit programs that are no native call, or in another layout */
	u64 untracked_processes;	/* that should be recorded, but there was no room to note it */
	u8 pending[CPUS_MAX];	/* 1: this cpu has records in its scratch buffer */
} counters;

/* Bytes of a record after which no further blob is begun, and the longest blob. */
#define RECORD_SOFT_MAX	0x18000
#define BLOB_MAX	0xf700
#define BLOB_HEAD	sizeof(struct sr_blob)

/*
 * What the verifier takes an offset into the buffer, an offset into a blob and a length for: any number with those bits.
 * The buffer is as long as the greatest sums of them.
 */
#define AT_BITS		0x1ffff
#define DONE_BITS	0xffff
#define LEN_BITS	0x1ffff	/* a whole record, or several */
#define SCRATCH_BYTES	(AT_BITS + LEN_BITS + DONE_BITS + 3 + 0x1000)

struct scratch {
	u32 base;		/* where the record in hand begins; before it lie complete ones */
	u32 used;		/* where it ends so far */
	u32 busy;		/* a program is at work in it */
	u32 compat;		/* the call is of a 32-bit program: pointers in memory have 4 bytes */
	u32 faulted;		/* something of the record in hand could not be read */
	u32 seq_main, seq_lifecycle;
	u32 unwoken_main, unwoken_lifecycle;
	/*
	 * Where loops keep their sums: the body of a loop is a function that the verifier checks once, where in the
	 * loop itself it would check each round.
	 */
	u32 copied;		/* copy_user */
	u32 done;		/* the other loops */
	u32 bits;
	u32 told;		/* add_cgroup, and the path that it wrote last */
	u32 last_at, last_len;
	u64 last_cgroup;
	u64 levels[LEVELS_MAX];	/* write_cgroup_path: the folders from the leaf up */
	u64 dentry, mount, mount_root;	/* add_path: where it has come to */
	u64 total;		/* of the lengths that an iovec names */
	u8 data[SCRATCH_BYTES];
};

/*
 * One per cpu, indexed by cpu. Records of the main ring gather in it, because the ring's lock and its reader's progress
 * cost more than a record does; user space runs on_flush() on a cpu before it reads.
 *
 * Values of per-cpu maps end at 32 KiB, hence an array. User space sets the number of entries.
 */
struct {
	map_number(type, BPF_MAP_TYPE_ARRAY);
	map_number(max_entries, 1);
	map_type(key, u32);
	map_type(value, struct scratch);
} scratches SEC(".maps");

struct {
	map_number(type, BPF_MAP_TYPE_RINGBUF);
	map_number(max_entries, 64 << 20);
} ring_main SEC(".maps");

struct {
	map_number(type, BPF_MAP_TYPE_RINGBUF);
	map_number(max_entries, 16 << 20);
} ring_lifecycle SEC(".maps");

struct {
	map_number(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	map_number(max_entries, 1);
	map_type(key, u32);
	map_type(value, struct sr_loss);
} losses SEC(".maps");

INLINE struct scratch *scratch_of_cpu(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&scratches, &cpu);
}

/* The value with a bound that the compiler cannot know to be needless, for the verifier to see. */
INLINE u32 within(u32 value, u32 bits)
{
	opaque(value);
	return value & bits;
}

INLINE void *spot(struct scratch *s, u32 at, u32 done)
{
	return &s->data[within(at, AT_BITS) + within(done, DONE_BITS)];
}

/* The record in hand. */
INLINE struct sr_record *record_of(struct scratch *s)
{
	return spot(s, s->base, 0);
}

INLINE bool is_wanted(const volatile u64 *bits, u32 nr)
{
	return nr < SR_SYSCALL_MAX && (bits[within(nr, SR_SYSCALL_MAX - 1) / 64] >> (nr % 64) & 1);
}

INLINE const volatile struct sr_desc *descriptor_of(u32 nr)
{
	return &descriptors[within(nr, SR_SYSCALL_MAX - 1)];
}

INLINE void count_loss(u16 type, u32 nr, u64 ts_ns)
{
	u32 zero = 0;
	struct sr_loss *loss = bpf_map_lookup_elem(&losses, &zero);

	if (!loss)
		return;
	if (type == SR_PROCEXIT)
		loss->procexit++;
	else
		loss->by_nr[within(nr, SR_SYSCALL_MAX - 1)]++;
	if (!loss->first_ts_ns)
		loss->first_ts_ns = ts_ns;
	loss->last_ts_ns = ts_ns;
}

/* What comes after is done after: an interrupt of the same cpu may run on_flush() at any instruction. */
#define in_order()	asm volatile("" ::: "memory")

INLINE void release(struct scratch *s)
{
	in_order();
	*(volatile u32 *)&s->busy = 0;
}

/*
 * Begins a record, and takes the scratch buffer until end_record() or drop_record(). Programs of one cpu do not
 * interrupt each other on the kernels known so far; should one do so, its record is counted as lost.
 */
INLINE struct scratch *begin_record(u16 type, u32 nr, u64 ids, u64 ts_ns)
{
	struct scratch *s = scratch_of_cpu();
	struct sr_record *r;

	if (!s)
		return 0;
	if (s->busy) {
		count_loss(type, nr, bpf_ktime_get_boot_ns());
		return 0;
	}
	*(volatile u32 *)&s->busy = 1;
	in_order();
	s->used = s->base + sizeof(struct sr_record);
	s->faulted = 0;
	s->compat = 0;
	r = record_of(s);
	r->ts_ns = ts_ns;
	r->type = type;
	r->nblobs = 0;
	r->tid = (u32)ids;
	r->pid = ids >> 32;
	r->cpu = bpf_get_smp_processor_id();
	r->nr = nr;
	r->ret = 0;
	return s;
}

INLINE void drop_record(struct scratch *s)
{
	release(s);
}

/* The reader sleeps until a cpu has written a fair amount: waking it for each record would cost more than the record. */
INLINE u64 wake_flags(u32 *unwoken, u32 len)
{
	*unwoken += len;
	if (*unwoken < wake_bytes)
		return BPF_RB_NO_WAKEUP;
	*unwoken = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* Counts the record at `at` as lost; returns where the next one begins. */
OWN_PROOF int lose_record(u32 at)
{
	struct scratch *s = scratch_of_cpu();
	struct sr_record *r;

	if (!s)
		return SCRATCH_BYTES;
	r = spot(s, at, 0);
	count_loss(r->type, r->nr, r->ts_ns);
	return at + r->len;
}

#define BATCH_RECORDS_MAX	128	/* more than batch_bytes of the shortest records */

/* Hands the complete records before `end` over to the main ring. */
INLINE void hand_over(struct scratch *s, u32 end)
{
	u32 at = 0;

	if (bpf_ringbuf_output(&ring_main, s->data, within(end, LEN_BITS), wake_flags(&s->unwoken_main, end))) {
		for (u32 i = 0; i < BATCH_RECORDS_MAX && at < end; i++)
			at = lose_record(at);
	}
	s->base = 0;
	counters.pending[bpf_get_smp_processor_id() & (CPUS_MAX - 1)] = 0;
}

INLINE void end_record(struct scratch *s, bool lifecycle)
{
	struct sr_record *r = record_of(s);
	u32 base = s->base, end = s->used;

	r->len = end - base;
	if (lifecycle) {
		r->seq = s->seq_lifecycle++;
		if (bpf_ringbuf_output(&ring_lifecycle, r, within(end - base, LEN_BITS),
				       wake_flags(&s->unwoken_lifecycle, end - base)))
			count_loss(r->type, r->nr, r->ts_ns);
	} else {
		r->seq = s->seq_main++;
		if (end >= batch_bytes) {
			hand_over(s, end);
		} else {
			s->base = end;
			if (!base)
				counters.pending[bpf_get_smp_processor_id() & (CPUS_MAX - 1)] = 1;
		}
	}
	release(s);
}

/*
 * Where the next blob's contents go: an offset into data, or 0 when the record is full. The contents may be up to
 * BLOB_MAX bytes long; end_blob() then writes the header before them.
 */
INLINE u32 begin_blob(struct scratch *s)
{
	u32 used = s->used;

	return used > RECORD_SOFT_MAX ? 0 : used + BLOB_HEAD;
}

INLINE void end_blob(struct scratch *s, u16 id, u16 flags, u32 len)
{
	u32 used = s->used;
	struct sr_blob *blob = spot(s, used, 0);

	if (used > RECORD_SOFT_MAX || len > BLOB_MAX)
		return;
	blob->id = id;
	blob->flags = flags;
	blob->len = len;
	s->used = used + BLOB_HEAD + ((len + 7) & ~7u);
	record_of(s)->nblobs++;
}

#endif
