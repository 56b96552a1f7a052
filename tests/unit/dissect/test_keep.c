// Which packets travel as evidence, and how much of each: a story, and behind each segment what must be kept of its payload.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/tls/made.h"
#include "tests/unit/dissect/wire.h"

enum { HEADERS = 40, FRAMES_MAX = 400 };

// What travelled of one packet.
struct sent {
	int n;           // how often
	uint16_t order;  // from 1
	uint16_t len;    // of the payload
	uint32_t cut_len;
	uint8_t cut, dir;
	uint64_t time_ns;
	uint8_t payload[EVIDENCE_LEN_MAX];
};

struct story {
	struct wire w;
	struct sent sent[FRAMES_MAX + 1]; // by frame
	uint16_t n_sent, at_facts[64];    // how many had travelled when facts were told
	size_t n_facts;
};

static struct story story;

static void take(void *ctx, const struct message *m, size_t len)
{
	struct story *s = ctx;
	if (m->type == MESSAGE_SESSION && s->n_facts < 64)
		s->at_facts[s->n_facts++] = s->n_sent;
	if (m->type != MESSAGE_EVIDENCE) {
		wire_emit(&s->w, m, len);
		return;
	}
	const struct message_evidence *e = (const void *)m;
	assert_int_equal(len, sizeof(*e) + e->len);
	assert_true(e->frame <= FRAMES_MAX && e->len >= HEADERS && e->len <= EVIDENCE_LEN_MAX && e->linktype == 101);
	struct sent *t = &s->sent[e->frame];
	t->n++;
	t->order = ++s->n_sent;
	t->len = (uint16_t)(e->len - HEADERS);
	t->cut_len = e->cut_len;
	t->cut = e->cut;
	t->dir = e->dir;
	t->time_ns = e->time_ns;
	memcpy(t->payload, e->octets + HEADERS, t->len);
	assert_int_equal(e->cut != EVIDENCE_WHOLE, e->cut_len > 0);
}

static void begin(bool envelope)
{
	memset(&story, 0, sizeof(story));
	wire_init(&story.w);
	story.w.config.evidence = true;
	story.w.config.keep_envelope = envelope;
	story.w.config.emit = take;
	story.w.config.emit_ctx = &story;
}

// ---- rows ----------------------------------------------------------------------------------------------------

enum { NOTHING = -1 }; // of `kept`: the packet does not travel

// A segment as a text "C: ..." in order, each side acknowledging all of the other. `kept` octets of it travel.
struct row {
	const char *text;
	int kept;
};

enum { ALL = 10000 };

static int expected(const struct row *r)
{
	return r->kept == ALL ? (int)strlen(r->text + 3) : r->kept;
}

static void check_frame(const char *name, uint32_t frame, const char *text, size_t text_len, int kept)
{
	const struct sent *t = &story.sent[frame];
	if (kept == NOTHING ? t->n != 0 : t->n != 1)
		fail_msg("%s: packet %u travelled %d times", name, frame, t->n);
	if (kept == NOTHING)
		return;
	if (t->len != kept || memcmp(t->payload, text, t->len))
		fail_msg("%s: packet %u: \"%.*s\" kept, %d octets expected", name, frame, t->len, t->payload, kept);
	if (t->cut_len != text_len - t->len)
		fail_msg("%s: packet %u says that %u octets were cut", name, frame, t->cut_len);
}

static void handshake(struct dissect *d)
{
	static const struct segment begins[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}};
	for (size_t i = 0; i < 3; i++)
		wire_send(&story.w, d, &begins[i]);
}

static void play(const char *name, const struct row *rows, bool envelope)
{
	struct dissect *d;
	uint32_t next[2] = {1, 1};
	begin(envelope);
	assert_int_equal(dissect_open(&d, &story.w.config), 0);
	handshake(d);
	for (const struct row *r = rows; r->text; r++) {
		int dir = r->text[0] == 'C' ? C : S;
		struct segment s = {.d = dir, .flags = ACK, .seq = next[dir], .ack = next[!dir], .text = r->text + 3};
		wire_send(&story.w, d, &s);
		next[dir] += (uint32_t)strlen(s.text);
	}
	dissect_finish(d);
	dissect_close(&d);
	for (uint32_t i = 0; rows[i].text; i++)
		check_frame(name, i + 4, rows[i].text + 3, strlen(rows[i].text + 3), expected(&rows[i]));
	for (uint32_t i = 1; i <= 3; i++)
		check_frame(name, i, "", 0, 0);
}

