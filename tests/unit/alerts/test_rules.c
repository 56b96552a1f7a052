// Rules on STARTTLS: the offer, the refusal, the upgrade.
#include "tests/unit/alerts/rules_fixture.h"

static const struct expectation enforced = {.level = EXPECT_DANE, .enforced = true};

// ---- the offer ----

static void not_offered_gap(struct facts *f)
{
	not_offered(f);
	f->smtp.clear_mark[CLEAR_NOT_OFFERED].quality = Q_GAP;
}

static void not_offered_unacked(struct facts *f)
{
	not_offered(f);
	f->smtp.offer_mark.quality = Q_UNACKED;
}

static void not_offered_ambiguous(struct facts *f)
{
	not_offered(f);
	f->smtp.offer_mark.quality = Q_AMBIG;
}

static void masked(struct facts *f)
{
	not_offered(f);
	f->smtp.offer = OFFER_MASKED;
	text(f, &f->smtp.masked, "XXXXXXXA");
}

static void masked_with_banner(struct facts *f)
{
	masked(f);
	f->smtp.greeting_masked = true;
}

static void masked_short(struct facts *f)
{
	ehlo(f, OFFER_MASKED);
	text(f, &f->smtp.masked, "XXXXXX");
}

static void ehlo_refused(struct facts *f)
{
	ehlo(f, OFFER_NO);
	f->smtp.hello = HELLO_HELO;
	f->smtp.n_helo = 1;
	f->smtp.ehlo_refused_code = 502;
	f->smtp.ehlo_refused_mark = at(6);
	mail(f, CLEAR_HELO_ONLY);
}

static void helo_only(struct facts *f)
{
	ehlo(f, OFFER_NOT_ASKED);
	f->smtp.hello = HELLO_HELO;
	f->smtp.n_ehlo = 0;
	f->smtp.n_helo = 1;
	mail(f, CLEAR_HELO_ONLY);
}

static void malformed_offer(struct facts *f)
{
	ehlo(f, OFFER_MALFORMED);
	f->smtp.offer_flaws = FLAW_LINE_1;
	mail(f, CLEAR_NOT_OFFERED);
}

static void host_named_starttls(struct facts *f)
{
	upgraded(f);
	f->smtp.offer_flaws = FLAW_LINE_1;
}

static void unoffered_works(struct facts *f)
{
	upgraded(f);
	f->smtp.offer = OFFER_NO;
	f->smtp.starttls_unoffered = true;
}

static void unoffered_refused(struct facts *f)
{
	rejected(f, 502, false);
	f->smtp.offer = OFFER_NO;
	f->smtp.starttls_unoffered = true;
}

static void unoffered_then_mail(struct facts *f)
{
	unoffered_refused(f);
	mail(f, CLEAR_AFTER_REJECT);
}

static void unoffered_temp(struct facts *f)
{
	rejected(f, 454, false);
	f->smtp.offer = OFFER_NO;
	f->smtp.starttls_unoffered = true;
}

static void needs_tls(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.n_530 = 1;
	f->smtp.mark_530 = at(9);
	f->smtp.auth_offered = 1 << MECH_PLAIN;
}

static void probe(struct facts *f)
{
	ehlo(f, OFFER_NO);
}

static void lmtp(struct facts *f)
{
	not_offered(f);
	f->conn.role = ROLE_LMTP;
	f->smtp.hello = HELLO_LHLO;
}

// ---- STARTTLS refused, or no TLS after it ----

static void temp(struct facts *f)
{
	rejected(f, 454, false);
}

static void temp_conflict(struct facts *f)
{
	temp(f);
	f->conn.ambiguous = true;
}

static void masked_conflict(struct facts *f)
{
	ehlo(f, OFFER_MASKED);
	text(f, &f->smtp.masked, "XXXXXXXA");
	f->conn.ambiguous = true;
}

static void temp_then_mail(struct facts *f)
{
	rejected(f, 454, true);
}

