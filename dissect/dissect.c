// The packet path of one worker: burst, decode, flow, stream. Three passes over a burst, so that the cache lines of
// one packet's flow are on their way while another packet is worked on.
#include "dissect/dissect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/classify/protocols.h"
#include "dissect/dns/dns.h"
#include "dissect/engine.h"
#include "dissect/keep.h"
#include "dissect/meet.h"
#include "dissect/net/layer.h"
#include "dissect/route.h"
#include "dissect/stream/stream.h"
#include "dissect/timing.h"
#include "dissect/tls/offer.h"

// ---- opening -------------------------------------------------------------------------------------------------

static int open_pools(struct dissect *e)
{
	const struct dissect_config *c = &e->config;
	// The cap on waiting octets is divided in sixteenths: most for segments, the rest for tapes, partial lines and handshakes.
	uint64_t part = c->reassembly_octets / 16;
	int err = slab_open(&e->conns, sizeof(struct conn), c->sessions_max);
	if (!err)
		err = slab_open(&e->chunks, sizeof(struct chunk), (uint32_t)(7 * part / sizeof(struct chunk)));
	if (!err)
		err = slab_open(&e->tapes, TAPE_BLOCK_LEN, (uint32_t)(part / TAPE_BLOCK_LEN));
	if (!err)
		err = second_open(&e->second);
	if (!err)
		err = slab_open(&e->lines, SMTP_LINE_MAX, (uint32_t)(3 * part / SMTP_LINE_MAX));
	const uint32_t n_rooms[TLS_ROOMS] = {(uint32_t)(part / TLS_ROOM_SMALL), (uint32_t)(2 * part / TLS_ROOM_MEDIUM),
		(uint32_t)(part / TLS_ROOM_LARGE)};
	if (!err)
		err = tls_memory_open(&e->tls, n_rooms, (uint32_t)(part / sizeof(struct tls_offer)));
	e->message = err ? NULL : malloc(MESSAGE_LEN_MAX);
	return err || e->message ? err : -ENOMEM;
}

static void know_ports(struct dissect *e, const uint16_t *ports, size_t n_ports)
{
	memset(e->known_port, 0, sizeof(e->known_port));
	for (size_t i = 0; i < n_ports; i++)
		e->known_port[ports[i] / 8] |= (uint8_t)(1 << ports[i] % 8);
}

int dissect_open(struct dissect **out, const struct dissect_config *config)
{
	*out = NULL;
	struct dissect *e = aligned_alloc(64, (sizeof(*e) + 63) & ~(size_t)63);
	if (!e)
		return -ENOMEM;
	memset(e, 0, sizeof(*e));
	e->config = *config;
	if (!e->config.n_workers)
		e->config.n_workers = 1;
	e->n_clocks = 1; // packet time as it is
	know_ports(e, config->ports, config->n_ports);
	int err = flow_table_open(&e->table, config->flows_max);
	if (!err)
		err = wheel_open(&e->wheel, &e->table, config->flows_max);
	if (!err)
		err = guards_open(&e->guards, config->flows_max);
	if (!err)
		err = frag_open(&e->frag);
	if (!err)
		err = open_pools(e);
	if (!err && config->evidence)
		err = keep_open(&e->keep);
	if (!err && config->protocols)
		err = protocols_open(&e->protocols);
	if (!err && config->protocols && config->shared_out) // a live worker stops for nothing later
		err = protocols_ready(e->protocols);
	if (err)
		dissect_close(&e);
	*out = e;
	return err;
}

void dissect_close(struct dissect **d)
{
	struct dissect *e = *d;
	if (!e)
		return;
	keep_close(&e->keep);
	free(e->message);
	tls_memory_close(&e->tls);
	slab_close(&e->lines);
	slab_close(&e->tapes);
	second_close(&e->second);
	slab_close(&e->chunks);
	slab_close(&e->conns);
	protocols_close(&e->protocols);
	frag_close(&e->frag);
	guards_close(&e->guards);
	wheel_close(&e->wheel);
	flow_table_close(&e->table);
	free(e);
	*d = NULL;
}

const uint64_t *dissect_counters(const struct dissect *d)
{
	return d->counter;
}

uint64_t dissect_watermark(const struct dissect *d)
{
	return d->watermark;
}

// ---- flows ---------------------------------------------------------------------------------------------------

