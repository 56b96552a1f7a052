// What the hellos say, fact by fact.
#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

enum { HANDSHAKE = 22 };

#define C DIR_C2S
#define S DIR_S2C
#define EVERYTHING \
	"0000 <2> 0005 <2> 0004 <2> 000a <2 <2 001d>> 000d <2 <2 0804>> 000f <2 <1 01>> 0010 <2 <2 <1 68 32>>> 0013 <2> 0014 <2>" \
	"0016 <2> 0017 <2> 001b <2> 0023 <2> 0029 <2 <2 <2 aa> 00*4> <2 <1 bb*32>>> 002a <2> 002b <2 <1 0304>> 0033 <2> fe0d <2> ff01 <2>"

static const uint32_t all_bits = (TLS_EXT_RENEGOTIATION_INFO << 1) - 1;

// ---- one hello ----

struct row {
	const char *name;
	const char *suites, *extensions;
	uint32_t ext;
	uint8_t alpn_kinds;
	bool pq, fallback;
	const char *ticket, *psk; // octets whose digest is told
	uint16_t sni_len;
};

static const struct row rows[] = {
	{"nothing", "c02f", ""},
	{"an extension nobody reads", "c02f", "0015 <2 00*9>"},
	{"renegotiation_info by suite", "c02f 00ff", "", .ext = TLS_EXT_RENEGOTIATION_INFO},
	{"renegotiation_info by extension", "c02f", "ff01 <2 <1>>", .ext = TLS_EXT_RENEGOTIATION_INFO},
	{"fallback", "c02f 5600", "", .fallback = true},
	{"both, behind more suites than are kept", "c0*400 5600 00ff", "", .ext = TLS_EXT_RENEGOTIATION_INFO, .fallback = true},
	{"GREASE everywhere", "0a0a c02f", "1a1a <2> 000a <2 <2 2a2a 001d>> 0010 <2 <2 <1 3a3a>>> 002b <2 <1 4a4a 0304>> fafa <2 00>",
		.ext = TLS_EXT_SUPPORTED_GROUPS | TLS_EXT_ALPN | TLS_EXT_SUPPORTED_VERSIONS},
	{"X25519MLKEM768", "1301", "000a <2 <2 11ec 001d>>", .ext = TLS_EXT_SUPPORTED_GROUPS, .pq = true},
	{"MLKEM768 last", "1301", "000a <2 <2 001d 0201>>", .ext = TLS_EXT_SUPPORTED_GROUPS, .pq = true},
	{"groups in half octets", "1301", "000a <2 <2 001d 11>>", .ext = TLS_EXT_SUPPORTED_GROUPS},
	{"mail", "c02f", "0010 <2 <2 <1 736d7470>>>", .ext = TLS_EXT_ALPN, .alpn_kinds = ALPN_MAIL},
	{"mail and the web", "c02f", "0010 <2 <2 <1 6832> <1 736d7470>>>", .ext = TLS_EXT_ALPN, .alpn_kinds = ALPN_MAIL | ALPN_HTTP},
	{"everything", "c02f", "0010 <2 <2 <1 6832> <1 736d7470> <1 696d6170> <1 0a0a>>>", .ext = TLS_EXT_ALPN,
		.alpn_kinds = ALPN_MAIL | ALPN_HTTP | ALPN_OTHER},
	{"almost a name of the web", "c02f", "0010 <2 <2 <1 683200>>>", .ext = TLS_EXT_ALPN, .alpn_kinds = ALPN_OTHER},
	{"an empty protocol", "c02f", "0010 <2 <2 <1> <1 6832>>>", .ext = TLS_EXT_ALPN, .alpn_kinds = ALPN_HTTP},
	{"a damaged second protocol", "c02f", "0010 <2 <2 <1 6832> 0561>>", .ext = TLS_EXT_ALPN},
	{"an empty ticket", "c02f", "0023 <2>", .ext = TLS_EXT_SESSION_TICKET},
	{"a ticket", "c02f", "0023 <2 71*180>", .ext = TLS_EXT_SESSION_TICKET, .ticket = "71*180"},
	{"two PSK identities", "1301", "0029 <2 <2 <2 71*32> 00*4 <2 72*32> 00*4> <2 <1 bb*32> <1 bb*32>>>", .ext = TLS_EXT_PRE_SHARED_KEY,
		.psk = "71*32"},
	{"PSK identities that end early", "1301", "0029 <2 <2 ffff 71>>", .ext = TLS_EXT_PRE_SHARED_KEY},
	{"a server name of 300 octets", "c02f", "0000 <2 <2 00 <2 61*300>>>", .ext = TLS_EXT_SERVER_NAME, .sni_len = 300},
	{"an empty server name", "c02f", "0000 <2 <2 00 <2>>>", .ext = TLS_EXT_SERVER_NAME},
};

