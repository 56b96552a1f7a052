// The rows from inside: rows.c judges lines, rows_kept.c remembers links, rows_file.c cuts files into lines, rows_end.c compares
// with the sensor's cursor.
#pragma once

#include "alerts/verify/rows.h"

struct rows_link {
	uint64_t seq;
	uint8_t chain[OUTBOX_HASH];
};

// Links of the last records of a lane, in a ring: [from, n) are there, numbers rise.
struct rows_kept {
	uint64_t from, n;
	struct rows_link link[ROWS_KEPT];
};

// Those that have no smaller number go.
struct rows_orphan {
	uint64_t seq;
	struct stamp stamp;
	char line[VERIFY_LINE];
};

void kept_add(struct rows_kept *k, uint64_t seq, const uint8_t chain[static OUTBOX_HASH]);
// The one with this number; with `below`, the newest that has a smaller one. NULL: not remembered.
const struct rows_link *kept_find(const struct rows_kept *k, uint64_t seq, bool below);

struct rows_lane {
	struct verify_row row;
	uint64_t seq;                // of the last that was taken
	uint8_t chain[OUTBOX_HASH];  // as it says
	uint8_t first[OUTBOX_HASH];  // row.middle: of the first line, which no link proves
	bool doubtful;               // the last one did not fit
	uint8_t other[OUTBOX_HASH];  // doubtful: the link that it should have had
	uint64_t gap_from, gap_to;   // the newest numbers that were not where they belong; 0 none
	uint64_t gap_n;              // of them, not found yet
	bool gap_first;              // that was the first problem
	struct rows_link moved;      // of them, the last that was found; seq 0 none
	struct rows_orphan *orphan;  // of them, one whose predecessor was not yet seen; seq 0 none
	struct rows_kept *kept;
};

struct rows {
	struct rows_config config;
	struct verify *out;
	bool begun;                  // there was a record
	uint64_t epoch, first_epoch;
	uint64_t candidate;          // a later epoch that was seen once, without its beginning
	struct rows_lane lane[OUTBOX_LANES];
	struct verify_place at;      // of the line in hand
	bool unproved;
	bool stamped;                // a line was a stamped record
	enum verify_unfit unfit;     // of the lines that were none: the one that says most
	// Of the file before: its last line has no end.
	char tail[VERIFY_LINE + 1];
	size_t tail_len;
	struct verify_place tail_at;
};

// One line without its newline. False: it is no record, and was told as such.
void rows_line(struct rows *r, const char *line, size_t len);
// The rows of the epoch in hand are over.
void rows_finish(struct rows *r);
