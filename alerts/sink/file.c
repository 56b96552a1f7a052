// The sink that is a file: whole lines, appended, on disk before they count.
//
// A batch counts after fdatasync(): the cursor that is written next may reach the disk at any time, and must never be ahead of the
// file. What failed is taken back, so that the next attempt finds whole lines.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/sink/file_private.h"
#include "alerts/sink/file_tail.h"
#include "hw/log.h"

#define MIB UINT64_C(1048576)

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void file_destroy(struct sink **s)
{
	if (*s == NULL)
		return;
	drop(&(*s)->fd);
	drop(&(*s)->held);
	sink_batch_close(&(*s)->batch);
	free(*s);
	*s = NULL;
}

// What the operator has to repair before anything can be delivered. A full or broken disk is trouble that may pass.
static bool lasting(int error)
{
	static const int errors[] = {ENOENT, ENOTDIR, EACCES, EPERM, EISDIR, ESPIPE, ELOOP, ENAMETOOLONG, EINVAL};
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (error == -errors[i])
			return true;
	return false;
}

static int tell(const struct sink *s, int rc)
{
	const char *words = rc == -EISDIR   ? "it is neither a file nor a pipe nor a device"
	                    : rc == -ESPIPE ? "it is no regular file and cannot be rotated"
	                    : rc == -ELOOP  ? "it is a link that is not root's, or one in a circle"
	                    : rc == -ENXIO  ? "nobody reads this pipe"
	                    : rc == -EBUSY  ? "another process writes to it"
	                                    : strerror(-rc);
	return sink_why(s->env, rc, "%.100s: %s", s->path, words);
}

static int file_prepare(struct sink **out, const struct sink_config *c, const struct sink_env *env)
{
	struct sink *s = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	*s = (struct sink){.env = env, .fd = -1, .held = -1, .keep = c->rotate_keep, .eve = c->format == FORMAT_EVE};
	s->rotate_octets = c->rotate_mib * MIB;
	memcpy(s->path, c->path, sizeof s->path);
	int rc = sink_batch_open(&s->batch, FILE_BATCH);
	if (rc == 0 && s->rotate_octets > 0 && s->keep == 0)
		rc = sink_why(env, -EINVAL, "%.100s: rotation must keep at least one file", s->path);
	else if (rc == 0 && (rc = file_open_path(s)) < 0)
		rc = lasting(rc) ? tell(s, rc) : 0;
	if (rc < 0)
		file_destroy(&s);
	*out = s;
	return rc;
}

// ---- open, close -------------------------------------------------------------------------------------------------

// The name again; or, where we may not any more, the descriptor from when we might.
static int open_again(struct sink *s)
{
	int rc = file_open_path(s);
	if ((rc == -EACCES || rc == -EPERM) && file_is(s->held, s->path)) {
		s->fd = s->held;
		s->held = -1;
		rc = 0;
	}
	drop(&s->held);
	return rc;
}

