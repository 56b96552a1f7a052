// What the `policy` commands share: the cache of a state directory, as a store.
#pragma once

#include "alerts/expect/store.h"
#include "cli/command.h"

// Each of these is 0 or an exit code, and it was told why.

// --state must be given.
int policy_state(const struct options *o, const char *command);
// What the cache has; nothing is an error here when `must`.
int policy_load(const struct options *o, struct store **out, bool must);
// Tells what left the cache could not hold.
void policy_left_out(uint32_t n);

// Of a domain, for people and programs.
struct policy_row {
	const char *name;
	uint8_t level;             // enum expect_level: what a sender must keep
	uint8_t dnssec;            // enum policy_dnssec of its MX answer
	uint8_t n_hosts, n_usable; // hosts named; of them with TLSA records that count
	uint8_t sts;               // enum policy_sts_mode
	int64_t as_of_s;
	const char *why;
};
void policy_row(struct policy_row *out, struct store *s, const struct policy_domain *d);
