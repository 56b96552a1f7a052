// What the sensor says of itself, as JSON. Names are those of the `stats` record where the same thing is meant.
#include "cli/control.h"

#include <string.h>

#include "cli/control_delivery.h"
#include "cli/control_health.h"
#include "cli/words.h"
#include "dissect/counters.h"
#include "hw/clock.h"
#include "hw/counter.h"

#define SECOND_NS UINT64_C(1000000000)

// Texts on the board are others' work, and may have no end: a worker that was taken over writes there, too (P13).
#define put_board_text(j, name, array) json_field(j, name, string, array, strnlen(array, sizeof(array)))

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
	put_board_text(j, "name", p->name);
	const char *tap = tap_name(c, p->tap);
	json_field(j, "tap", string, tap, strnlen(tap, CONFIG_NAME_MAX));
	put_board_text(j, "driver", p->driver);
	json_key(j, "up");
	if (board_flag(&p->link_known))
		json_put_flag(j, board_flag(&p->link_up));
	else
		json_put_null(j);
	json_field(j, "mbps", u64, p->speed_mbps);
	put_board_text(j, "time_source", p->clock);
	json_field(j, "queues", u64, p->queues);
	put_board_text(j, "rss", p->rss);
	put_board_text(j, "offload", p->offload);
	json_field(j, "steered", flag, board_flag(&p->steered));
	put_board_text(j, "flow_control", p->flow_control);
	json_field(j, "rx_packets", u64, counter_read(&p->rx_packets));
	json_field(j, "rx_octets", u64, counter_read(&p->rx_octets));
	json_field(j, "missed", u64, counter_read(&p->missed));
	json_field(j, "errors", u64, counter_read(&p->errors));
	json_field(j, "no_mbuf", u64, counter_read(&p->no_mbuf));
	json_field(j, "tx_queues", u64, p->tx_queues);
	json_field(j, "tx_packets", u64, counter_read(&p->tx_packets));
	json_field(j, "tx_octets", u64, counter_read(&p->tx_octets));
	json_field(j, "tx_errors", u64, counter_read(&p->tx_errors));
	json_close_object(j);
}

static void put_ports(struct json *j, const struct board *b, const struct config *c)
{
	json_key(j, "ports");
	json_open_array(j);
	for (size_t i = 0; i < b->state.n_ports && i < SENSOR_PORTS; i++)
		put_port(j, &b->state.port[i], c);
	json_close_array(j);
}

static void put_workers(struct json *j, const struct board *b, uint64_t mono_ns)
{
	json_key(j, "workers");
	json_open_array(j);
	for (size_t i = 0; i < b->state.n_workers && i < SENSOR_WORKERS; i++) {
		const struct sensor_worker *w = &b->state.worker[i];
		uint64_t turned_ns = counter_read(&b->turned_ns[i]);
		json_open_object(j);
		json_key(j, "cpu");
		if (w->cpu < 0)
			json_put_null(j);
		else
			json_put_u64(j, (uint64_t)w->cpu);
		json_field(j, "turns", u64, counter_read(&w->turns));
		json_field(j, "bursts", u64, counter_read(&w->bursts));
		json_field(j, "packets", u64, counter_read(&w->packets));
		json_field(j, "busy_ns", u64, counter_read(&w->busy_ns));
		json_field(j, "slept_ns", u64, counter_read(&w->slept_ns));
		json_field(j, "facts_lost", u64, counter_read(&w->facts_lost));
		json_field(j, "evidence_lost", u64, counter_read(&w->evidence_lost));
		json_key(j, "turned_ms_ago");
		if (turned_ns == 0)
			json_put_null(j);
		else
			json_put_u64(j, mono_ns > turned_ns ? (mono_ns - turned_ns) / 1000000 : 0);
		json_close_object(j);
	}
	json_close_array(j);
}

// P2. Each number is read a moment after the one before: in_flight is what came between them, too.
static void put_ledger(struct json *j, const struct board *b)
{
	const struct sensor_state *s = &b->state;
	uint64_t full = counter_read(&s->lanes_full), dissected = counter_read(&s->dissected), rx = counter_read(&s->rx);
	uint64_t missed = 0, errors = 0, no_mbuf = 0;
	for (size_t i = 0; i < s->n_ports && i < SENSOR_PORTS; i++) {
		missed += counter_read(&s->port[i].missed);
		errors += counter_read(&s->port[i].errors);
		no_mbuf += counter_read(&s->port[i].no_mbuf);
	}
	json_key(j, "ledger");
	json_open_object(j);
	json_field(j, "rx", u64, rx > dissected + full ? rx : dissected + full);
	json_field(j, "dissected", u64, dissected);
	json_field(j, "lanes_full", u64, full);
	json_field(j, "in_flight", u64, rx > dissected + full ? rx - dissected - full : 0);
	json_field(j, "missed", u64, missed);
	json_field(j, "errors", u64, errors);
	json_field(j, "no_mbuf", u64, no_mbuf);
	json_field(j, "lanes_taken", u64, counter_read(&s->lanes_taken));
	json_close_object(j);
}

