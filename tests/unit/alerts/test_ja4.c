// JA4: what is published, built again from its lists, and what the description says of the rare.
#include "alerts/ja4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/feed.h"

#define CHROME "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
#define CHROME_SCHEMES "0403,0804,0401,0503,0805,0501,0806,0601"
#define SCHANNEL "c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f,000a"
#define SCHANNEL_SCHEMES "0804,0805,0806,0401,0501,0201,0403,0503,0203,0202,0601,0603"

// A ClientHello as lists of hexadecimal values; GREASE is written where it stands.
struct hello {
	const char *name;
	const char *want;
	uint16_t version;      // legacy_version
	const char *suites, *extensions;
	const char *schemes, *versions; // bodies of 000d and 002b
	const char *alpn;      // body of 0010: first protocol, "h2" follows; NULL: a list of nothing
	size_t alpn_len;       // 0: strlen
};

static const struct hello published[] = {
	{"FoxIO's example", "t13d1516h2_8daaf6152771_e5627efa2ab1", 0x0303, CHROME,
		"001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015", CHROME_SCHEMES, "0304,0303",
		"h2"},
	{"... in another order", "t13d1516h2_8daaf6152771_e5627efa2ab1", 0x0303, CHROME,
		"000d,0000,000a,0005,000b,002b,001b,ff01,0033,4469,002d,0023,0017,0012,0010,0015", CHROME_SCHEMES, "0304,0303",
		"h2"},
	{"... with GREASE, as it was on the wire", "t13d1516h2_8daaf6152771_e5627efa2ab1", 0x0303, "3a3a," CHROME,
		"8a8a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015,fafa", CHROME_SCHEMES,
		"1a1a,0304,0303", "h2"},
	{"Chrome, http/1.1", "t13d1516h1_8daaf6152771_e5627efa2ab1", 0x0303, CHROME,
		"000d,0033,0000,ff01,002b,0023,002d,0005,0012,000b,0017,4469,0010,001b,000a,0015", CHROME_SCHEMES, "0304,0303",
		"http/1.1"},
	{"Chrome, no ALPN", "t13d151400_8daaf6152771_de4a06bb82e3", 0x0303, CHROME,
		"0033,002b,001b,0000,0012,002d,000d,000a,0005,0023,0017,ff01,000b,0015", CHROME_SCHEMES, "0304,0303", NULL},
	{"Chrome, PSK", "t13d1516h2_8daaf6152771_9b887d9acb53", 0x0303, CHROME,
		"000d,0010,0000,000b,0023,4469,ff01,0033,000a,002d,002b,0005,0017,0012,001b,0029", CHROME_SCHEMES, "0304,0303",
		"h2"},
	{"Chrome, PSK and padding", "t13d1517h1_8daaf6152771_6cdcb247c39b", 0x0303, CHROME,
		"0000,0017,0005,002b,0012,0023,000a,0033,0010,002d,001b,4469,000b,000d,ff01,0015,0029", CHROME_SCHEMES,
		"0304,0303", "http/1.1"},
	{"3DES at the end", "t13d1615h2_46e7e9700bed_45f260be83e2", 0x0303, CHROME ",000a",
		"0000,0017,ff01,000a,000b,0023,0010,0005,000d,0012,0033,002d,002b,001b,0015", CHROME_SCHEMES ",0201", "0304", "h2"},
	{"Firefox", "t13d1715h2_5b57614c22b0_3d5424432f57", 0x0303,
		"1301,1303,1302,c02b,c02f,cca9,cca8,c02c,c030,c00a,c009,c013,c014,009c,009d,002f,0035",
		"0000,0017,ff01,000a,000b,0023,0010,0005,0022,0033,002b,000d,002d,001c,0015",
		"0403,0503,0603,0804,0805,0806,0401,0501,0601,0203,0201", "0304,0303", "h2"},
	{"a signature algorithm twice", "t13d2613h2_2802a3db6c62_845d286b0d67", 0x0303,
		"1301,1302,1303,c02c,c02b,c024,c023,c00a,c009,cca9,c030,c02f,c028,c027,c014,c013,cca8,009d,009c,003d,003c,0035,002f,"
		"c008,c012,000a",
		"ff01,0000,0017,000d,0005,0012,0010,000b,0033,002d,002b,000a,0015",
		"0403,0804,0401,0503,0203,0805,0805,0501,0806,0601,0201", "0304", "h2"},
	{"SChannel", "t12d190800_d83cc789557e_7af1ed941c26", 0x0303, SCHANNEL, "0000,0005,000a,000b,000d,0023,0017,ff01",
		SCHANNEL_SCHEMES, NULL, NULL},
	{"SChannel, ALPN", "t12d1909h2_d83cc789557e_7af1ed941c26", 0x0303, SCHANNEL,
		"0000,0005,000a,000b,000d,0023,0010,0017,ff01", SCHANNEL_SCHEMES, NULL, "h2"},
	{"LibreSSL", "t12d4605h2_85626a9a5f7f_aaf95bb78ec9", 0x0303,
		"c030,c02c,c028,c024,c014,c00a,009f,006b,0039,cca9,cca8,ccaa,ff85,00c4,0088,0081,009d,003d,0035,00c0,0084,c02f,c02b,"
		"c027,c023,c013,c009,009e,0067,0033,00be,0045,009c,003c,002f,00ba,0041,c011,c007,0005,0004,c012,c008,0016,000a,00ff",
		"0000,000b,000a,000d,0010", "0601,0603,efef,0501,0503,0401,0403,eeee,eded,0301,0303,0201,0203", NULL, "h2"},
	{"TLS 1.0, nothing but SNI", "t10d230100_6a57a6f57151_000000000000", 0x0301,
		"0039,0038,0035,0016,0013,000a,0033,0032,002f,009a,0099,0096,0005,0004,0015,0012,0009,0014,0011,0008,0006,0003,00ff",
		"0000", NULL, NULL, NULL},
};

