// ClientHellos made by hand: what the machine reads of them, and what it leaves.
#include "tests/unit/dissect/tls/made.h"
#include "tests/unit/dissect/tls/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *name;
	const char *extensions;
	uint16_t version;
	const char *sni, *alpn;
	bool ech, malformed;
};

static const struct row rows[] = {
	{"no extensions at all", NULL, .version = 0x0303},
	{"an empty list of them", "", .version = 0x0303},
	{"server name", "0000 000d 000b 00 0008 6d782e7465737431", .version = 0x0303, .sni = "mx.test1"},
	{"server name of another type first", "0000 0010 000e 01 0001 78 00 0007 6d782e74657374", .version = 0x0303,
		.sni = "mx.test"},
	{"server name of another type only", "0000 0006 0004 01 0001 78", .version = 0x0303},
	{"empty server name", "0000 0005 0003 00 0000", .version = 0x0303},
	{"server name with a NUL", "0000 0008 0006 00 0003 610062", .version = 0x0303, .sni = "a"},
	{"server name longer than its list", "0000 0008 0006 00 0009 616263", .version = 0x0303, .malformed = true},
	{"list of names shorter than its extension", "0000 0009 0006 00 0003 616263 00", .version = 0x0303,
		.malformed = true},
	{"ALPN", "0010 0007 0005 04 736d7470", .version = 0x0303, .alpn = "smtp"},
	{"ALPN, empty list", "0010 0002 0000", .version = 0x0303, .malformed = true},
	{"versions 1.3 and 1.2", "002b 0005 04 0304 0303", .version = 0x0304},
	{"versions with GREASE", "002b 0007 06 7a7a 0304 0303", .version = 0x0304},
	{"versions: nothing but GREASE", "002b 0003 02 fafa", .version = 0x0303},
	{"versions: a draft of 1.3", "002b 0005 04 7f1c 0303", .version = 0x0303},
	{"versions: lower than the legacy one", "002b 0003 02 0302", .version = 0x0302},
	{"versions: an odd list", "002b 0004 03 030403", .version = 0x0303, .malformed = true},
	{"encrypted client hello", "fe0d 0001 00", .version = 0x0303, .ech = true},
	{"GREASE extensions around", "2a2a 0000 0000 0006 0004 00 0001 78 caca 0001 00", .version = 0x0303, .sni = "x"},
	{"an extension longer than the hello", "0000 0006 0004 00 0001 78 0010 0fff 00", .version = 0x0303, .sni = "x",
		.malformed = true},
	{"half an extension header", "0000 0006 0004 00 0001 78 0010 00", .version = 0x0303, .sni = "x",
		.malformed = true},
};

static void check_text(const struct facts *f, struct text got, const char *want)
{
	// A name with a NUL shows as its first part here; its length is what the wire said.
	size_t len = want ? strlen(want) : 0;
	assert_true(got.len >= len && (len || !got.len));
	assert_memory_equal(facts_text(f, got), want ? want : "", len);
}

static void test_rows(void **state)
{
	static struct made m;
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct tape t = {0};
		print_message("%s\n", r->name);
		m.len = 0;
		made_client_hello(&m, "0102", r->extensions);
		tape_say(&t, DIR_C2S, m.p, m.len);
		tape_play_all(&t, &got);
		const struct tls_facts *f = &got.facts.tls;
		assert_true(f->client_hello);
		assert_int_equal(f->record_version, 0x0301);
		assert_int_equal(f->client_version, r->version);
		assert_int_equal(f->ech, r->ech);
		assert_int_equal(got.counter[COUNT_tls_malformed], r->malformed);
		check_text(&got.facts, f->sni, r->sni);
		check_text(&got.facts, f->alpn, r->alpn);
		tape_free(&t);
	}
}

