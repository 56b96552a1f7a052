// Writes, and asks the kernel how much of it the other side has (SIOCOUTQ): for TCP what is not acknowledged, for unix sockets what is
// not read.
#include "alerts/sink/carrier.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hw/log.h"

enum {
	CARRIER_BATCH = 256 << 10,  // what is sent again at most
	PAUSE_MIN_US = 100, PAUSE_MAX_US = 20000,
	LOOKS = 64,                 // of 1 KiB at a time: nobody has anything to tell us
	DEAD_MS = 10000,            // octets are out and nothing was acknowledged
	BRIEF_TOLD = 3,             // a receiver that is restarted does so less often
	SILENT_MS = 150000,         // probes of a full window come every two minutes at last
};

int carrier_open(struct carrier *c, const struct sink_env *env, const char *words, bool tcp)
{
	*c = (struct carrier){.env = env, .words = words, .tcp = tcp, .fd = -1};
	int rc = sink_batch_open(&c->batch, CARRIER_BATCH);
	return rc == 0 && tcp ? sink_batch_open(&c->last, CARRIER_BATCH) : rc;
}

void carrier_close(struct carrier *c)
{
	carrier_drop(c);
	sink_batch_close(&c->batch);
	sink_batch_close(&c->last);
}

void carrier_connected(struct carrier *c, int fd)
{
	c->fd = fd;
	c->fresh = true;
	c->under_way = c->stuck = false;
}

// A reset, where something is unfinished: octets that still wait here would arrive beside those that are sent again, and the last
// of them would be half a message.
void carrier_drop(struct carrier *c)
{
	const struct linger reset = {.l_onoff = 1};
	if (c->fd < 0)
		return;
	if (c->under_way)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(c->fd);
	c->fd = -1;
	c->under_way = c->stuck = false;
}

static bool machine_answers(const struct carrier *c)
{
	struct tcp_info info;
	socklen_t len = sizeof info;
	if (!c->tcp)
		return true;
	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 || info.tcpi_state != TCP_ESTABLISHED)
		return false;
	return !(info.tcpi_unacked > 0 && info.tcpi_last_ack_recv >= DEAD_MS) && info.tcpi_last_ack_recv < SILENT_MS;
}

bool carrier_park(struct carrier *c)
{
	if (c->fd >= 0 && c->stuck && machine_answers(c))
		return true;
	carrier_drop(c);
	return false;
}

// ---- looking -----------------------------------------------------------------------------------------------------

static int look_plain(int fd)
{
	char nothing[1024];
	for (int i = 0; i < LOOKS; i++) {
		ssize_t n = recv(fd, nothing, sizeof nothing, MSG_DONTWAIT);
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : -errno;
	}
	return 0;
}

static int tell(const struct carrier *c, int rc)
{
	const char *words = rc == -EPIPE       ? "the receiver has closed the connection"
	                    : rc == -ETIMEDOUT ? "the receiver takes nothing"
	                                       : strerror(-rc);
	return sink_why(c->env, rc, "%.100s: %s", c->words, words);
}

static int tcp_state(const struct carrier *c)
{
	struct tcp_info info;
	socklen_t len = sizeof info;
	return getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ? -1 : info.tcpi_state;
}

// -EPIPE: it has said that it ends. A kernel ends in order only when its process has read everything, and resets otherwise, perhaps
// behind a half-closed connection or TLS' close_notify.
static void ended(struct carrier *c, int rc)
{
	if (rc == -EPIPE && c->tcp && tcp_state(c) == TCP_CLOSE_WAIT)
		sink_batch_clear(&c->last);
}

static int look(struct carrier *c, short *events)
{
	*events = POLLIN;
	int rc = c->cipher != NULL ? c->cipher->look(c->cipher->ctx, events) : look_plain(c->fd);
	ended(c, rc);
	return rc < 0 && c->cipher == NULL ? tell(c, rc) : rc;
}

int carrier_look(struct carrier *c)
{
	short events;
	return look(c, &events);
}

// ---- a batch -----------------------------------------------------------------------------------------------------

bool carrier_has(const struct carrier *c, const struct sink_message *first)
{
	return c->under_way && first->epoch == c->epoch && first->seq == c->seq && first->lane == c->lane;
}

