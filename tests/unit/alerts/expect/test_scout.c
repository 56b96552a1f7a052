// The scout's process: it answers, it is bounded, and when it dies everything asked is unknown until it is back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/expect/scout.h"
#include "hw/rights.h"

struct seen {
	uint32_t n_domains, n_hosts, n_answered, n_unknown;
	char last[POLICY_NAME];
	uint8_t mx_dnssec;
};

static int domain(void *ctx, const struct policy_domain *d)
{
	struct seen *s = ctx;
	s->n_domains++;
	s->mx_dnssec = d->mx_dnssec;
	return 0;
}

static int host(void *ctx, const struct policy_host *h)
{
	((struct seen *)ctx)->n_hosts++;
	return 0;
}

static void done(void *ctx, const char *name, enum scout_kind kind, bool fresh, bool answered)
{
	struct seen *s = ctx;
	s->n_answered += answered;
	s->n_unknown += !answered;
	snprintf(s->last, sizeof s->last, "%s", name);
}

// Until so many were told, at most 20 seconds.
static void wait_for(struct scout *scout, struct seen *s, uint32_t n)
{
	const struct scout_sink sink = {.values = {domain, host, s}, .done = done, .ctx = s};
	time_t end = time(NULL) + 20;
	while (s->n_answered + s->n_unknown < n && time(NULL) < end) {
		struct pollfd p = {.fd = scout_fd(scout), .events = POLLIN};
		poll(&p, 1, 100);
		assert_true(scout_poll(scout, &sink) >= 0);
	}
	assert_int_equal(s->n_answered + s->n_unknown, n);
}

static char anchor[] = "/tmp/postwacht-anchor-XXXXXX";

// Nobody listens there: every question fails at once.
static const char *const nowhere[] = {"127.0.0.1@1"};

static struct scout_config config(void)
{
	return (struct scout_config){.trust_anchor = anchor, .forward_to = nowhere, .n_forward_to = 1, .question_ms = 1500, .lookup_ms = 2000};
}

static void write_anchor(const char *text)
{
	FILE *f = fopen(anchor, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	int fd = mkstemp(anchor);
	close(fd);
	write_anchor(". 3600 IN DS 12345 13 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n");
	return 0;
}

static int tear_down(void **state)
{
	return unlink(anchor);
}

static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &child) != 1)
		child = 0;
	fclose(f);
	return child;
}

// A line of /proc/PID/status: filters are by thread, and the worker's first is looked at.
static int status_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	int value = -1;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = atoi(line + strlen(name));
	if (f != NULL)
		fclose(f);
	return value;
}

static void a_failure_is_told_as_one(void **state)
{
	struct scout_config c = config();
	struct scout *scout;
	struct seen s = {.n_domains = 0};
	assert_int_equal(scout_open(&scout, &c), 0);
	assert_int_equal(scout_ask(scout, "a.example", SCOUT_DOMAIN, false), 0);
	assert_int_equal(scout_ask(scout, "a.example", SCOUT_DOMAIN, false), 0);
	assert_int_equal(scout_pending(scout), 1);
	assert_int_equal(scout_ask(scout, "a.example", SCOUT_DOMAIN, true), 0);
	assert_int_equal(scout_ask(scout, "mx.a.example", SCOUT_HOST, false), 0);
	wait_for(scout, &s, 3);
	assert_true(s.n_answered == 3 && s.n_domains == 2 && s.n_hosts == 1 && s.mx_dnssec == DNSSEC_INDETERMINATE);
	assert_int_equal(scout_pending(scout), 0);
	scout_close(&scout);
	assert_null(scout);
}

static void what_is_refused(void **state)
{
	struct scout_config c = config();
	struct scout *scout;
	char name[32];
	assert_int_equal(scout_open(&scout, &c), 0);
	assert_int_equal(scout_ask(scout, "A.example", SCOUT_DOMAIN, false), -EINVAL);
	assert_int_equal(scout_ask(scout, "_a.example", SCOUT_DOMAIN, false), -EINVAL);
	assert_int_equal(scout_ask(scout, "", SCOUT_DOMAIN, false), -EINVAL);
	for (int i = 0; i < SCOUT_PENDING_MAX; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		assert_int_equal(scout_ask(scout, name, SCOUT_DOMAIN, false), 0);
	}
	assert_int_equal(scout_ask(scout, "more.example", SCOUT_DOMAIN, false), -EAGAIN);
	time_t began = time(NULL);
	scout_close(&scout);
	assert_true(time(NULL) - began <= 2);
}

