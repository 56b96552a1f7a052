// How a connection ends: FIN, RST, silence, the end of the capture. See dissect/stream/stream.h.
#include "dissect/stream/stream.h"

#include "dissect/classify/protocols.h"
#include "dissect/route.h"
#include "dissect/stream/parts.h"

// ---- the end -------------------------------------------------------------------------------------------------

static void close_soon(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	h->flags |= FLOW_CLOSING;
	wheel_hasten(&e->wheel, flow, e->now_ns + LINGER_NS);
}

// RFC 5961 3.2: a reset counts when it stands exactly where its receiver expects the next octet.
static bool rst_valid(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	if (s->md5_option)
		return false;
	// The refusal of a SYN stands nowhere, but acknowledges it.
	if (d == DIR_S2C && !flow_has(h, FLOW_SYN, DIR_S2C) && s->flags & TCP_ACK && h->off[DIR_C2S] == 0)
		return s->ack == h->base[DIR_C2S];
	if (s->seq == flow_next(h, d) || (h->ack[o] && s->seq == h->ack[o]))
		return true;
	if (flow_has(h, FLOW_FIN, d) && s->seq == h->fin_seq[d] + 1)
		return true;
	return h->phase == FLOW_SESSION && s->seq == h->base[d] + (uint32_t)stream_reach(e, flow, d);
}

void stream_take_rst(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	bool valid = rst_valid(e, flow, d, s);
	if (h->phase == FLOW_SESSION)
		tamper_reset(e, flow, d, s, p, valid);
	if (!valid) {
		engine_count(e, COUNT_tcp_rst_invalid, 1);
		return;
	}
	flow_set(h, FLOW_RST, d);
	close_soon(e, flow);
}

// In the window, and from somebody who knows what the other side has sent. That makes it possible, not true.
static bool fin_valid(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	int64_t ahead = flow_offset(h, d, s->seq + s->payload_wire_len) - (int64_t)h->off[d];
	if (!(s->flags & TCP_ACK) || ahead < 0 || ahead > FLOW_WINDOW || stream_acks_nonsense(e, flow, d, s))
		return false;
	return !flow_has(h, FLOW_SYN, o) || flow_offset(h, o, s->ack) >= 0;
}

// Of several the nearest counts first: the octets show whether the stream goes on behind it, and then the next.
void stream_take_fin(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	uint32_t seq = s->seq + s->payload_wire_len, later = seq;
	if (flow_has(h, FLOW_FIN, d) && seq == h->fin_seq[d])
		return;
	if (!fin_valid(e, flow, d, s)) {
		engine_count(e, COUNT_tcp_fin_invalid, 1);
		return;
	}
	bool other = flow_has(h, FLOW_FIN, d);
	if (!other && h->phase == FLOW_SESSION)
		engine_conn(e, h)->message.facts.conn.closed_first = flow_closed_first(h, d, s->ack);
	if (!other || (int32_t)(seq - h->fin_seq[d]) < 0) {
		later = h->fin_seq[d];
		h->fin_seq[d] = seq;
		flow_set(h, FLOW_FIN, d);
	}
	if (other && h->phase == FLOW_SESSION) {
		engine_conn(e, h)->fin_later[d] = later;
		engine_conn(e, h)->fin_two[d] = true;
	}
}

// Octets came that stand behind the FIN: it was not what it looked like.
static void contradict_fin(struct dissect *e, uint32_t flow, enum dir d)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = h->phase == FLOW_SESSION ? engine_conn(e, h) : NULL;
	engine_count(e, COUNT_tcp_fin_contradicted, 1);
	h->flags &= (uint16_t)~(FLOW_FIN << d | FLOW_FIN_DONE << d);
	if (!flow_has(h, FLOW_RST, DIR_C2S) && !flow_has(h, FLOW_RST, DIR_S2C))
		h->flags &= (uint16_t)~FLOW_CLOSING;
	if (c && c->fin_two[d] && flow_offset(h, d, c->fin_later[d]) >= (int64_t)h->off[d]) {
		h->fin_seq[d] = c->fin_later[d];
		flow_set(h, FLOW_FIN, d);
	}
	if (c)
		c->fin_two[d] = false;
}

// Behind a seal what is missing before it is nobody's loss: there the peer's acknowledgment is enough.
static bool fin_reached(const struct dissect *e, uint32_t flow, enum dir d)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	int64_t end = flow_offset(h, d, h->fin_seq[d]);
	if (h->phase != FLOW_SESSION && h->ack[dir_other(d)] == h->fin_seq[d] + 1)
		return true;
	uint64_t reach = h->phase == FLOW_SESSION ? stream_reach(e, flow, d) : h->off[d];
	return end <= (int64_t)reach;
}

// Both sides have ended, in sequence.
static bool fins_done(const struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	for (int i = 0; i < 2; i++) {
		enum dir d = (enum dir)i;
		if (flow_has(h, FLOW_FIN, d) && !flow_has(h, FLOW_FIN_DONE, d) && fin_reached(e, flow, d))
			flow_set(h, FLOW_FIN_DONE, d);
	}
	return flow_has(h, FLOW_FIN_DONE, DIR_C2S) && flow_has(h, FLOW_FIN_DONE, DIR_S2C);
}

