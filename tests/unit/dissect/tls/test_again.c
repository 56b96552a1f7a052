// What happens behind a handshake: further handshakes, heartbeats, early data.
#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 32 };

#define C DIR_C2S
#define S DIR_S2C
#define CCS(d) {d, 20, "01"}
#define SEALED(d) {d, 22, "ee*40"} // a handshake message nobody can read
#define DATA(d) {d, 23, "ee*60"}
#define HELLOS {C, 22, MADE_CLIENT("c02f", "000f <2 01>")}, {S, 22, MADE_SERVER("0303", "c02f", "000f <2 01>") "0b <3 <3 <3 c1>>> 0e <3>"}
#define FULL HELLOS, {C, 22, "10 <3 <1 04*65>>"}, CCS(C), SEALED(C), CCS(S), SEALED(S)
#define RESUMED \
	{C, 22, "01 <3 0303 aa*32 <1 51*32> <2 c02f> <1 00>>"}, {S, 22, "02 <3 0303 bb*32 <1 51*32> c02f 00>"}, CCS(S), SEALED(S), CCS(C), SEALED(C)
#define AGAIN_BY_CLIENT SEALED(C), SEALED(S), SEALED(C), CCS(C), SEALED(C), CCS(S), SEALED(S)
#define TLS13 \
	{C, 22, MADE_CLIENT("1301", "002b <2 <1 0304>>")}, {S, 22, MADE_SERVER("0303", "1301", "002b <2 0304>")}, {S, 23, "ee*500"}, {C, 23, "ee*53"}

struct row {
	const char *name;
	struct made_said said[STEPS];
	uint8_t renegotiations, dir;
	uint32_t mark; // frame of the first
	uint16_t heartbeats;
	bool overread, early, resumed;
	uint64_t news; // step of the news about an overread, + 1
};

static const struct row rows[] = {
	{"an ordinary handshake", {FULL, DATA(C), DATA(S)}},
	{"a ticket before the server's Finished", {HELLOS, {C, 22, "10 <3 <1 04*65>>"}, CCS(C), SEALED(C), {S, 22, "04 <3 00000e10 <2 71*9>>"},
		CCS(S), SEALED(S), DATA(C), DATA(S)}},
	{"a resumption", {RESUMED, DATA(C), DATA(S)}, .resumed = true},
	{"the client begins again", {FULL, DATA(C), AGAIN_BY_CLIENT, DATA(C)}, 1, C, 9},
	{"again, and nothing but data before", {RESUMED, DATA(C), AGAIN_BY_CLIENT}, 1, C, 8, .resumed = true},
	{"again without any data", {FULL, AGAIN_BY_CLIENT}, 1, C, 8},
	{"the server asks for it", {FULL, DATA(C), SEALED(S), AGAIN_BY_CLIENT}, 1, S, 9},
	{"the server asks in vain", {FULL, DATA(C), SEALED(S), DATA(C)}, 1, S, 9},
	{"a long chain, several records", {FULL, DATA(C), SEALED(C), SEALED(S), SEALED(S), SEALED(S), SEALED(C), CCS(C), SEALED(C), CCS(S),
		SEALED(S), DATA(C)}, 1, C, 9},
	{"an abbreviated one", {FULL, DATA(C), SEALED(C), SEALED(S), CCS(S), SEALED(S), CCS(C), SEALED(C), DATA(C)}, 1, C, 9},
	{"twice", {FULL, DATA(C), AGAIN_BY_CLIENT, AGAIN_BY_CLIENT}, 2, C, 9},
	{"twice, by both", {FULL, SEALED(S), AGAIN_BY_CLIENT, AGAIN_BY_CLIENT}, 2, S, 8},
	{"TLS 1.3 knows none", {TLS13, {S, 22, "ee*40"}, {C, 22, "ee*40"}, {C, 22, "ee*40"}}},
	{"no ServerHello was seen", {{C, 22, MADE_CLIENT("1301", "")}, CCS(C), SEALED(C), SEALED(C)}},
	{"an encrypted alert", {FULL, DATA(C), {C, 21, "ee*26"}}},

	{"a heartbeat", {HELLOS, {C, 24, "01 0004 aaaaaaaa bb*16"}}, .heartbeats = 1},
	{"a heartbeat that claims too much", {HELLOS, {C, 24, "01 4000 aa"}}, .heartbeats = 1, .overread = true, .news = 3},
	{"... by one octet", {HELLOS, {C, 24, "01 0014 aa*19"}}, .heartbeats = 1, .overread = true, .news = 3},
	{"... and not", {HELLOS, {C, 24, "01 0013 aa*19"}}, .heartbeats = 1},
	{"the second one does", {HELLOS, {C, 24, "01 0001 aa*17"}, {C, 24, "01 ffff"}}, .heartbeats = 2, .overread = true, .news = 4},
	{"three octets, nothing claimed", {HELLOS, {S, 24, "02 0000"}}, .heartbeats = 1},
	{"two octets", {HELLOS, {C, 24, "01 ff"}}, .heartbeats = 1},
	{"an empty one", {HELLOS, {C, 24, ""}}, .heartbeats = 1},
	{"an encrypted one", {FULL, {C, 24, "01 ffff"}, DATA(C)}, .heartbeats = 1},
	{"before any hello: it may be encrypted", {{C, 24, "01 ffff"}}, .heartbeats = 1},

	{"early data", {{C, 22, MADE_CLIENT("1301", "002b <2 <1 0304>> 002a <2>")}, CCS(C), DATA(C), DATA(C), DATA(C), DATA(C),
		{S, 22, MADE_SERVER("0303", "1301", "002b <2 0304>")}, {S, 23, "ee*500"}, {C, 23, "ee*21"}, {C, 23, "ee*53"}}, .early = true},
	{"data of TLS 1.3 that is not early", {TLS13, DATA(C), DATA(S)}},
	{"False Start is not early data", {HELLOS, {C, 22, "10 <3 <1 04*65>>"}, CCS(C), SEALED(C), DATA(C), CCS(S), SEALED(S), DATA(S)}},
};

