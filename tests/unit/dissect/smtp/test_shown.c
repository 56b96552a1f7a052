// What the server's replies show of a client that was not understood: a verb that nobody knows, or octets that were
// read as something else. The judgement rests on what was answered, not on how it was asked.
#include "tests/unit/dissect/smtp/expect.h"

#define OPEN "S: 220 mx ESMTP\r\n", "C: EHLO a\r\n", "S: 250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
#define RCPT "C: RCPT TO:<v@b>\r\n", "S: 250 ok\r\n"
#define CONTENT "C: Subject: x\r\n\r\nhi\r\n.\r\n", "S: 250 queued\r\n", "C: QUIT\r\n", "S: 221 bye\r\n"
#define SENDER(line) OPEN, "C: " line "\r\n", "S: 250 ok\r\n"
#define SENT "mail_ok=1 clear.not_offered=1 messages=1 messages_ok=1 octets=21 unmatched=0 odd=0 quit=1"

static const struct smtp_row rows[] = {
	// Senders
	{"blanks before MAIL", {SENDER(" \tMAIL FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=1 " SENT},
	{"blanks before MAIL, refused", {OPEN, "C:  MAIL FROM:<u@a>\r\n", "S: 500 no\r\n", NULL}, "n_mail=1 mail_ok=0"},
	{"SOML", {SENDER("SOML FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=1 " SENT},
	{"SEND", {SENDER("send from:<u@a>"), "C: QUIT\r\n", NULL}, "n_mail=1 mail_ok=1"},
	{"SAML", {SENDER("SAML FROM:<u@a>"), "C: QUIT\r\n", NULL}, "n_mail=1 mail_ok=1"},
	{"SEND is not what every server has", {OPEN, "C: SEND FROM:<u@a>\r\n", "S: 502 no\r\n", NULL}, "n_mail=1 mail_ok=0 filtered=0"},
	{"a sentence", {SENDER("send more"), NULL}, "n_mail=0 mail_ok=0"},
	{"no verb we know", {SENDER("MAIL:FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=0 " SENT},
	{"a backspace", {SENDER("X\bMAIL FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=0 " SENT},
	{"pipelined", {OPEN, "C: X\bMAIL FROM:<u@a>\r\nRCPT TO:<v@b>\r\nDATA\r\n", "S: 250 ok\r\n250 ok\r\n354 go\r\n", CONTENT, NULL}, SENT},
	{"two mails", {SENDER("MAIL:FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 ok\r\n", "C: MAIL:FROM:<u@a>\r\n", "S: 250 ok\r\n", RCPT, "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 ok\r\n", NULL}, "mail_ok=2 messages_ok=2"},
	{"content refused after 354 crossed the wire", {SENDER("MAIL:FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 554 no\r\n", NULL}, "mail_ok=1 messages_ok=0 octets=6"},
	{"LMTP", {"S: 220 x LMTP\r\n", "C: LHLO a\r\n", "S: 250 mx\r\n", "C: MAIL:FROM:<>\r\n", "S: 250 ok\r\n", "C: RCPT TO:<a@b>\r\n", "S: 250 ok\r\n", "C: RCPT TO:<c@b>\r\n", "S: 250 ok\r\n", "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 one\r\n250 two\r\n", NULL}, "mail_ok=1 messages_ok=2 unmatched=0"},
	// Content
	{"blanks before DATA", {SENDER("MAIL FROM:<u@a>"), RCPT, "C:  DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=1 " SENT},
	{"DATA that nobody knows", {SENDER("X\bMAIL FROM:<u@a>"), RCPT, "C: X\bDATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, SENT},
	{"any 3xx to DATA", {SENDER("MAIL FROM:<u@a>"), RCPT, "C: DATA\r\n", "S: 300 go\r\n", CONTENT, NULL}, "n_mail=1 " SENT},
	{"BDAT without MAIL", {SENDER("MAIL:FROM:<u@a>"), RCPT, "C: BDAT 5 LAST\r\nhello", "S: 250 queued\r\n", NULL}, "mail_ok=1 messages_ok=1 clear.not_offered=1"},
	{"chunks without MAIL", {SENDER("MAIL:FROM:<u@a>"), RCPT, "C: BDAT 5\r\nhello", "S: 250 ok\r\n", "C: BDAT 0 LAST\r\n", "S: 250 queued\r\n", NULL}, "mail_ok=1 messages_ok=1"},
	{"BDAT refused", {SENDER("MAIL:FROM:<u@a>"), "C: BDAT 5 LAST\r\nhello", "S: 503 no\r\n", NULL}, "mail_ok=0"},
	{"a server that ends lines at CR", {OPEN, "C: NOOP\rMAIL FROM:<u@a>\r\n", "S: 250 ok\r\n250 ok\r\n", RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "mail_ok=1 clear.not_offered=1 messages_ok=1"},
	{"... and a pipelining client", {OPEN, "C: NOOP\rMAIL FROM:<u@a>\r\nRCPT TO:<v@b>\r\nDATA\r\n", "S: 250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", CONTENT, NULL}, "mail_ok=1 clear.unknown=1 octets=21 quit=1"},
	{"blanks before STARTTLS", {OPEN, "C:  STARTTLS\r\n", "S: 220 go\r\n", "C: \x16\x03\x01\x02", "S: \x16\x03\x01\x02", NULL}, "starttls_code=220 after_220=1 tls_asked=1"},
	{"XEXCH50", {SENDER("MAIL FROM:<u@a>"), RCPT, "C: XEXCH50 4 2\r\n", "S: 354 go\r\n", "C: QUIT\r\n", "S: 250 ok\r\n", NULL}, "mail_ok=1 quit=1"},
	{"XEXCH50 without MAIL", {SENDER("X\bMAIL FROM:<u@a>"), RCPT, "C: XEXCH50 4 2\r\n", "S: 354 go\r\n", NULL}, "mail_ok=1"},
	{"354 to anything", {OPEN, "C: NOOP\r\n", "S: 354 go\r\n", "C: QUIT\r\n", NULL}, "mail_ok=1 octets=6 quit=0"},
	// Authentication
	{"blanks before AUTH", {OPEN, "C:  AUTH PLAIN AGEAYg==\r\n", "S: 235 ok\r\n", NULL}, "mech=1 secret=1 auth_ok=1 n_auth=1"},
	{"X-EXPS", {OPEN, "C: X-EXPS LOGIN dQ==\r\n", "S: 334 UGFzc3dvcmQ6\r\n", "C: EHLO b\r\n", "S: 235 ok\r\n", NULL}, "mech=2 secret=1 auth_ok=1 n_auth=1 n_ehlo=1"},
	{"235 to a line nobody knows", {OPEN, "C: XAUTH dQ==\r\n", "S: 235 ok\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "mech=12 auth_ok=1 n_auth=1 unmatched=0 quit=1"},
	{"334 to a line nobody knows", {OPEN, "C: XAUTH x\r\n", "S: 334 PDE+\r\n", "C: EHLO b\r\n", "S: 334 PDE+\r\n", "C: RSET\r\n", "S: 535 no\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "mech=12 auth_ok=0 secret=1 n_auth=1 auth_failed=1 n_ehlo=1 unmatched=0 quit=1"},
	{"334 that asks for a user name", {OPEN, "C: XAUTH x\r\n", "S: 334 VXNlcm5hbWU6\r\n", "C: dQ==\r\n", "S: 334 UGFzc3dvcmQ6\r\n", "C: cA==\r\n", "S: 235 ok\r\n", NULL}, "mech=2 auth_ok=1 secret=1 n_auth=1 unmatched=0"},
	{"twice", {OPEN, "C: XAUTH dQ==\r\n", "S: 535 no\r\n", "C: XAUTH dQ==\r\n", "S: 235 ok\r\n", "C: XAUTH dQ==\r\n", "S: 235 ok\r\n", NULL}, "n_auth=2"},
	{"CRAM-MD5 leaked, then ANONYMOUS", {OPEN, "C: AUTH CRAM-MD5\r\n", "S: 334 PDE+\r\n", "C: YiAx\r\n", "S: 535 no\r\n", "C: AUTH ANONYMOUS\r\n", "S: 504 no\r\n", NULL}, "mech=3 n_auth=2"},
	{"235 to nothing", {OPEN, "S: 235 ok\r\n", NULL}, "mech=12 auth_ok=1 n_auth=1 unmatched=1"},
	{"235 alone, its AUTH lost", {OPEN, "C! 20", "S: 235 ok\r\n", NULL}, "mech=12 auth_ok=1 n_auth=1 unmatched=0"},
	{"235, a part of the dialogue lost", {OPEN, "C: AUTH CRAM-MD5\r\n", "S: 334 PDE+\r\n", "C! 10", "S: 235 ok\r\n", NULL}, "mech=3 auth_ok=1 n_auth=1"},
	// Octets that were read as something else
	{"a chunk of which the server knows nothing", {OPEN, "C: BDAT 100000 LAST\r\n", "S: 502 no\r\n", "C: MAIL FROM:<u@a>\r\n", "S: 250 ok\r\n", RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=1 astray=0 " SENT},
	{"... not the last", {OPEN, "C: BDAT 18446744073709551615\r\n", "S: 501 no\r\n", "C: MAIL FROM:<u@a>\r\n", "S: 250 ok\r\n", RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=1 astray=0 " SENT},
	{"a chunk sent before it was refused", {OPEN, "C: BDAT 13 LAST\r\n", "c: EHLO x\r\nabc", "S: 502 no\r\n", "C: \r\nQUIT\r\n", NULL}, "n_ehlo=1 octets=13 quit=1"},
	{"a chunk that the server skips", {OPEN, "C: BDAT 8 LAST\r\n", "S: 503 no\r\n", "C: EHLO x\r\nQUIT\r\n", "S: 221 bye\r\n", NULL}, "n_ehlo=1 octets=8 quit=1 unmatched=0"},
	{"the reply to an earlier chunk", {OPEN, "C: BDAT 2\r\nabBDAT 8 LAST\r\n", "S: 502 no\r\n", "C: EHLO x\r\nQUIT\r\n", NULL}, "n_ehlo=1 octets=10 quit=1"},
	{"a mail inside a chunk", {OPEN, "C: BDAT 100000 LAST\r\n.", "S: 502 no\r\n500 what\r\n", "C: MAIL FROM:<u@a>\r\n", "S: 250 ok\r\n", RCPT, "C: DATA\r\n", "S: 354 go\r\n", CONTENT, NULL}, "n_mail=0 mail_ok=1 clear.unknown=1"},
	{"a mail inside a PROXY header", {"S: 220 mx\r\n", "C: \r\n\r\n\x7f\r\nQUIT\n\x21\x11\xff\xff", "S: 500 what\r\n500 what\r\n500 what\r\n500 what\r\n", "C: EHLO a\r\n", "S: 250-mx\r\n250 SIZE\r\n", "C: QUIT\r\n", NULL}, "n_ehlo=0 astray=1 quit=0"},
	{"refused without having been asked", {OPEN, "S: 500 what\r\n500 what\r\n", NULL}, "unmatched=2 astray=0"},
	{"two farewells", {OPEN, "C: QUIT\r\n", "S: 221 bye\r\n221 bye\r\n", NULL}, "unmatched=0 astray=0"},
	{"SMTP in answer to what began like TLS", {OPEN, "C: STARTTLS\r\n", "S: 220 go\r\n", "C: \x16\x03\x01\x40 EHLO a\r\n", "S: 500 what\r\n", "C: MAIL FROM:<u@a>\r\n", "S: 250 ok\r\n", NULL}, "astray=1 injected_reply=1"},
};

static void all_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		smtp_row_check(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