void stream_settle_fins(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	for (int i = 0; i < 2; i++) {
		if (flow_has(h, FLOW_FIN, (enum dir)i) && flow_offset(h, (enum dir)i, h->fin_seq[i]) < (int64_t)h->off[i])
			contradict_fin(e, flow, (enum dir)i);
	}
	if (!(h->flags & FLOW_CLOSING) && fins_done(e, flow))
		close_soon(e, flow);
}

enum session_end stream_end_reason(const struct flow_hot *h)
{
	return flow_has(h, FLOW_RST, DIR_C2S) || flow_has(h, FLOW_RST, DIR_S2C) ? END_RST : END_FIN;
}

// ---- timers --------------------------------------------------------------------------------------------------

static uint64_t patience(const struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	const struct conn *c = engine_conn(e, h);
	for (int i = 0; i < 2; i++) {
		enum dir d = (enum dir)i, o = dir_other(d);
		const struct chunk *head = queue_head(&c->queue[d], &e->chunks);
		if (!head)
			continue;
		if (head->off > h->off[d] && !(h->ack[o] && flow_offset(h, d, h->ack[o]) > (int64_t)h->off[d]))
			return WAIT_HOLE_NS; // nobody has these octets yet
		if (c->waiting[d] && c->message.facts.conn.payload[o])
			return WAIT_REPLY_NS;
	}
	return WAIT_HOLE_ACKED_NS;
}

// Gives up, oldest first, what has waited longer than it may.
static void give_up_waits(struct dissect *e, uint32_t flow)
{
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	uint64_t since = c->stuck_ns;
	bool moved = false;
	while (since && !c->sealed && e->now_ns >= since + patience(e, flow) && stream_give_up(e, flow))
		moved = true;
	if (moved)
		c->stuck_ns = c->queue[0].head || c->queue[1].head ? e->now_ns : 0;
}

bool stream_timer(struct dissect *e, uint32_t flow, enum session_end *end)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->phase == FLOW_SESSION) {
		give_up_waits(e, flow);
		stream_after(e, flow);
		stream_settle_fins(e, flow);
	}
	if (h->flags & FLOW_CLOSING && e->now_ns >= h->seen_ns + LINGER_NS) {
		*end = stream_end_reason(h);
		return true;
	}
	if (e->now_ns >= h->seen_ns + TWIN_NS && route_succeeded(e, flow)) {
		*end = END_REUSE;
		return true;
	}
	*end = END_IDLE;
	return e->now_ns >= h->seen_ns + (h->phase == FLOW_WAITING ? IDLE_BARE_NS : IDLE_NS);
}

uint64_t stream_due(const struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	uint64_t due = h->seen_ns + (h->phase == FLOW_WAITING ? IDLE_BARE_NS : IDLE_NS);
	if (h->flags & FLOW_CLOSING)
		due = h->seen_ns + LINGER_NS;
	else if (h->flags & FLOW_TWIN && h->seen_ns + TWIN_NS < due)
		due = h->seen_ns + TWIN_NS;
	if (h->phase == FLOW_SESSION) {
		const struct conn *c = engine_conn(e, h);
		if (c->stuck_ns && c->stuck_ns + WAIT_HOLE_ACKED_NS < due)
			due = c->stuck_ns + WAIT_HOLE_ACKED_NS;
	}
	return due;
}

// ---- closing -------------------------------------------------------------------------------------------------

// Octets that were acknowledged, or stand before a FIN, but never came.
static void tail_gaps(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	for (int i = 0; i < 2; i++) {
		enum dir d = (enum dir)i, o = dir_other(d);
		int64_t until = (int64_t)h->off[d];
		if (h->ack[o] && flow_cold_at(&e->table, flow)->pkts[d]) {
			int64_t acked = flow_offset(h, d, h->ack[o]);
			if (flow_has(h, FLOW_FIN, d) && h->ack[o] == h->fin_seq[d] + 1)
				acked--; // the FIN itself
			else if (!flow_has(h, FLOW_FIN, d) && acked == until + 1)
				acked--; // the acknowledgment of a FIN that was not captured
			until = acked > until ? acked : until;
		}
		if (flow_has(h, FLOW_FIN, d) && flow_offset(h, d, h->fin_seq[d]) > until)
			until = flow_offset(h, d, h->fin_seq[d]);
		if (until > (int64_t)h->off[d] && until - (int64_t)h->off[d] < FLOW_WINDOW)
			stream_gap(e, flow, d, (uint64_t)until);
	}
}

enum session_end stream_close(struct dissect *e, uint32_t flow, enum session_end end)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->phase == FLOW_SESSION) {
		struct conn *c = engine_conn(e, h);
		while (!c->sealed && stream_give_up(e, flow))
			continue;
		if (!c->sealed)
			tail_gaps(e, flow);
		stream_after(e, flow);
		if ((end == END_EOF || end == END_IDLE) && fins_done(e, flow))
			end = END_FIN;
	}
	if (h->phase == FLOW_SESSION) {
		struct conn *c = engine_conn(e, h);
		c->message.facts.conn.end = (uint8_t)end;
		conn_end(e, c);
		bool dropped = c->candidate && conn_candidate_verdict(c) <= 0;
		if (dropped) {
			engine_count(e, COUNT_session_dropped, 1);
		} else {
			protocols_ours(e, flow, &c->other);
			tell_session(e, flow, false, end);
		}
		stream_drop_conn(e, flow);
		h->phase = FLOW_COUNTED;
	} else if (h->phase == FLOW_SEALED) {
		tell_end(e, flow, end);
		guard_put(e, flow);
	}
	return end;
}
