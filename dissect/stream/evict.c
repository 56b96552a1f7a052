// Room for the facts of a new session when all of it is taken: somebody has to go, and that is told.
#include "dissect/keep.h"
#include "dissect/stream/stream.h"

enum { VICTIM_LOOKS = 64 }; // 64, as in the flow table: a look at all of them for every new session would be a gift

// Who has ended goes first, then who has not shown to be mail, then who has been silent for longer.
static bool worse_loss(const struct dissect *e, const struct conn *a, const struct conn *b)
{
	bool a_over = flow_hot_at(&e->table, a->flow)->flags & FLOW_CLOSING, b_over = flow_hot_at(&e->table, b->flow)->flags & FLOW_CLOSING;
	if (a_over != b_over)
		return b_over;
	if (a->candidate != b->candidate)
		return b->candidate;
	return flow_hot_at(&e->table, a->flow)->seen_ns > flow_hot_at(&e->table, b->flow)->seen_ns;
}

static struct conn *victim(struct dissect *e)
{
	struct conn *best = NULL;
	uint32_t n = e->conns.n_fresh;
	for (uint32_t i = 0; i < VICTIM_LOOKS && i < n; i++) {
		e->conn_hand = e->conn_hand % n + 1;
		struct conn *c = slab_at(&e->conns, e->conn_hand);
		if (c->flow && (!best || worse_loss(e, best, c)))
			best = c;
	}
	return best;
}

void stream_evict(struct dissect *e)
{
	const struct conn *c = victim(e);
	if (!c)
		return;
	uint32_t flow = c->flow;
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	stream_close(e, flow, h->flags & FLOW_CLOSING ? stream_end_reason(h) : END_EVICTED);
	h->phase = FLOW_COUNTED;
}

void stream_drop_conn(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (e->keep)
		keep_drop(e, flow);
	tape_clear(&engine_conn(e, h)->tape, &e->tapes);
	engine_conn(e, h)->flow = 0;
	const struct flow_other other = engine_conn(e, h)->other;
	slab_put(&e->conns, h->session);
	h->session = 0;
	if (h->phase != FLOW_SEALED)
		h->other = other;
}
