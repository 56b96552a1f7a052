// Handshake messages behind the hellos: what they say, what is handed to the judge, and that neither depends on how the
// octets came: in one record or in many, in one segment or in many.
#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

enum { HANDSHAKE = 22, SHIPPED_MAX = 4 };

#define C DIR_C2S
#define S DIR_S2C

#define HELLO_BODY "0303 aa*32 <1> <2 c02f> <1 00> <2 0000 <2 <2 00 <2 6d78>>>>"
#define HELLO "01 <3 " HELLO_BODY ">"
#define ANSWER MADE_SERVER("0303", "c02f", "")
#define CHAIN "<3 c1*40> <3 c2*30>"
#define DONE "0e <3>"
#define KEY "0c <3 03 001d <1 04*32> 0804 <2 05*70>>"

struct shipment {
	enum handshake_kind kind;
	enum dir d;
	const char *octets;
	uint16_t version, suite; // 0: before the ServerHello
};

static const struct shipment hello_shipped = {HANDSHAKE_CLIENT_HELLO, C, HELLO_BODY, 0, 0};

struct row {
	const char *name;
	struct made_said said[5];
	struct shipment want[SHIPPED_MAX]; // behind the ClientHello
	bool certificate, status, raw, request, client, key;
	uint64_t malformed;
	const char *ticket;
};

static const struct row rows[] = {
	{"a whole server in one record", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 <3 " CHAIN ">>" KEY DONE}},
		{{HANDSHAKE_CERTIFICATES, S, CHAIN, 0x0303, 0xc02f}}, .certificate = true, .key = true},
	{"each in a record of its own", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER}, {S, HANDSHAKE, "0b <3 <3 " CHAIN ">>"}, {S, HANDSHAKE, DONE}},
		{{HANDSHAKE_CERTIFICATES, S, CHAIN, 0x0303, 0xc02f}}, .certificate = true},
	{"a certificate and its status", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 <3 " CHAIN ">> 16 <3 01 <3 d1*20>>" KEY DONE}},
		{{HANDSHAKE_CERTIFICATES, S, CHAIN, 0x0303, 0xc02f}, {HANDSHAKE_STATUS, S, "d1*20", 0x0303, 0xc02f}}, .certificate = true,
		.status = true, .key = true},
	{"a status of another type", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "16 <3 02 <3 d1*20>>" DONE}}, .status = true},
	{"an empty status", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "16 <3 01 <3>>" DONE}}, .status = true},
	{"a status longer than its message", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "16 <3 01 000005 d1d1>" DONE}}, .status = true},
	{"an empty list of certificates", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 <3>>" DONE}}, .certificate = true},
	{"a list longer than its message", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 000030 c1*40>" DONE}}, .certificate = true,
		.malformed = 1},
	{"no list at all", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3>" DONE}}, .certificate = true, .malformed = 1},
	{"a raw public key", {{C, HANDSHAKE, "01 <3 " HELLO_BODY ">"},
		{S, HANDSHAKE, MADE_SERVER("0303", "c02b", "0014 <2 02>") "0b <3 <3 5e*91>>" DONE}},
		{{HANDSHAKE_RAW_KEY, S, "5e*91", 0x0303, 0xc02b}}, .certificate = true, .raw = true},
	{"a client certificate", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 <3 " CHAIN ">> 0d <3 <1 01> <2 0804> <2>>" DONE},
		{C, HANDSHAKE, "0b <3 <3 <3 cc*50>>> 10 <3 <1 04*65>>"}},
		{{HANDSHAKE_CERTIFICATES, S, CHAIN, 0x0303, 0xc02f}, {HANDSHAKE_CLIENT_CERTIFICATES, C, "<3 cc*50>", 0x0303, 0xc02f}},
		.certificate = true, .request = true, .client = true},
	{"a client that has none", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0d <3 <1 01> <2 0804> <2>>" DONE}, {C, HANDSHAKE, "0b <3 <3>>"}},
		.request = true},
	{"a client's before the server was heard", {{C, HANDSHAKE, HELLO}, {C, HANDSHAKE, "0b <3 <3 <3 cc*50>>>"}, {S, HANDSHAKE, ANSWER}}},
	{"a ticket", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER DONE "04 <3 00001c20 <2 71*100>>"}}, .ticket = "71*100"},
	{"an empty ticket", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER DONE "04 <3 00001c20 <2>>"}}},
	{"a ticket cut short", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER DONE "04 <3 00001c20 0010 7171>"}}},
	{"messages nobody reads", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, "00 <3>" ANSWER "17 <3 ab*300> ff <3 00> 00 <3>" DONE}}},
	{"TLS 1.3 has none of these", {{C, HANDSHAKE, HELLO},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304>") "0b <3 <3 " CHAIN ">> 16 <3 01 <3 d1*20>> 04 <3 00001c20 <2 71*9>>"}}},
	{"an SSL 3.0 server", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, MADE_SERVER("0300", "000a", "") "0b <3 <3 " CHAIN ">>" DONE}},
		{{HANDSHAKE_CERTIFICATES, S, CHAIN, 0x0300, 0x000a}}, .certificate = true},
	{"a key exchange of a suite that has none", {{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, MADE_SERVER("0303", "002f", "") KEY DONE}}, .key = true,
		.malformed = 1},
};

