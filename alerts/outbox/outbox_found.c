// Opening the directory of an outbox: which segments lie there, of which version and epoch; whether to go on, begin, or move aside
// and begin. See docs/design/0026-outbox.md.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/outbox/outbox_private.h"
#include "hw/counter.h"
#include "hw/log.h"

enum { MOVED_NAME = 80, MOVED_MAX = 1000 };

static int say(char why[static 160], const struct outbox *o, enum outbox_lane lane, const char *what, int rc)
{
	snprintf(why, 160, "%s %s/%s: %s", what, o->c.dir, outbox_lane_name[lane], strerror(-rc));
	return rc;
}

int outbox_open_segment(const struct outbox_lane_files *l, uint64_t first, int how)
{
	char name[SEGMENT_NAME + 1];
	segment_name(name, first);
	int fd = openat(l->dir, name, how | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

// ---- looking ---------------------------------------------------------------------------------------------------------

static void found_free(struct outbox_found *f)
{
	free(f->head);
	free(f->kind);
	segment_list_free(&f->list);
}

static int look_at_head(struct outbox_lane_files *l, struct outbox_found *f, size_t i)
{
	struct stat st;
	int fd = outbox_open_segment(l, f->list.first[i], O_RDONLY);
	if (fd < 0)
		return fd;
	int rc = fstat(fd, &st) < 0 ? -errno : segment_head_read(&f->head[i], fd);
	close(fd);
	if (rc < 0 && rc != -EIO) // a sector that is gone is like any other damage
		return rc;
	f->unreadable += rc < 0;
	f->kind[i] = segment_head_kind(&f->head[i], l->id, f->list.first[i]);
	bool good = f->kind[i] == SEGMENT_GOOD;
	if (good)
		f->epoch = f->head[i].epoch;
	if (f->kind[i] == SEGMENT_OTHER_VERSION)
		f->version = f->head[i].version;
	f->good += good;
	f->other += f->kind[i] == SEGMENT_OTHER_VERSION;
	return outbox_lane_note(l, &(struct outbox_file){.first = f->list.first[i], .octets = (uint64_t)st.st_size,
		.made_ns = good ? f->head[i].made_ns : (uint64_t)st.st_mtim.tv_sec * 1000000000});
}

static int open_lane(struct outbox *o, struct outbox_lane_files *l, char why[static 160])
{
	const char *name = outbox_lane_name[l->id];
	if (mkdirat(o->dir, name, 0750) < 0 && errno != EEXIST)
		return say(why, o, l->id, "cannot make", -errno);
	l->dir = openat(o->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return l->dir < 0 ? say(why, o, l->id, "cannot open", -errno) : 0;
}

static int look_at_lane(struct outbox *o, struct outbox_lane_files *l, struct outbox_found *f, char why[static 160])
{
	int rc = open_lane(o, l, why);
	if (rc < 0)
		return rc;
	rc = segment_list_read(&f->list, l->dir);
	if (rc == 0 && f->list.n) {
		f->head = calloc(f->list.n, sizeof(*f->head));
		f->kind = calloc(f->list.n, sizeof(*f->kind));
		if (!f->head || !f->kind)
			rc = -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < f->list.n; i++)
		rc = look_at_head(l, f, i);
	return rc < 0 ? say(why, o, l->id, "cannot read", rc) : 0;
}

// ---- beginning -------------------------------------------------------------------------------------------------------

// A segment without any room: it says that the lane has begun. The first record makes another one of its name, or is told that there is
// no room.
static int begin_without_room(struct outbox *o, struct outbox_lane_files *l)
{
	uint32_t octets = o->c.segment_octets;
	o->c.segment_octets = SEGMENT_HEAD;
	int rc = outbox_lane_begin(o, l);
	o->c.segment_octets = octets;
	outbox_lane_seal(o, l);
	return rc;
}

// Alerts go on where there is no room for sessions.
static int begin(struct outbox *o, struct outbox_lane_files *l, char why[static 160])
{
	l->done = (struct outbox_mark){.seq = 0};
	frame_link_first(l->done.link, o->epoch, l->id);
	int rc = outbox_lane_begin(o, l);
	if (l->id == OUTBOX_SESSIONS && (rc == -ENOSPC || rc == -EDQUOT))
		rc = begin_without_room(o, l);
	return rc < 0 ? say(why, o, l->id, "cannot begin a segment in", rc) : 0;
}

// To a name under which nothing lies yet.
static int rename_lane(struct outbox *o, const char *name, char to[static MOVED_NAME])
{
	size_t len = strlen(to);
	int rc = renameat(o->dir, name, o->dir, to) < 0 ? -errno : 0;
	for (unsigned i = 2; (rc == -ENOTEMPTY || rc == -EEXIST) && i < MOVED_MAX; i++) {
		snprintf(to + len, MOVED_NAME - len, "-%u", i);
		rc = renameat(o->dir, name, o->dir, to) < 0 ? -errno : 0;
	}
	return rc;
}

static int move_lane(struct outbox *o, struct outbox_lane_files *l, const struct outbox_found *f, char why[static 160])
{
	const char *name = outbox_lane_name[l->id];
	bool version = f->other && !f->good;
	char to[MOVED_NAME];
	if (version)
		snprintf(to, sizeof(to), "%s.v%" PRIu32, name, f->version);
	else
		snprintf(to, sizeof(to), "%s.damaged-%" PRIu64, name, o->c.wall_ns / 1000000000);
	int rc = rename_lane(o, name, to);
	if (rc < 0)
		return say(why, o, l->id, "cannot move aside", rc);
	log_error("outbox", "%s/%s is %s: moved to %s, and begun anew; what was not delivered yet stays there", o->c.dir, name,
		version ? "of another version" : "beyond repair", to);
	close(l->dir);
	l->dir = -1;
	l->n = l->octets = 0;
	return open_lane(o, l, why);
}

// All that lies there goes aside before anything begins: whoever dies in between is followed by one who finds a part missing, and
// does the same with the rest.
static int move_aside(struct outbox *o, const struct outbox_found *found, char why[static 160])
{
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		int rc = found[i].list.n ? move_lane(o, &o->lane[i], &found[i], why) : 0;
		if (rc < 0)
			return rc;
	}
	return outbox_sync_dir(o->dir);
}

static int begin_all(struct outbox *o, const struct outbox_found *found, char why[static 160])
{
	uint64_t old = counter_read(&o->shared->epoch);
	int rc = 0;
	o->epoch = o->c.wall_ns / 1000000000;
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		if (old < found[i].epoch)
			old = found[i].epoch;
	if (o->epoch <= old)
		o->epoch = old + 1;
	for (size_t i = 0; rc == 0 && i < OUTBOX_LANES; i++)
		rc = begin(o, &o->lane[i], why);
	return rc;
}

// A lane that was just begun when its maker died.
static bool is_new(struct outbox_lane_files *l, const struct outbox_found *f)
{
	struct segment_window w;
	const struct segment_wanted any = {.lane = l->id, .below = UINT64_MAX};
	struct frame frame;
	const uint8_t *line;
	uint64_t at = SEGMENT_HEAD;
	if (f->list.n != 1 || f->list.first[0] != 1 || segment_window_open(&w) < 0)
		return false;
	int fd = outbox_open_segment(l, 1, O_RDONLY);
	segment_window_set(&w, fd);
	bool new = fd >= 0 && segment_find(&w, &at, &any, &frame, &line) == 0;
	if (fd >= 0)
		close(fd);
	segment_window_close(&w);
	return new;
}

// Both lanes are of one outbox, and at least one head says of which: otherwise numbers would come again.
static bool is_usable(struct outbox *o, const struct outbox_found *found)
{
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		size_t other = OUTBOX_LANES - 1 - i;
		if (!found[i].list.n && !is_new(&o->lane[other], &found[other]))
			return false;
		if (found[i].epoch && found[other].epoch && found[i].epoch != found[other].epoch)
			return false;
	}
	return found[0].good || found[1].good;
}

static int go_on(struct outbox *o, const struct outbox_found *found, char why[static 160])
{
	o->epoch = found[0].good ? found[0].epoch : found[1].epoch;
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		struct outbox_lane_files *l = &o->lane[i];
		int rc = found[i].list.n ? outbox_repair_lane(o, l, &found[i]) : begin(o, l, why);
		if (rc < 0)
			return why[0] ? rc : say(why, o, l->id, "cannot repair", rc);
	}
	return 0;
}

