// The supervisor's side of the control socket: a few clients, each with one line to say and one to hear, and little time.
#include "cli/control.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/control_request.h"
#include "cli/unix_listen.h"
#include "hw/clock.h"
#include "hw/log.h"

enum {
	PATIENCE_NS = 1000000000, // for a client, from its connection to the end of its answer
	OUT_CAP = CONTROL_ANSWER_MAX,
};

struct client {
	int fd; // -1: the place is free
	uint64_t since_ns;
	size_t in_len, out_len, out_at;
	bool answered; // out[] is an answer
	char in[CONTROL_ASK_MAX + 1]; // with its newline
	char out[OUT_CAP];
};

struct control {
	int fd;
	const struct control_ops *ops;
	void *ctx;
	struct sockaddr_un where;
	ino_t inode; // of our socket: another one at its place is not ours to remove
	struct client clients[CONTROL_CLIENTS_MAX];
};

// ---- opening -----------------------------------------------------------------------------------------------------

static int make_directory(const char *path, gid_t group)
{
	char copy[sizeof((struct sockaddr_un *)0)->sun_path];
	snprintf(copy, sizeof copy, "%s", path);
	const char *dir = dirname(copy);
	if (mkdir(dir, 0750) < 0)
		return errno == EEXIST ? 0 : -errno;
	// Whoever may ask must get there.
	return group != (gid_t)-1 && chown(dir, (uid_t)-1, group) < 0 ? -errno : 0;
}

static int find_group(const char *name, gid_t *out)
{
	*out = (gid_t)-1;
	if (strcmp(name, "none") == 0)
		return 0;
	const struct group *g = getgrnam(name);
	if (g == NULL)
		return -ENOENT;
	*out = g->gr_gid;
	return 0;
}

static int open_socket(struct control *c, const char *group)
{
	gid_t gid;
	int rc = find_group(group, &gid);
	if (rc == 0)
		rc = make_directory(c->where.sun_path, gid);
	if (rc < 0)
		return rc;
	return unix_listen(&c->fd, &c->where, gid, CONTROL_CLIENTS_MAX, &c->inode);
}

int control_open(struct control **out, const char *path, const char *group, const struct control_ops *ops, void *ctx)
{
	*out = NULL;
	struct control *c = calloc(1, sizeof *c);
	if (c == NULL)
		return -ENOMEM;
	c->fd = -1;
	c->ops = ops;
	c->ctx = ctx;
	c->where.sun_family = AF_UNIX;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	int rc = -ENAMETOOLONG;
	if (strlen(path) < sizeof c->where.sun_path) {
		strcpy(c->where.sun_path, path);
		rc = open_socket(c, group);
	}
	if (rc == 0) {
		*out = c;
		return 0;
	}
	if (c->fd >= 0)
		close(c->fd);
	free(c);
	return rc;
}

void control_close(struct control **control)
{
	struct control *c = *control;
	struct stat st;
	if (c == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0)
			close(c->clients[i].fd);
	if (lstat(c->where.sun_path, &st) == 0 && st.st_ino == c->inode)
		unlink(c->where.sun_path);
	close(c->fd);
	free(c);
	*control = NULL;
}

// ---- answers -----------------------------------------------------------------------------------------------------

static void put_head(struct json *j, struct client *k, bool ok)
{
	json_init(j, k->out, OUT_CAP - 1); // one for the newline
	json_open_object(j);
	json_field(j, "v", u64, CONTROL_VERSION);
	json_field(j, "ok", flag, ok);
}

static void answer_error(struct client *k, const char *why)
{
	struct json j;
	put_head(&j, k, false);
	json_field(&j, "error", cstr, why);
	json_close_object(&j);
	k->out_len = json_len(&j);
}

