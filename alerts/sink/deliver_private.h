// A sink's thread from inside: deliver.c reads, chooses and hands over; deliver_begin.c finds where to go on.
#pragma once

#include "alerts/outbox/cursor.h"
#include "alerts/outbox/outbox_read.h"
#include "alerts/sink/deliver.h"
#include "alerts/sink/format.h"
#include "alerts/sink/stamp.h"

enum { DELIVER_ARENA = 1 << 20 }; // octets of a batch

// A message that is not sent yet, and where the cursor stands once it is.
struct waiting {
	enum outbox_lane lane;
	struct cursor_lane after;
	struct outbox_about about;
	struct format_keys keys;
};

struct deliver {
	struct deliver_config c;
	const struct sink_ops *ops;
	struct sink *sink;
	struct sink_env env;
	struct formatter *formatter;
	struct cursor_file *file;
	struct cursor cursor;                       // what the receiver has
	struct cursor_lane at[OUTBOX_LANES];        // what was read
	struct outbox_reader *reader[OUTBOX_LANES];
	uint64_t there[OUTBOX_LANES];               // up to this number the receiver has it already, as it says itself ...
	uint8_t there_chain[OUTBOX_LANES][OUTBOX_HASH]; // ... with this link, which must come out when that number is reached;
	bool stepped[OUTBOX_LANES];                 // ... it cannot: some of them are gone from the outbox
	bool begun, fresh, open, moved;
	bool unsaved;                               // the cursor could not be saved, which was told
	uint64_t saved_ns;                          // monotonic, the cursor was made durable
	uint32_t reopened;
	// Trouble.
	uint32_t backoff_ms;
	uint64_t again_ns;
	double mean_len[OUTBOX_LANES];              // of records, lately
	// Rate.
	double tokens;
	uint64_t filled_ns;
	// The batch in hand.
	size_t n, used;
	struct sink_message message[SINK_BATCH];
	struct waiting waiting[SINK_BATCH];
	char arena[DELIVER_ARENA];
	char stamped[OUTBOX_LINE_MAX + STAMP_MAX];
	char why[SINK_WHY];
};

// Writes the cursor, and has it on disk when that was long ago, or `now`.
void deliver_save(struct deliver *d, bool now);
// What is wrong stands in d->why, or is what `rc` says. Closes the sink; it is tried again later.
void deliver_trouble(struct deliver *d, int rc);
// Number of the last record of a lane that is on disk.
uint64_t deliver_durable(const struct deliver *d, enum outbox_lane lane);

// False: the keeper has begun another one; numbers read before this was asked are of it.
bool deliver_same_outbox(const struct deliver *d);
// True: the outbox is open, and cursor and readers stand in it.
bool deliver_begin(struct deliver *d);
// What the receiver says that it has, into d->there.
void deliver_ask_receiver(struct deliver *d);
// What it has is not what would have been sent: all since the cursor is sent, with numbers behind its own.
void deliver_number_behind(struct deliver *d, enum outbox_lane lane);
