// Parsing by table: `--name VALUE`, `--name=VALUE`, `--` ends the options, everything else is an operand. `-o` is `--out`, and
// `-h` is `--help`, because everybody types them.
#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "configs/nearest.h"
#include "hw/log.h"

const char *const options_severities[] = {"info", "low", "medium", "high", "critical", NULL};

const struct command *options_command(int argc, char **argv, int *used)
{
	char two[64];
	const struct command *one = NULL;
	snprintf(two, sizeof two, "%s %s", argv[1], argc > 2 ? argv[2] : "");
	*used = 0;
	for (size_t i = 0; i < commands_n; i++) {
		if (strcmp(commands[i].name, two) == 0) {
			*used = 2;
			return &commands[i];
		}
		if (strcmp(commands[i].name, argv[1]) == 0)
			one = &commands[i];
	}
	*used = one != NULL;
	return one;
}

static const struct option *find(const struct command *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->n_options; i++)
		if (strlen(c->options[i].name) == len && strncmp(c->options[i].name, name, len) == 0)
			return &c->options[i];
	return NULL;
}

static int unknown(const struct command *c, const char *name, size_t len)
{
	char typed[64];
	snprintf(typed, sizeof typed, "%.*s", (int)(len < 60 ? len : 60), name);
	struct nearest near;
	nearest_start(&near, typed);
	for (size_t i = 0; i < c->n_options; i++)
		nearest_try(&near, c->options[i].name);
	const char *best = nearest_best(&near);
	if (best != NULL)
		log_error("usage", "%s has no option --%s; did you mean --%s?", c->name, typed, best);
	else
		log_error("usage", "%s has no option --%s; see `postwacht %s --help`", c->name, typed, c->name);
	return EXIT_USAGE;
}

static int take_number(const struct option *o, const char *value, long *field)
{
	char *end;
	errno = 0;
	long n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < o->min || n > o->max) {
		log_error("usage", "--%s takes a number from %ld to %ld, not \"%s\"", o->name, o->min, o->max, value);
		return EXIT_USAGE;
	}
	*field = n;
	return 0;
}

static int take_word(const struct option *o, const char *value, long *field)
{
	for (long i = 0; o->words[i] != NULL; i++) {
		if (strcmp(o->words[i], value) == 0) {
			*field = i;
			return 0;
		}
	}
	char words[128];
	size_t used = 0;
	for (size_t i = 0; o->words[i] != NULL && used < sizeof words; i++)
		used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", i > 0 ? ", " : "", o->words[i]);
	log_error("usage", "--%s takes one of %s, not \"%s\"", o->name, words, value);
	return EXIT_USAGE;
}

static int take_set(const char *value, struct options *out)
{
	if (out->n_set == OPTIONS_SET_MAX) {
		log_error("usage", "more than %d times --set; write a file and give it with --config", OPTIONS_SET_MAX);
		return EXIT_USAGE;
	}
	out->set[out->n_set++] = value;
	return 0;
}

// The second would silently take the place of the first.
static int take_text(const struct option *o, const char *value, const char **field)
{
	if (*field != NULL) {
		log_error("usage", "--%s is given twice, \"%s\" and \"%s\"; give one of them", o->name, *field, value);
		return EXIT_USAGE;
	}
	*field = value;
	return 0;
}

static int take_value(const struct option *o, const char *value, struct options *out)
{
	void *field = (char *)out + o->offset;
	switch (o->kind) {
	case OPTION_NUMBER:
		return take_number(o, value, field);
	case OPTION_WORD:
		return take_word(o, value, field);
	case OPTION_SET:
		return take_set(value, out);
	case OPTION_TEXT:
		return take_text(o, value, field);
	case OPTION_FLAG:
		break;
	}
	*(bool *)field = true;
	return 0;
}

// One option at argv[*i]; moves *i past a separate value.
static int take_option(const struct command *c, int argc, char **argv, int *i, struct options *out)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct option *o = find(c, name, len);
	if (o == NULL)
		return unknown(c, name, len);
	if (o->kind == OPTION_FLAG) {
		if (equals == NULL)
			return take_value(o, NULL, out);
		log_error("usage", "--%s takes no value", o->name);
		return EXIT_USAGE;
	}
	const char *value = equals != NULL ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
	if (value == NULL || value[0] == '\0') {
		log_error("usage", "--%s needs a value: --%s %s", o->name, o->name, o->arg);
		return EXIT_USAGE;
	}
	return take_value(o, value, out);
}

