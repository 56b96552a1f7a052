// How far one sink has come: a small file of its own, written after the receiver has taken something. Two slots written in turn, each with
// a checksum, so that a death or power cut in between leaves the one before: what was sent since is sent again, with the same
// numbers. One thread, one writer a file.
#pragma once

#include "alerts/outbox/outbox.h"

struct cursor_lane {
	uint64_t seq;                  // of the outbox: next to be looked at
	struct outbox_counts had;      // records of the lane before it
	uint64_t sent;                 // number of the last record in the sink's own row; 0 none
	uint8_t chain[OUTBOX_HASH];    // link of that record (alerts/sink/stamp.h)
};

#define CURSOR_LOST UINT64_MAX

struct cursor {
	uint64_t outbox;               // epoch of the outbox that `lane[].seq` belongs to; 0: the sink has not begun; CURSOR_LOST
	uint64_t epoch;                // of the sink's own row: wall clock second in which it began
	struct cursor_lane lane[OUTBOX_LANES];
};

struct cursor_file;

// Makes the file when it is missing. Then, or when neither slot is good, `c` begins a new row with epoch `wall_s` or the old one's
// + 1, whichever is greater. *fresh: nothing was ever sent. What was damaged is not fresh: how far it was nobody knows (CURSOR_LOST),
// and everything is sent again; so it is with one of another version. 0 or -errno.
int cursor_open(struct cursor_file **out, const char *path, uint64_t wall_s, struct cursor *c, bool *fresh);
// Only looks. 0; -ENODATA: neither slot is good; -errno.
int cursor_read(const char *path, struct cursor *c);
// `durable`: also fdatasync(). 0 or -errno.
int cursor_save(struct cursor_file *f, const struct cursor *c, bool durable);
void cursor_close(struct cursor_file **f);
