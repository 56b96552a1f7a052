// RFC 9525: a row is the names of a certificate, a reference, and whether they match.
#include "tests/unit/alerts/cert/cert_fixture.h"

static const struct row {
	const char *name;
	const char *subject; // NULL: one that never matters
	const char *sans;    // NULL: no extension
	const char *reference;
	uint8_t want;
} rows[] = {
	{"same", NULL, "DNS:mx.example.com", "mx.example.com", NAMES_MATCH},
	{"second of two", NULL, "DNS:a.example.com,DNS:mx.example.com", "mx.example.com", NAMES_MATCH},
	{"other case", NULL, "DNS:MX.Example.com", "mx.eXAMPLE.com", NAMES_MATCH},
	{"other host", NULL, "DNS:mx.example.com", "mx2.example.com", NAMES_DIFFER},
	{"parent", NULL, "DNS:mx.example.com", "example.com", NAMES_DIFFER},
	{"child", NULL, "DNS:example.com", "mx.example.com", NAMES_DIFFER},
	{"longer at the end", NULL, "DNS:mx.example.com", "mx.example.com.evil.example", NAMES_DIFFER},
	{"beginning", NULL, "DNS:mx.example.com", "mx.example.co", NAMES_DIFFER},
	{"not asked", NULL, "DNS:mx.example.com", "", NAMES_NOT_ASKED},
	{"common name alone", "CN=mx.example.com", NULL, "mx.example.com", NAMES_DIFFER},
	{"common name beside", "CN=mx.example.com", "DNS:other.example", "mx.example.com", NAMES_DIFFER},
	{"common name beside an address", "CN=mx.example.com", "email:a@mx.example.com", "mx.example.com", NAMES_DIFFER},
	{"URI is no dNSName", NULL, "URI:https://mx.example.com/", "mx.example.com", NAMES_DIFFER},
	{"wildcard", NULL, "DNS:*.example.com", "mx.example.com", NAMES_MATCH},
	{"wildcard, other case", NULL, "DNS:*.EXAMPLE.com", "mx.example.COM", NAMES_MATCH},
	{"wildcard is one label", NULL, "DNS:*.example.com", "a.b.example.com", NAMES_DIFFER},
	{"wildcard is a label", NULL, "DNS:*.example.com", "example.com", NAMES_DIFFER},
	{"wildcard is not empty", NULL, "DNS:*.example.com", ".example.com", NAMES_DIFFER},
	{"wildcard with a beginning", NULL, "DNS:f*.example.com", "foo.example.com", NAMES_DIFFER},
	{"wildcard with an end", NULL, "DNS:*f.example.com", "leaf.example.com", NAMES_DIFFER},
	{"wildcard in the middle", NULL, "DNS:m*x.example.com", "mx.example.com", NAMES_DIFFER},
	{"wildcard further right", NULL, "DNS:mx.*.com", "mx.example.com", NAMES_DIFFER},
	{"two wildcards", NULL, "DNS:*.*.example.com", "a.b.example.com", NAMES_DIFFER},
	{"wildcard of a top level", NULL, "DNS:*.com", "example.com", NAMES_DIFFER},
	{"wildcard alone", NULL, "DNS:*", "localhost", NAMES_DIFFER},
	{"wildcard as reference", NULL, "DNS:*.example.com", "*.example.com", NAMES_DIFFER},
	{"A-label", NULL, "DNS:xn--bcher-kva.example", "xn--bcher-kva.example", NAMES_MATCH},
	{"A-label, other case", NULL, "DNS:xn--bcher-kva.example", "XN--BCHER-KVA.example", NAMES_MATCH},
	{"U-label is not looked up", NULL, "DNS:xn--bcher-kva.example", "b\xc3\xbc" "cher.example", NAMES_DIFFER},
	{"wildcard for an A-label", NULL, "DNS:*.example.com", "xn--bcher-kva.example.com", NAMES_MATCH},
	{"wildcard within an A-label", NULL, "DNS:xn--*.example.com", "xn--bcher-kva.example.com", NAMES_DIFFER},
	{"absolute reference", NULL, "DNS:mx.example.com", "mx.example.com.", NAMES_MATCH},
	{"absolute reference, wildcard", NULL, "DNS:*.example.com", "mx.example.com.", NAMES_MATCH},
	{"twice absolute", NULL, "DNS:mx.example.com", "mx.example.com..", NAMES_DIFFER},
	{"absolute in the certificate", NULL, "DNS:mx.example.com.", "mx.example.com", NAMES_DIFFER},
	{"root", NULL, "DNS:mx.example.com", ".", NAMES_DIFFER},
	{"leading dot is no pattern", NULL, "DNS:mx.example.com", ".example.com", NAMES_DIFFER},
	{"leading dot on both sides", NULL, "DNS:.example.com", ".example.com", NAMES_DIFFER},
	{"leading dot in the certificate", NULL, "DNS:.example.com", "mx.example.com", NAMES_DIFFER},
	{"underscore", NULL, "DNS:mx_1.example.com", "mx_1.example.com", NAMES_MATCH},
	{"one label", NULL, "DNS:mailhost", "mailhost", NAMES_MATCH},
	{"space", NULL, "DNS:mx.example.com", "mx.example.com ", NAMES_DIFFER},
	{"address", NULL, "IP:192.0.2.1", "192.0.2.1", NAMES_MATCH},
	{"another address", NULL, "IP:192.0.2.1", "192.0.2.2", NAMES_DIFFER},
	{"address as dNSName", NULL, "DNS:192.0.2.1", "192.0.2.1", NAMES_DIFFER},
	{"address and wildcard", NULL, "DNS:*.0.2.1", "192.0.2.1", NAMES_DIFFER},
	{"address as common name", "CN=192.0.2.1", NULL, "192.0.2.1", NAMES_DIFFER},
	{"number as last label", NULL, "DNS:192.0.513", "192.0.513", NAMES_DIFFER},
	{"IPv6 address", NULL, "IP:2001:db8::1", "2001:DB8:0::1", NAMES_MATCH},
	{"IPv6 address in brackets", NULL, "IP:2001:db8::1", "[2001:db8::1]", NAMES_DIFFER},
	{"four octets of an IPv6 address", NULL, "IP:2001:db8::1", "32.1.13.184", NAMES_DIFFER},
};

