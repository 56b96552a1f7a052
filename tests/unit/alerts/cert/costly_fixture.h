// Certificates that cost whoever verifies them, and the clock that says how much.
#pragma once

#include "tests/unit/alerts/cert/cert_fixture.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <time.h>

static inline double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

// An RSA key without a private half: any odd number, any exponent.
static inline EVP_PKEY *rsa_of(int bits, int e_bits)
{
	BIGNUM *n = BN_new(), *e = BN_new();
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	assert_true(BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) && BN_rand(e, e_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
	assert_true(OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e));
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	assert_true(EVP_PKEY_fromdata_init(ctx) > 0 && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) > 0);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return make_key_of(key);
}

// With a signature that is as long as the modulus of its issuer, and nothing else.
static inline X509 *forged(const char *subject, const char *issuer, EVP_PKEY *key, size_t len)
{
	struct make m = {.subject = subject, .issuer = issuer, .key = key, .signer = make_key("RSA", 512), .md = EVP_sha1(),
		.extension = {MAKE_CA}};
	X509 *x = make(&m);
	const ASN1_BIT_STRING *signature;
	uint8_t *octets = calloc(1, len);

	X509_get0_signature(&signature, NULL, x);
	memset(octets + 1, 0x55, len - 1);
	ASN1_BIT_STRING_set((ASN1_BIT_STRING *)(uintptr_t)signature, octets, (int)len);
	free(octets);
	return x;
}
