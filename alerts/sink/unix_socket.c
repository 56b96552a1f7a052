// A name says nothing of a socket's kind: a stream is tried first.
#include "alerts/sink/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_as(int kind, const struct sockaddr_un *to)
{
	int fd = socket(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0)
		return fd;
	int rc = -errno; // -EAGAIN: its queue of connections is full
	close(fd);
	return rc;
}

int unix_socket_connect(const char *path, bool *datagram)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	if (len >= sizeof to.sun_path)
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, len);
	int fd = connect_as(SOCK_STREAM, &to);
	*datagram = fd == -EPROTOTYPE;
	return *datagram ? connect_as(SOCK_DGRAM, &to) : fd;
}
