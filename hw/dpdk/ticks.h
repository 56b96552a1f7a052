// A card's clock, told in time of the day.
//
// Cards stamp packets in ticks of their own. Now and then both clocks are read together; from two such readings follows how
// long a tick is, and the difference that has grown since the last one is worked off over the next second, so that time
// converted from ticks goes on without a jump while NTP steers the machine's. Pure: readings come in, nothing is asked here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ticks {
	uint64_t base_ticks, base_ns; // a moment in both clocks; conversion starts from it
	uint64_t ref_ticks, ref_ns;   // an earlier reading: the longer ago, the better known is the rate
	double ns_per_tick;           // in use: with what is to be worked off
	double rate;                  // measured
	uint64_t interval_ticks;      // about a second
};

// Two readings at least some 10 ms apart. False when they make no sense: then there is no such clock.
bool ticks_init(struct ticks *t, uint64_t ticks0, uint64_t ns0, uint64_t ticks1, uint64_t ns1);

// Another reading. A step of the machine's clock (over 100 ms) is followed at once.
void ticks_steer(struct ticks *t, uint64_t ticks, uint64_t ns);

// Time for a new reading, when packets are stamped with `ticks` now.
static inline bool ticks_due(const struct ticks *t, uint64_t ticks)
{
	return (int64_t)(ticks - t->base_ticks) > (int64_t)t->interval_ticks;
}

// Nanoseconds since the epoch. A stamp may be older than the last reading.
static inline uint64_t ticks_ns(const struct ticks *t, uint64_t ticks)
{
	return t->base_ns + (uint64_t)(int64_t)((double)(int64_t)(ticks - t->base_ticks) * t->ns_per_tick);
}
