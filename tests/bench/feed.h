// Packets that a benchmark puts in front of workers, in place of a card, so that a worker's own source receives them.
//
// Two ways: a ring of DPDK that its net_ring driver receives from, or a lane of ours. Packets are made first (feed_room()), at
// leisure; offering them is cheap and is not measured.
#pragma once

#include "capture/live.h"

struct feed;

struct feed_ops {
	const char *name;
	// For `batch` packets a worker at most between two offers. 0, or -errno with `why`.
	int (*open)(struct feed **out, uint16_t workers, uint32_t batch, char why[static PORT_WHY]);
	// Where the next packet of worker `w` is to be written; NULL: the batch is full.
	uint8_t *(*room)(struct feed *f, uint16_t w, uint32_t len);
	// Offers the next `n` of them, the oldest first. How many were taken; the others are as before.
	uint32_t (*offer)(struct feed *f, uint16_t w, uint32_t n);
	// Gives up what was not taken.
	void (*drop)(struct feed *f, uint16_t w);
	// A port with a queue a worker; closed with whoever gets it.
	struct port *(*port)(struct feed *f);
	// After the port.
	void (*close)(struct feed *f);
};

extern const struct feed_ops feed_lanes, feed_dpdk; // feed_dpdk: where DPDK is built in

enum { FEED_OFFER = 512 }; // at once: a ring of DPDK's has 1,023 places
