// Reading a lane: see alerts/outbox/outbox_read.h. Whatever lies in the files, a record is given only when its head, its line and its
// link are good; reading goes forward only, and each octet is looked at once (twice where something is damaged).
//
// A segment ends where the next one begins: what cannot be read at the place of the next record is a reason to look which
// segments there are, and only then to search.
#include "alerts/outbox/outbox_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox/segment.h"
#include "hw/log.h"

enum { AHEAD_MIN = 16 << 10, AHEAD_RECORD = 2048 };

struct outbox_reader {
	char *dir;                    // of the lane
	enum outbox_lane lane;
	struct frame_linker *linker;
	uint64_t seq;                 // next
	struct outbox_counts counts;  // before it
	struct outbox_missed missed;  // since the last item
	int fd;                       // segment in hand, or -1
	uint64_t first, epoch;        // its name; 0: its head cannot be read
	uint64_t below;               // where the next segment begins, if there is one as far as `durable` goes; UINT64_MAX
	bool counted;                 // `counts` follows the segment from its head on
	bool told;                    // damage in this segment was logged
	uint64_t at;                  // octet in it
	uint64_t durable;             // what was durable when window and `below` were read
	struct segment_window window;
	uint8_t link[OUTBOX_HASH];    // before the frame at `at`
	bool linked;                  // ... which is known
};

int outbox_reader_open(struct outbox_reader **out, const char *dir, enum outbox_lane lane)
{
	struct outbox_reader *r = calloc(1, sizeof(*r));
	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->fd = -1;
	r->lane = lane;
	r->seq = 1;
	r->linker = frame_linker_open();
	size_t len = strlen(dir) + 1 + strlen(outbox_lane_name[lane]) + 1;
	r->dir = malloc(len);
	if (!r->linker || !r->dir || segment_window_open(&r->window) < 0) {
		outbox_reader_close(&r);
		return -ENOMEM;
	}
	stpcpy(stpcpy(stpcpy(r->dir, dir), "/"), outbox_lane_name[lane]);
	*out = r;
	return 0;
}

static void leave(struct outbox_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	segment_window_set(&r->window, -1);
}

void outbox_reader_close(struct outbox_reader **r)
{
	if (!*r)
		return;
	leave(*r);
	segment_window_close(&(*r)->window);
	frame_linker_close(&(*r)->linker);
	free((*r)->dir);
	free(*r);
	*r = NULL;
}

void outbox_reader_seek(struct outbox_reader *r, uint64_t seq, const struct outbox_counts *had)
{
	leave(r);
	r->seq = seq ? seq : 1;
	r->durable = 0; // the numbers may be another outbox's
	r->counts = had ? *had : (struct outbox_counts){0};
	r->missed = (struct outbox_missed){0};
}

const struct outbox_counts *outbox_reader_counts(const struct outbox_reader *r)
{
	return &r->counts;
}

// ---- what is missing -------------------------------------------------------------------------------------------------

static void damage(struct outbox_reader *r, uint64_t records)
{
	r->missed.damaged += records;
	r->linked = false;
	if (!r->told && r->fd >= 0)
		log_warn("outbox", "%s/%016" PRIx64 ".seg: damaged at or before octet %" PRIu64 ": %" PRIu64 " records cannot be read", r->dir,
			r->first, r->at, records);
	r->told = true;
}

// Records up to h->first - 1 went before they were read. Of them, those that are not counted in `before` were damaged then. No more
// than there are numbers: of what was told as damaged before, the kind comes out only now.
static void evicted(struct outbox_reader *r, const struct segment_head *h)
{
	uint64_t gone = h->first - r->seq;
	for (size_t i = 0; i < RECORD_TYPES; i++)
		for (size_t k = 0; k < OUTBOX_SEVERITIES; k++) {
			uint64_t before = h->before.n[i][k], had = r->counts.n[i][k], n = before > had ? before - had : 0;
			if (n > gone)
				n = gone;
			r->missed.evicted.n[i][k] += n;
			gone -= n;
		}
	r->missed.damaged += gone;
}

// ---- segments --------------------------------------------------------------------------------------------------------

// Which files there are.
struct view {
	struct segment_list list;
	int dir;
};

