// What a snapshot may not be, and that the error says where.
#include "alerts/expect/snapshot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int nothing_domain(void *ctx, const struct policy_domain *d)
{
	fail_msg("%s was given", d->name);
	return 0;
}

static int nothing_host(void *ctx, const struct policy_host *h)
{
	fail_msg("%s was given", h->name);
	return 0;
}

#define TOP(members) "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\"," members "}"
#define DOMAIN(members) TOP("\"domains\":{\"a.example\":{" members "}}")
#define MX(members) DOMAIN("\"mx\":{\"dnssec\":\"secure\"," members "}")
#define HOST(members) TOP("\"domains\":{},\"hosts\":{\"mx.example\":{" members "}}")
#define TLSA(members) HOST("\"tlsa\":{\"dnssec\":\"secure\"," members "}")
#define RECORD(text) TLSA("\"records\":[\"3 1 1 00\",\"" text "\"]"), "hosts.mx.example.tlsa.records[1]: must be a TLSA record"
#define STS(members) DOMAIN("\"mta_sts\":{" members "}")
#define PROBE(members) HOST("\"probe\":{" members "}")

static const struct {
	const char *text, *error; // how it begins
} rows[] = {
	{"", "line "},
	{"[]", "must be an object"},
	{"{\"version\":1", "line 1"},
	{"{\"version\":1}x", "line 1"},
	{"{\"version\":1}", "has no \"as_of\""},
	{"{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\"}", "has no \"domains\""},
	{"{\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{}}", "has no \"version\""},
	{"{\"version\":2,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{}}", "\"version\" must be 1"},
	{"{\"version\":1.0,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{}}", ".version: must be a whole number"},
	{"{\"version\":1,\"as_of\":\"2026-11-31T20:00:00Z\",\"domains\":{}}", "\"as_of\" must be a time"},
	{"{\"version\":1,\"as_of\":\"2026-11-23 20:00:00Z\",\"domains\":{}}", "\"as_of\" must be a time"},
	{"{\"version\":1,\"as_of\":\"1969-12-31T23:59:59Z\",\"domains\":{}}", "\"as_of\" must be a time"},
	{"{\"version\":1,\"as_of\":1,\"domains\":{}}", ".as_of: must be a text"},
	{TOP("\"domains\":[]"), ".domains: must be an object"},
	{TOP("\"domains\":{},\"domains\":{}"), "line 1"},
	{TOP("\"domains\":{},\"extra\":1"), "unknown member \"extra\""},
	{TOP("\"domains\":{},\"ex\\u001b[2J\":1"), "unknown member \"ex?[2J\""},
	{TOP("\"domains\":{\"a.example\":{},\"A.example.\":{}}"), "domains.A.example.: stands twice"},
	{TOP("\"domains\":{\"localhost\":{}}"), "domains.localhost: \"localhost\" is no host name"},
	{TOP("\"domains\":{\"\\u001b[2J\":{}}"), "domains.?[2J: \"?[2J\" is no host name"},
	{TOP("\"domains\":{\"a.example\":1}"), "domains.a.example: must be an object"},
	{DOMAIN("\"mix\":{}"), "domains.a.example: unknown member \"mix\""},
	{DOMAIN("\"tlsrpt\":\"yes\""), "domains.a.example.tlsrpt: must be true or false"},
	{DOMAIN("\"canonical\":\"a\""), "domains.a.example.canonical: \"a\" is no host name"},
	{DOMAIN("\"why\":\"\\u001b\""), "domains.a.example: \"why\" must be printable"},
	{DOMAIN("\"mx\":{\"hosts\":[]}"), "domains.a.example.mx: has no \"dnssec\""},
	{DOMAIN("\"mx\":{\"dnssec\":\"secure\"}"), "domains.a.example.mx: has no \"hosts\""},
	{DOMAIN("\"mx\":{\"dnssec\":\"Secure\",\"hosts\":[]}"), "domains.a.example.mx: \"dnssec\" cannot be \"Secure\""},
	{DOMAIN("\"mx\":{\"dnssec\":\"invalid\",\"hosts\":[]}"), "domains.a.example.mx: \"dnssec\" cannot be \"invalid\""},
	{MX("\"hosts\":[],\"ttl\":-1"), "domains.a.example.mx: \"ttl\" must be from 0 to 4294967295"},
	{MX("\"hosts\":[],\"ttl\":4294967296"), "domains.a.example.mx: \"ttl\" must be"},
	{MX("\"hosts\":[],\"ttl\":1e3"), "domains.a.example.mx.ttl: must be a whole number"},
	{MX("\"hosts\":[7]"), "domains.a.example.mx.hosts[0]: has no \"name\""},
	{MX("\"hosts\":[{\"name\":\"mx.example\"}]"), "domains.a.example.mx.hosts[0]: has no \"preference\""},
	{MX("\"hosts\":[{\"name\":\"mx.example\",\"preference\":65536}]"), "domains.a.example.mx.hosts[0]: \"preference\" must be"},
	{MX("\"hosts\":[{\"name\":\"mx.example\",\"preference\":1},{\"name\":\".\",\"preference\":0}]"),
		"domains.a.example.mx.hosts[1].name: \".\" is no host name"},
	{MX("\"hosts\":[{\"name\":\".\",\"preference\":0,\"tlsa\":{}}]"), "domains.a.example.mx.hosts[0]: unknown member \"tlsa\""},
	{MX("\"hosts\":[{\"name\":\"mx.example\",\"preference\":1,\"why\":\"a\"},{\"name\":\"mx.example\",\"preference\":2,\"why\":\"b\"}]"),
		"domains.a.example.mx.hosts[1]: mx.example is described twice, and not alike"},
	{MX("\"hosts\":[{\"name\":\"m1.example\",\"preference\":1},{\"name\":\"m2.example\",\"preference\":2},{\"name\":\"m3.example\","
	    "\"preference\":3,\"tlsa\":{\"dnssec\":\"secure\",\"records\":[\"3 1 1 0\"]}}]"),
		"domains.a.example.mx.hosts[2].tlsa.records[0]: must be a TLSA record"},
	{HOST("\"name\":\"mx.example\""), "hosts.mx.example: unknown member \"name\""},
	{HOST("\"addresses\":{\"dnssec\":\"secure\",\"list\":[\"192.0.2.256\"]}"), "hosts.mx.example.addresses.list[0]: must be an IP"},
	{HOST("\"addresses\":{\"dnssec\":\"secure\",\"list\":[1]}"), "hosts.mx.example.addresses.list[0]: must be an IP"},
	{HOST("\"addresses\":{\"dnssec\":\"secure\",\"list\":[],\"n\":1}"), "hosts.mx.example.addresses: unknown member \"n\""},
	{TLSA("\"records\":[],\"base\":\"*.example\""), "hosts.mx.example.tlsa.base: \"*.example\" is no host name"},
	{RECORD("3 1 1 0g")}, {RECORD("3 1 1  00")}, {RECORD("3 1 256 00")}, {RECORD("3 1 00")}, {RECORD("-3 1 1 00")}, {RECORD("")},
	{RECORD("3 1 1 00 ")}, {RECORD("3 1 1 00 11")}, {RECORD("0003 1 1 00")}, {RECORD("3 1")},
	{TLSA("\"records\":[],\"former\":{\"records\":[]}"), "hosts.mx.example.tlsa.former: has no \"until\""},
	{TLSA("\"records\":[],\"former\":{\"records\":[\"x\"]}"), "hosts.mx.example.tlsa.former.records[0]: must be a TLSA record"},
	{PROBE("\"address\":\"192.0.2.1\""), "hosts.mx.example.probe: has no \"at\""},
	{PROBE("\"at\":\"2026-11-23T20:00:00Z\""), "hosts.mx.example.probe: has no \"address\""},
	{PROBE("\"at\":\"2026-11-23T20:00:00Z\",\"address\":\"::1\",\"dane\":\"yes\""), "hosts.mx.example.probe: \"dane\" cannot be"},
	{PROBE("\"at\":\"2026-11-23T20:00:00Z\",\"address\":\"::1\",\"spki_sha256\":\"00\""), "hosts.mx.example.probe: \"spki_sha256\" must be"},
	{STS("\"id\":\"1\""), "domains.a.example.mta_sts: has no \"mode\""},
	{STS("\"mode\":\"enforced\""), "domains.a.example.mta_sts: \"mode\" cannot be"},
	{STS("\"mode\":\"none\",\"id\":\"a-b\""), "domains.a.example.mta_sts: \"id\" must be letters and digits"},
	{STS("\"mode\":\"none\",\"id\":\"012345678901234567890123456789012\""), "domains.a.example.mta_sts: \"id\" is longer than 32"},
	{STS("\"mode\":\"none\",\"fault\":\"x\""), "domains.a.example.mta_sts: \"fault\" cannot be"},
	{STS("\"mode\":\"none\",\"mx\":[\"a.*.example\"]"), "domains.a.example.mta_sts.mx[0]: \"a.*.example\" is no host name"},
	{STS("\"mode\":\"none\",\"mx\":[[]]"), "domains.a.example.mta_sts.mx[0]: must be a text"},
};

