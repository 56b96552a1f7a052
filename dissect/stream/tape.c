// Runs of octets in a list of blocks: see dissect/stream/tape.h.
#include "dissect/stream/tape.h"

#include <string.h>

struct block {
	uint32_t next; // slab index, 0 last
	uint32_t used; // octets of data
	uint8_t data[TAPE_BLOCK_LEN - 8];
};

enum { BLOCK_DATA = sizeof(((struct block *)0)->data), RUN_LEAST = 16 }; // a run is cut where a block ends, but not for less

static uint32_t rounded(uint32_t len)
{
	return (len + 7) & ~7u;
}

static struct block *block_at(const struct slab *blocks, uint32_t i)
{
	return slab_at(blocks, i);
}

// The block to write to, with room for a run of some octets; NULL when there is none.
static struct block *writable(struct tape *t, struct slab *blocks)
{
	struct block *b = t->last ? block_at(blocks, t->last) : NULL;
	if (b && b->used + sizeof(struct tape_run) + RUN_LEAST <= BLOCK_DATA)
		return b;
	uint32_t i = t->n_blocks < (t->conflict ? TAPE_BLOCKS_MAX : TAPE_BLOCKS_QUIET) ? slab_get(blocks) : 0;
	if (!i)
		return NULL;
	if (b)
		b->next = i;
	else
		t->head = i;
	t->last = i;
	t->n_blocks++;
	return block_at(blocks, i);
}

// Octets that follow the last run, sent without having received more meanwhile, belong to it.
static uint32_t append(const struct tape *t, struct slab *blocks, const struct tape_run *run, const uint8_t *p, uint32_t len)
{
	struct block *b = t->last ? block_at(blocks, t->last) : NULL;
	struct tape_run *last = b ? (void *)(b->data + t->run) : NULL;
	if (!last || last->dir != run->dir || last->again || run->again || last->off + last->len != run->off || last->acked != run->acked ||
	    last->quality != run->quality)
		return 0;
	uint32_t at = t->run + (uint32_t)sizeof(*last) + last->len, part = BLOCK_DATA - at < len ? BLOCK_DATA - at : len;
	memcpy(b->data + at, p, part);
	last->len = (uint16_t)(last->len + part);
	b->used = t->run + (uint32_t)sizeof(*last) + rounded(last->len);
	return part;
}

// No room, or no place: a quiet dialogue just ends here.
static void stop(struct tape *t)
{
	t->ended = true;
	t->closed |= t->conflict;
	t->torn |= t->conflict;
}

void tape_write(struct tape *t, struct slab *blocks, enum dir d, bool again, const struct place *at, const uint8_t *p, uint32_t len)
{
	struct tape_run run = {.time_ns = at->time_ns, .off = (uint32_t)at->off, .acked = (uint32_t)at->acked, .frame = at->frame,
		.quality = at->quality, .dir = d, .again = again};
	if (again) {
		t->conflict = true;
		t->torn |= t->ended;
		t->ended = false;
	}
	if (t->ended)
		return;
	if (t->closed || at->off + len > TAPE_OFF_MAX) {
		stop(t);
		return;
	}
	uint32_t appended = append(t, blocks, &run, p, len);
	run.off += appended;
	p += appended;
	len -= appended;
	while (len) {
		struct block *b = writable(t, blocks);
		if (!b) {
			stop(t);
			return;
		}
		uint32_t room = BLOCK_DATA - b->used - (uint32_t)sizeof(run), part = len < room ? len : room;
		run.len = (uint16_t)part;
		t->run = (uint16_t)b->used;
		memcpy(b->data + b->used, &run, sizeof(run));
		memcpy(b->data + b->used + sizeof(run), p, part);
		b->used += (uint32_t)sizeof(run) + rounded(part);
		if (b->used > BLOCK_DATA)
			b->used = BLOCK_DATA;
		run.off += part;
		p += part;
		len -= part;
	}
}

void tape_clear(struct tape *t, struct slab *blocks)
{
	for (uint32_t i = t->head, next; i; i = next) {
		next = block_at(blocks, i)->next;
		slab_put(blocks, i);
	}
	t->head = t->last = t->run = 0;
	t->n_blocks = 0;
	t->closed = t->ended = true;
}

struct tape_walk tape_first(const struct tape *t, const struct slab *blocks)
{
	return (struct tape_walk){.tape = t, .blocks = blocks, .block = t->head};
}

const struct tape_run *tape_next(struct tape_walk *w, const uint8_t **p)
{
	while (w->block && w->at >= block_at(w->blocks, w->block)->used) {
		w->block = block_at(w->blocks, w->block)->next;
		w->at = 0;
	}
	if (!w->block)
		return NULL;
	const struct block *b = block_at(w->blocks, w->block);
	const struct tape_run *run = (const void *)(b->data + w->at);
	*p = (const uint8_t *)(run + 1);
	w->at += (uint32_t)sizeof(*run) + rounded(run->len);
	return run;
}

enum recent_verdict tape_compare(const struct tape *t, const struct slab *blocks, enum dir d, uint64_t off, const uint8_t *p,
                                 uint32_t len, uint32_t *differs)
{
	struct tape_walk w = tape_first(t, blocks);
	const uint8_t *octets;
	uint32_t known = 0;
	for (const struct tape_run *run; (run = tape_next(&w, &octets));) {
		uint64_t first = run->off > off ? run->off : off, end = run->off + run->len;
		end = end < off + len ? end : off + len;
		if (run->dir != d || run->again || first >= end)
			continue;
		for (uint64_t i = first; i < end; i++) {
			if (octets[i - run->off] != p[i - off]) {
				*differs = (uint32_t)(i - off);
				return RECENT_DIFFERS;
			}
		}
		known += (uint32_t)(end - first);
	}
	return known == len ? RECENT_SAME : RECENT_UNKNOWN;
}