// An IPv4 header with a wrong checksum goes no farther than the next router. 0 may be one that the card fills in.
static bool ip_checksum_usable(const struct dissect *e, const struct flow_hot *h, enum dir d, const struct decoded *s)
{
	if (s->ip_checksum_ok || e->config.checksums == CHECKSUMS_IGNORE)
		return true;
	return e->config.checksums == CHECKSUMS_AUTO && s->ip_checksum_zero && !(h && flow_has(h, FLOW_CHECKSUM, d));
}

static bool refuse(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	const struct flow_hot *h = flow ? flow_hot_at(&e->table, flow) : NULL;
	if (h && h->phase == FLOW_SESSION) {
		engine_conn(e, h)->message.facts.conn.bad_checksums++;
		tamper_bad_checksum(e, flow, d, s, p);
	}
	return false;
}

// Before anything is believed of a segment. `flow` 0: it would open one.
static bool checksum_usable(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	struct flow_hot *h = flow ? flow_hot_at(&e->table, flow) : NULL;
	if (!ip_checksum_usable(e, h, d, s))
		return refuse(e, flow, d, s, p);
	if (e->config.checksums == CHECKSUMS_IGNORE || (h && (h->phase == FLOW_SEALED || h->phase == FLOW_COUNTED)))
		return true;
	if (decode_tcp_checksum_ok(s)) {
		if (s->payload_len && h)
			flow_set(h, FLOW_CHECKSUM, d);
		return true;
	}
	engine_count(e, COUNT_tcp_checksum_bad, 1);
	// Longer than a frame can carry: a host's own capture, before its card cut the segment and summed the parts, or after
	// it joined some.
	bool offloaded = s->payload_len > ETHERNET_PACKET_MAX && decode_tcp_checksum_offloaded(s);
	if (e->config.checksums == CHECKSUMS_REQUIRE || (h && flow_has(h, FLOW_CHECKSUM, d) && !offloaded))
		return refuse(e, flow, d, s, p);
	engine_count(e, COUNT_tcp_checksum_accepted, 1);
	return true;
}

static void count_packet(struct dissect *e, uint32_t flow, enum dir d, const struct packet *p)
{
	struct flow_cold *c = flow_cold_at(&e->table, flow);
	struct flow_hot *h = flow_hot_at(&e->table, flow);
	c->pkts[d]++;
	c->octets[d] += packet_octets(p);
	c->last_frame = p->frame;
	c->last_ns = p->time_ns;
	h->seen_ns = e->now_ns;
}

// A session's segment is a copy of one before it. What is not read any more is not compared.
static bool again(struct dissect *e, uint32_t flow, const struct decoded *s, const struct packet *p)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	if (h->phase != FLOW_SESSION)
		return false;
	return twice_seen(&engine_conn(e, h)->twice, flow_table_dir(&e->table, flow, s), s, p->time_ns, e->table.seed);
}

// A connection begins here. Its SYN and the answer must begin it once; a SYN/ACK that does is looked up.
static void note_worker(struct dissect *e, const struct decoded *s)
{
	struct flow_key key;
	flow_key_of(&key, s);
	uint64_t hash = flow_key_owner(&key);
	bool answer = s->flags & TCP_SYN && s->flags & TCP_ACK;
	uint16_t who = answer ? meet_who(e->config.meet, hash) : MEET_NOBODY;
	if (who == MEET_NOBODY)
		meet_put(e->config.meet, hash, e->config.worker);
	else if (who != e->config.worker)
		engine_count(e, COUNT_flow_split, 1);
}

static void pass_on(struct dissect *e, uint32_t flow, enum route_action action, enum dir d, const struct decoded *s, const struct packet *p)
{
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	bool waited = h->phase == FLOW_WAITING;
	if (dns_port(s) && (action == ROUTE_TAKE || action == ROUTE_OPEN))
		dns_segment(e, h, d, s, p);
	if (action == ROUTE_STRAY)
		stream_stray(e, flow);
	else if (action != ROUTE_IGNORE)
		stream_segment(e, flow, d, s, p);
	if (waited) // what has opened a session may come again, too
		(void)again(e, flow, s, p);
}

