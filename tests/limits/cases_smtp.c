// One dialogue that never comes to an end.
#include "tests/limits/limits.h"

#include <stdio.h>
#include <string.h>

static void begin(struct traffic *t, struct talk *k)
{
	talk_open(t, k, 0, 25);
	talk_greet(t, k);
}

// `text` again and again until `n` times, `mss` octets in a segment.
static void repeat(struct traffic *t, struct talk *k, int d, const char *text, uint64_t n)
{
	char block[SEGMENT_MAX];
	size_t len = strlen(text), per_block = sizeof(block) / len, fill = 0;
	for (size_t i = 0; i < per_block; i++, fill += len)
		memcpy(block + fill, text, len);
	for (; n >= per_block; n -= per_block)
		talk_send(t, k, d, block, fill, SEGMENT_MAX);
	talk_send(t, k, d, block, n * len, SEGMENT_MAX);
}

// Few segments of `len` octets each, all of them `text` again and again: what a segment costs for each octet of it must
// not depend on its length.
static void long_segments(struct traffic *t, struct talk *k, int d, const char *text, size_t len)
{
	enum { SEGMENTS = 20 };
	static char block[LONG_SEGMENT_MAX];
	size_t text_len = strlen(text);
	for (size_t i = 0; i < len; i++)
		block[i] = text[i % text_len];
	for (int i = 0; i < SEGMENTS; i++)
		talk_send(t, k, d, block, len, len);
}

static void line_of_octets(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	for (uint64_t i = 0; i < n; i++)
		talk_send(t, &k, C, "x", 1, 1);
}

static void line_of_segments(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	repeat(t, &k, C, "x", n);
}

static void reply_line_of_octets(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	for (uint64_t i = 0; i < n; i++)
		talk_send(t, &k, S, "2", 1, 1);
}

static void reply_lines(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	talk_say(t, &k, C, "EHLO client.example\r\n");
	repeat(t, &k, S, "250-x\r\n", n);
}

static void replies_unasked(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	repeat(t, &k, S, "250 x\r\n", n);
}

static void masked_lines(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	talk_say(t, &k, C, "EHLO client.example\r\n");
	repeat(t, &k, S, "250-XXXXXXXX\r\n", n);
}

static void pipelined(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	repeat(t, &k, C, "NOOP\r\n", n);
}

static void empty_lines(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	repeat(t, &k, C, "\n", n);
}

static void ehlo_again(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	for (uint64_t i = 0; i < n; i++) {
		talk_say(t, &k, C, "EHLO client.example\r\n");
		talk_say(t, &k, S, "250-mx.example\r\n250 STARTTLS\r\n");
	}
}

static void recipients(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	talk_say(t, &k, C, "MAIL FROM:<a@a.example>\r\n");
	talk_say(t, &k, S, "250 ok\r\n");
	for (uint64_t i = 0; i < n; i++) {
		char line[64];
		snprintf(line, sizeof(line), "RCPT TO:<u@d%u.example>\r\n", (unsigned)i);
		talk_say(t, &k, C, line);
		talk_say(t, &k, S, "250 ok\r\n");
	}
}

static void auth_attempts(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	for (uint64_t i = 0; i < n; i++) {
		talk_say(t, &k, C, "AUTH PLAIN AGEAYg==\r\n");
		talk_say(t, &k, S, "535 no\r\n");
	}
}

static void starttls_refused(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	for (uint64_t i = 0; i < n; i++) {
		talk_say(t, &k, C, "STARTTLS\r\n");
		talk_say(t, &k, S, "454 later\r\n");
	}
}

static void begin_content(struct traffic *t, struct talk *k)
{
	begin(t, k);
	talk_say(t, k, C, "MAIL FROM:<a@a.example>\r\n");
	talk_say(t, k, S, "250 ok\r\n");
	talk_say(t, k, C, "RCPT TO:<b@b.example>\r\n");
	talk_say(t, k, S, "250 ok\r\n");
	talk_say(t, k, C, "DATA\r\n");
	talk_say(t, k, S, "354 go\r\n");
}

// A message made of ends of data that are none, or perhaps are.
static void dots(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin_content(t, &k);
	repeat(t, &k, C, "\n.\nMAIL FROM:<\r.\r\n..\r\n", n);
}

static void long_content_lf(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin_content(t, &k);
	long_segments(t, &k, C, "x\n", n);
}

static void long_content_cr(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin_content(t, &k);
	long_segments(t, &k, C, "x\r", n);
}

static void long_commands(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	long_segments(t, &k, C, "XXXXXXXX\r\n", n);
}

static void long_replies(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	talk_say(t, &k, C, "EHLO client.example\r\n");
	long_segments(t, &k, S, "250-XXXXXXXX relay\n", n);
}

static void small_chunks(struct traffic *t, uint64_t n)
{
	struct talk k;
	begin(t, &k);
	talk_say(t, &k, C, "MAIL FROM:<a@a.example>\r\n");
	talk_say(t, &k, S, "250 ok\r\n");
	repeat(t, &k, C, "BDAT 1\r\nx", n);
}

const struct limit limits_smtp[] = {
	{"endless line, octet by octet", "octets without LF", 60000, 64 << 20, 0, 0, line_of_octets, {0}, 0},
	{"endless line", "octets without LF", 4 << 20, 64 << 20, 0, 0, line_of_segments, {0}, 0},
	{"endless reply line, octet by octet", "octets without LF", 60000, 8 << 20, 0, 0, reply_line_of_octets, {0}, 0},
	{"endless reply", "lines of one reply", 60000, 1000000, 0, 0, reply_lines, {COUNT_smtp_lines}, 1},
	{"replies to nothing", "replies", 60000, 1000000, 0, 0, replies_unasked, {COUNT_smtp_lines}, 1},
	{"masked lines", "lines of one reply", 60000, 1000000, 0, 0, masked_lines, {COUNT_smtp_lines}, 1},
	{"pipelined without an answer", "commands", 60000, 1000000, 0, 0, pipelined, {COUNT_smtp_lines}, 1},
	{"empty lines", "lines", 100000, 4 << 20, 0, 0, empty_lines, {COUNT_smtp_lines}, 1},
	{"EHLO again", "times", 10000, 1000000, 0, 0, ehlo_again, {COUNT_smtp_lines}, 1},
	{"recipients", "RCPT", 10000, 1000000, 0, 0, recipients, {COUNT_smtp_lines}, 1},
	{"AUTH attempts", "AUTH", 10000, 100000, 0, 0, auth_attempts, {COUNT_smtp_lines}, 1},
	{"STARTTLS refused", "STARTTLS", 10000, 100000, 0, 0, starttls_refused, {COUNT_smtp_lines}, 1},
	{"dots", "odd ends of data", 20000, 1000000, 0, 0, dots, {0}, 0},
	{"long segments, content with LF", "octets a segment", 16000, 64000, 0, 0, long_content_lf, {0}, 0},
	{"long segments, content with CR", "octets a segment", 16000, 64000, 0, 0, long_content_cr, {0}, 0},
	{"long segments, commands", "octets a segment", 16000, 64000, 0, 0, long_commands, {COUNT_smtp_lines}, 1},
	{"long segments, replies", "octets a segment", 16000, 64000, 0, 0, long_replies, {COUNT_smtp_lines}, 1},
	{"small chunks", "BDAT 1", 20000, 1000000, 0, 0, small_chunks, {COUNT_smtp_lines}, 1},
};
const size_t n_limits_smtp = sizeof(limits_smtp) / sizeof(*limits_smtp);
