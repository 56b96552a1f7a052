// The verdict table, identity, dane and the reasons: a row is a session with an expectation.
#include "alerts/state.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void auth_only_gap(struct facts *f)
{
	ehlo(f, OFFER_UNSEEN);
	f->smtp.n_auth = 1;
	f->conn.gaps[0] = 2;
}

static void tls13(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	handshake(f, 0x0304, true);
}

static void tls_or_not(struct facts *f)
{
	tls13(f);
	f->conn.ambiguous = true;
}

static void tls10(struct facts *f)
{
	upgraded(f);
	f->tls.server_version = 0x0301;
}

static void rc4(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0x0005;
}

static void anonymous(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0xc018; // TLS_ECDH_anon_WITH_AES_128_CBC_SHA
	f->tls.peer_cert = CERT_NOT_SEEN;
}

static void sslv2(struct facts *f)
{
	upgraded(f);
	f->tls.server_version = 0x0002;
	f->tls.suite = 0;
	f->tls.sslv2_kind = 0x020080;
}

static void dh_1024(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0x009e;
	f->tls.dh_bits = 1024;
}

static void dh_2048(struct facts *f)
{
	dh_1024(f);
	f->tls.dh_bits = 2048;
}

static void rsa_export(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0x0003;
	f->tls.rsa_export_bits = 512;
}

static void everything_weak(struct facts *f)
{
	rsa_export(f);
	f->tls.server_version = 0x0300;
	f->tls.dh_bits = 512;
}

static void key_1024(struct peer *p)
{
	p->server = (struct certificate){.present = true, .key = KEY_RSA, .key_bits = 1024};
}

static void key_2048(struct peer *p)
{
	p->server = (struct certificate){.present = true, .key = KEY_RSA_PSS, .key_bits = 2048};
}

static void key_ec(struct peer *p)
{
	p->server = (struct certificate){.present = true, .key = KEY_EC, .key_bits = 256};
}

static void raw_key_1024(struct peer *p)
{
	key_1024(p);
	p->server.present = false;
	p->raw_key = true;
}

static void rejected_mail(struct facts *f)
{
	rejected(f, 454, true);
}

static void midstream_data(struct facts *f)
{
	connection(f);
	f->conn.syn[0] = f->conn.syn[1] = false;
	f->conn.midstream = true;
	f->tls.appdata[0] = f->tls.appdata[1] = true;
}

static void submission(struct facts *f)
{
	offered_unused(f);
	f->conn.dst_port = 587;
}

static void probe(struct facts *f)
{
	ehlo(f, OFFER_YES);
}

#define UP "ehlo_starttls starttls_reply:220 tls_completed"

static const struct expectation nobody = {0}, none = {.level = EXPECT_NONE, .promise = PROMISE_NONE, .confidence = CONFIDENCE_CERTAIN}, may = {.level = EXPECT_MAY},
	dane = {.level = EXPECT_DANE, .enforced = true, .identity_required = true, .promise = PROMISE_USABLE, .confidence = CONFIDENCE_CERTAIN},
	operator = {.level = EXPECT_OPERATOR, .enforced = true};

