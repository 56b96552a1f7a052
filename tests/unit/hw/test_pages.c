// Large tables: zeroed, as long as asked for, a guard behind them.
#include "hw/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void zeroed_and_ours(void **state)
{
	static const size_t lens[] = {1, 4095, 4096, 4097, 3 << 20};
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint8_t *p = pages_map(lens[i]);
		assert_non_null(p);
		for (size_t n = 0; n < lens[i]; n++)
			assert_int_equal(p[n], 0);
		p[0] = p[lens[i] - 1] = 1;
		pages_unmap(p, lens[i]);
	}
	pages_unmap(NULL, 4096);
}

// What a child that touches that octet ends with: 0, or not at all well.
static int touched(volatile uint8_t *p, size_t at)
{
	pid_t child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		close(STDERR_FILENO); // a sanitizer's report
		p[at] = 1;
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void guarded(void **state)
{
	uint8_t *p = pages_map(2 * 4096);
	assert_non_null(p);
	assert_int_equal(touched(p, 2 * 4096 - 1), 0);
	assert_int_not_equal(touched(p, 2 * 4096), 0);
	pages_unmap(p, 2 * 4096);
}

static void more_than_there_is(void **state)
{
	assert_null(pages_map(SIZE_MAX));
	assert_null(pages_map(SIZE_MAX - 4096));
	assert_null(pages_map((size_t)1 << 62));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_and_ours),
		cmocka_unit_test(guarded),
		cmocka_unit_test(more_than_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
