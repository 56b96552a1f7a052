// A bell between processes: one rings when there is something, others sleep until it does. In shared memory, one word.
//
// Ringing costs a load and an addition unless somebody sleeps. A bell says "look", never "what": whoever wakes looks himself, and
// may find nothing. A sleeper that is killed stays counted, which costs a system call a ring. Any thread; a word that somebody
// spoilt can only wake too early or too late, never past `ms`.
#pragma once

#include <stdint.h>

struct bell {
	uint32_t rung;     // grows
	uint32_t sleepers;
};

// What to compare with later: read it before looking, so that nothing is missed between looking and sleeping.
uint32_t bell_look(const struct bell *b);
void bell_ring(struct bell *b);
// Sleeps until it has rung since `looked`, at most `ms`.
void bell_wait(struct bell *b, uint32_t looked, uint32_t ms);