// It has read all that it was sent, and may have kept nothing of it: who is framed in a way that he does not know does just this.
static void closed_after_batch(struct carrier *c, int rc)
{
	if (!c->tcp || c->fresh || rc != -EPIPE || ++c->brief != BRIEF_TOLD)
		return;
	log_warn("syslog", "%s: the receiver has closed %u connections in a row after one batch each: its log may say why (framing?)", c->words,
		c->brief);
}

// Whoever has closed since the last batch was sent nothing that is in doubt.
bool carrier_stands(struct carrier *c, const struct sink_message *first)
{
	if (c->fd < 0)
		return false;
	if (carrier_has(c, first))
		return true;
	int rc = c->under_way ? -ECANCELED : carrier_look(c);
	if (rc == 0) {
		c->brief = c->fresh ? c->brief : 0;
		return true;
	}
	closed_after_batch(c, rc);
	carrier_drop(c);
	return false;
}

void carrier_begin(struct carrier *c, const struct sink_message *first)
{
	c->epoch = first->epoch;
	c->seq = first->seq;
	c->lane = first->lane;
	c->again = c->fresh ? c->last.used : 0;
	c->written = 0;
	c->fresh = false;
	c->under_way = true;
}

static ssize_t write_some(struct carrier *c, short *events)
{
	bool again = c->written < c->again;
	const char *p = again ? c->last.octets + c->written : c->batch.octets + (c->written - c->again);
	size_t len = (again ? c->again : c->again + c->batch.used) - c->written;
	*events = POLLOUT;
	if (c->cipher != NULL)
		return c->cipher->write(c->cipher->ctx, p, len, events);
	ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		ended(c, -errno);
	return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? -EAGAIN : tell(c, -errno);
}

static int write_rest(struct carrier *c, struct sink_wait *w)
{
	while (c->written < c->again + c->batch.used) {
		short events;
		ssize_t n = write_some(c, &events);
		if (n > 0) {
			c->written += (size_t)n;
			sink_wait_moved(w);
			continue;
		}
		int rc = n == -EAGAIN ? sink_wait_fd(w, c->fd, events, SINK_WAIT_LONG) : (int)n;
		if (rc < 0)
			return n == -EAGAIN ? tell(c, rc) : rc;
	}
	return 0;
}

// Waits until the other side has everything. Nothing wakes whoever waits for that, so it is asked again, less and less often; but
// the end of the connection does.
static int drain(struct carrier *c, struct sink_wait *w)
{
	int left = 0, before = -1;
	for (int pause_us = PAUSE_MIN_US;; pause_us = pause_us * 2 < PAUSE_MAX_US ? pause_us * 2 : PAUSE_MAX_US) {
		short events;
		if (ioctl(c->fd, SIOCOUTQ, &left) < 0)
			return tell(c, -errno);
		int rc = look(c, &events); // after the question: what was lost with the connection counts as gone, too
		if (left == 0 && (rc == 0 || (rc == -EPIPE && !c->tcp))) // a unix socket that is closed in order was read to its end
			return 0;
		if (rc < 0)
			return rc;
		if (left != before)
			sink_wait_moved(w);
		before = left;
		rc = sink_wait_fd(w, c->fd, POLLIN | POLLRDHUP, pause_us);
		if (rc < 0)
			return tell(c, rc);
	}
}

int carrier_push(struct carrier *c, struct sink_wait *w)
{
	int rc = write_rest(c, w);
	if (rc == 0)
		rc = drain(c, w);
	c->stuck = rc == -ETIMEDOUT || rc == -ECANCELED;
	c->under_way = rc < 0;
	if (rc == 0 && c->tcp)
		sink_batch_append(&c->last, &c->batch);
	return rc;
}

int carrier_drain_unix(int fd, struct sink_wait *w)
{
	int left = 0, before = -1;
	for (int pause_us = PAUSE_MIN_US;; pause_us = pause_us * 2 < PAUSE_MAX_US ? pause_us * 2 : PAUSE_MAX_US) {
		if (ioctl(fd, SIOCOUTQ, &left) < 0)
			return -errno;
		if (left == 0)
			return 0;
		if (left != before)
			sink_wait_moved(w);
		before = left;
		int rc = sink_wait_fd(w, fd, 0, pause_us);
		if (rc < 0)
			return rc;
	}
}
