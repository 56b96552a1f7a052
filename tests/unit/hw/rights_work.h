// What tests of a profile's work share: a directory, a child whose exit status is the line that failed.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/rights.h"
#include "hw/rights_private.h"

static char dir[] = "/tmp/postwacht-work-XXXXXX";
static char file[64];

static inline struct rights_config config(enum rights_profile p)
{
	struct rights_config c = {.profile = p};
	if (p != RIGHTS_WATCH && p != RIGHTS_SUPERVISOR)
		c.write_dirs[c.n_write_dirs++] = dir;
	return c;
}

// In a child, where a test's assertions are no use: its exit status is the line that failed.
#define MUST(x) do { if (!(x)) _exit(__LINE__ % 250 + 1); } while (0)

static inline void drop(const struct rights_config *c)
{
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	MUST(rights_drop(c, words, why) == 0);
}

static inline bool has_landlock(int abi)
{
	struct rights_landlock l;
	struct rights_config c = config(RIGHTS_WATCH);
	char why[RIGHTS_WORDS];
	assert_int_equal(rights_landlock_open(&l, &c, why), 0);
	rights_landlock_close(&l);
	return l.abi >= abi;
}

static inline int status_of(pid_t pid)
{
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void in_a_child(void (*work)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		work();
		_exit(0);
	}
	int status = status_of(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		print_message("it stopped at line %d (or so many times 250 further)\n", WEXITSTATUS(status) - 1);
	assert_int_equal(status, 0);
}

static inline bool connects(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0);
	bool done = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
	MUST(done || errno == EACCES);
	close(fd);
	return done;
}

static inline uint16_t listening_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 4) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	return ntohs(at.sin_port);
}

static inline int set_up(void **state)
{
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/file", dir);
	return 0;
}

static inline int tear_down(void **state)
{
	return rmdir(dir);
}
