// Whether what was written is still there, unchanged and in its order: of lines with stamps (rows.h), and of an outbox (boxes.h).
//
// What is looked at may have been changed by anybody. Memory does not grow with it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/outbox/outbox.h"
#include "alerts/sink/stamp.h"

enum verify_fault {
	VERIFY_CHANGED,   // the record is not what its link says; or it took the place of another
	VERIFY_MISSING,   // records before it are not there
	VERIFY_MOVED,     // it stands before records that come later
	VERIFY_INSERTED,  // has a number that another record has, or that was passed already
	VERIFY_FOREIGN,   // no record
	VERIFY_BACK,      // of an older epoch than what stands before it
	VERIFY_DAMAGED,   // outbox: octets that are no record and no end
	VERIFY_SHORT,     // the end is missing: the sensor has written more (its cursor)
	VERIFY_REPLACED,  // all fits together, but it is not what the sensor wrote (its cursor)
	VERIFY_FAULTS,
};

// What lines are of which none is a stamped record: a log that nothing can be said of.
enum verify_unfit {
	VERIFY_FIT,
	VERIFY_NOT_EVE,   // another format, or another program's
	VERIFY_NO_LINKS,  // looks like EVE, and no line ends with a link
	VERIFY_PREFIXED,  // stamped records behind something: a receiver's file
};

enum { VERIFY_LINE = OUTBOX_LINE_MAX + STAMP_MAX, VERIFY_PATH = 1024 };

// Where. `file` is of whoever looks; in a struct verify it is kept beside it.
struct verify_place {
	const char *file;
	uint64_t line;    // 0: files without lines
	uint64_t offset;  // of the line, or the frame
};

struct verify_problem {
	enum verify_fault fault;
	struct verify_place at;
	bool numbered;           // epoch, lane and seq are known
	uint64_t epoch, seq;
	enum outbox_lane lane;
	uint64_t from, to;       // MISSING, SHORT: numbers that are not there; MOVED: that come later
	uint64_t before;         // number of the record before it in its row; 0 none
	size_t len;              // of the line; 0: there is none
	char text[VERIFY_LINE];
};

// What there is of one epoch in one lane.
struct verify_row {
	bool any;
	bool middle;             // what was before the first is not here: its link could not be checked
	uint64_t epoch;
	enum outbox_lane lane;
	uint64_t first, last;    // numbers
	uint64_t reached;        // of an outbox: `last`, or what a head says was before it
	uint64_t records;
	uint64_t repeats;        // the same once more, with the same number
	uint64_t passed;         // numbers that no record ever had here: it was gone before (links fit)
	uint64_t faults;
};

// What came of it. One log, or one outbox.
struct verify {
	struct verify_problem problem; // the first; valid when `faults` has any
	uint64_t faults[VERIFY_FAULTS];
	uint64_t foreign_ok;     // lines of others, where they are expected
	enum verify_unfit unfit;
	uint64_t unfit_lines;    // how many: these are no faults
	uint64_t octets;
	bool unfinished;         // the last line, or record, ends before its end
	struct verify_place unfinished_at;
	char file[2][VERIFY_PATH]; // that problem.at and unfinished_at are in
	unsigned again;          // the caller's: how often an unfinished end of an outbox that is being written is looked at again
	// Called for each row when it is over.
	void (*row)(void *ctx, const struct verify_row *row);
	void *ctx;
};

uint64_t verify_faults(const struct verify *v);
bool verify_first(const struct verify *v); // no fault was counted yet
// Counts it; takes it as the first where there is none.
void verify_note(struct verify *v, const struct verify_problem *p, const char *line, size_t len);
void verify_unfinished(struct verify *v, const struct verify_place *at);
