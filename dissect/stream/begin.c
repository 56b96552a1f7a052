// Where the two streams begin: SYN, SYN/ACK, and what stands for them when nobody saw them.
#include "dissect/stream/stream.h"

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

void stream_begin(struct dissect *e, uint32_t flow, enum dir *d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (wrong_way_round(h, *d, s)) {
		flow_table_flip(&e->table, flow);
		*d = DIR_C2S;
	}
	if (s->flags & TCP_SYN)
		take_syn(e, h, *d, s);
	if (s->flags & TCP_SYN && h->phase == FLOW_SESSION) // it came late: the other arm is slower
		engine_conn(e, h)->message.facts.conn.syn[*d] = flow_has(h, FLOW_SYN, *d);
	if (s->flags & TCP_SYN && s->flags & TCP_ACK && *d == DIR_S2C && h->phase == FLOW_SESSION)
		stream_syn_answered(e, flow, s->ack);
	take_bases(h, *d, s);
}
