// Strict, because whoever may ask is a program: what it does not mean, it should not say.
#include "cli/control_request.h"

#include <string.h>

#include <jansson.h>

#include "cli/control.h"

const char *const control_command_names[CONTROL_COMMANDS] = {"status", "stats", "reload", "stop"};

static const char *members(const json_t *root, enum control_command *out)
{
	const json_t *version = json_object_get(root, "v"), *command = json_object_get(root, "command");
	if (!json_is_integer(version))
		return "no version: \"v\" is a number";
	if (json_integer_value(version) != CONTROL_VERSION)
		return "this sensor speaks version 1";
	if (!json_is_string(command))
		return "no command: \"command\" is a text";
	if (json_object_size(root) != 2)
		return "there are other members than \"v\" and \"command\"";
	for (size_t i = 0; i < CONTROL_COMMANDS; i++) {
		if (strlen(control_command_names[i]) == json_string_length(command) &&
			strcmp(control_command_names[i], json_string_value(command)) == 0) {
			*out = (enum control_command)i;
			return NULL;
		}
	}
	return "unknown command: there are status, stats, reload, stop";
}

bool control_request_read(const char *line, size_t len, enum control_command *out, const char **why)
{
	// At most CONTROL_ASK_MAX octets: too few for a tree that would cost much, or go deep.
	if (len > CONTROL_ASK_MAX) {
		*why = "longer than 1024 octets";
		return false;
	}
	json_error_t error;
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(root)) {
		json_decref(root);
		*why = "not one JSON object in a line";
		return false;
	}
	*why = members(root, out);
	json_decref(root);
	return *why == NULL;
}
