// The families: what is measured, one row each. docs/metrics.md is this table for people; a test compares them.
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/metrics_private.h"
#include "dissect/counters.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const child_name[CHILDREN] = {
	[CHILD_WATCH] = "watch", [CHILD_JUDGE] = "judge", [CHILD_SCOUT] = "scout", [CHILD_KEEPER] = "keeper", [CHILD_COURIER] = "courier",
};

// ---- one value -------------------------------------------------------------------------------------------------------

static uint64_t u64_at(const void *base, size_t at)
{
	uint64_t n;
	memcpy(&n, (const char *)base + at, sizeof n);
	return n;
}

static void put_state(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, u64_at(&v->state, t->family->at));
}

static void put_records_lost(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, sensor_records_lost(&v->state));
}

static void put_state_ns(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put_ns(t, NULL, 0, u64_at(&v->state, t->family->at));
}

static void put_state_latency(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put_latency(t, NULL, 0, &v->state.durable);
}

static void put_build(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, &(struct metrics_label){"version", POSTWACHT_VERSION}, 1, 1);
}

static void put_generation(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, v->state.config_generation);
}

static void put_healthy(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, v->health.n == 0);
}

static void put_problems(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, v->health.n + v->health.n_more);
}

static void put_synced(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, v->state.clock_synced);
}

static void put_interval(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, v->heartbeat_s);
}

static void put_flows(struct metrics_text *t, const struct metrics_view *v)
{
	static const enum dissect_counter closed[] = {COUNT_flow_closed_fin, COUNT_flow_closed_rst, COUNT_flow_closed_idle,
		COUNT_flow_closed_eof, COUNT_flow_closed_evicted, COUNT_flow_closed_reuse};
	uint64_t n = 0;
	for (size_t i = 0; i < COUNT(closed); i++)
		n += v->counter[closed[i]];
	metrics_put(t, NULL, 0, v->counter[COUNT_flow_opened] > n ? v->counter[COUNT_flow_opened] - n : 0);
}

static void put_flows_max(struct metrics_text *t, const struct metrics_view *v)
{
	metrics_put(t, NULL, 0, v->names->flows_max);
}

// ---- processes -------------------------------------------------------------------------------------------------------

static bool child_is_there(const struct metrics_view *v, size_t i)
{
	return i < v->state.n_children && v->state.child[i].name[0] != '\0'; // without a name: not of this configuration
}

static void put_up(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (child_is_there(v, i))
			metrics_put(t, &(struct metrics_label){"process", child_name[i]}, 1, v->state.child[i].pid > 0);
}

static void put_restarts(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (child_is_there(v, i))
			metrics_put(t, &(struct metrics_label){"process", child_name[i]}, 1, v->state.child[i].restarts);
}

static void put_turned(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < CHILDREN; i++) {
		if (!child_is_there(v, i) || v->turned_ns[i] == 0)
			continue;
		uint64_t ago_ns = v->mono_ns > v->turned_ns[i] ? v->mono_ns - v->turned_ns[i] : 0;
		metrics_put_ns(t, &(struct metrics_label){"process", child_name[i]}, 1, ago_ns);
	}
}

// ---- ports and workers -----------------------------------------------------------------------------------------------

typedef void (*port_put)(struct metrics_text *t, const struct metrics_label l[static 2], const struct sensor_port *p);

static void each_port(struct metrics_text *t, const struct metrics_view *v, port_put put)
{
	for (size_t i = 0; i < v->names->n_ports; i++)
		put(t, (struct metrics_label[]){{"tap", v->names->port[i].tap}, {"port", v->names->port[i].port}}, &v->state.port[i]);
}

static void port_u64(struct metrics_text *t, const struct metrics_label l[static 2], const struct sensor_port *p)
{
	metrics_put(t, l, 2, u64_at(p, t->family->at));
}

static void port_ns(struct metrics_text *t, const struct metrics_label l[static 2], const struct sensor_port *p)
{
	metrics_put_ns(t, l, 2, u64_at(p, t->family->at));
}

static void port_link(struct metrics_text *t, const struct metrics_label l[static 2], const struct sensor_port *p)
{
	if (p->link_known)
		metrics_put(t, l, 2, p->link_up);
}

static void port_missed(struct metrics_text *t, const struct metrics_label l[static 2], const struct sensor_port *p)
{
	const struct {
		const char *reason;
		uint64_t n;
	} rows[] = {{"missed", p->missed}, {"errors", p->errors}, {"no_mbuf", p->no_mbuf}};
	for (size_t i = 0; i < COUNT(rows); i++)
		metrics_put(t, (struct metrics_label[]){l[0], l[1], {"reason", rows[i].reason}}, 3, rows[i].n);
}

