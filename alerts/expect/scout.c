// The asking side: what is pending, pieces put together, and answers checked before anybody sees them.
#include "alerts/expect/scout.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alerts/expect/name.h"
#include "alerts/expect/resolver.h"
#include "alerts/expect/scout_wire.h"
#include "hw/log.h"

enum {
	CLOSE_MS = 900,       // for the worker to write its cache and go
	TAKEN_MAX = 64,       // packets a poll; the rest is there at the next one
};

struct pending {
	struct scout_request request;
	bool used, sent;
};

struct scout {
	int fd;
	pid_t keeper;
	const struct scout_config *config;
	struct pending pending[SCOUT_PENDING_MAX];
	uint32_t n_pending, n_unsent;
	struct scout_counts counts;
	struct scout_piece piece;
	struct scout_piece head;      // of the answer that is being put together; total 0: none
	uint32_t got;
	char text[SCOUT_ANSWER_MAX + 1];
};

static bool good_name(const char *name)
{
	char same[POLICY_NAME];
	size_t len = strnlen(name, POLICY_NAME);
	return len < POLICY_NAME && name_from_wire(same, (const uint8_t *)name, len) && strcmp(same, name) == 0;
}

static int check(const struct scout_config *c)
{
	const struct resolver_config r = {.trust_anchor = c->trust_anchor, .forward_to = c->forward_to, .n_forward_to = c->n_forward_to};
	if (c->n_watchlist > SCOUT_WATCHLIST_MAX)
		return -EINVAL;
	for (size_t i = 0; i < c->n_watchlist; i++)
		if (!good_name(c->watchlist[i]))
			return -EINVAL;
	return resolver_check(&r);
}

int scout_attach(struct scout **out, int fd, const struct scout_config *config)
{
	int rc = check(config);
	*out = NULL;
	if (rc < 0)
		return rc;
	struct scout *s = *out = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->fd = fd;
	s->config = config;
	return 0;
}

int scout_open(struct scout **out, const struct scout_config *config)
{
	int fds[2], rc;
	*out = NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	rc = scout_attach(out, fds[0], config);
	if (rc < 0) {
		close(fds[0]);
		close(fds[1]);
		return rc;
	}
	(*out)->keeper = fork();
	if ((*out)->keeper == 0) {
		close(fds[0]);
		scout_keep(fds[1], config);
	}
	rc = (*out)->keeper < 0 ? -errno : 0;
	close(fds[1]);
	if (rc < 0)
		scout_close(out);
	return rc;
}

static void wait_for(pid_t keeper)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	for (int ms = 0; ms < CLOSE_MS; ms += 10) {
		if (waitpid(keeper, NULL, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL);
	}
	kill(keeper, SIGKILL); // the worker dies with it
	waitpid(keeper, NULL, 0);
}

void scout_close(struct scout **s)
{
	if (*s == NULL)
		return;
	if ((*s)->fd >= 0)
		close((*s)->fd);
	if ((*s)->keeper > 0)
		wait_for((*s)->keeper);
	free(*s);
	*s = NULL;
}

// ---- asking ------------------------------------------------------------------------------------------------------

static struct pending *find(struct scout *s, const char *name, uint8_t kind, uint8_t fresh)
{
	for (size_t i = 0; i < SCOUT_PENDING_MAX; i++) {
		struct pending *p = &s->pending[i];
		if (p->used && p->request.kind == kind && p->request.fresh == fresh && strcmp(p->request.name, name) == 0)
			return p;
	}
	return NULL;
}

static void send_one(struct scout *s, struct pending *p)
{
	p->sent = send(s->fd, &p->request, sizeof p->request, MSG_NOSIGNAL) == (ssize_t)sizeof p->request;
	s->n_unsent -= p->sent;
}

int scout_ask(struct scout *s, const char *name, enum scout_kind kind, bool fresh)
{
	if (s->fd < 0)
		return -EPIPE;
	if (!good_name(name))
		return -EINVAL;
	if (find(s, name, (uint8_t)kind, fresh) != NULL)
		return 0;
	if (s->n_pending == SCOUT_PENDING_MAX) {
		s->counts.refused++;
		return -EAGAIN;
	}
	struct pending *p = s->pending;
	while (p->used)
		p++;
	*p = (struct pending){.request = {.kind = (uint8_t)kind, .fresh = fresh}, .used = true};
	memcpy(p->request.name, name, strlen(name));
	s->n_pending++;
	s->n_unsent++;
	s->counts.asked++;
	send_one(s, p);
	return 0;
}

static void settle(struct scout *s, struct pending *p)
{
	s->n_unsent -= !p->sent;
	s->n_pending--;
	p->used = false;
}

// ---- what an answer may say --------------------------------------------------------------------------------------

// An answer is about the name that was asked for and the hosts it names: first all of it is looked at, then it is passed on.
struct about {
	const char *name;
	bool host_only, bad;
	uint32_t n_domains, n_hosts;
	char hosts[POLICY_MX_MAX][POLICY_NAME];
	char mx[POLICY_MX_MAX][POLICY_NAME];
	uint8_t n_mx;
};

static int about_host(void *ctx, const struct policy_host *h)
{
	struct about *a = ctx;
	a->bad |= a->n_hosts == POLICY_MX_MAX || (a->host_only && strcmp(h->name, a->name) != 0);
	if (!a->bad)
		memcpy(a->hosts[a->n_hosts++], h->name, POLICY_NAME);
	return 0;
}

static int about_domain(void *ctx, const struct policy_domain *d)
{
	struct about *a = ctx;
	a->bad |= a->host_only || a->n_domains++ > 0 || strcmp(d->name, a->name) != 0;
	a->n_mx = d->n_mx;
	for (uint8_t i = 0; i < d->n_mx; i++)
		memcpy(a->mx[i], d->mx[i].host, POLICY_NAME);
	return 0;
}