static void table(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct make m = {.subject = r->subject ? r->subject : "CN=never.example", .key = key};
		m.extension[0].nid = NID_subject_alt_name;
		m.extension[0].value = r->sans;
		struct peer p = taken(make(&m), r->reference);
		if (p.names != r->want)
			fail_msg("%s: %u", r->name, p.names);
	}
	make_end();
}

// Asked under one name after the other, the answers come from one certificate opened once.
static void references_alternate(void **state)
{
	static struct list l;
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {0};
	char longest[256], longer[257];

	memset(longest, 'a', 255);
	memset(longer, 'a', 256);
	longest[255] = longer[256] = '\0';
	list_x509(&l, make(&(struct make){.subject = "CN=x", .key = make_key("P-256", 0),
			.extension = {{NID_subject_alt_name, "DNS:mx.example.com"}}}));
	const char *asked[] = {"mx.example.com", "other.example", "MX.example.com", NULL, longest, longer, "mx.example.com"};
	const uint8_t want[] = {NAMES_MATCH, NAMES_DIFFER, NAMES_MATCH, NAMES_NOT_ASKED, NAMES_DIFFER, NAMES_DIFFER, NAMES_MATCH};
	for (size_t i = 0; i < sizeof(want); i++) {
		take(c, &p, &l, asked[i]);
		assert_int_equal(p.names, want[i]);
	}
	assert_int_equal(cert_counts(c).misses, 1);
	assert_int_equal(cert_counts(c).hits, sizeof(want) - 1);
	cert_close(&c);
	make_end();
}

static void nothing_to_read_is_not_asked(void **state)
{
	static struct list l;
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {0};

	take(c, &p, &l, "mx.example.com");
	assert_int_equal(p.names, NAMES_NOT_ASKED);
	list_octets(&l, (const uint8_t *)"no DER", 6);
	take(c, &p, &l, "mx.example.com");
	assert_int_equal(p.names, NAMES_NOT_ASKED);
	cert_close(&c);
}

// A dNSName with a NUL in it: OpenSSL's configuration cannot make one, a GENERAL_NAME can.
static void nul_never_matches(void **state)
{
	static const struct {
		const char *octets;
		int len;
	} nul[] = {{"mx.example.com\0.evil.example", 28}, {"mx.example.com\0", 15}, {"\0mx.example.com", 15}};

	for (size_t i = 0; i < sizeof(nul) / sizeof(*nul); i++) {
		GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
		GENERAL_NAME *g = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();
		struct make m = {.subject = "CN=x", .key = make_key("P-256", 0)};
		X509 *x = make_unsigned(&m);
		ASN1_STRING_set(s, nul[i].octets, nul[i].len);
		GENERAL_NAME_set0_value(g, GEN_DNS, s);
		sk_GENERAL_NAME_push(names, g);
		assert_true(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0));
		GENERAL_NAMES_free(names);
		make_sign(x, m.key, NULL);
		struct peer p = taken(x, "mx.example.com");
		assert_int_equal(p.names, NAMES_DIFFER);
		assert_int_equal(p.server.n_sans, 1);
		assert_int_equal(strlen(p.server.san_text), p.server.san_len[0]);
		assert_non_null(strstr(p.server.san_text, "\\00"));
	}
	make_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(references_alternate),
		cmocka_unit_test(nothing_to_read_is_not_asked),
		cmocka_unit_test(nul_never_matches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
