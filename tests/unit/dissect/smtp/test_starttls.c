// STARTTLS from the offer to what follows the 220: one row for each thing a finding rests on, and for each trap.
#include "tests/unit/dissect/smtp/expect.h"

#define HI "S: 220 mx ESMTP\r\n", "C: EHLO a.example\r\n"
#define MAIL "C: MAIL FROM:<u@a.example>\r\n", "S: 250 ok\r\n"
#define OFFER HI, "S: 250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
#define HELLO "\x16\x03\x01\x02"

static const struct smtp_row rows[] = {
	{"not offered, mail", {HI, "S: 250-mx\r\n250 SIZE 5\r\n", MAIL, NULL}, "offer=2 clear.not_offered=1 mail_ok=1 n_mail=1 q.not_offered=0"},
	{"offered, unused", {OFFER, MAIL, NULL}, "offer=3 offer_line=3 flaws=0 clear.unused=1 q.unused=0 odd=0"},
	{"mail before the reply was received", {HI, "c: MAIL FROM:<u@a>\r\n", "S: 250-mx\r\n250 SIZE\r\n", "S: 250 ok\r\n", NULL}, "clear.not_offered=1 q.not_offered=32 odd=0x8000"},
	{"any case, trailing blanks", {HI, "S: 250-mx\r\n250-sTaRtTlS \t\r\n250 X\r\n", NULL}, "offer=3 flaws=0 offer_line=2"},
	{"one plain line (greylist front end)", {HI, "S: 250 hello\r\n", MAIL, NULL}, "offer=2 clear.not_offered=1"},
	{"line 1 is the keyword", {HI, "S: 250-STARTTLS\r\n250 SIZE\r\n", MAIL, NULL}, "offer=5 flaws=1 clear.not_offered=1"},
	{"line 1 speaks of it", {HI, "S: 250-STARTTLS welcomes you\r\n250 SIZE\r\n", NULL}, "offer=2 flaws=0"},
	{"parameter", {HI, "S: 250-mx\r\n250 STARTTLS REQUIRED\r\n", MAIL, NULL}, "offer=3 flaws=2 clear.unused=1"},
	{"wrong code", {HI, "S: 250-mx\r\n550-STARTTLS\r\n250 SIZE\r\n", NULL}, "offer=5 flaws=4 odd=2"},
	{"LF only", {HI, "S: 250-mx\n250 STARTTLS\n", MAIL, NULL}, "offer=3 flaws=8 odd=4 clear.unused=1"},
	{"after the last line", {HI, "S: 250-mx\r\n250 SIZE\r\n250 STARTTLS\r\n", MAIL, NULL}, "offer=5 flaws=16 unmatched=0 clear.not_offered=1"},
	{"masked", {HI, "S: 250-mx\r\n250-XXXXXXXXXX\r\n250 XXXXXXXA\r\n", MAIL, NULL}, "offer=4 masked_len=8 masked_lines=1 clear.not_offered=1"},
	{"private verbs are no masks", {HI, "S: 250-mx\r\n250-XCLIENT\r\n250-XXXXX\r\n250-XEXCH50\r\n250-XXXXXXXA b\r\n250 XFORWARD\r\n", NULL}, "offer=2 masked_lines=0"},
	{"masked banner", {"S: 220 ****2*0***\r\n", NULL}, "greeting=220 greeting_masked=1"},
	{"hyphen on the last line", {HI, "S: 250-mx\r\n250-STARTTLS\r\n", MAIL, NULL}, "offer=3 odd=8 clear.unused=1"},
	{"EHLO refused, HELO", {HI, "S: 502 no\r\n", "C: HELO a\r\n", "S: 250 mx\r\n", MAIL, NULL}, "ehlo_refused=502 offer=2 clear.helo=1 hello=1"},
	{"HELO only", {"S: 220 x\r\n", "C: HELO a\r\n", "S: 250 mx\r\n", MAIL, NULL}, "offer=0 clear.helo=1 hello=1"},
	{"no greeting command", {"S: 220 x\r\n", MAIL, NULL}, "clear.helo=1 hello=0"},
	{"the last EHLO counts", {OFFER, "C: EHLO a\r\n", "S: 250 mx\r\n", MAIL, NULL}, "offer=2 clear.not_offered=1 n_ehlo=2"},
	{"upgrade", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n", "C: " HELLO, "S: " HELLO, NULL}, "starttls_code=220 tls_asked=1 after_220=1 injected_c2s=0 injected_s2c=0 mail_ok=0 early_hello=0 odd=0"},
	{"multi-line 220", {OFFER, "C: STARTTLS\r\n", "S: 220-go\r\n220 on\r\n", "C: " HELLO, "S: " HELLO, NULL}, "after_220=1 injected_s2c=0"},
	{"X-ANONYMOUSTLS", {HI, "S: 250-mx\r\n250 X-ANONYMOUSTLS\r\n", "C: X-ANONYMOUSTLS\r\n", "S: 220 go\r\n", "C: " HELLO, NULL}, "anonymous=1 after_220=1 unoffered=0 offer=3 offer_line=2 flaws=0"},
	{"X-ANONYMOUSTLS alone is an offer", {HI, "S: 250-mx\r\n250-X-ANONYMOUSTLS\r\n250 SIZE\r\n", MAIL, NULL}, "offer=3 offer_line=2 clear.unused=1"},
	{"STARTTLS where X-ANONYMOUSTLS is offered", {HI, "S: 250-mx\r\n250 X-ANONYMOUSTLS\r\n", "C: STARTTLS\r\n", "S: 220 go\r\n", "C: " HELLO, NULL}, "unoffered=0"},
	{"parameter of the command", {OFFER, "C: starttls now\r\n", "S: 501 no\r\n", NULL}, "parameter=1 rejected=501 n_starttls=1"},
	{"RSET and STARTTLS pipelined", {OFFER, "C: RSET\r\nSTARTTLS\r\n", "S: 250 ok\r\n220 go\r\n", "C: " HELLO, NULL}, "starttls_code=220 after_220=1 odd=0 injected_c2s=0"},
	{"rejected, then mail", {OFFER, "C: STARTTLS\r\n", "S: 454 later\r\n", MAIL, NULL}, "rejected=454 clear.reject=1 clear.unused=0 tls_asked=0"},
	{"odd success", {OFFER, "C: STARTTLS\r\n", "S: 200 STRIPTLS\r\n", MAIL, NULL}, "odd_code=200 tls_asked=1 after_220=2 clear.fail=1"},
	{"3xx", {OFFER, "C: STARTTLS\r\n", "S: 300 hm\r\n", NULL}, "odd_code=300 rejected=300"},
	{"sent without an offer", {HI, "S: 250 mx\r\n", "C: STARTTLS\r\n", "S: 220 go\r\n", "C: " HELLO, NULL}, "unoffered=1 starttls_code=220"},
	{"in a transaction", {OFFER, MAIL, "C: STARTTLS\r\n", "S: 503 no\r\n", NULL}, "in_mail=1 rejected=503"},
	{"plaintext after 220", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n", MAIL, NULL}, "after_220=2 clear.fail=1 injected_c2s=0"},
	{"rubbish after 220", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n", "C: hello?\r\n", NULL}, "after_220=3 mail_ok=0"},
	{"injected command, same segment", {OFFER, "C: STARTTLS\r\nEHLO x\r\n", "S: 220 go\r\n", "C: " HELLO, "S: " HELLO, NULL}, "injected_c2s=8 injected_verb=1 after_220=1 not_last=1 unmatched=0"},
	{"injected command, next segment", {OFFER, "C: STARTTLS\r\n", "c: NOOP\r\n", "S: 220 go\r\n", "C: " HELLO, NULL}, "injected_c2s=6 injected_verb=1 after_220=1"},
	{"injected, no line end", {OFFER, "C: STARTTLS\r\nNOOP", "S: 220 go\r\n", "C: " HELLO, NULL}, "injected_c2s=4 injected_verb=0 after_220=1"},
	{"padding only", {OFFER, "C: STARTTLS\r\n\r\n\x7f\x7f", "S: 220 go\r\n", "C: " HELLO, NULL}, "injected_c2s=4 injected_verb=0 after_220=1"},
	{"early ClientHello", {OFFER, "C: STARTTLS\r\n" HELLO, "S: 220 go\r\n", "S: " HELLO, NULL}, "early_hello=1 after_220=1 injected_c2s=0"},
	{"pipelined mail, rejected", {OFFER, "C: STARTTLS\r\nMAIL FROM:<a@b>\r\n", "S: 454 no\r\n250 ok\r\n", NULL}, "rejected=454 clear.reject=1 not_last=1 odd=0"},
	{"injected response", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n250 evil\r\n", "C: " HELLO, "S: " HELLO, NULL}, "injected_s2c=10 injected_reply=1 after_220=1 unmatched=0 astray=0"},
	{"an empty line behind the 220", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n\r\n", "C: " HELLO, "S: " HELLO, NULL}, "injected_s2c=2 injected_reply=0 after_220=1"},
	{"padding behind the 220", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n \x7f\x7f", "C: " HELLO, "S: " HELLO, NULL}, "injected_s2c=3 injected_reply=0"},
	{"a reply without an end behind the 220", {OFFER, "C: STARTTLS\r\n", "S: 220 go\r\n250", "C: " HELLO, "S: " HELLO, NULL}, "injected_s2c=3 injected_reply=1"},
	{"second try", {OFFER, "C: STARTTLS\r\n", "S: 454 no\r\n", "C: STARTTLS\r\n", "S: 220 go\r\n", "C: " HELLO, NULL}, "n_starttls=2 rejected=454 starttls_code=220 after_220=1"},
	{"530", {OFFER, "C: MAIL FROM:<>\r\n", "S: 530 5.7.0 Must issue a STARTTLS command first\r\n", NULL}, "n_530=1 mail_ok=0 null_sender=1"},
	{"530 that asks for a login", {OFFER, "C: MAIL FROM:<>\r\n", "S: 530 5.7.0 Authentication required\r\n", NULL}, "n_530=0 mail_ok=0"},
	{"mangled command", {OFFER, "C: XXXXXXXX\r\n", "S: 500 what\r\n", MAIL, NULL}, "n_mangled=1 mangled_len=8 mangled_code=500 n_starttls=0 clear.unused=1"},
	{"filtered verb", {"S: 220 x\r\n", "C: NOOP\r\n", "S: 502 no\r\n", NULL}, "filtered=502"},
	{"BDAT with the word inside", {OFFER, MAIL, "C: BDAT 10 LAST\r\nSTARTTLS\r\n", "S: 250 ok\r\n", NULL}, "n_starttls=0 octets=10 messages_ok=1"},
	{"gap in the EHLO reply", {HI, "S: 250-mx\r\n", "S! 20", "S: 250 SIZE\r\n", MAIL, NULL}, "offer=1 clear.unknown=1 clear.not_offered=0"},
	{"gap behind the offer", {HI, "S: 250-mx\r\n250-STARTTLS\r\n", "S! 20", "S: 250 SIZE\r\n", MAIL, NULL}, "offer=3 clear.unused=1"},
	{"midstream", {"S! 0", "C! 0", "S: 250-mx\r\n250 SIZE\r\n", MAIL, NULL}, "clear.unknown=1 unmatched=0"},
	{"client only", {"C: EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "C: Subject: x\r\n\r\n.\r\nQUIT\r\n", NULL}, "n_mail=1 mail_ok=1 clear.unknown=1 offer=1 octets=17 quit=1", Q_ONE_DIR},
	{"client only, no content", {"C: EHLO a\r\nMAIL FROM:<a@b>\r\n", "C: QUIT\r\n", NULL}, "n_mail=1 mail_ok=0", Q_ONE_DIR},
	{"reply to STARTTLS lost, TLS", {OFFER, "C: STARTTLS\r\n", "S! 8", "C: " HELLO, "S: " HELLO, NULL}, "tls_asked=1 starttls_code=0 after_220=1"},
};

static void all_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		smtp_row_check(&rows[i]);
}

// What is close to STARTTLS and is not: as a command and as a keyword. Each octet changed, dropped, doubled, added.
static void near_miss(const char *word)
{
	char command[64], line[64];
	snprintf(command, sizeof(command), "C: %s\r\n", word);
	snprintf(line, sizeof(line), "S: 250-mx\r\n250 %s\r\n", word);
	struct smtp_row row = {.name = word, .script = {HI, line, command, "S: 500 what\r\n", NULL}, .want = "n_starttls=0 offer=2"};
	smtp_row_check(&row);
}

static void near_misses(void **state)
{
	static const char word[] = "STARTTLS", other[] = "X\x7f-.sS1\x80";
	char made[16];
	for (size_t i = 0; i < 8; i++) {
		for (const char *c = other; *c; c++) {
			memcpy(made, word, sizeof(word));
			made[i] = *c;
			if (strcasecmp(made, word))
				near_miss(made);
			memcpy(made, word, i);
			made[i] = *c;
			memcpy(made + i + 1, word + i, sizeof(word) - i);
			near_miss(made);
		}
		memcpy(made, word, i);
		memcpy(made + i, word + i + 1, sizeof(word) - i - 1);
		near_miss(made);
	}
	near_miss("STARTTLSX");
	near_miss("STARTTLS\x7f");
	near_miss("STARTTLS\x0b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_rows), cmocka_unit_test(near_misses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
