// What a third party on the path leaves in the segments (dissect/stream/tamper.h), and dialogues that came in two versions
// (dissect/stream/second.h). Beside every sign stands the ordinary thing that looks like it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

#define RUN(w, story) wire_run(w, story, sizeof(story) / sizeof(*(story)))
#define OPEN {C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}
#define GREET {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}
#define OFFER {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}
#define MAIL {C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 37, 34, "250 ok\r\n"}

static void assert_text(const struct facts *f, struct text t, const char *wanted)
{
	assert_int_equal(t.len, strlen(wanted));
	assert_memory_equal(facts_text(f, t), wanted, t.len);
}

// ---- two versions --------------------------------------------------------------------------------------------

// The reply that offers and the one that does not, in either order: both readings are there, whichever came first.
static void test_offer_and_none(void **state)
{
	(void)state;
	static const char *const text[2] = {"250-mx\r\n250 STARTTLS\r\n", "250-mx\r\n250 XXXXXXXA\r\n"};
	for (int forged_first = 0; forged_first < 2; forged_first++) {
		const struct segment story[] = {OPEN, GREET, {S, ACK, 15, 9, text[forged_first]}, {S, ACK, 15, 9, text[!forged_first]}, MAIL};
		struct wire w;
		wire_init(&w);
		RUN(&w, story);
		assert_int_equal(w.last.path.n_conflicts, 1);
		assert_int_equal(w.last.path.conflict_dir, S);
		assert_int_equal(w.last.path.conflict_off, 14 + 12);
		assert_text(&w.last, w.last.path.conflict_text[forged_first], "250");
		assert_int_equal(w.last.path.conflict_agrees, AGREES_UNKNOWN); // they are equally long
		assert_int_equal(w.last.smtp.offer, forged_first ? OFFER_MASKED : OFFER_YES);
		assert_true(w.last.conn.ambiguous);
		// Mail went in clear: there is nothing worse.
		assert_false(w.two);
	}
}

// STARTTLS in one version, another command in the other: one of them is refused, the other encrypted.
static void test_command_in_two_versions(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "STARTTLS\r\n"}, {C, ACK, 9, 37, "NOOP abc\r\n"},
		{S, ACK, 37, 19, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.two);
	assert_int_equal(w.last.smtp.n_starttls, 1);
	assert_int_equal(w.other.smtp.n_starttls, 0);
	assert_int_equal(w.other.smtp.n_unmatched, 0);
	assert_true(w.last.path.both_read && w.other.path.both_read);
	assert_text(&w.last, w.last.path.conflict_text[0], "STARTTLS");
	assert_text(&w.last, w.last.path.conflict_text[1], "NOOP");
}

// A sensor that takes the first version sees a refusal. In the other one the message is accepted in clear.
static void test_mail_in_the_other_version(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP abcdefghijklmnopqrs\r\n"},
		{C, ACK, 9, 37, "MAIL FROM:<aa@a.example>\r\n"}, {S, ACK, 37, 35, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.two);
	assert_int_equal(w.last.smtp.n_mail_ok, 0);
	assert_int_equal(w.other.smtp.n_mail_ok, 1);
	assert_true(w.other.smtp.mail_ok_mark.quality & Q_AMBIG);
}

// The forged reply is longer: its end is replaced by what really comes next, in its own time.
static void test_longer_forgery(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "STARTTLS\r\n"},
		{S, ACK, 37, 19, "454 4.7.0 not now\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}, {C, ACK, 19, 45, "NOOP\r\n"},
		{S, ACK, 45, 25, "250 ok\r\n"}, {C, ACK, 25, 53, "NOOP\r\n"}, {S, ACK, 53, 31, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.two);
	assert_int_equal(w.last.smtp.starttls_code, 454);
	assert_int_equal(w.other.smtp.starttls_code, 220);
	assert_int_equal(w.other.smtp.after_220, AFTER_VERB);
	assert_int_equal(w.last.path.conflict_agrees, AGREES_LATER); // the client acknowledged what it got: the shorter one
	assert_text(&w.last, w.last.path.conflict_text[0], "454 4.7.0");
	assert_text(&w.last, w.last.path.conflict_text[1], "220");
}

