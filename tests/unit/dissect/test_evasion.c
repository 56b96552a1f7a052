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

#define GREET {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}

// The client's octets wait for a 220 that is lost: the loss is settled first, so that what they are told with says so.
static void test_wait_for_a_hole(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 37, "STARTTLS\r\nNOOP\r\n"},
		/* 220 go */ {C, ACK, 25, 45, "\x16\x03\x01"}, {S, ACK, 45, 28, "\x16\x03\x03"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.conn.missed[S], 8);
	assert_int_equal(w.last.smtp.n_starttls, 1);
	assert_int_equal(w.last.smtp.oddities, 0);
}

// A reply is lost and the next command with it: the reply that follows belongs to neither of those in sight.
static void test_replies_of_lost_commands(void **state)
{
	(void)state;
	static const struct segment mail[] = {OPEN, GREET, {C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"},
		/* 550 no, RSET */ {S, ACK, 45, 40, "250 ok\r\n"}, {C, ACK, 40, 53, "QUIT\r\n"}, {S, ACK, 53, 46, "221 bye\r\n"}};
	static const struct segment starttls[] = {OPEN, GREET, {C, ACK, 9, 37, "STARTTLS\r\n"},
		/* 454 no, QUIT */ {S, ACK, 45, 25, "221 bye\r\n"}};
	static const struct segment auth[] = {OPEN, GREET, {C, ACK, 9, 37, "AUTH PLAIN\r\n"},
		/* 530 no, QUIT */ {S, ACK, 45, 27, "221 bye\r\n"}};
	static const struct segment group[] = {OPEN, GREET, /* RSET */ {C, ACK, 15, 37, "MAIL FROM:<a@a.example>\r\n"},
		{S, ACK, 37, 40, "250 ok\r\n"}, {S, ACK, 45, 40, "550 no\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, mail);
	assert_int_equal(w.last.smtp.n_mail_ok, 0);
	wire_init(&w);
	RUN(&w, starttls);
	assert_int_equal(w.last.smtp.starttls_code, 0);
	wire_init(&w);
	RUN(&w, auth);
	assert_false(w.last.smtp.auth_accepted);
	wire_init(&w);
	RUN(&w, group);
	assert_int_equal(w.last.smtp.n_mail_ok, 0);
}

// The 354 is lost. The content shows that it came; its own reply ends that transaction and opens no other.
static void test_content_after_a_hole(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 37, 34, "250 ok\r\n"},
		{C, ACK, 34, 45, "DATA\r\n"}, /* 354 go */ {C, ACK, 40, 53, "Subject: x\r\n\r\n.\r\n"}, {S, ACK, 53, 57, "250 kept\r\n"},
		{C, ACK, 57, 63, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 63, 82, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.n_mail_ok, 2);
	assert_int_equal(w.last.smtp.oddities, 0);
}

// The first line of the reply to EHLO is lost: what is the first line that was seen is no greeting.
static void test_offer_behind_a_hole(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"},
		/* 250-mx */ {S, ACK, 23, 9, "250 STARTTLS\r\n"}, {C, ACK, 9, 37, "NOOP\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.conn.missed[S], 8);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
	assert_int_equal(w.last.smtp.offer_flaws, 0);
}

// A SYN with another number after the handshake reaches nobody: the dialogue is read all the same.
static void test_forged_syn(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, {C, SYN, 70000, 0}, {S, SYN | ACK, 70000, 1}, GREET};
	static const struct segment first[] = {{C, SYN, 70000, 0}, OPEN, GREET};
	static const struct segment again[] = {OPEN, {C, SYN, 5000000, 0}, {S, SYN | ACK, 6000000, 5000001},
		{S, ACK, 6000001, 5000001, "220 mx ESMTP\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
	wire_init(&w);
	RUN(&w, first);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
	wire_init(&w);
	RUN(&w, again); // a new handshake on a tuple that never spoke
	assert_int_equal(w.last.smtp.greeting_code, 220);
}

// A second SYN/ACK with another number, or another acknowledgment: the one counts whose numbers go on. Where that one was not
// captured nothing is read, and it is said that there were octets.
static void test_forged_syn_ack(void **state)
{
	(void)state;
	static const struct {
		struct segment story[10];
		bool lost;
	} all[] = {
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 70000, 1}, {C, ACK, 1, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 70000, 1}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 9000000, 1}, {C, ACK, 1, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 20, 1}, {C, ACK, 1, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 70000, 8000000}, {C, ACK, 1, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 70000, 1}, {S, SYN | ACK, 80000, 1}, {C, ACK, 1, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 70000, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, SYN | ACK, 70000, 1}, GREET}, false},
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 70000, 1}, {C, ACK, 1, 1}, GREET}, true}, // the true one was not captured
		{{{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 9000000}, {C, ACK, 1, 1}, GREET}, false},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		size_t n = 0;
		while (n < 10 && (all[i].story[n].flags || all[i].story[n].text))
			n++;
		struct wire w;
		wire_init(&w);
		wire_run(&w, all[i].story, n);
		bool read = w.last.smtp.offer == OFFER_YES;
		if (read == all[i].lost || w.last.conn.ambiguous != all[i].lost || w.last.conn.missed[S])
			fail_msg("%zu: offer %u, ambiguous %d, missed %zu", i, w.last.smtp.offer, w.last.conn.ambiguous, (size_t)w.last.conn.missed[S]);
	}
}

