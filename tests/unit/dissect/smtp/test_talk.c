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

// A command, its reply, and both as they are told. In `kept`, where the whole envelope may be kept.
static const struct {
	const char *name, *command, *reply, *want, *kept;
} rows[] = {
	{"sender", "C: MAIL FROM:<secret@a.example> AUTH=secret\r\n", "S: 250 2.1.0 <secret@a.example>... Sender ok\r\n",
		"command:MAIL FROM:<***@a.example>\nreply:250 2.1.0 [text, 31 octets]\n", "command:MAIL FROM:<secret@a.example>\nreply:250 2.1.0 [text, 31 octets]\n"},
	{"recipient", "C: RCPT TO:<secret@b.example>\r\n", "S: 550 5.1.1 <secret@b.example>: no\r\n",
		"command:RCPT TO:<***@b.example>\nreply:550 5.1.1 [text, 22 octets]\n", "command:RCPT TO:<secret@b.example>\nreply:550 5.1.1 [text, 22 octets]\n"},
	{"blanks", "C:  MAIL FROM: <secret@b>\r\n", "S: 250 secret@b ok\r\n", "command: MAIL FROM: <***@b>\nreply:250 [text, 11 octets]\n", "command: MAIL FROM: <secret@b>\n"},
	{"SOML", "C: SOML FROM:<secret@b>\r\n", "S: 250 ok\r\n", "command:SOML FROM:<***@b>\nreply:250 [text, 2 octets]\n", "<secret@b>"},
	{"several lines", "C: RCPT TO:<secret@b>\r\n", "S: 550-secret@b\r\n550 5.7.1\r\n", "reply:550-[text, 8 octets]\nreply:550 5.7.1\n", "reply:550-[text, 8 octets]\n"},
	{"no path", "C: MAIL the secret to:secret\r\n", "S: 501 no\r\n", "command:MAIL [no path, 25 octets]\n", "command:MAIL [no path, 25 octets]\n"},
	{"no status", "C: NOOP\r\n", "S: 250 2.1.secret\r\n", "reply:250 [text, 10 octets]\n", "reply:250 [text, 10 octets]\n"},
	{"VRFY", "C: VRFY secret\r\n", "S: 252 secret@b\r\n", "command:VRFY [6 octets]\nreply:252 [text, 8 octets]\n", "command:VRFY [6 octets]\n"},
	{"a password as a command", "C: secret\r\n", "S: 500 unknown: secret\r\n", "reply:500 [text, 15 octets]\n", "reply:500 [text, 15 octets]\n"},
	{"no code", "C: NOOP\r\n", "S: secret@b\r\n250 ok\r\n", "reply:[text, 8 octets]\nreply:250 [text, 2 octets]\n", "reply:[text, 8 octets]\n"},
	{"no code, three octets", "C: NOOP\r\n", "S: 2se-cret\r\n250\r\n", "reply:[text, 8 octets]\nreply:250\n", "reply:[text, 8 octets]\n"},
	{"HELO", "C: HELO mail.a-b_c.example\r\n", "S: 250 mail at secret@b\r\n", "command:HELO mail.a-b_c.example\nreply:250 mail at ***@b\n", "reply:250 mail at secret@b\n"},
	{"an address literal", "C: EHLO [IPv6:2001:db8::1]\r\n", "S: 250 mx\r\n", "command:EHLO [IPv6:2001:db8::1]\nreply:250 mx\n", "command:EHLO [IPv6:2001:db8::1]\n"},
	{"EHLO refused", "C: EHLO c2VjcmV0==\r\n", "S: 500 c2VjcmV0== what\r\n", "command:EHLO [10 octets]\nreply:500 [text, 15 octets]\n", "command:EHLO [10 octets]\n"},
	{"a sentence", "C: helo secret here\r\n", "S: 250 mx\r\n", "command:helo [11 octets]\n", "command:helo [11 octets]\n"},
	{"a size", "C: BDAT 0 LAST\r\n", "S: 250 ok\r\n", "command:BDAT 0 LAST\n", "command:BDAT 0 LAST\n"},
	{"no size", "C: BDAT secret x\r\n", "S: 501 no\r\n", "command:BDAT [8 octets]\n", "command:BDAT [8 octets]\n"},
	{"STARTTLS", "C: STARTTLS\r\n", "S: 454 4.7.0 ask secret@b\r\n", "reply:454 4.7.0 ask ***@b\n", "reply:454 4.7.0 ask secret@b\n"},
	{"STARTTLS, and the server had more", "C: STARTTLS\r\nAUTH PLAIN secret\r\n", "S: 500 5.5.1 secret what\r\n535 secret\r\n", "reply:500 5.5.1 [text, 11 octets]\n", "reply:500 5.5.1 [text, 11 octets]\n"},
	{"AUTH", "C: AUTH PLAIN secret\r\n", "S: 535 5.7.8 secret\r\n", "credential:AUTH PLAIN ***\nreply:535 5.7.8 [text, 6 octets]\n", "credential:AUTH PLAIN ***\n"},
	{"X-EXPS", "C: X-EXPS LOGIN secret\r\n", "S: 535 secret\r\n", "credential:X-EXPS LOGIN ***\nreply:535 [text, 6 octets]\n", "credential:X-EXPS LOGIN ***\n"},
	{"a user without brackets", "C: RCPT TO:secret\r\n", "S: 550 5.1.1 \"secret\" who\r\n", "reply:550 5.1.1 [text, 12 octets]\n", "reply:550 5.1.1 [text, 12 octets]\n"},
	{"EXPN", "C: EXPN secret\r\n", "S: 250-Mr secret <secret@b>\r\n250 secret\r\n", "reply:250-[text, 20 octets]\nreply:250 [text, 6 octets]\n", "reply:250-[text, 20 octets]\n"},
	{"a greeting: two of them", "C: HELO a\r\n", "S: 250 (secret@b) with <secret@c>\r\n", "reply:250 (***@b) with <***@c>\n", "reply:250 (secret@b) with <secret@c>\n"},
	{"a greeting: quoted", "C: HELO a\r\n", "S: 250 <\"x secret\"@b> ok\r\n", "reply:250 <***@b> ok\n", "secret"},
	{"a greeting: no domain", "C: HELO a\r\n", "S: 250 <secret>... ok\r\n", "reply:250 <***>... ok\n", "secret"},
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
		if (!strstr(told, rows[i].kept))
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

// Names of clients that are kept, and what may be none.
static void names(void **state)
{
	static const struct {
		const char *script[8], *want;
	} cases[] = {
		{{"C: EHLO mx\r\n", NULL}, "mx"},
		{{"C: EHLO user@mx\r\n", NULL}, ""},
		{{"C: EHLO mx secret\r\n", NULL}, ""},
		{{"C: EHLO mx\r\n", "S: 220 x\r\n250 x\r\n", "C: EHLO c2VjcmV0==\r\n", NULL}, ""},
		{{"S: 220 x\r\n", "C: AUTH LOGIN\r\nEHLO secret\r\n", "S: 503 no\r\n500 secret what\r\n", NULL}, ""},
		{{"S: 220 x\r\n", "C! 9", "C: EHLO secret\r\n", NULL}, ""},
		{{"S: 220 x\r\n", "C! 9", "C: EHLO mx.example\r\n", NULL}, "mx.example"},
	};
	struct facts f;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		play(cases[i].script, true, SIZE_MAX, &f);
		text_is(&f, f.smtp.helo, cases[i].want);
		assert_null(strstr(told, "secret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replies), cmocka_unit_test(kept), cmocka_unit_test(names), cmocka_unit_test(mechanisms), cmocka_unit_test(bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
