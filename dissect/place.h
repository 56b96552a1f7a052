// Where octets stand: handed down with every run of in-order octets of a stream.
#pragma once

#include "dissect/facts.h"

struct place {
	uint64_t off;     // stream offset of the first octet; 0 is the octet after the SYN (or the first one seen)
	uint64_t acked;   // how many octets of the *other* stream the sender had received when it sent this
	uint64_t time_ns; // packet time
	uint32_t frame;   // see struct mark
	uint8_t quality;  // enum quality bits that hold for a claim about everything up to here
};

static inline struct mark place_mark(const struct place *p)
{
	return (struct mark){.frame = p->frame, .quality = p->quality};
}

// Sets a mark once: the first place stays.
static inline void place_mark_first(struct mark *m, const struct place *p)
{
	if (!mark_set(m))
		*m = place_mark(p);
}

// A line of the dialogue for whoever explains it (`postwacht explain`). Credentials and content never reach it:
// they are replaced by what they were. NULL when nobody listens.
struct dialogue {
	void (*line)(void *ctx, uint64_t birth, enum dir d, const struct place *at, const char *kind, const uint8_t *text, size_t len);
	void *ctx;
};
