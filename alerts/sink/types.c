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

#ifdef HAVE_RDKAFKA
extern const struct sink_ops sink_kafka_ops;
#endif

const struct sink_ops *sink_ops_of(enum sink_type type)
{
#ifdef HAVE_RDKAFKA
	if (type == SINK_KAFKA)
		return &sink_kafka_ops;
#endif
	return NULL;
}
