// Where something may listen in clear.
#include "configs/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "configs/config.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

// `family` 0: refused, and `why` has these words.
static const struct {
	const char *text;
	int family;
	const char *why;
} rows[] = {
	{"127.0.0.1:9325", AF_INET, NULL},
	{"127.255.0.9:1", AF_INET, NULL},
	{"127.0.0.1:65535", AF_INET, NULL},
	{"[::1]:9325", AF_INET6, NULL},
	{"unix:/run/postwacht/metrics.sock", AF_UNIX, NULL},
	{"unix:/" X100 "xxxxxx", AF_UNIX, NULL}, // 107 octets
	{"unix:/" X100 "xxxxxxx", 0, "at most 107 octets"},
	{"unix:metrics.sock", 0, "path from the root"},
	{"unix:", 0, "path from the root"},
	{"0.0.0.0:9325", 0, "loopback"},
	{"128.0.0.1:9325", 0, "loopback"},
	{"192.0.2.1:9325", 0, "reverse proxy"},
	{"[::]:9325", 0, "loopback"},
	{"[2001:db8::1]:9325", 0, "loopback"},
	{"[::ffff:127.0.0.1]:9325", 0, "loopback"},
	{"[::1:9325", 0, "loopback"},
	{"::1:9325", 0, "loopback"},
	{"[]:9325", 0, "loopback"},
	{"[:9325", 0, "loopback"},
	{"]:9325", 0, "loopback"},
	{":9325", 0, "loopback"},
	{"localhost:9325", 0, "loopback"},
	{"*:9325", 0, "loopback"},
	{"127.1:9325", 0, "loopback"},
	{"127.0.0.1:0", 0, "ADDRESS:PORT"},
	{"127.0.0.1:65536", 0, "ADDRESS:PORT"},
	{"127.0.0.1:099999", 0, "ADDRESS:PORT"},
	{"127.0.0.1:09325", 0, "ADDRESS:PORT"},
	{"127.0.0.1:-1", 0, "ADDRESS:PORT"},
	{"127.0.0.1:9325 ", 0, "ADDRESS:PORT"},
	{"127.0.0.1:", 0, "ADDRESS:PORT"},
	{"127.0.0.1", 0, "ADDRESS:PORT"},
	{"9325", 0, "ADDRESS:PORT"},
	{"", 0, "ADDRESS:PORT"},
	{X100 ":9325", 0, "ADDRESS:PORT"},
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct listen_address a;
		char why[LISTEN_WHY] = "";
		bool good = listen_parse(&a, rows[i].text, why);
		if (good != (rows[i].family != 0) || (good && (a.any.sa_family != rows[i].family || a.len == 0)))
			fail_msg("\"%s\": %s", rows[i].text, good ? "taken" : why);
		if (!good && strstr(why, rows[i].why) == NULL)
			fail_msg("\"%s\": \"%s\" has not \"%s\"", rows[i].text, why, rows[i].why);
	}
}

static void test_port(void **state)
{
	struct listen_address a;
	char why[LISTEN_WHY];
	assert_true(listen_parse(&a, "[::1]:258", why));
	assert_int_equal(ntohs(a.in6.sin6_port), 258);
	assert_true(listen_parse(&a, "127.0.0.2:258", why));
	assert_int_equal(ntohs(a.in.sin_port), 258);
	assert_int_equal(ntohl(a.in.sin_addr.s_addr), 0x7f000002);
}

// As a setting: told where it stands.
static void test_setting(void **state)
{
	static struct config c;
	static struct config_errors errors;
	config_init(&c);
	assert_string_equal(c.metrics, "none");
	static const char good[] = "metrics: {listen: \"127.0.0.1:9325\"}\n", bad[] = "metrics:\n  listen: 0.0.0.0:9325\n";
	assert_int_equal(config_load_text(&c, "f.yaml", good, sizeof good - 1, &errors), 0);
	assert_string_equal(c.metrics, "127.0.0.1:9325");
	assert_int_equal(config_load_text(&c, "f.yaml", bad, sizeof bad - 1, &errors), 1);
	assert_non_null(strstr(errors.line[0], "f.yaml:2:11: metrics.listen: \"0.0.0.0:9325\" is not this machine's loopback"));
	errors.n = 0;
	assert_int_equal(config_set(&c, "metrics.listen=none", &errors), 0);
	assert_string_equal(c.metrics, "none");
	assert_int_equal(config_set(&c, "metrics.listen=[1, 2]", &errors), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_port), cmocka_unit_test(test_setting)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
