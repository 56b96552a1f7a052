// Looks for segments that neither end has sent: what a packet is like, not what it says. Fills facts.path.
//
// Every stack sends with one TTL, resets last and answers a SYN with one number. Each of these can be otherwise for a
// reason (a new route, a load balancer), so every look waits for what happens next. One worker; a session that is
// still read.
#pragma once

#include "dissect/flow/flow.h"
#include "dissect/net/decode.h"
#include "dissect/place.h"

struct dissect;
struct conn;

// What is known of how one side sends.
struct tamper_side {
	uint8_t ttl, n_ttl;          // usual one, in how many turns; 0 none yet
	uint8_t odd_ttl, n_odd;      // another one, since; n_odd 0 none
	uint16_t ttl_turn, odd_turn; // the last of these turns
	bool odd_spoke;              // ... and the first such segment was part of the dialogue
	struct mark odd_mark, first_mark; // it; the first segment of this side, when that was part of the dialogue
	bool started;                // end and start mean something
	uint32_t start, end;         // sequence numbers of the last segment with octets, and behind the highest
	int32_t apart;               // what its acknowledgments lay beside the other side's octets, last time
	uint8_t n_apart;
	uint32_t apart_end;          // where these ended then
	uint32_t denied_ack;         // acknowledged by the other side, though this one says that it has not sent so much ...
	uint32_t denied_seq;         // what it says instead
	uint64_t denied_ns;          // ... first at this engine time; 0 it says no such thing
	uint8_t n_denied;
};

struct tamper {
	struct tamper_side side[2];
	uint64_t spoke_ns;           // engine time of the last octets of either side
	uint16_t turn;               // how often the other side has begun to speak
	uint8_t speaker;             // enum dir
	uint32_t rst_seq[2], rst_ack[2]; // of the last reset that looked valid: what came after it
	uint32_t stepped_seq;        // of the last reset beside the expected number
	uint32_t conflict_end[2];    // behind the two versions of facts.path.conflict_*, as sequence numbers
	uint64_t conflict_acked;     // struct place of the later one
	uint32_t conflict_acks[4];   // what was acknowledged of that direction since
	uint8_t n_conflict_acks;
};

// A segment of a session that is read, before its octets are.
void tamper_segment(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p);
// A reset: `valid` as RFC 5961 has it.
void tamper_reset(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p, bool valid);
// `later` stands where the octets stand that were read, and differs from index `differs` on (UINT32_MAX: not known where).
void tamper_conflict(struct dissect *e, uint32_t flow, enum dir d, const struct place *at, const uint8_t *later, uint32_t len,
                     uint32_t differs);
// Which version was acknowledged, as far as it shows by now: fills facts.path.conflict_agrees.
void tamper_settle(struct dissect *e, uint32_t flow);
// A segment was refused for its checksum.
void tamper_bad_checksum(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p);
