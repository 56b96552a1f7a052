// Flows and streams, end to end through one worker: order, loss, wrap, resets, reuse, one-sided and midstream captures.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

#define RUN(w, story) wire_run(w, story, sizeof(story) / sizeof(*(story)))
#define OPEN {C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}
#define GREET {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}
#define MAIL_OK {C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 33, 34, "250 ok\r\n"}
#define QUIT_FIN {C, ACK, 34, 41, "QUIT\r\n"}, {S, ACK, 41, 40, "221 bye\r\n"}, {S, FIN | ACK, 50, 40}, {C, FIN | ACK, 40, 51}, {S, ACK, 51, 41}

static uint64_t count(const struct wire *w, enum dissect_counter c)
{
	return w->counters.counter[c];
}

static void assert_ledger(const struct wire *w)
{
	static const enum dissect_counter rows[] = {
		COUNT_packet_tcp_session, COUNT_packet_tcp_counted, COUNT_packet_duplicate, COUNT_packet_tcp_bad_checksum, COUNT_packet_not_tcp, COUNT_packet_dns,
		COUNT_packet_not_ip, COUNT_packet_fragment_kept, COUNT_packet_fragment_dropped, COUNT_packet_link_unknown,
		COUNT_packet_malformed, COUNT_packet_cut, COUNT_packet_no_flow,
	};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		sum += count(w, rows[i]);
	assert_int_equal(sum, count(w, COUNT_packets));
}

static void test_whole(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, MAIL_OK, QUIT_FIN};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.conn.end, END_FIN);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	assert_int_equal(w.last.smtp.offer, OFFER_NO);
	assert_int_equal(w.last.smtp.clear[CLEAR_NOT_OFFERED], 1);
	assert_int_equal(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality, 0);
	assert_int_equal(w.last.conn.pkts[0], 6);
	assert_int_equal(w.last.conn.gaps[0] + w.last.conn.gaps[1], 0);
	assert_ledger(&w);
}

// Sequence numbers cross 2^32 in the middle of a line, in either direction.
static void test_wrap(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, MAIL_OK, QUIT_FIN};
	for (uint32_t i = 0; i < 60; i++) {
		struct wire w;
		wire_init(&w);
		w.isn[0] = UINT32_MAX - i;
		w.isn[1] = UINT32_MAX - 2 * i;
		RUN(&w, story);
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.smtp.n_mail_ok, 1);
		assert_int_equal(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality, 0);
		assert_int_equal(w.last.conn.end, END_FIN);
	}
}

// Any two neighbouring packets after the handshake change places: the facts stay.
static void test_swapped(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, MAIL_OK, QUIT_FIN};
	enum { N = sizeof(story) / sizeof(*story) };
	for (size_t i = 3; i + 1 < N; i++) {
		struct segment swapped[N];
		memcpy(swapped, story, sizeof(story));
		swapped[i] = story[i + 1];
		swapped[i + 1] = story[i];
		struct wire w;
		wire_init(&w);
		RUN(&w, swapped);
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.smtp.clear[CLEAR_NOT_OFFERED], 1);
		assert_int_equal(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality, 0);
		assert_int_equal(w.last.smtp.oddities, 0);
		assert_int_equal(w.last.conn.end, END_FIN);
	}
}

// Any one packet with payload is lost: it is a gap, and no claim on the missing part is left without its mark.
static void test_one_lost(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, MAIL_OK, QUIT_FIN};
	enum { N = sizeof(story) / sizeof(*story) };
	for (size_t lost = 3; lost < 10; lost++) {
		struct segment rest[N];
		size_t n = 0;
		for (size_t i = 0; i < N; i++) {
			if (i != lost)
				rest[n++] = story[i];
		}
		struct wire w;
		wire_init(&w);
		wire_run(&w, rest, n);
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.conn.gaps[0] + w.last.conn.gaps[1], 1);
		assert_int_equal(w.last.conn.missed[story[lost].d], strlen(story[lost].text));
		if (w.last.smtp.clear[CLEAR_NOT_OFFERED])
			assert_true(lost > 5 || w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality & Q_GAP);
		assert_ledger(&w);
	}
}

