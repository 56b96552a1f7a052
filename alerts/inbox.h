// The judge's inbox: the rings of N workers, taken in the order of everything (see struct message).
//
// A message is taken when no ring that is empty now can still bring an earlier one (its watermark says so). Live, nobody is
// waited for longer than `patience_ns`: a worker that is stuck or gone must not stop the others' facts. It is passed over
// until it moves again; the others stay in order. One thread.
#pragma once

#include "dissect/message.h"
#include "hw/ring.h"

enum { INBOX_RINGS_MAX = 64 };

// How long a ring has stood still: inbox.c's.
struct inbox_silence {
	uint64_t watermark;
	uint64_t since_ns;      // monotonic; 0: not known
	bool passed_over;
};

struct inbox {
	struct ring *ring[INBOX_RINGS_MAX]; // borrowed
	size_t n;
	uint64_t patience_ns;   // 0: without end (replay)
	uint64_t impatient;     // times that a message was taken though an earlier one could come
	struct inbox_silence silence[INBOX_RINGS_MAX];
};

// The next message, or NULL: nothing can be taken now. Valid until ring_release(*from). `now_ns` monotonic, not 0; ignored
// without patience.
const struct message *inbox_next(struct inbox *in, uint64_t now_ns, size_t *len, struct ring **from);

// Every ring has ended and is empty.
bool inbox_done(const struct inbox *in);

// The packet time up to which everything was told and taken: half the lowest of the watermarks and of the messages that
// wait (half, for that is packet.seq, which is ns live). Rings that ended or are passed over do not count; 0: no other is left.
uint64_t inbox_reached(const struct inbox *in);
