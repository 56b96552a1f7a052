// What is known of policy now: domains by name, hosts by name and by address. Bounded; what was put or found longest ago
// makes room. Values are copied in; what is handed out is valid until the next put. One thread.
#pragma once

#include "alerts/expect/policy.h"

enum {
	STORE_DOMAINS_MAX = 65536, // recipients' domains of a large link in a day
	STORE_HOSTS_MAX = 65536,
	STORE_AT_ADDRESS_MAX = 64, // hosts of one address that are looked at; beyond it nothing is concluded from the address
};

struct store;

int store_open(struct store **out, uint32_t domains_max, uint32_t hosts_max);
void store_close(struct store **s);

// Takes the place of what was there. A host's TLSA set that differs becomes `former` of the new one, unless that brings
// one of its own. 0 or -ENOMEM. They fit struct snapshot_sink with the store as ctx.
int store_put_domain(void *store, const struct policy_domain *d);
int store_put_host(void *store, const struct policy_host *h);

// NULL: unknown.
const struct policy_domain *store_domain(struct store *s, const char *name);
const struct policy_host *store_host(struct store *s, const char *name);

// Hosts that have this address, at most `max`. Returns how many there are; more than `max`: not all are in `out`.
size_t store_at_address(struct store *s, const struct policy_address *a, const struct policy_host **out, size_t max);
// Domains that name this host, likewise.
size_t store_of_host(struct store *s, const char *host, const struct policy_domain **out, size_t max);

// All of them, the ones put first first; NULL at the end. `*at` begins with 0.
const struct policy_domain *store_next_domain(struct store *s, uint32_t *at);
const struct policy_host *store_next_host(struct store *s, uint32_t *at);

void store_flush(struct store *s);
struct store_counts {
	uint32_t domains, hosts;
	uint64_t evicted;
	uint64_t octets;
};
struct store_counts store_counts(const struct store *s);
