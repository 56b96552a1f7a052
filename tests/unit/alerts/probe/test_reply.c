// Replies in any cuts: what is one, what is not, and where each bound lies.
#include "alerts/probe/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name, *text;
	enum probe_read want;
	uint16_t code;
	bool starttls;
	size_t left; // octets behind it
} rows[] = {
	{"one line", "220 mx ESMTP\r\n", PROBE_READ_DONE, 220, false, 0},
	{"code alone", "250\r\n", PROBE_READ_DONE, 250, false, 0},
	{"LF alone", "250 ok\n", PROBE_READ_DONE, 250, false, 0},
	{"several lines", "250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n", PROBE_READ_DONE, 250, true, 0},
	{"small letters", "250-mx\r\n250-starttls \r\n250 X\r\n", PROBE_READ_DONE, 250, true, 0},
	{"line 1 is no keyword", "250-STARTTLS\r\n250 X\r\n", PROBE_READ_DONE, 250, false, 0},
	{"with a parameter", "250-mx\r\n250 STARTTLS now\r\n", PROBE_READ_DONE, 250, false, 0},
	{"masked", "250-mx\r\n250 XXXXXXXX\r\n", PROBE_READ_DONE, 250, false, 0},
	{"what stands behind", "220 go\r\n250 injected\r\n", PROBE_READ_DONE, 220, false, 14},
	{"goes on", "250-mx\r\n", PROBE_READ_MORE, 250, false, 0},
	{"no end of line", "250 mx", PROBE_READ_MORE, 0, false, 0},
	{"no code", "hello\r\n", PROBE_READ_BAD, 0, false, 0},
	{"empty line", "\r\n", PROBE_READ_BAD, 0, false, 0},
	{"two digits", "25 x\r\n", PROBE_READ_BAD, 0, false, 0},
	{"code 1xx", "150 x\r\n", PROBE_READ_BAD, 0, false, 0},
	{"code 6xx", "650 x\r\n", PROBE_READ_BAD, 0, false, 0},
	{"no blank", "250x\r\n", PROBE_READ_BAD, 0, false, 0},
	{"codes differ", "250-a\r\n550 b\r\n", PROBE_READ_BAD, 250, false, 0},
	{"TLS", "\x16\x03\x01\n", PROBE_READ_BAD, 0, false, 0},
};

// All in one piece, and cut in two at every place: the same.
static void each(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);
		for (size_t cut = 0; cut <= len; cut++) {
			struct probe_reader r = {.line_len = 0};
			size_t used, more = 0;
			// The input ends where its memory does.
			uint8_t *copy = malloc(len ? len : 1);
			memcpy(copy, rows[i].text, len);
			enum probe_read got = probe_reply_take(&r, copy, cut, &used);
			if (got == PROBE_READ_MORE) {
				assert_int_equal(used, cut);
				got = probe_reply_take(&r, copy + cut, len - cut, &more);
			}
			free(copy);
			if (got != rows[i].want || r.reply.code != rows[i].code || r.reply.starttls != rows[i].starttls)
				fail_msg("%s, cut at %zu: %d %u", rows[i].name, cut, (int)got, r.reply.code);
			if (got == PROBE_READ_DONE)
				assert_int_equal(len - used - more, rows[i].left);
		}
	}
}

static enum probe_read repeated(const char *line, size_t n, char fill, size_t fill_n)
{
	struct probe_reader r = {.line_len = 0};
	enum probe_read got = PROBE_READ_MORE;
	size_t used;

	for (size_t i = 0; i < n && got == PROBE_READ_MORE; i++)
		got = probe_reply_take(&r, (const uint8_t *)line, strlen(line), &used);
	for (size_t i = 0; i < fill_n && got == PROBE_READ_MORE; i++)
		got = probe_reply_take(&r, (const uint8_t *)&fill, 1, &used);
	assert_true(r.reply.n_kept <= PROBE_KEPT_MAX);
	return got;
}

static void bounds(void **state)
{
	assert_int_equal(repeated("250-x\r\n", PROBE_LINES_MAX, ' ', 0), PROBE_READ_MORE);
	assert_int_equal(repeated("250-x\r\n", PROBE_LINES_MAX + 1, ' ', 0), PROBE_READ_TOO_MUCH);
	assert_int_equal(repeated("250 ", 1, 'x', PROBE_LINE_MAX - 4), PROBE_READ_MORE);
	assert_int_equal(repeated("250 ", 1, 'x', PROBE_LINE_MAX - 3), PROBE_READ_TOO_MUCH);
}

static void printable(void **state)
{
	struct probe_reader r = {.line_len = 0};
	size_t used;
	static const char text[] = "220 a\033[2J\xff\r\n";

	assert_int_equal(probe_reply_take(&r, (const uint8_t *)text, sizeof(text) - 1, &used), PROBE_READ_DONE);
	assert_string_equal(r.reply.kept[0], "a?[2J?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each), cmocka_unit_test(bounds), cmocka_unit_test(printable)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