static void check_shipment(const struct tape_result *got, size_t i, const struct shipment *want)
{
	static uint8_t octets[TAPE_OCTETS_MAX];
	uint8_t random[32];
	const struct tape_shipped *s = &got->shipped[i];
	memset(random, 0xaa, sizeof(random));
	assert_true(i < got->n_shipped);
	assert_int_equal(s->kind, want->kind);
	assert_int_equal(s->dir, want->d);
	assert_false(s->cut);
	assert_int_equal(s->version, want->version);
	assert_int_equal(s->suite, want->suite);
	assert_memory_equal(s->client_random, random, sizeof(random));
	size_t len = made_octets(want->octets, octets, sizeof(octets));
	assert_int_equal(s->len, len);
	assert_memory_equal(got->octets + s->off, octets, len);
}

static void check(const struct row *r, const struct tape_result *got)
{
	const struct tls_facts *f = &got->facts.tls;
	uint8_t ticket[512];
	size_t n = 0;
	assert_int_equal(f->certificate, r->certificate);
	assert_int_equal(f->peer_cert, r->certificate ? CERT_SEEN : f->server_version == 0x0304 ? CERT_ENCRYPTED : CERT_NOT_SEEN);
	assert_int_equal(mark_set(&f->certificate_mark), r->certificate);
	assert_int_equal(f->certificate_status, r->status);
	assert_int_equal(f->raw_public_key, r->raw);
	assert_int_equal(f->certificate_request, r->request);
	assert_int_equal(f->client_certificate, r->client);
	assert_int_equal(mark_set(&f->client_certificate_mark), r->client);
	assert_int_equal(f->server_key_exchange, r->key);
	assert_int_equal(got->counter[COUNT_tls_malformed], r->malformed);
	uint64_t digest = r->ticket ? XXH3_64bits(ticket, made_octets(r->ticket, ticket, sizeof(ticket))) | 1 : 0;
	assert_true(f->resumption.ticket_issued == digest);
	check_shipment(got, n++, &hello_shipped);
	for (size_t i = 0; i < SHIPPED_MAX && r->want[i].octets; i++)
		check_shipment(got, n++, &r->want[i]);
	assert_int_equal(got->n_shipped, n);
}

static void test_rows(void **state)
{
	static const size_t pieces[] = {16384, 1, 2, 3, 5, 47, 100};
	static struct tape_result got, whole;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].name);
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			struct tape t = {0};
			made_play_pieces(&t, rows[i].said, pieces[k]);
			tape_play_all(&t, &got);
			check(&rows[i], &got);
			if (k == 0)
				whole = got;
			assert_memory_equal(&got.facts, &whole.facts, sizeof(got.facts));
			assert_memory_equal(got.octets, whole.octets, sizeof(got.octets));
			tape_free(&t);
		}
	}
}

// ---- longer than rooms ----

static const struct {
	const char *name;
	size_t body;           // octets of the Certificate message
	uint32_t small, large; // rooms there are; the medium ones are as many as the large
	bool shipped, cut;
} longs[] = {
	{"the small room is full", TLS_ROOM_SMALL, 1, 0, true},
	{"one octet more", TLS_ROOM_SMALL + 1, 1, 1, true},
	{"one octet more, and no larger room", TLS_ROOM_SMALL + 1, 1, 0, false},
	{"no small room, none needed in the end", TLS_ROOM_SMALL + 1, 0, 1, false},
	{"the medium room is full", TLS_ROOM_MEDIUM, 1, 1, true},
	{"one octet more than that", TLS_ROOM_MEDIUM + 1, 1, 1, true},
	{"the large room is full", TLS_ROOM_LARGE, 1, 1, true},
	{"longer than any room", TLS_ROOM_LARGE + 1, 1, 1, true, true},
	{"longer than any room, and none there", TLS_ROOM_LARGE + 1, 0, 0, true, true},
	{"no room at all", 100, 0, 0, false},
};

