// The store: what is put is found, by name, address and host; what is too much goes, the one used longest ago first.
#include "alerts/expect/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/alerts/expect/values.h"

static struct store *open_store(uint32_t domains, uint32_t hosts)
{
	struct store *s;
	assert_int_equal(store_open(&s, domains, hosts), 0);
	return s;
}

static void put_host_at(struct store *s, const char *name, uint32_t address)
{
	const struct policy_address a = value_address(address);
	const struct policy_host h = value_host(name, &a, 1);
	assert_int_equal(store_put_host(s, &h), 0);
}

static void put_domain_of(struct store *s, const char *name, const char *host)
{
	struct policy_mx mx = {.preference = 10};
	snprintf(mx.host, sizeof mx.host, "%s", host);
	const struct policy_domain d = value_domain(name, &mx, 1);
	assert_int_equal(store_put_domain(s, &d), 0);
}

static void test_values_are_copied(void **state)
{
	struct store *s = open_store(4, 4);
	struct policy_address a[] = {value_address(1), value_address(2)};
	uint8_t data[2][32];
	struct policy_tlsa records[] = {value_record(data[0], 1), value_record(data[1], 2)};
	struct policy_host h = value_host("mx.a.example", a, 2);
	value_records(&h, records, 2, 5000);
	assert_int_equal(store_put_host(s, &h), 0);
	struct policy_mx mx[] = {{10, "mx.a.example"}, {20, "mx2.a.example"}};
	const char patterns[2][POLICY_NAME] = {"*.a.example", "mx.b.example"};
	struct policy_domain d = value_domain("a.example", mx, 2);
	d.sts = (struct policy_sts){.mode = STS_ENFORCE, .n_mx = 2, .mx = patterns, .id = "7"};
	assert_int_equal(store_put_domain(s, &d), 0);
	memset(a, 0xff, sizeof a);
	memset(data, 0xff, sizeof data);
	memset(records, 0xff, sizeof records);
	memset(mx, 'z', sizeof mx);

	const struct policy_host *got = store_host(s, "mx.a.example");
	assert_non_null(got);
	assert_int_equal(got->n_addresses, 2);
	assert_int_equal(got->addresses[1].octets[3], 2);
	assert_int_equal(got->tlsa.tlsa[1].data[0], 2);
	assert_int_equal(got->tlsa.tlsa[1].data[31], 0xab);
	const struct policy_domain *domain = store_domain(s, "a.example");
	assert_non_null(domain);
	assert_string_equal(domain->mx[1].host, "mx2.a.example");
	assert_string_equal(domain->sts.mx[1], "mx.b.example");
	assert_null(store_domain(s, "b.example"));
	assert_null(store_host(s, "a.example"));
	store_close(&s);
	assert_null(s);
}

static void test_by_address(void **state)
{
	struct store *s = open_store(4, 200);
	struct policy_address a = value_address(7), six = {.ip_v = 6, .octets = {10, 0, 0, 7}};
	const struct policy_host *out[STORE_AT_ADDRESS_MAX];
	assert_int_equal(store_at_address(s, &a, out, STORE_AT_ADDRESS_MAX), 0);
	for (int i = 0; i < 100; i++) {
		char name[32];
		snprintf(name, sizeof name, "mx%d.example", i);
		put_host_at(s, name, 7);
	}
	assert_int_equal(store_at_address(s, &a, out, STORE_AT_ADDRESS_MAX), 100);
	assert_string_equal(out[0]->name, "mx0.example");
	assert_string_equal(out[STORE_AT_ADDRESS_MAX - 1]->name, "mx63.example");
	assert_int_equal(store_at_address(s, &six, out, STORE_AT_ADDRESS_MAX), 0); // the same octets
	put_host_at(s, "mx0.example", 8); // it has moved
	assert_int_equal(store_at_address(s, &a, out, STORE_AT_ADDRESS_MAX), 99);
	assert_string_equal(out[0]->name, "mx1.example");
	a = value_address(8);
	assert_int_equal(store_at_address(s, &a, out, STORE_AT_ADDRESS_MAX), 1);
	store_close(&s);
}

static void test_an_address_twice_is_one_host(void **state)
{
	struct store *s = open_store(4, 4);
	const struct policy_address a[] = {value_address(7), value_address(7)};
	const struct policy_host h = value_host("mx.example", a, 2);
	const struct policy_host *out[4];
	assert_int_equal(store_put_host(s, &h), 0);
	assert_int_equal(store_at_address(s, a, out, 4), 1);
	store_close(&s);
}

