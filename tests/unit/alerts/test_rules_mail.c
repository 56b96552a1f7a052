// Rules on exposure, credentials, ports, the dialogue and the sensor itself.
#include "tests/unit/alerts/rules_fixture.h"

static void implicit(struct facts *f)
{
	connection(f);
	f->conn.dst_port = 465;
	f->tls.implicit = f->tls.asked = true;
	handshake(f, 0x0303, true);
}

// ---- exposure, ports, authentication ----

static void submission(struct facts *f)
{
	offered_unused(f);
	f->conn.dst_port = 587;
	f->conn.role = ROLE_SUBMISSION;
}

static void clear_465(struct facts *f)
{
	ehlo(f, OFFER_NO);
	f->conn.dst_port = 465;
	f->conn.role = ROLE_SUBMISSION;
}

static void clear_465_tls_client(struct facts *f)
{
	clear_465(f);
	f->smtp.offer = OFFER_NOT_ASKED;
	f->tls.implicit = f->tls.asked = f->tls.client_hello = f->tls.records[0] = true;
	f->tls.client_hello_mark = at(5);
}

static void tls_on_25(struct facts *f)
{
	implicit(f);
	f->conn.dst_port = 25;
}

// Nobody was seen to accept it.
static void guessed(struct facts *f)
{
	submission(f);
	f->smtp.content_guessed = true;
	f->smtp.n_mail_guessed = 1;
}

static void other_port(struct facts *f)
{
	upgraded(f);
	f->conn.dst_port = 4444;
	f->conn.known_port = false;
}

static void filter_port(struct facts *f)
{
	other_port(f);
	f->conn.dst_port = 10025;
}

static void requiretls(struct facts *f)
{
	upgraded(f);
	f->smtp.caps = CAP_REQUIRETLS;
	f->smtp.requiretls_param = true;
	f->smtp.requiretls_mark = at(9);
}

static void requiretls_open(struct facts *f)
{
	requiretls(f);
	f->conn.end = END_OPEN;
}

static void requiretls_accepted(struct facts *f)
{
	requiretls(f);
	mail(f, CLEAR_UNKNOWN);
}

static void keywordless(struct facts *f)
{
	not_offered(f);
	f->smtp.caps = 0;
}

static void tarpit_answers(struct facts *f)
{
	keywordless(f);
	f->smtp.n_messages = f->smtp.n_messages_ok = 0;
	f->smtp.content_octets = 0;
}

static void on_loopback(struct facts *f)
{
	not_offered(f);
	memcpy(f->conn.src, "\x7f\0\0\1", 4);
	memcpy(f->conn.dst, "\x7f\0\0\2", 4);
}

static void on_loopback6(struct facts *f)
{
	not_offered(f);
	f->conn.ip_v = 6;
	memset(f->conn.src, 0, sizeof(f->conn.src));
	memset(f->conn.dst, 0, sizeof(f->conn.dst));
	f->conn.src[15] = f->conn.dst[15] = 1;
}

// A place that was never marked is not one that was seen whole.
static void one_direction(struct facts *f)
{
	connection(f);
	f->smtp.seen = true;
	mail(f, CLEAR_UNKNOWN);
	f->smtp.n_messages = 0;
	f->smtp.mail_ok_mark = (struct mark){0};
	f->conn.payload[DIR_C2S] = false;
	f->conn.pkts[DIR_C2S] = 0;
}

static void auth(struct facts *f, enum smtp_mech mech, bool accepted)
{
	ehlo(f, OFFER_NO);
	f->smtp.auth_mech = (uint8_t)mech;
	f->smtp.n_auth = 1;
	f->smtp.auth_sent_secret = true;
	f->smtp.auth_accepted = accepted;
	f->smtp.n_auth_failed = !accepted;
	f->smtp.auth_offered = 1 << MECH_PLAIN;
	f->smtp.auth_mark = at(8);
	f->smtp.auth_reply_mark = at(9);
	text(f, &f->smtp.auth_name, "PLAIN");
}

static void auth_plain_ok(struct facts *f)
{
	auth(f, MECH_PLAIN, true);
}

static void auth_plain_bad(struct facts *f)
{
	auth(f, MECH_PLAIN, false);
}

static void auth_refused_first(struct facts *f)
{
	auth(f, MECH_LOGIN, false);
	f->smtp.auth_sent_secret = false;
	f->smtp.auth_refused_first = 1;
}

static void auth_bearer(struct facts *f)
{
	auth(f, MECH_XOAUTH2, true);
}

static void auth_scram(struct facts *f)
{
	auth(f, MECH_SCRAM, true);
}

static void auth_gssapi(struct facts *f)
{
	auth(f, MECH_GSSAPI, true);
}

