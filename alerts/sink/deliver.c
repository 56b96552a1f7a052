// Reading, choosing, stamping, handing over, moving the cursor on.
#include "alerts/sink/deliver_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"

enum {
	WAIT_MS = 200,            // longest without a look at the switches
	BACKOFF_MIN_MS = 250, BACKOFF_MAX_MS = 10000,
	DURABLE_MS = 1000,        // a power cut costs so much of the cursor: sent again
	LOOKS = 4096,             // records passed over between two looks at the switches
};

#define MS_NS UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)

static const char *name_of(const struct deliver *d)
{
	return d->c.sink->name;
}

static bool on(const bool *flag)
{
	return __atomic_load_n((const unsigned char *)flag, __ATOMIC_ACQUIRE) != 0; // what was done before it was set is seen
}

static bool leaving(const struct deliver *d)
{
	return on(d->c.leave);
}

uint64_t deliver_durable(const struct deliver *d, enum outbox_lane lane)
{
	return __atomic_load_n(&d->c.outbox->durable[lane], __ATOMIC_ACQUIRE);
}

// ---- trouble -----------------------------------------------------------------------------------------------------

void deliver_trouble(struct deliver *d, int rc)
{
	struct sink_shared *s = d->c.shared;
	const char *why = d->why[0] != '\0' ? d->why : strerror(-rc);
	if (d->open)
		d->ops->close(d->sink);
	d->open = false;
	counter_add(&s->errors, 1);
	if (d->backoff_ms == 0)
		log_error("courier", "output %s takes nothing: %s; it is tried again", name_of(d), why);
	if (s->failing_since_ns == 0)
		__atomic_store_n(&s->failing_since_ns, clock_wall_ns(), __ATOMIC_RELAXED);
	snprintf(s->trouble, sizeof s->trouble, "%s", why);
	d->backoff_ms = d->backoff_ms == 0 ? BACKOFF_MIN_MS : d->backoff_ms * 2 < BACKOFF_MAX_MS ? d->backoff_ms * 2 : BACKOFF_MAX_MS;
	d->again_ns = clock_mono_ns() + d->backoff_ms * MS_NS;
}

static void mended(struct deliver *d)
{
	struct sink_shared *s = d->c.shared;
	uint64_t now_ns = clock_wall_ns(), since_ns = s->failing_since_ns;
	d->backoff_ms = 0;
	if (since_ns != 0)
		log_info("courier", "output %s takes records again, after %" PRIu64 " s", name_of(d),
			now_ns > since_ns ? (now_ns - since_ns) / SECOND_NS : 0);
	__atomic_store_n(&s->failing_since_ns, 0, __ATOMIC_RELAXED);
}

// ---- gathering ---------------------------------------------------------------------------------------------------

static bool wanted(const struct sink_config *c, unsigned type, unsigned severity)
{
	return (c->events & 1u << type) != 0 && (type != RECORD_ALERT || (int)severity >= c->severity);
}

// The number that the receiver was at is reached: what follows is linked to what it has.
static void join(struct deliver *d, enum outbox_lane lane)
{
	struct cursor_lane *at = &d->at[lane];
	if (d->stepped[lane])
		memcpy(at->chain, d->there_chain[lane], sizeof at->chain);
	else if (memcmp(at->chain, d->there_chain[lane], sizeof at->chain) != 0)
		deliver_number_behind(d, lane);
	d->stepped[lane] = false;
}

// What nobody can have any more, as far as this sink would have had it: its numbers step over exactly that.
static void step_over(struct deliver *d, enum outbox_lane lane, const struct outbox_missed *m)
{
	uint64_t n = m->damaged;
	for (unsigned t = 0; t < RECORD_TYPES; t++)
		for (unsigned s = 0; s < OUTBOX_SEVERITIES; s++)
			if (wanted(d->c.sink, t, s))
				n += m->evicted.n[t][s];
	if (n == 0)
		return;
	struct cursor_lane *at = &d->at[lane];
	uint64_t had = d->there[lane] > at->sent ? d->there[lane] - at->sent : 0;
	d->stepped[lane] |= had > 0;
	at->sent += n;
	if (had > 0 && n >= had)
		join(d, lane);
	if (n <= had)
		return;
	n -= had;
	counter_add(&d->c.shared->missed[lane], n);
	log_warn("courier", "output %s: %llu records (%s) were gone before it could have them", name_of(d), (unsigned long long)n,
		outbox_lane_name[lane]);
}

