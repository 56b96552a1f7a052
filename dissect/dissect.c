// The packet path of one worker: burst, decode, flow, stream. Three passes over a burst, so that the cache lines of
// one packet's flow are on their way while another packet is worked on.
#include "dissect/dissect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/dns/dns.h"
#include "dissect/engine.h"
#include "dissect/keep.h"
#include "dissect/net/layer.h"
#include "dissect/route.h"
#include "dissect/stream/stream.h"
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
	for (size_t i = 0; i < config->n_ports; i++)
		e->known_port[config->ports[i] / 8] |= (uint8_t)(1 << config->ports[i] % 8);
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

// ---- time ----------------------------------------------------------------------------------------------------

// Where to count what every worker sees: once.
static uint64_t *common_counters(struct dissect *e)
{
	return e->config.worker ? e->scratch : e->counter;
}

static void run_timers(struct dissect *e)
{
	size_t n = wheel_advance(&e->wheel, e->now_ns);
	for (size_t i = 0; i < n; i++) {
		uint32_t flow = e->wheel.due[i];
		enum session_end end;
		wheel_add(&e->wheel, flow, stream_due(e, flow));
		if (stream_timer(e, flow, &end)) {
			wheel_remove(&e->wheel, flow);
			route_close(e, flow, end);
		}
	}
	if (e->now_ns >= e->counters_due_ns) {
		if (e->counters_due_ns)
			tell_counters(e, false);
		e->counters_due_ns = e->now_ns + COUNTERS_EVERY_NS;
	}
}

// Engine time for a packet: the least that is not in the past by one of the clocks met so far. A clock that is further
// behind than all of them is a new one: a capture that starts again in the past, or an arm of the tap whose clock was
// never set. Packets of several clocks may alternate, and time must not run ahead at every change.
static uint64_t engine_time(struct dissect *e, uint64_t time_ns)
{
	uint64_t best = UINT64_MAX;
	for (uint32_t i = 0; i < e->n_clocks; i++) {
		uint64_t now = time_ns + e->shift_ns[i];
		if (now + CLOCK_SLACK_NS >= e->now_ns && now < best)
			best = now;
	}
	if (best != UINT64_MAX)
		return best > e->now_ns ? best : e->now_ns;
	if (e->n_clocks == ENGINE_CLOCKS) // the oldest is forgotten
		memmove(e->shift_ns, e->shift_ns + 1, sizeof(e->shift_ns) - sizeof(e->shift_ns[0]));
	else
		e->n_clocks++;
	e->shift_ns[e->n_clocks - 1] = e->now_ns - time_ns;
	counter_add(&common_counters(e)[COUNT_decode_time_backwards], 1);
	return e->now_ns;
}

