// Snapshots: every member is read, what is printed is read again as the same, the snapshots of all stories are read.
#include "alerts/expect/snapshot.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/expect/store.h"
#include "alerts/session.h"
#include "tests/unit/alerts/expect/values.h"

#define AS_OF 1795464000 // 2026-11-23T20:00:00Z

static struct store *read_all(const char *text)
{
	char error[SNAPSHOT_ERROR];
	struct store *s;
	assert_int_equal(store_open(&s, 256, 256), 0);
	const struct snapshot_sink sink = {store_put_domain, store_put_host, s};
	if (snapshot_read(text, strlen(text), &sink, error) != 0)
		fail_msg("%s", error);
	return s;
}

static const struct policy_host *find(void *ctx, const char *name)
{
	return store_host(ctx, name);
}

static char *print_all(struct store *s, bool indent)
{
	struct snapshot *out;
	const struct policy_domain *d;
	const struct policy_host *h;
	size_t len;
	assert_int_equal(snapshot_open(&out, AS_OF), 0);
	for (uint32_t at = 0; (d = store_next_domain(s, &at)) != NULL;)
		assert_int_equal(snapshot_put_domain(out, d, find, s), 0);
	for (uint32_t at = 0; (h = store_next_host(s, &at)) != NULL;)
		assert_int_equal(snapshot_put_host(out, h), 0);
	char *text = snapshot_text(out, indent, &len);
	assert_non_null(text);
	assert_int_equal(strlen(text), len);
	snapshot_close(&out);
	return text;
}

static const char everything[] =
	"{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"hosts\":{\"Lone.example\":{\"canonical\":\"real.example.\","
	"\"tlsa\":{\"dnssec\":\"bogus\",\"records\":[]},\"why\":\"no signature\",\"denial_broken\":true}},"
	"\"domains\":{\"a.example\":{\"as_of\":\"2026-11-22T20:00:00Z\",\"canonical\":\"b.example\",\"tlsrpt\":false,\"why\":\"w\","
	"\"mx\":{\"dnssec\":\"secure\",\"ttl\":7200,\"more\":true,\"hosts\":[{\"name\":\"mx.a.example\",\"preference\":10,"
	"\"addresses\":{\"dnssec\":\"secure\",\"ttl\":300,\"more\":true,\"list\":[\"192.0.2.10\",\"2001:db8::10\"]},"
	"\"tlsa\":{\"dnssec\":\"secure\",\"ttl\":60,\"base\":\"target.a.example\",\"records\":[\"3 1 1 00fFaB\",\"0 0 0\"],"
	"\"more\":true,\"former\":{\"records\":[\"2 0 2 01\"],\"ttl\":30,\"until\":\"2026-11-20T00:00:00Z\"}},"
	"\"probe\":{\"at\":\"2026-11-21T00:00:00Z\",\"address\":\"2001:db8::10\",\"starttls\":true,\"tls\":true,\"dane\":\"match\","
	"\"spki_sha256\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"}},"
	"{\"name\":\"unknown.a.example\",\"preference\":65535}]},"
	"\"mta_sts\":{\"id\":\"2026abc\",\"mode\":\"enforce\",\"mx\":[\"*.a.example\",\"mx.b.example\"],\"max_age\":604800,"
	"\"fault\":\"sts-webpki-invalid\",\"why\":\"expired\",\"id_unchanged\":true,\"removed\":true,\"as_of\":\"2026-11-21T20:00:00Z\"}}}}";

