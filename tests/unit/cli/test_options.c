// The command line: every command's options, and every way to get them wrong.
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define AT(field) offsetof(struct options, field)

static int nothing(const struct options *o)
{
	return 0;
}

// The program's own table is in cli/commands.c; parsing does not care which.
static const struct option probe_options[] = {
	{"json", OPTION_FLAG, AT(json), NULL, ""},
	{"out", OPTION_TEXT, AT(out), "PATH", ""},
	{"set", OPTION_SET, AT(set), "KEY=VALUE", ""},
	{"fail-on", OPTION_WORD, AT(fail_on), "SEVERITY", "", .words = options_severities},
	{"workers", OPTION_NUMBER, AT(workers), "N", "", 1, 16},
};

const struct command commands[] = {
	{"probe", "FILE...", "", "", probe_options, sizeof probe_options / sizeof probe_options[0], 1, 3, nothing, NULL},
	{"probe deep", "", "", "", NULL, 0, 0, 0, nothing, NULL},
	{"quiet", "", "", "", NULL, 0, 0, 0, nothing, NULL},
	{"catalog list", "", "", "", NULL, 0, 0, 0, nothing, NULL},
	{"catalog show", "", "", "", NULL, 0, 0, 0, nothing, NULL},
};

const size_t commands_n = sizeof commands / sizeof commands[0];

static int parse(const char *line, struct options *o)
{
	static char copy[512];
	static char *words[32];
	int n = 0;
	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " "))
		words[n++] = w;
	return options_parse(&commands[0], n, words, o);
}

static void test_parse(void **state)
{
	struct options o;
	assert_int_equal(parse("a.pcap --json --out x --set a=1 --set=b=2 --workers=4 b.pcap --fail-on high", &o), 0);
	assert_true(o.json);
	assert_string_equal(o.out, "x");
	assert_int_equal(o.n_set, 2);
	assert_string_equal(o.set[1], "b=2");
	assert_int_equal(o.workers, 4);
	assert_int_equal(o.fail_on, 3);
	assert_int_equal(o.n_operands, 2);
	assert_string_equal(o.operands[0], "a.pcap");
	assert_string_equal(o.operands[1], "b.pcap");
}

static void test_defaults(void **state)
{
	struct options o;
	assert_int_equal(parse("-", &o), 0);
	assert_string_equal(o.operands[0], "-");
	assert_int_equal(o.fail_on, -1);
	assert_int_equal(o.workers, 0);
	assert_null(o.out);
}

static void test_end_of_options(void **state)
{
	struct options o;
	assert_int_equal(parse("-- --json -x", &o), 0);
	assert_false(o.json);
	assert_int_equal(o.n_operands, 2);
}

static void test_help_wins(void **state)
{
	struct options o;
	assert_int_equal(parse("--help --nonsense", &o), 0);
	assert_true(o.help);
}

static void test_usage_errors(void **state)
{
	static const char *const lines[] = {
		"",                      // an operand is needed
		"a b c d",               // one too many
		"a --nonsense",
		"a --jsn",
		"a -v",
		"a --json=yes",          // takes no value
		"a --out",               // value missing
		"a --out=",
		"a --workers 0",
		"a --workers 17",
		"a --workers four",
		"a --workers 4x",
		"a --workers 99999999999999999999",
		"a --fail-on awful",
		"a --out x --out y",     // which one?
		"a --out=x --out=x",
		"a --policy f",          // of a later version
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct options o;
		if (parse(lines[i], &o) != EXIT_USAGE)
			fail_msg("\"%s\" was accepted", lines[i]);
	}
}

static void test_too_many_sets(void **state)
{
	static char *words[2 * OPTIONS_SET_MAX + 3];
	struct options o;
	int n = 0;
	words[n++] = "a";
	for (int i = 0; i < OPTIONS_SET_MAX; i++)
		words[n++] = "--set=a=1";
	assert_int_equal(options_parse(&commands[0], n, words, &o), 0);
	words[n++] = "--set=a=1";
	assert_int_equal(options_parse(&commands[0], n, words, &o), EXIT_USAGE);
}

// What a function says on standard error.
static const char *said(void (*say)(const char *), const char *word)
{
	static char text[512];
	FILE *f = tmpfile();
	int kept = dup(STDERR_FILENO);
	assert_non_null(f);
	assert_true(kept >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
	say(word);
	fflush(stderr);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	rewind(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void test_unknown_commands(void **state)
{
	static const struct {
		const char *word, *want;
	} rows[] = {
		{"catalog", "catalog needs a second word: list or show;"}, {"quie", "did you mean quiet?"},
		{"catalo", "there is no command \"catalo\""}, {"nonsense", "`postwacht help` lists them"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strstr(said(options_unknown_command, rows[i].word), rows[i].want) == NULL)
			fail_msg("%s: %s", rows[i].word, said(options_unknown_command, rows[i].word));
}

static void test_half_a_command(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_false(options_help_half(f, "quiet"));
	assert_false(options_help_half(f, "cat"));
	assert_true(options_help_half(f, "catalog"));
	fclose(f);
	assert_non_null(strstr(text, "usage: postwacht catalog"));
	assert_non_null(strstr(text, "catalog list"));
	assert_non_null(strstr(text, "catalog show"));
	assert_null(strstr(text, "quiet"));
	free(text);
}

static void test_commands(void **state)
{
	static const struct {
		const char *first, *second;
		int want, used;
	} rows[] = {
		{"probe", "a.pcap", 0, 1}, {"probe", "deep", 1, 2}, {"quiet", NULL, 2, 1}, {"quie", NULL, -1, 0}, {"", "", -1, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *argv[] = {"postwacht", (char *)rows[i].first, (char *)rows[i].second};
		int used = 0;
		const struct command *c = options_command(rows[i].second != NULL ? 3 : 2, argv, &used);
		assert_ptr_equal(c, rows[i].want >= 0 ? &commands[rows[i].want] : NULL);
		assert_int_equal(used, rows[i].used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_too_many_sets),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_unknown_commands),
		cmocka_unit_test(test_half_a_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