static void test_resets(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct segment rst;
		enum session_end want;
		uint64_t invalid;
	} rows[] = {
		{"exactly where the client stands", {C, RST, 34, 0}, END_RST, 0},
		{"exactly where the server stands", {S, RST | ACK, 41, 34}, END_RST, 0},
		{"one past: a challenge, not an end", {C, RST, 35, 0}, END_EOF, 1},
		{"in the window", {C, RST, 3000, 0}, END_EOF, 1},
		{"old", {C, RST, 9, 0}, END_EOF, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct segment story[] = {OPEN, GREET, MAIL_OK, rows[i].rst};
		struct wire w;
		wire_init(&w);
		RUN(&w, story);
		if (w.last.conn.end != rows[i].want || count(&w, COUNT_tcp_rst_invalid) != rows[i].invalid)
			fail_msg("%s: end %d", rows[i].name, w.last.conn.end);
	}
}

// The "resetting" side goes on: the reset was forged, the dialogue is followed to its end.
static void test_life_after_reset(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, RST, 9, 0}, MAIL_OK, QUIT_FIN};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.conn.end, END_FIN);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	assert_int_equal(count(&w, COUNT_tcp_rst_contradicted), 1);
}

// A FIN is believed where the stream ends. Elsewhere it neither ends anything nor is an octet that was acknowledged.
static void test_forged_fins(void **state)
{
	(void)state;
	enum { FAR = 0x30000000 };
	static const struct {
		const char *name;
		struct segment fin[2];
		uint64_t invalid, contradicted;
	} rows[] = {
		{"far behind", {{S, FIN | ACK, (uint32_t)-FAR, 9}, {C, FIN | ACK, (uint32_t)-FAR, 1}}, 2, 0},
		{"far ahead", {{S, FIN | ACK, FAR, 9}, {C, FIN | ACK, FAR, 33}}, 2, 0},
		{"old", {{S, FIN | ACK, 15, 9}, {C, FIN | ACK, 1, 33}}, 2, 0},
		{"without ACK", {{S, FIN, 33, 0}, {C, FIN, 9, 0}}, 2, 0},
		{"exactly here", {{S, FIN | ACK, 33, 9}, {C, FIN | ACK, 9, 33}}, 0, 2},
		{"before the last octet of what comes next", {{S, FIN | ACK, 40, 9}, {C, FIN | ACK, 33, 33}}, 0, 2},
		{"ahead of everything", {{S, FIN | ACK, 90, 9}, {C, FIN | ACK, 90, 33}}, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct segment story[] = {OPEN, GREET, rows[i].fin[0], rows[i].fin[1], MAIL_OK, QUIT_FIN};
		struct wire w;
		wire_init(&w);
		RUN(&w, story);
		const struct conn_facts *f = &w.last.conn;
		if (w.n_finals != 1 || f->end != END_FIN || f->gaps[0] + f->gaps[1] || w.last.smtp.n_mail_ok != 1 || w.last.smtp.oddities ||
		    count(&w, COUNT_tcp_fin_invalid) != rows[i].invalid || count(&w, COUNT_tcp_fin_contradicted) != rows[i].contradicted)
			fail_msg("%s: end %d, %u gaps, oddities %x, %zu invalid, %zu contradicted", rows[i].name, f->end, f->gaps[0] + f->gaps[1],
			         w.last.smtp.oddities, (size_t)count(&w, COUNT_tcp_fin_invalid), (size_t)count(&w, COUNT_tcp_fin_contradicted));
	}
}

static void test_reuse(void **state)
{
	(void)state;
	static const struct segment first[] = {OPEN, GREET, MAIL_OK};
	static const struct segment again[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, GREET};
	struct wire w;
	wire_init(&w);
	struct dissect *d;
	assert_int_equal(dissect_open(&d, &w.config), 0);
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		wire_send(&w, d, &first[i]);
	w.isn[0] += 100000;
	w.isn[1] += 200000;
	wire_send(&w, d, &again[0]);
	for (size_t i = 1; i < sizeof(again) / sizeof(*again); i++)
		wire_send(&w, d, &again[i]);
	assert_int_equal(w.n_finals, 0); // anybody can send all this: only silence shows that the first one is over
	struct segment later = {C, ACK, 9, 33, "NOOP\r\n", 400000};
	wire_send(&w, d, &later);
	later.seq = 15;
	wire_send(&w, d, &later);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.conn.end, END_REUSE);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	dissect_finish(d);
	dissect_close(&d);
	assert_int_equal(w.n_finals, 2);
	assert_false(w.last.conn.ambiguous);
	assert_int_equal(w.last.smtp.n_mail_ok, 0);
	assert_int_equal(w.last.conn.isn[0], w.isn[0]);
}

