// Octets to a descriptor that may be slow: pipes, terminals, sockets. Private to alerts/sink/.
#pragma once

#include "alerts/sink/wait.h"

enum stream_kind {
	STREAM_FILE,   // never makes anybody wait
	STREAM_PIPE,   // or terminal: blocking perhaps, and shared with others, so it is left as it is and given little at a time
	STREAM_SOCKET,
};

enum stream_kind stream_kind_of(int fd);

// Writes all of it, or -errno; *done says how much went out in either case. -ETIMEDOUT, -ECANCELED as sink_wait_fd().
int stream_write(int fd, enum stream_kind kind, const char *p, size_t len, size_t *done, struct sink_wait *w);
