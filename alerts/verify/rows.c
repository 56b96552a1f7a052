// Judging stamped lines: each must fit to the one before it in its row.
#include "alerts/verify/rows_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/record_parts.h"

int rows_open(struct rows **out, const struct rows_config *c, struct verify *result)
{
	struct rows *r = calloc(1, sizeof *r);
	*out = r;
	if (r == NULL)
		return -ENOMEM;
	r->config = *c;
	r->out = result;
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++) {
		r->lane[l].kept = calloc(1, sizeof *r->lane[l].kept);
		r->lane[l].orphan = calloc(1, sizeof *r->lane[l].orphan);
		if (r->lane[l].kept == NULL || r->lane[l].orphan == NULL) {
			rows_close(out);
			return -ENOMEM;
		}
	}
	return 0;
}

void rows_close(struct rows **r)
{
	if (*r == NULL)
		return;
	for (enum outbox_lane l = 0; l < OUTBOX_LANES; l++) {
		free((*r)->lane[l].kept);
		free((*r)->lane[l].orphan);
	}
	free(*r);
	*r = NULL;
}

// ---- links -------------------------------------------------------------------------------------------------------

static void link_of(uint8_t out[static OUTBOX_HASH], const uint8_t before[static OUTBOX_HASH], const char *line, size_t covered)
{
	uint8_t in[OUTBOX_HASH + VERIFY_LINE];
	memcpy(in, before, OUTBOX_HASH);
	memcpy(in + OUTBOX_HASH, line, covered);
	record_sha256(out, in, OUTBOX_HASH + covered);
}

static void take(struct rows_lane *l, const struct stamp *s)
{
	l->seq = l->row.last = s->seq;
	memcpy(l->chain, s->chain, OUTBOX_HASH);
	l->row.records++;
	l->doubtful = false;
	kept_add(l->kept, s->seq, s->chain);
}

// Taken although it does not fit: what comes next fits either to the link it has or to the one it should have.
static void take_doubtful(struct rows_lane *l, const struct stamp *s, const uint8_t before[static OUTBOX_HASH], const char *line)
{
	uint8_t other[OUTBOX_HASH];
	link_of(other, before, line, s->covered);
	take(l, s);
	l->doubtful = true;
	memcpy(l->other, other, OUTBOX_HASH);
}

static struct verify_problem problem_of(const struct rows *r, const struct stamp *s, enum verify_fault fault)
{
	return (struct verify_problem){.fault = fault, .at = r->at, .numbered = true, .epoch = s->epoch, .seq = s->seq, .lane = s->lane,
		.before = r->lane[s->lane].seq};
}

static void fault(struct rows *r, const struct stamp *s, enum verify_fault fault, const char *line, size_t len)
{
	const struct verify_problem p = problem_of(r, s, fault);
	verify_note(r->out, &p, line, len);
	r->lane[s->lane].row.faults++;
}

// ---- what does not fit -------------------------------------------------------------------------------------------

// One that was never proved is one that somebody put there.
static void close_gap(struct rows *r, struct rows_lane *l)
{
	if (l->orphan->seq != 0) {
		r->out->faults[VERIFY_INSERTED]++;
		l->row.faults++;
	}
	l->orphan->seq = 0;
	l->moved.seq = 0;
	l->gap_n = 0;
}

static void missing(struct rows *r, const struct stamp *s, uint64_t from, const char *line, size_t len)
{
	struct rows_lane *l = &r->lane[s->lane];
	struct verify_problem p = problem_of(r, s, VERIFY_MISSING);
	p.from = from;
	p.to = s->seq - 1;
	close_gap(r, l);
	l->gap_from = p.from;
	l->gap_to = p.to;
	l->gap_n = p.to - p.from + 1;
	l->gap_first = verify_first(r->out);
	verify_note(r->out, &p, line, len);
	l->row.faults++;
}

static bool keep_orphan(struct rows_lane *l, const struct stamp *s, const char *line)
{
	if (l->orphan->seq != 0)
		return false;
	l->orphan->seq = s->seq;
	l->orphan->stamp = *s;
	memcpy(l->orphan->line, line, s->covered);
	return true;
}

