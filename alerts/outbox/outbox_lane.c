// Segments of one lane: made, sealed, removed. See alerts/outbox/outbox_private.h.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox/outbox_private.h"
#include "alerts/outbox/segment.h"
#include "hw/clock.h"
#include "hw/counter.h"

enum { FILE_MODE = 0640 };

static const char unfinished[] = "next.tmp"; // no reader takes it for a segment

int outbox_sync_dir(int dir)
{
	return fsync(dir) < 0 && errno != EINVAL ? -errno : 0; // EINVAL: a file system where a directory needs none
}

int outbox_sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!dir)
		return -ENOMEM;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return -errno;
	int rc = outbox_sync_dir(fd);
	close(fd);
	return rc;
}

int outbox_lane_note(struct outbox_lane_files *l, const struct outbox_file *f)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct outbox_file *more = realloc(l->file, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->file = more;
		l->room = room;
	}
	l->file[l->n++] = *f;
	l->octets += f->octets;
	return 0;
}

void outbox_lane_publish(struct outbox *o, const struct outbox_lane_files *l)
{
	__atomic_store_n(&o->shared->oldest[l->id], l->n ? l->file[0].first : l->done.seq + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&o->shared->octets[l->id], l->octets, __ATOMIC_RELAXED);
}

bool outbox_lane_evict(struct outbox *o, struct outbox_lane_files *l)
{
	char name[SEGMENT_NAME + 1];
	segment_name(name, l->file[0].first);
	if (unlinkat(l->dir, name, 0) < 0 && errno != ENOENT)
		return false;
	uint64_t end = l->n > 1 ? l->file[1].first : l->done.seq + 1;
	if (end > l->file[0].first)
		counter_add(&o->shared->evicted[l->id], end - l->file[0].first);
	l->octets -= l->file[0].octets;
	l->n--;
	memmove(l->file, l->file + 1, l->n * sizeof(*l->file));
	outbox_lane_publish(o, l);
	return true;
}

void outbox_lane_seal(struct outbox *o, struct outbox_lane_files *l)
{
	if (l->fd < 0)
		return;
	struct outbox_file *newest = &l->file[l->n - 1];
	if (newest->octets != l->len || l->written != l->len) {
		if (ftruncate(l->fd, (off_t)l->len) == 0) {
			l->octets = l->octets - newest->octets + l->len;
			newest->octets = l->len;
		}
	}
	close(l->fd);
	l->fd = -1;
	outbox_lane_publish(o, l);
}

// Room is taken now, so that a full disk is found here and not in the middle of a group. Where the file system cannot, writing does it.
static int preallocate(int fd, uint64_t octets)
{
	int rc;
	do
		rc = fallocate(fd, 0, 0, (off_t)octets) < 0 ? -errno : 0;
	while (rc == -EINTR);
	return rc == -EOPNOTSUPP || rc == -ENOSYS ? 0 : rc;
}

static int fill(struct outbox *o, const struct outbox_lane_files *l, int fd, uint64_t made_ns)
{
	struct segment_head h = {.lane = l->id, .epoch = o->epoch, .first = l->done.seq + 1, .made_ns = made_ns, .newest = l->done.newest,
		.before = l->done.counts};
	memcpy(h.link, l->done.link, OUTBOX_HASH);
	segment_head_seal(&h);
	int rc = preallocate(fd, o->c.segment_octets);
	if (rc < 0)
		return rc;
	rc = segment_write(fd, (const uint8_t *)&h, sizeof(h), 0);
	if (rc < 0)
		return rc;
	return fdatasync(fd) < 0 ? -errno : 0;
}

// Known by its name only when its head is on disk; one of the same name, which has no record, gives way.
static int make(struct outbox *o, struct outbox_lane_files *l, const char *name, uint64_t made_ns)
{
	int fd = openat(l->dir, unfinished, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return -errno;
	int rc = fill(o, l, fd, made_ns);
	if (rc == 0 && renameat(l->dir, unfinished, l->dir, name) < 0)
		rc = -errno;
	if (rc == 0)
		rc = outbox_sync_dir(l->dir);
	if (rc < 0) {
		unlinkat(l->dir, unfinished, 0);
		close(fd);
		return rc;
	}
	return fd;
}

static bool is_there(const struct outbox_lane_files *l, uint64_t first)
{
	return l->n && l->file[l->n - 1].first == first;
}

int outbox_lane_begin(struct outbox *o, struct outbox_lane_files *l)
{
	const struct outbox_file f = {.first = l->done.seq + 1, .octets = o->c.segment_octets, .made_ns = clock_wall_ns()};
	char name[SEGMENT_NAME + 1];

	outbox_lane_seal(o, l);
	while (l->n > 1 && l->octets + f.octets > o->c.octets_max[l->id])
		if (!outbox_lane_evict(o, l))
			return -errno;
	segment_name(name, f.first);
	int fd = make(o, l, name, f.made_ns);
	if (fd < 0)
		return fd;
	if (is_there(l, f.first))
		l->octets -= l->file[--l->n].octets;
	int rc = outbox_lane_note(l, &f);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	l->fd = fd;
	l->len = l->written = SEGMENT_HEAD;
	outbox_lane_publish(o, l);
	return 0;
}
