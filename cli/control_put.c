// What the sensor says of itself, as JSON. Names are those of the `stats` record where the same thing is meant. What others write on
// the board is read from a copy in which it is right (sensor_copy()): a worker that was taken over writes there, too (P13).
#include "cli/control.h"

#include <string.h>

#include "alerts/record.h"
#include "cli/control_delivery.h"
#include "cli/control_health.h"
#include "cli/words.h"
#include "hw/clock.h"
#include "hw/counter.h"

#define SECOND_NS UINT64_C(1000000000)

static const char *tap_name(const struct config *c, uint8_t tap)
{
	return tap < c->taps.n && tap < FACTS_TAPS ? c->taps.tap[tap].name : "";
}

static void put_since(struct json *j, uint64_t started_ns, uint64_t wall_ns)
{
	char text[WORDS_TIME_LEN];
	words_time(text, started_ns);
	json_field(j, "started", cstr, text);
	json_field(j, "uptime", u64, wall_ns > started_ns ? (wall_ns - started_ns) / SECOND_NS : 0);
}

static void put_port(struct json *j, const struct sensor_port *p, const struct config *c)
{
	json_open_object(j);
	json_field(j, "name", cstr, p->name);
	const char *tap = tap_name(c, p->tap);
	json_field(j, "tap", string, tap, strnlen(tap, CONFIG_NAME_MAX));
	json_field(j, "driver", cstr, p->driver);
	json_key(j, "up");
	if (p->link_known)
		json_put_flag(j, p->link_up);
	else
		json_put_null(j);
	json_field(j, "mbps", u64, p->speed_mbps);
	json_field(j, "time_source", cstr, p->clock);
	json_field(j, "queues", u64, p->queues);
	json_field(j, "rss", cstr, p->rss);
	json_field(j, "offload", cstr, p->offload);
	json_field(j, "steered", flag, p->steered);
	json_field(j, "flow_control", cstr, p->flow_control);
	json_field(j, "rx_packets", u64, p->rx_packets);
	json_field(j, "rx_octets", u64, p->rx_octets);
	json_field(j, "missed", u64, p->missed);
	json_field(j, "errors", u64, p->errors);
	json_field(j, "no_mbuf", u64, p->no_mbuf);
	json_field(j, "tx_queues", u64, p->tx_queues);
	json_field(j, "tx_packets", u64, p->tx_packets);
	json_field(j, "tx_octets", u64, p->tx_octets);
	json_field(j, "tx_errors", u64, p->tx_errors);
	json_close_object(j);
}

static void put_ports(struct json *j, const struct sensor_state *s, const struct config *c)
{
	json_key(j, "ports");
	json_open_array(j);
	for (size_t i = 0; i < s->n_ports; i++)
		put_port(j, &s->port[i], c);
	json_close_array(j);
}

static void put_workers(struct json *j, const struct sensor_state *s, const struct board *b, uint64_t mono_ns)
{
	json_key(j, "workers");
	json_open_array(j);
	for (size_t i = 0; i < s->n_workers; i++) {
		const struct sensor_worker *w = &s->worker[i];
		uint64_t turned_ns = counter_read(&b->turned_ns[i]);
		json_open_object(j);
		json_key(j, "cpu");
		if (w->cpu < 0)
			json_put_null(j);
		else
			json_put_u64(j, (uint64_t)w->cpu);
		json_field(j, "turns", u64, w->turns);
		json_field(j, "bursts", u64, w->bursts);
		json_field(j, "packets", u64, w->packets);
		json_field(j, "busy_ns", u64, w->busy_ns);
		json_field(j, "slept_ns", u64, w->slept_ns);
		json_field(j, "facts_lost", u64, w->facts_lost);
		json_field(j, "evidence_lost", u64, w->evidence_lost);
		json_key(j, "turned_ms_ago");
		if (turned_ns == 0)
			json_put_null(j);
		else
			json_put_u64(j, mono_ns > turned_ns ? (mono_ns - turned_ns) / 1000000 : 0);
		json_close_object(j);
	}
	json_close_array(j);
}

// P2: and what of it never came to a port, or over a lane.
static void put_ledger(struct json *j, const struct sensor_state *s)
{
	uint64_t missed = 0, errors = 0, no_mbuf = 0;
	for (size_t i = 0; i < s->n_ports; i++) {
		missed += s->port[i].missed;
		errors += s->port[i].errors;
		no_mbuf += s->port[i].no_mbuf;
	}
	json_key(j, "ledger");
	json_open_object(j);
	record_ledger(j, s);
	json_field(j, "missed", u64, missed);
	json_field(j, "errors", u64, errors);
	json_field(j, "no_mbuf", u64, no_mbuf);
	json_field(j, "lanes_taken", u64, s->lanes_taken);
	json_close_object(j);
}

static void put_told(struct json *j, const struct sensor_state *s)
{
	json_field(j, "sessions", u64, s->sessions);
	json_field(j, "alerts", u64, s->alerts);
	json_field(j, "alerts_suppressed", u64, s->alerts_suppressed);
	json_field(j, "records", u64, s->records);
	json_field(j, "records_lost", u64, sensor_records_lost(s));
	json_field(j, "alerts_lost", u64, s->alerts_lost);
}

