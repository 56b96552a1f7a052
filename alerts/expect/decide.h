// What should have happened in a session, and how what was shown compares with it: DESIGN section 6, detections section 5.
// Policy and facts in, an expectation out; no clock but packet time, nothing remembered.
#pragma once

#include "alerts/expect/candidates.h"
#include "alerts/expect/dane.h"

struct decide_input {
	const struct facts *facts;
	const struct peer *peer;          // NULL: nothing was opened
	struct store *store;
	struct cert *cert;                // where the chains are kept
	struct dane_memory *dane;
	const struct candidate_hint *hints;
	size_t n_hints;
	bool operator_requires;           // the operator demands TLS of this peer
	bool operator_identity;           // and its identity
	const char *operator_domain;      // of whom he says so; NULL: nobody
};

void decide(struct expectation *out, const struct decide_input *in);

// What a host promises by DANE (enum promise), where it is `d` that names it; NULL: whoever does. `set`: of its records.
uint8_t decide_promise(const struct policy_host *h, const struct policy_domain *d, const struct dane_set *set);

// Reference identifiers of a host, RFC 7672 3.2.2: the base domain, and where the MX answer is secure the next hop and its alias. The
// next hop is any domain that names the host where it is not known (NULL): hidden inside TLS, or nobody's mail. How many.
size_t decide_names(const char *names[static DANE_NAMES_MAX], struct store *store, const struct policy_host *h,
                    const struct policy_domain *next_hop);