// Who asks for a change stands in the log.
static void tell_peer(const struct client *k, enum control_command command)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof peer;
	if (getsockopt(k->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		log_info("control", "%s asked for, by nobody knows whom", control_command_names[command]);
	else
		log_info("control", "%s asked for by user %u (process %d)", control_command_names[command], peer.uid, peer.pid);
}

static void answer(struct control *c, struct client *k, enum control_command command)
{
	int (*const ops[CONTROL_COMMANDS])(void *, struct json *, const char **) = {
		[CONTROL_STATUS] = c->ops->status,
		[CONTROL_STATS] = c->ops->stats,
		[CONTROL_RELOAD] = c->ops->reload,
		[CONTROL_STOP] = c->ops->stop,
	};
	const char *why = NULL;
	struct json j;
	if (command == CONTROL_RELOAD || command == CONTROL_STOP)
		tell_peer(k, command);
	put_head(&j, k, true);
	int rc = ops[command](c->ctx, &j, &why);
	json_close_object(&j);
	if (rc < 0)
		answer_error(k, why != NULL ? why : strerror(-rc));
	else if (!json_ok(&j))
		answer_error(k, "the answer is longer than 64 KiB");
	else
		k->out_len = json_len(&j);
}

static void answer_line(struct control *c, struct client *k, size_t len)
{
	enum control_command command;
	const char *why;
	if (control_request_read(k->in, len, &command, &why))
		answer(c, k, command);
	else
		answer_error(k, why);
	k->out[k->out_len++] = '\n';
	k->answered = true;
}

// ---- clients -----------------------------------------------------------------------------------------------------

static void drop(struct client *k)
{
	char rest[CONTROL_ASK_MAX];
	// What was sent beyond the line and never read would take the answer away with it (ECONNRESET).
	for (int i = 0; i < 64 && recv(k->fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
		;
	close(k->fd);
	k->fd = -1;
}

static void accept_all(struct control *c, uint64_t now_ns)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *k = &c->clients[i];
		if (k->fd >= 0)
			continue;
		k->fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (k->fd < 0)
			return;
		int cap = 2 * OUT_CAP; // so that an answer is given away at once
		setsockopt(k->fd, SOL_SOCKET, SO_SNDBUF, &cap, sizeof cap);
		k->since_ns = now_ns;
		k->in_len = k->out_len = k->out_at = 0;
		k->answered = false;
	}
}

// False: the client is done with, or gone.
static bool read_line(struct control *c, struct client *k)
{
	ssize_t got = recv(k->fd, k->in + k->in_len, sizeof k->in - k->in_len, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	k->in_len += (size_t)got;
	const char *end = memchr(k->in, '\n', k->in_len);
	if (end != NULL)
		answer_line(c, k, (size_t)(end - k->in));
	else if (got == 0 && k->in_len == 0)
		return false;
	else if (got == 0 || k->in_len == sizeof k->in) // a last line without its end; one that is too long
		answer_line(c, k, k->in_len);
	return true;
}

static bool write_answer(struct client *k)
{
	ssize_t put = send(k->fd, k->out + k->out_at, k->out_len - k->out_at, MSG_NOSIGNAL);
	if (put < 0)
		return errno == EAGAIN || errno == EINTR;
	k->out_at += (size_t)put;
	return k->out_at < k->out_len;
}

void control_turn(struct control *c)
{
	uint64_t now_ns = clock_mono_ns();
	accept_all(c, now_ns);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *k = &c->clients[i];
		if (k->fd < 0)
			continue;
		bool stays = k->answered || read_line(c, k);
		if (stays && k->answered)
			stays = write_answer(k);
		if (!stays || now_ns - k->since_ns > PATIENCE_NS)
			drop(k);
	}
}

int control_fds(const struct control *c, int *fds, size_t max)
{
	size_t n = 0;
	bool room = false;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct client *k = &c->clients[i];
		room |= k->fd < 0;
		// Whose answer waits for room has nothing to say any more: the next turn goes on.
		if (k->fd >= 0 && !k->answered && n < max)
			fds[n++] = k->fd;
	}
	if (room && n < max) // who finds no place waits in the queue of the socket
		fds[n++] = c->fd;
	return (int)n;
}
