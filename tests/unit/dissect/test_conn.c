// The first octets of a connection, end to end through one worker: which layer they are, and whether it is mail at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

#define OPEN {C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}
#define RUN(w, story) wire_run(w, story, sizeof(story) / sizeof(*(story)))

// Implicit TLS: the server's first record is an alert. Whole, and octet by octet.
static void test_alert_first(void **state)
{
	(void)state;
	static const char hello[] = "\x16\x03\x01\x02", alert[] = "\x15\x03\x03\x02\x02\x28"; // no octet is 0: these are strings
	static const struct segment story[] = {OPEN, {C, ACK, 1, 1, hello}, {S, ACK, 1, 5, alert}, {S, FIN | ACK, 7, 5}, {C, FIN | ACK, 5, 8}};
	struct segment bits[4 + 6] = {OPEN, {C, ACK, 1, 1, hello}};
	char octet[6][2];
	for (uint32_t i = 0; i < 6; i++) {
		octet[i][0] = alert[i];
		octet[i][1] = 0;
		bits[4 + i] = (struct segment){S, ACK, 1 + i, 5, octet[i]};
	}
	for (int whole = 0; whole < 2; whole++) {
		struct wire w;
		wire_init(&w);
		w.port[1] = 465;
		wire_run(&w, whole ? story : bits, whole ? sizeof(story) / sizeof(*story) : 10);
		assert_true(w.last.tls.implicit);
		assert_true(w.last.tls.records[S]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_alert_first)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
