// Rules on what a ClientHello says of its sender.
#include "tests/unit/alerts/rules_fixture.h"

static const struct expectation required = {.level = EXPECT_DANE, .enforced = true, .identity_required = true};

static void tls13(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	handshake(f, 0x0304, true);
}

static void early_data_sent(struct facts *f)
{
	tls13(f);
	f->tls.early_data_sent = true;
	f->tls.client_ext |= TLS_EXT_EARLY_DATA;
}

static void no_sni(struct facts *f)
{
	tls13(f);
	f->tls.client_ext &= ~(uint32_t)TLS_EXT_SERVER_NAME;
	f->tls.sni = (struct text){0};
	f->tls.sni_len = 0;
}

static void hello_not_read(struct facts *f)
{
	no_sni(f);
	f->tls.client_ext = 0;
	f->tls.offer_known = false;
}

static void name(struct facts *f, const char *sni)
{
	tls13(f);
	text(f, &f->tls.sni, sni);
	f->tls.sni_len = f->tls.sni.len;
}

#define NAMED(function, sni) \
	static void function(struct facts *f) \
	{ \
		name(f, sni); \
	}
NAMED(sni_ip4, "192.0.2.25")
NAMED(sni_ip6, "2001:db8::25")
NAMED(sni_dot, "mx.rcpt.example.")
NAMED(sni_space, "mx rcpt.example")
NAMED(sni_labels, "mx..rcpt.example")
NAMED(sni_underscore, "mx_1.rcpt.example")
NAMED(sni_digits, "25.mx.example")

static void sni_empty(struct facts *f)
{
	no_sni(f);
	f->tls.client_ext |= TLS_EXT_SERVER_NAME;
}

static void sni_long(struct facts *f)
{
	tls13(f);
	f->tls.sni_len = 256;
}

static void sni_cut_by_us(struct facts *f)
{
	name(f, "1.2.3");
	f->tls.sni_len = 200;
}

static void ech(struct facts *f)
{
	tls13(f);
	f->tls.ech = ECH_OFFERED;
}

static void ech_real(struct facts *f)
{
	ech(f);
	f->tls.ech = ECH_REAL;
}

static void ech_grease(struct facts *f)
{
	ech(f);
	f->tls.ech = ECH_GREASE;
}

static void alpn_http(struct facts *f)
{
	tls13(f);
	text(f, &f->tls.alpn, "h2");
	f->tls.alpn_kinds = ALPN_HTTP;
}

static void alpn_mail(struct facts *f)
{
	tls13(f);
	text(f, &f->tls.alpn, "smtp");
	f->tls.alpn_kinds = ALPN_MAIL | ALPN_OTHER;
}

static void pq_not_offered(struct facts *f)
{
	tls13(f);
	f->tls.pq_offered = false;
	f->tls.group = 29;
}

static void pq_not_chosen(struct facts *f)
{
	tls13(f);
	f->tls.group = 29;
}

static void pq_groups_unread(struct facts *f)
{
	pq_not_offered(f);
	f->tls.client_ext &= ~(uint32_t)TLS_EXT_SUPPORTED_GROUPS;
}

static void psk_only(struct facts *f)
{
	tls13(f);
	f->tls.resumed = true;
	f->tls.group = 0;
	f->tls.server_ext = TLS_EXT_SUPPORTED_VERSIONS | TLS_EXT_PRE_SHARED_KEY;
}

static const struct rules_row rows[] = {
	{"early data", early_data_sent, NULL, "tls.early-data/certain/low/complete"},
	{"no name", no_sni, NULL, "tls.no-sni/certain/info/complete"},
	{"no name against policy", no_sni, &required, "tls.no-sni/certain/medium/complete"},
	{"the hello's extensions were not read", hello_not_read, NULL, ""},
	{"an address for a name", sni_ip4, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"an IPv6 address", sni_ip6, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"a dot at the end", sni_dot, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"a space in it", sni_space, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"an empty label", sni_labels, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"empty", sni_empty, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"256 octets", sni_long, NULL, "tls.sni-ip-or-invalid/certain/low/complete"},
	{"an underscore", sni_underscore, NULL, ""},
	{"digits in front", sni_digits, NULL, ""},
	{"only its start was kept", sni_cut_by_us, NULL, ""},
	{"ECH or GREASE", ech, NULL, "tls.ech/suspect/info/complete"},
	{"ECH", ech_real, NULL, "tls.ech/certain/info/complete"},
	{"GREASE", ech_grease, NULL, ""},
	{"HTTP", alpn_http, NULL, "tls.alpn-odd/probable/medium/complete"},
	{"mail", alpn_mail, NULL, ""},
	{"no hybrid group", pq_not_offered, NULL, "tls.pq-absent/certain/info/complete"},
	{"a hybrid group not chosen", pq_not_chosen, NULL, "tls.pq-absent/certain/info/complete"},
	{"its groups were not read", pq_groups_unread, NULL, ""},
	{"a key share was not chosen", psk_only, NULL,
		"tls.no-forward-secrecy/certain/medium/complete cert.missing/certain/info/complete"},
};

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {RULES_TESTS(&table)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
