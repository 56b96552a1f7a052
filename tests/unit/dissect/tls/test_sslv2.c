// SSL 2.0: hellos of later versions in its form, and a handshake that really is one.
#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define C DIR_C2S
#define S DIR_S2C
#define HELLO_20 {C, 0, "8018 01 0002 0006 0000 0009 010080 0700c0 dd*9"}
#define ANSWER_20 {S, 0, "8055 04 00 01 0002 0040 0003 0007 c1*64 010080 dd*7"}
#define MASTER_KEY {C, 0, "802a 02 010080 0000 0020 0000 ee*32"}
#define ENCRYPTED(d) {d, 0, "8021 99*33"}

struct row {
	const char *name;
	struct made_said said[6];
	uint16_t client_version, server_version;
	uint32_t kind;
	bool certificate, fallback, renegotiation;
	int lost; // step that is lost, + 1
};

static const struct row rows[] = {
	{"both sides", {HELLO_20, ANSWER_20, MASTER_KEY, ENCRYPTED(S), ENCRYPTED(C)}, 2, 2, 0x010080, .certificate = true},
	{"the client gives up", {HELLO_20, ANSWER_20}, 2, 2, .certificate = true},
	{"no server", {HELLO_20}, 2},
	{"a choice that is cut short", {HELLO_20, ANSWER_20, {C, 0, "802a 02 010080"}}, 2, 2, .certificate = true},
	{"a choice of which the end is missing", {HELLO_20, ANSWER_20, {C, 0, "802a 02 0100"}, {C, 0, "80 ee*38"}}, 2, 2, .certificate = true, .lost = 4},
	{"a certificate of no known type", {HELLO_20, {S, 0, "8055 04 00 02 0002 0040 0003 0007 c1*64 010080 dd*7"}}, 2, 2},
	{"a certificate longer than the message", {HELLO_20, {S, 0, "8015 04 00 01 0002 0400 0003 0007 010080 dd*7"}}, 2, 2},
	{"later versions in this form", {{C, 0, "801c 01 0301 0003 0000 0010 00c02f dd*16"}, {S, 22, MADE_SERVER("0301", "c02f", "")}}, 0x0301, 0x0301},
	{"signalling suites", {{C, 0, "8025 01 0303 000c 0000 0010 00c02f 0000ff 005600 010080 dd*16"}, {S, 22, MADE_SERVER("0303", "c02f", "")}}, 0x0303,
		0x0303, .fallback = true, .renegotiation = true},
};

static void lose(struct tape *t, int lost)
{
	if (!lost)
		return;
	free(t->step[lost - 1].p);
	t->step[lost - 1].p = NULL;
}

static void test_rows(void **state)
{
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct tape t = {0};
		print_message("%s\n", r->name);
		made_play(&t, r->said);
		lose(&t, r->lost);
		tape_play_all(&t, &got);
		const struct tls_facts *f = &got.facts.tls;
		assert_true(f->client_hello && f->sslv2_hello);
		assert_int_equal(f->client_version, r->client_version);
		assert_int_equal(f->server_version, r->server_version);
		assert_int_equal(f->server_hello, r->server_version != 0);
		assert_int_equal(f->sslv2_kind, r->kind);
		assert_int_equal(f->certificate, r->certificate);
		assert_int_equal(f->peer_cert, r->certificate ? CERT_SEEN : CERT_NOT_SEEN);
		assert_int_equal(f->fallback_scsv, r->fallback);
		assert_int_equal((f->client_ext & TLS_EXT_RENEGOTIATION_INFO) != 0, r->renegotiation);
		assert_int_equal(got.not_tls[0] + got.not_tls[1], 0);
		assert_int_equal(got.n_shipped, r->certificate);
		tape_free(&t);
		if (!r->certificate)
			continue;
		assert_int_equal(got.shipped[0].kind, HANDSHAKE_CERTIFICATES);
		assert_int_equal(got.shipped[0].len, 3 + 64);
		assert_memory_equal(got.octets, "\0\0\x40\xc1", 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
