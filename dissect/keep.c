// Packets as evidence: see dissect/keep.h.
#include "dissect/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/kept.h"

// What is known of a packet beside its octets.
struct about {
	uint64_t time_ns;
	uint32_t frame, wire_len;
	uint32_t payload_len; // captured
	uint16_t linktype;
	uint16_t head_len;    // octets before the payload
	uint8_t dir;
	bool taken;           // its payload stands in the stream: kept.from to kept.end
	bool again;           // ... and some of it was there before
	bool bare;            // it only acknowledges
	bool deciding;        // facts are told of it
};

// A packet that waits to be read. Of its octets those that may still turn out to be kept.
struct slot {
	struct kept kept;     // first; its `next` is that of the same session's next slot
	struct about about;
	uint32_t flow;        // 0: free
	uint16_t len;
	uint8_t octets[EVIDENCE_LEN_MAX];
};

// The handshake of a connection without payload: SYN, SYN/ACK, and the first other segment.
enum { OPENING_SYN, OPENING_ANSWER, OPENING_OTHER, OPENING_PACKETS };

struct opening {
	uint64_t birth;
	uint32_t flow;
	bool there[OPENING_PACKETS];
	struct about about[OPENING_PACKETS];
	uint8_t octets[OPENING_PACKETS][KEEP_HEADERS_MAX];
};

struct keep {
	struct kept_list list;
	struct kept now;      // the payload of the packet in hand
	struct about about;   // ... what it is
	const struct packet *p;
	const struct decoded *s;
	uint32_t flow;        // ... whose it is; 0: nobody's, or it was told already
	uint32_t hand;        // the slot that is handed out next, less one
	struct slot slot[KEEP_SLOTS];       // index less one
	struct opening opening[KEEP_OPENINGS];
};

int keep_open(struct keep **k)
{
	*k = calloc(1, sizeof(**k)); // pages that nobody writes to cost nothing
	return *k ? 0 : -ENOMEM;
}

void keep_close(struct keep **k)
{
	free(*k);
	*k = NULL;
}

static struct conn *session(const struct dissect *e, uint32_t flow)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	return h->phase == FLOW_SESSION ? engine_conn(e, h) : NULL;
}

// ---- what travels --------------------------------------------------------------------------------------------

// Why the rest of a payload was left out.
static enum evidence_cut reason(const struct dissect *e, const struct conn *c, const struct about *a, const struct kept *k)
{
	if (c->message.facts.conn.ambiguous)
		return EVIDENCE_CUT_CONFLICT;
	if (!a->taken || a->again || flow_hot_at(&e->table, c->flow)->off[a->dir] < k->end)
		return EVIDENCE_CUT_UNREAD;
	return c->layer[a->dir] == LAYER_TLS ? EVIDENCE_CUT_ENCRYPTED : EVIDENCE_CUT_PRIVATE;
}

static bool spend(struct dissect *e, struct conn *c, const struct about *a, uint32_t len)
{
	struct conn_keep *n = &c->keep;
	bool told = a->deciding;
	uint32_t packets_max = KEEP_PACKETS_MAX + told * KEEP_DECIDING_MAX, octets_max = KEEP_OCTETS_MAX + told * KEEP_DECIDING_OCTETS;
	if (n->packets >= packets_max || n->octets + len > octets_max || (a->bare && !told && n->bare >= KEEP_BARE_MAX)) {
		engine_count(e, COUNT_evidence_bounded, 1);
		return false;
	}
	n->packets++;
	n->bare = (uint8_t)(n->bare + (a->bare && n->bare < UINT8_MAX));
	n->octets += len;
	engine_count(e, COUNT_evidence_packets, 1);
	return true;
}

// `octets`: headers and `n_there` octets of payload.
static void ship(struct dissect *e, struct conn *c, const struct about *a, const struct kept *k, const uint8_t *octets, uint32_t n_there)
{
	bool open = a->taken && !c->message.facts.conn.ambiguous;
	uint64_t may = open ? k->to - k->from : 0;
	uint32_t payload = may < n_there ? (uint32_t)may : n_there;
	struct message_evidence m = {.time_ns = a->time_ns, .frame = a->frame, .wire_len = a->wire_len,
		.cut_len = a->payload_len - payload, .linktype = a->linktype, .len = (uint16_t)(a->head_len + payload), .dir = a->dir};
	if (m.cut_len)
		m.cut = (uint8_t)(may > payload ? EVIDENCE_CUT_LONG : reason(e, c, a, k));
	if (spend(e, c, a, m.len))
		tell_evidence(e, c->flow, &m, octets);
}

