// Several queues as one stream: packets in the order of time, as far as that can be known without waiting for long.
//
// A packet may go when no other arm can still bring an older one: when each of them has a younger one in hand, or was found
// empty at a time by which everything older would have been there. How long an arm may keep a packet back depends on who
// stamps it: the kernel hands out blocks, a card comes a little late, a file never. The wait is bounded in any case.
// As in capture/source/merge.c nothing is copied: a burst ends where an arm has to be asked again.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"

enum { ARMS_MAX = 256 };

enum { ARM_LANE = 255 }; // arm_config.clock: packets of another worker: whatever is there, never waited for, left as they are

struct arm_config {
	struct source *source; // borrowed
	uint8_t clock;         // enum port_clock, or ARM_LANE
	uint8_t tap, port;     // written into its packets
	uint16_t queue, n_queues; // packets are numbered 1 + queue, 1 + queue + n_queues ...: no number twice in a port
};

struct arms;

// The clocks of one moment, asked once for a burst.
struct arms_now {
	uint64_t mono_ns, wall_ns;
};

// 0 or -errno.
int arms_open(struct arms **out, const struct arm_config *config, size_t n, uint64_t window_ns);
void arms_close(struct arms **a);

// As source_burst(); `seq` is left 0. SOURCE_IDLE also while something is held back. `from`: the arm of each packet.
// An arm's error is told after what came before it; then that arm is asked again.
int arms_burst(struct arms *a, struct packet burst[static PACKET_BURST], uint8_t from[static PACKET_BURST], struct arms_now now);

// How late packets may be by their own time, at most; and the time of the oldest one in hand, UINT64_MAX none.
uint64_t arms_late_ns(const struct arms *a);
uint64_t arms_held_ns(const struct arms *a);

// Packets in hand that are PACKET_WHOLE. Any thread; exact while nobody takes bursts.
uint64_t arms_held(const struct arms *a);

// Nothing will come from any arm; `lanes`: of those, neither.
bool arms_ended(const struct arms *a, bool lanes);

// True when some arm plays capture files: its time is nobody's clock.
bool arms_play(const struct arms *a);

struct arms_now arms_clock(void);
