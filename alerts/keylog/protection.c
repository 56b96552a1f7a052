// Keys from a traffic secret, and AEAD with a nonce that counts.
#include "alerts/keylog/protection.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>

struct protection_suite {
	uint16_t suite;
	const char *cipher, *hash;
	uint8_t key_len, secret_len, tag_len;
	bool ccm; // OpenSSL wants the tag and the length in front
};

// RFC 8446 B.4.
static const struct protection_suite suites[] = {
	{0x1301, "AES-128-GCM", "SHA256", 16, 32, 16, false},
	{0x1302, "AES-256-GCM", "SHA384", 32, 48, 16, false},
	{0x1303, "ChaCha20-Poly1305", "SHA256", 32, 32, 16, false},
	{0x1304, "AES-128-CCM", "SHA256", 16, 32, 16, true},
	{0x1305, "AES-128-CCM", "SHA256", 16, 32, 8, true},
};

static const struct protection_suite *find(uint16_t suite)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].suite == suite)
			return &suites[i];
	return NULL;
}

// HKDF-Expand-Label with an empty context. RFC 8446 7.1.
static bool expand(const struct protection_suite *s, const uint8_t *secret, const char *label, uint8_t *out, size_t len)
{
	size_t label_len = strlen(label);
	uint8_t info[32] = {(uint8_t)(len >> 8), (uint8_t)len, (uint8_t)(6 + label_len), 't', 'l', 's', '1', '3', ' '};
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

	memcpy(info + 9, label, label_len);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)s->hash, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, s->secret_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, 9 + label_len + 1),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool done = ctx && EVP_KDF_derive(ctx, out, len, params) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done;
}

enum protection_result protection_init(struct protection *k, uint16_t suite, const uint8_t *secret, size_t secret_len)
{
	*k = (struct protection){.suite = find(suite)};
	if (!k->suite)
		return PROTECTION_NO_SUITE;
	if (secret_len != k->suite->secret_len)
		return PROTECTION_NO_SECRET;
	k->cipher = EVP_CIPHER_fetch(NULL, k->suite->cipher, NULL);
	k->ctx = k->cipher ? EVP_CIPHER_CTX_new() : NULL;
	if (!k->ctx || !expand(k->suite, secret, "key", k->key, k->suite->key_len) ||
	    !expand(k->suite, secret, "iv", k->iv, sizeof(k->iv)))
		return PROTECTION_NO_SUITE;
	return PROTECTION_SET;
}

void protection_fini(struct protection *k)
{
	EVP_CIPHER_CTX_free(k->ctx);
	EVP_CIPHER_free(k->cipher);
	OPENSSL_cleanse(k, sizeof(*k));
}

// The tag goes in first for CCM and last for the others; so does the verdict come.
static bool decrypt(struct protection *k, const uint8_t nonce[12], const uint8_t *record, uint8_t *out, int len)
{
	const uint8_t *body = record + RECORD_HEADER_LEN;
	uint8_t tag[16];
	int n;

	memcpy(tag, body + len, k->suite->tag_len);
	if (EVP_DecryptInit_ex2(k->ctx, k->cipher, NULL, NULL, NULL) <= 0 ||
	    EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) <= 0 ||
	    EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_SET_TAG, k->suite->tag_len, tag) <= 0 ||
	    EVP_DecryptInit_ex2(k->ctx, NULL, k->key, nonce, NULL) <= 0)
		return false;
	if (k->suite->ccm && EVP_DecryptUpdate(k->ctx, NULL, &n, NULL, len) <= 0)
		return false;
	if (EVP_DecryptUpdate(k->ctx, NULL, &n, record, RECORD_HEADER_LEN) <= 0 ||
	    EVP_DecryptUpdate(k->ctx, out, &n, body, len) <= 0)
		return false;
	return k->suite->ccm || EVP_DecryptFinal_ex(k->ctx, out + len, &n) > 0;
}

bool protection_open(struct protection *k, const uint8_t *record, size_t len, uint8_t *out, size_t *out_len, uint8_t *type)
{
	size_t overhead = RECORD_HEADER_LEN + (size_t)k->suite->tag_len;
	uint8_t nonce[12];

	if (len <= overhead)
		return false;
	size_t n = len - overhead;
	memcpy(nonce, k->iv, sizeof(nonce));
	for (size_t i = 0; i < 8; i++)
		nonce[4 + i] ^= (uint8_t)(k->seq >> (56 - 8 * i));
	if (!decrypt(k, nonce, record, out, (int)n)) {
		OPENSSL_cleanse(out, n);
		return false;
	}
	k->seq++;
	while (n && out[n - 1] == 0)
		n--;
	*type = n ? out[n - 1] : 0;
	*out_len = n ? n - 1 : 0;
	return true;
}
