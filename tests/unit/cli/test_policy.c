// What a row of `policy list` says of a domain: the level a sender must keep, and nothing that is not known.
#include "cli/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/expect/snapshot.h"
#include "alerts/session.h"

#define ADDRESSES(dnssec) "\"addresses\":{\"dnssec\":\"" dnssec "\",\"list\":[\"192.0.2.1\"]}"
#define TLSA(dnssec, records) "\"tlsa\":{\"dnssec\":\"" dnssec "\",\"records\":[" records "]}"
#define USABLE "\"3 1 1 0000000000000000000000000000000000000000000000000000000000000000\""
#define PKIX "\"1 1 1 0000000000000000000000000000000000000000000000000000000000000000\""
#define HOST(name, members) "{\"name\":\"" name ".example\",\"preference\":1," members "}"
#define MX(dnssec, hosts) "\"mx\":{\"dnssec\":\"" dnssec "\",\"hosts\":[" hosts "]}"
#define STS(mode) ",\"mta_sts\":{\"mode\":\"" mode "\",\"id\":\"1\"}"
#define ABSENT ",\"mta_sts\":{\"mode\":\"absent\"}"
#define SIGNED(records) HOST("mx", ADDRESSES("secure") "," TLSA("secure", records))
#define UNSIGNED HOST("mx", ADDRESSES("insecure"))

static const struct {
	const char *what, *members, *level;
	int n_usable;
} rows[] = {
	{"nothing known", "", "unknown", 0},
	{"no mail", "\"mx\":{\"dnssec\":\"insecure\",\"hosts\":[{\"name\":\".\",\"preference\":0}]}", "none", 0},
	{"DANE", MX("secure", SIGNED(USABLE)) ABSENT, "dane", 1},
	{"DANE outranks MTA-STS", MX("secure", SIGNED(USABLE)) STS("enforce"), "dane", 1},
	{"DANE with one host of two", MX("secure", SIGNED(USABLE) "," HOST("mx2", ADDRESSES("secure") "," TLSA("secure", ""))) ABSENT, "dane", 1},
	{"records that do not count", MX("secure", SIGNED(PKIX)) ABSENT, "encrypt", 0},
	{"an MX answer that is not signed", MX("insecure", SIGNED(USABLE)) ABSENT, "may", 1},
	{"an MX answer that is bogus", MX("bogus", "") ABSENT, "unknown", 0},
	{"signed, and no records", MX("secure", SIGNED("")) ABSENT, "may", 0},
	{"TLSA bogus", MX("secure", HOST("mx", ADDRESSES("secure") "," TLSA("bogus", ""))) ABSENT, "unknown", 0},
	{"TLSA not asked", MX("secure", HOST("mx", ADDRESSES("secure"))) ABSENT, "unknown", 0},
	{"host not known", MX("secure", "{\"name\":\"mx.example\",\"preference\":1}") ABSENT, "unknown", 0},
	{"MTA-STS", MX("insecure", UNSIGNED) STS("enforce"), "sts", 0},
	{"MTA-STS, testing", MX("insecure", UNSIGNED) STS("testing"), "may", 0},
	{"MTA-STS not known", MX("insecure", UNSIGNED), "unknown", 0},
	{"neither", MX("insecure", UNSIGNED) ABSENT, "may", 0},
};

static void test_levels(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[2048], error[SNAPSHOT_ERROR];
		struct store *s;
		struct policy_row row;
		snprintf(text, sizeof text, "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{\"a.example\":{%s}}}",
			rows[i].members);
		assert_int_equal(store_open(&s, 4, 4), 0);
		const struct snapshot_sink sink = {store_put_domain, store_put_host, s};
		if (snapshot_read(text, strlen(text), &sink, error) != 0)
			fail_msg("%s: %s", rows[i].what, error);
		policy_row(&row, s, store_domain(s, "a.example"));
		if (strcmp(expect_level_name(row.level), rows[i].level) != 0 || row.n_usable != rows[i].n_usable)
			fail_msg("%s: %s, %u usable", rows[i].what, expect_level_name(row.level), row.n_usable);
		store_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
