// Bounded reassembly of IP fragments. RFC 791, 8200 4.5, 5722.
//
// Mail is hardly ever fragmented, so the table is small: datagrams beyond it, or older than 30 s of packet time, go.
// Overlapping IPv6 fragments drop the datagram (RFC 5722). Overlapping IPv4 fragments with equal octets are harmless;
// with different octets the datagram is delivered (first octets win) and marked ambiguous.
#pragma once

#include "dissect/net/decode.h"

enum {
	FRAG_DATAGRAMS_MAX = 256,   // at once
	FRAG_DATAGRAM_LEN = 65535,  // the largest IP payload
	FRAG_PIECES_MAX = 64,       // runs with holes between them, per datagram; 64 KiB over a 1,500 octet link has 45 pieces
};

struct frag_table;

int frag_open(struct frag_table **out);
void frag_close(struct frag_table **t);

// Takes a fragment (decode said DECODE_FRAGMENT). DECODE_TCP: it completed a datagram, `out` is a segment whose
// payload stays valid until the next call, `*ambiguous` says whether overlapping octets differed.
// Anything else was counted. A datagram once refused stays refused until its time is over.
enum decode_outcome frag_take(struct frag_table *t, const struct packet *p, struct decoded *out, bool *ambiguous,
                              bool checksum, uint64_t *counter);
