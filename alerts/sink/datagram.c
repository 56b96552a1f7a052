// One send() a message, and what can be known afterwards.
#include "alerts/sink/datagram.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alerts/sink/carrier.h"

enum { REFUSAL_US = 5000, FULL_US = 1000 };

// 1: gone; 0: this one never can.
static int send_one(int fd, const char *p, size_t len, struct sink_wait *w)
{
	for (;;) {
		if (send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 1;
		if (errno == EMSGSIZE)
			return 0;
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return -errno;
		// A full queue of UDP is the card's, and nothing tells when it has room.
		int rc = errno == ENOBUFS ? sink_wait_fd(w, fd, 0, FULL_US) : sink_wait_fd(w, fd, POLLOUT, SINK_WAIT_LONG);
		if (rc < 0)
			return rc;
	}
}

static int refusal(int fd, struct sink_wait *w)
{
	int error = 0, rc = sink_wait_fd(w, fd, 0, REFUSAL_US);
	socklen_t len = sizeof error;
	if (rc <= 0)
		return rc;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? -errno : -error;
}

// The queue of a process that died is empty, too. Whoever connects again finds out.
static int read_to_end(int fd, struct sink_wait *w)
{
	struct sockaddr_un to;
	socklen_t len = sizeof to;
	int rc = carrier_drain_unix(fd, w);
	if (rc < 0)
		return rc;
	if (getpeername(fd, (struct sockaddr *)&to, &len) < 0 || len > sizeof to)
		return -errno;
	return connect(fd, (struct sockaddr *)&to, len) < 0 ? -errno : 0;
}

int datagram_send(int fd, bool udp, struct sink_batch *b, struct sink_wait *w)
{
	size_t at = 0, refused = 0;
	for (size_t i = 0; i < b->n; i++) {
		size_t len = b->end[i] - at;
		int rc = len == 0 ? 1 : send_one(fd, b->octets + at, len, w);
		if (rc < 0)
			return rc;
		refused += rc == 0;
		at = b->end[i];
		sink_wait_moved(w);
	}
	int rc = udp ? refusal(fd, w) : read_to_end(fd, w);
	if (rc == 0)
		b->refused += refused;
	return rc;
}
