// Time and order below the connections: packets without a time, clocks that disagree, and which packet is blamed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

static const struct segment story[] = {
	{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
	{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, {C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"},
	{S, ACK, 33, 34, "250 ok\r\n"}, {C, ACK, 34, 41, "QUIT\r\n"}, {S, FIN | ACK, 41, 40}, {C, FIN | ACK, 40, 42},
};
enum { N_STORY = sizeof(story) / sizeof(*story) };

// Sends the story with packet i at the time that `clock` makes of it.
static void run(struct wire *w, uint64_t (*clock)(size_t i, uint64_t time_ns))
{
	struct dissect *d;
	wire_init(w);
	assert_int_equal(dissect_open(&d, &w->config), 0);
	for (size_t i = 0; i < N_STORY; i++) {
		uint8_t octets[256];
		const char *text = story[i].text ? story[i].text : "";
		size_t len = wire_packet(w, &story[i], text, strlen(text), octets);
		struct packet p = {.data = octets, .len = (uint32_t)len, .wire_len = (uint32_t)len,
			.time_ns = clock(i, w->time_ns + i * 1000000), .seq = i + 1, .frame = (uint32_t)i + 1, .linktype = 101};
		dissect_burst(d, &p, 1);
	}
	dissect_finish(d);
	dissect_close(&d);
}

static uint64_t right(size_t i, uint64_t time_ns) { return time_ns; }
static uint64_t some_without(size_t i, uint64_t time_ns) { return i % 2 ? 0 : time_ns; }
static uint64_t all_without(size_t i, uint64_t time_ns) { return 0; }
static uint64_t three_clocks(size_t i, uint64_t time_ns) { return time_ns - i % 3 * UINT64_C(1000000000000); }

static uint64_t arms_disagree(size_t i, uint64_t time_ns)
{
	return story[i].d == C ? time_ns : time_ns - UINT64_C(3600000000000);
}

static void test_clocks(void **state)
{
	static const struct {
		const char *name;
		uint64_t (*clock)(size_t i, uint64_t time_ns);
		uint64_t no_time, backwards;
	} rows[] = {
		{"right", right, 0, 0},
		{"some packets without a time", some_without, 5, 0},
		{"none has one", all_without, N_STORY, 0},
		{"one arm an hour behind", arms_disagree, 0, 1},
		{"three clocks in turn", three_clocks, 0, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct wire w;
		run(&w, rows[i].clock);
		print_message("%s\n", rows[i].name);
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.conn.end, END_FIN);
		assert_int_equal(w.last.smtp.n_mail_ok, 1);
		assert_int_equal(w.counters.counter[COUNT_flow_opened], 1);
		assert_int_equal(w.counters.counter[COUNT_decode_no_time], rows[i].no_time);
		assert_int_equal(w.counters.counter[COUNT_decode_time_backwards], rows[i].backwards);
	}
}

static uint32_t blamed; // frame of the anomaly told last

static void note_anomaly(void *ctx, const struct message *m, size_t len)
{
	if (m->type == MESSAGE_ANOMALY)
		blamed = ((const struct message_anomaly *)(const void *)m)->frame;
	wire_emit(ctx, m, len);
}

// A fragment that overlaps is blamed itself: not the next odd packet, and not only when there is one.
static void test_fragment_blamed(void **state)
{
	(void)state;
	static const struct segment s = {C, ACK, 1, 1};
	for (size_t burst = 1; burst <= 3; burst++) {
		struct wire w;
		struct dissect *d;
		wire_init(&w);
		w.config.emit = note_anomaly;
		blamed = 0;
		assert_int_equal(dissect_open(&d, &w.config), 0);
		uint8_t octets[3][64];
		struct packet p[3];
		for (uint32_t i = 0; i < 3; i++) {
			(void)wire_packet(&w, &s, "0123", 4, octets[i]);
			wire_put(octets[i] + 2, 36, 2); // 16 octets of the segment
			wire_put(octets[i] + 6, 0x2000, 2);
			octets[i][9] = i == 2 ? 17 : 6; // the last one is of no interest to anybody
			wire_put(octets[i] + 10, 0, 2);
			wire_put(octets[i] + 10, ~wire_sum(octets[i], 20, 0), 2);
			p[i] = (struct packet){.data = octets[i], .len = 36, .wire_len = 36, .time_ns = w.time_ns,
				.seq = i + 1, .frame = i + 1, .linktype = 101};
		}
		for (size_t i = 0; i < 3; i += burst)
			dissect_burst(d, p + i, 3 - i < burst ? 3 - i : burst);
		dissect_finish(d);
		dissect_close(&d);
		assert_int_equal(w.n_anomalies, 1);
		assert_int_equal(blamed, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_fragment_blamed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
