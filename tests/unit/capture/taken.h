// A live capture on fake ports, and what its workers took: for the tests of live captures.
#pragma once

#include "capture/live_parts.h"
#include "tests/unit/capture/fake.h"

// First octet of a packet: a worker (modulo their number) or one of these.
enum { ALL = 200, HERE = 201, TAKEN_MAX = 8192 };

struct taken {
	struct packet p[TAKEN_MAX]; // .data is not valid any more
	uint8_t mark[TAKEN_MAX];
	size_t n, whole;
};

extern struct taken taken[LIVE_WORKERS_MAX];

// Forgets what was taken.
struct live *open_live(uint16_t workers, struct fake *const *fakes, size_t n, size_t lane_octets);

// One burst of a worker. Its outcome.
int take(struct live *l, uint16_t w);

// Received = handed out + lanes full + waiting.
void ledger(struct live *l);

// Reads everything, the reader first: what a test needs fits the lanes.
void read_fan(struct live *l, uint16_t workers);
