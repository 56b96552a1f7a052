// Which connection a segment belongs to. Two ends have one connection at a time, but anybody can send with their addresses.
//
// So numbers that one side has acknowledged, or that octets came in, are never moved. A handshake with other numbers opens
// a second flow of the same ends, a twin: each segment goes to the flow whose numbers it fits, and what happens next shows
// which of them is alive. When both are, neither can be believed alone, and both say so.
#include "dissect/route.h"

#include "dissect/classify/protocols.h"
#include "dissect/stream/stream.h"

#define MISFIT (UINT64_C(1) << 40) // for each number out of the window

// ---- fitting -------------------------------------------------------------------------------------------------

static uint64_t apart(const struct flow_hot *h, enum dir d, uint32_t seq)
{
	if (!flow_has(h, FLOW_BASE, d))
		return FLOW_WINDOW; // anything fits, but whoever knows better is preferred
	int64_t n = (int32_t)(seq - flow_next(h, d));
	n = n < 0 ? -n : n;
	return n > FLOW_WINDOW ? MISFIT : (uint64_t)n;
}

// How far the numbers of a segment are from what a flow expects.
static uint64_t misfit(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	bool syn = s->flags & TCP_SYN, ack = s->flags & TCP_ACK;
	uint64_t n = apart(h, d, s->seq + syn);
	if (ack)
		n += apart(h, dir_other(d), s->ack);
	return n + (syn && ack && d == DIR_C2S); // a SYN/ACK is the server's, when in doubt
}

// The SYN or SYN/ACK of this very connection. What came with the SYN may be acknowledged (RFC 7413).
static bool own_syn(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	enum dir o = dir_other(d);
	bool known = flow_has(h, FLOW_BASE, d);
	if (known && s->seq + 1 != h->base[d])
		return false;
	if (!(s->flags & TCP_ACK))
		return known;
	return flow_has(h, FLOW_BASE, o) && s->ack - h->base[o] <= UINT16_MAX;
}

// No number of it has anything to do with this flow.
static bool unrelated(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	bool seq = flow_has(h, FLOW_BASE, d), ack = s->flags & TCP_ACK && flow_has(h, FLOW_BASE, dir_other(d));
	bool fits = (seq && apart(h, d, s->seq) < MISFIT) || (ack && apart(h, dir_other(d), s->ack) < MISFIT);
	return (seq || ack) && !fits && h->phase != FLOW_COUNTED;
}

enum route_action route_segment(const struct dissect *e, uint64_t hash, const struct decoded *s, struct route *r)
{
	*r = (struct route){0};
	r->flow = flow_table_find(&e->table, hash, s, &r->d);
	if (!r->flow)
		return ROUTE_OPEN;
	const struct flow_hot *h = flow_hot_at(&e->table, r->flow);
	if (h->flags & FLOW_TWIN)
		r->twin = flow_table_twin(&e->table, r->flow);
	if (r->twin) {
		const struct flow_hot *other = flow_hot_at(&e->table, r->twin);
		enum dir d = flow_table_dir(&e->table, r->twin, s);
		if (misfit(other, d, s) < misfit(h, r->d, s)) {
			*r = (struct route){.flow = r->twin, .twin = r->flow, .d = d};
			h = other;
		}
	}
	if (s->flags & TCP_SYN && !(s->flags & TCP_RST)) {
		if (own_syn(h, r->d, s))
			return ROUTE_TAKE;
		// Its receiver takes no octets of it: RFC 5961 4.
		return s->flags & TCP_ACK && s->payload_len ? ROUTE_STRAY : ROUTE_OPEN;
	}
	if (!unrelated(h, r->d, s))
		return ROUTE_TAKE;
	return s->payload_len ? ROUTE_STRANGE : ROUTE_IGNORE;
}

// ---- opening -------------------------------------------------------------------------------------------------

// Who is the client: the sender of a SYN, the receiver of a SYN/ACK; else by port.
static bool client_sends(const struct dissect *e, const struct decoded *s, bool *guessed)
{
	*guessed = !(s->flags & TCP_SYN);
	if (s->flags & TCP_SYN)
		return !(s->flags & TCP_ACK);
	bool to_mail = engine_known_port(e, s->dst_port), from_mail = engine_known_port(e, s->src_port);
	if (to_mail != from_mail)
		return to_mail;
	return s->dst_port <= s->src_port;
}

