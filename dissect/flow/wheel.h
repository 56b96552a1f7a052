// Timers of flows, driven by packet time: a wheel of one-second slots.
//
// A flow stands in one slot. Packets do not move it: when its slot comes, the owner looks at the flow, and either
// ends it or puts it back at the time it is due. So a packet costs one store of a time, and no list is touched.
#pragma once

#include "dissect/flow/table.h"

enum {
	WHEEL_SLOTS = 256,               // 256 s ahead; later timers come round and are put back
	WHEEL_TICK_SHIFT = 30,           // a tick is 2^30 ns, 1.07 s
};

struct wheel {
	struct flow_table *table;
	uint32_t head[WHEEL_SLOTS];
	uint64_t tick;       // slots up to and including this one have been emptied
	bool started;
	uint32_t *due;       // flows of the slots that came, in order of birth; room for all flows, touched lazily
	size_t due_len;      // octets of that room
};

int wheel_open(struct wheel *w, struct flow_table *table, uint32_t flows_max);
void wheel_close(struct wheel *w);

// Puts a flow that stands in no slot into the one for `due_ns`.
void wheel_add(struct wheel *w, uint32_t flow, uint64_t due_ns);
void wheel_remove(struct wheel *w, uint32_t flow);
// Puts a flow into an earlier slot.
void wheel_hasten(struct wheel *w, uint32_t flow, uint64_t due_ns);

// True when time `now_ns` brings a new tick: then wheel_advance() takes the flows whose slots have come off the
// wheel and returns how many stand in w->due. Each must be put back or closed.
static inline bool wheel_ticks(const struct wheel *w, uint64_t now_ns)
{
	return now_ns >> WHEEL_TICK_SHIFT > w->tick || !w->started;
}

// The tick for which a flow stood in its slot, after wheel_advance() has taken it off.
uint64_t wheel_tick_of(const struct wheel *w, uint32_t flow);
size_t wheel_advance(struct wheel *w, uint64_t now_ns);

// Puts w->due[0..n) in order of birth, so that what is told does not depend on slots, nor on how many workers there are.
void wheel_sort_due(struct wheel *w, size_t n);
