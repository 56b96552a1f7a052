// A live port that plays what a test tells it, for the tests of live captures.
#pragma once

#include "capture/port.h"
#include "capture/source/ops.h"

enum { FAKE_MAX = 4096, FAKE_LEN = 40 };

struct fake;

struct fake_queue {
	struct source source;
	uint64_t time_ns[FAKE_MAX]; // 0 and FAKE_* are words, see below
	uint8_t mark[FAKE_MAX];     // first octet of the packet: whose it is
	uint32_t len[FAKE_MAX];     // 0: FAKE_LEN
	size_t n, at;
	uint8_t octets[PACKET_BURST][FAKE_LEN];
	const uint8_t *large;       // octets of packets with a `len`
	struct fake *fake;
};

// Instead of a time.
#define FAKE_IDLE (UINT64_MAX - 1)  // SOURCE_IDLE once
#define FAKE_ERROR (UINT64_MAX - 2) // -ENETDOWN once
#define FAKE_CUT (UINT64_MAX - 3)   // a burst ends here

// Its end: SOURCE_END, or for `endless` SOURCE_IDLE for ever.
struct fake {
	struct port port;
	struct port_about about;
	bool endless;
	uint64_t rx_packets;
	bool *closed;
	uint32_t waits;
	struct fake_queue queue[4];
};

struct fake *fake_open(uint16_t queues, enum port_clock clock);
void fake_add(struct fake *f, uint16_t queue, uint64_t time_ns, uint8_t mark);
