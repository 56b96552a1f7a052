// One TCP connection in the table: a hot line that every packet touches and a cold line with addresses and counters.
//
// Directions are by client and server (enum dir), decided when the flow is opened and at most once more when its
// first payload proves the guess wrong. Stream offsets count octets after the SYN (or from the first octet seen).
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dissect/facts.h"

enum flow_phase {
	FLOW_FREE,    // not in use (zeroed memory)
	FLOW_WAITING, // no payload worth a session yet
	FLOW_SESSION, // facts are being gathered: flow_hot.session
	FLOW_SEALED,  // TLS completed, facts told: counting only
	FLOW_COUNTED, // not mail: counting only, never described
};

#define FLOW_CONFLICT UINT32_MAX // in flow_hot.session

enum flow_other_state {
	OTHER_NEW,     // nothing shown to nDPI yet
	OTHER_SHOWN,   // it has a place there
	OTHER_KNOWN,   // what it speaks is known, or will not be
	OTHER_COUNTED, // ... and its packets are counted there
	OTHER_MAIL,    // nDPI says SMTP: a session begins with the next octets
	OTHER_OURS,    // it is, or was, a session: neither shown nor counted
};

// What is known of a connection on another port while it has no facts: dissect/classify/protocols.h.
struct flow_other {
	uint16_t place;        // in the classifier; 0 none
	uint8_t row;           // what it is counted as; 0 not known
	uint8_t segments : 4;  // with payload that was no SMTP
	uint8_t state : 4;     // enum flow_other_state
};

// Bits of flow_hot.flags; those in pairs are shifted by direction.
enum flow_flag {
	FLOW_SYN = 1 << 0,       // << dir: SYN or SYN/ACK of this side seen
	FLOW_BASE = 1 << 2,      // << dir: base[dir] is known
	FLOW_FIN = 1 << 4,       // << dir: FIN seen, fin_seq[dir] set
	FLOW_FIN_DONE = 1 << 6,  // << dir: ... and reached in sequence
	FLOW_RST = 1 << 8,       // << dir: validated RST of this side
	FLOW_CHECKSUM = 1 << 10, // << dir: this side has sent a payload segment with a good checksum
	FLOW_CLOSING = 1 << 12,  // ended; lingers for stragglers
	FLOW_GUESSED = 1 << 13,  // who is the server was told by port numbers only
	FLOW_REOPENED = 1 << 14, // life after a reset that had looked valid
	FLOW_TWIN = 1 << 15,     // the table holds another flow with the same two ends, in other numbers
};

struct flow_hot {
	uint64_t off[2];    // octets delivered (or given up) so far, by direction
	uint32_t base[2];   // sequence number of offset 0
	uint32_t ack[2];    // highest acknowledgment number this side has sent
	uint64_t seen_ns;   // engine time (never runs back) of the last packet
	uint32_t fin_seq[2];
	union {
		uint32_t session; // FLOW_SESSION: slab index; FLOW_SEALED: its guard, 0 none, FLOW_CONFLICT when what was read
				  // is in doubt
		struct flow_other other; // FLOW_WAITING, FLOW_COUNTED
	};
	uint32_t prev, next; // timer wheel
	uint8_t phase;      // enum flow_phase
	uint8_t slot;       // of the wheel
	uint16_t flags;     // enum flow_flag
};
static_assert(sizeof(struct flow_hot) == 64, "one cache line");

struct flow_cold {
	uint8_t addr[2][16]; // by direction of sending: client, server
	uint16_t port[2];
	uint16_t vlan[2];
	uint64_t birth;      // packet.seq of the first packet
	uint64_t start_ns, last_ns; // packet time of the first and the last packet
	uint64_t octets[2];
	uint32_t pkts[2];
	uint32_t first_frame, last_frame;
	uint16_t file;
	uint8_t tap;
	uint8_t ip_v : 4, n_vlan : 2;
	bool synack_twice : 1; // one SYN was answered with two numbers
	uint32_t ord;        // messages told of it so far
};
static_assert(sizeof(struct flow_cold) <= 104, "hot, cold and index share stay under 192 octets a flow");

// Numbers farther apart than this do not belong to one connection: senders of mail have smaller windows than 4 MiB.
enum { FLOW_WINDOW = 4 << 20 };

static inline bool flow_has(const struct flow_hot *h, uint32_t flag, enum dir d)
{
	return h->flags & (flag << d);
}

static inline void flow_set(struct flow_hot *h, uint32_t flag, enum dir d)
{
	h->flags = (uint16_t)(h->flags | flag << d);
}

// Who closed first, when the FIN of `d` that acknowledges `ack` was captured: told by what each side had seen when it did,
// not by which packet was captured first. enum session_closed.
static inline uint8_t flow_closed_first(const struct flow_hot *h, enum dir d, uint32_t ack)
{
	enum dir o = dir_other(d);
	uint8_t mine = d == DIR_C2S ? CLOSED_BY_CLIENT : CLOSED_BY_SERVER;
	uint8_t other = d == DIR_C2S ? CLOSED_BY_SERVER : CLOSED_BY_CLIENT;
	if (!flow_has(h, FLOW_FIN, o))
		return mine;
	if (ack == h->fin_seq[o] + 1)
		return other;
	return h->ack[o] == h->fin_seq[d] + 1 ? mine : CLOSED_UNKNOWN;
}

// Sequence number that comes next in direction `d` for what was delivered so far.
static inline uint32_t flow_next(const struct flow_hot *h, enum dir d)
{
	return h->base[d] + (uint32_t)h->off[d];
}

// Stream offset of a sequence number, taken as the one nearest to what was delivered; negative before the start.
static inline int64_t flow_offset(const struct flow_hot *h, enum dir d, uint32_t seq)
{
	return (int64_t)h->off[d] + (int32_t)(seq - flow_next(h, d));
}