static const struct {
	const char *name;
	void (*make)(struct facts *f);
	const struct expectation *expect;
	enum verdict verdict;
	enum identity identity;
	enum dane dane;
	const char *why;
	void (*make_peer)(struct peer *p);
} rows[] = {
	{"clear, nobody answers", not_offered, &nobody, VERDICT_CLEAR, IDENTITY_NOT_OBSERVABLE, DANE_UNKNOWN,
		"ehlo_no_starttls starttls_not_sent mail_accepted_in_clear:1"},
	{"clear against DANE", not_offered, &dane, VERDICT_CLEAR_AGAINST_POLICY, IDENTITY_NOT_OBSERVABLE, DANE_NOT_ENCRYPTED,
		"ehlo_no_starttls starttls_not_sent mail_accepted_in_clear:1 policy_enforced:dane"},
	{"clear against the operator", offered_unused, &operator, VERDICT_CLEAR_AGAINST_POLICY, IDENTITY_NOT_REQUIRED, DANE_UNKNOWN,
		"ehlo_starttls starttls_not_sent mail_accepted_in_clear:1 policy_enforced:operator"},
	{"clear, no policy", not_offered, &none, VERDICT_CLEAR, IDENTITY_NOT_REQUIRED, DANE_NONE,
		"ehlo_no_starttls starttls_not_sent mail_accepted_in_clear:1 policy:none"},
	{"refused, then mail", rejected_mail, &nobody, VERDICT_CLEAR, IDENTITY_NOT_OBSERVABLE, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:454 mail_accepted_in_clear:1"},
	{"AUTH survives a gap", auth_only_gap, &nobody, VERDICT_CLEAR, IDENTITY_NOT_OBSERVABLE, DANE_UNKNOWN,
		"ehlo_reply_unseen auth_in_clear:1 gap:2"},
	{"TLS 1.2, visible certificate", upgraded, &nobody, VERDICT_ENCRYPTED, IDENTITY_UNKNOWN, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:220 tls_completed"},
	{"TLS in one of two versions", tls_or_not, &nobody, VERDICT_INCONCLUSIVE, IDENTITY_NOT_OBSERVABLE, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:220 tls_completed ambiguous"},
	{"TLS 1.3 hides it", tls13, &dane, VERDICT_ENCRYPTED, IDENTITY_NOT_OBSERVABLE, DANE_UNVERIFIABLE,
		"ehlo_starttls starttls_reply:220 tls_completed policy_enforced:dane"},
	{"identity not required", upgraded, &may, VERDICT_ENCRYPTED, IDENTITY_NOT_REQUIRED, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:220 tls_completed policy:may"},
	{"TLS 1.0", tls10, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:220 tls_completed tls_version:0x0301"},
	{"RC4", rc4, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:220 tls_completed tls_suite_weak:0x0005"},
	{"anonymous is enough for opportunistic TLS", anonymous, &nobody, VERDICT_ENCRYPTED, IDENTITY_NOT_OBSERVABLE, DANE_UNKNOWN,
		"ehlo_starttls starttls_reply:220 tls_completed tls_suite_anonymous:0xc018"},
	{"anonymous, identity required", anonymous, &dane, VERDICT_WEAK, IDENTITY_NOT_OBSERVABLE, DANE_UNVERIFIABLE,
		"ehlo_starttls starttls_reply:220 tls_completed tls_suite_anonymous:0xc018 policy_enforced:dane"},
	{"SSL 2.0", sslv2, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN,
		UP " tls_version:0x0002 sslv2_cipher:0x020080"},
	{"DH 1024", dh_1024, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN, UP " tls_dh:1024"},
	{"DH 2048", dh_2048, &nobody, VERDICT_ENCRYPTED, IDENTITY_UNKNOWN, DANE_UNKNOWN, UP},
	{"temporary RSA", rsa_export, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN,
		UP " tls_suite_weak:0x0003 tls_rsa_export:512"},
	{"RSA 1024", upgraded, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN, UP " tls_rsa:1024", key_1024},
	{"a raw key of 1024 bits", upgraded, &nobody, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNKNOWN, UP " tls_rsa:1024", raw_key_1024},
	{"RSA 2048", upgraded, &nobody, VERDICT_ENCRYPTED, IDENTITY_UNKNOWN, DANE_UNKNOWN, UP, key_2048},
	{"EC 256", upgraded, &nobody, VERDICT_ENCRYPTED, IDENTITY_UNKNOWN, DANE_UNKNOWN, UP, key_ec},
	{"all of it: no reason is lost", everything_weak, &dane, VERDICT_WEAK, IDENTITY_UNKNOWN, DANE_UNVERIFIABLE,
		UP " tls_version:0x0300 tls_suite_weak:0x0003 tls_rsa_export:512 tls_dh:512 tls_rsa:1024 policy_enforced:dane", key_1024},
	{"ciphertext without a handshake proves nothing", midstream_data, &nobody, VERDICT_INCONCLUSIVE, IDENTITY_NOT_OBSERVABLE,
		DANE_UNKNOWN, "midstream"},
	{"DANE is for port 25", submission, &dane, VERDICT_CLEAR_AGAINST_POLICY, IDENTITY_NOT_OBSERVABLE, DANE_NOT_APPLICABLE,
		"ehlo_starttls starttls_not_sent mail_accepted_in_clear:1 policy_enforced:dane"},
	{"a probe", probe, &dane, VERDICT_NO_MAIL, IDENTITY_NOT_OBSERVABLE, DANE_NOT_ENCRYPTED, "ehlo_starttls policy_enforced:dane"},
};

static void verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts f;
		struct peer p = {0};
		struct session s = {.facts = &f, .peer = rows[i].make_peer ? &p : NULL, .expect = *rows[i].expect};
		char why[SESSION_WHY_MAX * SESSION_WHY_LEN] = "";
		rows[i].make(&f);
		if (rows[i].make_peer)
			rows[i].make_peer(&p);
		s.state = state_of(&f);
		verdict_of(&s);
		for (size_t n = 0; n < s.n_why; n++)
			snprintf(why + strlen(why), sizeof(why) - strlen(why), "%s%s", n ? " " : "", s.why[n]);
		if (s.verdict != rows[i].verdict || s.identity != rows[i].identity || s.dane != rows[i].dane)
			fail_msg("%s: %s, %s, %s", rows[i].name, verdict_name(s.verdict), identity_name(s.identity), dane_name(s.dane));
		if (strcmp(why, rows[i].why) != 0)
			fail_msg("%s: why is \"%s\"", rows[i].name, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
