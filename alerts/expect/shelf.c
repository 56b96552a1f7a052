// Two doubly linked lists through the items, and a table that gives each a number.
#include "alerts/expect/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 };

static size_t aligned(size_t octets)
{
	return (octets + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

int shelf_open(struct shelf *s, uint32_t n_max)
{
	*s = (struct shelf){0};
	int r = index_open(&s->by_name, n_max);
	if (!r)
		r = index_open(&s->by_other, n_max < UINT32_MAX / 4 ? n_max * 2 : n_max); // most hosts have two addresses
	if (!r)
		r = slab_open(&s->slots, sizeof(struct shelf_item *), n_max);
	if (r)
		shelf_close(s);
	return r;
}

void shelf_close(struct shelf *s)
{
	while (s->order[SHELF_PUT].oldest)
		shelf_remove(s, s->order[SHELF_PUT].oldest);
	index_close(&s->by_name);
	index_close(&s->by_other);
	if (s->slots.base)
		slab_close(&s->slots);
	*s = (struct shelf){0};
}

struct shelf_item *shelf_make(size_t value_octets, uint32_t n_links)
{
	size_t head = aligned(sizeof(struct shelf_item)), links = aligned(n_links * sizeof(struct index_link));
	struct shelf_item *item = calloc(1, head + links + value_octets);

	if (!item)
		return NULL;
	item->octets = head + links + value_octets;
	item->links = (struct index_link *)((char *)item + head);
	item->value = (char *)item + head + links;
	return item;
}

static void append(struct shelf *s, struct shelf_item *item, enum shelf_order o)
{
	item->order[o].older = s->order[o].newest;
	item->order[o].newer = NULL;
	*(s->order[o].newest ? &s->order[o].newest->order[o].newer : &s->order[o].oldest) = item;
	s->order[o].newest = item;
}

static void unlink_item(struct shelf *s, struct shelf_item *item, enum shelf_order o)
{
	struct shelf_item *older = item->order[o].older, *newer = item->order[o].newer;

	*(older ? &older->order[o].newer : &s->order[o].oldest) = newer;
	*(newer ? &newer->order[o].older : &s->order[o].newest) = older;
}

int shelf_add(struct shelf *s, struct shelf_item *item, const char *name)
{
	item->by_name.owner = item;
	item->slot = slab_get(&s->slots);
	int r = item->slot ? index_add(&s->by_name, &item->by_name, name, (uint16_t)strlen(name)) : -ENOMEM;
	if (r) {
		if (item->slot)
			slab_put(&s->slots, item->slot);
		free(item);
		return r;
	}
	*(struct shelf_item **)slab_at(&s->slots, item->slot) = item;
	append(s, item, SHELF_PUT);
	append(s, item, SHELF_USED);
	s->octets += item->octets;
	return 0;
}

void shelf_remove(struct shelf *s, struct shelf_item *item)
{
	unlink_item(s, item, SHELF_PUT);
	unlink_item(s, item, SHELF_USED);
	index_remove(&s->by_name, &item->by_name);
	for (uint32_t i = 0; i < item->n_links; i++)
		index_remove(&s->by_other, &item->links[i]);
	slab_put(&s->slots, item->slot);
	s->octets -= item->octets;
	free(item);
}

bool shelf_full(const struct shelf *s)
{
	return s->slots.n_used == s->slots.n_max;
}

void shelf_touch(struct shelf *s, struct shelf_item *item)
{
	if (s->order[SHELF_USED].newest == item)
		return;
	unlink_item(s, item, SHELF_USED);
	append(s, item, SHELF_USED);
}

struct shelf_item *shelf_find(struct shelf *s, const char *name)
{
	const struct index_key *k = index_find(&s->by_name, name, strlen(name));

	if (!k)
		return NULL;
	struct shelf_item *item = k->first->owner;
	shelf_touch(s, item);
	return item;
}

struct shelf_item *shelf_next(struct shelf *s, uint32_t *at)
{
	struct shelf_item *item = s->order[SHELF_PUT].oldest;

	if (*at == UINT32_MAX)
		return NULL;
	if (*at)
		item = (*(struct shelf_item **)slab_at(&s->slots, *at))->order[SHELF_PUT].newer;
	*at = item ? item->slot : UINT32_MAX;
	return item;
}
