// The dialogue of one session among many: only its lines, in the order they were sent, within bounds.
#include "cli/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void say(const struct dialogue *d, uint64_t birth, uint64_t time_ns, const char *text)
{
	struct place at = {.time_ns = time_ns, .frame = (uint32_t)time_ns};
	d->line(d->ctx, birth, DIR_C2S, &at, "command", (const uint8_t *)text, strlen(text));
}

static void test_own_lines_in_order(void **state)
{
	struct transcript *t = transcript_open(7);
	const struct dialogue *d = transcript_dialogue(t);
	say(d, 7, 1, "first");
	say(d, 8, 2, "somebody else's");
	say(d, 7, 5, "third");
	say(d, 7, 3, "second"); // understood later than it was sent
	say(d, 7, 5, "fourth"); // same time: as told
	static const char *const want[] = {"first", "second", "third", "fourth"};
	assert_int_equal(transcript_n(t), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct transcript_line *l = transcript_line(t, i);
		assert_int_equal(l->len, strlen(want[i]));
		assert_memory_equal(transcript_text(t, l), want[i], l->len);
	}
	transcript_close(&t);
	assert_null(t);
}

static void test_bounds(void **state)
{
	struct transcript *t = transcript_open(1);
	char text[2000];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (uint64_t i = 0; i < 10000; i++)
		say(transcript_dialogue(t), 1, i, text);
	assert_int_equal(transcript_n(t) + transcript_dropped(t), 10000);
	assert_true(transcript_n(t) >= 1000);
	assert_int_equal(transcript_line(t, 0)->len, 512);
	transcript_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_lines_in_order),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
