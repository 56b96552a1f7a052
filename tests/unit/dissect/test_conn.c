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

#define MAIL(c, s) {S, ACK, s, c, "220 mx ESMTP\r\n"}, {C, ACK, c, s + 14, "EHLO a\r\n"}, {S, ACK, s + 14, c + 8, "250-mx\r\n250 STARTTLS\r\n"}, \
	{C, ACK, c + 8, s + 36, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, s + 36, c + 33, "250 ok\r\n"}

// A proxy's header before SMTP, on a port that only what is said on it shows to be mail. Its line is longer than a hello.
static void test_proxy(void **state)
{
	(void)state;
	static const char line[] = "PROXY TCP6 2001:0db8:0000:0000:0000:0000:0000:0001 2001:0db8:0000:0000:0000:0000:0000:0002 40000 25\r\n";
	enum { LEN = sizeof(line) };
	static const struct segment whole[] = {OPEN, {C, ACK, 1, 1, line}, MAIL(LEN, 1)};
	static const struct segment cut[] = {OPEN, {C, ACK, 1, 1, "PRO"}, {C, ACK, 4, 1, line + 3}, MAIL(LEN, 1)};
	static const struct segment unknown[] = {OPEN, {C, ACK, 1, 1, "PROXY UNKNOWN\r\n"}, MAIL(16, 1)};
	static const struct {
		const struct segment *story;
		size_t n;
	} all[] = {{whole, sizeof(whole) / sizeof(*whole)}, {cut, sizeof(cut) / sizeof(*cut)}, {unknown, sizeof(unknown) / sizeof(*unknown)}};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct wire w;
		wire_init(&w);
		w.port[1] = 2526;
		wire_run(&w, all[i].story, all[i].n);
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.smtp.offer, OFFER_YES);
		assert_int_equal(w.last.smtp.clear[CLEAR_OFFERED_UNUSED], 1);
		assert_int_equal(w.last.smtp.oddities, ODD_PROXY_V1);
		assert_int_equal(w.last.smtp.odd_mark[ODD_AT_PROXY].frame, i == 1 ? 5 : 4);
		assert_false(w.last.conn.midstream);
	}
}

// What follows the header is something else: nothing is told of it.
static void test_proxy_of_others(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, {C, ACK, 1, 1, "PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n"}, {C, ACK, 42, 1, "GET / HTTP/1.1\r\n\r\n"},
		{S, ACK, 1, 60, "HTTP/1.1 200 OK\r\n\r\n"}};
	struct wire w;
	wire_init(&w);
	w.port[1] = 80;
	RUN(&w, story);
	assert_int_equal(w.n_sessions, 0);
	assert_int_equal(w.counters.counter[COUNT_session_dropped], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_alert_first), cmocka_unit_test(test_proxy), cmocka_unit_test(test_proxy_of_others)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
