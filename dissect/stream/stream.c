// One TCP segment: its numbers, and what to do with its octets.
#include "dissect/stream/stream.h"

#include "dissect/classify/protocols.h"
#include "dissect/keep.h"
#include "dissect/route.h"
#include "dissect/stream/parts.h"

// ---- payload -------------------------------------------------------------------------------------------------

void stream_conflict(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->phase == FLOW_SEALED) {
		const struct guard *g = guard_of(e, flow);
		if (g && g->conflict)
			return; // that says more
		guard_put(e, flow);
		h->session = FLOW_CONFLICT;
	} else if (h->phase == FLOW_SESSION) {
		struct conn_facts *f = &engine_conn(e, h)->message.facts.conn;
		const struct flow_cold *cold = flow_cold_at(&e->table, flow);
		const struct place at = {.frame = cold->last_frame, .quality = stream_quality(e, flow, DIR_C2S)};
		f->ambiguous = true;
		engine_conn(e, h)->tape.torn = true;
		place_mark_first(&f->conflict_mark, &at);
	}
}

void stream_stray(struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	engine_count(e, COUNT_tcp_out_of_window, 1);
	if (h->phase == FLOW_SESSION)
		engine_conn(e, h)->message.facts.conn.strays++;
	stream_conflict(e, flow);
}

// Octets in front of the first one, or that acknowledge some in front of the other side's. A keep-alive may stand there.
static bool before_start(const struct flow_hot *h, enum dir d, const struct decoded *s, int64_t off)
{
	enum dir o = dir_other(d);
	bool own = flow_has(h, FLOW_SYN, d) && off < 0 && s->payload_len > 1 && !(s->flags & TCP_SYN);
	return own || (s->flags & TCP_ACK && flow_has(h, FLOW_SYN, o) && flow_offset(h, o, s->ack) < 0);
}

static bool acceptable(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (!(s->flags & (TCP_ACK | TCP_SYN))) {
		engine_count(e, COUNT_tcp_no_ack_flag, 1);
		return false;
	}
	int64_t off = flow_offset(h, d, s->seq), here = (int64_t)h->off[d];
	if (before_start(h, d, s, off) || stream_acks_nonsense(e, flow, d, s) || off > here + FLOW_WINDOW || off < here - FLOW_WINDOW) {
		engine_conn(e, h)->message.facts.conn.payload[d] = true;
		stream_stray(e, flow);
		return false;
	}
	return true;
}

// Another network may use the same addresses. Each direction may have tags of its own, but not two kinds of them. A copy
// of what was there already is a mirror port that sees the segment twice.
static void note_vlan(struct dissect *e, struct conn *c, enum dir d, const struct decoded *s)
{
	uint32_t tags = 1u << 31 | (uint32_t)s->n_vlan << 24 | (uint32_t)s->vlan[0] << 12 | s->vlan[1];
	if (!c->vlan[d])
		c->vlan[d] = tags;
	if (c->vlan[d] == tags)
		return;
	engine_count(e, COUNT_tcp_vlan_differs, 1);
	c->message.facts.conn.ambiguous = c->tape.torn = true;
}

// The last octet once more, or a NUL where the peer has acknowledged it (RFC 1122 4.2.3.6: "one garbage octet"), also
// behind a hole. Any other octet at that place may be the true one.
static bool keepalive(const struct dissect *e, uint32_t flow, enum dir d, int64_t off, uint8_t octet)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	const struct recent *r = &engine_conn(e, h)->recent[d];
	enum dir o = dir_other(d);
	bool acked = h->ack[o] && flow_offset(h, d, h->ack[o]) > off;
	if (acked && !octet && (off < (int64_t)h->off[d] || off > (int64_t)stream_reach(e, flow, d)))
		return true;
	if (off + 1 != (int64_t)h->off[d])
		return false;
	return r->last_known ? octet == r->last : acked;
}

