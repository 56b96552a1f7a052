// The generated tables against what OpenSSL knows: every suite's properties, and the Diffie-Hellman primes.
#include "dissect/tls/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <xxhash.h>

struct pair {
	int nid;
	uint8_t ours;
};

static const struct pair exchanges[] = {
	{NID_kx_rsa, KEX_RSA}, {NID_kx_ecdhe, KEX_ECDHE}, {NID_kx_dhe, KEX_DHE}, {NID_kx_ecdhe_psk, KEX_ECDHE_PSK},
	{NID_kx_dhe_psk, KEX_DHE_PSK}, {NID_kx_rsa_psk, KEX_RSA_PSK}, {NID_kx_psk, KEX_PSK}, {NID_kx_srp, KEX_SRP},
	{NID_kx_gost, KEX_GOST}, {NID_kx_gost18, KEX_GOST}, {NID_kx_any, KEX_ANY},
};

static const struct pair authentications[] = {
	{NID_auth_rsa, AUTH_RSA}, {NID_auth_ecdsa, AUTH_ECDSA}, {NID_auth_psk, AUTH_PSK}, {NID_auth_dss, AUTH_DSS},
	{NID_auth_gost01, AUTH_GOST}, {NID_auth_gost12, AUTH_GOST}, {NID_auth_srp, AUTH_SRP}, {NID_auth_null, AUTH_ANON},
	{NID_auth_any, AUTH_ANY},
};

static const struct pair macs[] = {
	{NID_md5, TLS_HASH_MD5}, {NID_sha1, TLS_HASH_SHA1}, {NID_sha256, TLS_HASH_SHA256}, {NID_sha384, TLS_HASH_SHA384},
};

static const struct cipher_pair {
	int nid;
	uint8_t cipher, mode;
} ciphers[] = {
	{NID_undef, CIPHER_NULL, MODE_NONE},
	{NID_aes_128_cbc, CIPHER_AES, MODE_CBC},
	{NID_aes_256_cbc, CIPHER_AES, MODE_CBC},
	{NID_aes_128_gcm, CIPHER_AES, MODE_GCM},
	{NID_aes_256_gcm, CIPHER_AES, MODE_GCM},
	{NID_aes_128_ccm, CIPHER_AES, MODE_CCM},
	{NID_aes_256_ccm, CIPHER_AES, MODE_CCM},
	{NID_aria_128_gcm, CIPHER_ARIA, MODE_GCM},
	{NID_aria_256_gcm, CIPHER_ARIA, MODE_GCM},
	{NID_camellia_128_cbc, CIPHER_CAMELLIA, MODE_CBC},
	{NID_camellia_256_cbc, CIPHER_CAMELLIA, MODE_CBC},
	{NID_chacha20_poly1305, CIPHER_CHACHA20, MODE_POLY1305},
	{NID_des_ede3_cbc, CIPHER_3DES, MODE_CBC},
	{NID_idea_cbc, CIPHER_IDEA, MODE_CBC},
	{NID_rc4, CIPHER_RC4, MODE_STREAM},
	{NID_seed_cbc, CIPHER_SEED, MODE_CBC},
};

// SRP with a certificate, and RSA-PSK, are told as OpenSSL tells them; where it has no word for a NID we have none.
static int find(const struct pair *pairs, size_t n, int nid)
{
	for (size_t i = 0; i < n; i++)
		if (pairs[i].nid == nid)
			return pairs[i].ours;
	return -1;
}

#define FIND(pairs, nid) find(pairs, sizeof(pairs) / sizeof((pairs)[0]), nid)

static void check_cipher(const struct tls_suite *s, const SSL_CIPHER *c)
{
	int nid = SSL_CIPHER_get_cipher_nid(c);
	bool ccm8 = strstr(SSL_CIPHER_get_name(c), "CCM8") || strstr(SSL_CIPHER_get_name(c), "CCM_8");

	if (s->cipher == CIPHER_GOST)
		return; // known to OpenSSL only with an engine
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (ciphers[i].nid != nid)
			continue;
		assert_int_equal(s->cipher, ciphers[i].cipher);
		assert_int_equal(s->mode, ccm8 ? MODE_CCM8 : ciphers[i].mode);
		return;
	}
	fail_msg("%s: cipher %s is not in the test", s->name, OBJ_nid2sn(nid));
}

