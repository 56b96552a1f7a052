// What a host promises by DANE, and the names its certificate may have: the same for the judge, the probe and who reads policy.
#include "alerts/expect/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/alerts/expect/values.h"

enum { S = DNSSEC_SECURE, I = DNSSEC_INSECURE, B = DNSSEC_BOGUS, D = DNSSEC_INDETERMINATE, U = DNSSEC_UNKNOWN, NOBODY = 99 };

static const struct {
	const char *name;
	uint8_t mx, addresses, tlsa, n; // mx NOBODY: of no domain
	bool usable, more;
	uint8_t want;
} rows[] = {
	{"records", S, S, S, 1, true, false, PROMISE_USABLE},
	{"records, and nobody names the host", NOBODY, S, S, 1, true, false, PROMISE_USABLE},
	{"records of an unsigned name", I, S, S, 1, true, false, PROMISE_USABLE},
	{"records that nobody can use", S, S, S, 1, false, false, PROMISE_UNUSABLE},
	{"records that nobody can use, and others", S, S, S, 1, false, true, PROMISE_UNKNOWN},
	{"no records", S, S, S, 0, false, false, PROMISE_NONE},
	{"no records of an unsigned name", I, S, S, 0, false, false, PROMISE_INSECURE},
	{"MX bogus", B, S, S, 1, true, false, PROMISE_BOGUS},
	{"MX indeterminate", D, S, S, 1, true, false, PROMISE_INDETERMINATE},
	{"addresses bogus", S, B, U, 0, false, false, PROMISE_BOGUS},
	{"addresses not known", S, U, S, 1, true, false, PROMISE_UNKNOWN},
	{"addresses unsigned", S, I, I, 0, false, false, PROMISE_INSECURE},
	{"TLSA bogus", S, S, B, 0, false, false, PROMISE_BOGUS},
	{"TLSA not known", S, S, U, 0, false, false, PROMISE_UNKNOWN},
	{"a signed alias with records", S, I, S, 1, true, false, PROMISE_USABLE},
	{"a signed alias without", S, I, S, 0, false, false, PROMISE_INSECURE},
	{"a signed alias, TLSA bogus", S, I, B, 0, false, false, PROMISE_BOGUS},
	{"a signed alias, TLSA not answered", S, I, D, 0, false, false, PROMISE_INDETERMINATE},
};

static void test_promise(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct policy_domain d = value_domain("a.example", NULL, 0);
		struct policy_host h = value_host("mx.a.example", NULL, 0);
		const struct dane_set set = {.n_usable = rows[i].usable};
		d.mx_dnssec = rows[i].mx;
		h.addresses_dnssec = rows[i].addresses;
		h.tlsa.dnssec = rows[i].tlsa;
		h.tlsa.n = rows[i].n;
		h.tlsa.more = rows[i].more;
		uint8_t got = decide_promise(&h, rows[i].mx == NOBODY ? NULL : &d, &set);
		if (got != rows[i].want)
			fail_msg("%s: %u, not %u", rows[i].name, got, rows[i].want);
	}
}

static void test_names(void **state)
{
	const struct policy_mx mx = {10, "mx.b.example"};
	struct policy_domain d = value_domain("b.example", &mx, 1);
	struct policy_host h = value_host("mx.b.example", NULL, 0);
	const char *names[DANE_NAMES_MAX];
	struct store *s;
	assert_int_equal(store_open(&s, 4, 4), 0);
	assert_int_equal(decide_names(names, s, &h, NULL), 1);
	assert_string_equal(names[0], "mx.b.example");
	strcpy(d.canonical, "c.example");
	assert_int_equal(store_put_domain(s, &d), 0);
	strcpy(h.tlsa.base, "e.b.example");
	assert_int_equal(decide_names(names, s, &h, NULL), 3);
	assert_string_equal(names[0], "e.b.example"); // and not the name that leads there
	assert_string_equal(names[1], "b.example");
	assert_string_equal(names[2], "c.example");
	d.mx_dnssec = DNSSEC_INSECURE;
	assert_int_equal(decide_names(names, s, &h, &d), 1);
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promise),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
