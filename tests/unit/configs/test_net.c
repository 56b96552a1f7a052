// Networks as text.
#include "configs/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// `back` is what is printed; NULL: no network.
static const struct {
	const char *text, *back;
} rows[] = {
	{"192.0.2.0/24", "192.0.2.0/24"},
	{"192.0.2.1", "192.0.2.1/32"},
	{"0.0.0.0/0", "0.0.0.0/0"},
	{"255.255.255.255/32", "255.255.255.255/32"},
	{"2001:db8::/32", "2001:db8::/32"},
	{"2001:DB8::1", "2001:db8::1/128"},
	{"::/0", "::/0"},
	{"192.0.2.1/24", NULL},  // bits after the prefix
	{"2001:db8::1/127", NULL},
	{"192.0.2.0/33", NULL},
	{"::/129", NULL},
	{"192.0.2.0/", NULL},
	{"192.0.2.0/+24", NULL},
	{"192.0.2.0/024", NULL},
	{"192.0.2.0/24 ", NULL},
	{"192.0.2/24", NULL},
	{"192.0.2.256", NULL},
	{"mail.example", NULL},
	{"", NULL},
	{"/", NULL},
	{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL},
};

static void test_net(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct judge_net net;
		char back[NET_TEXT_LEN] = "";
		bool good = net_parse(&net, rows[i].text);
		if (good)
			net_print(&net, back);
		if (good != (rows[i].back != NULL) || (good && strcmp(back, rows[i].back) != 0))
			fail_msg("\"%s\": %s", rows[i].text, good ? back : "refused");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_net)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
