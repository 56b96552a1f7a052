// Which values have this key: a keyed hash from octets (a name, an address) to the owners that were added under them.
//
// One key may have any number of owners and costs the same to find. Links lie in their owners. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct index_key;

struct index_link {
	struct index_key *key;
	struct index_link *next, *prev; // of the same key, in the order of adding
	void *owner;
};

struct index_key {
	struct index_key *next; // of the same bucket
	uint64_t hash;
	struct index_link *first, *last;
	uint32_t n;             // owners
	uint16_t len;
	uint8_t octets[];
};

struct index {
	struct index_key **buckets;
	uint64_t mask, seed;    // seed: nobody outside knows which keys meet
	size_t octets;          // of all keys
};

int index_open(struct index *x, uint32_t n_expected);
// Frees what is left of keys; owners are not touched.
void index_close(struct index *x);
// 0 or -ENOMEM. link->owner is set by the caller.
int index_add(struct index *x, struct index_link *link, const void *key, uint16_t len);
void index_remove(struct index *x, struct index_link *link);
const struct index_key *index_find(const struct index *x, const void *key, size_t len);
