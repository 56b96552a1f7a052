// Looking up addresses and names among what was configured, without walking it. Private to alerts/inventory.c.
#pragma once

#include <stddef.h>

#include "alerts/net.h"

struct index_net {
	struct judge_net net;
	uint32_t value; // of whoever added it
};

// Prefixes, sorted; each length of prefix that occurs is one group, and one look by halves.
enum { INDEX_GROUPS_MAX = 33 + 129 };

struct index_nets {
	struct index_net *net;
	size_t n;
	struct {
		uint32_t from, to;
		uint8_t ip_v, bits;
	} group[INDEX_GROUPS_MAX]; // longest prefix first
	size_t n_groups;
};

// Room for `max` prefixes, then each in turn, then sorted. 0 or -ENOMEM.
int index_nets_open(struct index_nets *x, size_t max);
void index_nets_add(struct index_nets *x, const struct judge_net *net, uint32_t value);
void index_nets_sort(struct index_nets *x);
void index_nets_close(struct index_nets *x);

// The next prefix that covers the address, longest first, and how many entries have it (`*n`, in the order of their
// values). `*group` begins with 0. NULL: no more.
const struct index_net *index_nets_next(const struct index_nets *x, const uint8_t addr[16], uint8_t ip_v, size_t *group,
                                        size_t *n);

// Names, each of which may stand there several times. "*.x" covers what is below x at any depth, not x.
struct index_names {
	struct index_name {
		const char *name; // without "*."; NULL: a free place
		bool below;
		uint32_t value;
	} *slot;
	size_t mask;
};

int index_names_open(struct index_names *x, size_t max);
void index_names_add(struct index_names *x, const char *name, uint32_t value);
void index_names_close(struct index_names *x);

// Entries that cover `name`: the name itself first, then the longest "*.". Zero `at` to begin. False: no more.
struct index_names_at {
	const char *rest; // what is looked for now
	size_t slot;
	bool below, within;
};
bool index_names_next(const struct index_names *x, const char *name, struct index_names_at *at, uint32_t *value);
