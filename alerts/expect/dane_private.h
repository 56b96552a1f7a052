// What the files of DANE share: records one by one, one comparison by OpenSSL, and the memory of answers.
#pragma once

#include <openssl/ssl.h>

#include "alerts/cert/private.h"
#include "alerts/expect/dane.h"

enum { TLSA_TA = 2, TLSA_EE = 3, TLSA_CERT = 0, TLSA_SPKI = 1, TLSA_FULL = 0, TLSA_SHA256 = 1, TLSA_SHA512 = 2 };

// No more than have a bit in `counted`.
static inline uint8_t dane_n(const struct policy_tlsa_set *t)
{
	return (uint8_t)(t->n < POLICY_TLSA_MAX ? t->n : POLICY_TLSA_MAX);
}

// dane_set.c

// Do these octets, a certificate's DER or (`key`) a SubjectPublicKeyInfo, fit the record? Usage and order do not matter.
bool dane_fits(const struct policy_tlsa *r, const uint8_t *octets, size_t len, bool key);

// dane_verify.c

struct dane_openssl {
	SSL_CTX *ctx;
	X509_STORE *nobody; // trusts nothing
};

int dane_openssl_open(struct dane_openssl *o);
void dane_openssl_close(struct dane_openssl *o);

// What is compared with what.
struct dane_question {
	const struct cert_chain *chain;
	const struct policy_tlsa_set *t;
	const struct dane_set *set;
	char names[DANE_NAMES_MAX][POLICY_NAME]; // host names, as name_from_wire() has them
	size_t n_names;
	int64_t now_s; // 0: not known
};

// The leaf was opened, and a record is usable.
void dane_verify(struct dane_match *out, const struct dane_openssl *o, const struct dane_question *q);

// dane_cache.c

struct dane_answer {
	uint8_t key[32];
	int64_t from_s, until_s; // packet time at which it holds, both included
	uint64_t order;          // 0: none
	union {
		struct dane_match match;
		struct dane_set set;
	};
};

struct dane_cache;

int dane_cache_open(struct dane_cache **out);
void dane_cache_close(struct dane_cache **c);
// NULL: not there, or not of that time.
const struct dane_answer *dane_cache_find(const struct dane_cache *c, const uint8_t key[32], int64_t now_s);
// Room for an answer of this key, to be filled but for `key` and `order`.
struct dane_answer *dane_cache_add(struct dane_cache *c, const uint8_t key[32]);
