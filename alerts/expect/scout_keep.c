// The keeper: one thread that starts the worker, waits, and starts it again. It exists because whoever asks may have threads
// by the time the worker dies, and a process with threads cannot be forked safely.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/expect/scout_wire.h"
#include "hw/clock.h"

// The address sanitizer's shadow is larger than any limit; gcc and clang each say in their own way that it is there.
#if defined(__SANITIZE_ADDRESS__)
#define SHADOWED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHADOWED 1
#endif
#endif

enum {
	AGAIN_S = 1,                  // a worker that dies at once is started once a second
	FILES_MAX = 1024,             // sockets of questions and fetches
	FILE_OCTETS_MAX = 64 << 20,   // the cache file
	MEMORY_MAX = 1 << 30,         // caches, 16 names, TLS: measured below 100 MiB
};

static void limit(int what, rlim_t most)
{
	struct rlimit l;
	if (getrlimit(what, &l) == 0 && (l.rlim_max == RLIM_INFINITY || l.rlim_max > most)) {
		l = (struct rlimit){.rlim_cur = most, .rlim_max = most};
		setrlimit(what, &l);
	}
}

// What a process that talks to strangers needs is little: the rest goes.
static void drop(int fd)
{
	signal(SIGINT, SIG_IGN);  // a terminal's Ctrl-C is for whoever asks; we end when they do
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
	limit(RLIMIT_FSIZE, FILE_OCTETS_MAX);
#ifndef SHADOWED
	limit(RLIMIT_DATA, MEMORY_MAX);
#endif
	if (fd != SCOUT_FDS)
		dup2(fd, SCOUT_FDS);
	close_range(SCOUT_FDS + 1, ~0u, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
}

static void tell_death(int fd)
{
	const struct scout_piece died = {.what = SCOUT_DIED};
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	while (send(fd, &died, scout_piece_len(&died), MSG_NOSIGNAL) < 0 && (errno == EAGAIN || errno == EINTR))
		poll(&p, 1, -1);
}

static bool asker_gone(int fd)
{
	struct pollfd p = {.fd = fd, .events = 0};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

_Noreturn void scout_keep(int fd, const struct scout_config *config)
{
	pid_t parent = getppid();
	drop(fd);
	fd = SCOUT_FDS;
	for (;;) {
		int64_t began_s = (int64_t)(clock_mono_ns() / 1000000000);
		pid_t pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(getppid() == 1 ? 0 : scout_work(fd, config));
		}
		int status = 0;
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (asker_gone(fd) || getppid() != parent)
			_exit(0);
		tell_death(fd);
		if ((int64_t)(clock_mono_ns() / 1000000000) - began_s < AGAIN_S)
			sleep(AGAIN_S);
	}
}