// Records differ in length, and files are reserved before they are full: what lies between is as long as what came lately.
static bool lags_too_far(struct deliver *d, enum outbox_lane lane, const struct outbox_item *item, uint64_t last)
{
	double *mean = &d->mean_len[lane];
	*mean = *mean == 0 ? (double)item->len : *mean + ((double)item->len - *mean) / 16;
	if (d->c.sink->backlog_mib == 0 || last <= item->seq)
		return false;
	return *mean * (double)(last - item->seq) > (double)d->c.sink->backlog_mib * (1 << 20);
}

static bool stamp_and_format(struct deliver *d, enum outbox_lane lane, const struct outbox_item *item, const char **out, size_t *len)
{
	struct cursor_lane *at = &d->at[lane];
	uint8_t chain[OUTBOX_HASH];
	memcpy(chain, at->chain, sizeof chain);
	size_t stamped = stamp_write(d->stamped, item->line, item->len, d->cursor.epoch, at->sent + 1, chain);
	*out = stamped == 0 ? NULL : formatter_write(d->formatter, d->stamped, stamped, &item->about, len, &d->waiting[d->n].keys);
	if (*out == NULL || *len > DELIVER_ARENA)
		return false;
	memcpy(at->chain, chain, sizeof chain);
	at->sent++;
	return true;
}

static void keep(struct deliver *d, enum outbox_lane lane, const struct outbox_item *item, const char *octets, size_t len)
{
	struct waiting *w = &d->waiting[d->n];
	w->lane = lane;
	w->after = d->at[lane];
	w->about = item->about;
	memcpy(d->arena + d->used, octets, len);
	d->message[d->n] = (struct sink_message){.octets = d->arena + d->used, .len = len, .about = &w->about, .written_ns = item->written_ns,
		.key = w->keys.community_id, .id = w->keys.id, .epoch = d->cursor.epoch, .seq = w->after.sent, .lane = lane};
	d->used += len;
	d->n++;
}

// One record of a lane. 1: looked at; 0: none there; -errno.
static int look(struct deliver *d, enum outbox_lane lane)
{
	struct outbox_item item;
	struct outbox_missed missed;
	struct cursor_lane *at = &d->at[lane];
	const char *octets;
	size_t len;
	uint64_t last = deliver_durable(d, lane);
	if (!deliver_same_outbox(d)) // read after `last`
		return 0;
	int rc = outbox_reader_next(d->reader[lane], last, &item, &missed);
	if (rc == 0 && at->sent < d->there[lane]) {
		deliver_number_behind(d, lane);
		return 1;
	}
	if (rc <= 0)
		return rc;
	step_over(d, lane, &missed);
	bool gives_way = at->sent >= d->there[lane] && lags_too_far(d, lane, &item, last);
	at->seq = item.seq + 1;
	at->had = *outbox_reader_counts(d->reader[lane]);
	d->moved = true;
	if (!wanted(d->c.sink, item.about.type, item.about.severity)) {
		counter_add(&d->c.shared->filtered, 1);
		return 1;
	}
	bool given_up = gives_way || !stamp_and_format(d, lane, &item, &octets, &len);
	if (given_up) { // its number says that there was one
		at->sent++;
		counter_add(gives_way ? &d->c.shared->missed[lane] : &d->c.shared->refused, 1);
	}
	if (at->sent == d->there[lane])
		join(d, lane);
	else if (at->sent > d->there[lane] && !given_up)
		keep(d, lane, &item, octets, len);
	return 1;
}

static size_t allowance(struct deliver *d)
{
	uint32_t rate = d->c.sink->rate_per_s;
	uint64_t now_ns = clock_mono_ns();
	if (rate == 0)
		return SINK_BATCH;
	d->tokens += (double)(now_ns - d->filled_ns) / 1e9 * rate;
	d->filled_ns = now_ns;
	if (d->tokens > rate) // a second's worth at once
		d->tokens = rate;
	return d->tokens >= SINK_BATCH ? SINK_BATCH : (size_t)d->tokens;
}