static void take_segment(struct dissect *e, uint64_t hash, const struct decoded *s, const struct packet *p)
{
	struct route r;
	enum route_action action = route_segment(e, hash, s, &r);
	if (!checksum_usable(e, r.flow, r.d, s, p)) {
		engine_ends(e, COUNT_packet_tcp_bad_checksum);
		if (e->keep)
			keep_refused(e, r.flow, r.d, s, p);
		return;
	}
	uint32_t flow = r.flow;
	if (action == ROUTE_STRANGE)
		flow = route_strange(e, hash, &r, s, p, &r.d);
	else if (action == ROUTE_OPEN)
		flow = route_open(e, hash, &r, s, p, &r.d);
	if (!flow) {
		engine_ends(e, action == ROUTE_STRANGE ? COUNT_packet_tcp_session : COUNT_packet_no_flow);
		return;
	}
	count_packet(e, flow, r.d, p);
	if (action == ROUTE_TAKE && again(e, flow, s, p)) {
		engine_ends(e, COUNT_packet_duplicate);
		return;
	}
	if (e->keep)
		keep_begin(e, flow, r.d, s, p);
	if (action == ROUTE_OPEN && e->config.meet)
		note_worker(e, s);
	pass_on(e, flow, action, r.d, s, p);
	if (e->keep)
		keep_end(e);
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	bool told = h->phase == FLOW_SESSION || h->phase == FLOW_SEALED;
	engine_ends(e, told ? COUNT_packet_tcp_session : COUNT_packet_tcp_counted);
	if (e->protocols)
		protocols_segment(e, flow, s, p);
}

// ---- bursts --------------------------------------------------------------------------------------------------

struct slot {
	struct decoded decoded;
	uint64_t hash;
	uint16_t anomaly; // enum dissect_counter of a kind of trouble met for the first time; 0 none
	uint8_t outcome;  // enum decode_outcome
	bool mine;
};

// Trouble below the connections that is told once a kind; after that the counters tell how often.
static const enum dissect_counter anomalies[] = {
	COUNT_packet_link_unknown, COUNT_packet_cut, COUNT_decode_ip4_bad_header, COUNT_decode_ip6_bad_header,
	COUNT_decode_ip6_ext_limit, COUNT_decode_tcp_bad_header, COUNT_decode_vlan_limit, COUNT_fragment_overlap, COUNT_decode_tunnel_bad,
};

static uint16_t first_of_kind(struct dissect *e)
{
	for (size_t i = 0; i < sizeof(anomalies) / sizeof(*anomalies); i++) {
		if (counter_read(&e->counter[anomalies[i]]) && !(e->anomalies_told & 1u << i)) {
			e->anomalies_told |= 1u << i;
			return (uint16_t)anomalies[i];
		}
	}
	return 0;
}

static bool owned(const struct dissect *e, uint64_t owner)
{
	return owner % e->config.n_workers == e->config.worker;
}

// A packet that was handed to this worker is its own; of what all of them see one is the owner.
static void hash_slot(struct dissect *e, struct slot *s, bool handed)
{
	struct flow_key key;
	flow_key_of(&key, &s->decoded);
	s->mine = handed || e->config.n_workers == 1 || owned(e, flow_key_owner(&key));
	if (!s->mine)
		return;
	s->hash = flow_table_hash(&e->table, &key);
	flow_table_prefetch(&e->table, s->hash);
}

// A datagram that every worker has put together. Where a card hands out packets the rest of its connection need not be with
// the owner: whoever has the connection takes it, and of one that nobody is known to have the owner does.
static void hash_whole(struct dissect *e, struct slot *s)
{
	struct flow_key key;
	enum dir d;
	flow_key_of(&key, &s->decoded);
	s->hash = flow_table_hash(&e->table, &key);
	s->mine = s->outcome == DECODE_TCP && flow_table_find(&e->table, s->hash, &s->decoded, &d);
	uint64_t owner = flow_key_owner(&key);
	if (s->mine || !owned(e, owner))
		return;
	uint16_t who = e->config.meet ? meet_who(e->config.meet, owner) : MEET_NOBODY;
	s->mine = who == MEET_NOBODY || who == e->config.worker;
}

static void take_slot(struct dissect *e, const struct slot *s, const struct packet *p)
{
	if (s->outcome == DECODE_TCP)
		take_segment(e, s->hash, &s->decoded, p);
	else
		dns_datagram(e, &s->decoded, p);
}

