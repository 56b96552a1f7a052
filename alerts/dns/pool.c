// A chained hash over a slab, and one list from the record told longest ago to the newest.
#include "alerts/dns/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	p->heads = calloc(n, sizeof(*p->heads));
	return p->heads ? slab_open(&p->records, sizeof(struct pool_record), n_max) : -ENOMEM;
}

void pool_close(struct pool *p)
{
	free(p->heads);
	p->heads = NULL;
	slab_close(&p->records);
}

static const struct pool_record *of_hash(const struct pool *p, uint32_t index, uint64_t hash)
{
	while (index && at(p, index)->hash != hash)
		index = at(p, index)->chain;
	return index ? at(p, index) : NULL;
}

const struct pool_record *pool_first(const struct pool *p, uint64_t hash)
{
	return of_hash(p, p->heads[hash & p->mask], hash);
}

const struct pool_record *pool_next(const struct pool *p, const struct pool_record *r)
{
	return of_hash(p, r->chain, r->hash);
}

static bool same(const struct pool_record *a, const struct pool_record *b)
{
	return a->kind == b->kind && a->ip_v == b->ip_v && memcmp(a->client, b->client, sizeof(a->client)) == 0 &&
	       a->address_v == b->address_v && (!a->address_v || memcmp(a->address, b->address, sizeof(a->address)) == 0) &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->target, b->target) == 0;
}

struct pool_record *pool_same(const struct pool *p, const struct pool_record *like)
{
	const struct pool_record *r = pool_first(p, like->hash);
	while (r && !same(r, like))
		r = pool_next(p, r);
	return r ? at(p, index_of(p, r)) : NULL;
}

void pool_remove(struct pool *p, struct pool_record *r)
{
	uint32_t index = index_of(p, r), *link = &p->heads[r->hash & p->mask];

	while (*link != index)
		link = &at(p, *link)->chain;
	*link = r->chain;
	*(r->older ? &at(p, r->older)->newer : &p->oldest) = r->newer;
	*(r->newer ? &at(p, r->newer)->older : &p->newest) = r->older;
	slab_put(&p->records, index);
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
	r->chain = p->heads[r->hash & p->mask];
	p->heads[r->hash & p->mask] = index;
	r->older = p->newest;
	r->newer = 0;
	*(p->newest ? &at(p, p->newest)->newer : &p->oldest) = index;
	p->newest = index;
}
