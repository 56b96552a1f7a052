// Which reply belongs to which command, and what a client knew when it spoke: greetings that are missing or unfinished,
// commands sent behind STARTTLS, greeting commands in a row, lines that are split over segments.
#include "tests/unit/dissect/smtp/expect.h"

#define HI "S: 220 mx ESMTP\r\n", "C: EHLO a.example\r\n"
#define OFFER HI, "S: 250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
#define PLAIN HI, "S: 250-mx\r\n250 PIPELINING\r\n"
#define MAIL "C: MAIL FROM:<u@a.example>\r\n", "S: 250 ok\r\n"
#define HELLO "\x16\x03\x01\x02"

static const struct smtp_row rows[] = {
	// No greeting
	{"no greeting", {"C: EHLO a\r\n", "S: 250 mx\r\n", "C: RSET\r\nSTARTTLS\r\n", "S: 250 ok\r\n", "S: 220 go\r\n", NULL},
		"greeting=0 offer=2 starttls_code=220 unmatched=0 tls_asked=1"},
	{"no greeting, offer", {"C: EHLO a\r\n", "S: 250-mx\r\n250 STARTTLS\r\n", MAIL, NULL}, "greeting=0 offer=3 clear.unused=1 unmatched=0"},
	{"a refusal is a greeting, though EHLO is there", {"C: EHLO a\r\n", "S: 554 no\r\n", NULL}, "greeting=554 offer=1 ehlo_refused=0"},
	{"a greeting of an odd code, nothing asked", {"S: 250 hi\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", NULL}, "greeting=250 offer=2 unmatched=0"},
	{"a greeting of an odd code, EHLO not received", {"c: EHLO a\r\n", "s: 250 hi\r\n", "S: 250 mx\r\n", NULL}, "greeting=250 offer=2 unmatched=0"},
	{"a greeting without a line end", {"S: 220 mx ESMTP AAAA", "C: EHLO a\r\n", "S: 250-smtp001\r\n", "C: AUTH LOGIN\r\n", "S: 334 VXNlcm5hbWU6\r\n", "C: dQ==\r\n", "S: 235 ok\r\n", MAIL, NULL},
		"greeting=220 ehlo_refused=0 offer=2 clear.not_offered=1 auth_ok=1 secret=1 unmatched=0 odd=12"},
	{"a reply without a line end", {PLAIN, "C: NOOP\r\n", "S: 250 ok", "C: MAIL FROM:<u@a>\r\n", "S: 250 ok\r\n", NULL}, "mail_ok=1 unmatched=0 odd=4"},
	{"an early talker within the greeting", {"S: 220 mx ", "C: EHLO a\r\n", "S: ESMTP\r\n", "S: 250 mx\r\n", NULL}, "greeting=220 offer=2 unmatched=0 odd=0"},
	{"a teaser, and a client that does not wait", {"S: 220-mx wait\r\n", "C: EHLO a\r\n", "S: 220 mx ESMTP\r\n", "S: 250-mx\r\n250 STARTTLS\r\n", MAIL, NULL},
		"greeting=220 offer=3 clear.unused=1 unmatched=0 odd=0x202000 at.early=2"},
	{"... read behind the whole greeting", {"S: 220-mx wait\r\n", "C: EH", "S: 220 mx ESMTP\r\n", "c: LO a\r\n", "S: 250-mx\r\n250 STARTTLS\r\n", MAIL, NULL},
		"greeting=220 offer=3 clear.unused=1 unmatched=0 odd=0x202000"},
	{"a teaser, and a client that waits", {"S: 220-mx wait\r\n", "S: 220 mx ESMTP\r\n", "C: EHLO a\r\n", "S: 250-mx\r\n250 STARTTLS\r\n", MAIL, NULL}, "offer=3 clear.unused=1 odd=0x200000"},
	{"a teaser that is all there is", {"S: 220-mx\r\n", "C: EHLO a\r\n", "S: 250-mx\r\n250 STARTTLS\r\n", MAIL, NULL}, "greeting=220 offer=3 clear.unused=1 unmatched=0 odd=8"},
	{"a teaser, then a refusal", {"S: 220-mx wait\r\n", "C: EHLO a\r\n", "S: 521 5.5.1 Protocol error\r\n", NULL}, "greeting=220 offer=2 ehlo_refused=521 unmatched=0"},
	{"an empty line behind a PROXY v2 header", {"C: \r\n\r\n\x7f\r\nQUIT\n\x21\x11\x7f\x0c" "abcdefghijkl\r\n", "S: 220 x\r\n", "C: EHLO a\r\n", "S: 500 what\r\n250 mx\r\n", NULL}, "greeting=220 offer=2 unmatched=0 quit=0"},
	// Behind STARTTLS
	{"mail behind STARTTLS, in clear", {OFFER, "C: STARTTLS\r\nMAIL FROM:<a@b>\r\n", "S: 220 go\r\n250 ok\r\n", NULL},
		"starttls_code=220 clear.fail=1 n_mail=1 injected_c2s=0 injected_verb=0 not_last=1 unmatched=0 after_220=2"},
	{"... in two segments", {OFFER, "C: STARTTLS\r\nMAIL FR", "c: OM:<a@b>\r\n", "S: 220 go\r\n", "S: 250 ok\r\n", NULL}, "clear.fail=1 n_mail=1 injected_c2s=0"},
	{"... ended after the answer", {OFFER, "C: STARTTLS\r\nMAIL FROM:<a@b>", "S: 220 go\r\n", "C: \r\n", "S: 250 ok\r\n", NULL}, "clear.fail=1 n_mail=1"},
	{"a whole mail behind STARTTLS", {OFFER, "C: STARTTLS\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "S: 220 go\r\n250 ok\r\n250 ok\r\n354 go\r\n", "C: x\r\n.\r\nQUIT\r\n", "S: 250 ok\r\n221 bye\r\n", NULL},
		"clear.fail=1 rcpt_ok=1 messages=1 messages_ok=1 octets=6 unmatched=0 quit=1 injected_c2s=0"},
	{"a whole mail in one segment", {OFFER, "C: STARTTLS\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n", "S: 220 go\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n", NULL},
		"clear.fail=1 messages_ok=1 octets=6 unmatched=0 quit=1 last_code=221 injected_c2s=0"},
	{"then more in clear", {OFFER, "C: STARTTLS\r\nEHLO b\r\n", "S: 220 go\r\n250-mx\r\n250 SIZE\r\n", MAIL, NULL}, "clear.fail=1 n_ehlo=2 offer=2 unmatched=0 injected_c2s=0"},
	{"AUTH behind STARTTLS, in clear", {OFFER, "C: STARTTLS\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b>\r\n", "S: 220 go\r\n235 ok\r\n250 ok\r\n", NULL}, "secret=1 auth_ok=1 clear.fail=1 unmatched=0"},
	{"STARTTLS twice, accepted twice", {OFFER, "C: STARTTLS\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n", "S: 220 go\r\n220 go\r\n250 ok\r\n", NULL}, "n_starttls=2 clear.fail=1 unmatched=0 injected_c2s=0"},
	{"STARTTLS twice, then TLS", {OFFER, "C: STARTTLS\r\nSTARTTLS\r\nNOOP\r\n", "S: 220 go\r\n", "C: " HELLO, "S: " HELLO, NULL}, "n_starttls=1 injected_c2s=16 injected_verb=1 after_220=1"},
	{"behind STARTTLS, then nothing", {OFFER, "C: STARTTLS\r\nNOOP\r\n", "S: 220 go\r\n", NULL}, "injected_c2s=6 injected_verb=1 not_last=1 after_220=0"},
	{"behind STARTTLS, refused", {OFFER, "C: STARTTLS\r\nMAIL FROM:<a@b>\r\n", "S: 502 no\r\n250 ok\r\n", NULL}, "clear.reject=1 injected_c2s=0 unmatched=0"},
	{"answered behind STARTTLS, then TLS", {OFFER, "C: STARTTLS\r\nNOOP\r\n", "S: 220 go\r\n250 ok\r\n", "C: " HELLO, "S: " HELLO, NULL}, "injected_c2s=6 injected_s2c=8 mail_ok=0 unmatched=0"},
	// Greeting commands in a row: the last EHLO that was answered tells, a HELO behind it changes nothing.
	{"HELO after EHLO", {OFFER, "C: HELO a\r\n", "S: 250 mx\r\n", MAIL, NULL}, "offer=3 clear.unused=1 clear.helo=0 n_ehlo=1 n_helo=1 hello=1"},
	{"HELO, mail, EHLO, mail", {"S: 220 mx\r\n", "C: HELO a\r\n", "S: 250 mx\r\n", MAIL, "C: EHLO a\r\n", "S: 250-mx\r\n250 SIZE\r\n", MAIL, NULL},
		"n_mail=2 mail_ok=2 clear.helo=1 clear.not_offered=1 offer=2 odd=0"},
	{"RSET and a second mail", {OFFER, "C: MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "S: 553 no\r\n503 no\r\n503 no\r\n", "C: RSET\r\n", "S: 250 ok\r\n", "C: MAIL FROM:<e@f>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "S: 250 ok\r\n250 ok\r\n354 go\r\n", "C: x\r\n.\r\n", "S: 554 no\r\n", NULL},
		"n_mail=2 mail_ok=1 n_rcpt=2 rcpt_ok=1 messages=1 messages_ok=0 odd=0 unmatched=0"},
	{"a hole that leaves a chunk", {PLAIN, MAIL, "C: BDAT 20\r\n0123456789", "C! 30", "S: 250 ok\r\n", "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 ok\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL},
		"n_mail=1 octets=16 quit=1 messages_ok=1 unmatched=0"},
	// What a server may say unasked: that it has enough, and then nothing more
	{"a timeout", {PLAIN, MAIL, "S: 451 4.7.0 Timeout waiting for client input\r\n", NULL}, "unmatched=0 odd=0 last_code=451"},
	{"goodbye unasked", {PLAIN, "S: 221 2.0.0 idle\r\n", NULL}, "unmatched=0 odd=0"},
	{"thrown out", {PLAIN, "S: 554 5.7.1 no more\r\n", NULL}, "unmatched=0 odd=0"},
	{"a timeout, and a QUIT that nobody answers", {PLAIN, "S: 451 timeout\r\n", "C: QUIT\r\n", NULL}, "unmatched=0 odd=0 quit=1"},
	{"a timeout that was none", {PLAIN, "S: 451 what\r\n", MAIL, NULL}, "unmatched=1 odd=0x20000 mail_ok=1"},
	{"two refusals of nothing", {PLAIN, "S: 503 what\r\n503 what\r\n", NULL}, "unmatched=2 odd=0x20000"},
	{"an acceptance of nothing", {PLAIN, "S: 250 ok\r\n", NULL}, "unmatched=1 odd=0x20000"},
	// Behind an EHLO that was not answered yet
	{"PIPECONNECT", {"S: 220 mx Exim\r\n", "C: EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "S: 250-mx\r\n250-X_PIPE_CONNECT\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n", "C: x\r\n.\r\n", "S: 250 ok\r\n", NULL}, "odd=0 mail_ok=1 messages_ok=1 unmatched=0"},
	{"... in two segments", {"S: 220 mx Exim\r\n", "C: EHLO a\r\n", "c: MAIL FROM:<a@b>\r\n", "S: 250-mx\r\n250 PIPECONNECT\r\n", "c: RCPT TO:<c@d>\r\n", "S: 250 ok\r\n", NULL}, "odd=0 mail_ok=1"},
	{"... then content before its 354", {"S: 220 mx Exim\r\n", "C: EHLO a\r\nMAIL FROM:<a@b>\r\nDATA\r\nx\r\n.\r\n", "S: 250-mx\r\n250 PIPECONNECT\r\n250 ok\r\n354 go\r\n250 ok\r\n", NULL}, "odd=0x8000"},
	{"not agreed on", {"S: 220 mx\r\n", "C: EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n", "S: 250 mx\r\n250 ok\r\n250 ok\r\n", NULL}, "odd=0x8000 mail_ok=1"},
	{"refused", {"S: 220 mx\r\n", "C: EHLO a\r\nMAIL FROM:<a@b>\r\n", "S: 502 no\r\n503 no\r\n", NULL}, "odd=0x8000"},
	{"never answered", {"S: 220 mx\r\n", "C: EHLO a\r\nMAIL FROM:<a@b>\r\n", NULL}, "odd=0x8000"},
	{"its reply lost", {"S: 220 mx\r\n", "C: EHLO a\r\nMAIL FROM:<a@b>\r\n", "S! 30", "S: 250 ok\r\n", NULL}, "odd=0"},
	// A line stands where its first octet stands
	{"early talker, split line", {"C: EH", "S: 220 x\r\n", "C: LO a\r\n", "S: 250 mx\r\n", NULL}, "odd=0x2000 greeting=220 offer=2"},
	{"mail before the reply was received, split line", {HI, "c: MAIL FR", "S: 250-mx\r\n250 SIZE\r\n", "C: OM:<u@a>\r\n", "S: 250 ok\r\n", NULL}, "clear.not_offered=1 q.not_offered=32 odd=0x8000"},
	{"pipelining, split line", {HI, "S: 250-mx\r\n250 SIZE\r\n", "C: MAIL FROM:<u@a>\r\nRCP", "S: 250 ok\r\n", "C: T TO:<v@b>\r\n", "S: 250 ok\r\n", NULL}, "odd=0x4000 mail_ok=1 rcpt_ok=1"},
	{"early ClientHello, split", {OFFER, "C: STARTTLS\r\n\x16\x03", "S: 220 go\r\n", "C: \x01\x02", NULL}, "early_hello=1 after_220=1"},
};

static void all_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		smtp_row_check(&rows[i]);
}

// More behind STARTTLS than is kept: what was read counts, the rest is a hole.
static void long_behind_starttls(void **state)
{
	static struct facts f;
	static char group[4096];
	size_t n = (size_t)snprintf(group, sizeof(group), "C: STARTTLS\r\nMAIL FROM:<a@b>\r\n");
	while (n < 3000)
		n += (size_t)snprintf(group + n, sizeof(group) - n, "RCPT TO:<user@c.example>\r\n");
	const char *const clear[] = {OFFER, group, "S: 220 go\r\n250 ok\r\n", NULL};
	feed_all_cuts("long, in clear", clear, 0, &f);
	assert_int_equal(f.smtp.clear[CLEAR_AFTER_HANDSHAKE_FAIL], 1);
	const char *const tls[] = {OFFER, group, "S: 220 go\r\n", "C: " HELLO, NULL};
	feed_all_cuts("long, TLS", tls, 0, &f);
	assert_int_equal(f.smtp.injected_c2s, n - strlen("C: STARTTLS\r\n"));
	assert_true(f.smtp.injected_c2s_verb);
}

// The end of data in two segments a second apart.
static void late_dot(void **state)
{
	static const struct {
		const char *name, *first, *second;
		bool odd;
	} cases[] = {
		{"the dot comes late", "x\r\n", ".\r\n", true},
		{"the line end comes late", "x\r\n.", "\r\n", false},
		{"a stuffed dot comes late", "x\r\n", "..y\r\n.\r\n", false},
	};
	static const char *const open[] = {PLAIN, MAIL, "C: DATA\r\n", "S: 354 go\r\n", NULL};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct feed f;
		feed_open(&f, 0);
		for (uint32_t k = 0; open[k]; k++)
			feed_line(&f, open[k], k + 1, SIZE_MAX, 0);
		struct place at = {.off = f.sent[DIR_C2S], .acked = f.sent[DIR_S2C], .frame = 10, .time_ns = UINT64_C(1000000000)};
		feed_piece(&f, DIR_C2S, &at, (const uint8_t *)cases[i].first, strlen(cases[i].first));
		at.off += strlen(cases[i].first);
		at.time_ns *= 2;
		at.frame++;
		feed_piece(&f, DIR_C2S, &at, (const uint8_t *)cases[i].second, strlen(cases[i].second));
		if (!!(f.facts.smtp.oddities & ODD_PIX_DOT) != cases[i].odd)
			fail_msg("%s", cases[i].name);
		assert_int_equal(f.facts.smtp.odd_mark[ODD_AT_PIX_DOT].frame, cases[i].odd ? 11 : 0);
		smtp_end(&f.smtp, &f.env);
		feed_close(&f);
	}
}

// Several oddities in one session: each is where it stands, not where the first of all of them stands.
static void own_marks(void **state)
{
	static struct facts f;
	static const char *const script[] = {HI, "S: 250-mx\r\n250 SIZE\r\n", MAIL, MAIL, "C: RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\n", "S: 250 ok\r\n250 ok\r\n",
		"C: BDAT x\r\n", "S: 501 no\r\n", "C: GET / HTTP/1.1\r\n", "S: 500 no\r\n", NULL};
	static const uint32_t frames[ODD_AT_N] = {[ODD_AT_NESTED_MAIL] = 7, [ODD_AT_PIPELINE_UNOFFERED] = 8, [ODD_AT_BDAT] = 10, [ODD_AT_HTTP] = 12};
	feed_all_cuts("own marks", script, 0, &f);
	for (int i = 0; i < ODD_AT_N; i++)
		assert_int_equal(f.smtp.odd_mark[i].frame, frames[i]);
	static const char *const proxy[] = {"C: PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", "S: 220 mx ESMTP\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", NULL};
	feed_all_cuts("proxy", proxy, 0, &f);
	assert_int_equal(f.smtp.odd_mark[ODD_AT_PROXY].frame, 1);
	assert_int_equal(f.smtp.odd_mark[ODD_AT_EARLY_TALKER].frame, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_rows), cmocka_unit_test(long_behind_starttls), cmocka_unit_test(late_dot), cmocka_unit_test(own_marks)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
