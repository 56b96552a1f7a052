// What a loss or an attacker on the path may do to a stream, end to end through one worker: no packet that is missing,
// forged or out of order may make the dialogue look like another one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

#define RUN(w, story) wire_run(w, story, sizeof(story) / sizeof(*(story)))
#define OPEN {C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}

// The greeting is lost and everything behind it arrives before the hole is given up. Commands and replies must then be
// read in turns: the reply to EHLO is not the reply to STARTTLS, though STARTTLS stands in the queue as well.
static void test_turns_after_a_hole(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, {C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"},
		{C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}, {C, ACK, 19, 45, "\x16\x03\x01"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.conn.missed[S], 14);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
	assert_int_equal(w.last.smtp.starttls_code, 220);
	assert_int_equal(w.last.smtp.starttls_odd_code, 0);
	assert_int_equal(w.last.smtp.injected_s2c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns_after_a_hole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
