// The command line: words to a command and its options, and the help that explains them.
#pragma once

#include <stdio.h>

#include "cli/command.h"

// Finds the command that argv[1] (and argv[2]) name. NULL when there is none; `*used` is how many words it took.
const struct command *options_command(int argc, char **argv, int *used);

// Parses what follows the command. 0, or EXIT_USAGE with the sentence written to stderr.
// Operands are gathered in place at the front of `argv`.
int options_parse(const struct command *c, int argc, char **argv, struct options *out);

// Words of --fail-on in the order of enum severity, NULL-terminated.
extern const char *const options_severities[];

void options_help(FILE *out);
void options_help_command(FILE *out, const struct command *c);
// What may follow half a command, such as `policy`; false: there is none that begins so.
bool options_help_half(FILE *out, const char *word);

// Complains about an unknown first word.
void options_unknown_command(const char *word);
