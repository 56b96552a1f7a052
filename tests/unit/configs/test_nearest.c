// "Did you mean ...?".
#include "configs/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const known[] = {"workers", "ports_tcp", "checksums", "starttls.stripped", "starttls.masked"};

static const struct {
	const char *name, *typed, *want;
} rows[] = {
	{"the word itself", "workers", "workers"},
	{"a letter missing", "worker", "workers"},
	{"two letters swapped", "wokrers", "workers"},
	{"a letter too many", "checkssums", "checksums"},
	{"another separator", "ports-tcp", "ports_tcp"},
	{"nearest of two", "starttls.stript", "starttls.stripped"},
	{"nothing like it", "banana", NULL},
	{"empty", "", NULL},
	{"longer than any word",
		"workersworkersworkersworkersworkersworkersworkersworkersworkersworkersworkers", NULL},
};

static void test_nearest(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct nearest n;
		nearest_start(&n, rows[i].typed);
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			nearest_try(&n, known[k]);
		const char *best = nearest_best(&n);
		if ((best == NULL) != (rows[i].want == NULL) || (best != NULL && strcmp(best, rows[i].want) != 0))
			fail_msg("%s: got %s", rows[i].name, best != NULL ? best : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearest)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
