// What a probed host showed, beside what is known of its policy. No network: names of the system's resolver prove nothing,
// so DANE is compared with the policy cache alone.
#pragma once

#include "alerts/expect/dane.h"
#include "alerts/expect/store.h"
#include "alerts/probe/probe.h"
#include "alerts/session.h"

struct probe_compared {
	uint8_t dane;              // enum dane
	struct dane_match match;
	const struct policy_host *host; // in the store, valid until the next put; NULL: unknown
	size_t n_certs;
	struct peer peer[PROBE_CERTS_MAX]; // of each certificate as the leaf; [0] has trust and names against the host's name
};

// `name`: of the host, or NULL for an address. `store` and `cert` may be NULL.
void probe_compare(struct probe_compared *out, const struct probe_result *r, const char *name, uint16_t port, struct store *store,
                   struct cert *cert, int64_t now_s);