// The second and third part of these are those of the example; the first is what the row is about.
#define SAME "_8daaf6152771_e5627efa2ab1"
#define ALL "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
#define ROW(first, versions, alpn, len) 0x0303, CHROME, ALL, CHROME_SCHEMES, versions, alpn, len

static const struct hello described[] = {
	{"TLS 1.2 is the highest", "t12d1516h2" SAME, ROW("", "0301,0303,0302", "h2", 0)},
	{"TLS 1.1", "t11d1516h2" SAME, ROW("", "0302", "h2", 0)},
	{"SSLv3", "ts3d1516h2" SAME, ROW("", "0300", "h2", 0)},
	{"SSLv2", "ts2d1516h2" SAME, ROW("", "0002", "h2", 0)},
	{"nobody knows this version", "t00d1516h2" SAME, ROW("", "7f1c,0303", "h2", 0)},
	{"versions of nothing but GREASE", "t00d1516h2" SAME, ROW("", "1a1a", "h2", 0)},
	{"ALPN without a protocol", "t13d151600" SAME, ROW("", "0304", NULL, 0)},
	{"ALPN of one character", "t13d1516cc" SAME, ROW("", "0304", "c", 0)},
	{"ALPN ab", "t13d1516ab" SAME, ROW("", "0304", "\xab", 1)},
	{"ALPN 20", "t13d151620" SAME, ROW("", "0304", " ", 1)},
	{"ALPN ab cd", "t13d1516ad" SAME, ROW("", "0304", "\xab\xcd", 2)},
	{"ALPN 20 61", "t13d151621" SAME, ROW("", "0304", " a", 2)},
	{"ALPN 30 ab", "t13d15163b" SAME, ROW("", "0304", "0\xab", 2)},
	{"ALPN 61 20", "t13d151660" SAME, ROW("", "0304", "a ", 2)},
	{"ALPN 30 31 ab cd", "t13d15163d" SAME, ROW("", "0304", "01\xab\xcd", 4)},
	{"ALPN 30 ab cd 31", "t13d151601" SAME, ROW("", "0304", "0\xab\xcd" "1", 4)},
	{"no signature algorithms, no underscore", "t13d1516h2_8daaf6152771_6d807ffa2a79", 0x0303, CHROME, ALL, "", "0304", "h2"},
	{"GREASE among the signature algorithms", "t13d1516h2" SAME, 0x0303, CHROME, ALL, "0a0a," CHROME_SCHEMES, "0304", "h2"},
	{"no suites", "t12i000000_000000000000_000000000000", 0x0303, "", NULL, NULL, NULL, NULL},
	{"no suites but GREASE, extensions of nothing", "t12i000000_000000000000_000000000000", 0x0303, "2a2a", "", NULL, NULL,
		NULL},
	{"SNI and ALPN alone leave nothing to digest", "t12d0002h2_000000000000_000000000000", 0x0303, "", "0000,0010", NULL,
		NULL, "h2"},
};

static uint8_t *put16(uint8_t *at, size_t v)
{
	*at++ = (uint8_t)(v >> 8);
	*at++ = (uint8_t)v;
	return at;
}