static void put_port(struct metrics_text *t, const struct metrics_view *v)
{
	each_port(t, v, port_u64);
}

static void put_port_ns(struct metrics_text *t, const struct metrics_view *v)
{
	each_port(t, v, port_ns);
}

static void put_links(struct metrics_text *t, const struct metrics_view *v)
{
	each_port(t, v, port_link);
}

static void put_missed(struct metrics_text *t, const struct metrics_view *v)
{
	each_port(t, v, port_missed);
}

static void put_worker(struct metrics_text *t, const struct metrics_view *v)
{
	char worker[16];
	for (size_t i = 0; i < v->state.n_workers; i++) {
		snprintf(worker, sizeof worker, "%u", (unsigned)i);
		uint64_t n = u64_at(&v->state.worker[i], t->family->at);
		if (strcmp(t->family->unit, "seconds") == 0)
			metrics_put_ns(t, &(struct metrics_label){"worker", worker}, 1, n);
		else
			metrics_put(t, &(struct metrics_label){"worker", worker}, 1, n);
	}
}

// ---- mail ------------------------------------------------------------------------------------------------------------

static void put_counters(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < DISSECT_COUNTERS; i++)
		metrics_put(t, &(struct metrics_label){"counter", dissect_counter_table[i].name}, 1, v->counter[i]);
}

static void put_verdicts(struct metrics_text *t, const struct metrics_view *v)
{
	for (int i = 0; i < VERDICT_N; i++)
		metrics_put(t, &(struct metrics_label){"verdict", verdict_name((enum verdict)i)}, 1, v->verdicts[i]);
}

static void put_states(struct metrics_text *t, const struct metrics_view *v)
{
	for (int i = 0; i < STATE_N; i++)
		metrics_put(t, &(struct metrics_label){"state", state_name((enum state)i)}, 1, v->states[i]);
}

static void put_alerts(struct metrics_text *t, const struct metrics_view *v)
{
	for (int i = SEVERITY_CRITICAL; i >= SEVERITY_LOW; i--) // what is only `info` is no alert
		metrics_put(t, &(struct metrics_label){"severity", severity_name((enum severity)i)}, 1, v->state.alerts_by_severity[i]);
}

// ---- outbox and sinks ------------------------------------------------------------------------------------------------

static void put_lane(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t l = 0; l < OUTBOX_LANES; l++)
		metrics_put(t, &(struct metrics_label){"lane", outbox_lane_name[l]}, 1,
			u64_at(&v->state.outbox, t->family->at + l * sizeof(uint64_t)));
}

static uint64_t kept(const struct outbox_shared *o, size_t lane)
{
	return o->oldest[lane] > 0 && o->durable[lane] >= o->oldest[lane] ? o->durable[lane] - o->oldest[lane] + 1 : 0;
}

static void put_kept(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t l = 0; l < OUTBOX_LANES; l++)
		metrics_put(t, &(struct metrics_label){"lane", outbox_lane_name[l]}, 1, kept(&v->state.outbox, l));
}

static void put_outbox_states(struct metrics_text *t, const struct metrics_view *v)
{
	for (int i = 0; i < OUTBOX_STATES; i++)
		metrics_put(t, &(struct metrics_label){"state", outbox_state_name[i]}, 1, v->state.outbox.state == i);
}

static struct metrics_label sink(const struct metrics_view *v, size_t i)
{
	return (struct metrics_label){"sink", v->names->sink[i].name};
}

static void put_sink(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		metrics_put(t, (struct metrics_label[]){sink(v, i)}, 1, u64_at(&v->state.sink[i], t->family->at));
}

static void put_sink_lane(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		for (size_t l = 0; l < OUTBOX_LANES; l++)
			metrics_put(t, (struct metrics_label[]){sink(v, i), {"lane", outbox_lane_name[l]}}, 2,
				u64_at(&v->state.sink[i], t->family->at + l * sizeof(uint64_t)));
}

static void put_waiting(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++)
			metrics_put(t, (struct metrics_label[]){sink(v, i), {"lane", outbox_lane_name[l]}}, 2,
				sink_waiting(&v->state.outbox, &v->state.sink[i], l));
}

static void put_failing(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		metrics_put(t, (struct metrics_label[]){sink(v, i)}, 1, v->state.sink[i].failing_since_ns != 0);
}