static bool room(const struct deliver *d, size_t most)
{
	return d->n < most && DELIVER_ARENA - d->used >= sizeof d->stamped + FORMAT_MAX;
}

// Alerts first, then sessions, as much as a batch holds. False: the outbox cannot be read.
static bool gather(struct deliver *d)
{
	size_t most = allowance(d);
	int looks = LOOKS;
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++)
		while (room(d, most) && looks-- > 0) {
			int rc = look(d, l);
			if (rc < 0) {
				snprintf(d->why, sizeof d->why, "cannot read the outbox: %s", strerror(-rc));
				deliver_trouble(d, rc);
				return false;
			}
			if (rc == 0)
				break;
		}
	return true;
}

// ---- handing over ------------------------------------------------------------------------------------------------

void deliver_save(struct deliver *d, bool now)
{
	uint64_t now_ns = clock_mono_ns();
	bool hard = now || now_ns - d->saved_ns >= DURABLE_MS * MS_NS;
	if (!d->moved && !now)
		return;
	int rc = cursor_save(d->file, &d->cursor, hard);
	if (rc < 0 && !d->unsaved)
		log_warn("courier", "output %s: cannot save how far it is: %s; after a new start some records are sent again", name_of(d),
			strerror(-rc));
	d->unsaved = rc < 0;
	if (rc == 0 && hard)
		d->saved_ns = now_ns;
	d->moved = false;
}

static void passed(struct deliver *d, size_t n)
{
	struct sink_shared *s = d->c.shared;
	uint64_t now_ns = clock_wall_ns();
	for (size_t i = 0; i < n; i++) {
		const struct waiting *w = &d->waiting[i];
		d->cursor.lane[w->lane] = w->after;
		counter_add(&s->messages, 1);
		counter_add(&s->octets, d->message[i].len);
		if (w->about.type == RECORD_ALERT)
			latency_add(&s->received, now_ns > w->about.time_ns ? now_ns - w->about.time_ns : 0);
	}
	if (n > 0)
		__atomic_store_n(&s->taken_ns, now_ns, __ATOMIC_RELAXED);
	if (d->c.sink->rate_per_s > 0)
		d->tokens -= (double)n;
	d->n -= n;
	memmove(d->message, d->message + n, d->n * sizeof d->message[0]);
	memmove(d->waiting, d->waiting + n, d->n * sizeof d->waiting[0]);
	for (size_t i = 0; i < d->n; i++) { // they point into what has moved
		d->message[i].about = &d->waiting[i].about;
		d->message[i].key = d->waiting[i].keys.community_id;
		d->message[i].id = d->waiting[i].keys.id;
	}
	if (d->n > 0)
		return;
	d->used = 0;
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++)
		if (d->at[l].sent >= d->there[l]) // and what was passed over since; but not on the receiver's word alone
			d->cursor.lane[l] = d->at[l];
}

// Of a batch that was half taken when trouble came: what the receiver says it has.
static void drop_what_is_there(struct deliver *d)
{
	size_t n = 0;
	while (n < d->n && d->waiting[n].after.sent <= d->there[d->waiting[n].lane])
		n++;
	if (n > 0)
		passed(d, n);
}

static void show(struct deliver *d)
{
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++) {
		__atomic_store_n(&d->c.shared->at[l], d->cursor.lane[l].seq, __ATOMIC_RELAXED);
		__atomic_store_n(&d->c.shared->sent[l], d->cursor.lane[l].sent, __ATOMIC_RELAXED);
	}
}

static bool connected(struct deliver *d)
{
	if (d->open)
		return true;
	if (clock_mono_ns() < d->again_ns)
		return false;
	d->why[0] = '\0';
	int rc = d->ops->open(d->sink);
	if (rc < 0) {
		deliver_trouble(d, rc);
		return false;
	}
	deliver_ask_receiver(d);
	drop_what_is_there(d);
	return d->open = true;
}

