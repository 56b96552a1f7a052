// Names as text: escapes, octets that would deceive, and what does not fit.
#include "tests/unit/alerts/cert/cert_fixture.h"

struct part {
	const char *type;
	int asn1;          // type of the string; MBSTRING_UTF8: as OpenSSL likes
	const char *value;
	int len;
	int set;           // 0: an RDN of its own; -1: in that of the one before
};

static X509 *named(const struct part *parts, size_t n)
{
	struct make m = {.subject = "", .issuer = "CN=i", .key = make_key("P-256", 0)};
	X509 *x = make_unsigned(&m);
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; i < n; i++) {
		const struct part *p = &parts[i];
		X509_NAME_ENTRY *e = NULL;
		ASN1_OBJECT *o = OBJ_txt2obj(p->type, 0);
		assert_non_null(X509_NAME_ENTRY_create_by_OBJ(&e, o, V_ASN1_UTF8STRING, (const uint8_t *)"x", 1));
		// Not X509_NAME_ENTRY_set_data(): that would refuse what an attacker would not.
		ASN1_STRING *s = X509_NAME_ENTRY_get_data(e);
		ASN1_STRING_set(s, p->value, p->len);
		s->type = p->asn1;
		assert_true(X509_NAME_add_entry(name, e, -1, p->set));
		X509_NAME_ENTRY_free(e);
		ASN1_OBJECT_free(o);
	}
	assert_true(X509_set_subject_name(x, name));
	X509_NAME_free(name);
	make_sign(x, m.key, NULL);
	return x;
}

static const struct row {
	const char *name;
	struct part parts[3];
	const char *want;
} rows[] = {
	{"empty", {{0}}, ""},
	{"order is turned", {{"C", V_ASN1_PRINTABLESTRING, "NL", 2, 0}, {"O", V_ASN1_UTF8STRING, "a", 1, 0}, {"CN", V_ASN1_UTF8STRING, "b", 1, 0}}, "CN=b,O=a,C=NL"},
	{"two in one RDN", {{"O", V_ASN1_UTF8STRING, "a", 1, 0}, {"CN", V_ASN1_UTF8STRING, "b", 1, 0}, {"UID", V_ASN1_UTF8STRING, "c", 1, -1}}, "UID=c+CN=b,O=a"},
	{"comma", {{"O", V_ASN1_UTF8STRING, "VMware, Inc.", 12, 0}}, "O=VMware\\, Inc."},
	{"all that is special", {{"O", V_ASN1_UTF8STRING, "+\"\\<>;", 6, 0}}, "O=\\+\\\"\\\\\\<\\>\\;"},
	{"another's attribute", {{"O", V_ASN1_UTF8STRING, "x,CN=mx.example", 15, 0}}, "O=x\\,CN=mx.example"},
	{"edges", {{"O", V_ASN1_UTF8STRING, " a b ", 5, 0}}, "O=\\ a b\\ "},
	{"hash first", {{"O", V_ASN1_UTF8STRING, "#a#", 3, 0}}, "O=\\#a#"},
	{"one space", {{"O", V_ASN1_UTF8STRING, " ", 1, 0}}, "O=\\ "},
	{"NUL", {{"CN", V_ASN1_UTF8STRING, "bank.example\0.evil.example", 26, 0}}, "CN=bank.example\\00.evil.example"},
	{"NUL last", {{"CN", V_ASN1_UTF8STRING, "a\0", 2, 0}}, "CN=a\\00"},
	{"a NUL that is none", {{"CN", V_ASN1_UTF8STRING, "a\\00", 4, 0}}, "CN=a\\\\00"},
	{"control characters stay", {{"CN", V_ASN1_UTF8STRING, "a\n\x7f\x1b", 4, 0}}, "CN=a\n\x7f\x1b"},
	{"UTF-8 stays", {{"O", V_ASN1_UTF8STRING, "B\xc3\xbc" "cher", 7, 0}}, "O=B\xc3\xbc" "cher"},
	{"Latin stays", {{"O", V_ASN1_T61STRING, "B\xfc" "cher", 6, 0}}, "O=B\xfc" "cher"},
	{"BMPString", {{"O", V_ASN1_BMPSTRING, "\0B\0\xfc\0,", 6, 0}}, "O=B\xc3\xbc\\,"},
	{"BMPString with a NUL", {{"O", V_ASN1_BMPSTRING, "\0a\0\0\0b", 6, 0}}, "O=a\\00b"},
	{"unknown type", {{"1.2.3.4.5", V_ASN1_UTF8STRING, "a", 1, 0}}, "1.2.3.4.5=a"},
	{"no string", {{"CN", V_ASN1_BIT_STRING, "\xab\xcd", 2, 0}}, "CN=#ABCD"},
	{"mail", {{"emailAddress", V_ASN1_IA5STRING, "a@b.example", 11, 0}}, "emailAddress=a@b.example"},
};

