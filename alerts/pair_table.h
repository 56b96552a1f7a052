// Sessions that have ended and wait for their twin at another tap: found by what they have in common, let go in the order
// in which they came. Bounded by the table of sessions they belong to. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hw/slab.h"

enum {
	PAIR_BUCKETS = 8192, // 5 s of a busy link are some thousands of sessions
	PAIR_LOOKS = 64,     // entries of a bucket that are looked at, so that nobody's choice of names makes a walk of it
};

struct pair_item {
	uint64_t birth;    // of the session
	uint64_t key[2];   // see pair_keys(); 0: cannot be found by it
	uint64_t until_ns; // packet time
	uint32_t chain[2];
	uint32_t older, newer;
	uint8_t tap;
	bool doubt;        // more than one could be its twin: none is taken for it
};

struct pair_table {
	struct slab items;
	uint32_t *heads[2];
	uint32_t oldest, newest;
};

// n_max 0: a table that nothing is put into; costs nothing.
int pair_table_open(struct pair_table *t, uint32_t n_max);
void pair_table_close(struct pair_table *t);

// Adds a copy of `item`, whose until_ns is not less than that of those before. Its place, or 0 when it is full.
uint32_t pair_table_add(struct pair_table *t, const struct pair_item *item);
void pair_table_remove(struct pair_table *t, uint32_t at);

static inline struct pair_item *pair_table_at(const struct pair_table *t, uint32_t at)
{
	return slab_at(&t->items, at);
}

// The next one after `at` (0: the first) of this tap with the same key; 0: none. `*looks` counts down from PAIR_LOOKS; when
// it comes to 0 there may be more.
uint32_t pair_table_next(const struct pair_table *t, unsigned which, uint64_t key, uint8_t tap, uint32_t at, unsigned *looks);
