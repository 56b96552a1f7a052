// What comes after a session was sealed, at places that were read before: repeated octets change nothing, other octets
// put the whole session in doubt. Whoever forges a handshake that its receiver never gets has it sealed that way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/tls/made.h"
#include "tests/unit/dissect/wire.h"

enum { STARTTLS_AT = 9, HELLO_AT = 19, GO_AT = 37, ANSWER_AT = 45 };

static struct made hello, answer, finished, other;

static void make_handshake(void)
{
	hello.len = answer.len = finished.len = other.len = 0;
	made_client_hello(&hello, "00112233", "002b00050403040303");
	made_server_hello(&answer, 0x0303, NULL, "00112233", 0x1301, "002b00020304");
	made_record(&answer, 20, "01");
	made_sealed(&answer, 23, 200);
	made_record(&finished, 20, "01");
	made_sealed(&finished, 23, 53);
	made_sealed(&finished, 23, 120);
	made_client_hello(&other, "99887766", "002b00050403040303");
}

static struct segment part(int d, uint32_t seq, uint32_t ack, const struct made *m, size_t from, size_t len)
{
	return (struct segment){.d = d, .flags = ACK, .seq = seq + (uint32_t)from, .ack = ack, .text = (const char *)m->p + from, .len = len};
}

static struct segment whole(int d, uint32_t seq, uint32_t ack, const struct made *m)
{
	return part(d, seq, ack, m, 0, m->len);
}

struct story {
	struct segment segment[40];
	size_t n;
};

static void add(struct story *s, struct segment segment)
{
	s->segment[s->n++] = segment;
}

static void handshake(struct story *s)
{
	static const struct segment clear[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}, {C, ACK, STARTTLS_AT, GO_AT, "STARTTLS\r\n"},
		{S, ACK, GO_AT, HELLO_AT, "220 go\r\n"}};
	uint32_t hello_end = HELLO_AT + (uint32_t)hello.len, answer_end = ANSWER_AT + (uint32_t)answer.len;
	for (size_t i = 0; i < sizeof(clear) / sizeof(*clear); i++)
		add(s, clear[i]);
	add(s, whole(C, HELLO_AT, ANSWER_AT, &hello));
	add(s, whole(S, ANSWER_AT, hello_end, &answer));
	add(s, whole(C, hello_end, answer_end, &finished));
}

static void nothing(struct story *s)
{
	(void)s;
}

static void same_again(struct story *s)
{
	for (size_t i = 3, n = s->n; i < n; i++)
		add(s, s->segment[i]);
}

static void in_other_pieces(struct story *s)
{
	uint32_t hello_end = HELLO_AT + (uint32_t)hello.len;
	add(s, part(C, HELLO_AT, ANSWER_AT, &hello, 0, 20));
	add(s, part(C, HELLO_AT, ANSWER_AT, &hello, 20, hello.len - 20));
	add(s, part(S, ANSWER_AT, hello_end, &answer, 7, answer.len - 7));
	add(s, part(C, hello_end, ANSWER_AT, &finished, 30, 100));
}

static void keepalive(struct story *s)
{
	add(s, part(C, HELLO_AT + (uint32_t)hello.len, ANSWER_AT, &finished, finished.len - 1, 1));
}

static void ciphertext_goes_on(struct story *s)
{
	uint32_t end = HELLO_AT + (uint32_t)(hello.len + finished.len);
	add(s, whole(C, end, ANSWER_AT, &finished));
	add(s, (struct segment){C, ACK, end, ANSWER_AT, "this is not compared any more"});
}

static void clear_mail(struct story *s)
{
	add(s, (struct segment){C, ACK, STARTTLS_AT, GO_AT, "MAIL FROM:<a@a.example>\r\n"});
}

static void clear_mail_in_pieces(struct story *s)
{
	add(s, (struct segment){C, ACK, HELLO_AT, GO_AT, "a.exa"});
	add(s, (struct segment){C, ACK, HELLO_AT + 5, GO_AT, "mple>\r"});
	add(s, (struct segment){C, ACK, HELLO_AT + 11, GO_AT, "\n"});
}

static void reply_over_answer(struct story *s)
{
	add(s, (struct segment){S, ACK, ANSWER_AT, HELLO_AT, "354 go ahead\r\n"});
}

static void text_before_the_first(struct story *s)
{
	add(s, (struct segment){C, ACK, (uint32_t)-30, GO_AT, "MAIL FROM:<a@a.example>\r\n"});
}

static void other_handshake(struct story *s)
{
	add(s, whole(C, HELLO_AT, ANSWER_AT, &other));
}

static void bad_checksum(struct story *s)
{
	add(s, (struct segment){C, ACK, STARTTLS_AT, GO_AT, "MAIL FROM:<a@a.example>\r\n", .bad_checksum = 1});
}