static const struct row clear_mail[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO client.example\r\n", ALL}, {"S: 250-mx.example hello\r\n250 SIZE 1000\r\n", ALL},
	{"C: MAIL FROM:<alice@a.example>\r\n", 11}, {"S: 250 2.1.0 alice is fine\r\n", 10}, {"C: RCPT TO:<bob@b.example>\r\n", 9},
	{"S: 250 2.1.5 Ok\r\n", 10}, {"C: DATA\r\n", ALL}, {"S: 354 End with a dot\r\n", 4}, {"C: Subject: secret plans\r\n\r\nBuy.\r\n.\r\n", 0},
	{"S: 250 2.0.0 Ok: queued as Subject\r\n", 10}, {"C: MAIL FROM:<alice@a.example>\r\n", 0}, {"S: 250 2.1.0 Ok\r\n", 10},
	{"C: QUIT\r\n", 0}, {"S: 221 2.0.0 Bye\r\n", 10}, {NULL, 0}};

static const struct row with_addresses[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: HELO client.example\r\n", ALL}, {"S: 250 mx.example\r\n", ALL},
	{"C: MAIL FROM:<alice@a.example>\r\n", ALL}, {"S: 250 2.1.0 alice is fine\r\n", ALL},
	{"C: RCPT TO:<bob@b.example>\r\nDATA\r\n", ALL}, {"S: 250 2.1.5 Ok\r\n354 End with a dot\r\n", ALL},
	{"C: secret\r\n.\r\nQUIT\r\n", 0}, {"S: 554 5.7.1 secret is spam\r\n", 10}, {NULL, 0}};

static const struct row credentials[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO client.example\r\n", ALL}, {"S: 250-mx.example\r\n250 AUTH PLAIN LOGIN\r\n", ALL},
	{"C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", 10}, {"S: 535 5.7.8 alice is not known\r\n", 10}, {"C: AUTH LOGIN\r\n", 0},
	{"S: 334 VXNlcm5hbWU6\r\n", 4}, {"C: YWxpY2U=\r\n", 0}, {"S: 334 UGFzc3dvcmQ6\r\n", 4}, {"C: c2VjcmV0\r\n", 0},
	{"S: 235 2.7.0 Welcome alice\r\n", 10}, {"C: QUIT\r\n", 0}, {NULL, 0}};

static const struct row login[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO client.example\r\n", ALL}, {"S: 250 AUTH LOGIN\r\n", ALL},
	{"C: AUTH LOGIN\r\n", 10}, {"S: 334 VXNlcm5hbWU6\r\n", 4}, {"C: YWxpY2U=\r\n", 0}, {NULL, 0}};

static const struct row mechanism_unknown[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO client.example\r\n", ALL}, {"S: 250 AUTH LOGIN\r\n", ALL},
	{"C: AUTH hunter2\r\n", 5}, {"S: 504 5.5.4 hunter2 is no mechanism\r\n", 10}, {NULL, 0}};

// Without AUTH, and a server that repeats what it does not understand.
static const struct row stray_password[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO client.example\r\n", ALL}, {"S: 250 mx.example\r\n", ALL}, {"C: hunter2\r\n", 0},
	{"S: 500 5.5.1 Command unrecognized: \"hunter2\"\r\n", 10}, {"C: NOOP\r\n", 0}, {"S: 250 2.0.0 Ok\r\n", 10}, {NULL, 0}};

