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

static const struct expectation nobody = {0}, none = {.level = EXPECT_NONE}, may = {.level = EXPECT_MAY},
	dane = {.level = EXPECT_DANE, .enforced = true, .identity_required = true},
	operator = {.level = EXPECT_OPERATOR, .enforced = true};

static const struct {
	const char *name;
	void (*make)(struct facts *f);
	const struct expectation *expect;
	enum verdict verdict;
	enum identity identity;
	enum dane dane;
	const char *why;
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
		struct session s = {.facts = &f, .expect = *rows[i].expect};
		char why[SESSION_WHY_MAX * SESSION_WHY_LEN] = "";
		rows[i].make(&f);
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
