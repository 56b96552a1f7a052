// Records before any certificate: which are usable in SMTP (RFC 7672 3.1), and which of them count (RFC 7671 9).
#include "alerts/expect/dane_private.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <string.h>

// As OpenSSL would take it: all octets, and a public key that it can read.
static bool decodes(const struct policy_tlsa *r)
{
	const uint8_t *at = r->data;
	bool whole;

	if (r->selector == TLSA_CERT) {
		X509 *x = cert_chain_parse(r->data, r->len);
		whole = x && X509_get0_pubkey(x);
		X509_free(x);
	} else {
		EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)r->len);
		whole = key && at == r->data + r->len;
		EVP_PKEY_free(key);
	}
	return whole;
}

static bool usable(const struct policy_tlsa *r)
{
	if ((r->usage != TLSA_TA && r->usage != TLSA_EE) || r->selector > TLSA_SPKI)
		return false;
	switch (r->mtype) {
	case TLSA_FULL:
		return r->len > 0 && decodes(r);
	case TLSA_SHA256:
		return r->len == SHA256_DIGEST_LENGTH;
	case TLSA_SHA512:
		return r->len == SHA512_DIGEST_LENGTH;
	default:
		return false;
	}
}

static bool same_key(const struct policy_tlsa *a, const struct policy_tlsa *b)
{
	return a->usage == b->usage && a->selector == b->selector && a->mtype == b->mtype && a->len == b->len &&
	       memcmp(a->data, b->data, a->len) == 0;
}

static bool repeated(const struct policy_tlsa_set *t, uint8_t i)
{
	for (uint8_t j = 0; j < i; j++)
		if (same_key(&t->tlsa[j], &t->tlsa[i]))
			return true;
	return false;
}

// Of each usage and selector the strongest digest counts, and whole certificates and keys do anyway.
static void count(struct dane_set *out, const struct policy_tlsa_set *t, uint32_t good)
{
	uint8_t n[2][2][3] = {0}; // different ones, by usage, selector and matching type

	for (uint8_t i = 0; i < dane_n(t); i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		if (good & 1u << i && !repeated(t, i))
			n[r->usage - TLSA_TA][r->selector][r->mtype]++;
	}
	for (uint8_t i = 0; i < dane_n(t); i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		if (!(good & 1u << i))
			continue;
		const uint8_t *of = n[r->usage - TLSA_TA][r->selector];
		if (r->mtype == TLSA_SHA256 && of[TLSA_SHA512]) {
			out->agility_differs |= of[TLSA_SHA512] < of[TLSA_SHA256];
			continue;
		}
		out->counted |= 1u << i;
		out->n_counted++;
	}
}

void dane_set_read(struct dane_set *out, const struct policy_tlsa_set *t)
{
	uint32_t good = 0;

	*out = (struct dane_set){0};
	for (uint8_t i = 0; i < dane_n(t); i++) {
		if (usable(&t->tlsa[i])) {
			good |= 1u << i;
			out->n_usable++;
		} else {
			out->n_unusable++;
		}
	}
	ERR_clear_error();
	count(out, t, good);
}

static bool equal(const struct policy_tlsa *r, const uint8_t *data, size_t len)
{
	return r->len == len && memcmp(r->data, data, len) == 0;
}

bool dane_fits(const struct policy_tlsa *r, const uint8_t *octets, size_t len, bool key)
{
	uint8_t digest[SHA512_DIGEST_LENGTH];

	if (r->selector == TLSA_CERT && key)
		return false;
	if (r->selector == TLSA_SPKI && !key && !cert_der_spki(octets, len, &octets, &len))
		return false;
	switch (r->mtype) {
	case TLSA_FULL:
		return equal(r, octets, len);
	case TLSA_SHA256:
		return equal(r, SHA256(octets, len, digest), SHA256_DIGEST_LENGTH);
	case TLSA_SHA512:
		return equal(r, SHA512(octets, len, digest), SHA512_DIGEST_LENGTH);
	default:
		return false;
	}
}
