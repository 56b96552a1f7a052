// The kinds of sinks there are.
#include "alerts/sink/sink.h"

const char *const sink_type_name[SINK_TYPES] = {
	[SINK_FILE] = "file",
	[SINK_STDOUT] = "stdout",
	[SINK_UNIX] = "unix",
	[SINK_SYSLOG] = "syslog",
	[SINK_KAFKA] = "kafka",
	[SINK_HTTP] = "http",
};
