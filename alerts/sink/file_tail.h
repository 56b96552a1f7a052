// The end of a file that we wrote to: lines that are not whole, and the last stamps. Private to alerts/sink/.
#pragma once

#include "alerts/sink/sink.h"

enum {
	TAIL_LINE_MAX = 64 << 10,   // longer ones are not ours
	TAIL_LOOK_MAX = 16 << 20,   // octets looked at from the end: several times what can be written without its cursor
};

struct tail_stamps {
	bool found[OUTBOX_LANES];
	uint64_t epoch[OUTBOX_LANES], seq[OUTBOX_LANES];
	uint8_t chain[OUTBOX_LANES][OUTBOX_HASH];
};

// What a death or power cut left behind the last newline: zeros, and the beginning of a record. *cut says how many octets went.
// Where it does not look like a record of ours it stays, and a newline is put behind it. 0 or -errno.
int tail_mend(int fd, uint64_t *cut);

// The newest stamp of each lane that `t` has none of yet, no further back than *budget octets. A line with zeros in it is a hole
// that a power cut left: what stands behind it was not there for certain, so only what is before it counts.
int tail_newest(int fd, size_t *budget, struct tail_stamps *t);
