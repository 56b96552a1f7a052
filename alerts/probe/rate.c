// The file: a line a host, "TIME KEY". Times of the last ten minutes matter, all else is left out when it is written.
#include "alerts/probe/rate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct rate_entry {
	int64_t at_s;
	char key[RATE_KEY_MAX + 1];
};

struct rate {
	int fd;
	size_t n;
	struct rate_entry entry[RATE_ENTRIES_MAX];
};

static int read_entries(struct rate *r)
{
	int fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char line[RATE_KEY_MAX + 64];
	int rc = f ? 0 : -errno;

	while (!rc && fgets(line, sizeof(line), f)) {
		struct rate_entry *e = &r->entry[r->n];
		if (r->n == RATE_ENTRIES_MAX || sscanf(line, "%" SCNd64 " %254s", &e->at_s, e->key) != 2)
			rc = -EBADMSG;
		else
			r->n++;
	}
	if (!rc && ferror(f))
		rc = -EIO;
	if (f)
		fclose(f);
	else if (fd >= 0)
		close(fd);
	return rc;
}

int rate_open(struct rate **out, const char *dir)
{
	char path[4096];
	struct rate *r = NULL;
	struct stat st;
	int rc = 0;

	*out = NULL;
	if ((size_t)snprintf(path, sizeof(path), "%s/probes", dir) >= sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return -errno;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EBADMSG;
	else if (flock(r->fd, LOCK_EX | LOCK_NB) < 0)
		rc = -errno;
	if (!rc)
		rc = read_entries(r);
	if (rc)
		rate_close(&r);
	*out = r;
	return rc;
}

void rate_close(struct rate **r)
{
	if (!*r)
		return;
	if ((*r)->fd >= 0)
		close((*r)->fd); // and the lock with it
	free(*r);
	*r = NULL;
}

// A clock that was set back may have left times ahead of now: within the interval they count, beyond it they are nonsense.
static int64_t wait_s(const struct rate_entry *e, int64_t now_s)
{
	if (e->at_s > now_s + RATE_S || e->at_s <= now_s - RATE_S)
		return 0;
	return e->at_s <= now_s ? e->at_s + RATE_S - now_s : RATE_S;
}

// As a whole or not at all is not needed: what a crash leaves is refused next time, not obeyed.
static int write_entries(const struct rate *r)
{
	size_t room = r->n * sizeof(struct rate_entry) + 1, len = 0;
	char *text = malloc(room + r->n * 24);
	int rc = text ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < r->n; i++)
		len += (size_t)sprintf(text + len, "%" PRId64 " %s\n", r->entry[i].at_s, r->entry[i].key);
	for (size_t at = 0; !rc && at < len;) {
		ssize_t n = pwrite(r->fd, text + at, len - at, (off_t)at);
		if (n < 0 && errno != EINTR)
			rc = -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	if (!rc && (ftruncate(r->fd, (off_t)len) < 0 || fsync(r->fd) < 0))
		rc = -errno;
	free(text);
	return rc;
}

int rate_ask(struct rate *r, const char *const *keys, size_t n, int64_t now_s)
{
	int64_t longest = 0;
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		int64_t wait = wait_s(&r->entry[i], now_s);
		for (size_t k = 0; k < n; k++)
			if (wait > longest && strcmp(r->entry[i].key, keys[k]) == 0)
				longest = wait;
		if (wait)
			r->entry[kept++] = r->entry[i];
	}
	r->n = kept;
	if (longest)
		return (int)longest;
	if (n > RATE_ENTRIES_MAX - r->n)
		return -ENOSPC;
	for (size_t k = 0; k < n; k++) {
		struct rate_entry *e = &r->entry[r->n++];
		e->at_s = now_s;
		snprintf(e->key, sizeof(e->key), "%s", keys[k]);
	}
	return write_entries(r);
}
