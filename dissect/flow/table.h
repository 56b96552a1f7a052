// The flow table of one worker: connections by their two ends, sized once, keyed hash, batched lookup.
//
// The index is made of buckets of eight entries, one cache line each; a flow stands in one of two buckets. When both
// are full or no flow is free, one flow has to go: the caller is asked which state it may lose (flow_table_victim).
#pragma once

#include "dissect/flow/flow.h"
#include "dissect/net/decode.h"
#include "hw/slab.h"

struct flow_bucket {
	struct {
		uint32_t tag; // upper half of the hash
		uint32_t flow; // 0: free
	} entry[8];
};
static_assert(sizeof(struct flow_bucket) == 64, "one cache line");

struct flow_table {
	struct slab hot, cold; // same index in both
	struct flow_bucket *bucket;
	uint64_t bucket_mask;
	uint64_t seed;         // random for each process: nobody can aim at a bucket
	uint32_t hand;         // of the clock that looks for a victim
};

// The ends of a segment, in an order that does not depend on its direction, and the tap: the same ends seen at two taps
// are two connections.
struct flow_key {
	uint8_t addr[2][16];
	uint16_t port[2];
	uint16_t ip_v, tap;
};
static_assert(sizeof(struct flow_key) == 40, "no padding: it is hashed as octets");

int flow_table_open(struct flow_table *t, uint32_t flows_max);
void flow_table_close(struct flow_table *t);

void flow_key_of(struct flow_key *key, const struct decoded *p);
// The ends alone.
void flow_key_ends(struct flow_key *key, const uint8_t src[16], const uint8_t dst[16], uint16_t src_port, uint16_t dst_port);
uint64_t flow_table_hash(const struct flow_table *t, const struct flow_key *key);
// The same for every process: which of N workers a connection belongs to.
uint64_t flow_key_owner(const struct flow_key *key);

// First steps of a batched lookup: fetch the bucket, then the lines of whatever may match.
void flow_table_prefetch(const struct flow_table *t, uint64_t hash);
void flow_table_prefetch_lines(const struct flow_table *t, uint64_t hash);

// The flow, or 0. `*d` is the direction of `p` in it.
uint32_t flow_table_find(const struct flow_table *t, uint64_t hash, const struct decoded *p, enum dir *d);

// The other flow with the same two ends, or 0.
uint32_t flow_table_twin(const struct flow_table *t, uint32_t flow);
// The direction of `p` in a flow whose ends it has.
enum dir flow_table_dir(const struct flow_table *t, uint32_t flow, const struct decoded *p);

// A new flow whose client is the sender of `p` if `client_sends`. 0 when there is no room: evict and try again.
uint32_t flow_table_add(struct flow_table *t, uint64_t hash, const struct decoded *p, bool client_sends);
void flow_table_remove(struct flow_table *t, uint32_t flow);

// Exchanges client and server of a flow of which nothing was delivered yet.
void flow_table_flip(struct flow_table *t, uint32_t flow);

// Whom to evict to make room for a flow with this hash: a flow that never carried payload if one is near, else the
// longest silent of those looked at. Looks at a bounded number. 0: the table is empty.
uint32_t flow_table_victim(struct flow_table *t, uint64_t hash);

static inline struct flow_hot *flow_hot_at(const struct flow_table *t, uint32_t flow)
{
	return slab_at(&t->hot, flow);
}

static inline struct flow_cold *flow_cold_at(const struct flow_table *t, uint32_t flow)
{
	return slab_at(&t->cold, flow);
}
