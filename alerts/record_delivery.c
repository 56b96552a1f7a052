// What a running sensor's `stats` says of its outbox and of each receiver: how far it has come, what waits, what gave way. Whoever
// receives it can hold `sent` against the numbers he has.
#include "alerts/record_parts.h"

void record_lanes(struct json *j, const char *name, const uint64_t n[static OUTBOX_LANES])
{
	json_put_name(j, name);
	json_open_object(j);
	for (size_t lane = 0; lane < OUTBOX_LANES; lane++)
		record_number(j, outbox_lane_name[lane], n[lane]);
	json_close_object(j);
}

void record_outbox(struct record_writer *w, const struct outbox_shared *o)
{
	struct json *j = &w->json;

	if (!o->epoch)
		return;
	json_key(j, "outbox");
	json_open_object(j);
	record_number(j, "epoch", o->epoch);
	json_field(j, "state", word, outbox_state_name[o->state]);
	record_lanes(j, "durable", o->durable);
	if (!record_bare(w)) {
		record_lanes(j, "evicted", o->evicted);
		record_lanes(j, "damaged", o->damaged);
		record_lanes(j, "oldest", o->oldest);
		record_lanes(j, "octets", o->octets);
		record_number(j, "errors", o->errors);
	}
	json_close_object(j);
}

static void sink(struct record_writer *w, const struct sink_shared *s, const struct outbox_shared *o)
{
	struct json *j = &w->json;

	json_open_object(j);
	json_key(j, "name");
	record_bounded(w, s->name);
	if (!record_bare(w)) {
		json_key(j, "type");
		record_bounded(w, s->type);
		record_lanes(j, "waiting", (uint64_t[]){sink_waiting(o, s, OUTBOX_ALERTS), sink_waiting(o, s, OUTBOX_SESSIONS)});
		record_lanes(j, "missed", s->missed);
		record_number(j, "filtered", s->filtered);
		record_number(j, "refused", s->refused);
		record_number(j, "errors", s->errors);
	}
	record_number(j, "epoch", s->epoch);
	record_lanes(j, "sent", s->sent);
	json_field(j, "failing", flag, s->failing_since_ns != 0);
	json_close_object(j);
}

void record_sinks(struct record_writer *w, const struct sensor_state *state)
{
	size_t n = record_bare(w) && state->n_sinks > 1 ? 1 : record_list(w, state->n_sinks);

	if (!n)
		return;
	json_key(&w->json, "sinks");
	json_open_array(&w->json);
	for (size_t i = 0; i < n; i++)
		sink(w, &state->sink[i], &state->outbox);
	json_close_array(&w->json);
}
