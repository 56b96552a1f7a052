// What was said in clear so far, octet for octet, as long as nobody is worse off for it: to read it again when the same
// octets come in another version (docs/design/0006).
//
// The dialogue in front of TLS or of the first message is a few hundred octets. A tape keeps its runs in the order in which
// they were read, and beside them what came again with other octets. It ends where content, credentials or a handshake
// begin, unless a conflict was met: then it goes on, bounded. What is not on it makes it torn. One worker.
#pragma once

#include "dissect/place.h"
#include "dissect/stream/recent.h"
#include "hw/slab.h"

enum {
	TAPE_BLOCK_LEN = 1024,
	TAPE_BLOCKS_QUIET = 2, // without a conflict: the longest honest dialogue in front of a handshake is below 1,500 octets
	TAPE_BLOCKS_MAX = 16,  // with one: room for a handshake with a chain of certificates
	TAPE_OFF_MAX = 1 << 14, // octets of one direction that are read again
};

struct tape {
	uint32_t head, last; // slab indices of blocks, 0 none
	uint16_t run;        // where the last run begins in it
	uint8_t n_blocks;
	uint8_t n_read;  // second readings before the end
	bool ended;    // what is read is not written any more: no dialogue
	bool closed;   // nothing is written any more
	bool conflict; // other octets came again
	bool torn;     // something that was said, in whatever version, is not on it
};

// One run of octets on it, or (`again`) one that came for a place where others were.
struct tape_run {
	uint64_t time_ns;
	uint32_t off, acked; // see struct place
	uint32_t frame;
	uint16_t len;
	uint8_t quality;
	uint8_t dir : 1, again : 1;
};

// Walking it: the next run and its octets, or NULL.
struct tape_walk {
	const struct tape *tape;
	const struct slab *blocks;
	uint32_t block;
	uint32_t at;
};

// Writes p[0..len). Another version of what is not on it tears it, but is written; so does what finds no room.
void tape_write(struct tape *t, struct slab *blocks, enum dir d, bool again, const struct place *at, const uint8_t *p, uint32_t len);

// What was written for [off, off + len) first. `*differs` is the index of the first octet that is another one; UNKNOWN:
// not all of it is there.
enum recent_verdict tape_compare(const struct tape *t, const struct slab *blocks, enum dir d, uint64_t off, const uint8_t *p,
                                 uint32_t len, uint32_t *differs);

// Gives its room back; nothing is written any more.
void tape_clear(struct tape *t, struct slab *blocks);

struct tape_walk tape_first(const struct tape *t, const struct slab *blocks);
const struct tape_run *tape_next(struct tape_walk *w, const uint8_t **p);
