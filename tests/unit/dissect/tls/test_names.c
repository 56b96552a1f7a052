// The tables of code points: in order, whole, and graded by what they are made of.
#include "dissect/tls/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	uint16_t value;
	const char *name;
};

#define S(v, k, a, c, m, h, bits, flags, text) {v, text},
static const struct row suites[] = {
#include "dissect/tls/suites.inc"
};
#undef S

static const struct group_row {
	uint16_t value, curve_bits;
	bool pq;
	const char *name;
} groups[] = {
#include "dissect/tls/groups.inc"
};

static const struct row schemes[] = {
#include "dissect/tls/schemes.inc"
};

static void check_table(const struct row *rows, size_t n, const char *(*name)(uint16_t))
{
	size_t found = 0;
	for (uint32_t v = 0; v <= 0xffff; v++)
		found += name((uint16_t)v) != NULL;
	assert_int_equal(found, n);
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || rows[i - 1].value < rows[i].value);
		assert_string_equal(name(rows[i].value), rows[i].name);
	}
}

static void test_tables(void **state)
{
	struct row names[sizeof(groups) / sizeof(groups[0])];

	check_table(suites, sizeof(suites) / sizeof(suites[0]), tls_suite_name);
	check_table(schemes, sizeof(schemes) / sizeof(schemes[0]), tls_scheme_name);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		names[i] = (struct row){groups[i].value, groups[i].name};
		assert_int_equal(tls_group_curve_bits(groups[i].value), groups[i].curve_bits);
		assert_int_equal(tls_group_is_pq(groups[i].value), groups[i].pq);
	}
	check_table(names, sizeof(groups) / sizeof(groups[0]), tls_group_name);
}

static void test_groups_and_schemes(void **state)
{
	assert_int_equal(tls_group_curve_bits(21), 224);
	assert_int_equal(tls_group_curve_bits(23), 256);
	assert_int_equal(tls_group_curve_bits(29), 255);
	assert_int_equal(tls_group_curve_bits(0x0100), 0);
	assert_int_equal(tls_group_curve_bits(0x11ec), 0);
	assert_int_equal(tls_group_curve_bits(0xfefe), 0);
	assert_true(tls_group_is_pq(0x11eb) && tls_group_is_pq(0x11ec) && tls_group_is_pq(0x11ed));
	assert_false(tls_group_is_pq(29) || tls_group_is_pq(0x0100) || tls_group_is_pq(0x0a0a));
	assert_true(tls_value_is_grease(0x0a0a) && tls_value_is_grease(0xfafa) && tls_value_is_grease(0x8a8a));
	assert_false(tls_value_is_grease(0x0a1a) || tls_value_is_grease(0x0a0b) || tls_value_is_grease(0x1301));
	assert_string_equal(tls_scheme_name(0x0804), "rsa_pss_rsae_sha256");
	assert_string_equal(tls_scheme_name(0x0201), "rsa_pkcs1_sha1");
	assert_string_equal(tls_scheme_name(0x0101), "rsa_pkcs1_md5");
	assert_string_equal(tls_scheme_name(0x0602), "dsa_sha512");
	assert_null(tls_scheme_name(0));
	assert_true(tls_scheme_is_weak(0x0101) && tls_scheme_is_weak(0x0203) && tls_scheme_is_weak(0x0301));
	assert_false(tls_scheme_is_weak(0x0401) || tls_scheme_is_weak(0x0804) || tls_scheme_is_weak(0));
	assert_string_equal(tls_sslv2_kind_name(0x010080), "SSL_CK_RC4_128_WITH_MD5");
	assert_null(tls_sslv2_kind_name(0x010081));
}