static const struct {
	const char *name;
	void (*then)(struct story *s);
	bool ambiguous;
} rows[] = {
	{"nothing", nothing, false},
	{"the same segments again", same_again, false},
	{"the same octets in other pieces", in_other_pieces, false},
	{"a keep-alive probe", keepalive, false},
	{"what was never read", ciphertext_goes_on, false},
	{"with a bad checksum", bad_checksum, false},
	{"MAIL where STARTTLS was", clear_mail, true},
	{"text where the ClientHello was", clear_mail_in_pieces, true},
	{"a reply where the ServerHello was", reply_over_answer, true},
	{"text in front of the first octet", text_before_the_first, true},
	{"another ClientHello", other_handshake, true},
};

static void test_after_seal(void **state)
{
	(void)state;
	make_handshake();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct story s = {.n = 0};
		struct wire w;
		wire_init(&w);
		handshake(&s);
		rows[i].then(&s);
		wire_run(&w, s.segment, s.n);
		assert_int_equal(w.end.conflict, !strcmp(rows[i].name, "MAIL where STARTTLS was") || !strcmp(rows[i].name, "another ClientHello"));
		if (w.n_sealed != 1 || w.n_ends != 1 || w.end.ambiguous != rows[i].ambiguous)
			fail_msg("%s: %zu sealed, ambiguous %d", rows[i].name, w.n_sealed, w.end.ambiguous);
	}
}

// More sealed sessions than guards: the oldest loses its own, and still notices text.
static void test_guard_lost(void **state)
{
	(void)state;
	make_handshake();
	struct dissect *d;
	struct wire w;
	wire_init(&w);
	w.config.flows_max = 4;
	assert_int_equal(dissect_open(&d, &w.config), 0);
	struct story s = {.n = 0};
	handshake(&s);
	for (uint16_t flow = 0; flow < 7; flow++) {
		w.port[0] = (uint16_t)(2000 + flow);
		for (size_t i = 0; i < s.n; i++)
			wire_send(&w, d, &s.segment[i]);
		w.port[0] = 2000; // is never the one that was silent longest
		const struct segment alive = part(C, HELLO_AT + (uint32_t)hello.len, ANSWER_AT, &finished, 10, 20);
		wire_send(&w, d, &alive);
	}
	const struct segment text = {C, ACK, STARTTLS_AT, GO_AT, "MAIL FROM:<a@a.example>\r\n"};
	wire_send(&w, d, &text);
	size_t ends = w.n_ends;
	const struct segment end[] = {{C, RST, HELLO_AT + (uint32_t)(hello.len + finished.len), 0}, {C, ACK, 1, 1}};
	wire_send(&w, d, &end[0]);
	w.port[0] = 9999;
	struct segment later = end[1];
	later.gap_ms = 10000;
	wire_send(&w, d, &later);
	wire_send(&w, d, &later);
	assert_int_equal(w.n_ends, ends + 1);
	assert_true(w.end.ambiguous);
	dissect_finish(d);
	dissect_close(&d);
}

// Each handshake is told, but the dialogue before it is not read again that often: whoever renegotiates 60 times would have it
// read 60 times.
static void test_bounded_readings(void **state)
{
	(void)state;
	static const struct segment story[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 STARTXXX\r\n"},
		{C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}};
	struct made m[4] = {0};
	struct dissect *d;
	struct wire w;
	wire_init(&w);
	assert_int_equal(dissect_open(&d, &w.config), 0);
	for (size_t i = 0; i < sizeof(story) / sizeof(*story); i++)
		wire_send(&w, d, &story[i]);
	made_client_hello(&m[0], "00112233", "");
	made_server_hello(&m[1], 0x0303, NULL, "00112233", 0xc02f, "");
	made_record(&m[1], 20, "01");
	made_record(&m[1], 22, "7a7a7a7a");
	made_record(&m[2], 20, "01");
	made_record(&m[2], 22, "7a7a7a7a");
	m[3] = m[2];
	made_record(&m[3], 22, "7a7a7a7a");
	uint32_t next[2] = {19, 45};
	for (int i = 0; i < 64; i++) {
		int from = i & 1;
		const struct made *part = i < 2 ? &m[i] : from ? &m[2] : &m[3];
		const struct segment s = {from, ACK, next[from], next[!from], (const char *)part->p, .len = part->len};
		wire_send(&w, d, &s);
		next[from] += (uint32_t)part->len;
	}
	dissect_finish(d);
	dissect_close(&d);
	assert_true(w.last.tls.n_renegotiations > 20);
	assert_true(w.two);
	assert_in_range(w.n_two, 2, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_seal),
		cmocka_unit_test(test_guard_lost),
		cmocka_unit_test(test_bounded_readings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
