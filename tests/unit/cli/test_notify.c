// What the service manager hears, over a real socket: a path and an abstract name.
#include "cli/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int manager(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] != '@'))), 0);
	return fd;
}

static const char *heard(int fd)
{
	static char text[1024];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static void tell_everything(int fd)
{
	struct notify n;
	assert_int_equal(notify_open(&n), 0);
	assert_true(n.fd >= 0);
	assert_int_equal(notify_ready(&n), 0);
	assert_string_equal(heard(fd), "READY=1");
	assert_int_equal(notify_watchdog(&n), 0);
	assert_string_equal(heard(fd), "WATCHDOG=1");
	assert_int_equal(notify_stopping(&n), 0);
	assert_string_equal(heard(fd), "STOPPING=1");
	struct timespec before, after;
	unsigned long long us = 0;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(notify_reloading(&n), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(sscanf(heard(fd), "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
	assert_true(us >= (unsigned long long)before.tv_sec * 1000000 + (unsigned long long)before.tv_nsec / 1000);
	assert_true(us <= (unsigned long long)after.tv_sec * 1000000 + (unsigned long long)after.tv_nsec / 1000);
	assert_null(heard(fd));
	notify_close(&n);
	assert_int_equal(n.fd, -1);
}

static void test_path(void **state)
{
	char dir[] = "/tmp/postwacht-notify-XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/notify", dir);
	int fd = manager(path);
	setenv("NOTIFY_SOCKET", path, 1);
	tell_everything(fd);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void test_abstract(void **state)
{
	char name[64];
	snprintf(name, sizeof name, "@postwacht-notify-%d", (int)getpid());
	int fd = manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	tell_everything(fd);
	close(fd);
}

// A manager that was started anew is another socket of the same name.
static void test_started_anew(void **state)
{
	char name[64];
	struct notify n;
	snprintf(name, sizeof name, "@postwacht-notify-%d", (int)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&n), 0);
	assert_int_equal(notify_ready(&n), -ECONNREFUSED);
	int fd = manager(name);
	assert_int_equal(notify_ready(&n), 0);
	assert_string_equal(heard(fd), "READY=1");
	close(fd);
	notify_close(&n);
}

// Who does not read must not make us wait.
static void test_never_blocks(void **state)
{
	char name[64];
	struct notify n;
	int rc = 0;
	snprintf(name, sizeof name, "@postwacht-notify-%d", (int)getpid());
	int fd = manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&n), 0);
	for (int i = 0; rc == 0 && i < 100000; i++)
		rc = notify_watchdog(&n);
	assert_int_equal(rc, -EAGAIN);
	close(fd);
	notify_close(&n);
}

static void test_nobody(void **state)
{
	static const struct {
		const char *socket;
		int want;
	} rows[] = {
		{NULL, 0},
		{"", 0},
		{"vsock:2:1", -EAFNOSUPPORT},
		{"run/notify", -EAFNOSUPPORT},
		{"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -ENAMETOOLONG},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct notify n;
		if (rows[i].socket != NULL)
			setenv("NOTIFY_SOCKET", rows[i].socket, 1);
		else
			unsetenv("NOTIFY_SOCKET");
		assert_int_equal(notify_open(&n), rows[i].want);
		assert_int_equal(n.fd, -1);
		assert_int_equal(notify_ready(&n), 0);
		notify_close(&n);
	}
}

static void test_watchdog(void **state)
{
	char own[16];
	snprintf(own, sizeof own, "%d", (int)getpid());
	const struct {
		const char *usec, *pid;
		uint64_t want;
	} rows[] = {
		{NULL, NULL, 0},
		{"10000000", NULL, 10000000},
		{"10000000", own, 10000000},
		{"10000000", "1", 0},
		{"10000000", "", 0},
		{"10s", own, 0},
		{"-5", own, 0},
		{"99999999999999999999999999", own, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].usec != NULL)
			setenv("WATCHDOG_USEC", rows[i].usec, 1);
		if (rows[i].pid != NULL)
			setenv("WATCHDOG_PID", rows[i].pid, 1);
		assert_true(notify_watchdog_us() == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_started_anew),
		cmocka_unit_test(test_never_blocks),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_watchdog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
