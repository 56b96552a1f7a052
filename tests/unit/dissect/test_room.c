// A stream without room to wait: what is given up is counted by name, and nothing more than that is lost.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dissect/stream/queue.h"
#include "tests/unit/dissect/wire.h"

enum { BEGINNING = 11, SEGMENTS_MAX = 100 };

static const struct segment beginning[BEGINNING] = {
	{C, SYN, 0, 0},
	{S, SYN | ACK, 0, 1},
	{S, ACK, 1, 1, "220 mx ESMTP\r\n"},
	{C, ACK, 1, 15, "EHLO a\r\n"},
	{S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"},
	{C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"},
	{S, ACK, 33, 34, "250 ok\r\n"},
	{C, ACK, 34, 41, "RCPT TO:<b@b.example>\r\n"},
	{S, ACK, 41, 57, "250 ok\r\n"},
	{C, ACK, 57, 49, "DATA\r\n"},
	{S, ACK, 49, 63, "354"}, // the rest of this line never comes
};

// Content that waits for a reply, one segment more than may wait: the wait ends, and no octet of it is lost.
static void test_one_more_than_may_wait(void **state)
{
	(void)state;
	static const int more[] = {-1, 0, 1, 2, 20};
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		struct segment story[BEGINNING + SEGMENTS_MAX];
		size_t n = BEGINNING, content = (size_t)(QUEUE_CHUNKS_MAX + more[i]);
		memcpy(story, beginning, sizeof(beginning));
		for (uint32_t k = 0; k < content; k++)
			story[n++] = (struct segment){C, ACK, 63 + 7 * k, 52 - (k & 1), "Hello\r\n"};
		struct wire w;
		wire_init(&w);
		wire_run(&w, story, n);
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.smtp.content_octets, 7 * content);
		assert_int_equal(w.last.conn.gaps[0], 0);
		assert_false(w.last.conn.evicted_bytes);
		assert_int_equal(w.counters.counter[COUNT_reassembly_no_memory], 0);
		assert_int_equal(w.counters.counter[COUNT_reassembly_forced], more[i] > 0);
	}
}

// A hole with too much behind it, and then a segment that fills its end and goes on where nothing is yet.
static void test_late_filler(void **state)
{
	(void)state;
	struct segment story[BEGINNING + SEGMENTS_MAX];
	size_t n = 5;
	memcpy(story, beginning, n * sizeof(*story));
	for (uint32_t k = 0; k < QUEUE_CHUNKS_MAX; k++)
		story[n++] = (struct segment){C, ACK, 100 + 7 * k, 33 - (k & 1), "NOOP \r\n"};
	story[n++] = (struct segment){C, ACK, 9, 33, "NOOP\r\n"};
	story[n++] = (struct segment){C, ACK, 40, 33, "RSET\r\n"}; // no room: the hole before 100 is given up
	struct wire w;
	wire_init(&w);
	wire_run(&w, story, n);
	assert_int_equal(w.last.conn.gaps[0], 1);
	assert_int_equal(w.last.conn.missed[0], 100 - 15);
	assert_int_equal(w.last.conn.payload_octets[0], 8 + 6 + 7 * QUEUE_CHUNKS_MAX);
	assert_int_equal(w.counters.counter[COUNT_reassembly_no_memory], 6);
	assert_int_equal(w.counters.counter[COUNT_reassembly_forced], 1);
	assert_true(w.last.conn.evicted_bytes);
}

// A pool that others have emptied.
static void test_empty_pool(void **state)
{
	(void)state;
	static const struct segment story[] = {
		{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, ACK, 1, 1, "220 mx\r\n"}, {C, ACK, 9, 9, "NOOP\r\n"}, {C, ACK, 1, 9, "EHLO a\r\n"}};
	struct wire w;
	wire_init(&w);
	w.config.reassembly_octets = 2048; // no chunk at all
	wire_run(&w, story, sizeof(story) / sizeof(*story));
	assert_int_equal(w.counters.counter[COUNT_reassembly_no_memory], 6);
	assert_int_equal(w.counters.counter[COUNT_reassembly_forced], 0);
	assert_true(w.last.conn.evicted_bytes);
	assert_int_equal(w.last.smtp.n_ehlo, 1);
}

// More sessions than there is room for facts: the one that was silent for longest is told early, each once, and its
// connection is counted from then on. Who keeps talking stays.
static void test_more_sessions_than_room(void **state)
{
	(void)state;
	enum { ROOM = 8, SESSIONS = 20 };
	static const struct segment greet[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx\r\n"}};
	static const struct segment mail[] = {{C, ACK, 1, 9, "HELO a\r\n"}, {S, ACK, 9, 9, "250 mx\r\n"}, {C, ACK, 9, 17, "MAIL FROM:<a@a>\r\n"},
		{S, ACK, 17, 26, "250 ok\r\n"}};
	struct wire w;
	struct dissect *d;
	wire_init(&w);
	w.config.sessions_max = ROOM;
	assert_int_equal(dissect_open(&d, &w.config), 0);
	for (uint16_t i = 0; i < SESSIONS; i++) {
		w.port[0] = (uint16_t)(40000 + i);
		for (size_t k = 0; k < sizeof(greet) / sizeof(*greet); k++)
			wire_send(&w, d, &greet[k]);
		w.port[0] = 40000;
		wire_send(&w, d, &(struct segment){C, ACK, 1, 9});
		size_t told = i < ROOM ? 0 : (size_t)(i - ROOM + 1);
		assert_int_equal(w.n_finals, told);
		if (told) {
			assert_int_equal(w.last.conn.end, END_EVICTED);
			assert_int_equal(w.last.conn.src_port, 40000 + told); // 40000 is the one that talks
		}
	}
	w.port[0] = 40001; // was told: what it says now is only counted
	for (size_t k = 0; k < sizeof(mail) / sizeof(*mail); k++)
		wire_send(&w, d, &mail[k]);
	assert_int_equal(w.n_finals, SESSIONS - ROOM);
	w.port[0] = 40000;
	for (size_t k = 0; k < sizeof(mail) / sizeof(*mail); k++)
		wire_send(&w, d, &mail[k]);
	assert_int_equal(w.last.conn.src_port, 40000);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	dissect_finish(d);
	assert_int_equal(w.n_finals, SESSIONS);
	assert_int_equal(w.counters.counter[COUNT_session_no_memory], SESSIONS - ROOM);
	assert_int_equal(w.counters.counter[COUNT_session_opened], SESSIONS);
	dissect_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_more_than_may_wait),
		cmocka_unit_test(test_late_filler),
		cmocka_unit_test(test_empty_pool),
		cmocka_unit_test(test_more_sessions_than_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
