// What the ports say of themselves, once a second: to the board for whoever asks, and to the judge when it is trouble.
//
// Loss is told as the interval in which it was noticed, so that sessions within it are known; an arm is lost when it is
// silent (or its link down) while the other one talks; a tap is too quiet when nothing at all came for as long as agreed.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/watch.h"
#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"

#define SECOND_NS UINT64_C(1000000000)

enum {
	ARM_SILENT_S = 10,      // one direction of a link with mail on it is never silent for so long while the other talks
	ARM_TALKS_PACKETS = 20, // ... which is this much: the other may have had a few retries of one connection
};

struct port_seen {
	struct port_stats last;
	uint64_t silent_since_ns;  // monotonic; of no packet
	uint64_t other_packets;    // of the other arm since then
	bool lost;                 // told
};

struct tap_seen {
	uint64_t quiet_since_ns;
	bool quiet;                // told
};

struct sampler {
	struct watch *watch;
	struct ring *ring;
	uint64_t next_ns, sampled_ns, sampled_wall_ns;
	struct port_seen port[LIVE_PORTS_MAX];
	struct tap_seen tap[FACTS_TAPS];
	uint64_t rx, lanes_full, facts_lost, split;
};

static struct sensor_state *state_of(const struct sampler *s)
{
	return &s->watch->run->board->state;
}

static void tell(struct sampler *s, const struct message_sensor *m)
{
	void *room = ring_reserve(s->ring, sizeof *m);
	if (room == NULL)
		return; // what it says stands on the board, too
	memcpy(room, m, sizeof *m);
	ring_commit(s->ring, sizeof *m);
}

static struct message_sensor message(enum sensor_kind kind, uint8_t tap, uint64_t from_ns, uint64_t to_ns)
{
	return (struct message_sensor){
		.head = {.type = MESSAGE_SENSOR, .time_ns = to_ns},
		.kind = (uint8_t)kind,
		.tap = tap,
		.from_ns = from_ns,
		.to_ns = to_ns,
	};
}

// ---- opening -----------------------------------------------------------------------------------------------------

static void describe(struct sensor_port *to, const struct port_about *a, uint8_t tap)
{
	*to = (struct sensor_port){.tap = tap, .queues = a->queues, .tx_queues = a->tx_queues, .steered = a->steered,
		.last_packet_ns = to->last_packet_ns};
	snprintf(to->name, sizeof to->name, "%s", a->name);
	snprintf(to->driver, sizeof to->driver, "%s", a->driver);
	snprintf(to->clock, sizeof to->clock, "%s", port_clock_name(a->clock));
	snprintf(to->rss, sizeof to->rss, "%s", a->rss);
	snprintf(to->offload, sizeof to->offload, "%s", a->offload);
	snprintf(to->flow_control, sizeof to->flow_control, "%s", a->flow_control);
}

int sampler_open(struct sampler **out, struct watch *w)
{
	struct sampler *s = calloc(1, sizeof *s);
	*out = s;
	if (s == NULL)
		return -ENOMEM;
	s->watch = w;
	s->sampled_wall_ns = clock_wall_ns();
	s->ring = w->run->board->sampler;
	ring_rejoin_writer(s->ring);
	const struct config *c = &w->run->start;
	struct sensor_state *state = state_of(s);
	size_t n = 0;
	for (size_t t = 0; t < c->taps.n; t++) {
		for (size_t p = 0; p < c->taps.tap[t].n_ports; p++, n++) {
			struct port_about a;
			live_port_about(w->live, n, &a);
			describe(&state->port[n], &a, (uint8_t)t);
			log_info("watch", "%s: %s, %u queues, %u for sending, time by %s, flow control %s; %s; %s", a.name, a.driver, a.queues,
				a.tx_queues, port_clock_name(a.clock), a.flow_control, a.rss, a.offload);
		}
	}
	state->n_ports = (uint32_t)n;
	state->n_workers = w->n_workers;
	state->fanned = live_fanned(w->live);
	for (uint16_t i = 0; i < w->n_workers; i++) // of the watch before this one: told already
		s->facts_lost += state->worker[i].facts_lost;
	return 0;
}

