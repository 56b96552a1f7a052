// What the parts of lookup share: the domain's steps (lookup.c), a host's steps (lookup_host.c), answers to values
// (lookup_read.c).
#pragma once

#include "alerts/expect/lookup.h"

enum { LOOKUP_BASES = 2 }; // TLSA base domains of a host that are tried: expanded, then original

enum lookup_open { OPEN_A, OPEN_AAAA, OPEN_CNAME, OPEN_TLSA, OPEN_N };

struct lookup_host {
	struct lookup *l;
	bool open[OPEN_N];               // asked, not answered
	uint64_t id[OPEN_N];
	struct policy_host host;
	struct policy_address addresses[POLICY_ADDRESSES_MAX];
	struct policy_tlsa tlsa[POLICY_TLSA_MAX];
	uint8_t *tlsa_octets;            // of all its records
	char base[LOOKUP_BASES][POLICY_NAME];
	uint8_t n_bases, at_base;
};

struct lookup {
	struct lookup_config config;
	void (*done)(void *ctx, struct lookup *l);
	void *ctx;
	uint64_t deadline_ms;
	uint32_t n_open;                 // questions not answered
	bool is_domain, finished, beginning;
	bool mx_open, sts_open, tlsrpt_open;
	uint64_t mx_id, sts_id, tlsrpt_id;
	struct sts_seen sts;
	struct policy_domain domain;
	struct policy_mx mx[POLICY_MX_MAX];
	size_t n_hosts;
	struct lookup_host *hosts[POLICY_MX_MAX];
};

// lookup.c
int lookup_ask(struct lookup *l, const char *name, uint16_t type, resolver_done done, void *ctx, bool *open, uint64_t *id);
void lookup_answered(struct lookup *l, bool *open);
void lookup_check(struct lookup *l); // calls `done` when nothing is open any more

// lookup_host.c
int lookup_host_begin(struct lookup *l, const char *name);
void lookup_host_time_over(struct lookup_host *h);

// lookup_read.c. `why` is set where something is left out for a reason.
void lookup_read_mx(struct lookup *l, const struct resolver_answer *a);
void lookup_read_addresses(struct lookup_host *h, const struct resolver_answer *a, uint8_t ip_v);
bool lookup_read_tlsa(struct lookup_host *h, const struct resolver_answer *a); // false: no memory
size_t lookup_read_txt(struct sts_txt *out, size_t max, const struct resolver_answer *a);
// "WHAT: WHY", unless something stands there already.
void lookup_say(char out[static POLICY_WHY], const char *what, const char *why);
