// How a connection is opened: where its numbers begin, who is the client, and when facts begin. See dissect/stream/stream.h.
#include "dissect/stream/stream.h"

#include "dissect/classify/protocols.h"
#include "dissect/classify/three_rules.h"
#include "dissect/stream/parts.h"

enum { UNSEEN_ACK_OCTETS = 256 << 10 }; // acknowledged beyond what was captured: a loss; farther is not this connection
enum { CLASSIFY_SEGMENTS = 8 };         // 8 payload segments are looked at on other ports; tunnels are set up in two

static void set_base(struct flow_hot *h, enum dir d, uint32_t seq)
{
	h->base[d] = seq;
	flow_set(h, FLOW_BASE, d);
}

// What the numbers of a handshake are, route.c has decided: here it is this one.
void stream_take_syn(struct flow_hot *h, enum dir d, const struct decoded *s)
{
	if (!flow_has(h, FLOW_BASE, d))
		set_base(h, d, s->seq + 1);
	flow_set(h, FLOW_SYN, d);
}

// A SYN/ACK without its SYN made its sender the server. A SYN of the same side shows that it was not: who wants to be
// taken for the server only has to send one before his own SYN.
bool stream_wrong_way_round(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	return (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && d == DIR_S2C && !flow_has(h, FLOW_SYN, DIR_C2S) &&
	       !h->ack[DIR_C2S] && h->phase == FLOW_WAITING && !h->off[0] && !h->off[1];
}

void stream_take_bases(struct flow_hot *h, enum dir d, const struct decoded *s)
{
	enum dir o = dir_other(d);
	if (!flow_has(h, FLOW_BASE, d))
		set_base(h, d, s->seq);
	if (!flow_has(h, FLOW_BASE, o) && s->flags & TCP_ACK)
		set_base(h, o, s->ack);
}

// What `d` has acknowledged of the other side lies so far behind anything captured that it belongs to something else.
bool stream_acks_nonsense(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	return h->phase == FLOW_SESSION && s->flags & TCP_ACK && flow_cold_at(&e->table, flow)->pkts[o] &&
	       flow_offset(h, o, s->ack) > (int64_t)stream_reach(e, flow, o) + UNSEEN_ACK_OCTETS;
}

void stream_take_ack(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	int64_t n = flow_has(h, FLOW_BASE, o) ? flow_offset(h, o, s->ack) - (int64_t)h->off[o] : FLOW_WINDOW + 1;
	if (n > FLOW_WINDOW || n < -FLOW_WINDOW || stream_acks_nonsense(e, flow, d, s))
		return;
	if (!h->ack[d] || (int32_t)(s->ack - h->ack[d]) > 0)
		h->ack[d] = s->ack;
}

// How many octets of the other side the sender had received when it sent this, and one for a FIN.
uint64_t stream_acked_octets(const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	enum dir o = dir_other(d);
	if (!(s->flags & TCP_ACK))
		return 0;
	int64_t acked = flow_offset(h, o, s->ack);
	return acked > 0 ? (uint64_t)acked : 0;
}

// SMTP begins behind something else, as in a proxy's tunnel: what was there before is not read, so the start is unseen.
static void start_late(struct flow_hot *h, enum dir d, const struct decoded *s)
{
	int64_t off = flow_offset(h, d, s->seq);
	h->off[d] = off > 0 ? (uint64_t)off : 0;
	h->off[dir_other(d)] = stream_acked_octets(h, d, s);
	h->flags &= (uint16_t)~(FLOW_SYN | FLOW_SYN << 1);
}

// Facts begin with the first payload on a mail port, or with octets that look like SMTP on another one.
void stream_open_session(struct dissect *e, uint32_t flow, enum dir *d, const struct decoded *s)
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
	bool search = !known && e->config.tls_outside_mail, said = h->other.state == OTHER_MAIL;
	if (!known && !early && !search && !said && !classify_candidate(*d, s->payload, s->payload_len)) {
		if (++h->other.segments >= CLASSIFY_SEGMENTS)
			h->phase = FLOW_COUNTED;
		return;
	}
	if (h->other.segments && !early)
		start_late(h, *d, s);
	const struct flow_other other = h->other;
	h->session = slab_get(&e->conns);
	if (!h->session) {
		engine_count(e, COUNT_session_no_memory, 1);
		stream_evict(e);
		h->session = slab_get(&e->conns);
	}
	if (!h->session) { // room for none
		h->other = other;
		h->phase = FLOW_COUNTED;
		return;
	}
	h->phase = FLOW_SESSION;
	struct conn *c = engine_conn(e, h);
	c->flow = flow;
	c->other = other;
	c->candidate = !known && !said;
	if (!c->candidate)
		protocols_ours(e, flow, &c->other);
	c->search = search;
	c->proxied = *d == DIR_C2S && classify_proxied(s->payload, s->payload_len);
	struct facts *f = &c->message.facts;
	f->birth = cold->birth;
	f->conn.known_port = known; // and stays so, whatever ports are watched later
	for (int i = 0; i < 2; i++)
		c->compare_from[i] = h->off[i];
	f->conn.midstream = !flow_has(h, FLOW_SYN, DIR_C2S) && !flow_has(h, FLOW_SYN, DIR_S2C);
	f->conn.syn[0] = flow_has(h, FLOW_SYN, DIR_C2S);
	f->conn.syn[1] = flow_has(h, FLOW_SYN, DIR_S2C);
	engine_count(e, COUNT_session_opened, 1);
}