// Alone, since what is unfinished at its end is cut off. Some file systems know no locks: then nobody can tell.
static int lock(const struct sink *s)
{
	return s->regular && flock(s->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? -EBUSY : 0;
}

static int sync_data(const struct sink *s)
{
	return !s->regular || fdatasync(s->fd) == 0 || errno == EINVAL ? 0 : -errno;
}

// What a courier wrote that was killed before it had it on disk counts as had (file_newest()), so it must be there by then.
static int mend(struct sink *s)
{
	uint64_t cut = 0;
	int rc = s->regular ? tail_mend(s->fd, &cut) : 0;
	if (rc == 0)
		rc = sync_data(s);
	s->torn = s->torn && !s->regular;
	if (cut > 0)
		log_info("file", "%s: %llu octets of an unfinished record at its end were cut off; it is written again", s->path,
			(unsigned long long)cut);
	return rc;
}

static int file_open(struct sink *s)
{
	int rc = s->fd >= 0 ? 0 : open_again(s);
	if (rc == 0)
		rc = lock(s);
	if (rc == 0)
		rc = mend(s);
	return rc < 0 ? tell(s, rc) : 0;
}

static void file_close(struct sink *s)
{
	if (s->fd < 0)
		return;
	if (s->regular)
		(void)flock(s->fd, LOCK_UN);
	drop(&s->held);
	s->held = s->fd;
	s->fd = -1;
}

static void file_reopen(struct sink *s)
{
	s->again = true;
}

// ---- send --------------------------------------------------------------------------------------------------------

// Another file has the name, or none has, since the operator moved or removed it.
static int follow(struct sink *s)
{
	struct stat st;
	bool removed = s->regular && fstat(s->fd, &st) == 0 && st.st_nlink == 0;
	if (!s->again && !removed)
		return 0;
	s->again = false;
	file_close(s);
	return file_open(s);
}

// A file that cannot be renamed is written on: too large is better than lost.
static int make_room(struct sink *s, uint64_t size)
{
	if (s->rotate_octets == 0 || size == 0 || size + s->batch.used <= s->rotate_octets)
		return 0;
	int rc = file_rotate(s);
	if (rc < 0 && !s->rotation_told)
		log_warn("file", "%s: cannot be rotated: %s; it grows beyond its size", s->path, strerror(-rc));
	s->rotation_told = rc < 0;
	return rc == 0 ? lock(s) : 0;
}

// Whole lines stay; the rest of the batch is taken off the end, unless somebody has written behind it.
static void take_back(struct sink *s, uint64_t size, size_t done, size_t keep)
{
	if (file_size(s) == size + done && ftruncate(s->fd, (off_t)(size + keep)) == 0)
		return;
	s->torn = done > keep;
}

static int write_batch(struct sink *s, struct sink_wait *w)
{
	struct sink_batch *b = &s->batch;
	uint64_t size = file_size(s);
	int rc = make_room(s, size);
	if (rc < 0)
		return rc;
	size = file_size(s);
	size_t done;
	const enum stream_kind kind = s->regular ? STREAM_FILE : STREAM_PIPE;
	rc = stream_write(s->fd, kind, b->octets, b->used, &done, w);
	size_t had = sink_batch_within(b, done), whole = had > 0 ? b->end[had - 1] : 0;
	if (rc < 0 && s->regular)
		take_back(s, size, done, whole);
	else if (rc < 0)
		s->torn = done > whole;
	int synced = had > 0 && whole > 0 ? sync_data(s) : 0;
	if (synced < 0) {
		take_back(s, size, whole, 0);
		return synced;
	}
	return had > 0 ? (int)had : rc;
}

// What could neither be finished nor taken back ends here: the next line must not join it.
static int end_torn(struct sink *s, struct sink_wait *w)
{
	size_t done;
	int rc = s->torn ? stream_write(s->fd, s->regular ? STREAM_FILE : STREAM_PIPE, "\n", 1, &done, w) : 0;
	s->torn = s->torn && rc < 0;
	return rc;
}

static int file_send(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused)
{
	struct sink_wait w;
	sink_wait_begin(&w, s->env);
	int rc = follow(s);
	if (rc < 0)
		return rc; // told
	rc = end_torn(s, &w);
	if (rc == 0) {
		sink_batch_lines(&s->batch, m, n);
		rc = write_batch(s, &w);
	}
	if (rc < 0)
		return tell(s, rc);
	*refused += sink_batch_refused(&s->batch, (size_t)rc);
	return rc;
}

// ---- what is in it -----------------------------------------------------------------------------------------------

static bool file_newest(struct sink *s, enum outbox_lane lane, uint64_t *epoch, uint64_t *sent, uint8_t chain[static OUTBOX_HASH])
{
	struct tail_stamps t = {0};
	size_t budget = TAIL_LOOK_MAX;
	if (!s->eve || !s->regular || s->fd < 0 || tail_newest(s->fd, &budget, &t) < 0)
		return false;
	int older = t.found[lane] || budget == 0 ? -1 : file_open_older(s);
	if (older >= 0) {
		(void)tail_newest(older, &budget, &t);
		close(older);
	}
	if (!t.found[lane])
		return false;
	*epoch = t.epoch[lane];
	*sent = t.seq[lane];
	memcpy(chain, t.chain[lane], OUTBOX_HASH);
	return true;
}

const struct sink_ops sink_file_ops = {
	.name = "file",
	.prepare = file_prepare,
	.open = file_open,
	.send = file_send,
	.close = file_close,
	.reopen = file_reopen,
	.newest = file_newest,
	.destroy = file_destroy,
};
