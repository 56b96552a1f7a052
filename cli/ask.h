// A command asks the sensor that runs, and reads its answer.
//
// Whatever stands in an answer is printed as text of a stranger: who answers at a socket may be anybody.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "cli/command.h"

// Where: --socket, else sensor.control of --config, of /etc/postwacht/postwacht.yaml where there is one, or its default.
// The path stays valid while the program runs. 0 or an exit code, with the reason logged.
int ask_where(const struct options *o, const char **path);

// Asks there. The whole answer of a sensor that could do it (json_decref() when done); NULL, with the reason logged.
json_t *ask_at(const char *path, const char *command);

// Both.  0 or an exit code.
int ask(const struct options *o, const char *command, json_t **answer);

// A member of the answer, an object, as one line of JSON with "v" before its members.
void ask_print_json(const json_t *answer, const char *member);

// Members of an object: what is missing or of another type is 0, "", false, an empty array.
uint64_t ask_u64(const json_t *object, const char *name);
const char *ask_text(const json_t *object, const char *name);
bool ask_flag(const json_t *object, const char *name);

// A text of an answer, for a terminal.
void ask_print(FILE *out, const char *text);
