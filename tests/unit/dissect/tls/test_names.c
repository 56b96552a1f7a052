// The tables of names: in order, whole, and graded by name.
#include "dissect/tls/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	uint16_t value;
	const char *name;
};

static const struct row suites[] = {
#include "dissect/tls/suites.inc"
};

static const struct row groups[] = {
#include "dissect/tls/groups.inc"
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
	check_table(suites, sizeof(suites) / sizeof(suites[0]), tls_suite_name);
	check_table(groups, sizeof(groups) / sizeof(groups[0]), tls_group_name);
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
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_grades),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