static void temp_then_tls(struct facts *f)
{
	rejected(f, 454, false);
	f->smtp.n_starttls = 2;
	f->smtp.starttls_code = 220;
	f->tls.asked = true;
	handshake(f, 0x0303, true);
}

static void perm(struct facts *f)
{
	rejected(f, 554, false);
}

static void perm_then_mail(struct facts *f)
{
	rejected(f, 500, true);
	f->smtp.clear_mark[CLEAR_AFTER_REJECT].quality = Q_GAP;
}

// Which command that 500 answers is not certain any more.
static void perm_gap(struct facts *f)
{
	rejected(f, 500, false);
	f->smtp.starttls_rejected_mark.quality = Q_GAP;
}

static void perm_parameter(struct facts *f)
{
	rejected(f, 501, false);
	f->smtp.starttls_parameter = true;
}

static void odd_code(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 250);
	f->tls.asked = false;
	f->smtp.starttls_odd_code = 250;
	f->smtp.after_220 = AFTER_VERB;
	f->smtp.after_220_mark = at(10);
}

static void mangled(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.n_mangled = 1;
	f->smtp.mangled_len = 8;
	f->smtp.mangled_code = 500;
	f->smtp.mangled_mark = at(8);
	mail(f, CLEAR_OFFERED_UNUSED);
}

static void private_verb(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.n_mangled = 1;
	f->smtp.mangled_code = 250;
	f->smtp.mangled_mark = at(8);
}

static void closed_after_220(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
}

static void idle_after_220(struct facts *f)
{
	closed_after_220(f);
	unclosed(f, END_IDLE);
}

static void eof_after_220(struct facts *f)
{
	closed_after_220(f);
	unclosed(f, END_EOF);
}

static void client_left_after_220(struct facts *f)
{
	closed_after_220(f);
	unclosed(f, END_EOF);
	f->conn.fin[DIR_C2S] = true;
}

static void open_after_220(struct facts *f)
{
	closed_after_220(f);
	f->conn.end = END_OPEN;
}

static void noise_after_220_gap(struct facts *f)
{
	closed_after_220(f);
	f->smtp.after_220 = AFTER_OTHER;
	f->smtp.after_220_mark = (struct mark){.frame = 10, .quality = Q_GAP};
}

static void perm_without_hello(struct facts *f)
{
	connection(f);
	f->smtp.seen = true;
	f->smtp.greeting_code = 220;
	starttls(f, 503);
}

static void verb_after_220(struct facts *f)
{
	closed_after_220(f);
	f->smtp.after_220 = AFTER_VERB;
	f->smtp.after_220_mark = at(10);
}

static void verb_after_220_gap(struct facts *f)
{
	verb_after_220(f);
	f->smtp.after_220_mark.quality = Q_GAP;
}

static void alert_40(struct facts *f)
{
	upgraded(f);
	f->tls.completed = false;
	f->tls.alert_clear = true;
	f->tls.alert_level = 2;
	f->tls.alert_code = 40;
	f->tls.alert_dir = DIR_S2C;
	f->tls.alert_mark = at(12);
}

static void alert_40_gap(struct facts *f)
{
	alert_40(f);
	f->conn.gaps[0] = 1;
	f->tls.alert_mark.quality = Q_GAP;
}

static void closed_in_handshake(struct facts *f)
{
	upgraded(f);
	f->tls.completed = false;
}

static void closed_in_handshake_gap(struct facts *f)
{
	closed_in_handshake(f);
	f->conn.gaps[1] = 1;
}

static void midstream_appdata(struct facts *f)
{
	connection(f);
	f->conn.syn[0] = f->conn.syn[1] = false;
	f->conn.midstream = true;
	f->tls.asked = true;
	f->tls.records[0] = f->tls.records[1] = f->tls.appdata[0] = f->tls.appdata[1] = true;
}

