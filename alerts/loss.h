// Intervals in which packets were lost, so that a session can say whether it lived through one. docs/design/0020-loss.md.
//
// Intervals that touch are one. The oldest of LOSS_KEPT is forgotten; sums are of all. One thread.
#pragma once

#include "alerts/sensor.h"

#define LOSS_NOTICED_NS UINT64_C(1100000000) // ports are read once a second: so much later, what is lost now is known

enum { LOSS_KEPT = 256 }; // a session rarely lives longer than 256 separate losses

struct loss_interval {
	uint64_t from_ns, to_ns; // wall clock
	uint64_t n[LOSS_NUMBERS];
	uint8_t tap;             // or SENSOR_NO_TAP: of all
	bool blind;              // nobody read packets at all: how many were lost is not known
};

struct loss {
	struct loss_interval kept[LOSS_KEPT]; // a ring
	uint64_t intervals;      // ever; kept[(intervals - 1) % LOSS_KEPT] is the newest
	uint64_t n[LOSS_NUMBERS];
};

// Takes a message that says that packets, or what was made of them, were lost. True: it did. The newest interval is then the
// one it belongs to.
bool loss_take(struct loss *l, const struct message_sensor *m);

// Was anything of this tap lost between the two, or just before them? Loss rarely ends with the second in which it was noticed,
// and what is being lost now is not known yet.
bool loss_overlaps(const struct loss *l, uint8_t tap, uint64_t from_ns, uint64_t to_ns);