// The whole handshake of another connection, forged into one that is in use. What goes on in the old numbers shows that
// it was: whatever is told, it does not look as if all had been seen.
static void test_forged_handshake(void **state)
{
	(void)state;
	static const uint32_t isn[][2] = {{55555, 77777}, {9000000, 9000000}, {100, 100}, {2, 2}, {0x80000000, 0x80000000}};
	for (size_t i = 0; i < sizeof(isn) / sizeof(*isn); i++) {
		const struct segment story[] = {OPEN, GREET, {C, SYN, isn[i][0], 0}, {S, SYN | ACK, isn[i][1], isn[i][0] + 1},
			{C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 37, 34, "250 ok\r\n"}, {C, ACK, 34, 45, "QUIT\r\n"},
			{S, ACK, 45, 40, "221 bye\r\n"}, {S, FIN | ACK, 54, 40}, {C, FIN | ACK, 40, 55}};
		struct wire w;
		wire_init(&w);
		RUN(&w, story);
		const struct conn_facts *f = &w.last.conn;
		if (w.last.smtp.n_mail_ok != 1 && !f->ambiguous && !f->gaps[0] && !f->gaps[1])
			fail_msg("%zu: a session that looks clean", i);
	}
	// An old connection that was never closed, and an honest new one.
	static const struct segment honest[] = {OPEN, GREET, {C, SYN, 8000000, 0}, {S, SYN | ACK, 9000000, 8000001}, {C, ACK, 8000001, 9000001},
		{S, ACK, 9000001, 8000001, "220 mx ESMTP\r\n"}, {C, ACK, 8000001, 9000015, "EHLO a\r\n"}, {S, ACK, 9000015, 8000009, "250-mx\r\n250 STARTTLS\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, honest);
	assert_int_equal(w.n_finals, 2);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
	assert_false(w.last.conn.ambiguous);
}

// The client sends a SYN/ACK before its SYN, to be taken for the server.
static void test_reversal(void **state)
{
	(void)state;
	static const struct segment story[] = {{C, SYN | ACK, 90000, 90000}, OPEN, GREET};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.n_finals, 1);
	assert_int_equal(w.last.conn.dst_port, 25);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
}

// Two segments of one reply that hold other octets where they meet, in every way in which two ranges can meet. Whichever
// came first, with or without a hole before them: it is said, and what was read is not taken for certain.
static void test_overlaps(void **state)
{
	(void)state;
	static const char text[2][32] = {"250-mx\r\n250 STARTTLS\r\n", "250-mx\r\n250 XXXXXXXX\r\n"};
	static const uint32_t ranges[][4] = {{2, 20, 2, 20}, {8, 18, 2, 20}, {2, 20, 8, 18}, {2, 16, 2, 20}, {2, 20, 2, 16},
		{14, 20, 2, 20}, {2, 20, 14, 20}, {2, 18, 14, 22}, {14, 22, 2, 18}};
	for (size_t i = 0; i < 4 * sizeof(ranges) / sizeof(*ranges); i++) {
		const uint32_t *r = ranges[i / 4];
		bool hole = i & 1, forged_first = i & 2;
		char piece[2][32];
		snprintf(piece[0], sizeof(piece[0]), "%.*s", (int)(r[1] - r[0]), text[forged_first] + r[0]);
		snprintf(piece[1], sizeof(piece[1]), "%.*s", (int)(r[3] - r[2]), text[!forged_first] + r[2]);
		const struct segment start = {S, ACK, 15, 9, "25"}, story[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
			{C, ACK, 1, 15, "EHLO a\r\n"}, hole ? (struct segment){C, ACK, 9, 15} : start,
			{S, ACK, 15 + r[0], 9, piece[0]}, {S, ACK, 15 + r[2], 9, piece[1]}, start, {S, ACK, 15, 9, text[0]}};
		struct wire w;
		wire_init(&w);
		RUN(&w, story);
		assert_int_equal(w.last.conn.missed[S], 0);
		assert_true(w.last.conn.ambiguous);
		assert_true(w.last.conn.conflict_mark.frame > 0);
		assert_true(w.counters.counter[COUNT_tcp_overlap_differs] + w.counters.counter[COUNT_tcp_overlap_unknown] > 0);
	}
}

// A forged reply longer than the true one, which then brings nothing new. What is read after that is said in both versions.
static void test_longer_reply_first(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"},
		{S, ACK, 15, 9, "250-mx\r\n250-SIZE\r\n250 8BITMIME\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"},
		{C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.last.conn.ambiguous);
	assert_int_equal(w.counters.counter[COUNT_tcp_overlap_differs], 2);
	assert_true(w.two);
	assert_int_equal(w.last.smtp.offer, OFFER_NO);
	assert_int_equal(w.other.smtp.offer, OFFER_YES);
}

// Segments that no receiver takes: what comes in their place is read, whatever they said.
static void test_dropped_by_receivers(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct segment forged;
		bool ambiguous;
	} rows[] = {
		{"IP header checksum", {C, ACK, 9, 37, "STARTTLS\r\n", .odd = ODD_IP_CHECKSUM}, false},
		{"IP header checksum 0", {C, ACK, 9, 37, "STARTTLS\r\n", .odd = ODD_IP_CHECKSUM_0}, false},
		{"IP length 0", {C, ACK, 9, 37, "STARTTLS\r\n", .odd = ODD_IP_LENGTH_0}, false},
		{"TCP checksum", {C, ACK, 9, 37, "STARTTLS\r\n", .bad_checksum = 1}, false},
		{"MD5 option", {C, ACK, 9, 37, "STARTTLS\r\n", .odd = ODD_MD5}, true},
		{"SYN/ACK", {C, SYN | ACK, 8, 37, "STARTTLS\r\n"}, true},
		{"SYN", {C, SYN, 8, 37, "STARTTLS\r\n"}, false},
		{"no ACK", {C, 0, 9, 37, "STARTTLS\r\n"}, false},
		{"acknowledges what was before the start", {C, ACK, 9, (uint32_t)-70000, "STARTTLS\r\n"}, true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct segment story[] = {OPEN, GREET, rows[i].forged, {C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"},
			{S, ACK, 37, 34, "250 ok\r\n"}};
		struct wire w;
		wire_init(&w);
		RUN(&w, story);
		if (w.last.smtp.n_mail_ok != 1 || w.last.smtp.n_starttls || w.last.conn.ambiguous != rows[i].ambiguous)
			fail_msg("%s: %u clear, ambiguous %d", rows[i].name, w.last.smtp.n_mail_ok, w.last.conn.ambiguous);
	}
}

// One octet at the end of what was delivered looks like a keep-alive probe, and four of them spell another command. A probe
// repeats the octet, or carries a NUL.
static void test_single_octets(void **state)
{
	(void)state;
	static const struct segment noop_over_mail[] = {OPEN, GREET, {C, ACK, 9, 37, "N"}, {C, ACK, 9, 37, "M"}, {C, ACK, 10, 37, "O"},
		{C, ACK, 10, 37, "A"}, {C, ACK, 11, 37, "O"}, {C, ACK, 11, 37, "I"}, {C, ACK, 12, 37, "P"}, {C, ACK, 12, 37, "L"},
		{C, ACK, 13, 37, " FROM:<a@a.example>\r\n"}};
	static const struct segment acknowledged[] = {OPEN, GREET, {C, ACK, 9, 37, "N"}, {S, ACK, 37, 10}, {C, ACK, 9, 37, "M"}};
	static const struct segment probes[] = {OPEN, GREET, {C, ACK, 8, 37, "\n"}, {S, ACK, 36, 9, "\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, noop_over_mail);
	assert_int_equal(w.last.conn.overlaps_differ + w.counters.counter[COUNT_tcp_overlap_unknown], 4);
	assert_true(w.last.conn.ambiguous);
	wire_init(&w);
	RUN(&w, acknowledged);
	assert_true(w.last.conn.ambiguous);
	wire_init(&w);
	RUN(&w, probes);
	assert_false(w.last.conn.ambiguous);
	assert_int_equal(w.counters.counter[COUNT_tcp_keepalive], 2);
}

// Lines with one XXH3 value: without a key the lower 32 bits of these two are the same.
static void test_hash_collision(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 37, "NOOP xxxomcadojlbaxxxxxxxxxxx\r\n"},
		{C, ACK, 9, 37, "MAIL FROM:<alice@example.org>\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.conn.overlaps_differ, 1);
}

// Lines where the octets of a handshake stand, however they are cut: the handshake was not all there was.
static void test_text_over_tls(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"},
		{C, ACK, 19, 45, "\x16\x03\x01\x01\x01\x01\x01\x01\x01"}, {C, ACK, 20, 45, "QUIT"},
		{C, ACK, 24, 45, "\r\n"}},
		certificate[] = {OPEN, GREET, {C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"},
		{C, ACK, 19, 45, "\x16\x03\x01\x01\x01mx.a.example\x17\x0d"}, {C, ACK, 24, 45, "mx.a.example"}, {C, ACK, 36, 45, "\x17\x0d"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.last.conn.ambiguous);
	wire_init(&w);
	RUN(&w, certificate); // the text in it is no line
	assert_false(w.last.conn.ambiguous);
}

// Honest senders cut content anew when they send it again, and join what they sent in pieces.
static void test_honest_retransmissions(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 37, 34, "250 ok\r\n"},
		{C, ACK, 34, 45, "DATA\r\n"}, {S, ACK, 45, 40, "354 go\r\n"}, {C, ACK, 40, 53, "Subject: x\r\n"},
		{C, ACK, 52, 53, "\r\ntext\r\n.\r\n"}, {C, ACK, 54, 53, "text\r\n.\r\n"}, {S, ACK, 37, 63, "250 ok\r\n354 go\r\n"},
		{C, ACK, 45, 53, "ct: x\r\n\r\ntext\r\n.\r\n"}, {S, ACK, 53, 63, "250 kept\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.n_mail_ok, 1);
	assert_false(w.last.conn.ambiguous);
}

// Octets in a SYN are the client's only if the SYN/ACK says so. Who forges a SYN, or knows that the server takes none,
// would otherwise show a dialogue that never was, and hide the true one behind it.
static void test_syn_data(void **state)
{
	(void)state;
	static const struct segment refused[] = {{C, SYN, 0, 0, "QUIT\r\nEHLO other\r\n"}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, GREET,
		{C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}};
	static const struct segment forged[] = {{C, SYN, 7000, 0, "QUIT\r\nEHLO other\r\n"}, OPEN, GREET,
		{C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}};
	static const struct segment taken[] = {{C, SYN, 0, 0, "EHLO a\r\n"}, {S, SYN | ACK, 0, 9}, {C, ACK, 9, 1},
		{S, ACK, 1, 9, "220 mx ESMTP\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"},
		{C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}};
	static const struct {
		const struct segment *story;
		size_t n;
	} all[] = {{refused, sizeof(refused) / sizeof(*refused)}, {forged, sizeof(forged) / sizeof(*forged)},
		{taken, sizeof(taken) / sizeof(*taken)}};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct wire w;
		wire_init(&w);
		wire_run(&w, all[i].story, all[i].n);
		assert_int_equal(w.last.smtp.offer, OFFER_YES);
		assert_int_equal(w.last.smtp.n_starttls, 1);
		assert_int_equal(w.last.smtp.starttls_code, 220);
		assert_int_equal(w.last.conn.missed[C], 0);
		assert_false(w.last.conn.ambiguous);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns_after_a_hole),
		cmocka_unit_test(test_wait_for_a_hole),
		cmocka_unit_test(test_replies_of_lost_commands),
		cmocka_unit_test(test_content_after_a_hole),
		cmocka_unit_test(test_offer_behind_a_hole),
		cmocka_unit_test(test_forged_syn),
		cmocka_unit_test(test_forged_syn_ack),
		cmocka_unit_test(test_forged_handshake),
		cmocka_unit_test(test_reversal),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_longer_reply_first),
		cmocka_unit_test(test_dropped_by_receivers),
		cmocka_unit_test(test_single_octets),
		cmocka_unit_test(test_hash_collision),
		cmocka_unit_test(test_text_over_tls),
		cmocka_unit_test(test_honest_retransmissions),
		cmocka_unit_test(test_syn_data),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
