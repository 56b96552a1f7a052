// The queue of one direction: order, overlaps, bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dissect/stream/queue.h"

static struct queue_result put(struct queue *q, struct slab *s, uint64_t off, const char *text)
{
	struct place at = {.off = off, .frame = 1};
	return queue_insert(q, s, &at, (const uint8_t *)text, (uint32_t)strlen(text));
}

// Everything in the queue from `off` on, as far as it goes without a hole.
static void assert_octets(struct queue *q, struct slab *s, uint64_t off, const char *want)
{
	assert_int_equal(queue_reach(q, s, off), off + strlen(want));
	for (size_t i = 0; want[i];) {
		struct chunk *c = queue_head(q, s);
		assert_non_null(c);
		assert_int_equal(c->off, off + i);
		assert_memory_equal(c->data + c->start, want + i, c->len);
		i += c->len;
		queue_consume(q, s, c->len);
	}
}

// The nine relations of two ranges (Allen): old is "abcd" at 10. First octets win, differences are told.
static void test_overlaps(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t off;
		const char *new;
		uint64_t from;
		const char *want;
		bool differs, fresh;
	} rows[] = {
		{"equal, same octets", 10, "abcd", 10, "abcd", false, false},
		{"equal, other octets", 10, "aBcd", 10, "abcd", true, false},
		{"starts: shorter", 10, "ab", 10, "abcd", false, false},
		{"starts: longer", 10, "abcdEF", 10, "abcdEF", false, true},
		{"during", 11, "XX", 10, "abcd", true, false},
		{"covers both sides", 8, "__abcd__", 8, "__abcd__", false, true},
		{"covers, other octets", 8, "__ABCD__", 8, "__abcd__", true, true},
		{"finishes, starts later", 12, "cd", 10, "abcd", false, false},
		{"finishes, starts earlier", 8, "__abcd", 8, "__abcd", false, true},
		{"overlaps from the left", 8, "__ab", 8, "__abcd", false, true},
		{"overlaps to the right", 12, "cd__", 10, "abcd__", false, true},
		{"overlaps to the right, other octets", 12, "CD__", 10, "abcd__", true, true},
		{"meets", 14, "__", 10, "abcd__", false, true},
		{"met by", 8, "__", 8, "__abcd", false, true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slab slab;
		struct queue q = {0};
		assert_int_equal(slab_open(&slab, sizeof(struct chunk), 16), 0);
		put(&q, &slab, 10, "abcd");
		struct queue_result r = put(&q, &slab, rows[i].off, rows[i].new);
		if (r.differs != rows[i].differs || r.fresh != rows[i].fresh || r.refused)
			fail_msg("%s: differs %d fresh %d refused %u", rows[i].name, r.differs, r.fresh, r.refused);
		assert_octets(&q, &slab, rows[i].from, rows[i].want);
		queue_clear(&q, &slab);
		assert_int_equal(slab.n_used, 0);
		slab_close(&slab);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	struct slab slab;
	struct queue q = {0};
	assert_int_equal(slab_open(&slab, sizeof(struct chunk), 1000), 0);
	for (uint64_t i = 0; i < QUEUE_CHUNKS_MAX; i++)
		assert_int_equal(put(&q, &slab, 10 * i + 1, "x").refused, 0);
	assert_int_equal(put(&q, &slab, 10 * QUEUE_CHUNKS_MAX + 1, "xyz").refused, 3);
	assert_int_equal(slab.n_used, QUEUE_CHUNKS_MAX);
	queue_trim(&q, &slab, 12);
	assert_int_equal(q.n_chunks, QUEUE_CHUNKS_MAX - 2);
	queue_clear(&q, &slab);
	assert_int_equal(slab.n_used, 0);

	struct slab none;
	assert_int_equal(slab_open(&none, sizeof(struct chunk), 0), 0);
	assert_int_equal(put(&q, &none, 0, "abc").refused, 3);
	slab_close(&none);
	slab_close(&slab);
}

static void test_long_segment(void **state)
{
	(void)state;
	struct slab slab;
	struct queue q = {0};
	static char text[60001];
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	assert_int_equal(slab_open(&slab, sizeof(struct chunk), 100), 0);
	assert_int_equal(put(&q, &slab, 100, text).refused, 0);
	assert_octets(&q, &slab, 100, text);
	assert_int_equal(slab.n_used, 0);
	slab_close(&slab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_segment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
