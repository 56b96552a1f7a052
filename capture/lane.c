// Blocks of packets in a ring.
#include "capture/lane.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source/ops.h"
#include "hw/counter.h"
#include "hw/ring.h"

enum { LINE = 128 }; // what the two threads write lies apart

enum { BLOCK_LEN = 64 * 1024 }; // a burst of full Ethernet frames; longer packets get blocks of their own

struct block {
	uint32_t n_packets;
	uint32_t unused;
};

// In front of each packet's octets, which are padded to 8.
struct entry {
	struct packet packet; // .data means nothing
};

struct lane {
	struct source source; // the reader's end
	struct ring *ring;
	uint64_t read;        // reader: whole packets lent
	bool lent;            // reader: the oldest message is borrowed
	_Alignas(LINE) struct block *block; // writer: the one that is being filled; NULL none
	size_t used, room;    // of it
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

// ---- writer --------------------------------------------------------------------------------------------------

void lane_flush(struct lane *l)
{
	if (l->block && l->block->n_packets)
		ring_commit(l->ring, l->used);
	l->block = NULL;
}

static bool new_block(struct lane *l, size_t need)
{
	l->room = sizeof(struct block) + need > BLOCK_LEN ? sizeof(struct block) + need : BLOCK_LEN;
	l->block = ring_reserve(l->ring, l->room);
	if (!l->block)
		return false;
	*l->block = (struct block){0};
	l->used = sizeof(struct block);
	return true;
}

bool lane_has_room(struct lane *l, size_t len)
{
	size_t need = 3 * sizeof(struct entry) + padded(len);
	if (l->block && (l->used + need > l->room || l->block->n_packets + 3 > PACKET_BURST))
		lane_flush(l);
	return l->block || new_block(l, need);
}

bool lane_put(struct lane *l, const struct packet *p)
{
	size_t need = sizeof(struct entry) + padded(p->len);
	if (l->block && (l->used + need > l->room || l->block->n_packets == PACKET_BURST))
		lane_flush(l);
	if (!l->block && !new_block(l, need))
		return false;
	struct entry *e = (struct entry *)((uint8_t *)l->block + l->used);
	e->packet = *p;
	if (p->len)
		memcpy(e + 1, p->data, p->len);
	l->used += need;
	l->block->n_packets++;
	return true;
}

void lane_finish(struct lane *l)
{
	lane_flush(l);
	ring_finish(l->ring);
}

// ---- reader --------------------------------------------------------------------------------------------------

static int burst(struct source *s, struct packet out[static PACKET_BURST])
{
	struct lane *l = (struct lane *)s;
	size_t len, at = sizeof(struct block);
	if (l->lent)
		ring_release(l->ring);
	l->lent = false;
	bool done = ring_done(l->ring); // before the look: what was written before the end is seen
	const struct block *b = ring_peek(l->ring, &len);
	if (!b)
		return done ? SOURCE_END : SOURCE_IDLE;
	l->lent = true;
	uint64_t whole = 0;
	assert(b->n_packets > 0 && b->n_packets <= PACKET_BURST);
	for (uint32_t i = 0; i < b->n_packets; i++) {
		const struct entry *e = (const struct entry *)((const uint8_t *)b + at);
		out[i] = e->packet;
		out[i].data = e->packet.kind == PACKET_TIME ? NULL : (const uint8_t *)(e + 1);
		whole += e->packet.kind == PACKET_WHOLE;
		at += sizeof(*e) + padded(e->packet.len);
		assert(at <= len);
	}
	counter_add(&l->read, whole);
	return (int)b->n_packets;
}

static void source_fini(struct source *s)
{
	// With its lane.
}

static void progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	*done = *total = 0;
}

static const struct source_ops lane_ops = {
	.name = "lane",
	.burst = burst,
	.close = source_fini,
	.progress = progress,
};

uint64_t lane_read(const struct lane *l)
{
	return counter_read(&l->read);
}

struct source *lane_source(struct lane *l)
{
	return &l->source;
}

int lane_open(struct lane **out, size_t len)
{
	*out = NULL;
	struct lane *l = aligned_alloc(LINE, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct lane){.source.ops = &lane_ops};
	l->ring = ring_open(len > LANE_LEN_MIN ? len : LANE_LEN_MIN);
	if (!l->ring) {
		free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void lane_close(struct lane **l)
{
	if (!*l)
		return;
	ring_close(&(*l)->ring);
	free(*l);
	*l = NULL;
}
