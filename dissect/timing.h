// Engine time: packet time, but it never runs back. Nothing here asks for a clock.
#pragma once

#include "dissect/engine.h"

// The worker comes to the time of `p`, which may be a mark without a packet (PACKET_TIME): timers that are due are run, and
// counters told, before anything else is done with it.
void timing_take(struct dissect *e, const struct packet *p);
