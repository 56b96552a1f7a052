// Record protection of TLS 1.3 in one direction under one secret. RFC 8446 5.2, 5.3, 7.1, 7.3. Private to alerts/keylog/.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

enum {
	RECORD_HEADER_LEN = 5,
	RECORD_BODY_MAX = 16384 + 256, // RFC 8446 5.2
};

struct protection {
	const struct protection_suite *suite;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	uint8_t key[32], iv[12];
	uint64_t seq; // of the next record
};

enum protection_result {
	PROTECTION_SET,
	PROTECTION_NO_SUITE,  // no cipher suite of TLS 1.3, or OpenSSL does not have it
	PROTECTION_NO_SECRET, // the secret is not one of this suite
};

// Whatever it says, protection_fini() may and must follow; it wipes.
enum protection_result protection_init(struct protection *k, uint16_t suite, const uint8_t *secret, size_t secret_len);
void protection_fini(struct protection *k);

// Opens the next record: `record` is its header and `len` octets in all, `out` has room for all of them. False: it does
// not open, the sequence has not moved and `out` holds nothing. True: `*out_len` octets of content of type `*type`,
// without padding; type 0 when there was nothing but padding.
bool protection_open(struct protection *k, const uint8_t *record, size_t len, uint8_t *out, size_t *out_len, uint8_t *type);
