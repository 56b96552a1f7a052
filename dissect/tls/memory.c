// Rooms for messages that are not whole in one run.
#include "dissect/tls/memory.h"

#include <string.h>

#include "dissect/tls/offer.h"

const uint32_t tls_room_len[TLS_ROOMS] = {TLS_ROOM_SMALL, TLS_ROOM_MEDIUM, TLS_ROOM_LARGE};

int tls_memory_open(struct tls_memory *m, const uint32_t n_rooms[TLS_ROOMS], uint32_t n_offers)
{
	memset(m, 0, sizeof(*m));
	int err = slab_open(&m->offers, sizeof(struct tls_offer), n_offers);
	for (size_t i = 0; !err && i < TLS_ROOMS; i++)
		err = slab_open(&m->room[i], tls_room_len[i], n_rooms[i]);
	if (err)
		tls_memory_close(m);
	return err;
}

void tls_memory_close(struct tls_memory *m)
{
	slab_close(&m->offers);
	for (size_t i = 0; i < TLS_ROOMS; i++)
		slab_close(&m->room[i]);
}

uint8_t *tls_room_at(const struct tls_memory *m, const struct tls_room *r)
{
	return r->chunk ? slab_at(&m->room[r->size], r->chunk) : NULL;
}

void tls_room_put(struct tls_memory *m, struct tls_room *r)
{
	if (r->chunk)
		slab_put(&m->room[r->size], r->chunk);
	*r = (struct tls_room){0};
}

uint8_t *tls_room_grow(struct tls_memory *m, struct tls_room *r, uint32_t have, uint32_t len)
{
	if (r->chunk && len <= tls_room_len[r->size])
		return tls_room_at(m, r);
	uint8_t size = r->chunk ? r->size + 1 : 0;
	while (size < TLS_ROOMS && len > tls_room_len[size])
		size++;
	struct tls_room larger = {.chunk = size < TLS_ROOMS ? slab_get(&m->room[size]) : 0, .size = size};
	if (!larger.chunk)
		return NULL;
	uint8_t *p = tls_room_at(m, &larger);
	if (have)
		memcpy(p, tls_room_at(m, r), have);
	tls_room_put(m, r);
	*r = larger;
	return p;
}