static void put_taken(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		metrics_put_ns(t, (struct metrics_label[]){sink(v, i)}, 1, v->state.sink[i].taken_ns);
}

static void put_received(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		metrics_put_latency(t, (struct metrics_label[]){sink(v, i)}, 1, &v->state.sink[i].received);
}

static void put_sink_types(struct metrics_text *t, const struct metrics_view *v)
{
	for (size_t i = 0; i < v->names->n_sinks; i++)
		metrics_put(t, (struct metrics_label[]){sink(v, i), {"type", v->names->sink[i].type}}, 2, 1);
}

// ---- the table -------------------------------------------------------------------------------------------------------

#define STATE(field) offsetof(struct sensor_state, field)
#define PORT(field) offsetof(struct sensor_port, field)
#define WORKER(field) offsetof(struct sensor_worker, field)
#define OUTBOX(field) offsetof(struct outbox_shared, field)
#define SINK(field) offsetof(struct sink_shared, field)

const struct metrics_family metrics_families[] = {
	// The sensor.
	{"build", METRICS_INFO, "", "The program that runs; always 1.", put_build},
	{"start_time_seconds", METRICS_GAUGE, "seconds", "When the sensor was started, since 1970.", put_state_ns, STATE(started_ns)},
	{"config_generation", METRICS_GAUGE, "", "How often the configuration in force was read again.", put_generation},
	{"healthy", METRICS_GAUGE, "", "1 where /healthz and postwacht status have nothing to say against the sensor.", put_healthy},
	{"problems", METRICS_GAUGE, "", "How many problems postwacht status would name.", put_problems},
	{"heartbeat_interval_seconds", METRICS_GAUGE, "seconds", "Between two stats records (sensor.heartbeat_s).", put_interval},
	{"last_heartbeat_timestamp_seconds", METRICS_GAUGE, "seconds", "When the judge last wrote a stats record; 0 never.", put_state_ns,
		STATE(heartbeat_ns)},
	{"clock_synced", METRICS_GAUGE, "", "1 where the clock of the machine is synchronised.", put_synced},
	{"clock_error_seconds", METRICS_GAUGE, "seconds", "By how much the clock may be wrong, as the kernel estimates; 0 where not known.",
		put_state_ns, STATE(clock_error_ns)},
	{"process_up", METRICS_GAUGE, "", "1 where the process runs.", put_up},
	{"process_restarts", METRICS_COUNTER, "", "How often the process was started again after it had died.", put_restarts},
	{"process_turn_age_seconds", METRICS_GAUGE, "seconds", "Since the process last turned; of several threads the slowest.", put_turned},
	// From the wire.
	{"packets", METRICS_COUNTER, "", "Packets received from the port.", put_port, PORT(rx_packets)},
	{"packet_bytes", METRICS_COUNTER, "bytes", "Octets received from the port.", put_port, PORT(rx_octets)},
	{"last_packet_timestamp_seconds", METRICS_GAUGE, "seconds", "When more packets were last found at the port; 0 never.", put_port_ns,
		PORT(last_packet_ns)},
	{"capture_missed", METRICS_COUNTER, "", "Packets that never came: no room (missed), damaged (errors), no buffer (no_mbuf).",
		put_missed},
	{"port_link_up", METRICS_GAUGE, "", "1 where the port has link; none where it cannot tell.", put_links},
	{"transmitted_packets", METRICS_COUNTER, "", "Packets that were sent on the port: a tap must never.", put_port, PORT(tx_packets)},
	{"transmit_errors", METRICS_COUNTER, "", "Packets that somebody tried to send on the port.", put_port, PORT(tx_errors)},
	{"received_packets", METRICS_COUNTER, "", "Packets received from all ports.", put_state, STATE(rx)},
	{"dissected_packets", METRICS_COUNTER, "", "Packets that were dissected.", put_state, STATE(dissected)},
	{"lanes_full", METRICS_COUNTER, "", "Packets without room on their way to a worker: lost.", put_state, STATE(lanes_full)},
	{"worker_busy_seconds", METRICS_COUNTER, "seconds", "What the worker worked.", put_worker, WORKER(busy_ns)},
	{"worker_slept_seconds", METRICS_COUNTER, "seconds", "What the worker slept.", put_worker, WORKER(slept_ns)},
	{"facts_lost", METRICS_COUNTER, "", "Messages of a worker without room on their way to the judge.", put_worker, WORKER(facts_lost)},
	{"evidence_lost", METRICS_COUNTER, "", "Packets of evidence without room on their way to the judge.", put_worker,
		WORKER(evidence_lost)},
	{"flow_table_entries", METRICS_GAUGE, "", "TCP connections in the table.", put_flows},
	{"flow_table_limit", METRICS_GAUGE, "", "Connections for which there is room (memory.flows_max).", put_flows_max},
	{"dissect", METRICS_COUNTER, "", "Every counter of postwacht stats, by its name.", put_counters},
	// What was said of it.
	{"sessions", METRICS_COUNTER, "", "Sessions that were told, by verdict.", put_verdicts},
	{"session_states", METRICS_COUNTER, "", "Sessions that were told, by state.", put_states},
	{"alerts", METRICS_COUNTER, "", "Alerts that were told, by severity.", put_alerts},
	{"alerts_suppressed", METRICS_COUNTER, "", "Alerts that were counted in place of being told (alerts.rate_per_s).", put_state,
		STATE(alerts_suppressed)},
	{"records", METRICS_COUNTER, "", "Records of all kinds.", put_state, STATE(records)},
	{"alerts_lost", METRICS_COUNTER, "", "Alerts without room on their way to the outbox.", put_state, STATE(alerts_lost)},
	{"records_lost", METRICS_COUNTER, "", "Other records without room on their way to the outbox, or on its disk.", put_records_lost},
	// On its way.
	{"outbox_records", METRICS_COUNTER, "", "Records on disk, ever: the number of the last.", put_lane, OUTBOX(durable)},
	{"outbox_kept_records", METRICS_GAUGE, "", "Records that are still in the outbox.", put_kept},
	{"outbox_size_bytes", METRICS_GAUGE, "bytes", "What the lane takes on disk.", put_lane, OUTBOX(octets)},
	{"outbox_size_limit_bytes", METRICS_GAUGE, "bytes", "What the lane may take; then the oldest go.", put_lane, OUTBOX(octets_max)},
	{"outbox_evicted_records", METRICS_COUNTER, "", "Records that went, sent or not, since the start.", put_lane, OUTBOX(evicted)},
	{"outbox_damaged_records", METRICS_COUNTER, "", "Records that could not be read any more.", put_lane, OUTBOX(damaged)},
	{"outbox_state", METRICS_GAUGE, "", "1 for the state the outbox is in, 0 for the others.", put_outbox_states},
	{"outbox_errors", METRICS_COUNTER, "", "Writes to the outbox that failed.", put_state, STATE(outbox.errors)},
	{"outbox_syncs", METRICS_COUNTER, "", "Groups of records brought to disk (fdatasync).", put_state, STATE(outbox.syncs)},
	{"outbox_sync_seconds", METRICS_COUNTER, "seconds", "What fdatasync took.", put_state_ns, STATE(outbox.sync_ns)},
	{"alert_durable_seconds", METRICS_HISTOGRAM, "seconds", "From the packet that decided an alert until it was on disk.",
		put_state_latency},
	{"sink", METRICS_INFO, "", "The outputs of the configuration; always 1.", put_sink_types},
	{"sink_sent_records", METRICS_COUNTER, "", "Records that the receiver has, ever: the number of the last.", put_sink_lane, SINK(sent)},
	{"sink_waiting_records", METRICS_GAUGE, "", "Records on disk that the sink has not come to.", put_waiting},
	{"sink_missed_records", METRICS_COUNTER, "", "Records that gave way before they could be sent.", put_sink_lane, SINK(missed)},
	{"sink_filtered_records", METRICS_COUNTER, "", "Records that the filter of the sink passed over.", put_sink, SINK(filtered)},
	{"sink_refused_records", METRICS_COUNTER, "", "Records that the receiver will never take.", put_sink, SINK(refused)},
	{"sink_messages", METRICS_COUNTER, "", "Messages that the receiver has, since the start.", put_sink, SINK(messages)},
	{"sink_message_bytes", METRICS_COUNTER, "bytes", "Octets of the messages that the receiver has, since the start.", put_sink,
		SINK(octets)},
	{"sink_errors", METRICS_COUNTER, "", "Attempts to deliver that failed.", put_sink, SINK(errors)},
	{"sink_failing", METRICS_GAUGE, "", "1 from the first attempt that fails to the next that does not.", put_failing},
	{"sink_last_taken_timestamp_seconds", METRICS_GAUGE, "seconds", "When the receiver last took something; 0 never.", put_taken},
	{"alert_received_seconds", METRICS_HISTOGRAM, "seconds", "From the packet that decided an alert until the receiver had it.",
		put_received},
};

const size_t metrics_families_n = COUNT(metrics_families);
