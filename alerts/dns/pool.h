// A bounded set of DNS records that were seen, found by what they lead to and by what they are. Many domains have the same
// host, so that no operation walks a chain but those that list it. Internal to alerts/dns.
#pragma once

#include "alerts/dns/seen.h"
#include "hw/slab.h"

enum pool_kind { POOL_MX, POOL_CNAME, POOL_ADDRESS, POOL_TLSA, POOL_ENCRYPTED };

struct pool_record {
	uint64_t hash;            // of what it is found by
	uint64_t time_ns, until_ns; // packet time: when it was told, how long it counts
	uint64_t same;            // hash of all that makes it the record it is; set by the pool
	struct {
		uint32_t next, before; // others with the same head, newest first; 0 none
	} chain[2];               // by `hash`, by `same`
	uint32_t older, newer;    // by when they were told
	uint32_t frame;
	uint8_t kind;             // enum pool_kind
	uint8_t ip_v;             // of the client
	uint8_t address_v;        // 4, 6; 0 none
	bool plain;               // struct seen_host
	uint8_t client[16];
	union {
		uint8_t address[16]; // POOL_ADDRESS
		struct seen_tlsa tlsa;
	};
	char name[DNS_NAME_MAX];   // owner
	char target[DNS_NAME_MAX]; // POOL_MX, POOL_CNAME
};

struct pool {
	struct slab records;
	uint32_t *heads[2], mask; // of the two chains
	uint32_t oldest, newest;
};

int pool_open(struct pool *p, uint32_t n_max);
void pool_close(struct pool *p);

// The first record of this hash, newest first, and the one after `r`; NULL at the end.
const struct pool_record *pool_first(const struct pool *p, uint64_t hash);
const struct pool_record *pool_next(const struct pool *p, const struct pool_record *r);

// The record that says the same of the same client, or NULL.
struct pool_record *pool_same(const struct pool *p, const struct pool_record *like);
void pool_remove(struct pool *p, struct pool_record *r);
// A copy of `r`; the oldest makes room.
void pool_add(struct pool *p, const struct pool_record *r);
