// The flow table: see dissect/flow/table.h for its shape.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dissect/flow/table.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "hw/pages.h"

enum { VICTIM_LOOKS = 64 }; // 64, because a sweep of the whole table per packet would be the attacker's gift

static size_t index_len(const struct flow_table *t)
{
	return (t->bucket_mask + 1) * sizeof(struct flow_bucket);
}

int flow_table_open(struct flow_table *t, uint32_t flows_max)
{
	memset(t, 0, sizeof(*t));
	// Half full at most: with two buckets of eight a flow then practically always finds a place.
	uint64_t n_buckets = 1;
	while (n_buckets * 8 < (uint64_t)flows_max * 2)
		n_buckets *= 2;
	t->bucket_mask = n_buckets - 1;
	if (getrandom(&t->seed, sizeof(t->seed), 0) != (ssize_t)sizeof(t->seed))
		return -errno;
	t->bucket = pages_map(index_len(t));
	if (!t->bucket)
		return -ENOMEM;
	int err = slab_open(&t->hot, sizeof(struct flow_hot), flows_max);
	if (!err)
		err = slab_open(&t->cold, sizeof(struct flow_cold), flows_max);
	if (err)
		flow_table_close(t);
	return err;
}

void flow_table_close(struct flow_table *t)
{
	pages_unmap(t->bucket, index_len(t));
	slab_close(&t->hot);
	slab_close(&t->cold);
	memset(t, 0, sizeof(*t));
}

void flow_key_ends(struct flow_key *key, const uint8_t src[16], const uint8_t dst[16], uint16_t src_port, uint16_t dst_port)
{
	int order = memcmp(src, dst, 16);
	bool swap = order > 0 || (order == 0 && src_port > dst_port);
	memcpy(key->addr[0], swap ? dst : src, 16);
	memcpy(key->addr[1], swap ? src : dst, 16);
	key->port[0] = swap ? dst_port : src_port;
	key->port[1] = swap ? src_port : dst_port;
}

void flow_key_of(struct flow_key *key, const struct decoded *p)
{
	flow_key_ends(key, p->src, p->dst, p->src_port, p->dst_port);
	key->ip_v = p->ip_v;
	key->tap = p->tap;
}

uint64_t flow_table_hash(const struct flow_table *t, const struct flow_key *key)
{
	return XXH3_64bits_withSeed(key, sizeof(*key), t->seed);
}

uint64_t flow_key_owner(const struct flow_key *key)
{
	return XXH3_64bits_withSeed(key, sizeof(*key), 0);
}

static struct flow_bucket *first_bucket(const struct flow_table *t, uint64_t hash)
{
	return &t->bucket[hash & t->bucket_mask];
}

static struct flow_bucket *second_bucket(const struct flow_table *t, uint64_t hash)
{
	// The tag alone gives the distance, so that either bucket finds the other.
	return &t->bucket[((hash & t->bucket_mask) ^ (((hash >> 32) * 0x5bd1e995u) | 1)) & t->bucket_mask];
}

void flow_table_prefetch(const struct flow_table *t, uint64_t hash)
{
	__builtin_prefetch(first_bucket(t, hash));
}

void flow_table_prefetch_lines(const struct flow_table *t, uint64_t hash)
{
	const struct flow_bucket *b = first_bucket(t, hash);
	uint32_t tag = (uint32_t)(hash >> 32);
	for (int i = 0; i < 8; i++) {
		if (b->entry[i].tag != tag || !b->entry[i].flow)
			continue;
		__builtin_prefetch(flow_hot_at(t, b->entry[i].flow), 1);
		const char *cold = slab_at(&t->cold, b->entry[i].flow);
		__builtin_prefetch(cold, 1);
		__builtin_prefetch(cold + 64, 1);
	}
}

static bool same_ends(const struct flow_cold *c, const struct decoded *p, enum dir *d)
{
	if (c->ip_v != p->ip_v || c->tap != p->tap)
		return false;
	for (int side = 0; side < 2; side++) {
		if (c->port[side] == p->src_port && c->port[!side] == p->dst_port && !memcmp(c->addr[side], p->src, 16) &&
		    !memcmp(c->addr[!side], p->dst, 16)) {
			*d = (enum dir)side;
			return true;
		}
	}
	return false;
}

static uint32_t find_in(const struct flow_table *t, const struct flow_bucket *b, uint32_t tag, const struct decoded *p, enum dir *d)
{
	for (int i = 0; i < 8; i++) {
		if (b->entry[i].tag == tag && b->entry[i].flow && same_ends(flow_cold_at(t, b->entry[i].flow), p, d))
			return b->entry[i].flow;
	}
	return 0;
}

uint32_t flow_table_find(const struct flow_table *t, uint64_t hash, const struct decoded *p, enum dir *d)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	uint32_t flow = find_in(t, first_bucket(t, hash), tag, p, d);
	return flow ? flow : find_in(t, second_bucket(t, hash), tag, p, d);
}

static int n_free(const struct flow_bucket *b, int *at)
{
	int n = 0;
	for (int i = 8; i-- > 0;) {
		if (!b->entry[i].flow) {
			*at = i;
			n++;
		}
	}
	return n;
}

// The first bucket while it is half empty (its line is in the cache already), else the emptier one: always taking the
// first turned away one flow in a thousand from a table that had room.
static struct flow_bucket *place(const struct flow_table *t, uint64_t hash, int *at)
{
	int at_first = 0, at_second = 0;
	struct flow_bucket *first = first_bucket(t, hash), *second = second_bucket(t, hash);
	int free_first = n_free(first, &at_first);
	if (free_first < 4) {
		int free_second = n_free(second, &at_second);
		if (free_second > free_first) {
			*at = at_second;
			return second;
		}
	}
	*at = at_first;
	return free_first ? first : NULL;
}

