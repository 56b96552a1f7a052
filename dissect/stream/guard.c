// The ring of guards: see dissect/stream/guard.h.
#include "dissect/stream/guard.h"

#include <errno.h>
#include <string.h>

#include "dissect/keep.h"
#include "dissect/stream/stream.h"
#include "hw/pages.h"

static size_t ring_len(const struct guards *g)
{
	return ((size_t)g->n + 1) * sizeof(struct guard);
}

int guards_open(struct guards *g, uint32_t flows_max)
{
	memset(g, 0, sizeof(*g));
	g->n = flows_max < GUARDS_MAX ? flows_max : GUARDS_MAX;
	g->ring = pages_map(ring_len(g));
	return g->ring ? 0 : -ENOMEM;
}

void guards_close(struct guards *g)
{
	pages_unmap(g->ring, ring_len(g));
	memset(g, 0, sizeof(*g));
}

void guard_get(struct dissect *e, uint32_t flow, const struct recent recent[2])
{
	struct guards *g = &e->guards;
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (!g->n)
		return;
	uint32_t i = ++g->next;
	g->next %= g->n;
	g->n_used += g->n_used < g->n;
	if (g->ring[i].flow)
		flow_hot_at(&e->table, g->ring[i].flow)->session = g->ring[i].conflict ? FLOW_CONFLICT : 0;
	g->ring[i] = (struct guard){.flow = flow, .sealed = {h->off[0], h->off[1]}, .recent = {recent[0], recent[1]}};
	h->session = i;
}

void guard_put(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->session && h->session != FLOW_CONFLICT)
		e->guards.ring[h->session].flow = 0;
	h->session = 0;
}

const struct guard *guard_of(const struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	return h->session && h->session != FLOW_CONFLICT ? &e->guards.ring[h->session] : NULL;
}

void guard_check(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, int64_t off)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->session == FLOW_CONFLICT || (off < 0 && s->payload_len < 2)) // a keep-alive may stand there
		return;
	struct guard *g = h->session ? &e->guards.ring[h->session] : NULL;
	struct recent_line one = {0};
	int64_t end = (int64_t)(g ? g->sealed[d] : h->off[d]);
	if (off >= end)
		return; // ciphertext again
	uint32_t len = end - off < s->payload_len ? (uint32_t)(end - off) : s->payload_len;
	enum recent_verdict again = RECENT_UNKNOWN;
	if (g)
		again = recent_compare(&g->recent[d], e->table.seed, (uint64_t)off, s->payload, len);
	if (again == RECENT_SAME || (again == RECENT_UNKNOWN && !recent_line(g ? &g->again[d] : &one, (uint64_t)off, s->payload, len)))
		return;
	if (e->config.checksums != CHECKSUMS_IGNORE && !decode_tcp_checksum_ok(s)) {
		engine_count(e, COUNT_tcp_checksum_bad, 1);
		if (e->config.checksums == CHECKSUMS_REQUIRE || flow_has(h, FLOW_CHECKSUM, d))
			return;
	}
	engine_count(e, again == RECENT_DIFFERS ? COUNT_tcp_overlap_differs : COUNT_tcp_overlap_unknown, 1);
	if (again != RECENT_DIFFERS) {
		stream_conflict(e, flow);
	} else if (!g->conflict) {
		g->conflict = true;
		g->conflict_dir = (uint8_t)d;
		g->conflict_off = (uint32_t)off;
		g->conflict_len = s->payload_len;
		g->conflict_frame = flow_cold_at(&e->table, flow)->last_frame;
		if (e->keep)
			keep_sealed(e, flow, d);
	}
}
