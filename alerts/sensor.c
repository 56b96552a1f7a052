// The sensor's state as it may be read, and words for its trouble.
#include "alerts/sensor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hw/counter.h"

static const struct {
	const char *finding;
	bool lasts;
	const char *number[LOSS_NUMBERS];
} kinds[SENSOR_KINDS] = {
	[SENSOR_LOSS] = {"sensor.loss", false, {"missed", "errors", "no_mbuf", "lanes", "facts", "received"}},
	[SENSOR_RSS_ASYMMETRIC] = {"sensor.rss-asymmetric", false, {"connections"}},
	[SENSOR_ARM_LOST] = {"sensor.arm-lost", true, {"packets_of_other_arm", "link_down"}},
	[SENSOR_TOO_LITTLE] = {"sensor.too-little-traffic", true, {"agreed_s"}},
	[SENSOR_CHILD_RESTARTED] = {"sensor.child-restarted", false, {"pid", NULL}}, // the status has two meanings
	[SENSOR_CLOCK_UNSYNCED] = {"sensor.clock-unsynced", true, {"error_ns"}},
	[SENSOR_CONFIG_CHANGED] = {"sensor.config-changed", false, {NULL}},
	[SENSOR_STATE_EVICTED] = {"sensor.state-evicted", false, {"flows", "sessions", "pieces", "reassembly_octets"}},
	[SENSOR_OUTBOX_TROUBLE] = {"sensor.outbox-trouble", true, {"records_gone", "alerts_gone", "records_waiting"}},
	[SENSOR_SUPPRESSED] = {"sensor.alert-suppressed", false, {"alerts", "critical", "high", "medium", "low"}},
};

enum { EXITED = 256 }; // n[1] of SENSOR_CHILD_RESTARTED: below it a signal

const char *sensor_finding(enum sensor_kind kind)
{
	return kinds[kind].finding;
}

bool sensor_lasts(enum sensor_kind kind)
{
	return kinds[kind].lasts;
}

const char *sensor_number(enum sensor_kind kind, size_t i)
{
	return kinds[kind].number[i];
}

uint64_t sensor_lost(const uint64_t n[static LOSS_NUMBERS])
{
	return n[LOSS_MISSED] + n[LOSS_ERRORS] + n[LOSS_NO_MBUF] + n[LOSS_LANES];
}

static uint64_t lasted_ms(const struct message_sensor *m)
{
	return m->to_ns > m->from_ns ? (m->to_ns - m->from_ns) / 1000000 : 0;
}

static void loss_detail(char *out, size_t len, const uint64_t n[static LOSS_NUMBERS])
{
	uint64_t lost = sensor_lost(n);
	int at = 0;

	if (lost || !n[LOSS_FACTS])
		at = snprintf(out, len, "lost:%" PRIu64 ":of:%" PRIu64, lost, lost + n[LOSS_RECEIVED]);
	if (n[LOSS_FACTS] && (size_t)at < len)
		snprintf(out + at, len - (size_t)at, "%sfacts_lost:%" PRIu64, at ? ":" : "", n[LOSS_FACTS]);
}

