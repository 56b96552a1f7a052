// Domains and hosts for the tests of what is kept of them.
#pragma once

#include "alerts/expect/policy.h"

#include <stdio.h>
#include <string.h>

// 3 1 1 with this first octet, in `data`.
static inline struct policy_tlsa value_record(uint8_t data[static 32], uint8_t first)
{
	memset(data, 0xab, 32);
	data[0] = first;
	return (struct policy_tlsa){.usage = 3, .selector = 1, .mtype = 1, .len = 32, .data = data};
}

static inline struct policy_address value_address(uint32_t n)
{
	return (struct policy_address){.ip_v = 4, .octets = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static inline struct policy_host value_host(const char *name, const struct policy_address *addresses, uint8_t n_addresses)
{
	struct policy_host h = {.addresses_dnssec = DNSSEC_SECURE, .n_addresses = n_addresses, .addresses = addresses, .as_of_s = 1000};
	snprintf(h.name, sizeof h.name, "%s", name);
	return h;
}

static inline void value_records(struct policy_host *h, const struct policy_tlsa *records, uint8_t n, int64_t as_of_s)
{
	h->tlsa = (struct policy_tlsa_set){.dnssec = DNSSEC_SECURE, .n = n, .tlsa = records, .as_of_s = as_of_s, .ttl_s = 3600};
	memcpy(h->tlsa.base, h->name, sizeof h->tlsa.base);
	h->as_of_s = as_of_s;
}

static inline struct policy_domain value_domain(const char *name, const struct policy_mx *mx, uint8_t n_mx)
{
	struct policy_domain d = {.mx_dnssec = DNSSEC_SECURE, .n_mx = n_mx, .mx = mx, .as_of_s = 1000};
	snprintf(d.name, sizeof d.name, "%s", name);
	return d;
}