static void auth_external(struct facts *f)
{
	auth(f, MECH_EXTERNAL, true);
}

static void guessing(struct facts *f)
{
	auth(f, MECH_CRAM_MD5, false);
	f->smtp.n_auth_failed = 10;
}

static void relay(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.n_mail = 1;
	f->smtp.n_rcpt = f->smtp.n_rcpt_refused = f->smtp.n_rcpt_relay = 1;
	f->smtp.relay_mark = at(12);
}

// ---- dialogue ----

static void crcrlf(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.eod_variants = EOD_CRLF_CRCRLF;
	f->smtp.eod_mark = at(20);
}

static void smuggled(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.eod_variants = EOD_LF_CRLF;
	f->smtp.eod_then_verb = f->smtp.eod_effect = true;
	f->smtp.eod_mark = f->smtp.eod_verb_mark = at(20);
	f->smtp.eod_effect_mark = at(21);
}

// A recipient that was accepted may be among what the capture does not hold.
static void relay_cut(struct facts *f)
{
	relay(f);
	unclosed(f, END_EOF);
}

static void smuggled_gap(struct facts *f)
{
	smuggled(f);
	f->smtp.eod_effect_mark.quality = Q_GAP;
}

static void bare_lf(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.bare_lf_data = 3;
	f->smtp.line_end_mark = at(8);
}

static void bare_lf_commands(struct facts *f)
{
	bare_lf(f);
	f->smtp.bare_lf_command = 1;
}

static void pipeconnect(struct facts *f)
{
	upgraded(f);
	f->smtp.oddities = ODD_EARLY_TALKER | ODD_PIPELINE_SYNC;
	f->smtp.odd_mark[ODD_AT_EARLY_TALKER] = f->smtp.odd_mark[ODD_AT_PIPELINE_SYNC] = at(3);
}

static void desync_gap(struct facts *f)
{
	upgraded(f);
	f->smtp.n_unmatched = 1;
	f->smtp.unmatched_mark = (struct mark){.frame = 9, .quality = Q_GAP};
}

static void filtered(struct facts *f)
{
	ehlo(f, OFFER_YES);
	f->smtp.greeting_masked = true;
	f->smtp.filtered_code = 500;
	f->smtp.filtered_mark = at(9);
	text(f, &f->smtp.filtered_verb, "RSET");
}

static void oddities(struct facts *f)
{
	upgraded(f);
	f->smtp.oddities = ODD_HTTP | ODD_NESTED_MAIL | ODD_BDAT_SYNTAX | ODD_PROXY_V2 | ODD_PIX_DOT | ODD_REPLY_NO_CODE;
	for (int i = 0; i < ODD_AT_N; i++)
		f->smtp.odd_mark[i] = at(9);
	f->smtp.malformed_mark = at(9);
	f->smtp.n_bad_octets = f->smtp.long_text = f->smtp.bare_cr_data = 1;
	f->smtp.early_clienthello = true;
}

// ---- sensor ----

static void one_side(struct facts *f)
{
	connection(f);
	f->conn.payload[1] = false;
	f->conn.pkts[1] = 0;
}

static void one_side_short(struct facts *f)
{
	one_side(f);
	f->conn.payload_octets[0] = 20;
}

static void tarpit(struct facts *f)
{
	connection(f);
	f->conn.payload[0] = false;
}

static void cut(struct facts *f)
{
	upgraded(f);
	f->conn.snaplen_cut = true;
}