static void play_long(size_t body, struct tape *t)
{
	static char hex[512];
	snprintf(hex, sizeof(hex), ANSWER "0b <3 <3 <3 c1*%zu>>>" DONE, body - 6);
	// In small records: no message is whole in one.
	made_play_pieces(t, (struct made_said[]){{C, HANDSHAKE, HELLO}, {C, 0, NULL}}, 16384);
	made_play_pieces(t, (struct made_said[]){{S, HANDSHAKE, hex}, {C, 0, NULL}}, body < 1000 ? 90 : 1000);
}

static void check_long(size_t i, const struct tape_result *got)
{
	const struct tls_facts *f = &got->facts.tls;
	const struct tape_shipped *s = &got->shipped[1];
	assert_true(f->server_hello && f->certificate && mark_set(&f->certificate_mark));
	assert_int_equal(f->peer_cert, CERT_SEEN);
	assert_int_equal(got->n_shipped, 1 + longs[i].shipped);
	assert_int_equal(got->counter[COUNT_tls_handshake_no_memory], !longs[i].shipped);
	if (!longs[i].shipped)
		return;
	assert_int_equal(s->kind, HANDSHAKE_CERTIFICATES);
	assert_int_equal(s->cut, longs[i].cut);
	assert_int_equal(s->len, longs[i].cut ? 0 : longs[i].body - 3);
	for (size_t k = 3; k < s->len; k++)
		assert_int_equal(got->octets[s->off + k], 0xc1);
}

static void test_long_certificates(void **state)
{
	static const long cuts[] = {TAPE_WHOLE, TAPE_BYTEWISE, 1, 5, 6, 9, 90, 1000, 1004, 1005, 1006, 2048, 16389};
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		struct tape t = {0};
		print_message("%s\n", longs[i].name);
		play_long(longs[i].body, &t);
		for (size_t k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++) {
			if (!longs[i].small && (cuts[k] == TAPE_BYTEWISE || (cuts[k] > 5 && cuts[k] < 90)))
				continue; // the hellos would need a room as well
			tape_play(&t, cuts[k], longs[i].small, longs[i].large, &got);
			check_long(i, &got);
		}
		tape_free(&t);
	}
}

// ---- after a handshake that came to nothing: a machine of zeroes, and the facts of the first ----

struct second {
	struct facts facts;
	uint64_t counter[DISSECT_COUNTERS];
	unsigned n_cut;
};

static void count_cut(void *ctx, const struct message_handshake *m, const uint8_t *p, size_t len)
{
	((struct second *)ctx)->n_cut += m->kind == HANDSHAKE_CERTIFICATES && m->cut;
}

static void feed_handshake(struct second *s, uint32_t frame, const struct made_said *said)
{
	struct tls_memory memory;
	struct tls machine = {0};
	struct tape t = {0};
	assert_int_equal(tls_memory_open(&memory, (const uint32_t[TLS_ROOMS]){1, 1, 1}, 1), 0);
	struct tls_env env = {.facts = &s->facts, .memory = &memory, .counter = s->counter, .ship = count_cut, .ship_ctx = s};
	made_play(&t, said);
	for (size_t i = 0; i < t.n; i++) {
		struct place at = {.frame = frame + (uint32_t)i};
		enum tls_need need;
		tls_feed(&machine, &env, t.step[i].d, &at, t.step[i].p, t.step[i].len, &need);
	}
	tls_end(&machine, &env);
	tls_memory_close(&memory);
	tape_free(&t);
}

static void test_second_handshake(void **state)
{
	static struct second s;
	feed_handshake(&s, 1, (struct made_said[]){{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 <3 " CHAIN ">>" KEY DONE},
		{C, HANDSHAKE, "0b <3 <3 <3 cc*50>>>"}, {C, 0, NULL}});
	assert_int_equal(s.facts.tls.certificate_mark.frame, 2);
	feed_handshake(&s, 11, (struct made_said[]){{C, HANDSHAKE, HELLO}, {S, HANDSHAKE, ANSWER "0b <3 <3 <3 c1*65600>>>" DONE}, {C, 0, NULL}});
	assert_int_equal(s.n_cut, 1);
	assert_int_equal(s.facts.tls.certificate_mark.frame, 12);
	assert_false(s.facts.tls.client_certificate || s.facts.tls.server_key_exchange);
	assert_false(mark_set(&s.facts.tls.client_certificate_mark) || mark_set(&s.facts.tls.server_key_mark));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_long_certificates),
		cmocka_unit_test(test_second_handshake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
