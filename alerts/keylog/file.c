// One file: has it changed, is it still itself, and what is new in it.
#include "alerts/keylog/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <xxhash.h>

enum { TAIL_LEN = 128 }; // most of a secret, so no two files have the same

struct keylog_file *keylog_file_open(char *path)
{
	struct keylog_file *f = path ? calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		free(path);
		return NULL;
	}
	f->path = path;
	f->size = -1;
	return f;
}

void keylog_file_close(struct keylog_file **f)
{
	if (!*f)
		return;
	free((*f)->path);
	OPENSSL_cleanse(&(*f)->text, sizeof((*f)->text));
	free(*f);
	*f = NULL;
}

static bool unchanged(const struct keylog_file *f, const struct stat *st)
{
	return f->dev == st->st_dev && f->ino == st->st_ino && f->size == st->st_size &&
	       f->changed.tv_sec == st->st_ctim.tv_sec && f->changed.tv_nsec == st->st_ctim.tv_nsec;
}

// Digest of what stands in front of the offset.
static uint64_t tail_of(const struct keylog_file *f, int fd)
{
	char tail[TAIL_LEN];
	size_t len = f->off < TAIL_LEN ? (size_t)f->off : TAIL_LEN;
	ssize_t n = len ? pread(fd, tail, len, f->off - (off_t)len) : 0;
	uint64_t digest = n < 0 ? 0 : XXH3_64bits(tail, (size_t)n);

	OPENSSL_cleanse(tail, sizeof(tail));
	return digest;
}

// From the offset to the size it had a moment ago: one that grows all the time does not hold us.
static int read_on(struct keylog_file *f, int fd, const struct keylog_reader *reader, char *octets)
{
	ssize_t n = 0;

	while (f->off < f->size) {
		off_t left = f->size - f->off;
		n = pread(fd, octets, left < KEYLOG_READ_LEN ? (size_t)left : KEYLOG_READ_LEN, f->off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		f->off += n;
		reader->take(reader->ctx, &f->text, octets, (size_t)n);
	}
	int r = n < 0 ? -errno : 0;
	OPENSSL_cleanse(octets, KEYLOG_READ_LEN);
	reader->pause(reader->ctx, &f->text);
	f->tail = tail_of(f, fd);
	return r;
}

static int read_opened(struct keylog_file *f, int fd, const struct keylog_reader *reader, char *octets)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (f->dev != st.st_dev || f->ino != st.st_ino || st.st_size < f->off || tail_of(f, fd) != f->tail) {
		f->off = 0;
		OPENSSL_cleanse(&f->text, sizeof(f->text));
	}
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->size = st.st_size;
	f->changed = st.st_ctim;
	return read_on(f, fd, reader, octets);
}

int keylog_file_read(struct keylog_file *f, const struct keylog_reader *reader, char *octets)
{
	struct stat st;

	if (stat(f->path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (unchanged(f, &st))
		return 0;
	// Where it cannot be read it is not tried again before it changes.
	f->size = st.st_size;
	f->changed = st.st_ctim;
	// What stat() saw may be a FIFO by now.
	int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = read_opened(f, fd, reader, octets);
	close(fd);
	return r;
}
