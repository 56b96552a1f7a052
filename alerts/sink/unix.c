// The sink that is a unix socket somebody listens at: a record a line, as Suricata's unix_stream; or a record a datagram.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/sink/carrier.h"
#include "alerts/sink/datagram.h"
#include "alerts/sink/unix_socket.h"

struct sink {
	const struct sink_env *env;
	char path[SINK_PATH + 1];
	bool datagram;
	struct carrier carrier;
};

static void unix_destroy(struct sink **s)
{
	if (*s == NULL)
		return;
	carrier_close(&(*s)->carrier);
	free(*s);
	*s = NULL;
}

static int unix_prepare(struct sink **out, const struct sink_config *c, const struct sink_env *env)
{
	struct sink *s = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->env = env;
	memcpy(s->path, c->path, sizeof s->path);
	int rc = carrier_open(&s->carrier, env, s->path, false);
	if (rc < 0)
		unix_destroy(&s);
	*out = s;
	return rc;
}

static int tell(const struct sink *s, int rc)
{
	return sink_why(s->env, rc, "%.100s: %s", s->path, rc == -ETIMEDOUT ? "the receiver takes nothing" : strerror(-rc));
}

static int unix_open(struct sink *s)
{
	if (s->carrier.fd >= 0)
		return 0;
	int fd = unix_socket_connect(s->path, &s->datagram);
	if (fd < 0)
		return tell(s, fd);
	carrier_connected(&s->carrier, fd);
	return 0;
}

static int send_lines(struct sink *s, const struct sink_message *m, size_t n)
{
	struct sink_wait w;
	sink_wait_begin(&w, s->env);
	if (!carrier_has(&s->carrier, m)) {
		sink_batch_lines(&s->carrier.batch, m, n);
		carrier_begin(&s->carrier, m);
	}
	return carrier_push(&s->carrier, &w);
}

static int send_datagrams(struct sink *s, const struct sink_message *m, size_t n)
{
	struct sink_wait w;
	sink_wait_begin(&w, s->env);
	sink_batch_lines(&s->carrier.batch, m, n);
	int rc = datagram_send(s->carrier.fd, false, &s->carrier.batch, &w);
	return rc < 0 ? tell(s, rc) : 0;
}

static int unix_send(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused)
{
	bool stands = s->datagram ? s->carrier.fd >= 0 : carrier_stands(&s->carrier, m);
	int rc = stands ? 0 : unix_open(s);
	if (rc == 0)
		rc = s->datagram ? send_datagrams(s, m, n) : send_lines(s, m, n);
	if (rc < 0)
		return rc;
	*refused += s->carrier.batch.refused;
	return (int)s->carrier.batch.n;
}

static void unix_close(struct sink *s)
{
	(void)carrier_park(&s->carrier);
}

const struct sink_ops sink_unix_ops = {
	.name = "unix",
	.prepare = unix_prepare,
	.open = unix_open,
	.send = unix_send,
	.close = unix_close,
	.destroy = unix_destroy,
};