static void check_host(const struct policy_host *h)
{
	assert_non_null(h);
	assert_string_equal(h->canonical, "target.a.example"); // the TLSA base domain shows it
	assert_int_equal(h->as_of_s, AS_OF - 86400);           // its domain's
	assert_int_equal(h->addresses_dnssec, DNSSEC_SECURE);
	assert_int_equal(h->addresses_ttl_s, 300);
	assert_true(h->addresses_more);
	assert_int_equal(h->n_addresses, 2);
	assert_memory_equal(h->addresses[0].octets, "\xc0\x00\x02\x0a\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(h->addresses[1].ip_v, 6);
	assert_int_equal(h->tlsa.n, 2);
	assert_true(h->tlsa.more);
	assert_int_equal(h->tlsa.ttl_s, 60);
	assert_int_equal(h->tlsa.as_of_s, AS_OF - 86400);
	assert_int_equal(h->tlsa.tlsa[0].usage, 3);
	assert_int_equal(h->tlsa.tlsa[0].len, 3);
	assert_memory_equal(h->tlsa.tlsa[0].data, "\x00\xff\xab", 3);
	assert_int_equal(h->tlsa.tlsa[1].len, 0);
	assert_int_equal(h->former.dnssec, DNSSEC_SECURE);
	assert_int_equal(h->former.tlsa[0].mtype, 2);
	assert_int_equal(h->former.until_s, 1795132800);
	assert_int_equal(h->former.as_of_s, 1795132800);
	assert_string_equal(h->former.base, "target.a.example");
	assert_int_equal(h->probe.ip_v, 6);
	assert_true(h->probe.starttls && h->probe.tls);
	assert_int_equal(h->probe.dane, DANE_MATCH);
	assert_int_equal(h->probe.spki_sha256[31], 0x1f);
}

static void test_every_member(void **state)
{
	struct store *s = read_all(everything);
	const struct policy_domain *d = store_domain(s, "a.example");
	assert_non_null(d);
	assert_int_equal(d->as_of_s, AS_OF - 86400);
	assert_string_equal(d->canonical, "b.example");
	assert_int_equal(d->tlsrpt, TLSRPT_ABSENT);
	assert_string_equal(d->why, "w");
	assert_int_equal(d->mx_dnssec, DNSSEC_SECURE);
	assert_int_equal(d->mx_ttl_s, 7200);
	assert_true(d->mx_more);
	assert_int_equal(d->n_mx, 2);
	assert_int_equal(d->mx[1].preference, 65535);
	assert_int_equal(d->sts.mode, STS_ENFORCE);
	assert_int_equal(d->sts.fault, STS_WEBPKI_INVALID);
	assert_string_equal(d->sts.id, "2026abc");
	assert_string_equal(d->sts.mx[0], "*.a.example");
	assert_string_equal(d->sts.why, "expired");
	assert_true(d->sts.id_unchanged && d->sts.removed);
	assert_int_equal(d->sts.max_age_s, 604800);
	assert_int_equal(d->sts.as_of_s, AS_OF - 2 * 86400);
	check_host(store_host(s, "mx.a.example"));
	assert_null(store_host(s, "unknown.a.example"));
	const struct policy_host *lone = store_host(s, "lone.example");
	assert_non_null(lone);
	assert_string_equal(lone->canonical, "real.example");
	assert_string_equal(lone->tlsa.base, "real.example");
	assert_int_equal(lone->tlsa.dnssec, DNSSEC_BOGUS);
	assert_int_equal(lone->addresses_dnssec, DNSSEC_UNKNOWN);
	assert_int_equal(lone->as_of_s, AS_OF);
	assert_true(lone->denial_broken);
	store_close(&s);
}

static void test_round_trip(void **state)
{
	for (int indent = 0; indent < 2; indent++) {
		struct store *s = read_all(everything);
		char *first = print_all(s, indent);
		struct store *again = read_all(first);
		char *second = print_all(again, indent);
		assert_string_equal(first, second);
		check_host(store_host(again, "mx.a.example"));
		assert_int_equal(store_counts(s).octets, store_counts(again).octets);
		free(first);
		free(second);
		store_close(&s);
		store_close(&again);
	}
}

// Structs that no document gave, with everything at its largest.
static void test_round_trip_of_the_largest(void **state)
{
	static uint8_t data[POLICY_TLSA_LEN];
	static struct policy_tlsa records[POLICY_TLSA_MAX];
	static struct policy_address addresses[POLICY_ADDRESSES_MAX];
	static struct policy_mx mx[POLICY_MX_MAX];
	static char patterns[POLICY_STS_MX_MAX][POLICY_NAME];
	struct store *s;
	for (size_t i = 0; i < POLICY_TLSA_LEN; i++)
		data[i] = (uint8_t)i;
	for (uint32_t i = 0; i < 32; i++) {
		records[i] = (struct policy_tlsa){.usage = (uint8_t)(255 - i), .selector = 255, .mtype = (uint8_t)i, .len = POLICY_TLSA_LEN, .data = data};
		addresses[i] = value_address(i);
		mx[i].preference = (uint16_t)(65535 - i);
		snprintf(mx[i].host, sizeof mx[i].host, "mx%u.example", i);
		snprintf(patterns[i], sizeof patterns[i], "*.p%u.example", i);
	}
	assert_int_equal(store_open(&s, 4, 64), 0);
	for (size_t i = 0; i < 2; i++) {
		struct policy_host h = value_host(mx[i].host, addresses, POLICY_ADDRESSES_MAX);
		value_records(&h, records, POLICY_TLSA_MAX, 77);
		h.addresses_ttl_s = h.tlsa.ttl_s = UINT32_MAX;
		h.former = h.tlsa;
		h.former.until_s = 78;
		memset(h.why, '"', sizeof h.why - 1);
		assert_int_equal(store_put_host(s, &h), 0);
	}
	struct policy_domain d = value_domain("a.example", mx, POLICY_MX_MAX);
	d.sts = (struct policy_sts){.mode = STS_MODE_NONE, .n_mx = POLICY_STS_MX_MAX, .mx = (const char (*)[POLICY_NAME])patterns, .max_age_s = UINT32_MAX};
	assert_int_equal(store_put_domain(s, &d), 0);
	char *first = print_all(s, false);
	struct store *again = read_all(first);
	char *second = print_all(again, false);
	assert_string_equal(first, second);
	assert_int_equal(store_counts(s).octets, store_counts(again).octets);
	assert_int_equal(store_domain(again, "a.example")->sts.mode, STS_MODE_NONE);
	free(first);
	free(second);
	store_close(&s);
	store_close(&again);
}

#define DOMAIN(members) "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{\"a.example\":{" members "}}}"
#define MX(hosts) "\"mx\":{\"dnssec\":\"secure\",\"hosts\":[" hosts "]}"

static struct policy_domain domain_of(const char *text)
{
	struct store *s = read_all(text);
	struct policy_domain d = *store_domain(s, "a.example");
	store_close(&s);
	return d; // what it points to is gone
}

static void test_modes(void **state)
{
	static const struct {
		const char *text;
		int mode;
	} rows[] = {
		{DOMAIN(""), STS_UNKNOWN},
		{DOMAIN("\"mta_sts\":{\"mode\":\"unknown\"}"), STS_UNKNOWN},
		{DOMAIN("\"mta_sts\":{\"mode\":\"none\"}"), STS_ABSENT},
		{DOMAIN("\"mta_sts\":{\"mode\":\"absent\"}"), STS_ABSENT},
		{DOMAIN("\"mta_sts\":{\"mode\":\"none\",\"id\":\"1\"}"), STS_MODE_NONE},
		{DOMAIN("\"mta_sts\":{\"mode\":\"testing\",\"id\":\"1\"}"), STS_TESTING},
		{DOMAIN("\"mta_sts\":{\"mode\":\"enforce\"}"), STS_ENFORCE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(domain_of(rows[i].text).sts.mode, rows[i].mode);
}

static void test_null_and_implicit_mx(void **state)
{
	struct policy_domain d = domain_of(DOMAIN(MX("{\"name\":\".\",\"preference\":0}")));
	assert_true(d.null_mx);
	assert_int_equal(d.n_mx, 0);
	d = domain_of(DOMAIN("\"mx\":{\"dnssec\":\"insecure\",\"implicit\":true,\"hosts\":[{\"name\":\"a.example\",\"preference\":0}]}"));
	assert_true(d.implicit_mx && !d.null_mx);
	assert_int_equal(d.n_mx, 1);
	d = domain_of(DOMAIN(""));
	assert_int_equal(d.mx_dnssec, DNSSEC_UNKNOWN);
	struct store *s = read_all(DOMAIN(MX("{\"name\":\".\",\"preference\":0}")));
	char *text = print_all(s, false);
	assert_non_null(strstr(text, "\"hosts\":[{\"name\":\".\",\"preference\":0}]"));
	free(text);
	store_close(&s);
}

// One more than is kept, of each kind that has a `more`.
static void test_more_than_is_kept(void **state)
{
	static char text[64 * 1024];
	size_t n = (size_t)sprintf(text, "%s", "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{\"a.example\":{"
	                                       "\"mx\":{\"dnssec\":\"secure\",\"hosts\":[");
	for (int i = 0; i < 33; i++)
		n += (size_t)sprintf(text + n, "{\"name\":\"mx%d.example\",\"preference\":%d},", i, i);
	n += (size_t)sprintf(text + n - 1, "]}}},\"hosts\":{\"mx1.example\":{\"addresses\":{\"dnssec\":\"secure\",\"list\":[") - 1;
	for (int i = 0; i < 33; i++)
		n += (size_t)sprintf(text + n, "%s\"192.0.2.%d\"", i ? "," : "", i);
	n += (size_t)sprintf(text + n, "]},\"tlsa\":{\"dnssec\":\"secure\",\"records\":[");
	for (int i = 0; i < 33; i++)
		n += (size_t)sprintf(text + n, "%s\"3 1 %d 00\"", i ? "," : "", i);
	sprintf(text + n, "]}}}}");
	struct store *s = read_all(text);
	const struct policy_domain *d = store_domain(s, "a.example");
	const struct policy_host *h = store_host(s, "mx1.example");
	assert_true(d->mx_more && d->n_mx == 32);
	assert_true(h->addresses_more && h->n_addresses == 32);
	assert_true(h->tlsa.more && h->tlsa.n == 32);
	assert_int_equal(h->tlsa.tlsa[31].mtype, 31);
	store_close(&s);
}

// A whole certificate fits; one octet more is a record without its data.
static void test_longest_record(void **state)
{
	static char text[3 * POLICY_TLSA_LEN];
	for (size_t len = POLICY_TLSA_LEN; len <= POLICY_TLSA_LEN + 1; len++) {
		size_t n = (size_t)sprintf(text, "%s", "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{},\"hosts\":{\"mx.example\":{"
		                                       "\"tlsa\":{\"dnssec\":\"secure\",\"records\":[\"3 0 0 ");
		memset(text + n, 'a', 2 * len);
		strcpy(text + n + 2 * len, "\"]}}}}");
		struct store *s = read_all(text);
		const struct policy_host *h = store_host(s, "mx.example");
		assert_int_equal(h->tlsa.n, 1);
		assert_int_equal(h->tlsa.tlsa[0].len, len == POLICY_TLSA_LEN ? len : 0);
		store_close(&s);
	}
}

// Two domains with the same host: described once when printed, and both ways are read.
static void test_a_host_of_two_domains(void **state)
{
	const char *text = "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{"
	                   "\"a.example\":{" MX("{\"name\":\"mx.example\",\"preference\":1,\"why\":\"x\"}") "},"
	                   "\"b.example\":{" MX("{\"name\":\"mx.example\",\"preference\":2,\"why\":\"x\"},"
	                                        "{\"name\":\"mx.example\",\"preference\":3}") "}}}";
	struct store *s = read_all(text);
	assert_int_equal(store_counts(s).hosts, 1);
	char *printed = print_all(s, false);
	const char *first = strstr(printed, "\"why\"");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\"why\""));
	free(printed);
	store_close(&s);
}

static int count(void *ctx, const struct policy_domain *d)
{
	return (++*(int *)ctx, 0);
}

static int count_host(void *ctx, const struct policy_host *h)
{
	return (++*(int *)ctx, 0);
}

static int refuse(void *ctx, const struct policy_domain *d)
{
	return -28;
}

static void test_a_sink_ends_the_reading(void **state)
{
	char error[SNAPSHOT_ERROR];
	int n = 0;
	const struct snapshot_sink sink = {refuse, count_host, &n};
	assert_int_equal(snapshot_read(everything, strlen(everything), &sink, error), -28);
	assert_int_equal(n, 2); // hosts come first
}

static void test_nothing_is_given_of_what_is_wrong(void **state)
{
	char error[SNAPSHOT_ERROR], text[sizeof everything];
	int n = 0;
	const struct snapshot_sink sink = {count, count_host, &n};
	strcpy(text, everything);
	memcpy(strstr(text, "604800"), " -4800", 6);
	assert_int_equal(snapshot_read(text, strlen(text), &sink, error), 1);
	assert_int_equal(n, 0);
	assert_non_null(strstr(error, "max_age"));
}

static void test_what_is_full_is_left_out(void **state)
{
	static uint8_t data[POLICY_TLSA_LEN];
	struct policy_tlsa records[POLICY_TLSA_MAX];
	struct snapshot *out;
	int r = 0, n = 0;
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++)
		records[i] = (struct policy_tlsa){.usage = 3, .len = POLICY_TLSA_LEN, .data = data};
	assert_int_equal(snapshot_open(&out, AS_OF), 0);
	for (; r == 0 && n < 1000; n++) {
		char name[32];
		snprintf(name, sizeof name, "mx%d.example", n);
		struct policy_host h = value_host(name, NULL, 0);
		value_records(&h, records, POLICY_TLSA_MAX, 1);
		r = snapshot_put_host(out, &h);
	}
	assert_int_equal(r, SNAPSHOT_FULL);
	assert_int_equal(n, SNAPSHOT_WRITE_MAX / 263000 + 1);
	size_t len;
	int hosts = 0;
	char *text = snapshot_text(out, false, &len), error[SNAPSHOT_ERROR];
	const struct snapshot_sink sink = {count, count_host, &hosts};
	assert_int_equal(snapshot_read(text, len, &sink, error), 0);
	assert_int_equal(hosts, n - 1);
	free(text);
	snapshot_close(&out);
}

