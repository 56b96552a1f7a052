// write() that waits in steps; and the sink that is standard output.
#include "alerts/sink/stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/sink/batch.h"

enum { STDOUT_BATCH = 256 << 10 };

enum stream_kind stream_kind_of(int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode))
		return STREAM_FILE;
	return S_ISSOCK(st.st_mode) ? STREAM_SOCKET : STREAM_PIPE;
}

// A pipe that is ready has room for PIPE_BUF octets: no more are written at once, so that a blocking one never blocks.
static ssize_t write_some(int fd, enum stream_kind kind, const char *p, size_t len)
{
	if (kind == STREAM_SOCKET)
		return send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (kind == STREAM_PIPE && len > PIPE_BUF)
		len = PIPE_BUF;
	return write(fd, p, len);
}

int stream_write(int fd, enum stream_kind kind, const char *p, size_t len, size_t *done, struct sink_wait *w)
{
	*done = 0;
	while (*done < len) {
		int rc = kind == STREAM_PIPE ? sink_wait_fd(w, fd, POLLOUT, SINK_WAIT_LONG) : 1;
		if (rc < 0)
			return rc;
		ssize_t n = write_some(fd, kind, p + *done, len - *done);
		if (n > 0) {
			*done += (size_t)n;
			sink_wait_moved(w);
			continue;
		}
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n < 0 && errno == EAGAIN && (rc = sink_wait_fd(w, fd, POLLOUT, SINK_WAIT_LONG)) < 0)
			return rc;
	}
	return 0;
}

// ---- standard output -----------------------------------------------------------------------------------------------

struct sink {
	const struct sink_env *env;
	enum stream_kind kind;
	bool torn; // its last line was not finished
	struct sink_batch batch;
};

static void stdout_destroy(struct sink **s)
{
	if (*s == NULL)
		return;
	sink_batch_close(&(*s)->batch);
	free(*s);
	*s = NULL;
}

static int stdout_prepare(struct sink **out, const struct sink_config *c, const struct sink_env *env)
{
	struct sink *s = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->env = env;
	s->kind = stream_kind_of(STDOUT_FILENO);
	int rc = sink_batch_open(&s->batch, STDOUT_BATCH);
	if (rc < 0)
		stdout_destroy(&s);
	*out = s;
	return rc;
}

static int stdout_open(struct sink *s)
{
	return 0;
}

static int stdout_send(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused)
{
	struct sink_wait w;
	size_t done;
	sink_wait_begin(&w, s->env);
	if (s->torn) {
		int rc = stream_write(STDOUT_FILENO, s->kind, "\n", 1, &done, &w);
		if (rc < 0)
			return sink_why(s->env, rc, "standard output: %s", strerror(-rc));
		s->torn = false;
	}
	sink_batch_lines(&s->batch, m, n);
	int rc = stream_write(STDOUT_FILENO, s->kind, s->batch.octets, s->batch.used, &done, &w);
	size_t had = sink_batch_within(&s->batch, done);
	s->torn = done > (had > 0 ? s->batch.end[had - 1] : 0);
	*refused += sink_batch_refused(&s->batch, had);
	if (rc < 0 && had == 0)
		return sink_why(s->env, rc, "standard output: %s", strerror(-rc));
	return (int)had;
}

static void stdout_close(struct sink *s)
{
}

const struct sink_ops sink_stdout_ops = {
	.name = "stdout",
	.prepare = stdout_prepare,
	.open = stdout_open,
	.send = stdout_send,
	.close = stdout_close,
	.destroy = stdout_destroy,
};
