// What every command prints with: nothing from the wire reaches a terminal as it is.
#include "cli/stdout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum what { ESCAPED, SHELL, WRAP };

static const struct {
	const char *name;
	enum what what;
	const char *in, *want;
} rows[] = {
	{"plain", ESCAPED, "EHLO a.example", "EHLO a.example"},
	{"terminal control", ESCAPED, "\033[2Jx\r\n\x07", "\\x1b[2Jx\\x0d\\x0a\\x07"},
	{"UTF-8 and DEL", ESCAPED, "\xe2\x80\xae\x7f", "\\xe2\\x80\\xae\\x7f"},
	{"a file name", SHELL, "dir/a-b_c.pcap", "dir/a-b_c.pcap"},
	{"a space", SHELL, "a b", "$'a b'"},
	{"quotes and expansion", SHELL, "a'b$(id)\\", "$'a\\'b$(id)\\\\'"},
	{"a line end", SHELL, "a\nb", "$'a\\x0ab'"},
	{"empty", SHELL, "", "$''"},
	{"short text", WRAP, "one two", "  one two\n"},
	{"empty text", WRAP, "", ""},
	{"broken at a space", WRAP,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bb",
		"  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  bb\n"},
	{"a word longer than a line", WRAP,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bb",
		"  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  bb\n"},
};

static void test_text(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = NULL;
		size_t len;
		FILE *f = open_memstream(&text, &len);
		assert_non_null(f);
		if (rows[i].what == ESCAPED)
			stdout_escaped(f, rows[i].in, strlen(rows[i].in));
		else if (rows[i].what == SHELL)
			stdout_shell(f, rows[i].in);
		else
			stdout_wrap(f, 2, rows[i].in);
		fclose(f);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, text);
		free(text);
	}
}

static void test_no_colour_off_a_terminal(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_false(stdout_colour(f));
	stdout_styled(f, false, STYLE_RED, "high");
	fclose(f);
	assert_string_equal(text, "high");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_no_colour_off_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
