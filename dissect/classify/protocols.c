// What is not mail, counted by protocol: see dissect/classify/protocols.h.
#include "dissect/classify/protocols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/classify/ndpi.h"
#include "dissect/engine.h"

enum {
	FLOWS_SHOWN = 4096,    // at once, 3 MiB: a new one takes the place of the oldest
	HEAP_OCTETS = 4 << 20, // of what nDPI allocates for them
	SHOWN_MAX = 4096,      // segments in hand for a rush ...
	PROTOCOL_IDS = 1024,   // nDPI 4.2 knows 282
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_ICMP6 = 58,
	PROTO_SCTP = 132,
};
#define SHOWN_EVERY_NS UINT64_C(500000) // ... and 2,000 a second of packet time: a few per cent of a core

// Rows that are always there. Those of nDPI's protocols follow as they are met.
enum row {
	ROW_NONE,
	ROW_EMPTY,        // no payload
	ROW_UNKNOWN,      // nDPI did not know it
	ROW_UNCLASSIFIED, // ... or was not asked: no room, or too many in this second
	ROW_MORE,         // of protocols that found no row any more
	ROW_OTHER,        // IP of any other protocol
	ROWS_FIXED,
};
static const char *const fixed[ROWS_FIXED] = {"", "tcp_empty", "tcp_unknown", "tcp_unclassified", "tcp_other", "ip_other"};

// What is counted without a look inside. Port 0: the rest of the protocol.
static const struct known {
	uint8_t proto;
	uint16_t port;
	const char *name;
} known[] = {
	{PROTO_UDP, 53, "udp_53"},     {PROTO_UDP, 123, "udp_123"},   {PROTO_UDP, 161, "udp_161"},   {PROTO_UDP, 443, "udp_443"},
	{PROTO_UDP, 500, "udp_500"},   {PROTO_UDP, 514, "udp_514"},   {PROTO_UDP, 1194, "udp_1194"}, {PROTO_UDP, 4500, "udp_4500"},
	{PROTO_UDP, 4789, "udp_4789"}, {PROTO_UDP, 5060, "udp_5060"}, {PROTO_UDP, 51820, "udp_51820"}, {PROTO_UDP, 0, "udp"},
	{PROTO_ICMP, 0, "icmp"},       {PROTO_ICMP6, 0, "icmp6"},     {PROTO_GRE, 0, "gre"},         {PROTO_ESP, 0, "esp"},
	{PROTO_SCTP, 0, "sctp"},       {PROTO_TCP, 22, "tcp_22"},     {PROTO_TCP, 53, "tcp_53"},     {PROTO_TCP, 80, "tcp_80"},
	{PROTO_TCP, 110, "tcp_110"},   {PROTO_TCP, 143, "tcp_143"},   {PROTO_TCP, 443, "tcp_443"},   {PROTO_TCP, 853, "tcp_853"},
	{PROTO_TCP, 993, "tcp_993"},   {PROTO_TCP, 995, "tcp_995"},   {PROTO_TCP, 0, "tcp"},
};
enum { N_KNOWN = sizeof(known) / sizeof(*known) };

struct protocols {
	struct classifier *classifier;
	bool asked_for;        // nDPI was to be opened
	uint64_t owed_ns;      // for segments shown, each at its price, that time has not paid yet
	uint64_t paid_ns;      // engine time up to which it has
	uint32_t n;            // rows in use
	uint8_t row_of[PROTOCOL_IDS];
	struct protocol_count row[PROTOCOLS_MAX];
};

static_assert(ROWS_FIXED + N_KNOWN < PROTOCOLS_MAX && PROTOCOLS_MAX <= UINT8_MAX, "flow_other.row");

// ---- opening -------------------------------------------------------------------------------------------------

static uint8_t add_row(struct protocols *p, const char *name)
{
	struct protocol_count *r = &p->row[p->n];
	strncpy(r->name, name, sizeof(r->name) - 1);
	return (uint8_t)p->n++;
}

int protocols_open(struct protocols **out)
{
	struct protocols *p = calloc(1, sizeof(*p));
	*out = p;
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < ROWS_FIXED; i++)
		add_row(p, fixed[i]);
	for (size_t i = 0; i < N_KNOWN; i++)
		add_row(p, known[i].name);
	return 0;
}

void protocols_close(struct protocols **p)
{
	if (!*p)
		return;
	classifier_close(&(*p)->classifier);
	free(*p);
	*p = NULL;
}

int protocols_ready(struct protocols *p)
{
	static const struct classifier_limits limits = {.flows = FLOWS_SHOWN, .heap_octets = HEAP_OCTETS};
	if (p->asked_for)
		return 0;
	p->asked_for = true;
	int err = classifier_open(&p->classifier, &limits);
	return err == -ENOSYS ? 0 : err;
}

// ---- rows ----------------------------------------------------------------------------------------------------

static uint8_t row_by_port(uint8_t proto, uint16_t a, uint16_t b)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		if (known[i].proto == proto && (!known[i].port || known[i].port == a || known[i].port == b))
			return (uint8_t)(ROWS_FIXED + i);
	}
	return ROW_OTHER;
}

static uint8_t row_of(struct protocols *p, uint16_t protocol)
{
	if (protocol == CLASSIFIED_UNKNOWN)
		return ROW_UNKNOWN;
	if (protocol == CLASSIFIED_LOST)
		return ROW_UNCLASSIFIED;
	if (protocol >= PROTOCOL_IDS)
		return ROW_MORE;
	uint8_t *row = &p->row_of[protocol];
	if (!*row)
		*row = p->n < PROTOCOLS_MAX ? add_row(p, classifier_name(p->classifier, protocol)) : ROW_MORE;
	return *row;
}

