// What is weak whoever the peer is, reason by reason.
#include "alerts/weak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define W(name) (1 << WEAK_##name)

static const struct row {
	const char *name;
	uint16_t version, suite, dh_bits, rsa_bits, export_bits;
	uint8_t key;
	bool raw, required, no_peer;
	uint32_t kind;
	uint16_t want;
} rows[] = {
	{"TLS 1.2, AEAD", 0x0303, 0xc02f},
	{"TLS 1.3", 0x0304, 0x1301},
	{"TLS 1.1", 0x0302, 0xc013, .want = W(VERSION)},
	{"TLS 1.0", 0x0301, 0xc013, .want = W(VERSION)},
	{"SSL 3.0", 0x0300, 0x002f, .want = W(VERSION)},
	{"a server that there was no memory to read", 0, 0},
	{"SSL 2.0", 0x0002, 0, .want = W(VERSION)},
	{"SSL 2.0, the client chose", 0, 0, .kind = 0x010080, .want = W(VERSION) | W(RC4)},
	{"NULL", 0x0303, 0x003b, .want = W(NULL)},
	{"EXPORT, RC4", 0x0303, 0x0003, .want = W(EXPORT) | W(RC4)},
	{"EXPORT, DES", 0x0303, 0x0008, .want = W(EXPORT) | W(DES)},
	{"a temporary key in a suite that is none", 0x0303, 0x002f, .export_bits = 512, .want = W(EXPORT)},
	{"RC4", 0x0303, 0xc011, .want = W(RC4)},
	{"DES", 0x0303, 0x0009, .want = W(DES)},
	{"3DES", 0x0303, 0x000a, .want = W(3DES)},
	{"anonymous", 0x0303, 0x006c},
	{"anonymous, where somebody had to be", 0x0303, 0x006c, .required = true, .want = W(ANONYMOUS)},
	{"a prime of 2048 bits", 0x0303, 0x009e, .dh_bits = 2048},
	{"a prime of 2047 bits", 0x0303, 0x009e, .dh_bits = 2047, .want = W(DH)},
	{"a prime of one bit", 0x0303, 0x009e, .dh_bits = 1, .want = W(DH)},
	{"RSA of 2048 bits", 0x0303, 0xc02f, .key = KEY_RSA, .rsa_bits = 2048},
	{"RSA of 2047 bits", 0x0303, 0xc02f, .key = KEY_RSA, .rsa_bits = 2047, .want = W(RSA)},
	{"RSA-PSS of 1024 bits", 0x0303, 0xc02f, .key = KEY_RSA_PSS, .rsa_bits = 1024, .want = W(RSA)},
	{"a bare key of RSA", 0x0303, 0xc02f, .key = KEY_RSA, .rsa_bits = 1024, .raw = true, .want = W(RSA)},
	{"EC of 256 bits", 0x0303, 0xc02b, .key = KEY_EC, .rsa_bits = 256},
	{"RSA of a size nobody could read", 0x0303, 0xc02f, .key = KEY_RSA},
	{"nothing was opened", 0x0303, 0xc02f, .key = KEY_RSA, .rsa_bits = 512, .no_peer = true},
	{"a suite nobody knows", 0x0303, 0xffee},
	{"all of it", 0x0301, 0x0019, .dh_bits = 512, .rsa_bits = 512, .key = KEY_RSA, .required = true,
		.want = W(VERSION) | W(EXPORT) | W(DES) | W(ANONYMOUS) | W(DH) | W(RSA)},
};

static void table(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct facts f = {.tls = {.server_hello = r->version || !r->kind, .server_version = r->version, .suite = r->suite,
			.dh_bits = r->dh_bits, .rsa_export_bits = r->export_bits, .sslv2_kind = r->kind}};
		struct peer p = {.raw_key = r->raw, .server = {.present = !r->raw, .key = r->key, .key_bits = r->rsa_bits}};
		struct session s = {.facts = &f, .peer = r->no_peer ? NULL : &p, .expect = {.identity_required = r->required}};

		print_message("%s\n", r->name);
		assert_int_equal(weak_of(&s), r->want);
		// Before a server answered nothing is weak but what it would have to answer.
		f.tls = (struct tls_facts){.server_version = r->version, .suite = r->suite};
		p = (struct peer){.ja4 = ""};
		assert_int_equal(weak_of(&s), 0);
	}
}

static void names(void **state)
{
	for (int i = 0; i < WEAK_N; i++) {
		assert_non_null(weak_name((enum weak)i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(weak_name((enum weak)i), weak_name((enum weak)k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
