// What a server chose that its client had not offered, and everything that only looks like it.
#include "dissect/tls/offer.h"

#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HANDSHAKE = 22 };

#define C DIR_C2S
#define S DIR_S2C
#define ECDHE "c02f"
#define GROUPS "000a <2 <2 001d 0017>>"
#define SCHEMES "000d <2 <2 0804 0403>>"
#define VERSIONS "002b <2 <1 0304 0303>>"
#define SHARE "0033 <2 <2 001d <2 01*32>>>"
#define SMTP "736d7470"
#define ALPN "0010 <2 <2 <1 " SMTP "> <1 6832>>>"
#define ALPN_SAYS(name) "0010 <2 <2 <1 " name ">>>"
#define NAMED(curve) "0c <3 03 " curve " <1 04*65> 0804 <2 05*70>>"

struct row {
	const char *name;
	struct made_said said[6];
	uint8_t want;
	uint16_t want_ext;
	bool unknown; // nothing could be compared
};

static const struct row rows[] = {
	{"all of it was offered", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, GROUPS SCHEMES ALPN "ff01 <2 <1>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, ALPN_SAYS(SMTP) "ff01 <2 <1>>")}, {S, HANDSHAKE, NAMED("001d")}}},
	{"TLS 1.3 as it is", {{C, HANDSHAKE, MADE_CLIENT("1301", GROUPS VERSIONS SHARE)},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304> 0033 <2 001d <2 02*32>>")}}},
	{"nothing was seen of the client", {{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")}}, .unknown = true},

	{"a version above all", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "")}, {S, HANDSHAKE, MADE_SERVER("0304", ECDHE, "")}},
		TLS_UNOFFERED_VERSION},
	{"a version that is not in the list", {{C, HANDSHAKE, MADE_CLIENT("1301", VERSIONS)},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0305>")}}, TLS_UNOFFERED_VERSION},
	{"a lower version", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "")}, {S, HANDSHAKE, MADE_SERVER("0301", ECDHE, "")}}},
	{"a lower version, with a list that lacks it", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, VERSIONS)},
		{S, HANDSHAKE, MADE_SERVER("0302", ECDHE, "")}}},
	{"GREASE among the versions", {{C, HANDSHAKE, MADE_CLIENT("1301", "002b <2 <1 dada 0304>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304>")}}},

	{"a suite", {{C, HANDSHAKE, MADE_CLIENT("c02f c030", "")}, {S, HANDSHAKE, MADE_SERVER("0303", "002f", "")}}, TLS_UNOFFERED_SUITE},
	{"the last suite of 192", {{C, HANDSHAKE, MADE_CLIENT("c0*382 002f", "")}, {S, HANDSHAKE, MADE_SERVER("0303", "002f", "")}}},
	{"a suite not among 192", {{C, HANDSHAKE, MADE_CLIENT("c0*384", "")}, {S, HANDSHAKE, MADE_SERVER("0303", "002f", "")}},
		TLS_UNOFFERED_SUITE},
	{"more suites than there is room for", {{C, HANDSHAKE, MADE_CLIENT("c0*386", "")}, {S, HANDSHAKE, MADE_SERVER("0303", "002f", "")}}},
	{"GREASE is not what is chosen", {{C, HANDSHAKE, MADE_CLIENT("0a0a c02f", "")}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")}}},

	{"a group of the key share", {{C, HANDSHAKE, MADE_CLIENT("1301", GROUPS VERSIONS SHARE)},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304> 0033 <2 0018 <2 02*97>>")}}, TLS_UNOFFERED_GROUP},
	{"a curve", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, GROUPS SCHEMES)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")},
		{S, HANDSHAKE, NAMED("0018")}}, TLS_UNOFFERED_GROUP},
	{"a curve, and no list of them", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, SCHEMES)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")},
		{S, HANDSHAKE, NAMED("0018")}}},
	{"a curve, and more of them than there is room for", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "000a <2 <2 00*66>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")}, {S, HANDSHAKE, NAMED("0018")}}},
	{"a curve, and a damaged list", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "000a <2 <2 001d 00>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")}, {S, HANDSHAKE, NAMED("0018")}}},
	{"a group asked for again", {{C, HANDSHAKE, MADE_CLIENT("1301", GROUPS VERSIONS SHARE)},
		{S, HANDSHAKE, MADE_RETRY("1301", "002b <2 0304> 0033 <2 0018>")}}, TLS_UNOFFERED_GROUP},

	{"an extension", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, GROUPS)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "0023 <2> 0016 <2>")}},
		TLS_UNOFFERED_EXTENSION, 0x23},
	{"an extension that nobody knows", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "1234 <2>")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "1234 <2> 1235 <2>")}}, TLS_UNOFFERED_EXTENSION, 0x1235},
	{"an extension, and no extensions at all", {{C, HANDSHAKE, "01 <3 0303 aa*32 <1> <2 c02f> <1 00>>"},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "0017 <2>")}}, TLS_UNOFFERED_EXTENSION, 0x17},
	{"renegotiation_info for the suite 0x00ff", {{C, HANDSHAKE, MADE_CLIENT("c02f 00ff", "")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "ff01 <2 <1>>")}}},
	{"renegotiation_info for 0x00ff behind more suites than are kept", {{C, HANDSHAKE, MADE_CLIENT("c0*386 00ff", "")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "ff01 <2 <1>>")}}},
	{"renegotiation_info for nothing", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "ff01 <2 <1>>")}}, TLS_UNOFFERED_EXTENSION, 0xff01},
	{"a cookie in a HelloRetryRequest", {{C, HANDSHAKE, MADE_CLIENT("1301", GROUPS VERSIONS SHARE)},
		{S, HANDSHAKE, MADE_RETRY("1301", "002b <2 0304> 0033 <2 0017> 002c <2 <2 aabb>>")},
		{C, HANDSHAKE, MADE_CLIENT("1301", GROUPS VERSIONS SHARE "002c <2 <2 aabb>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304> 0033 <2 0017 <2 02*65>>")}}},
	{"a cookie in a ServerHello", {{C, HANDSHAKE, MADE_CLIENT("1301", GROUPS VERSIONS SHARE)},
		{S, HANDSHAKE, MADE_SERVER("0303", "1301", "002b <2 0304> 002c <2 <2 aabb>>")}}, TLS_UNOFFERED_EXTENSION, 0x2c},
	{"what stood behind the damage is not known", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "000a <2 <2 001d 00>> 0010 ffff")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "0023 <2>")}}},
	{"more extensions than there is room for", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "00*196")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "0023 <2>")}}},

	{"DEFLATE", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "")}, {S, HANDSHAKE, "02 <3 0303 bb*32 <1> c02f 01>"}}, TLS_UNOFFERED_COMPRESSION},
	{"DEFLATE, offered", {{C, HANDSHAKE, "01 <3 0303 aa*32 <1> <2 c02f> <1 0100>>"}, {S, HANDSHAKE, "02 <3 0303 bb*32 <1> c02f 01>"}}},
	{"LZS", {{C, HANDSHAKE, "01 <3 0303 aa*32 <1> <2 c02f> <1 0100>>"}, {S, HANDSHAKE, "02 <3 0303 bb*32 <1> c02f 40>"}},
		TLS_UNOFFERED_COMPRESSION},

	{"a protocol", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, ALPN)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, ALPN_SAYS("696d6170"))}},
		TLS_UNOFFERED_ALPN},
	{"the beginning of a protocol", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, ALPN)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, ALPN_SAYS("736d"))}},
		TLS_UNOFFERED_ALPN},
	{"the last protocol", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, ALPN)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, ALPN_SAYS("6832"))}}},
	{"protocols for which there is no room", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "0010 <2 <2 <1 " SMTP "> <1 61*130>>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, ALPN_SAYS("696d6170"))}}},
	{"a list of protocols that is longer than it says", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "0010 <2 <2 <1 " SMTP "> 09 61>>")},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, ALPN_SAYS("696d6170"))}}},
	{"an empty protocol is none", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, ALPN)}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "0010 <2 <2 <1>>>")}}},

	{"a signature", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "000d <2 <2 0403>>")}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")},
		{S, HANDSHAKE, NAMED("001d")}}, TLS_UNOFFERED_SIGNATURE},
	{"a signature, and no list of them", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "")}, {S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "")},
		{S, HANDSHAKE, NAMED("001d")}}},
	{"TLS 1.0 has no choice of signatures", {{C, HANDSHAKE, MADE_CLIENT("c013", "000d <2 <2 0403>>")},
		{S, HANDSHAKE, MADE_SERVER("0301", "c013", "")}, {S, HANDSHAKE, "0c <3 03 001d <1 04*65> <2 05*70>>"}}},

	{"everything at once", {{C, HANDSHAKE, MADE_CLIENT(ECDHE, "000a <2 <2 001d>> 000d <2 <2 0403>>" ALPN)},
		{S, HANDSHAKE, "02 <3 0304 bb*32 <1> c030 01 <2 " ALPN_SAYS("696d6170") "0016 <2>>>"}},
		TLS_UNOFFERED_VERSION | TLS_UNOFFERED_SUITE | TLS_UNOFFERED_EXTENSION | TLS_UNOFFERED_COMPRESSION | TLS_UNOFFERED_ALPN, 0x16},
	{"an SSLv2 hello", {{C, 0, "802e 01 0303 0015 0000 0010 00c02f 0000ff 010080 0700c0 000035 00002f 000005 dd*16"},
		{S, HANDSHAKE, MADE_SERVER("0303", ECDHE, "ff01 <2 <1>>")}, {S, HANDSHAKE, NAMED("0018")}}},
	{"an SSLv2 hello that lacks the suite", {{C, 0, "801c 01 0301 0003 0000 0010 00002f dd*16"},
		{S, HANDSHAKE, MADE_SERVER("0301", "0035", "0023 <2>")}}, TLS_UNOFFERED_SUITE | TLS_UNOFFERED_EXTENSION, 0x23},
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
		assert_int_equal(f->unoffered, r->want);
		assert_int_equal(f->unoffered_ext, r->want_ext);
		assert_int_equal(f->offer_known, !r->unknown);
		tape_free(&t);
	}
}

