// Hosts, ports and URLs: what is plainly one, and what only looks like it.
#include "configs/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/sink/near.h"

static const struct {
	const char *text, *host; // NULL: refused
	uint16_t port;
} pairs[] = {
	{"siem.example", "siem.example", 0},
	{"siem.example:6514", "siem.example", 6514},
	{"siem", "siem", 0},
	{"192.0.2.1:9092", "192.0.2.1", 9092},
	{"2001:db8::1", "2001:db8::1", 0},
	{"[2001:db8::1]", "2001:db8::1", 0},
	{"[2001:db8::1]:9092", "2001:db8::1", 9092},
	{"a:65535", "a", 65535},
	{"", NULL, 0},
	{":1", NULL, 0},
	{"a:", NULL, 0},
	{"a:0", NULL, 0},
	{"a:65536", NULL, 0},
	{"a:4294967297", NULL, 0},
	{"a:1x", NULL, 0},
	{"a: 1", NULL, 0},
	{"a b", NULL, 0},
	{"-a", NULL, 0},
	{"a-", NULL, 0},
	{"a..b", NULL, 0},
	{".a", NULL, 0},
	{"a.", NULL, 0},
	{"192.0.2.256", NULL, 0},
	{"192.0.2", NULL, 0},
	{"1", NULL, 0},
	{"[192.0.2.1]:1", NULL, 0},
	{"[siem.example]:1", NULL, 0},
	{"[2001:db8::1", NULL, 0},
	{"[2001:db8::1]x", NULL, 0},
	{"2001:db8::1]:1", NULL, 0},
	{"b\303\274cher.example", NULL, 0},
	{"SASL_SSL://a:1", NULL, 0},
	{"a/b", NULL, 0},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, 0}, // 64
};

static void test_pairs(void **state)
{
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct endpoint e;
		bool good = endpoint_parse(&e, pairs[i].text, strlen(pairs[i].text));
		if (good != (pairs[i].host != NULL) || (good && (strcmp(e.host, pairs[i].host) != 0 || e.port != pairs[i].port)))
			fail_msg("%s: %s %s %u", pairs[i].text, good ? "taken" : "refused", e.host, e.port);
	}
}

static void test_length(void **state)
{
	char text[600];
	struct endpoint e;
	memset(text, 'a', sizeof text);
	for (size_t i = 50; i < sizeof text; i += 50)
		text[i] = '.';
	assert_true(endpoint_parse(&e, text, 253));
	assert_false(endpoint_parse(&e, text, 254));
	assert_false(endpoint_parse(&e, text, sizeof text));
	assert_false(endpoint_parse(&e, "a\0b", 3));
	assert_true(endpoint_parse(&e, "a,b", 1)); // only as much as is given
	assert_string_equal(e.host, "a");
}

static const struct {
	const char *url, *host;
	uint16_t port;
	bool tls;
} urls[] = {
	{"http://a.example", "a.example", 80, false},
	{"https://a.example", "a.example", 443, true},
	{"https://a.example/", "a.example", 443, true},
	{"https://192.0.2.1:9200", "192.0.2.1", 9200, true},
	{"http://[2001:db8::1]:8123", "2001:db8::1", 8123, false},
	{"http://[2001:db8::1]", "2001:db8::1", 80, false},
	{"http://2001:db8::1", NULL, 0, false},
	{"https://a.example//", NULL, 0, false},
	{"https://a.example/_bulk", NULL, 0, false},
	{"https://a.example?x", NULL, 0, false},
	{"https://a.example#x", NULL, 0, false},
	{"https://user:secret@a.example", NULL, 0, false},
	{"https://a.example\\@b.example", NULL, 0, false},
	{"https://a.example:443@b.example", NULL, 0, false},
	{"https://", NULL, 0, false},
	{"https:///", NULL, 0, false},
	{"HTTPS://a.example", NULL, 0, false},
	{"ftp://a.example", NULL, 0, false},
	{"a.example:9200", NULL, 0, false},
	{"file:///etc/passwd", NULL, 0, false},
	{"https://a.example%2fb", NULL, 0, false},
	{"https://a.example\r\nX: y", NULL, 0, false},
};

static void test_urls(void **state)
{
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		struct endpoint e;
		bool tls, good = endpoint_parse_url(&e, urls[i].url, &tls);
		if (good != (urls[i].host != NULL))
			fail_msg("%s: %s", urls[i].url, good ? "taken" : "refused");
		if (good && (strcmp(e.host, urls[i].host) != 0 || e.port != urls[i].port || tls != urls[i].tls))
			fail_msg("%s: %s %u", urls[i].url, e.host, e.port);
	}
}

static void test_loopback(void **state)
{
	assert_true(sink_address_near("127.0.0.1"));
	assert_true(sink_address_near("127.9.9.9"));
	assert_true(sink_address_near("::1"));
	assert_false(sink_address_near("128.0.0.1"));
	assert_false(sink_address_near("::"));
	assert_false(sink_address_near("::ffff:127.0.0.1"));
	assert_false(sink_address_near("localhost"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_loopback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
