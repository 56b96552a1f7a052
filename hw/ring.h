// A ring of length-prefixed messages between two threads: one writes, one reads, nobody locks.
//
// Messages are contiguous (a message never wraps) and 8-octet aligned. The reader sees a message only when it
// was committed. The writer may be told to wait (replay: nothing may be lost) or to count and go on (live).
//
// What the two sides share lies in shared memory and holds no pointer, so after a fork() parent and child may be the
// two sides. The reader then trusts the writer with nothing: a length that cannot be ends the ring, and what a message
// says must be checked by whoever takes it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

// `len` octets of buffer, rounded up to a power of two. NULL and errno on failure.
struct ring *ring_open(size_t len);
void ring_close(struct ring **r);

// Writer: room for a message of up to `len` octets, or NULL when it does not fit now (ring full) or never will
// (ring_len_max()). ring_commit() makes the first `len` octets of it visible; without it the room is simply reused.
void *ring_reserve(struct ring *r, size_t len);
void ring_commit(struct ring *r, size_t len);

// The longest message: with its header half the buffer, so that an empty ring always has room for it.
size_t ring_len_max(const struct ring *r);

// Writer: everything that will be written later sorts after `key` (see struct fact_key).
// Lets the reader merge several rings in order without waiting for a silent one.
// Reader: read the watermark first, then peek: every message committed before it was set is visible by then.
void ring_set_watermark(struct ring *r, uint64_t key);
uint64_t ring_watermark(const struct ring *r);

// Writer, last act: nothing will follow. The watermark becomes UINT64_MAX.
void ring_finish(struct ring *r);

// Another process takes the place of one side that is gone, where that one left off: what it had reserved and not committed
// is lost, what it had peeked at and not released comes again. A ring that ended goes on.
void ring_rejoin_writer(struct ring *r);
void ring_rejoin_reader(struct ring *r);

// Reader: gives back everything that is in it, and goes on behind that; also from a damaged ring.
void ring_skip(struct ring *r);

// Octets that are written and not released, as the writer sees it; of how many.
size_t ring_used(struct ring *r);
size_t ring_len(const struct ring *r);

// Reader: the oldest message (valid until ring_release()), or NULL when there is none now.
// Peeking again without a release gives the same message.
const void *ring_peek(struct ring *r, size_t *len);
void ring_release(struct ring *r);

// Reader, several at once: steps over the message that was peeked at without giving it back, so that the next peek gives the one
// behind it; ring_release_passed() gives back all that were stepped over. ring_position() of the message peeked at: grows with
// each message, and is the same for whoever rejoins.
void ring_pass(struct ring *r);
void ring_release_passed(struct ring *r);
uint64_t ring_position(const struct ring *r);

// Reader: true when the writer has finished and everything was read, or when the ring ended by damage.
bool ring_done(struct ring *r);

// Reader: true when a message header could not be: the writer is broken, or no longer ours.
bool ring_damaged(const struct ring *r);
