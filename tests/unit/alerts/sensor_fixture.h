// A sensor's trouble and state for the tests of records and judge: ordinary, and as large as they can be.
#pragma once

#include "alerts/evidence.h"
#include "alerts/record.h"
#include "alerts/storm.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <stdio.h>

// What whoever runs the parts would send.
static inline struct message_sensor trouble(enum sensor_kind kind, uint64_t after_s)
{
	const uint64_t at_ns = FIXTURE_START_NS + after_s * 1000000000;
	struct message_sensor m = {.head = {.time_ns = at_ns, .type = MESSAGE_SENSOR}, .kind = (uint8_t)kind, .tap = SENSOR_NO_TAP,
		.from_ns = at_ns - 1000000000, .to_ns = at_ns};

	switch (kind) {
	case SENSOR_LOSS:
		m.tap = 0;
		m.n[LOSS_MISSED] = 5;
		m.n[LOSS_RECEIVED] = 995;
		break;
	case SENSOR_ARM_LOST:
		m.tap = 0;
		m.n[0] = 1000;
		strcpy(m.text, "0000:81:00.1");
		break;
	case SENSOR_CHILD_RESTARTED:
		m.n[0] = 4711;
		m.n[1] = 9;
		strcpy(m.text, "watch");
		break;
	case SENSOR_OUTBOX_TROUBLE:
		m.n[2] = 4711;
		strcpy(m.text, "siem: connection refused");
		break;
	case SENSOR_SUPPRESSED:
		m.n[0] = 1000;
		m.n[4] = 1000;
		break;
	case SENSOR_CONFIG_CHANGED:
		strcpy(m.text, "inventory.own_networks findings.disable");
		break;
	default:
		m.n[0] = 300;
	}
	return m;
}

static inline void put_octets(char *text, size_t len, bool largest, const char *ordinary)
{
	if (largest)
		memset(text, 0x01, len - 1); // takes most room
	else
		snprintf(text, len, "%s", ordinary);
}

static inline void numbers(uint64_t *value, size_t n, bool largest, uint64_t ordinary)
{
	for (size_t i = 0; i < n; i++)
		value[i] = largest ? INT64_MAX / 32 : ordinary; // sums still fit receivers
}

static inline void fixture_delivery(struct sensor_state *s, bool largest)
{
	struct outbox_shared *o = &s->outbox;

	o->epoch = largest ? INT64_MAX / 32 : FIXTURE_START_NS / 1000000000;
	numbers(o->durable, 6 * OUTBOX_LANES, largest, 5000);
	numbers(o->oldest, OUTBOX_LANES, false, 1);
	o->errors = largest ? INT64_MAX / 32 : 0;
	o->state = largest ? OUTBOX_READ_ONLY : OUTBOX_GOOD; // the longest word
	s->n_sinks = largest ? OUTBOX_SINKS : 2;
	for (size_t i = 0; i < s->n_sinks; i++) {
		struct sink_shared *k = &s->sink[i];
		put_octets(k->name, sizeof(k->name), largest, i ? "siem" : "file");
		put_octets(k->type, sizeof(k->type), largest, i ? "syslog" : "file");
		k->epoch = o->epoch;
		numbers(k->sent, OUTBOX_LANES, largest, 4000);
		numbers(k->at, OUTBOX_LANES, false, largest ? 1 : 4991);
		numbers(k->missed, OUTBOX_LANES, largest, 0);
		k->filtered = k->refused = k->errors = largest ? INT64_MAX / 32 : 3;
		k->failing_since_ns = largest;
	}
}

static inline void fixture_suppressed(struct storm_counts *c, bool largest)
{
	*c = (struct storm_counts){.alerts = 0};
	for (size_t i = 0; i < catalogue_n; i++) {
		uint64_t n = largest ? INT64_MAX / 256 : i % 60 == 1 ? 1000 * i : 0;
		c->alerts += n;
		c->by_severity[catalogue[i].severity] += n;
		c->by_finding[i] = n;
	}
}