// Everything that was missed is there, at another place: the order was changed, nothing is gone.
static void gap_found(struct rows *r, struct rows_lane *l)
{
	r->out->faults[VERIFY_MISSING]--;
	r->out->faults[VERIFY_MOVED]++;
	if (l->gap_first)
		r->out->problem.fault = VERIFY_MOVED;
}

// One of those that were missed.
static bool was_moved(struct rows *r, const struct stamp *s, const char *line)
{
	struct rows_lane *l = &r->lane[s->lane];
	if (l->gap_n == 0 || s->seq < l->gap_from || s->seq > l->gap_to)
		return false;
	if (s->seq <= l->moved.seq && s->seq + 1 != l->orphan->seq)
		return false; // the same again, or in no order at all
	const struct rows_link *before = l->moved.seq != 0 && l->moved.seq < s->seq ? &l->moved : kept_find(l->kept, s->seq, true);
	if ((before == NULL || !stamp_follows(s, before->chain, line)) && !keep_orphan(l, s, line))
		return false;
	if (l->orphan->seq == s->seq + 1 && stamp_follows(&l->orphan->stamp, s->chain, l->orphan->line))
		l->orphan->seq = 0;
	if (s->seq > l->moved.seq) {
		l->moved.seq = s->seq;
		memcpy(l->moved.chain, s->chain, OUTBOX_HASH);
	}
	l->row.records++;
	if (--l->gap_n == 0 && l->orphan->seq == 0)
		gap_found(r, l);
	return true;
}

static bool is_repeat(const struct rows *r, const struct stamp *s, const char *line)
{
	const struct rows_lane *l = &r->lane[s->lane];
	const struct rows_link *same = kept_find(l->kept, s->seq, false), *before = kept_find(l->kept, s->seq, true);
	uint8_t start[OUTBOX_HASH];
	if (same == NULL || memcmp(same->chain, s->chain, OUTBOX_HASH) != 0)
		return false;
	if (before != NULL)
		return stamp_follows(s, before->chain, line);
	if (l->kept->from > 0)
		return false; // what stood before it is not remembered
	if (l->row.middle) { // the first: nobody can prove it, so it is the same only when it is the same octet for octet
		record_sha256(start, line, s->covered);
		return memcmp(start, l->first, OUTBOX_HASH) == 0;
	}
	stamp_begin(start, s->epoch, s->lane);
	return stamp_follows(s, start, line);
}

// A number that was passed already.
static void again(struct rows *r, const struct stamp *s, const char *line, size_t len)
{
	struct rows_lane *l = &r->lane[s->lane];
	if (is_repeat(r, s, line))
		l->row.repeats++;
	else if (!was_moved(r, s, line))
		fault(r, s, VERIFY_INSERTED, line, len);
}

// ---- a line ------------------------------------------------------------------------------------------------------

void rows_finish(struct rows *r)
{
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++) {
		struct rows_lane *l = &r->lane[lane];
		close_gap(r, l);
		if (l->row.any && r->out->row != NULL)
			r->out->row(r->out->ctx, &l->row);
	}
}

static void begin_epoch(struct rows *r, uint64_t epoch)
{
	rows_finish(r);
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++) {
		struct rows_kept *kept = r->lane[lane].kept;
		kept->from = kept->n = 0;
		r->lane[lane] = (struct rows_lane){.kept = kept, .orphan = r->lane[lane].orphan};
	}
	if (!r->begun)
		r->first_epoch = epoch;
	r->begun = true;
	r->epoch = epoch;
}

static bool follows_start(const struct stamp *s, const char *line)
{
	uint8_t start[OUTBOX_HASH];
	stamp_begin(start, s->epoch, s->lane);
	return stamp_follows(s, start, line);
}

