// A buffer in front of write(2). The first error is kept: the records after it would have a hole before them.
#include "cli/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/source.h"

enum { WRITER_BUFFER = 256 * 1024 }; // 256 KiB: a system call costs less than a copy from there on

struct writer {
	int fd;
	int error; // first, or 0
	size_t used;
	char buffer[WRITER_BUFFER];
};

static bool is_input(const struct stat *st, const struct source *source)
{
	struct stat in;
	for (size_t i = 0; i < source_n_files(source); i++) {
		const char *name = source_file_name(source, (uint16_t)i);
		int rc = strcmp(name, "-") == 0 ? fstat(STDIN_FILENO, &in) : stat(name, &in);
		if (rc == 0 && in.st_dev == st->st_dev && in.st_ino == st->st_ino && S_ISREG(in.st_mode))
			return true;
	}
	return false;
}

// Emptied only after it is known to be no input.
static int open_file(const char *path, const struct source *source)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640), rc = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (is_input(&st, source))
		rc = -EEXIST;
	else if (S_ISREG(st.st_mode) && ftruncate(fd, 0) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int writer_open(struct writer **out, const char *path, const struct source *source)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : open_file(path, source);
	if (fd < 0)
		return standard ? -errno : fd;
	struct writer *w = malloc(sizeof *w);
	if (w == NULL) {
		close(fd);
		return -ENOMEM;
	}
	w->fd = fd;
	w->error = 0;
	w->used = 0;
	*out = w;
	return 0;
}

static int flush(struct writer *w)
{
	size_t done = 0;
	while (w->error == 0 && done < w->used) {
		ssize_t n = write(w->fd, w->buffer + done, w->used - done);
		if (n < 0 && errno != EINTR)
			w->error = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	w->used = 0;
	return w->error;
}

int writer_put(struct writer *w, const char *p, size_t len)
{
	while (w->error == 0 && len > 0) {
		size_t room = WRITER_BUFFER - w->used, part = len < room ? len : room;
		memcpy(w->buffer + w->used, p, part);
		w->used += part;
		p += part;
		len -= part;
		if (w->used == WRITER_BUFFER)
			flush(w);
	}
	return w->error;
}

int writer_close(struct writer **w)
{
	if (*w == NULL)
		return 0;
	int rc = flush(*w);
	// Some file systems tell only now that there was no room.
	if (close((*w)->fd) < 0 && rc == 0)
		rc = -errno;
	free(*w);
	*w = NULL;
	return rc;
}