static const struct row asked_for_more[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: VRFY\r\n", ALL}, {"S: 334 go on\r\n", ALL}, {"C: NOOP\r\n", 0}, {NULL, 0}};

// What stands in a chunk looks like a command.
static const struct row chunks[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO client.example\r\n", ALL}, {"S: 250-mx.example\r\n250 CHUNKING\r\n", ALL},
	{"C: BDAT 6 LAST\r\nNOOP\r\n", 13}, {"S: 250 2.0.0 Ok\r\n", 10}, {"C: NOOP\r\n", 0}, {NULL, 0}};

// What stands behind a verb may be what was typed into the wrong window.
static const struct row arguments[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO alice@a.example\r\n", 5}, {"S: 250 mx.example\r\n", ALL}, {"C: NOOP hunter2\r\n", 5},
	{"S: 250 2.0.0 Ok hunter2\r\n", 10}, {"C: RSET\r\n", ALL}, {"C: HELP me\r\n", 5}, {"C: NOOP\rAUTH PLAIN AAAA\r\n", 0}, {"C: RSET\r\n", 0},
	{NULL, 0}};

static const struct row masked_verb[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: XXXXXXXX client.example\r\n", 0}, {"S: 500 5.5.1 what?\r\n", 10}, {"C: HELO a.example\r\n", 0},
	{NULL, 0}};

static const struct row addresses_in_text[] = {
	{"S: 220 mx.example, questions to root@mx.example\r\n", 29}, {"C: EHLO a.example\r\n", ALL}, {NULL, 0}};

static const struct row in_pieces[] = {
	{"S: 220 mx.example", 0}, {"S:  ESMTP\r\n", ALL}, {"C: EHLO cli", 0}, {"C: ent.example\r\n", ALL}, {"S: 250 mx\r\n", ALL}, {"C: AUTH PL", 0},
	{"C: AIN AGFsaWNlAHNlY3JldA==\r\n", 3}, {NULL, 0}};

static const struct row secret_in_pieces[] = {
	{"S: 220 mx.example ESMTP\r\n", ALL}, {"C: EHLO a\r\n", ALL}, {"S: 250 mx\r\n", ALL}, {"C: AUTH PLAIN AGF", 0}, {"C: saWNlAHNlY3JldA==\r\n", 0},
	{NULL, 0}};

static void test_rows(void **state)
{
	(void)state;
	play("clear mail", clear_mail, false);
	play("with addresses", with_addresses, true);
	play("credentials", credentials, true);
	play("login", login, true);
	play("mechanism unknown", mechanism_unknown, true);
	play("stray password", stray_password, true);
	play("asked for more", asked_for_more, true);
	play("chunks", chunks, true);
	play("arguments", arguments, false);
	play("masked verb", masked_verb, true);
	play("addresses in text", addresses_in_text, false);
	play("in pieces", in_pieces, true);
	play("secret in pieces", secret_in_pieces, true);
}

// ---- order, loss, conflict -----------------------------------------------------------------------------------

static void play_segments(const struct segment *s, size_t n)
{
	begin(true);
	wire_run(&story.w, s, n);
}
#define PLAY(s) play_segments(s, sizeof(s) / sizeof(*(s)))

static void kept(uint32_t frame, const char *text, int n)
{
	check_frame("segments", frame, text, strlen(text), n == ALL ? (int)strlen(text) : n);
}

// The client's arm is slower: its command is captured behind the reply, which waits and travels all the same.
static void test_arms_apart(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}, {C, ACK, 9, 37, "NOOP\r\n"}};
	PLAY(s);
	kept(5, "250-mx\r\n250 STARTTLS\r\n", ALL);
	kept(6, "EHLO a\r\n", ALL);
	kept(7, "NOOP\r\n", ALL);
	assert_true(story.sent[5].time_ns < story.sent[6].time_ns && story.sent[5].order < story.sent[6].order);
}

static void test_out_of_order(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 9, 15, "DATA\r\n"}, {C, ACK, 15, 15, "my secret\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}};
	PLAY(s);
	kept(5, "DATA\r\n", ALL);
	kept(6, "my secret\r\n", 0);
	kept(7, "EHLO a\r\n", ALL);
	kept(8, "EHLO a\r\n", 0); // sent again
	assert_int_equal(story.sent[8].cut, EVIDENCE_CUT_UNREAD);
	assert_int_equal(story.sent[6].cut, EVIDENCE_CUT_PRIVATE);
}

