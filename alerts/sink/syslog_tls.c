// OpenSSL as a client that insists. There is no switch that makes it insist less.
#include "alerts/sink/syslog_tls.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "hw/clock.h"

enum {
	ACCEPTED_US = 1000000, // longest wait for a sign that a TLS 1.3 receiver is content with us
	LOOKS = 64,
};

// ---- words -------------------------------------------------------------------------------------------------------

// Of the oldest error: what came later follows from it.
static const char *reason(void)
{
	unsigned long e = ERR_peek_error();
	const char *words = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);
	return e != 0 && words != NULL ? words : "unknown error of TLS";
}

static int tell_file(const struct syslog_tls *t, const char *path)
{
	return sink_why(t->env, ERR_SYSTEM_ERROR(ERR_peek_error()) ? -ERR_GET_REASON(ERR_peek_error()) : -EINVAL, "%.100s: %s", path, reason());
}

static int tell_error(const struct syslog_tls *t, int result)
{
	long verified = SSL_get_verify_result(t->ssl);
	if (result == SSL_ERROR_ZERO_RETURN || ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return sink_why(t->env, -EPIPE, "%.80s: the receiver has closed the connection", t->words);
	if (verified != X509_V_OK)
		return sink_why(t->env, -EKEYREJECTED, "%.80s: its certificate: %s", t->words, X509_verify_cert_error_string(verified));
	if (result == SSL_ERROR_SYSCALL)
		return sink_why(t->env, errno != 0 ? -errno : -EPIPE, "%.80s: %s", t->words,
			errno != 0 ? strerror(errno) : "the receiver has closed the connection");
	return sink_why(t->env, -EPROTO, "%.80s: %s", t->words, reason());
}

// ---- files -------------------------------------------------------------------------------------------------------

// A key under a passphrase would have OpenSSL ask for it at the terminal.
static int no_passphrase(char *out, int len, int writing, void *ctx)
{
	return -1;
}

static int on_asked(SSL *ssl, void *ctx)
{
	((struct syslog_tls *)ctx)->asked = true;
	return 1;
}

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct syslog_tls *t = SSL_get_app_data(ssl);
	if (t != NULL)
		t->ticket = true;
	return 0;
}

static void set_up(struct syslog_tls *t, SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	SSL_CTX_set_cert_cb(ctx, on_asked, t);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	// What the operator names is trusted, be it a root or not.
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
}

static int read_files(const struct syslog_tls *t, SSL_CTX *ctx)
{
	if (SSL_CTX_load_verify_file(ctx, t->ca) != 1)
		return tell_file(t, t->ca);
	if (t->cert[0] == '\0')
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ctx, t->cert) != 1)
		return tell_file(t, t->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return tell_file(t, t->key);
	return 0;
}

int syslog_tls_reload(struct syslog_tls *t)
{
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		return sink_why(t->env, -ENOMEM, "%s", strerror(ENOMEM));
	set_up(t, ctx);
	int rc = read_files(t, ctx);
	if (rc < 0) {
		SSL_CTX_free(ctx);
		return rc;
	}
	SSL_CTX_free(t->ctx);
	t->ctx = ctx;
	return 0;
}

static ssize_t tls_write(void *ctx, const char *p, size_t len, short *events);
static int tls_look(void *ctx, short *events);

int syslog_tls_prepare(struct syslog_tls *t, const struct sink_config *c, const struct sink_env *env, const char *words)
{
	*t = (struct syslog_tls){.env = env, .words = words, .cipher = {tls_write, tls_look, t}};
	memcpy(t->name, c->server_name[0] != '\0' ? c->server_name : c->host, sizeof t->name);
	memcpy(t->ca, c->ca, sizeof t->ca);
	memcpy(t->cert, c->cert, sizeof t->cert);
	memcpy(t->key, c->key, sizeof t->key);
	if (t->ca[0] == '\0')
		return sink_why(env, -EINVAL, "%.80s: TLS needs the CA of its certificate (ca)", words);
	if (t->name[0] == '\0')
		return sink_why(env, -EINVAL, "%.80s: TLS needs the name of its certificate (server_name)", words);
	return syslog_tls_reload(t);
}

void syslog_tls_destroy(struct syslog_tls *t)
{
	syslog_tls_close(t, false);
	SSL_CTX_free(t->ctx);
	t->ctx = NULL;
}

