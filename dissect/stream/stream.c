// One TCP segment: sequence numbers, acknowledgments, resets, and what to do with its octets.
#include "dissect/stream/stream.h"

#include "dissect/classify/three_rules.h"

enum { CLASSIFY_SEGMENTS = 8 };     // 8 payload segments are looked at on other ports; tunnels are set up in two
enum { UNSEEN_ACK_OCTETS = 256 << 10 }; // acknowledged beyond what was captured: a loss; farther is not this connection
enum { WINDOW_OCTETS = 4 << 20 }; // 4 MiB ahead; senders of mail have smaller windows, farther is not this connection

// ---- opening -------------------------------------------------------------------------------------------------

static void set_base(struct flow_hot *h, enum dir d, uint32_t seq)
{
	h->base[d] = seq;
	flow_set(h, FLOW_BASE, d);
}

// SYN and SYN/ACK. The acknowledgment in a SYN/ACK says which of several SYNs the server has taken.
static void take_syn(struct dissect *e, struct flow_hot *h, enum dir d, const struct decoded *s)
{
	uint32_t first = s->seq + 1;
	enum dir o = dir_other(d);
	bool other = flow_has(h, FLOW_SYN, d) && h->base[d] != first;
	if (other)
		engine_count(e, COUNT_tcp_syn_retry, 1);
	// The peer has acknowledged the first one: another is forged, unless a SYN/ACK shows that a new handshake runs.
	if (other && h->ack[o] == h->base[d] && (!(s->flags & TCP_ACK) || s->ack == h->base[o]))
		return;
	if (other)
		h->ack[o] = 0;
	if (h->off[d] == 0)
		set_base(h, d, first);
	flow_set(h, FLOW_SYN, d);
	if (s->flags & TCP_ACK && h->off[o] == 0 && (uint32_t)(s->ack - h->base[o]) > WINDOW_OCTETS)
		set_base(h, o, s->ack);
}

