// Buckets of keys, keys with a list of owners each. A key goes with its last owner.
#include "alerts/expect/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

int index_open(struct index *x, uint32_t n_expected)
{
	uint64_t n = 16;

	while (n < n_expected)
		n *= 2;
	*x = (struct index){.mask = n - 1, .buckets = calloc(n, sizeof(*x->buckets))};
	// Without a seed it still works; then only who knows how can make it slow.
	if (getrandom(&x->seed, sizeof(x->seed), GRND_NONBLOCK) != (ssize_t)sizeof(x->seed))
		x->seed = (uintptr_t)x;
	return x->buckets ? 0 : -ENOMEM;
}

void index_close(struct index *x)
{
	for (uint64_t i = 0; x->buckets && i <= x->mask; i++) {
		while (x->buckets[i]) {
			struct index_key *k = x->buckets[i];
			x->buckets[i] = k->next;
			free(k);
		}
	}
	free(x->buckets);
	*x = (struct index){0};
}

static struct index_key *find(const struct index *x, uint64_t hash, const void *key, size_t len)
{
	struct index_key *k = x->buckets[hash & x->mask];

	while (k && (k->hash != hash || k->len != len || memcmp(k->octets, key, len) != 0))
		k = k->next;
	return k;
}

const struct index_key *index_find(const struct index *x, const void *key, size_t len)
{
	return find(x, XXH3_64bits_withSeed(key, len, x->seed), key, len);
}

int index_add(struct index *x, struct index_link *link, const void *key, uint16_t len)
{
	uint64_t hash = XXH3_64bits_withSeed(key, len, x->seed);
	struct index_key *k = find(x, hash, key, len);

	if (!k) {
		k = calloc(1, sizeof(*k) + len);
		if (!k)
			return -ENOMEM;
		k->hash = hash;
		k->len = len;
		memcpy(k->octets, key, len);
		k->next = x->buckets[hash & x->mask];
		x->buckets[hash & x->mask] = k;
		x->octets += sizeof(*k) + len;
	}
	link->key = k;
	link->next = NULL;
	link->prev = k->last;
	*(k->last ? &k->last->next : &k->first) = link;
	k->last = link;
	k->n++;
	return 0;
}

void index_remove(struct index *x, struct index_link *link)
{
	struct index_key *k = link->key;

	*(link->prev ? &link->prev->next : &k->first) = link->next;
	*(link->next ? &link->next->prev : &k->last) = link->prev;
	link->key = NULL;
	if (--k->n)
		return;
	struct index_key **at = &x->buckets[k->hash & x->mask];
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	x->octets -= sizeof(*k) + k->len;
	free(k);
}