static void check_suite(const SSL_CIPHER *c)
{
	const struct tls_suite *s = tls_suite_find(SSL_CIPHER_get_protocol_id(c));
	int kex = SSL_CIPHER_get_kx_nid(c);

	assert_non_null(s);
	if (strcmp(s->name, SSL_CIPHER_standard_name(c)) != 0)
		fail_msg("%s is %s to OpenSSL", s->name, SSL_CIPHER_standard_name(c));
	print_message("%s\n", s->name);
	assert_int_equal(s->kex, FIND(exchanges, kex));
	assert_int_equal(s->auth, FIND(authentications, SSL_CIPHER_get_auth_nid(c)));
	assert_int_equal(s->tls13, kex == NID_kx_any);
	// The strength OpenSSL counts for 3DES is 112 in 1.1.1 and later; ours as well.
	assert_int_equal(s->key_bits, SSL_CIPHER_get_bits(c, NULL));
	check_cipher(s, c);
	bool aead = s->mode == MODE_GCM || s->mode == MODE_CCM || s->mode == MODE_CCM8 || s->mode == MODE_POLY1305;
	assert_int_equal(aead, SSL_CIPHER_is_aead(c));
	if (!aead && s->cipher != CIPHER_GOST)
		assert_int_equal(s->hash, FIND(macs, SSL_CIPHER_get_digest_nid(c)));
	else if (s->cipher != CIPHER_GOST)
		assert_int_equal(s->hash, FIND(macs, EVP_MD_get_type(SSL_CIPHER_get_handshake_digest(c))));
}

static void test_suites(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	assert_non_null(ctx);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), 1);
	assert_int_equal(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
		"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"), 1);
	STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ctx);
	assert_true(sk_SSL_CIPHER_num(all) > 100);
	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
		check_suite(sk_SSL_CIPHER_value(all, i));
	SSL_CTX_free(ctx);
}

static const struct tls_prime *prime_of(const BIGNUM *p)
{
	unsigned char octets[1024];
	int len = BN_bn2bin(p, octets);

	return tls_prime_find(XXH3_64bits(octets, (size_t)len));
}

static void check_prime(const BIGNUM *p, const char *name, bool rfc7919, bool safe)
{
	const struct tls_prime *known = prime_of(p);

	assert_non_null(known);
	assert_string_equal(known->name, name);
	assert_int_equal(known->bits, BN_num_bits(p));
	assert_int_equal(known->rfc7919, rfc7919);
	assert_int_equal(known->safe, safe);
}

static void test_modp(void **state)
{
	static const struct {
		BIGNUM *(*get)(BIGNUM *);
		const char *name;
	} rows[] = {
		{BN_get_rfc2409_prime_768, "modp768 (RFC 2409)"},
		{BN_get_rfc2409_prime_1024, "modp1024 (RFC 2409)"},
		{BN_get_rfc3526_prime_1536, "modp1536 (RFC 3526)"},
		{BN_get_rfc3526_prime_2048, "modp2048 (RFC 3526)"},
		{BN_get_rfc3526_prime_3072, "modp3072 (RFC 3526)"},
		{BN_get_rfc3526_prime_4096, "modp4096 (RFC 3526)"},
		{BN_get_rfc3526_prime_6144, "modp6144 (RFC 3526)"},
		{BN_get_rfc3526_prime_8192, "modp8192 (RFC 3526)"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BIGNUM *p = rows[i].get(NULL);
		assert_non_null(p);
		check_prime(p, rows[i].name, false, true);
		BN_add_word(p, 2);
		assert_null(prime_of(p));
		BN_free(p);
	}
}

// The prime of a group OpenSSL knows by name.
static BIGNUM *group_prime(const char *type, const char *group)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0), OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;
	BIGNUM *p = NULL;

	assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &p), 1);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	return p;
}

static void test_named_groups(void **state)
{
	static const struct {
		const char *type, *group, *name;
		bool rfc7919;
	} rows[] = {
		{"DH", "ffdhe2048", "ffdhe2048", true},
		{"DH", "ffdhe3072", "ffdhe3072", true},
		{"DH", "ffdhe4096", "ffdhe4096", true},
		{"DH", "ffdhe6144", "ffdhe6144", true},
		{"DH", "ffdhe8192", "ffdhe8192", true},
		{"DHX", "dh_1024_160", "modp1024-160 (RFC 5114)", false},
		{"DHX", "dh_2048_224", "modp2048-224 (RFC 5114)", false},
		{"DHX", "dh_2048_256", "modp2048-256 (RFC 5114)", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BIGNUM *p = group_prime(rows[i].type, rows[i].group);
		check_prime(p, rows[i].name, rows[i].rfc7919, rows[i].rfc7919);
		BN_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_modp),
		cmocka_unit_test(test_named_groups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