static int check_operands(const struct command *c, const struct options *o)
{
	if (o->n_operands < c->min_operands) {
		log_error("usage", "%s needs %s; see `postwacht %s --help`", c->name, c->operands, c->name);
		return EXIT_USAGE;
	}
	if (o->n_operands > c->max_operands) {
		log_error("usage", "%s does not take \"%s\"; see `postwacht %s --help`", c->name, o->operands[c->max_operands],
			c->name);
		return EXIT_USAGE;
	}
	return 0;
}

int options_parse(const struct command *c, int argc, char **argv, struct options *out)
{
	bool ended = false;
	*out = (struct options){.fail_on = -1, .operands = argv};
	for (int i = 0; i < argc; i++) {
		static char out_option[] = "--out";
		if (!ended && strcmp(argv[i], "-o") == 0 && find(c, "out", 3) != NULL)
			argv[i] = out_option;
		const char *word = argv[i];
		if (!ended && strcmp(word, "--") == 0) {
			ended = true;
		} else if (!ended && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
			out->help = true;
			return 0;
		} else if (!ended && word[0] == '-' && word[1] == '-') {
			int rc = take_option(c, argc, argv, &i, out);
			if (rc != 0)
				return rc;
		} else if (!ended && word[0] == '-' && word[1] != '\0') {
			log_error("usage", "there are no short options such as %s; see `postwacht %s --help`", word, c->name);
			return EXIT_USAGE;
		} else {
			argv[out->n_operands++] = argv[i];
		}
	}
	return check_operands(c, out);
}

// "findings" alone is half a command: then what may follow it is the answer.
static bool half_command(const char *word)
{
	char follow[128];
	size_t used = 0, len = strlen(word);
	for (size_t i = 0; i < commands_n && used < sizeof follow; i++)
		if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ')
			used += (size_t)snprintf(follow + used, sizeof follow - used, "%s%s", used > 0 ? " or " : "",
				commands[i].name + len + 1);
	if (used > 0)
		log_error("usage", "%s needs a second word: %s; `postwacht help` lists all commands", word, follow);
	return used > 0;
}

void options_unknown_command(const char *word)
{
	struct nearest near;
	nearest_start(&near, word);
	for (size_t i = 0; i < commands_n; i++)
		nearest_try(&near, commands[i].name);
	const char *best = nearest_best(&near);
	if (half_command(word))
		return;
	if (best != NULL)
		log_error("usage", "there is no command \"%s\"; did you mean %s?", word, best);
	else
		log_error("usage", "there is no command \"%s\"; `postwacht help` lists them", word);
}

void options_help(FILE *out)
{
	fputs("postwacht: who skipped, lost or was robbed of STARTTLS\n\n"
	      "usage: postwacht COMMAND [options] [operands]\n\n", out);
	for (size_t i = 0; i < commands_n; i++)
		fprintf(out, "  %-16s %s\n", commands[i].name, commands[i].text);
	fputs("\n`postwacht COMMAND --help` explains a command.\n\n"
	      "exit codes: 0 fine; 1 trouble at run time; 2 usage; 3 configuration invalid;\n"
	      "  4 findings at or above --fail-on; 5 finished, but the input was damaged or something was evicted\n", out);
}

bool options_help_half(FILE *out, const char *word)
{
	bool any = false;
	size_t len = strlen(word);
	for (size_t i = 0; i < commands_n; i++) {
		if (strncmp(commands[i].name, word, len) != 0 || commands[i].name[len] != ' ')
			continue;
		if (!any)
			fprintf(out, "usage: postwacht %s ...\n\n", word);
		any = true;
		fprintf(out, "  %-16s %s\n", commands[i].name, commands[i].text);
	}
	return any;
}

void options_help_command(FILE *out, const struct command *c)
{
	fprintf(out, "usage: postwacht %s%s%s%s\n\n%s\n", c->name, c->n_options > 0 ? " [options]" : "",
		c->operands[0] != '\0' ? " " : "", c->operands, c->text);
	if (c->more[0] != '\0')
		fprintf(out, "\n%s\n", c->more);
	if (c->n_options > 0)
		fputs("\noptions:\n", out);
	for (size_t i = 0; i < c->n_options; i++) {
		char left[64];
		snprintf(left, sizeof left, "--%s%s%s", c->options[i].name, c->options[i].arg != NULL ? " " : "",
			c->options[i].arg != NULL ? c->options[i].arg : "");
		fprintf(out, "  %-24s %s\n", left, c->options[i].text);
	}
}
