// The control socket, both sides, over a real one: who is answered, who is refused, and that nobody is waited for.
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/control_request.h"
#include "hw/log.h"

struct fixture {
	char dir[64], path[128];
	struct control *control;
	size_t big; // octets of text in the answer to stats
};

static int put_word(struct json *j, const char *word)
{
	json_field(j, "did", cstr, word);
	return 0;
}

static int op_status(void *ctx, struct json *j, const char **why)
{
	return put_word(j, "status");
}

static int op_stats(void *ctx, struct json *j, const char **why)
{
	const struct fixture *f = ctx;
	json_key(j, "big");
	json_open_string(j);
	for (size_t i = 0; i < f->big; i++)
		json_put_text(j, "x", 1);
	json_close_string(j);
	return 0;
}

static int op_reload(void *ctx, struct json *j, const char **why)
{
	json_field(j, "half", cstr, "written");
	*why = "cannot read it";
	return -ENOENT;
}

static int op_stop(void *ctx, struct json *j, const char **why)
{
	return -EPERM;
}

static const struct control_ops ops = {op_status, op_stats, op_reload, op_stop};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(f->dir, "/tmp/postwacht-control-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/run/control.sock", f->dir);
	assert_int_equal(control_open(&f->control, f->path, "none", &ops, f), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char run[96];
	control_close(&f->control);
	assert_int_equal(access(f->path, F_OK), -1);
	snprintf(run, sizeof run, "%s/run", f->dir);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static int client(const struct fixture *f)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	strcpy(at.sun_path, f->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

// Everything that is there until the end of the connection; NULL when it goes on, and nothing is there.
static const char *hear(int fd)
{
	static char text[CONTROL_ANSWER_MAX + 1];
	size_t len = 0;
	for (;;) {
		ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);
		if (n == 0 || len == sizeof text - 1)
			break;
		if (n < 0 && len == 0 && errno == EAGAIN)
			return NULL;
		if (n < 0)
			fail_msg("recv: %s", strerror(errno));
		len += (size_t)n;
	}
	text[len] = '\0';
	return text;
}

#define ERROR(why) "{\"v\":1,\"ok\":false,\"error\":\"" why "\"}\n"
#define NO_OBJECT ERROR("not one JSON object in a line")

static const struct {
	const char *name, *say, *want;
} rows[] = {
	{"status", "{\"v\":1,\"command\":\"status\"}\n", "{\"v\":1,\"ok\":true,\"did\":\"status\"}\n"},
	{"spaces and order", "  { \"command\" : \"status\",\t\"v\" : 1 } \r\n", "{\"v\":1,\"ok\":true,\"did\":\"status\"}\n"},
	{"a refusal in words", "{\"v\":1,\"command\":\"reload\"}\n", ERROR("cannot read it")},
	{"a refusal without words", "{\"v\":1,\"command\":\"stop\"}\n", ERROR("Operation not permitted")},
	{"what follows the line is nobody's", "{\"v\":1,\"command\":\"status\"}\n{\"v\":1,\"command\":\"stop\"}\n",
		"{\"v\":1,\"ok\":true,\"did\":\"status\"}\n"},
	{"an empty line", "\n", NO_OBJECT},
	{"no JSON", "status\n", NO_OBJECT},
	{"an array", "[1]\n", NO_OBJECT},
	{"two objects", "{\"v\":1,\"command\":\"status\"}{}\n", NO_OBJECT},
	{"a member twice", "{\"v\":1,\"v\":1,\"command\":\"status\"}\n", NO_OBJECT},
	{"half", "{\"v\":1,\"command\":\"status\"\n", NO_OBJECT},
	{"no version", "{\"command\":\"status\"}\n", ERROR("no version: \\\"v\\\" is a number")},
	{"a version in words", "{\"v\":\"1\",\"command\":\"status\"}\n", ERROR("no version: \\\"v\\\" is a number")},
	{"a later version", "{\"v\":2,\"command\":\"status\"}\n", ERROR("this sensor speaks version 1")},
	{"no command", "{\"v\":1}\n", ERROR("no command: \\\"command\\\" is a text")},
	{"another command", "{\"v\":1,\"command\":\"exec\"}\n", ERROR("unknown command: there are status, stats, reload, stop")},
	{"the beginning of a command", "{\"v\":1,\"command\":\"stat\"}\n", ERROR("unknown command: there are status, stats, reload, stop")},
	{"a command and NUL", "{\"v\":1,\"command\":\"stop\\u0000\"}\n", NO_OBJECT},
	{"more members", "{\"v\":1,\"command\":\"status\",\"x\":1}\n", ERROR("there are other members than \\\"v\\\" and \\\"command\\\"")},
};

static void test_lines(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int fd = client(f);
		say(fd, rows[i].say);
		control_turn(f->control);
		const char *got = hear(fd);
		if (got == NULL || strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, got != NULL ? got : "(nothing)");
		close(fd);
	}
}

