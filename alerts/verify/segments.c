// Walks a lane frame by frame.
#include "alerts/verify/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alerts/outbox/segment.h"

enum { AGAIN_MS = 100, GROWING_S = 5 };

struct walk {
	struct verify *out;
	struct frame_linker *linker;
	struct segment_window window;
	struct verify_row row;
	uint64_t seq;                // of the last record
	uint8_t link[OUTBOX_HASH];   // as it says
	bool linked;                 // `link` is known to be the one before the next
	bool doubtful;               // the last did not fit
	uint8_t other[OUTBOX_HASH];  // doubtful: what its link should have been
	bool lane_known;
	uint64_t below;              // where the next segment begins; UINT64_MAX: there is none
	char file[VERIFY_PATH];         // in hand
};

static struct verify_problem problem_at(const struct walk *w, enum verify_fault fault, uint64_t offset)
{
	return (struct verify_problem){.fault = fault, .at = {.file = w->file, .offset = offset}, .epoch = w->row.epoch,
		.lane = w->row.lane, .before = w->seq};
}

static void note(struct walk *w, struct verify_problem *p, const char *line, size_t len)
{
	verify_note(w->out, p, line, len);
	w->row.faults++;
}

static void note_frame(struct walk *w, enum verify_fault fault, uint64_t offset, const struct frame *f, const void *line)
{
	struct verify_problem p = problem_at(w, fault, offset);
	p.numbered = true;
	p.seq = f->seq;
	p.from = w->seq + 1;
	p.to = f->seq - 1;
	note(w, &p, line, f->len);
}

// ---- a record ----------------------------------------------------------------------------------------------------

static bool padding_good(const struct frame *f, const uint8_t *line)
{
	for (size_t i = f->len; i < frame_octets(f->len) - sizeof *f; i++)
		if (line[i] != 0)
			return false;
	return true;
}

static bool fits(struct walk *w, const struct frame *f, const uint8_t *line)
{
	uint8_t link[OUTBOX_HASH], other[OUTBOX_HASH];
	frame_link(w->linker, link, w->link, f, line);
	bool good = memcmp(link, f->link, OUTBOX_HASH) == 0;
	if (!good && w->doubtful) {
		frame_link(w->linker, other, w->other, f, line);
		good = memcmp(other, f->link, OUTBOX_HASH) == 0;
	}
	w->doubtful = !good;
	memcpy(w->other, link, OUTBOX_HASH);
	return good;
}

static void take(struct walk *w, uint64_t offset, const struct frame *f, const uint8_t *line)
{
	bool in_place = f->epoch == w->row.epoch && outbox_lane_of((enum record_type)f->about.type) == w->row.lane;
	if (!in_place || f->seq <= w->seq) {
		note_frame(w, VERIFY_INSERTED, offset, f, line);
		return;
	}
	bool good = frame_line_good(f, line) && padding_good(f, line);
	bool fit = !w->linked || fits(w, f, line); // the first behind a damage cannot be proved
	if (f->seq > w->seq + 1)
		note_frame(w, VERIFY_MISSING, offset, f, line);
	else if (!good || !fit)
		note_frame(w, VERIFY_CHANGED, offset, f, line);
	if (!w->row.any)
		w->row.first = f->seq;
	w->row.any = true;
	w->row.records++;
	w->seq = w->row.last = f->seq;
	memcpy(w->link, f->link, OUTBOX_HASH);
	w->linked = true;
}

// ---- a segment ---------------------------------------------------------------------------------------------------

enum rest { REST_EMPTY, REST_RECORD, REST_GARBAGE };

// What lies from `at` on, where there is no frame: nothing, something and then a record (-> *at), or something.
static int look_behind(struct walk *w, uint64_t *at, enum rest *rest)
{
	const struct segment_wanted wanted = {.epoch = w->row.epoch, .lane = w->row.lane, .from = w->seq + 1, .below = UINT64_MAX};
	const uint8_t *octets, *line;
	struct frame f;
	size_t n;
	uint64_t from = *at;
	*rest = REST_EMPTY;
	for (;;) {
		int rc = segment_window_get(&w->window, from, 1, SEGMENT_WINDOW, &octets, &n);
		if (rc < 0 || n == 0)
			return rc;
		if (octets[0] != 0 || memcmp(octets, octets + 1, n - 1) != 0)
			break;
		from += n;
	}
	int rc = segment_find(&w->window, at, &wanted, &f, &line);
	*rest = rc == 1 ? REST_RECORD : REST_GARBAGE;
	return rc < 0 ? rc : 0;
}

