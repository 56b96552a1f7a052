// Two chained hashes over a slab, and one list from the record told longest ago to the newest.
#include "alerts/dns/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { BY_HASH, BY_SAME };

static struct pool_record *at(const struct pool *p, uint32_t index)
{
	return slab_at(&p->records, index);
}

static uint32_t index_of(const struct pool *p, const struct pool_record *r)
{
	return (uint32_t)(((const uint8_t *)r - p->records.base) / p->records.object_len);
}

int pool_open(struct pool *p, uint32_t n_max)
{
	uint32_t n = 16;

	memset(p, 0, sizeof(*p));
	while (n < n_max)
		n *= 2;
	p->mask = n - 1;
	for (int i = 0; i < 2; i++)
		p->heads[i] = calloc(n, sizeof(*p->heads[i]));
	return p->heads[0] && p->heads[1] ? slab_open(&p->records, sizeof(struct pool_record), n_max) : -ENOMEM;
}

void pool_close(struct pool *p)
{
	for (int i = 0; i < 2; i++) {
		free(p->heads[i]);
		p->heads[i] = NULL;
	}
	slab_close(&p->records);
}

// ---- chains --------------------------------------------------------------------------------------------------

static uint32_t *head_of(const struct pool *p, const struct pool_record *r, int which)
{
	return &p->heads[which][(which == BY_HASH ? r->hash : r->same) & p->mask];
}

static void enchain(struct pool *p, uint32_t index, int which)
{
	struct pool_record *r = at(p, index);
	uint32_t *head = head_of(p, r, which);

	r->chain[which].next = *head;
	r->chain[which].before = 0;
	if (*head)
		at(p, *head)->chain[which].before = index;
	*head = index;
}

static void unchain(struct pool *p, const struct pool_record *r, int which)
{
	uint32_t next = r->chain[which].next, before = r->chain[which].before;

	*(before ? &at(p, before)->chain[which].next : head_of(p, r, which)) = next;
	if (next)
		at(p, next)->chain[which].before = before;
}

static const struct pool_record *of_hash(const struct pool *p, uint32_t index, uint64_t hash)
{
	while (index && at(p, index)->hash != hash)
		index = at(p, index)->chain[BY_HASH].next;
	return index ? at(p, index) : NULL;
}

const struct pool_record *pool_first(const struct pool *p, uint64_t hash)
{
	return of_hash(p, p->heads[BY_HASH][hash & p->mask], hash);
}

const struct pool_record *pool_next(const struct pool *p, const struct pool_record *r)
{
	return of_hash(p, r->chain[BY_HASH].next, r->hash);
}

// ---- the same ------------------------------------------------------------------------------------------------

static uint64_t identity(const struct pool_record *r)
{
	uint64_t h = XXH3_64bits_withSeed(r->client, sizeof(r->client), r->hash + r->kind + r->ip_v);

	if (r->address_v)
		h = XXH3_64bits_withSeed(r->address, sizeof(r->address), h);
	h = XXH3_64bits_withSeed(r->name, strlen(r->name), h);
	return XXH3_64bits_withSeed(r->target, strlen(r->target), h);
}

static bool same(const struct pool_record *a, const struct pool_record *b)
{
	return a->kind == b->kind && a->ip_v == b->ip_v && memcmp(a->client, b->client, sizeof(a->client)) == 0 &&
	       a->address_v == b->address_v && (!a->address_v || memcmp(a->address, b->address, sizeof(a->address)) == 0) &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->target, b->target) == 0;
}

struct pool_record *pool_same(const struct pool *p, const struct pool_record *like)
{
	uint32_t index = p->heads[BY_SAME][identity(like) & p->mask];

	while (index && !same(at(p, index), like))
		index = at(p, index)->chain[BY_SAME].next;
	return index ? at(p, index) : NULL;
}

// ---- coming and going ----------------------------------------------------------------------------------------

void pool_remove(struct pool *p, struct pool_record *r)
{
	unchain(p, r, BY_HASH);
	unchain(p, r, BY_SAME);
	*(r->older ? &at(p, r->older)->newer : &p->oldest) = r->newer;
	*(r->newer ? &at(p, r->newer)->older : &p->newest) = r->older;
	slab_put(&p->records, index_of(p, r));
}

void pool_add(struct pool *p, const struct pool_record *from)
{
	uint32_t index = slab_get(&p->records);

	if (!index) {
		pool_remove(p, at(p, p->oldest));
		index = slab_get(&p->records);
	}
	struct pool_record *r = at(p, index);
	*r = *from;
	r->same = identity(r);
	enchain(p, index, BY_HASH);
	enchain(p, index, BY_SAME);
	r->older = p->newest;
	r->newer = 0;
	*(p->newest ? &at(p, p->newest)->newer : &p->oldest) = index;
	p->newest = index;
}