// ServerHello.random as servers that know more end it. RFC 8446 4.1.3.
static void test_sentinels(void **state)
{
	static const struct {
		const char *name, *random;
		uint8_t want;
	} sentinels[] = {
		{"none", "bb*32", SENTINEL_NONE},
		{"a server that knows TLS 1.3", "bb*24 444f574e47524401", SENTINEL_TLS12},
		{"a server that knows TLS 1.2", "bb*24 444f574e47524400", SENTINEL_TLS11},
		{"another last octet", "bb*24 444f574e47524402", SENTINEL_NONE},
		{"one octet early", "bb*23 444f574e47524401 bb", SENTINEL_NONE},
		{"another first one", "bb*24 454f574e47524401", SENTINEL_NONE},
		{"another seventh one", "bb*24 444f574e47524501", SENTINEL_NONE},
	};
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(sentinels) / sizeof(sentinels[0]); i++) {
		char hello[256];
		struct tape t = {0};
		print_message("%s\n", sentinels[i].name);
		snprintf(hello, sizeof(hello), "02 <3 0303 %s <1> c02f 00>", sentinels[i].random);
		made_play(&t, (struct made_said[]){{C, HANDSHAKE, MADE_CLIENT(ECDHE, "")}, {S, HANDSHAKE, hello}, {C, 0, NULL}});
		tape_play_all(&t, &got);
		assert_int_equal(got.facts.tls.sentinel, sentinels[i].want);
		tape_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_sentinels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
