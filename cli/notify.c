// sd_notify(3) without its library.
#include "cli/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/clock.h"

enum { TEXT_MAX = 64 };

int notify_open(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	*n = (struct notify){.fd = -1, .to = {.sun_family = AF_UNIX}};
	if (path == NULL || path[0] == '\0')
		return 0;
	size_t len = strlen(path);
	if (path[0] != '/' && path[0] != '@')
		return -EAFNOSUPPORT; // "vsock:...": of a machine that tells its host
	if (len >= sizeof n->to.sun_path)
		return -ENAMETOOLONG;
	memcpy(n->to.sun_path, path, len);
	if (path[0] == '@')
		n->to.sun_path[0] = '\0';
	// A path has its NUL; an abstract name has none, and ends where the length says.
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/'));
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return n->fd < 0 ? -errno : 0;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static int tell(struct notify *n, const char *text)
{
	if (n->fd < 0)
		return 0;
	// Addressed each time, not connected: a manager that was started anew has the same name, but another socket.
	struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	struct msghdr m = {.msg_name = &n->to, .msg_namelen = n->to_len, .msg_iov = &part, .msg_iovlen = 1};
	return sendmsg(n->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int notify_ready(struct notify *n)
{
	return tell(n, "READY=1");
}

int notify_reloading(struct notify *n)
{
	char text[TEXT_MAX];
	// Type=notify-reload believes only what was said after it asked.
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(clock_mono_ns() / 1000));
	return tell(n, text);
}

int notify_stopping(struct notify *n)
{
	return tell(n, "STOPPING=1");
}

int notify_watchdog(struct notify *n)
{
	return tell(n, "WATCHDOG=1");
}

static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' ? 0 : n;
}

uint64_t notify_watchdog_us(void)
{
	uint64_t pid = number("WATCHDOG_PID");
	if (getenv("WATCHDOG_PID") != NULL && pid != (uint64_t)getpid())
		return 0; // meant for another process
	return number("WATCHDOG_USEC");
}
