// One connection that is closed again as soon as it stands.
#include "cli/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "hw/clock.h"

enum { ADDRESSES_MAX = 4 };

static bool failed(struct reach *r, enum reach_step step, const char *why)
{
	r->step = step;
	snprintf(r->why, sizeof r->why, "%s", why);
	return false;
}

// ---- TLS ---------------------------------------------------------------------------------------------------------

static bool bad_file(struct reach *r, const char *path)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(e);
	char why[REACH_WHY];
	snprintf(why, sizeof why, "%.110s: %s", path, ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) :
		reason != NULL ? reason : "is not PEM of what it should be");
	ERR_clear_error();
	return failed(r, REACH_OWN_FILES, why);
}

// Nobody is there to be asked for a passphrase, neither now nor when the sensor starts.
static int no_passphrase(char *out, int len, int writing, void *ctx)
{
	return -1;
}

static bool load(struct reach *r, SSL_CTX *ctx, const struct reach_tls *tls)
{
	ERR_clear_error();
	if (tls->ca != NULL ? SSL_CTX_load_verify_file(ctx, tls->ca) != 1 : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return bad_file(r, tls->ca != NULL ? tls->ca : "the system's CA certificates");
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (tls->cert != NULL && SSL_CTX_use_certificate_chain_file(ctx, tls->cert) != 1)
		return bad_file(r, tls->cert);
	if (tls->key != NULL && SSL_CTX_use_PrivateKey_file(ctx, tls->key, SSL_FILETYPE_PEM) != 1)
		return bad_file(r, tls->key);
	return true;
}

static SSL *client(SSL_CTX *ctx, const struct reach_tls *tls, int fd)
{
	unsigned char raw[16];
	bool address = inet_pton(AF_INET, tls->name, raw) == 1 || inet_pton(AF_INET6, tls->name, raw) == 1;
	SSL *ssl = SSL_new(ctx);
	if (ssl == NULL)
		return NULL;
	X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(ssl), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	bool good = address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), tls->name) == 1 :
		SSL_set1_host(ssl, tls->name) == 1 && SSL_set_tlsext_host_name(ssl, tls->name) == 1;
	if (good && SSL_set_fd(ssl, fd) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static uint64_t end_of(unsigned wait_ms)
{
	return clock_mono_ns() + wait_ms * UINT64_C(1000000);
}

static bool wait_for(int fd, short events, uint64_t end_ns)
{
	uint64_t now = clock_mono_ns();
	struct pollfd p = {.fd = fd, .events = events};
	return now < end_ns && poll(&p, 1, (int)((end_ns - now) / 1000000) + 1) > 0;
}

static bool tls_trouble(struct reach *r, SSL *ssl, int error)
{
	long verified = SSL_get_verify_result(ssl);
	unsigned long e = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(e);
	if (verified != X509_V_OK)
		return failed(r, REACH_TLS, X509_verify_cert_error_string(verified));
	if (error == SSL_ERROR_SYSCALL)
		return failed(r, REACH_TLS, errno != 0 ? strerror(errno) : "the other side closed the connection");
	return failed(r, REACH_TLS, reason != NULL ? reason : "the other side speaks no TLS");
}

// With TLS 1.3 a receiver refuses our certificate only after the handshake is over on this side: that much is waited for.
enum { REFUSAL_MS = 150 };

static bool refused(struct reach *r, SSL *ssl, int fd)
{
	char octet;
	if (!wait_for(fd, POLLIN, end_of(REFUSAL_MS)))
		return false;
	ERR_clear_error();
	errno = 0;
	int n = SSL_read(ssl, &octet, 1), error = SSL_get_error(ssl, n);
	if (n > 0 || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return false; // a greeting, or tickets
	return !tls_trouble(r, ssl, error);
}

static bool handshake(struct reach *r, SSL *ssl, int fd, uint64_t end_ns)
{
	for (;;) {
		ERR_clear_error();
		errno = 0;
		int n = SSL_connect(ssl);
		if (n == 1)
			break;
		int error = SSL_get_error(ssl, n);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
			return tls_trouble(r, ssl, error);
		if (!wait_for(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end_ns))
			return failed(r, REACH_TLS, "no answer to the handshake");
	}
	snprintf(r->tls, sizeof r->tls, "%s, %s", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
	return !refused(r, ssl, fd);
}

static void look_at_end(struct reach *r, const X509 *x, const char *whose)
{
	int days, seconds;
	if (x == NULL || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1 || (r->whose != NULL && days >= r->ends_in_days))
		return;
	r->whose = whose;
	r->ends_in_days = days;
}

static void look_at_ends(struct reach *r, SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	look_at_end(r, SSL_get_certificate(ssl), "this sensor");
	for (int i = 0; i < sk_X509_num(chain); i++)
		look_at_end(r, sk_X509_value(chain, i), i == 0 ? "the receiver" : "the receiver's CA");
}

static bool speak_tls(struct reach *r, SSL_CTX *ctx, const struct reach_tls *tls, int fd, uint64_t end_ns)
{
	SSL *ssl = client(ctx, tls, fd);
	if (ssl == NULL)
		return failed(r, REACH_TLS, "out of memory");
	bool good = handshake(r, ssl, fd, end_ns);
	if (good) {
		look_at_ends(r, ssl);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	ERR_clear_error();
	return good;
}

// ---- TCP ---------------------------------------------------------------------------------------------------------

static int connect_to(struct reach *r, const struct addrinfo *a, uint64_t end_ns)
{
	int error = 0;
	socklen_t len = sizeof error;
	getnameinfo(a->ai_addr, a->ai_addrlen, r->address, sizeof r->address, NULL, 0, NI_NUMERICHOST);
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	if (errno != EINPROGRESS)
		error = errno;
	else if (!wait_for(fd, POLLOUT, end_ns))
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	return -error;
}

static struct addrinfo *resolve(struct reach *r, const char *host, uint16_t port)
{
	char service[8];
	struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	snprintf(service, sizeof service, "%u", port);
	int rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0)
		failed(r, REACH_NAME, rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	return rc == 0 ? list : NULL;
}

bool reach_name(struct reach *r, const char *host)
{
	*r = (struct reach){.step = REACH_DONE};
	struct addrinfo *list = resolve(r, host, 1);
	if (list == NULL)
		return false;
	getnameinfo(list->ai_addr, list->ai_addrlen, r->address, sizeof r->address, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(list);
	return true;
}

static bool reach_with(struct reach *r, const char *host, uint16_t port, SSL_CTX *ctx, const struct reach_tls *tls, unsigned wait_ms)
{
	int fd = -ENOENT, tried = 0;
	struct addrinfo *list = resolve(r, host, port);
	if (list == NULL)
		return false;
	for (const struct addrinfo *a = list; fd < 0 && a != NULL && tried < ADDRESSES_MAX; a = a->ai_next, tried++)
		fd = connect_to(r, a, end_of(wait_ms));
	freeaddrinfo(list);
	if (fd < 0)
		return failed(r, REACH_CONNECT, strerror(-fd));
	bool good = ctx == NULL || speak_tls(r, ctx, tls, fd, end_of(wait_ms));
	close(fd);
	return good;
}

bool reach_tcp(struct reach *r, const char *host, uint16_t port, const struct reach_tls *tls, unsigned wait_ms)
{
	SSL_CTX *ctx = NULL;
	bool good = true;
	*r = (struct reach){.step = REACH_DONE};
	if (tls != NULL) {
		ctx = SSL_CTX_new(TLS_client_method());
		if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
			good = failed(r, REACH_OWN_FILES, "out of memory");
		else
			good = load(r, ctx, tls);
		if (ctx != NULL)
			SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	good = good && reach_with(r, host, port, ctx, tls, wait_ms);
	SSL_CTX_free(ctx);
	return good;
}
