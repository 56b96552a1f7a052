// The clocks of the machine. Only the program's edges ask them: time inside dissect/ is packet time.
#pragma once

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

static inline uint64_t clock_read_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// Nanoseconds since the epoch; may jump when the operator or NTP sets the clock.
static inline uint64_t clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

// Nanoseconds since some moment before the program started; never goes back.
static inline uint64_t clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

// Ticks of the cheapest counter there is, to measure short stretches on one core: cycles of the time stamp counter
// where the machine has one, nanoseconds elsewhere. Compare only with itself.
static inline uint64_t clock_cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __rdtsc();
#else
	return clock_mono_ns();
#endif
}
