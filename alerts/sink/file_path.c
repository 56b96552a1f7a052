// Names and the files behind them: opening, and making room by renaming.
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/outbox/outbox.h"
#include "alerts/sink/file.h"
#include "alerts/sink/file_private.h"

// In a directory that belongs to somebody else, a file that root made could not be opened again once root's rights are gone.
static void give(const char *path, int fd)
{
	char copy[SINK_PATH + 1];
	struct stat dir, st;
	(void)fchmod(fd, 0640); // whatever the umask
	memcpy(copy, path, sizeof copy);
	if (geteuid() != 0 || stat(dirname(copy), &dir) < 0 || fstat(fd, &st) < 0 || st.st_uid == dir.st_uid)
		return;
	(void)!fchown(fd, dir.st_uid, dir.st_gid);
}

// Where root still has its rights, a link that somebody else made would have it write to a file of his choice, and give it to him.
static int link_flags(const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode))
		return O_NOFOLLOW;
	return geteuid() == 0 && st.st_uid != 0 ? -ELOOP : 0;
}

// A second name that somebody gave another's file, in his own directory, is such a link, too.
static bool is_second_name(const char *path, int fd)
{
	char copy[SINK_PATH + 1];
	struct stat dir, st;
	memcpy(copy, path, sizeof copy);
	return geteuid() == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1 && stat(dirname(copy), &dir) == 0 &&
	       dir.st_uid != 0 && st.st_uid != dir.st_uid;
}

static int open_or_make(const char *path)
{
	// To be read, too: its end is looked at. Of a pipe that would make us its reader.
	struct stat st;
	const int link = link_flags(path);
	if (link < 0)
		return link;
	bool other = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	if (other && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EISDIR;
	const int flags = (other ? O_WRONLY : O_RDWR) | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | link;
	int fd = open(path, flags);
	if (fd >= 0 && is_second_name(path, fd)) {
		close(fd);
		return -ELOOP;
	}
	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : -errno;
	fd = open(path, flags | O_CREAT, 0640);
	if (fd < 0)
		return -errno;
	give(path, fd);
	return fd;
}

static int take_descriptor(struct sink *s, int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EISDIR;
	s->regular = S_ISREG(st.st_mode);
	if (s->rotate_octets > 0 && !s->regular)
		return -ESPIPE;
	if (realpath(s->path, s->real) == NULL)
		memcpy(s->real, s->path, sizeof s->path);
	s->fd = fd;
	return 0;
}

int file_open_path(struct sink *s)
{
	int fd = open_or_make(s->path);
	if (fd < 0)
		return fd;
	int rc = take_descriptor(s, fd);
	if (rc < 0)
		close(fd);
	else if (s->regular) // also what was made by somebody who died before its name was on disk
		(void)outbox_sync_parent(s->real);
	return rc;
}

bool sink_file_dir(char out[static SINK_FILE_DIR], const char *path)
{
	char real[FILE_NAME];
	if (realpath(path, real) == NULL && snprintf(real, sizeof real, "%s", path) >= FILE_NAME)
		return false;
	return snprintf(out, SINK_FILE_DIR, "%s", dirname(real)) < SINK_FILE_DIR;
}

uint64_t file_size(const struct sink *s)
{
	struct stat st;
	return s->regular && fstat(s->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

// ---- rotation ----------------------------------------------------------------------------------------------------

static bool numbered(char *out, const struct sink *s, uint32_t n)
{
	return snprintf(out, FILE_NAME, "%s.%u", s->real, n) < FILE_NAME;
}

// How many of PATH.1, PATH.2 ... have to make room: a number that is free ends them, so that rotation that fails again and again, or
// died half way, does not push out one file after the other.
static uint32_t in_the_way(const struct sink *s, char *name)
{
	struct stat st;
	uint32_t n = 0;
	while (n + 1 < s->keep && numbered(name, s, n + 1) && lstat(name, &st) == 0)
		n++;
	return n;
}

// From the oldest on, so that a death in between leaves a hole in the numbers and never one file over another.
static int shift(const struct sink *s)
{
	static _Thread_local char from[FILE_NAME], to[FILE_NAME];
	for (uint32_t n = in_the_way(s, from); n > 0; n--) {
		if (!numbered(from, s, n) || !numbered(to, s, n + 1))
			return -ENAMETOOLONG;
		if (rename(from, to) < 0)
			return -errno;
	}
	return numbered(to, s, 1) ? rename(s->real, to) < 0 ? -errno : 0 : -ENAMETOOLONG;
}

bool file_is(int fd, const char *path)
{
	struct stat a, b;
	return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int file_rotate(struct sink *s)
{
	// When the name is not this file's any more, somebody, or an attempt before this one, has renamed it already.
	int before = s->fd, rc = file_is(s->fd, s->real) ? shift(s) : 0;
	if (rc < 0)
		return rc;
	s->fd = -1;
	rc = file_open_path(s);
	if (rc < 0) { // rather in a file of another name than nowhere
		s->fd = before;
		return rc;
	}
	close(before);
	return 0;
}

int file_open_older(const struct sink *s)
{
	char path[FILE_NAME];
	if (!numbered(path, s, 1))
		return -ENAMETOOLONG;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}
