// Name service in a thread of its own, since it waits as long as it likes; connections in turn.
#include "alerts/sink/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	ONE_OF_SEVERAL_US = 3000000, // an address that does not answer, where there are others
	ASK_US = 5000000,            // longest wait for a name whose address is known from before
	FIRST_RETRANS_S = 2, FIRST_RETRIES = 1,
	IDLE_S = 30, PROBE_S = 10, PROBES = 3, // a peer that is gone is noticed within a minute, though nothing is sent
};

// ---- names -------------------------------------------------------------------------------------------------------

struct sink_net_lookup {
	int refs;  // the sink's and the thread's
	int done;  // eventfd
	int rc;    // of getaddrinfo()
	int kind;
	char host[SINK_TEXT + 1], port[8];
	struct addrinfo *found;
};

static int ask(const char *host, const char *port, int kind, int flags, struct addrinfo **found)
{
	const struct addrinfo hints = {.ai_socktype = kind, .ai_flags = flags | AI_NUMERICSERV};
	*found = NULL;
	return getaddrinfo(host, port, &hints, found);
}

static void take(struct sink_net *n, const struct addrinfo *found)
{
	n->n = 0;
	for (const struct addrinfo *a = found; a != NULL && n->n < SINK_NET_ADDRESSES; a = a->ai_next) {
		struct sink_net_address *to = &n->address[n->n];
		if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || a->ai_addrlen > sizeof to->at)
			continue;
		memcpy(&to->at, a->ai_addr, a->ai_addrlen);
		to->len = a->ai_addrlen;
		n->n++;
	}
}

static void let_go(struct sink_net_lookup *l)
{
	if (__atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (l->found != NULL)
		freeaddrinfo(l->found);
	close(l->done);
	free(l);
}

static void *look_up(void *arg)
{
	struct sink_net_lookup *l = arg;
	l->rc = ask(l->host, l->port, l->kind, 0, &l->found);
	(void)!eventfd_write(l->done, 1);
	let_go(l);
	return NULL;
}

static struct sink_net_lookup *begin_lookup(const struct sink_net *n)
{
	struct sink_net_lookup *l = calloc(1, sizeof *l);
	pthread_t thread;
	pthread_attr_t detached;
	if (l == NULL)
		return NULL;
	*l = (struct sink_net_lookup){.refs = 2, .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .kind = n->kind};
	memcpy(l->host, n->host, sizeof l->host);
	memcpy(l->port, n->port, sizeof l->port);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	int rc = l->done < 0 ? errno : pthread_create(&thread, &detached, look_up, l);
	pthread_attr_destroy(&detached);
	if (rc == 0)
		return l;
	if (l->done >= 0)
		close(l->done);
	free(l);
	return NULL;
}

// 0: the addresses that are known are as new as can be had. An answer that is late is used next time.
static int refresh(struct sink_net *n, struct sink_wait *w, const struct sink_env *env)
{
	if (n->literal)
		return 0;
	if (n->asking == NULL)
		n->asking = begin_lookup(n);
	if (n->asking == NULL)
		return n->n > 0 ? 0 : sink_why(env, -ENOMEM, "%.100s: cannot ask for its address", n->words);
	int rc = sink_wait_fd(w, n->asking->done, POLLIN, n->n > 0 ? ASK_US : SINK_WAIT_LONG);
	if (rc == 0)
		return 0;
	if (rc < 0)
		return sink_why(env, rc, "%.100s: the name service does not answer", n->words);
	struct sink_net_lookup *l = n->asking;
	n->asking = NULL;
	if (l->rc == 0)
		take(n, l->found);
	rc = l->rc == 0 || n->n > 0 ? 0 : sink_why(env, -EHOSTUNREACH, "%.100s: %s", n->words, gai_strerror(l->rc));
	let_go(l);
	sink_wait_moved(w);
	return rc;
}

// The system's own patience would hold up the start for half a minute. Its settings are the calling thread's.
static void ask_first(struct sink_net *n)
{
	struct addrinfo *found;
	if (res_init() < 0)
		return;
	int retrans = _res.retrans, retry = _res.retry;
	_res.retrans = FIRST_RETRANS_S;
	_res.retry = FIRST_RETRIES;
	if (ask(n->host, n->port, n->kind, 0, &found) == 0) {
		take(n, found);
		freeaddrinfo(found);
	}
	_res.retrans = retrans;
	_res.retry = retry;
}

void sink_net_prepare(struct sink_net *n, const char *host, uint16_t port, int kind)
{
	struct addrinfo *found;
	*n = (struct sink_net){.kind = kind};
	snprintf(n->host, sizeof n->host, "%s", host);
	snprintf(n->port, sizeof n->port, "%u", port);
	snprintf(n->words, sizeof n->words, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", n->host, n->port);
	n->literal = ask(n->host, n->port, kind, AI_NUMERICHOST, &found) == 0;
	if (!n->literal) {
		ask_first(n);
		return;
	}
	take(n, found);
	freeaddrinfo(found);
}

void sink_net_destroy(struct sink_net *n)
{
	if (n->asking != NULL)
		let_go(n->asking);
	n->asking = NULL;
}

// ---- connections -------------------------------------------------------------------------------------------------

static void set(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

static int finish(int fd, struct sink_wait *w, int us)
{
	int error = 0, rc = sink_wait_fd(w, fd, POLLOUT, us);
	socklen_t len = sizeof error;
	if (rc <= 0)
		return rc == 0 ? -ETIMEDOUT : rc;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? -errno : -error;
}

// Where nobody listens at a port of this machine, and the system gives that very port to who connects, he talks to himself.
static bool is_itself(int fd)
{
	struct sockaddr_storage here = {.ss_family = AF_UNSPEC}, there = {.ss_family = AF_UNSPEC};
	socklen_t here_len = sizeof here, there_len = sizeof there;
	return getsockname(fd, (struct sockaddr *)&here, &here_len) == 0 && getpeername(fd, (struct sockaddr *)&there, &there_len) == 0 &&
	       here_len == there_len && memcmp(&here, &there, here_len) == 0;
}

static int connect_one(const struct sink_net *n, const struct sink_net_address *to, struct sink_wait *w)
{
	int fd = socket(to->at.ss_family, n->kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connect(fd, (const struct sockaddr *)&to->at, to->len) == 0 ? 0 : -errno;
	if (rc == -EINPROGRESS)
		rc = finish(fd, w, n->n > 1 ? ONE_OF_SEVERAL_US : SINK_WAIT_LONG);
	if (rc == 0 && is_itself(fd))
		rc = -ECONNREFUSED;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	if (n->kind != SOCK_STREAM)
		return fd;
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1); // whole batches are written
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
	return fd;
}

int sink_net_connect(struct sink_net *n, struct sink_wait *w, const struct sink_env *env)
{
	int rc = refresh(n, w, env);
	if (rc < 0)
		return rc;
	rc = -EHOSTUNREACH;
	for (size_t i = 0; i < n->n && rc != -ECANCELED; i++) {
		sink_wait_moved(w);
		rc = connect_one(n, &n->address[i], w);
		if (rc >= 0)
			return rc;
	}
	return sink_why(env, rc, "%.100s: %s", n->words, strerror(-rc));
}
