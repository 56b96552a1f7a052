// Outbox and outputs, as status and stats tell them.
#include "cli/control_delivery.h"

#include <string.h>

#include "hw/counter.h"

// Texts on the board may have no end.
#define put_board_text(j, name, array) json_field(j, name, string, array, strnlen(array, sizeof(array)))

static void put_lanes(struct json *j, const char *name, const uint64_t n[OUTBOX_LANES])
{
	json_put_name(j, name);
	json_open_object(j);
	for (int i = 0; i < OUTBOX_LANES; i++) {
		json_put_name(j, outbox_lane_name[i]);
		json_put_u64(j, counter_read(&n[i]));
	}
	json_close_object(j);
}

static void put_time(struct json *j, const char *name, uint64_t ns, uint64_t wall_ns)
{
	json_put_name(j, name);
	if (ns == 0)
		json_put_null(j);
	else
		json_put_u64(j, wall_ns > ns ? (wall_ns - ns) / 1000000000 : 0);
}

static void put_latency(struct json *j, const char *name, const struct latency *l)
{
	uint64_t all = 0;
	json_put_name(j, name);
	json_open_object(j);
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		all += counter_read(&l->n[i]);
	json_field(j, "n", u64, all);
	json_field(j, "sum_us", u64, counter_read(&l->sum_us));
	json_key(j, "p50_ms_below");
	json_put_u64(j, control_quantile_ms(l, 50));
	json_key(j, "p99_ms_below");
	json_put_u64(j, control_quantile_ms(l, 99));
	json_close_object(j);
}

uint32_t control_quantile_ms(const struct latency *l, unsigned percent)
{
	uint64_t all = 0, n = 0;
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		all += counter_read(&l->n[i]);
	for (int i = 0; i < LATENCY_BUCKETS - 1; i++) {
		n += counter_read(&l->n[i]);
		if (all > 0 && n >= all - all * (100 - percent) / 100)
			return latency_bound_ms[i];
	}
	return all > 0 ? UINT32_MAX : 0;
}

static void put_outbox(struct json *j, const struct sensor_state *state, uint64_t wall_ns)
{
	const struct outbox_shared *o = &state->outbox;
	unsigned is = (unsigned)__atomic_load_n(&o->state, __ATOMIC_RELAXED);
	json_key(j, "outbox");
	json_open_object(j);
	json_field(j, "state", cstr, is < OUTBOX_STATES ? outbox_state_name[is] : "unknown");
	put_time(j, "trouble_s", counter_read(&o->trouble_since_ns), wall_ns);
	json_field(j, "epoch", u64, counter_read(&o->epoch));
	put_lanes(j, "durable", o->durable);
	put_lanes(j, "oldest", o->oldest);
	put_lanes(j, "octets", o->octets);
	put_lanes(j, "octets_max", o->octets_max);
	put_lanes(j, "evicted", o->evicted);
	put_lanes(j, "damaged", o->damaged);
	put_lanes(j, "forgotten", o->forgotten);
	json_field(j, "syncs", u64, counter_read(&o->syncs));
	json_field(j, "sync_ns", u64, counter_read(&o->sync_ns));
	json_field(j, "errors", u64, counter_read(&o->errors));
	put_latency(j, "alert_durable", &state->durable);
	json_close_object(j);
}

static void put_sink(struct json *j, const struct outbox_shared *o, const struct sink_shared *s, uint64_t wall_ns)
{
	const uint64_t waiting[OUTBOX_LANES] = {sink_waiting(o, s, OUTBOX_ALERTS), sink_waiting(o, s, OUTBOX_SESSIONS)};
	json_open_object(j);
	put_board_text(j, "name", s->name);
	put_board_text(j, "type", s->type);
	json_field(j, "epoch", u64, counter_read(&s->epoch));
	put_lanes(j, "sent", s->sent);
	put_lanes(j, "waiting", waiting);
	put_lanes(j, "missed", s->missed);
	json_field(j, "messages", u64, counter_read(&s->messages));
	json_field(j, "octets", u64, counter_read(&s->octets));
	json_field(j, "filtered", u64, counter_read(&s->filtered));
	json_field(j, "refused", u64, counter_read(&s->refused));
	json_field(j, "errors", u64, counter_read(&s->errors));
	put_time(j, "taken_s_ago", counter_read(&s->taken_ns), wall_ns);
	put_time(j, "failing_s", counter_read(&s->failing_since_ns), wall_ns);
	put_board_text(j, "trouble", s->trouble);
	put_latency(j, "alert_received", &s->received);
	json_close_object(j);
}

void control_put_delivery(struct json *j, const struct sensor_state *state, uint64_t wall_ns)
{
	uint32_t n = __atomic_load_n(&state->n_sinks, __ATOMIC_RELAXED);
	put_outbox(j, state, wall_ns);
	json_key(j, "outputs");
	json_open_array(j);
	for (size_t i = 0; i < n && i < OUTBOX_SINKS; i++)
		put_sink(j, &state->outbox, &state->sink[i], wall_ns);
	json_close_array(j);
}
