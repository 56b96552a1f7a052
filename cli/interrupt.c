// The handler does two things that are safe in a handler: it sets a flag, and it puts /dev/null in the place of
// standard input, so that a reader waiting there finds the end of the input instead of waiting on.
#include "cli/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t seen;
static int nothing = -1; // an open /dev/null

static void on_signal(int number)
{
	int saved = errno;
	seen = 1;
	if (nothing >= 0)
		(void)dup2(nothing, STDIN_FILENO);
	errno = saved;
}

void interrupt_watch(void)
{
	// No SA_RESTART: read() must come back. SA_RESETHAND: the second signal ends the process.
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	sigemptyset(&action.sa_mask);
	if (nothing < 0)
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void interrupt_here(bool here)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(here ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

bool interrupt_seen(void)
{
	return seen != 0;
}
