// A lane that an earlier process left: what can be read of it, where it goes on, what is cut off. See docs/design/0026-outbox.md.
//
// Only the end of the newest segment can be unfinished. What can be read there is a record, synced or not: it has been written
// in order, and whoever wrote it would write it again. What follows the last good frame is cut off.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox/outbox_private.h"
#include "alerts/outbox/segment.h"
#include "hw/counter.h"
#include "hw/log.h"

// ---- the frames ------------------------------------------------------------------------------------------------------

struct scan {
	struct outbox *o;
	struct outbox_lane_files *l;
	struct segment_window window;
	struct outbox_mark at;
	bool linked;      // at.link is known
	uint64_t damaged; // numbers
	uint64_t epoch;
};

static void damage(struct scan *s, uint64_t first, uint64_t offset, uint64_t records)
{
	s->damaged += records;
	s->linked = false;
	log_warn("outbox", "%s/%s/%016" PRIx64 ".seg: damaged at or before octet %" PRIu64 ": %" PRIu64 " records cannot be read", s->o->c.dir,
		outbox_lane_name[s->l->id], first, offset, records);
}

// One good frame. Its link tells whether it belongs here.
static void scan_frame(struct scan *s, uint64_t first, uint64_t at, const struct frame *f, const uint8_t *line)
{
	uint8_t link[OUTBOX_HASH];
	if (f->seq > s->at.seq + 1)
		damage(s, first, at, f->seq - s->at.seq - 1);
	if (s->linked)
		frame_link(s->o->linker, link, s->at.link, f, line);
	if (s->linked && memcmp(link, f->link, OUTBOX_HASH) != 0)
		damage(s, first, at, 1);
	else
		counts_add(&s->at.counts, &f->about);
	s->at.seq = f->seq;
	s->at.newest = f->from;
	memcpy(s->at.link, f->link, OUTBOX_HASH);
	s->linked = true;
}

// All frames of a segment, the next of which begins with `below`. *end: behind the last good one. 0 or -errno.
static int scan_segment(struct scan *s, uint64_t first, uint64_t below, uint64_t *end)
{
	struct segment_wanted wanted = {.epoch = s->epoch, .lane = s->l->id, .below = below};
	struct frame f;
	const uint8_t *line;
	uint64_t at = SEGMENT_HEAD;
	int rc, fd = outbox_open_segment(s->l, first, O_RDONLY);

	*end = at;
	if (fd < 0)
		return fd;
	segment_window_set(&s->window, fd);
	for (;;) {
		wanted.from = s->at.seq + 1;
		rc = segment_find(&s->window, &at, &wanted, &f, &line);
		if (rc <= 0)
			break;
		scan_frame(s, first, at, &f, line);
		at += frame_octets(f.len);
		*end = at;
	}
	close(fd);
	return rc;
}

static void mark_of_head(struct scan *s, const struct segment_head *h)
{
	s->at = (struct outbox_mark){.seq = h->first - 1, .counts = h->before, .newest = h->newest};
	memcpy(s->at.link, h->link, OUTBOX_HASH);
	s->linked = true;
}

// From the newest good head on. Without one: what names and frames tell.
static int scan_lane(struct scan *s, const struct outbox_found *f, uint64_t *end)
{
	size_t i = f->list.n - 1;
	while (i > 0 && f->kind[i] != SEGMENT_GOOD)
		i--;
	s->at = (struct outbox_mark){.seq = f->list.first[i] - 1};
	s->linked = false;
	for (; i < f->list.n; i++) {
		uint64_t first = f->list.first[i];
		if (f->kind[i] == SEGMENT_GOOD)
			mark_of_head(s, &f->head[i]);
		else
			log_warn("outbox", "%s/%s/%016" PRIx64 ".seg: its head cannot be read", s->o->c.dir, outbox_lane_name[s->l->id], first);
		uint64_t below = i + 1 < f->list.n ? f->list.first[i + 1] : UINT64_MAX;
		int rc = scan_segment(s, first, below, end);
		if (rc < 0)
			return rc;
		if (below != UINT64_MAX && s->at.seq + 1 < below) {
			damage(s, first, *end, below - s->at.seq - 1);
			s->at.seq = below - 1;
		}
	}
	return 0;
}

// ---- the end ---------------------------------------------------------------------------------------------------------