static void server_hello_lost(struct facts *f)
{
	closed_in_handshake_gap(f);
	f->tls.server_hello = false;
	f->tls.server_version = 0;
	f->tls.appdata[0] = f->tls.appdata[1] = true;
}

static void no_hello(struct facts *f)
{
	closed_in_handshake(f);
	f->tls.client_hello = f->tls.server_hello = false;
}

static void closed_after_220_gap(struct facts *f)
{
	closed_after_220(f);
	f->conn.gaps[0] = 1;
}

static void closed_after_finished(struct facts *f)
{
	closed_in_handshake(f);
	f->tls.ccs[0] = f->tls.ccs[1] = true;
}

static void no_tls_at_all(struct facts *f)
{
	closed_in_handshake(f);
	f->tls.server_hello = f->tls.records[1] = false;
	f->smtp.n_astray = 1;
}

static void encrypted_alert(struct facts *f)
{
	closed_in_handshake(f);
	hellos(f, 0x0304);
	f->tls.server_version = 0x0304;
	f->tls.encrypted_alert_close = true;
}

static void capture_ends_in_handshake(struct facts *f)
{
	closed_in_handshake(f);
	unclosed(f, END_EOF);
}


static const struct rules_row rows[] = {
	{"an ordinary encrypted session", upgraded, NULL, ""},
	{"a probe", probe, NULL, ""},
	{"not offered", not_offered, NULL, "starttls.not-offered/certain/medium/complete " FIRST CLEAR},
	{"not offered against policy", not_offered, &enforced, "starttls.not-offered/certain/high/complete " FIRST CLEAR},
	{"not offered, hole", not_offered_gap, NULL,
		"starttls.not-offered/suspect/medium/gap starttls.first-seen-plain/suspect/info/gap " CLEAR},
	{"the next command acknowledged the reply", not_offered_unacked, NULL, "starttls.not-offered/certain/medium/complete " FIRST CLEAR},
	{"two versions of the reply", not_offered_ambiguous, NULL,
		"starttls.not-offered/suspect/medium/ambiguous starttls.first-seen-plain/suspect/info/ambiguous " CLEAR},
	{"offered, unused", offered_unused, NULL, "starttls.offered-unused/certain/medium/complete " CLEAR},
	{"masked", masked, NULL,
		"starttls.not-offered/certain/medium/complete starttls.masked-keyword/probable/high/complete " FIRST CLEAR},
	{"masked, banner too", masked_with_banner, NULL,
		"starttls.not-offered/certain/medium/complete starttls.masked-keyword/certain/high/complete " FIRST
		"middlebox.banner-rewritten/certain/medium/complete " CLEAR},
	{"mask of another length", masked_short, NULL, "starttls.masked-keyword/suspect/high/complete"},
	{"EHLO refused", ehlo_refused, NULL, "starttls.ehlo-refused-helo-fallback/certain/low/complete " CLEAR},
	{"EHLO refused against policy", ehlo_refused, &enforced, "starttls.ehlo-refused-helo-fallback/certain/high/complete " CLEAR},
	{"HELO only", helo_only, NULL, "starttls.helo-only/certain/low/complete " CLEAR},
	{"malformed offer", malformed_offer, NULL,
		FIRST "starttls.offer-malformed/certain/low/complete " CLEAR},
	{"a host named STARTTLS", host_named_starttls, NULL, ""},
	{"not offered but works", unoffered_works, NULL, "starttls.not-offered-but-sent/certain/high/complete"},
	{"not offered, refused, then mail", unoffered_then_mail, NULL,
		"starttls.not-offered/certain/medium/complete starttls.not-offered-but-sent/certain/low/complete " CLEAR},
	{"454 to what was not offered", unoffered_temp, NULL, "starttls.not-offered-but-sent/certain/low/complete"},
	{"not offered and refused", unoffered_refused, NULL, "starttls.not-offered-but-sent/certain/low/complete"},
	{"530, no password offer told", needs_tls, NULL, "starttls.required-530/certain/info/complete"},
	{"LMTP", lmtp, NULL, CLEAR " lmtp.plaintext/certain/low/complete"},
	{"454", temp, NULL, "starttls.rejected-temp/certain/medium/complete"},
	{"454, then mail", temp_then_mail, NULL, "starttls.rejected-temp/certain/high/complete " CLEAR},
	{"454, then TLS", temp_then_tls, NULL, "starttls.rejected-temp/certain/low/complete"},
	{"454, another version of it came later", temp_conflict, NULL, "starttls.rejected-temp/suspect/medium/ambiguous"},
	{"masked, another version came later", masked_conflict, NULL, "starttls.masked-keyword/suspect/high/ambiguous"},
	{"554", perm, NULL, "starttls.rejected-perm/certain/medium/complete"},
	{"500, then mail, with a hole: seen is seen", perm_then_mail, NULL, "starttls.rejected-perm/certain/high/complete " CLEAR},
	{"503 to a client that said no EHLO: no offer contradicts it", perm_without_hello, NULL, ""},
	{"500 behind a hole", perm_gap, NULL, "starttls.rejected-perm/suspect/medium/gap"},
	{"501 to a parameter", perm_parameter, NULL, ""},
	{"250", odd_code, NULL, "starttls.rejected-odd-code/certain/medium/complete starttls.plaintext-after-220/certain/high/complete"},
	{"mangled verb", mangled, NULL,
		"starttls.offered-unused/certain/medium/complete starttls.command-mangled/certain/high/complete "
		"middlebox.command-filter/certain/medium/complete " CLEAR},
	{"a private verb", private_verb, NULL, ""},
	{"closed after 220", closed_after_220, NULL, "starttls.no-handshake/certain/medium/complete"},
	{"its FIN is enough", client_left_after_220, NULL, "starttls.no-handshake/certain/medium/complete"},
	{"silence after 220", idle_after_220, NULL, "starttls.no-handshake/suspect/medium/truncated"},
	{"the capture ends after 220", eof_after_220, NULL, ""},
	{"still open after 220", open_after_220, NULL, ""},
	{"no TLS after 220, with a hole before", noise_after_220_gap, NULL, "starttls.no-handshake/suspect/medium/gap"},
	{"verb after 220", verb_after_220, NULL, "starttls.plaintext-after-220/certain/high/complete"},
	{"verb after 220, hole", verb_after_220_gap, NULL, "starttls.plaintext-after-220/suspect/high/gap"},
	{"alert 40", alert_40, NULL, "starttls.handshake-failed/certain/medium/complete"},
	{"alert 40 after a hole", alert_40_gap, NULL, "starttls.handshake-failed/certain/medium/gap"},
	{"closed in the handshake", closed_in_handshake, NULL, "starttls.handshake-failed/certain/medium/complete"},
	{"a hole may hold the rest of the handshake", closed_in_handshake_gap, NULL, ""},
	{"the middle of a TLS connection shows no failure", midstream_appdata, NULL, ""},
	{"... nor does one whose ServerHello was lost", server_hello_lost, NULL, ""},
	{"records without a hello, all seen", no_hello, NULL, "starttls.handshake-failed/certain/medium/complete"},
	{"closed after 220, hole", closed_after_220_gap, NULL, ""},
	{"closed after the handshake", closed_after_finished, NULL, "starttls.handshake-failed/suspect/medium/complete"},
	{"SMTP in answer to what looked like TLS", no_tls_at_all, NULL, "starttls.handshake-failed/suspect/medium/complete"},
	{"encrypted alert under TLS 1.3", encrypted_alert, NULL, "starttls.handshake-failed/suspect/medium/complete"},
	{"the capture ends in the handshake", capture_ends_in_handshake, NULL, ""},
};

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {RULES_TESTS(&table)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
