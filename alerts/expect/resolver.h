// DNS with validation: a question goes out, its outcome comes back from resolver_process(). libunbound, in a thread of its
// own, which is why this runs in the scout's process only.
//
// Four outcomes that are never mixed up: proven (secure), proven to be unsigned (insecure), wrong (bogus), and not known
// (indeterminate: no answer in time, SERVFAIL). Only the first two say anything about what a name has. RFC 4033 5.
// One thread asks and processes. Positive and negative answers are cached for their TTL.
#pragma once

#include "alerts/expect/policy.h"

enum {
	RESOLVER_IN_FLIGHT_MAX = 64,  // questions given to libunbound: 32 hosts have as many
	RESOLVER_QUEUE_MAX = 4096,    // waiting behind them; beyond it -EAGAIN
	RESOLVER_ALIASES_MAX = 8,     // CNAMEs of an answer; postfix and unbound give up at about as many
	RESOLVER_FORWARDERS_MAX = 8,
	RESOLVER_TYPE_A = 1,
	RESOLVER_TYPE_CNAME = 5,
	RESOLVER_TYPE_MX = 15,
	RESOLVER_TYPE_TXT = 16,
	RESOLVER_TYPE_AAAA = 28,
	RESOLVER_TYPE_TLSA = 52,
};

struct resolver_config {
	const char *trust_anchor;        // keys of the root: a zone file, or RFC 5011 state (autotrust), which is kept up to date
	const char *const *forward_to;   // "ADDR" or "ADDR@PORT"; none: asks the root and below itself
	size_t n_forward_to;
	const char *root_hints;          // NULL: the ones built in
	bool anchor_read_only;           // RFC 5011 state is used as it is, and written by nobody
	uint32_t timeout_ms;             // for a question, 0: 10 s
	uint32_t cache_mib;              // 0: 16
};

struct resolver_record {
	const uint8_t *octets;           // rdata, names in it not compressed
	size_t len;
};

struct resolver_answer {
	uint8_t dnssec;                  // enum policy_dnssec, never unknown
	bool nxdomain;                   // secure or insecure, no records: the name itself is not there
	uint8_t n_aliases;
	uint32_t ttl_s;
	size_t n;                        // records; always 0 where bogus or indeterminate
	const struct resolver_record *records;
	char canonical[POLICY_NAME];     // owner of the records where CNAMEs led there, lower case; else empty
	bool canonical_bad;              // it is longer than a name or has other octets than printable ones
	char why[POLICY_WHY];            // bogus, indeterminate: in words, printable
};

// Borrowed for the call, which may ask more.
typedef void (*resolver_done)(void *ctx, const struct resolver_answer *a);

// Who answers questions: resolver_source() or a test's. `ask` 0: `done` will be called once, later, unless cancelled.
struct resolver_source {
	int (*ask)(void *ctx, const char *name, uint16_t type, resolver_done done, void *done_ctx, uint64_t *id);
	void (*cancel)(void *ctx, uint64_t id);
	void *ctx;
};

struct resolver;

// 0; -ENOENT and the like: the anchor cannot be read; -EBADMSG: no key of the root in it (without one, what is unsigned and
// what is not known look the same); -EINVAL: a forwarder is no address.
int resolver_check(const struct resolver_config *config); // the same without opening anything
int resolver_open(struct resolver **out, const struct resolver_config *config);
void resolver_close(struct resolver **r); // nothing is called any more

// True: it is RFC 5011 state that will be kept up to date, by a new file beside it that takes its place.
bool resolver_keeps_anchor(const struct resolver_config *config);

struct resolver_source resolver_source(struct resolver *r);
int resolver_fd(const struct resolver *r);     // readable: there is something for resolver_process()
int resolver_wait_ms(const struct resolver *r); // until the next time limit; -1: none
// Tells what came and what ran out of time. 0 or -errno: the resolver is gone.
int resolver_process(struct resolver *r);

struct resolver_counts {
	uint64_t asked, answered, timed_out;
	uint32_t in_flight, queued;
};
struct resolver_counts resolver_counts(const struct resolver *r);

// "ADDR" or "ADDR@PORT", IPv4 or IPv6.
bool resolver_address_ok(const char *text);