// A SYN that nobody answers, in the middle of a dialogue, is anybody's: the dialogue goes on. RFC 5961 4.
static void test_forged_syn(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, SYN, 777777, 0}, MAIL_OK, QUIT_FIN};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.conn.end, END_FIN);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
}

// An acknowledgment far beyond anything captured is not of this connection; one a little beyond is a loss.
static void test_forged_ack(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 1000000, "NOOP\r\n"}, {C, ACK, 9, 33, "NOOP\r\n"}, MAIL_OK};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(count(&w, COUNT_tcp_out_of_window), 1);
	assert_int_equal(w.last.conn.missed[1], 0);
}

// One arm of the tap is slower than the other by the whole start of the dialogue.
static void test_late_arm(void **state)
{
	(void)state;
	static const struct segment story[] = {{C, SYN, 0, 0}, {C, ACK, 1, 1}, {C, ACK, 1, 15, "EHLO a\r\n"},
		{C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"}, {S, SYN | ACK, 0, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, {S, ACK, 33, 34, "250 ok\r\n"}, QUIT_FIN};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.clear[CLEAR_NOT_OFFERED], 1);
	assert_int_equal(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality, 0);
	assert_int_equal(w.last.smtp.oddities, 0);
}

static void test_checksums(void **state)
{
	(void)state;
	const struct segment forged = {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n", 0, 1};
	const struct segment story[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}, forged,
		{S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}};
	for (int mode = CHECKSUMS_AUTO; mode <= CHECKSUMS_IGNORE; mode++) {
		struct wire w;
		wire_init(&w);
		w.config.checksums = (enum dissect_checksums)mode;
		RUN(&w, story);
		// The server's greeting had a good checksum, so even `auto` does not believe the forged reply.
		assert_int_equal(w.last.smtp.offer, mode == CHECKSUMS_IGNORE ? OFFER_NO : OFFER_YES);
		assert_int_equal(w.last.conn.bad_checksums, mode == CHECKSUMS_IGNORE ? 0 : 1);
		assert_ledger(&w);
	}
}

// A host that offloads checksums: every segment of one side is bad, and `auto` reads it all the same.
static void test_offload(void **state)
{
	(void)state;
	struct segment story[] = {OPEN, GREET, MAIL_OK, QUIT_FIN};
	for (size_t i = 0; i < sizeof(story) / sizeof(*story); i++)
		story[i].bad_checksum = story[i].d == C;
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	assert_int_equal(w.last.conn.end, END_FIN);
	assert_int_equal(count(&w, COUNT_tcp_checksum_accepted), 6);
	wire_init(&w);
	w.config.checksums = CHECKSUMS_REQUIRE;
	RUN(&w, story);
	assert_int_equal(w.last.smtp.n_mail_ok, 0);
	assert_ledger(&w);
}

static void test_keepalive_and_retransmission(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 8, 33, "\n"}, {C, ACK, 8, 33, "\n"}, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, MAIL_OK};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(count(&w, COUNT_tcp_keepalive), 2);
	assert_int_equal(w.last.conn.retransmits, 1);
	assert_false(w.last.conn.ambiguous);
	assert_int_equal(w.last.smtp.clear[CLEAR_NOT_OFFERED], 1);
}