// ---- ports -------------------------------------------------------------------------------------------------------

static void copy_stats(struct sensor_port *to, const struct port_stats *from, uint64_t wall_ns)
{
	if (from->rx_packets != to->rx_packets)
		to->last_packet_ns = wall_ns;
	to->link_known = from->link_known;
	to->link_up = from->link_up;
	to->speed_mbps = from->speed_mbps;
	to->rx_packets = from->rx_packets;
	to->rx_octets = from->rx_octets;
	to->missed = from->missed;
	to->errors = from->errors;
	to->no_mbuf = from->no_mbuf;
	to->tx_packets = from->tx_packets;
	to->tx_octets = from->tx_octets;
	to->tx_errors = from->tx_errors;
}

static void tell_loss(struct sampler *s, const struct message_sensor *m)
{
	__atomic_store_n(&s->watch->run->board->lost_ns, clock_mono_ns(), __ATOMIC_RELAXED);
	tell(s, m);
}

// Adds up what every port of a tap lost; n[LOSS_RECEIVED] is what came meanwhile.
static void add_loss(struct message_sensor *m, const struct port_stats *now, const struct port_stats *last)
{
	m->n[LOSS_MISSED] += now->missed - last->missed;
	m->n[LOSS_ERRORS] += now->errors - last->errors;
	m->n[LOSS_NO_MBUF] += now->no_mbuf - last->no_mbuf;
	m->n[LOSS_RECEIVED] += now->rx_packets - last->rx_packets;
}

static bool any_loss(const struct message_sensor *m)
{
	return m->n[LOSS_MISSED] || m->n[LOSS_ERRORS] || m->n[LOSS_NO_MBUF] || m->n[LOSS_LANES] || m->n[LOSS_FACTS];
}

static void watch_arm(struct sampler *s, size_t port, size_t other, uint64_t now_ns, uint64_t packets, uint64_t other_packets)
{
	struct port_seen *p = &s->port[port];
	const struct sensor_port *on_board = &state_of(s)->port[port];
	bool down = on_board->link_known && !on_board->link_up;
	uint64_t wall_ns = clock_wall_ns();
	if (packets > 0 && !down) {
		if (p->lost) {
			struct message_sensor m = message(SENSOR_ARM_LOST, on_board->tap, wall_ns - (now_ns - p->silent_since_ns), wall_ns);
			m.over = true;
			memcpy(m.text, on_board->name, sizeof on_board->name);
			tell(s, &m);
		}
		p->lost = false;
		p->silent_since_ns = now_ns;
		p->other_packets = 0;
		return;
	}
	p->other_packets += other_packets;
	bool silent = now_ns - p->silent_since_ns >= ARM_SILENT_S * SECOND_NS && p->other_packets >= ARM_TALKS_PACKETS;
	if (p->lost || !(silent || (down && p->other_packets > 0)))
		return;
	p->lost = true;
	struct message_sensor m = message(SENSOR_ARM_LOST, on_board->tap, wall_ns - (now_ns - p->silent_since_ns), wall_ns);
	m.n[0] = p->other_packets;
	m.n[1] = down;
	memcpy(m.text, on_board->name, sizeof on_board->name);
	tell(s, &m);
	log_warn("watch", "%s is %s while the other arm had %llu packets", on_board->name, down ? "without link" : "silent",
		(unsigned long long)p->other_packets);
}

static void watch_quiet(struct sampler *s, uint8_t tap, uint64_t now_ns, uint64_t packets)
{
	struct tap_seen *t = &s->tap[tap];
	uint32_t most_s = run_config(s->watch->run)->quiet_after_s;
	bool was = t->quiet;
	if (packets > 0)
		*t = (struct tap_seen){.quiet_since_ns = now_ns};
	else if (most_s > 0 && now_ns - t->quiet_since_ns >= most_s * SECOND_NS)
		t->quiet = true;
	if (t->quiet == was)
		return;
	uint64_t wall_ns = clock_wall_ns();
	struct message_sensor m = message(SENSOR_TOO_LITTLE, tap, was ? wall_ns : wall_ns - (now_ns - t->quiet_since_ns), wall_ns);
	m.over = was;
	m.n[0] = most_s;
	tell(s, &m);
}