static void take_time(struct dissect *e, const struct packet *p)
{
	if (p->time_ns)
		e->now_ns = engine_time(e, p->time_ns);
	else // it came after the one before it: more is not known
		counter_add(&common_counters(e)[COUNT_decode_no_time], 1);
	e->time_ns = p->time_ns;
	e->seq = 2 * p->seq;
	if (wheel_ticks(&e->wheel, e->now_ns))
		run_timers(e);
	e->seq = 2 * p->seq + 1;
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

// A packet of a connection whose clear part may still be read.
static void begin_evidence(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	if (!e->keep)
		return;
	keep_begin(e, s, p);
	if (flow && flow_hot_at(&e->table, flow)->phase <= FLOW_SESSION)
		keep_flow(e, flow, d);
}

// Refused, and perhaps what somebody on the path has sent.
static void refused_evidence(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p)
{
	if (!e->keep || !flow || flow_hot_at(&e->table, flow)->phase != FLOW_SESSION)
		return;
	begin_evidence(e, flow, d, s, p);
	keep_end(e);
}

static void take_segment(struct dissect *e, uint64_t hash, const struct decoded *s, const struct packet *p)
{
	struct route r;
	enum route_action action = route_segment(e, hash, s, &r);
	if (!checksum_usable(e, r.flow, r.d, s, p)) {
		engine_count(e, COUNT_packet_tcp_bad_checksum, 1);
		refused_evidence(e, r.flow, r.d, s, p);
		return;
	}
	uint32_t flow = r.flow;
	if (action == ROUTE_STRANGE)
		flow = route_strange(e, hash, &r, s, p, &r.d);
	else if (action == ROUTE_OPEN)
		flow = route_open(e, hash, &r, s, p, &r.d);
	if (!flow) {
		engine_count(e, action == ROUTE_STRANGE ? COUNT_packet_tcp_session : COUNT_packet_no_flow, 1);
		return;
	}
	count_packet(e, flow, r.d, p);
	begin_evidence(e, flow, r.d, s, p);
	if (dns_port(s) && (action == ROUTE_TAKE || action == ROUTE_OPEN))
		dns_segment(e, flow_hot_at(&e->table, flow), r.d, s, p);
	if (action == ROUTE_STRAY)
		stream_stray(e, flow);
	else if (action != ROUTE_IGNORE)
		stream_segment(e, flow, r.d, s, p);
	if (e->keep)
		keep_end(e);
	const struct flow_hot *h = flow_hot_at(&e->table, flow);
	bool told = h->phase == FLOW_SESSION || h->phase == FLOW_SEALED;
	engine_count(e, told ? COUNT_packet_tcp_session : COUNT_packet_tcp_counted, 1);
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
	COUNT_decode_ip6_ext_limit, COUNT_decode_tcp_bad_header, COUNT_decode_vlan_limit, COUNT_fragment_overlap,
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

static void hash_slot(struct dissect *e, struct slot *s)
{
	struct flow_key key;
	flow_key_of(&key, &s->decoded);
	s->mine = e->config.n_workers == 1 || flow_key_owner(&key) % e->config.n_workers == e->config.worker;
	if (!s->mine)
		return;
	s->hash = flow_table_hash(&e->table, &key);
	flow_table_prefetch(&e->table, s->hash);
}

static void take_slot(struct dissect *e, const struct slot *s, const struct packet *p)
{
	if (s->outcome == DECODE_TCP)
		take_segment(e, s->hash, &s->decoded, p);
	else
		dns_datagram(e, &s->decoded, p);
}

static void take_fragment(struct dissect *e, struct slot *s, const struct packet *p)
{
	if (!s->decoded.ip_checksum_ok && e->config.checksums != CHECKSUMS_IGNORE) {
		counter_add(&common_counters(e)[COUNT_packet_fragment_dropped], 1);
		return;
	}
	bool ambiguous = false;
	enum decode_outcome outcome = frag_take(e->frag, p, &s->decoded, &ambiguous, false, common_counters(e));
	s->decoded.ambiguous = ambiguous;
	// Now, because the next packet that is asked may stand in another burst, and none may follow.
	s->anomaly = first_of_kind(e);
	if (outcome != DECODE_TCP && outcome != DECODE_UDP)
		return;
	s->outcome = (uint8_t)outcome;
	hash_slot(e, s);
	if (s->mine)
		take_slot(e, s, p);
}

void dissect_burst(struct dissect *e, const struct packet *burst, size_t n)
{
	struct slot slot[PACKET_BURST];
	uint64_t *count = common_counters(e);
	for (size_t first = 0; first < n; first += PACKET_BURST) {
		const struct packet *p = burst + first;
		size_t m = n - first < PACKET_BURST ? n - first : PACKET_BURST;
		for (size_t i = 0; i < m; i++) {
			slot[i].outcome = (uint8_t)decode_packet(&p[i], &slot[i].decoded, false, count);
			slot[i].mine = false;
			slot[i].anomaly = 0;
			if (slot[i].outcome == DECODE_TCP || slot[i].outcome == DECODE_UDP)
				hash_slot(e, &slot[i]);
			else if (slot[i].outcome == DECODE_DONE)
				slot[i].anomaly = first_of_kind(e);
		}
		for (size_t i = 0; i < m; i++) {
			if (slot[i].mine)
				flow_table_prefetch_lines(&e->table, slot[i].hash);
		}
		for (size_t i = 0; i < m; i++) {
			take_time(e, &p[i]);
			if (slot[i].mine)
				take_slot(e, &slot[i], &p[i]);
			else if (slot[i].outcome == DECODE_FRAGMENT)
				take_fragment(e, &slot[i], &p[i]);
			if (slot[i].anomaly)
				tell_anomaly(e, slot[i].anomaly, &p[i]);
		}
		e->watermark = 2 * p[m - 1].seq + 1;
	}
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
