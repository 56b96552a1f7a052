// Reads a file from its end. What is in it, anybody may have written.
#include "alerts/sink/file_tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/sink/stamp.h"

enum { CHUNK = 256 << 10 };

// All of it or an error: the file is not being written.
static int read_at(int fd, char *to, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, to, len, at);
		if (n == 0)
			return -EIO; // somebody cut it meanwhile
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			to += n;
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

// ---- mending -----------------------------------------------------------------------------------------------------

// Where the zeros at the end begin.
static int before_zeros(int fd, char *room, off_t size, off_t *out)
{
	for (*out = size; *out > 0;) {
		size_t len = *out < CHUNK ? (size_t)*out : CHUNK;
		int rc = read_at(fd, room, len, *out - (off_t)len);
		if (rc < 0)
			return rc;
		size_t left = len;
		while (left > 0 && room[left - 1] == '\0')
			left--;
		*out -= (off_t)(len - left);
		if (left > 0)
			break;
	}
	return 0;
}

static bool begins_like_ours(const char *p, size_t len)
{
	static const char *const starts[] = {"{\"", "CEF:", "LEEF:"};
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		size_t n = strlen(starts[i]);
		if (len > 0 && memcmp(p, starts[i], len < n ? len : n) == 0)
			return true;
	}
	return false;
}

// The line that ends at `end`: whether it is one of ours (where there is none, too), and its octets where it is not finished.
static int last_line(int fd, char *room, off_t end, bool *ours, size_t *unfinished)
{
	size_t len = end < TAIL_LINE_MAX ? (size_t)end : TAIL_LINE_MAX;
	int rc = read_at(fd, room, len, end - (off_t)len);
	if (rc < 0)
		return rc;
	bool finished = len > 0 && room[len - 1] == '\n';
	size_t text = len - finished;
	const char *newline = memrchr(room, '\n', text), *start = newline != NULL ? newline + 1 : room;
	size_t left = (size_t)(room + text - start);
	bool whole = newline != NULL || (off_t)len == end;
	*ours = len == 0 || (whole && begins_like_ours(start, left));
	*unfinished = finished ? 0 : left;
	return 0;
}

int tail_mend(int fd, uint64_t *cut)
{
	struct stat st;
	off_t end;
	bool ours;
	size_t unfinished;
	*cut = 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	char *room = malloc(CHUNK);
	if (room == NULL)
		return -ENOMEM;
	int rc = before_zeros(fd, room, st.st_size, &end);
	if (rc == 0)
		rc = last_line(fd, room, end, &ours, &unfinished);
	free(room);
	if (rc < 0 || (unfinished == 0 && end == st.st_size))
		return rc;
	if (!ours) // nothing of another's is cut off, zeros neither
		return write(fd, "\n", 1) == 1 ? 0 : errno != 0 ? -errno : -ENOSPC;
	end -= (off_t)unfinished;
	*cut = (uint64_t)(st.st_size - end);
	return ftruncate(fd, end) < 0 ? -errno : 0;
}

// ---- stamps ------------------------------------------------------------------------------------------------------

static void look(struct tail_stamps *t, const struct tail_stamps *before, const char *line, size_t len)
{
	struct stamp s;
	if (memchr(line, '\0', len) != NULL) {
		*t = *before;
		return;
	}
	if (!stamp_read(line, len, &s) || (unsigned)s.lane >= OUTBOX_LANES || t->found[s.lane])
		return;
	t->found[s.lane] = true;
	t->epoch[s.lane] = s.epoch;
	t->seq[s.lane] = s.seq;
	memcpy(t->chain[s.lane], s.chain, OUTBOX_HASH);
}

// The whole lines in room[0, len), last one first; the first is whole only at the beginning of the file. What is left over.
static size_t look_at_lines(struct tail_stamps *t, const struct tail_stamps *before, const char *room, size_t len, bool beginning)
{
	const char *newline;
	while (len > 0 && (newline = memrchr(room, '\n', len)) != NULL) {
		size_t at = (size_t)(newline - room) + 1;
		look(t, before, room + at, len - at);
		len = at - 1;
	}
	if (beginning)
		look(t, before, room, len);
	return beginning ? 0 : len;
}

int tail_newest(int fd, size_t *budget, struct tail_stamps *t)
{
	struct stat st;
	const struct tail_stamps before = *t;
	if (fstat(fd, &st) < 0)
		return -errno;
	char *room = malloc(CHUNK + TAIL_LINE_MAX);
	if (room == NULL)
		return -ENOMEM;
	int rc = 0;
	size_t left = 0; // octets in room, the end of a line whose beginning stands further ahead
	off_t at = st.st_size;
	while (rc == 0 && at > 0 && left < TAIL_LINE_MAX && *budget > 0) {
		size_t len = at < CHUNK ? (size_t)at : CHUNK;
		len = len < *budget ? len : *budget;
		memmove(room + len, room, left);
		at -= (off_t)len;
		*budget -= len;
		rc = read_at(fd, room, len, at);
		if (rc == 0)
			left = look_at_lines(t, &before, room, len + left, at == 0);
	}
	free(room);
	return rc;
}
