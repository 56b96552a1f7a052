// Bounds: memory that stays put, time that stays linear, news that stay few, and a dialogue that gives nothing away.
#include "tests/unit/feed.h"

#include <time.h>

enum { MANY = 1000000 };

static struct feed f;

static void put(enum dir d, const char *text, size_t len)
{
	struct place at = {.off = f.sent[d], .acked = f.sent[dir_other(d)], .frame = 1};
	enum smtp_need need;
	assert_int_equal(smtp_feed(&f.smtp, &f.env, d, &at, (const uint8_t *)text, len, &need), len);
	f.sent[d] += len;
}

static void say(enum dir d, const char *text)
{
	put(d, text, strlen(text));
}

static void long_lines(void **state)
{
	enum { LINE = 10 << 20 };
	feed_open(&f, 0);
	for (int i = 0; i < LINE; i++) {
		put(DIR_C2S, "a", 1);
		put(DIR_S2C, "2", 1);
	}
	assert_int_equal(f.lines.n_peak, 2);
	say(DIR_C2S, "\r\n");
	say(DIR_S2C, "\r\n");
	assert_int_equal(f.lines.n_used, 0);
	assert_int_equal(f.facts.smtp.long_command, 1);
	assert_int_equal(f.facts.smtp.long_reply, 1);
	assert_true(f.facts.smtp.oddities & ODD_LINE_UNBOUNDED);
	smtp_end(&f.smtp, &f.env);
	feed_close(&f);
}

static void recipients(void **state)
{
	feed_open(&f, 0);
	say(DIR_S2C, "220 x\r\n");
	say(DIR_C2S, "EHLO a\r\n");
	say(DIR_S2C, "250-x\r\n250 PIPELINING\r\n");
	say(DIR_C2S, "MAIL FROM:<a@b>\r\n");
	for (int i = 0; i < MANY; i++) {
		char text[64];
		put(DIR_C2S, text, (size_t)snprintf(text, sizeof(text), "RCPT TO:<u%d@d%d.example>\r\n", i, i));
	}
	assert_int_equal(f.facts.smtp.n_rcpt, MANY);
	assert_int_equal(f.facts.smtp.n_rcpt_domains, FACTS_RCPT_DOMAINS);
	assert_true(f.facts.smtp.oddities & ODD_TOO_MANY_PENDING);
	for (int i = 0; i <= MANY; i++)
		say(DIR_S2C, "250 ok\r\n");
	assert_true(f.facts.smtp.n_rcpt_ok == SMTP_PENDING_MAX - 1);
	assert_int_equal(f.lines.n_peak, 1);
	smtp_end(&f.smtp, &f.env);
	assert_int_equal(f.lines.n_used, 0);
	feed_close(&f);
}

// After a hole a reply may step over commands, but it does not look through all of them each time: what a reply costs
// does not depend on how many commands wait.
static uint64_t cost(int waiting)
{
	struct timespec from, to;
	struct place at = {.off = 100};
	feed_open(&f, Q_GAP);
	smtp_gap(&f.smtp, &f.env, DIR_C2S, &at, 10);
	for (int i = 0; i <= waiting; i++) { // the first belongs to the group in the hole
		struct place here = {.off = 200, .acked = 1, .frame = 1, .quality = Q_GAP};
		enum smtp_need need;
		smtp_feed(&f.smtp, &f.env, DIR_C2S, &here, (const uint8_t *)"NOOP\r\n", 6, &need);
	}
	assert_true(f.smtp.pending.n >= waiting);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < 20000; i++)
		say(DIR_S2C, "354\r\n");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	smtp_end(&f.smtp, &f.env);
	feed_close(&f);
	return (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000 + (uint64_t)to.tv_nsec - (uint64_t)from.tv_nsec;
}

static void replies_to_none_of_many(void **state)
{
	uint64_t few = cost(1), many = cost(900);
	if (many > 4 * few)
		fail_msg("%llu ns with one command waiting, %llu ns with 900", (unsigned long long)few, (unsigned long long)many);
}

