// Two chained hashes and a list through the same items.
#include "alerts/pair_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pair_table_open(struct pair_table *t, uint32_t n_max)
{
	memset(t, 0, sizeof(*t));
	int r = slab_open(&t->items, sizeof(struct pair_item), n_max);
	for (int i = 0; i < 2 && n_max && !r; i++) {
		t->heads[i] = calloc(PAIR_BUCKETS, sizeof(*t->heads[i]));
		r = t->heads[i] ? 0 : -ENOMEM;
	}
	if (r)
		pair_table_close(t);
	return r;
}

void pair_table_close(struct pair_table *t)
{
	slab_close(&t->items);
	free(t->heads[0]);
	free(t->heads[1]);
	memset(t, 0, sizeof(*t));
}

static uint32_t *bucket(const struct pair_table *t, unsigned which, uint64_t key)
{
	return &t->heads[which][(key >> 32) % PAIR_BUCKETS];
}

uint32_t pair_table_add(struct pair_table *t, const struct pair_item *item)
{
	uint32_t at = slab_get(&t->items);
	if (!at)
		return 0;
	struct pair_item *i = pair_table_at(t, at);
	*i = *item;
	for (unsigned w = 0; w < 2; w++) {
		if (!i->key[w])
			continue;
		i->chain[w] = *bucket(t, w, i->key[w]);
		*bucket(t, w, i->key[w]) = at;
	}
	i->older = t->newest;
	i->newer = 0;
	*(t->newest ? &pair_table_at(t, t->newest)->newer : &t->oldest) = at;
	t->newest = at;
	return at;
}

void pair_table_remove(struct pair_table *t, uint32_t at)
{
	struct pair_item *i = pair_table_at(t, at);
	for (unsigned w = 0; w < 2; w++) {
		uint32_t *link = i->key[w] ? bucket(t, w, i->key[w]) : NULL;
		while (link && *link != at)
			link = &pair_table_at(t, *link)->chain[w];
		if (link)
			*link = i->chain[w];
	}
	*(i->older ? &pair_table_at(t, i->older)->newer : &t->oldest) = i->newer;
	*(i->newer ? &pair_table_at(t, i->newer)->older : &t->newest) = i->older;
	slab_put(&t->items, at);
}

uint32_t pair_table_next(const struct pair_table *t, unsigned which, uint64_t key, uint8_t tap, uint32_t at, unsigned *looks)
{
	if (!key || !t->heads[which])
		return 0;
	at = at ? pair_table_at(t, at)->chain[which] : *bucket(t, which, key);
	for (; at && *looks; at = pair_table_at(t, at)->chain[which]) {
		const struct pair_item *i = pair_table_at(t, at);
		--*looks;
		if (i->key[which] == key && i->tap == tap)
			return at;
	}
	return 0;
}
