// Which octets of payloads may be kept as evidence: told by the machines while they read, run by run.
//
// A run is dialogue or a handshake in clear, and nothing of a message, a credential, or (unless the operator wants whole
// addresses) of a local part. Whatever no run covers is not kept: what is forgotten here is lost, never told.
#pragma once

#include "dissect/mark.h"

// One payload that somebody would like to keep.
struct kept {
	struct kept *next;
	uint64_t from, to, end; // stream offsets: its first octet; behind the last that may be kept so far; behind its last
	uint8_t dir;            // enum dir
};

// The payloads of the connection that is being read.
struct kept_list {
	struct kept *first;
};

// Octets [from, to) of `d` were read and may be kept. Called in stream order. Of a payload its beginning is kept, up to the
// first octet that no run covers.
static inline void kept_run(const struct kept_list *l, enum dir d, uint64_t from, uint64_t to)
{
	for (struct kept *k = l->first; k; k = k->next) {
		if (k->dir == d && from <= k->to && to > k->to)
			k->to = to < k->end ? to : k->end;
	}
}
