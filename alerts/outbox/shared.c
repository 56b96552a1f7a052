// Words and counting of what the outbox and the sinks say of themselves.
#include "alerts/outbox/shared.h"

#include "hw/counter.h"

const char *const outbox_lane_name[OUTBOX_LANES] = {[OUTBOX_ALERTS] = "alerts", [OUTBOX_SESSIONS] = "sessions"};

const char *const outbox_state_name[OUTBOX_STATES] = {
	[OUTBOX_GOOD] = "good",
	[OUTBOX_NO_SPACE] = "no space",
	[OUTBOX_READ_ONLY] = "read-only",
	[OUTBOX_FAILING] = "failing",
};

const uint32_t latency_bound_ms[LATENCY_BUCKETS - 1] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000, 600000};

void latency_add(struct latency *l, uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned i = 0;

	while (i < LATENCY_BUCKETS - 1 && us > latency_bound_ms[i] * UINT64_C(1000))
		i++;
	counter_add(&l->n[i], 1);
	counter_add(&l->sum_us, us);
}

uint64_t sink_waiting(const struct outbox_shared *o, const struct sink_shared *s, enum outbox_lane lane)
{
	uint64_t durable = counter_read(&o->durable[lane]), oldest = counter_read(&o->oldest[lane]), at = counter_read(&s->at[lane]);
	uint64_t next = at > oldest ? at : oldest ? oldest : 1;

	return durable >= next ? durable - next + 1 : 0;
}
