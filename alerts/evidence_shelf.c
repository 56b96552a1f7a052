// A session's packets are one run of octets in a chain of blocks: see alerts/evidence_shelf.h.
#include "alerts/evidence_shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_LEN = 512,      // 512: a handshake and a greeting; of the last block of a session half is lost on average
	SESSION_LEN = 2048,   // octets a session is thought to need, at the least
	SESSIONS_MIN = 64,
};

struct block {
	uint32_t next; // slab index, 0 last
	uint8_t data[BLOCK_LEN - 4];
};

enum { BLOCK_DATA = sizeof(((struct block *)0)->data) };

struct session {
	uint64_t birth;
	uint32_t hash_next;
	uint32_t older, newer;
	uint32_t first, last; // blocks
	uint32_t octets;      // in them
	uint32_t packets;
};

// In front of each packet's octets.
struct stored {
	uint64_t time_ns;
	uint32_t frame, wire_len, cut_len;
	uint16_t linktype, len;
	uint8_t cut, dir;
};

int evidence_shelf_open(struct evidence_shelf *s, uint64_t octets, uint32_t session_octets)
{
	*s = (struct evidence_shelf){.session_octets = session_octets ? session_octets : SHELF_SESSION_OCTETS};
	uint64_t n_blocks = octets / BLOCK_LEN, n = octets / SESSION_LEN;
	n = n < SESSIONS_MIN ? SESSIONS_MIN : n < UINT32_MAX / 2 ? n : UINT32_MAX / 2;
	int err = slab_open(&s->blocks, sizeof(struct block), n_blocks < UINT32_MAX ? (uint32_t)n_blocks : UINT32_MAX - 1);
	if (!err)
		err = slab_open(&s->sessions, sizeof(struct session), (uint32_t)n);
	uint32_t heads = 1;
	while (heads < n)
		heads *= 2;
	s->mask = heads - 1;
	s->heads = err ? NULL : calloc(heads, sizeof(*s->heads));
	return err || s->heads ? err : -ENOMEM;
}

void evidence_shelf_close(struct evidence_shelf *s)
{
	free(s->heads);
	slab_close(&s->sessions);
	slab_close(&s->blocks);
	*s = (struct evidence_shelf){0};
}

static struct session *session_at(const struct evidence_shelf *s, uint32_t i)
{
	return slab_at(&s->sessions, i);
}

static struct block *block_at(const struct evidence_shelf *s, uint32_t i)
{
	return slab_at(&s->blocks, i);
}

static uint32_t *head_of(const struct evidence_shelf *s, uint64_t birth)
{
	return &s->heads[(birth * UINT64_C(0x9e3779b97f4a7c15) >> 32) & s->mask];
}

static uint32_t find(const struct evidence_shelf *s, uint64_t birth)
{
	uint32_t i = *head_of(s, birth);
	while (i && session_at(s, i)->birth != birth)
		i = session_at(s, i)->hash_next;
	return i;
}

static void drop(struct evidence_shelf *s, uint32_t i)
{
	struct session *x = session_at(s, i);
	uint32_t *link = head_of(s, x->birth);
	while (*link != i)
		link = &session_at(s, *link)->hash_next;
	*link = x->hash_next;
	*(x->older ? &session_at(s, x->older)->newer : &s->oldest) = x->newer;
	*(x->newer ? &session_at(s, x->newer)->older : &s->newest) = x->older;
	for (uint32_t b = x->first, next; b; b = next) {
		next = block_at(s, b)->next;
		slab_put(&s->blocks, b);
	}
	slab_put(&s->sessions, i);
}

// Makes room by what came first, but never by `mine`. False: there is nobody else.
static bool make_room(struct evidence_shelf *s, uint32_t mine)
{
	uint32_t i = s->oldest;
	if (i == mine)
		i = i ? session_at(s, i)->newer : 0;
	if (!i)
		return false;
	s->forgotten += session_at(s, i)->packets;
	drop(s, i);
	return true;
}