static bool is_empty_behind(struct segment_window *w, int fd, uint64_t at)
{
	const uint8_t *octets;
	size_t n;
	segment_window_set(w, fd);
	while (segment_window_get(w, at, 1, SEGMENT_WINDOW, &octets, &n) == 0 && n) {
		if (octets[0] || memcmp(octets, octets + 1, n - 1) != 0)
			return false;
		at += n;
	}
	return true;
}

// The last group may have been read from memory that the disk refused to take once, and says so only once. So it is written again; but
// not what cannot be read: perhaps it can be later.
static int write_again(int fd, uint64_t end)
{
	uint64_t at = end > OUTBOX_GROUP_OCTETS + SEGMENT_HEAD ? end - OUTBOX_GROUP_OCTETS : SEGMENT_HEAD;
	uint8_t octets[SEGMENT_PAGE];
	for (size_t len; at < end; at += len) {
		len = SEGMENT_PAGE - (size_t)(at % SEGMENT_PAGE);
		if (len > end - at)
			len = (size_t)(end - at);
		ssize_t n = segment_read(fd, octets, len, at);
		int rc = n > 0 ? segment_write(fd, octets, (size_t)n, at) : (int)n;
		if (rc < 0 && n != -EIO)
			return rc;
	}
	return 0;
}

static void take_room(struct scan *s, struct outbox_file *file, int fd)
{
	uint64_t octets = s->o->c.segment_octets;
	if (fallocate(fd, 0, 0, (off_t)octets) == 0 && octets > file->octets) {
		s->l->octets += octets - file->octets;
		file->octets = octets;
	}
}

// What follows the last good frame goes, and the lane goes on there; where it cannot be cut, in a new segment, which ends this one.
static int cut_end(struct scan *s, struct outbox_file *file, uint64_t end)
{
	struct outbox_lane_files *l = s->l;
	bool cut = true;
	int fd = outbox_open_segment(l, file->first, O_RDWR);
	if (fd < 0)
		return fd;
	if (!is_empty_behind(&s->window, fd, end)) {
		log_warn("outbox", "%s/%s/%016" PRIx64 ".seg: an unfinished end is cut off at octet %" PRIu64, s->o->c.dir,
			outbox_lane_name[l->id], file->first, end);
		cut = ftruncate(fd, (off_t)end) == 0;
	}
	int rc = write_again(fd, end);
	if (rc == 0 && cut)
		take_room(s, file, fd);
	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	if (rc < 0 || !cut) {
		close(fd);
		return rc;
	}
	l->fd = fd;
	l->len = l->written = end;
	return 0;
}

// Numbers that somebody may have seen are not given again: a process before us told how far it was. Others can write there, too: more
// than a lane can hold is nobody's word.
static void pass_over_lost(struct scan *s, uint64_t end)
{
	const struct outbox_shared *shared = s->o->shared;
	uint64_t told = __atomic_load_n(&shared->durable[s->l->id], __ATOMIC_ACQUIRE);
	if (counter_read(&shared->epoch) != s->o->epoch || told <= s->at.seq)
		return;
	if (told - s->at.seq > s->o->c.octets_max[s->l->id] / sizeof(struct frame))
		return;
	damage(s, s->l->file[s->l->n - 1].first, end, told - s->at.seq);
	s->at.seq = told;
}

// A head that cannot be read may be of something that is not ours to cut; the next segment ends this one all the same.
int outbox_repair_lane(struct outbox *o, struct outbox_lane_files *l, const struct outbox_found *f)
{
	struct scan s = {.o = o, .l = l, .epoch = o->epoch};
	bool good = f->kind[f->list.n - 1] == SEGMENT_GOOD;
	uint64_t end = SEGMENT_HEAD;
	int rc = segment_window_open(&s.window);
	if (rc == 0)
		rc = scan_lane(&s, f, &end);
	if (rc == 0 && good)
		rc = cut_end(&s, &l->file[l->n - 1], end);
	if (rc == 0)
		pass_over_lost(&s, end);
	segment_window_close(&s.window);
	if (rc < 0)
		return rc;
	l->done = s.at;
	if (s.damaged)
		outbox_lane_seal(o, l); // what comes begins with a good head
	counter_add(&o->shared->damaged[l->id], s.damaged);
	return 0;
}