// The same sequence numbers with other octets, delivered or waiting: never silent.
static void test_conflicts(void **state)
{
	(void)state;
	static const struct segment delivered[] = {OPEN, GREET, {S, ACK, 15, 9, "250-mx\r\n250 XXXX\r\n"}, MAIL_OK};
	static const struct segment waiting[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"},
		{S, ACK, 19, 9, "mx\r\n250 SIZE\r\n"}, {S, ACK, 19, 9, "mx\r\n250 XXXX\r\n"}, {S, ACK, 15, 9, "250-"}, MAIL_OK};
	struct wire w;
	wire_init(&w);
	RUN(&w, delivered);
	assert_true(w.last.conn.ambiguous);
	assert_true(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality & Q_AMBIG);
	wire_init(&w);
	RUN(&w, waiting);
	assert_true(w.last.conn.ambiguous);
	assert_true(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality & Q_AMBIG);
}

static void test_one_direction(void **state)
{
	(void)state;
	static const struct segment story[] = {{C, SYN, 0, 0}, {C, ACK, 1, 1}, {C, ACK, 1, 15, "EHLO a\r\n"},
		{C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"}, {C, ACK, 34, 41, "QUIT\r\n"}, {C, FIN | ACK, 40, 51}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.smtp.n_mail, 1);
	assert_int_equal(w.last.smtp.n_mail_ok, 0);
	assert_true(w.last.conn.payload[0] && !w.last.conn.payload[1]);
	assert_int_equal(w.last.conn.gaps[1], 0); // a side that was never captured has no gaps: it is one direction
}

// Without the SYN the client is found by content, also where the ports say otherwise.
static void test_midstream(void **state)
{
	(void)state;
	static const struct segment story[] = {{S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, MAIL_OK};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.last.conn.midstream);
	assert_int_equal(w.last.conn.dst_port, 25);
	assert_true(w.last.smtp.clear_mark[CLEAR_NOT_OFFERED].quality & Q_MIDSTREAM || w.last.smtp.clear[CLEAR_UNKNOWN]);
	wire_init(&w);
	w.port[0] = 25; // a client whose own port is a mail port, too
	w.port[1] = 40000;
	RUN(&w, story);
	assert_int_equal(w.last.conn.dst_port, 40000);
}

static void test_other_ports(void **state)
{
	(void)state;
	static const struct segment smtp[] = {OPEN, GREET, MAIL_OK};
	static const struct segment ftp[] = {OPEN, {S, ACK, 1, 1, "220 ftp ready\r\n"}, {C, ACK, 1, 16, "USER anonymous\r\n"}, {S, ACK, 16, 17, "331 mail?\r\n"}};
	static const struct segment http[] = {OPEN, {C, ACK, 1, 1, "GET / HTTP/1.1\r\n\r\n"}, {S, ACK, 1, 19, "HTTP/1.1 200 OK\r\n"}};
	struct wire w;
	wire_init(&w);
	w.port[1] = 10025;
	RUN(&w, smtp);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	assert_false(w.last.conn.known_port);
	wire_init(&w);
	w.port[1] = 21;
	RUN(&w, ftp);
	assert_int_equal(w.n_sessions, 0);
	assert_int_equal(count(&w, COUNT_session_dropped), 1);
	static const struct segment tunnel[] = {OPEN, {C, ACK, 1, 1, "CONNECT mx:25 HTTP/1.0\r\n\r\n"}, {S, ACK, 1, 27, "HTTP/1.0 200 OK\r\n\r\n"},
		{S, ACK, 20, 27, "220 mx ESMTP\r\n"}, {C, ACK, 27, 34, "HELO a\r\n"}, {S, ACK, 34, 35, "250 mx\r\n"}, {C, ACK, 35, 42, "MAIL FROM:<a@a.example>\r\n"}};
	wire_init(&w);
	w.port[1] = 8080;
	RUN(&w, tunnel);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.smtp.greeting_code, 220);
	assert_int_equal(w.last.smtp.n_mail, 1);
	assert_true(w.last.conn.midstream);
	wire_init(&w);
	w.port[1] = 80;
	RUN(&w, http);
	assert_int_equal(w.n_sessions, 0);
	assert_int_equal(count(&w, COUNT_session_opened), 0);
	assert_ledger(&w);
}

static void test_idle_and_silence(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 33, "NOOP\r\n", 2000000}};
	static const struct segment bare[] = {OPEN, {C, FIN | ACK, 1, 1}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(count(&w, COUNT_flow_closed_idle), 1);
	assert_int_equal(w.n_finals, 2); // what came 2,000 s later is a connection of its own, seen midstream
	wire_init(&w);
	RUN(&w, bare);
	assert_int_equal(w.n_sessions, 0);
}