static void put_children(struct json *j, const struct sensor_state *s, const struct board *b, uint64_t wall_ns)
{
	json_key(j, "children");
	json_open_array(j);
	for (size_t i = 0; i < s->n_children; i++) {
		const struct sensor_child *c = &s->child[i];
		if (c->name[0] == '\0')
			continue;
		json_open_object(j);
		json_field(j, "name", cstr, c->name);
		json_field(j, "pid", u64, c->pid > 0 ? (uint64_t)c->pid : 0);
		json_field(j, "restarts", u64, c->restarts);
		put_since(j, c->started_ns, wall_ns);
		if (i < CHILDREN)
			json_field(j, "generation", u64, b->applied[i]);
		json_field(j, "rights", cstr, c->rights);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_health(struct json *j, const struct sensor_state *s, const struct board *b, uint64_t mono_ns, uint64_t wall_ns)
{
	struct control_health h;
	control_health(&h, s, b, mono_ns, wall_ns);
	json_key(j, "health");
	json_open_object(j);
	json_field(j, "fine", flag, h.n == 0);
	json_key(j, "problems");
	json_open_array(j);
	for (size_t i = 0; i < h.n; i++)
		json_put_cstr(j, h.problem[i]);
	json_close_array(j);
	json_field(j, "problems_more", u64, h.n_more);
	json_close_object(j);
}

static void put_config(struct json *j, const struct sensor_state *s, const struct board *b)
{
	json_key(j, "config");
	json_open_object(j);
	json_field(j, "generation", u64, s->config_generation);
	json_field(j, "sha256", cstr, s->config_sha256);
	json_key(j, "file");
	if (b->config_file[0] != '\0')
		json_put_string(j, b->config_file, strnlen(b->config_file, sizeof b->config_file));
	else
		json_put_null(j);
	json_close_object(j);
}

static void put_counts(struct json *j, const struct sensor_state *s, const struct board *b)
{
	uint64_t counter[DISSECT_COUNTERS] = {0}, states[STATE_N], verdicts[VERDICT_N];
	for (size_t i = 0; i < DISSECT_COUNTERS; i++)
		for (size_t w = 0; w < s->n_workers; w++)
			counter[i] += counter_read(&b->counter[w][i]);
	for (size_t i = 0; i < STATE_N; i++)
		states[i] = counter_read(&b->states[i]);
	for (size_t i = 0; i < VERDICT_N; i++)
		verdicts[i] = counter_read(&b->verdicts[i]);
	record_counts(j, counter, states, verdicts);
}

void control_put_status(struct json *j, const struct board *b, const struct config *c)
{
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_wall_ns();
	struct sensor_state s;
	sensor_copy(&s, &b->state);
	json_key(j, "status");
	json_open_object(j);
	json_field(j, "program", cstr, "postwacht " POSTWACHT_VERSION);
	json_field(j, "host", cstr, c->sensor_name);
	put_since(j, s.started_ns, wall_ns);
	put_health(j, &s, b, mono_ns, wall_ns);
	put_config(j, &s, b);
	put_children(j, &s, b, wall_ns);
	put_ports(j, &s, c);
	json_field(j, "fanned", flag, s.fanned);
	put_workers(j, &s, b, mono_ns);
	put_ledger(j, &s);
	put_told(j, &s);
	control_put_delivery(j, &s, wall_ns);
	record_clock(j, &s);
	json_close_object(j);
}

void control_put_stats(struct json *j, const struct board *b)
{
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_wall_ns();
	struct sensor_state s;
	sensor_copy(&s, &b->state);
	json_key(j, "stats");
	json_open_object(j);
	json_field(j, "mono_ns", u64, mono_ns);
	put_since(j, s.started_ns, wall_ns);
	put_ports(j, &s, &b->config[s.config_generation % BOARD_CONFIGS]);
	put_workers(j, &s, b, mono_ns);
	put_ledger(j, &s);
	put_told(j, &s);
	control_put_delivery(j, &s, wall_ns);
	put_counts(j, &s, b);
	json_close_object(j);
}

// "a, b" as ["a","b"].
static void put_list(struct json *j, const char *list)
{
	json_open_array(j);
	while (*list != '\0') {
		size_t len = strcspn(list, ",");
		json_put_string(j, list, len);
		list += len;
		list += strspn(list, ", ");
	}
	json_close_array(j);
}

void control_put_reload(struct json *j, const char *file, uint32_t generation, const char *applied, const char *restart,
                        const struct config_errors *errors)
{
	json_key(j, "reload");
	json_open_object(j);
	json_field(j, "valid", flag, errors->n == 0);
	json_key(j, "file");
	if (file != NULL)
		json_put_cstr(j, file);
	else
		json_put_null(j);
	json_field(j, "generation", u64, generation);
	json_key(j, "applied");
	put_list(j, errors->n == 0 ? applied : "");
	json_key(j, "restart");
	put_list(j, errors->n == 0 ? restart : "");
	json_key(j, "errors");
	json_open_array(j);
	for (size_t i = 0; i < errors->n; i++)
		json_put_cstr(j, errors->line[i]);
	json_close_array(j);
	json_field(j, "errors_more", u64, errors->n_more);
	json_close_object(j);
}
