// Cursors: see alerts/outbox/cursor.h. The slots are a page apart, and the one that was made durable last is not written to until the
// other one is: so a power cut finds at most one of them torn, however often was saved in between.
#include "alerts/outbox/cursor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "alerts/outbox/segment.h"

enum { CURSOR_VERSION = 1, SLOTS = 2, SLOT_APART = 4096, FILE_MODE = 0640 };
static const uint32_t cursor_magic = UINT32_C(0xff00c7b2);
static const uint64_t year_s = UINT64_C(366) * 86400;

struct slot {
	uint32_t magic, version;
	uint32_t crc;   // CRC-32 of the slot with zero in this place
	uint32_t zero;
	uint64_t saved; // how often: the greater is the newer
	struct cursor c;
};

static_assert(sizeof(struct slot) == 536 && sizeof(struct slot) <= SLOT_APART, "on disk");

struct cursor_file {
	int fd;
	uint64_t saved;
	unsigned slot; // that is written next: not the one that is on disk for sure
};

static uint32_t slot_crc(const struct slot *s)
{
	struct slot copy = *s;
	copy.crc = 0;
	return (uint32_t)crc32(crc32(0, NULL, 0), (const void *)&copy, sizeof(copy));
}

static ssize_t slot_read(int fd, unsigned i, struct slot *s)
{
	ssize_t n;
	memset(s, 0, sizeof(*s));
	do
		n = pread(fd, s, sizeof(*s), (off_t)i * SLOT_APART);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno != EIO ? -errno : n;
}

// True: *c is the newer good slot. `old`: the greatest epoch that a bad one may have had.
static bool newest(const struct slot slot[static SLOTS], uint64_t wall_s, struct cursor_file *f, struct cursor *c, uint64_t *old)
{
	bool found = false;
	for (unsigned i = 0; i < SLOTS; i++) {
		const struct slot *s = &slot[i];
		if (s->magic != cursor_magic)
			continue;
		if (s->c.epoch > *old && s->c.epoch < wall_s + year_s) // what may be anything is no reason to go far ahead of time
			*old = s->c.epoch;
		if (s->version != CURSOR_VERSION || s->crc != slot_crc(s) || (found && s->saved < f->saved))
			continue;
		found = true;
		f->saved = s->saved;
		f->slot = 1 - i;
		*c = s->c;
	}
	return found;
}

static void begin(struct cursor *c, uint64_t epoch, uint64_t outbox)
{
	*c = (struct cursor){.epoch = epoch, .outbox = outbox};
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		c->lane[i].seq = 1;
}

static int slots_read(int fd, struct slot slot[static SLOTS])
{
	for (unsigned i = 0; i < SLOTS; i++) {
		ssize_t n = slot_read(fd, i, &slot[i]);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

int cursor_read(const char *path, struct cursor *c)
{
	struct slot slot[SLOTS];
	struct cursor_file f = {.fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
	uint64_t old = 0;
	if (f.fd < 0)
		return -errno;
	int rc = slots_read(f.fd, slot);
	close(f.fd);
	return rc < 0 ? rc : newest(slot, 0, &f, c, &old) ? 0 : -ENODATA;
}

static int load(struct cursor_file *f, uint64_t wall_s, struct cursor *c, bool *fresh)
{
	struct slot slot[SLOTS];
	uint64_t old = 0;
	int rc = slots_read(f->fd, slot);
	if (rc < 0)
		return rc;
	bool found = newest(slot, wall_s, f, c, &old), empty = !found && lseek(f->fd, 0, SEEK_END) == 0;
	*fresh = empty || (found && c->outbox == 0);
	if (found) // perhaps in memory only: the other slot may be all that a power cut leaves
		return fdatasync(f->fd) < 0 ? -errno : 0;
	begin(c, wall_s > old ? wall_s : old + 1, empty ? 0 : CURSOR_LOST);
	f->slot = 0;
	for (unsigned i = 0; rc == 0 && i < SLOTS; i++) // each has its place on disk from now on: a full one is no matter any more
		rc = cursor_save(f, c, true);
	return rc;
}

int cursor_open(struct cursor_file **out, const char *path, uint64_t wall_s, struct cursor *c, bool *fresh)
{
	struct cursor_file *f = calloc(1, sizeof(*f));
	*out = NULL;
	if (!f)
		return -ENOMEM;
	f->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	int rc = f->fd < 0 ? -errno : load(f, wall_s, c, fresh);
	if (rc == 0) // also where somebody made it who died before he had
		rc = outbox_sync_parent(path);
	if (rc < 0) {
		cursor_close(&f);
		return rc;
	}
	*out = f;
	return 0;
}

int cursor_save(struct cursor_file *f, const struct cursor *c, bool durable)
{
	struct slot s = {.magic = cursor_magic, .version = CURSOR_VERSION, .saved = f->saved + 1, .c = *c};
	s.crc = slot_crc(&s);
	int rc = segment_write(f->fd, (const uint8_t *)&s, sizeof(s), (uint64_t)f->slot * SLOT_APART);
	if (rc < 0)
		return rc;
	f->saved++;
	if (durable && fdatasync(f->fd) < 0)
		return -errno;
	if (durable)
		f->slot = 1 - f->slot;
	return 0;
}

void cursor_close(struct cursor_file **f)
{
	if (!*f)
		return;
	if ((*f)->fd >= 0)
		close((*f)->fd);
	free(*f);
	*f = NULL;
}