// ---- connection --------------------------------------------------------------------------------------------------

// -EAGAIN with *events, or the error with its words.
static int outcome(struct syslog_tls *t, int r, short *events)
{
	int result = SSL_get_error(t->ssl, r);
	if (result != SSL_ERROR_WANT_READ && result != SSL_ERROR_WANT_WRITE)
		return tell_error(t, result);
	*events = result == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
	return -EAGAIN;
}

static ssize_t tls_write(void *ctx, const char *p, size_t len, short *events)
{
	struct syslog_tls *t = ctx;
	ERR_clear_error();
	errno = 0;
	int r = SSL_write(t->ssl, p, (int)len);
	return r > 0 ? r : outcome(t, r, events);
}

// Nobody has anything to tell a sender but alerts, tickets and the end.
static int tls_look(void *ctx, short *events)
{
	struct syslog_tls *t = ctx;
	char nothing[1024];
	for (int i = 0; i < LOOKS; i++) {
		ERR_clear_error();
		errno = 0;
		int r = SSL_read(t->ssl, nothing, sizeof nothing);
		int rc = r > 0 ? 0 : outcome(t, r, events);
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
	}
	return 0;
}

// The name that is asked for (SNI) is the one that must be shown; addresses are never asked for (RFC 6066 3).
static bool expect_name(const struct syslog_tls *t)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->name) == 1)
		return true;
	ERR_clear_error();
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS); // RFC 9525 6.3: a whole label or none
	return SSL_set1_host(t->ssl, t->name) == 1 && SSL_set_tlsext_host_name(t->ssl, t->name) == 1;
}

static int shake_hands(struct syslog_tls *t, int fd, struct sink_wait *w)
{
	for (;;) {
		short events;
		ERR_clear_error();
		errno = 0;
		int r = SSL_connect(t->ssl);
		if (r == 1)
			return 0;
		int rc = outcome(t, r, &events);
		if (rc != -EAGAIN)
			return rc;
		rc = sink_wait_fd(w, fd, events, SINK_WAIT_LONG);
		if (rc < 0)
			return sink_why(t->env, rc, "%.80s: TLS: %s", t->words, strerror(-rc));
	}
}

// In TLS 1.3 the handshake is over for us before the receiver has seen our certificate: octets that it will never take would
// count as its own. A ticket shows that it is content; a receiver without tickets says nothing, and gets a moment to refuse.
static int hear_verdict(struct syslog_tls *t, int fd, struct sink_wait *w)
{
	short events;
	int rc = 0;
	if (!t->asked || SSL_version(t->ssl) < TLS1_3_VERSION)
		return 0;
	const uint64_t end_ns = clock_mono_ns() + ACCEPTED_US * UINT64_C(1000); // one that talks all the time does not refuse, either
	for (int ready = 1; rc == 0 && !t->ticket && ready == 1 && clock_mono_ns() < end_ns;) {
		ready = sink_wait_fd(w, fd, POLLIN, ACCEPTED_US);
		rc = ready < 0 ? sink_why(t->env, ready, "%.80s: TLS: %s", t->words, strerror(-ready)) : tls_look(t, &events);
	}
	return rc;
}

int syslog_tls_open(struct syslog_tls *t, int fd, struct sink_wait *w)
{
	syslog_tls_close(t, false);
	ERR_clear_error();
	t->asked = t->ticket = false;
	t->ssl = SSL_new(t->ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, fd) != 1 || !expect_name(t)) {
		syslog_tls_close(t, false);
		return sink_why(t->env, -EINVAL, "%.80s: %s", t->words, reason());
	}
	SSL_set_app_data(t->ssl, t);
	sink_wait_moved(w);
	int rc = shake_hands(t, fd, w);
	if (rc == 0)
		rc = hear_verdict(t, fd, w);
	if (rc < 0)
		syslog_tls_close(t, false);
	return rc;
}

void syslog_tls_close(struct syslog_tls *t, bool orderly)
{
	if (t->ssl != NULL && orderly && SSL_is_init_finished(t->ssl)) {
		ERR_clear_error();
		(void)SSL_shutdown(t->ssl); // RFC 5425 4.4: said, and not waited for
	}
	SSL_free(t->ssl);
	t->ssl = NULL;
}
