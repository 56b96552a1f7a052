// DNS messages for tests: put together by hand, as a worker would tell them.
#pragma once

#include "dissect/message.h"

#include <stdio.h>
#include <string.h>

#define DNS_T0 (UINT64_C(1790000000) * 1000000000)
#define DNS_MS UINT64_C(1000000)
#define DNS_S (1000 * DNS_MS)

static inline uint16_t dns_text(struct dns_facts *f, const char *s)
{
	for (uint32_t at = 0; at < f->text_used; at += (uint32_t)strlen(f->text + at) + 1)
		if (strcmp(f->text + at, s) == 0)
			return (uint16_t)at;
	uint16_t at = (uint16_t)f->text_used;
	memcpy(f->text + at, s, strlen(s) + 1);
	f->text_used += (uint32_t)strlen(s) + 1;
	return at;
}

// A question of client 192.0.2.CLIENT at T0 + ms; `frame` counts up with the time.
static inline void dns_ask(struct message_dns *m, uint64_t ms, uint8_t client, uint16_t id, const char *name, uint16_t qtype)
{
	memset(m, 0, sizeof(*m));
	m->head = (struct message){.type = MESSAGE_DNS, .birth = UINT64_MAX - 1, .time_ns = DNS_T0 + ms * DNS_MS, .seq = 2 * ms + 1};
	struct dns_facts *f = &m->facts;
	memcpy(f->client, (uint8_t[]){192, 0, 2, client}, 4);
	memcpy(f->server, (uint8_t[]){203, 0, 113, 53}, 4);
	f->client_port = 4000;
	f->server_port = 53;
	f->ip_v = 4;
	f->ttl = 60;
	f->id = id;
	f->qtype = qtype;
	f->frame = (uint32_t)ms + 1;
	dns_text(f, name);
}

static inline void dns_reply(struct message_dns *m, uint64_t ms, uint8_t client, uint16_t id, const char *name, uint16_t qtype)
{
	dns_ask(m, ms, client, id, name, qtype);
	m->facts.flags = DNS_RESPONSE;
}

static inline struct dns_answer *dns_add(struct message_dns *m, uint16_t type, const char *owner, uint32_t ttl_s)
{
	struct dns_facts *f = &m->facts;
	struct dns_answer *a = &f->answer[f->n_answers++];
	*a = (struct dns_answer){.type = type, .owner = dns_text(f, owner), .ttl_s = ttl_s};
	return a;
}

static inline uint64_t dns_digest(const char *s, uint64_t n)
{
	while (*s)
		n = n * 1099511628211u ^ (uint8_t)*s++;
	return n;
}

static inline void dns_name(struct message_dns *m, uint16_t type, const char *owner, const char *target, uint32_t ttl_s)
{
	struct dns_answer *a = dns_add(m, type, owner, ttl_s);
	a->name = dns_text(&m->facts, target);
	a->digest = dns_digest(target, type);
	m->facts.set += a->digest;
}

// 198.51.100.LAST
static inline void dns_address(struct message_dns *m, const char *owner, uint8_t last, uint32_t ttl_s)
{
	struct dns_answer *a = dns_add(m, DNS_A, owner, ttl_s);
	memcpy(a->address, (uint8_t[]){198, 51, 100, last}, 4);
	a->digest = last + 1000u;
	m->facts.set += a->digest;
}

static inline void dns_tlsa(struct message_dns *m, const char *owner, uint64_t digest)
{
	dns_add(m, DNS_TLSA, owner, 3600)->digest = digest;
	m->facts.set += digest;
}