// A later epoch that does not begin at its beginning is one changed digit, until a second record has it, too. True: go on with it.
static bool enter_epoch(struct rows *r, const struct stamp *s, const char *line, size_t len)
{
	if (!r->begun || (s->seq > 0 && follows_start(s, line)) || s->epoch == r->candidate) {
		begin_epoch(r, s->epoch);
		return true;
	}
	struct verify_problem p = problem_of(r, s, s->seq > 1 ? VERIFY_MISSING : VERIFY_CHANGED);
	p.from = 1;
	p.to = s->seq - 1;
	p.before = 0;
	verify_note(r->out, &p, line, len);
	r->candidate = s->epoch;
	return false;
}

static void begin_lane(struct rows *r, const struct stamp *s, const char *line, size_t len)
{
	struct rows_lane *l = &r->lane[s->lane];
	bool known = s->epoch == r->candidate; // told already
	l->row = (struct verify_row){.any = true, .epoch = s->epoch, .lane = s->lane, .first = s->seq};
	if (s->seq > 0 && follows_start(s, line)) {
		l->row.passed = s->seq - 1;
		take(l, s);
		return;
	}
	if (s->seq <= 1) {
		fault(r, s, VERIFY_CHANGED, line, len);
	} else if (!known && (r->config.whole || s->epoch != r->first_epoch)) {
		missing(r, s, 1, line, len);
	} else {
		l->row.middle = true;
		record_sha256(l->first, line, s->covered);
		take(l, s);
		return;
	}
	uint8_t start[OUTBOX_HASH];
	stamp_begin(start, s->epoch, s->lane);
	take_doubtful(l, s, start, line);
}

static void go_on(struct rows *r, const struct stamp *s, const char *line, size_t len)
{
	struct rows_lane *l = &r->lane[s->lane];
	uint8_t before[OUTBOX_HASH];
	bool fits = stamp_follows(s, l->chain, line) || (l->doubtful && stamp_follows(s, l->other, line));
	if (fits && (s->seq > l->seq || l->doubtful)) {
		l->row.passed += s->seq > l->seq ? s->seq - l->seq - 1 : 0;
		take(l, s);
		return;
	}
	if (s->seq <= l->seq) {
		again(r, s, line, len);
		return;
	}
	memcpy(before, l->chain, OUTBOX_HASH);
	if (s->seq == l->seq + 1)
		fault(r, s, VERIFY_CHANGED, line, len);
	else
		missing(r, s, l->seq + 1, line, len);
	take_doubtful(l, s, before, line);
}

static bool has(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

static enum verify_unfit unfit_of(const char *line, size_t len)
{
	struct stamp s;
	const char *from = memchr(line, '{', len);
	size_t n = from != NULL ? len - (size_t)(from - line) : 0;
	if (n > 0 && n < len && n <= VERIFY_LINE && stamp_read(from, n, &s))
		return VERIFY_PREFIXED;
	return n == len && has(line, len, "\"event_type\":\"") && !has(line, len, "\"ecs\":{") ? VERIFY_NO_LINKS : VERIFY_NOT_EVE;
}

static void foreign(struct rows *r, const char *line, size_t len)
{
	const struct verify_problem p = {.fault = VERIFY_FOREIGN, .at = r->at};
	enum verify_unfit unfit = r->stamped || r->config.others ? VERIFY_FIT : unfit_of(line, len);
	if (unfit > r->unfit)
		r->unfit = unfit;
	if (r->config.others)
		r->out->foreign_ok++;
	else
		verify_note(r->out, &p, line, len);
}

void rows_line(struct rows *r, const char *line, size_t len)
{
	struct stamp s;
	const char *from = r->config.others ? memchr(line, '{', len) : line;
	size_t skipped = from != NULL ? (size_t)(from - line) : 0;
	if (from == NULL || len - skipped > VERIFY_LINE || !stamp_read(from, len - skipped, &s)) {
		foreign(r, line, len);
		return;
	}
	r->stamped = true;
	line += skipped;
	len -= skipped;
	if ((!r->begun || s.epoch > r->epoch) && !enter_epoch(r, &s, line, len))
		return;
	if (s.epoch < r->epoch)
		fault(r, &s, VERIFY_BACK, line, len);
	else if (!r->lane[s.lane].row.any)
		begin_lane(r, &s, line, len);
	else
		go_on(r, &s, line, len);
}