static void put_told(struct json *j, const struct sensor_state *s)
{
	json_field(j, "sessions", u64, counter_read(&s->sessions));
	json_field(j, "alerts", u64, counter_read(&s->alerts));
	json_field(j, "alerts_suppressed", u64, counter_read(&s->alerts_suppressed));
	json_field(j, "records", u64, counter_read(&s->records));
	json_field(j, "records_lost", u64, sensor_records_lost(s));
	json_field(j, "alerts_lost", u64, counter_read(&s->alerts_lost));
}

static void put_children(struct json *j, const struct board *b, uint64_t wall_ns)
{
	json_key(j, "children");
	json_open_array(j);
	for (size_t i = 0; i < b->state.n_children && i < SENSOR_CHILDREN; i++) {
		const struct sensor_child *c = &b->state.child[i];
		if (c->name[0] == '\0')
			continue;
		json_open_object(j);
		put_board_text(j, "name", c->name);
		json_field(j, "pid", u64, c->pid > 0 ? (uint64_t)c->pid : 0);
		json_field(j, "restarts", u64, c->restarts);
		put_since(j, c->started_ns, wall_ns);
		if (i < CHILDREN)
			json_field(j, "generation", u64, b->applied[i]);
		put_board_text(j, "rights", c->rights);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_health(struct json *j, const struct board *b, uint64_t mono_ns, uint64_t wall_ns)
{
	struct control_health h;
	control_health(&h, b, mono_ns, wall_ns);
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

static void put_config(struct json *j, const struct board *b)
{
	json_key(j, "config");
	json_open_object(j);
	json_field(j, "generation", u64, b->state.config_generation);
	put_board_text(j, "sha256", b->state.config_sha256);
	json_key(j, "file");
	if (b->config_file[0] != '\0')
		json_put_string(j, b->config_file, strnlen(b->config_file, sizeof b->config_file));
	else
		json_put_null(j);
	json_close_object(j);
}

static void put_clock(struct json *j, const struct sensor_state *s)
{
	json_key(j, "clock");
	json_open_object(j);
	json_field(j, "synced", flag, board_flag(&s->clock_synced));
	json_field(j, "error_ns", u64, counter_read(&s->clock_error_ns));
	json_close_object(j);
}

static void put_numbers(struct json *j, const struct board *b)
{
	json_key(j, "counters"); // one that is not there is 0
	json_open_object(j);
	for (size_t i = 0; i < DISSECT_COUNTERS; i++) {
		uint64_t n = 0;
		for (size_t w = 0; w < b->state.n_workers && w < SENSOR_WORKERS; w++)
			n += counter_read(&b->counter[w][i]);
		if (n == 0)
			continue;
		json_put_name(j, dissect_counter_table[i].name);
		json_put_u64(j, n);
	}
	json_close_object(j);
	json_key(j, "states");
	json_open_object(j);
	for (size_t i = 0; i < STATE_N; i++) {
		json_put_name(j, state_name((enum state)i));
		json_put_u64(j, counter_read(&b->states[i]));
	}
	json_close_object(j);
	json_key(j, "verdicts");
	json_open_object(j);
	for (size_t i = 0; i < VERDICT_N; i++) {
		json_put_name(j, verdict_name((enum verdict)i));
		json_put_u64(j, counter_read(&b->verdicts[i]));
	}
	json_close_object(j);
}

void control_put_status(struct json *j, const struct board *b, const struct config *c)
{
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_wall_ns();
	json_key(j, "status");
	json_open_object(j);
	json_field(j, "program", cstr, "postwacht " POSTWACHT_VERSION);
	json_field(j, "host", cstr, c->sensor_name);
	put_since(j, b->state.started_ns, wall_ns);
	put_health(j, b, mono_ns, wall_ns);
	put_config(j, b);
	put_children(j, b, wall_ns);
	put_ports(j, b, c);
	json_field(j, "fanned", flag, board_flag(&b->state.fanned));
	put_workers(j, b, mono_ns);
	put_ledger(j, b);
	put_told(j, &b->state);
	control_put_delivery(j, &b->state, wall_ns);
	put_clock(j, &b->state);
	json_close_object(j);
}

void control_put_stats(struct json *j, const struct board *b)
{
	uint64_t mono_ns = clock_mono_ns(), wall_ns = clock_wall_ns();
	const struct config *c = &b->config[b->state.config_generation % BOARD_CONFIGS];
	json_key(j, "stats");
	json_open_object(j);
	json_field(j, "mono_ns", u64, mono_ns);
	put_since(j, b->state.started_ns, wall_ns);
	put_ports(j, b, c);
	put_workers(j, b, mono_ns);
	put_ledger(j, b);
	put_told(j, &b->state);
	control_put_delivery(j, &b->state, wall_ns);
	put_numbers(j, b);
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