static uint64_t digest_of(const char *hex)
{
	uint8_t octets[512];
	return hex ? XXH3_64bits(octets, made_octets(hex, octets, sizeof(octets))) | 1 : 0;
}

static void play(const struct made_said *said, struct tape_result *got)
{
	struct tape t = {0};
	made_play(&t, said);
	tape_play_all(&t, got);
	tape_free(&t);
}

static void test_rows(void **state)
{
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		char hello[1024];
		print_message("%s\n", r->name);
		snprintf(hello, sizeof(hello), "01 <3 0303 aa*32 <1> <2 %s> <1 00> <2 %s>>", r->suites, r->extensions);
		play((struct made_said[]){{C, HANDSHAKE, hello}, {C, 0, NULL}}, &got);
		const struct tls_facts *f = &got.facts.tls;
		assert_int_equal(f->client_ext, r->ext);
		assert_int_equal(f->alpn_kinds, r->alpn_kinds);
		assert_int_equal(f->pq_offered, r->pq);
		assert_int_equal(f->fallback_scsv, r->fallback);
		assert_int_equal(f->sni_len, r->sni_len);
		assert_int_equal(f->sni.len, r->sni_len < 255 ? r->sni_len : 255);
		assert_true(f->resumption.ticket_offered == digest_of(r->ticket));
		assert_true(f->resumption.psk_offered == digest_of(r->psk));
	}
}

static void test_every_extension(void **state)
{
	static struct tape_result got;
	play((struct made_said[]){{C, HANDSHAKE, MADE_CLIENT("c02f", EVERYTHING)}, {S, HANDSHAKE, MADE_SERVER("0303", "c02f", EVERYTHING)},
		     {C, 0, NULL}},
		&got);
	const uint32_t client_only = TLS_EXT_SUPPORTED_GROUPS | TLS_EXT_SIGNATURE_ALGORITHMS | TLS_EXT_COMPRESS_CERTIFICATE | TLS_EXT_EARLY_DATA;
	assert_int_equal(got.facts.tls.client_ext, all_bits);
	assert_int_equal(got.facts.tls.server_ext, all_bits & ~client_only);
}

// ---- two hellos ----

#define FIRST(extensions) {C, HANDSHAKE, MADE_CLIENT("1301", "002b <2 <1 0304>>" extensions)}
#define RETRY {S, HANDSHAKE, MADE_RETRY("1301", "002b <2 0304> 0033 <2 0017>")}
#define SERVER {S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304> 0033 <2 0017 <2 02*65>>")}
#define ECH(enc, payload) "fe0d <2 00 0001 0001 7b <2 " enc "> <2 " payload ">>"
#define NAME(hex) "0000 <2 <2 00 <2 " hex ">>>"

static const struct {
	const char *name;
	struct made_said said[6];
	uint8_t ech;
	const char *sni;
	bool retry, server;
} twice[] = {
	{"ECH once", {FIRST(ECH("e1*32", "a1*144"))}, ECH_OFFERED},
	{"ECH once, and an answer", {FIRST(ECH("e1*32", "a1*144")), SERVER}, ECH_OFFERED, .server = true},
	{"GREASE says the same again", {FIRST(ECH("e1*32", "a1*144")), RETRY, FIRST(ECH("e1*32", "a1*144")), SERVER}, ECH_GREASE, .retry = true,
		.server = true},
	{"a real one has no enc then", {FIRST(ECH("e1*32", "a1*144")), RETRY, FIRST(ECH("", "a2*144")), SERVER}, ECH_REAL, .retry = true,
		.server = true},
	{"other octets, and an enc", {FIRST(ECH("e1*32", "a1*144")), RETRY, FIRST(ECH("e2*32", "a2*144"))}, ECH_OFFERED, .retry = true},
	{"an inner one", {FIRST(ECH("e1*32", "a1*144")), RETRY, FIRST("fe0d <2 01>")}, ECH_OFFERED, .retry = true},
	{"only in the second", {FIRST(""), RETRY, FIRST(ECH("", "a2*144"))}, ECH_OFFERED, .retry = true},
	{"only in the first", {FIRST(ECH("e1*32", "a1*144")), RETRY, FIRST("")}, ECH_NONE, .retry = true},
	{"a second name counts", {FIRST(NAME("6d78")), RETRY, FIRST(NAME("6d792e6578"))}, .sni = "my.ex", .retry = true},
	{"a name that is not repeated", {FIRST(NAME("6d78")), RETRY, FIRST("")}, .sni = "", .retry = true},
	{"a hello that is only longer", {FIRST(NAME("6d78")), RETRY, FIRST(NAME("6d78") "002c <2 <2 01>>"), SERVER}, .sni = "mx", .retry = true,
		.server = true},
};