// The handshake goes before everything else of a session.
static void ship_opening(struct dissect *e, struct conn *c)
{
	struct opening *o = &e->keep->opening[c->flow % KEEP_OPENINGS];
	if (c->keep.packets || o->flow != c->flow || o->birth != flow_cold_at(&e->table, c->flow)->birth)
		return;
	o->flow = 0;
	for (int i = 0; i < OPENING_PACKETS; i++) {
		if (o->there[i])
			ship(e, c, &o->about[i], NULL, o->octets[i], 0);
	}
}

// ---- packets that wait ---------------------------------------------------------------------------------------

static struct slot *slot_at(const struct dissect *e, uint16_t i)
{
	return i ? &e->keep->slot[i - 1] : NULL;
}

static void release_first(struct dissect *e, struct conn *c)
{
	struct slot *s = slot_at(e, c->keep.first);
	struct slot *next = (void *)s->kept.next;
	c->keep.first = next ? (uint16_t)(next - e->keep->slot + 1) : 0;
	c->keep.n_waiting--;
	s->flow = 0;
	memset(s->octets, 0, s->len); // it may have been anything
}

static void ship_first(struct dissect *e, struct conn *c)
{
	const struct slot *s = slot_at(e, c->keep.first);
	ship_opening(e, c);
	ship(e, c, &s->about, &s->kept, s->octets, (uint32_t)s->len - s->about.head_len);
	release_first(e, c);
}

// Whether the machines may yet say more of this payload.
static bool waits(const struct dissect *e, const struct conn *c, const struct about *a, const struct kept *k)
{
	return a->taken && flow_hot_at(&e->table, c->flow)->off[k->dir] < k->end;
}

static void ship_read(struct dissect *e, struct conn *c, bool last)
{
	for (const struct slot *s; (s = slot_at(e, c->keep.first)) && (last || !waits(e, c, &s->about, &s->kept));)
		ship_first(e, c);
}

// The next slot. Whoever holds it has waited longer than anybody else; of a candidate nobody knows what it is.
static struct slot *take_slot(struct dissect *e)
{
	struct keep *k = e->keep;
	k->hand = k->hand % KEEP_SLOTS + 1;
	struct slot *s = &k->slot[k->hand - 1];
	struct conn *holder = s->flow ? session(e, s->flow) : NULL;
	while (holder && s->flow)
		(holder->candidate ? release_first : ship_first)(e, holder);
	return s;
}

static void wait_for_reading(struct dissect *e, struct conn *c)
{
	struct keep *k = e->keep;
	if (c->keep.n_waiting == KEEP_WAITING_MAX)
		ship_first(e, c);
	struct slot *s = take_slot(e);
	uint32_t len = k->about.head_len + k->about.payload_len;
	s->flow = c->flow;
	s->about = k->about;
	s->kept = k->now;
	s->kept.next = NULL;
	s->len = (uint16_t)(len < EVIDENCE_LEN_MAX ? len : EVIDENCE_LEN_MAX);
	memcpy(s->octets, k->p->data, s->len);
	struct slot *last = slot_at(e, c->keep.first);
	while (last && last->kept.next)
		last = (void *)last->kept.next;
	if (last)
		last->kept.next = &s->kept;
	else
		c->keep.first = (uint16_t)(s - k->slot + 1);
	c->keep.n_waiting++;
}

// ---- the packet in hand --------------------------------------------------------------------------------------

// False: of a datagram in fragments the last one is in hand, and where its own headers end nobody knows here.
static bool describe(struct keep *k, enum dir d)
{
	const struct decoded *s = k->s;
	const struct packet *p = k->p;
	if (s->payload < p->data || s->payload > p->data + p->len || s->payload - p->data > EVIDENCE_LEN_MAX)
		return false;
	k->about = (struct about){.time_ns = p->time_ns, .frame = p->frame, .wire_len = p->wire_len, .payload_len = s->payload_len,
		.linktype = p->linktype, .head_len = (uint16_t)(s->payload - p->data), .dir = (uint8_t)d,
		.bare = !s->payload_len && !(s->flags & (TCP_SYN | TCP_FIN | TCP_RST))};
	k->now = (struct kept){.dir = (uint8_t)d};
	return true;
}

void keep_begin(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct keep *k = e->keep;
	k->p = p;
	k->s = s;
	k->flow = flow_hot_at(&e->table, flow)->phase <= FLOW_SESSION && describe(k, d) ? flow : 0;
}

