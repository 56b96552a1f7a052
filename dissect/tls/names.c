// Names of TLS code points: sorted tables and a binary search.
#include "dissect/tls/names.h"

#include <stddef.h>
#include <string.h>

struct name_row {
	uint16_t value;
	const char *name;
};

static const struct name_row suites[] = {
#include "dissect/tls/suites.inc"
};

static const struct name_row groups[] = {
#include "dissect/tls/groups.inc"
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

static const char *find(const struct name_row *rows, size_t n, uint16_t value)
{
	size_t low = 0;
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		if (rows[middle].value == value)
			return rows[middle].name;
		if (rows[middle].value < value)
			low = middle + 1;
		else
			n = middle;
	}
	return NULL;
}

#define FIND(rows, value) find(rows, sizeof(rows) / sizeof((rows)[0]), value)

const char *tls_suite_name(uint16_t suite)
{
	return FIND(suites, suite);
}

const char *tls_group_name(uint16_t group)
{
	return FIND(groups, group);
}

const char *tls_version_name(uint16_t version)
{
	return FIND(versions, version);
}

const char *tls_alert_name(uint8_t code)
{
	return FIND(alerts, code);
}

static bool name_has_any(const char *name, const char *const *words, size_t n)
{
	for (size_t i = 0; name && i < n; i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

bool tls_suite_is_weak(uint16_t suite)
{
	// With the underscores, so that no longer word matches by accident; _DES_ does not occur in _3DES_.
	static const char *const words[] = {"_WITH_NULL_", "_EXPORT", "_RC4_", "_DES_", "_DES40_", "_3DES_"};
	// RFC 9150: TLS 1.3 with integrity only. Their names carry no NULL.
	if (suite == 0xc0b4 || suite == 0xc0b5)
		return true;
	return name_has_any(tls_suite_name(suite), words, sizeof(words) / sizeof(words[0]));
}

bool tls_suite_is_anon(uint16_t suite)
{
	static const char *const words[] = {"_anon_", "_NULL_WITH_NULL_NULL"};
	return name_has_any(tls_suite_name(suite), words, sizeof(words) / sizeof(words[0]));
}
