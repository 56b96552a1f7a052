// Which host a server is: every name that a passive observer may use, strongest source first. detections step 1, DESIGN
// section 6. A name from the wire is a candidate only where policy knows it; one that policy does not know says nothing.
#pragma once

#include "alerts/expect/store.h"
#include "alerts/session.h"

enum candidate_source {
	CANDIDATE_INVENTORY, // the operator says so
	CANDIDATE_PDNS,      // the sender's own DNS answer, seen on the tap
	CANDIDATE_SNI,       // the name the client asked for
	CANDIDATE_RCPT,      // a recipient's domain, its MX hosts, their addresses
	CANDIDATE_ADDRESS,   // a host of policy that has this address
	CANDIDATE_BANNER,    // what the server calls itself: a hint
	CANDIDATE_SOURCES,
};

const char *candidate_source_name(enum candidate_source s); // "inventory", "pdns", "sni", "rcpt-mx", "watchlist", "banner"

// What somebody else knows of the server of this session: the inventory, DNS on the tap.
struct candidate_hint {
	uint8_t source;           // enum candidate_source
	bool sure;                // the sender's own resolver
	char host[POLICY_NAME];
	char domain[POLICY_NAME]; // whose mail led there; empty: not known
};

enum { CANDIDATES_MAX = 64, CANDIDATE_DOMAINS_MAX = FACTS_RCPT_DOMAINS };

struct candidate {
	uint8_t source;           // the strongest that names it
	bool sure;                // sources that may be certain name it
	const struct policy_host *host;
	const struct policy_domain *domain; // NULL: not known
};

struct candidates {
	size_t n;                 // of the strongest source that has any, hosts once each (of RCPT once for each domain)
	struct candidate candidate[CANDIDATES_MAX];
	size_t n_domains;         // recipients' domains that were seen and that policy knows
	const struct policy_domain *domain[CANDIDATE_DOMAINS_MAX];
	uint8_t n_unknown;        // and those that it does not
	bool sni_elsewhere;       // the client asked for a name that is none of this server's, as far as policy knows
};

// Everything in `out` points into the store.
void candidates_find(struct candidates *out, const struct facts *f, struct store *store, const struct candidate_hint *hints,
                     size_t n_hints);

struct policy_address candidates_server(const struct facts *f);
bool candidates_has_address(const struct policy_host *h, const struct policy_address *a);

// Names that policy should know to judge this session: at most `max` of them. For who asks a resolver.
struct candidate_name {
	bool host;                // else a domain
	char name[POLICY_NAME];
};
size_t candidates_wanted(struct candidate_name *out, size_t max, const struct facts *f, const struct candidate_hint *hints,
                         size_t n_hints);
