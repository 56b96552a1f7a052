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

static void transmitted(struct control_health *h, const struct sensor_state *s)
{
	for (size_t i = 0; i < s->n_ports; i++) {
		const struct sensor_port *p = &s->port[i];
		uint64_t n = p->tx_packets + p->tx_errors;
		if (n > 0 || p->tx_octets > 0)
			problem(h, "%s has sent %llu packets: a tap must never; take it off the link", p->name,
				 (unsigned long long)n);
	}
}

static void children(struct control_health *h, const struct sensor_state *s, const struct board *b, uint64_t wall_ns)
{
	for (size_t i = 0; i < s->n_children; i++) {
		const struct sensor_child *c = &s->child[i];
		// Without a name: not of this configuration.
		if (c->name[0] == '\0' || (i == CHILD_WATCH && board_flag(&b->watch_done)))
			continue;
		if (c->pid == 0)
			problem(h, "%s is not running", c->name);
		else if (c->restarts > 0 && ago_s(wall_ns, c->started_ns) < LATELY_S)
			problem(h, "%s was started again %llu s ago (%u times in all)", c->name,
				(unsigned long long)ago_s(wall_ns, c->started_ns), c->restarts);
	}
}

static void stuck(struct control_health *h, const char *what, uint64_t turned_ns, uint64_t now_ns, uint32_t most_s)
{
	if (now_ns > turned_ns && now_ns - turned_ns > most_s * SECOND_NS)
		problem(h, "%s has not turned for %llu s", what, (unsigned long long)ago_s(now_ns, turned_ns));
}

static void turning(struct control_health *h, const struct sensor_state *s, const struct board *b, uint64_t now_ns)
{
	char name[32];
	uint64_t ready_ns = counter_read(&b->watch_ready_ns), judge_ns = counter_read(&b->judge_ready_ns);
	for (size_t i = 0; ready_ns > 0 && !board_flag(&b->watch_done) && i < s->n_workers; i++) {
		uint64_t turned_ns = counter_read(&b->turned_ns[i]);
		snprintf(name, sizeof name, "worker %zu", i);
		stuck(h, name, turned_ns > ready_ns ? turned_ns : ready_ns, now_ns, WORKER_STUCK_S);
	}
	if (ready_ns > 0 && !board_flag(&b->watch_done) && s->fanned) {
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

static void ports(struct control_health *h, const struct sensor_state *s, const struct board *b, uint64_t wall_ns)
{
	if (counter_read(&b->watch_ready_ns) == 0 && ago_s(wall_ns, s->started_ns) >= START_S)
		problem(h, "the ports are not open yet, %llu s after the start", (unsigned long long)ago_s(wall_ns, s->started_ns));
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i].link_known && !s->port[i].link_up)
			problem(h, "%s has no link", s->port[i].name);
}

static void loss(struct control_health *h, const struct board *b, uint64_t now_ns)
{
	uint64_t lost_ns = counter_read(&b->lost_ns);
	if (lost_ns > 0 && ago_s(now_ns, lost_ns) < LATELY_S)
		problem(h, "packets were lost, last %llu s ago: see `postwacht stats`", (unsigned long long)ago_s(now_ns, lost_ns));
}

static void outbox(struct control_health *h, const struct sensor_state *s, uint64_t wall_ns)
{
	const struct outbox_shared *o = &s->outbox;
	if (o->state != OUTBOX_GOOD)
		problem(h, "the outbox takes nothing (%s) since %llu s: records wait in memory", outbox_state_name[o->state],
			(unsigned long long)ago_s(wall_ns, o->trouble_since_ns));
	if (s->alerts_lost > 0)
		problem(h, "%llu alerts found no room on their way to the outbox since the start", (unsigned long long)s->alerts_lost);
	if (o->damaged[OUTBOX_ALERTS] > 0)
		problem(h, "%llu alerts in the outbox were damaged: see the log", (unsigned long long)o->damaged[OUTBOX_ALERTS]);
}

static void outputs(struct control_health *h, const struct sensor_state *state, uint64_t wall_ns)
{
	for (size_t i = 0; i < state->n_sinks; i++) {
		const struct sink_shared *s = &state->sink[i];
		uint64_t since_ns = s->failing_since_ns, missed = s->missed[OUTBOX_ALERTS];
		if (since_ns > 0 && (s->dead != 0 || ago_s(wall_ns, since_ns) >= FAILING_S))
			problem(h, "output %s takes nothing since %llu s: %s", s->name, (unsigned long long)ago_s(wall_ns, since_ns), s->trouble);
		if (missed > 0)
			problem(h, "output %s never had %llu alerts: they gave way before it took them", s->name, (unsigned long long)missed);
	}
}

void control_health(struct control_health *out, const struct sensor_state *s, const struct board *b, uint64_t mono_ns, uint64_t wall_ns)
{
	out->n = out->n_more = 0;
	transmitted(out, s);
	children(out, s, b, wall_ns);
	turning(out, s, b, mono_ns);
	ports(out, s, b, wall_ns);
	loss(out, b, mono_ns);
	outbox(out, s, wall_ns);
	outputs(out, s, wall_ns);
	if (!s->clock_synced && ago_s(wall_ns, s->started_ns) >= START_S)
		problem(out, "the clock is not synchronised: times in records may be wrong");
}
