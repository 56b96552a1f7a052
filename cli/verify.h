// `postwacht verify`: what was named, sorted into logs and outboxes; what each of them was found to be.
#pragma once

#include "alerts/outbox/cursor.h"
#include "alerts/verify/rows.h"
#include "alerts/verify/verify.h"
#include "cli/command.h"

enum { VERIFY_ROWS_SHOWN = 256, VERIFY_CURSORS = 256 };

// One log: a file with those that were rotated away from it, or standard input; or a lane of an outbox.
struct verify_log {
	const char **file;       // the oldest first; of a lane its directory, or the one segment
	size_t n_files;
	bool outbox;
	size_t box;              // of a lane: its place in verify_logs.box, and one more; 0: a lane by itself
	bool absent;             // a lane that is not there, or has nothing in it
	enum outbox_lane lane;   // absent: which
	char name[VERIFY_PATH];  // the newest file
	struct verify verify;
	struct verify_row row[VERIFY_ROWS_SHOWN];
	size_t n_rows;
	uint64_t rows_more;
	struct verify_row newest;
	uint64_t records;
	bool compared;           // with a cursor
	bool unproved;
	char trouble[256];       // something could not be read; "" nothing
};

// What an output's cursor knows of an outbox.
struct verify_known {
	uint64_t outbox;             // its epoch
	uint64_t next[OUTBOX_LANES]; // number of the record that it looks at next
};

// An outbox whose lanes were not named one by one.
struct verify_box {
	char delivery[VERIFY_PATH];  // where the cursors are
	uint64_t epoch;              // once a lane was looked at; 0
	struct verify_known *known;
	size_t n;
};

struct verify_logs {
	struct verify_box *box;
	size_t n_box;
	struct verify_log *log;
	size_t n;
	char **owned;            // names that were made
	size_t n_owned;
};

// Sorts the operands. 0, or an exit code with the sentence written. verify_logs_free() in any case.
int verify_logs_find(struct verify_logs *l, char *const *operands, size_t n);
void verify_logs_free(struct verify_logs *l);

// "NAME.cursor": how long NAME is.
bool verify_cursor_name(const char *name, size_t *len);
// Before the lanes are looked at. False: out of memory.
bool verify_box_read(struct verify_box *b);
// A lane that was looked at, or one that is absent (they come behind the others): its end against what the cursors know.
void verify_box_compare(struct verify_box *b, struct verify_log *l);

// Where a file stands in its set: its name without what rotation added (length), and a key that is smaller for newer ones; false:
// it was not rotated. "eve.json.2.gz" -> "eve.json", 2; "eve.json-20261123" -> "eve.json", by its date.
bool verify_rotated(const char *path, size_t *base_len, uint64_t *age);

bool verify_complete(const struct verify_log *l); // all could be looked at
// 0 good, 1 there are faults, 5 not all could be looked at.
int verify_code(const struct verify_log *l);
void verify_say(const struct verify_log *l);
// All of them as JSON. False: it did not get out.
bool verify_say_json(const struct verify_logs *l);

// The fault in words, at most `len` octets.
void verify_words(const struct verify_problem *p, bool outbox, char *out, size_t len);
extern const char *const verify_unfit_name[], *const verify_unfit_words[]; // by enum verify_unfit
extern const char *const verify_fault_name[VERIFY_FAULTS];
