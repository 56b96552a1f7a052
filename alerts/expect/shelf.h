// Values of one kind in a store: by name, in two orders (of putting, of use), within a bound. Each value is one block of
// memory with everything that belongs to it. One thread.
#pragma once

#include <stdbool.h>

#include "alerts/expect/index.h"
#include "hw/slab.h"

enum shelf_order { SHELF_PUT, SHELF_USED, SHELF_ORDERS };

struct shelf_item {
	struct {
		struct shelf_item *older, *newer;
	} order[SHELF_ORDERS];
	struct index_link by_name;
	uint32_t slot;
	uint32_t n_links;          // in the second index: addresses of a host, hosts of a domain
	size_t octets;             // of this block
	struct index_link *links;  // inside the block
	void *value;               // likewise
};

struct shelf {
	struct index by_name, by_other;
	struct slab slots;         // of pointers to items: a number for each
	struct {
		struct shelf_item *oldest, *newest;
	} order[SHELF_ORDERS];
	uint64_t octets;           // of the blocks
};

int shelf_open(struct shelf *s, uint32_t n_max);
void shelf_close(struct shelf *s);
// A zeroed block, not yet on the shelf, with room for so many links and value octets. NULL: no memory.
struct shelf_item *shelf_make(size_t value_octets, uint32_t n_links);
// Puts it there, as the newest of both orders; its links are the caller's to add. 0 or -ENOMEM, then it is freed. There
// must be room.
int shelf_add(struct shelf *s, struct shelf_item *item, const char *name);
void shelf_remove(struct shelf *s, struct shelf_item *item);
bool shelf_full(const struct shelf *s);
// NULL: not there. Otherwise it now is what was used last.
struct shelf_item *shelf_find(struct shelf *s, const char *name);
void shelf_touch(struct shelf *s, struct shelf_item *item);
// In the order of putting; *at begins with 0. NULL at the end.
struct shelf_item *shelf_next(struct shelf *s, uint32_t *at);