static uint8_t *put_list(uint8_t *at, const char *list)
{
	while (list && *list) {
		at = put16(at, strtoul(list, NULL, 16));
		list += strlen(list) > 4 ? 5 : 4;
	}
	return at;
}

static uint8_t *put_alpn(uint8_t *at, const struct hello *h)
{
	size_t len = h->alpn_len ? h->alpn_len : h->alpn ? strlen(h->alpn) : 0;
	if (!len)
		return put16(at, 0);
	at = put16(at, 1 + len + 3);
	*at++ = (uint8_t)len;
	memcpy(at, h->alpn, len);
	memcpy(at + len, "\2h2", 3);
	return at + len + 3;
}

static uint8_t *put_extension(uint8_t *at, uint16_t type, const struct hello *h)
{
	uint8_t *body = put16(at, type) + 2, *end = body;
	if (type == 0x0000) {
		memcpy(body, "\0\4\0\0\1a", 6);
		end += 6;
	} else if (type == 0x000d) {
		end = put_list(body + 2, h->schemes);
		put16(body, (size_t)(end - body - 2));
	} else if (type == 0x0010) {
		end = put_alpn(body, h);
	} else if (type == 0x002b) {
		end = put_list(body + 1, h->versions);
		*body = (uint8_t)(end - body - 1);
	}
	put16(body - 2, (size_t)(end - body));
	return end;
}

static size_t build(uint8_t *out, const struct hello *h)
{
	uint8_t *at = put16(out, h->version);
	memset(at, 7, 32);
	at += 32;
	*at++ = 0;
	uint8_t *list = at;
	at = put_list(list + 2, h->suites);
	put16(list, (size_t)(at - list - 2));
	*at++ = 1;
	*at++ = 0;
	if (!h->extensions)
		return (size_t)(at - out);
	list = at;
	at += 2;
	for (const char *e = h->extensions; *e; e += strlen(e) > 4 ? 5 : 4)
		at = put_extension(at, (uint16_t)strtoul(e, NULL, 16), h);
	put16(list, (size_t)(at - list - 2));
	return (size_t)(at - out);
}

static void check(const struct hello *h)
{
	static uint8_t octets[4096];
	char got[PEER_JA4_LEN + 1];
	size_t len = build(octets, h);
	if (!ja4_of(got, feed_guard(octets, len), len) || strcmp(got, h->want) != 0)
		fail_msg("%s: %s instead of %s", h->name, got, h->want);
}

static void vectors(void **state)
{
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		check(&published[i]);
}

static void the_rare(void **state)
{
	for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++)
		check(&described[i]);
}

// A hello may end behind its compression methods; cut anywhere else it cannot be read.
static void cut_anywhere(void **state)
{
	static uint8_t octets[4096];
	char got[PEER_JA4_LEN + 1];
	size_t len = build(octets, &published[0]), bare = 2 + 32 + 1 + 2 + 2 * 15 + 2;
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(ja4_of(got, feed_guard(octets, n), n), n == bare);
		assert_int_equal(strlen(got), n == bare ? PEER_JA4_LEN : 0);
	}
	assert_true(ja4_of(got, octets, bare));
	assert_string_equal(got, "t12i150000_8daaf6152771_000000000000");
	// Half a suite.
	octets[36] = 29;
	assert_false(ja4_of(got, octets, len));
	assert_string_equal(got, "");
}

// Counts stop at 99; the largest hello that fits its length fields is read.
static void many(void **state)
{
	static const struct {
		unsigned n_suites, n_extensions;
		const char *want;
	} rows[] = {
		{98, 99, "t12i9899"}, {99, 98, "t12i9998"}, {100, 100, "t12i9999"}, {32767, 16383, "t12i9999"},
	};
	static uint8_t octets[70 + 65534 + 65535];
	char got[PEER_JA4_LEN + 1];
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		uint8_t *at = put16(octets, 0x0303) + 32;
		*at++ = 0;
		at = put16(at, 2 * rows[r].n_suites);
		for (unsigned i = rows[r].n_suites; i > 0; i--)
			at = put16(at, i);
		*at++ = 0;
		at = put16(at, 4 * rows[r].n_extensions);
		for (unsigned i = rows[r].n_extensions; i > 0; i--)
			at = put16(put16(at, 0x5000 + i), 0);
		assert_true(ja4_of(got, octets, (size_t)(at - octets)));
		assert_memory_equal(got, rows[r].want, 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(the_rare),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
