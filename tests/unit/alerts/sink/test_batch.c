// Messages side by side: what fits, what is refused, what is complete within a number of octets, what gives way.
#include "alerts/sink/batch.h"

#include "tests/unit/alerts/sink/sink_fixture.h"

static void lines_with_their_ends(void **state)
{
	struct sink_batch b;
	const struct sink_message m[] = {sink_text("ab", 1), sink_text("c\ne", 2), sink_text("", 3), sink_text("e\x7f", 4), sink_text("f", 5)};
	assert_int_equal(sink_batch_open(&b, 64), 0);
	sink_batch_lines(&b, m, 5);
	assert_int_equal(b.n, 5);
	assert_int_equal(b.refused, 3);
	assert_memory_equal(b.octets, "ab\nf\n", b.used);
	static const size_t within[] = {0, 0, 0, 4, 4, 5}; // what is refused is done with as soon as what is before it is
	for (size_t i = 0; i <= b.used; i++)
		assert_int_equal(sink_batch_within(&b, i), within[i]);
	assert_int_equal(sink_batch_refused(&b, 1), 0);
	assert_int_equal(sink_batch_refused(&b, 4), 3);
	sink_batch_close(&b);
}

static void only_whole_messages_fit(void **state)
{
	struct sink_batch b;
	struct sink_message m[SINK_BATCH + 1];
	assert_int_equal(sink_batch_open(&b, 10), 0);
	for (size_t i = 0; i < 3; i++)
		m[i] = sink_text("1234", i);
	sink_batch_lines(&b, m, 3);
	assert_int_equal(b.n, 2); // to the last octet
	assert_int_equal(b.used, 10);
	m[0] = sink_text("1234567890", 1); // will never fit, with its newline
	sink_batch_lines(&b, m, 2);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.refused, 1);
	sink_batch_close(&b);

	assert_int_equal(sink_batch_open(&b, 1 << 16), 0);
	for (size_t i = 0; i < SINK_BATCH + 1; i++)
		m[i] = sink_text("x", i);
	sink_batch_lines(&b, m, SINK_BATCH + 1);
	assert_int_equal(b.n, SINK_BATCH);
	sink_batch_close(&b);
}

static void every_control_octet_is_refused(void **state)
{
	for (int c = 1; c < 256; c++) {
		const char text[] = {'a', (char)c, 'b', '\0'};
		const struct sink_message m = {.octets = text, .len = 3};
		assert_int_equal(sink_one_line(&m), c >= ' ' && c != 0x7f);
	}
	const struct sink_message nul = {.octets = "a\0b", .len = 3}, last = {.octets = "ab\n", .len = 3};
	assert_false(sink_one_line(&nul));
	assert_false(sink_one_line(&last));
}

static void the_oldest_give_way(void **state)
{
	struct sink_batch kept, b;
	const struct sink_message m[] = {sink_text("aa", 1), sink_text("b", 2), sink_text("ccc", 3)};
	assert_int_equal(sink_batch_open(&kept, 12), 0);
	assert_int_equal(sink_batch_open(&b, 12), 0);
	sink_batch_lines(&b, m, 2);
	sink_batch_append(&kept, &b);
	sink_batch_lines(&b, m + 2, 1);
	sink_batch_append(&kept, &b);
	assert_int_equal(kept.n, 3);
	assert_memory_equal(kept.octets, "aa\nb\nccc\n", 9);
	sink_batch_append(&kept, &b); // 4 octets more: "aa" goes
	assert_int_equal(kept.n, 3);
	assert_int_equal(kept.used, 10);
	assert_memory_equal(kept.octets, "b\nccc\nccc\n", 10);
	assert_int_equal(kept.end[0], 2);
	assert_int_equal(kept.end[2], 10);
	sink_batch_clear(&b);
	for (size_t i = 0; i < SINK_BATCH; i++)
		sink_batch_refuse(&b); // as many as there may be
	sink_batch_append(&kept, &b);
	assert_int_equal(kept.n, SINK_BATCH);
	assert_int_equal(kept.used, 0);
	sink_batch_close(&kept);
	sink_batch_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_with_their_ends),
		cmocka_unit_test(only_whole_messages_fit),
		cmocka_unit_test(every_control_octet_is_refused),
		cmocka_unit_test(the_oldest_give_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
