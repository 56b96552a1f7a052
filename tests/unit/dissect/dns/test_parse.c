// DNS messages in every shape: read whole, or refused, and never past their end.
#include "dissect/dns/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// a.example as a question's name at offset 12.
#define QNAME "0161 076578616d706c65 00"
#define HEAD(flags, answers, others) "1234" flags "0001" answers "0000" others
#define MX_Q QNAME "000f 0001 "
#define A_Q QNAME "0001 0001 "
#define OPT "00 0029 04d0 00008000 0000"

struct row {
	const char *name, *hex;
	int want;         // enum dns_parsed
	const char *told; // "qname flags type=data@ttl ..."
};

static size_t octets(const char *hex, uint8_t *out)
{
	size_t n = 0;
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		char two[3] = {hex[0], hex[1], 0};
		out[n++] = (uint8_t)strtoul(two, NULL, 16);
		hex++;
	}
	return n;
}

static const struct row rows[] = {
	{"query", HEAD("0100", "0000", "0000") MX_Q, DNS_MAIL, "a.example 8"},
	{"query with do", HEAD("0110", "0000", "0001") MX_Q OPT, DNS_MAIL, "a.example c8"},
	{"mixed case", HEAD("0000", "0000", "0000") "0141 074578416d506c45 00 000f 0001", DNS_MAIL, "a.example 0"},
	{"mx", HEAD("8580", "0001", "0000") MX_Q "c00c 000f 0001 00000e10 0007 000a 026d78 c00c", DNS_MAIL,
		"a.example 1b 15=10 mx.a.example@3600"},
	{"mx, host apart", HEAD("8180", "0001", "0000") MX_Q "c00c 000f 0001 00000001 0007 0000 036d7831 00", DNS_MAIL,
		"a.example 19 15=0 mx1@1"},
	{"mx, an octet too many", HEAD("8180", "0001", "0000") MX_Q "c00c 000f 0001 00000001 0008 0000 036d7831 00 00", DNS_MALFORMED, NULL},
	{"null mx", HEAD("8180", "0001", "0000") MX_Q "c00c 000f 0001 00000001 0003 0000 00", DNS_MAIL, "a.example 19 15=0 @1"},
	{"address", HEAD("8180", "0001", "0000") A_Q "c00c 0001 0001 0000003c 0004 c0000201", DNS_MAIL, "a.example 19 1=c0000201@60"},
	{"address of five", HEAD("8180", "0001", "0000") A_Q "c00c 0001 0001 0000003c 0005 c000020100", DNS_MALFORMED, NULL},
	{"alias", HEAD("8180", "0002", "0000") A_Q "c00c 0005 0001 0000003c 0004 0162 c00e c027 0001 0001 80000000 0004 c0000201",
		DNS_MAIL, "a.example 19 5=0 b.example@60 1=c0000201@0"},
	{"signature between", HEAD("8180", "0002", "0000") A_Q "c00c 002e 0001 0000003c 0002 ffff c00c 0001 0001 0000003c 0004 c0000201",
		DNS_MAIL, "a.example 19 1=c0000201@60"},
	{"other class", HEAD("8180", "0001", "0000") A_Q "c00c 0001 0003 0000003c 0004 c0000201", DNS_MAIL, "a.example 19"},
	{"truncated", HEAD("8380", "0001", "0000") A_Q, DNS_MAIL, "a.example 1d"},
	{"nxdomain", HEAD("8183", "0000", "0000") A_Q, DNS_MAIL, "a.example 19"},
	{"txt", HEAD("0100", "0000", "0000") QNAME "0010 0001", DNS_OTHER, NULL},
	{"two questions", "1234 0100 0002 0000 0000 0000" MX_Q MX_Q, DNS_OTHER, NULL},
	{"update", HEAD("2800", "0000", "0000") MX_Q, DNS_OTHER, NULL},
	{"the root", HEAD("0100", "0000", "0000") "00 000f 0001", DNS_OTHER, NULL},
	{"a dot in a label", HEAD("0100", "0000", "0000") "032e2e2e 00 000f 0001", DNS_OTHER, NULL},
	{"pointer to itself", HEAD("0100", "0000", "0000") "c00c 000f 0001", DNS_MALFORMED, NULL},
	{"pointer ahead", HEAD("0100", "0000", "0000") "c010 0000 0161 00 000f 0001", DNS_MALFORMED, NULL},
	{"loop of two", HEAD("8180", "0001", "0000") A_Q "0162 c01b 0001 0001 0000003c 0004 c0000201", DNS_MALFORMED, NULL},
	{"label of 64", HEAD("0100", "0000", "0000") "4061 00 000f 0001", DNS_MALFORMED, NULL},
	{"answer missing", HEAD("8180", "0001", "0000") A_Q, DNS_MALFORMED, NULL},
	{"data past the end", HEAD("8180", "0001", "0000") A_Q "c00c 0001 0001 0000003c 0004 c00002", DNS_MALFORMED, NULL},
	{"others missing", HEAD("8180", "0000", "0001") A_Q, DNS_MALFORMED, NULL},
	{"no octets", "", DNS_MALFORMED, NULL},
};

