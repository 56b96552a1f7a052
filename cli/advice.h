// What a domain's promises demand of whoever sends mail to it: RFC 7672 2.2, RFC 8461 5. In words, for `policy lookup`.
#pragma once

#include "alerts/expect/dane.h"
#include "alerts/expect/store.h"

enum advice {
	ADVICE_NONE,         // nothing is promised
	ADVICE_TESTING,      // MTA-STS testing: deliver, and report
	ADVICE_STS,          // MTA-STS enforce
	ADVICE_ENCRYPT,      // TLSA records, none of them usable: TLS without authentication
	ADVICE_DANE,         // TLS, authenticated by TLSA
	ADVICE_UNDECIDED,    // not known: a careful sender defers
	ADVICE_NO_MAIL,      // null MX, no host, no such domain
};

const char *advice_name(enum advice a); // "none", "testing", "sts" ...

// Of one host of a domain; the host may be NULL: unknown.
enum advice advice_host(const struct policy_domain *d, const struct policy_host *h);

// Of the domain: its hosts' where they agree; undecided where any of them is; else the strictest, `mixed` set.
enum advice advice_domain(const struct policy_domain *d, struct store *s, bool *mixed);

enum { ADVICE_TEXT = 800 };
void advice_text(char out[static ADVICE_TEXT], const struct policy_domain *d, struct store *s);

// Whether the MTA-STS policy, where one is in force, names this host.
bool advice_sts_names(const struct policy_domain *d, const char *host);

// Why record `i` of a set does not count; NULL: it does.
const char *advice_unused(const struct policy_tlsa_set *t, const struct dane_set *set, uint8_t i);
