// Where the two streams begin: SYN, SYN/ACK, and what stands for them when nobody saw them.
//
// Anybody can send a SYN or a SYN/ACK. Which SYN the server has taken its SYN/ACK tells, and which SYN/ACK the client has
// taken its acknowledgment. Until that comes the last two numbers are remembered; from then on the connection stays
// `contested`: octets that stand nowhere in it are not ignored as somebody's rubbish, they may be the true ones.
#include "dissect/stream/stream.h"

static void set_base(struct flow_hot *h, enum dir d, uint32_t seq)
{
	h->base[d] = seq;
	flow_set(h, FLOW_BASE, d);
}

// The other number that a SYN/ACK has claimed for `d`, where the client has not answered yet. 0: there is none. It stands
// where the number of a FIN will: the hot line is full, and a side that ends has begun.
static uint32_t other_base(const struct flow_hot *h, enum dir d)
{
	return flow_has(h, FLOW_FIN, d) ? 0 : h->fin_seq[d];
}

static void forget_other_base(struct flow_hot *h, enum dir d)
{
	if (!flow_has(h, FLOW_FIN, d))
		h->fin_seq[d] = 0;
}

bool stream_contested(const struct dissect *e, uint32_t flow)
{
	return flow_cold_at(&e->table, flow)->contested;
}

bool stream_unsettled(const struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	return stream_contested(e, flow) && (other_base(h, DIR_C2S) || other_base(h, DIR_S2C));
}

// A SYN/ACK with another number than the one before it.
static void contest(struct dissect *e, uint32_t flow, enum dir d)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	flow_cold_at(&e->table, flow)->contested = true;
	if (h->off[d] == 0 && !flow_has(h, FLOW_FIN, d))
		h->fin_seq[d] = h->base[d];
}

// SYN and SYN/ACK. The acknowledgment in a SYN/ACK says which of several SYNs the server has taken.
static void take_syn(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	uint32_t first = s->seq + 1;
	enum dir o = dir_other(d);
	bool ack = s->flags & TCP_ACK, other = flow_has(h, FLOW_SYN, d) && h->base[d] != first;
	if (other)
		engine_count(e, COUNT_tcp_syn_retry, 1);
	// The peer has acknowledged the first one: another is forged, unless a SYN/ACK shows that a new handshake runs.
	if (other && h->ack[o] == h->base[d] && (!ack || s->ack == h->base[o])) {
		flow_cold_at(&e->table, flow)->contested |= ack;
		return;
	}
	if (other && ack)
		contest(e, flow, d);
	if (other)
		h->ack[o] = 0;
	if (h->off[d] == 0)
		set_base(h, d, first);
	flow_set(h, FLOW_SYN, d);
	if (ack && h->off[o] == 0 && (uint32_t)(s->ack - h->base[o]) > WINDOW_OCTETS)
		set_base(h, o, s->ack);
}

// Nothing of `d` was read, and nothing waits by the number that holds now.
static bool movable(const struct dissect *e, uint32_t flow, enum dir d)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	return h->off[d] == 0 && (h->phase != FLOW_SESSION || !engine_conn(e, h)->queue[d].head);
}

static bool near(uint32_t ack, uint32_t base)
{
	return (uint32_t)(ack - base) <= UNSEEN_ACK_OCTETS;
}

// What `d` acknowledges tells which of two beginnings of the other side it has met.
static void settle(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	uint32_t other = other_base(h, o), base = h->base[o];
	if (!movable(e, flow, o) || (s->ack != base && s->ack != other && near(s->ack, base) && near(s->ack, other)))
		return;
	bool is_other = s->ack != base && (s->ack == other || near(s->ack, other)), third = !is_other && !near(s->ack, base);
	if (is_other || third)
		set_base(h, o, is_other ? other : s->ack);
	if (third) // which it was is not known for sure
		return;
	forget_other_base(h, o);
	h->ack[d] = 0; // what was acknowledged of the other beginning
	if (movable(e, flow, d) && !near(s->seq, h->base[d])) // the wrong SYN/ACK had moved this side, too
		set_base(h, d, s->seq);
}

// Octets come before the acknowledgment: they stand at one of the two, and it remains open whether rightly.
static void guess(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	uint32_t other = other_base(h, d);
	if (!movable(e, flow, d) || s->seq != other)
		return;
	h->fin_seq[d] = h->base[d];
	set_base(h, d, other);
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

// The client has met another beginning than the only SYN/ACK that was captured, or somebody says so in its name.
static void contradict(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	enum dir o = dir_other(d);
	bool begins = h->phase == FLOW_WAITING && h->off[o] == 0 && flow_has(h, FLOW_SYN, o) && !flow_has(h, FLOW_FIN, o);
	if (!begins || !(s->flags & TCP_ACK) || near(s->ack, h->base[o]))
		return;
	flow_cold_at(&e->table, flow)->contested = true;
	h->fin_seq[o] = s->ack;
}

void stream_begin(struct dissect *e, uint32_t flow, enum dir *d, const struct decoded *s)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (wrong_way_round(h, *d, s)) {
		flow_table_flip(&e->table, flow);
		*d = DIR_C2S;
	}
	if (s->flags & TCP_SYN)
		take_syn(e, flow, *d, s);
	else if (stream_contested(e, flow) && s->flags & TCP_ACK && other_base(h, dir_other(*d)))
		settle(e, flow, *d, s);
	else if (stream_contested(e, flow) && s->payload_len && other_base(h, *d))
		guess(e, flow, *d, s);
	else
		contradict(e, flow, *d, s);
	if (s->flags & TCP_SYN && h->phase == FLOW_SESSION) { // it came late: the other arm is slower
		struct conn_facts *f = &engine_conn(e, h)->message.facts.conn;
		f->syn[*d] = flow_has(h, FLOW_SYN, *d);
		f->ambiguous |= stream_unsettled(e, flow);
	}
	if (s->flags & TCP_SYN && s->flags & TCP_ACK && *d == DIR_S2C && h->phase == FLOW_SESSION)
		stream_syn_answered(e, flow, s->ack);
	take_bases(h, *d, s);
}