static void test_by_host(void **state)
{
	struct store *s = open_store(8, 8);
	const struct policy_domain *out[4];
	put_domain_of(s, "a.example", "mx.example");
	put_domain_of(s, "b.example", "mx.example");
	struct policy_mx twice[] = {{10, "mx.example"}, {20, "mx.example"}};
	const struct policy_domain d = value_domain("c.example", twice, 2);
	assert_int_equal(store_put_domain(s, &d), 0);
	assert_int_equal(store_of_host(s, "mx.example", out, 4), 3);
	assert_string_equal(out[0]->name, "a.example");
	assert_string_equal(out[2]->name, "c.example");
	assert_int_equal(store_of_host(s, "mx.example", out, 1), 3);
	put_domain_of(s, "a.example", "other.example");
	assert_int_equal(store_of_host(s, "mx.example", out, 4), 2);
	store_close(&s);
}

static void test_what_was_used_longest_ago_goes(void **state)
{
	struct store *s = open_store(3, 3);
	put_domain_of(s, "a.example", "mx.example");
	put_domain_of(s, "b.example", "mx.example");
	put_domain_of(s, "c.example", "mx.example");
	assert_non_null(store_domain(s, "a.example")); // found: now b is the oldest
	put_domain_of(s, "d.example", "mx.example");
	assert_null(store_domain(s, "b.example"));
	assert_non_null(store_domain(s, "a.example"));
	assert_int_equal(store_counts(s).evicted, 1);
	assert_int_equal(store_counts(s).domains, 3);
	put_domain_of(s, "c.example", "mx2.example"); // replaces: nobody has to go
	assert_int_equal(store_counts(s).evicted, 1);
	const struct policy_address a = value_address(1);
	const struct policy_host *out[1];
	put_host_at(s, "mx1.example", 1);
	put_host_at(s, "mx2.example", 2);
	put_host_at(s, "mx3.example", 3);
	assert_int_equal(store_at_address(s, &a, out, 1), 1); // found by address counts as well
	put_host_at(s, "mx4.example", 4);
	assert_non_null(store_host(s, "mx1.example"));
	assert_null(store_host(s, "mx2.example"));
	store_close(&s);
}

static void test_all_in_the_order_of_putting(void **state)
{
	struct store *s = open_store(8, 8);
	uint32_t at = 0;
	assert_null(store_next_domain(s, &at));
	assert_null(store_next_domain(s, &at));
	put_domain_of(s, "a.example", "mx.example");
	put_domain_of(s, "b.example", "mx.example");
	put_domain_of(s, "c.example", "mx.example");
	put_domain_of(s, "a.example", "mx.example");
	at = 0;
	assert_string_equal(store_next_domain(s, &at)->name, "b.example");
	assert_non_null(store_domain(s, "b.example")); // finding does not disturb
	assert_string_equal(store_next_domain(s, &at)->name, "c.example");
	assert_string_equal(store_next_domain(s, &at)->name, "a.example");
	assert_null(store_next_domain(s, &at));
	assert_null(store_next_domain(s, &at));
	store_flush(s);
	at = 0;
	assert_null(store_next_domain(s, &at));
	assert_int_equal(store_counts(s).octets, 0);
	store_close(&s);
}

// Puts mx.example with records that begin with these octets.
static const struct policy_host *put_records(struct store *s, const char *firsts, int64_t as_of_s)
{
	uint8_t data[4][32];
	struct policy_tlsa records[4];
	uint8_t n = (uint8_t)strlen(firsts);
	for (uint8_t i = 0; i < n; i++)
		records[i] = value_record(data[i], (uint8_t)firsts[i]);
	struct policy_host h = value_host("mx.example", NULL, 0);
	value_records(&h, records, n, as_of_s);
	assert_int_equal(store_put_host(s, &h), 0);
	return store_host(s, "mx.example");
}

