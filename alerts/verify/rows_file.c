// Files of lines, as they are or in gzip. Memory is one line; what is longer than any record is a line of somebody else.
#include "alerts/verify/rows_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

enum { PIECE = 64 << 10 };

struct splitter {
	struct rows *rows;
	char line[VERIFY_LINE + 1]; // one more than any record: then it is none
	size_t used;
	uint64_t len;               // of the line in hand, all of it
	uint64_t offset;            // of its beginning
	uint64_t number;
	const char *name;
};

static struct verify_place place_of(const struct splitter *s)
{
	return (struct verify_place){.file = s->name, .line = s->number, .offset = s->offset};
}

static void end_line(struct splitter *s)
{
	s->rows->at = place_of(s);
	rows_line(s->rows, s->line, s->used);
	s->offset += s->len + 1;
	s->number++;
	s->used = s->len = 0;
}

static void add(struct splitter *s, const char *p, size_t len)
{
	size_t n = len < sizeof s->line - s->used ? len : sizeof s->line - s->used;
	memcpy(s->line + s->used, p, n);
	s->used += n;
	s->len += len;
}

static void split(struct splitter *s, const char *p, size_t len)
{
	s->rows->out->octets += len;
	while (len > 0) {
		const char *end = memchr(p, '\n', len);
		size_t n = end != NULL ? (size_t)(end - p) : len;
		add(s, p, n);
		if (end == NULL)
			return;
		end_line(s);
		p += n + 1;
		len -= n + 1;
	}
}

// Whether it is the last is known only when the next file begins, or none does.
static void keep_tail(struct splitter *s)
{
	struct rows *r = s->rows;
	memcpy(r->tail, s->line, s->used);
	r->tail_len = s->used;
	r->tail_at = place_of(s);
}

static void end_tail(struct rows *r)
{
	if (r->tail_len == 0)
		return;
	r->at = r->tail_at;
	rows_line(r, r->tail, r->tail_len);
	r->tail_len = 0;
}

// All of `len`, unless the file ends before. -errno.
static ssize_t read_piece(int fd, uint8_t *out, size_t len)
{
	size_t n = 0;
	while (n < len) {
		ssize_t got = read(fd, out + n, len - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && n == 0)
			return -errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

// One member of gzip behind the other, piece by piece; what is none is nothing that anybody would see, so it is told. *ended: a member
// ended here, and none began.
static int unpack(struct splitter *s, z_stream *z, uint8_t *in, size_t len, bool *ended)
{
	char out[PIECE];
	z->next_in = in;
	z->avail_in = (uInt)len;
	do {
		if (*ended && inflateReset(z) != Z_OK)
			return -EBADMSG;
		z->next_out = (Bytef *)out;
		z->avail_out = sizeof out;
		int rc = inflate(z, Z_NO_FLUSH);
		split(s, out, sizeof out - z->avail_out);
		*ended = rc == Z_STREAM_END;
		if (rc != Z_OK && rc != Z_STREAM_END && (rc != Z_BUF_ERROR || z->avail_in > 0))
			return -EBADMSG;
	} while (z->avail_in > 0 || (z->avail_out == 0 && !*ended));
	return 0;
}

static bool is_gzip(const uint8_t *p, size_t len)
{
	return len >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static int read_pieces(struct splitter *s, int fd, z_stream *z)
{
	uint8_t piece[PIECE];
	ssize_t n = 0;
	int rc = 0;
	bool gzip = false, ended = false;
	for (bool first = true; rc == 0 && (n = read_piece(fd, piece, sizeof piece)) > 0; first = false) {
		gzip |= first && is_gzip(piece, (size_t)n);
		if (gzip)
			rc = unpack(s, z, piece, (size_t)n, &ended);
		else
			split(s, (const char *)piece, (size_t)n);
	}
	return rc < 0 ? rc : n < 0 ? (int)n : gzip && !ended ? -EBADMSG : 0;
}

int rows_file(struct rows *r, int fd, const char *name)
{
	struct splitter *s = calloc(1, sizeof *s);
	z_stream z = {.zalloc = Z_NULL};
	int rc = s != NULL && inflateInit2(&z, MAX_WBITS + 16) == Z_OK ? 0 : -ENOMEM; // + 16: gzip, and nothing else
	end_tail(r);
	if (rc == 0) {
		*s = (struct splitter){.rows = r, .number = 1, .name = name};
		rc = read_pieces(s, fd, &z);
		if (s->used > 0)
			keep_tail(s);
	}
	(void)inflateEnd(&z);
	free(s);
	return rc;
}

// ---- the end -----------------------------------------------------------------------------------------------------

static bool is_record(const struct rows *r)
{
	struct stamp s;
	const char *from = r->config.others ? memchr(r->tail, '{', r->tail_len) : r->tail;
	return from != NULL && stamp_read(from, r->tail_len - (size_t)(from - r->tail), &s);
}

// The other side of what the cursor says: `seq` stands for the newest number of the lane that is not above it.
static void compare_lane(struct rows *r, enum outbox_lane lane, const struct cursor *c)
{
	struct rows_lane *l = &r->lane[lane];
	const struct cursor_lane *at = &c->lane[lane];
	struct verify_problem p = {.at = r->at, .numbered = true, .epoch = c->epoch, .seq = at->sent, .lane = lane, .before = l->seq};
	if (!l->row.any) {
		r->unproved |= at->sent > 0;
		return;
	}
	if (memcmp(l->chain, at->chain, OUTBOX_HASH) == 0)
		return;
	if (at->sent > l->seq) {
		p.fault = VERIFY_SHORT;
		p.from = l->seq + 1;
		p.to = at->sent;
		verify_note(r->out, &p, "", 0);
		return;
	}
	const struct rows_link *then = kept_find(l->kept, at->sent + 1, true);
	p.fault = VERIFY_REPLACED;
	if (then == NULL)
		r->unproved = true;
	else if (memcmp(then->chain, at->chain, OUTBOX_HASH) != 0)
		verify_note(r->out, &p, "", 0);
}

static void compare(struct rows *r, const struct cursor *c)
{
	const struct verify_problem p = {.fault = c->epoch > r->epoch ? VERIFY_SHORT : VERIFY_REPLACED, .at = r->at, .numbered = true,
		.epoch = c->epoch, .lane = c->lane[OUTBOX_ALERTS].sent > 0 ? OUTBOX_ALERTS : OUTBOX_SESSIONS, .seq = 1, .from = 1,
		.to = c->lane[OUTBOX_ALERTS].sent > 0 ? c->lane[OUTBOX_ALERTS].sent : c->lane[OUTBOX_SESSIONS].sent};
	if (c->epoch == r->epoch)
		for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++)
			compare_lane(r, lane, c);
	else if (c->epoch < r->epoch || p.to > 0)
		verify_note(r->out, &p, "", 0);
}

// Whoever named the wrong file is told so, and not that somebody changed all of it.
static void judge_unfit(struct rows *r)
{
	if (r->stamped || r->unfit == VERIFY_FIT)
		return;
	r->out->unfit = r->unfit;
	r->out->unfit_lines = r->out->faults[VERIFY_FOREIGN];
	r->out->faults[VERIFY_FOREIGN] = 0;
}

void rows_end(struct rows *r, const struct cursor *cursor)
{
	if (r->tail_len > 0) {
		verify_unfinished(r->out, &r->tail_at);
		if (is_record(r)) // only its newline is missing
			end_tail(r);
	}
	judge_unfit(r);
	if (cursor != NULL)
		compare(r, cursor);
	rows_finish(r);
}

bool rows_unproved(const struct rows *r)
{
	return r->unproved;
}
