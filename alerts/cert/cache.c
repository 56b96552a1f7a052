// Chains by digest in a chained hash, and by use in one list.
#include "alerts/cert/private.h"

#include "hw/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cert_cache {
	struct slab entries;
	uint32_t *heads;
	uint32_t mask;
	uint32_t oldest, newest;
};

static struct cert_entry *at(const struct cert_cache *c, uint32_t index)
{
	return slab_at(&c->entries, index);
}

int cert_cache_open(struct cert_cache **out, uint32_t n_max)
{
	struct cert_cache *c = calloc(1, sizeof(*c));
	uint32_t n = 16;

	if (!c)
		return -ENOMEM;
	while (n < n_max && n < 1u << 24)
		n *= 2;
	c->mask = n - 1;
	c->heads = calloc(n, sizeof(*c->heads));
	int r = c->heads ? slab_open(&c->entries, sizeof(struct cert_entry), n_max) : -ENOMEM;
	if (r) {
		cert_cache_close(&c);
		return r;
	}
	*out = c;
	return 0;
}

void cert_cache_close(struct cert_cache **c)
{
	if (!*c)
		return;
	slab_close(&(*c)->entries);
	free((*c)->heads);
	free(*c);
	*c = NULL;
}

static void list_add(struct cert_cache *c, uint32_t index)
{
	struct cert_entry *e = at(c, index);

	e->older = c->newest;
	e->newer = 0;
	*(c->newest ? &at(c, c->newest)->newer : &c->oldest) = index;
	c->newest = index;
}

static void list_remove(struct cert_cache *c, uint32_t index)
{
	struct cert_entry *e = at(c, index);

	*(e->older ? &at(c, e->older)->newer : &c->oldest) = e->newer;
	*(e->newer ? &at(c, e->newer)->older : &c->newest) = e->older;
}

// The digest is as good a hash as any; who makes many that begin alike has to compute for it.
static uint32_t *bucket(const struct cert_cache *c, const uint8_t digest[32])
{
	uint32_t hash;

	memcpy(&hash, digest, sizeof(hash));
	return &c->heads[hash & c->mask];
}

struct cert_entry *cert_cache_find(struct cert_cache *c, const uint8_t digest[32], bool client)
{
	uint32_t index = *bucket(c, digest);

	while (index && (at(c, index)->client != client || memcmp(at(c, index)->digest, digest, 32) != 0))
		index = at(c, index)->hash_next;
	if (!index)
		return NULL;
	list_remove(c, index);
	list_add(c, index);
	return at(c, index);
}

static void forget_oldest(struct cert_cache *c)
{
	uint32_t index = c->oldest;
	uint32_t *link = bucket(c, at(c, index)->digest);

	while (*link != index)
		link = &at(c, *link)->hash_next;
	*link = at(c, index)->hash_next;
	list_remove(c, index);
	slab_put(&c->entries, index);
}

struct cert_entry *cert_cache_add(struct cert_cache *c, const uint8_t digest[32], bool client, bool *evicted)
{
	uint32_t index = slab_get(&c->entries);

	*evicted = !index;
	if (!index) {
		forget_oldest(c);
		index = slab_get(&c->entries);
	}
	struct cert_entry *e = at(c, index);
	uint32_t *head = bucket(c, digest);
	memcpy(e->digest, digest, sizeof(e->digest));
	e->client = client;
	e->hash_next = *head;
	*head = index;
	list_add(c, index);
	return e;
}

uint32_t cert_cache_kept(const struct cert_cache *c)
{
	return c->entries.n_used;
}
