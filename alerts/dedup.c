// Keys in a chained hash; one list per window length, in order of window start, so that what ends next stands first.
#include "alerts/dedup.h"

#include "hw/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum dedup_window { WINDOW_LOUD, WINDOW_QUIET, WINDOWS };

static const uint32_t window_s[WINDOWS] = {DEDUP_WINDOW_LOUD_S, DEDUP_WINDOW_QUIET_S};

struct entry {
	uint32_t hash_next;
	uint32_t older, newer;  // in the list of its window
	uint32_t kept;          // index of what the caller kept; 0 when count is 0
	uint32_t count;         // repeats since the last record
	uint8_t window;         // enum dedup_window
	uint8_t severity, confidence; // the highest told
	uint64_t start_ns;
	struct dedup_key key;
	char first_id[RECORD_ID_LEN + 1];
};

struct list {
	uint32_t oldest, newest;
};

struct dedup {
	struct dedup_config config;
	struct slab entries, kept;
	uint32_t *heads;
	uint32_t mask;
	struct list lists[WINDOWS];
	uint64_t now_ns; // never runs backwards, so the lists stay in order
};

static struct entry *at(const struct dedup *d, uint32_t index)
{
	return slab_at(&d->entries, index);
}

int dedup_open(struct dedup **out, const struct dedup_config *config)
{
	struct dedup *d = calloc(1, sizeof(*d));
	uint32_t n = 16;

	if (!d)
		return -ENOMEM;
	while (n < config->keys_max)
		n *= 2;
	d->config = *config;
	d->mask = n - 1;
	d->heads = calloc(n, sizeof(*d->heads));
	int r = d->heads ? slab_open(&d->entries, sizeof(struct entry), config->keys_max) : -ENOMEM;
	if (!r)
		r = slab_open(&d->kept, config->kept_len, config->keys_max);
	if (r) {
		dedup_close(&d);
		return r;
	}
	*out = d;
	return 0;
}

void dedup_close(struct dedup **d)
{
	if (!*d)
		return;
	slab_close(&(*d)->kept);
	slab_close(&(*d)->entries);
	free((*d)->heads);
	free(*d);
	*d = NULL;
}

static void list_add(struct dedup *d, uint32_t index)
{
	struct entry *e = at(d, index);
	struct list *l = &d->lists[e->window];

	e->older = l->newest;
	e->newer = 0;
	if (l->newest)
		at(d, l->newest)->newer = index;
	else
		l->oldest = index;
	l->newest = index;
}

static void list_remove(struct dedup *d, uint32_t index)
{
	struct entry *e = at(d, index);
	struct list *l = &d->lists[e->window];

	*(e->older ? &at(d, e->older)->newer : &l->oldest) = e->newer;
	*(e->newer ? &at(d, e->newer)->older : &l->newest) = e->older;
}

static uint32_t *bucket(const struct dedup *d, const struct dedup_key *key)
{
	return &d->heads[XXH3_64bits(key, sizeof(*key)) & d->mask];
}

static uint32_t find(const struct dedup *d, const struct dedup_key *key)
{
	uint32_t index = *bucket(d, key);
	while (index && memcmp(&at(d, index)->key, key, sizeof(*key)) != 0)
		index = at(d, index)->hash_next;
	return index;
}

static uint64_t deadline_ns(const struct entry *e)
{
	return e->start_ns + window_s[e->window] * 1000000000ull;
}

static void describe(const struct entry *e, uint32_t count, struct record_repeat *repeat)
{
	*repeat = (struct record_repeat){.count = count, .window_s = window_s[e->window]};
	memcpy(repeat->first_id, e->first_id, sizeof(repeat->first_id));
}

static void pay(struct dedup *d, struct entry *e, uint64_t due_ns)
{
	struct record_repeat repeat;

	if (!e->count)
		return;
	describe(e, e->count, &repeat);
	d->config.update(d->config.ctx, &repeat, slab_at(&d->kept, e->kept), due_ns);
	slab_put(&d->kept, e->kept);
	e->kept = 0;
	e->count = 0;
}

static void forget(struct dedup *d, uint32_t index)
{
	uint32_t *link = bucket(d, &at(d, index)->key);

	while (*link != index)
		link = &at(d, *link)->hash_next;
	*link = at(d, index)->hash_next;
	list_remove(d, index);
	slab_put(&d->entries, index);
}

