// The `stats` event: EVE's layout for the dashboards that exist, and every counter of ours under smtp_tls.
#include "alerts/record_parts.h"

struct stats {
	const struct message_counters *counters;
	const uint64_t *sessions, *verdicts;
	uint64_t alerts;
	const struct record_live *live; // NULL: a replay
};

// Where a counter of ours means the same as one of EVE's. Groups stand together, in the order they are written.
static const struct {
	const char *group, *name;
	uint16_t counter;
} eve[] = {
	{"decoder", "pkts", COUNT_packets},
	{"decoder", "bytes", COUNT_octets},
	{"decoder", "invalid", COUNT_packet_malformed},
	{"flow", "total", COUNT_flow_opened},
	{"flow", "tcp", COUNT_flow_opened}, // we open no others
	{"flow", "tcp_reuse", COUNT_flow_closed_reuse},
	{"tcp", "sessions", COUNT_flow_opened},
	{"tcp", "midstream_pickups", COUNT_flow_midstream},
	{"tcp", "invalid_checksum", COUNT_tcp_checksum_bad},
	{"tcp", "no_flow", COUNT_packet_no_flow},
	{"tcp", "reassembly_gap", COUNT_tcp_gap},
	{"tcp", "overlap_diff_data", COUNT_tcp_overlap_differs},
	{"tcp", "urg", COUNT_tcp_urgent},
};

// What came to the ports, and what of it never came to a worker.
static void capture_live(struct json *j, const struct sensor_state *state)
{
	uint64_t drops = state->lanes_full, received = 0;

	for (size_t i = 0; i < state->n_ports; i++) {
		const struct sensor_port *p = &state->port[i];
		received += p->rx_packets;
		drops += p->missed + p->errors + p->no_mbuf;
	}
	record_number(j, "kernel_packets", received + drops - state->lanes_full);
	record_number(j, "kernel_drops", drops);
	json_close_object(j);
}

static void capture(struct record_writer *w, const struct message_counters *m, const struct record_live *live)
{
	struct json *j = &w->json;

	json_key(j, "capture");
	json_open_object(j);
	if (live) {
		capture_live(j, live->state);
		return;
	}
	json_field(j, "kernel_packets", u64, m->counter[COUNT_packets]);
	// A file drops nothing; what a live source dropped is not in the workers' counters.
	if (w->config->file_name)
		json_field(j, "kernel_drops", u64, 0);
	json_close_object(j);
}

static void eve_groups(struct json *j, const struct message_counters *m)
{
	const char *group = NULL;

	for (size_t i = 0; i < sizeof(eve) / sizeof(eve[0]); i++) {
		if (!group || strcmp(group, eve[i].group) != 0) {
			if (group)
				json_close_object(j);
			group = eve[i].group;
			json_put_name(j, group);
			json_open_object(j);
			if (strcmp(group, "flow") == 0)
				json_field(j, "active", u64, m->flows_now);
		}
		json_put_name(j, eve[i].name);
		json_put_u64(j, m->counter[eve[i].counter]);
	}
	json_close_object(j);
}

static void stats_object(struct record_writer *w, const struct stats *s)
{
	struct json *j = &w->json;
	const struct message_counters *m = s->counters;
	uint64_t start_ns = w->config->start_ns;

	json_key(j, "stats");
	json_open_object(j);
	if (start_ns && m->head.time_ns >= start_ns)
		json_field(j, "uptime", u64, (m->head.time_ns - start_ns) / 1000000000);
	capture(w, m, s->live);
	eve_groups(j, m);
	json_key(j, "detect");
	json_open_object(j);
	json_field(j, "alert", u64, s->alerts);
	json_close_object(j);
	json_close_object(j);
}

void record_counts(struct json *j, const uint64_t counter[static DISSECT_COUNTERS], const uint64_t states[static STATE_N],
                   const uint64_t verdicts[static VERDICT_N])
{
	json_key(j, "counters");
	json_open_object(j);
	// Most count what hardly ever happens: a counter that is not there is 0.
	for (size_t i = 0; i < DISSECT_COUNTERS; i++) {
		if (!counter[i])
			continue;
		json_put_name(j, dissect_counter_table[i].name);
		json_put_u64(j, counter[i]);
	}
	json_close_object(j);
	json_key(j, "states");
	json_open_object(j);
	for (size_t i = 0; i < STATE_N; i++) {
		json_put_name(j, state_name((enum state)i));
		json_put_u64(j, states[i]);
	}
	json_close_object(j);
	json_key(j, "verdicts");
	json_open_object(j);
	for (size_t i = 0; i < VERDICT_N; i++) {
		json_put_name(j, verdict_name((enum verdict)i));
		json_put_u64(j, verdicts[i]);
	}
	json_close_object(j);
}

static void own(struct record_writer *w, const struct stats *s)
{
	struct json *j = &w->json;
	const struct message_counters *m = s->counters;

	json_key(j, "smtp_tls");
	json_open_object(j);
	json_field(j, "v", u64, RECORD_SMTP_TLS_VERSION);
	json_field(j, "last", flag, m->last);
	json_field(j, "sessions_now", u64, m->sessions_now);
	json_field(j, "memory_octets", u64, m->memory_octets);
	record_counts(j, m->counter, s->sessions, s->verdicts);
	if (s->live)
		record_live_members(w, s->live);
	if (w->truncated)
		json_field(j, "truncated", flag, true);
	json_close_object(j);
}

static void stats_event(struct record_writer *w, const void *what)
{
	const struct stats *s = what;

	record_head(w, "stats", s->counters->head.time_ns, 0, 0);
	stats_object(w, s);
	own(w, s);
	json_close_object(&w->json);
}

size_t record_stats_live(char *out, const struct record_config *c, const struct message_counters *m, const uint64_t sessions[STATE_N],
                         const uint64_t verdicts[VERDICT_N], uint64_t alerts, const struct record_live *live)
{
	return record_render(out, c, stats_event, &(struct stats){m, sessions, verdicts, alerts, live});
}

size_t record_stats(char *out, const struct record_config *c, const struct message_counters *m,
                    const uint64_t sessions[STATE_N], const uint64_t verdicts[VERDICT_N], uint64_t alerts)
{
	return record_stats_live(out, c, m, sessions, verdicts, alerts, NULL);
}
