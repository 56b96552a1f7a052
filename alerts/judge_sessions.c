// The judge's table of sessions: a chained hash on birth, and two lists through the same entries.
#include "alerts/judge_sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OLDER, NEWER };

static struct judge_entry *at(const struct judge_sessions *t, uint32_t index)
{
	return slab_at(&t->entries, index);
}

static uint32_t index_of(const struct judge_sessions *t, const struct judge_entry *e)
{
	return (uint32_t)(((const uint8_t *)e - t->entries.base) / t->entries.object_len);
}

int judge_sessions_open(struct judge_sessions *t, uint32_t n_max)
{
	uint32_t n = 16;
	int r;

	memset(t, 0, sizeof(*t));
	while (n < n_max && n < 1u << 31)
		n *= 2;
	t->mask = n - 1;
	t->heads = calloc(n, sizeof(*t->heads));
	r = t->heads ? slab_open(&t->entries, sizeof(struct judge_entry), n_max) : -ENOMEM;
	if (!r)
		r = slab_open(&t->facts, sizeof(struct facts), n_max);
	if (!r)
		r = slab_open(&t->peers, sizeof(struct peer), n_max);
	if (r)
		judge_sessions_close(t);
	return r;
}

void judge_sessions_close(struct judge_sessions *t)
{
	slab_close(&t->peers);
	slab_close(&t->facts);
	slab_close(&t->entries);
	free(t->heads);
	t->heads = NULL;
}

// ---- the two lists: `links` is the member of the entry that the list runs through ----

static uint32_t *lru_links(struct judge_entry *e)
{
	return e->lru;
}

static uint32_t *hold_links(struct judge_entry *e)
{
	return e->hold;
}

static void list_add(struct judge_sessions *t, struct judge_list *l, uint32_t *(*links)(struct judge_entry *),
                     uint32_t index)
{
	uint32_t *mine = links(at(t, index));

	mine[OLDER] = l->end[NEWER];
	mine[NEWER] = 0;
	*(l->end[NEWER] ? &links(at(t, l->end[NEWER]))[NEWER] : &l->end[OLDER]) = index;
	l->end[NEWER] = index;
}

static void list_remove(struct judge_sessions *t, struct judge_list *l, uint32_t *(*links)(struct judge_entry *),
                        uint32_t index)
{
	uint32_t *mine = links(at(t, index));

	*(mine[OLDER] ? &links(at(t, mine[OLDER]))[NEWER] : &l->end[OLDER]) = mine[NEWER];
	*(mine[NEWER] ? &links(at(t, mine[NEWER]))[OLDER] : &l->end[NEWER]) = mine[OLDER];
}

// ---- the table ----

// Births count up by packets: multiplying by an odd constant (2^64 / golden ratio) spreads them.
static uint32_t *bucket(const struct judge_sessions *t, uint64_t birth)
{
	return &t->heads[(birth * 0x9e3779b97f4a7c15ull) >> 32 & t->mask];
}

struct judge_entry *judge_sessions_find(struct judge_sessions *t, uint64_t birth)
{
	uint32_t index = *bucket(t, birth);

	while (index && at(t, index)->birth != birth)
		index = at(t, index)->hash_next;
	if (!index)
		return NULL;
	list_remove(t, &t->lru, lru_links, index);
	list_add(t, &t->lru, lru_links, index);
	return at(t, index);
}

struct judge_entry *judge_sessions_add(struct judge_sessions *t, uint64_t birth)
{
	uint32_t index = slab_get(&t->entries);
	uint32_t *head = bucket(t, birth);

	if (!index)
		return NULL;
	struct judge_entry *e = at(t, index);
	e->birth = birth;
	e->used = true;
	e->hash_next = *head;
	*head = index;
	list_add(t, &t->lru, lru_links, index);
	return e;
}

struct judge_entry *judge_sessions_each(const struct judge_sessions *t, uint32_t *index)
{
	while (*index < t->entries.n_fresh) {
		struct judge_entry *e = at(t, ++*index);
		if (e->used)
			return e;
	}
	return NULL;
}

struct judge_entry *judge_sessions_oldest(const struct judge_sessions *t)
{
	return t->lru.end[OLDER] ? at(t, t->lru.end[OLDER]) : NULL;
}

void judge_sessions_drop(struct judge_sessions *t, struct judge_entry *e)
{
	uint32_t index = index_of(t, e);
	uint32_t *link = bucket(t, e->birth);

	while (*link != index)
		link = &at(t, *link)->hash_next;
	*link = e->hash_next;
	list_remove(t, &t->lru, lru_links, index);
	if (e->policy == POLICY_PENDING)
		list_remove(t, &t->hold, hold_links, index);
	if (e->facts)
		slab_put(&t->facts, e->facts);
	if (e->peer)
		slab_put(&t->peers, e->peer);
	e->used = false;
	slab_put(&t->entries, index);
}

void judge_sessions_keep(struct judge_sessions *t, struct judge_entry *e, const struct facts *f)
{
	if (!e->facts)
		e->facts = slab_get(&t->facts);
	memcpy(slab_at(&t->facts, e->facts), f, facts_len(f));
}

struct facts *judge_sessions_facts(const struct judge_sessions *t, const struct judge_entry *e)
{
	return e->facts ? slab_at(&t->facts, e->facts) : NULL;
}

struct peer *judge_sessions_peer(struct judge_sessions *t, struct judge_entry *e, bool make)
{
	if (!e->peer && make)
		e->peer = slab_get(&t->peers);
	return e->peer ? slab_at(&t->peers, e->peer) : NULL;
}

void judge_sessions_hold(struct judge_sessions *t, struct judge_entry *e, uint64_t deadline_ns)
{
	e->policy = POLICY_PENDING;
	e->deadline_ns = deadline_ns;
	list_add(t, &t->hold, hold_links, index_of(t, e));
}

void judge_sessions_release(struct judge_sessions *t, struct judge_entry *e)
{
	if (e->policy == POLICY_PENDING)
		list_remove(t, &t->hold, hold_links, index_of(t, e));
	e->policy = POLICY_KNOWN;
}

struct judge_entry *judge_sessions_held(const struct judge_sessions *t)
{
	return t->hold.end[OLDER] ? at(t, t->hold.end[OLDER]) : NULL;
}

struct judge_entry *judge_sessions_held_after(const struct judge_sessions *t, const struct judge_entry *e)
{
	return e->hold[NEWER] ? at(t, e->hold[NEWER]) : NULL;
}