static void test_properties(void **state)
{
	static const struct {
		uint16_t suite;
		uint8_t kex, auth, cipher, mode, hash;
		uint16_t bits;
		bool tls13, fs, weakened;
	} rows[] = {
		{0x0000, KEX_NULL, AUTH_NULL, CIPHER_NULL, MODE_NONE, TLS_HASH_NULL, 0, false, false, false},
		{0x0003, KEX_RSA_EXPORT, AUTH_RSA, CIPHER_RC4, MODE_STREAM, TLS_HASH_MD5, 40, false, false, true},
		{0x0062, KEX_RSA_EXPORT, AUTH_RSA, CIPHER_DES, MODE_CBC, TLS_HASH_SHA1, 56, false, false, true},
		{0x0014, KEX_DHE_EXPORT, AUTH_RSA, CIPHER_DES, MODE_CBC, TLS_HASH_SHA1, 40, false, true, true},
		{0x000b, KEX_DH, AUTH_DSS, CIPHER_DES, MODE_CBC, TLS_HASH_SHA1, 40, false, false, true},
		{0x000a, KEX_RSA, AUTH_RSA, CIPHER_3DES, MODE_CBC, TLS_HASH_SHA1, 112, false, false, false},
		{0x0034, KEX_DHE, AUTH_ANON, CIPHER_AES, MODE_CBC, TLS_HASH_SHA1, 128, false, true, false},
		{0xc02f, KEX_ECDHE, AUTH_RSA, CIPHER_AES, MODE_GCM, TLS_HASH_SHA256, 128, false, true, false},
		{0xc0ae, KEX_ECDHE, AUTH_ECDSA, CIPHER_AES, MODE_CCM8, TLS_HASH_SHA256, 128, false, true, false},
		{0xc031, KEX_ECDH, AUTH_RSA, CIPHER_AES, MODE_GCM, TLS_HASH_SHA256, 128, false, false, false},
		{0x1303, KEX_ANY, AUTH_ANY, CIPHER_CHACHA20, MODE_POLY1305, TLS_HASH_SHA256, 256, true, true, false},
		{0x1305, KEX_ANY, AUTH_ANY, CIPHER_AES, MODE_CCM8, TLS_HASH_SHA256, 128, true, true, false},
		{0xc0b5, KEX_ANY, AUTH_ANY, CIPHER_NULL, MODE_NONE, TLS_HASH_SHA384, 0, true, true, false},
		{0x00ff, KEX_UNKNOWN, AUTH_UNKNOWN, CIPHER_UNKNOWN, MODE_UNKNOWN, TLS_HASH_UNKNOWN, 0, false, false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tls_suite *s = tls_suite_find(rows[i].suite);
		assert_non_null(s);
		print_message("%s\n", s->name);
		assert_int_equal(s->kex, rows[i].kex);
		assert_int_equal(s->auth, rows[i].auth);
		assert_int_equal(s->cipher, rows[i].cipher);
		assert_int_equal(s->mode, rows[i].mode);
		assert_int_equal(s->hash, rows[i].hash);
		assert_int_equal(s->key_bits, rows[i].bits);
		assert_int_equal(s->tls13, rows[i].tls13);
		assert_int_equal(s->forward_secrecy, rows[i].fs);
		assert_int_equal(s->export_grade, rows[i].weakened);
	}
	assert_null(tls_suite_find(0x0a0a));
}

static void test_known(void **state)
{
	assert_string_equal(tls_suite_name(0x1302), "TLS_AES_256_GCM_SHA384");
	assert_string_equal(tls_suite_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(tls_group_name(29), "x25519");
	assert_string_equal(tls_group_name(0x11ec), "X25519MLKEM768");
	assert_string_equal(tls_version_name(0x0002), "SSLv2");
	assert_string_equal(tls_version_name(0x0300), "SSLv3");
	assert_string_equal(tls_version_name(0x0304), "TLS 1.3");
	assert_string_equal(tls_alert_name(40), "handshake_failure");
	assert_string_equal(tls_alert_name(121), "ech_required");
	assert_null(tls_suite_name(0x0a0a));
	assert_null(tls_group_name(0xfafa));
	assert_null(tls_version_name(0x0305));
	assert_null(tls_alert_name(255));
	uint8_t last = 0;
	for (int code = 0; code < 256; code++)
		if (tls_alert_name((uint8_t)code))
			last = (uint8_t)code;
	assert_int_equal(last, 121);
}

static void test_grades(void **state)
{
	static const struct {
		const char *what;
		uint16_t suite;
		bool weak, anon;
	} rows[] = {
		{"nothing at all", 0x0000, true, true},
		{"RSA NULL", 0x0002, true, false},
		{"RSA EXPORT RC2", 0x0006, true, false},
		{"RSA RC4", 0x0005, true, false},
		{"RSA IDEA", 0x0007, false, false},
		{"RSA DES", 0x0009, true, false},
		{"RSA 3DES", 0x000a, true, false},
		{"DH anon EXPORT", 0x0017, true, true},
		{"DH anon AES", 0x0034, false, true},
		{"EXPORT1024 RC2", 0x0061, true, false},
		{"RSA AES CBC", 0x002f, false, false},
		{"PSK NULL", 0x002c, true, false},
		{"ECDH anon AES", 0xc018, false, true},
		{"ECDHE ECDSA NULL", 0xc006, true, false},
		{"ECDHE RSA AES GCM", 0xc02f, false, false},
		{"TLS 1.3", 0x1301, false, false},
		{"TLS 1.3, integrity only", 0xc0b4, true, false},
		{"GREASE", 0x1a1a, false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].what);
		assert_int_equal(tls_suite_is_weak(rows[i].suite), rows[i].weak);
		assert_int_equal(tls_suite_is_anon(rows[i].suite), rows[i].anon);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_groups_and_schemes),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_grades),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