static void test_snapshots_of_the_stories(void **state)
{
	char pattern[4096];
	glob_t found;
	snprintf(pattern, sizeof pattern, "%s", __FILE__);
	char *tail = strstr(pattern, "tests/unit/alerts/");
	assert_non_null(tail);
	strcpy(tail, "tests/replay/*/policy.json");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 100);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char error[SNAPSHOT_ERROR];
		struct store *s;
		assert_int_equal(store_open(&s, 64, 64), 0);
		const struct snapshot_sink sink = {store_put_domain, store_put_host, s};
		if (snapshot_read_file(found.gl_pathv[i], &sink, error) != 0)
			fail_msg("%s: %s", found.gl_pathv[i], error);
		assert_true(store_counts(s).domains > 0);
		const struct policy_host *alias = store_host(s, "mail.dane-mx-cname.example");
		if (alias)
			assert_string_equal(alias->canonical, "mx.dane-mx-cname.example");
		store_close(&s);
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_round_trip_of_the_largest),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_null_and_implicit_mx),
		cmocka_unit_test(test_more_than_is_kept),
		cmocka_unit_test(test_longest_record),
		cmocka_unit_test(test_a_host_of_two_domains),
		cmocka_unit_test(test_a_sink_ends_the_reading),
		cmocka_unit_test(test_nothing_is_given_of_what_is_wrong),
		cmocka_unit_test(test_what_is_full_is_left_out),
		cmocka_unit_test(test_snapshots_of_the_stories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
