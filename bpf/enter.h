/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a call was given, kept from its entry until it returns: another thread may overwrite a path while the call
 * runs, and an execve replaces the memory that its path lies in.
 */
#ifndef SYSREEL_ENTER_H
#define SYSREEL_ENTER_H

#include "fetch.h"

#define SLOT_BYTES		248	/* for most paths */
#define SLOT_BITS		255	/* what the verifier takes a length for */
#define LARGE_SLOT_BYTES	(2 * SR_PATH_MAX - 8)
#define LARGE_SLOT_BITS		(2 * SR_PATH_MAX - 1)
#define SLOT_NONE		0xffff

struct slot {
	u16 nr;			/* of the call that the thread is in, SLOT_NONE for none */
	u16 nblobs;
	u32 len;		/* of the blobs; above SLOT_BYTES they are in the thread's large slot */
	u64 args[6];
	u8 data[SLOT_BITS + 1];
};

struct large_slot {
	u8 data[LARGE_SLOT_BITS + 1];
};

/* Threads inside a call are few; those that were pushed out have their arguments read when the call returns. */
struct {
	map_number(type, BPF_MAP_TYPE_LRU_HASH);
	map_number(max_entries, 16384);
	map_type(key, u32);
	map_type(value, struct slot);
} slots SEC(".maps");

struct {
	map_number(type, BPF_MAP_TYPE_LRU_HASH);
	map_number(max_entries, 1024);
	map_type(key, u32);
	map_type(value, struct large_slot);
} large_slots SEC(".maps");

/* Looks up the thread's slot and makes one if there is none; the scratch buffer's contents serve as its first value. */
INLINE struct slot *slot_for(struct scratch *s, u32 tid)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &tid);

	if (slot)
		return slot;
	bpf_map_update_elem(&slots, &tid, s->data, BPF_ANY);
	return bpf_map_lookup_elem(&slots, &tid);
}

INLINE struct large_slot *large_slot_for(struct scratch *s, u32 tid)
{
	struct large_slot *slot = bpf_map_lookup_elem(&large_slots, &tid);

	if (slot)
		return slot;
	bpf_map_update_elem(&large_slots, &tid, s->data, BPF_ANY);
	return bpf_map_lookup_elem(&large_slots, &tid);
}

/* Moves the blobs of the record in hand to the thread's slot. */
INLINE void keep(struct scratch *s, u32 tid)
{
	struct sr_record *r = record_of(s);
	struct slot *slot = slot_for(s, tid);
	struct large_slot *large;
	u32 len = s->used - s->base - sizeof(*r);

	if (!slot)
		return;
	slot->nr = SLOT_NONE;
	__builtin_memcpy(slot->args, r->args, sizeof(slot->args));
	slot->nblobs = r->nblobs;
	slot->len = len;
	if (len <= SLOT_BYTES) {
		bpf_probe_read_kernel(slot->data, within(len, SLOT_BITS), r + 1);
	} else {
		large = large_slot_for(s, tid);
		if (!large || len > LARGE_SLOT_BYTES)
			return;
		bpf_probe_read_kernel(large->data, within(len, LARGE_SLOT_BITS), r + 1);
	}
	slot->nr = r->nr;
}

/* The thread's slot, if it was filled by the entry of this very call. */
INLINE struct slot *kept(u32 tid, u32 nr)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &tid);

	return slot && slot->nr == nr ? slot : 0;
}

/* Adds the slot's blobs to the record in hand and empties the slot. False: there are none. */
INLINE bool add_kept(struct scratch *s, u32 tid, struct slot *slot)
{
	struct large_slot *large;
	u32 used = s->used, len = slot->len;

	slot->nr = SLOT_NONE;
	if (len <= SLOT_BYTES) {
		bpf_probe_read_kernel(spot(s, used, 0), within(len, SLOT_BITS), slot->data);
	} else {
		large = bpf_map_lookup_elem(&large_slots, &tid);
		if (!large || len > LARGE_SLOT_BYTES)
			return false;
		bpf_probe_read_kernel(spot(s, used, 0), within(len, LARGE_SLOT_BITS), large->data);
	}
	s->used = used + len;
	record_of(s)->nblobs += slot->nblobs;
	return true;
}

/* An execve that is about to succeed goes on under the process' id, whichever thread called it. */
INLINE void move_slot(u32 from, u32 to)
{
	struct slot *slot = bpf_map_lookup_elem(&slots, &from);

	if (from == to || !slot)
		return;
	if (slot->len <= SLOT_BYTES)
		bpf_map_update_elem(&slots, &to, slot, BPF_ANY);
	slot->nr = SLOT_NONE;
}

#endif