static void take_payload(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	const uint8_t *octets = s->payload;
	uint32_t len = s->payload_len;
	int64_t off = flow_offset(h, d, s->seq + (s->flags & TCP_SYN ? 1 : 0));
	struct place at = {
		.acked = stream_acked_octets(h, d, s),
		.time_ns = p->time_ns,
		.frame = p->frame,
	};
	if (len == 1 && keepalive(e, flow, d, off, *octets)) {
		engine_count(e, COUNT_tcp_keepalive, 1);
		return;
	}
	c->message.facts.conn.payload[d] = true;
	if (d == DIR_S2C && !c->message.facts.conn.answer_ns)
		c->message.facts.conn.answer_ns = p->time_ns;
	if (len == 1 && !*octets)
		c->probe_end[d] = (uint64_t)off + 1;
	if (s->ambiguous)
		c->message.facts.conn.ambiguous = c->tape.torn = true;
	if (s->flags & TCP_URG) {
		engine_count(e, COUNT_tcp_urgent, 1);
		c->message.facts.conn.ambiguous = c->tape.torn = true; // the receiver may take one octet out of the stream
	}
	if (e->keep && off >= 0)
		keep_payload(e, d, (uint64_t)off);
	if (off < (int64_t)h->off[d]) {
		uint64_t old = h->off[d] - (uint64_t)off;
		bool all_old = old >= len;
		at.off = (uint64_t)off;
		if (off >= 0)
			stream_again(e, c, d, &at, octets, all_old ? len : (uint32_t)old);
		else if (len > 1 && recent_is_text(octets, len)) // seen midstream, from octets on that may have been forged
			stream_conflict(e, flow);
		if (all_old) {
			engine_count(e, COUNT_tcp_retransmit, 1);
			c->message.facts.conn.retransmits++;
			len = 0;
		} else {
			octets += old;
			len -= (uint32_t)old;
			off = (int64_t)h->off[d];
		}
	} else if (off > (int64_t)stream_reach(e, flow, d)) {
		engine_count(e, COUNT_tcp_out_of_order, 1);
		c->message.facts.conn.reordered++;
	}
	at.off = (uint64_t)off;
	if (len && s->flags & TCP_SYN && d == DIR_C2S && !flow_has(h, FLOW_SYN, DIR_S2C)) {
		c->syn_data = c->waiting[d] = true;
		c->syn_data_end = s->seq + 1 + s->payload_wire_len;
	}
	if (len)
		note_vlan(e, c, d, s);
	if (len && h->flags & FLOW_TWIN)
		route_alive(e, flow);
	if (len)
		stream_offer(e, flow, d, &at, octets, len);
	if (s->payload_wire_len > s->payload_len && !c->sealed)
		c->message.facts.conn.snaplen_cut = true;
}

// ---- a segment -----------------------------------------------------------------------------------------------

// What a flow that is only counted still needs: where its octets are.
static void count_only(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	int64_t off = flow_offset(h, d, s->seq), end = off + s->payload_wire_len;
	if (off < (int64_t)h->off[d] && h->phase == FLOW_SEALED)
		guard_check(e, flow, d, s, off);
	if (end <= (int64_t)h->off[d] || end - (int64_t)h->off[d] >= INT32_MAX / 2)
		return;
	h->off[d] = (uint64_t)end;
	if (h->flags & FLOW_TWIN)
		route_alive(e, flow);
}

// Its facts are about nothing that was said, or about no mail.
static void drop_session(struct dissect *e, uint32_t flow, enum flow_phase phase)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	conn_end(e, engine_conn(e, h));
	stream_drop_conn(e, flow);
	h->phase = (uint8_t)phase;
	engine_count(e, COUNT_session_dropped, 1);
}

// A reset was followed by new octets of the same side: it was not what it looked like.
static void reopen(struct dissect *e, struct flow_hot *h, enum dir d)
{
	engine_count(e, COUNT_tcp_rst_contradicted, 1);
	h->flags &= (uint16_t)~(FLOW_CLOSING | FLOW_RST << d);
	h->flags |= FLOW_REOPENED;
}

// The server has taken another SYN: what came with that of this flow was never said.
static void syn_refused(struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->phase == FLOW_SESSION && engine_conn(e, h)->syn_data && !h->off[DIR_C2S] && !h->off[DIR_S2C])
		drop_session(e, flow, FLOW_WAITING);
}

// A candidate is mail.
static void accept(struct dissect *e, uint32_t flow)
{
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	c->candidate = false;
	protocols_ours(e, flow, &c->other);
}