static uint32_t add_flow(struct dissect *e, uint64_t hash, const struct decoded *s, bool client)
{
	uint32_t flow = flow_table_add(&e->table, hash, s, client);
	if (flow)
		return flow;
	uint32_t victim = flow_table_victim(&e->table, hash);
	if (victim) {
		wheel_remove(&e->wheel, victim);
		route_close(e, victim, END_EVICTED);
	}
	return flow_table_add(&e->table, hash, s, client);
}

static uint32_t open_flow(struct dissect *e, uint64_t hash, const struct decoded *s, const struct packet *p, enum dir *d)
{
	bool guessed, client = client_sends(e, s, &guessed);
	uint32_t flow = add_flow(e, hash, s, client);
	if (!flow)
		return 0;
	*d = client ? DIR_C2S : DIR_S2C;
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct flow_cold *c = flow_cold_at(&e->table, flow);
	h->phase = FLOW_WAITING;
	if (guessed) {
		h->flags |= FLOW_GUESSED;
		engine_count(e, COUNT_flow_midstream, 1);
	}
	c->birth = p->seq;
	c->start_ns = p->time_ns;
	c->first_frame = p->frame;
	c->file = p->file;
	h->seen_ns = e->now_ns;
	wheel_add(&e->wheel, flow, e->now_ns + IDLE_BARE_NS);
	engine_count(e, COUNT_flow_opened, 1);
	return flow;
}

// ---- twins ---------------------------------------------------------------------------------------------------

static void close_now(struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	wheel_remove(&e->wheel, flow);
	route_close(e, flow, h->flags & FLOW_CLOSING ? stream_end_reason(h) : END_REUSE);
}

static bool answered(const struct flow_hot *h)
{
	return h->ack[0] || h->ack[1] || h->phase != FLOW_WAITING;
}

// Which of two a third one replaces: the one without octets, without an answer; of two without octets the younger, so that
// whatever is forged behind a true handshake, or before it, leaves that one; else the one that is silent longer.
static uint32_t dispensable(const struct dissect *e, uint32_t a, uint32_t b)
{
	const struct flow_hot *x = flow_hot_at(&e->table, a), *y = flow_hot_at(&e->table, b);
	if ((x->phase == FLOW_WAITING) != (y->phase == FLOW_WAITING))
		return x->phase == FLOW_WAITING ? a : b;
	if (answered(x) != answered(y))
		return answered(x) ? b : a;
	if (x->phase == FLOW_WAITING)
		return flow_cold_at(&e->table, a)->birth > flow_cold_at(&e->table, b)->birth ? a : b;
	return x->seen_ns <= y->seen_ns ? a : b;
}

// The SYN that a SYN/ACK answers was seen: with this number, or with another one of several and the SYN/ACK tells which
// was taken.
static bool syn_waits(const struct dissect *e, uint32_t flow, const struct decoded *s)
{
	const struct flow_hot *h = flow ? flow_hot_at(&e->table, flow) : NULL;
	return h && flow_has(h, FLOW_SYN, DIR_C2S) && flow_table_dir(&e->table, flow, s) == DIR_S2C &&
	       (!answered(h) || h->base[DIR_C2S] == s->ack);
}

// The SYN that a SYN/ACK answers was answered before, with another number: marked.
static bool answered_before(struct dissect *e, uint32_t flow, const struct decoded *s)
{
	const struct flow_hot *h = flow ? flow_hot_at(&e->table, flow) : NULL;
	bool answer = s->flags & TCP_SYN && s->flags & TCP_ACK;
	if (!h || !answer || !flow_has(h, FLOW_SYN, DIR_S2C) || h->base[DIR_C2S] != s->ack || h->flags & FLOW_CLOSING)
		return false;
	if (flow_table_dir(&e->table, flow, s) != DIR_S2C)
		return false;
	flow_cold_at(&e->table, flow)->synack_twice = true;
	return true;
}

