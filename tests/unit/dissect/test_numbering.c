// Whose sequence numbers are believed: forged SYN and SYN/ACK before, during and after the handshake, and tuples that are
// used again. Whatever is forged, the clear mail is read, or the record says that it may have been missed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

enum { FAR = 0x30000000, ALL_MAX = 8 };
#define SYN_OF(isn) {C, SYN, isn, 0}
#define SYN_ACK(isn, ack) {S, SYN | ACK, isn, ack}
#define OPEN_AT(c, s) {C, SYN, c, 0}, {S, SYN | ACK, s, (c) + 1}, {C, ACK, (c) + 1, (s) + 1}
#define GREET_AT(c, s) {S, ACK, (s) + 1, (c) + 1, "220 mx ESMTP\r\n"}, {C, ACK, (c) + 1, (s) + 15, "EHLO a\r\n"}, \
	{S, ACK, (s) + 15, (c) + 9, "250-mx\r\n250 SIZE\r\n"}
#define MAIL_AT(c, s) {C, ACK, (c) + 9, (s) + 33, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, (s) + 33, (c) + 34, "250 ok\r\n"}
#define END_AT(c, s) {C, FIN | ACK, (c) + 34, (s) + 41}, {S, FIN | ACK, (s) + 41, (c) + 35}, {C, ACK, (c) + 35, (s) + 42}
#define OPEN OPEN_AT(0, 0)
#define GREET GREET_AT(0, 0)
#define MAIL_OK MAIL_AT(0, 0)
#define END END_AT(0, 0)

struct all {
	size_t n, clear, ambiguous, complete, clean;
	struct facts facts[ALL_MAX];
};

// Every session that was told, by its last message.
static void collect(void *ctx, const struct message *m, size_t len)
{
	struct all *all = ctx;
	const struct message_session *s = (const void *)m;
	if (m->type != MESSAGE_SESSION || s->facts.conn.end == END_OPEN || !(s->facts.conn.payload[0] || s->facts.conn.payload[1]))
		return;
	assert_true(all->n < ALL_MAX);
	memcpy(&all->facts[all->n++], &s->facts, facts_len(&s->facts));
	bool clear = s->facts.smtp.n_mail_ok, conflict = s->facts.conn.ambiguous;
	all->clear += clear;
	all->ambiguous += conflict;
	all->complete += clear && s->facts.smtp.clear_mark[CLEAR_NOT_OFFERED].frame && !s->facts.smtp.clear_mark[CLEAR_NOT_OFFERED].quality;
	all->clean += !clear && !conflict;
}

static void run(struct all *all, const struct segment *story, size_t n)
{
	struct wire w;
	wire_init(&w);
	memset(all, 0, sizeof(*all));
	w.config.emit = collect;
	w.config.emit_ctx = all;
	wire_run(&w, story, n);
}

#define ROW(name, ...) {name, {__VA_ARGS__}, sizeof((struct segment[]){__VA_ARGS__}) / sizeof(struct segment)}

struct row {
	const char *name;
	struct segment story[32];
	size_t n;
};

// Without payload of its own a forged handshake changes nothing at all.
static const struct row harmless[] = {
	ROW("SYN/ACK after the handshake", OPEN, SYN_ACK(FAR, FAR), GREET, MAIL_OK, END),
	ROW("SYN/ACK after the handshake, right acknowledgment", OPEN, SYN_ACK(FAR, 1), GREET, MAIL_OK, END),
	ROW("SYN/ACK near by", OPEN, SYN_ACK(1000, 2000), GREET, MAIL_OK, END),
	ROW("SYN/ACK of the client", OPEN, {C, SYN | ACK, FAR, FAR}, GREET, MAIL_OK, END),
	ROW("SYN/ACK before that of the server", SYN_OF(0), SYN_ACK(FAR, 1), SYN_ACK(0, 1), {C, ACK, 1, 1}, GREET, MAIL_OK, END),
	ROW("SYN/ACK before the client's ACK", SYN_OF(0), SYN_ACK(0, 1), SYN_ACK(FAR, 1), {C, ACK, 1, 1}, GREET, MAIL_OK, END),
	ROW("SYN/ACK in the dialogue", OPEN, GREET, SYN_ACK(FAR, FAR), MAIL_OK, END),
	ROW("SYN and SYN/ACK in the dialogue", OPEN, GREET, SYN_OF(FAR), SYN_ACK(2u * FAR, FAR + 1), MAIL_OK, END),
	ROW("a whole handshake in the dialogue", OPEN, GREET, OPEN_AT(FAR, 2u * FAR), MAIL_OK, END),
	ROW("two of them", OPEN, GREET, OPEN_AT(FAR, 2u * FAR), OPEN_AT(2u * FAR, FAR), MAIL_OK, END),
	ROW("SYNs before the true one", SYN_OF(FAR), SYN_OF(77), OPEN, GREET, MAIL_OK, END),
	ROW("a SYN between SYN and SYN/ACK", SYN_OF(0), SYN_OF(FAR), SYN_ACK(0, 1), {C, ACK, 1, 1}, GREET, MAIL_OK, END),
	ROW("SYN of the server first", {S, SYN, FAR, 0}, OPEN, GREET, MAIL_OK, END),
	ROW("SYN of the server first, with its true number", {S, SYN, 0, 0}, OPEN, GREET, MAIL_OK, END),
	ROW("SYN/ACK of the client first", {C, SYN | ACK, FAR, FAR}, OPEN, GREET, MAIL_OK, END),
	ROW("SYN/ACK of the client first, with its true number", {C, SYN | ACK, 0, FAR}, OPEN, GREET, MAIL_OK, END),
	ROW("ACK of the server first", {S, ACK, FAR, FAR}, OPEN, GREET, MAIL_OK, END),
	ROW("ACK of the client first", {C, ACK, FAR, FAR}, OPEN, GREET, MAIL_OK, END),
};

