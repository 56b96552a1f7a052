// Files of a lane: see alerts/outbox/segment.h.
#include "alerts/outbox/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void segment_name(char name[static SEGMENT_NAME + 1], uint64_t first)
{
	snprintf(name, SEGMENT_NAME + 1, "%016" PRIx64 ".seg", first);
}

bool segment_is(const char *name, uint64_t *first)
{
	if (strlen(name) != SEGMENT_NAME || strspn(name, "0123456789abcdef") != 16 || strcmp(name + 16, ".seg") != 0)
		return false;
	*first = strtoull(name, NULL, 16);
	return *first != 0;
}

static int by_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static int list_entries(struct segment_list *l, DIR *d)
{
	size_t room = 0;
	uint64_t first;
	struct dirent *e;

	for (errno = 0; (e = readdir(d)); errno = 0) {
		if (!segment_is(e->d_name, &first))
			continue;
		if (l->n == room) {
			room = room ? 2 * room : 64;
			uint64_t *more = realloc(l->first, room * sizeof(*more));
			if (!more)
				return -ENOMEM;
			l->first = more;
		}
		l->first[l->n++] = first;
	}
	return -errno;
}

int segment_list_read(struct segment_list *l, int dir)
{
	*l = (struct segment_list){0};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	DIR *d = fdopendir(fd);
	if (!d) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	int rc = list_entries(l, d);
	closedir(d);
	if (l->n)
		qsort(l->first, l->n, sizeof(*l->first), by_first);
	return rc;
}

void segment_list_free(struct segment_list *l)
{
	free(l->first);
	*l = (struct segment_list){0};
}

// What the disk cannot give reads as zeros where `holes`: checksums tell.
static ssize_t read_at(int fd, void *out, size_t len, uint64_t at, bool holes)
{
	size_t n = 0;
	while (n < len) {
		ssize_t got = pread(fd, (uint8_t *)out + n, len - n, (off_t)(at + n));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EIO && holes) {
			size_t page = SEGMENT_PAGE - (size_t)((at + n) % SEGMENT_PAGE);
			got = (ssize_t)(page < len - n ? page : len - n);
			memset((uint8_t *)out + n, 0, (size_t)got);
		}
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

ssize_t segment_read(int fd, void *out, size_t len, uint64_t at)
{
	return read_at(fd, out, len, at, false);
}

int segment_head_read(struct segment_head *h, int fd)
{
	memset(h, 0, sizeof(*h));
	ssize_t n = segment_read(fd, h, sizeof(*h), 0);
	return n < 0 ? (int)n : 0;
}

int segment_write(int fd, const uint8_t *octets, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, octets, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		octets += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

// ---- a piece of a file -----------------------------------------------------------------------------------------------

int segment_window_open(struct segment_window *w)
{
	*w = (struct segment_window){.fd = -1, .octets = malloc(SEGMENT_WINDOW)};
	return w->octets ? 0 : -ENOMEM;
}

void segment_window_close(struct segment_window *w)
{
	free(w->octets);
	*w = (struct segment_window){.fd = -1};
}

void segment_window_set(struct segment_window *w, int fd)
{
	w->fd = fd;
	w->at = w->n = 0;
}

int segment_window_get(struct segment_window *w, uint64_t at, size_t want, size_t ahead, const uint8_t **octets, size_t *n)
{
	if (at < w->at || at + want > w->at + w->n) {
		if (ahead < want || ahead > SEGMENT_WINDOW)
			ahead = ahead < want ? want : SEGMENT_WINDOW;
		ssize_t got = read_at(w->fd, w->octets, ahead, at, true);
		w->at = at;
		w->n = got < 0 ? 0 : (size_t)got;
		if (got < 0)
			return (int)got;
	}
	*octets = w->octets + (at - w->at);
	*n = w->n - (size_t)(at - w->at);
	return 0;
}

// ---- frames in it ----------------------------------------------------------------------------------------------------

bool segment_is_wanted(const struct segment_wanted *w, const struct frame *f)
{
	return (!w->epoch || f->epoch == w->epoch) && outbox_lane_of((enum record_type)f->about.type) == w->lane && f->seq >= w->from &&
	       f->seq < w->below;
}

// How far it is to the next place where a frame could begin, or to the end of these octets.
static size_t to_magic(const uint8_t *octets, size_t n)
{
	const uint32_t magic = FRAME_MAGIC;
	size_t i = FRAME_ALIGN;
	while (i + FRAME_ALIGN <= n && memcmp(octets + i, &magic, sizeof(magic)) != 0)
		i += FRAME_ALIGN;
	return i;
}

int segment_find(struct segment_window *w, uint64_t *at, const struct segment_wanted *wanted, struct frame *f, const uint8_t **line)
{
	const uint8_t *octets;
	size_t n;

	for (;;) {
		int rc = segment_window_get(w, *at, FRAME_MAX, SEGMENT_WINDOW, &octets, &n);
		if (rc < 0)
			return rc;
		if (n < sizeof(*f))
			return 0;
		if (!frame_read(octets, n, f)) {
			*at += to_magic(octets, n);
			continue;
		}
		*line = octets + sizeof(*f);
		if (segment_is_wanted(wanted, f) && frame_line_good(f, *line))
			return 1;
		*at += frame_octets(f->len);
	}
}
