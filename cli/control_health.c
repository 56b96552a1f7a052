// Each way a sensor can be unwell, as a function; the order is that of how bad it is.
#include "cli/control_health.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hw/counter.h"

#define SECOND_NS UINT64_C(1000000000)

enum {
	WORKER_STUCK_S = 1,  // a worker turns thousands of times a second, with or without packets
	WRITER_STUCK_S = 5,  // judge, keeper and courier wait for disks
	FAILING_S = 60,      // an output: a receiver that is started again takes less
	LATELY_S = 60,
	START_S = 15,        // cards need seconds until their link is up
};

// Names on the board are others' work, and may have no end.
#define NAME(array) (int)strnlen(array, sizeof(array)), array

static void problem(struct control_health *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void problem(struct control_health *h, const char *format, ...)
{
	if (h->n == HEALTH_PROBLEMS_MAX) {
		h->n_more++;
		return;
	}
	va_list args;
	va_start(args, format);
	vsnprintf(h->problem[h->n++], HEALTH_PROBLEM_LEN, format, args);
	va_end(args);
}

// Behind a clock that was set back then is to come; that is as long ago as anything.
static uint64_t ago_s(uint64_t now_ns, uint64_t then_ns)
{
	return (now_ns > then_ns ? now_ns - then_ns : then_ns - now_ns) / SECOND_NS;
}

static void transmitted(struct control_health *h, const struct board *b)
{
	for (size_t i = 0; i < b->state.n_ports && i < SENSOR_PORTS; i++) {
		const struct sensor_port *p = &b->state.port[i];
		uint64_t n = counter_read(&p->tx_packets) + counter_read(&p->tx_errors);
		if (n > 0 || counter_read(&p->tx_octets) > 0)
			problem(h, "%.*s has sent %llu packets: a tap must never; take it off the link", NAME(p->name),
				 (unsigned long long)n);
	}
}

static void children(struct control_health *h, const struct board *b, uint64_t wall_ns)
{
	for (size_t i = 0; i < b->state.n_children && i < SENSOR_CHILDREN; i++) {
		const struct sensor_child *c = &b->state.child[i];
		// Without a name: not of this configuration.
		if (c->name[0] == '\0' || (i == CHILD_WATCH && board_flag(&b->watch_done)))
			continue;
		if (c->pid == 0)
			problem(h, "%.*s is not running", NAME(c->name));
		else if (c->restarts > 0 && ago_s(wall_ns, c->started_ns) < LATELY_S)
			problem(h, "%.*s was started again %llu s ago (%u times in all)", NAME(c->name),
				(unsigned long long)ago_s(wall_ns, c->started_ns), c->restarts);
	}
}

static void stuck(struct control_health *h, const char *what, uint64_t turned_ns, uint64_t now_ns, uint32_t most_s)
{
	if (now_ns > turned_ns && now_ns - turned_ns > most_s * SECOND_NS)
		problem(h, "%s has not turned for %llu s", what, (unsigned long long)ago_s(now_ns, turned_ns));
}

static void turning(struct control_health *h, const struct board *b, uint64_t now_ns)
{
	char name[32];
	uint64_t ready_ns = counter_read(&b->watch_ready_ns), judge_ns = counter_read(&b->judge_ready_ns);
	for (size_t i = 0; ready_ns > 0 && !board_flag(&b->watch_done) && i < b->state.n_workers && i < SENSOR_WORKERS; i++) {
		uint64_t turned_ns = counter_read(&b->turned_ns[i]);
		snprintf(name, sizeof name, "worker %zu", i);
		stuck(h, name, turned_ns > ready_ns ? turned_ns : ready_ns, now_ns, WORKER_STUCK_S);
	}
	if (ready_ns > 0 && !board_flag(&b->watch_done) && board_flag(&b->state.fanned)) {
		uint64_t turned_ns = counter_read(&b->reader_turned_ns);
		stuck(h, "the reader of the ports", turned_ns > ready_ns ? turned_ns : ready_ns, now_ns, WORKER_STUCK_S);
	}
	if (judge_ns > 0) {
		stuck(h, "the judge", counter_read(&b->judge_turned_ns), now_ns, WRITER_STUCK_S);
		if (counter_read(&b->keeper_turned_ns) > 0)
			stuck(h, "the keeper", counter_read(&b->keeper_turned_ns), now_ns, WRITER_STUCK_S);
		if (counter_read(&b->courier_turned_ns) > 0)
			stuck(h, "the courier", counter_read(&b->courier_turned_ns), now_ns, WRITER_STUCK_S);
	}
}

static void ports(struct control_health *h, const struct board *b, uint64_t wall_ns)
{
	if (counter_read(&b->watch_ready_ns) == 0 && ago_s(wall_ns, b->state.started_ns) >= START_S)
		problem(h, "the ports are not open yet, %llu s after the start", (unsigned long long)ago_s(wall_ns, b->state.started_ns));
	for (size_t i = 0; i < b->state.n_ports && i < SENSOR_PORTS; i++)
		if (board_flag(&b->state.port[i].link_known) && !board_flag(&b->state.port[i].link_up))
			problem(h, "%.*s has no link", NAME(b->state.port[i].name));
}

static void loss(struct control_health *h, const struct board *b, uint64_t now_ns)
{
	uint64_t lost_ns = counter_read(&b->lost_ns);
	if (lost_ns > 0 && ago_s(now_ns, lost_ns) < LATELY_S)
		problem(h, "packets were lost, last %llu s ago: see `postwacht stats`", (unsigned long long)ago_s(now_ns, lost_ns));
}

static void outbox(struct control_health *h, const struct board *b, uint64_t wall_ns)
{
	const struct outbox_shared *o = &b->state.outbox;
	unsigned is = (unsigned)__atomic_load_n(&o->state, __ATOMIC_RELAXED);
	uint64_t alerts = counter_read(&b->state.alerts_lost);
	if (is != OUTBOX_GOOD)
		problem(h, "the outbox takes nothing (%s) since %llu s: records wait in memory",
			is < OUTBOX_STATES ? outbox_state_name[is] : "unknown", (unsigned long long)ago_s(wall_ns, counter_read(&o->trouble_since_ns)));
	if (alerts > 0)
		problem(h, "%llu alerts found no room on their way to the outbox since the start", (unsigned long long)alerts);
	if (counter_read(&o->damaged[OUTBOX_ALERTS]) > 0)
		problem(h, "%llu alerts in the outbox were damaged: see the log", (unsigned long long)counter_read(&o->damaged[OUTBOX_ALERTS]));
}

static void outputs(struct control_health *h, const struct board *b, uint64_t wall_ns)
{
	for (size_t i = 0; i < b->state.n_sinks && i < OUTBOX_SINKS; i++) {
		const struct sink_shared *s = &b->state.sink[i];
		uint64_t since_ns = counter_read(&s->failing_since_ns), missed = counter_read(&s->missed[OUTBOX_ALERTS]);
		if (since_ns > 0 && (counter_read(&s->dead) != 0 || ago_s(wall_ns, since_ns) >= FAILING_S))
			problem(h, "output %.*s takes nothing since %llu s: %.*s", NAME(s->name), (unsigned long long)ago_s(wall_ns, since_ns),
				NAME(s->trouble));
		if (missed > 0)
			problem(h, "output %.*s never had %llu alerts: they gave way before it took them", NAME(s->name), (unsigned long long)missed);
	}
}

void control_health(struct control_health *out, const struct board *b, uint64_t mono_ns, uint64_t wall_ns)
{
	out->n = out->n_more = 0;
	transmitted(out, b);
	children(out, b, wall_ns);
	turning(out, b, mono_ns);
	ports(out, b, wall_ns);
	loss(out, b, mono_ns);
	outbox(out, b, wall_ns);
	outputs(out, b, wall_ns);
	if (!board_flag(&b->state.clock_synced) && ago_s(wall_ns, b->state.started_ns) >= START_S)
		problem(out, "the clock is not synchronised: times in records may be wrong");
}