static bool hand_over(struct deliver *d)
{
	uint64_t refused = 0;
	d->why[0] = '\0';
	int rc = d->n == 0 ? 0 : d->ops->send(d->sink, d->message, d->n, &refused);
	counter_add(&d->c.shared->refused, refused);
	if (rc < 0) {
		deliver_trouble(d, rc);
		return false;
	}
	passed(d, (size_t)rc < d->n ? (size_t)rc : d->n);
	show(d);
	deliver_save(d, false);
	mended(d);
	return true;
}

// True: there may be more.
static bool turn(struct deliver *d)
{
	uint32_t reopen = __atomic_load_n(d->c.reopen, __ATOMIC_ACQUIRE);
	if (!deliver_begin(d))
		return false;
	if (reopen != d->reopened && d->ops->reopen != NULL)
		d->ops->reopen(d->sink);
	d->reopened = reopen;
	if (!connected(d) || !gather(d))
		return false;
	if (d->n == 0 && !d->moved)
		return false;
	return hand_over(d);
}

// At the end: what is durable when nothing will be added is looked at once more; whoever does not take it gets it after the next start.
void deliver_run(struct deliver *d)
{
	while (!leaving(d)) {
		uint32_t looked = bell_look(&d->c.outbox->bell);
		bool done = on(d->c.outbox_done); // read before looking
		if (turn(d))
			continue;
		if (done)
			break;
		bell_wait(&d->c.outbox->bell, looked, WAIT_MS);
	}
	if (d->begun)
		deliver_save(d, true);
}

// ---- opening and closing -----------------------------------------------------------------------------------------

int deliver_open(struct deliver **out, const struct deliver_config *c)
{
	struct deliver *d = calloc(1, sizeof *d);
	uint64_t now_s = clock_wall_ns() / SECOND_NS;
	*out = NULL;
	if (d == NULL)
		return -ENOMEM;
	d->c = *c;
	d->ops = sink_ops_of(c->sink->type);
	d->reopened = *c->reopen;
	d->filled_ns = d->saved_ns = clock_mono_ns();
	snprintf(c->shared->name, sizeof c->shared->name, "%s", c->sink->name);
	snprintf(c->shared->type, sizeof c->shared->type, "%s", sink_type_name[c->sink->type]);
	int rc = d->ops == NULL ? -ENOTSUP : cursor_open(&d->file, c->cursor_path, now_s, &d->cursor, &d->fresh);
	if (rc < 0)
		snprintf(d->why, sizeof d->why, d->ops == NULL ? "this build has no %s" : "cannot open %s: %s",
			d->ops == NULL ? sink_type_name[c->sink->type] : c->cursor_path, strerror(-rc));
	if (rc == 0)
		rc = formatter_open(&d->formatter, c->sink->format);
	for (enum outbox_lane l = 0; rc == 0 && l < OUTBOX_LANES; l++) // also of one that cannot be prepared
		__atomic_store_n(&c->shared->at[l], deliver_same_outbox(d) ? d->cursor.lane[l].seq : 0, __ATOMIC_RELAXED);
	d->env = (struct sink_env){.stop = c->stop, .host = c->host, .epoch = d->cursor.epoch, .why = d->why};
	if (rc == 0)
		rc = d->ops->prepare(&d->sink, c->sink, &d->env);
	if (rc < 0) {
		snprintf(c->shared->trouble, sizeof c->shared->trouble, "%s", d->why[0] != '\0' ? d->why : strerror(-rc));
		log_error("courier", "output %s cannot be prepared: %s", c->sink->name, c->shared->trouble);
		deliver_close(&d);
		return rc;
	}
	*out = d;
	return 0;
}

void deliver_close(struct deliver **d)
{
	if (*d == NULL)
		return;
	if ((*d)->open)
		(*d)->ops->close((*d)->sink);
	if ((*d)->sink != NULL)
		(*d)->ops->destroy(&(*d)->sink);
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++)
		if ((*d)->reader[l] != NULL)
			outbox_reader_close(&(*d)->reader[l]);
	if ((*d)->formatter != NULL)
		formatter_close(&(*d)->formatter);
	if ((*d)->file != NULL)
		cursor_close(&(*d)->file);
	free(*d);
	*d = NULL;
}
