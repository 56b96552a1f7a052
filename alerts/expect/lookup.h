// What a domain, or one host, has promised in DNS: MX, addresses, TLSA, and the TXT records of MTA-STS and TLSRPT, in the order and
// with the stop rules of RFC 5321 5.1 and RFC 7672 2.2. Asks through a struct resolver_source; knows no network.
//
// A failed step is told as bogus or indeterminate where it failed, and nothing after it is asked: a failure never reads as "no
// records". Costs are bounded: POLICY_MX_MAX hosts, at most five questions each, and time. One thread.
#pragma once

#include "alerts/expect/resolver.h"
#include "alerts/expect/sts_keep.h"

struct lookup_config {
	struct resolver_source source;
	bool sts;                // ask for _mta-sts, too
	bool addresses_only;     // of a host: no TLSA
	uint32_t timeout_ms;     // for all of it, 0: 40 s; what is not known by then is indeterminate
};

struct lookup;

// Begins. Names are as policy.h wants them. 0 or -errno. `done` is called once, from within an answer or lookup_tick().
int lookup_domain(struct lookup **out, const struct lookup_config *config, const char *name, void (*done)(void *ctx, struct lookup *l),
	void *ctx);
int lookup_host(struct lookup **out, const struct lookup_config *config, const char *name, void (*done)(void *ctx, struct lookup *l),
	void *ctx);
void lookup_close(struct lookup **l); // also before it is done

// Ends it where its time is over. `now_ms` is of CLOCK_MONOTONIC.
void lookup_tick(struct lookup *l, uint64_t now_ms);

// What was learned; valid until lookup_close(). as_of_s is not set; sts is what sts_seen has, without a policy.
const struct policy_domain *lookup_get_domain(const struct lookup *l); // NULL: it was a host
const struct policy_host *lookup_get_host(const struct lookup *l, const char *name);
const struct policy_host *lookup_host_at(const struct lookup *l, size_t i); // NULL: there are no more
const struct sts_seen *lookup_get_sts(const struct lookup *l);
