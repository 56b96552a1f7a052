// Reading a lane of the outbox: in order, no further than what is durable, from where a cursor stands. One thread a reader; opens
// files read-only and maps nothing that could shrink under it.
//
// Numbers belong to an epoch. Load outbox_shared.durable (acquire), then .epoch: as long as it is the one the numbers are of, that
// `durable` is, too. When it is another one, seek to 1.
#pragma once

#include "alerts/outbox/outbox.h"

struct outbox_item {
	struct outbox_about about;
	uint64_t seq;                 // in the lane
	uint64_t written_ns;          // wall clock
	const char *line;             // without newline; valid until the next call
	size_t len;
	const uint8_t *hash;          // OUTBOX_HASH: of the chain, at this record
};

// Between the last record and this one there are numbers that nobody can have any more.
struct outbox_missed {
	struct outbox_counts evicted; // exactly
	uint64_t damaged;             // of unknown kind
};

struct outbox_reader;

int outbox_reader_open(struct outbox_reader **out, const char *dir, enum outbox_lane lane);
void outbox_reader_close(struct outbox_reader **r);

// The next call gives record `seq`, or the oldest behind it. `had`: counts of all records of the lane before `seq`, from whoever
// asked last (cursor.h); NULL: from the beginning.
void outbox_reader_seek(struct outbox_reader *r, uint64_t seq, const struct outbox_counts *had);
// 1 with an item; 0: nothing up to `durable`; -errno. `missed` is zero where nothing was.
int outbox_reader_next(struct outbox_reader *r, uint64_t durable, struct outbox_item *item, struct outbox_missed *missed);
// Counts of all records of the lane before the next one: what to seek with later.
const struct outbox_counts *outbox_reader_counts(const struct outbox_reader *r);