// A SYN/ACK without its SYN made its sender the server. A SYN of the other side shows that it was not: who wants to be
// taken for the server only has to send one before his own SYN.
static bool wrong_way_round(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	return (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && d == DIR_S2C && !flow_has(h, FLOW_SYN, DIR_C2S) &&
	       h->phase == FLOW_WAITING && !h->off[0] && !h->off[1];
}

static void take_bases(struct flow_hot *h, enum dir d, const struct decoded *s)
{
	enum dir o = dir_other(d);
	if (!flow_has(h, FLOW_BASE, d))
		set_base(h, d, s->seq);
	if (!flow_has(h, FLOW_BASE, o) && s->flags & TCP_ACK)
		set_base(h, o, s->ack);
}

// What `d` has acknowledged of the other side lies so far behind anything captured that it belongs to something else.
static bool acks_nonsense(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	return h->phase == FLOW_SESSION && s->flags & TCP_ACK && flow_cold_at(&e->table, flow)->pkts[o] &&
	       flow_offset(h, o, s->ack) > (int64_t)stream_reach(e, flow, o) + UNSEEN_ACK_OCTETS;
}

static void take_ack(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (!flow_has(h, FLOW_BASE, dir_other(d)) || acks_nonsense(e, flow, d, s))
		return;
	if (!h->ack[d] || (int32_t)(s->ack - h->ack[d]) > 0)
		h->ack[d] = s->ack;
}

// How many octets of the other side the sender had received when it sent this; a FIN it acknowledges is none.
static uint64_t acked_octets(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	enum dir o = dir_other(d);
	if (!(s->flags & TCP_ACK))
		return 0;
	int64_t acked = flow_offset(h, o, s->ack);
	if (flow_has(h, FLOW_FIN, o) && s->ack == h->fin_seq[o] + 1)
		acked--;
	return acked > 0 ? (uint64_t)acked : 0;
}

// SMTP begins behind something else, as in a proxy's tunnel: what was there before is not read, so the start is unseen.
static void start_late(struct flow_hot *h, enum dir d, const struct decoded *s)
{
	int64_t off = flow_offset(h, d, s->seq);
	h->off[d] = off > 0 ? (uint64_t)off : 0;
	h->off[dir_other(d)] = acked_octets(h, d, s);
	h->flags &= (uint16_t)~(FLOW_SYN | FLOW_SYN << 1);
}

// Facts begin with the first payload on a mail port, or with octets that look like SMTP on another one.
static void open_session(struct dissect *e, uint32_t flow, enum dir *d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	int side = h->flags & FLOW_GUESSED ? classify_side(s->payload, s->payload_len) : -1;
	if (side >= 0) {
		h->flags &= (uint16_t)~FLOW_GUESSED;
		if (side != (int)*d) {
			flow_table_flip(&e->table, flow);
			*d = dir_other(*d);
		}
	}
	struct flow_cold *cold = flow_cold_at(&e->table, flow);
	bool known = engine_known_port(e, cold->port[DIR_S2C]);
	// The first octets may still be on their way: then what they say is judged when they come.
	bool early = flow_has(h, FLOW_SYN, *d) && flow_offset(h, *d, s->seq) > (int64_t)h->off[*d];
	if (!known && !early && !classify_candidate(*d, s->payload, s->payload_len)) {
		if (++h->session >= CLASSIFY_SEGMENTS)
			h->phase = FLOW_COUNTED;
		return;
	}
	if (h->session && !early)
		start_late(h, *d, s);
	h->session = slab_get(&e->conns);
	if (!h->session) {
		engine_count(e, COUNT_session_no_memory, 1);
		stream_evict(e);
		h->session = slab_get(&e->conns);
	}
	if (!h->session) { // room for none
		h->phase = FLOW_COUNTED;
		return;
	}
	h->phase = FLOW_SESSION;
	struct conn *c = engine_conn(e, h);
	c->flow = flow;
	c->candidate = !known;
	c->proxied = *d == DIR_C2S && classify_proxied(s->payload, s->payload_len);
	struct facts *f = &c->message.facts;
	f->birth = cold->birth;
	for (int i = 0; i < 2; i++)
		c->compare_from[i] = h->off[i];
	f->conn.midstream = !flow_has(h, FLOW_SYN, DIR_C2S) && !flow_has(h, FLOW_SYN, DIR_S2C);
	f->conn.syn[0] = flow_has(h, FLOW_SYN, DIR_C2S);
	f->conn.syn[1] = flow_has(h, FLOW_SYN, DIR_S2C);
	engine_count(e, COUNT_session_opened, 1);
}

// ---- payload -------------------------------------------------------------------------------------------------

static bool acceptable(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (!(s->flags & (TCP_ACK | TCP_SYN))) {
		engine_count(e, COUNT_tcp_no_ack_flag, 1);
		return false;
	}
	int64_t off = flow_offset(h, d, s->seq), here = (int64_t)h->off[d];
	if (acks_nonsense(e, flow, d, s) || off > here + WINDOW_OCTETS || off < here - WINDOW_OCTETS) {
		engine_count(e, COUNT_tcp_out_of_window, 1);
		return false;
	}
	return true;
}

static void take_payload(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	const uint8_t *octets = s->payload;
	uint32_t len = s->payload_len;
	int64_t off = flow_offset(h, d, s->seq + (s->flags & TCP_SYN ? 1 : 0));
	struct place at = {
		.acked = acked_octets(h, d, s),
		.time_ns = p->time_ns,
		.frame = p->frame,
	};
	if (len == 1 && off + 1 == (int64_t)stream_reach(e, flow, d)) {
		engine_count(e, COUNT_tcp_keepalive, 1);
		return;
	}
	c->message.facts.conn.payload[d] = true;
	if (s->flags & TCP_URG) {
		engine_count(e, COUNT_tcp_urgent, 1);
		c->message.facts.conn.ambiguous = true; // the receiver may take one octet out of the stream
	}
	if (s->md5_option) {
		engine_count(e, COUNT_tcp_md5_option, 1);
		c->message.facts.conn.ambiguous = true;
	}
	if (off < (int64_t)h->off[d]) {
		uint64_t old = h->off[d] - (uint64_t)off;
		bool all_old = old >= len;
		at.off = (uint64_t)off;
		if (off >= 0)
			stream_again(e, c, d, &at, octets, all_old ? len : (uint32_t)old);
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
		stream_offer(e, flow, d, &at, octets, len);
	if (s->payload_wire_len > s->payload_len && !c->sealed)
		c->message.facts.conn.snaplen_cut = true;
}

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

static void take_rst(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (!rst_valid(e, flow, d, s)) {
		engine_count(e, COUNT_tcp_rst_invalid, 1);
		return;
	}
	flow_set(h, FLOW_RST, d);
	close_soon(e, flow);
}

static bool fin_reached(const struct dissect *e, uint32_t flow, enum dir d)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	int64_t end = flow_offset(h, d, h->fin_seq[d]);
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

static void settle_fins(struct dissect *e, uint32_t flow)
{
	if (!(flow_hot_at(&e->table, flow)->flags & FLOW_CLOSING) && fins_done(e, flow))
		close_soon(e, flow);
}

enum session_end stream_end_reason(const struct flow_hot *h)
{
	return flow_has(h, FLOW_RST, DIR_C2S) || flow_has(h, FLOW_RST, DIR_S2C) ? END_RST : END_FIN;
}

// ---- a segment -----------------------------------------------------------------------------------------------

// What a flow that is only counted still needs: where its octets are, and its end.
static void count_only(struct flow_hot *h, enum dir d, const struct decoded *s)
{
	int64_t end = flow_offset(h, d, s->seq) + s->payload_wire_len;
	if (end > (int64_t)h->off[d] && end - (int64_t)h->off[d] < INT32_MAX / 2)
		h->off[d] = (uint64_t)end;
}

// A reset was followed by new octets of the same side: it was not what it looked like.
static void reopen(struct dissect *e, struct flow_hot *h, enum dir d)
{
	engine_count(e, COUNT_tcp_rst_contradicted, 1);
	h->flags &= (uint16_t)~(FLOW_CLOSING | FLOW_RST << d);
	h->flags |= FLOW_REOPENED;
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
			c->candidate = false;
		} else if (verdict < 0) {
			conn_end(e, c);
			stream_drop_conn(e, flow);
			h->phase = FLOW_COUNTED;
			engine_count(e, COUNT_session_dropped, 1);
		}
	}
}

