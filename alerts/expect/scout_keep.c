// The keeper: one thread that starts the worker, waits, and starts it again. It exists because whoever asks may have threads
// by the time the worker dies, and a process with threads cannot be forked safely.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/expect/scout_wire.h"
#include "hw/clock.h"
#include "hw/log.h"
#include "hw/rights.h"

enum {
	AGAIN_S = 1,   // a worker that dies at once is started once a second
	TELL_MS = 200, // for somebody who reads to do so
};

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

// False: the asking side did not read within `ms` (-1: it is waited for).
static bool tell_death(int fd, int ms)
{
	const struct scout_piece died = {.what = SCOUT_DIED};
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	while (send(fd, &died, scout_piece_len(&died), MSG_NOSIGNAL) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (poll(&p, 1, ms) == 0)
			return false;
	}
	return true;
}

void scout_tell_died(int fd)
{
	(void)tell_death(fd, TELL_MS);
}

static bool asker_gone(int fd)
{
	struct pollfd p = {.fd = fd, .events = 0};
	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static int begin(int fd, const struct scout_config *config)
{
	struct rights_config rights = {.profile = RIGHTS_SCOUT};
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	if (config->state_dir != NULL)
		(void)mkdir(config->state_dir, 0750); // later it cannot: it only writes below
	scout_rights(&rights, config);
	if (rights_drop(&rights, words, why) < 0) {
		log_error("scout", "cannot give up rights: %s", why);
		return 1;
	}
	return scout_serve(fd, config);
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
			_exit(getppid() == 1 ? 0 : begin(fd, config));
		}
		int status = 0;
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (asker_gone(fd) || getppid() != parent)
			_exit(0);
		(void)tell_death(fd, -1);
		if ((int64_t)(clock_mono_ns() / 1000000000) - began_s < AGAIN_S)
			sleep(AGAIN_S);
	}
}
