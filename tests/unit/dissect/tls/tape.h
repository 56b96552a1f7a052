// A tape: what two sides said, step by step, and a player that feeds it to the TLS machine in any cuts.
//
// Every piece is fed from memory that ends where the piece ends (a guard page follows), and the facts must not
// depend on the cuts: tape_play_all() plays whole, octet by octet, and split at every position.
#pragma once

#include "dissect/counters.h"
#include "dissect/tls/tls.h"

enum { TAPE_STEPS_MAX = 64, TAPE_SHIPPED_MAX = 8, TAPE_OCTETS_MAX = 1 << 17, TAPE_WHOLE = 0, TAPE_BYTEWISE = -1 };

struct tape_step {
	enum dir d;
	uint8_t *p;       // owned; NULL: a gap
	size_t len;       // octets, or octets missing
	uint64_t acked;   // of the other stream
	bool unknown_gap; // tls_gap() with missing 0
};

struct tape {
	struct tape_step step[TAPE_STEPS_MAX];
	size_t n;
	uint64_t said[2]; // octets by direction
	uint8_t quality;  // of every place
	bool keep_flights;
	enum session_end end;
};

struct tape_shipped {
	uint8_t kind, dir;
	bool cut;
	uint16_t version, suite;
	uint8_t client_random[32];
	size_t len, off; // in tape_result.octets
};

struct tape_result {
	struct facts facts;
	uint64_t counter[DISSECT_COUNTERS];
	uint64_t not_tls[2]; // 1 + stream offset from where the direction was no TLS; 0 never
	bool sealed;
	struct tape_shipped shipped[TAPE_SHIPPED_MAX];
	size_t n_shipped, n_octets;
	uint8_t octets[TAPE_OCTETS_MAX];
	uint64_t news; // steps during which there was news, as bits
};

// Appends octets (copied) or a gap. acked is what the other side had said by then.
void tape_say(struct tape *t, enum dir d, const void *p, size_t len);
void tape_lose(struct tape *t, enum dir d, size_t len);
void tape_free(struct tape *t);

// Plays with `cut` TAPE_WHOLE, TAPE_BYTEWISE, or every step split behind its first `cut` octets.
// `small` and `large`: chunks there are. Fails the test when a chunk is not given back.
void tape_play(const struct tape *t, long cut, uint32_t small, uint32_t large, struct tape_result *out);

// All cuts, with plenty of chunks; fails when they disagree.
void tape_play_all(const struct tape *t, struct tape_result *out);