static void what_cannot_begin(void **state)
{
	static const char *const bad_address[] = {"localhost"}, *const bad_name[] = {"not a name"};
	struct scout_config c = config();
	struct scout *scout;
	c.trust_anchor = "/nonexistent/root.key";
	assert_int_equal(scout_open(&scout, &c), -ENOENT);
	c.trust_anchor = "/dev/null";
	assert_int_equal(scout_open(&scout, &c), -EBADMSG);
	c = config();
	c.forward_to = bad_address;
	assert_int_equal(scout_open(&scout, &c), -EINVAL);
	c = config();
	c.watchlist = bad_name;
	c.n_watchlist = 1;
	assert_int_equal(scout_open(&scout, &c), -EINVAL);
	assert_null(scout);
}

static void it_dies_and_is_back(void **state)
{
	struct scout_config c = config();
	struct scout *scout;
	struct seen s = {.n_domains = 0};
	assert_int_equal(scout_open(&scout, &c), 0);
	pid_t keeper = child_of(getpid()), worker = 0;
	if (keeper == 0) {
		scout_close(&scout);
		skip(); // no /proc/PID/task/TID/children here
	}
	for (int i = 0; i < 100 && (worker = child_of(keeper)) == 0; i++)
		usleep(10000);
	assert_int_not_equal(worker, 0);
	assert_int_equal(scout_ask(scout, "a.example", SCOUT_DOMAIN, false), 0);
	assert_int_equal(scout_ask(scout, "b.example", SCOUT_DOMAIN, false), 0);
	for (int i = 0; i < 100 && status_of(worker, "Seccomp:") != 2; i++)
		usleep(10000);
	assert_true(status_of(worker, "Seccomp:") == 2 && status_of(worker, "NoNewPrivs:") == 1 && status_of(worker, "CapPrm:") == 0);
	kill(worker, SIGKILL);
	wait_for(scout, &s, 2);
	assert_true(s.n_unknown == 2 && s.n_domains == 0);
	assert_int_equal(scout_counts(scout).deaths, 1);
	assert_int_equal(scout_ask(scout, "c.example", SCOUT_DOMAIN, false), 0);
	wait_for(scout, &s, 3);
	assert_true(s.n_answered == 1 && strcmp(s.last, "c.example") == 0);
	kill(keeper, SIGKILL);
	assert_int_equal(scout_ask(scout, "d.example", SCOUT_DOMAIN, false), 0);
	wait_for(scout, &s, 4);
	assert_int_equal(s.n_unknown, 3);
	assert_int_equal(scout_fd(scout), -1);
	assert_int_equal(scout_ask(scout, "e.example", SCOUT_DOMAIN, false), -EPIPE);
	scout_close(&scout);
}

// As `run` does it: the pair is somebody else's, and so is the worker.
static void it_is_kept_by_somebody_else(void **state)
{
	struct scout_config c = config();
	struct scout *scout;
	struct seen s = {.n_domains = 0};
	int fds[2], status;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(scout_attach(&scout, fds[0], &c), 0);
	assert_int_equal(scout_ask(scout, "a.example", SCOUT_DOMAIN, false), 0);
	scout_tell_died(fds[1]);
	wait_for(scout, &s, 1);
	assert_true(s.n_unknown == 1 && scout_counts(scout).deaths == 1);
	pid_t pid = fork();
	if (pid == 0) {
		struct rights_config rights = {.profile = RIGHTS_SCOUT};
		char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
		close(fds[0]);
		scout_rights(&rights, &c);
		_exit(rights_drop(&rights, words, why) < 0 ? 99 : scout_serve(fds[1], &c));
	}
	assert_int_equal(scout_ask(scout, "b.example", SCOUT_DOMAIN, false), 0);
	wait_for(scout, &s, 2);
	assert_true(s.n_answered == 1 && strcmp(s.last, "b.example") == 0);
	close(fds[1]);
	scout_close(&scout);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

// Nobody reads, so the one who says it does not wait for long.
static void a_death_is_told_to_nobody(void **state)
{
	int fds[2];
	time_t began = time(NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	while (send(fds[1], "", 1, MSG_NOSIGNAL) == 1)
		;
	scout_tell_died(fds[1]);
	close(fds[0]);
	scout_tell_died(fds[1]);
	close(fds[1]);
	assert_true(time(NULL) - began <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_told_as_one), cmocka_unit_test(what_is_refused), cmocka_unit_test(what_cannot_begin),
		cmocka_unit_test(it_dies_and_is_back), cmocka_unit_test(it_is_kept_by_somebody_else), cmocka_unit_test(a_death_is_told_to_nobody),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
