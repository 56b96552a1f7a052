// TLSA records of certificates made in memory.
#pragma once

#include "alerts/expect/dane.h"
#include "tests/unit/alerts/cert/cert_fixture.h"

#include <openssl/sha.h>

enum { FIXTURE_RECORDS = POLICY_TLSA_MAX + 1 };

struct records {
	struct policy_tlsa tlsa[FIXTURE_RECORDS];
	uint8_t data[FIXTURE_RECORDS][POLICY_TLSA_LEN];
	struct policy_tlsa_set set;
};

static inline void records_clear(struct records *r)
{
	r->set = (struct policy_tlsa_set){.dnssec = DNSSEC_SECURE, .tlsa = r->tlsa};
}

static inline void records_add(struct records *r, int usage, int selector, int mtype, const void *data, size_t len)
{
	uint8_t i = r->set.n++;

	assert_true(i < FIXTURE_RECORDS && len <= POLICY_TLSA_LEN);
	if (len)
		memcpy(r->data[i], data, len);
	r->tlsa[i] = (struct policy_tlsa){(uint8_t)usage, (uint8_t)selector, (uint8_t)mtype, (uint16_t)len, len ? r->data[i] : NULL};
}

// A record of `x`.
static inline void records_of(struct records *r, int usage, int selector, int mtype, X509 *x)
{
	unsigned char *der = NULL;
	int len = selector ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : i2d_X509(x, &der);
	uint8_t digest[SHA512_DIGEST_LENGTH];

	assert_true(len > 0);
	if (mtype == 0)
		records_add(r, usage, selector, mtype, der, (size_t)len);
	else if (mtype == 1)
		records_add(r, usage, selector, mtype, SHA256(der, (size_t)len, digest), 32);
	else
		records_add(r, usage, selector, mtype, SHA512(der, (size_t)len, digest), 64);
	OPENSSL_free(der);
}

static inline struct dane_memory *open_dane(void)
{
	struct dane_memory *d;

	assert_int_equal(dane_open(&d), 0);
	return d;
}

static inline struct dane_match compared(struct dane_memory *d, const struct list *l, const struct records *r, const char *name, int64_t now_s)
{
	const struct dane_shown shown = {.octets = guarded(l->octets, l->len), .len = l->len};
	struct dane_match m;

	memset(&m, 0x55, sizeof(m));
	dane_compare(d, &m, &shown, &r->set, &name, name != NULL, now_s);
	return m;
}