// What is sent again the same way, cut otherwise, is no second version.
static void test_cut_otherwise(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {S, ACK, 15, 9, "250-mx\r\n"}, {S, ACK, 23, 9, "250 STARTTLS\r\n"},
		{S, ACK, 18, 9, "-mx\r\n250 S"}, {C, ACK, 9, 37, "QUIT\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_false(w.last.conn.ambiguous);
	assert_false(w.two);
	assert_int_equal(w.last.path.n_conflicts, 0);
}

// A probe of an idle peer whose acknowledgment comes on the slower arm of the tap, or was lost, is none either.
static void test_probe_not_acknowledged(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {S, ACK, 36, 9, "", .len = 1, .gap_ms = 60000}},
		// Neither was the reply, at first.
		hole[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP 1\r\n"}, {S, ACK, 44, 17, "", .len = 1, .gap_ms = 60000},
		{S, ACK, 37, 17, "250 ok\r\n"}},
		acked[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP 1\r\n"}, {C, ACK, 17, 45}, {S, ACK, 44, 17, "", .len = 1},
		{S, ACK, 37, 17, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.n_conflicts, 0);
	assert_false(w.last.path.both_read);
	wire_init(&w);
	RUN(&w, hole);
	assert_int_equal(w.last.path.n_conflicts, 0);
	assert_true(w.last.conn.ambiguous);
	wire_init(&w);
	RUN(&w, acked);
	assert_false(w.last.conn.ambiguous);
}

// Three versions are more than two readings.
static void test_third_version(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "STARTTLS\r\n"}, {C, ACK, 9, 37, "NOOP abc\r\n"},
		{C, ACK, 9, 37, "HELP abc\r\n"}, {S, ACK, 37, 19, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.two);
	assert_false(w.last.path.both_read);
	assert_int_equal(w.last.path.n_conflicts, 2);
}

// Nor is it enough to read the first of both and the later of both where the receivers may have got one of each.
static void test_versions_in_two_places(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP abcdefghijklmnopqrs\r\n"},
		{C, ACK, 9, 37, "MAIL FROM:<aa@a.example>\r\n"}, {S, ACK, 37, 35, "250 ok\r\n"}, {S, ACK, 37, 35, "550 no\r\n"},
		{C, ACK, 35, 45, "QUIT\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_true(w.two);
	assert_int_equal(w.last.smtp.n_mail_ok + w.other.smtp.n_mail_ok, 0);
	assert_false(w.last.path.both_read);
}

// What a segment begins with may be the middle of an address, or a password.
static void test_no_addresses(void **state)
{
	(void)state;
	static const struct segment address[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "MAIL FROM:<alice@a.example>\r\n"},
		{C, ACK, 20, 37, "carol@a.example>\r\n"}},
		password[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "AUTH LOGIN\r\n"}, {S, ACK, 37, 21, "334 VXNlcm5hbWU6\r\n"},
		{C, ACK, 21, 55, "YWxpY2U=\r\n"}, {C, ACK, 21, 55, "Y2Fyb2w=\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, address);
	assert_int_equal(w.last.path.n_conflicts, 1);
	assert_text(&w.last, w.last.path.conflict_text[0], "MAIL");
	assert_text(&w.last, w.last.path.conflict_text[1], "");
	wire_init(&w);
	RUN(&w, password);
	assert_int_equal(w.last.path.n_conflicts, 1);
	assert_text(&w.last, w.last.path.conflict_text[0], "");
	assert_text(&w.last, w.last.path.conflict_text[1], "");
}

// Credentials stand in neither reading's memory once they were sent, nor does any later version.
static void test_nothing_after_auth(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "AUTH PLAIN AGEAYg==\r\n"},
		{C, ACK, 9, 37, "AUTH PLAIN AGEAYw==\r\n"}, {S, ACK, 37, 28, "235 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.n_conflicts, 1);
	assert_false(w.two);
	assert_true(w.last.smtp.auth_accepted);
}

// A forged dialogue stands beyond a hole that the true one fills once nobody waits for it any more.
static void test_dialogue_in_a_hole(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 509, 537, "STARTTLS\r\n"}, {S, ACK, 537, 519, "220 go\r\n"},
		{C, ACK, 519, 545, "\x16\x03\x01", .gap_ms = 1500}, {C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n", .gap_ms = 1500},
		{S, ACK, 37, 34, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.n_starttls, 1);
	assert_true(w.last.conn.ambiguous);
	assert_false(w.last.path.both_read);
}

// The same where a connection is seen midstream: forged octets are the first that are seen, the true ones stand before them.
static void test_dialogue_before_the_first_octet(void **state)
{
	(void)state;
	static const struct segment story[] = {{C, ACK, 509, 537, "STARTTLS\r\n"}, {S, ACK, 537, 519, "220 go\r\n"},
		{C, ACK, 9, 37, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 37, 34, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.smtp.n_starttls, 1);
	assert_true(w.last.conn.ambiguous);
}

// ---- resets --------------------------------------------------------------------------------------------------

#define UPGRADE OFFER, {C, ACK, 9, 37, "STARTTLS\r\n"}

static void test_reset_and_life(void **state)
{
	(void)state;
	static const struct segment octets[] = {OPEN, GREET, UPGRADE, {S, RST | ACK, 37, 19}, {S, ACK, 37, 19, "220 go\r\n"}},
		acknowledges[] = {OPEN, GREET, OFFER, {S, RST, 37, 0}, {C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19}},
		before[] = {OPEN, GREET, UPGRADE, {S, RST | ACK, 37, 19}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, octets);
	assert_true(w.last.path.rst_contradicted && w.last.path.rst_at_upgrade);
	assert_int_equal(w.last.path.rst_dir, S);
	wire_init(&w);
	RUN(&w, acknowledges);
	assert_true(w.last.path.rst_contradicted);
	wire_init(&w);
	RUN(&w, before); // a retransmission that was under way
	assert_false(w.last.path.rst_contradicted);
}

static void test_reset_from_elsewhere(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, UPGRADE, {S, RST | ACK, 37, 19, .ttl = 250}},
		late[] = {OPEN, GREET, UPGRADE, {S, RST | ACK, 37, 19, .ttl = 250, .gap_ms = 60000}},
		quit[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "QUIT\r\n"}, {C, RST | ACK, 15, 37, .ttl = 250}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.rst_ttl, 250);
	assert_int_equal(w.last.path.rst_ttl_usual, 64);
	assert_true(w.last.path.rst_at_upgrade);
	wire_init(&w);
	RUN(&w, late); // a firewall that resets what is idle
	assert_false(w.last.path.rst_at_upgrade);
	wire_init(&w);
	RUN(&w, quit);
	assert_int_equal(w.last.path.rst_mark.frame, 0);
}

