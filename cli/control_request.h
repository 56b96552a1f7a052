// What may be asked over the control socket, and the one line that asks it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum control_command { CONTROL_STATUS, CONTROL_STATS, CONTROL_RELOAD, CONTROL_STOP, CONTROL_COMMANDS };

extern const char *const control_command_names[CONTROL_COMMANDS];

// Reads a line without its newline: an object with exactly the members of docs/control.md. False, and `*why` (static text)
// says what is wrong. Nothing of the line is kept.
bool control_request_read(const char *line, size_t len, enum control_command *out, const char **why);