// More connections than the table has room for: something leaves by the rule, and is told.
static void test_eviction(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, MAIL_OK};
	struct wire w;
	wire_init(&w);
	w.config.flows_max = 8;
	struct dissect *d;
	assert_int_equal(dissect_open(&d, &w.config), 0);
	for (uint16_t flow = 0; flow < 100; flow++) {
		w.port[0] = (uint16_t)(2000 + flow);
		for (size_t i = 0; i < sizeof(story) / sizeof(*story); i++)
			wire_send(&w, d, &story[i]);
	}
	dissect_finish(d);
	dissect_close(&d);
	assert_int_equal(w.n_finals, 100);
	assert_int_equal(count(&w, COUNT_flow_closed_evicted), 92);
	assert_int_equal(count(&w, COUNT_flow_opened), 100);
	assert_ledger(&w);
}

static void test_snaplen(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"},
		{S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n", 0, 0, 9}, MAIL_OK};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.last.conn.snaplen_cut);
	assert_int_equal(w.last.smtp.clear[CLEAR_NOT_OFFERED], 0);
}

// Trouble that belongs to no connection is told once a kind, however often it comes.
static void test_anomalies(void **state)
{
	(void)state;
	static const struct segment cut = {C, ACK, 1, 1, "NOOP\r\n"};
	struct wire w;
	wire_init(&w);
	struct dissect *d;
	assert_int_equal(dissect_open(&d, &w.config), 0);
	for (uint32_t len = 0; len < 40; len++) {
		uint8_t octets[64];
		size_t whole = wire_packet(&w, &cut, cut.text, strlen(cut.text), octets);
		struct packet p = {.data = octets, .len = len, .wire_len = (uint32_t)whole, .seq = len + 1, .frame = len + 1, .linktype = 101};
		dissect_burst(d, &p, 1);
	}
	struct packet unknown = {.data = (const uint8_t *)"?", .len = 1, .wire_len = 1, .seq = 41, .frame = 41, .linktype = 147};
	dissect_burst(d, &unknown, 1);
	dissect_finish(d);
	dissect_close(&d);
	assert_int_equal(w.n_anomalies, 2);
	assert_int_equal(count(&w, COUNT_packet_cut), 40);
	assert_int_equal(count(&w, COUNT_packet_link_unknown), 1);
	assert_ledger(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_swapped),
		cmocka_unit_test(test_one_lost),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_life_after_reset),
		cmocka_unit_test(test_forged_fins),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_forged_syn),
		cmocka_unit_test(test_forged_ack),
		cmocka_unit_test(test_late_arm),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_keepalive_and_retransmission),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_one_direction),
		cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_other_ports),
		cmocka_unit_test(test_idle_and_silence),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_snaplen),
		cmocka_unit_test(test_anomalies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
