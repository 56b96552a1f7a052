// Messages between the scout and who asks it: one a packet of a SOCK_SEQPACKET pair, in this machine's own byte order.
// An answer comes in pieces, in order, without another's between them. Names are NUL-terminated; what is behind is zero.
#pragma once

#include "alerts/expect/scout.h"

enum { SCOUT_PIECE = 16384, SCOUT_FDS = 3 };

enum scout_what {
	SCOUT_ANSWER = 1,
	SCOUT_NOTHING,  // it could not be asked for: unknown
	SCOUT_DIED,     // of the keeper: whatever was asked is unknown
};

struct scout_request {
	uint8_t kind;   // enum scout_kind
	uint8_t fresh;
	char name[POLICY_NAME];
};

struct scout_piece {
	uint8_t what;   // enum scout_what
	uint8_t kind, fresh, pad;
	uint32_t total, at, len; // octets of the document, where this piece begins, how many it has
	char name[POLICY_NAME];
	char octets[SCOUT_PIECE];
};

static inline size_t scout_piece_len(const struct scout_piece *p)
{
	return offsetof(struct scout_piece, octets) + p->len;
}

// The keeper: starts the worker, and again when it died, until `fd` is closed. Does not return.
_Noreturn void scout_keep(int fd, const struct scout_config *config);

// The worker: answers until `fd` ends. 0: it ended; else exit code of a failure.
int scout_work(int fd, const struct scout_config *config);