static void test_octet_by_octet(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	for (const char *p = rows[0].say; *p != '\0'; p++) {
		control_turn(f->control);
		assert_null(hear(fd));
		assert_int_equal(send(fd, p, 1, 0), 1);
	}
	control_turn(f->control);
	assert_string_equal(hear(fd), rows[0].want);
	close(fd);
}

// The end of what is said ends the line, too: `printf ... | nc -U`.
static void test_line_without_end(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	say(fd, "{\"v\":1,\"command\":\"status\"}");
	shutdown(fd, SHUT_WR);
	control_turn(f->control);
	if (hear(fd) == NULL) // it had to see the end by itself
		control_turn(f->control);
	close(fd);
	fd = client(f);
	shutdown(fd, SHUT_WR);
	control_turn(f->control);
	assert_string_equal(hear(fd), "");
	close(fd);
}

static void test_too_long(void **state)
{
	struct fixture *f = *state;
	char text[3 * CONTROL_ASK_MAX];
	memset(text, ' ', sizeof text);
	const struct {
		size_t at; // of the newline
		const char *want;
	} lengths[] = {
		{CONTROL_ASK_MAX, "{\"v\":1,\"ok\":true,\"did\":\"status\"}\n"},
		{CONTROL_ASK_MAX + 1, ERROR("longer than 1024 octets")},
		{sizeof text - 1, ERROR("longer than 1024 octets")},
	};
	memcpy(text, rows[0].say, strlen(rows[0].say) - 1);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		int fd = client(f);
		text[lengths[i].at] = '\n';
		assert_int_equal(send(fd, text, lengths[i].at + 1, 0), lengths[i].at + 1);
		text[lengths[i].at] = ' ';
		control_turn(f->control);
		assert_string_equal(hear(fd), lengths[i].want);
		close(fd);
	}
}

static void test_long_answers(void **state)
{
	struct fixture *f = *state;
	const size_t head = strlen("{\"v\":1,\"ok\":true,\"big\":\"\"}\n");
	int fd = client(f);
	f->big = CONTROL_ANSWER_MAX - head;
	say(fd, "{\"v\":1,\"command\":\"stats\"}\n");
	control_turn(f->control);
	assert_int_equal(strlen(hear(fd)), CONTROL_ANSWER_MAX);
	close(fd);
	fd = client(f);
	f->big++;
	say(fd, "{\"v\":1,\"command\":\"stats\"}\n");
	control_turn(f->control);
	assert_string_equal(hear(fd), ERROR("the answer is longer than 64 KiB"));
	close(fd);
}