static void test_former(void **state)
{
	struct store *s = open_store(4, 4);
	const struct policy_host *h = put_records(s, "ab", 1000);
	assert_int_equal(h->former.as_of_s, 0);
	h = put_records(s, "ba", 2000); // another order is the same set
	assert_int_equal(h->former.as_of_s, 0);
	h = put_records(s, "bc", 3000);
	assert_int_equal(h->former.as_of_s, 2000);
	assert_int_equal(h->former.until_s, 2000);
	assert_int_equal(h->former.n, 2);
	assert_int_equal(h->former.tlsa[1].data[0], 'a');
	assert_string_equal(h->former.base, "mx.example");
	h = put_records(s, "bc", 4000); // unchanged: what was before stays known
	assert_int_equal(h->former.until_s, 2000);
	h = put_records(s, "", 5000);
	assert_int_equal(h->former.until_s, 4000);
	h = put_records(s, "d", 6000); // there were none: "bc" still is what one rolls over from
	assert_int_equal(h->former.until_s, 4000);
	assert_int_equal(h->former.tlsa[0].data[0], 'b');
	// A former set of its own wins.
	uint8_t data[2][32];
	struct policy_tlsa now = value_record(data[0], 'e'), own = value_record(data[1], 'x');
	struct policy_host mine = value_host("mx.example", NULL, 0);
	value_records(&mine, &now, 1, 7000);
	mine.former = (struct policy_tlsa_set){.n = 1, .tlsa = &own, .as_of_s = 10, .until_s = 20, .dnssec = DNSSEC_SECURE};
	assert_int_equal(store_put_host(s, &mine), 0);
	assert_int_equal(store_host(s, "mx.example")->former.tlsa[0].data[0], 'x');
	store_close(&s);
}

static void test_putting_what_the_store_holds(void **state)
{
	struct store *s = open_store(4, 4);
	put_records(s, "a", 1000);
	put_records(s, "b", 2000);
	assert_int_equal(store_put_host(s, store_host(s, "mx.example")), 0);
	assert_int_equal(store_host(s, "mx.example")->former.tlsa[0].data[0], 'a');
	put_domain_of(s, "a.example", "mx.example");
	assert_int_equal(store_put_domain(s, store_domain(s, "a.example")), 0);
	assert_string_equal(store_domain(s, "a.example")->mx[0].host, "mx.example");
	store_close(&s);
}

static void test_large_hosts_stay_within_the_octets(void **state)
{
	static uint8_t data[POLICY_TLSA_LEN];
	struct policy_tlsa records[POLICY_TLSA_MAX];
	struct store *s = open_store(100, 1000);
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++)
		records[i] = (struct policy_tlsa){.usage = 3, .len = POLICY_TLSA_LEN, .data = data};
	for (int i = 0; i < 1000; i++) {
		char name[32];
		snprintf(name, sizeof name, "mx%d.example", i);
		struct policy_host h = value_host(name, NULL, 0);
		value_records(&h, records, POLICY_TLSA_MAX, 1);
		assert_int_equal(store_put_host(s, &h), 0);
		assert_non_null(store_host(s, name));
		assert_true(store_counts(s).octets <= 1100 * 4096);
	}
	assert_true(store_counts(s).evicted > 900);
	store_close(&s);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_a_million_puts(void **state)
{
	struct store *s = open_store(4096, 4096);
	double begin = now_s();
	for (uint32_t i = 0; i < 500000; i++) {
		char host[32], domain[32];
		snprintf(host, sizeof host, "mx%u.example", i);
		snprintf(domain, sizeof domain, "d%u.example", i);
		put_host_at(s, host, 7); // all of them at one address, in one domain's list
		put_domain_of(s, domain, "mx.example");
	}
	assert_int_equal(store_counts(s).domains, 4096);
	assert_int_equal(store_counts(s).hosts, 4096);
	assert_int_equal(store_counts(s).evicted, 2 * (500000 - 4096));
	assert_true(store_counts(s).octets < 8192 * 4096);
	const struct policy_address a = value_address(7);
	const struct policy_host *out[2];
	assert_int_equal(store_at_address(s, &a, out, 2), 4096);
	double puts = now_s() - begin;
	begin = now_s();
	for (int i = 0; i < 1000000; i++)
		assert_non_null(store_domain(s, i % 2 ? "d499999.example" : "d499000.example"));
	printf("%.0f ns a put, %.0f ns a look-up\n", puts * 1e9 / 1e6, (now_s() - begin) * 1e9 / 1e6);
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_copied),
		cmocka_unit_test(test_by_address),
		cmocka_unit_test(test_an_address_twice_is_one_host),
		cmocka_unit_test(test_by_host),
		cmocka_unit_test(test_what_was_used_longest_ago_goes),
		cmocka_unit_test(test_all_in_the_order_of_putting),
		cmocka_unit_test(test_former),
		cmocka_unit_test(test_putting_what_the_store_holds),
		cmocka_unit_test(test_large_hosts_stay_within_the_octets),
		cmocka_unit_test(test_a_million_puts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