static int look(const struct outbox_reader *r, struct view *v)
{
	*v = (struct view){.dir = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	return v->dir < 0 ? -errno : segment_list_read(&v->list, v->dir);
}

static void look_away(struct view *v)
{
	segment_list_free(&v->list);
	if (v->dir >= 0)
		close(v->dir);
}

// The newest segment that begins no later than `seq`; else the oldest. Its index; n: there is none.
static size_t pick(const struct segment_list *l, uint64_t seq)
{
	size_t i = l->n;
	while (i > 0 && l->first[i - 1] > seq)
		i--;
	return i > 0 ? i - 1 : 0;
}

static size_t next_of(const struct segment_list *l, uint64_t first)
{
	size_t next = 0;
	while (next < l->n && l->first[next] <= first)
		next++;
	return next;
}

static uint64_t end_of(const struct segment_list *l, uint64_t first)
{
	size_t next = next_of(l, first);
	return next < l->n ? l->first[next] : UINT64_MAX;
}

// Goes on in segment `i`. `gone`: what is missing before it was evicted. 0 or -errno; -ENOENT: it went meanwhile.
static int enter(struct outbox_reader *r, const struct view *v, size_t i, bool gone)
{
	char name[SEGMENT_NAME + 1];
	struct segment_head h;
	uint64_t first = v->list.first[i];
	segment_name(name, first);
	int fd = openat(v->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = segment_head_read(&h, fd);
	if (rc < 0 && rc != -EIO) {
		close(fd);
		return rc;
	}
	bool good = segment_head_kind(&h, r->lane, first) == SEGMENT_GOOD;
	if (first > r->seq && gone && good)
		evicted(r, &h);
	else if (first > r->seq)
		damage(r, first - r->seq);
	leave(r);
	r->fd = fd;
	r->first = first;
	r->below = end_of(&v->list, first);
	r->epoch = good ? h.epoch : 0;
	r->at = SEGMENT_HEAD;
	r->told = false;
	r->linked = good;
	r->counted = good;
	if (good) {
		r->counts = h.before;
		memcpy(r->link, h.link, OUTBOX_HASH);
	}
	if (first > r->seq)
		r->seq = first;
	segment_window_set(&r->window, fd);
	return 0;
}

// ---- frames ----------------------------------------------------------------------------------------------------------

static size_t ahead(const struct outbox_reader *r, uint64_t durable)
{
	uint64_t records = durable - r->seq + 1;
	return records < SEGMENT_WINDOW / AHEAD_RECORD ? AHEAD_MIN + (size_t)records * AHEAD_RECORD : SEGMENT_WINDOW;
}

// Steps over frames before the wanted one, by their heads. 1: it is at r->at; 0: what is there is something else; -errno.
static int step(struct outbox_reader *r, uint64_t durable, struct frame *f, const uint8_t **line)
{
	const struct segment_wanted any = {.epoch = r->epoch, .lane = r->lane, .below = r->seq + 1};
	const uint8_t *octets;
	size_t n;
	if (r->seq >= r->below)
		return 0;
	for (;;) {
		int rc = segment_window_get(&r->window, r->at, FRAME_MAX, ahead(r, durable), &octets, &n);
		if (rc < 0)
			return rc;
		if (!frame_read(octets, n, f) || !segment_is_wanted(&any, f))
			return 0;
		if (f->seq == r->seq) {
			*line = octets + sizeof(*f);
			return frame_line_good(f, *line);
		}
		if (r->counted)
			counts_add(&r->counts, &f->about);
		memcpy(r->link, f->link, OUTBOX_HASH);
		r->linked = true;
		r->at += frame_octets(f->len);
	}
}

// Takes the good frame at r->at: false when it does not belong behind the one before.
static bool take(struct outbox_reader *r, const struct frame *f, const uint8_t *line)
{
	uint8_t link[OUTBOX_HASH];
	bool good = true;
	if (f->seq > r->seq)
		damage(r, f->seq - r->seq);
	if (r->linked) {
		frame_link(r->linker, link, r->link, f, line);
		good = memcmp(link, f->link, OUTBOX_HASH) == 0;
	}
	if (!good)
		damage(r, 1);
	memcpy(r->link, f->link, OUTBOX_HASH);
	r->linked = true;
	r->at += frame_octets(f->len);
	r->seq = f->seq + 1;
	if (good)
		counts_add(&r->counts, &f->about);
	return good;
}

// The segment in hand has nothing more to give, since another one has what is wanted.
static bool is_over(const struct outbox_reader *r, const struct view *v, size_t i)
{
	return r->fd < 0 || (v->list.first[i] > r->first && v->list.first[i] <= r->seq);
}

// Searches what is left of the segment in hand, then goes to the next. Where that is the oldest there is, all between was evicted, also
// what was durable when the reader was told how far that is.
static int search(struct outbox_reader *r, const struct view *v, uint64_t durable, struct frame *f, const uint8_t **line)
{
	size_t next = next_of(&v->list, r->first);
	uint64_t below = end_of(&v->list, r->first), at = r->at;
	if (below > r->below) // the one that ended it went
		below = r->below;
	const struct segment_wanted wanted = {.epoch = r->epoch, .lane = r->lane, .from = r->seq,
		.below = below <= durable ? below : durable + 1};
	segment_window_set(&r->window, r->fd);
	int rc = segment_find(&r->window, &at, &wanted, f, line);
	if (rc > 0)
		r->at = at;
	if (rc != 0)
		return rc;
	if (next == 0) {
		rc = enter(r, v, 0, true);
		if (rc == 0 && r->first > durable)
			leave(r); // what has nothing yet may be made anew under its name
		return rc;
	}
	if (next < v->list.n && v->list.first[next] <= durable)
		return enter(r, v, next, false);
	damage(r, durable + 1 - r->seq);
	r->seq = durable + 1;
	return 0;
}

// What is at r->at is not the wanted frame. 1 with a good one further on in this segment; 0: the place has changed, try again;
// -EAGAIN: there is none yet; -errno.
static int elsewhere(struct outbox_reader *r, uint64_t durable, struct frame *f, const uint8_t **line)
{
	struct view v;
	int rc = look(r, &v);
	if (rc == 0 && !v.list.n)
		rc = -EAGAIN;
	if (rc == 0) {
		size_t i = pick(&v.list, r->seq);
		rc = is_over(r, &v, i) ? enter(r, &v, i, i == 0) : search(r, &v, durable, f, line);
		if (rc == -ENOENT) // it went meanwhile
			rc = 0;
	}
	look_away(&v);
	return rc;
}

static int give(struct outbox_reader *r, const struct frame *f, const uint8_t *line, struct outbox_item *item, struct outbox_missed *missed)
{
	*item = (struct outbox_item){.about = f->about, .seq = f->seq, .written_ns = f->written_ns, .line = (const char *)line, .len = f->len,
		.hash = r->link};
	*missed = r->missed;
	r->missed = (struct outbox_missed){0};
	return 1;
}

// What was read ahead may have been cut off and written anew, in this segment or in another one.
static int refresh(struct outbox_reader *r, uint64_t durable)
{
	struct view v;
	int rc = 0;
	segment_window_set(&r->window, r->fd);
	if (r->fd >= 0 && r->below == UINT64_MAX) {
		rc = look(r, &v);
		if (rc == 0)
			r->below = end_of(&v.list, r->first);
		look_away(&v);
	}
	if (rc == 0)
		r->durable = durable;
	return rc;
}

int outbox_reader_next(struct outbox_reader *r, uint64_t durable, struct outbox_item *item, struct outbox_missed *missed)
{
	struct frame f;
	const uint8_t *line;
	*missed = (struct outbox_missed){0};
	if (durable && r->seq > durable + 1) { // a disk has lost what it said it had: the numbers come again
		leave(r);
		r->seq = durable + 1;
	}
	while (r->seq <= durable) {
		int rc = r->seq > r->durable ? refresh(r, durable) : 0;
		if (rc == 0 && r->fd >= 0)
			rc = step(r, durable, &f, &line);
		if (rc == 0)
			rc = elsewhere(r, durable, &f, &line);
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
		if (rc > 0 && take(r, &f, line))
			return give(r, &f, line, item, missed);
	}
	return 0;
}