// Sixteen silent ones take all places; the next is answered when their second is over, and none of them is waited for.
static void test_silent_clients(void **state)
{
	struct fixture *f = *state;
	int silent[CONTROL_CLIENTS_MAX], fds[CONTROL_CLIENTS_MAX + 1];
	assert_int_equal(control_fds(f->control, fds, sizeof fds / sizeof fds[0]), 1);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		silent[i] = client(f);
	control_turn(f->control);
	assert_int_equal(control_fds(f->control, fds, sizeof fds / sizeof fds[0]), CONTROL_CLIENTS_MAX); // without the listening one
	int fd = client(f);
	say(fd, rows[0].say);
	control_turn(f->control);
	assert_null(hear(fd));
	poll(NULL, 0, 1100);
	control_turn(f->control);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		assert_string_equal(hear(silent[i]), "");
		close(silent[i]);
	}
	assert_int_equal(control_fds(f->control, fds, sizeof fds / sizeof fds[0]), 1);
	control_turn(f->control);
	assert_string_equal(hear(fd), rows[0].want);
	close(fd);
}

static void test_gone_before_the_answer(void **state)
{
	struct fixture *f = *state;
	int fd = client(f);
	say(fd, rows[0].say);
	close(fd);
	control_turn(f->control); // no SIGPIPE
	int fds[2];
	control_turn(f->control);
	assert_int_equal(control_fds(f->control, fds, 2), 1);
}

static void test_rights_of_the_socket(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char run[96];
	assert_int_equal(stat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_uid, getuid());
	snprintf(run, sizeof run, "%s/run", f->dir);
	assert_int_equal(stat(run, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
}

static void test_places(void **state)
{
	struct fixture *f = *state;
	struct control *c;
	char path[160];
	// Somebody answers there.
	assert_int_equal(control_open(&c, f->path, "none", &ops, f), -EADDRINUSE);
	assert_null(c);
	// Nobody does any more.
	snprintf(path, sizeof path, "%s/stale", f->dir);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	memcpy(at.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	assert_int_equal(control_open(&c, path, "none", &ops, f), 0);
	control_close(&c);
	assert_int_equal(access(path, F_OK), -1);
	// A file of somebody.
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(control_open(&c, path, "none", &ops, f), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	// Others.
	assert_int_equal(control_open(&c, path, "no-such-group-here", &ops, f), -ENOENT);
	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	assert_int_equal(control_open(&c, path, "none", &ops, f), -ENAMETOOLONG);
}

// Another sensor's socket at our place is not ours to remove.
static void test_replaced(void **state)
{
	struct fixture *f = *state;
	struct control *first, *second;
	char path[160];
	snprintf(path, sizeof path, "%s/again", f->dir);
	assert_int_equal(control_open(&first, path, "none", &ops, f), 0);
	unlink(path);
	assert_int_equal(control_open(&second, path, "none", &ops, f), 0);
	control_close(&first);
	assert_int_equal(access(path, F_OK), 0);
	control_close(&second);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_ask(void **state)
{
	struct fixture *f = *state;
	char *answer, nobody[160];
	f->big = 60000;
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 400; i++) {
			control_turn(f->control);
			poll(NULL, 0, 10);
		}
		_exit(0);
	}
	assert_int_equal(control_ask(f->path, "status", &answer), 0);
	assert_string_equal(answer, "{\"v\":1,\"ok\":true,\"did\":\"status\"}");
	free(answer);
	assert_int_equal(control_ask(f->path, "stats", &answer), 0);
	assert_true(strlen(answer) > 60000);
	free(answer);
	assert_int_equal(control_ask(f->path, "\"\\\n", &answer), 0);
	assert_string_equal(answer, "{\"v\":1,\"ok\":false,\"error\":\"unknown command: there are status, stats, reload, stop\"}");
	free(answer);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	snprintf(nobody, sizeof nobody, "%s/nobody", f->dir);
	assert_int_equal(control_ask(nobody, "status", &answer), -ENOENT);
	assert_null(answer);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(test_lines),
		WITH(test_octet_by_octet),
		WITH(test_line_without_end),
		WITH(test_too_long),
		WITH(test_long_answers),
		WITH(test_silent_clients),
		WITH(test_gone_before_the_answer),
		WITH(test_rights_of_the_socket),
		WITH(test_places),
		WITH(test_replaced),
		WITH(test_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