void sensor_detail(char *out, size_t len, const struct message_sensor *m)
{
	const uint64_t *n = m->n;

	switch ((enum sensor_kind)m->kind) {
	case SENSOR_LOSS:
		loss_detail(out, len, n);
		break;
	case SENSOR_RSS_ASYMMETRIC:
		snprintf(out, len, "connections:%" PRIu64, n[0]);
		break;
	case SENSOR_ARM_LOST:
		snprintf(out, len, "%s:%s", n[1] ? "link_down" : "silent", m->text);
		break;
	case SENSOR_TOO_LITTLE:
		snprintf(out, len, "nothing_for_s:%" PRIu64, n[0]);
		break;
	case SENSOR_CHILD_RESTARTED:
		snprintf(out, len, "%.32s:%s:%" PRIu64 ":for_ms:%" PRIu64, m->text, n[1] < EXITED ? "signal" : "exit",
			n[1] < EXITED ? n[1] : n[1] - EXITED, lasted_ms(m));
		break;
	case SENSOR_CLOCK_UNSYNCED:
		if (n[0])
			snprintf(out, len, "error_us:%" PRIu64, n[0] / 1000);
		else
			snprintf(out, len, "error_not_known");
		break;
	case SENSOR_CONFIG_CHANGED:
		snprintf(out, len, "%s", m->text);
		break;
	case SENSOR_STATE_EVICTED:
		snprintf(out, len, "flows:%" PRIu64 ":sessions:%" PRIu64 ":pieces:%" PRIu64 ":octets:%" PRIu64, n[0], n[1], n[2], n[3]);
		break;
	case SENSOR_OUTBOX_TROUBLE:
		snprintf(out, len, "%s", m->text);
		break;
	case SENSOR_SUPPRESSED:
		snprintf(out, len, "alerts:%" PRIu64, n[0]);
		break;
	case SENSOR_KINDS:
		break;
	}
}

// ---- state ----------------------------------------------------------------------------------------------------

static void end_text(char *text, size_t len)
{
	text[len - 1] = '\0';
}

// A bool that somebody else wrote may be any octet.
static void as_flag(bool *b)
{
	uint8_t octet;

	memcpy(&octet, b, 1);
	*b = octet != 0;
}

static void copy_words(void *out, const void *in, size_t len)
{
	const uint64_t *from = in;
	uint64_t *to = out;

	for (size_t i = 0; i < len / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static void clean_port(struct sensor_port *p)
{
	end_text(p->name, sizeof(p->name));
	end_text(p->driver, sizeof(p->driver));
	end_text(p->clock, sizeof(p->clock));
	end_text(p->rss, sizeof(p->rss));
	end_text(p->offload, sizeof(p->offload));
	end_text(p->flow_control, sizeof(p->flow_control));
	as_flag(&p->steered);
	as_flag(&p->link_known);
	as_flag(&p->link_up);
	p->tap = p->tap < FACTS_TAPS ? p->tap : SENSOR_NO_TAP;
}

static void clean_delivery(struct sensor_state *s)
{
	struct outbox_shared *o = &s->outbox;

	o->state = o->state >= 0 && o->state < OUTBOX_STATES ? o->state : OUTBOX_FAILING;
	s->n_sinks = s->n_sinks < OUTBOX_SINKS ? s->n_sinks : OUTBOX_SINKS;
	for (size_t i = 0; i < OUTBOX_SINKS; i++) {
		end_text(s->sink[i].name, sizeof(s->sink[i].name));
		end_text(s->sink[i].type, sizeof(s->sink[i].type));
		end_text(s->sink[i].trouble, sizeof(s->sink[i].trouble));
	}
}

uint64_t sensor_records_lost(const struct sensor_state *s)
{
	return counter_read(&s->records_lost) + counter_read(&s->outbox.forgotten[OUTBOX_SESSIONS]);
}

void sensor_copy(struct sensor_state *out, const struct sensor_state *state)
{
	static_assert(sizeof(*out) % sizeof(uint64_t) == 0, "copied by words, so that no number is torn");
	copy_words(out, state, sizeof(*out));
	out->n_ports = out->n_ports < SENSOR_PORTS ? out->n_ports : SENSOR_PORTS;
	out->n_workers = out->n_workers < SENSOR_WORKERS ? out->n_workers : SENSOR_WORKERS;
	out->n_children = out->n_children < SENSOR_CHILDREN ? out->n_children : SENSOR_CHILDREN;
	end_text(out->config_sha256, sizeof(out->config_sha256));
	for (size_t i = 0; i < SENSOR_PORTS; i++)
		clean_port(&out->port[i]);
	for (size_t i = 0; i < SENSOR_CHILDREN; i++) {
		end_text(out->child[i].name, sizeof(out->child[i].name));
		end_text(out->child[i].rights, sizeof(out->child[i].rights));
	}
	clean_delivery(out);
	as_flag(&out->fanned);
	as_flag(&out->clock_synced);
}
