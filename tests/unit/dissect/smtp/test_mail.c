// Transactions, content, authentication, syntax: one row for each thing a finding rests on, and for each trap.
#include "tests/unit/dissect/smtp/expect.h"

#define OPEN "S: 220 mx ESMTP\r\n", "C: EHLO a\r\n", "S: 250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
#define BARE "S: 220 mx ESMTP\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n"
#define ENVELOPE "C: MAIL FROM:<u@a>\r\n", "S: 250 ok\r\n", "C: RCPT TO:<v@b>\r\n", "S: 250 ok\r\n"
#define DATA ENVELOPE, "C: DATA\r\n", "S: 354 go\r\n"

static const struct smtp_row rows[] = {
	{"a mail", {OPEN, DATA, "C: Subject: x\r\n\r\nhi\r\n.\r\n", "S: 250 queued\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL},
		"mail_ok=1 rcpt_ok=1 messages=1 messages_ok=1 octets=21 eod=0 odd=0 unmatched=0 lf_data=0 cr_data=0 quit=1 last_code=221 domains=1"},
	{"pipelined mail", {OPEN, "C: MAIL FROM:<u@a>\r\nRCPT TO:<v@b>\r\nRCPT TO:<w@c>\r\nDATA\r\n", "S: 250 ok\r\n250 ok\r\n550 relaying denied\r\n354 go\r\n", "C: x\r\n.\r\nQUIT\r\n", "S: 250 ok\r\n221 bye\r\n", NULL},
		"mail_ok=1 rcpt_ok=1 rcpt_refused=1 relay=1 messages_ok=1 odd=0 unmatched=0 domains=2"},
	{"pipelined without an offer", {BARE, "C: MAIL FROM:<u@a>\r\nRCPT TO:<v@b>\r\n", "S: 250 ok\r\n250 ok\r\n", NULL}, "odd=0x4000 mail_ok=1"},
	{"early talker", {"C: EHLO a\r\n", "S: 220 x\r\n250 mx\r\n", NULL}, "odd=0x2000 greeting=220 offer=2 unmatched=0"},
	{"content before 354", {OPEN, ENVELOPE, "C: DATA\r\nx\r\n.\r\n", "S: 354 go\r\n250 ok\r\n", NULL}, "odd=0x8000 messages=1 unmatched=0"},
	{"commands across DATA, refused", {OPEN, "C: DATA\r\nRSET\r\n", "S: 503 no\r\n250 ok\r\n", NULL}, "odd=0x8000 messages=0 unmatched=0"},
	{"multi-line banner", {"S: 220-teaser\r\n", "S: 220 mx\r\n", NULL}, "odd=0x200000 greeting=220"},
	{"refusing banner", {"S: 554 go away\r\n", NULL}, "greeting=554"},
	{"421 out of the blue", {OPEN, "s: 421 timeout\r\n", NULL}, "unmatched=0 last_code=421"},
	{"extra reply", {OPEN, "S: 250 what\r\n", NULL}, "unmatched=1 odd=0x20000"},
	{"LMTP", {"S: 220 x LMTP\r\n", "C: LHLO a\r\n", "S: 250 mx\r\n", "C: MAIL FROM:<>\r\n", "S: 250 ok\r\n", "C: RCPT TO:<a@b>\r\n", "S: 250 ok\r\n", "C: RCPT TO:<c@b>\r\n", "S: 250 ok\r\n", "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 one\r\n250 two\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "hello=3 unmatched=0 messages=1 messages_ok=2 null_sender=1 domains=1"},
	{"nested MAIL", {OPEN, ENVELOPE, "C: MAIL FROM:<x@a>\r\n", "S: 250 ok\r\n", NULL}, "odd=0x10 mail_ok=2"},
	{"REQUIRETLS, SMTPUTF8", {OPEN, "C: MAIL FROM:<u@a> SIZE=1 requiretls SMTPUTF8\r\n", NULL}, "requiretls=1 smtputf8=1"},
	{"quoted local part", {OPEN, "C: RCPT TO:<\"a>b@c\"@d.example>\r\n", "S: 250 ok\r\n", NULL}, "domains=1 rcpt_ok=1"},
	// BDAT
	{"chunks", {OPEN, ENVELOPE, "C: BDAT 5\r\n.\r\n\r\nBDAT 0 LAST\r\n", "S: 250 ok\r\n250 queued\r\n", NULL}, "octets=5 messages=1 messages_ok=1 unmatched=0 odd=0 eod=0"},
	{"chunk of a bad size", {OPEN, "C: BDAT -1\r\n", "S: 501 no\r\n", "C: BDAT 99999999999999999999 LAST\r\n", "S: 501 no\r\n", NULL}, "odd=0x20 octets=0 unmatched=0"},
	{"chunks without LAST", {OPEN, ENVELOPE, "C: BDAT 2\r\nab", "S: 250 ok\r\n", "C: QUIT\r\n", NULL}, "odd=0x40"},
	{"chunk refused, then QUIT", {OPEN, "C: BDAT 2\r\nab", "S: 503 no\r\n", "C: QUIT\r\n", NULL}, "odd=0"},
	{"DATA among chunks", {OPEN, ENVELOPE, "C: BDAT 2\r\nab", "S: 250 ok\r\n", "C: DATA\r\n", "S: 503 no\r\n", NULL}, "odd=0x80"},
	{"gap in a chunk", {OPEN, ENVELOPE, "C: BDAT 10 LAST\r\nabc", "C! 5", "C: deQUIT\r\n", "S: 250 ok\r\n221 bye\r\n", NULL}, "octets=5 quit=1 messages_ok=1"},
	// Ends of data
	{"LF.LF", {OPEN, DATA, "C: a\n.\nb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=1 eod_verb=0 eod_effect=0 lf_data=2 messages_ok=1"},
	{"LF.CRLF", {OPEN, DATA, "C: a\n.\r\nb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=2"},
	{"CRLF.LF", {OPEN, DATA, "C: a\r\n.\nb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=4"},
	{"CR.CR", {OPEN, DATA, "C: a\r.\rb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=8 cr_data=2"},
	{"CR.CRLF", {OPEN, DATA, "C: a\r.\r\nb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=16"},
	{"CRLF.CR", {OPEN, DATA, "C: a\r\n.\rb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=32 messages_ok=1"},
	{"LF.CR", {OPEN, DATA, "C: a\n.\rb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=64"},
	{"CRLF NUL.CRLF", {OPEN, DATA, "C: a\r\n\x7f.\r\nb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=128"},
	{"CRLF.CRCRLF is information", {OPEN, DATA, "C: a\r\n.\r\r\nMAIL FROM:<x@y>\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=256 eod_verb=0 messages_ok=1"},
	{"dot-stuffed", {OPEN, DATA, "C: ..\r\n.a\r\n..\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=0 messages_ok=1 octets=15"},
	{"a transcript in a mail", {OPEN, DATA, "C: MAIL FROM:<x@y>\r\nRCPT TO:<z>\r\nDATA\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=0 eod_verb=0"},
	{"smuggling, no effect", {OPEN, DATA, "C: a\n.\nMAIL FROM:<x@y>\r\nb\r\n.\r\n", "S: 250 ok\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "eod=1 eod_verb=1 eod_effect=0 mail_ok=1"},
	{"smuggling by CR alone", {OPEN, DATA, "C: a\r\n.\rDATA\r\nb\r\n.\r\n", "S: 250 ok\r\n", NULL}, "eod=32 eod_verb=1"},
	{"smuggling, effect", {OPEN, DATA, "C: a\n.\nMAIL FROM:<x@y>\nRCPT TO:<z@w>\nDATA\nb\r\n.\r\n", "S: 250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", NULL}, "eod_verb=1 eod_effect=1 mail_ok=2 unmatched=0"},
	{"smuggling, effect, QUIT pipelined", {OPEN, DATA, "C: a\n.\nMAIL FROM:<x@y>\nRCPT TO:<z@w>\nDATA\nb\r\n.\r\nQUIT\r\n", "S: 250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n", NULL}, "eod_effect=1 mail_ok=2 last_code=221"},
	{"a client that ends every line in LF", {"S: 220 mx\r\n", "C: HELO a\n", "S: 250 mx\r\n", "C: MAIL FROM:<u@a>\n", "S: 250 ok\r\n", "C: DATA\n", "S: 354 go\r\n", "C: x\n.\n", "S: 250 ok\r\n", "C: QUIT\n", "S: 221 bye\r\n", NULL}, "quit=1 messages_ok=1 eod_effect=0 unmatched=0 lf_command=4"},
	{"a lenient server", {OPEN, DATA, "C: x\n.\n", "S: 250 ok\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "quit=1 eod=1 eod_effect=0 unmatched=0 messages_ok=1"},
	// Authentication
	{"AUTH PLAIN", {OPEN, "C: AUTH PLAIN AGEAYg==\r\n", "S: 235 ok\r\n", NULL}, "mech=1 secret=1 auth_ok=1 n_auth=1 auth_failed=0"},
	{"AUTH LOGIN, failed", {OPEN, "C: AUTH LOGIN\r\n", "S: 334 VXNlcm5hbWU6\r\n", "C: QUIT\r\n", "S: 334 UGFzc3dvcmQ6\r\n", "C: cGFzcw==\r\n", "S: 535 no\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "mech=2 secret=1 auth_ok=0 auth_failed=1 quit=1 unmatched=0 odd=0"},
	{"AUTH PLAIN leaked, then CRAM-MD5", {OPEN, "C: AUTH PLAIN AGEAYg==\r\n", "S: 535 no\r\n", "C: AUTH CRAM-MD5\r\n", "S: 334 PDE+\r\n", "C: YiAx\r\n", "S: 235 ok\r\n", NULL}, "mech=1 secret=1 auth_ok=1 n_auth=2 auth_failed=1"},
	{"AUTH refused first", {OPEN, "C: AUTH LOGIN\r\n", "S: 538 no\r\n", "C: NOOP\r\n", "S: 250 ok\r\n", NULL}, "secret=0 auth_refused_first=1 auth_failed=1 unmatched=0"},
	{"AUTH aborted", {OPEN, "C: AUTH PLAIN\r\n", "S: 334 \r\n", "C: *\r\n", "S: 501 no\r\n", "C: NOOP\r\n", "S: 250 ok\r\n", NULL}, "secret=0 auth_failed=1 unmatched=0"},
	{"AUTH offered", {"S: 220 x\r\n", "C: EHLO a\r\n", "S: 250-mx\r\n250-AUTH PLAIN LOGIN SCRAM-SHA-256\r\n250 AUTH=NTLM\r\n", NULL}, "auth_offered=0x66"},
	// Syntax and strangers
	{"octets", {OPEN, "C: NOOP \x80\x7f\n", "S: 250 ok\r\n", "C: NO\rOP\r\n", NULL}, "bad_octets=2 lf_command=1 cr_command=1"},
	{"mixed codes", {"S: 220 x\r\n", "C: NOOP\r\n", "S: 250-a\r\n550 b\r\n", NULL}, "odd=2 unmatched=0"},
	{"no code", {"S: 220 x\r\n", "C: NOOP\r\n", "S: hello\r\n250 b\r\n", NULL}, "odd=1 last_code=250"},
	{"HTTP", {"C: GET / HTTP/1.1\r\n", "S: 220 x\r\n", NULL}, "odd=0x2100 seen=1"},
	{"PROXY v1", {"C: PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", "S: 220 x\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", NULL}, "odd=0x800 offer=2"},
	{"PROXY v2", {"C: \r\n\r\n\x7f\r\nQUIT\n\x21\x11\x7f\x0c" "abcdefghijkl", "S: 220 x\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", NULL}, "odd=0x1000 offer=2 quit=0"},
	{"XCLIENT, VRFY", {OPEN, "C: XCLIENT ADDR=192.0.2.1\r\n", "S: 220 x\r\n", "C: VRFY u\r\n", "S: 252 hm\r\n", NULL}, "odd=0x100200 unmatched=0"},
	// Loss
	{"the reply to DATA is lost, what looks like content was refused", {OPEN, "C: MAIL FROM:<u@a>\r\nRCPT TO:<v@b>\r\nDATA\r\n", "S! 24", "C: Subject: x\r\n\r\n.\r\n", "S: 500 what\r\n", NULL},
		"guessed=1 mail_guessed=1 mail_ok=1 clear.unknown=1"},
	{"a guess, then content for sure", {OPEN, ENVELOPE, "C: DATA\r\n", "S! 8", "C: Subject: x\r\n\r\n.\r\n", "S: 250 ok\r\n", ENVELOPE, "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 ok\r\n", NULL},
		"guessed=0 mail_guessed=0 mail_ok=2"},
	{"354 lost, content seen", {OPEN, ENVELOPE, "C: DATA\r\n", "S! 8", "C: Subject: x\r\n\r\n.\r\n", "S: 250 ok\r\n", NULL}, "octets=17 mail_ok=1 unmatched=0"},
	{"MAIL and its reply lost", {OPEN, "C! 20", "S! 8", "C: DATA\r\n", "S: 354 go\r\n", "C: x\r\n.\r\n", "S: 250 ok\r\n", NULL}, "mail_ok=1 clear.unknown=1 messages_ok=1 unmatched=0"},
	{"end of data lost", {OPEN, DATA, "C: x\r\ny", "C! 9", "S: 250 ok\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", NULL}, "quit=1 messages_ok=1 unmatched=0"},
	{"server only", {"S: 220 mx ESMTP\r\n", "S: 250-mx\r\n250 STARTTLS\r\n", "S: 250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", NULL}, "greeting=220 mail_ok=1 clear.unknown=1 unmatched=0", Q_ONE_DIR},
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