uint32_t route_open(struct dissect *e, uint64_t hash, const struct route *r, const struct decoded *s, const struct packet *p, enum dir *d)
{
	uint32_t old[2] = {r->flow, r->twin};
	enum dir was = r->d;
	uint16_t sums = r->flow ? flow_hot_at(&e->table, r->flow)->flags & (FLOW_CHECKSUM | FLOW_CHECKSUM << 1) : 0;
	bool syn = s->flags & TCP_SYN && s->flags & TCP_ACK && (syn_waits(e, old[0], s) || syn_waits(e, old[1], s));
	bool again = answered_before(e, old[0], s) || answered_before(e, old[1], s);
	for (int i = 0; i < 2; i++) {
		if (old[i] && flow_hot_at(&e->table, old[i])->flags & FLOW_CLOSING) {
			close_now(e, old[i]);
			old[i] = 0;
		}
	}
	if (old[0] && old[1])
		close_now(e, dispensable(e, old[0], old[1]));
	uint32_t flow = open_flow(e, hash, s, p, d);
	if (!flow)
		return 0;
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	// What was learned of each side's checksums holds whichever is the client.
	h->flags |= *d == was ? sums : (uint16_t)(sums << 1 & FLOW_CHECKSUM << 1) | (sums >> 1 & FLOW_CHECKSUM);
	if (syn)
		flow_set(h, FLOW_SYN, DIR_C2S);
	flow_cold_at(&e->table, flow)->synack_twice = again;
	uint32_t twin = r->flow ? flow_table_twin(&e->table, flow) : 0; // making room may have closed it
	if (twin) {
		h->flags |= FLOW_TWIN;
		flow_hot_at(&e->table, twin)->flags |= FLOW_TWIN;
		wheel_hasten(&e->wheel, twin, e->now_ns + TWIN_NS);
		engine_count(e, COUNT_flow_twin, 1);
	}
	return flow;
}

static bool has_octets(const struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->phase == FLOW_SESSION) // what came with a SYN may never have been said
		return !engine_conn(e, h)->syn_data;
	return h->phase == FLOW_SEALED;
}

// Whoever spoke a short time ago may be the one that these octets are hidden from.
static void doubt(struct dissect *e, uint32_t flow)
{
	if (flow && e->now_ns < flow_hot_at(&e->table, flow)->seen_ns + TWIN_NS)
		stream_stray(e, flow);
}

uint32_t route_strange(struct dissect *e, uint64_t hash, const struct route *r, const struct decoded *s, const struct packet *p,
                       enum dir *d)
{
	bool both = r->twin && has_octets(e, r->flow) && has_octets(e, r->twin);
	engine_count(e, COUNT_tcp_out_of_window, 1);
	doubt(e, r->flow);
	doubt(e, r->twin);
	return both ? 0 : route_open(e, hash, r, s, p, d);
}

bool route_succeeded(const struct dissect *e, uint32_t flow)
{
	if (!(flow_hot_at(&e->table, flow)->flags & FLOW_TWIN))
		return false;
	uint32_t twin = flow_table_twin(&e->table, flow);
	return twin && has_octets(e, twin) &&
	       flow_cold_at(&e->table, twin)->birth > flow_cold_at(&e->table, flow)->birth;
}

void route_alive(struct dissect *e, uint32_t flow)
{
	if (!route_succeeded(e, flow))
		return;
	engine_count(e, COUNT_flow_twin_alive, 1);
	stream_conflict(e, flow);
	stream_conflict(e, flow_table_twin(&e->table, flow));
}

void route_close(struct dissect *e, uint32_t flow, enum session_end end)
{
	static const enum dissect_counter count[] = {
		[END_FIN] = COUNT_flow_closed_fin,   [END_RST] = COUNT_flow_closed_rst,
		[END_IDLE] = COUNT_flow_closed_idle, [END_EOF] = COUNT_flow_closed_eof,
		[END_EVICTED] = COUNT_flow_closed_evicted, [END_REUSE] = COUNT_flow_closed_reuse,
	};
	if ((end == END_EOF || end == END_IDLE) && route_succeeded(e, flow))
		end = END_REUSE;
	engine_count(e, count[stream_close(e, flow, end)], 1);
	uint32_t twin = flow_hot_at(&e->table, flow)->flags & FLOW_TWIN ? flow_table_twin(&e->table, flow) : 0;
	if (twin)
		flow_hot_at(&e->table, twin)->flags &= (uint16_t)~FLOW_TWIN;
	protocols_flow_end(e, flow);
	flow_table_remove(&e->table, flow);
}
