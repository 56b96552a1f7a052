// An entry is the upper 48 bits of the hash, whose lower 16 are its place, and the worker plus one.
#include "dissect/meet.h"

#include <errno.h>
#include <stdlib.h>

struct meet {
	uint64_t entry[MEET_ENTRIES];
};

static const uint64_t worker_bits = UINT16_MAX;

int meet_open(struct meet **out)
{
	*out = calloc(1, sizeof(struct meet));
	return *out ? 0 : -ENOMEM;
}

void meet_close(struct meet **m)
{
	free(*m);
	*m = NULL;
}

void meet_put(struct meet *m, uint64_t hash, uint16_t worker)
{
	uint64_t entry = (hash & ~worker_bits) | (uint64_t)(worker + 1u);
	__atomic_store_n(&m->entry[hash % MEET_ENTRIES], entry, __ATOMIC_RELAXED);
}

uint16_t meet_who(const struct meet *m, uint64_t hash)
{
	uint64_t entry = __atomic_load_n(&m->entry[hash % MEET_ENTRIES], __ATOMIC_RELAXED);
	bool here = entry & worker_bits && (entry & ~worker_bits) == (hash & ~worker_bits);
	return here ? (uint16_t)((entry & worker_bits) - 1) : MEET_NOBODY;
}
