// A segment that a mirror shows twice: where it comes in and where it goes out. See docs/design/0018-duplicates.md.
#pragma once

#include "dissect/net/decode.h"
#include "dissect/place.h"

enum { TWICE_KEPT = 8 }; // of each direction: as many as a switch has under way of one connection

struct twice {
	uint64_t hash[2][TWICE_KEPT], time_ns[2][TWICE_KEPT]; // time 0: none
	uint8_t next[2];
};

// True: the same segment, octet by octet, with the same IPv4 identification, was here within 5 ms of packet time (0.5 ms when
// there is none), and is remembered already. `seed`: secret. What was cut by the capture, or has no time, is never the same.
bool twice_seen(struct twice *t, enum dir d, const struct decoded *s, uint64_t time_ns, uint64_t seed);