// A segment ends where the next one begins: what lies behind that could not be cut off, and counts for nobody.
static int walk_frames(struct walk *w, uint64_t *at, enum rest *rest)
{
	const uint8_t *octets;
	struct frame f;
	size_t n;
	*rest = REST_EMPTY;
	while (w->seq + 1 != w->below) {
		int rc = segment_window_get(&w->window, *at, FRAME_MAX, SEGMENT_WINDOW, &octets, &n);
		if (rc < 0)
			return rc;
		if (frame_read(octets, n, &f)) {
			take(w, *at, &f, octets + sizeof f);
			*at += frame_octets(f.len);
			continue;
		}
		uint64_t bad = *at;
		rc = look_behind(w, at, rest);
		if (rc < 0 || *rest != REST_RECORD) {
			*at = bad;
			return rc;
		}
		rc = segment_window_get(&w->window, *at, FRAME_MAX, SEGMENT_WINDOW, &octets, &n);
		if (rc < 0 || !frame_read(octets, n, &f))
			return rc < 0 ? rc : -EAGAIN; // it changes while it is looked at
		struct verify_problem p = problem_at(w, VERIFY_DAMAGED, bad);
		p.numbered = true;
		p.seq = p.from = w->seq + 1;
		p.to = f.seq - 1;
		note(w, &p, "", 0);
		w->linked = w->doubtful = false;
		w->seq = f.seq - 1;
	}
	return 0;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

// Whether somebody writes to it: a clock that was set only makes us wait, or not.
static bool is_growing(int fd)
{
	struct stat st;
	struct timespec now;
	return fstat(fd, &st) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - st.st_mtim.tv_sec <= GROWING_S;
}

static int walk_segment(struct walk *w, int fd, bool newest)
{
	uint64_t at = SEGMENT_HEAD;
	enum rest rest = REST_EMPTY;
	int rc = 0;
	for (unsigned i = 0;; i++) { // whoever writes now has finished soon
		segment_window_set(&w->window, fd);
		rc = walk_frames(w, &at, &rest);
		if (rc < 0 || rest == REST_EMPTY || !newest || i >= w->out->again || !is_growing(fd))
			break;
		wait_ms(AGAIN_MS);
	}
	struct stat st;
	if (fstat(fd, &st) == 0)
		w->out->octets += (uint64_t)st.st_size;
	if (rc < 0 || rest == REST_EMPTY)
		return rc;
	if (newest) {
		verify_unfinished(w->out, &(struct verify_place){.file = w->file, .offset = at});
		return 0;
	}
	struct verify_problem p = problem_at(w, VERIFY_DAMAGED, at);
	note(w, &p, "", 0);
	return 0;
}

// ---- heads -------------------------------------------------------------------------------------------------------

static void begin(struct walk *w, const struct segment_head *h)
{
	uint8_t first[OUTBOX_HASH];
	frame_link_first(first, h->epoch, (enum outbox_lane)h->lane);
	w->row = (struct verify_row){.epoch = h->epoch, .lane = (enum outbox_lane)h->lane, .middle = h->first > 1};
	w->lane_known = true;
	w->seq = h->first - 1;
	memcpy(w->link, h->link, OUTBOX_HASH);
	w->linked = true;
	w->doubtful = false;
	if (h->first == 1 && memcmp(first, h->link, OUTBOX_HASH) != 0) {
		struct verify_problem p = problem_at(w, VERIFY_CHANGED, 0);
		note(w, &p, "", 0);
	}
}

static void join(struct walk *w, const struct segment_head *h)
{
	bool fit = !w->linked || memcmp(w->link, h->link, OUTBOX_HASH) == 0 || (w->doubtful && memcmp(w->other, h->link, OUTBOX_HASH) == 0);
	struct verify_problem p = problem_at(w, VERIFY_CHANGED, 0);
	if (h->first > w->seq + 1) {
		p.fault = VERIFY_MISSING;
		p.numbered = true;
		p.seq = h->first;
		p.from = w->seq + 1;
		p.to = h->first - 1;
	} else if (h->epoch != w->row.epoch || h->first <= w->seq) {
		p.fault = VERIFY_INSERTED;
	} else if (fit) {
		return;
	}
	note(w, &p, "", 0);
	w->seq = h->first - 1;
	memcpy(w->link, h->link, OUTBOX_HASH);
	w->linked = true;
}

// The first segment, without a head: what its first record says of itself.
static void adopt(struct walk *w, int fd, uint64_t first)
{
	struct frame f;
	const uint8_t *line;
	w->row = (struct verify_row){.middle = true};
	w->lane_known = true;
	w->seq = first - 1;
	segment_window_set(&w->window, fd);
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++) {
		uint64_t at = SEGMENT_HEAD;
		const struct segment_wanted any = {.lane = lane, .from = first, .below = UINT64_MAX};
		if (segment_find(&w->window, &at, &any, &f, &line) != 1 || (w->row.epoch != 0 && f.seq >= w->row.first))
			continue;
		w->row.lane = lane;
		w->row.epoch = f.epoch;
		w->row.first = f.seq;
	}
}