static int refuse(const char *text, size_t len, char *error)
{
	static const struct snapshot_sink sink = {nothing_domain, nothing_host, NULL};
	return snapshot_read(text, len, &sink, error);
}

static void test_errors(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char error[SNAPSHOT_ERROR];
		if (refuse(rows[i].text, strlen(rows[i].text), error) != 1)
			fail_msg("%s is taken", rows[i].text);
		if (strncmp(error, rows[i].error, strlen(rows[i].error)) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, error, rows[i].error);
		for (const char *c = error; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
}

// Wherever a document ends, it is refused, and nothing of it given.
static void test_cut(void **state)
{
	static const char text[] = MX("\"hosts\":[{\"name\":\"mx.example\",\"preference\":1,\"why\":\"a\"}]");
	for (size_t len = 0; len < sizeof text - 1; len++) {
		char error[SNAPSHOT_ERROR], *exact = malloc(len ? len : 1);
		memcpy(exact, text, len);
		assert_int_equal(refuse(exact, len, error), 1);
		free(exact);
	}
}

static void test_more_patterns_than_are_kept(void **state)
{
	char text[4096], error[SNAPSHOT_ERROR];
	size_t n = (size_t)sprintf(text, "%s", "{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{\"a.example\":{"
	                                       "\"mta_sts\":{\"mode\":\"enforce\",\"mx\":[");
	for (int i = 0; i < 33; i++)
		n += (size_t)sprintf(text + n, "%s\"*.p%d.example\"", i ? "," : "", i);
	n += (size_t)sprintf(text + n, "]}}}}");
	assert_int_equal(refuse(text, n, error), 1);
	assert_string_equal(error, "domains.a.example.mta_sts: more than 32 patterns in \"mx\"");
}

static void test_deep(void **state)
{
	static char text[100000];
	char error[SNAPSHOT_ERROR];
	memset(text, '[', sizeof text);
	assert_int_equal(refuse(text, sizeof text, error), 1);
}

static void test_too_long(void **state)
{
	char error[SNAPSHOT_ERROR], path[] = "/tmp/postwacht-snapshot-XXXXXX";
	static const struct snapshot_sink sink = {nothing_domain, nothing_host, NULL};
	assert_int_equal(refuse("{", (size_t)SNAPSHOT_READ_MAX + 1, error), 1);
	assert_string_equal(error, "longer than 64 MiB");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)SNAPSHOT_READ_MAX * 4), 0);
	assert_int_equal(snapshot_read_file(path, &sink, error), 1);
	assert_string_equal(error, "longer than 64 MiB");
	close(fd);
	unlink(path);
	assert_int_equal(snapshot_read_file(path, &sink, error), -ENOENT);
	assert_int_equal(snapshot_read_file("/tmp", &sink, error), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_more_patterns_than_are_kept),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