static void sample_taps(struct sampler *s, uint64_t now_ns, uint64_t wall_ns)
{
	const struct config *c = &s->watch->run->start;
	size_t first = 0;
	for (uint8_t t = 0; t < c->taps.n; t++) {
		struct message_sensor loss = message(SENSOR_LOSS, t, s->sampled_wall_ns, wall_ns);
		size_t arms = c->taps.tap[t].n_ports;
		uint64_t packets[CONFIG_ARMS] = {0}, all = 0;
		for (size_t a = 0; a < arms; a++) {
			struct port_stats now;
			live_port_stats(s->watch->live, first + a, &now);
			copy_stats(&state_of(s)->port[first + a], &now, wall_ns);
			add_loss(&loss, &now, &s->port[first + a].last);
			packets[a] = now.rx_packets - s->port[first + a].last.rx_packets;
			all += packets[a];
			s->port[first + a].last = now;
		}
		if (s->sampled_ns == 0) {
			s->tap[t].quiet_since_ns = now_ns;
			for (size_t a = 0; a < arms; a++)
				s->port[first + a].silent_since_ns = now_ns;
		}
		if (any_loss(&loss))
			tell_loss(s, &loss);
		for (size_t a = 0; arms == 2 && a < 2; a++)
			watch_arm(s, first + a, first + 1 - a, now_ns, packets[a], packets[1 - a]);
		watch_quiet(s, t, now_ns, all);
		first += arms;
	}
}

// ---- workers -----------------------------------------------------------------------------------------------------

static void sample_workers(struct sampler *s, uint64_t wall_ns)
{
	struct watch *w = s->watch;
	struct board *b = w->run->board;
	struct live_counts lanes;
	uint64_t facts_lost = 0, split = 0, dissected = 0;
	live_counts(w->live, &lanes);
	for (uint16_t i = 0; i < w->n_workers; i++) {
		const uint64_t *counter = dissect_counters(w->worker[i].dissect);
		for (size_t c = 0; c < DISSECT_COUNTERS; c++)
			b->counter[i][c] = counter_read(&counter[c]);
		facts_lost += counter_read(&b->state.worker[i].facts_lost);
		split += b->counter[i][COUNT_flow_split];
		dissected += b->counter[i][COUNT_packets];
	}
	uint64_t rx = 0;
	for (size_t i = 0; i < b->state.n_ports; i++)
		rx += b->state.port[i].rx_packets;
	b->state.lanes_taken = lanes.lanes_taken;
	b->state.lanes_full = lanes.lanes_full;
	b->state.rx = rx;
	b->state.dissected = dissected;

	struct message_sensor loss = message(SENSOR_LOSS, SENSOR_NO_TAP, s->sampled_wall_ns, wall_ns);
	uint64_t full = lanes.lanes_full + lanes.copies_full; // a copy that found no room is missing to one worker only
	loss.n[LOSS_LANES] = full - s->lanes_full;
	loss.n[LOSS_FACTS] = facts_lost - s->facts_lost;
	loss.n[LOSS_RECEIVED] = rx - s->rx;
	if (any_loss(&loss))
		tell_loss(s, &loss);
	s->rx = rx;
	s->lanes_full = full;
	s->facts_lost = facts_lost;
	if (split > s->split) {
		struct message_sensor m = message(SENSOR_RSS_ASYMMETRIC, SENSOR_NO_TAP, s->sampled_wall_ns, wall_ns);
		m.n[0] = split - s->split;
		tell(s, &m);
		s->split = split;
	}
}

void sampler_turn(struct sampler *s, uint64_t now_ns)
{
	if (now_ns < s->next_ns)
		return;
	uint64_t wall_ns = clock_wall_ns();
	now_ns = clock_mono_ns();
	sample_taps(s, now_ns, wall_ns);
	sample_workers(s, wall_ns);
	s->next_ns = now_ns + SECOND_NS;
	s->sampled_ns = now_ns;
	s->sampled_wall_ns = wall_ns;
}