// What is missing may be DATA or AUTH.
static void test_loss(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250 mx\r\n"}, {C, ACK, 15, 23, "NOOP\r\n"},
		{S, ACK, 23, 21, "250 2.0.0 you said NOOP\r\n", 2000}, {C, ACK, 21, 48, "RSET\r\n", 2000}};
	PLAY(s);
	kept(5, "EHLO a\r\n", ALL);
	kept(6, "250 mx\r\n", ALL);
	kept(7, "NOOP\r\n", 0);
	kept(8, "250 2.0.0 you said NOOP\r\n", 10);
	kept(9, "RSET\r\n", 0);
}

static void test_midstream(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, ACK, 1, 1, "NOOP\r\n"}, {S, ACK, 1, 7, "250 2.0.0 NOOP\r\n"}, {C, ACK, 7, 17, "MAIL FROM:<a@b>\r\n"}};
	PLAY(s);
	kept(1, "NOOP\r\n", 0);
	kept(2, "250 2.0.0 NOOP\r\n", 10);
	kept(3, "MAIL FROM:<a@b>\r\n", 0);
}

// The receiver may have got the other version, in which content began.
static void test_conflict(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250 mx\r\n"}, {C, ACK, 9, 23, "NOOP\r\n"}, {C, ACK, 9, 23, "DATA\r\n"},
		{S, ACK, 23, 15, "354 go\r\n"}, {C, ACK, 15, 31, "NOOP\r\n"}};
	PLAY(s);
	kept(7, "NOOP\r\n", ALL);
	kept(8, "DATA\r\n", 0);
	kept(9, "354 go\r\n", 0);
	kept(10, "NOOP\r\n", 0);
	assert_int_equal(story.sent[10].cut, EVIDENCE_CUT_CONFLICT);
}

// Two versions that both wait: neither is kept.
static void test_conflict_in_queue(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 9, 15, "NOOP\r\n"}, {C, ACK, 9, 15, "DATA\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"}};
	PLAY(s);
	kept(5, "NOOP\r\n", 0);
	kept(6, "DATA\r\n", 0);
	kept(7, "EHLO a\r\n", 0);
}

// ---- TLS -----------------------------------------------------------------------------------------------------

static void send_made(struct dissect *d, int dir, uint32_t seq, uint32_t ack, const struct made *m)
{
	struct segment s = {.d = dir, .flags = ACK, .seq = seq, .ack = ack, .text = (const char *)m->p, .len = m->len};
	wire_send(&story.w, d, &s);
}

