// Trouble of the outbox and of outputs, told like the sensor's other troubles: looked at once a second, told when it lasts.
#include "cli/supervisor.h"

#include <string.h>

#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"

#define SECOND_NS UINT64_C(1000000000)

enum {
	OUTBOX_AFTER_S = 2,   // a disk may be slow once
	SINK_AFTER_S = 60,    // a receiver that is started again takes less
	AGAIN_S = 5,          // until an output that could not be prepared is tried again; then after twice as long
	AGAIN_MOST_S = 600,   // ... since the others pause for it
};

static void tell(struct supervisor *s, const char *where, const char *what, uint64_t since_ns, bool over, const uint64_t n[3])
{
	struct message_sensor m = {
		.head = {.type = MESSAGE_SENSOR, .time_ns = clock_wall_ns()},
		.kind = SENSOR_OUTBOX_TROUBLE,
		.tap = SENSOR_NO_TAP,
		.over = over,
		.n = {n[0], n[1], n[2]},
	};
	m.from_ns = since_ns;
	m.to_ns = m.head.time_ns;
	snprintf(m.text, sizeof m.text, "%.64s:%.80s", where, what);
	supervisor_notice(s, &m);
}

static uint64_t both(const uint64_t n[OUTBOX_LANES])
{
	return counter_read(&n[OUTBOX_ALERTS]) + counter_read(&n[OUTBOX_SESSIONS]);
}

// What is gone for good is told each time it grows; it does not last.
static void look_at_losses(struct supervisor *s, struct delivery_seen *seen, const char *where, const char *what, uint64_t alerts,
	uint64_t all)
{
	uint64_t now_ns = clock_wall_ns();
	if (all <= seen->gone) {
		seen->gone = all; // less: it was started again
		seen->alerts_gone = alerts;
		return;
	}
	const uint64_t n[3] = {all - seen->gone, alerts > seen->alerts_gone ? alerts - seen->alerts_gone : 0, 0};
	tell(s, where, what, now_ns, false, n);
	tell(s, where, what, now_ns, true, n);
	seen->gone = all;
	seen->alerts_gone = alerts;
}

static void look_at_state(struct supervisor *s, struct delivery_seen *seen, const char *where, const char *what, uint64_t since_ns,
	uint32_t after_s, uint64_t waiting)
{
	const uint64_t n[3] = {0, 0, waiting};
	uint64_t now_ns = clock_wall_ns();
	uint64_t for_ns = now_ns > since_ns ? now_ns - since_ns : since_ns - now_ns; // the clock may have been set back behind it
	bool lasts = since_ns != 0 && for_ns >= after_s * SECOND_NS;
	if (seen->told && strcmp(seen->where, where) != 0) { // another output has its place
		tell(s, seen->where, seen->what, seen->since_ns, true, n);
		seen->told = false;
	}
	if (lasts && !seen->told) {
		seen->since_ns = since_ns;
		snprintf(seen->where, sizeof seen->where, "%s", where);
		snprintf(seen->what, sizeof seen->what, "%s", what);
		tell(s, where, seen->what, since_ns, false, n);
	} else if (since_ns == 0 && seen->told) {
		tell(s, where, seen->what, seen->since_ns, true, n);
	} else {
		return;
	}
	seen->told = lasts;
}

static void look_at_sink(struct supervisor *s, struct delivery_seen *seen, const struct sink_shared *k)
{
	const struct outbox_shared *o = &s->board->state.outbox;
	char name[sizeof k->name + 1], why[sizeof k->trouble + 1];
	snprintf(name, sizeof name, "%.*s", (int)strnlen(k->name, sizeof k->name), k->name);
	snprintf(why, sizeof why, "%.*s", (int)strnlen(k->trouble, sizeof k->trouble), k->trouble);
	look_at_state(s, seen, name, why, counter_read(&k->failing_since_ns), SINK_AFTER_S,
		sink_waiting(o, k, OUTBOX_ALERTS) + sink_waiting(o, k, OUTBOX_SESSIONS));
	look_at_losses(s, seen, name, "gave way before it took them", counter_read(&k->missed[OUTBOX_ALERTS]), both(k->missed));
}

// The courier has none for a moment when it begins; those that are not configured any more have no trouble.
static void look_at_sinks(struct supervisor *s)
{
	const struct sensor_state *state = &s->board->state;
	size_t n = run_config(s->run)->outputs.n;
	for (size_t i = 0; i < OUTBOX_SINKS; i++) {
		if (i >= n)
			look_at_state(s, &s->sink[i], s->sink[i].where, "", 0, SINK_AFTER_S, 0);
		else if (i < state->n_sinks)
			look_at_sink(s, &s->sink[i], &state->sink[i]);
	}
}

// An output that could not be prepared. Another courier tries it again: this one has given up the rights for that.
static void try_again(struct supervisor *s, uint64_t now_ns)
{
	struct board *b = s->board;
	bool reloaded = b->applied[CHILD_COURIER] != b->state.config_generation; // and nothing of it was changed by that
	uint64_t dead = 0;
	for (size_t i = 0; i < b->state.n_sinks && i < OUTBOX_SINKS; i++)
		dead += counter_read(&b->state.sink[i].dead);
	if (s->stopping || b->state.n_sinks < run_config(s->run)->outputs.n) // one begins
		return;
	if (dead == 0) {
		s->again_s = 0;
		return;
	}
	bool now = reloaded || (s->again_s != 0 && now_ns >= s->again_ns);
	if (!now && s->again_s != 0)
		return;
	if (now) {
		log_info("supervisor", "an output could not be prepared: another courier tries it again");
		__atomic_store_n(&b->courier_leave, true, __ATOMIC_RELEASE);
	}
	s->again_s = reloaded || s->again_s == 0 ? AGAIN_S : s->again_s * 2 < AGAIN_MOST_S ? s->again_s * 2 : AGAIN_MOST_S;
	s->again_ns = now_ns + s->again_s * SECOND_NS;
}

void supervisor_look_at_delivery(struct supervisor *s, uint64_t now_ns)
{
	const struct sensor_state *state = &s->board->state;
	const struct outbox_shared *o = &state->outbox;
	unsigned is = (unsigned)__atomic_load_n(&o->state, __ATOMIC_RELAXED);
	if (now_ns - s->delivery_ns < SECOND_NS)
		return;
	s->delivery_ns = now_ns;
	look_at_state(s, &s->outbox, "outbox", is < OUTBOX_STATES ? outbox_state_name[is] : "unknown",
		is == OUTBOX_GOOD ? 0 : counter_read(&o->trouble_since_ns), OUTBOX_AFTER_S, 0);
	look_at_losses(s, &s->damage, "outbox", "damaged", counter_read(&o->damaged[OUTBOX_ALERTS]), both(o->damaged));
	look_at_losses(s, &s->unkept, "outbox", "no room for them", counter_read(&state->alerts_lost),
		counter_read(&state->alerts_lost) + sensor_records_lost(state));
	look_at_sinks(s);
	try_again(s, now_ns);
}
