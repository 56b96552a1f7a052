// The queue of one direction: see dissect/stream/queue.h.
#include "dissect/stream/queue.h"

#include <string.h>

static struct chunk *chunk_at(const struct slab *chunks, uint32_t index)
{
	return slab_at(chunks, index);
}

// A chunk with p[0..len) between `*link` and what follows it; len <= CHUNK_DATA.
static bool link_chunk(struct queue *q, struct slab *chunks, uint32_t *link, const struct place *at, const uint8_t *p, uint32_t len)
{
	uint32_t index = q->n_chunks < QUEUE_CHUNKS_MAX ? slab_get(chunks) : 0;
	if (!index)
		return false;
	struct chunk *c = chunk_at(chunks, index);
	c->off = at->off;
	c->acked = at->acked;
	c->time_ns = at->time_ns;
	c->frame = at->frame;
	c->quality = at->quality;
	c->len = (uint16_t)len;
	memcpy(c->data, p, len);
	c->next = *link;
	*link = index;
	q->n_chunks++;
	return true;
}

// What the same side sent next, having received no more meanwhile, goes behind the octets before it, as far as there is room:
// a dialogue of one octet a segment shall not cost a chunk an octet.
static uint32_t append(struct chunk *c, const struct place *at, const uint8_t *p, uint32_t len)
{
	if (!c || c->off + c->len != at->off || c->acked != at->acked || c->quality != at->quality)
		return 0;
	uint32_t room = CHUNK_DATA - c->start - c->len, part = len < room ? len : room;
	memcpy(c->data + c->start + c->len, p, part);
	c->len = (uint16_t)(c->len + part);
	return part;
}

struct queue_result queue_insert(struct queue *q, struct slab *chunks, const struct place *at, const uint8_t *p, uint32_t len)
{
	struct queue_result result = {0};
	struct place place = *at;
	uint32_t *link = &q->head;
	struct chunk *before = NULL;
	while (len) {
		struct chunk *c = *link ? chunk_at(chunks, *link) : NULL;
		if (c && c->off + c->len <= place.off) {
			link = &c->next;
			before = c;
			continue;
		}
		if (c && c->off <= place.off) { // these octets are there already
			uint64_t skip = place.off - c->off, have = c->len - skip;
			uint32_t same = have < len ? (uint32_t)have : len;
			if (memcmp(c->data + c->start + skip, p, same))
				result.differs = true;
			place.off += same;
			p += same;
			len -= same;
			continue;
		}
		uint64_t room = c ? c->off - place.off : len;
		uint32_t part = room < len ? (uint32_t)room : len;
		if (part > CHUNK_DATA)
			part = CHUNK_DATA;
		uint32_t appended = append(before, &place, p, part);
		if (appended)
			part = appended;
		else if (!link_chunk(q, chunks, link, &place, p, part)) {
			result.refused = len;
			return result;
		}
		result.fresh = true;
		place.off += part;
		p += part;
		len -= part;
	}
	return result;
}

static void drop_head(struct queue *q, struct slab *chunks)
{
	uint32_t index = q->head;
	q->head = chunk_at(chunks, index)->next;
	q->n_chunks--;
	slab_put(chunks, index);
}

void queue_consume(struct queue *q, struct slab *chunks, uint32_t n)
{
	struct chunk *c = chunk_at(chunks, q->head);
	c->off += n;
	c->start = (uint16_t)(c->start + n);
	c->len = (uint16_t)(c->len - n);
	if (!c->len)
		drop_head(q, chunks);
}

void queue_trim(struct queue *q, struct slab *chunks, uint64_t off)
{
	for (struct chunk *c; (c = queue_head(q, chunks)) && c->off < off;) {
		uint64_t before = off - c->off;
		queue_consume(q, chunks, before < c->len ? (uint32_t)before : c->len);
	}
}

uint64_t queue_reach(const struct queue *q, const struct slab *chunks, uint64_t off)
{
	for (uint32_t i = q->head; i; i = chunk_at(chunks, i)->next) {
		const struct chunk *c = chunk_at(chunks, i);
		if (c->off > off)
			break;
		if (c->off + c->len > off)
			off = c->off + c->len;
	}
	return off;
}

void queue_clear(struct queue *q, struct slab *chunks)
{
	while (q->head)
		drop_head(q, chunks);
}