static void test_tls(void **state)
{
	(void)state;
	static struct made hello, answer, finished;
	hello.len = answer.len = finished.len = 0;
	made_client_hello(&hello, "00112233", "002b00050403040303");
	made_server_hello(&answer, 0x0303, NULL, "00112233", 0x1301, "002b00020304");
	made_record(&answer, 20, "01");
	size_t answer_clear = answer.len;
	made_sealed(&answer, 23, 200);
	made_record(&finished, 20, "01");
	size_t finished_clear = finished.len;
	made_sealed(&finished, 23, 53);
	made_sealed(&finished, 23, 120);
	static const struct segment clear[] = {{S, ACK, 1, 1, "220 mx ESMTP\r\n"}, {C, ACK, 1, 15, "EHLO a\r\n"},
		{S, ACK, 15, 9, "250-mx\r\n250 STARTTLS\r\n"}, {C, ACK, 9, 37, "STARTTLS\r\n"}, {S, ACK, 37, 19, "220 go\r\n"}};
	struct dissect *d;
	begin(false);
	assert_int_equal(dissect_open(&d, &story.w.config), 0);
	handshake(d);
	for (size_t i = 0; i < 5; i++)
		wire_send(&story.w, d, &clear[i]);
	send_made(d, C, 19, 45, &hello);
	send_made(d, S, 45, 19 + (uint32_t)hello.len, &answer);
	send_made(d, C, 19 + (uint32_t)hello.len, 45 + (uint32_t)answer.len, &finished);
	static const struct segment later[] = {{S, ACK, 1000, 600, "nothing of this"}, {C, ACK, 9, 37, "RCPT TO:\r\n"}};
	wire_send(&story.w, d, &later[0]);
	wire_send(&story.w, d, &later[1]);
	dissect_finish(d);
	dissect_close(&d);
	for (uint32_t i = 0; i < 5; i++)
		check_frame("tls", 4 + i, clear[i].text, strlen(clear[i].text), (int)strlen(clear[i].text));
	check_frame("tls", 9, (const char *)hello.p, hello.len, (int)hello.len);
	check_frame("tls", 10, (const char *)answer.p, answer.len, (int)answer_clear);
	check_frame("tls", 11, (const char *)finished.p, finished.len, (int)finished_clear);
	assert_int_equal(story.sent[11].cut, EVIDENCE_CUT_ENCRYPTED);
	assert_int_equal(story.sent[12].n, 0);
	check_frame("tls", 13, later[1].text, strlen(later[1].text), 0); // other octets than those of STARTTLS
	assert_int_equal(story.sent[13].cut, EVIDENCE_CUT_CONFLICT);
	assert_int_equal(story.w.n_sealed, 1);
	assert_int_equal(story.at_facts[story.n_facts - 1], 11); // before the facts that rest on it
}

// ---- bounds --------------------------------------------------------------------------------------------------

// Nobody shall fill the judge's memory with SYNs.
static void test_without_payload(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {C, RST | ACK, 1, 1}};
	PLAY(s);
	assert_int_equal(story.n_sent, 0);
}

static void test_other_port(void **state)
{
	(void)state;
	static const struct segment mail[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
		{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250 mx\r\n"}};
	static const struct segment other[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 ftp ESMTP\r\n"},
		{C, ACK, 1, 16, "USER alice\r\n"}, {C, ACK, 13, 16, "PASS secret, and much more of the like, so that nobody takes it for mail\r\n"}};
	begin(true);
	story.w.port[1] = 8025;
	wire_run(&story.w, mail, 6);
	kept(4, "220 mx ESMTP\r\n", ALL);
	kept(5, "EHLO a\r\n", ALL);
	kept(6, "250 mx\r\n", ALL);
	begin(true);
	story.w.port[1] = 8025;
	wire_run(&story.w, other, 6);
	assert_int_equal(story.n_sent, 0);
}

static void test_bounds(void **state)
{
	(void)state;
	struct dissect *d;
	begin(true);
	assert_int_equal(dissect_open(&d, &story.w.config), 0);
	handshake(d);
	uint32_t at = 1;
	static const struct segment greeting = {S, ACK, 1, 1, "220 mx ESMTP\r\n"};
	wire_send(&story.w, d, &greeting);
	for (int i = 0; i < 150; i++) {
		struct segment s = {.d = C, .flags = ACK, .seq = at, .ack = 15, .text = "NOOP\r\n"};
		struct segment bare = {.d = S, .flags = ACK, .seq = 15, .ack = at += 6};
		wire_send(&story.w, d, &s);
		wire_send(&story.w, d, &bare);
	}
	dissect_finish(d);
	assert_int_equal(story.n_sent, 64);
	assert_int_equal(dissect_counters(d)[COUNT_evidence_packets], 64);
	assert_int_equal(dissect_counters(d)[COUNT_evidence_bounded], 304 - 64);
	dissect_close(&d);
}

static void test_off(void **state)
{
	(void)state;
	static const struct segment s[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"}};
	begin(true);
	story.w.config.evidence = false;
	wire_run(&story.w, s, 4);
	assert_int_equal(story.n_sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_arms_apart), cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_loss), cmocka_unit_test(test_midstream), cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_conflict_in_queue), cmocka_unit_test(test_tls), cmocka_unit_test(test_without_payload),
		cmocka_unit_test(test_other_port), cmocka_unit_test(test_bounds), cmocka_unit_test(test_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