static void test_two_hellos(void **state)
{
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		print_message("%s\n", twice[i].name);
		play(twice[i].said, &got);
		const struct tls_facts *f = &got.facts.tls;
		const char *sni = twice[i].sni ? twice[i].sni : "";
		assert_int_equal(f->ech, twice[i].ech);
		assert_int_equal(f->hello_retry, twice[i].retry);
		assert_int_equal(f->server_hello, twice[i].server);
		assert_int_equal(f->sni.len, strlen(sni));
		assert_int_equal(f->sni_len, strlen(sni));
		assert_memory_equal(facts_text(&got.facts, f->sni), sni, strlen(sni));
		assert_int_equal(got.n_shipped, 1);
		assert_int_equal(got.counter[COUNT_tls_malformed], 0);
	}
}

// The second hello stands behind a change_cipher_spec that means nothing, in one record or in several (RFC 8446 D.4).
static void test_second_hello_in_pieces(void **state)
{
	static const size_t pieces[] = {16384, 1, 4, 20, 60};
	static const struct made_said said[] = {FIRST(NAME("6d78")), RETRY, {S, 20, "01"}, {C, 20, "01"},
		FIRST(NAME("6d792e6578") "002c <2 <2 01>>"), SERVER, {S, 23, "ee*40"}, {C, 23, "ee*53"}, {C, 23, "ee*60"}, {C, 0, NULL}};
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct tape t = {0};
		made_play_pieces(&t, said, pieces[i]);
		tape_play_all(&t, &got);
		const struct tls_facts *f = &got.facts.tls;
		print_message("in pieces of %zu\n", pieces[i]);
		assert_int_equal(f->n_renegotiations, 0);
		assert_int_equal(f->sni_len, 5);
		assert_true(f->server_hello && f->completed);
		assert_int_equal(got.counter[COUNT_tls_malformed], 0);
		tape_free(&t);
	}
}

// ---- session ids ----

static void test_session_ids(void **state)
{
	static struct tape_result got;
	play((struct made_said[]){{C, HANDSHAKE, "01 <3 0303 aa*32 <1 51*32> <2 c02f> <1 00>>"},
		     {S, HANDSHAKE, "02 <3 0303 bb*32 <1 52*16> c02f 00>"}, {C, 0, NULL}},
		&got);
	assert_true(got.facts.tls.resumption.session_id_offered == digest_of("51*32"));
	assert_true(got.facts.tls.resumption.session_id_issued == digest_of("52*16"));
	// What TLS 1.3 echoes is none.
	play((struct made_said[]){{C, HANDSHAKE, "01 <3 0303 aa*32 <1 51*32> <2 1301> <1 00>>"},
		     {S, HANDSHAKE, "02 <3 0303 bb*32 <1 51*32> 1301 00 <2 002b <2 0304>>>"}, {C, 0, NULL}},
		&got);
	assert_true(got.facts.tls.resumption.session_id_issued == 0);
	// 32 octets are the most.
	play((struct made_said[]){{C, HANDSHAKE, "01 <3 0303 aa*32 <1 51*33> <2 c02f> <1 00>>"}, {C, 0, NULL}}, &got);
	assert_false(got.facts.tls.client_hello);
	assert_int_equal(got.counter[COUNT_tls_malformed], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_extension),
		cmocka_unit_test(test_two_hellos),
		cmocka_unit_test(test_second_hello_in_pieces),
		cmocka_unit_test(test_session_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