uint32_t flow_table_add(struct flow_table *t, uint64_t hash, const struct decoded *p, bool client_sends)
{
	int at;
	struct flow_bucket *b = place(t, hash, &at);
	uint32_t flow = b ? slab_get(&t->hot) : 0;
	if (!flow)
		return 0;
	uint32_t same = slab_get(&t->cold);
	assert(same == flow);
	(void)same;
	b->entry[at].tag = (uint32_t)(hash >> 32);
	b->entry[at].flow = flow;

	struct flow_cold *c = flow_cold_at(t, flow);
	int src = client_sends ? DIR_C2S : DIR_S2C;
	memcpy(c->addr[src], p->src, 16);
	memcpy(c->addr[!src], p->dst, 16);
	c->port[src] = p->src_port;
	c->port[!src] = p->dst_port;
	c->ip_v = p->ip_v;
	c->tap = p->tap;
	c->n_vlan = p->n_vlan;
	memcpy(c->vlan, p->vlan, sizeof(c->vlan));
	return flow;
}

static struct decoded ends_of(const struct flow_cold *c)
{
	struct decoded ends = {.src_port = c->port[0], .dst_port = c->port[1], .ip_v = c->ip_v, .tap = c->tap};
	memcpy(ends.src, c->addr[0], 16);
	memcpy(ends.dst, c->addr[1], 16);
	return ends;
}

static uint64_t hash_of_flow(const struct flow_table *t, const struct flow_cold *c)
{
	struct decoded ends = ends_of(c);
	struct flow_key key;
	flow_key_of(&key, &ends);
	return flow_table_hash(t, &key);
}

uint32_t flow_table_twin(const struct flow_table *t, uint32_t flow)
{
	const struct flow_cold *c = flow_cold_at(t, flow);
	const struct decoded ends = ends_of(c);
	uint64_t hash = hash_of_flow(t, c);
	const struct flow_bucket *bucket[2] = {first_bucket(t, hash), second_bucket(t, hash)};
	enum dir unused;
	for (int i = 0; i < 16; i++) {
		uint32_t other = bucket[i / 8]->entry[i % 8].flow;
		if (other && other != flow && bucket[i / 8]->entry[i % 8].tag == (uint32_t)(hash >> 32) &&
		    same_ends(flow_cold_at(t, other), &ends, &unused))
			return other;
	}
	return 0;
}

enum dir flow_table_dir(const struct flow_table *t, uint32_t flow, const struct decoded *p)
{
	enum dir d = DIR_C2S;
	(void)same_ends(flow_cold_at(t, flow), p, &d);
	return d;
}

static bool remove_from(struct flow_bucket *b, uint32_t flow)
{
	for (int i = 0; i < 8; i++) {
		if (b->entry[i].flow == flow) {
			b->entry[i].flow = 0;
			return true;
		}
	}
	return false;
}

void flow_table_remove(struct flow_table *t, uint32_t flow)
{
	uint64_t hash = hash_of_flow(t, flow_cold_at(t, flow));
	if (!remove_from(first_bucket(t, hash), flow))
		(void)remove_from(second_bucket(t, hash), flow);
	flow_hot_at(t, flow)->phase = FLOW_FREE;
	slab_put(&t->hot, flow);
	slab_put(&t->cold, flow);
}

void flow_table_flip(struct flow_table *t, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(t, flow);
	struct flow_cold *c = flow_cold_at(t, flow);
#define SWAP(a, b) do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
	SWAP(h->off[0], h->off[1]);
	SWAP(h->base[0], h->base[1]);
	SWAP(h->ack[0], h->ack[1]);
	SWAP(h->fin_seq[0], h->fin_seq[1]);
	SWAP(c->port[0], c->port[1]);
	SWAP(c->octets[0], c->octets[1]);
	SWAP(c->pkts[0], c->pkts[1]);
#undef SWAP
	uint8_t addr[16];
	memcpy(addr, c->addr[0], 16);
	memcpy(c->addr[0], c->addr[1], 16);
	memcpy(c->addr[1], addr, 16);
	// Every pair of flags that is shifted by direction changes places.
	uint16_t pairs = h->flags & 0x0fff, low = pairs & 0x0555, high = pairs & 0x0aaa;
	h->flags = (uint16_t)((h->flags & 0xf000) | low << 1 | high >> 1);
}

static bool worse_loss(const struct flow_table *t, uint32_t a, uint32_t b)
{
	bool a_bare = flow_hot_at(t, a)->phase == FLOW_WAITING, b_bare = flow_hot_at(t, b)->phase == FLOW_WAITING;
	if (a_bare != b_bare)
		return b_bare;
	return flow_hot_at(t, a)->seen_ns > flow_hot_at(t, b)->seen_ns;
}

uint32_t flow_table_victim(struct flow_table *t, uint64_t hash)
{
	uint32_t best = 0;
	int at;
	if (!place(t, hash, &at)) { // whoever else goes, there is no place: one of these has to
		struct flow_bucket *b[2] = {first_bucket(t, hash), second_bucket(t, hash)};
		for (int i = 0; i < 16; i++) {
			uint32_t flow = b[i / 8]->entry[i % 8].flow;
			if (!best || worse_loss(t, best, flow))
				best = flow;
		}
		return best;
	}
	for (int i = 0; i < VICTIM_LOOKS && t->hot.n_max; i++) {
		t->hand = t->hand % t->hot.n_max + 1;
		if (flow_hot_at(t, t->hand)->phase == FLOW_FREE)
			continue;
		if (!best || worse_loss(t, best, t->hand))
			best = t->hand;
	}
	return best;
}
