// What is still known of a sealed session's clear part: enough to notice that other octets stand where it stood.
//
// Who makes the sensor read a TLS handshake that the receiver never got (a segment that dies on the way will do) has
// sealed the session before the true dialogue comes; that then looks like retransmissions. So for a while the hashes of
// what was read are kept, in a ring of a fixed size: the oldest goes first. A flow whose guard is gone still knows that
// a line of text below what it has read is none of its ciphertext.
#pragma once

#include "dissect/flow/flow.h"
#include "dissect/net/decode.h"
#include "dissect/stream/recent.h"

enum { GUARDS_MAX = 1 << 16 }; // 65,536: 1,000 new sessions a second for a minute; 19 MiB when all are in use

struct dissect;

struct guard {
	uint32_t flow;      // that owns it, 0 none
	uint64_t sealed[2]; // offsets from which on nothing was read
	struct recent recent[2];
	struct recent_line again[2];
	bool conflict;      // other octets came where those stood
	uint8_t conflict_dir;
	uint32_t conflict_off, conflict_len, conflict_frame; // the first such segment
};

struct guards {
	struct guard *ring; // 1..n
	uint32_t n;
	uint32_t next;      // handed out next, less one
	uint32_t n_used;    // ever handed out
};

// 0 or -ENOMEM. Touched lazily.
int guards_open(struct guards *g, uint32_t flows_max);
void guards_close(struct guards *g);

// The flow has just been sealed; `recent` is what it has read last, by direction. Sets flow_hot.session.
void guard_get(struct dissect *e, uint32_t flow, const struct recent recent[2]);
// The flow ends, or is in doubt already.
void guard_put(struct dissect *e, uint32_t flow);
// A flow's guard; NULL: it has none.
const struct guard *guard_of(const struct dissect *e, uint32_t flow);

// Octets of a sealed flow from `off` on, which lies before what was counted so far. A conflict is marked.
void guard_check(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, int64_t off);