static void describe(const struct dns_facts *f, char *out, size_t room)
{
	snprintf(out, room, "%s %x", dns_qname(f), f->flags);
	for (size_t i = 0; i < f->n_answers; i++) {
		const struct dns_answer *a = &f->answer[i];
		size_t n = strlen(out);
		if (a->type == DNS_A)
			snprintf(out + n, room - n, " 1=%02x%02x%02x%02x@%u", a->address[0], a->address[1], a->address[2], a->address[3],
				a->ttl_s);
		else
			snprintf(out + n, room - n, " %u=%u %s@%u", a->type, a->preference, f->text + a->name, a->ttl_s);
	}
}

// Exactly as much memory as the message has, so that a sanitizer sees a read past it.
static enum dns_parsed parse(struct dns_facts *f, const uint8_t *p, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	memcpy(exact, p, len);
	enum dns_parsed got = dns_parse(f, exact, len, 7);
	free(exact);
	return got;
}

static void shapes(void **state)
{
	static struct dns_facts f;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t in[512];
		char got[4096] = "";
		size_t len = octets(rows[i].hex, in);
		enum dns_parsed parsed = parse(&f, in, len);
		if (parsed == DNS_MAIL)
			describe(&f, got, sizeof(got));
		if ((int)parsed != rows[i].want || (rows[i].told && strcmp(got, rows[i].told) != 0))
			fail_msg("%s: %d %s, wanted %d %s", rows[i].name, parsed, got, rows[i].want, rows[i].told ? rows[i].told : "");
		// Shorter is not told as an answer that was whole.
		for (size_t cut = 0; rows[i].want == DNS_MAIL && cut < len; cut++)
			assert_int_equal(parse(&f, in, cut), DNS_MALFORMED);
	}
}

static size_t name_of(uint8_t *out, size_t labels, uint8_t last)
{
	size_t n = 0;
	for (size_t i = 0; i < labels; i++) {
		uint8_t len = i + 1 == labels ? last : 63;
		out[n++] = len;
		memset(out + n, 'x', len);
		n += len;
	}
	out[n++] = 0;
	return n;
}

// 255 octets on the wire, and one more.
static void longest_name(void **state)
{
	static struct dns_facts f;
	for (uint8_t last = 61; last <= 62; last++) {
		uint8_t in[512];
		size_t len = octets(HEAD("0100", "0000", "0000"), in);
		len += name_of(in + len, 4, last);
		len += octets("000f 0001", in + len);
		assert_int_equal(parse(&f, in, len), last == 61 ? DNS_MAIL : DNS_MALFORMED);
		if (last == 61)
			assert_int_equal(strlen(dns_qname(&f)), 253);
	}
}

// As many answers as there may be, and more: they are counted into the digest, told as more, and cost no time.
static void many_answers(void **state)
{
	static struct dns_facts f;
	static uint8_t in[16384];
	for (int n = DNS_ANSWERS_MAX; n <= DNS_READ_MAX + 1; n += n == DNS_ANSWERS_MAX ? 1 : DNS_READ_MAX - DNS_ANSWERS_MAX) {
		size_t len = octets(HEAD("8180", "0000", "0000") A_Q, in);
		in[6] = (uint8_t)(n >> 8);
		in[7] = (uint8_t)n;
		for (int i = 0; i < n; i++) {
			len += octets("c00c 0001 0001 0000003c 0004 c0000000", in + len);
			in[len - 2] = (uint8_t)(i >> 8);
			in[len - 1] = (uint8_t)i;
		}
		assert_int_equal(parse(&f, in, len), DNS_MAIL);
		assert_int_equal(f.n_answers, DNS_ANSWERS_MAX);
		assert_int_equal((f.flags & DNS_MORE) != 0, n > DNS_ANSWERS_MAX);
	}
}

// Equal sets in another order, with other TTLs and other letters are equal; another host is not.
static void sets(void **state)
{
#define TWO(a, b) HEAD("8180", "0002", "0000") MX_Q a b
#define MX(ttl, letter) "c00c 000f 0001 " ttl " 0006 000a 01" letter " c00c "
	static const char *const same[] = {TWO(MX("00000001", "62"), MX("00000001", "63")), TWO(MX("00000005", "63"), MX("00000007", "42"))};
	static struct dns_facts f, g;
	uint8_t in[512];
	assert_int_equal(parse(&f, in, octets(same[0], in)), DNS_MAIL);
	assert_int_equal(parse(&g, in, octets(same[1], in)), DNS_MAIL);
	assert_true(f.set == g.set && f.set);
	assert_int_equal(parse(&g, in, octets(TWO(MX("00000001", "62"), MX("00000001", "64")), in)), DNS_MAIL);
	assert_true(f.set != g.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shapes), cmocka_unit_test(longest_name), cmocka_unit_test(many_answers),
		cmocka_unit_test(sets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
