// The sink that speaks syslog: RFC 5424 by UDP (5426), TCP (6587), TLS (5425), or what syslog(3) says to /dev/log.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/sink/carrier.h"
#include "alerts/sink/datagram.h"
#include "alerts/sink/net.h"
#include "alerts/sink/syslog_form.h"
#include "alerts/sink/syslog_tls.h"
#include "alerts/sink/unix_socket.h"
#include "hw/log.h"

enum { DATAGRAM_MAX = 65507 - 20, COUNT_MAX = 8 }; // of UDP over IPv4, and a header that is longer; digits and space of a count

struct sink {
	const struct sink_env *env;
	int transport, framing; // enum sink_transport, sink_framing
	bool datagram;
	bool reload_told;         // that it failed
	char path[SINK_PATH + 1]; // local
	struct syslog_form form;
	struct sink_net net;
	struct syslog_tls tls;
	struct carrier carrier;
};

// ---- messages ----------------------------------------------------------------------------------------------------

// Where a message ends: its length stands before it, or an octet behind it (as glibc does to a stream at /dev/log: NUL).
static size_t framed(const struct sink *s, char *to, const char *head, size_t head_len, const struct sink_message *m)
{
	char *at = to;
	bool counted = !s->datagram && s->transport != TRANSPORT_LOCAL && s->framing == FRAMING_OCTETS;
	if (counted)
		at += sprintf(at, "%zu ", head_len + m->len);
	memcpy(at, head, head_len);
	memcpy(at + head_len, m->octets, m->len);
	at += head_len + m->len;
	if (!s->datagram && !counted)
		*at++ = s->transport == TRANSPORT_LOCAL ? '\0' : '\n';
	return (size_t)(at - to);
}

// Fills the batch with as many as there is room for.
static void fill(struct sink *s, const struct sink_message *m, size_t n)
{
	struct sink_batch *b = &s->carrier.batch;
	char head[SYSLOG_HEAD_MAX];
	sink_batch_clear(b);
	for (size_t i = 0; i < n && b->n < SINK_BATCH; i++) {
		size_t head_len = syslog_head(head, &s->form, &m[i]);
		if (m[i].len > DATAGRAM_MAX - head_len || !sink_one_line(&m[i])) {
			sink_batch_refuse(b);
			continue;
		}
		char *to = sink_batch_room(b, COUNT_MAX + head_len + m[i].len + 1);
		if (to == NULL)
			return;
		sink_batch_put(b, framed(s, to, head, head_len, &m[i]));
	}
}

// ---- prepare -----------------------------------------------------------------------------------------------------

static void syslog_destroy(struct sink **s)
{
	if (*s == NULL)
		return;
	syslog_tls_destroy(&(*s)->tls);
	carrier_close(&(*s)->carrier);
	sink_net_destroy(&(*s)->net);
	free(*s);
	*s = NULL;
}

static uint16_t port_of(const struct sink_config *c)
{
	static const uint16_t standard[] = {[TRANSPORT_UDP] = 514, [TRANSPORT_TCP] = 601, [TRANSPORT_TLS] = 6514};
	return c->port != 0 ? c->port : standard[c->transport];
}

static int prepare_remote(struct sink *s, const struct sink_config *c)
{
	sink_net_prepare(&s->net, c->host, port_of(c), c->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM);
	s->datagram = c->transport == TRANSPORT_UDP;
	if (c->transport != TRANSPORT_TLS)
		return carrier_open(&s->carrier, s->env, s->net.words, true);
	int rc = syslog_tls_prepare(&s->tls, c, s->env, s->net.words);
	if (rc == 0)
		rc = carrier_open(&s->carrier, s->env, s->net.words, true);
	s->carrier.cipher = &s->tls.cipher;
	return rc;
}