static void add(struct protocols *p, uint8_t row, uint64_t flows, uint64_t packets, uint64_t octets)
{
	p->row[row].flows += flows;
	p->row[row].packets += packets;
	p->row[row].octets += octets;
}

void protocols_packet(struct dissect *e, const struct decoded *s, bool mine, const struct packet *packet)
{
	if (packet->kind == PACKET_WHOLE && (mine || (s->other && e->common == e->counter)))
		add(e->protocols, row_by_port(s->proto, s->src_port, s->dst_port), 0, 1, packet_octets(packet));
}

uint32_t protocols_rows(const struct protocols *p, struct protocol_count *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		if (!p->row[i].packets)
			continue;
		uint32_t at = n++;
		for (; at && out[at - 1].octets < p->row[i].octets; at--)
			out[at] = out[at - 1];
		out[at] = p->row[i];
	}
	return n;
}

// ---- connections ---------------------------------------------------------------------------------------------

// Everything so far, and from now on each packet.
static void count_flow(struct dissect *e, uint32_t flow, struct flow_other *o)
{
	const struct flow_cold *c = flow_cold_at(&e->table, flow);
	struct protocols *p = e->protocols;
	if (!p->classifier)
		o->row = o->row == ROW_EMPTY ? ROW_EMPTY : row_by_port(PROTO_TCP, c->port[DIR_S2C], c->port[DIR_S2C]);
	add(p, o->row, 1, (uint64_t)c->pkts[0] + c->pkts[1], c->octets[0] + c->octets[1]);
	o->state = OTHER_COUNTED;
}

static void forget(struct dissect *e, uint32_t flow, struct flow_other *o)
{
	if (o->place)
		classifier_end(e->protocols->classifier, o->place, flow);
	o->place = 0;
}

static void settle(struct dissect *e, uint32_t flow, struct flow_other *o, uint16_t protocol)
{
	struct protocols *p = e->protocols;
	forget(e, flow, o);
	o->row = row_of(p, protocol);
	o->state = OTHER_KNOWN;
	if (classifier_says_mail(protocol)) {
		o->state = OTHER_MAIL;
		engine_count(e, COUNT_classify_mail, 1);
	} else if (protocol == CLASSIFIED_LOST) {
		engine_count(e, COUNT_classify_no_room, 1);
	}
}

// Whether nDPI has time for one more segment.
static bool may_show(struct dissect *e)
{
	struct protocols *p = e->protocols;
	uint64_t passed = e->now_ns - p->paid_ns;
	p->owed_ns -= passed < p->owed_ns ? passed : p->owed_ns;
	p->paid_ns = e->now_ns;
	if (p->owed_ns >= SHOWN_MAX * SHOWN_EVERY_NS)
		return false;
	p->owed_ns += SHOWN_EVERY_NS;
	return true;
}

static void show(struct dissect *e, uint32_t flow, struct flow_other *o, const struct decoded *s)
{
	struct protocols *p = e->protocols;
	if (!p->asked_for)
		(void)protocols_ready(p); // if it cannot, ports have to do
	if (!p->classifier) {
		settle(e, flow, o, CLASSIFIED_UNKNOWN);
		return;
	}
	if (!may_show(e)) {
		settle(e, flow, o, CLASSIFIED_LOST);
		return;
	}
	if (o->state == OTHER_NEW) {
		o->place = classifier_begin(p->classifier, flow);
		o->state = OTHER_SHOWN;
	}
	engine_count(e, COUNT_classify_shown, 1);
	uint16_t protocol = classifier_show(p->classifier, o->place, flow, s, e->now_ns);
	if (protocol != CLASSIFIED_NOT_YET)
		settle(e, flow, o, protocol);
}

// Either port: who is the server may have been guessed wrongly.
static bool mail_port(const struct dissect *e, uint32_t flow)
{
	const struct flow_cold *c = flow_cold_at(&e->table, flow);
	return engine_known_port(e, c->port[DIR_C2S]) || engine_known_port(e, c->port[DIR_S2C]);
}

void protocols_segment(struct dissect *e, uint32_t flow, const struct decoded *s, const struct packet *packet)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	struct conn *c = h->phase == FLOW_SESSION ? engine_conn(e, h) : NULL;
	if (h->phase == FLOW_SEALED || (c && !c->candidate))
		return;
	struct flow_other *o = c ? &c->other : &h->other;
	if (o->state == OTHER_COUNTED) {
		add(e->protocols, o->row, 0, 1, packet_octets(packet));
		return;
	}
	if (o->state == OTHER_OURS || mail_port(e, flow))
		return;
	if (s->payload_len && (o->state == OTHER_NEW || o->state == OTHER_SHOWN))
		show(e, flow, o, s);
	if (h->phase != FLOW_COUNTED)
		return;
	if (o->state == OTHER_MAIL)
		h->phase = FLOW_WAITING; // for the next octets: stream_open_session()
	else if (o->state == OTHER_KNOWN)
		count_flow(e, flow, o);
}

void protocols_ours(struct dissect *e, uint32_t flow, struct flow_other *o)
{
	if (e->protocols)
		forget(e, flow, o);
	*o = (struct flow_other){.state = OTHER_OURS};
}

void protocols_flow_end(struct dissect *e, uint32_t flow)
{
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (!e->protocols || (h->phase != FLOW_WAITING && h->phase != FLOW_COUNTED))
		return;
	struct flow_other *o = &h->other;
	forget(e, flow, o);
	if (o->state == OTHER_OURS || o->state == OTHER_COUNTED || mail_port(e, flow))
		return;
	if (!o->row)
		o->row = o->state == OTHER_SHOWN ? ROW_UNKNOWN : ROW_EMPTY;
	count_flow(e, flow, o);
}
