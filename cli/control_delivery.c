// Outbox and outputs, as status and stats tell them.
#include "cli/control_delivery.h"

#include "alerts/record.h"

static void put_time(struct json *j, const char *name, uint64_t ns, uint64_t wall_ns)
{
	json_put_name(j, name);
	if (ns == 0)
		json_put_null(j);
	else
		json_put_u64(j, wall_ns > ns ? (wall_ns - ns) / 1000000000 : 0);
}

// The bound below which so many in a hundred are, in ms; UINT32_MAX: above the last one; 0: there are none.
static uint32_t quantile_ms(const struct latency *l, unsigned percent)
{
	uint64_t all = 0, n = 0;
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		all += l->n[i];
	for (int i = 0; i < LATENCY_BUCKETS - 1; i++) {
		n += l->n[i];
		if (all > 0 && n >= all - all * (100 - percent) / 100)
			return latency_bound_ms[i];
	}
	return all > 0 ? UINT32_MAX : 0;
}

static void put_latency(struct json *j, const char *name, const struct latency *l)
{
	uint64_t all = 0;
	json_put_name(j, name);
	json_open_object(j);
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		all += l->n[i];
	json_field(j, "n", u64, all);
	json_field(j, "sum_us", u64, l->sum_us);
	json_key(j, "p50_ms_below");
	json_put_u64(j, quantile_ms(l, 50));
	json_key(j, "p99_ms_below");
	json_put_u64(j, quantile_ms(l, 99));
	json_close_object(j);
}

static void put_outbox(struct json *j, const struct sensor_state *state, uint64_t wall_ns)
{
	const struct outbox_shared *o = &state->outbox;
	json_key(j, "outbox");
	json_open_object(j);
	json_field(j, "state", cstr, outbox_state_name[o->state]);
	put_time(j, "trouble_s", o->trouble_since_ns, wall_ns);
	json_field(j, "epoch", u64, o->epoch);
	record_lanes(j, "durable", o->durable);
	record_lanes(j, "oldest", o->oldest);
	record_lanes(j, "octets", o->octets);
	record_lanes(j, "octets_max", o->octets_max);
	record_lanes(j, "evicted", o->evicted);
	record_lanes(j, "damaged", o->damaged);
	record_lanes(j, "forgotten", o->forgotten);
	json_field(j, "syncs", u64, o->syncs);
	json_field(j, "sync_ns", u64, o->sync_ns);
	json_field(j, "errors", u64, o->errors);
	put_latency(j, "alert_durable", &state->durable);
	json_close_object(j);
}

static void put_sink(struct json *j, const struct outbox_shared *o, const struct sink_shared *s, uint64_t wall_ns)
{
	const uint64_t waiting[OUTBOX_LANES] = {sink_waiting(o, s, OUTBOX_ALERTS), sink_waiting(o, s, OUTBOX_SESSIONS)};
	json_open_object(j);
	json_field(j, "name", cstr, s->name);
	json_field(j, "type", cstr, s->type);
	json_field(j, "epoch", u64, s->epoch);
	record_lanes(j, "sent", s->sent);
	record_lanes(j, "waiting", waiting);
	record_lanes(j, "missed", s->missed);
	json_field(j, "messages", u64, s->messages);
	json_field(j, "octets", u64, s->octets);
	json_field(j, "filtered", u64, s->filtered);
	json_field(j, "refused", u64, s->refused);
	json_field(j, "errors", u64, s->errors);
	put_time(j, "taken_s_ago", s->taken_ns, wall_ns);
	put_time(j, "failing_s", s->failing_since_ns, wall_ns);
	json_field(j, "trouble", cstr, s->trouble);
	put_latency(j, "alert_received", &s->received);
	json_close_object(j);
}

void control_put_delivery(struct json *j, const struct sensor_state *state, uint64_t wall_ns)
{
	put_outbox(j, state, wall_ns);
	json_key(j, "outputs");
	json_open_array(j);
	for (size_t i = 0; i < state->n_sinks; i++)
		put_sink(j, &state->outbox, &state->sink[i], wall_ns);
	json_close_array(j);
}
