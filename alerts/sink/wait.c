// poll() in steps of 200 ms.
#include "alerts/sink/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

#include "hw/clock.h"

#define STEP_NS (SINK_STEP_MS * UINT64_C(1000000))

void sink_wait_begin(struct sink_wait *w, const struct sink_env *env)
{
	w->stop = env->stop;
	w->began_ns = w->moved_ns = clock_mono_ns();
}

void sink_wait_moved(struct sink_wait *w)
{
	w->moved_ns = clock_mono_ns();
}

// In shared memory: an octet that is neither 0 nor 1 is no bool to C.
static bool stopping(const struct sink_wait *w)
{
	return *(const volatile unsigned char *)w->stop != 0;
}

int sink_wait_fd(struct sink_wait *w, int fd, short events, int us)
{
	uint64_t end_ns = us < 0 ? UINT64_MAX : clock_mono_ns() + (uint64_t)us * 1000;
	for (;;) {
		uint64_t now_ns = clock_mono_ns(), left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
		uint64_t step_ns = left_ns < STEP_NS ? left_ns : STEP_NS;
		const struct timespec step = {.tv_nsec = (long)step_ns};
		struct pollfd p = {.fd = fd, .events = events};
		int n = ppoll(&p, 1, &step, NULL);
		if (n < 0 && errno != EINTR)
			return -errno;
		now_ns = clock_mono_ns();
		if (stopping(w) && now_ns - w->began_ns >= STEP_NS) // also where a little is taken all the time
			return -ECANCELED;
		if (n > 0)
			return 1;
		if (now_ns - w->moved_ns >= SINK_PATIENCE_S * UINT64_C(1000000000))
			return -ETIMEDOUT;
		if (now_ns >= end_ns)
			return 0;
	}
}

int sink_why(const struct sink_env *env, int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(env->why, SINK_WHY, format, args);
	va_end(args);
	for (char *p = env->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return error;
}