static void test_rows(void **state)
{
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct tape t = {0};
		print_message("%s\n", r->name);
		made_play(&t, r->said);
		tape_play_all(&t, &got);
		const struct tls_facts *f = &got.facts.tls;
		assert_int_equal(f->n_renegotiations, r->renegotiations);
		assert_int_equal(f->renegotiation_dir, r->dir);
		assert_int_equal(f->renegotiation_mark.frame, r->mark);
		assert_int_equal(f->n_heartbeats, r->heartbeats);
		assert_int_equal(mark_set(&f->heartbeat_mark), r->heartbeats > 0);
		assert_int_equal(f->heartbeat_overread, r->overread);
		assert_true(!r->news || (got.news & UINT64_C(1) << (r->news - 1)));
		assert_int_equal(f->early_data_sent, r->early);
		assert_int_equal(f->resumed, r->resumed);
		assert_int_equal(got.not_tls[0] + got.not_tls[1], 0);
		tape_free(&t);
	}
}

// Each step lost in turn: never more renegotiations than there were.
static void test_losses(void **state)
{
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tape t = {0};
		print_message("%s\n", rows[i].name);
		made_play(&t, rows[i].said);
		for (size_t lost = 0; lost < t.n; lost++) {
			uint8_t *kept = t.step[lost].p;
			t.step[lost].p = NULL;
			tape_play(&t, TAPE_WHOLE, 2, 2, &got);
			t.step[lost].p = kept;
			assert_true(got.facts.tls.n_renegotiations <= rows[i].renegotiations);
			assert_true(got.facts.tls.n_heartbeats <= rows[i].heartbeats);
			assert_true(rows[i].overread || !got.facts.tls.heartbeat_overread);
			assert_true(rows[i].early || !got.facts.tls.early_data_sent);
		}
		tape_free(&t);
	}
}

// A count stays where it is when it is full.
static void test_saturation(void **state)
{
	static struct made m;
	static struct tape_result got;
	struct tape t = {0};
	made_play(&t, (struct made_said[]){FULL, {C, 0, NULL}});
	for (int turn = 0; turn < 20; turn++) {
		m.len = 0;
		made_hex(&m, "180303 0003 01ffff");
		for (int i = 0; i < 4000; i++)
			memcpy(m.p + 8 * i, m.p, 8);
		tape_say(&t, C, m.p, 32000);
	}
	tape_play(&t, TAPE_WHOLE, 2, 2, &got);
	assert_int_equal(got.facts.tls.n_heartbeats, UINT16_MAX);
	assert_false(got.facts.tls.heartbeat_overread); // encrypted
	tape_free(&t);
}

static void test_many(void **state)
{
	static struct tape_result got;
	struct tape t = {0};
	static struct made m;
	made_play(&t, (struct made_said[]){FULL, {C, 0, NULL}});
	for (int turn = 0; turn < 13; turn++) {
		for (int i = 0; i < 2; i++) {
			m.len = 0;
			made_record(&m, 22, "ee*40");
			made_record(&m, 20, "01");
			made_record(&m, 22, "ee*40");
			tape_say(&t, i ? S : C, m.p, m.len);
		}
	}
	tape_play_all(&t, &got);
	assert_int_equal(got.facts.tls.n_renegotiations, 13);
	tape_free(&t);
}

#define NAMED(octet) MADE_CLIENT("c02f", "0000 <2 <2 00 <2 " octet ">>>")

// Whoever puts a hello behind the first one, or behind the server's, hides nothing.
static void test_second_hello(void **state)
{
	static const struct made_said before[] = {{C, 22, NAMED("61")}, {C, 22, NAMED("62")}, {S, 22, MADE_SERVER("0303", "c02f", "")}, {0}};
	static const struct made_said behind[] = {{C, 22, NAMED("61")}, {S, 22, MADE_SERVER("0303", "0005", "")}, {C, 22, NAMED("62")}, {0}};
	static struct tape_result got;
	for (int i = 0; i < 2; i++) {
		struct tape t = {0};
		made_play(&t, i ? behind : before);
		tape_play_all(&t, &got);
		assert_int_equal(got.facts.tls.sni.len, 1);
		assert_int_equal(*facts_text(&got.facts, got.facts.tls.sni), 'a');
		assert_int_equal(got.n_shipped, 1);
		assert_true(got.facts.tls.offer_known);
		assert_int_equal(got.facts.tls.unoffered, i ? TLS_UNOFFERED_SUITE : 0);
		tape_free(&t);
	}
}

// A change_cipher_spec before the ServerHello means nothing: the hello behind it is read, in whatever records it comes.
static void test_early_ccs(void **state)
{
	static const struct made_said said[] = {{C, 22, MADE_CLIENT("c02f", "")}, CCS(S), {S, 22, MADE_SERVER("0302", "c013", "")}, {0}};
	static struct tape_result got;
	for (size_t piece = 1; piece < 60; piece += 7) {
		struct tape t = {0};
		made_play_pieces(&t, said, piece);
		tape_play_all(&t, &got);
		assert_true(got.facts.tls.server_hello);
		assert_int_equal(got.facts.tls.server_version, 0x0302);
		assert_int_equal(got.facts.tls.n_renegotiations, 0);
		tape_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_saturation),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_second_hello),
		cmocka_unit_test(test_early_ccs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
