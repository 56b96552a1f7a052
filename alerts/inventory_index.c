// Sorted prefixes in groups of one length, and a hash table of names with open addressing, at most half full.
#include "alerts/inventory_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

int index_nets_open(struct index_nets *x, size_t max)
{
	x->net = calloc(max ? max : 1, sizeof(*x->net));
	return x->net ? 0 : -ENOMEM;
}

void index_nets_close(struct index_nets *x)
{
	free(x->net);
	memset(x, 0, sizeof(*x));
}

static void masked(uint8_t out[16], const uint8_t addr[16], uint8_t bits)
{
	memset(out, 0, 16);
	memcpy(out, addr, bits / 8);
	if (bits % 8)
		out[bits / 8] = (uint8_t)(addr[bits / 8] & 0xff << (8 - bits % 8));
}

void index_nets_add(struct index_nets *x, const struct judge_net *net, uint32_t value)
{
	struct index_net *at = &x->net[x->n++];

	*at = (struct index_net){*net, value};
	masked(at->net.addr, net->addr, net->bits);
}

static int by_net(const void *a, const void *b)
{
	const struct index_net *x = a, *y = b;

	if (x->net.ip_v != y->net.ip_v)
		return x->net.ip_v < y->net.ip_v ? -1 : 1;
	if (x->net.bits != y->net.bits)
		return x->net.bits > y->net.bits ? -1 : 1;
	int r = memcmp(x->net.addr, y->net.addr, sizeof(x->net.addr));
	return r ? r : x->value < y->value ? -1 : x->value > y->value;
}

void index_nets_sort(struct index_nets *x)
{
	qsort(x->net, x->n, sizeof(*x->net), by_net);
	for (size_t i = 0; i < x->n; i++) {
		const struct judge_net *n = &x->net[i].net;
		size_t g = x->n_groups;
		if (!g || x->group[g - 1].ip_v != n->ip_v || x->group[g - 1].bits != n->bits) {
			x->group[g].from = (uint32_t)i;
			x->group[g].ip_v = n->ip_v;
			x->group[g].bits = n->bits;
			x->n_groups++;
		}
		x->group[x->n_groups - 1].to = (uint32_t)i + 1;
	}
}

const struct index_net *index_nets_next(const struct index_nets *x, const uint8_t addr[16], uint8_t ip_v, size_t *group,
                                        size_t *n)
{
	uint8_t key[16];

	while (*group < x->n_groups) {
		size_t g = (*group)++;
		if (x->group[g].ip_v != ip_v)
			continue;
		masked(key, addr, x->group[g].bits);
		size_t lo = x->group[g].from, hi = x->group[g].to, end = hi;
		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;
			if (memcmp(x->net[mid].net.addr, key, sizeof(key)) < 0)
				lo = mid + 1;
			else
				hi = mid;
		}
		for (*n = 0; lo + *n < end && memcmp(x->net[lo + *n].net.addr, key, sizeof(key)) == 0;)
			++*n;
		if (*n)
			return &x->net[lo];
	}
	return NULL;
}

int index_names_open(struct index_names *x, size_t max)
{
	size_t n = 4;

	while (n < 2 * max)
		n *= 2;
	x->slot = calloc(n, sizeof(*x->slot));
	x->mask = n - 1;
	return x->slot ? 0 : -ENOMEM;
}

void index_names_close(struct index_names *x)
{
	free(x->slot);
	memset(x, 0, sizeof(*x));
}

static size_t slot_of(const struct index_names *x, const char *name, bool below)
{
	return (XXH3_64bits(name, strlen(name)) + below) & x->mask;
}

void index_names_add(struct index_names *x, const char *name, uint32_t value)
{
	bool below = strncmp(name, "*.", 2) == 0;

	name += below ? 2 : 0;
	size_t i = slot_of(x, name, below);
	while (x->slot[i].name)
		i = (i + 1) & x->mask;
	x->slot[i] = (struct index_name){name, below, value};
}

// What covers it next: what is below its first label, and so on up.
static bool step(const struct index_names *x, const char *name, struct index_names_at *at)
{
	if (!at->rest) {
		at->rest = name;
	} else {
		const char *dot = strchr(at->rest, '.');
		if (!dot)
			return false;
		at->rest = dot + 1;
		at->below = true;
	}
	at->slot = slot_of(x, at->rest, at->below);
	at->within = true;
	return true;
}

bool index_names_next(const struct index_names *x, const char *name, struct index_names_at *at, uint32_t *value)
{
	for (;;) {
		if (!at->within && !step(x, name, at))
			return false;
		const struct index_name *s = &x->slot[at->slot];
		if (!s->name) {
			at->within = false;
			continue;
		}
		at->slot = (at->slot + 1) & x->mask;
		if (s->below == at->below && strcmp(s->name, at->rest) == 0) {
			*value = s->value;
			return true;
		}
	}
}