static uint32_t add(struct evidence_shelf *s, uint64_t birth)
{
	uint32_t i = slab_get(&s->sessions);
	if (!i && make_room(s, 0))
		i = slab_get(&s->sessions);
	if (!i)
		return 0;
	struct session *x = session_at(s, i);
	x->birth = birth;
	x->hash_next = *head_of(s, birth);
	*head_of(s, birth) = i;
	x->older = s->newest;
	*(s->newest ? &session_at(s, s->newest)->newer : &s->oldest) = i;
	s->newest = i;
	return i;
}

// Blocks for `len` more octets of a session. All of them or none.
static bool reserve(struct evidence_shelf *s, uint32_t i, uint32_t len)
{
	uint32_t free = s->blocks.n_max - s->blocks.n_used;
	const struct session *x = session_at(s, i);
	uint32_t have = (BLOCK_DATA - x->octets % BLOCK_DATA) % BLOCK_DATA;
	uint32_t need = len > have ? (len - have + BLOCK_DATA - 1) / BLOCK_DATA : 0;
	while (free < need && make_room(s, i))
		free = s->blocks.n_max - s->blocks.n_used;
	return free >= need;
}

static void append(struct evidence_shelf *s, struct session *x, const void *from, uint32_t len)
{
	const uint8_t *p = from;
	while (len) {
		uint32_t at = x->octets % BLOCK_DATA;
		if (!at) {
			uint32_t b = slab_get(&s->blocks); // reserved
			*(x->last ? &block_at(s, x->last)->next : &x->first) = b;
			x->last = b;
		}
		uint32_t part = BLOCK_DATA - at < len ? BLOCK_DATA - at : len;
		memcpy(block_at(s, x->last)->data + at, p, part);
		x->octets += part;
		p += part;
		len -= part;
	}
}

void evidence_shelf_put(struct evidence_shelf *s, const struct message_evidence *m)
{
	const struct stored head = {m->time_ns, m->frame, m->wire_len, m->cut_len, m->linktype, m->len, m->cut, m->dir};
	uint32_t i = find(s, m->head.birth), len = (uint32_t)sizeof(head) + m->len;
	s->packets++;
	if (!i)
		i = add(s, m->head.birth);
	struct session *x = i ? session_at(s, i) : NULL;
	if (!x || x->packets == SHELF_SESSION_PACKETS || x->octets + len > s->session_octets || !reserve(s, i, len)) {
		s->forgotten++;
		return;
	}
	append(s, x, &head, sizeof(head));
	append(s, x, m->octets, m->len);
	x->packets++;
}

void evidence_shelf_forget(struct evidence_shelf *s, uint64_t birth)
{
	uint32_t i = find(s, birth);
	if (i)
		drop(s, i);
}

static void copy_out(const struct evidence_shelf *s, const struct session *x, uint8_t *room)
{
	uint32_t left = x->octets;
	for (uint32_t b = x->first; b; b = block_at(s, b)->next) {
		uint32_t part = left < BLOCK_DATA ? left : BLOCK_DATA;
		memcpy(room, block_at(s, b)->data, part);
		room += part;
		left -= part;
	}
}

size_t evidence_shelf_get(const struct evidence_shelf *s, uint64_t birth, struct evidence_packet *out, uint8_t *room)
{
	uint32_t i = find(s, birth);
	if (!i)
		return 0;
	const struct session *x = session_at(s, i);
	copy_out(s, x, room);
	for (size_t n = 0; n < x->packets; n++) {
		struct stored h;
		memcpy(&h, room, sizeof(h));
		const struct evidence_packet p = {h.time_ns, h.frame, h.wire_len, h.cut_len, h.linktype, h.len, h.cut, h.dir, room + sizeof(h)};
		room += sizeof(h) + h.len;
		size_t at = n; // those that waited came late
		for (; at && out[at - 1].time_ns > p.time_ns; at--)
			out[at] = out[at - 1];
		out[at] = p;
	}
	return x->packets;
}
