// Waiting for a receiver: in steps, so that the end of the sensor is seen; and never for ever. Private to alerts/sink/.
#pragma once

#include "alerts/sink/sink.h"

enum { SINK_STEP_MS = 200 };

// One hand-over. Whoever moves on says so: patience is for a receiver that takes nothing.
struct sink_wait {
	const bool *stop;
	uint64_t began_ns, moved_ns; // monotonic
};

void sink_wait_begin(struct sink_wait *w, const struct sink_env *env);
void sink_wait_moved(struct sink_wait *w);

// Until `fd` is ready (1), or `us` are over (0; SINK_WAIT_LONG: only trouble ends it). -ETIMEDOUT: nothing moved for SINK_PATIENCE_S.
// -ECANCELED: the sensor ends, and this has had its step.
enum { SINK_WAIT_LONG = -1 };
int sink_wait_fd(struct sink_wait *w, int fd, short events, int us);

// What is wrong, into env->why: one line of printable ASCII, whatever the arguments hold. Gives `error` (-errno) back.
int sink_why(const struct sink_env *env, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
