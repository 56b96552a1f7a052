// Names of rotated files: what stands for an age, and what is part of a name.
#include "cli/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *path, *base; // base NULL: not rotated
	uint64_t age;
} rows[] = {
	{"eve.json", NULL, 0},
	{"/var/log/eve.json.1", "/var/log/eve.json", 1},
	{"eve.json.27.gz", "eve.json", 27},
	{"eve.json.0", "eve.json", 0},
	{"eve.json.gz", NULL, 0},
	{"eve.json-20261123", "eve.json", UINT64_MAX / 2 - 20261123},
	{"eve.json-20261123.gz", "eve.json", UINT64_MAX / 2 - 20261123},
	{"eve.json-20261123-1795000000", "eve.json", UINT64_MAX / 2 - 1795000000},
	{"eve.json-2026112310", "eve.json", UINT64_MAX / 2 - 2026112310},
	{"eve-7", NULL, 0},
	{"eve7", NULL, 0},
	{"7", NULL, 0},
	{".7", NULL, 0},
	{"/var/log/.7", NULL, 0},
	{"/var/log/-20261123", NULL, 0},
	{"eve.json.1234567890", NULL, 0},
	{"eve.json.", NULL, 0},
	{"", NULL, 0},
	{"-", NULL, 0},
	{".gz", NULL, 0},
	{"eve.json.1.gz.gz", NULL, 0},
};

static void test_rotated(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t len;
		uint64_t age;
		bool rotated = verify_rotated(rows[i].path, &len, &age);
		if (rotated != (rows[i].base != NULL) || age != rows[i].age)
			fail_msg("%s: %d %llu", rows[i].path, rotated, (unsigned long long)age);
		if (rotated && (len != strlen(rows[i].base) || memcmp(rows[i].path, rows[i].base, len) != 0))
			fail_msg("%s: %.*s", rows[i].path, (int)len, rows[i].path);
	}
}

static void test_words_are_there(void **state)
{
	for (int fault = 0; fault < VERIFY_FAULTS; fault++) {
		for (int i = 0; i < 8; i++) {
			const struct verify_problem p = {.fault = (enum verify_fault)fault, .numbered = i & 1, .before = i & 2 ? UINT64_MAX : 0,
				.from = UINT64_MAX - 1, .to = UINT64_MAX, .seq = UINT64_MAX};
			char words[512] = "";
			verify_words(&p, i & 4, words, sizeof words);
			assert_in_range(strlen(words), 10, sizeof words - 2);
		}
		assert_non_null(verify_fault_name[fault]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rotated),
		cmocka_unit_test(test_words_are_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