static void names(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = 0;
		while (n < 3 && rows[i].parts[n].type)
			n++;
		struct peer p = taken(named(rows[i].parts, n), NULL);
		if (strcmp(p.server.subject, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, p.server.subject);
		assert_string_equal(p.server.issuer, "CN=i");
	}
	make_end();
}

// As many octets as fit, one more, and an escape that would be cut through.
static void long_names(void **state)
{
	static char value[4096];
	const int room = PEER_NAME_MAX - 1 - 3;

	memset(value, 'a', sizeof(value));
	for (int len = room - 1; len <= room + 2; len++) {
		struct part one = {"CN", V_ASN1_UTF8STRING, value, len, 0};
		struct certificate got = taken(named(&one, 1), NULL).server;
		assert_int_equal(strlen(got.subject), 3 + (len < room ? len : room));
	}
	value[room - 1] = ',';
	struct part comma = {"CN", V_ASN1_UTF8STRING, value, room + 9, 0};
	assert_int_equal(strlen(taken(named(&comma, 1), NULL).server.subject), PEER_NAME_MAX - 2);
	value[room - 2] = '\0';
	assert_int_equal(strlen(taken(named(&comma, 1), NULL).server.subject), PEER_NAME_MAX - 3);
	make_end();
}

static void sans(void **state)
{
	struct make m = {.subject = "CN=x", .key = make_key("P-256", 0),
		.extension = {{NID_subject_alt_name, "DNS:mx.example.com,email:a@b.example,IP:192.0.2.1,URI:http://x/,"
						     "IP:2001:db8::1,DNS:*.Example.com"}}};
	static const char *const want[] = {"mx.example.com", "192.0.2.1", "2001:db8::1", "*.Example.com"};
	struct certificate got = taken(make(&m), NULL).server;

	assert_int_equal(got.n_sans, 4);
	assert_int_equal(got.n_sans_kept, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(got.san_len[i], strlen(want[i]));
		assert_memory_equal(got.san_text + got.san_off[i], want[i], got.san_len[i]);
	}
	make_end();
}

// More than are kept; and one that is too long does not hide the ones behind it.
static void many_sans(void **state)
{
	static char text[8192];
	size_t at = 0;
	struct make m = {.subject = "CN=x", .key = make_key("P-256", 0), .extension = {{NID_subject_alt_name, text}}};

	for (int i = 0; i < 12; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%sDNS:host%d.example", i ? "," : "", i);
	struct certificate got = taken(make(&m), NULL).server;
	assert_int_equal(got.n_sans, 12);
	assert_int_equal(got.n_sans_kept, PEER_SANS_MAX);

	at = (size_t)snprintf(text, sizeof(text), "DNS:first.example,DNS:");
	memset(text + at, 'a', PEER_SAN_TEXT);
	snprintf(text + at + PEER_SAN_TEXT, sizeof(text) - at - PEER_SAN_TEXT, ".example,DNS:last.example");
	got = taken(make(&m), NULL).server;
	assert_int_equal(got.n_sans, 3);
	assert_int_equal(got.n_sans_kept, 2);
	assert_memory_equal(got.san_text + got.san_off[1], "last.example", 12);
	make_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(long_names),
		cmocka_unit_test(sans),
		cmocka_unit_test(many_sans),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
