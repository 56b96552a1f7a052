// Names and properties of TLS code points: sorted tables and a binary search.
#include "dissect/tls/names.h"

#include <stddef.h>
#include <stdlib.h>

struct name_row {
	uint16_t value;
	const char *name;
};

// Each table is sorted by `value`, which stands first in a row of any kind.
enum { S_TLS13 = 1, S_EXPORT = 2, S_FS = 4 };

#define S(v, k, a, c, m, h, bits, flags, text) \
	{.value = v, .name = text, .kex = KEX_##k, .auth = AUTH_##a, .cipher = CIPHER_##c, .mode = MODE_##m, \
		.hash = TLS_HASH_##h, .key_bits = bits, .tls13 = ((flags) & S_TLS13) != 0, \
		.forward_secrecy = ((flags) & S_FS) != 0, .export_grade = ((flags) & S_EXPORT) != 0},
static const struct tls_suite suites[] = {
#include "dissect/tls/suites.inc"
};
#undef S

static const struct group_row {
	uint16_t value;
	uint16_t curve_bits;
	bool pq;
	const char *name;
} groups[] = {
#include "dissect/tls/groups.inc"
};

static const struct name_row schemes[] = {
#include "dissect/tls/schemes.inc"
};

static const struct tls_prime primes[] = {
#include "dissect/tls/primes.inc"
};

static const struct name_row versions[] = {
	{0x0002, "SSLv2"},
	{0x0300, "SSLv3"},
	{0x0301, "TLS 1.0"},
	{0x0302, "TLS 1.1"},
	{0x0303, "TLS 1.2"},
	{0x0304, "TLS 1.3"},
};

// RFC 8446 B.2, with the codes older versions used.
static const struct name_row alerts[] = {
	{0, "close_notify"},
	{10, "unexpected_message"},
	{20, "bad_record_mac"},
	{21, "decryption_failed"},
	{22, "record_overflow"},
	{30, "decompression_failure"},
	{40, "handshake_failure"},
	{41, "no_certificate"},
	{42, "bad_certificate"},
	{43, "unsupported_certificate"},
	{44, "certificate_revoked"},
	{45, "certificate_expired"},
	{46, "certificate_unknown"},
	{47, "illegal_parameter"},
	{48, "unknown_ca"},
	{49, "access_denied"},
	{50, "decode_error"},
	{51, "decrypt_error"},
	{52, "too_many_cids_requested"},
	{60, "export_restriction"},
	{70, "protocol_version"},
	{71, "insufficient_security"},
	{80, "internal_error"},
	{86, "inappropriate_fallback"},
	{90, "user_canceled"},
	{100, "no_renegotiation"},
	{109, "missing_extension"},
	{110, "unsupported_extension"},
	{111, "certificate_unobtainable"},
	{112, "unrecognized_name"},
	{113, "bad_certificate_status_response"},
	{114, "bad_certificate_hash_value"},
	{115, "unknown_psk_identity"},
	{116, "certificate_required"},
	{117, "general_error"},
	{120, "no_application_protocol"},
	{121, "ech_required"},
};

// CIPHER-KIND of SSL 2.0, with those of SSLeay.
static const struct {
	uint32_t kind;
	const char *name;
} sslv2_kinds[] = {
	{0x000000, "SSL_CK_NULL_WITH_MD5"},
	{0x010080, "SSL_CK_RC4_128_WITH_MD5"},
	{0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5"},
	{0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5"},
	{0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5"},
	{0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5"},
	{0x060040, "SSL_CK_DES_64_CBC_WITH_MD5"},
	{0x060140, "SSL_CK_DES_64_CBC_WITH_SHA"},
	{0x0700c0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"},
	{0x0701c0, "SSL_CK_DES_192_EDE3_CBC_WITH_SHA"},
	{0x080080, "SSL_CK_RC4_64_WITH_MD5"},
};

static int compare(const void *key, const void *row)
{
	uint16_t a = *(const uint16_t *)key, b = *(const uint16_t *)row;
	return (a > b) - (a < b);
}

#define FIND(rows, value) bsearch(&(value), rows, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0]), compare)

static const char *name_of(const struct name_row *row)
{
	return row ? row->name : NULL;
}

const struct tls_suite *tls_suite_find(uint16_t suite)
{
	return FIND(suites, suite);
}

const char *tls_suite_name(uint16_t suite)
{
	const struct tls_suite *row = tls_suite_find(suite);
	return row ? row->name : NULL;
}

const char *tls_group_name(uint16_t group)
{
	const struct group_row *row = FIND(groups, group);
	return row ? row->name : NULL;
}

bool tls_group_is_pq(uint16_t group)
{
	const struct group_row *row = FIND(groups, group);
	return row && row->pq;
}

uint16_t tls_group_curve_bits(uint16_t group)
{
	const struct group_row *row = FIND(groups, group);
	return row ? row->curve_bits : 0;
}

const char *tls_version_name(uint16_t version)
{
	return name_of(FIND(versions, version));
}

const char *tls_alert_name(uint8_t code)
{
	uint16_t value = code;
	return name_of(FIND(alerts, value));
}

const char *tls_scheme_name(uint16_t scheme)
{
	return name_of(FIND(schemes, scheme));
}

// The high octet is the hash of TLS 1.2 (RFC 5246 7.4.1.4.1); later schemes keep clear of 1 to 3.
bool tls_scheme_is_weak(uint16_t scheme)
{
	return scheme >> 8 >= 1 && scheme >> 8 <= 3;
}

const char *tls_sslv2_kind_name(uint32_t kind)
{
	for (size_t i = 0; i < sizeof(sslv2_kinds) / sizeof(sslv2_kinds[0]); i++)
		if (sslv2_kinds[i].kind == kind)
			return sslv2_kinds[i].name;
	return NULL;
}

const struct tls_prime *tls_prime_find(uint64_t digest)
{
	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
		if (primes[i].digest == digest)
			return &primes[i];
	return NULL;
}

bool tls_value_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

bool tls_suite_is_weak(uint16_t suite)
{
	const struct tls_suite *row = tls_suite_find(suite);
	return row && (row->export_grade || row->cipher == CIPHER_NULL || row->cipher == CIPHER_RC4 || row->cipher == CIPHER_DES ||
			      row->cipher == CIPHER_3DES);
}

bool tls_suite_is_anon(uint16_t suite)
{
	const struct tls_suite *row = tls_suite_find(suite);
	return row && (row->auth == AUTH_ANON || row->auth == AUTH_NULL);
}

enum tls_cipher tls_sslv2_kind_cipher(uint32_t kind, bool *export_grade)
{
	// The first of the three octets tells the algorithm.
	static const uint8_t ciphers[] = {CIPHER_UNKNOWN, CIPHER_RC4, CIPHER_RC4, CIPHER_RC2, CIPHER_RC2, CIPHER_IDEA, CIPHER_DES,
		CIPHER_3DES, CIPHER_RC4};
	uint32_t first = kind >> 16;
	*export_grade = first == 2 || first == 4;
	return first < sizeof(ciphers) ? (enum tls_cipher)ciphers[first] : CIPHER_UNKNOWN;
}