static void test_stepped_resets(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, UPGRADE, {S, RST, 1037, 0}, {S, RST, 9037, 0}, {S, RST, 17037, 0},
		{S, ACK, 37, 19, "220 go\r\n"}},
		closed[] = {OPEN, GREET, UPGRADE, {C, FIN | ACK, 19, 37}, {S, ACK, 37, 20, "220 go\r\n"}, {C, RST, 30, 0}, {C, RST, 40, 0},
		{C, RST, 50, 0}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.n_rst_stepped, 3);
	assert_int_equal(w.last.smtp.starttls_code, 220);
	wire_init(&w);
	RUN(&w, closed);
	assert_int_equal(w.last.path.n_rst_stepped, 0);
}

// ---- distances -----------------------------------------------------------------------------------------------

static void test_odd_segment(void **state)
{
	(void)state;
	static const struct segment between[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "STARTTLS\r\n"},
		{S, ACK, 37, 19, "454 no\r\n", .ttl = 49}, {C, ACK, 19, 45, "QUIT\r\n"}, {S, ACK, 45, 25, "221 bye\r\n"}},
		first[] = {OPEN, {S, ACK, 1, 1, "220 mx ESMTP\r\n", .ttl = 120}, {C, ACK, 1, 15, "EHLO a\r\n"}, OFFER,
		{C, ACK, 9, 37, "QUIT\r\n"}, {S, ACK, 37, 15, "221 bye\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, between);
	assert_int_equal(w.last.path.odd_ttl, 49);
	assert_int_equal(w.last.path.odd_ttl_usual, 64);
	assert_int_equal(w.last.path.odd_mark.frame, 8);
	assert_int_equal(w.last.path.odd_dir, S);
	wire_init(&w);
	RUN(&w, first);
	assert_int_equal(w.last.path.odd_ttl, 120);
	assert_int_equal(w.last.path.odd_mark.frame, 4);
}

// Paths of nearly equal length, another route from now on, and a last segment that nothing follows.
static void test_ordinary_distances(void **state)
{
	(void)state;
	static const struct segment unequal[] = {OPEN, GREET, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n", .ttl = 62},
		{C, ACK, 9, 37, "QUIT\r\n"}, {S, ACK, 37, 15, "221 bye\r\n"}},
		route[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP\r\n"}, {S, ACK, 37, 15, "250 ok\r\n", .ttl = 49},
		{C, ACK, 15, 45, "NOOP\r\n"}, {S, ACK, 45, 21, "250 ok\r\n", .ttl = 49}, {C, ACK, 21, 53, "QUIT\r\n"},
		{S, ACK, 53, 27, "221 bye\r\n", .ttl = 49}},
		last[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "QUIT\r\n"}, {S, ACK, 37, 15, "221 bye\r\n", .ttl = 49}};
	struct wire w;
	wire_init(&w);
	RUN(&w, unequal);
	assert_int_equal(w.last.path.odd_ttl, 0);
	wire_init(&w);
	RUN(&w, route);
	assert_int_equal(w.last.path.odd_ttl, 0);
	wire_init(&w);
	RUN(&w, last);
	assert_int_equal(w.last.path.odd_ttl, 0);
}

