// A file as a sink, opened.
#pragma once

#include "tests/unit/alerts/sink/sink_fixture.h"

extern const struct sink_ops sink_file_ops;
static const struct sink_ops *const ops = &sink_file_ops;

static struct sink_config config_of(const char *path)
{
	struct sink_config c = {.type = SINK_FILE, .rotate_keep = 3};
	snprintf(c.path, sizeof c.path, "%s", path);
	return c;
}

static struct sink *opened(const struct sink_config *c)
{
	struct sink *s;
	if (ops->prepare(&s, c, &sink_env) != 0 || ops->open(s) != 0)
		fail_msg("%s", sink_said);
	return s;
}

static inline int put(struct sink *s, const char *text)
{
	const struct sink_message m = sink_text(text, 1);
	uint64_t refused = 0;
	int rc = ops->send(s, &m, 1, &refused);
	return refused > 0 ? 100 : rc;
}
