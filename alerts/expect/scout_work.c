// The worker's loop: requests in, jobs along, answers out, the watchlist when it is due, the cache to disk once a minute.
#include "alerts/expect/scout_work.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alerts/expect/name.h"
#include "hw/log.h"

enum {
	TURN_MS = 250,   // time limits are looked at this often
	SAVE_S = 60,
	CPU_S = 30,      // of computing without one answer: signatures made to keep us busy. The kernel then ends us
	WATCH_AT_ONCE = 4, // watchlist domains begun a turn
};

static int open_fetch(struct work *w)
{
	const struct fetch_config config = {.ca_file = w->config->ca_file};
	return w->config->mta_sts ? fetch_open(&w->fetch, &config) : 0;
}

static int open_resolver(struct work *w)
{
	const struct resolver_config config = {
		.trust_anchor = w->config->trust_anchor,
		.forward_to = w->config->forward_to,
		.n_forward_to = w->config->n_forward_to,
		.root_hints = w->config->root_hints,
		.timeout_ms = w->config->question_ms,
	};
	return resolver_open(&w->resolver, &config);
}

static int open_all(struct work *w)
{
	w->out_last = &w->out;
	w->saved_s = time(NULL);
	for (size_t i = 0; i < w->config->n_watchlist; i++)
		w->watched[i].name = w->config->watchlist[i];
	int rc = state_open(w);
	if (rc == 0)
		rc = open_resolver(w);
	if (rc == 0)
		rc = open_fetch(w);
	if (rc < 0)
		log_warn("scout", "it cannot begin: %s", strerror(-rc));
	return rc;
}

// ---- requests ----------------------------------------------------------------------------------------------------

static bool good(const struct scout_request *r, ssize_t n)
{
	char same[POLICY_NAME];
	return n == (ssize_t)sizeof *r && r->kind <= SCOUT_HOST && r->fresh <= 1 && r->name[POLICY_NAME - 1] == '\0' &&
		name_from_wire(same, (const uint8_t *)r->name, strlen(r->name)) && strcmp(same, r->name) == 0;
}

static void enqueue(struct work *w, const struct scout_request *r)
{
	if (w->queue_n < WORK_QUEUE_MAX)
		w->queue[(w->queue_first + w->queue_n++) % WORK_QUEUE_MAX] = *r;
	else
		out_put(w, r, NULL, 0);
}

// False: nobody asks any more.
static bool read_requests(struct work *w)
{
	struct scout_request r;
	for (;;) {
		ssize_t n = recv(w->fd, &r, sizeof r, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		if (good(&r, n))
			enqueue(w, &r);
	}
}

static void start_queued(struct work *w)
{
	while (w->queue_n > 0 && job_start(w, &w->queue[w->queue_first])) {
		w->queue_first = (w->queue_first + 1) % WORK_QUEUE_MAX;
		w->queue_n--;
	}
}

static void watch(struct work *w)
{
	int64_t now_s = time(NULL);
	int begun = 0;
	for (size_t i = 0; i < w->config->n_watchlist && begun < WATCH_AT_ONCE; i++) {
		if (w->watched[i].due_s > now_s)
			continue;
		struct scout_request r = {.kind = SCOUT_DOMAIN};
		memcpy(r.name, w->watched[i].name, strlen(w->watched[i].name));
		w->watched[i].due_s = INT64_MAX;
		enqueue(w, &r);
		begun++;
	}
}

// ---- the loop ----------------------------------------------------------------------------------------------------

// Whoever makes us compute for long without an answer loses us, and nobody else loses more than a second.
static void allow_cpu(struct work *w, uint64_t *answered)
{
	struct resolver_counts c = resolver_counts(w->resolver);
	struct rusage used;
	struct rlimit l;
	if (c.in_flight > 0 && c.answered == *answered)
		return;
	*answered = c.answered;
	if (getrusage(RUSAGE_SELF, &used) < 0 || getrlimit(RLIMIT_CPU, &l) < 0)
		return;
	l.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + CPU_S);
	if (l.rlim_max == RLIM_INFINITY || l.rlim_cur < l.rlim_max)
		setrlimit(RLIMIT_CPU, &l);
}

static void wait_for_something(struct work *w)
{
	struct pollfd fds[2 + WORK_FRESH_MAX] = {
		{.fd = w->fd, .events = (short)(w->out != NULL ? POLLIN | POLLOUT : POLLIN)},
		{.fd = resolver_fd(w->resolver), .events = POLLIN},
	};
	size_t n = 2;
	int ms = resolver_wait_ms(w->resolver);
	for (size_t i = 0; i < WORK_JOBS_MAX && n < sizeof fds / sizeof fds[0]; i++)
		if (w->jobs[i] != NULL && w->jobs[i]->fresh != NULL)
			fds[n++] = (struct pollfd){.fd = resolver_fd(w->jobs[i]->fresh), .events = POLLIN};
	if (ms < 0 || ms > TURN_MS)
		ms = TURN_MS;
	if (w->fetch != NULL)
		(void)fetch_wait(w->fetch, fds, n, ms);
	else
		(void)poll(fds, (nfds_t)n, ms);
}

static bool turn(struct work *w)
{
	wait_for_something(w);
	if (!read_requests(w) || resolver_process(w->resolver) < 0)
		return false;
	if (w->fetch != NULL)
		fetch_process(w->fetch);
	job_process(w);
	watch(w);
	start_queued(w);
	out_send(w);
	if (time(NULL) - w->saved_s >= SAVE_S) {
		state_save(w);
		w->saved_s = time(NULL);
	}
	return true;
}

int scout_work(int fd, const struct scout_config *config)
{
	uint64_t answered = UINT64_MAX;
	struct work *w = calloc(1, sizeof *w);
	if (w == NULL)
		return 1;
	w->fd = fd;
	w->config = config;
	if (open_all(w) < 0)
		return 1;
	do
		allow_cpu(w, &answered);
	while (turn(w));
	state_save(w);
	return 0; // and everything else goes with the process
}
