// Syslog over TLS (RFC 5425), the sender's half: the receiver must show a certificate of the given CA with the given name, always.
// Private to alerts/sink/.
#pragma once

#include <openssl/ssl.h>

#include "alerts/sink/carrier.h"

struct syslog_tls {
	const struct sink_env *env;
	const char *words;          // the receiver, for people
	char name[SINK_TEXT + 1];   // that its certificate must have: a host name, or an address
	char ca[SINK_PATH + 1], cert[SINK_PATH + 1], key[SINK_PATH + 1];
	SSL_CTX *ctx;
	SSL *ssl;                   // NULL: no connection
	bool asked, ticket;         // it wants our certificate; it has sent a ticket, so it is content
	struct carrier_cipher cipher;
};

// Reads the files. 0 or -errno with env->why.
int syslog_tls_prepare(struct syslog_tls *t, const struct sink_config *c, const struct sink_env *env, const char *words);
void syslog_tls_destroy(struct syslog_tls *t);
// Reads them again. Where that does not work any more, what was read before stays. 0 or -errno with env->why.
int syslog_tls_reload(struct syslog_tls *t);
// The handshake, and the receiver's word on our certificate, as far as it gives one. 0 or -errno with env->why.
int syslog_tls_open(struct syslog_tls *t, int fd, struct sink_wait *w);
// `orderly`: says close_notify. The descriptor stays open.
void syslog_tls_close(struct syslog_tls *t, bool orderly);
