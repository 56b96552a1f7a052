// Rows of stamped lines, as a sink writes them: both lanes in turn, an epoch after the other.
//
// Lines come in the order in which they were written, from one file or several (the oldest first). A row that begins in the
// middle is one whose beginning was rotated away: only the first epoch may do that. Bounded: the links of the last ROWS_KEPT
// records of each lane are remembered, so that what was delivered twice is known again.
#pragma once

#include "alerts/outbox/cursor.h"
#include "alerts/verify/verify.h"

enum { ROWS_KEPT = 16384 }; // 16384: what a sink that died may send once more is a second's records

struct rows;

struct rows_config {
	bool others;  // lines that are no records are expected, and records may stand behind a prefix (a receiver's file)
	bool whole;   // the first row has to begin at its beginning
};

// -ENOMEM. `out` is the caller's, zero but for row and ctx.
int rows_open(struct rows **r, const struct rows_config *c, struct verify *out);
void rows_close(struct rows **r);

// The next file; `name` lives as long as the rows. gzip is recognised. 0; -errno: it could not be read (to its end).
int rows_file(struct rows *r, int fd, const char *name);
// Nothing follows. `cursor`: how far the sensor says it has come; NULL: not known.
void rows_end(struct rows *r, const struct cursor *cursor);
// After rows_end(): lanes that the cursor says something about which these files cannot show.
bool rows_unproved(const struct rows *r);
