// Parts of `postwacht probe`: whom it asks, whether it may, and how the answer is told.
#pragma once

#include <stdio.h>

#include "alerts/probe/compare.h"
#include "cli/command.h"
#include "configs/config.h"

enum { PROBE_ADDRESSES_MAX = 4 }; // tried in turn until one answers; few hosts have more of one kind

struct probe_target {
	char host[INVENTORY_DOMAIN_MAX + 1]; // as typed, in lower case
	bool literal;                        // an address was typed
	uint16_t port;
	size_t n;
	struct policy_address address[PROBE_ADDRESSES_MAX];
	const char *source;                  // of the addresses: "typed", "inventory", "policy cache", "resolver"
	// What the inventory says; borrowed from it.
	bool own;
	bool partner;
	struct inventory_peer peer;
};

// 0, or EXIT_USAGE and told why: HOST, HOST:PORT, [ADDRESS]:PORT or an IPv4 address.
int probe_target_parse(struct probe_target *t, const char *word);
// Fills the addresses: from the inventory, the cache, or the system's resolver, which gets at most `limit_ms`.
int probe_target_find(struct probe_target *t, const struct inventory_config *inventory, struct store *cache, uint32_t limit_ms);
// Fills own, partner and peer. Whether policy.probe_scope allows it; told why not.
int probe_target_allowed(struct probe_target *t, const struct config *c, const struct inventory *i, struct store *cache);

// What is told of it.
struct probe_told {
	const struct probe_target *target;
	const char *ehlo;
	int64_t at_s;
	struct policy_address address;     // that was asked
	const struct probe_result *result;
	const struct probe_compared *compared;
	const char *store;                 // trust store, or ""
	bool cache;                        // there is one
	bool kept;                         // in it
};

// "trusted", "self_signed" ...
const char *probe_trust_name(uint8_t trust);
const char *probe_names_name(uint8_t names);
// What was agreed with the partner, or NULL: there is none.
const char *probe_agreed(const struct probe_told *p, bool *kept);

void probe_print(FILE *out, const struct probe_told *p);
bool probe_print_json(FILE *out, const struct probe_told *p);