static void test_harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		struct all all;
		run(&all, harmless[i].story, harmless[i].n);
		if (all.n != 1 || all.complete != 1 || all.ambiguous || all.facts[0].conn.end != END_FIN || all.facts[0].conn.dst_port != 25)
			fail_msg("%s: %zu records, %zu clear, %zu complete, end %d, port %d", harmless[i].name, all.n, all.clear, all.complete,
			         all.facts[0].conn.end, all.facts[0].conn.dst_port);
	}
}

#define OTHER_AT(c, s) OPEN_AT(c, s), {S, ACK, (s) + 1, (c) + 1, "220 mx ESMTP\r\n"}, {C, ACK, (c) + 1, (s) + 15, "QUIT\r\n"}

// A dialogue in other numbers, and then the old one goes on: one of them was forged, and nobody knows which.
static const struct row both[] = {
	ROW("a whole dialogue, then the old one goes on", OPEN, GREET, OTHER_AT(FAR, 2u * FAR), MAIL_OK, END),
	ROW("before the greeting", OPEN, OTHER_AT(FAR, 2u * FAR), GREET, MAIL_OK, END),
	ROW("only a SYN/ACK of it", OPEN, SYN_ACK(2u * FAR, FAR + 1), {S, ACK, 2u * FAR + 1, FAR + 1, "220 mx ESMTP\r\n"}, GREET, MAIL_OK, END),
	ROW("the old one stood still for longer than a minute", OPEN, GREET, OTHER_AT(FAR, 2u * FAR),
	    {C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n", 70000}, {S, ACK, 33, 34, "250 ok\r\n"}),
	ROW("octets of no connection at all", OPEN, GREET, {C, ACK, FAR, FAR, "QUIT\r\n"}, MAIL_OK, END),
};

static void test_both(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		struct all all;
		run(&all, both[i].story, both[i].n);
		if (!all.clear || all.complete > all.ambiguous || all.n < 2 || all.ambiguous + 1 < all.n)
			fail_msg("%s: %zu records, %zu clear, %zu ambiguous", both[i].name, all.n, all.clear, all.ambiguous);
	}
}

// A tuple used again: two connections, and nothing ambiguous about either, however much of the handshake was lost.
static const struct row again[] = {
	ROW("all of it", OPEN, GREET, OPEN_AT(FAR, 2u * FAR), GREET_AT(FAR, 2u * FAR), MAIL_AT(FAR, 2u * FAR), END_AT(FAR, 2u * FAR)),
	ROW("no SYN/ACK", OPEN, GREET, SYN_OF(FAR), {C, ACK, FAR + 1, 2u * FAR + 1}, GREET_AT(FAR, 2u * FAR), MAIL_AT(FAR, 2u * FAR)),
	ROW("no SYN", OPEN, GREET, SYN_ACK(2u * FAR, FAR + 1), GREET_AT(FAR, 2u * FAR), MAIL_AT(FAR, 2u * FAR)),
	ROW("neither, after a while", OPEN, GREET, {C, ACK, FAR + 1, 2u * FAR + 1, "EHLO a\r\n", 400000}, {S, ACK, 2u * FAR + 1, FAR + 9, "250-mx\r\n250 SIZE\r\n"},
	    {C, ACK, FAR + 9, 2u * FAR + 19, "MAIL FROM:<a@a.example>\r\n"}, {S, ACK, 2u * FAR + 19, FAR + 34, "250 ok\r\n"}),
};

static void test_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++) {
		struct all all;
		run(&all, again[i].story, again[i].n);
		if (all.n != 2 || all.clear != 1 || all.ambiguous || all.facts[0].conn.end != END_REUSE)
			fail_msg("%s: %zu records, %zu clear, %zu ambiguous, end %d", again[i].name, all.n, all.clear, all.ambiguous, all.facts[0].conn.end);
	}
}

// Octets that fit no window are dropped, and the record says that something was there.
static void test_stray_octets(void **state)
{
	(void)state;
	static const struct row rows[] = {
		ROW("acknowledges what was never sent", OPEN, GREET, {C, ACK, 9, FAR, "QUIT\r\n"}),
		ROW("out of the window", OPEN, GREET, {C, ACK, FAR, 33, "QUIT\r\n"}),
		ROW("SYN/ACK with octets", OPEN, GREET, {C, SYN | ACK, 8, 33, "QUIT\r\n"}),
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct all all;
		run(&all, rows[i].story, rows[i].n);
		if (all.n != 1 || all.ambiguous != 1 || all.facts[0].conn.strays != 1 || all.facts[0].smtp.quit)
			fail_msg("%s: %zu records, %zu ambiguous", rows[i].name, all.n, all.ambiguous);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_stray_octets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
