// Who is in the dialogue and in the texts that are kept: nobody's local part, unless the whole envelope may be kept.
#include "tests/unit/feed.h"

static char told[4096];
static size_t n_told;

static void listen(void *ctx, uint64_t birth, enum dir d, const struct place *at, const char *kind, const uint8_t *text, size_t len)
{
	n_told += (size_t)snprintf(told + n_told, sizeof(told) - n_told, "%s:%.*s\n", kind, (int)len, (const char *)text);
}

static void play(const char *const *script, bool keep, size_t step, struct facts *out)
{
	static const struct dialogue ear = {.line = listen};
	static struct feed f;
	feed_open(&f, 0);
	f.env.dialogue = &ear;
	f.env.keep_envelope = keep;
	n_told = 0;
	told[0] = 0;
	feed_play(&f, script, step, 0);
	*out = f.facts;
	feed_close(&f);
}

// A command, its reply, and the reply as it is told.
static const struct {
	const char *name, *command, *reply, *want;
} rows[] = {
	{"sender", "C: MAIL FROM:<secret@a.example>\r\n", "S: 250 2.1.0 <secret@a.example>... Sender ok\r\n", "reply:250 2.1.0 [text, 31 octets]\n"},
	{"recipient", "C: RCPT TO:<secret@b.example>\r\n", "S: 550 5.1.1 <secret@b.example>: Recipient address rejected\r\n", "reply:550 5.1.1 [text, 46 octets]\n"},
	{"no domain", "C: RCPT TO:<secret>\r\n", "S: 550 5.1.1 \"secret\": unknown user\r\n", "reply:550 5.1.1 [text, 22 octets]\n"},
	{"a user without brackets", "C: RCPT TO:secret\r\n", "S: 550 secret who\r\n", "reply:550 [text, 10 octets]\n"},
	{"several lines", "C: RCPT TO:<secret@b>\r\n", "S: 550-5.7.1 secret@b\r\n550 5.7.1 <secret@c> no\r\n", "reply:550-5.7.1 [text, 8 octets]\nreply:550 5.7.1 [text, 13 octets]\n"},
	{"a status alone", "C: RCPT TO:<secret@b>\r\n", "S: 250 2.1.5\r\n", "reply:250 2.1.5\n"},
	{"a status that is none", "C: RCPT TO:<secret@b>\r\n", "S: 250 2.1.secret\r\n", "reply:250 [text, 10 octets]\n"},
	{"others: no brackets", "C: NOOP\r\n", "S: 250 secret@b.example ok\r\n", "reply:250 ***@b.example ok\n"},
	{"others: no domain", "C: NOOP\r\n", "S: 250 <secret>... ok\r\n", "reply:250 <***>... ok\n"},
	{"others: two of them", "C: NOOP\r\n", "S: 251 (secret@b) moves to <secret@c>\r\n", "reply:251 (***@b) moves to <***@c>\n"},
	{"others: quoted", "C: NOOP\r\n", "S: 250 <\"x secret\"@b> ok\r\n", "reply:250 <***@b> ok\n"},
	{"VRFY", "C: VRFY secret\r\n", "S: 252 secret@b\r\n", "command:VRFY\nreply:252 [text, 8 octets]\n"},
	{"EXPN", "C: EXPN secret\r\n", "S: 250-Mr secret <secret@b>\r\n250 secret\r\n", "reply:250-[text, 20 octets]\nreply:250 [text, 6 octets]\n"},
	{"a password as a command", "C: secret\r\n", "S: 500 unknown: secret\r\n", "reply:500 [text, 15 octets]\n"},
	{"no address", "C: DATA\r\n", "S: 354 End data with <CR><LF>.<CR><LF>\r\n", "reply:354 End data with <CR><LF>.<CR><LF>\n"},
	{"no code", "C: NOOP\r\n", "S: secret@b\r\n250 ok\r\n", "reply:***@b\nreply:250 ok\n"},
};