void keep_sealed(struct dissect *e, uint32_t flow, enum dir d)
{
	struct keep *k = e->keep;
	if (!describe(k, d))
		return;
	const struct about *a = &k->about;
	const struct message_evidence m = {.time_ns = a->time_ns, .frame = a->frame, .wire_len = a->wire_len, .cut_len = a->payload_len,
		.linktype = a->linktype, .len = a->head_len, .cut = EVIDENCE_CUT_CONFLICT, .dir = a->dir};
	engine_count(e, COUNT_evidence_packets, 1);
	tell_evidence(e, flow, &m, k->p->data);
}

void keep_payload(struct dissect *e, enum dir d, uint64_t off)
{
	struct keep *k = e->keep;
	if (!k->flow)
		return;
	k->about.dir = (uint8_t)d; // the first payload may have turned the flow round
	k->about.taken = true;
	k->about.again = off < flow_hot_at(&e->table, k->flow)->off[d];
	k->now = (struct kept){.from = off, .to = off, .end = off + k->about.payload_len, .dir = (uint8_t)d};
}

const struct kept_list *keep_list(struct dissect *e, const struct conn *c)
{
	struct keep *k = e->keep;
	struct slot *first = slot_at(e, c->keep.first);
	k->list.first = first ? &first->kept : NULL;
	if (k->flow == c->flow) {
		k->now.next = k->list.first;
		k->list.first = &k->now;
	}
	return &k->list;
}

static void ship_now(struct dissect *e, struct conn *c)
{
	struct keep *k = e->keep;
	uint32_t room = EVIDENCE_LEN_MAX - k->about.head_len;
	ship_opening(e, c);
	ship(e, c, &k->about, &k->now, k->p->data, k->about.payload_len < room ? k->about.payload_len : room);
	k->flow = 0;
}

// On the mail ports only: elsewhere every connection of the link would be remembered.
static void note_opening(struct dissect *e, uint32_t flow)
{
	struct keep *k = e->keep;
	const struct flow_cold *cold = flow_cold_at(&e->table, flow);
	if (!engine_known_port(e, cold->port[DIR_S2C]) || k->about.head_len > KEEP_HEADERS_MAX)
		return;
	struct opening *o = &k->opening[flow % KEEP_OPENINGS];
	if (o->flow != flow || o->birth != cold->birth) {
		memset(o->there, 0, sizeof(o->there));
		o->flow = flow;
		o->birth = cold->birth;
	}
	int i = !(k->s->flags & TCP_SYN) ? OPENING_OTHER : k->s->flags & TCP_ACK ? OPENING_ANSWER : OPENING_SYN;
	if (o->there[i])
		return;
	o->there[i] = true;
	o->about[i] = k->about;
	memcpy(o->octets[i], k->p->data, k->about.head_len);
}

void keep_end(struct dissect *e)
{
	struct keep *k = e->keep;
	if (!k->flow)
		return;
	const struct flow_hot *h = flow_hot_at(&e->table, k->flow);
	struct conn *c = session(e, k->flow);
	if (c && c->candidate) {
		if (!c->search && k->about.taken && c->keep.n_waiting < KEEP_WAITING_MAX)
			wait_for_reading(e, c);
	} else if (c && !c->outside) {
		ship_read(e, c, false);
		if (waits(e, c, &k->about, &k->now))
			wait_for_reading(e, c);
		else
			ship_now(e, c);
	} else if (h->phase == FLOW_WAITING) {
		note_opening(e, k->flow);
	}
	k->flow = 0;
}

void keep_refused(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	if (!flow || flow_hot_at(&e->table, flow)->phase != FLOW_SESSION)
		return;
	keep_begin(e, flow, d, s, p);
	keep_end(e);
}

// ---- a session's facts ---------------------------------------------------------------------------------------

void keep_tell(struct dissect *e, uint32_t flow, bool last)
{
	struct keep *k = e->keep;
	struct conn *c = session(e, flow);
	if (!c || c->outside)
		return;
	ship_read(e, c, last);
	k->about.deciding |= k->flow == flow;
	if (k->flow == flow && (last || !waits(e, c, &k->about, &k->now)))
		ship_now(e, c);
}

void keep_drop(struct dissect *e, uint32_t flow)
{
	struct conn *c = engine_conn(e, flow_hot_at(&e->table, flow));
	while (c->keep.first)
		release_first(e, c);
}