static bool named(const struct about *a, const char *host)
{
	for (uint8_t i = 0; i < a->n_mx; i++)
		if (strcmp(a->mx[i], host) == 0)
			return true;
	return a->host_only;
}

static bool only_about(const struct scout *s, const char *name, uint8_t kind)
{
	struct about a = {.name = name, .host_only = kind == SCOUT_HOST};
	const struct snapshot_sink sink = {.domain = about_domain, .host = about_host, .ctx = &a};
	char error[SNAPSHOT_ERROR];
	if (snapshot_read(s->text, s->got, &sink, error) != 0) {
		log_warn("scout", "an answer was no policy snapshot: %s", error);
		return false;
	}
	for (uint32_t i = 0; i < a.n_hosts && !a.bad; i++)
		a.bad = !named(&a, a.hosts[i]);
	return !a.bad && a.n_domains + (a.host_only ? a.n_hosts : 0) == 1;
}

static bool watched(const struct scout *s, const struct scout_piece *h)
{
	for (size_t i = 0; i < s->config->n_watchlist; i++)
		if (h->kind == SCOUT_DOMAIN && !h->fresh && strcmp(s->config->watchlist[i], h->name) == 0)
			return true;
	return false;
}

static int tell(struct scout *s, const struct scout_sink *sink, const struct scout_piece *h, bool answered)
{
	char error[SNAPSHOT_ERROR];
	struct pending *p = find(s, h->name, h->kind, h->fresh);
	if (p == NULL && !watched(s, h))
		return 0;
	if (p != NULL)
		settle(s, p);
	answered = answered && only_about(s, h->name, h->kind);
	s->counts.answered += answered;
	s->counts.unknown += !answered;
	int rc = answered ? snapshot_read(s->text, s->got, &sink->values, error) : 0;
	if (rc < 0)
		return rc;
	sink->done(sink->ctx, h->name, (enum scout_kind)h->kind, h->fresh, answered);
	return 1;
}

// ---- pieces ------------------------------------------------------------------------------------------------------

static bool good_piece(const struct scout_piece *p, size_t len)
{
	if (len < offsetof(struct scout_piece, octets) || p->len > SCOUT_PIECE || len != scout_piece_len(p))
		return false;
	if (p->what == SCOUT_DIED)
		return true;
	return p->kind <= SCOUT_HOST && p->fresh <= 1 && good_name(p->name) && p->total <= SCOUT_ANSWER_MAX && p->at <= p->total &&
		p->len <= p->total - p->at;
}

static bool continues(const struct scout *s, const struct scout_piece *p)
{
	return p->at == s->got && p->total == s->head.total && p->kind == s->head.kind && p->fresh == s->head.fresh &&
		strcmp(p->name, s->head.name) == 0;
}

// 1: `head` has all its text now.
static int take_piece(struct scout *s)
{
	const struct scout_piece *p = &s->piece;
	if (p->at == 0) {
		memcpy(&s->head, p, offsetof(struct scout_piece, octets));
		s->got = 0;
	}
	if (p->len == 0 || !continues(s, p))
		return 0;
	memcpy(s->text + s->got, p->octets, p->len);
	s->got += p->len;
	return s->got == s->head.total;
}

static int all_unknown(struct scout *s, const struct scout_sink *sink)
{
	int n = 0;
	s->got = 0;
	s->head.total = 0;
	for (size_t i = 0; i < SCOUT_PENDING_MAX; i++) {
		struct pending *p = &s->pending[i];
		if (!p->used)
			continue;
		const struct scout_request r = p->request;
		settle(s, p);
		s->counts.unknown++;
		sink->done(sink->ctx, r.name, (enum scout_kind)r.kind, r.fresh, false);
		n++;
	}
	return n;
}

static int died(struct scout *s, const struct scout_sink *sink, bool for_good)
{
	s->counts.deaths++;
	log_warn("scout", for_good ? "it is gone; what DNS promises stays unknown, start again" :
		"it died and is started again; what was asked of it stays unknown");
	return all_unknown(s, sink);
}

static int take(struct scout *s, const struct scout_sink *sink, size_t len)
{
	if (!good_piece(&s->piece, len))
		return 0;
	switch (s->piece.what) {
	case SCOUT_DIED:
		return died(s, sink, false);
	case SCOUT_NOTHING:
		return tell(s, sink, &s->piece, false);
	case SCOUT_ANSWER:
		return take_piece(s) ? tell(s, sink, &s->head, true) : 0;
	default:
		return 0;
	}
}

int scout_poll(struct scout *s, const struct scout_sink *sink)
{
	int told = 0;
	for (size_t i = 0; s->fd >= 0 && s->n_unsent > 0 && i < SCOUT_PENDING_MAX; i++)
		if (s->pending[i].used && !s->pending[i].sent)
			send_one(s, &s->pending[i]);
	for (int i = 0; s->fd >= 0 && i < TAKEN_MAX; i++) {
		ssize_t n = recv(s->fd, &s->piece, sizeof s->piece, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			close(s->fd);
			s->fd = -1;
			return told + died(s, sink, true);
		}
		int rc = take(s, sink, (size_t)n);
		if (rc < 0)
			return rc;
		told += rc;
	}
	return told;
}

int scout_fd(const struct scout *s)
{
	return s->fd;
}

uint32_t scout_pending(const struct scout *s)
{
	return s->n_pending;
}

struct scout_counts scout_counts(const struct scout *s)
{
	return s->counts;
}