// What every worker sees is counted once: by the first of them, or by the one that got it whole.
static void take_books(struct dissect *e, const struct packet *p)
{
	bool whole = p->kind == PACKET_WHOLE;
	e->common = (e->config.shared_out ? whole : !e->config.worker) ? e->counter : e->scratch;
	e->ledger = !e->config.shared_out || whole ? e->counter : e->scratch;
}

static void decode_slot(struct dissect *e, struct slot *s, const struct packet *p)
{
	s->outcome = DECODE_DONE;
	s->mine = false;
	s->anomaly = 0;
	if (p->kind == PACKET_TIME)
		return;
	take_books(e, p);
	s->outcome = (uint8_t)decode_packet(p, &s->decoded, false, e->config.tunnels, e->common);
	if (s->outcome == DECODE_TCP || s->outcome == DECODE_UDP)
		hash_slot(e, s, e->config.shared_out && p->kind == PACKET_WHOLE);
	else if (s->outcome == DECODE_DONE)
		s->anomaly = first_of_kind(e);
}

// Every worker puts datagrams together, because only a whole one shows whose it is.
static void take_fragment(struct dissect *e, struct slot *s, const struct packet *p)
{
	if (!s->decoded.ip_checksum_ok && e->config.checksums != CHECKSUMS_IGNORE) {
		counter_add(&e->common[COUNT_packet_fragment_dropped], 1);
		return;
	}
	bool ambiguous = false;
	enum decode_outcome outcome = frag_take(e->frag, p, &s->decoded, &ambiguous, false, e->common);
	s->decoded.ambiguous = ambiguous;
	// Now, because the next packet that is asked may stand in another burst, and none may follow.
	s->anomaly = first_of_kind(e);
	if (outcome != DECODE_TCP && outcome != DECODE_UDP)
		return;
	s->outcome = (uint8_t)outcome;
	if (e->config.shared_out)
		hash_whole(e, s);
	else
		hash_slot(e, s, false);
	if (s->mine)
		take_slot(e, s, p);
	else if (e->config.shared_out) // whoever takes it has a copy of this piece
		engine_ends(e, COUNT_packet_fragment_kept);
}

static void take_packet(struct dissect *e, struct slot *s, const struct packet *p)
{
	take_books(e, p);
	timing_take(e, p);
	if (s->mine)
		take_slot(e, s, p);
	else if (s->outcome == DECODE_FRAGMENT)
		take_fragment(e, s, p);
	if (s->anomaly)
		tell_anomaly(e, s->anomaly, p);
}

void dissect_burst(struct dissect *e, const struct packet *burst, size_t n)
{
	struct slot slot[PACKET_BURST];
	for (size_t first = 0; first < n; first += PACKET_BURST) {
		const struct packet *p = burst + first;
		size_t m = n - first < PACKET_BURST ? n - first : PACKET_BURST;
		for (size_t i = 0; i < m; i++) {
			decode_slot(e, &slot[i], &p[i]);
			if (e->protocols)
				protocols_packet(e, &slot[i].decoded, slot[i].outcome == DECODE_UDP && slot[i].mine, &p[i]);
		}
		for (size_t i = 0; i < m; i++) {
			if (slot[i].mine)
				flow_table_prefetch_lines(&e->table, slot[i].hash);
		}
		for (size_t i = 0; i < m; i++)
			take_packet(e, &slot[i], &p[i]);
		e->watermark = 2 * p[m - 1].seq + 1;
	}
}

void dissect_reconfigure(struct dissect *e, const uint16_t *ports, size_t n_ports, enum dissect_checksums checksums)
{
	e->config.checksums = checksums;
	know_ports(e, ports, n_ports);
}

void dissect_finish(struct dissect *e)
{
	e->seq = e->watermark + 1;
	size_t n = 0;
	for (uint32_t flow = 1; flow <= e->table.hot.n_fresh; flow++) {
		if (flow_hot_at(&e->table, flow)->phase != FLOW_FREE)
			e->wheel.due[n++] = flow;
	}
	wheel_sort_due(&e->wheel, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t flow = e->wheel.due[i];
		const struct flow_hot *h = flow_hot_at(&e->table, flow);
		route_close(e, flow, h->flags & FLOW_CLOSING ? stream_end_reason(h) : END_EOF);
	}
	tell_counters(e, true);
	e->watermark = UINT64_MAX;
}
