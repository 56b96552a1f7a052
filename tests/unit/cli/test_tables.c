// The tables agree with what is written about them: manual pages, completion, lengths that a screen allows.
#include "cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"
#include "configs/outputs.h"

static char *slurp(FILE *f)
{
	static char text[256 * 1024];
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof text - 1, f);
	text[len] = '\0';
	return text;
}

// A file of the tree this source stands in, wherever the build stands.
static char *file_of_tree(const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s", __FILE__);
	char *tail = strstr(path, "tests/unit/cli/");
	assert_non_null(tail);
	strcpy(tail, name);
	FILE *f = fopen(path, "r");
	char *text = slurp(f);
	fclose(f);
	return text;
}

// What the page says of a command: up to the next one, or the next section.
static const char *about(const char *page, const char *command)
{
	static char text[16 * 1024];
	char begin[64];
	snprintf(begin, sizeof begin, "\n*%s*", command);
	const char *from = strstr(page, begin);
	if (from == NULL)
		fail_msg("postwacht.1 lacks %s", command);
	size_t len = 1 + strcspn(from + 1, "\n");
	while (from[len] != '\0' && from[len + 1] != '*' && from[len + 1] != '#')
		len += 1 + strcspn(from + len + 1, "\n");
	assert_true(len < sizeof text);
	snprintf(text, sizeof text, "%.*s", (int)len, from);
	return text;
}

static void test_manual_of_the_program(void **state)
{
	const char *page = file_of_tree("docs/man/postwacht.1.scd");
	for (size_t i = 0; i < commands_n; i++) {
		const char *words = about(page, commands[i].name);
		for (size_t k = 0; k < commands[i].n_options; k++) {
			char text[64];
			snprintf(text, sizeof text, "*--%s*", commands[i].options[k].name);
			if (strstr(words, text) == NULL)
				fail_msg("postwacht.1 lacks %s --%s", commands[i].name, commands[i].options[k].name);
		}
	}
}

static void test_manual_of_the_file(void **state)
{
	const char *page = file_of_tree("docs/man/postwacht.yaml.5.scd");
	for (size_t i = 0; i < config_schema_n; i++) {
		const struct config_key *k = &config_schema[i];
		char choices[128], text[1024];
		config_key_describe(k, choices, sizeof choices);
		snprintf(text, sizeof text, "\n*%s*\n\t%s\n\n\tValues: %s. Default: %s\n", k->name, k->text, choices, k->fallback);
		if (strstr(page, text) == NULL)
			fail_msg("postwacht.yaml.5 lacks %s", text);
	}
}

static void test_manual_of_outputs(void **state)
{
	const char *page = file_of_tree("docs/man/postwacht.yaml.5.scd");
	for (size_t i = 0; i < output_members_n; i++) {
		const struct output_member *m = &output_members[i];
		char values[256], types[64], text[1024];
		output_member_describe(m, values, sizeof values);
		output_types_text(m->types, types, sizeof types);
		snprintf(text, sizeof text, "(%s", m->types == (1u << SINK_TYPES) - 1 ? "all" : types);
		assert_non_null(strstr(page, text));
		snprintf(text, sizeof text, ")\n\t%s\n\n\tValues: %s.%s%s\n", m->text, values, m->fallback[0] != '\0' ? " Default: " : "",
			m->fallback);
		if (strstr(page, text) == NULL)
			fail_msg("postwacht.yaml.5 lacks outputs: %s%s", m->name, text);
	}
}

static void test_help_fits_a_screen(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	options_help(f);
	for (size_t i = 0; i < commands_n; i++)
		options_help_command(f, &commands[i]);
	fclose(f);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strlen(line) > 110)
			fail_msg("wider than 110 columns: %s", line);
	free(text);
}

static void test_schema_sentences(void **state)
{
	for (size_t i = 0; i < config_schema_n; i++) {
		size_t len = strlen(config_schema[i].text);
		if (len == 0 || len > 110 || config_schema[i].text[len - 1] != '.')
			fail_msg("%s: one sentence of at most 110 octets", config_schema[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual_of_the_program),
		cmocka_unit_test(test_manual_of_the_file),
		cmocka_unit_test(test_manual_of_outputs),
		cmocka_unit_test(test_help_fits_a_screen),
		cmocka_unit_test(test_schema_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