// Sealed, news, or stuck: what follows from what the segment brought.
static void after_segment(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = engine_conn(e, h);
	if (c->candidate && c->sealed)
		c->candidate = conn_candidate_verdict(c) <= 0;
	if (c->sealed) {
		conn_end(e, c);
		if (!c->candidate)
			tell_session(e, flow, true, END_OPEN);
		h->phase = c->candidate ? FLOW_COUNTED : FLOW_SEALED;
		stream_drop_conn(e, flow);
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

void stream_segment(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (wrong_way_round(h, d, s)) {
		flow_table_flip(&e->table, flow);
		d = DIR_C2S;
	}
	if (s->flags & TCP_SYN)
		take_syn(e, h, d, s);
	if (s->flags & TCP_SYN && h->phase == FLOW_SESSION) // it came late: the other arm is slower
		engine_conn(e, h)->message.facts.conn.syn[d] = flow_has(h, FLOW_SYN, d);
	if (s->flags & TCP_SYN && s->flags & TCP_ACK && d == DIR_S2C && h->phase == FLOW_SESSION)
		stream_syn_answered(e, flow, s->ack);
	take_bases(h, d, s);
	if (s->flags & TCP_ACK)
		take_ack(e, flow, d, s);
	if (s->payload_len && s->flags & TCP_SYN)
		engine_count(e, COUNT_tcp_payload_on_syn, 1);
	if (s->payload_len && h->phase == FLOW_WAITING)
		open_session(e, flow, &d, s);
	if (h->phase == FLOW_SESSION && s->payload_len)
		session_payload(e, flow, d, s, p);
	else if (h->phase == FLOW_SEALED || h->phase == FLOW_COUNTED || (h->phase == FLOW_WAITING && s->payload_len))
		count_only(h, d, s);
	if (s->flags & TCP_FIN && !flow_has(h, FLOW_FIN, d)) {
		h->fin_seq[d] = s->seq + s->payload_wire_len;
		flow_set(h, FLOW_FIN, d);
	}
	if (s->flags & TCP_RST)
		take_rst(e, flow, d, s);
	if (h->phase == FLOW_SESSION)
		after_segment(e, flow);
	settle_fins(e, flow);
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
		after_segment(e, flow);
		settle_fins(e, flow);
	}
	if (h->flags & FLOW_CLOSING && e->now_ns >= h->seen_ns + LINGER_NS) {
		*end = stream_end_reason(h);
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
		if (until > (int64_t)h->off[d] && until - (int64_t)h->off[d] < WINDOW_OCTETS)
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
		after_segment(e, flow);
		if ((end == END_EOF || end == END_IDLE) && fins_done(e, flow))
			end = END_FIN;
	}
	if (h->phase == FLOW_SESSION) {
		struct conn *c = engine_conn(e, h);
		c->message.facts.conn.end = (uint8_t)end;
		conn_end(e, c);
		if (c->candidate && conn_candidate_verdict(c) <= 0)
			engine_count(e, COUNT_session_dropped, 1);
		else
			tell_session(e, flow, false, end);
		stream_drop_conn(e, flow);
	} else if (h->phase == FLOW_SEALED) {
		tell_end(e, flow, end);
	}
	return end;
}