// Lanes are told by the directory; where it has another name, by the head itself.
static int walk_file(struct walk *w, int fd, uint64_t first, bool newest)
{
	struct segment_head h;
	int rc = segment_head_read(&h, fd);
	if (rc < 0)
		return rc;
	enum outbox_lane lane = w->lane_known ? w->row.lane : h.lane < OUTBOX_LANES ? (enum outbox_lane)h.lane : OUTBOX_ALERTS;
	switch (segment_head_kind(&h, lane, first)) {
	case SEGMENT_OTHER_VERSION:
		return -EPROTONOSUPPORT;
	case SEGMENT_GOOD:
		if (w->lane_known)
			join(w, &h);
		else
			begin(w, &h);
		break;
	case SEGMENT_BAD: {
		struct verify_problem p = problem_at(w, VERIFY_DAMAGED, 0);
		note(w, &p, "", 0);
		if (!w->lane_known)
			adopt(w, fd, first);
		else if (first > w->seq + 1)
			w->linked = false;
		break;
	}
	}
	return walk_segment(w, fd, newest);
}

// ---- together ----------------------------------------------------------------------------------------------------

static int open_walk(struct walk *w, struct verify *out)
{
	*w = (struct walk){.out = out, .linker = frame_linker_open(), .below = UINT64_MAX};
	int rc = segment_window_open(&w->window);
	return rc < 0 || w->linker == NULL ? -ENOMEM : 0;
}

static void tell_row(struct walk *w)
{
	w->row.reached = w->seq;
	if (w->lane_known && w->out->row != NULL)
		w->out->row(w->out->ctx, &w->row);
	w->lane_known = false;
}

static int close_walk(struct walk *w, int rc)
{
	segment_window_close(&w->window);
	frame_linker_close(&w->linker);
	tell_row(w);
	return rc;
}

static int walk_list(struct walk *w, int dir, const char *path, const struct segment_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		char name[SEGMENT_NAME + 1];
		segment_name(name, l->first[i]);
		snprintf(w->file, sizeof w->file, "%.900s/%s", path, name);
		int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT) { // they go from the oldest on, also while we look
			tell_row(w);
			continue;
		}
		if (fd < 0)
			return -errno;
		w->below = i + 1 < l->n ? l->first[i + 1] : UINT64_MAX;
		int rc = walk_file(w, fd, l->first[i], i + 1 == l->n);
		close(fd);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int segments_lane(struct verify *out, int dir, const char *path)
{
	struct walk w;
	struct segment_list list;
	int rc = segment_list_read(&list, dir);
	if (rc == 0 && list.n == 0)
		rc = -ENOENT;
	if (rc == 0) {
		rc = open_walk(&w, out);
		rc = close_walk(&w, rc < 0 ? rc : walk_list(&w, dir, path, &list));
	}
	segment_list_free(&list);
	return rc;
}

int segments_one(struct verify *out, int fd, const char *path)
{
	struct walk w;
	uint64_t first;
	const char *slash = strrchr(path, '/');
	if (!segment_is(slash != NULL ? slash + 1 : path, &first))
		return -EINVAL;
	int rc = open_walk(&w, out);
	snprintf(w.file, sizeof w.file, "%s", path);
	return close_walk(&w, rc < 0 ? rc : walk_file(&w, fd, first, true));
}
