// Numbers for people, at their boundaries.
#include "cli/figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void rate_u64(char out[static FIGURE_LEN], uint64_t n)
{
	figure_rate(out, (double)n / 10);
}

static const struct {
	void (*figure)(char *out, uint64_t n);
	uint64_t n;
	const char *want;
} rows[] = {
	{figure_count, 0, "0"},
	{figure_count, 999, "999"},
	{figure_count, 1000, "1,000"},
	{figure_count, 1234567, "1,234,567"},
	{figure_count, UINT64_MAX, "18,446,744,073,709,551,615"},
	{figure_octets, 0, "0 B"},
	{figure_octets, 999, "999 B"},
	{figure_octets, 1000, "1.0 kB"},
	{figure_octets, 999949, "999.9 kB"},
	{figure_octets, 999950, "1.0 MB"},
	{figure_octets, UINT64_MAX, "18.4 EB"},
	{figure_span, 0, "0 s"},
	{figure_span, 59, "59 s"},
	{figure_span, 60, "1 min"},
	{figure_span, 61, "1 min 1 s"},
	{figure_span, 3600, "1 h"},
	{figure_span, 3659, "1 h"},
	{figure_span, 90000, "1 d 1 h"},
	{figure_span, UINT64_MAX, "213503982334601 d 7 h"},
	{figure_speed, 0, ""},
	{figure_speed, 100, "100 Mb/s"},
	{figure_speed, 1000, "1 Gb/s"},
	{figure_speed, 2500, "2500 Mb/s"},
	{figure_speed, 100000, "100 Gb/s"},
	{rate_u64, 0, "0"},
	{rate_u64, 123, "12"},
	{rate_u64, 12345, "1.2 k"},
	{rate_u64, 123456789, "12.3 M"},
};

static void test_figures(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[FIGURE_LEN];
		rows[i].figure(text, rows[i].n);
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_figures)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