// A mail whose commands find no room among those that wait is shown by its 354.
static void mail_without_room(void **state)
{
	feed_open(&f, 0);
	say(DIR_S2C, "220 x\r\n");
	say(DIR_C2S, "EHLO a\r\n");
	say(DIR_S2C, "250-x\r\n250 PIPELINING\r\n");
	for (int i = 0; i < SMTP_PENDING_MAX; i++)
		say(DIR_C2S, "NOOP\r\n");
	say(DIR_C2S, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	for (int i = 0; i < SMTP_PENDING_MAX + 2; i++)
		say(DIR_S2C, "250 ok\r\n");
	say(DIR_S2C, "354 go\r\n");
	say(DIR_C2S, "x\r\n.\r\n");
	say(DIR_S2C, "250 ok\r\n");
	assert_int_equal(f.facts.smtp.n_mail_ok, 1);
	assert_int_equal(f.facts.smtp.n_messages_ok, 1);
	smtp_end(&f.smtp, &f.env);
	feed_close(&f);
}

static void endless_reply(void **state)
{
	feed_open(&f, 0);
	say(DIR_S2C, "220 x\r\n");
	say(DIR_C2S, "EHLO a\r\n");
	for (int i = 0; i < MANY; i++)
		say(DIR_S2C, i % 2 ? "250-XXXXXXXA\r\n" : "250-STARTTLS\r\n");
	assert_int_equal(f.lines.n_peak, 0);
	assert_int_equal(f.facts.smtp.offer, OFFER_UNSEEN);
	smtp_end(&f.smtp, &f.env);
	assert_int_equal(f.facts.smtp.offer, OFFER_YES);
	assert_true(f.facts.text_used <= FACTS_TEXT_MAX);
	feed_close(&f);
}

// Without room for partial lines they are counted, and the machine goes on.
static void no_line_memory(void **state)
{
	static const char *const script[] = {"S: 220 mx\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", NULL};
	feed_open(&f, 0);
	while (slab_get(&f.lines))
		continue;
	for (uint32_t i = 0; script[i]; i++)
		feed_line(&f, script[i], i + 1, 1, 0);
	assert_true(f.counter[COUNT_smtp_line_no_memory] >= 3);
	assert_int_equal(f.facts.smtp.n_ehlo, 0);
	smtp_end(&f.smtp, &f.env);
	feed_close(&f);
}

static void few_news(void **state)
{
	feed_open(&f, 0);
	say(DIR_S2C, "220 x\r\n");
	for (int i = 0; i < 1000; i++) {
		f.env.news = false;
		say(DIR_C2S, "MAIL FROM:<a@b> REQUIRETLS\r\n");
		say(DIR_S2C, "250 ok\r\n");
		say(DIR_C2S, "DATA\r\n");
		say(DIR_S2C, "354 ok\r\n");
		say(DIR_C2S, "a\n.\nRSET\r\nx\r\n.\r\n");
		say(DIR_S2C, "250 ok\r\n");
		f.news += f.env.news;
	}
	assert_int_equal(f.news, 1);
	smtp_end(&f.smtp, &f.env);
	feed_close(&f);
}

static char told[4096];
static size_t n_told;

static void listen(void *ctx, uint64_t birth, enum dir d, const struct place *at, const char *kind, const uint8_t *text, size_t len)
{
	n_told += (size_t)snprintf(told + n_told, sizeof(told) - n_told, "%s:%.*s\n", kind, (int)len, (const char *)text);
}

static void dialogue(void **state)
{
	static const struct dialogue ear = {.line = listen};
	static const char *const script[] = {"S: 220 mx\r\n", "C: EHLO a\r\n", "S: 250 mx\r\n", "C: AUTH PLAIN c2VjcmV0\r\n", "S: 535 no\r\n",
		"C: AUTH LOGIN\r\n", "S: 334 x\r\n", "C: c2VjcmV0\r\n", "S: 235 ok\r\n", "C: secret\r\n", "S: 500 what\r\n",
		"C: MAIL FROM:<secret@a.example> AUTH=<secret@x>\r\n", "S: 250 ok\r\n", "C: RCPT TO:<@secret,@s:secret@b.example>\r\n", "S: 250 ok\r\n",
		"C: DATA\r\n", "S: 354 go\r\n", "C: secret\r\n.\r\n", "S: 250 ok\r\n", "C: VRFY secret\r\n", "S: 252 secret\r\n",
		"C: AUTH c2VjcmV0\r\n", "S: 504 no c2VjcmV0\r\n", "C: NOOP secret\r\n", "S: 250 ok\r\n", "C: EHLO secret@a.example\r\n",
		"S: 250 mx\r\n", "C: AUTH PLAIN\r\n", "S: 334 \r\n", "C: c2VjcmV0\r\n", "S: 235 hello, secret\r\n", NULL};
	feed_open(&f, 0);
	f.env.dialogue = &ear;
	n_told = 0;
	feed_play(&f, script, SIZE_MAX, 0);
	assert_null(memmem(f.facts.text, f.facts.text_used, "secret", 6));
	assert_null(memmem(f.facts.text, f.facts.text_used, "c2VjcmV0", 8));
	feed_close(&f);
	assert_null(strstr(told, "secret"));
	assert_null(strstr(told, "c2VjcmV0"));
	assert_non_null(strstr(told, "credential:AUTH PLAIN ***\n"));
	assert_non_null(strstr(told, "command:MAIL FROM:<***@a.example>\n"));
	assert_non_null(strstr(told, "command:RCPT TO:<***@b.example>\n"));
	assert_non_null(strstr(told, "content:[message content, 11 octets]\n"));
	assert_non_null(strstr(told, "credential:[credential]\n"));
}

// What a session's facts hold of an envelope follows the setting; the digest follows case-folded order.
static uint64_t digest_of(const char *mail, const char *rcpt, bool keep)
{
	const char *script[] = {"S: 220 x\r\n", mail, "S: 250 ok\r\n", rcpt, "S: 250 ok\r\n", NULL};
	feed_open(&f, 0);
	f.env.keep_envelope = keep;
	feed_play(&f, script, SIZE_MAX, 0);
	assert_int_equal(f.facts.smtp.from_local.len, keep ? 1 : 0);
	assert_int_equal(f.facts.smtp.from_domain.len, 9);
	feed_close(&f);
	return f.facts.smtp.envelope_digest;
}

static void envelope(void **state)
{
	uint64_t a = digest_of("C: MAIL FROM:<u@a.example>\r\n", "C: RCPT TO:<v@b>\r\n", false);
	assert_true(a != 0);
	assert_true(a == digest_of("C: mail from: <U@A.example> SIZE=1\r\n", "C: RCPT TO:<V@B>\r\n", true));
	assert_true(a != digest_of("C: MAIL FROM:<u@a.example>\r\n", "C: RCPT TO:<w@b>\r\n", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_lines), cmocka_unit_test(recipients), cmocka_unit_test(replies_to_none_of_many), cmocka_unit_test(mail_without_room),
		cmocka_unit_test(endless_reply), cmocka_unit_test(no_line_memory),
		cmocka_unit_test(few_news), cmocka_unit_test(dialogue), cmocka_unit_test(envelope),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