static int syslog_prepare(struct sink **out, const struct sink_config *c, const struct sink_env *env)
{
	struct sink *s = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->env = env;
	s->transport = c->transport;
	s->framing = c->framing;
	s->carrier.fd = -1;
	syslog_form_init(&s->form, c, env->host);
	int rc = 0;
	if (c->transport != TRANSPORT_LOCAL) {
		rc = prepare_remote(s, c);
	} else {
		snprintf(s->path, sizeof s->path, "%s", c->path[0] != '\0' ? c->path : "/dev/log");
		rc = carrier_open(&s->carrier, env, s->path, false);
	}
	if (rc < 0)
		syslog_destroy(&s);
	*out = s;
	return rc;
}

// ---- connection --------------------------------------------------------------------------------------------------

static void drop(struct sink *s)
{
	syslog_tls_close(&s->tls, !s->carrier.under_way);
	carrier_drop(&s->carrier);
}

static int open_local(struct sink *s)
{
	int fd = unix_socket_connect(s->path, &s->datagram);
	if (fd < 0)
		return sink_why(s->env, fd, "%.100s: %s", s->path, strerror(-fd));
	carrier_connected(&s->carrier, fd);
	return 0;
}

static int open_remote(struct sink *s)
{
	struct sink_wait w;
	sink_wait_begin(&w, s->env);
	int fd = sink_net_connect(&s->net, &w, s->env);
	if (fd < 0)
		return fd;
	carrier_connected(&s->carrier, fd);
	int rc = s->transport == TRANSPORT_TLS ? syslog_tls_open(&s->tls, fd, &w) : 0;
	if (rc < 0)
		carrier_drop(&s->carrier);
	return rc;
}

static int syslog_open(struct sink *s)
{
	if (s->carrier.fd >= 0) // what was on its way still is
		return 0;
	return s->transport == TRANSPORT_LOCAL ? open_local(s) : open_remote(s);
}

static void syslog_close(struct sink *s)
{
	bool kept = s->carrier.stuck && carrier_park(&s->carrier);
	if (!kept)
		drop(s);
}

static void syslog_reopen(struct sink *s)
{
	if (s->transport != TRANSPORT_TLS)
		return;
	int rc = syslog_tls_reload(&s->tls);
	if (rc < 0 && !s->reload_told)
		log_warn("syslog", "%s; what was read before is used on", s->env->why);
	s->reload_told = rc < 0;
	if (rc < 0)
		return;
	if (!s->carrier.under_way)
		sink_batch_clear(&s->carrier.last); // it is we who close, so it arrives; but not behind a reset
	drop(s);
}

// ---- send --------------------------------------------------------------------------------------------------------

static int send_datagrams(struct sink *s, const struct sink_message *m, size_t n, struct sink_wait *w)
{
	fill(s, m, n);
	int rc = datagram_send(s->carrier.fd, s->transport == TRANSPORT_UDP, &s->carrier.batch, w);
	const char *words = rc == -ETIMEDOUT ? "the receiver takes nothing" : strerror(-rc);
	return rc < 0 ? sink_why(s->env, rc, "%.100s: %s", s->carrier.words, words) : 0;
}

static int send_stream(struct sink *s, const struct sink_message *m, size_t n, struct sink_wait *w)
{
	if (!carrier_has(&s->carrier, m)) {
		fill(s, m, n);
		carrier_begin(&s->carrier, m);
	}
	return carrier_push(&s->carrier, w);
}

static int syslog_send(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused)
{
	struct sink_wait w;
	bool stands = s->datagram ? s->carrier.fd >= 0 : carrier_stands(&s->carrier, m);
	int rc = stands ? 0 : syslog_open(s);
	sink_wait_begin(&w, s->env);
	if (rc == 0)
		rc = s->datagram ? send_datagrams(s, m, n, &w) : send_stream(s, m, n, &w);
	if (rc < 0)
		return rc;
	*refused += s->carrier.batch.refused;
	return (int)s->carrier.batch.n;
}

const struct sink_ops sink_syslog_ops = {
	.name = "syslog",
	.prepare = syslog_prepare,
	.open = syslog_open,
	.send = syslog_send,
	.close = syslog_close,
	.reopen = syslog_reopen,
	.destroy = syslog_destroy,
};
