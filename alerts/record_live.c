// What a running sensor's `stats` says beside the counters: ports, workers, processes, the ledger, what else is on the link.
#include "alerts/evidence.h"
#include "alerts/record_parts.h"

enum { PROTOCOLS_TOLD = 20 }; // the rest is told as one

static void text(struct record_writer *w, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	json_put_name(&w->json, name);
	record_bounded(w, value);
}

static void port_about(struct record_writer *w, const struct sensor_port *p, const char *tap)
{
	text(w, "tap", tap);
	text(w, "driver", p->driver);
	text(w, "rss", p->rss);
	text(w, "time_source", p->clock);
	if (p->speed_mbps)
		record_number(&w->json, "mbps", p->speed_mbps);
	record_number(&w->json, "queues", p->queues);
	record_number(&w->json, "tx_queues", p->tx_queues);
}

static void port(struct record_writer *w, const struct sensor_port *p, const char *tap)
{
	struct json *j = &w->json;

	json_open_object(j);
	text(w, "name", p->name);
	if (!record_bare(w))
		port_about(w, p, tap);
	if (p->link_known)
		json_field(j, "up", flag, p->link_up);
	record_number(j, "rx_packets", p->rx_packets);
	if (!record_bare(w))
		record_number(j, "rx_octets", p->rx_octets);
	record_number(j, "missed", p->missed);
	record_number(j, "errors", p->errors);
	record_number(j, "no_mbuf", p->no_mbuf);
	record_number(j, "tx_packets", p->tx_packets);
	if (!record_bare(w))
		record_number(j, "tx_octets", p->tx_octets);
	record_number(j, "tx_errors", p->tx_errors);
	json_close_object(j);
}

static void ports(struct record_writer *w, const struct record_live *l)
{
	const struct sensor_state *s = l->state;

	json_key(&w->json, "ports");
	json_open_array(&w->json);
	for (size_t i = 0; i < record_list(w, s->n_ports); i++)
		port(w, &s->port[i], s->port[i].tap < FACTS_TAPS ? l->taps[s->port[i].tap] : NULL);
	json_close_array(&w->json);
}

// rx = dissected + lanes_full + in_flight. The numbers are read one after the other: what came between is in flight.
void record_ledger(struct json *j, const struct sensor_state *s)
{
	uint64_t out = s->dissected + s->lanes_full;

	record_number(j, "rx", s->rx > out ? s->rx : out);
	record_number(j, "dissected", s->dissected);
	record_number(j, "lanes_full", s->lanes_full);
	record_number(j, "in_flight", s->rx > out ? s->rx - out : 0);
}

static void loss(struct json *j, const struct record_live *l)
{
	json_key(j, "loss");
	json_open_object(j);
	for (size_t i = 0; i < LOSS_NUMBERS; i++)
		if (i != LOSS_RECEIVED)
			record_number(j, sensor_number(SENSOR_LOSS, i), l->lost[i]);
	record_number(j, "intervals", l->intervals);
	record_number(j, "sessions", l->sessions_marked);
	json_close_object(j);
}

static void workers(struct record_writer *w, const struct sensor_state *s)
{
	struct json *j = &w->json;

	json_key(j, "workers");
	json_open_array(j);
	for (size_t i = 0; i < record_list(w, s->n_workers); i++) {
		const struct sensor_worker *k = &s->worker[i];
		json_open_object(j);
		record_number(j, "turns", k->turns);
		record_number(j, "packets", k->packets);
		if (k->busy_ns + k->slept_ns)
			record_number(j, "busy_permille", (uint64_t)((double)k->busy_ns / ((double)k->busy_ns + (double)k->slept_ns) * 1000));
		record_number(j, "facts_lost", k->facts_lost);
		record_number(j, "evidence_lost", k->evidence_lost);
		if (k->cpu >= 0)
			record_number(j, "cpu", (uint64_t)k->cpu);
		json_close_object(j);
	}
	json_close_array(j);
}