static void session_payload(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	if (!acceptable(e, flow, d, s))
		return;
	if (flow_has(h, FLOW_RST, d) && flow_offset(h, d, s->seq) >= (int64_t)h->off[d])
		reopen(e, h, d);
	take_payload(e, flow, d, s, p);
	if (c->candidate && !c->sealed) {
		int verdict = conn_candidate_verdict(c);
		if (verdict > 0) {
			accept(e, flow);
		} else if (verdict < 0) {
			drop_session(e, flow, FLOW_COUNTED);
		}
	}
}

// Sealed, news, or stuck: what follows from what the segment brought.
void stream_after(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	if (c->candidate && c->sealed && conn_candidate_verdict(c) > 0)
		accept(e, flow);
	if (c->sealed) {
		conn_end(e, c);
		if (!c->candidate)
			tell_session(e, flow, true, END_OPEN);
		h->phase = c->candidate ? FLOW_COUNTED : FLOW_SEALED;
		const struct recent recent[2] = {c->recent[0], c->recent[1]};
		stream_drop_conn(e, flow);
		if (h->phase == FLOW_SEALED)
			guard_get(e, flow, recent);
		engine_count(e, COUNT_session_sealed, 1);
		return;
	}
	if (c->news && !c->candidate) {
		c->news = false;
		tell_session(e, flow, false, END_OPEN);
	}
	if (!c->queue[0].head && !c->queue[1].head) {
		c->stuck_ns = 0;
	} else if (!c->stuck_ns) {
		c->stuck_ns = e->now_ns;
		wheel_hasten(&e->wheel, flow, e->now_ns + WAIT_HOLE_ACKED_NS);
	}
}

static void take_handshake(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	bool answer = s->flags & TCP_ACK;
	stream_take_syn(h, d, s);
	if (h->phase == FLOW_SESSION) // it came late: the other arm is slower
		engine_conn(e, h)->message.facts.conn.syn[d] = true;
	if (answer && d == DIR_S2C && h->phase == FLOW_SESSION)
		stream_syn_answered(e, flow, s->ack);
	if (answer && h->flags & FLOW_TWIN)
		syn_refused(e, flow_table_twin(&e->table, flow));
	if (s->payload_len)
		engine_count(e, COUNT_tcp_payload_on_syn, 1);
}

// Octets of a SYN beside a connection that is in use: anybody's, until it is answered, and then they are a hole.
static bool hearsay(const struct flow_hot *h, const struct decoded *s)
{
	return s->flags & TCP_SYN && h->flags & FLOW_TWIN && h->phase == FLOW_WAITING;
}

// RFC 2385 2: without a key a receiver drops it, and mail has none. What it carries may be an insertion, or all there is.
static void take_signed(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	engine_count(e, COUNT_tcp_md5_option, 1);
	if (s->payload_len && h->phase == FLOW_WAITING)
		stream_open_session(e, flow, &d, s);
	if (h->phase != FLOW_SESSION || !s->payload_len)
		return;
	engine_conn(e, h)->message.facts.conn.payload[d] = true;
	stream_conflict(e, flow);
}

void stream_segment(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (s->md5_option && !(s->flags & TCP_SYN)) {
		take_signed(e, flow, d, s);
		return;
	}
	if (stream_wrong_way_round(h, d, s)) {
		flow_table_flip(&e->table, flow);
		d = DIR_C2S;
	}
	if (s->flags & TCP_SYN)
		take_handshake(e, flow, d, s);
	stream_take_bases(h, d, s);
	if (h->phase == FLOW_SESSION)
		tamper_segment(e, flow, d, s, p);
	if (s->flags & TCP_ACK)
		stream_take_ack(e, flow, d, s);
	bool octets = s->payload_len && !hearsay(h, s);
	if (octets && h->phase == FLOW_WAITING) {
		stream_open_session(e, flow, &d, s);
		if (h->phase == FLOW_SESSION)
			tamper_segment(e, flow, d, s, p);
	}
	if (h->phase == FLOW_SESSION && octets)
		session_payload(e, flow, d, s, p);
	else if (octets)
		count_only(e, flow, d, s);
	if (s->flags & TCP_FIN)
		stream_take_fin(e, flow, d, s);
	if (s->flags & TCP_RST)
		stream_take_rst(e, flow, d, s, p);
	if (h->phase == FLOW_SESSION)
		stream_after(e, flow);
	stream_settle_fins(e, flow);
}

