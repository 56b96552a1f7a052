// The outbox's writer: groups of records in memory, written and synced lane by lane, then made visible. See alerts/outbox/outbox.h and
// docs/design/0026-outbox.md.
#include "alerts/outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/outbox/outbox_private.h"
#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"

static const uint64_t day_ns = UINT64_C(86400) * 1000000000;

enum outbox_lane outbox_lane_of(enum record_type type)
{
	return type == RECORD_ALERT || type == RECORD_STATS ? OUTBOX_ALERTS : OUTBOX_SESSIONS;
}

// ---- trouble ---------------------------------------------------------------------------------------------------------

static enum outbox_state state_of_error(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return OUTBOX_NO_SPACE;
	case EROFS:
	case EACCES:
	case EPERM:
		return OUTBOX_READ_ONLY;
	default:
		return OUTBOX_FAILING;
	}
}

static int trouble(struct outbox *o, int rc)
{
	struct outbox_shared *s = o->shared;
	enum outbox_state state = state_of_error(-rc);
	counter_add(&s->errors, 1);
	if (__atomic_load_n(&s->state, __ATOMIC_RELAXED) == OUTBOX_GOOD)
		__atomic_store_n(&s->trouble_since_ns, clock_wall_ns(), __ATOMIC_RELAXED);
	__atomic_store_n(&s->error, -rc, __ATOMIC_RELAXED);
	__atomic_store_n(&s->state, (int)state, __ATOMIC_RELAXED);
	return rc;
}

static void no_trouble(struct outbox *o)
{
	if (__atomic_load_n(&o->shared->state, __ATOMIC_RELAXED) == OUTBOX_GOOD)
		return;
	__atomic_store_n(&o->shared->trouble_since_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&o->shared->state, OUTBOX_GOOD, __ATOMIC_RELAXED);
}

// ---- opening ---------------------------------------------------------------------------------------------------------

// Whoever can open something can lock it and so keep the writer out: readers cannot open this file.
static int lock(struct outbox *o)
{
	o->lock = openat(o->dir, "lock", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0200);
	return o->lock < 0 || flock(o->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int open_dir(struct outbox *o, char why[static 160])
{
	if (mkdir(o->c.dir, 0750) < 0 && errno != EEXIST) {
		int rc = -errno;
		snprintf(why, 160, "cannot make %s: %s", o->c.dir, strerror(-rc));
		return rc;
	}
	o->dir = open(o->c.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = o->dir < 0 ? -errno : lock(o);
	if (rc == 0)
		return 0;
	if (rc == -EWOULDBLOCK)
		snprintf(why, 160, "another process writes %s", o->c.dir);
	else
		snprintf(why, 160, "cannot open %s: %s", o->c.dir, strerror(-rc));
	return rc;
}

// Another epoch is seen before any of its numbers: whoever reads `durable` and then `epoch` never takes one for the other's.
static void publish_epoch(struct outbox *o)
{
	if (o->shared->epoch == o->epoch)
		return;
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		__atomic_store_n(&o->shared->durable[i], 0, __ATOMIC_RELEASE);
	__atomic_store_n(&o->shared->epoch, o->epoch, __ATOMIC_RELEASE);
}

static void publish_all(struct outbox *o)
{
	publish_epoch(o);
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		struct outbox_lane_files *l = &o->lane[i];
		l->next = l->done;
		outbox_lane_publish(o, l);
		__atomic_store_n(&o->shared->octets_max[i], o->c.octets_max[i], __ATOMIC_RELAXED);
		__atomic_store_n(&o->shared->durable[i], l->done.seq, __ATOMIC_RELEASE);
	}
	no_trouble(o);
	bell_ring(&o->shared->bell);
}

static int take_config(struct outbox *o, const struct outbox_config *c)
{
	o->c = *c;
	o->c.dir = strdup(c->dir);
	if (o->c.segment_octets == 0)
		o->c.segment_octets = OUTBOX_SEGMENT;
	if (o->c.segment_octets < OUTBOX_SEGMENT_MIN)
		o->c.segment_octets = OUTBOX_SEGMENT_MIN;
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		if (o->c.octets_max[i] < 2 * (uint64_t)o->c.segment_octets)
			o->c.octets_max[i] = 2 * (uint64_t)o->c.segment_octets;
	return o->c.dir ? 0 : -ENOMEM;
}

int outbox_open(struct outbox **out, const struct outbox_config *c, struct outbox_shared *shared, char why[static 160])
{
	struct outbox *o = calloc(1, sizeof(*o));
	int rc = -ENOMEM;
	*out = NULL;
	why[0] = '\0';
	if (!o) {
		snprintf(why, 160, "no memory");
		return rc;
	}
	o->shared = shared;
	o->dir = o->lock = -1;
	o->linker = frame_linker_open();
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		o->lane[i] = (struct outbox_lane_files){.id = (enum outbox_lane)i, .dir = -1, .fd = -1, .group = malloc(OUTBOX_GROUP_OCTETS)};
		if (!o->lane[i].group)
			goto fail;
	}
	rc = take_config(o, c);
	if (rc == 0 && o->linker)
		rc = open_dir(o, why);
	if (rc == 0)
		rc = o->linker ? outbox_find(o, why) : -ENOMEM;
	if (rc < 0)
		goto fail;
	publish_all(o);
	*out = o;
	return 0;
fail:
	if (!why[0])
		snprintf(why, 160, "%s: %s", c->dir, strerror(-rc));
	trouble(o, rc);
	outbox_close(&o);
	return rc;
}

void outbox_close(struct outbox **o)
{
	if (!*o)
		return;
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		struct outbox_lane_files *l = &(*o)->lane[i];
		if (l->fd >= 0)
			close(l->fd);
		if (l->dir >= 0)
			close(l->dir);
		free(l->file);
		free(l->group);
	}
	if ((*o)->dir >= 0)
		close((*o)->dir);
	if ((*o)->lock >= 0)
		close((*o)->lock);
	frame_linker_close(&(*o)->linker);
	free((void *)(*o)->c.dir);
	free(*o);
	*o = NULL;
}