// Every prefix of a good hello, its lengths unchanged but for the message's: bad or less, never a crash.
static void test_short_messages(void **state)
{
	static struct made m;
	static struct tape_result got;
	made_client_hello(&m, "0102", "0000 000d 000b 00 0008 6d782e7465737431");
	for (size_t len = 0; len < m.len - 9; len++) {
		struct tape t = {0};
		static uint8_t p[512];
		memcpy(p, m.p, m.len);
		p[3] = 0;
		p[4] = (uint8_t)(len + 4);
		p[6] = p[7] = 0;
		p[8] = (uint8_t)len;
		tape_say(&t, DIR_C2S, p, len + 9);
		tape_play(&t, TAPE_WHOLE, 1, 1, &got);
		// version 2, random 32, session id 3, suites 6, compression 2
		assert_int_equal(got.facts.tls.client_hello, len >= 45);
		assert_int_equal(got.counter[COUNT_tls_malformed], len != 45);
		tape_free(&t);
	}
}

// The longest name kept, and one octet more.
static void test_long_name(void **state)
{
	static struct made m;
	static struct tape_result got;
	for (size_t len = 254; len <= 256; len++) {
		struct tape t = {0};
		char hex[1024];
		int n = snprintf(hex, sizeof(hex), "0000 %04zx %04zx 00 %04zx ", len + 5, len + 3, len);
		for (size_t i = 0; i < len; i++)
			n += snprintf(hex + n, sizeof(hex) - (size_t)n, "61");
		m.len = 0;
		made_client_hello(&m, "", hex);
		tape_say(&t, DIR_C2S, m.p, m.len);
		tape_play(&t, TAPE_BYTEWISE, 1, 0, &got);
		assert_int_equal(got.facts.tls.sni.len, len > 255 ? 255 : len);
		tape_free(&t);
	}
}

// A hello of `len` octets in records of `piece`, padded by an unknown extension; the server name comes last.
static void big_hello(struct made *m, size_t len, size_t piece)
{
	static struct made one;
	one.len = m->len = 0;
	made_client_hello(&one, "", "0015 0000");
	size_t pad = len - (one.len - 5) - 13;
	made_fill(&one, pad, 0);
	made_hex(&one, "0000 0009 0007 00 0004 6d782e74");
	size_t body = one.len - 9, exts = pad + 4 + 13;
	one.p[6] = (uint8_t)(body >> 16);
	one.p[7] = (uint8_t)(body >> 8);
	one.p[8] = (uint8_t)body;
	one.p[52] = (uint8_t)(exts >> 8);
	one.p[53] = (uint8_t)exts;
	one.p[56] = (uint8_t)(pad >> 8);
	one.p[57] = (uint8_t)pad;
	for (size_t i = 5; i < one.len; i += piece) {
		size_t n = one.len - i < piece ? one.len - i : piece;
		made_sealed(m, 22, n);
		memcpy(m->p + m->len - n, one.p + i, n);
	}
}

static void test_big_hellos(void **state)
{
	static const struct {
		const char *name;
		size_t len, piece;
		uint32_t small, large;
		bool want;
	} big[] = {
		{"post-quantum size, one record, no chunk needed", 1800, 16384, 0, 0, true},
		{"post-quantum size, two records, small chunk", 1800, 1000, 1, 0, true},
		{"just fits the small chunk", TLS_ROOM_SMALL + 4, 1000, 1, 0, true},
		{"one more octet takes the large one", TLS_ROOM_SMALL + 5, 1000, 1, 1, true},
		{"... which is not there", TLS_ROOM_SMALL + 5, 1000, 1, 0, false},
		{"no chunks at all", 1800, 1000, 0, 0, false},
		{"several records", 50000, 16384, 1, 1, true},
	};
	static struct made m;
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(big) / sizeof(big[0]); i++) {
		struct tape t = {0};
		print_message("%s\n", big[i].name);
		big_hello(&m, big[i].len, big[i].piece);
		tape_say(&t, DIR_C2S, m.p, m.len);
		tape_play(&t, TAPE_WHOLE, big[i].small, big[i].large, &got);
		assert_int_equal(got.facts.tls.client_hello, big[i].want);
		assert_int_equal(got.facts.tls.sni.len, big[i].want ? 4 : 0);
		assert_int_equal(got.counter[COUNT_tls_handshake_no_memory], !big[i].want);
		if (big[i].want && big[i].len < 4000) {
			tape_play_all(&t, &got);
			assert_true(got.facts.tls.client_hello);
		}
		tape_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_short_messages),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_big_hellos),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
