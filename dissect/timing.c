// Time comes with packets: what is due by then is done first.
#include "dissect/timing.h"

#include <string.h>

#include "dissect/route.h"
#include "dissect/stream/stream.h"

// A connection whose slots have come, one after the other up to that of `to`, each at the time it stands for: what a timer
// decides then does not depend on whether a packet, or a mark of time, came just then.
static void run_flow(struct dissect *e, uint32_t flow, uint64_t to)
{
	const uint64_t now_ns = e->now_ns, time_ns = e->time_ns;
	uint64_t tick = wheel_tick_of(&e->wheel, flow);
	for (;;) {
		enum session_end end;
		e->now_ns = tick << WHEEL_TICK_SHIFT;
		if (time_ns > now_ns - e->now_ns) // the same moment in packet time
			e->time_ns = time_ns - (now_ns - e->now_ns);
		wheel_add(&e->wheel, flow, stream_due(e, flow));
		if (stream_timer(e, flow, &end)) {
			wheel_remove(&e->wheel, flow);
			route_close(e, flow, end);
			break;
		}
		uint64_t next = (stream_due(e, flow) >> WHEEL_TICK_SHIFT) + 1;
		tick = next > tick ? next : tick + 1;
		if (tick > to)
			break;
		wheel_remove(&e->wheel, flow);
	}
	e->now_ns = now_ns;
	e->time_ns = time_ns;
}

// In order of birth, whatever their ticks: that is the order in which what they tell is merged with other workers'.
static void run_timers(struct dissect *e)
{
	size_t n = wheel_advance(&e->wheel, e->now_ns);
	for (size_t i = 0; i < n; i++)
		run_flow(e, e->wheel.due[i], e->now_ns >> WHEEL_TICK_SHIFT);
	if (e->now_ns >= e->counters_due_ns) {
		if (e->counters_due_ns)
			tell_counters(e, false);
		e->counters_due_ns = e->now_ns + COUNTERS_EVERY_NS;
	}
}

// Engine time for a packet: the least that is not in the past by one of the clocks met so far. A clock that is further
// behind than all of them is a new one: a capture that starts again in the past, or an arm of the tap whose clock was
// never set. Packets of several clocks may alternate, and time must not run ahead at every change.
static uint64_t engine_time(struct dissect *e, uint64_t time_ns, bool mark)
{
	uint64_t best = UINT64_MAX;
	for (uint32_t i = 0; i < e->n_clocks; i++) {
		uint64_t now = time_ns + e->shift_ns[i];
		if (now + CLOCK_SLACK_NS >= e->now_ns && now < best)
			best = now;
	}
	if (best != UINT64_MAX)
		return best > e->now_ns ? best : e->now_ns;
	if (mark) // says that time passes, and knows no other clock than those of packets
		return e->now_ns;
	if (e->n_clocks == ENGINE_CLOCKS) // the oldest is forgotten
		memmove(e->shift_ns, e->shift_ns + 1, sizeof(e->shift_ns) - sizeof(e->shift_ns[0]));
	else
		e->n_clocks++;
	e->shift_ns[e->n_clocks - 1] = e->now_ns - time_ns;
	counter_add(&e->common[COUNT_decode_time_backwards], 1);
	return e->now_ns;
}

void timing_take(struct dissect *e, const struct packet *p)
{
	bool mark = p->kind == PACKET_TIME;
	if (p->time_ns)
		e->now_ns = engine_time(e, p->time_ns, mark && !p->frame); // with a frame: another worker's packet
	else if (!mark) // it came after the one before it: more is not known
		counter_add(&e->common[COUNT_decode_no_time], 1);
	e->time_ns = p->time_ns;
	e->seq = 2 * p->seq;
	if (wheel_ticks(&e->wheel, e->now_ns))
		run_timers(e);
	e->seq = 2 * p->seq + 1;
}