bool outbox_newest_origin(const struct outbox *o, enum outbox_lane lane, uint64_t run, uint64_t *position)
{
	const struct outbox_origin *newest = &o->lane[lane].done.newest;
	*position = newest->position;
	return o->lane[lane].done.seq && newest->run == run;
}

// ---- gathering -------------------------------------------------------------------------------------------------------

size_t outbox_gathered_of(const struct outbox *o, enum outbox_lane lane)
{
	return o->lane[lane].group_n;
}

size_t outbox_forget(struct outbox *o, enum outbox_lane lane)
{
	struct outbox_lane_files *l = &o->lane[lane];
	size_t n = l->group_n;
	l->next = l->done;
	l->group_len = l->group_n = 0;
	counter_add(&o->shared->forgotten[lane], n);
	return n;
}

size_t outbox_gathered(const struct outbox *o)
{
	size_t n = 0;
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		n += o->lane[i].group_n;
	return n;
}

static bool is_written(const struct outbox_lane_files *l, const struct outbox_origin *from)
{
	return l->next.seq && from->run == l->next.newest.run && from->position <= l->next.newest.position;
}

static void mark_move(struct outbox_mark *m, const struct frame *f)
{
	m->seq = f->seq;
	m->newest = f->from;
	memcpy(m->link, f->link, OUTBOX_HASH);
	counts_add(&m->counts, &f->about);
}

// The line may lie in memory that another process can write: it is copied once, and what is checked is the copy.
int outbox_append(struct outbox *o, const struct outbox_about *about, const struct outbox_origin *from, const char *line, size_t len)
{
	if (len > OUTBOX_LINE_MAX)
		return -EMSGSIZE;
	if (!frame_about_good(about) || len == 0)
		return -EINVAL;
	struct outbox_lane_files *l = &o->lane[outbox_lane_of((enum record_type)about->type)];
	if (is_written(l, from))
		return 0;
	if (outbox_gathered(o) >= OUTBOX_GROUP_RECORDS || l->group_len + frame_octets(len) > OUTBOX_GROUP_OCTETS)
		return -ENOBUFS;
	uint8_t *out = l->group + l->group_len, *copy = out + sizeof(struct frame), link[OUTBOX_HASH];
	memcpy(copy, line, len);
	if (memchr(copy, '\n', len))
		return -EINVAL;
	struct frame f = {.len = (uint32_t)len, .seq = l->next.seq + 1, .epoch = o->epoch, .written_ns = clock_wall_ns(), .from = *from,
		.about = *about};
	memcpy(link, l->next.link, OUTBOX_HASH);
	frame_write(out, &f, copy, o->linker, link);
	l->group_len += frame_octets(len);
	l->group_n++;
	mark_move(&l->next, &f);
	return 0;
}