// A window that counted something is followed by another, so that a steady stream gives one record a window. It begins
// where the old one ended, not when that was noticed: messages without alerts, which every worker sends at times of its
// own, must not move it (P12). Windows that begin later stand behind it all the same: whoever adds one has advanced.
static void window_end(struct dedup *d, uint32_t index)
{
	struct entry *e = at(d, index);

	if (!e->count) {
		forget(d, index);
		return;
	}
	pay(d, e, deadline_ns(e));
	list_remove(d, index);
	e->start_ns = deadline_ns(e);
	list_add(d, index);
}

void dedup_advance(struct dedup *d, uint64_t now_ns)
{
	if (now_ns > d->now_ns)
		d->now_ns = now_ns;
	for (size_t w = 0; w < WINDOWS; w++)
		while (d->lists[w].oldest && deadline_ns(at(d, d->lists[w].oldest)) <= d->now_ns)
			window_end(d, d->lists[w].oldest);
}

static void evict(struct dedup *d)
{
	uint32_t loud = d->lists[WINDOW_LOUD].oldest, quiet = d->lists[WINDOW_QUIET].oldest;
	uint32_t out = !quiet || (loud && deadline_ns(at(d, loud)) <= deadline_ns(at(d, quiet))) ? loud : quiet;

	pay(d, at(d, out), d->now_ns);
	forget(d, out);
}

static enum dedup_window window_of(uint8_t severity)
{
	return severity >= SEVERITY_HIGH ? WINDOW_LOUD : WINDOW_QUIET;
}

static void first(struct dedup *d, const struct dedup_offer *offer, struct record_repeat *repeat)
{
	uint32_t index = slab_get(&d->entries);
	if (!index) {
		evict(d);
		index = slab_get(&d->entries);
	}
	struct entry *e = at(d, index);
	uint32_t *head = bucket(d, &offer->key);

	e->key = offer->key;
	e->severity = offer->severity;
	e->confidence = offer->confidence;
	e->window = window_of(offer->severity);
	e->start_ns = d->now_ns;
	memcpy(e->first_id, offer->id, RECORD_ID_LEN);
	e->hash_next = *head;
	*head = index;
	list_add(d, index);
	*repeat = (struct record_repeat){.count = 1, .window_s = window_s[e->window]};
}

// Louder or surer than anything told of this key: told at once, with what was counted until now, in a fresh window.
static void breakthrough(struct dedup *d, uint32_t index, const struct dedup_offer *offer, struct record_repeat *repeat)
{
	struct entry *e = at(d, index);

	list_remove(d, index);
	if (e->severity < offer->severity)
		e->severity = offer->severity;
	if (e->confidence < offer->confidence)
		e->confidence = offer->confidence;
	e->window = window_of(e->severity);
	e->start_ns = d->now_ns;
	list_add(d, index);
	describe(e, e->count + 1, repeat);
	if (e->kept)
		slab_put(&d->kept, e->kept);
	e->kept = 0;
	e->count = 0;
}

enum dedup_outcome dedup_take(struct dedup *d, const struct dedup_offer *offer, struct record_repeat *repeat, void **kept)
{
	dedup_advance(d, offer->time_ns);
	uint32_t index = find(d, &offer->key);
	struct entry *e = index ? at(d, index) : NULL;
	if (!e || offer->severity > e->severity || offer->confidence > e->confidence) {
		if (d->config.may_tell && !d->config.may_tell(d->config.ctx, offer))
			return DEDUP_REFUSED;
		if (e)
			breakthrough(d, index, offer, repeat);
		else
			first(d, offer, repeat);
		return DEDUP_TELL;
	}
	// There are as many places to keep as there are keys.
	if (!e->kept)
		e->kept = slab_get(&d->kept);
	e->count++;
	*kept = slab_at(&d->kept, e->kept);
	return DEDUP_COUNTED;
}

void dedup_finish(struct dedup *d)
{
	for (size_t w = 0; w < WINDOWS; w++)
		while (d->lists[w].oldest) {
			pay(d, at(d, d->lists[w].oldest), d->now_ns);
			forget(d, d->lists[w].oldest);
		}
}