static const struct rules_row rows[] = {
	{"submission in clear", submission, NULL,
		"starttls.offered-unused/certain/medium/complete " CLEAR " submission.plaintext/certain/high/complete"},
	{"content that only looks like it", guessed, NULL,
		"starttls.offered-unused/certain/medium/complete exposure.envelope/suspect/low/complete "
		"exposure.content/suspect/medium/complete submission.plaintext/suspect/high/complete"},
	{"clear greeting on 465", clear_465, NULL, "submission.implicit-missing/certain/high/complete"},
	{"clear greeting on 465 to a client that speaks TLS", clear_465_tls_client, NULL,
		"starttls.handshake-failed/certain/medium/complete submission.implicit-missing/certain/high/complete"},
	{"TLS on 25", tls_on_25, NULL, "smtp.implicit-tls-on-25/certain/low/complete"},
	{"SMTP on 4444", other_port, NULL, "smtp.nonstandard-port/certain/medium/complete"},
	{"SMTP on a filter's port", filter_port, NULL, "smtp.nonstandard-port/certain/low/complete"},
	{"REQUIRETLS in clear, refused", requiretls, NULL,
		"requiretls.violated/certain/medium/complete requiretls.offered-cleartext/certain/low/complete"},
	{"REQUIRETLS in clear, not answered yet", requiretls_open, NULL, "requiretls.offered-cleartext/certain/low/complete"},
	{"REQUIRETLS in clear, accepted", requiretls_accepted, NULL,
		"requiretls.violated/certain/high/complete requiretls.offered-cleartext/certain/low/complete " CLEAR},
	{"a tarpit as OpenBSD has it", tarpit_answers, NULL, "starttls.not-offered/certain/info/complete " FIRST "exposure.envelope/certain/info/complete"},
	{"a tarpit that took the message", keywordless, NULL, "starttls.not-offered/certain/medium/complete " FIRST CLEAR},
	{"loopback", on_loopback, NULL,
		"starttls.not-offered/certain/info/complete " FIRST
		"exposure.envelope/certain/info/complete exposure.content/certain/info/complete"},
	{"loopback, IPv6", on_loopback6, NULL,
		"starttls.not-offered/certain/info/complete " FIRST
		"exposure.envelope/certain/info/complete exposure.content/certain/info/complete"},
	{"one direction only", one_direction, NULL,
		"exposure.envelope/certain/low/one_direction sensor.one-direction/certain/medium/one_direction"},
	{"PLAIN accepted", auth_plain_ok, NULL,
		"auth.cleartext-plain/certain/critical/complete auth.offered-cleartext/certain/low/complete"},
	{"PLAIN refused", auth_plain_bad, NULL,
		"auth.cleartext-plain/certain/high/complete auth.offered-cleartext/certain/low/complete"},
	{"refused before the secret", auth_refused_first, NULL, ""},
	{"a bearer token", auth_bearer, NULL,
		"auth.cleartext-plain/certain/critical/complete auth.offered-cleartext/certain/low/complete"},
	{"SCRAM", auth_scram, NULL, "auth.cleartext-challenge/certain/medium/complete auth.offered-cleartext/certain/low/complete"},
	{"GSSAPI", auth_gssapi, NULL, "auth.cleartext-challenge/certain/low/complete auth.offered-cleartext/certain/low/complete"},
	{"EXTERNAL has no secret", auth_external, NULL, "auth.offered-cleartext/certain/low/complete"},
	{"guessing in one session", guessing, NULL,
		"auth.cleartext-challenge/certain/high/complete auth.offered-cleartext/certain/low/complete "
		"auth.bruteforce-cleartext/certain/medium/complete"},
	{"relay probe", relay, NULL, "mail.relay-probe/probable/low/complete"},
	{"relay probe, the capture ends", relay_cut, NULL, "mail.relay-probe/suspect/low/truncated"},
	{"CRLF.CRCRLF", crcrlf, NULL, "smuggle.eod-variant/certain/info/complete"},
	{"smuggling", smuggled, NULL,
		"smuggle.eod-variant/certain/medium/complete smuggle.attempt/probable/high/complete smuggle.success/certain/critical/complete"},
	{"smuggling with a hole", smuggled_gap, NULL,
		"smuggle.eod-variant/certain/medium/complete smuggle.attempt/probable/high/complete smuggle.success/suspect/critical/gap"},
	{"bare LF in data", bare_lf, NULL, "smtp.bare-lf/certain/low/complete"},
	{"bare LF in commands", bare_lf_commands, NULL, "smtp.bare-lf/certain/medium/complete"},
	{"PIPECONNECT", pipeconnect, NULL, "smtp.pipelining-abuse/suspect/low/complete smtp.early-talker/certain/low/complete"},
	{"replies after a hole", desync_gap, NULL, "smtp.reply-desync/suspect/medium/gap"},
	{"filtered verb, masked banner", filtered, NULL,
		"middlebox.banner-rewritten/certain/medium/complete middlebox.command-filter/probable/medium/complete"},
	{"a bag of oddities", oddities, NULL,
		"starttls.early-clienthello/certain/low/complete reply.malformed/certain/info/complete "
		"middlebox.pix-dotcrlf/suspect/info/complete proxy.header/certain/info/complete smtp.bare-cr/certain/low/complete "
		"smtp.nul-or-8bit-command/certain/low/complete smtp.line-too-long/certain/info/complete "
		"smtp.bdat-abuse/certain/low/complete smtp.nested-mail/certain/info/complete smtp.http-on-smtp/certain/low/complete"},
	{"one side", one_side, NULL, "sensor.one-direction/certain/medium/one_direction"},
	{"one side, too little to tell", one_side_short, NULL, ""},
	{"a client that listens only", tarpit, NULL, ""},
	{"cut packets", cut, NULL, "sensor.truncated-input/certain/medium/truncated"},
};

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {RULES_TESTS(&table)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
