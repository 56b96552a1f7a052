// Counters: one writer each, plain names a stranger understands, read by anybody without a lock.
//
// A part that counts has an enum of its counters and a table of names in the same order; a worker owns one
// array of them. Adding two workers' arrays gives the sensor's numbers.
#pragma once

#include <stdint.h>

static inline void counter_add(uint64_t *counter, uint64_t n)
{
	// Relaxed: a reader may see a value a moment old, never a torn one.
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}
