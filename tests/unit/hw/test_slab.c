// The pool of objects: every index once, zeroed, reused, and an end.
#include "hw/slab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static void every_index_once_then_none(void **state)
{
	static const size_t object_lens[] = {0, 1, 4, 7, 8, 9, 64, 4096, 5000};
	for (size_t i = 0; i < sizeof(object_lens) / sizeof(object_lens[0]); i++) {
		struct slab s;
		assert_int_equal(slab_open(&s, object_lens[i], 100), 0);
		assert_true(s.object_len >= object_lens[i] && s.object_len % 8 == 0);
		bool seen[101] = {0};
		for (int n = 0; n < 100; n++) {
			uint32_t index = slab_get(&s);
			assert_true(index >= 1 && index <= 100);
			assert_false(seen[index]);
			seen[index] = true;
			memset(slab_at(&s, index), 0xff, s.object_len);
		}
		assert_int_equal(slab_get(&s), 0);
		assert_int_equal(s.n_used, 100);
		slab_close(&s);
	}
}

static void objects_do_not_touch_each_other(void **state)
{
	struct slab s;
	assert_int_equal(slab_open(&s, 24, 50), 0);
	for (uint32_t n = 1; n <= 50; n++) {
		uint32_t index = slab_get(&s);
		memset(slab_at(&s, index), (int)index, s.object_len);
	}
	for (uint32_t index = 1; index <= 50; index++) {
		const uint8_t *p = slab_at(&s, index);
		for (size_t k = 0; k < s.object_len; k++)
			assert_int_equal(p[k], index);
	}
	slab_close(&s);
}

static void what_comes_back_is_handed_out_zeroed(void **state)
{
	static const uint8_t zeros[40];
	struct slab s;
	assert_int_equal(slab_open(&s, sizeof(zeros), 3), 0);
	uint32_t a = slab_get(&s), b = slab_get(&s), c = slab_get(&s);
	memset(slab_at(&s, a), 0xaa, sizeof(zeros));
	memset(slab_at(&s, b), 0xbb, sizeof(zeros));
	slab_put(&s, a);
	slab_put(&s, b);
	assert_int_equal(s.n_used, 1);
	for (int i = 0; i < 2; i++) {
		uint32_t again = slab_get(&s);
		assert_true(again == a || again == b);
		assert_memory_equal(slab_at(&s, again), zeros, sizeof(zeros));
	}
	assert_int_equal(slab_get(&s), 0);
	assert_int_equal(s.n_peak, 3);
	slab_put(&s, c);
	assert_int_equal(slab_get(&s), c);
	slab_close(&s);
}

static void an_empty_slab_has_nothing(void **state)
{
	struct slab s;
	assert_int_equal(slab_open(&s, 64, 0), 0);
	assert_int_equal(slab_get(&s), 0);
	slab_close(&s);
	slab_close(&s);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	static const struct {
		size_t object_len;
		uint32_t n_max;
	} rows[] = {{SIZE_MAX, 1}, {SIZE_MAX - 6, UINT32_MAX}, {(size_t)UINT32_MAX + 1, 1}, {UINT32_MAX, UINT32_MAX}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slab s;
		assert_int_equal(slab_open(&s, rows[i].object_len, rows[i].n_max), -ENOMEM);
		assert_null(s.base);
		slab_close(&s);
	}
}

static void reserving_costs_nothing(void **state)
{
	// 64 GiB of address space: more than the machine has, and nothing of it is touched.
	struct slab s;
	assert_int_equal(slab_open(&s, 1024, 64u * 1024 * 1024), 0);
	uint32_t index = slab_get(&s);
	memset(slab_at(&s, index), 1, s.object_len);
	slab_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_index_once_then_none),
		cmocka_unit_test(objects_do_not_touch_each_other),
		cmocka_unit_test(what_comes_back_is_handed_out_zeroed),
		cmocka_unit_test(an_empty_slab_has_nothing),
		cmocka_unit_test(sizes_that_cannot_be_are_refused),
		cmocka_unit_test(reserving_costs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