static int decide(struct outbox *o, const struct outbox_found *found, char why[static 160])
{
	if (!found[0].list.n && !found[1].list.n)
		return begin_all(o, found, why);
	if (is_usable(o, found))
		return go_on(o, found, why);
	if (found[0].unreadable + found[1].unreadable && !found[0].good && !found[1].good) {
		snprintf(why, 160, "no segment of %s can be read: %s", o->c.dir, strerror(EIO));
		return -EIO; // a disk that is gone may come back
	}
	int rc = move_aside(o, found, why);
	return rc == 0 ? begin_all(o, found, why) : rc;
}

// What is found may have been made by somebody who died before its name was on disk.
static int sync_dirs(const struct outbox *o)
{
	int rc = outbox_sync_dir(o->dir);
	for (size_t i = 0; rc == 0 && i < OUTBOX_LANES; i++)
		rc = outbox_sync_dir(o->lane[i].dir);
	return rc;
}

int outbox_find(struct outbox *o, char why[static 160])
{
	struct outbox_found found[OUTBOX_LANES] = {0};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < OUTBOX_LANES; i++)
		rc = look_at_lane(o, &o->lane[i], &found[i], why);
	if (rc == 0)
		rc = decide(o, found, why);
	if (rc == 0)
		rc = sync_dirs(o);
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		found_free(&found[i]);
	return rc;
}