static void children(struct record_writer *w, const struct sensor_state *s)
{
	struct json *j = &w->json;

	json_key(j, "children");
	json_open_array(j);
	for (size_t i = 0; i < record_list(w, s->n_children); i++) {
		const struct sensor_child *c = &s->child[i];
		if (!c->name[0]) // there is none
			continue;
		json_open_object(j);
		text(w, "name", c->name);
		record_number(j, "pid", c->pid > 0 ? (uint64_t)c->pid : 0);
		record_number(j, "restarts", c->restarts);
		json_close_object(j);
	}
	json_close_array(j);
}

static void protocol(struct record_writer *w, const char *name, const struct protocol_count *p)
{
	json_open_object(&w->json);
	text(w, "name", name);
	record_number(&w->json, "flows", p->flows);
	record_number(&w->json, "packets", p->packets);
	record_number(&w->json, "octets", p->octets);
	json_close_object(&w->json);
}

static void protocols(struct record_writer *w, const struct record_live *l)
{
	size_t n = record_list(w, l->n_protocols < PROTOCOLS_TOLD ? l->n_protocols : PROTOCOLS_TOLD);
	struct protocol_count rest = {.name = "rest"};

	if (!l->n_protocols)
		return;
	json_key(&w->json, "protocols");
	json_open_array(&w->json);
	for (size_t i = 0; i < n; i++)
		protocol(w, l->protocols[i].name, &l->protocols[i]);
	for (size_t i = n; i < l->n_protocols; i++) {
		rest.flows += l->protocols[i].flows;
		rest.packets += l->protocols[i].packets;
		rest.octets += l->protocols[i].octets;
	}
	if (n < l->n_protocols)
		protocol(w, rest.name, &rest);
	json_close_array(&w->json);
}

static void findings(struct record_writer *w, const struct record_live *l)
{
	json_key(&w->json, "findings");
	json_open_array(&w->json);
	for (size_t i = 0; i < catalogue_n; i++) // fewer than there are kinds
		if (l->found[i / 8] & 1 << i % 8)
			json_put_word(&w->json, catalogue[i].id);
	json_close_array(&w->json);
}

void record_clock(struct json *j, const struct sensor_state *s)
{
	json_key(j, "clock");
	json_open_object(j);
	json_field(j, "synced", flag, s->clock_synced);
	record_number(j, "error_ns", s->clock_error_ns);
	json_close_object(j);
}

static void config(struct record_writer *w, const struct sensor_state *s)
{
	struct json *j = &w->json;

	json_key(j, "config");
	json_open_object(j);
	record_number(j, "generation", s->config_generation);
	text(w, "sha256", s->config_sha256);
	json_close_object(j);
}

static void evidence(struct json *j, const struct evidence_counts *c)
{
	if (!c)
		return;
	json_key(j, "evidence");
	json_open_object(j);
	record_number(j, "packets", c->packets);
	record_number(j, "forgotten", c->forgotten);
	record_number(j, "files", c->files);
	record_number(j, "removed", c->removed);
	record_number(j, "errors", c->errors);
	json_close_object(j);
}

void record_live_members(struct record_writer *w, const struct record_live *l)
{
	struct json *j = &w->json;
	const struct sensor_state *s = l->state;

	if (l->counters_at_ns) {
		json_key(j, "counters_at");
		record_time(j, l->counters_at_ns);
	}
	findings(w, l);
	json_key(j, "ledger");
	json_open_object(j);
	record_ledger(j, s);
	json_close_object(j);
	loss(j, l);
	record_clock(j, s);
	config(w, s);
	record_number(j, "sessions_forgotten", l->sessions_forgotten);
	record_number(j, "ends_unknown", l->ends_unknown);
	record_number(j, "records_lost", sensor_records_lost(s));
	record_number(j, "alerts_lost", s->alerts_lost);
	record_suppressed(w, l->suppressed, false);
	record_outbox(w, &s->outbox);
	record_sinks(w, s);
	ports(w, l);
	if (record_bare(w))
		return;
	evidence(j, l->evidence);
	children(w, s);
	workers(w, s);
	protocols(w, l);
}
