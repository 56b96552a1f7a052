// A non-blocking socket, poll() and OpenSSL: every wait ends at the deadline.
#include "alerts/probe/link.h"
#include "hw/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

static enum link_result failed(struct link *l, const char *what)
{
	snprintf(l->why, sizeof(l->why), "%s", what);
	return LINK_FAILED;
}

// LINK_OK: try again.
static enum link_result wait_for(struct link *l, short events)
{
	struct pollfd p = {.fd = l->fd, .events = events};
	uint64_t now = clock_mono_ns();

	if (now >= l->deadline_ns)
		return LINK_TIMEOUT;
	int r = poll(&p, 1, (int)((l->deadline_ns - now + 999999) / 1000000));
	if (r < 0 && errno != EINTR)
		return failed(l, strerror(errno));
	return r == 0 ? LINK_TIMEOUT : LINK_OK;
}

static socklen_t fill_address(struct sockaddr_storage *out, const struct policy_address *to, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	if (to->ip_v == 6) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)out;
		*a = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&a->sin6_addr, to->octets, 16);
		return sizeof(*a);
	}
	struct sockaddr_in *a = (struct sockaddr_in *)out;
	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	memcpy(&a->sin_addr, to->octets, 4);
	return sizeof(*a);
}

enum link_result link_open(struct link *l, const struct policy_address *to, uint16_t port, uint64_t deadline_ns)
{
	struct sockaddr_storage address;
	socklen_t len = fill_address(&address, to, port), error_len = sizeof(int);
	int error = 0;

	memset(l, 0, sizeof(*l));
	l->deadline_ns = deadline_ns;
	l->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return failed(l, strerror(errno));
	if (connect(l->fd, (struct sockaddr *)&address, len) == 0)
		return LINK_OK;
	if (errno != EINPROGRESS)
		return failed(l, strerror(errno));
	enum link_result r = wait_for(l, POLLOUT);
	if (r != LINK_OK)
		return r;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		error = errno;
	return error ? failed(l, strerror(error)) : LINK_OK;
}

void link_close(struct link *l)
{
	SSL_free(l->ssl);
	SSL_CTX_free(l->ctx);
	if (l->fd >= 0)
		close(l->fd);
	l->ssl = NULL;
	l->ctx = NULL;
	l->fd = -1;
}

// What OpenSSL wants next: LINK_OK, once that may go on.
static enum link_result tls_wait(struct link *l, int r)
{
	switch (SSL_get_error(l->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(l, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(l, POLLOUT);
	case SSL_ERROR_ZERO_RETURN:
		return LINK_CLOSED;
	case SSL_ERROR_SYSCALL:
		return LINK_CLOSED;
	default: {
		const char *reason = ERR_reason_error_string(ERR_peek_last_error());
		if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return LINK_CLOSED;
		return failed(l, reason ? reason : "TLS error");
	}
	}
}

static enum link_result tls_send(struct link *l, const char *text, size_t len)
{
	for (;;) {
		ERR_clear_error();
		int r = SSL_write(l->ssl, text, (int)len);
		if (r > 0)
			return LINK_OK;
		enum link_result w = tls_wait(l, r);
		if (w != LINK_OK)
			return w;
	}
}

enum link_result link_send(struct link *l, const char *text, size_t len)
{
	if (l->ssl)
		return tls_send(l, text, len);
	while (len) {
		ssize_t n = send(l->fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return errno == EPIPE || errno == ECONNRESET ? LINK_CLOSED : failed(l, strerror(errno));
		if (n > 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		enum link_result w = wait_for(l, POLLOUT);
		if (w != LINK_OK)
			return w;
	}
	return LINK_OK;
}

static enum link_result got(struct link *l, size_t n)
{
	l->at = 0;
	l->len = n;
	return LINK_OK;
}

// The deadline is looked at before every reading: whoever always has something to say is not read for ever.
enum link_result link_fill(struct link *l)
{
	while (l->at == l->len) {
		enum link_result w = LINK_OK;
		if (clock_mono_ns() >= l->deadline_ns)
			return LINK_TIMEOUT;
		if (l->ssl) {
			ERR_clear_error();
			int r = SSL_read(l->ssl, l->buffer, LINK_BUFFER);
			if (r > 0)
				return got(l, (size_t)r);
			w = tls_wait(l, r);
		} else {
			ssize_t n = recv(l->fd, l->buffer, LINK_BUFFER, 0);
			if (n > 0)
				return got(l, (size_t)n);
			if (n == 0 || errno == ECONNRESET)
				return LINK_CLOSED;
			if (errno != EAGAIN && errno != EINTR)
				return failed(l, strerror(errno));
			w = wait_for(l, POLLIN);
		}
		if (w != LINK_OK)
			return w;
	}
	return LINK_OK;
}

enum link_result link_upgrade(struct link *l, const char *name)
{
	l->at = l->len = 0;
	ERR_clear_error();
	l->ctx = SSL_CTX_new(TLS_client_method());
	if (!l->ctx || !SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION))
		return failed(l, "out of memory");
	SSL_CTX_set_verify(l->ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(l->ctx, SSL_MODE_AUTO_RETRY);
	l->ssl = SSL_new(l->ctx);
	if (!l->ssl || !SSL_set_fd(l->ssl, l->fd) || (name && !SSL_set_tlsext_host_name(l->ssl, name)))
		return failed(l, "out of memory");
	for (;;) {
		ERR_clear_error();
		int r = SSL_connect(l->ssl);
		if (r == 1)
			return LINK_OK;
		enum link_result w = tls_wait(l, r);
		if (w != LINK_OK)
			return w;
		if (clock_mono_ns() >= l->deadline_ns)
			return LINK_TIMEOUT;
	}
}
