// How much of a whole connection was seen: what state and rules ask when a claim rests on something that did not
// happen. Marks answer the same question for a single place (dissect/facts.h).
#pragma once

#include "dissect/facts.h"

// Clear transactions of all kinds.
uint32_t quality_clear_n(const struct facts *f);
// All of them were told by content that only looks like it: nobody was seen to accept anything.
bool quality_clear_guessed(const struct facts *f);

// Octets that were never captured could be anywhere in the connection: enum quality bits, 0 when all of it was seen.
// What has not happened yet does not count: an open session is judged as if it ended now.
uint8_t quality_of_conn(const struct facts *f);

// The client's FIN, in sequence, or a validated RST: it sends nothing more, whatever became of the connection.
static inline bool quality_client_ended(const struct facts *f)
{
	return f->conn.fin[DIR_C2S] || f->conn.rst[DIR_C2S] || f->conn.rst[DIR_S2C];
}

// The same for a claim that nothing of the client followed: only a validated FIN or RST proves that (DESIGN section 2).
uint8_t quality_of_end(const struct facts *f);

// Something of it was cut off: packets, octets given up for memory, or its end. What records call truncated.
static inline bool quality_cut(const struct facts *f)
{
	return f->conn.evicted_bytes || (quality_of_end(f) & Q_TRUNC);
}

// Bits at `m` that matter once the peer has answered what stood there: an answer acknowledges it.
static inline uint8_t quality_answered(const struct mark *m)
{
	return m->quality & (uint8_t)~Q_UNACKED;
}
