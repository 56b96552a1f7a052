// The log: one safe line per message on stderr, and silence below the level.
#include "hw/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int pipe_fds[2], real_stderr;

static void catch_stderr(void)
{
	assert_int_equal(pipe(pipe_fds), 0);
	real_stderr = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
}

// Everything written since catch_stderr(), as a string.
static void release_stderr(char *out, size_t room)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	size_t used = 0;
	ssize_t n;
	while (used < room - 1 && (n = read(pipe_fds[0], out + used, room - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(pipe_fds[0]);
}

static void text_is_made_safe(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"plain", "cannot open x", "cannot open x"},
		{"a forged line", "a\npostwacht: error: b", "a\\x0apostwacht: error: b"},
		{"terminal escape", "\x1b[2J", "\\x1b[2J"},
		{"delete", "a\x7f", "a\\x7f"},
		{"two octets", "\xc3\xa9", "\xc3\xa9"},
		{"three octets", "\xe2\x82\xac", "\xe2\x82\xac"},
		{"four octets", "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
		{"C1 control in UTF-8", "\xc2\x9b", "\\xc2\\x9b"},
		{"lone continuation", "\x80!", "\\x80!"},
		{"cut character", "\xe2\x82", "\\xe2\\x82"},
		{"cut by ASCII", "\xe2z", "\\xe2z"},
		{"overlong slash", "\xc0\xaf", "\\xc0\\xaf"},
		{"overlong, three", "\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"five octets", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
		{"right to left override", "\xe2\x80\xae", "\\xe2\\x80\\xae"},
		{"empty", "", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char got[8192], want[256] = "postwacht: error: test: ";
		strcat(strcat(want, rows[i].want), "\n");
		catch_stderr();
		log_error("test", "%s", rows[i].text);
		release_stderr(got, sizeof(got));
		if (strcmp(got, want) != 0)
			fail_msg("%s: \"%s\"", rows[i].name, got);
	}
}

static void levels_are_kept(void **state)
{
	char got[8192];
	catch_stderr();
	log_error("a", "1");
	log_warn("a", "2");
	log_info("a", "3");
	log_set_level(LOG_LEVEL_DEBUG);
	log_info("a", "4");
	log_debug("a", "5");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("a", "6");
	log_set_level(LOG_LEVEL_WARN);
	release_stderr(got, sizeof(got));
	assert_string_equal(got, "postwacht: error: a: 1\npostwacht: warn: a: 2\n"
				 "postwacht: info: a: 4\npostwacht: debug: a: 5\n");
}

static void the_longest_line_ends_in_dots(void **state)
{
	// Octets that all need escaping, more than a message holds.
	char text[3000], got[8192];
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	catch_stderr();
	log_error("an area with a name that is much too long", "%s", text);
	release_stderr(got, sizeof(got));
	assert_non_null(strstr(got, "\\x01...\n"));
	assert_true(strlen(got) < 4200);
}

static void errno_survives(void **state)
{
	char got[256];
	catch_stderr();
	errno = ENOSPC;
	log_error("a", "%d", 1);
	int after = errno;
	release_stderr(got, sizeof(got));
	assert_int_equal(after, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_made_safe),
		cmocka_unit_test(levels_are_kept),
		cmocka_unit_test(the_longest_line_ends_in_dots),
		cmocka_unit_test(errno_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
