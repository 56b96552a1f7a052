// The kinds of sinks there are.
#include "alerts/sink/sink.h"

extern const struct sink_ops sink_file_ops, sink_stdout_ops, sink_unix_ops, sink_syslog_ops, sink_kafka_ops, sink_http_ops;

const char *const sink_type_name[SINK_TYPES] = {
	[SINK_FILE] = "file",
	[SINK_STDOUT] = "stdout",
	[SINK_UNIX] = "unix",
	[SINK_SYSLOG] = "syslog",
	[SINK_KAFKA] = "kafka",
	[SINK_HTTP] = "http",
};

static const struct sink_ops *const types[SINK_TYPES] = {
	[SINK_FILE] = &sink_file_ops,
	[SINK_STDOUT] = &sink_stdout_ops,
	[SINK_UNIX] = &sink_unix_ops,
	[SINK_SYSLOG] = &sink_syslog_ops,
#ifdef HAVE_RDKAFKA
	[SINK_KAFKA] = &sink_kafka_ops,
#endif
	[SINK_HTTP] = &sink_http_ops,
};

const struct sink_ops *sink_ops_of(enum sink_type type)
{
	return (unsigned)type < SINK_TYPES ? types[type] : NULL;
}
