// Each attempt in a child of its own that has given up its rights: it has to die of it.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hw/rights.h"

enum { COULD = 112, NOT_DROPPED = 114 };

static _Noreturn void child(const struct rights_config *c, const struct rights_attempt *a)
{
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	const struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (c != NULL && rights_drop(c, words, why) < 0)
		_exit(NOT_DROPPED);
	a->attempt();
	_exit(COULD);
}

static enum rights_outcome run(const struct rights_config *c, const struct rights_attempt *a)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		child(c, a);
	if (pid < 0)
		return RIGHTS_NOT_TRIED;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? RIGHTS_DIED : RIGHTS_NOT_TRIED;
	switch (WEXITSTATUS(status)) {
	case RIGHTS_REFUSED:
		return RIGHTS_GOT_ERROR;
	case COULD:
		return RIGHTS_COULD;
	default:
		return RIGHTS_NOT_TRIED;
	}
}

size_t rights_selftest(const struct rights_config *c, rights_told told, void *ctx)
{
	size_t wrong = 0;
	for (size_t i = 0; i < rights_attempts_n; i++) {
		const struct rights_attempt *a = &rights_attempts[i];
		enum rights_outcome o = run(c, a);
		bool allowed = c == NULL || (a->allowed & (1u << c->profile));
		wrong += o == RIGHTS_NOT_TRIED || (o == RIGHTS_COULD && !allowed);
		if (told != NULL)
			told(ctx, a, o);
	}
	return wrong;
}