static void replies(void **state)
{
	struct facts f;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const script[] = {"S: 220 mx\r\n", rows[i].command, rows[i].reply, NULL};
		for (size_t step = 1; step < 64; step += 7) {
			play(script, false, step, &f);
			if (strstr(told, "secret") || !strstr(told, rows[i].want))
				fail_msg("%s: %s", rows[i].name, told);
		}
		play(script, true, SIZE_MAX, &f);
		if (strstr(rows[i].reply, "secret") && !strstr(strstr(told, "reply:220"), "secret"))
			fail_msg("%s: kept: %s", rows[i].name, told);
	}
}

static void text_is(const struct facts *f, struct text t, const char *want)
{
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(facts_text(f, t), want, t.len);
}

static void kept(void **state)
{
	static const char *const script[] = {"S: 220 mx abuse: secret@a.example\r\n", "C: HELO a\r\n", "S: 250 mx hello secret@b\r\n",
		"C: EHLO a\r\n", "S: 250-secret@mx hi\r\n250 STARTTLS\r\n", "C: STARTTLS\r\n", "S: 454 ask <secret@c>\r\n", NULL};
	struct facts f;
	play(script, false, SIZE_MAX, &f);
	assert_null(memmem(f.text, f.text_used, "secret", 6));
	text_is(&f, f.smtp.banner, "mx abuse: ***@a.example");
	text_is(&f, f.smtp.server_name, "***@mx");
	text_is(&f, f.smtp.starttls_reply, "ask <***@c>");
	play(script, true, SIZE_MAX, &f);
	text_is(&f, f.smtp.banner, "mx abuse: secret@a.example");
	text_is(&f, f.smtp.starttls_reply, "ask <secret@c>");
}

// The word behind AUTH: repeated when it is the name of a mechanism, and never when it may be a secret.
static void mechanisms(void **state)
{
	static const struct {
		const char *word, *name;
		bool told;
	} cases[] = {
		{"PLAIN", "PLAIN", true}, {"cram-md5", "cram-md5", true}, {"GSS-SPNEGO", "GSS-SPNEGO", true}, {"KERBEROS_V5", "KERBEROS_V5", true},
		{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", true}, {"SCRAM-SHA3-512", "SCRAM-SHA3-512", true}, {"OTP", "OTP", true},
		{"GS2-KRB5-PLUS", "GS2-KRB5-PLUS", true}, {"EAP-AES128", "EAP-AES128", true}, {"NTLM", "NTLM", true},
		{"SECRETPW", "other", false}, {"SECRET-PW_1", "other", false}, {"SCRAM-SECRETPW", "other", false}, {"U0VDUkVUUFc=", "other", false},
		{"PLAINSECRET", "other", false}, {"SCRAM-", "other", false}, {"SCRAM-SHA-256SECRET", "other", false}, {"1234", "other", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64], want[64];
		snprintf(line, sizeof(line), "C: AUTH %s\r\n", cases[i].word);
		snprintf(want, sizeof(want), "credential:AUTH %s\n", cases[i].told ? cases[i].word : " ***");
		const char *const script[] = {"S: 220 mx\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", line, "S: 504 no\r\n", NULL};
		struct facts f;
		play(script, false, SIZE_MAX, &f);
		text_is(&f, f.smtp.auth_name, cases[i].name);
		if (!strstr(told, want))
			fail_msg("%s: %s", cases[i].word, told);
	}
}

// Every length of line and of text, most of it to be masked.
static void bounds(void **state)
{
	static char reply[3 * SMTP_LINE_MAX];
	const char *const script[] = {"S: 220 mx\r\n", "C: NOOP\r\n", reply, NULL};
	struct facts f;
	for (size_t n = SMTP_LINE_MAX - 20; n < SMTP_LINE_MAX + 20; n++) {
		size_t at = (size_t)snprintf(reply, sizeof(reply), "S: 250 ");
		while (at < n - 10)
			at += (size_t)snprintf(reply + at, sizeof(reply) - at, "a@");
		snprintf(reply + at, sizeof(reply) - at, " secretsecretsecret@b\r\n");
		play(script, false, SIZE_MAX, &f);
		assert_null(strstr(told, "secret"));
		snprintf(reply, sizeof(reply), "S: 250 %*s secretsecret@b\r\n", (int)n, "x");
		play(script, false, SIZE_MAX, &f);
		assert_null(strstr(told, "secret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replies), cmocka_unit_test(kept), cmocka_unit_test(mechanisms), cmocka_unit_test(bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