// ---- handshakes and checksums --------------------------------------------------------------------------------

static void test_two_answers(void **state)
{
	(void)state;
	static const struct segment twice[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 70000, 1}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, GREET, OFFER},
		again[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, GREET, OFFER};
	struct wire w;
	wire_init(&w);
	RUN(&w, twice);
	assert_true(w.last.path.synack_twice);
	assert_int_equal(w.last.smtp.offer, OFFER_YES);
	wire_init(&w);
	RUN(&w, again);
	assert_false(w.last.path.synack_twice);
}

static void test_bad_checksum(void **state)
{
	(void)state;
	static const struct segment text[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP\r\n", .bad_checksum = 1},
		{C, ACK, 9, 37, "STARTTLS\r\n"}},
		none[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, .bad_checksum = 1}, {C, ACK, 9, 37, "STARTTLS\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, text);
	assert_int_equal(w.last.path.n_bad_sum_text, 1);
	assert_int_equal(w.last.path.bad_sum_dir, C);
	assert_int_equal(w.last.smtp.n_starttls, 1);
	wire_init(&w);
	RUN(&w, none);
	assert_int_equal(w.last.path.n_bad_sum_text, 0);
}

// ---- numbers -------------------------------------------------------------------------------------------------

// A line of 14 octets less reaches the client: it acknowledges 14 less than the server sent, to the end.
static void test_taken_away(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {S, ACK, 15, 9, "250-mx\r\n250-STARTTLS\r\n250 SIZE\r\n"},
		{C, ACK, 9, 33, "NOOP 1\r\n"}, {S, ACK, 47, 17, "250 a longer reply\r\n"}, {C, ACK, 17, 53, "NOOP 2\r\n"},
		{S, ACK, 67, 25, "250 a longer reply\r\n"}, {C, ACK, 25, 73, "NOOP 3\r\n"}, {S, ACK, 87, 33, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.desync, -14);
	assert_int_equal(w.last.path.desync_dir, C);
	assert_int_equal(w.last.path.n_desync, 3);
}

// A line more does: it acknowledges octets that the server has not sent yet.
static void test_added(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, {C, ACK, 9, 47, "NOOP 1\r\n"},
		{S, ACK, 33, 17, "250 ok\r\n"}, {C, ACK, 17, 55, "NOOP 2\r\n"}, {S, ACK, 41, 25, "250 ok\r\n"}, {C, ACK, 25, 63, "NOOP 3\r\n"},
		{S, ACK, 49, 33, "250 ok\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.desync, 14);
	assert_int_equal(w.last.path.desync_dir, C);
}

// A reply that the server never sent: it goes on saying so.
static void test_denied(void **state)
{
	(void)state;
	static const struct segment story[] = {OPEN, GREET, OFFER, {C, ACK, 9, 137, "NOOP 1\r\n"}, {S, ACK, 37, 9},
		{C, ACK, 9, 137, "NOOP 1\r\n", .gap_ms = 600}, {S, ACK, 37, 9}, {C, ACK, 9, 137, "NOOP 1\r\n", .gap_ms = 1200}, {S, ACK, 37, 9},
		{C, ACK, 9, 137, "NOOP 1\r\n", .gap_ms = 2400}, {S, ACK, 37, 9}},
		probes[] = {OPEN, GREET, OFFER, {S, ACK, 36, 9, .gap_ms = 2000}, {C, ACK, 9, 37}, {S, ACK, 36, 9, .gap_ms = 2000}, {C, ACK, 9, 37},
		{S, ACK, 36, 9, .gap_ms = 2000}, {C, ACK, 9, 37}},
		slow[] = {OPEN, GREET, OFFER, {C, ACK, 9, 87}, {S, ACK, 37, 9}, {C, ACK, 9, 87}, {S, ACK, 50, 9, .gap_ms = 1100},
		{C, ACK, 9, 87}, {S, ACK, 63, 9}};
	struct wire w;
	wire_init(&w);
	RUN(&w, story);
	assert_int_equal(w.last.path.desync, 100);
	assert_int_equal(w.last.path.desync_dir, C);
	wire_init(&w);
	RUN(&w, probes);
	assert_int_equal(w.last.path.n_desync, 0);
	wire_init(&w);
	RUN(&w, slow); // the client's arm is 1.5 s behind
	assert_int_equal(w.last.path.n_desync, 0);
}

// One arm of the tap is slower, and every reply has the same length; segments that the capture has lost.
static void test_ordinary_numbers(void **state)
{
	(void)state;
	static const struct segment slow_server[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP 1\r\n"}, {C, ACK, 17, 45, "NOOP 2\r\n"},
		{S, ACK, 37, 17, "250 ok\r\n"}, {C, ACK, 25, 53, "NOOP 3\r\n"}, {S, ACK, 45, 25, "250 ok\r\n"}, {C, ACK, 33, 61, "NOOP 4\r\n"},
		{S, ACK, 53, 33, "250 ok\r\n"}, {C, ACK, 41, 69, "NOOP 5\r\n"}, {S, ACK, 61, 41, "250 ok\r\n"}},
		slow_client[] = {OPEN, GREET, OFFER, {S, ACK, 37, 17, "250 ok\r\n"}, {C, ACK, 9, 37, "NOOP 1\r\n"}, {S, ACK, 45, 25, "250 ok\r\n"},
		{C, ACK, 17, 45, "NOOP 2\r\n"}, {S, ACK, 53, 33, "250 ok\r\n"}, {C, ACK, 25, 53, "NOOP 3\r\n"}, {S, ACK, 61, 41, "250 ok\r\n"},
		{C, ACK, 33, 61, "NOOP 4\r\n"}},
		lost[] = {OPEN, GREET, OFFER, {C, ACK, 9, 37, "NOOP 1\r\n"}, {C, ACK, 17, 45, "NOOP 2\r\n"}, {S, ACK, 45, 25, "250 ok\r\n"},
		{C, ACK, 25, 61, "NOOP 3\r\n"}, {S, ACK, 61, 33, "250 ok\r\n"}, {C, ACK, 33, 77, "NOOP 4\r\n"}, {S, ACK, 77, 41, "250 ok\r\n"},
		{C, ACK, 41, 93, "NOOP 5\r\n"}};
	struct wire w;
	wire_init(&w);
	RUN(&w, slow_server);
	assert_int_equal(w.last.path.n_desync, 0);
	wire_init(&w);
	RUN(&w, slow_client);
	assert_int_equal(w.last.path.n_desync, 0);
	wire_init(&w);
	RUN(&w, lost);
	assert_int_equal(w.last.path.n_desync, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_and_none),
		cmocka_unit_test(test_command_in_two_versions),
		cmocka_unit_test(test_mail_in_the_other_version),
		cmocka_unit_test(test_longer_forgery),
		cmocka_unit_test(test_cut_otherwise),
		cmocka_unit_test(test_probe_not_acknowledged),
		cmocka_unit_test(test_third_version),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_versions_in_two_places),
		cmocka_unit_test(test_nothing_after_auth),
		cmocka_unit_test(test_dialogue_in_a_hole),
		cmocka_unit_test(test_dialogue_before_the_first_octet),
		cmocka_unit_test(test_reset_and_life),
		cmocka_unit_test(test_reset_from_elsewhere),
		cmocka_unit_test(test_stepped_resets),
		cmocka_unit_test(test_odd_segment),
		cmocka_unit_test(test_ordinary_distances),
		cmocka_unit_test(test_two_answers),
		cmocka_unit_test(test_bad_checksum),
		cmocka_unit_test(test_taken_away),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_ordinary_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
