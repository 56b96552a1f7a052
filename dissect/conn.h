// One connection's conversation: its facts, its SMTP and TLS machines, the octets that wait, and which of the two
// layers each direction is in.
#pragma once

#include "dissect/flow/flow.h"
#include "dissect/message.h"
#include "dissect/place.h"
#include "dissect/smtp/smtp.h"
#include "dissect/stream/queue.h"
#include "dissect/stream/recent.h"
#include "dissect/stream/tamper.h"
#include "dissect/stream/tape.h"
#include "dissect/stream/twice.h"
#include "dissect/tls/tls.h"

struct dissect;

enum conn_layer {
	LAYER_UNDECIDED, // the first octets will tell
	LAYER_LINES,
	LAYER_TLS,
	LAYER_SKIP,      // neither; counted only
};

// What of a session travels as evidence: dissect/keep.h.
struct conn_keep {
	uint32_t octets;   // that travelled
	uint16_t first;    // slot of the first packet that waits; 0 none
	uint8_t n_waiting;
	uint8_t packets;   // that travelled
	uint8_t bare;      // ... of them without payload
};

struct conn {
	struct smtp smtp;
	struct tls tls;
	struct queue queue[2];
	uint64_t stuck_ns;      // engine time since when nothing moves though octets are there; 0: not stuck
	uint8_t layer[2];       // enum conn_layer
	bool waiting[2];        // the octets at the head wait for the other direction
	bool after_gap[2];      // nothing was delivered since a hole was given up
	bool search;            // TLS is wanted of connections that are no mail, too
	bool outside;           // ... and this is one
	bool candidate;         // on another port: not recognised as SMTP yet, nothing is told
	bool proxied;           // ... and its first octets may be those of a PROXY header
	bool news;              // something worth telling came up
	bool sealed;
	bool syn_data;          // the client's queue holds what came with its SYN; the SYN/ACK decides
	bool one_sided;         // the other direction was waited for and never came: waited for no more
	bool tls_failed;        // a handshake was given up for lines in clear
	bool second;            // read from a tape, in the other version: nobody listens to it
	struct recent recent[2];
	struct recent_line again[2]; // in what came again where a handshake was read
	struct tape tape;
	struct tamper tamper;
	struct twice twice;
	struct conn_keep keep;
	uint32_t flow;            // whose it is; 0: not in use
	struct flow_other other;  // while it is a candidate
	uint32_t vlan[2];         // tags of the first octets of each direction, packed; 0 not known yet
	uint32_t syn_data_end;    // sequence number behind it
	uint32_t fin_later[2];    // a second FIN, behind the one that counts
	bool fin_two[2];          // there is one
	uint64_t compare_from[2]; // octets before it were not read, or are no dialogue: nothing to compare with
	uint64_t tls_from[2];     // in LAYER_TLS: the run that TLS began in
	uint64_t probe_end[2];    // behind the last single NUL that was taken for an octet of the stream; 0 none
	uint64_t hole_from[2], hole_end[2]; // of the dialogue: from the first octet that was given up to behind the last; end 0 none
	struct message_session message; // the facts; last, because their text has no fixed length
};

// Takes octets of direction `d` in stream order; returns how many. Fewer than `len`: the rest waits for the other
// direction (c->waiting). After the TLS machine is done c->sealed is set.
size_t conn_take(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, size_t len);

// Octets of `d` are lines of commands or replies now. Content and ciphertext are cut anew when they are sent again.
bool conn_in_dialogue(const struct conn *c, enum dir d);

// `missing` octets will never come; 0: the connection starts here in the middle, nobody knows how many.
void conn_gap(struct dissect *e, struct conn *c, enum dir d, const struct place *at, uint64_t missing);

// Direction `d` may wait no longer.
void conn_do_not_wait(struct conn *c, enum dir d);

// The end: machines settle, memory goes back. facts.conn.end is set.
void conn_end(struct dissect *e, struct conn *c);

// A candidate that has shown what it is: 1 SMTP, -1 something else, 0 not yet.
int conn_candidate_verdict(const struct conn *c);
