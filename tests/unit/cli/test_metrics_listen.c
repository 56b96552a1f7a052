// The listener: where it may stand, and what it answers to what.
#include "cli/metrics_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cli/board_fixture.h"

// In place of the C library's: somebody who may write to the directory is quick.
static const char *exchanged_for;
int bind(int fd, __CONST_SOCKADDR_ARG where, socklen_t len)
{
	int rc = (int)syscall(SYS_bind, fd, where.__sockaddr__, len);
	if (rc < 0 || exchanged_for == NULL)
		return rc;
	const char *path = where.__sockaddr_un__->sun_path;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(exchanged_for, path), 0);
	return rc;
}

struct world {
	struct board *board;
	struct metrics *metrics;
	char dir[32], path[64], why[LISTEN_WHY];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	strcpy(w->dir, "/tmp/metrics-XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/m.sock", w->dir);
	w->board = board_well();
	snprintf(w->board->config[0].metrics, sizeof w->board->config[0].metrics, "unix:%s", w->path);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	metrics_close(&w->metrics);
	unlink(w->path);
	rmdir(w->dir);
	free(w->board);
	free(w);
	return 0;
}

static int open_at(struct world *w)
{
	return metrics_open(&w->metrics, &w->board->config[0], w->board, w->why);
}

static int connect_to(const char *path)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(where.sun_path, sizeof where.sun_path, "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
	return fd;
}

// What comes back until the end.
static const char *ask(const char *path, const char *request)
{
	static char answer[METRICS_MAX];
	size_t used = 0;
	int fd = connect_to(path);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	for (ssize_t n; used < sizeof answer - 1 && (n = read(fd, answer + used, sizeof answer - 1 - used)) > 0;)
		used += (size_t)n;
	answer[used] = '\0';
	close(fd);
	return answer;
}

static const struct {
	const char *request, *status, *words; // words: also in the answer; a leading ! means not
} rows[] = {
	{"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200", "text/plain; version=0.0.4; charset=utf-8"},
	{"GET /metrics?name=x HTTP/1.1\r\nHost: x\r\n\r\n", "200", "\npostwacht_healthy 1\n"},
	{"GET /metrics HTTP/1.0\r\n\r\n", "200", "\npostwacht_healthy 1\n"},
	{"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n", "200", "application/openmetrics-text; version=1.0.0"},
	{"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n", "200", "\n# EOF\n"},
	{"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200", "!postwacht_healthy"},
	{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200", "{\"v\":1,\"fine\":true,\"problems\":[],\"problems_more\":0}\n"},
	{"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200", "!fine"},
	{"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405", "Allow: GET, HEAD"},
	{"DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "405", "Allow: GET, HEAD"},
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404", "Connection: close"},
	{"GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", "404", "!postwacht_"},
	{"GET /../metrics HTTP/1.1\r\nHost: x\r\n\r\n", "404", "!postwacht_"},
	{"PUT /other HTTP/1.1\r\nHost: x\r\n\r\n", "404", "!postwacht_"},
};

static void test_answers(void **state)
{
	struct world *w = *state;
	assert_int_equal(open_at(w), 0);
	assert_int_equal(metrics_start(w->metrics), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *answer = ask(w->path, rows[i].request);
		bool not = rows[i].words[0] == '!';
		if (strncmp(answer, "HTTP/1.", 7) != 0 || strncmp(answer + 9, rows[i].status, 3) != 0)
			fail_msg("%s: %.40s", rows[i].request, answer);
		if ((strstr(answer, rows[i].words + not) != NULL) == not)
			fail_msg("%s: %s", rows[i].request, answer);
	}
	w->board->state.port[1].tx_packets = 1;
	const char *answer = ask(w->path, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(strncmp(answer + 9, "503", 3), 0);
	assert_non_null(strstr(answer, "\"fine\":false,\"problems\":[\"0000:81:00.1 has sent 1 packets: a tap must never"));
}

// Nonsense ends with an answer or without one; who comes next is served.
static void test_nonsense(void **state)
{
	static const char *const nonsense[] = {"\r\n\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n", "\xff\xfe\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\nzz\r\n\r\n", "GET %00%0a HTTP/1.1\r\n\r\n"};
	struct world *w = *state;
	static char huge[64 << 10];
	memset(huge, 'h', sizeof huge - 1);
	memcpy(huge, "GET /metrics HTTP/1.1\r\nX: ", 26);
	assert_int_equal(open_at(w), 0);
	assert_int_equal(metrics_start(w->metrics), 0);
	for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
		int fd = connect_to(w->path);
		(void)!send(fd, nonsense[i], strlen(nonsense[i]), MSG_NOSIGNAL);
		close(fd);
	}
	int fd = connect_to(w->path);
	(void)!send(fd, huge, sizeof huge - 1, MSG_NOSIGNAL);
	close(fd);
	assert_int_equal(strncmp(ask(w->path, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") + 9, "200", 3), 0);
}

static void test_unix(void **state)
{
	struct world *w = *state, other = *w;
	struct stat st;
	assert_int_equal(open_at(w), 0);
	assert_int_equal(lstat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	// Somebody answers there.
	assert_int_equal(metrics_open(&other.metrics, &w->board->config[0], w->board, other.why), -EADDRINUSE);
	assert_null(other.metrics);
	assert_non_null(strstr(other.why, w->path));
	// It was left behind.
	metrics_close(&w->metrics);
	assert_int_equal(lstat(w->path, &st), 0);
	assert_int_equal(open_at(w), 0);
	metrics_close(&w->metrics);
	// Something else is not ours to remove.
	unlink(w->path);
	FILE *f = fopen(w->path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(open_at(w), -EEXIST);
	assert_int_equal(lstat(w->path, &st), 0);
}

static void test_inet(void **state)
{
	struct world *w = *state, other = *w;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	snprintf(w->board->config[0].metrics, sizeof w->board->config[0].metrics, "127.0.0.1:%u", ntohs(a.sin_port));
	assert_int_equal(open_at(w), 0);
	assert_int_equal(metrics_open(&other.metrics, &w->board->config[0], w->board, other.why), -EADDRINUSE);
	assert_int_equal(metrics_start(w->metrics), 0);
	metrics_close(&w->metrics);
	assert_int_equal(open_at(w), 0); // at once again
	strcpy(w->board->config[0].metrics, "0.0.0.0:9325");
	assert_int_equal(metrics_open(&other.metrics, &w->board->config[0], w->board, other.why), -EINVAL);
	strcpy(w->board->config[0].metrics, "none");
	assert_int_equal(metrics_open(&other.metrics, &w->board->config[0], w->board, other.why), 0);
	assert_null(other.metrics);
	assert_int_equal(metrics_start(NULL), 0);
	metrics_close(&other.metrics);
}

static void test_no_link_is_followed(void **state)
{
	struct world *w = *state;
	char other[64];
	struct stat st;
	snprintf(other, sizeof other, "%s/other", w->dir);
	FILE *f = fopen(other, "we");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(chmod(other, 0600), 0);
	exchanged_for = other;
	int rc = open_at(w);
	exchanged_for = NULL;
	assert_true(rc < 0);
	assert_null(w->metrics);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_link_is_followed, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
