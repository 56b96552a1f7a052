// The asking side of the control socket.
#include "cli/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hw/clock.h"

enum { PATIENCE_MS = 5000, PAUSE_MS = 50 };

static int left_ms(uint64_t end_ns)
{
	uint64_t now_ns = clock_mono_ns();
	return now_ns >= end_ns ? 0 : (int)((end_ns - now_ns) / 1000000) + 1;
}

// A queue that is full says so with EAGAIN: whoever asks waits a little.
static int connect_to(int fd, const char *path, uint64_t end_ns)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof where.sun_path)
		return -ENAMETOOLONG;
	strcpy(where.sun_path, path);
	while (connect(fd, (struct sockaddr *)&where, sizeof where) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (left_ms(end_ns) == 0)
			return -ETIMEDOUT;
		poll(NULL, 0, PAUSE_MS);
	}
	return 0;
}

static int send_ask(int fd, const char *command)
{
	char line[CONTROL_ASK_MAX];
	struct json j;
	json_init(&j, line, sizeof line - 1);
	json_open_object(&j);
	json_field(&j, "v", u64, CONTROL_VERSION);
	json_field(&j, "command", cstr, command);
	json_close_object(&j);
	size_t len = json_len(&j);
	line[len++] = '\n';
	ssize_t put = send(fd, line, len, MSG_NOSIGNAL);
	if (put < 0)
		return -errno;
	return (size_t)put == len ? 0 : -EPROTO; // an empty socket has room for a line
}

// How long the answer is, or -errno.
static ssize_t receive(int fd, char *out, size_t cap, uint64_t end_ns)
{
	for (size_t len = 0; len < cap;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, left_ms(end_ns));
		if (ready == 0)
			return -ETIMEDOUT;
		ssize_t got = ready < 0 ? -1 : recv(fd, out + len, cap - len, 0);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got == 0)
			return -EPROTO;
		if (got < 0)
			continue;
		const char *end = memchr(out + len, '\n', (size_t)got);
		if (end != NULL)
			return end - out;
		len += (size_t)got;
	}
	return -EPROTO;
}

int control_ask(const char *path, const char *command, char **answer)
{
	uint64_t end_ns = clock_mono_ns() + (uint64_t)PATIENCE_MS * 1000000;
	*answer = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	char *text = malloc(CONTROL_ANSWER_MAX);
	int rc = text == NULL ? -ENOMEM : connect_to(fd, path, end_ns);
	if (rc == 0)
		rc = send_ask(fd, command);
	ssize_t len = rc < 0 ? rc : receive(fd, text, CONTROL_ANSWER_MAX, end_ns);
	close(fd);
	if (len < 0) {
		free(text);
		return (int)len;
	}
	text[len] = '\0';
	*answer = text;
	return 0;
}
