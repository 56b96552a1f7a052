// Set-associative tables: a key has eight possible places, and when all are taken the row seen longest ago goes.
#include "alerts/history/private.h"

#include "hw/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

int history_table_open(struct history_table *t, const struct history_kind_info *k)
{
	t->n_sets = k->n_max / HISTORY_WAYS;
	t->row_len = (uint32_t)(sizeof(struct history_row) + k->value_len);
	t->rows = pages_map((size_t)k->n_max * t->row_len);
	t->dirty = calloc(k->n_max, sizeof(*t->dirty));
	return t->rows && t->dirty ? 0 : -ENOMEM;
}

void history_table_close(struct history_table *t)
{
	pages_unmap(t->rows, (size_t)t->n_sets * HISTORY_WAYS * t->row_len);
	free(t->dirty);
	*t = (struct history_table){0};
}

struct history_row *history_row_at(const struct history_table *t, uint32_t i)
{
	return (struct history_row *)(void *)(t->rows + (size_t)i * t->row_len);
}

// The first place of the key's set. The seed keeps strangers from choosing whom they push out.
static uint32_t set_of(const struct history *h, const struct history_table *t, const struct history_key *key)
{
	return (uint32_t)(XXH3_64bits_withSeed(key, sizeof(*key), h->seed) % t->n_sets) * HISTORY_WAYS;
}

void *history_find(const struct history *h, enum history_kind kind, const struct history_key *key)
{
	const struct history_table *t = &h->table[kind];
	uint32_t first = set_of(h, t, key);

	for (uint32_t i = first; i < first + HISTORY_WAYS; i++) {
		struct history_row *r = history_row_at(t, i);
		if (!r->key.used)
			return NULL;
		if (memcmp(&r->key, key, sizeof(*key)) == 0)
			return r + 1;
	}
	return NULL;
}

static uint32_t place_for(struct history *h, enum history_kind kind, const struct history_key *key)
{
	struct history_table *t = &h->table[kind];
	uint32_t first = set_of(h, t, key), oldest = first;

	for (uint32_t i = first; i < first + HISTORY_WAYS; i++) {
		const struct history_row *r = history_row_at(t, i);
		if (!r->key.used || memcmp(&r->key, key, sizeof(*key)) == 0)
			return i;
		if (r->seen_ns < history_row_at(t, oldest)->seen_ns)
			oldest = i;
	}
	return oldest;
}

void *history_make(struct history *h, enum history_kind kind, const struct history_key *key, uint64_t now_ns)
{
	struct history_table *t = &h->table[kind];
	uint32_t i = place_for(h, kind, key);
	struct history_row *r = history_row_at(t, i);
	bool there = r->key.used && memcmp(&r->key, key, sizeof(*key)) == 0;

	if (r->key.used && !there) {
		h->counts.evicted++;
		history_db_forget(h, kind, &r->key);
	}
	if (!there) {
		uint32_t dirty = r->dirty;
		t->n += !r->key.used;
		memset(r, 0, t->row_len);
		r->key = *key;
		r->dirty = dirty; // its place is on the list already
	}
	if (r->seen_ns < now_ns)
		r->seen_ns = now_ns;
	if (!r->dirty) {
		r->dirty = 1;
		t->dirty[t->n_dirty++] = i;
	}
	return r + 1;
}

// ---- sessions learned ----------------------------------------------------------------------------------------

static uint64_t *places_of(const struct history_learned *l, uint64_t digest, uint32_t *set)
{
	*set = (uint32_t)(digest % (LEARNED_MAX / HISTORY_WAYS));
	return l->index + (size_t)*set * HISTORY_WAYS;
}

bool history_learned_has(const struct history *h, uint64_t digest)
{
	uint32_t set;
	const uint64_t *place = places_of(&h->learned, digest, &set);

	for (size_t i = 0; i < HISTORY_WAYS; i++)
		if (place[i] == digest)
			return true;
	return false;
}

void history_learned_put(struct history *h, uint64_t digest)
{
	struct history_learned *l = &h->learned;
	uint32_t set;
	uint64_t *place = places_of(l, digest, &set);

	l->ring[l->next++ % LEARNED_MAX] = digest;
	place[l->turn[set]] = digest;
	l->turn[set] = (uint8_t)((l->turn[set] + 1) % HISTORY_WAYS);
}

void history_forget_all(struct history *h)
{
	for (size_t k = 0; k < KIND_N; k++) {
		struct history_table *t = &h->table[k];
		memset(t->rows, 0, (size_t)t->n_sets * HISTORY_WAYS * t->row_len);
		t->n = t->n_dirty = 0;
	}
	struct history_learned *l = &h->learned;
	memset(l->ring, 0, LEARNED_MAX * sizeof(*l->ring));
	memset(l->index, 0, LEARNED_MAX * sizeof(*l->index));
	memset(l->turn, 0, LEARNED_MAX / HISTORY_WAYS);
	l->next = l->written = 0;
}