// ---- writing ---------------------------------------------------------------------------------------------------------

static int sync_data(struct outbox *o, int fd)
{
	uint64_t began = clock_mono_ns();
	int rc = fdatasync(fd) < 0 ? -errno : 0;
	counter_add(&o->shared->sync_ns, clock_mono_ns() - began);
	return rc;
}

// How much of the group fits into the segment: whole frames, `n` of them; a segment without any takes one of any size. `end`: where
// the lane stands behind them.
static size_t what_fits(const struct outbox *o, const struct outbox_lane_files *l, size_t *n, struct outbox_mark *end)
{
	size_t used = 0;
	*end = l->done;
	for (*n = 0; *n < l->group_n; ++*n) {
		struct frame f;
		memcpy(&f, l->group + used, sizeof(f));
		uint64_t after = l->len + used + frame_octets(f.len);
		if (after > o->c.segment_octets && l->len + used > SEGMENT_HEAD)
			break;
		used += frame_octets(f.len);
		mark_move(end, &f);
	}
	return used;
}

// After any error nothing behind what is on disk is trusted, and after one of fdatasync() nothing of this file: the pages may count
// as clean now though they were never written. So the rest goes to a segment of its own, from memory.
static int give_up(struct outbox *o, struct outbox_lane_files *l, int rc)
{
	outbox_lane_seal(o, l);
	return rc;
}

// Writes as much as goes into one segment, and has it on disk.
static int write_some(struct outbox *o, struct outbox_lane_files *l)
{
	struct outbox_mark end;
	size_t n = 0, len = 0;
	if (l->fd >= 0)
		len = what_fits(o, l, &n, &end);
	if (n == 0) {
		int rc = outbox_lane_begin(o, l);
		if (rc < 0)
			return rc;
		len = what_fits(o, l, &n, &end);
	}
	l->written = l->len + len;
	int rc = segment_write(l->fd, l->group, len, l->len);
	if (rc == 0)
		rc = sync_data(o, l->fd);
	if (rc < 0)
		return give_up(o, l, rc);
	l->len = l->written;
	l->done = end;
	l->group_len -= len;
	l->group_n -= n;
	memmove(l->group, l->group + len, l->group_len);
	__atomic_store_n(&o->shared->durable[l->id], end.seq, __ATOMIC_RELEASE);
	return 0;
}

int outbox_sync(struct outbox *o)
{
	bool some = outbox_gathered(o) > 0;
	int rc = 0;
	for (size_t i = 0; i < OUTBOX_LANES; i++) {
		struct outbox_lane_files *l = &o->lane[i];
		int failed = 0;
		while (failed == 0 && l->group_n)
			failed = write_some(o, l);
		if (failed < 0)
			rc = trouble(o, failed);
	}
	if (some)
		bell_ring(&o->shared->bell);
	if (rc == 0 && some) {
		counter_add(&o->shared->syncs, 1);
		no_trouble(o);
	}
	return rc;
}

// ---- age -------------------------------------------------------------------------------------------------------------

// All of a segment is older than the next one. The newest is closed after a day, so that a quiet lane forgets, too.
static void tend_lane(struct outbox *o, struct outbox_lane_files *l, uint64_t wall_ns)
{
	uint64_t keep_ns = o->c.keep_days * day_ns;
	for (size_t i = 0; i < l->n; i++)
		if (l->file[i].made_ns > wall_ns) // by a clock that was ahead: its age counts from now on
			l->file[i].made_ns = wall_ns;
	while (l->n > 1 && l->file[1].made_ns + keep_ns < wall_ns)
		if (!outbox_lane_evict(o, l)) {
			trouble(o, -errno);
			return;
		}
	if (l->n && l->done.seq >= l->file[l->n - 1].first && l->file[l->n - 1].made_ns + day_ns < wall_ns) {
		int rc = outbox_lane_begin(o, l);
		if (rc < 0)
			trouble(o, rc);
	}
}

void outbox_tend(struct outbox *o, uint64_t wall_ns)
{
	for (size_t i = 0; i < OUTBOX_LANES && o->c.keep_days; i++)
		tend_lane(o, &o->lane[i], wall_ns);
}
