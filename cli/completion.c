// `postwacht completion`: scripts for bash and zsh, written from the tables of commands and options.
#include <stdio.h>
#include <string.h>

#include "alerts/finding.h"
#include "cli/command.h"
#include "hw/log.h"

// The first word of a command's name; commands of two words stand together in the table.
static size_t first_len(const struct command *c)
{
	return strcspn(c->name, " ");
}

static void first_words(void)
{
	for (size_t i = 0; i < commands_n; i++) {
		size_t len = first_len(&commands[i]);
		if (i > 0 && first_len(&commands[i - 1]) == len && strncmp(commands[i - 1].name, commands[i].name, len) == 0)
			continue;
		printf("%s%.*s", i > 0 ? " " : "", (int)len, commands[i].name);
	}
}

// Second words of commands that begin with the first word of `c`.
static void second_words(const struct command *c)
{
	size_t len = first_len(c);
	const char *space = "";
	for (size_t i = 0; i < commands_n; i++) {
		if (strncmp(commands[i].name, c->name, len) == 0 && commands[i].name[len] == ' ') {
			printf("%s%s", space, commands[i].name + len + 1);
			space = " ";
		}
	}
}

static void words(const char *const *list)
{
	for (size_t i = 0; list[i] != NULL; i++)
		printf("%s%s", i > 0 ? " " : "", list[i]);
}

// Values after an option: words of a closed set, findings, or files.
static void option_values(const struct command *c)
{
	puts("\t\tcase $prev in");
	for (size_t i = 0; i < c->n_options; i++) {
		const struct option *o = &c->options[i];
		if (o->kind == OPTION_WORD) {
			printf("\t\t\t--%s) COMPREPLY=($(compgen -W '", o->name);
			words(o->words);
			puts("' -- \"$cur\")); return ;;");
		} else if (o->kind == OPTION_TEXT && strcmp(o->arg, "FINDING") == 0) {
			printf("\t\t\t--%s) COMPREPLY=($(compgen -W '", o->name);
			for (size_t k = 0; k < catalogue_n; k++)
				printf("%s%s", k > 0 ? " " : "", catalogue[k].id);
			puts("' -- \"$cur\")); return ;;");
		} else if (o->kind == OPTION_TEXT) {
			printf("\t\t\t--%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", o->name);
		}
	}
	puts("\t\tesac");
}

static void command_case(const struct command *c)
{
	printf("\t'%s')\n", c->name);
	if (c->n_options > 0)
		option_values(c);
	fputs("\t\tif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--help", stdout);
	for (size_t i = 0; i < c->n_options; i++)
		printf(" --%s", c->options[i].name);
	fputs("' -- \"$cur\")); return; fi\n\t\t", stdout);
	if (c->operand_words == NULL) {
		fputs("COMPREPLY=($(compgen -f -- \"$cur\"))", stdout);
	} else {
		fputs("COMPREPLY=($(compgen -W '", stdout);
		words(c->operand_words);
		fputs("' -- \"$cur\"))", stdout);
	}
	puts(" ;;");
}

static void script(void)
{
	puts("_postwacht() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} name=${COMP_WORDS[1]}\n"
	     "\tCOMPREPLY=()");
	fputs("\tif ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '", stdout);
	first_words();
	puts("' -- \"$cur\")); return; fi");
	puts("\tcase $name in");
	for (size_t i = 0; i < commands_n; i++) {
		size_t len = first_len(&commands[i]);
		bool again = i > 0 && strncmp(commands[i - 1].name, commands[i].name, len + 1) == 0;
		if (commands[i].name[len] == '\0' || again)
			continue;
		printf("\t%.*s)\n\t\tif ((COMP_CWORD == 2)); then COMPREPLY=($(compgen -W '", (int)len, commands[i].name);
		second_words(&commands[i]);
		puts("' -- \"$cur\")); return; fi\n\t\tname+=\" ${COMP_WORDS[2]}\" ;;");
	}
	puts("\tesac\n\tcase $name in");
	for (size_t i = 0; i < commands_n; i++)
		command_case(&commands[i]);
	puts("\tesac\n}\ncomplete -o filenames -F _postwacht postwacht");
}

int completion_run(const struct options *o)
{
	const char *shell = o->operands[0];
	if (strcmp(shell, "zsh") == 0) {
		// zsh runs bash's completions; one script is less to get wrong than two.
		puts("#compdef postwacht\nautoload -U +X bashcompinit && bashcompinit");
	} else if (strcmp(shell, "bash") != 0) {
		log_error("usage", "completion is written for bash and zsh, not for \"%s\"", shell);
		return EXIT_USAGE;
	}
	script();
	return EXIT_FINE;
}
