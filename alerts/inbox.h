// The judge's inbox: the rings of N workers, taken in the order of everything (see struct message).
//
// A message is taken when no ring that is empty now can still bring an earlier one (its watermark says so). Live, nobody is
// waited for longer than `patience_ns`: a worker that is stuck or gone must not stop the others' facts.
#pragma once

#include "dissect/message.h"
#include "hw/ring.h"

enum { INBOX_RINGS_MAX = 64 };

struct inbox {
	struct ring *ring[INBOX_RINGS_MAX]; // borrowed
	size_t n;
	uint64_t patience_ns;   // 0: without end (replay)
	uint64_t waiting_since_ns; // monotonic; 0: not
	uint64_t impatient;     // times that a message was taken though an earlier one could come
};

// The next message, or NULL: nothing can be taken now. Valid until ring_release(*from). `now_ns` monotonic; ignored without patience.
const struct message *inbox_next(struct inbox *in, uint64_t now_ns, size_t *len, struct ring **from);

// Every ring has ended and is empty.
bool inbox_done(const struct inbox *in);

// The time up to which all workers have told everything (half their lowest watermark: packet.seq, which is ns live).
uint64_t inbox_reached(const struct inbox *in);
