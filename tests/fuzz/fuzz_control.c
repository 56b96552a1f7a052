// Any octets as a line over the control socket: refused with a sentence, or one of the commands.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/control_request.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum control_command command = CONTROL_COMMANDS;
	const char *why = NULL;
	if (!control_request_read((const char *)data, len, &command, &why)) {
		require(why != NULL && why[0] != '\0' && command == CONTROL_COMMANDS);
		return 0;
	}
	require(len <= CONTROL_ASK_MAX && command < CONTROL_COMMANDS);
	// What was taken names its command.
	require(memmem(data, len, control_command_names[command], strlen(control_command_names[command])) != NULL ||
		memchr(data, '\\', len) != NULL);
	return 0;
}