static inline void fixture_state(struct sensor_state *s, bool largest)
{
	memset(s, 0, sizeof(*s));
	s->started_ns = FIXTURE_START_NS;
	s->config_generation = largest ? UINT32_MAX : 2;
	memset(s->config_sha256, 'a', sizeof(s->config_sha256) - 1);
	s->n_ports = largest ? SENSOR_PORTS : 2;
	s->n_workers = largest ? SENSOR_WORKERS : 2;
	s->n_children = largest ? SENSOR_CHILDREN : 5;
	for (size_t i = 0; i < s->n_ports; i++) {
		struct sensor_port *p = &s->port[i];
		put_octets(p->name, sizeof(p->name), largest, "0000:81:00.0");
		put_octets(p->driver, sizeof(p->driver), largest, "net_mlx5");
		put_octets(p->clock, sizeof(p->clock), largest, "hardware");
		put_octets(p->rss, sizeof(p->rss), largest, "symmetric");
		p->queues = p->tx_queues = largest ? UINT16_MAX : 0;
		p->link_known = p->link_up = true;
		p->speed_mbps = largest ? UINT32_MAX : 100000;
		numbers(&p->rx_packets, 8, largest, 123456789);
		if (!largest)
			p->tx_packets = p->tx_octets = p->tx_errors = 0;
	}
	for (size_t i = 0; i < s->n_workers; i++) {
		numbers(&s->worker[i].turns, 7, largest, 987654321);
		s->worker[i].cpu = largest ? INT32_MAX : (int)i;
	}
	for (size_t i = 0; i < s->n_children; i++) {
		static const char *const names[] = {"watch", "judge", "scout", "keeper", "courier"};
		put_octets(s->child[i].name, sizeof(s->child[i].name), largest, names[i % 5]);
		s->child[i].pid = largest ? INT32_MAX : 1234;
		s->child[i].restarts = largest ? UINT32_MAX : 0;
	}
	numbers(&s->lanes_taken, 10, largest, 1000);
	fixture_delivery(s, largest);
	s->clock_synced = true;
}

// Borrowed by `l`: everything it points at is static.
static inline void fixture_live(struct record_live *l, bool largest)
{
	static struct sensor_state state;
	static struct protocol_count protocols[PROTOCOLS_MAX];
	static uint8_t found[32];
	static uint64_t lost[LOSS_NUMBERS];
	static char tap[256];
	static const char *taps[FACTS_TAPS];
	static struct evidence_counts evidence;
	static struct storm_counts suppressed;

	fixture_suppressed(&suppressed, largest);
	fixture_state(&state, largest);
	put_octets(tap, sizeof(tap), largest, "mx-uplink");
	for (size_t i = 0; i < FACTS_TAPS; i++)
		taps[i] = tap;
	for (size_t i = 0; i < PROTOCOLS_MAX; i++) {
		put_octets(protocols[i].name, sizeof(protocols[i].name), largest, "TLS");
		numbers(&protocols[i].flows, 3, largest, 77777);
		protocols[i].octets /= PROTOCOLS_MAX;
		protocols[i].packets /= PROTOCOLS_MAX;
		protocols[i].flows /= PROTOCOLS_MAX;
	}
	numbers(lost, LOSS_NUMBERS, largest, 0);
	memset(found, 0, sizeof(found));
	for (size_t k = 0; k < SENSOR_KINDS; k++) {
		size_t row = (size_t)(catalogue_find(sensor_finding((enum sensor_kind)k)) - catalogue);
		found[row / 8] |= (uint8_t)((largest || k == SENSOR_CONFIG_CHANGED) << row % 8);
	}
	size_t heartbeat = (size_t)(catalogue_find("sensor.heartbeat") - catalogue);
	found[heartbeat / 8] |= (uint8_t)(1 << heartbeat % 8);
	*l = (struct record_live){.state = &state, .taps = taps, .counters_at_ns = FIXTURE_START_NS, .protocols = protocols,
		.n_protocols = largest ? PROTOCOLS_MAX : 12, .found = found, .lost = lost,
		.evidence = &evidence, .suppressed = &suppressed};
	numbers(&evidence.packets, 5, largest, 10);
	numbers(&l->sessions_marked, 3, largest, 0);
	l->intervals = largest ? INT64_MAX : 0;
}
